//! The projector: tiles of rays, plane by plane of voxels, without the air.
//!
//! A tile of neighbouring rays goes through the volume together, so that what it reads stays in
//! the nearest cache, and several planes are passed over at once where there is nothing. Within
//! a plane the loops run over arrays of rays without branches, which compilers vectorise.

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::Cancel;
use crate::geometry::{ConeBeam, Receptor};
use crate::volume::attenuation::{Attenuation, BORDER};

/// Rays of a tile across and along the direction in which cells are contiguous.
const TILE: [usize; 2] = [8, 32];
const RAYS: usize = TILE[0] * TILE[1];

/// Rays whose values are fetched together.
const LANES: usize = 8;

/// Planes between two questions whether there is anything to add up.
const PLANES: usize = 8;

/// Added to and taken from a number from 0.5 to 2²², it rounds it to a whole one that lies in the
/// lowest bits: unlike a cast, this is a single vector instruction everywhere.
const ROUNDING: f32 = 8_388_608.0;
const ROUNDED_BITS: u32 = 0x007f_ffff;

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
struct Tile {
    from: [usize; 2],
    size: [usize; 2],
}

impl Tile {
    /// Its pixels, those of a lane one after the other.
    fn pixels(self, lanes_run_down: bool) -> impl Iterator<Item = [usize; 2]> {
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
struct Job<'a> {
    attenuation: &'a Attenuation,
    source: DVec3,
    /// Source → pixel 0, 0, and the steps to the next column and row.
    first: DVec3,
    right: DVec3,
    down: DVec3,
    receptor: &'a Receptor,
    sid_mm: f64,
    lanes_run_down: bool,
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
    fn ray(&self, [column, row]: [usize; 2]) -> DVec3 {
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
            if tile.size != [1, 1] {
                for part in tile.halves() {
                    if !part.size.contains(&0) {
                        self.project(part, sums, whole);
                    }
                }
            }
            return;
        };
        let axes = match main {
            0 => [0, 1, 2],
            1 => [1, 0, 2],
            _ => [2, 0, 1],
        };
        let walk = Walk::new(self, axes, tile);
        let mut found = [0.0; RAYS];
        let planes = self.attenuation.size[main] - BORDER;
        let mut from = BORDER;
        while from < planes {
            let to = (from + PLANES).min(planes);
            if self.is_occupied(axes, &corners, [from, to - 1]) {
                match (main, self.ends_inside) {
                    (2, true) => walk.add::<false, true>(self.attenuation, from..to, &mut found),
                    (2, false) => walk.add::<false, false>(self.attenuation, from..to, &mut found),
                    (_, true) => walk.add::<true, true>(self.attenuation, from..to, &mut found),
                    (_, false) => walk.add::<true, false>(self.attenuation, from..to, &mut found),
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

    /// Whether the rays between the corner rays meet anything in the planes from first to last.
    fn is_occupied(&self, axes: [usize; 3], corners: &[DVec3; 4], planes: [usize; 2]) -> bool {
        let [main, p, q] = axes;
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for ray in corners {
            for plane in planes {
                let along = (plane as f64 - self.source[main]) / ray[main];
                for (side, axis) in [p, q].into_iter().enumerate() {
                    let at = self.source[axis] + ray[axis] * along;
                    low[side] = low[side].min(at);
                    high[side] = high[side].max(at);
                }
            }
        }
        let (mut first, mut last) = ([0; 3], [0; 3]);
        (first[main], last[main]) = (planes[0], planes[1]);
        for (side, axis) in [p, q].into_iter().enumerate() {
            let end = self.attenuation.size[axis] as f64;
            if !(high[side] > 0.0 && low[side] < end) {
                return false;
            }
            first[axis] = low[side].max(0.0) as usize;
            last[axis] = (high[side].min(end) + 1.0) as usize;
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

/// Where the rays of a tile cross the planes of an axis: in plane n at start + n · step.
struct Walk {
    /// Cells to the next plane, and to the next cell along either axis of the plane.
    strides: [usize; 3],
    /// Farthest index along either axis at which nothing is left to read.
    most: [f32; 2],
    start: [[f32; RAYS]; 2],
    step: [[f32; RAYS]; 2],
    /// First and last plane of each ray.
    ends: [[f32; RAYS]; 2],
    groups: usize,
}

impl Walk {
    fn new(job: &Job<'_>, axes: [usize; 3], tile: Tile) -> Self {
        let [main, p, q] = axes;
        let size = job.attenuation.size;
        let stride = |axis: usize| size[axis + 1..].iter().product();
        let zero = [[0.0; RAYS]; 2];
        let mut walk = Self {
            strides: axes.map(stride),
            most: [p, q].map(|axis| (size[axis] - BORDER) as f32),
            start: zero,
            step: zero,
            ends: zero,
            groups: (tile.size[0] * tile.size[1]).div_ceil(LANES),
        };
        for (index, pixel) in tile.pixels(job.lanes_run_down).take(RAYS).enumerate() {
            let ray = job.ray(pixel);
            for (side, axis) in [p, q].into_iter().enumerate() {
                let step = ray[axis] / ray[main];
                walk.step[side][index] = step as f32;
                walk.start[side][index] = (job.source[axis] - job.source[main] * step) as f32;
            }
            let ends = [job.source[main], job.source[main] + ray[main]];
            walk.ends[0][index] = ends[0].min(ends[1]) as f32;
            walk.ends[1][index] = ends[0].max(ends[1]) as f32;
        }
        walk
    }

    /// Adds what the rays meet in some planes. `PAIRED`: neighbours along the second axis lie
    /// side by side; `ENDED`: rays begin or end within the volume.
    fn add<const PAIRED: bool, const ENDED: bool>(
        &self,
        attenuation: &Attenuation,
        planes: std::ops::Range<usize>,
        sums: &mut [f32; RAYS],
    ) {
        for plane in planes {
            let Some(cells) = attenuation.cells.get(plane * self.strides[0]..) else {
                return;
            };
            let plane = plane as f32;
            let sums = sums.as_chunks_mut::<LANES>().0.iter_mut();
            for (group, sums) in sums.enumerate().take(self.groups) {
                let (index_p, share_p) = self.crossing(0, group, plane);
                let (index_q, share_q) = self.crossing(1, group, plane);
                let (near, far) = self.fetch::<PAIRED>(cells, &index_p, &index_q);
                for lane in 0..LANES {
                    let value = |pair: u32| {
                        let (low, high) =
                            ((pair & 0xffff) as i32 as f32, (pair >> 16) as i32 as f32);
                        low + share_q[lane] * (high - low)
                    };
                    let (low, high) = (value(near[lane]), value(far[lane]));
                    let mut value = low + share_p[lane] * (high - low);
                    if ENDED {
                        let ray = group * LANES + lane;
                        let within = plane >= self.ends[0][ray] && plane <= self.ends[1][ray];
                        value = if within { value } else { 0.0 };
                    }
                    sums[lane] += value;
                }
            }
        }
    }

    /// The cell below each ray's crossing along one axis of the plane, and how far above it.
    fn crossing(&self, side: usize, group: usize, plane: f32) -> ([u32; LANES], [f32; LANES]) {
        let chunk = |values: &[f32; RAYS]| {
            let chunks = values.as_chunks::<LANES>().0;
            chunks.get(group).copied().unwrap_or([0.0; LANES])
        };
        let (start, step) = (chunk(&self.start[side]), chunk(&self.step[side]));
        let (mut index, mut share) = ([0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            // The border reads 0 from 1 down and from `most` up.
            let at = (start[lane] + plane * step[lane])
                .max(1.0)
                .min(self.most[side]);
            let rounded = (at - 0.5) + ROUNDING;
            index[lane] = rounded.to_bits() & ROUNDED_BITS;
            share[lane] = at - (rounded - ROUNDING);
        }
        (index, share)
    }

    /// The four cells around each crossing: two and two in the halves of a number.
    fn fetch<const PAIRED: bool>(
        &self,
        cells: &[u16],
        index_p: &[u32; LANES],
        index_q: &[u32; LANES],
    ) -> ([u32; LANES], [u32; LANES]) {
        let [_, stride_p, stride_q] = self.strides;
        let pair = |at: usize| {
            if PAIRED {
                cells
                    .get(at..at + 2)
                    .map_or(0, |pair| u32::from(pair[0]) | u32::from(pair[1]) << 16)
            } else {
                let cell = |at: usize| cells.get(at).copied().map_or(0, u32::from);
                cell(at) | cell(at + stride_q) << 16
            }
        };
        let (mut near, mut far) = ([0; LANES], [0; LANES]);
        for lane in 0..LANES {
            let along = if PAIRED { 1 } else { stride_q };
            let at = index_p[lane] as usize * stride_p + index_q[lane] as usize * along;
            near[lane] = pair(at);
            far[lane] = pair(at + stride_p);
        }
        (near, far)
    }
}
