//! Where the views look, as kept in the plan file and restored from it.

use serde::{Deserialize, Serialize};

use super::AppState;
use super::command::{LookCommand, ViewCommand};
use super::viewport::{Layout, ViewKind, ViewportId};
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
    /// What the viewports show, by the words of [`KINDS`].
    viewports: Vec<String>,
}

const KINDS: [(&str, ViewKind); 8] = [
    ("axial", ViewKind::Axial),
    ("sagittal", ViewKind::Sagittal),
    ("coronal", ViewKind::Coronal),
    ("along-needle", ViewKind::AlongNeedle),
    ("along-needle-90", ViewKind::AlongNeedleOrthogonal),
    ("down-needle", ViewKind::DownNeedle),
    ("3d", ViewKind::Volume3d),
    ("drr", ViewKind::Drr),
];

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
            // That of an X-ray picture or a radiograph is in stored values of that file alone.
            window: self
                .stage_binding()
                .and_then(|_| self.presentation())
                .map(|look| look.window),
            layout: layout.map(|(name, _)| (*name).to_owned()),
            viewports: self
                .viewports
                .iter()
                .filter_map(|viewport| KINDS.iter().find(|(_, kind)| *kind == viewport.kind))
                .map(|(name, _)| (*name).to_owned())
                .collect(),
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
        for (index, name) in kept.viewports.iter().enumerate() {
            let known = KINDS.iter().find(|(known, _)| known == name);
            let now = self.viewports.get(index).map(|viewport| viewport.kind);
            if let Some((_, kind)) = known
                && now.is_some_and(|now| now != *kind)
            {
                self.apply(ViewCommand::Kind(ViewportId(index), *kind));
            }
        }
        let usable = |window: &WindowLevel| window.center.is_finite() && window.width >= 1.0;
        let has_slices = self.stage_binding().is_some();
        if let Some(window) = kept.window.filter(|window| has_slices && usable(window)) {
            self.apply(LookCommand::Window(window));
        }
        if let Some(at) = kept.crosshair.filter(|at| at.is_finite()) {
            self.apply(ViewCommand::CenterOn(at));
        }
    }
}
