//! The panel at the right: tabs for the needles, the spine, the structures and the entries.

use egui::Ui;

use super::{
    carm_panel, entry_panel, plan_panel, registration_panel, spine_panel, structures_panel,
};
use crate::app::AppState;
use crate::app::action::Action;
use crate::app::aim_stage::AimCommand;
use crate::app::command::CommandQueue;

/// What the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SideTab {
    /// Needles, readouts, measurements.
    #[default]
    Plan,
    /// Vertebrae, midline, end-plates.
    Spine,
    /// Segmented and drawn structures.
    Structures,
    /// The entry map.
    Entry,
    /// The C-arm, aimed at the needle.
    CArm,
    /// The plan over an X-ray picture.
    Registration,
}

impl SideTab {
    /// All, from left to right.
    pub const ALL: [Self; 6] = [
        Self::Plan,
        Self::Spine,
        Self::Structures,
        Self::Entry,
        Self::CArm,
        Self::Registration,
    ];

    /// The one with this title in small letters, with hyphens for spaces.
    pub fn named(name: &str) -> Option<Self> {
        let is = |tab: &Self| tab.title().to_lowercase().replace(' ', "-") == name;
        Self::ALL.into_iter().find(is)
    }

    /// Whether it has to do with what is on stage: a plan is laid over pictures, vertebrae and
    /// entries are looked for in volumes.
    fn is_of(self, state: &AppState) -> bool {
        let on_volume = state
            .stage
            .as_ref()
            .is_none_or(|stage| stage.volume().is_some());
        match self {
            Self::Registration => !on_volume,
            Self::Spine | Self::Entry => on_volume,
            Self::Plan | Self::Structures | Self::CArm => true,
        }
    }

    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Spine => "Spine",
            Self::Structures => "Structures",
            Self::Entry => "Entry map",
            Self::CArm => "C-arm",
            Self::Registration => "X-ray",
        }
    }
}

/// Draws the tabs and the one that is open.
pub fn side_panel_ui(
    ui: &mut Ui,
    tab: &mut SideTab,
    state: &AppState,
    queue: &mut CommandQueue,
) -> Option<Action> {
    if !tab.is_of(state) {
        *tab = SideTab::default();
    }
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        // Five or six tabs beside one another in the usual width.
        ui.spacing_mut().item_spacing.x = 1.0;
        ui.spacing_mut().button_padding.x = 3.0;
        for choice in SideTab::ALL {
            if !choice.is_of(state) {
                continue;
            }
            if ui
                .selectable_label(*tab == choice, choice.title())
                .clicked()
            {
                *tab = choice;
            }
        }
    });
    ui.separator();
    let carm = *tab == SideTab::CArm;
    if state.aim.is_open() != carm {
        queue.push(AimCommand::Open(carm));
    }
    match tab {
        SideTab::Plan => plan_panel::plan_panel_ui(ui, state, queue),
        SideTab::Spine => {
            spine_panel::spine_panel_ui(ui, state, queue);
            None
        }
        SideTab::Structures => structures_panel::structures_panel_ui(ui, state, queue),
        SideTab::Entry => {
            entry_panel::entry_panel_ui(ui, state, queue);
            None
        }
        SideTab::CArm => {
            carm_panel::carm_panel_ui(ui, state, queue);
            None
        }
        SideTab::Registration => {
            registration_panel::registration_panel_ui(ui, state, queue);
            None
        }
    }
}
