//! CT numbers as X-ray attenuation (clinical reference sheet, 4.3), packed for projection.

mod model;
mod pack;
mod parts;

use thiserror::Error;

use super::Volume;
use crate::budget::{OverBudget, Reservation};
use crate::geometry::{Lps, Point, Transform, Voxel};

pub use model::{AttenuationModel, Energy};

/// Fewest voxels along an axis that make a projection.
pub const LEAST_VOXELS: usize = 4;

/// Shortest side that makes a projection, mm.
pub const LEAST_SIDE_MM: f64 = 10.0;

/// Zeros before the first and after the last voxel of each axis, so that taps outside read 0.
pub(crate) const BORDER: usize = 2;

/// Why a volume has no attenuation.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AttenuationError {
    /// Only CT measures attenuation.
    #[error(
        "A simulated radiograph needs a CT volume, and this series is {modality}: choose a CT series"
    )]
    NotCt {
        /// Modality of the series, or "of no stated modality".
        modality: String,
    },
    /// A CT without a scale of Hounsfield units.
    #[error(
        "The values of this CT series are {unit}, not Hounsfield units: no attenuation follows from them"
    )]
    NoHu {
        /// Unit of its values.
        unit: String,
    },
    /// Too few voxels, or too short a side.
    #[error(
        "A volume of {} × {} × {} voxels, {:.0} × {:.0} × {:.0} mm, is too small for a simulated \
         radiograph: it needs {LEAST_VOXELS} voxels and {LEAST_SIDE_MM} mm each way",
        size[0], size[1], size[2], side_mm[0], side_mm[1], side_mm[2]
    )]
    TooSmall {
        /// Columns, rows, slices.
        size: [usize; 3],
        /// Its sides.
        side_mm: [f64; 3],
    },
    /// Slices that were not read.
    #[error(
        "{} of {total} slices of the CT volume are missing ({}): a simulated radiograph would \
         look through them as through air",
        missing.len(), ranges(missing)
    )]
    MissingSlices {
        /// Their numbers, counted from 0.
        missing: Vec<usize>,
        /// Slices of the volume.
        total: usize,
    },
    /// No memory for it.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

/// `3, 7–12` of slice numbers counted from 0, for people, who count from 1.
fn ranges(slices: &[usize]) -> String {
    let mut found: Vec<[usize; 2]> = Vec::new();
    for &slice in slices {
        match found.last_mut() {
            Some([_, last]) if *last + 1 == slice => *last = slice,
            _ => found.push([slice, slice]),
        }
    }
    let words = found.iter().map(|&[first, last]| {
        if first == last {
            format!("{}", first + 1)
        } else {
            format!("{}–{}", first + 1, last + 1)
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Linear attenuation coefficients of a CT volume, without the air around the patient.
///
/// 16 bit whole numbers, the axis nearest to the patient's length contiguous: the rays of a
/// C-arm run across it. Cells are counted in that order (slowest first) and from the border.
#[derive(Debug)]
pub struct Attenuation {
    /// Cells, the slowest axis first; [`BORDER`] zeros on either side of each axis included.
    pub(crate) size: [usize; 3],
    /// Cells in that order.
    pub(crate) cells: Vec<u16>,
    /// Attenuation of one unit of a cell, 1/mm.
    pub(crate) unit_per_mm: f64,
    /// Patient → cell indices (slowest first; integers are voxel centres).
    pub(crate) cell_from_lps: Transform<Voxel, Lps>,
    /// Where it is not 0.
    pub(crate) occupancy: super::drr::Occupancy,
    /// mm between neighbouring cells.
    pub(crate) spacing_mm: [f64; 3],
    _booked: Option<Reservation>,
}

impl Attenuation {
    /// Attenuation of a CT volume; HU below [`AttenuationModel::AIR_HU`] and padding are 0.
    pub fn of(volume: &Volume, model: AttenuationModel) -> Result<Self, AttenuationError> {
        Self::check(volume)?;
        pack::pack(volume, model)
    }

    /// Whether a volume can be projected at all, and why not.
    pub fn check(volume: &Volume) -> Result<(), AttenuationError> {
        if volume.modality != "CT" {
            return Err(AttenuationError::NotCt {
                modality: or_unstated(&volume.modality, "of no stated modality"),
            });
        }
        if volume.unit() != "HU" {
            return Err(AttenuationError::NoHu {
                unit: or_unstated(volume.unit(), "of no stated unit"),
            });
        }
        let spacing = volume.geometry.spacing_mm;
        let side_mm = [0, 1, 2].map(|axis| volume.size[axis] as f64 * spacing[axis]);
        let enough = |axis: usize| {
            volume.size[axis] >= LEAST_VOXELS
                && side_mm[axis] >= LEAST_SIDE_MM
                && side_mm[axis].is_finite()
        };
        if !(enough(0) && enough(1) && enough(2)) {
            let size = volume.size;
            return Err(AttenuationError::TooSmall { size, side_mm });
        }
        let total = volume.size[2];
        let missing: Vec<usize> = (0..total)
            .filter(|&slice| !volume.voxels.has_slice(slice))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(AttenuationError::MissingSlices { missing, total })
        }
    }

    /// Attenuation at a patient point, 1/mm: trilinear between voxel centres, 0 outside.
    pub fn per_mm_at(&self, point: Point<Lps>) -> f64 {
        let at = (self.cell_from_lps * point).to_array();
        self.units_at(at) * self.unit_per_mm
    }

    /// The same in units of the cells, at cell indices.
    pub(crate) fn units_at(&self, at: [f64; 3]) -> f64 {
        let low = at.map(f64::floor);
        let share: [f64; 3] = std::array::from_fn(|axis| at[axis] - low[axis]);
        (0..8_usize)
            .map(|corner| {
                let mut weight = 1.0;
                let index: [f64; 3] = std::array::from_fn(|axis| {
                    let upper = corner >> axis & 1 == 1;
                    weight *= if upper {
                        share[axis]
                    } else {
                        1.0 - share[axis]
                    };
                    low[axis] + if upper { 1.0 } else { 0.0 }
                });
                weight * f64::from(self.cell(index))
            })
            .sum()
    }

    fn cell(&self, at: [f64; 3]) -> u16 {
        let inside = (0..3).all(|axis| at[axis] >= 0.0 && at[axis] < self.size[axis] as f64);
        if !inside {
            return 0;
        }
        let [slow, middle, fast] = at.map(|index| index as usize);
        let index = (slow * self.size[1] + middle) * self.size[2] + fast;
        self.cells.get(index).copied().unwrap_or(0)
    }

    /// Smallest distance between neighbouring voxel centres, mm.
    pub fn finest_spacing_mm(&self) -> f64 {
        self.spacing_mm.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Bytes of its cells.
    pub fn bytes(&self) -> usize {
        self.cells.len() * size_of::<u16>()
    }
}

fn or_unstated(word: &str, otherwise: &str) -> String {
    let word = word.trim();
    if word.is_empty() { otherwise } else { word }.to_owned()
}

#[cfg(test)]
mod tests;
