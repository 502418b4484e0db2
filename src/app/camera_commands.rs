//! What commands do to 3D views: turning, standard views, what is shown.

use super::AppState;
use super::camera::Camera;
use super::command::ViewCommand;
use super::viewport::{ViewKind, Viewport, ViewportId};
use crate::geometry::Point;
use crate::volume::Volume;

impl AppState {
    pub(super) fn view_3d(&mut self, command: ViewCommand) {
        match command {
            ViewCommand::Orbit(id, by_points) => {
                self.change(id, |viewport| viewport.camera.orbit(by_points));
            }
            ViewCommand::Stand(id, view) => {
                let posture = self.posture();
                self.change(id, |viewport| {
                    let camera = viewport.camera;
                    viewport.camera = Camera {
                        projection: camera.projection,
                        ..Camera::standard(view, posture, camera.target)
                    };
                });
            }
            ViewCommand::DownNeedle(id) => self.look_down_needle(id),
            ViewCommand::Project(id, projection) => {
                self.change(id, |viewport| viewport.camera.projection = projection);
            }
            ViewCommand::ShowSkin(show) => self.scene.show_skin = show,
            ViewCommand::ShowBone(show) => self.scene.show_bone = show,
            _ => {}
        }
    }

    /// The same view as down the needle, in space.
    fn look_down_needle(&mut self, id: ViewportId) {
        let across = Viewport::new(ViewKind::DownNeedle, self.posture());
        let plane = across.plane(self.crosshair, self.followed_needle());
        if let Some(plane) = plane {
            self.change(id, |viewport| {
                viewport.camera = viewport.camera.facing(&plane);
            });
        }
    }

    /// Scale at which a 3D view shows what there is: the skin, else the whole volume.
    pub(super) fn fitting_scale_3d(&self, camera: &Camera, size_points: [f64; 2]) -> f64 {
        let skin = self.scene.skin().and_then(|skin| skin.bounds());
        let corners = match (skin, self.volume()) {
            (Some([low, high]), _) => box_corners(low, high).to_vec(),
            (None, Some(volume)) => Volume::corners_lps(volume).to_vec(),
            (None, None) => Vec::new(),
        };
        camera.fitting_scale(&corners, size_points)
    }
}

/// The eight corners of a box.
fn box_corners<S>(low: Point<S>, high: Point<S>) -> [Point<S>; 8] {
    let (low, high) = (low.0, high.0);
    std::array::from_fn(|n| {
        let pick = |axis: usize| if n >> axis & 1 == 0 { low } else { high };
        Point::new(pick(0).x, pick(1).y, pick(2).z)
    })
}
