//! Reads the embedded anatomy tables and draws one body from them.
//!
//! Every number comes from `sample-data/*.toml`, where it carries the section of
//! the clinical reference sheet and its source mark. Seed 0 is the table itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PhantomError;
use super::noise::Deviates;

/// Mobile vertebrae of the phantom, T11 to L5.
pub(super) const MOBILE: usize = 7;
/// Index of L1 among the mobile vertebrae.
pub(super) const L1: usize = 2;
/// Index of L5, and of the L5-S1 gap.
pub(super) const L5: usize = 6;

/// Numbers of one row, one per level.
pub(super) type PerLevel = [f64; MOBILE];

const ANATOMY: &str = include_str!("../../../sample-data/anatomy.toml");
const HOUNSFIELD: &str = include_str!("../../../sample-data/hounsfield.toml");
const SOFT_TISSUE: &str = include_str!("../../../sample-data/soft-tissue.toml");
const MR: &str = include_str!("../../../sample-data/mr.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    values: Vec<f64>,
    sd: Option<Vec<f64>>,
    source: String,
}

/// All rows of the embedded tables, with one seed's deviations applied.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    rows: BTreeMap<String, BTreeMap<String, Row>>,
}

/// Share of a level's deviation that its neighbours have too.
const SHARED_DEVIATION: f64 = 0.8;

impl Tables {
    /// Loads the tables and applies the deviations of `seed`.
    pub(super) fn load(seed: u64) -> Result<Self, PhantomError> {
        let mut tables = Self::of(&[
            ("anatomy", ANATOMY),
            ("hounsfield", HOUNSFIELD),
            ("soft-tissue", SOFT_TISSUE),
        ])?;
        if seed != 0 {
            tables.deviate(seed);
        }
        Ok(tables)
    }

    /// Loads the table of MR signals, which are the same in every body.
    pub(super) fn mr() -> Result<Self, PhantomError> {
        Self::of(&[("mr", MR)])
    }

    fn of(texts: &[(&'static str, &str)]) -> Result<Self, PhantomError> {
        let mut rows = BTreeMap::new();
        for &(name, text) in texts {
            let parsed: BTreeMap<String, BTreeMap<String, Row>> =
                toml::from_str(text).map_err(|source| PhantomError::Table {
                    name,
                    source: Box::new(source),
                })?;
            rows.extend(parsed);
        }
        let tables = Self { rows };
        tables.check()?;
        Ok(tables)
    }

    fn check(&self) -> Result<(), PhantomError> {
        for (section, rows) in &self.rows {
            for (name, row) in rows {
                let sizes_agree = row
                    .sd
                    .as_ref()
                    .is_none_or(|sd| sd.len() == row.values.len());
                let finite = row
                    .values
                    .iter()
                    .chain(row.sd.iter().flatten())
                    .all(|v| v.is_finite());
                if !sizes_agree || !finite || row.values.is_empty() || row.source.is_empty() {
                    return Err(PhantomError::Row {
                        row: format!("{section}.{name}"),
                    });
                }
            }
        }
        Ok(())
    }

    /// Clinical reference sheet 3.10 step 9: deviations jointly, with a size factor of ±4 %.
    fn deviate(&mut self, seed: u64) {
        let mut deviates = Deviates::new(seed);
        let size = 1.0 + 0.04 * deviates.between(-1.0, 1.0);
        for (section, rows) in &mut self.rows {
            for (name, row) in rows {
                let shared = deviates.normal() * SHARED_DEVIATION;
                if let Some(sd) = &row.sd {
                    for (value, sd) in row.values.iter_mut().zip(sd) {
                        let own = deviates.normal() * (1.0 - SHARED_DEVIATION);
                        *value += sd * (shared + own);
                    }
                }
                let is_length = name.ends_with("_mm") && section != "ct" && !name.contains("cleft");
                if is_length {
                    for value in &mut row.values {
                        *value *= size;
                    }
                }
            }
        }
    }

    fn row(&self, section: &str, name: &str) -> Result<&Row, PhantomError> {
        self.rows
            .get(section)
            .and_then(|rows| rows.get(name))
            .ok_or_else(|| PhantomError::Row {
                row: format!("{section}.{name}"),
            })
    }

    /// All numbers of a row, of which there must be `N`.
    pub(super) fn list<const N: usize>(
        &self,
        section: &str,
        name: &str,
    ) -> Result<[f64; N], PhantomError> {
        let row = self.row(section, name)?;
        <[f64; N]>::try_from(row.values.as_slice()).map_err(|_length| PhantomError::Row {
            row: format!("{section}.{name}"),
        })
    }

    /// The numbers of a row, however many there are.
    pub(super) fn numbers(&self, section: &str, name: &str) -> Result<&[f64], PhantomError> {
        Ok(&self.row(section, name)?.values)
    }

    /// The only number of a row.
    pub(super) fn scalar(&self, section: &str, name: &str) -> Result<f64, PhantomError> {
        self.list::<1>(section, name).map(|[value]| value)
    }

    /// One CT number.
    pub(super) fn hu(&self, name: &str) -> Result<f32, PhantomError> {
        self.scalar("hu", name).map(|value| value as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_names_its_source() {
        let tables = Tables::load(0).unwrap();
        assert!(
            tables
                .rows
                .values()
                .flat_map(BTreeMap::values)
                .all(|row| !row.source.is_empty())
        );
        assert!(tables.list::<MOBILE>("pedicle", "width_mm").is_ok());
    }

    #[test]
    fn a_seed_moves_the_numbers_within_their_spread() {
        let design = Tables::load(0).unwrap();
        let other = Tables::load(11).unwrap();
        let name = ("disc", "anterior_height_mm");
        let a: PerLevel = design.list(name.0, name.1).unwrap();
        let b: PerLevel = other.list(name.0, name.1).unwrap();
        let sd = design.row(name.0, name.1).unwrap().sd.clone().unwrap();
        for i in 0..MOBILE {
            assert!((a[i] - b[i]).abs() <= 1.5 * sd[i] * 1.04 + 0.04 * a[i]);
        }
        assert_ne!(a, b);
    }

    #[test]
    fn a_missing_row_is_an_error() {
        assert!(Tables::load(0).unwrap().scalar("disc", "nothing").is_err());
    }
}
