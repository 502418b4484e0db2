//! A transfer function as a table that both back ends look up: colour and extinction of every
//! value, and their running sums, so that what lies between two samples counts, not only the
//! samples themselves.
//!
//! Between two samples the value is taken to change evenly; the light that comes from there is
//! then the difference of two running sums (Engel, Kraus, Ertl: High-quality pre-integrated volume
//! rendering, 2001, without the self-attenuation within one step). Thin shells of colour are met
//! whatever the step, and no rings appear.

use super::transfer_function::{TransferFunction, extinction_of};

/// Entries of a table: one for a HU from −1024 to 3071.
pub const TABLE_ENTRIES: usize = 4096;
/// Extinction below which a value counts as clear, 1/mm.
const CLEAR_PER_MM: f64 = 1e-4;

/// Colours and extinctions of a range of values.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferTable {
    /// Value of the first entry.
    low: f64,
    /// Entries for one value.
    per_value: f64,
    /// Red, green, blue (0–1), extinction 1/mm.
    pub(super) entries: Vec<[f32; 4]>,
    /// Running integrals, per entry, of extinction × red, green, blue, and of extinction.
    pub(super) sums: Vec<[f32; 4]>,
    /// Running integral of extinction × distance from the first visible entry.
    pub(super) moments: Vec<f32>,
    /// Where moments are counted from: just before the first visible entry.
    pub(super) first: usize,
    /// Nothing is seen up to this entry; 0 also where something is seen there.
    clear_to: usize,
    /// How many entries up to this one are not clear.
    visible: Vec<u32>,
}

/// What a step between two samples adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Mean extinction, 1/mm.
    pub extinction: f32,
    /// Mean colour, weighted by extinction.
    pub color: [f32; 3],
    /// Where its middle lies, weighted by extinction: 0 at the first sample, 1 at the second.
    pub middle: f32,
}

impl TransferTable {
    /// For a function, over its points and the values that occur.
    pub fn new(function: &TransferFunction, [least, greatest]: [f64; 2]) -> Self {
        let [first_value, last_value] = function.span();
        let low = first_value.min(if least.is_finite() {
            least
        } else {
            first_value
        });
        let high = last_value.max(if greatest.is_finite() {
            greatest
        } else {
            last_value
        });
        let last = (TABLE_ENTRIES - 1) as f64;
        let per_value = last / (high - low).max(1e-9);
        let mut table = Self {
            low,
            per_value,
            entries: Vec::with_capacity(TABLE_ENTRIES),
            sums: Vec::with_capacity(TABLE_ENTRIES),
            moments: Vec::with_capacity(TABLE_ENTRIES),
            first: 0,
            clear_to: 0,
            visible: Vec::with_capacity(TABLE_ENTRIES),
        };
        let exact: Vec<[f64; 4]> = (0..TABLE_ENTRIES)
            .map(|entry| {
                let ([r, g, b], opacity) = function.at(low + entry as f64 / per_value);
                [r, g, b, extinction_of(opacity)]
            })
            .collect();
        let seen = exact.iter().position(|[.., extinction]| *extinction > 0.0);
        table.first = seen.unwrap_or(0).saturating_sub(1);
        table.clear_to = match seen {
            Some(0) | None => 0,
            Some(seen) => seen - 1,
        };
        let mut sum = glam::DVec4::ZERO;
        let (mut moment, mut visible) = (0.0, 0);
        let weighted = |[r, g, b, extinction]: [f64; 4]| {
            glam::DVec4::new(r * extinction, g * extinction, b * extinction, extinction)
        };
        let mut before = exact.first().copied().unwrap_or_default();
        for (entry, &here) in exact.iter().enumerate() {
            // The trapezium between this entry and the one before.
            let step = if entry == 0 { 0.0 } else { 0.5 };
            let from_first = entry as f64 - table.first as f64;
            sum += step * (weighted(before) + weighted(here));
            moment += step * (before[3] * (from_first - 1.0) + here[3] * from_first);
            visible += u32::from(here[3] > CLEAR_PER_MM);
            table.entries.push(here.map(|n| n as f32));
            table.sums.push(sum.as_vec4().to_array());
            table.moments.push(moment as f32);
            table.visible.push(visible);
            before = here;
        }
        table
    }

    /// `[a, b]` so that a value `v` has the place `a·v + b` in the table.
    pub fn place_from_value(&self) -> [f64; 2] {
        [self.per_value, -self.low * self.per_value]
    }

    /// Whether nothing is seen of all values between two, both included.
    pub fn is_clear(&self, [least, greatest]: [f64; 2]) -> bool {
        if least > greatest {
            return true;
        }
        let place = |value: f64| {
            let place = (value - self.low) * self.per_value;
            place.clamp(0.0, (TABLE_ENTRIES - 1) as f64)
        };
        // One entry more each way: samples are rounded to the nearest entry.
        let from = (place(least).floor() as usize).saturating_sub(1);
        let to = (place(greatest).ceil() as usize + 1).min(TABLE_ENTRIES - 1);
        let count = |entry: usize| self.visible.get(entry).copied().unwrap_or(0);
        let before = from.checked_sub(1).map_or(0, count);
        count(to) == before
    }

    /// The nearest entry to a place; the first for NaN.
    #[inline]
    pub fn entry(place: f32) -> usize {
        ((place + 0.5) as usize).min(TABLE_ENTRIES - 1)
    }

    /// What a step between samples at two entries adds; `None` where nothing.
    #[inline]
    pub fn stretch(&self, from: usize, to: usize) -> Option<Stretch> {
        // Most steps lie below everything visible.
        if from.max(to) <= self.clear_to {
            return None;
        }
        if from.abs_diff(to) < 2 {
            let [r, g, b, extinction] = *self.entries.get(to)?;
            return (extinction > 0.0).then_some(Stretch {
                extinction,
                color: [r, g, b],
                middle: 0.5,
            });
        }
        let (before, after) = (self.sums.get(from)?, self.sums.get(to)?);
        let sum = after[3] - before[3];
        if sum == 0.0 {
            return None;
        }
        let width = to as f32 - from as f32;
        let color = |n: usize| ((after[n] - before[n]) / sum).clamp(0.0, 1.0);
        let moment = self.moments.get(to)? - self.moments.get(from)?;
        let middle = moment / sum + self.first as f32;
        Some(Stretch {
            extinction: sum / width,
            color: [color(0), color(1), color(2)],
            middle: ((middle - from as f32) / width).clamp(0.0, 1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::transfer_function::TransferPoint;

    fn table(points: &[(f64, f64)], range: [f64; 2]) -> TransferTable {
        let points = points
            .iter()
            .map(|&(value, opacity)| {
                let grey = ((value / 10.0) as i32).clamp(0, 255) as u8;
                TransferPoint::new(value, [grey, 255, 0], opacity)
            })
            .collect();
        TransferTable::new(&TransferFunction::new(points, 50.0).unwrap(), range)
    }

    /// From −1024 with one entry a value.
    fn shell() -> TransferTable {
        let points = [(100.0, 0.0), (150.0, 0.6), (200.0, 0.0)];
        table(&points, [-1024.0, 3071.0])
    }

    fn entry(table: &TransferTable, value: f64) -> usize {
        let [a, b] = table.place_from_value();
        TransferTable::entry((a * value + b) as f32)
    }

    #[test]
    fn a_thin_shell_is_met_by_a_step_across_it() {
        let table = shell();
        let (below, above) = (entry(&table, 0.0), entry(&table, 400.0));
        let found = table.stretch(below, above).unwrap();
        // ∫ −ln(1 − 0.6 t) dt over the two flanks, by Simpson's rule.
        let opacity = |t: f64| -(1.0 - 0.6 * t).ln();
        let steps = 1000;
        let simpson: f64 = (0..=steps)
            .map(|n| {
                let weight = if n == 0 || n == steps {
                    1.0
                } else {
                    2.0 + 2.0 * f64::from(n % 2)
                };
                weight * opacity(f64::from(n) / f64::from(steps))
            })
            .sum::<f64>()
            / (3.0 * f64::from(steps));
        let wanted = 100.0 * simpson / 400.0;
        assert!(
            (f64::from(found.extinction) / wanted - 1.0).abs() < 2e-3,
            "{found:?} {wanted}"
        );
        // 150 of 0–400.
        assert!((found.middle - 0.375).abs() < 1e-3, "{found:?}");
        // The other way round the same, from the other end.
        let back = table.stretch(above, below).unwrap();
        assert!((back.extinction - found.extinction).abs() < 1e-6);
        assert!((back.middle - 0.625).abs() < 1e-3);
        assert!((found.color[0] - 15.0 / 255.0).abs() < 5e-3 && found.color[1] == 1.0);
        assert_eq!(
            table.stretch(entry(&table, -900.0), entry(&table, 90.0)),
            None
        );
    }

    #[test]
    fn equal_samples_take_the_values_own_colour() {
        let table = shell();
        let at = entry(&table, 150.0);
        let found = table.stretch(at, at).unwrap();
        assert!((found.extinction + (1.0_f32 - 0.6).ln()).abs() < 1e-6);
        let clear = entry(&table, 50.0);
        assert_eq!(table.stretch(clear, clear), None);
    }

    #[test]
    fn ranges_are_clear_where_no_value_in_them_is_seen() {
        let table = shell();
        assert!(table.is_clear([-1024.0, 98.0]));
        assert!(table.is_clear([203.0, 3071.0]));
        assert!(!table.is_clear([-1024.0, 3071.0]));
        assert!(!table.is_clear([149.0, 149.0]));
        assert!(
            table.is_clear([f64::INFINITY, f64::NEG_INFINITY]),
            "nothing there"
        );
    }

    #[test]
    fn values_beyond_the_table_count_as_its_ends() {
        let table = table(&[(0.0, 0.0), (100.0, 0.5)], [0.0, 100.0]);
        assert_eq!(entry(&table, 5000.0), TABLE_ENTRIES - 1);
        assert_eq!(entry(&table, -5000.0), 0);
        assert_eq!(TransferTable::entry(f32::NAN), 0);
        let end = TABLE_ENTRIES - 1;
        let found = table.stretch(end, end).unwrap();
        assert!((f64::from(found.extinction) - std::f64::consts::LN_2).abs() < 1e-6);
    }
}
