//! A picture at half, quarter … size: what is shown smaller than it is would flicker and lose
//! thin lines without them.

/// Pixels of one size of a picture, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// One grey each.
    Grey(Vec<u8>),
    /// Red, green and blue.
    Rgb(Vec<[u8; 3]>),
}

/// One size of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureLevel {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Its pixels.
    pub pixels: Pixels,
}

/// A part of a picture: first column and row, columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PicturePart {
    /// First column and row.
    pub first: [usize; 2],
    /// Columns and rows.
    pub size: [usize; 2],
}

impl PictureLevel {
    /// The picture at half its size: each pixel is the mean of two by two, at odd ends of what
    /// there is.
    #[must_use]
    pub fn halved(&self) -> Self {
        let size = self.size.map(|n| n.div_ceil(2).max(1));
        Self {
            size,
            pixels: match &self.pixels {
                Pixels::Grey(greys) => Pixels::Grey(halved(greys, self.size, mean)),
                Pixels::Rgb(colors) => {
                    let mix = |four: [[u8; 3]; 4]| {
                        [0, 1, 2].map(|channel| mean(four.map(|color| color[channel])))
                    };
                    Pixels::Rgb(halved(colors, self.size, mix))
                }
            },
        }
    }

    /// A part of it; what of the part lies outside is left out.
    pub fn part(&self, part: PicturePart) -> Pixels {
        let [columns, rows] = self.size;
        let [first_column, first_row] = part.first;
        let last_column = (first_column + part.size[0]).min(columns);
        let rows = first_row..(first_row + part.size[1]).min(rows);
        let lines = rows.map(|row| row * columns + first_column..row * columns + last_column);
        match &self.pixels {
            Pixels::Grey(greys) => Pixels::Grey(cut(greys, lines)),
            Pixels::Rgb(colors) => Pixels::Rgb(cut(colors, lines)),
        }
    }
}

fn cut<T: Copy>(pixels: &[T], lines: impl Iterator<Item = std::ops::Range<usize>>) -> Vec<T> {
    let mut part = Vec::new();
    for line in lines {
        part.extend_from_slice(pixels.get(line).unwrap_or_default());
    }
    part
}

fn mean(four: [u8; 4]) -> u8 {
    let sum: u16 = four.iter().map(|&value| u16::from(value)).sum();
    ((sum + 2) / 4) as u8
}

fn halved<T: Copy>(pixels: &[T], [columns, rows]: [usize; 2], mix: impl Fn([T; 4]) -> T) -> Vec<T> {
    let mut half = Vec::with_capacity(columns.div_ceil(2) * rows.div_ceil(2));
    for pair in pixels.chunks(2 * columns.max(1)) {
        let (upper, lower) = pair.split_at_checked(columns).unwrap_or((pair, &[]));
        let lower = if lower.is_empty() { upper } else { lower };
        let sides = upper.chunks(2).zip(lower.chunks(2));
        half.extend(sides.filter_map(|(above, below)| {
            let (&a, &c) = (above.first()?, below.first()?);
            let b = above.get(1).copied().unwrap_or(a);
            let d = below.get(1).copied().unwrap_or(c);
            Some(mix([a, b, c, d]))
        }));
    }
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(size: [usize; 2], pixels: &[u8]) -> PictureLevel {
        let pixels = Pixels::Grey(pixels.to_vec());
        PictureLevel { size, pixels }
    }

    #[test]
    fn half_the_size_has_the_means() {
        let level = greys([4, 2], &[0, 4, 10, 20, 8, 8, 30, 41]);
        assert_eq!(level.halved(), greys([2, 1], &[5, 25]));
        // Odd columns and rows: the last ones stand for themselves.
        let odd = greys([3, 3], &[0, 4, 100, 8, 8, 50, 60, 80, 9]);
        assert_eq!(odd.halved(), greys([2, 2], &[5, 75, 70, 9]));
        assert_eq!(greys([1, 1], &[7]).halved(), greys([1, 1], &[7]));
        let color = PictureLevel {
            size: [2, 1],
            pixels: Pixels::Rgb(vec![[0, 100, 200], [10, 200, 100]]),
        };
        assert_eq!(color.halved().pixels, Pixels::Rgb(vec![[5, 150, 150]]));
    }

    #[test]
    fn parts_end_where_the_picture_does() {
        let level = greys([3, 2], &[1, 2, 3, 4, 5, 6]);
        let part = |first, size| level.part(PicturePart { first, size });
        assert_eq!(part([1, 0], [2, 2]), Pixels::Grey(vec![2, 3, 5, 6]));
        assert_eq!(part([2, 1], [9, 9]), Pixels::Grey(vec![6]));
        assert_eq!(part([0, 2], [3, 1]), Pixels::Grey(vec![]));
    }
}
