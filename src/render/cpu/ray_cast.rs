//! Volumes ray-cast by the processor, surfaces among them: the picture where there is no graphics
//! card, and what the graphics card is tested against.
//!
//! Front to back: what a stretch between two samples adds is looked up whole
//! ([`crate::render::transfer_table`]), lit by its gradient at the middle of what is seen there,
//! and laid behind what was met before. Blocks without anything to see are leapt over. An opaque
//! surface ends a ray, a translucent one is laid in where it lies.

use glam::Vec3;
use rayon::prelude::*;

use super::Cancel;
use super::mesh::{Layer, power};
use super::ray_field::RayField;
use crate::render::mesh_scene::{AMBIENT, DIFFUSE, EVEN, FADE, SHINE};
use crate::render::ray_frame::{Ray, RayFrame, RayRequest, jitter};
use crate::render::ray_volume::RayVolume;
use crate::render::transfer_table::{Stretch, TransferTable};
use crate::volume::block_ranges::BLOCK_CELLS;
use crate::volume::{StoredVoxel, Voxels};

/// Edge of a tile of rays that share what lies in the processor's cache.
const TILE: usize = 16;
/// Most pixels of a picture.
const MOST_PIXELS: f64 = 64e6;
/// Where less light than this comes through nothing more is looked for.
pub(super) const OPAQUE_ENOUGH: f32 = 0.004;
/// Denser stretches are divided, so that this is the greatest optical depth of a part.
const PART_EXTINCTION: f32 = 0.35;
/// Most parts of a stretch.
const MOST_PARTS: f32 = 4.0;
/// Most samples of a ray: far more than any volume has voxels in a row.
const MOST_SAMPLES: u32 = 100_000;

/// The surfaces of a picture, drawn as layers of its size with the same eye and reach.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Layers of opaque surfaces.
    pub opaque: &'a [&'a Layer],
    /// Layers of translucent ones.
    pub veils: &'a [&'a Layer],
    /// Red, green, blue behind everything.
    pub background: [u8; 3],
}

/// Red, green, blue row by row.
///
/// `None` when cancelled, and for an eye that cannot be looked through.
pub fn render_rays(
    source: &RayVolume,
    request: &RayRequest,
    around: Surroundings<'_>,
    cancel: Cancel<'_>,
) -> Option<Vec<[u8; 3]>> {
    let [width, height] = request.eye.size;
    let frame = RayFrame::new(source.volume(), request)?;
    if width * height > MOST_PIXELS {
        return None;
    }
    let size = [width as usize, height as usize];
    match &source.volume().voxels {
        Voxels::I16(store) => {
            let field = RayField::new(source.volume(), store, source.table());
            Caster::new(source, frame, &field, around).picture(size, cancel)
        }
        Voxels::U16(store) => {
            let field = RayField::new(source.volume(), store, source.table());
            Caster::new(source, frame, &field, around).picture(size, cancel)
        }
        Voxels::F32(store) => {
            let field = RayField::new(source.volume(), store, source.table());
            Caster::new(source, frame, &field, around).picture(size, cancel)
        }
    }
}

struct Caster<'a, T> {
    frame: RayFrame,
    field: &'a RayField<'a, T>,
    table: &'a TransferTable,
    distances: &'a [u8],
    blocks: [usize; 3],
    /// Gradient of full shading, table places per mm.
    edge: f32,
    around: Surroundings<'a>,
}

/// A translucent surface at a pixel.
#[derive(Clone, Copy)]
struct Veil {
    depth_mm: f32,
    color: Vec3,
    opacity: f32,
}

/// What a ray has gathered.
struct Gathered {
    color: Vec3,
    /// What still comes through.
    light: f32,
}

impl Gathered {
    fn add(&mut self, color: Vec3, opacity: f32) {
        self.color += color * (self.light * opacity);
        self.light *= 1.0 - opacity;
    }
}

impl<'a, T: StoredVoxel + Into<f32>> Caster<'a, T> {
    fn new(
        source: &'a RayVolume,
        frame: RayFrame,
        field: &'a RayField<'a, T>,
        around: Surroundings<'a>,
    ) -> Self {
        let [per_value, _] = source.table().place_from_value();
        Self {
            frame,
            field,
            table: source.table(),
            distances: &source.leaps().distances,
            blocks: source.leaps().size,
            edge: (source.function().edge_per_mm() * per_value) as f32,
            around,
        }
    }

    fn picture(&self, [width, height]: [usize; 2], cancel: Cancel<'_>) -> Option<Vec<[u8; 3]>> {
        let mut picture = vec![self.around.background; width * height];
        let bands = picture.par_chunks_mut((width * TILE).max(1)).enumerate();
        let done = bands.map(|(band, pixels)| {
            let top = band * TILE;
            let rows = pixels.len() / width.max(1);
            let mut veils = Vec::new();
            for left in (0..width).step_by(TILE) {
                if cancel() {
                    return false;
                }
                for row in 0..rows {
                    let columns = left..(left + TILE).min(width);
                    let tile = columns.start + row * width..columns.end + row * width;
                    let line = pixels.get_mut(tile).unwrap_or_default();
                    for (column, pixel) in columns.zip(line) {
                        *pixel = self.pixel((column, top + row), width, &mut veils);
                    }
                }
            }
            true
        });
        done.reduce(|| true, |a, b| a && b).then_some(picture)
    }

    fn pixel(&self, (column, row): (usize, usize), width: usize, veils: &mut Vec<Veil>) -> [u8; 3] {
        let index = row * width + column;
        let (mut end, mut behind) = (1.0_f32, self.around.background);
        for layer in self.around.opaque {
            let (depth, [r, g, b, _]) = place(layer, width, index);
            if depth < end {
                (end, behind) = (depth, [r, g, b]);
            }
        }
        veils.clear();
        for layer in self.around.veils {
            let (depth, [r, g, b, a]) = place(layer, width, index);
            if depth < end && a > 0 {
                veils.push(Veil {
                    depth_mm: self.frame.depth_mm(depth),
                    color: shown([r, g, b]),
                    opacity: f32::from(a) / 255.0,
                });
            }
        }
        veils.sort_unstable_by(|a, b| a.depth_mm.total_cmp(&b.depth_mm));
        let mut gathered = Gathered {
            color: Vec3::ZERO,
            light: 1.0,
        };
        let mut left = veils.as_slice();
        if let Some(mut ray) = self.frame.ray(column, row) {
            if end < 1.0 {
                ray.to = ray.to.min(self.frame.depth_mm(end));
            }
            self.march(&ray, jitter(column, row), &mut left, &mut gathered);
        }
        for veil in left {
            gathered.add(veil.color, veil.opacity);
        }
        gathered.add(shown(behind), 1.0);
        gathered
            .color
            .to_array()
            .map(|n| (n.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
    }

    /// Follows a ray through the volume. Takes the veils that it passes off the list.
    fn march(&self, ray: &Ray, jitter: f32, veils: &mut &[Veil], gathered: &mut Gathered) {
        let step = self.frame.step_mm / ray.stretch;
        let inverse = ray.along.recip();
        // The first stretch is a part of a step; all others lie on the lattice of this pixel.
        let lattice = |number: u32| ray.from + (number as f32 - 1.0 + jitter) * step;
        let mut next = 1;
        let mut depth = ray.from;
        let mut before = None;
        // Up to here the block is known to show something.
        let mut busy_until = f32::NEG_INFINITY;
        while depth < ray.to && gathered.light > OPAQUE_ENOUGH && next < MOST_SAMPLES {
            if depth >= busy_until {
                let (is_clear, exit) = self.block(ray.at(depth), ray, inverse);
                if is_clear {
                    // The last place of the lattice that is still clear, and the one after it.
                    let last = ((exit - ray.from) / step + 1.0 - jitter) as u32;
                    let last = last.max(next - 1);
                    let arrive = lattice(last + 1).min(ray.to);
                    let (is_clear, exit) = self.block(ray.at(arrive), ray, inverse);
                    if is_clear {
                        (depth, next, before) = (arrive, last + 2, None);
                        continue;
                    }
                    if last >= next {
                        (depth, next, before) = (lattice(last), last + 1, None);
                    }
                    busy_until = exit;
                } else {
                    busy_until = exit;
                }
            }
            let until = lattice(next).min(ray.to);
            let from = before.unwrap_or_else(|| self.entry(ray, depth));
            let to = self.entry(ray, until);
            if let Some(found) = self.table.stretch(from, to) {
                self.add(ray, ((depth, from), (until, to)), &found, (veils, gathered));
            }
            before = Some(to);
            depth = until;
            next += 1;
        }
    }

    #[inline]
    fn entry(&self, ray: &Ray, depth: f32) -> usize {
        TransferTable::entry(self.field.place_at(ray.at(depth)))
    }

    /// Adds a stretch between two samples; a dense one in parts, since its front hides its back.
    fn add(
        &self,
        ray: &Ray,
        ((depth, from), (until, to)): ((f32, usize), (f32, usize)),
        whole: &Stretch,
        (veils, gathered): (&mut &[Veil], &mut Gathered),
    ) {
        let length_mm = (until - depth) * ray.stretch;
        let parts = (whole.extinction * length_mm / PART_EXTINCTION).ceil();
        let parts = parts.clamp(1.0, MOST_PARTS);
        let part = (until - depth) / parts;
        let at_cut = ray.enters_by_cut && depth == ray.from;
        // Its light, found once where something is first seen.
        let mut light = None;
        let (mut begin, mut before) = (depth, from);
        for number in 1..=parts as u32 {
            let is_last = number == parts as u32;
            let (end, after) = if is_last {
                (until, to)
            } else {
                let end = depth + part * number as f32;
                (end, self.entry(ray, end))
            };
            let found = if parts > 1.0 {
                self.table.stretch(before, after)
            } else {
                Some(*whole)
            };
            if let Some(found) = found {
                let middle = begin + found.middle * (end - begin);
                while let Some((veil, rest)) = veils.split_first()
                    && veil.depth_mm < middle
                {
                    gathered.add(veil.color, veil.opacity);
                    *veils = rest;
                }
                let [shade, shine] = *light.get_or_insert_with(|| self.light(ray, middle, at_cut));
                let opacity = 1.0 - (-found.extinction * (end - begin) * ray.stretch).exp();
                gathered.add(Vec3::from(found.color) * shade + shine, opacity);
            }
            (begin, before) = (end, after);
        }
    }

    /// Whether the blocks about a place are clear, and the depth at which a ray leaves them; where
    /// they are not, at which it leaves the block.
    #[inline]
    fn block(&self, at: Vec3, ray: &Ray, inverse: Vec3) -> (bool, f32) {
        let block = |at: f32, count: usize| {
            // A cast cuts what `floor` would: not negative.
            let voxel = at.max(0.0) as i32;
            (voxel as usize / BLOCK_CELLS).min(count - 1)
        };
        let here = [
            block(at.x, self.blocks[0]),
            block(at.y, self.blocks[1]),
            block(at.z, self.blocks[2]),
        ];
        let index = (here[2] * self.blocks[1] + here[1]) * self.blocks[0] + here[0];
        let distance = self.distances.get(index).copied().unwrap_or(0);
        let reach = f32::from(distance.saturating_sub(1));
        let here = Vec3::from(here.map(|n| n as f32));
        let low = (here - reach) * BLOCK_CELLS as f32;
        let high = (here + reach + 1.0) * BLOCK_CELLS as f32;
        let far = ((low - ray.base) * inverse).max((high - ray.base) * inverse);
        (distance > 0, far.min_element())
    }

    /// What share of its colour a place sends to the viewer, and how much gloss beside it.
    fn light(&self, ray: &Ray, depth: f32, at_cut: bool) -> [f32; 2] {
        let (facing, sharp) = if at_cut {
            // A cut face is a surface whatever the values behind it do.
            (self.frame.cut_normal.dot(ray.direction).abs(), 1.0)
        } else {
            let turn = &self.frame.view_from_gradient;
            let gradient = self.field.gradient_at(ray.at(depth), turn);
            let length = gradient.length();
            // NaN beside a missing slice: evenly lit.
            if length > 0.0 {
                let facing = (gradient.dot(ray.direction) / length).abs().min(1.0);
                (facing, (length / self.edge).min(1.0))
            } else {
                (1.0, 0.0)
            }
        };
        let light = AMBIENT + DIFFUSE * (EVEN + sharp * (facing - EVEN));
        let shine = SHINE * power(facing) * sharp;
        let fade = 1.0 - FADE * self.frame.shown_depth(depth);
        [light * fade, shine * fade]
    }
}

/// Depth 0–1 and colour of a layer at a pixel; nothing where it is of another size.
fn place(layer: &Layer, width: usize, index: usize) -> (f32, [u8; 4]) {
    match (layer.depth.get(index), layer.color.get(index)) {
        (Some(&depth), Some(&color)) if layer.width == width => (depth, color),
        _ => (1.0, [0; 4]),
    }
}

fn shown(color: [u8; 3]) -> Vec3 {
    Vec3::from(color.map(|c| f32::from(c) / 255.0))
}
