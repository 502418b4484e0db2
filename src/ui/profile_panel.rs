//! The panel under the views: what the selected needle passes, by depth.

use std::sync::Arc;

use egui::{Button, Label, RichText, Ui};

use super::profile_plot::{Colors, plot_ui};
use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, ViewCommand};
use crate::app::settings::Settings;
use crate::app::stage::Stage;
use crate::assess::NeedleProfile;
use crate::assess::profile::{BEYOND_TARGET_MM, NamedMask, ProfileScene, ProfileZero};
use crate::geometry::{Lps, Point};
use crate::plan::{Known, Trajectory};
use crate::volume::Volume;

/// Height of the line with the contacts, points.
const HEAD: f32 = 24.0;
/// Height of the panel with the curve, points.
const OPEN: f32 = 132.0;

/// What a profile was computed from.
#[derive(Clone, PartialEq)]
struct Source {
    ends: [Option<Point<Lps>>; 2],
    volume: *const Volume,
    slices: Option<(usize, usize)>,
    air: bool,
    structures: u64,
}

/// The panel and the profile it shows, computed once per change.
#[derive(Default)]
pub struct ProfilePanel {
    kept: Option<(Source, Known<Arc<NeedleProfile>>)>,
}

impl ProfilePanel {
    /// Height of the panel now, points; `None` where there are no slices to run through.
    pub fn height(&mut self, state: &AppState) -> Option<f32> {
        let volume = state.stage.as_ref()?.volume();
        volume?;
        let open = state.settings.show_profile && self.profile(state).is_ok();
        Some(if open { OPEN } else { HEAD })
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
        let profile = self.profile(state);
        let open = state.settings.show_profile;
        ui.horizontal(|ui| {
            let title = RichText::new("Path profile").strong();
            let button = ui
                .add(Button::selectable(open, title))
                .on_hover_text("Shows or hides the values along the selected needle");
            button.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, true, open, "Path profile")
            });
            if button.clicked() {
                queue.push(Command::Settings(Settings {
                    show_profile: !open,
                    ..state.settings.clone()
                }));
            }
            let (words, color) = match &profile {
                Ok(profile) => (profile.sentence(), theme::TEXT),
                Err(reason) => (reason.clone(), theme::FAINT),
            };
            ui.add(Label::new(RichText::new(words).color(color)).truncate());
        });
        let Ok(profile) = profile else { return };
        if !open {
            return;
        }
        let colors: Colors<'_> = state
            .structures
            .items()
            .iter()
            .map(|item| (item.structure.name.as_str(), item.structure.color))
            .collect();
        let shown = profile_crosshair(&profile, state.crosshair);
        if let Some(depth_mm) = plot_ui(ui, &profile, &colors, shown) {
            queue.push(ViewCommand::Crosshair(profile.point_at(depth_mm)));
        }
    }

    /// The profile of the followed needle; computed anew where something of it has changed.
    fn profile(&mut self, state: &AppState) -> Known<Arc<NeedleProfile>> {
        let images = state
            .images()
            .ok_or("No profile: the open plan belongs to other images")?;
        let needle = state
            .followed_needle()
            .ok_or("No profile yet: place target and entry of a needle")?;
        let source = Source {
            ends: [needle.entry, needle.target],
            volume: std::ptr::from_ref(images.volume),
            slices: state.stage.as_ref().and_then(Stage::progress),
            air: images.air.is_ok(),
            structures: state.structures.generation(),
        };
        if let Some((kept, profile)) = &self.kept
            && *kept == source
        {
            return profile.clone();
        }
        let profile = computed(needle, state);
        self.kept = Some((source, profile.clone()));
        profile
    }
}

fn computed(needle: &Trajectory, state: &AppState) -> Known<Arc<NeedleProfile>> {
    let images = state.images().ok_or("No images are open")?;
    let structures: Vec<NamedMask<'_>> = state
        .structures
        .items()
        .iter()
        .map(|item| NamedMask {
            name: &item.structure.name,
            kind: item.structure.kind.as_deref(),
            mask: &item.structure.mask,
        })
        .collect();
    let scene = ProfileScene {
        volume: images.volume,
        air: images.air,
        structures: &structures,
    };
    NeedleProfile::of(needle, &scene, BEYOND_TARGET_MM).map(Arc::new)
}

/// Depth of the crosshair where it lies on the needle's line.
fn profile_crosshair(profile: &NeedleProfile, crosshair: Point<Lps>) -> Option<f64> {
    let depth_mm = profile.depth_of(crosshair);
    let on_line = profile.point_at(depth_mm).distance(crosshair) < 1.0;
    let shown = depth_mm >= profile.first_mm && depth_mm <= profile.last_mm();
    (on_line && shown).then_some(depth_mm)
}

/// What the depths of a profile count from, in words.
pub(super) fn counted_from(profile: &NeedleProfile) -> &'static str {
    match profile.zero {
        ProfileZero::Skin => "mm from the skin",
        ProfileZero::Entry(_) => "mm from the entry (skin not found)",
    }
}
