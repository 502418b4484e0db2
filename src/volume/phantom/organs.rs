//! Liver, spleen, bladder and lung bases (`ours`; the pleural recess follows reference 3.9).

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::label;
use super::noise::NoiseField;
use super::pose::Pose;
use super::shape::{Bounds, ease, ellipsoid, smooth_max};
use super::soft_tissue::Envelope;
use super::voxelize::{Tissue, Voxel};

/// Solid organ inside the abdominal wall.
pub(super) struct Solid {
    centre_mm: DVec3,
    half_mm: DVec3,
    envelope: Arc<Envelope>,
    noise: NoiseField,
    hu: f32,
    number: u8,
}

impl Solid {
    /// Liver, spleen and bladder.
    pub(super) fn all(
        tables: &Tables,
        pose: &Pose,
        envelope: &Arc<Envelope>,
        noise: &NoiseField,
    ) -> Result<Vec<Self>, PhantomError> {
        let solid = |centre: [f64; 3], half: [f64; 3], hu: f32, number: u8| Self {
            centre_mm: DVec3::from_array(centre),
            half_mm: DVec3::from_array(half),
            envelope: Arc::clone(envelope),
            noise: noise.clone(),
            hu,
            number,
        };
        let o = pose.sacrum.origin_mm;
        Ok(vec![
            solid(
                [-78.0, -32.0, 138.0],
                [84.0, 92.0, 86.0],
                tables.hu("liver")?,
                label::LIVER,
            ),
            solid(
                [106.0, 14.0, 132.0],
                [26.0, 46.0, 52.0],
                tables.hu("spleen")?,
                label::SPLEEN,
            ),
            solid(
                [3.0, o.y - 72.0, o.z - 118.0],
                [42.0, 30.0, 26.0],
                tables.hu("urine")?,
                label::BLADDER,
            ),
        ])
    }

    fn distance(&self, p_mm: DVec3) -> f64 {
        ellipsoid(p_mm - self.centre_mm, self.half_mm)
            + 5.0 * self.noise.at(p_mm.x / 34.0, p_mm.y / 34.0, p_mm.z / 34.0)
    }
}

impl Tissue for Solid {
    fn bounds(&self) -> Bounds {
        let low = self.centre_mm - self.half_mm - DVec3::splat(8.0);
        Bounds {
            low_mm: low,
            high_mm: self.centre_mm + self.half_mm + DVec3::splat(8.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let organ = smooth_max(
            self.distance(p_mm),
            self.envelope.peritoneum(p_mm) + 3.0,
            8.0,
        );
        let hu = self.hu + 3.5 * self.noise.rough(p_mm, 7.0) as f32;
        voxel.cover(organ, hu, self.number);
    }
}

/// Lung in the posterior costophrenic recess, over the diaphragm.
pub(super) struct LungBase {
    pub(super) envelope: Arc<Envelope>,
    pub(super) noise: NoiseField,
    pub(super) hu: f32,
    /// Lowest point of the recess, at the twelfth rib medially.
    pub(super) bottom_mm: f64,
}

impl LungBase {
    fn distance(&self, p_mm: DVec3) -> f64 {
        let inner = self.envelope.peritoneum(p_mm) + 2.0;
        let rise = p_mm.z - self.bottom_mm - 0.05 * (45.0 - p_mm.y).max(0.0) * 4.0;
        let thickness = 0.55 * rise;
        let crescent = (-thickness - inner).max(-rise);
        let medial = 20.0 - p_mm.x.abs();
        smooth_max(smooth_max(inner, crescent, 3.0), medial, 6.0)
    }
}

impl Tissue for LungBase {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-150.0, -60.0, self.bottom_mm),
            high_mm: DVec3::new(150.0, 110.0, self.bottom_mm + 200.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm) - 4.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let lung = self.distance(p_mm);
        voxel.cover(lung - 3.0, 50.0, label::DIAPHRAGM);
        let vessels = ease(0.35, 0.6, self.noise.rough(p_mm, 4.0)) as f32;
        voxel.cover(
            lung,
            self.hu + 40.0 * self.noise.rough(p_mm, 9.0) as f32 + 420.0 * vessels,
            label::LUNG,
        );
    }
}
