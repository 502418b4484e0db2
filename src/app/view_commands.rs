//! What view commands do: layout, crosshair, scroll, pan, zoom, reset.

use glam::DVec2;

use super::AppState;
use super::acquired::fresh_viewport;
use super::command::ViewCommand;
use super::view_frame::ViewFrame;
use super::viewport::{Layout, Posture, Slab, ViewKind, Viewport, ViewportId};
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::plan::Trajectory;
use crate::volume::Volume;

/// Least and greatest scale, mm per point.
const SCALES: (f64, f64) = (0.005, 20.0);

/// mm that one scroll step moves along a needle.
const SHAFT_STEP_MM: f64 = 1.0;

impl AppState {
    /// A viewport by id.
    pub fn viewport(&self, id: ViewportId) -> Option<&Viewport> {
        self.viewports.get(id.0)
    }

    pub(super) fn viewport_mut(&mut self, id: ViewportId) -> Option<&mut Viewport> {
        self.viewports.get_mut(id.0)
    }

    /// Size of a viewport when it was last drawn, points.
    pub fn viewport_size(&self, id: ViewportId) -> [f64; 2] {
        self.sizes.get(id.0).copied().unwrap_or([512.0; 2])
    }

    /// Viewports on the screen.
    pub fn shown_viewports(&self) -> Vec<ViewportId> {
        match self.maximised {
            Some(id) => vec![id],
            None => (0..self.layout.count()).map(ViewportId).collect(),
        }
    }

    /// The needle that needle views follow: the selected one, else the first with two ends.
    pub fn followed_needle(&self) -> Option<&Trajectory> {
        if !self.plan_fits() {
            return None;
        }
        let selected = self
            .selection
            .needle()
            .and_then(|id| self.plan().trajectory(id));
        let complete = |needle: &&Trajectory| needle.segment().is_some();
        selected
            .filter(complete)
            .or_else(|| self.plan().trajectories.iter().find(complete))
    }

    /// The plane of a viewport, its origin in the middle of the picture.
    pub fn plane_of(&self, id: ViewportId) -> Option<Plane> {
        self.viewport(id)?
            .plane(self.crosshair, self.followed_needle())
    }

    /// The plane of a viewport with its scale, for a size in points.
    pub fn frame_of(&self, id: ViewportId, size_points: [f64; 2]) -> Option<ViewFrame> {
        Some(ViewFrame {
            plane: self.plane_of(id)?,
            mm_per_point: self.viewport(id)?.mm_per_point,
            size_points,
        })
    }

    pub(super) fn view(&mut self, command: ViewCommand) {
        match command {
            ViewCommand::Layout(layout) => {
                self.layout = layout;
                self.arranged = None;
                self.maximised = None;
                if self.active.0 >= layout.count() {
                    self.active = ViewportId(0);
                }
            }
            ViewCommand::Maximise(id) => {
                self.maximised = match (self.maximised, self.layout) {
                    (Some(_), _) | (None, Layout::One) => None,
                    (None, _) => Some(id),
                };
                self.active = id;
            }
            ViewCommand::Kind(id, kind) => self.set_kind(id, kind),
            ViewCommand::Activate(id) => self.active = id,
            ViewCommand::Crosshair(to) => self.set_crosshair(to),
            ViewCommand::Scroll(id, steps) => self.scroll(id, steps),
            ViewCommand::Pan(id, by_mm) => {
                if let Some(viewport) = self.viewport_mut(id) {
                    viewport.pan(by_mm);
                }
            }
            ViewCommand::Zoom {
                viewport,
                factor,
                about_mm,
            } => self.zoom(viewport, factor, about_mm),
            ViewCommand::Orbit(..)
            | ViewCommand::Stand(..)
            | ViewCommand::DownNeedle(_)
            | ViewCommand::Project(..)
            | ViewCommand::ShowSkin(_)
            | ViewCommand::ShowBone(_) => self.view_3d(command),
            ViewCommand::Slab(id, slab) => {
                if let Some(viewport) = self.viewport_mut(id) {
                    viewport.slab = Slab {
                        thickness_mm: slab.thickness_mm.clamp(0.0, Slab::THICKEST_MM),
                        ..slab
                    };
                }
            }
            ViewCommand::FlipHorizontally(id) => self.change(id, Viewport::flip_horizontally),
            ViewCommand::FlipVertically(id) => self.change(id, Viewport::flip_vertically),
            ViewCommand::RotateQuarter(id) => self.change(id, Viewport::rotate_quarter),
            ViewCommand::Reset(id) => self.reset(id),
            ViewCommand::ResetAll => {
                (0..self.viewports.len()).for_each(|n| self.reset(ViewportId(n)));
            }
            ViewCommand::ShowCrosshair(show) => self.show_crosshair = show,
            ViewCommand::ShowOverlays(show) => self.show_overlays = show,
            ViewCommand::Resized(id, size) => self.resized(id, size),
            ViewCommand::CenterOn(point) => self.center_on(point),
        }
    }

    pub(super) fn change(&mut self, id: ViewportId, change: impl FnOnce(&mut Viewport)) {
        if let Some(viewport) = self.viewport_mut(id) {
            change(viewport);
        }
    }

    pub(super) fn volume(&self) -> Option<&Volume> {
        self.stage.as_ref()?.volume().map(|volume| &**volume)
    }

    fn set_crosshair(&mut self, to: Point<Lps>) {
        if !to.is_finite() {
            return;
        }
        self.crosshair = match self.volume() {
            Some(volume) => clamped(volume, to),
            None => to,
        };
    }

    fn scroll(&mut self, id: ViewportId, steps: f64) {
        let (Some(viewport), Some(plane)) = (self.viewport(id), self.plane_of(id)) else {
            return;
        };
        if viewport.kind.follows_needle() {
            let length_mm = self
                .followed_needle()
                .and_then(Trajectory::segment)
                .map_or(0.0, super::super::geometry::line::Segment::length_mm);
            let kind = viewport.kind;
            self.change(id, |viewport| {
                // Down the needle, + is deeper: toward the target and past it.
                let (least, most, sign) = match kind {
                    ViewKind::DownNeedle => (-50.0, length_mm + 30.0, -1.0),
                    _ => (-50.0, 50.0, 1.0),
                };
                let to = viewport.shaft_mm + sign * steps * SHAFT_STEP_MM;
                viewport.shaft_mm = to.clamp(least, most);
            });
            return;
        }
        let step_mm = self
            .volume()
            .map_or(1.0, |volume| slice_step_mm(volume, plane.normal()));
        self.set_crosshair(self.crosshair + plane.normal() * (steps * step_mm));
    }

    fn zoom(&mut self, id: ViewportId, factor: f64, about_mm: DVec2) {
        self.change(id, |viewport| {
            let before = viewport.mm_per_point;
            let after = (before / factor).clamp(SCALES.0, SCALES.1);
            viewport.mm_per_point = after;
            // The patient point under the pointer stays there.
            viewport.pan(about_mm * (after / before - 1.0));
        });
    }

    fn set_kind(&mut self, id: ViewportId, kind: ViewKind) {
        let posture = self.posture();
        self.change(id, |viewport| {
            let slab = viewport.slab;
            *viewport = Viewport {
                slab,
                ..Viewport::new(kind, posture)
            };
        });
        // A person who chooses what views show keeps it for the next stack.
        self.arranged = None;
        self.reset(id);
    }

    fn reset(&mut self, id: ViewportId) {
        let posture = self.posture();
        let crosshair = self.crosshair;
        let size = self.sizes.get(id.0).copied().unwrap_or([512.0; 2]);
        let middle = self.volume().map_or(crosshair, Volume::center_lps);
        let Some(viewport) = self.viewport(id) else {
            return;
        };
        let mut fresh = fresh_viewport(viewport.kind, posture, self.volume());
        fresh.slab = viewport.slab;
        fresh.center = middle;
        fresh.camera.target = middle;
        if fresh.kind == ViewKind::Volume3d {
            fresh.mm_per_point = self.fitting_scale_3d(&fresh.camera, size);
        } else if fresh.kind.follows_needle() {
            fresh.mm_per_point = 160.0 / size[0].min(size[1]).max(16.0);
        } else if let Some((volume, plane)) = self.volume().zip(fresh.plane(crosshair, None)) {
            fresh.mm_per_point = Viewport::fitting_scale(volume, size, &plane);
        }
        self.change(id, |viewport| *viewport = fresh);
    }

    fn resized(&mut self, id: ViewportId, size: [f64; 2]) {
        let Some(old) = self.sizes.get_mut(id.0) else {
            return;
        };
        let before = std::mem::replace(old, size);
        // Shows the same part of the body as before.
        let scale = before[0].min(before[1]) / size[0].min(size[1]).max(1.0);
        self.change(id, |viewport| {
            viewport.mm_per_point = (viewport.mm_per_point * scale).clamp(SCALES.0, SCALES.1);
        });
    }

    /// Puts the crosshair on a point and pans slice views where it would be off the screen.
    pub(super) fn center_on(&mut self, point: Point<Lps>) {
        self.set_crosshair(point);
        for index in 0..self.viewports.len() {
            let id = ViewportId(index);
            let size = self.sizes.get(index).copied().unwrap_or([512.0; 2]);
            let visible = self
                .frame_of(id, size)
                .is_none_or(|frame| frame.contains(frame.points_of(point), 40.0));
            if !visible {
                self.change(id, |viewport| {
                    if !viewport.kind.follows_needle() {
                        viewport.center = point;
                    }
                });
            }
        }
    }

    pub(super) fn posture(&self) -> Posture {
        if self
            .stage_position()
            .is_some_and(crate::geometry::PatientPosition::is_prone)
        {
            Posture::Prone
        } else {
            Posture::Supine
        }
    }
}

/// mm along a unit direction that reach the next voxel layer: the slice distance across slices.
fn slice_step_mm(volume: &Volume, direction: Vector<Lps>) -> f64 {
    let voxels = volume
        .voxel_from_lps
        .vector(direction)
        .0
        .abs()
        .max_element();
    if voxels > 1e-9 { 1.0 / voxels } else { 1.0 }
}

/// The nearest point of the volume's box.
fn clamped(volume: &Volume, point: Point<Lps>) -> Point<Lps> {
    let voxel = (volume.voxel_from_lps * point).0;
    let last = glam::DVec3::from_array(volume.size.map(|n| (n.max(1) - 1) as f64));
    volume.lps_from_voxel * Point::from_vec(voxel.clamp(glam::DVec3::ZERO, last))
}
