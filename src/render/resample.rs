//! A picture at the size of the screen, made by the processor: on a software graphics driver that
//! is several times cheaper than a sampled texture.

use rayon::prelude::*;

use super::pyramid::{PictureLevel, Pixels};

/// Shares of neighbours are counted in so many parts.
const PARTS: u32 = 256;

/// Where the pixels of the screen lie in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenGrid {
    /// Columns and rows of the screen.
    pub size: [usize; 2],
    /// Column and row of the picture under the centre of the first of them; the centre of the
    /// picture's first pixel is 0, 0.
    pub first: [f64; 2],
    /// Picture pixels from one screen pixel to the next, along a row and down a column.
    pub step: [f64; 2],
}

/// The two neighbours of a place, and how much of the second one is there.
#[derive(Debug, Clone, Copy)]
struct Between {
    low: usize,
    high: usize,
    part: u32,
}

impl ScreenGrid {
    /// The same grid in the picture at `1 / 2^level` of its size.
    #[must_use]
    pub fn at_level(&self, level: usize) -> Self {
        let scale = 0.5_f64.powi(level as i32);
        Self {
            size: self.size,
            first: self.first.map(|at| (at + 0.5) * scale - 0.5),
            step: self.step.map(|step| step * scale),
        }
    }

    fn between(&self, axis: usize, pixels: usize) -> Vec<Between> {
        let last = pixels.saturating_sub(1);
        let (first, step) = (self.first[axis & 1], self.step[axis & 1]);
        let place = |n: usize| {
            let at = (first + step * n as f64).clamp(0.0, last as f64);
            let low = at.floor();
            Between {
                low: low as usize,
                high: (low as usize + 1).min(last),
                part: ((at - low) * f64::from(PARTS)).round() as u32,
            }
        };
        (0..self.size[axis & 1]).map(place).collect()
    }
}

impl PictureLevel {
    /// The picture on the pixels of a screen, between its own pixels in proportion; at its edges
    /// the last ones go on. Greys give one byte a pixel, colours three.
    pub fn on_screen(&self, grid: &ScreenGrid) -> Pixels {
        let columns = grid.between(0, self.size[0]);
        let rows = grid.between(1, self.size[1]);
        match &self.pixels {
            Pixels::Grey(greys) => {
                let lines = (greys.as_slice(), self.size[0]);
                Pixels::Grey(mixed(lines, (&columns, &rows), mix_greys))
            }
            Pixels::Rgb(colors) => {
                let lines = (colors.as_slice(), self.size[0]);
                Pixels::Rgb(mixed(lines, (&columns, &rows), mix_colors))
            }
        }
    }
}

fn mixed<T: Copy + Default + Send + Sync>(
    (pixels, width): (&[T], usize),
    (columns, rows): (&[Between], &[Between]),
    mix: impl Fn([T; 4], [u32; 2]) -> T + Sync,
) -> Vec<T> {
    let mut screen = vec![T::default(); columns.len() * rows.len()];
    let line = |row: usize| {
        pixels
            .get(row * width..(row + 1) * width)
            .unwrap_or_default()
    };
    screen
        .par_chunks_mut(columns.len().max(1))
        .zip(rows.par_iter())
        .with_min_len(16)
        .for_each(|(out, row)| {
            let (upper, lower) = (line(row.low), line(row.high));
            for (pixel, column) in out.iter_mut().zip(columns) {
                let four = (
                    upper.get(column.low),
                    upper.get(column.high),
                    lower.get(column.low),
                    lower.get(column.high),
                );
                if let (Some(&a), Some(&b), Some(&c), Some(&d)) = four {
                    *pixel = mix([a, b, c, d], [column.part, row.part]);
                }
            }
        });
    screen
}

fn mix_greys([a, b, c, d]: [u8; 4], [across, down]: [u32; 2]) -> u8 {
    let between = |low: u8, high: u8| u32::from(low) * (PARTS - across) + u32::from(high) * across;
    let sum = between(a, b) * (PARTS - down) + between(c, d) * down;
    ((sum + PARTS * PARTS / 2) / (PARTS * PARTS)) as u8
}

fn mix_colors(four: [[u8; 3]; 4], shares: [u32; 2]) -> [u8; 3] {
    [0, 1, 2].map(|channel: usize| mix_greys(four.map(|color| color[channel]), shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(size: [usize; 2], pixels: &[u8]) -> PictureLevel {
        let pixels = Pixels::Grey(pixels.to_vec());
        PictureLevel { size, pixels }
    }

    #[test]
    fn pixels_of_the_screen_lie_between_those_of_the_picture() {
        let level = greys([3, 2], &[0, 100, 200, 50, 150, 250]);
        let grid = |size, first, step| ScreenGrid { size, first, step };
        let own = grid([3, 2], [0.0, 0.0], [1.0, 1.0]);
        assert_eq!(level.on_screen(&own), level.pixels);
        // Twice its size: places −0.25, 0.25, 0.75 …; beyond the edge the last pixel goes on.
        let twice = grid([6, 1], [-0.25, -0.25], [0.5, 0.5]);
        assert_eq!(
            level.on_screen(&twice),
            Pixels::Grey(vec![0, 25, 75, 125, 175, 200])
        );
        // Half way between the rows.
        let between = grid([2, 1], [1.0, 0.5], [1.0, 1.0]);
        assert_eq!(level.on_screen(&between), Pixels::Grey(vec![125, 225]));
    }

    #[test]
    fn colours_are_mixed_each_for_itself() {
        let level = PictureLevel {
            size: [2, 1],
            pixels: Pixels::Rgb(vec![[0, 100, 255], [10, 200, 255]]),
        };
        let grid = ScreenGrid {
            size: [1, 1],
            first: [0.5, 0.0],
            step: [1.0, 1.0],
        };
        assert_eq!(level.on_screen(&grid), Pixels::Rgb(vec![[5, 150, 255]]));
    }

    #[test]
    fn a_smaller_level_lies_under_the_same_screen() {
        let grid = ScreenGrid {
            size: [4, 4],
            first: [0.5, 2.5],
            step: [2.0, 4.0],
        };
        let half = grid.at_level(1);
        // Between pixels 0 and 1 of the whole lies pixel 0 of the half.
        assert_eq!((half.first, half.step), ([0.0, 1.0], [1.0, 2.0]));
        let empty = greys([0, 0], &[]);
        assert_eq!(empty.on_screen(&half), Pixels::Grey(vec![0; 16]));
    }
}
