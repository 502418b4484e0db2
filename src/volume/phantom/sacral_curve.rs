//! Curved coordinates of the sacrum: its axis, canal and hiatus (reference 3.8).

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::Tables;
use super::pose::{Frame, Pose};
use super::shape::Profile;

/// Length of the straight upper part of the sacral axis (`ours`).
const STRAIGHT_MM: f64 = 45.0;
/// The body axis leans further back than the normal of the S1 end-plate (`ours`).
const TABLE_DEG: f64 = 12.0;

/// Sacral axis: straight through S1 and S2, then an arc concave to the front.
#[derive(Debug, Clone)]
pub(super) struct SacralCurve {
    top: Frame,
    radius_mm: f64,
    half_depth: Profile,
    canal_ap: Profile,
    canal_half_width: Profile,
    pub(super) hiatus_apex_mm: f64,
    hiatus_end_mm: f64,
}

impl SacralCurve {
    pub(super) fn new(tables: &Tables, pose: &Pose) -> Result<Self, PhantomError> {
        let tilt = pose.sacrum.tilt_rad() + TABLE_DEG.to_radians();
        let depth = tables.scalar("sacrum", "endplate_depth_mm")?;
        let ap: [f64; 4] = tables.list("sacrum", "canal_anteroposterior_mm")?;
        let width = tables.scalar("sacrum", "canal_width_mm")?;
        let apex = tables.scalar("sacrum", "hiatus_apex_mm")?;
        let half = 0.5 * depth;
        Ok(Self {
            top: Frame::new(pose.sacrum.origin_mm, tilt),
            radius_mm: tables.scalar("sacrum", "kyphosis_radius_mm")?,
            half_depth: Profile::new(vec![
                (0.0, half),
                (30.0, 0.74 * half),
                (60.0, 0.48 * half),
                (90.0, 0.32 * half),
                (112.0, 0.22 * half),
            ]),
            canal_ap: Profile::new(vec![
                (8.0, ap[0]),
                (36.0, ap[1]),
                (58.0, ap[2]),
                (apex, ap[3]),
                (apex + 20.0, 3.0),
            ]),
            canal_half_width: Profile::new(vec![
                (6.0, 0.48 * width),
                (30.0, 0.36 * width),
                (55.0, 0.27 * width),
                (apex, 0.21 * width),
                (apex + 20.0, 0.15 * width),
            ]),
            hiatus_apex_mm: apex,
            hiatus_end_mm: apex + 20.0,
        })
    }

    /// Model point at arc length `s_mm`, `n_mm` behind the axis and lateral `x_mm`.
    pub(super) fn model(&self, s_mm: f64, n_mm: f64, x_mm: f64) -> DVec3 {
        if s_mm <= STRAIGHT_MM {
            return self.top.model(DVec3::new(x_mm, n_mm, -s_mm));
        }
        let (sin, cos) = ((s_mm - STRAIGHT_MM) / self.radius_mm).sin_cos();
        let r = self.radius_mm + n_mm;
        self.top.model(DVec3::new(
            x_mm,
            r * cos - self.radius_mm,
            -STRAIGHT_MM - r * sin,
        ))
    }

    /// Lateral position, arc length and distance behind the axis, as (x, s, n).
    pub(super) fn place(&self, p_mm: DVec3) -> DVec3 {
        let q = self.top.local(p_mm);
        if -q.z <= STRAIGHT_MM {
            return DVec3::new(q.x, -q.z, q.y);
        }
        let from_centre = DVec2::new(q.y + self.radius_mm, -q.z - STRAIGHT_MM);
        let s = STRAIGHT_MM + from_centre.y.atan2(from_centre.x) * self.radius_mm;
        DVec3::new(q.x, s, from_centre.length() - self.radius_mm)
    }

    pub(super) fn half_depth_mm(&self, s_mm: f64) -> f64 {
        self.half_depth.at(s_mm)
    }

    /// Front and roof of the sacral canal behind the axis.
    pub(super) fn canal_mm(&self, s_mm: f64) -> (f64, f64) {
        let front = self.half_depth.at(s_mm) + 0.6;
        (front, front + self.canal_ap.at(s_mm))
    }

    /// Adds the sacral stations to the canal's nodes; returns the height of its lower end.
    pub(super) fn push_canal(&self, mut push: impl FnMut(DVec3, DVec3, f64)) -> f64 {
        let stations = [
            6.0,
            20.0,
            36.0,
            52.0,
            66.0,
            self.hiatus_apex_mm,
            self.hiatus_end_mm,
        ];
        for s in stations {
            let (front, roof) = self.canal_mm(s);
            push(
                self.model(s, front, 0.0),
                self.model(s, roof, 0.0),
                self.canal_half_width.at(s),
            );
        }
        self.model(
            self.hiatus_end_mm,
            self.half_depth.at(self.hiatus_end_mm),
            0.0,
        )
        .z
    }
}
