//! How much bone a beam passes that goes through the target: what lies over it in the picture.

use crate::assess::entry_map::score::BONE_HU;
use crate::geometry::{Lps, Point, Vector};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, value_at};

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
    /// The beam leaves the images inside the body, or passes voxels that are not there (a gap, a
    /// slice that was not read), so that there may be more.
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
        let (from_mm, to_mm) = inside(volume, through, along)?;
        let steps = ((to_mm - from_mm) / STEP_MM).floor().clamp(0.0, 1e5) as usize;
        let value = |mm: f64| value_at(volume, through + along * mm, Interpolation::Linear);
        let at = |step: usize| from_mm + (step as f64 + 0.5) * STEP_MM;
        let (mut bone, mut unknown) = (0_usize, false);
        for step in 0..steps {
            match value(at(step)) {
                Some(hu) if hu >= BEAM_BONE_HU => bone += 1,
                Some(_) => {}
                None => unknown = true,
            }
        }
        let mm = bone as f64 * STEP_MM;
        let ends = [at(0), at(steps.saturating_sub(1))];
        let body = |mm: f64| value(mm).is_some_and(|hu| hu > BODY_HU);
        Some(Self {
            mm,
            at_least: unknown || (steps > 0 && ends.into_iter().any(body)),
        })
    }

    /// `38 mm`, `at least 38 mm`.
    pub fn words(self) -> String {
        let least = if self.at_least { "at least " } else { "" };
        format!("{least}{:.0} mm", self.mm)
    }
}

/// Where a line lies within the box of the outermost voxel centres, mm from `through`.
fn inside(volume: &Volume, through: Point<Lps>, along: Vector<Lps>) -> Option<(f64, f64)> {
    let start = (volume.voxel_from_lps * through).to_array();
    let way = volume.voxel_from_lps.vector(along).to_array();
    let (mut from, mut to) = (f64::NEG_INFINITY, f64::INFINITY);
    for ((start, way), count) in start.into_iter().zip(way).zip(volume.size) {
        let last = count.max(1) as f64 - 1.0;
        if way.abs() < 1e-9 {
            // Parallel to this pair of faces.
            if start < -0.5 || start > last + 0.5 {
                return None;
            }
            continue;
        }
        let (a, b) = (-start / way, (last - start) / way);
        from = from.max(a.min(b));
        to = to.min(a.max(b));
    }
    (from < to && from.is_finite() && to.is_finite()).then_some((from, to))
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
