//! The plan over a real X-ray picture: where its beam is taken to be, moved by hand, registered in
//! the background, checked on landmarks.

use std::sync::Arc;

use super::AppState;
use super::command::{PlanCommand, Selection};
use super::notice::Severity;
use super::registration_job::RegistrationJob;
use super::registration_moves::Moves;
use super::registration_outline::ProjectedOutlines;
use crate::geometry::{ConeBeam, Correction, Lps, Point};
use crate::plan::{
    PictureLandmark, PictureRegistration, PixelPlace, PlanEdit, RegisteredBy, RegistrationEdit,
};
use crate::register::{Search, ViewGeometry, landmark_distance_mm};
use crate::study::{Instance, InstanceUid, Series};
use crate::volume::Volume;

/// What can be done with the plan over a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum RegistrationCommand {
    /// Draws the plan over the picture or not.
    Show(bool),
    /// Draws the outlines of structures with it or not.
    ShowStructures(bool),
    /// Moves the plan over the picture by hand, not while that is registered: see
    /// [`crate::geometry::ViewAxes::moved`], of the C-arm.
    Move([f64; 6]),
    /// Takes back what was moved by hand; redo brings it again.
    Reset,
    /// Takes the position as it was moved by hand.
    Accept,
    /// Finds the position in the background, from where it is now.
    Register(Search),
    /// Stops that.
    Cancel,
    /// Takes the registration back.
    Remove,
    /// Registers another picture of the same patient position with this one, or none.
    With(Option<(InstanceUid, usize)>),
    /// The next click on the picture marks where the crosshair's point of the CT is.
    Mark(bool),
    /// Marks it there.
    MarkAt(PixelPlace),
    /// Removes a landmark of the picture, counted from 0.
    RemoveMark(usize),
}

/// How the position of the plan over the picture came about.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// As the header says: nobody looked.
    NotRegistered,
    /// Moved by hand and not accepted.
    Moved,
    /// In the plan.
    Registered(RegisteredBy),
}

/// The picture shown with the plan over it.
#[derive(Debug, Clone)]
pub struct RegisteredView {
    /// SOP Instance UID.
    pub image: InstanceUid,
    /// Frame, 0-based.
    pub frame: usize,
    /// Angles, distances and pixels.
    pub geometry: ViewGeometry,
    /// Point of the CT that the isocentre is taken to be.
    pub isocenter: Point<Lps>,
    /// Beam of the header about it.
    pub header: ConeBeam,
    /// Where the beam was.
    pub correction: Correction,
    /// How that came about.
    pub standing: Standing,
    /// The frame (0-based) of the same run that was registered, where it is not this one and the
    /// C-arm stood still.
    pub registered_frame: Option<usize>,
}

impl RegisteredView {
    /// The beam as it is taken to be.
    pub fn beam(&self) -> ConeBeam {
        self.correction.beam(&self.header)
    }

    /// Whether it lies where the header says: nobody moved or registered it.
    pub fn is_untouched(&self) -> bool {
        self.standing == Standing::NotRegistered
    }

    /// Column and row where a point of the CT is seen.
    pub fn pixel_of(&self, point: Point<Lps>) -> Option<PixelPlace> {
        let at = self.beam().pixel_of(point, &self.geometry.receptor)?;
        at.is_finite().then(|| at.to_array())
    }
}

/// Why a registration did not end well.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// Of which images and frames.
    pub pictures: Vec<(InstanceUid, usize)>,
    /// A sentence.
    pub words: String,
}

/// State of the registration.
pub struct RegistrationStage {
    /// The plan is drawn over pictures.
    pub shown: bool,
    /// Outlines of structures with it.
    pub show_structures: bool,
    /// The next click marks a landmark.
    pub marking: bool,
    /// Another picture that is registered with this one.
    pub(super) with: Option<(InstanceUid, usize)>,
    pub(super) outlines: ProjectedOutlines,
    /// The CT that was on stage before the picture.
    pub(super) ct: Option<Arc<Volume>>,
    pub(super) moves: Moves,
    pub(super) job: Option<RegistrationJob>,
    pub(super) progress: f64,
    /// Why the last registration did not end well.
    pub(super) failure: Option<Failure>,
}

impl Default for RegistrationStage {
    fn default() -> Self {
        Self {
            shown: true,
            show_structures: false,
            marking: false,
            with: None,
            outlines: ProjectedOutlines::default(),
            ct: None,
            moves: Moves::default(),
            job: None,
            progress: 0.0,
            failure: None,
        }
    }
}

impl RegistrationStage {
    /// Whether a registration or outlines are being found.
    pub fn is_busy(&self) -> bool {
        self.job.is_some() || self.outlines.is_busy()
    }

    /// Whether a registration runs, of whichever picture.
    pub fn is_running(&self) -> bool {
        self.job.is_some()
    }

    /// Whether a frame (0-based) is being registered.
    pub fn is_registering(&self, image: &InstanceUid, frame: usize) -> bool {
        self.progress(image, frame).is_some()
    }

    /// How far the running registration of a frame (0-based) is, 0 to 1.
    pub fn progress(&self, image: &InstanceUid, frame: usize) -> Option<f64> {
        let job = self.job.as_ref()?;
        let here = job.views.iter().any(|of| of.0 == *image && of.1 == frame);
        here.then_some(self.progress)
    }

    /// Why the last registration of a frame (0-based) did not end well.
    pub fn failure(&self, image: &InstanceUid, frame: usize) -> Option<&str> {
        let failure = self.failure.as_ref()?;
        let mut pictures = failure.pictures.iter();
        let here = pictures.any(|of| of.0 == *image && of.1 == frame);
        here.then_some(failure.words.as_str())
    }

    /// Forgets what belongs to the plan that goes: nothing of it may come into the next one.
    pub(super) fn forget_plan(&mut self) {
        self.job = None;
        self.moves = Moves::default();
        self.with = None;
        self.failure = None;
        self.marking = false;
    }

    /// Outlines of the structures over the picture, in pixels.
    pub fn outlines(&self) -> &ProjectedOutlines {
        &self.outlines
    }
}

impl AppState {
    /// The picture shown with the plan over it.
    ///
    /// # Errors
    /// A sentence why there is none.
    pub fn registered_view(&self) -> Result<RegisteredView, String> {
        let shown = self.shown_image();
        let (instance, frame) = shown.ok_or("Open an X-ray picture: XA, RF or DX")?;
        if !self.pictures_fit() {
            return Err("The open plan belongs to other images".to_owned());
        }
        self.view_of(instance, frame)
    }

    pub(super) fn view_of(
        &self,
        instance: &Instance,
        frame: usize,
    ) -> Result<RegisteredView, String> {
        let size = [instance.columns, instance.rows];
        let geometry =
            ViewGeometry::of(&instance.picture, frame, size).map_err(|error| error.to_string())?;
        let made = self.registration_of(instance, frame);
        let target = self
            .registration_target()
            .ok_or("Place a target in the CT first: the plan has none")?;
        let moved = self.registering.moves.of(&instance.uid, frame);
        let isocenter = match (moved, made) {
            (Some(moved), _) => moved.isocenter,
            (None, Some(made)) => made.isocenter_lps_mm,
            (None, None) => target,
        };
        let header = geometry
            .beam(isocenter)
            .ok_or("The distances of the picture make no beam")?;
        let (correction, standing) = match (moved, made) {
            (Some(moved), _) => (moved.correction, Standing::Moved),
            (None, Some(made)) => (made.correction, Standing::Registered(made.found.clone())),
            (None, None) => (Correction::none(target), Standing::NotRegistered),
        };
        Ok(RegisteredView {
            image: instance.uid.clone(),
            frame,
            geometry,
            isocenter,
            header,
            correction,
            registered_frame: made
                .filter(|_| standing != Standing::Moved)
                .map(|made| made.frame)
                .filter(|made| *made != frame),
            standing,
        })
    }

    /// The registration of a frame: its own, else of the nearest frame of the same image that was
    /// taken with the same geometry.
    fn registration_of(&self, instance: &Instance, frame: usize) -> Option<&PictureRegistration> {
        let all = &self.plan().registrations;
        let nearest = || {
            let here = instance.picture.projection(frame)?;
            let same = |made: &&PictureRegistration| {
                made.image == instance.uid && instance.picture.projection(made.frame) == Some(here)
            };
            let alike = all.pictures.iter().filter(same);
            alike.min_by_key(|made| made.frame.abs_diff(frame))
        };
        all.of(&instance.uid, frame).or_else(nearest)
    }

    /// The point of the CT that pictures are registered about: the target of the selected needle,
    /// else of the first that has one.
    fn registration_target(&self) -> Option<Point<Lps>> {
        let selected = match self.selection {
            Selection::Needle(id, _) => self.plan().trajectory(id),
            _ => None,
        };
        let first = || {
            self.plan()
                .trajectories
                .iter()
                .find_map(|needle| needle.target)
        };
        selected.and_then(|needle| needle.target).or_else(first)
    }

    /// mm at its depth between each landmark of a picture and where its point of the CT is seen.
    pub fn landmark_distances(&self, view: &RegisteredView) -> Vec<Option<f64>> {
        let marks = self
            .plan()
            .registrations
            .landmarks_of(&view.image, view.frame);
        let (beam, receptor) = (view.beam(), view.geometry.receptor);
        marks
            .map(|mark| landmark_distance_mm(&beam, &receptor, mark.point_lps_mm, mark.pixel))
            .collect()
    }

    /// Other pictures of the study shown whose geometry is known: name, image and first frame.
    pub fn other_views(&self) -> Vec<(String, InstanceUid)> {
        let Some(stage) = &self.stage else {
            return Vec::new();
        };
        let Some((study, _)) = self.catalog.find_series(&stage.series.uid) else {
            return Vec::new();
        };
        let here = self.shown_image().map(|(instance, _)| &instance.uid);
        let of_series = |series: &Arc<Series>| {
            let title = series.title();
            let usable = |instance: &&Arc<Instance>| {
                let size = [instance.columns, instance.rows];
                Some(&instance.uid) != here && ViewGeometry::of(&instance.picture, 0, size).is_ok()
            };
            let found = series.instances.iter().filter(usable);
            found
                .map(|instance| (title.clone(), instance.uid.clone()))
                .collect::<Vec<_>>()
        };
        study.series.iter().flat_map(of_series).collect()
    }

    /// The picture that is registered with the one shown: as chosen, while it is one of
    /// [`Self::other_views`].
    pub fn registered_with(&self) -> Option<(InstanceUid, usize)> {
        let with = self.registering.with.as_ref()?;
        let others = self.other_views();
        let there = others.iter().any(|(_, image)| *image == with.0);
        there.then(|| with.clone())
    }

    pub(super) fn registration_command(&mut self, command: RegistrationCommand) {
        match command {
            RegistrationCommand::Show(shown) => self.registering.shown = shown,
            RegistrationCommand::ShowStructures(shown) => self.registering.show_structures = shown,
            RegistrationCommand::Move(six) => self.move_plan(&six),
            RegistrationCommand::Reset => self.take_moves_back(),
            RegistrationCommand::Accept => self.accept_moved(),
            RegistrationCommand::Register(search) => self.start_registration(search),
            RegistrationCommand::Cancel => self.registering.job = None,
            RegistrationCommand::Remove => {
                if let Ok(view) = self.registered_view() {
                    let frame = view.registered_frame.unwrap_or(view.frame);
                    let edit = RegistrationEdit::Remove(view.image, frame);
                    self.edit_registration("Remove registration", edit);
                }
            }
            RegistrationCommand::With(other) => self.registering.with = other,
            RegistrationCommand::Mark(marking) => self.registering.marking = marking,
            RegistrationCommand::MarkAt(pixel) => self.mark_landmark(pixel),
            RegistrationCommand::RemoveMark(which) => {
                if let Some((instance, frame)) = self.shown_image() {
                    let edit = RegistrationEdit::RemoveLandmark(instance.uid.clone(), frame, which);
                    self.edit_registration("Remove landmark", edit);
                }
            }
        }
    }

    pub(super) fn edit_registration(&mut self, label: &'static str, edit: RegistrationEdit) {
        self.plan_command(PlanCommand::Edit(label, PlanEdit::Registration(edit)));
    }

    fn mark_landmark(&mut self, pixel: PixelPlace) {
        self.registering.marking = false;
        let Ok(view) = self.registered_view() else {
            return;
        };
        if !self.crosshair_is_in_plan() {
            let words = "No landmark was marked: the crosshair was not put into the CT of this plan. \
                         Show that CT, put the crosshair on the point, and come back";
            self.notices.add(Severity::Warning, words);
            return;
        }
        let mark = PictureLandmark {
            image: view.image,
            frame: view.frame,
            point_lps_mm: self.crosshair,
            pixel,
        };
        self.edit_registration("Mark landmark", RegistrationEdit::AddLandmark(mark));
    }
}
