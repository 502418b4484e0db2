//! Kidneys with cortex, sinus fat and perirenal fat (reference 3.9).

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::label::{self, Side};
use super::noise::NoiseField;
use super::shape::{Bounds, ease, ellipsoid, smooth_max};
use super::voxelize::{Tissue, Voxel};

/// A kidney with its sinus fat.
pub(super) struct Kidney {
    side: Side,
    centre_mm: DVec3,
    half_mm: DVec3,
    noise: NoiseField,
    hu: f32,
    fat_hu: f32,
}

impl Kidney {
    pub(super) fn pair(tables: &Tables, noise: &NoiseField) -> Result<[Self; 2], PhantomError> {
        let half: [f64; 3] = tables.list("kidney", "half_axes_mm")?;
        let centre: [f64; 3] = tables.list("kidney", "centre_mm")?;
        let (hu, fat_hu) = (tables.hu("kidney")?, tables.hu("visceral_fat")?);
        Ok(Side::BOTH.map(|side| Self {
            side,
            centre_mm: DVec3::new(
                side.sign() * centre[0],
                centre[1],
                centre[2] + 6.0 * (side.sign() - 1.0),
            ),
            half_mm: DVec3::from_array(half),
            noise: noise.clone(),
            hu,
            fat_hu,
        }))
    }

    /// Coordinates along the kidney: x lateral, z towards its (medially leaning) upper pole.
    fn local(&self, p_mm: DVec3) -> DVec3 {
        let d = p_mm - self.centre_mm;
        let lateral = self.side.sign() * d.x;
        // Upper pole leans medially and backwards; the long axis follows the psoas.
        DVec3::new(
            lateral + 0.13 * d.z - 0.003 * d.z * d.z,
            d.y - 0.16 * d.z + 0.25 * lateral,
            d.z,
        )
    }

    /// Distance to the kidney's capsule.
    pub(super) fn distance_mm(&self, p_mm: DVec3) -> f64 {
        ellipsoid(self.local(p_mm), self.half_mm)
    }
}

impl Tissue for Kidney {
    fn bounds(&self) -> Bounds {
        Bounds::around(&[self.centre_mm], self.half_mm.z + 14.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        ellipsoid(self.local(p_mm), self.half_mm) - 10.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let q = self.local(p_mm);
        let kidney = ellipsoid(q, self.half_mm) + 1.2 * self.noise.rough(p_mm, 12.0);
        // Perirenal fat keeps gut and muscle away.
        voxel.cover(kidney - 5.0, self.fat_hu, label::VISCERAL_FAT);
        let sinus = ellipsoid(q - DVec3::new(-11.0, 0.0, 0.0), DVec3::new(16.0, 8.5, 24.0))
            + 3.5 * self.noise.rough(p_mm, 9.0);
        let parenchyma = smooth_max(kidney, -sinus, 3.0);
        voxel.cover(
            parenchyma,
            self.hu + 3.0 * self.noise.rough(p_mm, 5.0) as f32,
            label::kidney(self.side),
        );
        let inside = smooth_max(sinus, kidney + 1.0, 2.0);
        let pelvis = ease(0.1, 0.35, self.noise.rough(p_mm, 6.0)) as f32;
        voxel.cover(
            inside,
            self.fat_hu + 85.0 * pelvis,
            label::renal_sinus(self.side),
        );
    }
}
