//! A part of an attenuation volume, and a coarser copy of it: for registration, which asks for
//! hundreds of pictures of one bone, and for pictures that follow the mouse.

use glam::DVec3;
use rayon::prelude::*;

use super::{Attenuation, AttenuationError, BORDER};
use crate::budget::MEMORY;
use crate::geometry::{Lps, Point, Transform};
use crate::volume::drr::Occupancy;

impl Attenuation {
    /// What lies in a box along the patient axes between two opposite corners, the rest 0.
    ///
    /// Cells count whose centre is in the smallest box of cells around it, so on an oblique grid
    /// a little more remains. `None` where nothing of the volume is in the box.
    pub fn within(
        &self,
        corner: Point<Lps>,
        opposite: Point<Lps>,
    ) -> Result<Option<Self>, AttenuationError> {
        let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
        for index in 0..8_usize {
            let pick = |axis: usize| {
                let from = if index >> axis & 1 == 1 {
                    opposite
                } else {
                    corner
                };
                from.0[axis]
            };
            let at = (self.cell_from_lps * Point::new(pick(0), pick(1), pick(2))).0;
            (low, high) = (low.min(at), high.max(at));
        }
        let mut bounds = [[0; 2]; 3];
        for axis in 0..3 {
            let first = low[axis].ceil().max(BORDER as f64);
            let last = high[axis]
                .floor()
                .min((self.size[axis] - BORDER - 1) as f64);
            let any = first <= last;
            if !any {
                return Ok(None);
            }
            bounds[axis] = [first as usize, last as usize];
        }
        let count = bounds.map(|[first, last]| last - first + 1);
        let first = bounds.map(|[first, _]| first);
        let shift = DVec3::from_array(first.map(|n| BORDER as f64 - n as f64));
        let map = self.cell_from_lps.0;
        self.rebuilt(
            count,
            self.spacing_mm,
            Transform::from_columns(
                map.matrix3.x_axis,
                map.matrix3.y_axis,
                map.matrix3.z_axis,
                map.translation + shift,
            ),
            &|at| self.unit_at(std::array::from_fn(|axis| at[axis] + first[axis])),
        )
        .map(Some)
    }

    /// Half as many cells each way, each the mean of eight.
    pub fn halved(&self) -> Result<Self, AttenuationError> {
        let count = self.size.map(|n| (n - 2 * BORDER).div_ceil(2));
        let map = self.cell_from_lps.0;
        // The first new centre lies between the first two old ones.
        let origin = (map.translation - DVec3::splat(BORDER as f64 + 0.5)) / 2.0
            + DVec3::splat(BORDER as f64);
        let [x, y, z] = map.matrix3.to_cols_array_2d().map(DVec3::from_array);
        let mean = |at: [usize; 3]| {
            let sum: u32 = (0..8_usize)
                .map(|corner| {
                    let old = |axis: usize| BORDER + 2 * at[axis] + (corner >> axis & 1);
                    u32::from(self.unit_at([old(0), old(1), old(2)]))
                })
                .sum();
            ((sum + 4) / 8) as u16
        };
        self.rebuilt(
            count,
            self.spacing_mm.map(|mm| 2.0 * mm),
            Transform::from_columns(x / 2.0, y / 2.0, z / 2.0, origin),
            &mean,
        )
    }

    fn unit_at(&self, at: [usize; 3]) -> u16 {
        let inside = (0..3).all(|axis| at[axis] < self.size[axis]);
        let index = (at[0] * self.size[1] + at[1]) * self.size[2] + at[2];
        match self.cells.get(index) {
            Some(&unit) if inside => unit,
            _ => 0,
        }
    }

    /// A volume of `count` cells and borders, filled by `unit` of the cell without its border.
    fn rebuilt(
        &self,
        count: [usize; 3],
        spacing_mm: [f64; 3],
        cell_from_lps: Transform<crate::geometry::Voxel, Lps>,
        unit: &(dyn Fn([usize; 3]) -> u16 + Sync),
    ) -> Result<Self, AttenuationError> {
        let size = count.map(|n| n + 2 * BORDER);
        let cells = size.iter().product::<usize>();
        let bytes = (cells * size_of::<u16>()) as u64;
        let booked = MEMORY.reserve(bytes, "the attenuation for simulated radiographs")?;
        let mut packed = vec![0; cells];
        packed
            .par_chunks_mut(size[1] * size[2])
            .enumerate()
            .skip(BORDER)
            .take(count[0])
            .for_each(|(slow, plane)| {
                let rows = plane.chunks_exact_mut(size[2]).enumerate();
                for (middle, row) in rows.skip(BORDER).take(count[1]) {
                    for fast in 0..count[2] {
                        if let Some(cell) = row.get_mut(fast + BORDER) {
                            *cell = unit([slow - BORDER, middle - BORDER, fast]);
                        }
                    }
                }
            });
        Ok(Self {
            occupancy: Occupancy::of(&packed, size),
            size,
            cells: packed,
            unit_per_mm: self.unit_per_mm,
            cell_from_lps,
            spacing_mm,
            _booked: Some(booked),
        })
    }
}
