//! A coarser copy of an attenuation volume whose cells are about as large each way.

use glam::DVec3;

use super::{Attenuation, AttenuationError, BORDER};
use crate::geometry::Transform;

impl Attenuation {
    /// Means of as many cells along each axis as fit `spacing_mm`: thick slices stay as they are
    /// while fine pixels are put together.
    pub fn coarser(&self, spacing_mm: f64) -> Result<Self, AttenuationError> {
        let count = self.size.map(|n| n - 2 * BORDER);
        // A little tolerance, so that 0.8 mm voxels are doubled for 1.5 mm.
        let factor: [usize; 3] = std::array::from_fn(|axis| {
            let fits = (spacing_mm / self.spacing_mm[axis] + 0.2).max(1.0) as usize;
            fits.min(count[axis])
        });
        let cells = factor.iter().product::<usize>();
        let mean = |at: [usize; 3]| {
            let mut sum = 0_u64;
            for cell in 0..cells {
                let part = [
                    cell / (factor[1] * factor[2]),
                    cell / factor[2] % factor[1],
                    cell % factor[2],
                ];
                let old = std::array::from_fn(|k| BORDER + factor[k] * at[k] + part[k]);
                sum += u64::from(self.unit_at(old));
            }
            ((sum + cells as u64 / 2) / cells as u64) as u16
        };
        let scale = DVec3::from_array(factor.map(|n| 1.0 / n as f64));
        let map = self.cell_from_lps.0;
        // The first new centre is the mean of the old ones that it is made of.
        let middle = DVec3::from_array(factor.map(|n| (n as f64 - 1.0) / 2.0));
        let border = DVec3::splat(BORDER as f64);
        let origin = (map.translation - border - middle) * scale + border;
        let [x, y, z] = map.matrix3.to_cols_array_2d().map(DVec3::from_array);
        self.rebuilt(
            std::array::from_fn(|axis| count[axis].div_ceil(factor[axis])),
            std::array::from_fn(|axis| self.spacing_mm[axis] * factor[axis] as f64),
            Transform::from_columns(x * scale, y * scale, z * scale, origin),
            &mean,
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::geometry::Point;
    use crate::volume::attenuation::{Attenuation, AttenuationModel};
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn thick_slices_stay_and_the_values_stay_in_their_place() {
        let mut volume = SyntheticVolume::new([40, 40, 12], [0.7, 0.7, 2.5])
            .at(Point::new(-14.0, -14.0, -15.0))
            .build(|at| 200.0 + 10.0 * at.0.x + 4.0 * at.0.z);
        "HU".clone_into(&mut volume.modality_lut.unit);
        let fine = Attenuation::of(&volume, AttenuationModel::default()).unwrap();
        let coarse = fine.coarser(1.3).unwrap();
        assert_eq!(coarse.spacing_mm, [1.4, 1.4, 2.5]);
        for at in [[0.0, 0.0, 0.0], [5.1, -4.2, 3.3], [-7.7, 6.0, -6.1]] {
            let at = Point::from(at);
            let (fine, coarse) = (fine.per_mm_at(at), coarse.per_mm_at(at));
            assert!((fine - coarse).abs() < 1e-3 * fine, "{fine} {coarse}");
        }
        assert!(coarse.bytes() < fine.bytes() / 2);
    }
}
