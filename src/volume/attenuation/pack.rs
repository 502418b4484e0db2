//! Finds the patient in the air, turns stored values into cells and puts the patient's length
//! last.

use rayon::prelude::*;

use super::{Attenuation, AttenuationError, AttenuationModel, BORDER};
use crate::budget::MEMORY;
use crate::geometry::{Lps, Transform, Voxel};
use crate::volume::drr::Occupancy;
use crate::volume::{SliceStore, StoredVoxel, Volume, Voxels};

/// Columns that are written together, so that their cache lines stay at hand.
const COLUMNS: usize = 32;

/// First and last index of each axis (columns, rows, slices) that is not air.
type Bounds = [[usize; 2]; 3];

pub(super) fn pack(
    volume: &Volume,
    model: AttenuationModel,
) -> Result<Attenuation, AttenuationError> {
    match &volume.voxels {
        Voxels::I16(store) => {
            let table = Table::new(volume, model, |bits| f64::from(bits as i16));
            Packing::new(volume, store, &|stored: i16| table.per_mm(stored as u16)).pack()
        }
        Voxels::U16(store) => {
            let table = Table::new(volume, model, f64::from);
            Packing::new(volume, store, &|stored| table.per_mm(stored)).pack()
        }
        Voxels::F32(store) => {
            let per_mm = |stored: f32| of_stored(volume, model, f64::from(stored)) as f32;
            Packing::new(volume, store, &per_mm).pack()
        }
    }
}

fn of_stored(volume: &Volume, model: AttenuationModel, stored: f64) -> f64 {
    let padding = volume
        .padding
        .is_some_and(|[least, greatest]| (least..=greatest).contains(&stored));
    if padding {
        0.0
    } else {
        model.per_mm(volume.modality_lut.apply(stored))
    }
}

/// Attenuation of each 16 bit pattern.
struct Table(Vec<f32>);

impl Table {
    fn new(volume: &Volume, model: AttenuationModel, value: impl Fn(u16) -> f64) -> Self {
        let of = |bits| of_stored(volume, model, value(bits)) as f32;
        Self((0..=u16::MAX).map(of).collect())
    }

    fn per_mm(&self, bits: u16) -> f32 {
        self.0.get(usize::from(bits)).copied().unwrap_or(0.0)
    }
}

struct Packing<'a, T, F> {
    volume: &'a Volume,
    slices: Vec<Option<&'a [T]>>,
    per_mm: &'a F,
    /// Voxel axes (0 column, 1 row, 2 slice), slowest first.
    order: [usize; 3],
}

impl<'a, T: StoredVoxel, F: Fn(T) -> f32 + Sync> Packing<'a, T, F> {
    fn new(volume: &'a Volume, store: &'a SliceStore<T>, per_mm: &'a F) -> Self {
        let along = |axis: usize| {
            let directions = [
                volume.geometry.column_direction,
                volume.geometry.row_direction,
                volume.geometry.slice_direction,
            ];
            directions[axis].0.z.abs()
        };
        let mut order = [1, 0, 2];
        order.sort_by(|&a, &b| along(a).total_cmp(&along(b)));
        Self {
            volume,
            slices: store.all(),
            per_mm,
            order,
        }
    }

    fn pack(&self) -> Result<Attenuation, AttenuationError> {
        let (bounds, most) = self.survey();
        let count = self.order.map(|axis| bounds[axis][1] - bounds[axis][0] + 1);
        let size = count.map(|n| n + 2 * BORDER);
        let cells = size.iter().product::<usize>();
        let bytes = (cells * size_of::<u16>()) as u64;
        let booked = MEMORY.reserve(bytes, "the attenuation for simulated radiographs")?;
        let unit_per_mm = f64::from(most.max(f32::MIN_POSITIVE)) / f64::from(u16::MAX);
        let mut packed = vec![0; cells];
        self.fill(&mut packed, size, &bounds, (1.0 / unit_per_mm) as f32);
        let spacing = self.volume.geometry.spacing_mm;
        Ok(Attenuation {
            occupancy: Occupancy::of(&packed, size),
            size,
            cells: packed,
            unit_per_mm,
            cell_from_lps: self.cell_from_lps(&bounds),
            spacing_mm: self.order.map(|axis| spacing[axis]),
            _booked: Some(booked),
        })
    }

    /// Where there is something, and the greatest attenuation.
    fn survey(&self) -> (Bounds, f32) {
        let [columns, rows, slices] = self.volume.size;
        let empty: (Bounds, f32) = ([[usize::MAX, 0]; 3], 0.0);
        let joined = |(a, most_a): (Bounds, f32), (b, most_b): (Bounds, f32)| {
            let axis = |n: usize| [a[n][0].min(b[n][0]), a[n][1].max(b[n][1])];
            ([axis(0), axis(1), axis(2)], most_a.max(most_b))
        };
        let found = (0..slices)
            .into_par_iter()
            .filter_map(|slice| {
                let values = self.slices.get(slice).copied().flatten()?;
                let mut here = empty;
                for (row, values) in values.chunks_exact(columns.max(1)).take(rows).enumerate() {
                    let per_mm = |stored: &T| (self.per_mm)(*stored);
                    let Some(first) = values.iter().position(|v| per_mm(v) > 0.0) else {
                        continue;
                    };
                    let last = values.iter().rposition(|v| per_mm(v) > 0.0);
                    let most = values.iter().map(per_mm).fold(0.0, f32::max);
                    let last = last.unwrap_or(first);
                    here = joined(here, ([[first, last], [row, row], [slice, slice]], most));
                }
                (here.1 > 0.0).then_some(here)
            })
            .reduce(|| empty, joined);
        if found.1 > 0.0 {
            found
        } else {
            ([[0, 0]; 3], 0.0)
        }
    }

    fn fill(&self, packed: &mut [u16], size: [usize; 3], bounds: &Bounds, units_of_1: f32) {
        let plane = size[1] * size[2];
        let unit = |stored: T| ((self.per_mm)(stored) * units_of_1 + 0.5) as u16;
        let [_, middle, fast] = self.order;
        let columns = self.volume.size[0];
        let first = self.order.map(|axis| bounds[axis][0]);
        packed
            .par_chunks_mut(plane)
            .enumerate()
            .skip(BORDER)
            .take(size[0] - 2 * BORDER)
            .for_each(|(slow, plane)| {
                let mut at = [0; 3];
                at[self.order[0]] = first[0] + slow - BORDER;
                for block in (0..size[1] - 2 * BORDER).step_by(COLUMNS) {
                    let end = (block + COLUMNS).min(size[1] - 2 * BORDER);
                    for along in 0..size[2] - 2 * BORDER {
                        at[fast] = first[2] + along;
                        for across in block..end {
                            at[middle] = first[1] + across;
                            let stored = self
                                .slices
                                .get(at[2])
                                .copied()
                                .flatten()
                                .and_then(|values| values.get(at[1] * columns + at[0]));
                            let cell = (across + BORDER) * size[2] + along + BORDER;
                            if let (Some(&stored), Some(cell)) = (stored, plane.get_mut(cell)) {
                                *cell = unit(stored);
                            }
                        }
                    }
                }
            });
    }

    fn cell_from_lps(&self, bounds: &Bounds) -> Transform<Voxel, Lps> {
        let voxel_from_lps = self.volume.voxel_from_lps.0;
        let reorder = |voxel: [f64; 3]| glam::DVec3::from_array(self.order.map(|axis| voxel[axis]));
        let column = |index| reorder(voxel_from_lps.matrix3.col(index).to_array());
        let shift = self
            .order
            .map(|axis| BORDER as f64 - bounds[axis][0] as f64);
        let origin =
            reorder(voxel_from_lps.translation.to_array()) + glam::DVec3::from_array(shift);
        Transform::from_columns(column(0), column(1), column(2), origin)
    }
}
