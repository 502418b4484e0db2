//! A picture brought to the size of the screen by the processor, where the only graphics driver is
//! a software one: such a driver takes several times as long to sample a texture.

use egui::{Painter, Rect, pos2, vec2};

use super::super::gpu::{ColorCallback, Gpu, GroundCallback, PictureCallback};
use super::super::theme;
use crate::app::viewport::ViewportId;
use crate::render::{GreyPicture, PictureLevel, Pixels, Placing, ScreenGrid};

/// Which pictures of the driver are no viewport's slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The picture stack.
    Stack,
    /// Simulated fluoroscopy of a viewport.
    Fluoroscopy(ViewportId),
}

impl Slot {
    /// Slices have the number of their viewport, from 0: these count from the other end.
    fn key(self) -> u64 {
        match self {
            Self::Stack => u64::MAX,
            Self::Fluoroscopy(id) => u64::MAX - 1 - id.0 as u64,
        }
    }
}

/// The ground of a view where a picture does not cover it: a software driver would paint what
/// lies under the picture for nothing. Such a driver also draws it by a shader of its own.
pub fn ground_about(painter: &Painter, (area, place): (Rect, Rect), software: Option<&Gpu>) {
    let fill = |strip: Rect| {
        if software.is_some() {
            painter.add(egui_wgpu::Callback::new_paint_callback(
                strip,
                GroundCallback,
            ));
        } else {
            painter.rect_filled(strip, 0.0, theme::VIEW_GROUND);
        }
    };
    for strip in strips(area, place) {
        fill(strip);
    }
}

/// What of an area lies about a picture, in strips, and a point of the picture's edges, so that no
/// seam of another colour shows there.
fn strips(area: Rect, place: Rect) -> Vec<Rect> {
    let covered = place.intersect(area);
    if !covered.is_positive() {
        return vec![area];
    }
    let inner = covered.shrink2((covered.size() / 2.0).min(vec2(1.0, 1.0)));
    let all = [
        Rect::from_min_max(area.min, pos2(area.right(), inner.top())),
        Rect::from_min_max(pos2(area.left(), inner.bottom()), area.max),
        Rect::from_x_y_ranges(area.left()..=inner.left(), inner.y_range()),
        Rect::from_x_y_ranges(inner.right()..=area.right(), inner.y_range()),
    ];
    all.into_iter().filter(Rect::is_positive).collect()
}

/// A picture at `1 / 2^level` of its size.
#[derive(Clone, Copy)]
pub struct Leveled<'a> {
    /// The picture at this size.
    pub picture: &'a PictureLevel,
    /// How often it was halved.
    pub level: usize,
    /// Columns and rows of the whole.
    pub whole: [usize; 2],
    /// Another number for other pixels.
    pub serial: u64,
}

/// What the driver holds of one picture.
#[derive(Debug, Default)]
pub struct ScreenPicture {
    /// Serial number, and the pixels of the screen that it covers.
    held: Option<(u64, ScreenGrid)>,
}

impl ScreenPicture {
    /// Draws the part of a picture that is seen; `place` is where all of it lies.
    pub fn paint(
        &mut self,
        painter: &Painter,
        (gpu, slot): (&Gpu, Slot),
        place: Rect,
        leveled: Leveled<'_>,
    ) {
        let scale = painter.ctx().pixels_per_point();
        let Some((rect, grid)) = on_pixels(place, painter.clip_rect(), scale, leveled.whole) else {
            return;
        };
        let colors = matches!(leveled.picture.pixels, Pixels::Rgb(_));
        if self.held != Some((leveled.serial, grid)) {
            put(
                gpu,
                slot.key(),
                &grid,
                leveled.picture.on_screen(&grid.at_level(leveled.level)),
            );
            self.held = Some((leveled.serial, grid));
        }
        let viewport = slot.key();
        painter.add(if colors {
            egui_wgpu::Callback::new_paint_callback(rect, ColorCallback { viewport })
        } else {
            egui_wgpu::Callback::new_paint_callback(rect, PictureCallback { viewport })
        });
    }
}

fn put(gpu: &Gpu, viewport: u64, grid: &ScreenGrid, pixels: Pixels) {
    let size = grid.size;
    match pixels {
        Pixels::Grey(greys) => gpu.put(
            viewport,
            &GreyPicture {
                greys: &greys,
                size,
                screen: size,
                coarse: 1,
            },
        ),
        Pixels::Rgb(colors) => {
            let bytes: Vec<u8> = colors
                .iter()
                .flat_map(|&[r, g, b]| [r, g, b, 255])
                .collect();
            let placing = Placing {
                screen: size,
                fineness: 1.0,
            };
            gpu.put_colors(viewport, (&bytes, size), placing);
        }
    }
}

/// The whole pixels of the screen that a picture covers within `seen`, as points and as a grid.
fn on_pixels(place: Rect, seen: Rect, scale: f32, whole: [usize; 2]) -> Option<(Rect, ScreenGrid)> {
    let visible = place.intersect(seen);
    if !visible.is_positive() || !place.is_positive() {
        return None;
    }
    let low = (visible.min.to_vec2() * scale).round();
    let high = (visible.max.to_vec2() * scale).round();
    let size = (high - low).max(egui::Vec2::ZERO);
    let [columns, rows] = [size.x as usize, size.y as usize];
    if columns == 0 || rows == 0 {
        return None;
    }
    let axis = |start: f32, from: f32, extent: f32, pixels: usize| {
        let step = pixels as f64 / f64::from(extent * scale);
        let at = (f64::from(start) + 0.5 - f64::from(from * scale)) * step - 0.5;
        (at, step)
    };
    let (column, across) = axis(low.x, place.left(), place.width(), whole[0]);
    let (row, down) = axis(low.y, place.top(), place.height(), whole[1]);
    let corner = |at: egui::Vec2| pos2(at.x / scale, at.y / scale);
    let grid = ScreenGrid {
        size: [columns, rows],
        first: [column, row],
        step: [across, down],
    };
    Some((Rect::from_min_max(corner(low), corner(high)), grid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_about_a_picture_is_painted_once_and_the_picture_left_out() {
        let area = Rect::from_min_max(pos2(10.0, 20.0), pos2(50.0, 44.0));
        for place in [
            Rect::from_min_max(pos2(18.0, 20.0), pos2(42.0, 44.0)),
            Rect::from_min_max(pos2(10.0, 26.0), pos2(50.0, 38.0)),
            Rect::from_min_max(pos2(20.0, 24.0), pos2(30.0, 34.0)),
            Rect::from_min_max(pos2(0.0, 0.0), pos2(90.0, 90.0)),
            Rect::from_min_max(pos2(0.0, 30.0), pos2(25.0, 90.0)),
            Rect::from_min_max(pos2(49.0, 20.0), pos2(90.0, 21.0)),
            Rect::from_min_max(pos2(60.0, 20.0), pos2(90.0, 44.0)),
            Rect::NOTHING,
        ] {
            let strips = strips(area, place);
            for column in 0..160_u8 {
                for row in 0..96_u8 {
                    let off = vec2(f32::from(column), f32::from(row)) + vec2(0.5, 0.5);
                    let at = area.min + off / 4.0;
                    let times = strips.iter().filter(|strip| strip.contains(at)).count();
                    let within = place.intersect(area).shrink(1.0).contains(at);
                    assert_eq!(times, usize::from(!within), "{at:?} about {place:?}");
                }
            }
        }
    }

    #[test]
    fn the_pixels_of_the_screen_know_their_places_in_the_picture() {
        let place = Rect::from_min_size(pos2(100.0, 50.0), vec2(200.0, 100.0));
        let seen = Rect::from_min_size(pos2(150.0, 0.0), vec2(500.0, 500.0));
        // Two device pixels a point: the 400 × 200 picture is shown pixel for pixel.
        let (rect, grid) = on_pixels(place, seen, 2.0, [400, 200]).unwrap();
        assert_eq!(rect, place.intersect(seen));
        assert_eq!(grid.size, [300, 200]);
        assert_eq!((grid.first, grid.step), ([100.0, 0.0], [1.0, 1.0]));
        let (_, larger) = on_pixels(place, seen, 2.0, [100, 100]).unwrap();
        assert_eq!(larger.step, [0.25, 0.5]);
        assert_eq!(larger.first, [100.5 * 0.25 - 0.5, -0.25]);
        let apart = seen.translate(vec2(500.0, 0.0));
        assert!(on_pixels(place, apart, 2.0, [400, 200]).is_none());
    }
}
