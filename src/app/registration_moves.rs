//! Moves of the plan over pictures by hand that are not accepted: each frame keeps its own until it
//! is accepted, registered over or taken back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::AppState;
use crate::geometry::{Correction, Lps, Point, ViewAxes};
use crate::plan::{PictureRegistration, Plan, RegisteredBy, RegistrationEdit};
use crate::study::InstanceUid;

/// What undo and redo call it.
const LABEL: &str = "Move plan over picture";

/// An image and its frame, 0-based.
type Picture = (InstanceUid, usize);

/// A correction of one frame that is not in the plan.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    /// The isocentre that it was moved about: another one would move it again.
    pub isocenter: Point<Lps>,
    pub correction: Correction,
    /// The plan at that time: steps after it are undone first. Held, so that the next edit makes
    /// another plan instead of changing this one in place.
    plan: Arc<Plan>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Moves {
    open: BTreeMap<Picture, Moved>,
    /// The one that redo brings back.
    taken_back: Option<(Picture, Moved)>,
}

impl Moves {
    /// That of a frame (0-based).
    pub fn of(&self, image: &InstanceUid, frame: usize) -> Option<&Moved> {
        self.open.get(&(image.clone(), frame))
    }

    /// Forgets those of some frames: they lie somewhere else now.
    pub fn forget(&mut self, pictures: &[Picture]) {
        self.open.retain(|picture, _| !pictures.contains(picture));
    }

    /// Forgets what redo would bring back: something else was done since.
    pub fn forget_redo(&mut self) {
        self.taken_back = None;
    }
}

impl AppState {
    /// What undo takes back: the moves over the picture shown where they are newer than every step
    /// of the plan, else its last step.
    pub fn undo_label(&self) -> Option<&str> {
        if self.move_to_undo().is_some() {
            Some(LABEL)
        } else {
            self.history.undo_label()
        }
    }

    /// What redo does again.
    pub fn redo_label(&self) -> Option<&str> {
        if self.has_move_to_redo() {
            Some(LABEL)
        } else {
            self.history.redo_label()
        }
    }

    fn shown_picture(&self) -> Option<Picture> {
        let (instance, frame) = self.shown_image()?;
        self.pictures_fit().then(|| (instance.uid.clone(), frame))
    }

    fn is_newest(&self, moved: &Moved) -> bool {
        !self.history.is_open() && Arc::ptr_eq(&moved.plan, self.history.plan())
    }

    fn move_to_undo(&self) -> Option<Picture> {
        let shown = self.shown_picture()?;
        let moved = self.registering.moves.open.get(&shown)?;
        self.is_newest(moved).then_some(shown)
    }

    fn has_move_to_redo(&self) -> bool {
        let back = self.registering.moves.taken_back.as_ref();
        back.is_some_and(|(picture, moved)| {
            self.is_newest(moved) && self.shown_picture().as_ref() == Some(picture)
        })
    }

    /// Takes the moves over the picture shown back where they are what was done last; true where
    /// they were.
    pub(super) fn undo_move(&mut self) -> bool {
        let last = self.move_to_undo().is_some();
        if last {
            self.take_moves_back();
        }
        last
    }

    /// Brings them back; true where there was anything to bring.
    pub(super) fn redo_move(&mut self) -> bool {
        if !self.has_move_to_redo() {
            return false;
        }
        let moves = &mut self.registering.moves;
        moves.open.extend(moves.taken_back.take());
        true
    }

    /// Takes back what was moved by hand on the picture shown; not while that is registered: where
    /// it began there is all that is left if it fails.
    pub(super) fn take_moves_back(&mut self) {
        let Some(shown) = self.shown_picture() else {
            return;
        };
        if self.registering.is_registering(&shown.0, shown.1) {
            return;
        }
        let plan = Arc::clone(self.history.plan());
        let moves = &mut self.registering.moves;
        if let Some(moved) = moves.open.remove(&shown) {
            moves.taken_back = Some((shown, Moved { plan, ..moved }));
        }
    }

    /// Moves the plan over the picture shown; not while that is registered: the result would take
    /// the place of the move.
    pub(super) fn move_plan(&mut self, six: &[f64; 6]) {
        let Ok(view) = self.registered_view() else {
            return;
        };
        let moved = ViewAxes::of(&view.beam()).moved(&view.correction, six);
        if !moved.is_finite() || self.registering.is_registering(&view.image, view.frame) {
            return;
        }
        let moved = Moved {
            isocenter: view.isocenter,
            correction: moved,
            plan: Arc::clone(self.history.plan()),
        };
        self.registering.failure = None;
        let moves = &mut self.registering.moves;
        moves.open.insert((view.image, view.frame), moved);
        moves.forget_redo();
    }

    pub(super) fn accept_moved(&mut self) {
        let Ok(view) = self.registered_view() else {
            return;
        };
        if self.registering.is_registering(&view.image, view.frame) {
            return;
        }
        let picture = (view.image.clone(), view.frame);
        let made = PictureRegistration {
            image: view.image,
            frame: view.frame,
            isocenter_lps_mm: view.isocenter,
            correction: view.correction,
            found: RegisteredBy::Hand,
        };
        self.edit_registration("Register by hand", RegistrationEdit::Set(vec![made]));
        self.registering.moves.forget(&[picture]);
    }
}
