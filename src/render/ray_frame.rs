//! The rays of a picture in voxels: what the CPU and the GPU ray caster share.

use glam::{DVec2, DVec3, Mat3, Vec2, Vec3};

use super::eye::Eye;
use crate::geometry::Plane;
use crate::volume::Volume;

/// What a ray-cast picture shows of its volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RayRequest {
    /// Where it is seen from.
    pub eye: Eye,
    /// How far from the eye's target everything lies at most, mm, surfaces included.
    pub reach_mm: f64,
    /// Distance of two samples along a ray, mm.
    pub step_mm: f64,
    /// A plane that takes away what lies on the side that its normal points away from.
    pub cut: Option<Plane>,
}

/// The rays of all pixels, affine in the pixel, composed in `f64` and cast once.
///
/// A ray is followed by its depth: mm behind the plane of the eye's target, negative nearer to
/// the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RayFrame {
    /// Voxel coordinates of the eye's target.
    pub origin: Vec3,
    /// Step in voxels of a pixel to the right, and down, in the plane of the target.
    pub right: Vec3,
    pub down: Vec3,
    /// Step in voxels of a mm of depth in the middle of the picture.
    pub forward: Vec3,
    /// Turns a gradient per voxel into one per mm along right, down and away.
    pub view_from_gradient: Mat3,
    /// Half the size of the picture, pixels.
    pub half_size: Vec2,
    /// 1 / distance of the viewer, 1/mm, 0 for parallel rays; the same for a pixel at the target.
    pub bend: f32,
    pub bend_per_pixel: f32,
    /// Depth in front of which nothing is drawn, and behind which nothing lies, mm.
    pub near_mm: f32,
    pub far_mm: f32,
    /// Makes the depth of the surfaces' pictures, 0–1, out of mm.
    pub slope: f32,
    /// Distance from the cutting plane: at the target, a pixel to the right, down, a mm of depth.
    pub cut: [f32; 4],
    /// mm between samples.
    pub step_mm: f32,
    /// Greatest voxel coordinates.
    pub last: Vec3,
    /// Which way the cutting plane faces in the view: its normal along right, down and away.
    pub cut_normal: Vec3,
}

/// One ray: voxel coordinates `base + depth · along`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ray {
    pub base: Vec3,
    pub along: Vec3,
    /// mm of the ray for a mm of depth.
    pub stretch: f32,
    /// Unit direction along right, down and away.
    pub direction: Vec3,
    /// Depths between which it passes the volume on the kept side of the cut, mm.
    pub from: f32,
    pub to: f32,
    /// The ray enters through the cutting plane.
    pub enters_by_cut: bool,
}

impl Ray {
    /// Voxel coordinates at a depth.
    #[inline]
    pub fn at(&self, depth: f32) -> Vec3 {
        self.base + self.along * depth
    }
}

impl RayFrame {
    /// `None` for an eye that cannot be looked through or a step that is none.
    pub fn new(volume: &Volume, request: &RayRequest) -> Option<Self> {
        let RayRequest {
            eye,
            reach_mm,
            step_mm,
            cut,
        } = *request;
        let usable = |mm: f64| mm.is_finite() && mm > 0.0;
        if !eye.is_usable() || !usable(reach_mm) || !usable(step_mm) {
            return None;
        }
        let map = &volume.voxel_from_lps;
        let voxels = |direction| map.vector(direction).0;
        let axes = [eye.right, eye.down, eye.forward()];
        let [right, down, forward] = axes.map(voxels);
        let scale = eye.mm_per_pixel;
        let depth = eye.depth_range(reach_mm);
        let bend = eye.viewer_mm.map_or(0.0, f64::recip);
        let [g0, gr, gd, gf] = cut.map_or([1.0, 0.0, 0.0, 0.0], |plane| {
            let normal = plane.normal();
            [
                plane.signed_distance_mm(eye.target),
                normal.dot(eye.right) * scale,
                normal.dot(eye.down) * scale,
                normal.dot(eye.forward()),
            ]
        });
        let normal = cut.map_or(DVec3::ZERO, |plane| {
            let normal = plane.normal();
            DVec3::from(axes.map(|axis| normal.dot(axis)))
        });
        let frame = Self {
            origin: (*map * eye.target).0.as_vec3(),
            right: (right * scale).as_vec3(),
            down: (down * scale).as_vec3(),
            forward: forward.as_vec3(),
            view_from_gradient: Mat3::from_cols(right.as_vec3(), down.as_vec3(), forward.as_vec3())
                .transpose(),
            half_size: DVec2::from(eye.size).as_vec2() / 2.0,
            bend: bend as f32,
            bend_per_pixel: (bend * scale) as f32,
            near_mm: depth.near_mm as f32,
            far_mm: reach_mm as f32,
            slope: depth.slope as f32,
            cut: [g0, gr, gd, gf].map(|n| n as f32),
            step_mm: step_mm as f32,
            last: Vec3::from(volume.size.map(|n| (n.max(1) - 1) as f32)),
            cut_normal: normal.as_vec3(),
        };
        frame.origin.is_finite().then_some(frame)
    }

    /// The ray through the middle of a pixel; `None` where it misses the volume.
    pub fn ray(&self, column: usize, row: usize) -> Option<Ray> {
        let off = Vec2::new(column as f32 + 0.5, row as f32 + 0.5) - self.half_size;
        let lateral = self.right * off.x + self.down * off.y;
        let base = self.origin + lateral;
        let along = self.forward + lateral * self.bend;
        let slant = off * self.bend_per_pixel;
        let stretch = (1.0 + slant.length_squared()).sqrt();
        let direction = slant.extend(1.0) / stretch;
        // The box between the outermost voxel centres.
        let to_low = -base / along;
        let to_high = (self.last - base) / along;
        let enter = to_low.min(to_high).max_element().max(self.near_mm);
        let leave = to_low.max(to_high).min_element().min(self.far_mm);
        let [g0, gr, gd, gf] = self.cut;
        let beside = gr * off.x + gd * off.y;
        let (start, rate) = (g0 + beside, gf + self.bend * beside);
        // start + rate · depth ≥ 0 is kept.
        let crossing = -start / rate;
        let (mut from, mut to) = (enter, leave);
        let mut enters_by_cut = false;
        if rate > 0.0 && crossing > from {
            (from, enters_by_cut) = (crossing, true);
        } else if rate < 0.0 {
            to = to.min(crossing);
        } else if rate == 0.0 && start < 0.0 {
            return None;
        }
        (from < to).then_some(Ray {
            base,
            along,
            stretch,
            direction,
            from,
            to,
            enters_by_cut,
        })
    }

    /// Depth in mm of a place whose depth in the surfaces' pictures is 0–1.
    pub fn depth_mm(&self, shown: f32) -> f32 {
        (shown + self.slope * self.near_mm) / (self.slope - shown * self.bend)
    }

    /// Depth 0–1, as in the surfaces' pictures, of a place mm behind the target.
    pub fn shown_depth(&self, depth_mm: f32) -> f32 {
        self.slope * (depth_mm - self.near_mm) / (1.0 + self.bend * depth_mm)
    }
}

/// Share of a step by which the samples of a pixel are moved, so that rings become a grain too
/// fine to see: the 8 × 8 Bayer order, equal on both back ends.
pub(super) fn jitter(column: usize, row: usize) -> f32 {
    let (x, y) = (column as u32, row as u32);
    let mixed = x ^ y;
    let bit = |n: u32, at: u32| n >> at & 1;
    let order = bit(mixed, 0) << 5
        | bit(y, 0) << 4
        | bit(mixed, 1) << 3
        | bit(y, 1) << 2
        | bit(mixed, 2) << 1
        | bit(y, 2);
    (order as f32 + 0.5) / 64.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Vector};
    use crate::volume::synthetic::SyntheticVolume;

    fn volume() -> Volume {
        SyntheticVolume::new([21, 31, 11], [2., 1., 3.])
            .at(Point::new(-20., -15., -15.))
            .build(|_| 0.0)
    }

    fn request(viewer_mm: Option<f64>) -> RayRequest {
        let forward = Vector::new(-0.5, -0.7, -0.4).direction().unwrap();
        let right = forward.cross(Vector::new(0., 0., 1.)).direction().unwrap();
        let eye = Eye {
            target: Point::new(2., -3., 4.),
            right,
            down: forward.cross(right),
            mm_per_pixel: 0.5,
            size: [120.0, 90.0],
            viewer_mm,
        };
        RayRequest {
            eye,
            reach_mm: 200.0,
            step_mm: 1.0,
            cut: None,
        }
    }

    #[test]
    fn rays_are_those_of_the_eye() {
        let volume = volume();
        for viewer_mm in [None, Some(500.0)] {
            let request = request(viewer_mm);
            let frame = RayFrame::new(&volume, &request).unwrap();
            for (column, row) in [(60, 45), (40, 30), (80, 52)] {
                let ray = frame.ray(column, row).unwrap();
                let pixel = DVec2::new(column as f64 + 0.5, row as f64 + 0.5);
                for depth in [ray.from, ray.to, 3.0] {
                    let voxel = (ray.base + ray.along * depth).as_dvec3();
                    let at = volume.lps_from_voxel * Point::from_vec(voxel);
                    assert!((request.eye.pixel_of(at).unwrap() - pixel).length() < 1e-3);
                    assert!((request.eye.depth_mm(at) - f64::from(depth)).abs() < 1e-3);
                    let shown = frame.shown_depth(depth);
                    assert!((0.0..1.0).contains(&shown));
                    assert!((frame.depth_mm(shown) - depth).abs() < 1e-2, "{shown}");
                }
                // It enters and leaves at faces of the box.
                for depth in [ray.from, ray.to] {
                    let at = ray.base + ray.along * depth;
                    let off = at.min(frame.last - at).min_element();
                    assert!(off.abs() < 1e-3, "{at}");
                }
            }
        }
    }

    #[test]
    fn a_cut_takes_the_viewers_side_away() {
        let volume = volume();
        let mut request = request(Some(500.0));
        let whole = RayFrame::new(&volume, &request)
            .unwrap()
            .ray(60, 45)
            .unwrap();
        let plane = request.eye.plane();
        request.cut = Some(plane);
        let frame = RayFrame::new(&volume, &request).unwrap();
        let cut = frame.ray(60, 45).unwrap();
        // The plane through the target faces the viewer: depth 0.
        assert!(cut.enters_by_cut && cut.from.abs() < 1e-4 && cut.to == whole.to);
        request.cut = Some(Plane {
            right: -plane.right,
            ..plane
        });
        let other = RayFrame::new(&volume, &request)
            .unwrap()
            .ray(60, 45)
            .unwrap();
        assert!(!other.enters_by_cut && other.to.abs() < 1e-4 && other.from == whole.from);
        // A plane along the rays beside the middle one.
        let beside = Plane {
            origin: request.eye.target + plane.right * 5.0,
            right: plane.down,
            down: request.eye.forward(),
        };
        request.eye.viewer_mm = None;
        request.cut = Some(beside);
        let frame = RayFrame::new(&volume, &request).unwrap();
        let kept = [40, 75].map(|column| frame.ray(column, 45).is_some());
        assert!(kept[0] != kept[1], "{kept:?}");
    }

    #[test]
    fn the_jitter_takes_every_share_once_in_each_square() {
        let mut found: Vec<f32> = (0..64).map(|n| jitter(n % 8 + 16, n / 8 + 40)).collect();
        found.sort_by(f32::total_cmp);
        let wanted: Vec<f32> = (0..64).map(|n| (n as f32 + 0.5) / 64.0).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_cannot_be_seen_through_has_no_rays() {
        let volume = volume();
        let good = request(None);
        for bad in [
            RayRequest {
                step_mm: 0.0,
                ..good
            },
            RayRequest {
                reach_mm: f64::NAN,
                ..good
            },
            RayRequest {
                eye: Eye {
                    size: [0.0; 2],
                    ..good.eye
                },
                ..good
            },
        ] {
            assert!(RayFrame::new(&volume, &bad).is_none());
        }
    }
}
