//! The skin: where a needle's line leaves the body.

use std::collections::VecDeque;

use glam::DVec3;

use crate::geometry::{Lps, Plane, Point};
use crate::plan::{Known, Trajectory};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, value_at};

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
            outside: vec![false; size.iter().product()],
        };
        let mut air = vec![false; map.outside.len()];
        for (index, is_air) in air.iter_mut().enumerate() {
            if index % 65_536 == 0 && cancelled() {
                return Err("Finding the skin was cancelled".to_owned());
            }
            let [column, row, slice] = map.voxel_of(index);
            let value = volume.value_at_voxel(column, row, slice);
            *is_air = value.is_some_and(|value| value < SKIN_EDGE_HU);
        }
        map.flood(&air, along_body_axis(volume));
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
    fn flood(&mut self, air: &[bool], body_axis: usize) {
        let size = self.size;
        let stride = [1, size[0], size[0] * size[1]];
        let at_side = |cell: [usize; 3]| {
            (0..3)
                .any(|axis| axis != body_axis && (cell[axis] == 0 || cell[axis] + 1 == size[axis]))
        };
        let mut queue: VecDeque<usize> = (0..air.len())
            .filter(|&index| air[index] && at_side(self.cell_of(index)))
            .collect();
        for &index in &queue {
            self.outside[index] = true;
        }
        while let Some(index) = queue.pop_front() {
            let cell = self.cell_of(index);
            for axis in 0..3 {
                let back = (cell[axis] > 0).then(|| index - stride[axis]);
                let ahead = (cell[axis] + 1 < size[axis]).then(|| index + stride[axis]);
                for next in [back, ahead].into_iter().flatten() {
                    if air[next] && !self.outside[next] {
                        self.outside[next] = true;
                        queue.push_back(next);
                    }
                }
            }
        }
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
    pub fn crossing(&self, volume: &Volume, needle: &Trajectory) -> Known<SkinCrossing> {
        let target = needle.target.ok_or("No target yet")?;
        let entry = needle.entry.ok_or("No entry yet")?;
        let outwards = (entry - target)
            .direction()
            .ok_or("Entry and target are at the same place")?;
        let value = |depth_mm: f64| {
            let point = target + outwards * depth_mm;
            value_at(volume, point, Interpolation::Linear)
        };
        match value(0.0) {
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
                return Ok(SkinCrossing {
                    depth_mm,
                    at: target + outwards * depth_mm,
                });
            }
        }
        Err("The skin is not in the images along this path".to_owned())
    }
}

/// The grid axis that runs most along the body.
fn along_body_axis(volume: &Volume) -> usize {
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
    use crate::plan::TrajectoryId;
    use crate::volume::synthetic::ct_cylinder;

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
