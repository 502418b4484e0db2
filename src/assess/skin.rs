//! The skin: where a needle's line leaves the body.

use std::collections::VecDeque;

use glam::DVec3;

use crate::geometry::{Lps, Plane, Point};
use crate::plan::{Known, Trajectory};
use crate::volume::Volume;
use crate::volume::padding::{is_cut_off, value_in_air};

/// Half way between air (−1000 HU) and soft tissue: where a blurred skin edge really lies.
pub const SKIN_EDGE_HU: f64 = -500.0;

/// Edge of a cell of the coarse air map, mm: finer than any fold that a needle passes.
const CELL_MM: f64 = 4.0;

/// Step along the needle while looking for the skin, mm.
const STEP_MM: f64 = 0.25;

/// The air around the patient, as a coarse map: air that is joined to the sides of the scanned
/// field. Gas in the bowel and lungs is not, so a path through it does not end there.
#[derive(Debug, Clone)]
pub struct OutsideAir {
    size: [usize; 3],
    step: [usize; 3],
    outside: Vec<bool>,
}

/// Where the line of a needle meets the skin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkinCrossing {
    /// Skin to target along the needle, mm.
    pub depth_mm: f64,
    /// The point on the skin, LPS mm.
    pub at: Point<Lps>,
}

impl OutsideAir {
    /// Maps the air around the patient in a CT volume.
    ///
    /// The reason is given where the values are not HU, or where `cancelled` says so.
    pub fn find(volume: &Volume, cancelled: &dyn Fn() -> bool) -> Known<Self> {
        if volume.unit() != "HU" {
            return Err("The skin can be found in CT (HU) images only".to_owned());
        }
        let step: [usize; 3] = std::array::from_fn(|axis| {
            let spacing_mm = volume.geometry.spacing_mm[axis];
            ((CELL_MM / spacing_mm).round() as usize).max(1)
        });
        let size: [usize; 3] = std::array::from_fn(|axis| volume.size[axis].div_ceil(step[axis]));
        let mut map = Self {
            size,
            step,
            outside: Vec::new(),
        };
        let mut open = vec![false; size.iter().product()];
        for (index, is_open) in open.iter_mut().enumerate() {
            if index % 65_536 == 0 && cancelled() {
                return Err("Finding the skin was cancelled".to_owned());
            }
            let voxel = map.voxel_of(index);
            let value = volume.value_at_voxel(voxel[0], voxel[1], voxel[2]);
            // Through what has no image the air within a circle is joined to the sides.
            *is_open =
                volume.is_blank_voxel(voxel) || value.is_some_and(|value| value < SKIN_EDGE_HU);
        }
        map.outside = map.flooded(&open, along_body_axis(volume));
        Ok(map)
    }

    fn cell_of(&self, index: usize) -> [usize; 3] {
        let [columns, rows, _] = self.size;
        [
            index % columns,
            index / columns % rows,
            index / columns / rows,
        ]
    }

    fn voxel_of(&self, index: usize) -> [usize; 3] {
        let cell = self.cell_of(index);
        std::array::from_fn(|axis| cell[axis] * self.step[axis])
    }

    /// Spreads from the sides of the field, but not from its head and foot ends: gas cut by the
    /// first slice is still inside the body.
    fn flooded(&self, open: &[bool], body_axis: usize) -> Vec<bool> {
        let size = self.size;
        let mut flooded = vec![false; open.len()];
        let stride = [1, size[0], size[0] * size[1]];
        let at_side = |cell: [usize; 3]| {
            (0..3)
                .any(|axis| axis != body_axis && (cell[axis] == 0 || cell[axis] + 1 == size[axis]))
        };
        let mut queue: VecDeque<usize> = (0..open.len())
            .filter(|&index| open[index] && at_side(self.cell_of(index)))
            .collect();
        for &index in &queue {
            flooded[index] = true;
        }
        while let Some(index) = queue.pop_front() {
            let cell = self.cell_of(index);
            for axis in 0..3 {
                let back = (cell[axis] > 0).then(|| index - stride[axis]);
                let ahead = (cell[axis] + 1 < size[axis]).then(|| index + stride[axis]);
                for next in [back, ahead].into_iter().flatten() {
                    if open[next] && !flooded[next] {
                        flooded[next] = true;
                        queue.push_back(next);
                    }
                }
            }
        }
        flooded
    }

    /// Whether the cell nearest to a point is air around the patient.
    pub(super) fn is_outside(&self, volume: &Volume, point: Point<Lps>) -> bool {
        let voxel = (volume.voxel_from_lps * point).0;
        let cell = voxel / DVec3::from_array(self.step.map(|step| step as f64));
        let nearest = cell.round().to_array();
        let mut index = 0;
        for axis in (0..3).rev() {
            let last = self.size[axis] as f64 - 1.0;
            index = index * self.size[axis] + nearest[axis].clamp(0.0, last) as usize;
        }
        self.outside.get(index).copied().unwrap_or(false)
    }

    /// Whether a cell around a voxel is air around the patient: a voxel of air where it is none
    /// lies deeper inside the body than a cell is wide.
    pub(super) fn is_beside(&self, voxel: [usize; 3]) -> bool {
        let near = |axis: usize| {
            let last = self.size[axis].saturating_sub(1);
            let low = (voxel[axis] / self.step[axis]).min(last);
            [low, (low + 1).min(last)]
        };
        let [columns, rows, slices] = [near(0), near(1), near(2)];
        slices.into_iter().any(|slice| {
            rows.into_iter().any(|row| {
                columns.into_iter().any(|column| {
                    let index = (slice * self.size[1] + row) * self.size[0] + column;
                    self.outside.get(index).copied().unwrap_or(false)
                })
            })
        })
    }

    /// Angle between a needle and the skin where it meets it, 0 (flat) to 90 (upright), degrees:
    /// the skin is the plane through three crossings 6 mm apart, beside the needle and parallel to
    /// it.
    pub fn skin_angle_deg(&self, volume: &Volume, needle: &Trajectory) -> Known<f64> {
        let target = needle.target.ok_or("No target yet")?;
        let entry = needle.entry.ok_or("No entry yet")?;
        let same = "Entry and target are at the same place";
        let inwards = (target - entry).direction().ok_or(same)?;
        let down = crate::geometry::Vector::new(0., 0., -1.);
        let across = Plane::across(entry, inwards, down).ok_or(same)?;
        let crossing = |right_mm: f64, down_mm: f64| {
            let off = across.right * right_mm + across.down * down_mm;
            let beside = Trajectory {
                entry: Some(entry + off),
                target: Some(target + off),
                ..needle.clone()
            };
            Ok::<_, String>(self.crossing(volume, &beside)?.at)
        };
        let [a, b, c] = [
            crossing(0.0, -3.5)?,
            crossing(3.0, 1.75)?,
            crossing(-3.0, 1.75)?,
        ];
        let normal = (b - a).cross(c - a).direction();
        let normal = normal.ok_or("The skin at the entry is no plane")?;
        Ok(normal
            .dot(inwards)
            .abs()
            .clamp(0.0, 1.0)
            .asin()
            .to_degrees())
    }

    /// Follows the needle's line from the target outwards, past the entry if need be, to the skin.
    ///
    /// The reason is given where there is none: also where the images end within the patient, at
    /// a face of the scan or at the circle that was reconstructed.
    pub fn crossing(&self, volume: &Volume, needle: &Trajectory) -> Known<SkinCrossing> {
        let target = needle.target.ok_or("No target yet")?;
        let entry = needle.entry.ok_or("No entry yet")?;
        let outwards = (entry - target)
            .direction()
            .ok_or("Entry and target are at the same place")?;
        let value = |depth_mm: f64| value_in_air(volume, target + outwards * depth_mm);
        match value(0.0) {
            Some(_) if volume.is_blank_at(target) && self.is_outside(volume, target) => {
                return Err("The target is outside the images".to_owned());
            }
            None => return Err("The target is outside the images".to_owned()),
            Some(at) if at < SKIN_EDGE_HU && self.is_outside(volume, target) => {
                return Err("The target is in the air outside the body".to_owned());
            }
            Some(_) => {}
        }
        let mut last_tissue = None;
        for step in 0.. {
            let depth_mm = f64::from(step) * STEP_MM;
            let Some(here) = value(depth_mm) else { break };
            if here >= SKIN_EDGE_HU {
                last_tissue = Some((depth_mm, here));
            } else if self.is_outside(volume, target + outwards * depth_mm) {
                let Some((inside_mm, inside)) = last_tissue else {
                    break;
                };
                let beyond = value(inside_mm + STEP_MM).unwrap_or(-1000.0);
                let share = (inside - SKIN_EDGE_HU) / (inside - beyond).max(1e-9);
                let depth_mm = inside_mm + share.clamp(0.0, 1.0) * STEP_MM;
                let at = target + outwards * depth_mm;
                if is_cut_off(volume, (at, outwards), SKIN_EDGE_HU) {
                    break;
                }
                return Ok(SkinCrossing { depth_mm, at });
            }
        }
        Err("The skin is not in the images along this path".to_owned())
    }
}

/// The grid axis that runs most along the body.
pub(super) fn along_body_axis(volume: &Volume) -> usize {
    let grid = &volume.geometry;
    let directions = [
        grid.column_direction,
        grid.row_direction,
        grid.slice_direction,
    ];
    (0..3)
        .max_by(|&a, &b| directions[a].0.z.abs().total_cmp(&directions[b].0.z.abs()))
        .unwrap_or(2)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::assess::entry_map::SkinSurface;
    use crate::plan::TrajectoryId;
    use crate::volume::padding::tests::patient_in_circle;
    use crate::volume::synthetic::{SyntheticVolume, ct_cylinder};

    fn needle(entry: [f64; 3], target: [f64; 3]) -> Trajectory {
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.entry = Some(entry.into());
        needle.target = Some(target.into());
        needle
    }

    #[test]
    fn the_depth_to_a_round_body_is_its_radius() {
        // A cylinder of radius 60 mm about the z axis.
        let volume = ct_cylinder(60.0, 0.0);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        for entry in [
            [0., 90., 0.],
            [63.0, 63.0, 0.],
            [-20., 0., 0.],
            [0., -61., 0.],
        ] {
            let crossing = air.crossing(&volume, &needle(entry, [0., 0., 0.])).unwrap();
            assert!(
                (crossing.depth_mm - 60.0).abs() < 0.3,
                "{entry:?}: {}",
                crossing.depth_mm
            );
        }
        // 30° out of plane: 60 / cos 30°.
        let tilted = needle([0., 51.961_524, 30.], [0., 0., 0.]);
        let crossing = air.crossing(&volume, &tilted).unwrap();
        assert!(
            (crossing.depth_mm - 69.282).abs() < 0.4,
            "{}",
            crossing.depth_mm
        );
    }

    #[test]
    fn the_angle_to_a_round_body_is_that_to_its_tangent() {
        let volume = ct_cylinder(60.0, 0.0);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        // At (0, 60): upright, 30° along the body, and 40° round it.
        let (sin, cos) = 40.0_f64.to_radians().sin_cos();
        for (entry, target, angle_deg) in [
            ([0., 90., 0.], [0., 20., 0.], 90.0),
            ([0., 60.0, 0.], [0., 60.0 - 34.641, 20.0], 60.0),
            ([0., 60., 0.], [-40.0 * sin, 60.0 - 40.0 * cos, 0.], 50.0),
        ] {
            let found = air.skin_angle_deg(&volume, &needle(entry, target)).unwrap();
            assert!((found - angle_deg).abs() < 4.0, "{found} for {angle_deg}");
        }
    }

    #[test]
    fn gas_inside_the_body_is_not_the_skin() {
        // A gas channel of radius 15 mm along the body, open at the first and last slice.
        let volume = ct_cylinder(60.0, 15.0);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        let through = needle([0., 90., 0.], [0., -40., 0.]);
        let crossing = air.crossing(&volume, &through).unwrap();
        assert!(
            (crossing.depth_mm - 100.0).abs() < 0.3,
            "{}",
            crossing.depth_mm
        );
    }

    #[test]
    fn the_circle_that_was_reconstructed_is_no_skin() {
        for padding in [-3024.0, -1024.0, 3000.0] {
            // The flanks, at 90 mm, are cut at 75 mm; the back, at 60 mm, is not.
            let cut = patient_in_circle(75.0, padding);
            let air = OutsideAir::find(&cut, &|| false).unwrap();
            let crossing = |entry, target| air.crossing(&cut, &needle(entry, target));
            let back = crossing([0., 90., 1.], [0., 10., 1.]).unwrap();
            assert!((back.depth_mm - 50.0).abs() < 1.0, "{back:?}");
            for entry in [[60., 0.5, 1.], [75., 0.5, 1.], [95., 0.5, 1.]] {
                let error = crossing(entry, [10., 0.5, 1.]).unwrap_err();
                assert!(error.contains("not in the images along"), "{error}");
            }
            let beyond = crossing([99., 0.5, 1.], [80., 0.5, 1.]).unwrap_err();
            assert!(beyond.contains("target is outside the images"), "{beyond}");
        }
    }

    #[test]
    fn a_circle_about_the_patient_hides_no_skin() {
        for padding in [-3024.0, -1024.0, 3000.0] {
            let whole = patient_in_circle(96.0, padding);
            let air = OutsideAir::find(&whole, &|| false).unwrap();
            for angle_deg in (0..36).map(|side| f64::from(side) * 10.0) {
                let (sin, cos) = angle_deg.to_radians().sin_cos();
                let skin_mm = (cos / 90.0).hypot(sin / 60.0).recip();
                let path = needle([50.0 * cos, 50.0 * sin, 1.], [0., 0., 1.]);
                let found = air.crossing(&whole, &path).unwrap().depth_mm;
                assert!((found - skin_mm).abs() < 1.0, "{padding} at {angle_deg}°");
            }
        }
    }

    #[test]
    fn the_skin_surface_has_a_gap_where_the_circle_cuts_the_patient() {
        let points = |radius_mm: f64, padding: f64| {
            let volume = patient_in_circle(radius_mm, padding);
            let air = OutsideAir::find(&volume, &|| false).unwrap();
            let skin = SkinSurface::find(&volume, &air, &|| false).unwrap();
            skin.points
        };
        let full = points(500.0, -3024.0).len();
        for padding in [-3024.0, -1024.0, 3000.0] {
            // Noise may take a voxel of air beside the circle for one without an image.
            let whole = points(98.0, padding).len();
            assert!(
                whole.abs_diff(full) < full / 100,
                "{padding}: {whole} of {full}"
            );
            let cut = points(75.0, padding);
            assert!(cut.len() > full / 3, "{padding}: {} of {full}", cut.len());
            for point in cut {
                let skin = (point.0.x / 90.0).hypot(point.0.y / 60.0);
                assert!((skin - 1.0).abs() < 0.04, "{padding}: {point:?}");
            }
        }
    }

    /// Air that all has the number of the padding, as where the ground was cleaned: the blurred
    /// edge of the skin tells it from a circle that cuts the patient.
    #[test]
    fn a_ground_of_padding_hides_no_skin() {
        let mut volume = SyntheticVolume::new([200, 200, 12], [1., 1., 3.])
            .at(Point::new(-99.5, -99.5, -16.5))
            .build(|p| {
                // Blurred as by a scanner, over 2 mm.
                let outside_mm = ((p.0.x / 90.0).hypot(p.0.y / 60.0) - 1.0) * 60.0;
                -1000.0 + 1040.0 * (0.5 - outside_mm / 2.0).clamp(0.0, 1.0)
            });
        "HU".clone_into(&mut volume.modality_lut.unit);
        let plain = OutsideAir::find(&volume, &|| false).unwrap();
        let surface = |volume: &Volume, air: &OutsideAir| {
            SkinSurface::find(volume, air, &|| false).unwrap().points
        };
        let before = surface(&volume, &plain);
        volume.padding = Some([-1000.0; 2]);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        assert!(volume.is_blank_voxel([0, 0, 0]), "the padding is the air");
        for entry in [[0., 90., 1.], [95., 3., 1.], [60., -50., -4.]] {
            let path = needle(entry, [0., 10., 1.]);
            let skin = [&plain, &air].map(|air| air.crossing(&volume, &path).unwrap().depth_mm);
            assert_eq!(skin[0], skin[1]);
        }
        assert_eq!(surface(&volume, &air), before);
    }

    #[test]
    fn what_has_no_skin_says_why() {
        let volume = ct_cylinder(60.0, 0.0);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        for (path, reason) in [
            (needle([0., 90., 0.], [0., 75., 0.]), "air outside"),
            (needle([0., 90., 0.], [0., 500., 0.]), "outside the images"),
            (
                needle([0., 0., 5.], [0., 0., 0.]),
                "not in the images along",
            ),
            (needle([0., 0., 0.], [0., 0., 0.]), "same place"),
        ] {
            let error = air.crossing(&volume, &path).unwrap_err();
            assert!(error.contains(reason), "{error} lacks {reason}");
        }
        assert!(
            OutsideAir::find(&volume, &|| true)
                .unwrap_err()
                .contains("cancelled")
        );
    }
}
