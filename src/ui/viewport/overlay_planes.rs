//! Overlay planes of the files (60xx) over the pixels they lie on.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Context, Mesh, Painter, Pos2, Shape, TextureHandle, TextureOptions,
};
use egui::{epaint::Vertex, pos2};

use crate::app::overlay_stage::Overlays;
use crate::study::{OverlayBitmap, OverlayKind};
use crate::ui::theme;

/// Images whose overlays are kept as textures: a viewport each, and the pictures.
const KEPT: usize = 6;

/// Overlays as textures, kept while they are shown.
#[derive(Default)]
pub struct OverlayTextures {
    held: Vec<Held>,
}

struct Held {
    overlays: Overlays,
    /// Overlay pixels, each way, that one texture pixel stands for.
    pool: usize,
    drawn: Vec<Drawn>,
}

/// The part of one overlay that has anything drawn.
struct Drawn {
    texture: TextureHandle,
    /// First column and row of the image that it covers, and those after its last.
    columns: [f32; 2],
    rows: [f32; 2],
}

impl OverlayTextures {
    /// Draws overlays; `screen` says where a position of the image lies, in columns and rows from
    /// the outer edge of the first pixel.
    pub fn paint(
        &mut self,
        painter: &Painter,
        overlays: &Overlays,
        screen: impl Fn(f32, f32) -> Pos2,
    ) {
        if overlays.is_empty() {
            return;
        }
        let ctx = painter.ctx();
        let along = |to: Pos2| (to - screen(0.0, 0.0)).length() * ctx.pixels_per_point();
        let points = along(screen(1.0, 0.0)).min(along(screen(0.0, 1.0)));
        // Thin lines must not fall between the pixels of the screen.
        let pool = (1.0 / points.max(0.02)).floor().max(1.0) as usize;
        let side = ctx.input(|input| input.max_texture_side);
        let same = |held: &Held| Arc::ptr_eq(&held.overlays, overlays) && held.pool == pool;
        if !self.held.iter().any(same) {
            self.held.truncate(KEPT - 1);
            let drawn = overlays
                .iter()
                .filter_map(|bitmap| draw(ctx, bitmap, pool, side))
                .collect();
            let held = Held {
                overlays: Arc::clone(overlays),
                pool,
                drawn,
            };
            self.held.insert(0, held);
        }
        let Some(held) = self.held.iter().find(|held| same(held)) else {
            return;
        };
        for drawn in &held.drawn {
            let ([left, right], [top, bottom]) = (drawn.columns, drawn.rows);
            let corners = [
                (screen(left, top), pos2(0.0, 0.0)),
                (screen(right, top), pos2(1.0, 0.0)),
                (screen(right, bottom), pos2(1.0, 1.0)),
                (screen(left, bottom), pos2(0.0, 1.0)),
            ];
            let mut mesh = Mesh::with_texture(drawn.texture.id());
            mesh.vertices = corners
                .map(|(pos, uv)| Vertex {
                    pos,
                    uv,
                    color: Color32::WHITE,
                })
                .to_vec();
            mesh.indices = vec![0, 1, 2, 0, 2, 3];
            painter.add(Shape::mesh(mesh));
        }
    }
}

fn draw(ctx: &Context, bitmap: &OverlayBitmap, pool: usize, most_side: usize) -> Option<Drawn> {
    let Cropped {
        first_row,
        first_column,
        rows,
        columns,
    } = cropped(bitmap)?;
    let pool = pool.max(rows.max(columns).div_ceil(most_side.max(1)));
    let color = match bitmap.kind {
        OverlayKind::Graphics => theme::OVERLAY,
        // Lies over what it marks.
        OverlayKind::Region => theme::OVERLAY.gamma_multiply(0.35),
    };
    let size = [columns.div_ceil(pool), rows.div_ceil(pool)];
    let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
    let lines = bitmap.bits.chunks_exact(bitmap.columns);
    for (row, line) in lines.skip(first_row).take(rows).enumerate() {
        let line = line.iter().skip(first_column).take(columns);
        for (column, _) in line.enumerate().filter(|(_, bit)| **bit == 1) {
            let at = row / pool * size[0] + column / pool;
            if let Some(pixel) = image.pixels.get_mut(at) {
                *pixel = color;
            }
        }
    }
    let name = format!("overlay {:04X}", bitmap.group);
    let [origin_row, origin_column] = bitmap.origin;
    let edges = |origin: i32, first: usize, count: usize| {
        let start = origin as f32 - 1.0 + first as f32;
        [start, start + (count * pool) as f32]
    };
    Some(Drawn {
        texture: ctx.load_texture(name, image, TextureOptions::NEAREST),
        columns: edges(origin_column, first_column, size[0]),
        rows: edges(origin_row, first_row, size[1]),
    })
}

/// The smallest part of a bitmap that holds all its bits.
#[derive(Debug, PartialEq)]
struct Cropped {
    first_row: usize,
    first_column: usize,
    rows: usize,
    columns: usize,
}

fn cropped(bitmap: &OverlayBitmap) -> Option<Cropped> {
    let lines = || bitmap.bits.chunks_exact(bitmap.columns.max(1));
    let has_bit = |line: &[u8]| line.contains(&1);
    let first_row = lines().position(has_bit)?;
    let last_row = lines().rposition(has_bit)?;
    let first_column = lines()
        .filter_map(|line| line.iter().position(|&bit| bit == 1))
        .min()?;
    let last_column = lines()
        .filter_map(|line| line.iter().rposition(|&bit| bit == 1))
        .max()?;
    Some(Cropped {
        first_row,
        first_column,
        rows: last_row - first_row + 1,
        columns: last_column - first_column + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_with_bits_becomes_a_texture() {
        let mut bitmap = OverlayBitmap {
            group: 0x6000,
            kind: OverlayKind::Graphics,
            rows: 4,
            columns: 5,
            origin: [1, 1],
            bits: vec![0; 20],
        };
        assert_eq!(cropped(&bitmap), None);
        bitmap.bits[5 + 3] = 1;
        bitmap.bits[2 * 5 + 1] = 1;
        let part = Cropped {
            first_row: 1,
            first_column: 1,
            rows: 2,
            columns: 3,
        };
        assert_eq!(cropped(&bitmap), Some(part));
    }

    #[test]
    fn overlay_pixels_lie_on_the_pixels_of_the_image() {
        let ctx = Context::default();
        let bitmap = OverlayBitmap {
            group: 0x6000,
            kind: OverlayKind::Graphics,
            rows: 2,
            columns: 2,
            origin: [11, 0],
            bits: vec![0, 1, 0, 1],
        };
        let drawn = draw(&ctx, &bitmap, 1, 4096).unwrap();
        // Origin 11\0: rows 10 and 11, columns -1 and 0 of the image; column -1 is blank.
        assert_eq!((drawn.columns, drawn.rows), ([0.0, 1.0], [10.0, 12.0]));
        assert_eq!(drawn.texture.size(), [1, 2]);
        let pooled = draw(&ctx, &bitmap, 2, 4096).unwrap();
        assert_eq!(pooled.texture.size(), [1, 1]);
    }
}
