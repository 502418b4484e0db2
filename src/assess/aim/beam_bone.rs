//! How much bone a beam passes that goes through the target: what lies over it in the picture.

use crate::assess::entry_map::score::BONE_HU;
use crate::assess::skin::along_body_axis;
use crate::geometry::{Lps, Point, Vector};
use crate::volume::Volume;
use crate::volume::padding::{is_cut_off, value_in_air};

/// Bone in a beam starts here, as in an entry map.
pub const BEAM_BONE_HU: f64 = BONE_HU;

/// Step along the beam, mm.
const STEP_MM: f64 = 1.0;

/// Denser than this at the edge of the images, the body goes on beyond them, HU.
const BODY_HU: f64 = -300.0;

/// Bone along one beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BeamBone {
    /// Way through bone, mm.
    pub mm: f64,
    /// The beam leaves the images inside the body – at their faces, also through gas in it, or at
    /// the circle that was reconstructed – or passes voxels that are not there (a gap, a slice that
    /// was not read), so that there may be more.
    pub at_least: bool,
}

impl BeamBone {
    /// Bone along the whole straight line through `through` with direction `along`: what is before
    /// the target weakens the beam as much as what is behind it, so both hide the target. `None`
    /// where the images are not in HU, or the line misses them.
    pub fn of(volume: &Volume, through: Point<Lps>, along: Vector<Lps>) -> Option<Self> {
        if volume.unit() != "HU" {
            return None;
        }
        let along = along.direction()?;
        let (from, to) = inside(volume, through, along)?;
        let steps = ((to.mm - from.mm) / STEP_MM).floor().clamp(0.0, 1e5) as usize;
        let point = |step: usize| through + along * (from.mm + (step as f64 + 0.5) * STEP_MM);
        let (mut bone, mut unknown) = (0_usize, false);
        let mut former: Option<(Point<Lps>, bool)> = None;
        for step in 0..steps {
            let here = point(step);
            let Some(hu) = value_in_air(volume, here) else {
                unknown = true;
                former = None;
                continue;
            };
            bone += usize::from(hu >= BEAM_BONE_HU);
            let is_body = hu > BODY_HU;
            // Where the body begins or ends, it may go on where there is no image.
            unknown |= match former {
                Some((_, false)) if is_body => is_cut_off(volume, (here, -along), BODY_HU),
                Some((last, true)) if !is_body => is_cut_off(volume, (last, along), BODY_HU),
                _ => false,
            };
            former = Some((here, is_body));
        }
        let ends = [(point(0), from), (point(steps.saturating_sub(1)), to)];
        let leaves_body = |(last, end): (Point<Lps>, End)| {
            value_in_air(volume, last).is_some_and(|hu| hu > BODY_HU)
                || (end.axis == along_body_axis(volume) && is_in_outline(volume, last, end.axis))
        };
        Some(Self {
            mm: bone as f64 * STEP_MM,
            at_least: unknown || (steps > 0 && ends.into_iter().any(leaves_body)),
        })
    }

    /// `38 mm`, `at least 38 mm`.
    pub fn words(self) -> String {
        let least = if self.at_least { "at least " } else { "" };
        format!("{least}{:.0} mm", self.mm)
    }
}

/// Where a line meets a face of the images.
#[derive(Debug, Clone, Copy)]
struct End {
    /// Along the line from the point it was given by, mm.
    mm: f64,
    /// Voxel axis (0 column, 1 row, 2 slice) that the face ends.
    axis: usize,
}

/// Where a line lies within the box of the outermost voxel centres, from the point `through`.
fn inside(volume: &Volume, through: Point<Lps>, along: Vector<Lps>) -> Option<(End, End)> {
    let start = (volume.voxel_from_lps * through).to_array();
    let way = volume.voxel_from_lps.vector(along).to_array();
    let end = |mm| End { mm, axis: 0 };
    let (mut from, mut to) = (end(f64::NEG_INFINITY), end(f64::INFINITY));
    for (axis, ((start, way), count)) in start.into_iter().zip(way).zip(volume.size).enumerate() {
        let last = count.max(1) as f64 - 1.0;
        if way.abs() < 1e-9 {
            // Parallel to this pair of faces.
            if start < -0.5 || start > last + 0.5 {
                return None;
            }
            continue;
        }
        let (a, b) = (-start / way, (last - start) / way);
        if a.min(b) > from.mm {
            from = End { mm: a.min(b), axis };
        }
        if a.max(b) < to.mm {
            to = End { mm: a.max(b), axis };
        }
    }
    (from.mm < to.mm && from.mm.is_finite() && to.mm.is_finite()).then_some((from, to))
}

/// Whether the body lies on both sides of a point, along one of the two voxel axes across `axis`:
/// there gas (lung, bowel) is in the body. Between two limbs, and between the body and a table, the
/// answer is yes too: rather a bound than a number that leaves bone out.
fn is_in_outline(volume: &Volume, point: Point<Lps>, axis: usize) -> bool {
    let at = (volume.voxel_from_lps * point).to_array();
    let voxel: [usize; 3] = std::array::from_fn(|axis| {
        let last = volume.size[axis].saturating_sub(1);
        // Cut at 0; a coordinate that is no number is 0.
        (at[axis].round() as usize).min(last)
    });
    let is_body = |voxel: [usize; 3]| {
        let [column, row, slice] = voxel;
        let hu = volume.value_at_voxel(column, row, slice);
        hu.is_some_and(|hu| hu > BODY_HU) && !volume.is_blank_voxel(voxel)
    };
    (0..3).filter(|&across| across != axis).any(|across| {
        let beside = |index: usize| {
            let mut beside = voxel;
            beside[across] = index;
            is_body(beside)
        };
        (0..voxel[across]).rev().any(beside) && (voxel[across] + 1..volume.size[across]).any(beside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    /// 100 × 100 × 60 voxels of 1 × 1 × 2 mm: air, in it a body of water from 10 to 90 mm in x and
    /// y, in that bone where y lies in 30..50.
    fn slab() -> Volume {
        let mut volume = SyntheticVolume::new([100, 100, 60], [1., 1., 2.]).build(|p| {
            let [x, y, _] = p.to_array();
            let body = (10.0..=90.0).contains(&x) && (10.0..=90.0).contains(&y);
            match (body, (30.0..50.0).contains(&y)) {
                (false, _) => -1000.0,
                (true, true) => 700.0,
                (true, false) => 0.0,
            }
        });
        volume.modality_lut.unit = "HU".to_owned();
        volume
    }

    #[test]
    fn the_way_through_a_slab_of_bone_is_its_thickness_over_the_cosine() {
        let volume = slab();
        let through = Point::new(50., 60., 60.);
        let bone = |along: [f64; 3]| BeamBone::of(&volume, through, along.into()).unwrap();
        // Half the voxel at both edges is above 200 HU: 20 mm less what interpolation takes.
        let straight = bone([0., 1., 0.]);
        assert!((straight.mm - 20.0).abs() <= 1.5, "{straight:?}");
        assert!(!straight.at_least);
        assert_eq!(bone([0., -1., 0.]).mm, straight.mm, "both ways");
        let slant = bone([1., 1., 0.]);
        assert!((slant.mm - 20.0 * 2.0_f64.sqrt()).abs() <= 2.5, "{slant:?}");
        assert_eq!(bone([1., 0., 0.]).mm, 0.0);
        // Along z the body is cut off by the images.
        let along = bone([0., 0., 1.]);
        assert!(along.at_least && along.mm == 0.0);
        assert_eq!(along.words(), "at least 0 mm");
        assert_eq!(straight.words(), format!("{:.0} mm", straight.mm));
    }

    #[test]
    fn voxels_that_are_not_there_make_it_at_least() {
        let body = |p: Point<Lps>| {
            if p.to_array()[1] < 20.0 {
                -1000.0
            } else {
                700.0
            }
        };
        let mut volume = SyntheticVolume::new([60, 60, 20], [1., 1., 2.])
            .without_slice(10)
            .build(body);
        volume.modality_lut.unit = "HU".to_owned();
        let along = Vector::new(0., 1., 0.);
        // Whole slices away from the gap nothing is missing, and the beam ends in bone.
        let clear = |z: f64, x: f64| {
            let way = Vector::new(x, 0., 0.);
            BeamBone::of(&volume, Point::new(30., 10., z), way).unwrap()
        };
        assert_eq!(clear(8.0, 1.0).words(), "0 mm");
        assert_eq!(clear(20.0, 1.0).words(), "at least 0 mm");
        let across = BeamBone::of(&volume, Point::new(30., 10., 20.), along).unwrap();
        assert_eq!((across.mm, across.at_least), (0.0, true));
        // Nothing read yet is not nothing there.
        let empty = (0..20).fold(
            SyntheticVolume::new([60, 60, 20], [1., 1., 2.]),
            SyntheticVolume::without_slice,
        );
        let mut empty = empty.build(|_| 700.0);
        empty.modality_lut.unit = "HU".to_owned();
        let bone = BeamBone::of(&empty, Point::new(30., 30., 20.), along).unwrap();
        assert_eq!(bone.words(), "at least 0 mm");
    }

    /// [`slab`] as a circle about its middle shows it, with `padding` outside.
    fn in_circle(radius_mm: f64, padding: f64) -> Volume {
        let whole = slab();
        let mut volume = SyntheticVolume::new([100, 100, 60], [1., 1., 2.]).build(|p| {
            let [x, y, _] = p.to_array();
            if (x - 50.0).hypot(y - 50.0) > radius_mm {
                return padding;
            }
            let [column, row, slice] = (whole.voxel_from_lps * p).to_array();
            let voxel = [column, row, slice].map(|at| at.round() as usize);
            whole.value_at_voxel(voxel[0], voxel[1], voxel[2]).unwrap()
        });
        volume.modality_lut.unit = "HU".to_owned();
        volume
    }

    #[test]
    fn a_circle_that_cuts_the_patient_makes_it_at_least() {
        let (left, back) = (Vector::new(1., 0., 0.), Vector::new(0., 1., 0.));
        let through = Point::new(50., 70., 60.);
        for padding in [-2000.0, -1024.0, 3000.0] {
            let bone = |radius_mm: f64, along: Vector<Lps>| {
                let mut volume = in_circle(radius_mm, padding);
                volume.padding = Some([padding; 2]);
                BeamBone::of(&volume, through, along).unwrap()
            };
            // At 70 mm in y the circle ends 28 mm from its middle, within the body.
            assert_eq!(bone(35.0, left).words(), "at least 0 mm", "{padding}");
            assert_eq!(bone(35.0, -left).words(), "at least 0 mm", "{padding}");
            // Beyond the skin it hides nothing, and is no bone whatever its number.
            let whole = bone(48.0, left);
            assert_eq!(whole.words(), "0 mm", "{padding}");
            let across = bone(48.0, back);
            assert!(!across.at_least && (across.mm - 20.0).abs() <= 1.5);
        }
        // A number that no tissue has, where the header names no padding.
        let unnamed = in_circle(35.0, -2000.0);
        let bone = BeamBone::of(&unnamed, through, left).unwrap();
        assert!(bone.at_least);
    }

    #[test]
    fn gas_in_the_last_slice_is_not_the_air_about_the_patient() {
        let slab = slab();
        let mut volume = SyntheticVolume::new([100, 100, 60], [1., 1., 2.]).build(|p| {
            let [x, y, z] = p.to_array();
            let lung = (20.0..80.0).contains(&x) && (55.0..85.0).contains(&y) && z > 60.0;
            let voxel = [x, y, z / 2.0].map(|at| at.round() as usize);
            let hu = slab.value_at_voxel(voxel[0], voxel[1], voxel[2]).unwrap();
            if lung { -850.0 } else { hu }
        });
        volume.modality_lut.unit = "HU".to_owned();
        let bone = |through: [f64; 3], along: [f64; 3]| {
            BeamBone::of(&volume, through.into(), along.into()).unwrap()
        };
        // In at the back, out through the lung and the last slice; and the other way round.
        let tilted = bone([50., 80., 90.], [0., -0.4, 1.0]);
        assert_eq!(tilted.words(), "at least 0 mm");
        let reversed = bone([50., 80., 90.], [0., 0.4, -1.0]);
        assert_eq!(reversed.words(), "at least 0 mm");
        // Out by the skin first: nothing is missing.
        assert!(!bone([50., 70., 90.], [0., 1., 0.]).at_least);
        let beside = bone([50., 95., 60.], [0., 0., 1.0]);
        assert_eq!(beside.words(), "0 mm");
    }

    #[test]
    fn a_line_beside_the_images_and_images_without_hu_have_none() {
        let volume = slab();
        let beside = Point::new(500., 60., 60.);
        assert!(BeamBone::of(&volume, beside, Vector::new(0., 1., 0.)).is_none());
        assert!(BeamBone::of(&volume, beside, Vector::new(0., 0., 0.)).is_none());
        let mut other = slab();
        other.modality_lut.unit = String::new();
        let through = Point::new(50., 60., 60.);
        assert!(BeamBone::of(&other, through, Vector::new(0., 1., 0.)).is_none());
    }
}
