//! Intervertebral discs: annulus and nucleus between the end-plates (reference 3.7).

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{L5, Tables};
use super::label;
use super::noise::NoiseField;
use super::pose::{Frame, Pose};
use super::shape::{Bounds, ease, ellipsoid, smooth_max, superellipse};
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel, blend_hu};

/// One disc in its own frame.
#[derive(Debug, Clone)]
pub(super) struct Disc {
    gap: usize,
    pub(super) frame: Frame,
    pub(super) half: DVec2,
    half_height_mm: f64,
    wedge_rad: f64,
    noise: NoiseField,
    annulus_hu: f32,
    nucleus_hu: f32,
}

impl Disc {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        upper: &Vertebra,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let gap = upper.level;
        let rim = upper.inferior_half();
        let half = if gap == L5 {
            DVec2::new(rim.x * 0.96, rim.y)
        } else {
            rim
        };
        Ok(Self {
            gap,
            frame: pose.discs[gap],
            half,
            half_height_mm: 0.5 * pose.disc_height_mm[gap],
            wedge_rad: pose.disc_wedge_rad[gap],
            noise: noise.clone(),
            annulus_hu: tables.hu("annulus")?,
            nucleus_hu: tables.hu("nucleus")?,
        })
    }

    /// Middle of the nucleus, a little behind the middle of the disc.
    pub(super) fn nucleus_mm(&self) -> DVec3 {
        DVec3::new(0.0, 0.08 * self.half.y, 0.0)
    }

    /// How much of the disc at a model point is annulus rather than nucleus.
    pub(super) fn annulus_share(&self, p_mm: DVec3) -> f64 {
        let nucleus = self.nucleus(self.frame.local(p_mm));
        ease(-3.5, 5.5, nucleus + 1.2 * self.noise.rough(p_mm, 9.0))
    }

    /// Distance to the nucleus pulposus.
    fn nucleus(&self, q_mm: DVec3) -> f64 {
        ellipsoid(
            q_mm - self.nucleus_mm(),
            DVec3::new(
                0.58 * self.half.x,
                0.56 * self.half.y,
                self.half_height_mm + 2.4,
            ),
        )
    }
}

impl Tissue for Disc {
    fn bounds(&self) -> Bounds {
        let reach = DVec3::new(
            self.half.x + 4.0,
            self.half.y + 6.0,
            self.half_height_mm + 9.0,
        );
        let corners = [-1.0, 1.0].map(|s| self.frame.model(DVec3::new(0.0, s * reach.y, 0.0)));
        let mut bounds = Bounds::around(&corners, self.half_height_mm + 5.0);
        bounds.low_mm.x = -reach.x;
        bounds.high_mm.x = reach.x;
        bounds
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        let q = self.frame.local(p_mm);
        superellipse(q.x, q.y, self.half + DVec2::splat(1.5), 0.4)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let q = self.frame.local(p_mm);
        // The back is slightly hollow above L5 and convex at L5-S1, like the rims.
        let hollow = if self.gap == L5 { 0.3 } else { 1.8 };
        let x = q.x / self.half.x;
        let y = q.y + hollow * (1.0 - x * x).max(0.0) * ease(0.0, self.half.y, q.y) - 0.5 * hollow;
        let outline = superellipse(
            q.x,
            y,
            self.half + DVec2::new(0.8, 0.8 + 0.5 * hollow),
            0.42,
        ) + 0.3 * self.noise.rough(p_mm, 7.0);
        let ceiling = self.half_height_mm - q.y * 0.5 * self.wedge_rad.tan() + 3.2;
        let disc = smooth_max(outline, q.z.abs() - ceiling, 2.0);
        if disc > voxel.width_mm {
            return;
        }
        let nucleus = self.nucleus(q) + 1.2 * self.noise.rough(p_mm, 9.0);
        let lamellae = 9.0 * (outline * 1.6).sin() as f32;
        let mottle = 10.0 * self.noise.rough(p_mm, 4.0) as f32;
        let outside = self.annulus_hu + lamellae;
        let hu = blend_hu(self.nucleus_hu, outside, nucleus, 3.5) + mottle;
        let number = if self.nucleus(q) < 0.0 {
            label::nucleus(self.gap)
        } else {
            label::annulus(self.gap)
        };
        voxel.cover(disc, hu, number);
    }
}
