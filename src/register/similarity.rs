//! How alike a real picture and a projection of the CT are, patch by patch, and how that changes
//! as the beam moves.
//!
//! In each patch the levelled gradients of both are compared by their normalised correlation
//! (gradient correlation after Penney et al. 1998, in patches after Grupp et al. 2018): contrast and
//! brightness may differ from patch to patch, and what only one picture shows (a needle, the edge
//! of a shutter, gas) spoils its own patches and no others.

use super::gradient::{GradientField, reach};
use super::symmetric::{Six, SixBySix};

/// Share of all gradients that lie under the knee of the levelling.
pub const KNEE_QUANTILE: f64 = 0.8;

/// Energy per pixel, of 1 at most, under which a patch of a projection shows nothing.
const QUIET: f64 = 0.02;

/// Width of the blur before the gradient, in pixels of the level.
pub const BLUR_PX: f32 = 1.0;

/// A rectangle of pixels: columns from..to, rows from..to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patch {
    columns: [usize; 2],
    rows: [usize; 2],
}

/// A real picture at one resolution, made ready for comparison.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// Levelled gradients; 0 where a pixel does not count.
    pub field: GradientField,
    /// Which pixels count.
    pub counts: Vec<bool>,
    patches: Vec<(Patch, f64, f64)>,
}

/// What a patch adds: similarity and its slopes along the six ways to move.
#[derive(Debug, Clone, Copy)]
pub struct PatchScore {
    /// Normalised correlation, −1 to 1.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests look at single patches"))]
    pub correlation: f64,
    /// Slopes of its correlation times its weight.
    pub slope: Six,
}

/// Similarity of a picture and a projection and what a step needs to know.
#[derive(Debug, Clone, Default)]
pub struct Similarity {
    /// Sum of the weighted correlations.
    pub weighted: f64,
    /// Sum of the weights.
    pub weight: f64,
    /// Slopes of `weighted`.
    pub slope: Six,
    /// Gauss–Newton curvature of `weighted`, positive where it is a maximum.
    pub curvature: SixBySix,
    /// Patch by patch.
    pub patches: Vec<PatchScore>,
}

impl Similarity {
    /// Mean correlation, −1 to 1; 0 where nothing counts. The worst where it is no number, so that
    /// no sum that went wrong is ever the best one.
    pub fn score(&self) -> f64 {
        if self.weight > 0.0 {
            let mean = self.weighted / self.weight;
            if mean.is_finite() { mean } else { -1.0 }
        } else {
            0.0
        }
    }

    /// Adds another view.
    pub fn add(&mut self, other: Self) {
        self.weighted += other.weighted;
        self.weight += other.weight;
        for row in 0..6 {
            self.slope[row] += other.slope[row];
            for column in 0..6 {
                self.curvature[row][column] += other.curvature[row][column];
            }
        }
        self.patches.extend(other.patches);
    }
}

impl Fixed {
    /// From values row by row, NaN where a pixel does not count, with patches of about
    /// `patch_px` pixels.
    pub fn new(values: &[f32], size: [usize; 2], patch_px: usize) -> Self {
        let counts = eroded(values, size, reach(BLUR_PX));
        let known: Vec<f32> = values
            .iter()
            .map(|v| if v.is_finite() { *v } else { 0.0 })
            .collect();
        let mut field = GradientField::of(&known, size, BLUR_PX);
        let knee = field.quantile(KNEE_QUANTILE, |at| counts[at]);
        field.level(knee);
        for (at, counts) in counts.iter().enumerate() {
            if !counts {
                field.right[at] = 0.0;
                field.down[at] = 0.0;
            }
        }
        let mut fixed = Self {
            field,
            counts,
            patches: Vec::new(),
        };
        for patch in patches(size, patch_px.max(4)) {
            let (mut energy, mut pixels) = (0.0, 0.0);
            fixed.each(&patch, |at| {
                energy += square(&fixed.field, at);
                pixels += f64::from(u8::from(fixed.counts[at]));
            });
            let area = (patch.columns[1] - patch.columns[0]) * (patch.rows[1] - patch.rows[0]);
            if pixels >= 0.5 * area as f64 && energy > 0.0 {
                fixed.patches.push((patch, energy, energy.sqrt()));
            }
        }
        fixed
    }

    /// Whether there is anything to compare.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    fn each(&self, patch: &Patch, mut visit: impl FnMut(usize)) {
        for row in patch.rows[0]..patch.rows[1] {
            let line = row * self.field.size[0];
            (line + patch.columns[0]..line + patch.columns[1]).for_each(&mut visit);
        }
    }

    /// Levelled gradients of a projection on the same pixels, and the knee that levelled them.
    pub fn levelled(&self, projection: &[f32], knee: Option<f32>) -> (GradientField, f32) {
        let mut field = GradientField::of(projection, self.field.size, BLUR_PX);
        let knee = knee.unwrap_or_else(|| field.quantile(KNEE_QUANTILE, |at| self.counts[at]));
        field.level(knee);
        (field, knee)
    }

    /// Similarity to a projection's levelled gradients; `sign` is −1 where light and dark are the
    /// other way round.
    pub fn similarity(&self, moving: &GradientField, sign: f64) -> Similarity {
        self.compared(moving, None, sign)
    }

    /// The same with slopes, from the changes of the gradients along the six ways to move.
    pub fn slopes(
        &self,
        moving: &GradientField,
        changes: &[GradientField; 6],
        sign: f64,
    ) -> Similarity {
        self.compared(moving, Some(changes), sign)
    }

    fn compared(
        &self,
        moving: &GradientField,
        changes: Option<&[GradientField; 6]>,
        sign: f64,
    ) -> Similarity {
        let mut all = Similarity::default();
        for (patch, fixed_energy, weight) in &self.patches {
            let sums = self.sums(patch, moving, changes);
            let area = (patch.columns[1] - patch.columns[0]) * (patch.rows[1] - patch.rows[0]);
            let energy = sums.energy + QUIET * area as f64;
            let scale = sign / (fixed_energy * energy).sqrt();
            let correlation = sums.both * scale;
            let slope: Six = std::array::from_fn(|k| {
                weight * (sums.fixed[k] * scale - correlation * sums.moving[k] / energy)
            });
            for (row, (total, own)) in all.slope.iter_mut().zip(&slope).enumerate() {
                *total += own;
                for (column, cell) in all.curvature[row].iter_mut().enumerate() {
                    let (i, j) = (row.min(column), row.max(column));
                    let apart = sums.changes[i][j] / energy
                        - sums.moving[i] * sums.moving[j] / (energy * energy);
                    *cell += weight * apart;
                }
            }
            all.weighted += weight * correlation;
            all.weight += weight;
            all.patches.push(PatchScore { correlation, slope });
        }
        all
    }

    fn sums(
        &self,
        patch: &Patch,
        moving: &GradientField,
        changes: Option<&[GradientField; 6]>,
    ) -> Sums {
        let mut sums = Sums::default();
        self.each(patch, |at| {
            if !self.counts[at] {
                return;
            }
            let fixed = [self.field.right[at], self.field.down[at]];
            let here = [moving.right[at], moving.down[at]];
            sums.both += dot(fixed, here);
            sums.energy += dot(here, here);
            let Some(changes) = changes else { return };
            let change: [[f32; 2]; 6] =
                std::array::from_fn(|k| [changes[k].right[at], changes[k].down[at]]);
            for k in 0..6 {
                sums.fixed[k] += dot(fixed, change[k]);
                sums.moving[k] += dot(here, change[k]);
                for other in k..6 {
                    sums.changes[k][other] += dot(change[k], change[other]);
                }
            }
        });
        sums
    }
}

/// Inner products over a patch.
#[derive(Debug, Default)]
struct Sums {
    both: f64,
    energy: f64,
    fixed: Six,
    moving: Six,
    changes: SixBySix,
}

fn dot(a: [f32; 2], b: [f32; 2]) -> f64 {
    f64::from(a[0].mul_add(b[0], a[1] * b[1]))
}

fn square(field: &GradientField, at: usize) -> f64 {
    let here = [field.right[at], field.down[at]];
    dot(here, here)
}

/// Patches that cover a picture once, and a second set shifted by half a patch.
fn patches(size: [usize; 2], patch_px: usize) -> Vec<Patch> {
    let spans = |length: usize, tile: bool| -> Vec<[usize; 2]> {
        let count = (length / patch_px).max(1);
        let edge = |index: usize| index * length / count;
        if tile {
            (0..count).map(|i| [edge(i), edge(i + 1)]).collect()
        } else {
            (0..count.saturating_sub(1))
                .map(|i| [edge(i), edge(i + 1), edge(i + 2)])
                .map(|[a, b, c]| [a.midpoint(b), b.midpoint(c)])
                .collect()
        }
    };
    let mut all = Vec::new();
    for tile in [true, false] {
        for &rows in &spans(size[1], tile) {
            let columns = spans(size[0], tile).into_iter();
            all.extend(columns.map(|columns| Patch { columns, rows }));
        }
    }
    all
}

/// Which pixels have only finite values within `radius` pixels each way and inside the picture.
fn eroded(values: &[f32], size: [usize; 2], radius: usize) -> Vec<bool> {
    let [columns, rows] = size;
    let line_ok: Vec<bool> = (0..values.len())
        .map(|at| {
            let (row, column) = (at / columns, at % columns);
            column >= radius
                && column + radius < columns
                && (column - radius..=column + radius)
                    .all(|c| values[row * columns + c].is_finite())
        })
        .collect();
    (0..values.len())
        .map(|at| {
            let (row, column) = (at / columns, at % columns);
            row >= radius
                && row + radius < rows
                && (row - radius..=row + radius).all(|r| line_ok[r * columns + column])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [48, 48];

    /// Two blurred balls; `shift` moves them right.
    fn balls(shift: f32) -> Vec<f32> {
        (0..SIZE[0] * SIZE[1])
            .map(|at| {
                let (x, y) = ((at % 48) as f32 - shift, (at / 48) as f32);
                let ball = |cx: f32, cy: f32| (-((x - cx).powi(2) + (y - cy).powi(2)) / 40.0).exp();
                ball(16.0, 20.0) - 0.7 * ball(32.0, 28.0)
            })
            .collect()
    }

    fn score(fixed: &Fixed, values: &[f32], sign: f64) -> f64 {
        fixed
            .similarity(&fixed.levelled(values, None).0, sign)
            .score()
    }

    #[test]
    fn the_same_picture_is_alike_whatever_its_contrast() {
        let fixed = Fixed::new(&balls(0.0), SIZE, 16);
        let brighter: Vec<f32> = balls(0.0).iter().map(|v| 30.0 + 4.0 * v).collect();
        let inverted: Vec<f32> = balls(0.0).iter().map(|v| 9.0 - v).collect();
        assert!(score(&fixed, &brighter, 1.0) > 0.9);
        assert!(score(&fixed, &inverted, 1.0) < -0.9);
        assert!(score(&fixed, &inverted, -1.0) > 0.9);
        assert!(score(&fixed, &balls(4.0), 1.0) < score(&fixed, &balls(2.0), 1.0));
    }

    #[test]
    fn a_needle_spoils_only_its_own_patches() {
        let mut with_needle = balls(0.0);
        for row in 0..48 {
            with_needle[row * 48 + 40] += 50.0;
        }
        let fixed = Fixed::new(&with_needle, SIZE, 12);
        let found = fixed.similarity(&fixed.levelled(&balls(0.0), None).0, 1.0);
        let good = found.patches.iter().filter(|p| p.correlation > 0.8).count();
        assert!(
            2 * good > found.patches.len() / 2,
            "{good} of {}",
            found.patches.len()
        );
    }

    #[test]
    fn slopes_agree_with_differences() {
        let fixed = Fixed::new(&balls(0.0), SIZE, 16);
        let (here, knee) = fixed.levelled(&balls(1.0), None);
        let step = 0.05;
        let (more, _) = fixed.levelled(&balls(1.0 + step), Some(knee));
        let (less, _) = fixed.levelled(&balls(1.0 - step), Some(knee));
        let change = |a: &[f32], b: &[f32]| {
            a.iter()
                .zip(b)
                .map(|(a, b)| (a - b) / (2.0 * step))
                .collect::<Vec<f32>>()
        };
        let mut changes: [GradientField; 6] = std::array::from_fn(|_| GradientField {
            size: SIZE,
            right: vec![0.0; 48 * 48],
            down: vec![0.0; 48 * 48],
        });
        changes[2].right = change(&more.right, &less.right);
        changes[2].down = change(&more.down, &less.down);
        let found = fixed.slopes(&here, &changes, 1.0);
        let value = |field: &GradientField| fixed.similarity(field, 1.0).weighted;
        let wanted = (value(&more) - value(&less)) / (2.0 * f64::from(step));
        assert!(
            (found.slope[2] - wanted).abs() < 0.01 * wanted.abs(),
            "{} {wanted}",
            found.slope[2]
        );
        assert!(found.slope[2] < 0.0 && found.curvature[2][2] > 0.0);
        assert_eq!(found.slope[1], 0.0);
    }

    #[test]
    fn a_projection_of_nothing_is_like_nothing() {
        let fixed = Fixed::new(&balls(0.0), SIZE, 16);
        // Most of it without a gradient, and all of it.
        let mut slab = vec![0.0; 48 * 48];
        slab[..48 * 4].fill(3.0);
        for projection in [vec![0.0; 48 * 48], slab] {
            let (field, knee) = fixed.levelled(&projection, None);
            let found = fixed.similarity(&field, 1.0);
            assert!(knee.is_finite() && found.score().abs() < 0.5, "{knee}");
            assert!(found.patches.iter().all(|p| p.correlation.is_finite()));
        }
        let wrong = Similarity {
            weighted: f64::NAN,
            weight: 1.0,
            ..Similarity::default()
        };
        assert_eq!(wrong.score(), -1.0);
    }

    #[test]
    fn what_does_not_count_leaves_no_patch() {
        let nothing = Fixed::new(&[f32::NAN; 48 * 48], SIZE, 16);
        assert!(nothing.is_empty());
        assert_eq!(
            nothing
                .similarity(&nothing.levelled(&balls(0.0), None).0, 1.0)
                .score(),
            0.0
        );
    }
}
