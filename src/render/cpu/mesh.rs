//! Surfaces drawn by the processor: the picture where there is no graphics card, and the oracle
//! that the graphics card is tested against.
//!
//! A layer holds the nearest of some surfaces at each pixel. Layers are kept and put together
//! anew, so that a needle that moves before a spine costs as little as the needle. Corners are
//! snapped to 1/256 pixel and covered pixels are told with whole numbers, so that neighbouring
//! triangles leave no gap.

use glam::{Mat3, Vec3};
use rayon::prelude::*;

use super::Cancel;
use super::triangle::{Corner, Edges, corner, pixels_of, shares};
use crate::geometry::Surface;
use crate::render::eye::Eye;
use crate::render::mesh_scene::{AMBIENT, DIFFUSE, FADE, INSIDE, MeshItem, MeshScene, RIM, SHINE};

/// Rows that one task draws.
const BAND_ROWS: usize = 24;
/// Triangles that one task sorts into bands.
const SORT_TRIANGLES: usize = 16_384;
/// Nothing is drawn at a pixel.
const NOTHING: u32 = u32::MAX;
/// Most pixels of a picture.
const MOST_PIXELS: f64 = 64e6;

/// The nearest of some surfaces at each pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub(super) width: usize,
    /// 0 near – 1 far; 1 where nothing is.
    pub(super) depth: Vec<f32>,
    /// Red, green, blue, opacity.
    pub(super) color: Vec<[u8; 4]>,
}

/// One item with the first of its corners and triangles in the common lists.
struct Placed<'a> {
    item: &'a MeshItem,
    surface: &'a Surface,
    first_corner: usize,
    first_triangle: usize,
}

struct Drawing<'a> {
    placed: Vec<Placed<'a>>,
    corners: Vec<Corner>,
    view_from_lps: Mat3,
    half_size: [f32; 2],
    /// mm in the plane of the target per mm of the viewer's distance, a pixel.
    bend_per_pixel: f32,
}

/// Draws the nearest of `items`, which all lie within `reach_mm` of the eye's target
/// ([`MeshScene::reach_mm`]).
///
/// `None` when cancelled, and for an eye that cannot be looked through.
pub fn render_layer(
    items: &[&MeshItem],
    eye: &Eye,
    reach_mm: f64,
    cancel: Cancel<'_>,
) -> Option<Layer> {
    let [width, height] = eye.size;
    if !eye.is_usable() || width * height > MOST_PIXELS {
        return None;
    }
    let (width, height) = (width as usize, height as usize);
    let mut layer = Layer {
        width,
        depth: vec![1.0; width * height],
        color: vec![[0; 4]; width * height],
    };
    let drawing = Drawing::new(items, eye, reach_mm);
    let bands = drawing.sorted(width, height);
    if cancel() {
        return None;
    }
    let pixels = BAND_ROWS * width.max(1);
    let depths = layer.depth.par_chunks_mut(pixels);
    let colors = layer.color.par_chunks_mut(pixels);
    let done = depths
        .zip(colors)
        .enumerate()
        .map(|(band, (depth, color))| {
            if cancel() {
                return false;
            }
            let top = band * BAND_ROWS;
            let mut ids = vec![NOTHING; depth.len()];
            for triangles in bands.iter().filter_map(|chunk| chunk.get(band)) {
                for &triangle in triangles {
                    drawing.cover(triangle, (top, width), depth, &mut ids);
                }
            }
            for (index, (&id, color)) in ids.iter().zip(color).enumerate() {
                if id != NOTHING {
                    let (x, y) = (index % width, top + index / width);
                    let depth = depth.get(index).copied().unwrap_or(1.0);
                    *color = drawing.shade(id, (x, y), depth).unwrap_or_default();
                }
            }
            true
        });
    done.reduce(|| true, |a, b| a && b).then_some(layer)
}

/// Puts layers together: opaque ones by depth, then translucent ones in their order over them.
/// Red, green, blue row by row; layers of another size are left out.
pub fn composite(
    size: [usize; 2],
    opaque: &[&Layer],
    translucent: &[&Layer],
    background: [u8; 3],
) -> Vec<[u8; 3]> {
    let [width, height] = size;
    let fits = |layer: &&&Layer| layer.width == width && layer.depth.len() == width * height;
    let opaque: Vec<_> = opaque.iter().filter(fits).collect();
    let translucent: Vec<_> = translucent.iter().filter(fits).collect();
    let mut picture = vec![background; width * height];
    let rows = picture.par_chunks_mut(width.max(1) * BAND_ROWS);
    rows.enumerate().for_each(|(band, pixels)| {
        let first = band * width * BAND_ROWS;
        let mut nearest = vec![1.0_f32; pixels.len()];
        let at = |layer: &Layer, index: usize| {
            let depth = layer.depth.get(first + index).copied().unwrap_or(1.0);
            (
                depth,
                layer.color.get(first + index).copied().unwrap_or_default(),
            )
        };
        for (is_opaque, layer) in (opaque.iter().map(|layer| (true, layer)))
            .chain(translucent.iter().map(|layer| (false, layer)))
        {
            for (index, (pixel, nearest)) in pixels.iter_mut().zip(&mut nearest).enumerate() {
                let (depth, [r, g, b, a]) = at(layer, index);
                if depth >= *nearest {
                    continue;
                }
                *nearest = depth;
                if is_opaque {
                    *pixel = [r, g, b];
                } else {
                    let share = f32::from(a) / 255.0;
                    for (under, over) in pixel.iter_mut().zip([r, g, b]) {
                        let mixed = f32::from(over) * share + f32::from(*under) * (1.0 - share);
                        *under = (mixed + 0.5) as u8;
                    }
                }
            }
        }
    });
    picture
}

/// The whole picture at once. `None` when cancelled, and for an eye that cannot be looked through.
pub fn render_meshes(scene: &MeshScene, eye: &Eye, cancel: Cancel<'_>) -> Option<Vec<[u8; 3]>> {
    let reach_mm = scene.reach_mm(eye);
    let opaque: Vec<&MeshItem> = scene.opaque().collect();
    let solid = render_layer(&opaque, eye, reach_mm, cancel)?;
    let clear = scene
        .translucent(eye)
        .into_iter()
        .map(|item| render_layer(&[item], eye, reach_mm, cancel))
        .collect::<Option<Vec<_>>>()?;
    let clear: Vec<&Layer> = clear.iter().collect();
    let size = eye.size.map(|n| n as usize);
    Some(composite(size, &[&solid], &clear, scene.background))
}

impl<'a> Drawing<'a> {
    fn new(items: &[&'a MeshItem], eye: &Eye, reach_mm: f64) -> Self {
        // Composed in `f64` and moved to the target, cast once.
        let to_target = glam::DMat4::from_translation(eye.target.0);
        let clip = (eye.clip_from_lps(reach_mm) * to_target).as_mat4();
        let target = eye.target.0;
        let half_size = eye.size.map(|n| n as f32 / 2.0);
        let mut corners = Vec::new();
        let mut placed = Vec::new();
        let mut first_triangle = 0;
        for &item in items {
            let surface = &*item.surface;
            placed.push(Placed {
                item,
                surface,
                first_corner: corners.len(),
                first_triangle,
            });
            first_triangle += surface.mesh().triangles.len();
            let positions = surface.mesh().positions.par_iter();
            corners.par_extend(positions.map(|&at| {
                let at = (Vec3::from(at).as_dvec3() - target).as_vec3();
                corner(clip, half_size, at)
            }));
        }
        let rows = [eye.right, eye.down, eye.forward()].map(|axis| axis.0.as_vec3());
        Self {
            placed,
            corners,
            view_from_lps: Mat3::from_cols(rows[0], rows[1], rows[2]).transpose(),
            half_size,
            bend_per_pixel: (eye.mm_per_pixel * eye.viewer_mm.map_or(0.0, f64::recip)) as f32,
        }
    }

    fn placed(&self, triangle: u32) -> Option<&Placed<'a>> {
        let triangle = triangle as usize;
        let after = self
            .placed
            .partition_point(|placed| placed.first_triangle <= triangle);
        self.placed.get(after.checked_sub(1)?)
    }

    /// Corners of a triangle of a placed item in the picture.
    fn corners(&self, placed: &Placed<'_>, triangle: [u32; 3]) -> Option<[Corner; 3]> {
        let at = |index: u32| {
            let corner = self.corners.get(placed.first_corner + index as usize);
            corner.copied().filter(|corner| !corner.inverse_w.is_nan())
        };
        let [a, b, c] = triangle;
        Some([at(a)?, at(b)?, at(c)?])
    }

    fn triangle(&self, id: u32) -> Option<(&Placed<'a>, [u32; 3], [Corner; 3])> {
        let placed = self.placed(id)?;
        let local = (id as usize).checked_sub(placed.first_triangle)?;
        let triangle = *placed.surface.mesh().triangles.get(local)?;
        Some((placed, triangle, self.corners(placed, triangle)?))
    }

    /// The triangles of each band that may cover a pixel there, in their order, by chunks.
    fn sorted(&self, width: usize, height: usize) -> Vec<Vec<Vec<u32>>> {
        let bands = height.div_ceil(BAND_ROWS);
        let chunks = self.placed.par_iter().flat_map(|placed| {
            let triangles = placed.surface.mesh().triangles.par_chunks(SORT_TRIANGLES);
            triangles.enumerate().map(move |(chunk, triangles)| {
                let mut lists = vec![Vec::new(); bands];
                let first = placed.first_triangle + chunk * SORT_TRIANGLES;
                for (index, triangle) in triangles.iter().enumerate() {
                    let covered = self
                        .corners(placed, *triangle)
                        .and_then(|corners| pixels_of(corners, width, height));
                    let Some([_, top, _, bottom]) = covered else {
                        continue;
                    };
                    let range = top / BAND_ROWS..=bottom / BAND_ROWS;
                    for list in lists.get_mut(range).unwrap_or_default() {
                        list.push((first + index) as u32);
                    }
                }
                lists
            })
        });
        chunks.collect()
    }

    /// Writes a triangle where it is the nearest so far, in the band of rows from `top`.
    fn cover(&self, id: u32, (top, width): (usize, usize), depth: &mut [f32], ids: &mut [u32]) {
        let Some((_, _, corners)) = self.triangle(id) else {
            return;
        };
        let rows = depth.len() / width.max(1);
        let Some([left, first, right, last]) = pixels_of(corners, width, top + rows) else {
            return;
        };
        let first = first.max(top);
        let Some(mut edges) = Edges::new(corners, left, first) else {
            return;
        };
        for row in first..=last {
            let start = (row - top) * width;
            let range = start + left..=start + right;
            let (Some(depths), Some(ids)) = (depth.get_mut(range.clone()), ids.get_mut(range))
            else {
                return;
            };
            let (mut sides, mut far) = (edges.sides, edges.depth);
            for (old, old_id) in depths.iter_mut().zip(ids) {
                if (sides[0] | sides[1] | sides[2]) >= 0 && far < *old && far >= 0.0 {
                    (*old, *old_id) = (far, id);
                }
                for (side, step) in sides.iter_mut().zip(edges.step_x) {
                    *side += step;
                }
                far += edges.depth_x;
            }
            edges.next_row();
        }
    }

    /// Colour and opacity of a triangle at a pixel; the WGSL of the mesh pass does the same.
    fn shade(&self, id: u32, (x, y): (usize, usize), depth: f32) -> Option<[u8; 4]> {
        let (placed, triangle, corners) = self.triangle(id)?;
        let shares = shares(corners, x, y)?;
        let mesh = placed.surface.mesh();
        let normal = |index: u32| {
            let normal = mesh.normals.get(index as usize);
            normal.map_or(Vec3::ZERO, |normal| Vec3::from(*normal))
        };
        let normal: Vec3 = triangle
            .iter()
            .zip(shares)
            .map(|(&c, s)| normal(c) * s)
            .sum();
        let normal = (self.view_from_lps * normal).normalize_or_zero();
        let off = [
            x as f32 + 0.5 - self.half_size[0],
            y as f32 + 0.5 - self.half_size[1],
        ]
        .map(|n| n * self.bend_per_pixel);
        let ray = Vec3::new(off[0], off[1], 1.0).normalize_or_zero();
        let base = placed.item.color.map(|c| f32::from(c) / 255.0);
        let (mut base, mut opacity) = (Vec3::from(base), placed.item.opacity);
        if let Some(colors) = placed.surface.colors() {
            let color = |index: u32| {
                let color = colors.get(index as usize).copied().unwrap_or([255; 4]);
                glam::Vec4::from(color.map(|c| f32::from(c) / 255.0))
            };
            let own: glam::Vec4 = triangle
                .iter()
                .zip(shares)
                .map(|(&c, s)| color(c) * s)
                .sum();
            base *= own.truncate();
            opacity *= own.w;
        }
        let (color, opacity) = lit(base, opacity, normal.dot(ray), depth);
        let [r, g, b] = color.to_array();
        Some([r, g, b, opacity].map(|n| (n.clamp(0.0, 1.0) * 255.0 + 0.5) as u8))
    }
}

/// Colour and opacity under a light at the viewer. `along` is the cosine between the normal and
/// the ray from the viewer: below 0 the outside is seen.
fn lit(base: Vec3, opacity: f32, along: f32, depth: f32) -> (Vec3, f32) {
    let facing = along.abs().min(1.0);
    let side = if along > 0.0 { INSIDE } else { 1.0 };
    let light = (AMBIENT + DIFFUSE * facing) * side;
    let shine = SHINE * power(facing) * side;
    let color = (base * light + Vec3::splat(shine)) * (1.0 - FADE * depth);
    let edge = (1.0 - facing) * (1.0 - facing);
    let opacity = if opacity < 1.0 {
        opacity + opacity.min(1.0 - opacity) * RIM * edge
    } else {
        1.0
    };
    (color, opacity)
}

/// `facing` to the `SHINE_POWER` of the mesh scene, 24, by multiplication: several times faster than `powf`.
pub(super) fn power(facing: f32) -> f32 {
    let square = facing * facing;
    let eighth = square * square * square * square;
    eighth * eighth * eighth
}
