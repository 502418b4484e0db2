//! The projector: tiles of rays, plane by plane of voxels, without the air.
//!
//! A tile of neighbouring rays goes through the volume together: what it reads of a plane is laid
//! out once for all its rays ([`Walk`]), and several planes are passed over at once where there
//! is nothing.

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::Cancel;
use super::walk::{Footprint, RAYS, TILE, Walk};
use crate::geometry::{ConeBeam, Receptor};
use crate::volume::attenuation::{Attenuation, BORDER};

/// Planes between two questions whether there is anything to add up.
const PLANES: usize = 8;

pub(super) fn line_integrals(
    attenuation: &Attenuation,
    beam: &ConeBeam,
    receptor: &Receptor,
    cancel: Cancel<'_>,
) -> Option<Vec<f32>> {
    let [columns, rows] = receptor.size;
    let job = Job::new(attenuation, beam, receptor);
    let shape = if job.lanes_run_down {
        TILE
    } else {
        [TILE[1], TILE[0]]
    };
    let tiles: Vec<Tile> = (0..rows)
        .step_by(shape[1])
        .flat_map(|top| (0..columns).step_by(shape[0]).map(move |left| [left, top]))
        .map(|from| Tile {
            from,
            size: [0, 1].map(|axis| shape[axis].min(receptor.size[axis] - from[axis])),
        })
        .collect();
    let sums: Option<Vec<[f32; RAYS]>> = tiles
        .par_iter()
        .map(|tile| {
            let mut sums = [0.0; RAYS];
            (!cancel()).then(|| {
                job.project(*tile, &mut sums, *tile);
                sums
            })
        })
        .collect();
    let mut picture = vec![0.0; columns * rows];
    for (tile, sums) in tiles.iter().zip(sums?) {
        for (pixel, sum) in tile.pixels(job.lanes_run_down).zip(sums) {
            if let Some(place) = picture.get_mut(pixel[1] * columns + pixel[0]) {
                *place = sum;
            }
        }
    }
    Some(picture)
}

/// A rectangle of pixels: the first one's column and row, and how many each way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile {
    from: [usize; 2],
    pub(super) size: [usize; 2],
}

impl Tile {
    /// Its pixels, those of a lane one after the other.
    pub(super) fn pixels(self, lanes_run_down: bool) -> impl Iterator<Item = [usize; 2]> {
        let [wide, high] = self.size;
        (0..wide * high).map(move |index| {
            let (x, y) = if lanes_run_down {
                (index / high, index % high)
            } else {
                (index % wide, index / wide)
            };
            [self.from[0] + x, self.from[1] + y]
        })
    }

    /// Place of a pixel in that order.
    fn place(self, pixel: [usize; 2], lanes_run_down: bool) -> usize {
        let (x, y) = (pixel[0] - self.from[0], pixel[1] - self.from[1]);
        if lanes_run_down {
            x * self.size[1] + y
        } else {
            y * self.size[0] + x
        }
    }

    fn corners(self) -> [[usize; 2]; 4] {
        let [left, top] = self.from;
        let (right, bottom) = (left + self.size[0] - 1, top + self.size[1] - 1);
        [[left, top], [right, top], [left, bottom], [right, bottom]]
    }

    /// The halves across its longer side.
    fn halves(self) -> [Self; 2] {
        let axis = usize::from(self.size[1] > self.size[0]);
        let half = self.size[axis] / 2;
        let mut parts = [self; 2];
        parts[0].size[axis] = half;
        parts[1].size[axis] -= half;
        parts[1].from[axis] += half;
        parts
    }
}

/// A projection in cell indices (slowest axis first).
pub(super) struct Job<'a> {
    pub(super) attenuation: &'a Attenuation,
    pub(super) source: DVec3,
    /// Source → pixel 0, 0, and the steps to the next column and row.
    first: DVec3,
    right: DVec3,
    down: DVec3,
    receptor: &'a Receptor,
    sid_mm: f64,
    pub(super) lanes_run_down: bool,
    /// Whether the source or the receptor is within the volume, so that rays begin or end there.
    ends_inside: bool,
}

impl<'a> Job<'a> {
    fn new(attenuation: &'a Attenuation, beam: &ConeBeam, receptor: &'a Receptor) -> Self {
        let map = attenuation.cell_from_lps;
        let source = (map * beam.source).0;
        let pixel = |column, row| (map * beam.point_of(DVec2::new(column, row), receptor)).0;
        let first = pixel(0.0, 0.0);
        let (right, down) = (pixel(1.0, 0.0) - first, pixel(0.0, 1.0) - first);
        // Share of the way to the receptor's plane at a cell: affine, 0 at the source.
        let normal = right.cross(down);
        let depth = |at: DVec3| (at - source).dot(normal) / (first - source).dot(normal);
        let last = attenuation.size.map(|n| n.saturating_sub(1) as f64);
        let ends_inside = (0..8_usize).any(|corner| {
            let at = |axis: usize| f64::from((corner >> axis & 1) as u8) * last[axis];
            let depth = depth(DVec3::new(at(0), at(1), at(2)));
            !(depth > 0.0 && depth < 1.0)
        });
        Self {
            attenuation,
            source,
            first: first - source,
            right,
            down,
            receptor,
            sid_mm: beam.source_to_detector_mm(),
            lanes_run_down: down.z.abs() >= right.z.abs(),
            ends_inside,
        }
    }

    /// Source → pixel in cells.
    pub(super) fn ray(&self, [column, row]: [usize; 2]) -> DVec3 {
        self.first + self.right * column as f64 + self.down * row as f64
    }

    /// Source → pixel, mm.
    fn ray_mm(&self, [column, row]: [usize; 2]) -> f64 {
        let Receptor {
            pixel_mm, center, ..
        } = self.receptor;
        let x = (column as f64 - center[0]) * pixel_mm[0];
        let y = (row as f64 - center[1]) * pixel_mm[1];
        DVec3::new(x, y, self.sid_mm).length()
    }

    /// Line integrals of a tile's pixels into their places among those of `whole`.
    fn project(&self, tile: Tile, sums: &mut [f32; RAYS], whole: Tile) {
        let corners = tile.corners().map(|pixel| self.ray(pixel));
        let Some(main) = common_axis(&corners) else {
            // The rays of the tile run apart: each part has its own direction.
            // A ray for itself has one, unless it is not finite.
            if tile.size != [1, 1] {
                self.project_halves(tile, sums, whole);
            }
            return;
        };
        let axes = match main {
            0 => [0, 1, 2],
            1 => [1, 0, 2],
            _ => [2, 0, 1],
        };
        let planes = [BORDER, self.attenuation.size[main] - BORDER];
        let footprint = |plane: usize| self.footprint(axes, &corners, plane);
        let ends = [footprint(planes[0]), footprint(planes[1])];
        if tile.size != [1, 1] && !ends.iter().all(Footprint::fits) {
            self.project_halves(tile, sums, whole);
            return;
        }
        let mut walk = Walk::new(self, axes, tile);
        let mut found = [0.0; RAYS];
        let mut from = planes[0];
        while from < planes[1] {
            let to = (from + PLANES).min(planes[1]);
            if self.is_occupied(axes, [footprint(from), footprint(to - 1)], [from, to - 1]) {
                for plane in from..to {
                    if self.ends_inside {
                        walk.add::<true>(self.attenuation, plane, footprint(plane), &mut found);
                    } else {
                        walk.add::<false>(self.attenuation, plane, footprint(plane), &mut found);
                    }
                }
            }
            from = to;
        }
        for (pixel, found) in tile.pixels(self.lanes_run_down).zip(found) {
            let step_mm = self.ray_mm(pixel) / self.ray(pixel)[main].abs();
            let place = whole.place(pixel, self.lanes_run_down);
            if let Some(sum) = sums.get_mut(place) {
                *sum = (f64::from(found) * step_mm * self.attenuation.unit_per_mm) as f32;
            }
        }
    }

    fn project_halves(&self, tile: Tile, sums: &mut [f32; RAYS], whole: Tile) {
        for part in tile.halves() {
            self.project(part, sums, whole);
        }
    }

    /// Where the rays between the corner rays cross a plane.
    fn footprint(&self, axes: [usize; 3], corners: &[DVec3; 4], plane: usize) -> Footprint {
        let [main, p, q] = axes;
        let mut found = Footprint {
            low: [f64::INFINITY; 2],
            high: [f64::NEG_INFINITY; 2],
        };
        for ray in corners {
            let along = (plane as f64 - self.source[main]) / ray[main];
            for (side, axis) in [p, q].into_iter().enumerate() {
                let at = self.source[axis] + ray[axis] * along;
                found.low[side] = found.low[side].min(at);
                found.high[side] = found.high[side].max(at);
            }
        }
        found
    }

    /// Whether rays meet anything between two planes where they cross these.
    fn is_occupied(&self, axes: [usize; 3], ends: [Footprint; 2], planes: [usize; 2]) -> bool {
        let [main, p, q] = axes;
        let (mut first, mut last) = ([0; 3], [0; 3]);
        (first[main], last[main]) = (planes[0], planes[1]);
        for (side, axis) in [p, q].into_iter().enumerate() {
            let low = ends[0].low[side].min(ends[1].low[side]);
            let high = ends[0].high[side].max(ends[1].high[side]);
            let end = self.attenuation.size[axis] as f64;
            if !(high > 0.0 && low < end) {
                return false;
            }
            first[axis] = low.max(0.0) as usize;
            last[axis] = (high.min(end) + 1.0) as usize;
        }
        self.attenuation.occupancy.any(first, last)
    }
}

/// An axis that all the rays run along most, or nearly so, in the same sense.
fn common_axis(rays: &[DVec3; 4]) -> Option<usize> {
    /// Least share of a ray's greatest component.
    const NEARLY: f64 = 0.8;
    let sum: DVec3 = rays.iter().sum();
    let along = sum.abs();
    let axis = if along.x >= along.y && along.x >= along.z {
        0
    } else if along.y >= along.z {
        1
    } else {
        2
    };
    let usable = rays.iter().all(|ray| {
        let share = ray[axis] * sum[axis].signum() / ray.abs().max_element();
        share >= NEARLY
    });
    usable.then_some(axis)
}
