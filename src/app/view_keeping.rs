//! Where the views look, as kept in the plan file and restored from it.

use serde::{Deserialize, Serialize};

use super::AppState;
use super::command::{LookCommand, ViewCommand};
use super::viewport::Layout;
use crate::geometry::{Lps, Point};
use crate::study::WindowLevel;

/// The `view` of a plan file. Every key may be missing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct KeptView {
    /// LPS mm.
    crosshair: Option<Point<Lps>>,
    window: Option<WindowLevel>,
    /// `one`, `one-and-three` or `two-by-two`.
    layout: Option<String>,
}

const LAYOUTS: [(&str, Layout); 3] = [
    ("one", Layout::One),
    ("one-and-three", Layout::OnePlusThree),
    ("two-by-two", Layout::TwoByTwo),
];

impl AppState {
    /// What of the views goes into the plan file.
    pub(super) fn view_to_keep(&self) -> serde_json::Value {
        let layout = LAYOUTS.iter().find(|(_, layout)| *layout == self.layout);
        let kept = KeptView {
            crosshair: self.stage_binding().map(|_| self.crosshair),
            window: self.presentation().map(|look| look.window),
            layout: layout.map(|(name, _)| (*name).to_owned()),
        };
        serde_json::to_value(kept).unwrap_or_default()
    }

    /// Looks where the plan file says; what it does not say, or says wrongly, stays as it is.
    pub(super) fn restore_view(&mut self, view: &serde_json::Value) {
        let kept = KeptView::deserialize(view).unwrap_or_default();
        if let Some(name) = kept.layout
            && let Some((_, layout)) = LAYOUTS.iter().find(|(known, _)| *known == name)
        {
            self.apply(ViewCommand::Layout(*layout));
        }
        let usable = |window: &WindowLevel| window.center.is_finite() && window.width >= 1.0;
        if let Some(window) = kept.window.filter(usable) {
            self.apply(LookCommand::Window(window));
        }
        if let Some(at) = kept.crosshair.filter(|at| at.is_finite()) {
            self.apply(ViewCommand::CenterOn(at));
        }
    }
}
