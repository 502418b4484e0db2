//! Clicks that place needle ends.

use super::drag::Quiet;
use super::{PointerEvent, ToolKind};
use crate::app::AppState;
use crate::app::command::{Command, PlanCommand, Selection};
use crate::app::entry_stage::EntryCommand;
use crate::app::notice::Severity;
use crate::geometry::{Lps, Point, Segment};
use crate::plan::{PlanEdit, Trajectory, TrajectoryEnd, TrajectoryId};

/// A click takes a spot of an outline this near, points.
const OUTLINE_POINTS: f64 = 12.0;

impl AppState {
    /// Places an end where the pointer is; after the target of an entry-less needle the next
    /// click places the entry.
    pub(super) fn click_end(&mut self, end: TrajectoryEnd, event: &PointerEvent) {
        let target = self
            .selection
            .needle()
            .and_then(|id| self.plan().trajectory(id))
            .and_then(|needle| needle.target);
        // The second click of a double click would place the entry on the target.
        let again = end == TrajectoryEnd::Entry
            && target.is_some_and(|target| event.frame.points_of(target).distance(event.at) < 6.0);
        if again {
            return;
        }
        self.place_end(end, event.lps());
        let unfinished = self
            .selection
            .needle()
            .and_then(|id| self.plan().trajectory(id))
            .and_then(|needle| match (needle.target, needle.entry) {
                (None, _) => Some(TrajectoryEnd::Target),
                (_, None) => Some(TrajectoryEnd::Entry),
                _ => None,
            });
        self.tool = unfinished.map_or(ToolKind::Window, ToolKind::Place);
    }

    /// Places an end of the selected needle at a patient point; without a selected needle a new
    /// one is made. One undo step.
    pub(in crate::app) fn place_end(&mut self, end: TrajectoryEnd, at: Point<Lps>) {
        self.finish_gesture();
        let selected = self
            .selection
            .needle()
            .filter(|&id| self.plan().trajectory(id).is_some());
        let word = match end {
            TrajectoryEnd::Entry => "Place entry",
            TrajectoryEnd::Target => "Place target",
        };
        self.apply(Command::Plan(PlanCommand::Begin(word)));
        let id = selected.unwrap_or_else(|| self.add_needle());
        // An end placed on a hidden needle would not be seen.
        let hidden = self
            .plan()
            .trajectory(id)
            .is_some_and(|needle| needle.hidden);
        if hidden {
            let edit = PlanEdit::SetHidden { id, hidden: false };
            self.apply(Command::Plan(PlanCommand::Edit(word, edit)));
        }
        let edit = PlanEdit::SetEnd { id, end, to: at };
        self.apply(Command::Plan(PlanCommand::Edit(word, edit)));
        if end == TrajectoryEnd::Entry && self.settings.snap_entry_to_skin {
            self.snap_entry(id, Quiet::Yes);
        }
        self.apply(Command::Plan(PlanCommand::Commit));
        self.selection = Selection::Needle(id, Some(end));
    }

    /// Takes the spot of the entry map's outline that lies under the pointer.
    pub(super) fn click_take_entry(&mut self, event: &PointerEvent) {
        let at = event.lps();
        let near_mm = OUTLINE_POINTS * event.frame.mm_per_point;
        let pieces = self
            .entries
            .map()
            .map(|map| map.skin.outline(&event.frame.plane));
        let nearest = pieces
            .unwrap_or_default()
            .into_iter()
            .map(|piece| {
                let line = Segment::new(piece.from, piece.to);
                line.at(line.closest_fraction(at))
            })
            .min_by(|a, b| a.distance(at).total_cmp(&b.distance(at)));
        match nearest.filter(|spot| spot.distance(at) <= near_mm) {
            Some(spot) => self.apply(EntryCommand::TakeAt(spot)),
            None => self.notices.add(
                Severity::Info,
                "Click on the coloured outline of the skin to take an entry",
            ),
        }
    }

    /// Adds an empty needle to the gesture under way.
    pub(in crate::app) fn add_needle(&mut self) -> TrajectoryId {
        let id = self.plan().next_trajectory_id();
        let mut needle = Trajectory::new(id, self.plan().unused_needle_name());
        needle.needle = Some(self.settings.needle.clone());
        let edit = PlanEdit::AddTrajectory(needle);
        self.apply(Command::Plan(PlanCommand::Edit("New needle", edit)));
        self.selection = Selection::Needle(id, None);
        id
    }

    /// Moves the entry along the needle to the skin.
    pub(in crate::app) fn snap_entry(&mut self, id: TrajectoryId, quiet: Quiet) {
        let crossing = match (self.images(), self.plan().trajectory(id)) {
            (Some(images), Some(needle)) => match images.air {
                Ok(air) => air.crossing(images.volume, needle),
                Err(reason) => Err(reason.clone()),
            },
            _ => Err("No images: open the study (readout: give --study)".to_owned()),
        };
        match crossing {
            Ok(crossing) => {
                let edit = PlanEdit::SetEnd {
                    id,
                    end: TrajectoryEnd::Entry,
                    to: crossing.at,
                };
                self.apply(Command::Plan(PlanCommand::Edit("Snap entry to skin", edit)));
            }
            Err(reason) if quiet == Quiet::No => {
                self.notices
                    .add(Severity::Warning, format!("Entry not moved: {reason}"));
            }
            Err(_) => {}
        }
    }
}
