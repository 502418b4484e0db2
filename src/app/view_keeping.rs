//! Where the views look, as kept in the plan file and restored from it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::AppState;
use super::command::{LookCommand, ViewCommand};
use super::viewport::{Layout, ViewKind, ViewportId};
use crate::geometry::{Lps, Point};
use crate::plan::Fit;
use crate::study::WindowLevel;

/// Point that all slice views pass through, LPS mm.
const CROSSHAIR: &str = "crosshair";
/// Window in modality values.
const WINDOW: &str = "window";
/// A word of [`LAYOUTS`].
const LAYOUT: &str = "layout";
/// What the viewports show, by the words of [`KINDS`].
const VIEWPORTS: &str = "viewports";

/// The `view` of a plan file as last read, or as last seen in the images that the plan was drawn
/// on. Every key may be missing.
#[derive(Debug, Default)]
pub(super) struct KeptView {
    /// All keys of the file; those that this version does not know are written back as they were.
    keys: Map<String, Value>,
    /// The place is still to be looked at: no images that the plan fits were on stage yet.
    awaits_place: bool,
    /// The window is still to be set: no images of the modality of the plan's were.
    awaits_window: bool,
}

impl KeptView {
    /// What a file says, to be looked at as soon as its images are on stage.
    pub(super) fn read(view: Option<Value>) -> Self {
        Self {
            keys: match view {
                Some(Value::Object(keys)) => keys,
                _ => Map::new(),
            },
            awaits_place: true,
            awaits_window: true,
        }
    }

    /// The value of a key; `None` where it is missing or cannot be read.
    fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_value(self.keys.get(key)?.clone()).ok()
    }

    fn set(&mut self, key: &str, value: impl serde::Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.keys.insert(key.to_owned(), value);
        }
    }
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
    /// Keeps where the views look, if they look at the images that the plan was drawn on: a place in
    /// others is none in these, and a window of another modality is in other values.
    pub(super) fn see_view(&mut self) {
        let bound = self.plan().series.as_ref();
        let fits = bound.zip(self.stage_binding());
        let fits = fits.is_some_and(|(bound, open)| bound.fit(&open) != Fit::Different);
        if !fits {
            return;
        }
        let of_modality = self.is_modality_of_plan();
        // Where its own images are not open, these are all that there is to look at.
        if of_modality || !self.has_series_of_plan() {
            self.store.view.set(CROSSHAIR, self.crosshair);
        }
        if of_modality && let Some(window) = self.presentation().map(|look| look.window) {
            self.store.view.set(WINDOW, window);
        }
    }

    fn has_series_of_plan(&self) -> bool {
        let bound = self.plan().series.as_ref();
        bound.is_some_and(|bound| {
            let own = self.catalog.find_series(&bound.series_instance_uid);
            own.is_some()
        })
    }

    /// Whether the images on stage are of the modality of those that the plan was drawn on, or
    /// nothing says which those were: a report names a frame of reference alone.
    fn is_modality_of_plan(&self) -> bool {
        let (Some(stage), Some(bound)) = (&self.stage, &self.plan().series) else {
            return false;
        };
        let own = self.catalog.find_series(&bound.series_instance_uid);
        stage.series.uid == bound.series_instance_uid
            || bound.series_instance_uid.as_str().is_empty()
            || own.is_some_and(|(_, own)| own.modality == stage.series.modality)
    }

    /// What of the views goes into the plan file.
    pub(super) fn view_to_keep(&mut self) -> Value {
        self.see_view();
        let (layout, kinds) = self.chosen_arrangement();
        if let Some((name, _)) = LAYOUTS.iter().find(|(_, known)| *known == layout) {
            self.store.view.set(LAYOUT, name);
        }
        let names = kinds
            .iter()
            .filter_map(|kind| KINDS.iter().find(|(_, known)| known == kind));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        self.store.view.set(VIEWPORTS, names);
        Value::Object(self.store.view.keys.clone())
    }

    /// Arranges the views as the plan file says; what it does not say, or says wrongly, stays as it
    /// is. While a thin slab has its own arrangement, that of the file comes after it.
    pub(super) fn restore_arrangement(&mut self) {
        let name: Option<String> = self.store.view.get(LAYOUT);
        let layout = name.and_then(|name| LAYOUTS.iter().find(|(known, _)| *known == name));
        let names: Vec<Value> = self.store.view.get(VIEWPORTS).unwrap_or_default();
        let kind = |name: &Value| KINDS.iter().find(|(known, _)| name == known);
        let kinds = names.iter().map(|name| kind(name).map(|(_, kind)| *kind));
        if let Some((chosen_layout, chosen)) = &mut self.arranged {
            if let Some((_, layout)) = layout {
                *chosen_layout = *layout;
            }
            for (chosen, kind) in chosen.iter_mut().zip(kinds) {
                *chosen = kind.unwrap_or(*chosen);
            }
            return;
        }
        if let Some((_, layout)) = layout {
            self.apply(ViewCommand::Layout(*layout));
        }
        for (index, kind) in kinds.enumerate() {
            let now = self.viewports.get(index).map(|viewport| viewport.kind);
            if let Some(kind) = kind
                && now.is_some_and(|now| now != kind)
            {
                self.apply(ViewCommand::Kind(ViewportId(index), kind));
            }
        }
    }

    /// Looks where the plan file says, else at the first target, once images are on stage that the
    /// plan fits. What the file does not say, or says wrongly, stays as it is.
    pub(super) fn look_where_kept(&mut self) {
        if self.stage_binding().is_none() || !self.plan_fits() {
            return;
        }
        if std::mem::take(&mut self.store.view.awaits_place) {
            if let Some((_, target)) = self.first_target() {
                self.center_on(target);
            }
            let crosshair: Option<Point<Lps>> = self.store.view.get(CROSSHAIR);
            if let Some(at) = crosshair.filter(|at| at.is_finite()) {
                self.center_on(at);
            }
        }
        let own_values = self.plan().series.is_none() || self.is_modality_of_plan();
        if own_values && std::mem::take(&mut self.store.view.awaits_window) {
            let window: Option<WindowLevel> = self.store.view.get(WINDOW);
            let usable = |window: &WindowLevel| window.center.is_finite() && window.width >= 1.0;
            if let Some(window) = window.filter(usable) {
                self.apply(LookCommand::Window(window));
            }
        }
    }
}
