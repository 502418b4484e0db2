//! Gluteal muscles and iliacus, shaped by the iliac wing between them (`ours`).

use std::sync::Arc;

use glam::DVec3;

use super::ct::fat_share;
use super::label::{self, Side};
use super::noise::NoiseField;
use super::pelvis::Ilium;
use super::shape::{Bounds, ease, smooth_max};
use super::soft_tissue::{Envelope, TrunkHu};
use super::voxelize::{Block, Layer, Tissue, Voxel};

/// Gluteal muscles outside and iliacus inside the iliac wings.
pub(super) struct PelvicMuscles {
    pub(super) envelope: Arc<Envelope>,
    pub(super) ilium: Arc<Ilium>,
    /// Centre of the S1 end-plate.
    pub(super) sacrum_mm: DVec3,
    pub(super) noise: NoiseField,
    pub(super) hu: TrunkHu,
}

impl PelvicMuscles {
    /// The gluteus maximus covers the back of the pelvis from the sacrum outwards.
    fn paint_maximus(&self, p_mm: DVec3, (fascia, streak): (f64, f32), voxel: &mut Voxel) {
        let x = p_mm.x.abs();
        let deep = self.sacrum_mm.y + 51.0 - 0.42 * (x - 20.0) - p_mm.y;
        let upper = p_mm.z - self.sacrum_mm.z + 66.0 - 0.55 * x;
        let medial = 10.0 + 0.10 * (self.sacrum_mm.z - 60.0 - p_mm.z).max(0.0) - x;
        let maximus = smooth_max(
            smooth_max(fascia, deep, 8.0),
            smooth_max(upper, medial, 6.0),
            8.0,
        );
        let hu = self.hu.muscle - (self.hu.muscle - self.hu.fat) * 0.8 * streak;
        voxel.cover(maximus, hu, label::gluteal(Side::of(p_mm.x)));
    }
}

impl Tissue for PelvicMuscles {
    fn bounds(&self) -> Bounds {
        let top = self.envelope.crest_mm() + 4.0;
        Bounds {
            low_mm: DVec3::new(-180.0, -110.0, -400.0),
            high_mm: DVec3::new(180.0, 140.0, top),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.envelope
            .fascia(p_mm)
            .max(p_mm.z - self.ilium.crest_mm(p_mm.x) - 4.0)
            - 2.0
    }

    fn block(&self, centre_mm: DVec3, margin_mm: f64) -> Block {
        let fascia = self.envelope.fascia(centre_mm);
        let above = centre_mm.z - self.ilium.crest_mm(centre_mm.x) - 4.0;
        let is_deep = fascia < -margin_mm - 12.0;
        Block {
            is_reached: fascia.max(above) - 2.0 <= margin_mm,
            layer: if is_deep { Layer::Deep } else { Layer::Mixed },
        }
    }

    fn paint_in(&self, block: Block, p_mm: DVec3, voxel: &mut Voxel) {
        if block.layer == Layer::Deep {
            self.paint_under(p_mm, -30.0, voxel);
        } else {
            self.paint(p_mm, voxel);
        }
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let fascia = self.envelope.fascia(p_mm);
        if fascia <= 2.0 {
            self.paint_under(p_mm, fascia, voxel);
        }
    }
}

impl PelvicMuscles {
    fn paint_under(&self, p_mm: DVec3, fascia: f64, voxel: &mut Voxel) {
        let (offset, half, distance) = self.ilium.wing(p_mm);
        let side = Side::of(p_mm.x);
        let below_crest = p_mm.z - self.ilium.crest_mm(p_mm.x) - 2.0;
        let wobble = 2.0 * self.noise.at(p_mm.x / 18.0, p_mm.y / 18.0, p_mm.z / 30.0);
        let broad = 7.0 * self.noise.at(p_mm.x / 40.0, p_mm.y / 40.0, p_mm.z / 50.0);
        let fine = self.noise.scaled(p_mm, DVec3::new(2.6, 2.6, 6.0));
        let streak = fat_share(0.7 * fine + 0.02 * broad, 0.36);
        self.paint_maximus(p_mm, (fascia + wobble, streak), voxel);
        if offset > 0.0 {
            let behind_sacrum = ease(34.0, 46.0, p_mm.x.abs()) * 20.0 - 12.0;
            let reach = distance - half - 46.0;
            let gluteal = smooth_max(smooth_max(fascia + wobble, below_crest, 6.0), reach, 6.0)
                .max(-behind_sacrum);
            // Fat planes between minimus, medius and maximus.
            let depth = distance - half + 1.5 * wobble + broad;
            let plane = |at: f64, width: f64| ease(width, 0.3 * width, (depth - at).abs());
            let planes = (0.55 * plane(10.0, 1.3)).max(plane(27.0, 2.2)) as f32 * 0.9;
            let hu = self.hu.muscle - (self.hu.muscle - self.hu.fat) * planes.max(0.75 * streak);
            voxel.cover(gluteal, hu, label::gluteal(side));
        } else {
            let depth =
                17.0 * ease(40.0, 5.0, p_mm.z - self.ilium.crest_mm(p_mm.x) + 40.0).max(0.6);
            let front = smooth_max(distance - half - depth + wobble, below_crest + 8.0, 6.0);
            let iliacus = smooth_max(front, p_mm.y - 30.0, 10.0);
            let hu = self.hu.muscle - (self.hu.muscle - self.hu.fat) * 0.5 * streak;
            voxel.cover(iliacus, hu, label::iliacus(side));
        }
    }
}
