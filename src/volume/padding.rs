//! Voxels without an image: what a scanner writes outside the circle that it reconstructs. They
//! are neither air nor tissue. Where such a circle cuts through the patient, the images end there
//! and the skin does not lie there.

use super::Volume;
use super::sample::{Interpolation, linear_taps, nearest_stored, value_at};
use crate::geometry::{Lps, Point, Vector};
use crate::study::ModalityLut;

/// HU that nothing has: air has −1000, and noise takes it hardly below −1300. Scanners write less
/// outside their circle, and many headers name another padding than theirs, or none.
const NO_TISSUE_HU: f64 = -1500.0;

/// Padding that a header names between these HU is no padding: tissue would be taken for it.
const TISSUE_HU: std::ops::RangeInclusive<f64> = -900.0..=2000.0;

/// CT number of air.
pub const AIR_HU: f64 = -1000.0;

/// Padding so near to air, HU, may be the air of a ground that was cleaned.
const LIKE_AIR_HU: f64 = 100.0;

/// So many voxels from a point on the skin its blurred edge is looked for, each way in a slice.
const EDGE_VOXELS: i32 = 4;

/// So far beyond tissue air is looked for, mm, or one voxel where that is more: single voxels of
/// air may have the value of the padding by noise.
const AIR_WITHIN_MM: f64 = 4.0;

/// Most samples on that way.
const MOST_SAMPLES: f64 = 1e4;

/// What tells the voxels without an image of one volume from others.
struct Blanks<'a> {
    padding: Option<[f64; 2]>,
    lut: Option<&'a ModalityLut>,
}

impl Blanks<'_> {
    fn has(&self, stored: f64) -> bool {
        let named = |[least, most]: [f64; 2]| (least..=most).contains(&stored);
        self.padding.is_some_and(named)
            || self
                .lut
                .is_some_and(|lut| lut.apply(stored) <= NO_TISSUE_HU)
    }
}

impl Volume {
    /// Which values mark a voxel without an image: those that the header says (Pixel Padding
    /// Value, PS3.3 C.7.5.1.1.2), or, in CT, numbers that nothing has.
    fn blanks(&self) -> Blanks<'_> {
        let lut = Some(&self.modality_lut).filter(|_| self.unit() == "HU");
        let named = self.padding.filter(|&[least, most]| {
            lut.is_none_or(|lut| {
                let [one, other] = [lut.apply(least), lut.apply(most)];
                let [low, high] = [one.min(other), one.max(other)];
                high < *TISSUE_HU.start() || low > *TISSUE_HU.end()
            })
        });
        Blanks {
            padding: named,
            lut,
        }
    }

    fn is_blank(&self, stored: f64) -> bool {
        self.blanks().has(stored)
    }

    /// Whether the padding that the header names has the number of air: then air may have that of
    /// the padding.
    pub fn is_padding_like_air(&self) -> bool {
        let hu = |stored: f64| self.modality_lut.apply(stored);
        let is_air = |end: f64| (hu(end) - AIR_HU).abs() <= LIKE_AIR_HU;
        self.padding
            .is_some_and(|ends| ends.into_iter().all(is_air))
    }

    /// Whether a voxel is one without an image; false outside and where the slice is missing.
    pub fn is_blank_voxel(&self, [column, row, slice]: [usize; 3]) -> bool {
        let [columns, rows, _] = self.size;
        let inside = column < columns && row < rows;
        let stored = self.voxels.stored(slice, row * columns + column);
        inside && stored.is_some_and(|stored| self.is_blank(stored))
    }

    /// Modality value of one voxel; `None` outside, where the slice is missing, and where a voxel
    /// without an image has `least` or more: padding may have the number of bone.
    pub fn value_unless_padded(&self, voxel: [usize; 3], least: f64) -> Option<f64> {
        let [column, row, slice] = voxel;
        let value = self.value_at_voxel(column, row, slice)?;
        let padded = value >= least && self.padding.is_some() && self.is_blank_voxel(voxel);
        (!padded).then_some(value)
    }

    /// Whether the voxel nearest to a point is one without an image; false outside.
    pub fn is_blank_at(&self, point: Point<Lps>) -> bool {
        let at = (self.voxel_from_lps * point).to_array();
        nearest_stored(self, at).is_some_and(|stored| self.is_blank(stored))
    }
}

/// Trilinear HU at a point of a CT with air in the place of voxels without an image, whatever
/// their number: so they are never taken for tissue. `None` as in [`value_at`].
pub fn value_in_air(volume: &Volume, point: Point<Lps>) -> Option<f64> {
    let plain = value_at(volume, point, Interpolation::Linear)?;
    let at = (volume.voxel_from_lps * point).to_array();
    let [columns, rows, slices] = volume.size;
    let [across, down, along] = [
        linear_taps(at[0], columns)?,
        linear_taps(at[1], rows)?,
        linear_taps(at[2], slices)?,
    ]
    .map(|(low, high, share)| [(low, 1.0 - share), (high, share)]);
    let blanks = volume.blanks();
    let (mut sum, mut any) = (0.0, false);
    for (slice, by_slice) in along {
        for (row, by_row) in down {
            for (column, by_column) in across {
                let Some(stored) = volume.voxels.stored(slice, row * columns + column) else {
                    continue;
                };
                let blank = blanks.has(stored);
                any |= blank;
                let value = if blank {
                    AIR_HU
                } else {
                    volume.modality_lut.apply(stored)
                };
                sum += by_slice * by_row * by_column * value;
            }
        }
    }
    Some(if any { sum } else { plain })
}

/// Whether the images end where tissue seems to: beyond a point on its surface, in a unit
/// direction out of it, come voxels without an image, and no air (values below `below_hu`) soon.
///
/// Where the padding has the number of air, all that lies about a patient may have it: there the
/// blurred edge of the skin, voxels with less than half of tissue, tells it from a cut.
pub fn is_cut_off(
    volume: &Volume,
    (from, outwards): (Point<Lps>, Vector<Lps>),
    below_hu: f64,
) -> bool {
    let coarsest_mm = volume.geometry.spacing_mm.into_iter().fold(0.0, f64::max);
    let step_mm = volume.finest_spacing_mm() / 2.0;
    let count = (AIR_WITHIN_MM.max(coarsest_mm) / step_mm).ceil();
    let mut blank = false;
    for sample in 0..=count.min(MOST_SAMPLES) as usize {
        let point = from + outwards * (step_mm * sample as f64);
        let at = (volume.voxel_from_lps * point).to_array();
        let Some(stored) = nearest_stored(volume, at) else {
            break;
        };
        if volume.is_blank(stored) {
            blank = true;
        } else if volume.modality_lut.apply(stored) < below_hu {
            return false;
        }
    }
    blank && !(volume.is_padding_like_air() && has_thin_about(volume, from, below_hu))
}

/// Whether any voxel with an image near a point, in its slice, has less than so many HU.
fn has_thin_about(volume: &Volume, point: Point<Lps>, below_hu: f64) -> bool {
    let at = (volume.voxel_from_lps * point).to_array();
    (-EDGE_VOXELS..=EDGE_VOXELS).any(|down| {
        (-EDGE_VOXELS..=EDGE_VOXELS).any(|across| {
            let voxel = [at[0] + f64::from(across), at[1] + f64::from(down), at[2]];
            nearest_stored(volume, voxel).is_some_and(|stored| {
                !volume.is_blank(stored) && volume.modality_lut.apply(stored) < below_hu
            })
        })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::volume::structure::surface::iso_surface;
    use crate::volume::synthetic::SyntheticVolume;

    /// A patient 180 mm wide and 120 mm high, 40 HU in air of some noise, in a field of 200 mm of
    /// which a circle was reconstructed; outside it `padding`, as HU and in the header. Air that
    /// noise takes below −1024 HU has just that.
    pub(crate) fn patient_in_circle(radius_mm: f64, padding: f64) -> Volume {
        let mut volume = SyntheticVolume::new([200, 200, 12], [1., 1., 3.])
            .at(Point::new(-99.5, -99.5, -16.5))
            .build(|p| {
                if p.0.x.hypot(p.0.y) > radius_mm {
                    return padding;
                }
                // About the distance to the skin.
                let outside_mm = ((p.0.x / 90.0).hypot(p.0.y / 60.0) - 1.0) * 60.0;
                let tissue = (0.5 - outside_mm / 2.0).clamp(0.0, 1.0);
                let mixed = (12.9898 * p.0.x + 78.233 * p.0.y + 37.719 * p.0.z).sin();
                let noise = 30.0 * (43_758.545 * mixed).fract();
                (-1000.0 + 1040.0 * tissue + noise).max(-1024.0)
            });
        "HU".clone_into(&mut volume.modality_lut.unit);
        volume.padding = Some([padding; 2]);
        volume
    }

    #[test]
    fn padding_has_no_surface_whatever_its_number() {
        let surface = |padding: f64, threshold: f64| {
            let volume = patient_in_circle(95.0, padding);
            iso_surface(&volume, threshold, 2, &|| false).unwrap()
        };
        let skin = surface(-3024.0, -500.0);
        assert!(!skin.triangles.is_empty());
        assert_eq!(surface(3000.0, -500.0).triangles, skin.triangles);
        assert!(surface(3000.0, 200.0).triangles.is_empty());
    }

    #[test]
    fn padding_is_neither_air_nor_tissue_whatever_its_number() {
        let out = Vector::new(1., 0., 0.);
        for padding in [-3024.0, -1024.0, 3000.0] {
            // The circle ends in the flank at 70 mm.
            let cut = patient_in_circle(70.0, padding);
            let flank = Point::new(70.0, 0.5, 0.);
            assert!(is_cut_off(&cut, (flank, out), -500.0), "{padding}");
            assert!(cut.is_blank_at(Point::new(72., 0., 0.)));
            let beyond = value_in_air(&cut, Point::new(75., 0., 0.)).unwrap();
            assert_eq!(beyond, -1000.0);
            let within = Point::new(40.3, 5.2, 1.);
            let plain = value_at(&cut, within, Interpolation::Linear);
            assert_eq!(value_in_air(&cut, within), plain);
            // Skin and air within the circle, the padding 5 mm away.
            let whole = patient_in_circle(95.0, padding);
            let flank = Point::new(90.0, 0.5, 0.);
            assert!(!is_cut_off(&whole, (flank, out), -500.0), "{padding}");
        }
        // A number that tissue has is no padding, whatever a header says.
        let mut careless = patient_in_circle(95.0, -3024.0);
        for named in [[40.0; 2], [-3024.0, 40.0], [40.0, 3000.0]] {
            careless.padding = Some(named);
            assert!(!careless.is_blank(40.0) && careless.is_blank(-3024.0));
        }
        // Where the header names another padding than there is, or none.
        let mut wrong = patient_in_circle(70.0, -3024.0);
        wrong.padding = None;
        let flank = (Point::new(70.0, 0.5, 0.), out);
        assert!(is_cut_off(&wrong, flank, -500.0));
        // The end of the field alone is no padding.
        let end = (Point::new(99.0, 0.5, 0.), out);
        let full = patient_in_circle(500.0, -3024.0);
        assert!(!is_cut_off(&full, end, -500.0));
    }
}
