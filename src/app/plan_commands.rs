//! What plan commands do: gestures, undo, copies, nudges.

use glam::DVec2;

use super::AppState;
use super::command::{PlanCommand, Selection};
use super::notice::Severity;
use super::tool::{Gesture, ToolKind};
use super::viewport::ViewportId;
use crate::geometry::{Lps, Point, Vector};
use crate::plan::{Midline, MidlineSource, PlanEdit, Trajectory, TrajectoryId};
use crate::study::Side;

impl AppState {
    pub(super) fn plan_command(&mut self, command: PlanCommand) {
        let ends = matches!(command, PlanCommand::Commit | PlanCommand::Cancel);
        let leads_away = matches!(command, PlanCommand::Redo) && self.redo_leads_to_others();
        if leads_away || (!ends && !self.plan_fits() && !self.changes_pictures(&command)) {
            self.notices.add(
                Severity::Warning,
                "Not changed: the open plan belongs to other images. Open its own study, or start \
                 a new plan",
            );
            return;
        }
        if !matches!(command, PlanCommand::Undo | PlanCommand::Redo) {
            self.registering.moves.forget_redo();
        }
        match command {
            PlanCommand::Begin(label) => {
                if self.history.commit() {
                    self.journal();
                }
                self.history.begin(label);
            }
            PlanCommand::Edit(label, edit) => self.edit(label, &edit),
            PlanCommand::Commit => {
                if self.history.commit() {
                    self.journal();
                }
            }
            PlanCommand::Cancel => self.history.cancel(),
            PlanCommand::Undo if self.undo_move() => {}
            PlanCommand::Redo if self.redo_move() => {}
            PlanCommand::Undo => {
                self.gesture = Gesture::Idle;
                self.forget_picture_gesture();
                if self.history.undo() {
                    self.after_jump();
                }
            }
            PlanCommand::Redo => {
                // Does nothing while a gesture is under way, which then goes on.
                if self.history.redo() {
                    self.forget_picture_gesture();
                    self.after_jump();
                }
            }
            PlanCommand::NewNeedle => {
                self.finish_gesture();
                self.history.begin("New needle");
                self.add_needle();
                self.plan_command(PlanCommand::Commit);
                self.tool = ToolKind::Place(crate::plan::TrajectoryEnd::Target);
            }
            PlanCommand::Duplicate(id) => self.copy_needle(id, "Duplicate needle", |needle| {
                needle.name = format!("{} copy", needle.name);
            }),
            PlanCommand::Mirror(id) => self.mirror(id),
            PlanCommand::SnapEntry(id) => {
                self.history.begin("Snap entry to skin");
                self.snap_entry(id, super::tool::Quiet::No);
                self.plan_command(PlanCommand::Commit);
            }
            PlanCommand::Place(end, at) => {
                self.place_end(end, at);
                // A tool that was armed for this end would take the next click for it.
                if matches!(self.tool, ToolKind::Place(_)) {
                    self.tool = ToolKind::Window;
                }
            }
            PlanCommand::PlaceInSpace(end, at) => self.place_in_space(end, at),
            PlanCommand::Nudge(viewport, by_mm) => self.nudge(viewport, by_mm),
        }
    }

    fn edit(&mut self, label: &str, edit: &PlanEdit) {
        let alone = !self.history.is_open();
        let was_empty = self.plan().is_empty_in_patient();
        match self.history.edit(label, edit) {
            Ok(()) => {
                self.bind_drawn(edit, was_empty);
                if alone {
                    self.journal();
                }
            }
            Err(error) => self.notices.add(Severity::Warning, error.to_string()),
        }
        self.drop_stale_selection();
    }

    fn after_jump(&mut self) {
        self.drop_stale_selection();
        self.journal();
    }

    fn drop_stale_selection(&mut self) {
        let gone = match self.selection {
            Selection::Needle(id, _) => self.plan().trajectory(id).is_none(),
            Selection::Measurement(id) => {
                let plan = self.plan();
                plan.measurement(id).is_none() && plan.pictures.measurement(id).is_none()
            }
            Selection::Structure(id) => self.plan().structure(id).is_none(),
            Selection::Nothing => false,
        };
        if gone {
            self.selection = Selection::Nothing;
        }
    }

    fn copy_needle(
        &mut self,
        id: TrajectoryId,
        label: &'static str,
        change: impl FnOnce(&mut Trajectory),
    ) {
        let Some(original) = self.plan().trajectory(id) else {
            return;
        };
        let mut copy = original.clone();
        copy.id = self.plan().next_trajectory_id();
        copy.color = crate::plan::Color::of_index(copy.id.0 as usize);
        copy.locked = false;
        change(&mut copy);
        let copied = copy.id;
        self.edit(label, &PlanEdit::AddTrajectory(copy));
        if self.plan().trajectory(copied).is_some() {
            self.selection = Selection::Needle(copied, None);
        }
    }

    /// Mirrors about the declared midline, else about the sagittal plane through the crosshair:
    /// then the person puts that on the midline.
    fn mirror(&mut self, id: TrajectoryId) {
        let declared = Midline::of(&self.plan().spine).ok();
        let midline = declared.unwrap_or(Midline {
            origin: self.crosshair,
            left: Vector::new(1., 0., 0.),
            source: MidlineSource::Clicks,
        });
        self.copy_needle(id, "Mirror needle", |needle| {
            let mirrored =
                |point: Point<Lps>| point - midline.left * (2.0 * midline.offset_mm(point));
            needle.entry = needle.entry.map(mirrored);
            needle.target = needle.target.map(mirrored);
            needle.name = mirrored_name(&needle.name);
            // What is meant for the other side was not overridden there.
            needle.overrides.clear();
            if let Some(intent) = &mut needle.intent {
                intent.side = intent.side.map(Side::opposite);
            }
        });
        let about = match declared {
            Some(midline) => format!("Mirrored about the midline {}", midline.source.words()),
            None => format!(
                "Mirrored about the sagittal plane through the crosshair (x = {:.1} mm). Check that \
                 the crosshair is on the midline",
                midline.origin.0.x
            ),
        };
        let text = about;
        self.notices.add(Severity::Info, text);
    }

    /// Moves the selected part by mm right and down as seen in a viewport.
    fn nudge(&mut self, viewport: ViewportId, by_mm: DVec2) {
        let Some(plane) = self.plane_of(viewport) else {
            return;
        };
        let by = plane.right * by_mm.x + plane.down * by_mm.y;
        let Selection::Needle(id, end) = self.selection else {
            return;
        };
        let edit = match end {
            None => Some(PlanEdit::MoveTrajectory { id, by }),
            Some(end) => self
                .plan()
                .trajectory(id)
                .and_then(|needle| needle.end(end))
                .map(|place| PlanEdit::SetEnd {
                    id,
                    end,
                    to: place + by,
                }),
        };
        if let Some(edit) = edit {
            self.edit("Nudge", &edit);
        }
    }
}

/// The name for the other side: left and right exchanged, else marked as mirrored.
fn mirrored_name(name: &str) -> String {
    for (from, to) in [
        ("left", "right"),
        ("right", "left"),
        ("Left", "Right"),
        ("Right", "Left"),
    ] {
        let as_word = name
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == from);
        if as_word {
            return name.replacen(from, to, 1);
        }
    }
    format!("{name} mirrored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrored_names_change_sides_as_whole_words() {
        assert_eq!(mirrored_name("L4-5 right facet"), "L4-5 left facet");
        assert_eq!(mirrored_name("Left L3 TFESI"), "Right L3 TFESI");
        assert_eq!(mirrored_name("Needle 1"), "Needle 1 mirrored");
        assert_eq!(mirrored_name("bright spot"), "bright spot mirrored");
    }
}
