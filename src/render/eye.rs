//! Where a picture of surfaces is taken from: picture pixels ↔ patient space.

use glam::{DMat4, DVec2, DVec3, DVec4};

use crate::geometry::{Lps, Plane, Point, Vector};

/// Least part of the viewer's distance that stays free before the eye.
const FREE_SHARE: f64 = 0.1;

/// The eye that looks at surfaces, and the picture it sees.
///
/// Pixels are counted from the top-left corner of the picture; a pixel's centre is at +0.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// The patient point in the middle of the picture.
    pub target: Point<Lps>,
    /// Unit direction of the picture's right.
    pub right: Vector<Lps>,
    /// Unit direction of the picture's down, at right angles to `right`.
    pub down: Vector<Lps>,
    /// mm at the target that one pixel shows.
    pub mm_per_pixel: f64,
    /// Width and height of the picture, pixels.
    pub size: [f64; 2],
    /// Distance of the viewer from the target, mm; `None` for parallel rays.
    pub viewer_mm: Option<f64>,
}

/// Depths as 0–1: slope · (depth − near) / (1 + depth / viewer).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DepthRange {
    /// Depth that becomes 0, mm behind the target: negative.
    pub near_mm: f64,
    /// 1/mm.
    pub slope: f64,
}

impl Eye {
    /// Unit direction away from the viewer.
    pub fn forward(&self) -> Vector<Lps> {
        self.right.cross(self.down)
    }

    /// The plane through the target that faces the viewer.
    pub fn plane(&self) -> Plane {
        Plane {
            origin: self.target,
            right: self.right,
            down: self.down,
        }
    }

    /// The same picture with `factor` pixels for each one, each way.
    pub fn finer(&self, factor: f64) -> Self {
        Self {
            mm_per_pixel: self.mm_per_pixel / factor,
            size: self.size.map(|n| (n * factor).ceil()),
            ..*self
        }
    }

    /// How far things shrink at `depth_mm` behind the target; `None` at and behind the viewer.
    fn shrink(&self, depth_mm: f64) -> Option<f64> {
        let Some(viewer_mm) = self.viewer_mm else {
            return Some(1.0);
        };
        let from_viewer = 1.0 + depth_mm / viewer_mm;
        (from_viewer > FREE_SHARE).then(|| 1.0 / from_viewer)
    }

    /// mm right, down and away from the viewer as seen from the target.
    fn view_mm(&self, at: Point<Lps>) -> DVec3 {
        let from = at - self.target;
        DVec3::new(
            from.dot(self.right),
            from.dot(self.down),
            from.dot(self.forward()),
        )
    }

    /// mm of a point behind the plane of the target; negative nearer to the viewer.
    pub fn depth_mm(&self, at: Point<Lps>) -> f64 {
        (at - self.target).dot(self.forward())
    }

    /// Where a patient point appears, pixels; `None` behind the viewer.
    pub fn pixel_of(&self, at: Point<Lps>) -> Option<DVec2> {
        let view = self.view_mm(at);
        let scale = self.shrink(view.z)? / self.mm_per_pixel;
        Some(view.truncate() * scale + DVec2::from_array(self.size) / 2.0)
    }

    /// The ray through a place of the picture: where it starts and its unit direction.
    ///
    /// Parallel rays start `reach_mm` before the plane of the target, others at the viewer.
    pub fn ray(&self, pixel: DVec2, reach_mm: f64) -> (Point<Lps>, Vector<Lps>) {
        let in_plane = (pixel - DVec2::from_array(self.size) / 2.0) * self.mm_per_pixel;
        let through = self.plane().point_at_mm(in_plane);
        let forward = self.forward();
        match self.viewer_mm {
            None => (through - forward * reach_mm, forward),
            Some(viewer_mm) => {
                let viewer = self.target - forward * viewer_mm;
                let direction = (through - viewer).direction().unwrap_or(forward);
                (viewer, direction)
            }
        }
    }

    /// The same ray from where a picture begins to show things: in perspective not at the viewer,
    /// but a tenth of the way to the target.
    pub fn seen_ray(&self, pixel: DVec2, reach_mm: f64) -> (Point<Lps>, Vector<Lps>) {
        let (from, direction) = self.ray(pixel, reach_mm);
        if self.viewer_mm.is_none() {
            return (from, direction);
        }
        let before_mm = self.depth_range(reach_mm).near_mm - self.depth_mm(from);
        let along_mm = (before_mm / direction.dot(self.forward())).max(0.0);
        (from + direction * along_mm, direction)
    }

    /// How depths of things within `reach_mm` of the target are told as 0–1.
    pub(super) fn depth_range(&self, reach_mm: f64) -> DepthRange {
        let bend = self.viewer_mm.map_or(0.0, f64::recip);
        let near_mm = self
            .viewer_mm
            .map_or(-reach_mm, |mm| (-reach_mm).max((FREE_SHARE - 1.0) * mm));
        DepthRange {
            near_mm,
            slope: (1.0 + reach_mm * bend) / (reach_mm - near_mm),
        }
    }

    /// Patient mm → clip coordinates (right, up, depth 0–1, w), for things within `reach_mm` of
    /// the target along the view.
    pub(crate) fn clip_from_lps(&self, reach_mm: f64) -> DMat4 {
        let [width, height] = self.size;
        let (right, down, forward) = (self.right.0, self.down.0, self.forward().0);
        let bend = self.viewer_mm.map_or(0.0, f64::recip);
        let DepthRange { near_mm, slope } = self.depth_range(reach_mm);
        let x = right * (2.0 / (self.mm_per_pixel * width));
        let y = down * (-2.0 / (self.mm_per_pixel * height));
        let (z, w) = (forward * slope, forward * bend);
        let row = |axis: DVec3, offset: f64| axis.extend(offset - axis.dot(self.target.0));
        let rows: [DVec4; 4] = [
            row(x, 0.0),
            row(y, 0.0),
            row(z, -slope * near_mm),
            row(w, 1.0),
        ];
        let [x, y, z, w] = rows;
        DMat4::from_cols(x, y, z, w).transpose()
    }

    /// Whether a picture can be taken: finite, with pixels, with a viewer apart from the target.
    pub fn is_usable(&self) -> bool {
        let numbers = [self.mm_per_pixel, self.size[0], self.size[1]];
        let positive = numbers.iter().all(|n| n.is_finite() && *n > 0.0);
        let apart = self.viewer_mm.is_none_or(|mm| mm.is_finite() && mm > 1.0);
        let square = (self.right.length() - 1.0).abs() < 1e-6
            && (self.down.length() - 1.0).abs() < 1e-6
            && self.right.dot(self.down).abs() < 1e-6;
        positive && apart && square && self.target.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eye(viewer_mm: Option<f64>) -> Eye {
        // From behind: patient right at picture right.
        Eye {
            target: Point::new(10., 20., 30.),
            right: Vector::new(-1., 0., 0.),
            down: Vector::new(0., 0., -1.),
            mm_per_pixel: 0.5,
            size: [400.0, 300.0],
            viewer_mm,
        }
    }

    #[test]
    fn points_appear_where_the_geometry_says() {
        let parallel = eye(None);
        assert_eq!(parallel.forward(), Vector::new(0., -1., 0.));
        assert_eq!(
            parallel.pixel_of(parallel.target),
            Some(DVec2::new(200., 150.))
        );
        // 10 mm to the patient's right, 5 mm up, 40 mm toward the viewer.
        let at = Point::new(0., 60., 35.);
        assert_eq!(parallel.pixel_of(at), Some(DVec2::new(220., 140.)));
        assert_eq!(parallel.depth_mm(at), -40.0);
        // From 400 mm it appears 400 / 360 as large.
        let near = eye(Some(400.0)).pixel_of(at).unwrap();
        assert!((near - DVec2::new(200. + 20. / 0.9, 150. - 10. / 0.9)).length() < 1e-9);
        assert_eq!(eye(Some(30.0)).pixel_of(at), None, "behind the viewer");
    }

    #[test]
    fn rays_go_through_what_appears_there() {
        for viewer_mm in [None, Some(700.0)] {
            let eye = eye(viewer_mm);
            for at in [Point::new(0., 60., 35.), Point::new(80., -90., -20.)] {
                let (start, direction) = eye.ray(eye.pixel_of(at).unwrap(), 300.0);
                let to = at - start;
                assert!(to.dot(direction) > 0.0);
                assert!((to.length() - to.dot(direction)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn what_is_seen_begins_where_the_picture_does() {
        let pixel = DVec2::new(310., 20.);
        let near = eye(Some(400.0));
        let (start, direction) = near.seen_ray(pixel, 5e4);
        assert!((near.depth_mm(start) + 360.0).abs() < 1e-9, "nine tenths");
        let clip = near.clip_from_lps(5e4) * start.0.extend(1.0);
        assert!((clip.z / clip.w).abs() < 1e-9, "the nearest depth drawn");
        assert_eq!(near.ray(pixel, 5e4).1, direction);
        // A scene that ends before is seen whole.
        let (start, _) = near.seen_ray(pixel, 200.0);
        assert!((near.depth_mm(start) + 200.0).abs() < 1e-9);
        let parallel = eye(None);
        assert_eq!(parallel.seen_ray(pixel, 300.0), parallel.ray(pixel, 300.0));
    }

    #[test]
    fn clip_coordinates_agree_with_the_pixels_and_keep_the_depth_in_range() {
        for viewer_mm in [None, Some(700.0)] {
            let eye = eye(viewer_mm);
            let clip_from_lps = eye.clip_from_lps(250.0);
            for at in [
                Point::new(0., 60., 35.),
                Point::new(80., -90., -20.),
                Point::new(10., 269., 30.),
                Point::new(10., -229., 30.),
            ] {
                let clip = clip_from_lps * at.0.extend(1.0);
                let ndc = clip.truncate() / clip.w;
                let pixel = DVec2::new((ndc.x + 1.0) * 200.0, (1.0 - ndc.y) * 150.0);
                assert!((pixel - eye.pixel_of(at).unwrap()).length() < 1e-9);
                assert!((0.0..=1.0).contains(&ndc.z), "{}", ndc.z);
            }
        }
    }

    #[test]
    fn what_cannot_be_looked_through_is_told() {
        assert!(eye(None).is_usable() && eye(Some(900.0)).is_usable());
        let good = eye(None);
        for bad in [
            Eye {
                mm_per_pixel: 0.0,
                ..good
            },
            Eye {
                size: [0.0, 10.0],
                ..good
            },
            Eye {
                down: good.right,
                ..good
            },
            Eye {
                viewer_mm: Some(f64::NAN),
                ..good
            },
        ] {
            assert!(!bad.is_usable(), "{bad:?}");
        }
    }
}
