//! Display shutters: what of a picture lies outside the collimated field (PS3.3 C.7.6.11).

use std::ops::Range;

/// One shape of a shutter. Pixels are counted from 1 as in the file; what is outside is covered.
#[derive(Debug, Clone, PartialEq)]
pub enum ShutterShape {
    /// Edges given by the first and the last row and column that stay open.
    Rectangle {
        /// Upper and lower edge.
        rows: [i64; 2],
        /// Left and right edge.
        columns: [i64; 2],
    },
    /// A circle.
    Circle {
        /// Row and column of its middle.
        center: [f64; 2],
        /// Radius in pixels along a row.
        radius: f64,
    },
    /// A polygon, closed from its last corner to the first: row and column of each.
    Polygon(Vec<[f64; 2]>),
}

/// All shapes of a picture; what any of them covers is covered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shutter {
    /// The shapes; empty where there is no shutter.
    pub shapes: Vec<ShutterShape>,
    /// Grey of what is covered, 0 black to 255: Shutter Presentation Value (0018,1622).
    pub grey: u8,
}

impl Shutter {
    /// Memory of its lists, bytes.
    pub fn heap_bytes(&self) -> usize {
        let corners = |shape: &ShutterShape| match shape {
            ShutterShape::Polygon(corners) => size_of::<[f64; 2]>() * corners.len(),
            ShutterShape::Rectangle { .. } | ShutterShape::Circle { .. } => 0,
        };
        size_of::<ShutterShape>() * self.shapes.len()
            + self.shapes.iter().map(corners).sum::<usize>()
    }

    /// Covers pixels of a picture, row by row. `aspect` is height over width of a pixel.
    pub fn cover<T: Copy>(&self, pixels: &mut [T], columns: usize, aspect: f64, with: T) {
        if self.shapes.is_empty() || columns == 0 {
            return;
        }
        for (row, line) in pixels.chunks_mut(columns).enumerate() {
            for shape in &self.shapes {
                let mut covered_from = 0;
                for open in shape.open(row, columns, aspect) {
                    if let Some(covered) = line.get_mut(covered_from..open.start) {
                        covered.fill(with);
                    }
                    covered_from = open.end;
                }
                if let Some(covered) = line.get_mut(covered_from..) {
                    covered.fill(with);
                }
            }
        }
    }
}

impl ShutterShape {
    /// Columns (0-based) of a row (0-based) that stay open, from left to right.
    fn open(&self, row: usize, columns: usize, aspect: f64) -> Vec<Range<usize>> {
        let number = row as f64 + 1.0;
        match self {
            Self::Rectangle {
                rows: [upper, lower],
                columns: [left, right],
            } => {
                if (*upper as f64..=*lower as f64).contains(&number) {
                    between(*left as f64, *right as f64, columns)
                } else {
                    Vec::new()
                }
            }
            Self::Circle { center, radius } => {
                let [middle_row, middle] = *center;
                let along = (number - middle_row) * aspect;
                let half = (radius * radius - along * along).sqrt();
                if half.is_nan() {
                    return Vec::new();
                }
                between(middle - half, middle + half, columns)
            }
            Self::Polygon(corners) => {
                let next = corners.iter().cycle().skip(1);
                let mut crossings: Vec<f64> = corners
                    .iter()
                    .zip(next)
                    .filter(|([from, _], [to, _])| (*from <= number) != (*to <= number))
                    .map(|([from, a], [to, b])| a + (b - a) * (number - from) / (to - from))
                    .collect();
                crossings.sort_by(f64::total_cmp);
                let pairs = crossings.as_chunks::<2>().0.iter();
                pairs
                    .flat_map(|&[left, right]| between(left, right, columns))
                    .collect()
            }
        }
    }
}

/// Columns (0-based) whose numbers (from 1) lie between two edges, these included.
fn between(left: f64, right: f64, columns: usize) -> Vec<Range<usize>> {
    let first = (left.ceil() - 1.0).clamp(0.0, columns as f64) as usize;
    let end = right.floor().clamp(0.0, columns as f64) as usize;
    std::iter::once(first..end)
        .filter(|open| !open.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(shapes: Vec<ShutterShape>, aspect: f64) -> Vec<String> {
        let mut pixels = vec!['o'; 8 * 6];
        Shutter { shapes, grey: 0 }.cover(&mut pixels, 8, aspect, '.');
        pixels.chunks(8).map(|line| line.iter().collect()).collect()
    }

    #[test]
    fn a_rectangle_stays_open_between_its_edges() {
        let rectangle = ShutterShape::Rectangle {
            rows: [2, 4],
            columns: [3, 6],
        };
        let expected = [
            "........", "..oooo..", "..oooo..", "..oooo..", "........", "........",
        ];
        assert_eq!(drawn(vec![rectangle], 1.0), expected);
        // Edges beyond the picture are no reason to cover it.
        let wide = ShutterShape::Rectangle {
            rows: [-5, 99],
            columns: [0, 99],
        };
        assert!(drawn(vec![wide], 1.0).iter().all(|line| line == "oooooooo"));
    }

    #[test]
    fn a_circle_is_round_on_the_screen() {
        let circle = |radius| ShutterShape::Circle {
            center: [3.0, 4.0],
            radius,
        };
        let expected = [
            "........", "...o....", "..ooo...", "...o....", "........", "........",
        ];
        assert_eq!(drawn(vec![circle(1.0)], 1.0), expected);
        // Pixels twice as high as wide: the radius reaches half as many rows.
        let flat = drawn(vec![circle(2.0)], 2.0);
        assert_eq!(flat[1], "...o....");
        assert_eq!(flat[2], ".ooooo..");
        assert_eq!(flat[0], "........");
    }

    #[test]
    fn a_polygon_and_several_shapes_cover_together() {
        // A triangle with a corner at the top: rows 1, 3 and 5 by hand.
        let triangle = ShutterShape::Polygon(vec![[1.0, 4.0], [5.0, 8.0], [5.0, 0.0]]);
        let open = |row| triangle.open(row, 8, 1.0);
        assert_eq!(open(0), vec![3..4; 1]);
        assert_eq!(open(2), vec![1..6; 1]);
        assert!(open(5).is_empty());
        let half = ShutterShape::Rectangle {
            rows: [1, 6],
            columns: [1, 4],
        };
        assert_eq!(drawn(vec![triangle, half], 1.0)[2], ".ooo....");
    }
}
