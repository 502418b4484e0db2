//! A picture on the graphics card: in tiles, because a radiograph may be larger than a texture can
//! be, and at the size that it is shown in. Tiles are uploaded once and moved about after that.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use egui::{Color32, ColorImage, Painter, Rect, TextureHandle, TextureOptions, pos2};

use super::super::gpu::Gpu;
use super::screen_picture::{Leveled, ScreenPicture, Slot};
use crate::app::picture_stage::ShownPicture;
use crate::app::presentation::Presentation;
use crate::app::stage::Stage;
use crate::render::{PictureLevel, PicturePart, Pixels, difference_greys, frame_greys};
use crate::study::{Samples, Series};

/// Pixels of a tile, each way, without its rim.
const TILE: usize = 1022;
/// Pixels that a tile shares with its neighbours, so that no seams show where they meet.
const RIM: usize = 1;
/// Tiles that are kept: 25 of them are a radiograph of 4096 × 4096.
const MOST_TILES: usize = 48;

/// Which stack a picture is of; equal only for the very same one.
#[derive(Debug, Clone)]
pub struct ShownStack {
    /// Weak: keeps the address from being used again by another series.
    series: Weak<Series>,
    stack: usize,
}

impl ShownStack {
    /// That of a stage.
    pub fn of(stage: &Stage) -> Self {
        Self {
            series: Arc::downgrade(&stage.series),
            stack: stage.stack,
        }
    }
}

impl PartialEq for ShownStack {
    fn eq(&self, other: &Self) -> bool {
        self.series.ptr_eq(&other.series) && self.stack == other.stack
    }
}

/// All that decides what a picture looks like.
#[derive(PartialEq, Clone)]
struct Key {
    stack: ShownStack,
    index: usize,
    derived: Option<u64>,
    look: Presentation,
    shutter: bool,
}

struct Tile {
    texture: TextureHandle,
    /// Which picture it holds.
    generation: u64,
}

/// The picture and its tiles.
#[derive(Default)]
pub struct PictureTexture {
    key: Option<Key>,
    generation: u64,
    /// The picture at its own size, at half of it …
    levels: Vec<PictureLevel>,
    tiles: HashMap<(usize, usize, usize), Tile>,
    on_screen: ScreenPicture,
}

impl PictureTexture {
    /// Takes another picture where it is another one, or looks otherwise.
    pub fn hold(&mut self, stage: &Stage, shown: &ShownPicture) {
        let key = Key {
            stack: ShownStack::of(stage),
            index: shown.index,
            derived: shown.derived.as_ref().map(|(_, serial)| *serial),
            look: stage.shown_look(shown).clone(),
            shutter: stage
                .pictures()
                .is_some_and(|pictures| pictures.show_shutter),
        };
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let level = drawn(stage, shown, &key);
        let other_size = self.levels.first().is_none_or(|old| old.size != level.size);
        if other_size || self.tiles.len() > MOST_TILES {
            self.tiles.clear();
        }
        self.levels = vec![level];
        self.generation += 1;
        self.key = Some(key);
    }

    /// Draws the part of the picture that is seen, `place` being where all of it lies; with a
    /// software driver where there is one.
    pub fn paint(&mut self, painter: &Painter, place: Rect, software: Option<&Gpu>) {
        let Some(whole) = self.levels.first().map(|level| level.size) else {
            return;
        };
        let wide = place.width() * painter.ctx().pixels_per_point() / whole[0].max(1) as f32;
        let high = place.height() * painter.ctx().pixels_per_point() / whole[1].max(1) as f32;
        // Between half and one picture pixel for one of the screen.
        let level = (1.0 / wide.max(high).max(1e-4)).log2().floor().max(0.0) as usize;
        while self.levels.len() <= level {
            let Some(half) = self.levels.last().map(PictureLevel::halved) else {
                return;
            };
            self.levels.push(half);
        }
        let Some(size) = self.levels.get(level).map(|level| level.size) else {
            return;
        };
        if let (Some(gpu), Some(picture)) = (software, self.levels.get(level)) {
            let leveled = Leveled {
                picture,
                level,
                whole,
                serial: self.generation,
            };
            self.tiles.clear();
            self.on_screen
                .paint(painter, (gpu, Slot::Stack), place, leveled);
            return;
        }
        let count = size.map(|n| n.div_ceil(TILE));
        let seen = painter.clip_rect();
        for row in 0..count[1] {
            for column in 0..count[0] {
                let at = placed(place, size, [column, row]);
                if at.screen.intersects(seen)
                    && let Some(texture) = self.tile(painter, (level, column, row))
                {
                    painter.image(texture, at.screen, at.of_texture, Color32::WHITE);
                }
            }
        }
    }

    fn tile(&mut self, painter: &Painter, at: (usize, usize, usize)) -> Option<egui::TextureId> {
        if let Some(tile) = self.tiles.get(&at)
            && tile.generation == self.generation
        {
            return Some(tile.texture.id());
        }
        let (level, column, row) = at;
        let level = self.levels.get(level)?;
        let part = with_rim(level.size, [column, row]);
        let image = match level.part(part) {
            Pixels::Grey(greys) => ColorImage::from_gray(part.size, &greys),
            Pixels::Rgb(colors) => ColorImage::from_rgb(part.size, colors.as_flattened()),
        };
        let generation = self.generation;
        let texture = match self.tiles.remove(&at) {
            Some(mut tile) => {
                tile.texture.set(image, TextureOptions::LINEAR);
                tile.texture
            }
            None => painter
                .ctx()
                .load_texture("picture", image, TextureOptions::LINEAR),
        };
        let id = texture.id();
        let tile = Tile {
            texture,
            generation,
        };
        self.tiles.insert(at, tile);
        Some(id)
    }
}

/// The part of a picture that a tile holds, with its rim.
fn with_rim(size: [usize; 2], tile: [usize; 2]) -> PicturePart {
    let range = |axis: usize| {
        let (count, tile) = (size.get(axis).copied(), tile.get(axis).copied());
        let (count, start) = (count.unwrap_or_default(), tile.unwrap_or_default() * TILE);
        let first = start.saturating_sub(RIM);
        (first, (start + TILE + RIM).min(count).saturating_sub(first))
    };
    let (columns, rows) = (range(0), range(1));
    PicturePart {
        first: [columns.0, rows.0],
        size: [columns.1, rows.1],
    }
}

/// Where a tile lies on the screen, and which part of its texture is drawn there.
struct Placed {
    screen: Rect,
    of_texture: Rect,
}

fn placed(place: Rect, size: [usize; 2], tile: [usize; 2]) -> Placed {
    let part = with_rim(size, tile);
    let inner = |axis: usize| {
        let (size, tile) = (size.get(axis).copied(), tile.get(axis).copied());
        let start = tile.unwrap_or_default() * TILE;
        (
            start as f32,
            (start + TILE).min(size.unwrap_or_default()) as f32,
        )
    };
    let ((left, right), (top, bottom)) = (inner(0), inner(1));
    let share = |x: f32, y: f32| {
        let part_of = egui::vec2(x / size[0].max(1) as f32, y / size[1].max(1) as f32);
        place.min + part_of * place.size()
    };
    let texel = |x: f32, y: f32| {
        pos2(
            (x - part.first[0] as f32) / part.size[0].max(1) as f32,
            (y - part.first[1] as f32) / part.size[1].max(1) as f32,
        )
    };
    Placed {
        screen: Rect::from_min_max(share(left, top), share(right, bottom)),
        of_texture: Rect::from_min_max(texel(left, top), texel(right, bottom)),
    }
}

/// Colours as they are; greys through the look, with padding black whichever way they run; what
/// shutters cover in their grey.
fn drawn(stage: &Stage, shown: &ShownPicture, key: &Key) -> PictureLevel {
    let frame = shown.frame();
    let size = [frame.columns, frame.rows];
    let mut display = key.look.display();
    display.invert ^= stage.is_reversed();
    let instance = stage.leading_instance();
    let pixels = match &frame.samples {
        Samples::Rgb8(colors) => Pixels::Rgb(colors.clone()),
        _ if shown.is_difference => {
            Pixels::Grey(difference_greys(frame, &display).unwrap_or_default())
        }
        _ => {
            let greys = instance
                .and_then(|(instance, index)| frame_greys(frame, instance, index, &display));
            Pixels::Grey(greys.unwrap_or_else(|| vec![0; size[0] * size[1]]))
        }
    };
    let mut level = PictureLevel { size, pixels };
    if let (true, Some((instance, _))) = (key.shutter, instance) {
        let shutter = &instance.picture.shutter;
        let [row, column] = instance.pixel_shape();
        match &mut level.pixels {
            Pixels::Grey(greys) => shutter.cover(greys, size[0], row / column, shutter.grey),
            Pixels::Rgb(colors) => {
                shutter.cover(colors, size[0], row / column, [shutter.grey; 3]);
            }
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_the_picture_without_gaps_and_overlap_by_their_rims() {
        let place = Rect::from_min_size(pos2(10.0, 20.0), egui::vec2(2000.0, 1000.0));
        let size = [2000, 1000];
        assert_eq!(with_rim(size, [0, 0]).size, [TILE + 1, 1000]);
        let second = with_rim(size, [1, 0]);
        assert_eq!(second.first, [TILE - 1, 0]);
        assert_eq!(second.size[0], 2000 - TILE + 1);
        let (a, b) = (placed(place, size, [0, 0]), placed(place, size, [1, 0]));
        assert_eq!(a.screen.right(), b.screen.left());
        assert_eq!(a.screen.left(), 10.0);
        assert!((b.screen.right() - 2010.0).abs() < 1e-3);
        // Both draw from their own side of the seam, which both hold.
        assert!((a.of_texture.right() - TILE as f32 / (TILE + 1) as f32).abs() < 1e-6);
        assert!((b.of_texture.left() - 1.0 / second.size[0] as f32).abs() < 1e-6);
    }
}
