//! Clicks that label vertebrae and their spinous processes, the midline and end-plates.

use super::{PointerEvent, ToolKind};
use crate::app::AppState;
use crate::app::command::{Command, PlanCommand};
use crate::app::notice::Severity;
use crate::geometry::{Lps, Point};
use crate::plan::{EndPlate, EndPlateFace, PlanEdit, SpineEdit, VertebraLabel};
use crate::study::Vertebra;

/// What a click on the spine declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpineTool {
    /// The middle of a vertebral body; goes on to the next vertebra.
    Body,
    /// The tip of a spinous process; goes on to the next labelled vertebra.
    SpinousProcess,
    /// Three clicks in the mid-sagittal plane.
    Midline,
    /// Two clicks on an end-plate.
    EndPlate(EndPlateFace),
}

impl SpineTool {
    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Body => "Label vertebrae",
            Self::SpinousProcess => "Spinous processes",
            Self::Midline => "Click midline",
            Self::EndPlate(EndPlateFace::Superior) => "Superior end-plate",
            Self::EndPlate(EndPlateFace::Inferior) => "Inferior end-plate",
        }
    }

    /// Clicks that make it complete.
    fn clicks(self) -> usize {
        match self {
            Self::Body | Self::SpinousProcess => 1,
            Self::Midline => 3,
            Self::EndPlate(_) => 2,
        }
    }
}

/// Which vertebra the next click means, and the clicks so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelling {
    /// The vertebra of the next click.
    pub next: Vertebra,
    /// Clicks go toward the head.
    pub upwards: bool,
    /// Clicks of a midline or end-plate so far, LPS mm.
    pub clicks: Vec<Point<Lps>>,
}

impl Default for Labelling {
    /// From L5 upwards: the way most people count on a lumbar study.
    fn default() -> Self {
        Self {
            next: Vertebra::lumbar_5(),
            upwards: true,
            clicks: Vec::new(),
        }
    }
}

impl AppState {
    /// Says which vertebra the next click means.
    pub(in crate::app) fn set_labelling(&mut self, next: Vertebra, upwards: bool) {
        self.labelling = Labelling {
            next,
            upwards,
            clicks: Vec::new(),
        };
    }

    /// Acts on a click of a spine tool.
    pub(super) fn click_spine(&mut self, tool: SpineTool, event: &PointerEvent) {
        self.labelling.clicks.push(event.lps());
        if self.labelling.clicks.len() < tool.clicks() {
            return;
        }
        let clicks = std::mem::take(&mut self.labelling.clicks);
        let vertebra = self.labelling.next;
        let edit = match (tool, clicks.as_slice()) {
            (SpineTool::Body, [body]) => Some((
                "Label vertebra",
                SpineEdit::Label(VertebraLabel {
                    vertebra,
                    body: *body,
                    spinous_process: None,
                }),
            )),
            (SpineTool::SpinousProcess, [tip]) => self.spinous_edit(vertebra, *tip),
            (SpineTool::Midline, [a, b, c]) => {
                Some(("Midline", SpineEdit::SetMidline(Some([*a, *b, *c]))))
            }
            (SpineTool::EndPlate(face), [a, b]) => Some((
                "End-plate",
                SpineEdit::SetEndPlate(EndPlate {
                    vertebra,
                    face,
                    points: [*a, *b],
                }),
            )),
            _ => None,
        };
        let Some((label, edit)) = edit else { return };
        let before = self.plan().spine.clone();
        self.apply(Command::Plan(PlanCommand::Edit(
            label,
            PlanEdit::Spine(edit),
        )));
        if self.plan().spine != before {
            self.after_spine_click(tool);
        }
    }

    fn spinous_edit(
        &mut self,
        vertebra: Vertebra,
        tip: Point<Lps>,
    ) -> Option<(&'static str, SpineEdit)> {
        let Some(label) = self.plan().spine.label(vertebra).copied() else {
            let text = format!("Click the body of {vertebra} first, then its spinous process");
            self.notices.add(Severity::Warning, text);
            return None;
        };
        let label = VertebraLabel {
            spinous_process: Some(tip),
            ..label
        };
        Some(("Label spinous process", SpineEdit::Label(label)))
    }

    fn after_spine_click(&mut self, tool: SpineTool) {
        let count = self.plan().spine.count_or_usual();
        let here = self.labelling.next;
        match tool {
            SpineTool::Body => {
                let next = if self.labelling.upwards {
                    count.above(here)
                } else {
                    count.below(here)
                };
                match next {
                    Some(next) => self.labelling.next = next,
                    None => self.tool = ToolKind::Window,
                }
            }
            SpineTool::SpinousProcess => match self.next_without_spinous() {
                Some(next) => self.labelling.next = next,
                None => self.tool = ToolKind::Window,
            },
            SpineTool::Midline | SpineTool::EndPlate(_) => self.tool = ToolKind::Window,
        }
    }

    /// The labelled vertebra without a spinous process that is clicked next, the lowest first where
    /// one goes upwards.
    pub fn next_without_spinous(&self) -> Option<Vertebra> {
        let mut open = self
            .plan()
            .spine
            .labels
            .iter()
            .filter(|label| label.spinous_process.is_none())
            .map(|label| label.vertebra);
        if self.labelling.upwards {
            open.next_back()
        } else {
            open.next()
        }
    }

    /// What the next click of the spine tool means, for the status line.
    pub fn spine_prompt(&self) -> Option<String> {
        let ToolKind::Spine(tool) = self.tool else {
            return None;
        };
        let next = self.labelling.next;
        let clicked = self.labelling.clicks.len();
        Some(match tool {
            SpineTool::Body => format!("Click the middle of the body of {next}"),
            SpineTool::SpinousProcess => format!("Click the tip of the spinous process of {next}"),
            SpineTool::Midline => format!("Click the midline: {} of 3", clicked + 1),
            SpineTool::EndPlate(face) => format!(
                "Click the {} end-plate of {next}, front and back: {} of 2",
                face.word(),
                clicked + 1
            ),
        })
    }
}
