//! Storage of stored values, slice by slice, filled while readers look on.

use std::sync::OnceLock;

use crate::budget::{MEMORY, OverBudget, Reservation};

/// A number type that slices are kept in.
pub trait StoredVoxel: Copy + Send + Sync + 'static {
    /// As `f32`; exact for 16 bit.
    fn to_f32(self) -> f32;
}

impl StoredVoxel for i16 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}
impl StoredVoxel for u16 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}
impl StoredVoxel for f32 {
    fn to_f32(self) -> f32 {
        self
    }
}

/// The slices of one volume. A slice is absent until it has been read, for ever where it cannot.
#[derive(Debug)]
pub struct SliceStore<T> {
    slices: Vec<OnceLock<Box<[T]>>>,
    slice_len: usize,
    booked: Option<Reservation>,
}

impl<T: StoredVoxel> SliceStore<T> {
    /// Room for `slices` slices of `slice_len` values each; nothing is allocated for them yet.
    pub fn new(slices: usize, slice_len: usize) -> Self {
        Self {
            slices: (0..slices).map(|_| OnceLock::new()).collect(),
            slice_len,
            booked: None,
        }
    }

    /// The same with its memory booked, so that it does fit when the slices come.
    pub fn within_budget(slices: usize, slice_len: usize) -> Result<Self, OverBudget> {
        let bytes = (slices as u64)
            .saturating_mul(slice_len as u64)
            .saturating_mul(size_of::<T>() as u64);
        let booked = MEMORY.reserve(bytes, "the volume")?;
        Ok(Self {
            booked: Some(booked),
            ..Self::new(slices, slice_len)
        })
    }

    /// Bytes booked for it.
    pub fn booked_bytes(&self) -> u64 {
        self.booked.as_ref().map_or(0, Reservation::bytes)
    }

    /// Puts a slice in its place. False where it has the wrong length, lies outside or is already
    /// there.
    pub fn fill(&self, slice: usize, values: Box<[T]>) -> bool {
        values.len() == self.slice_len
            && self
                .slices
                .get(slice)
                .is_some_and(|place| place.set(values).is_ok())
    }

    /// Values of one slice, row by row; `None` while it is absent.
    pub fn slice(&self, slice: usize) -> Option<&[T]> {
        self.slices.get(slice)?.get().map(|values| &**values)
    }

    /// All slices, `None` where absent. Taken once per picture, so that sampling needs no atomic.
    pub fn all(&self) -> Vec<Option<&[T]>> {
        (0..self.slices.len())
            .map(|slice| self.slice(slice))
            .collect()
    }
}

/// Stored values of a volume.
#[derive(Debug)]
pub enum Voxels {
    /// Signed 16 bit (and everything smaller that fits).
    I16(SliceStore<i16>),
    /// Unsigned 16 bit.
    U16(SliceStore<u16>),
    /// Everything else.
    F32(SliceStore<f32>),
}

impl Voxels {
    /// Stored value at `index` of a slice (row × columns + column); `None` where absent.
    pub fn stored(&self, slice: usize, index: usize) -> Option<f64> {
        match self {
            Self::I16(store) => store.slice(slice)?.get(index).map(|&v| f64::from(v)),
            Self::U16(store) => store.slice(slice)?.get(index).map(|&v| f64::from(v)),
            Self::F32(store) => store.slice(slice)?.get(index).map(|&v| f64::from(v)),
        }
    }

    /// Whether a slice is there.
    pub fn has_slice(&self, slice: usize) -> bool {
        match self {
            Self::I16(store) => store.slice(slice).is_some(),
            Self::U16(store) => store.slice(slice).is_some(),
            Self::F32(store) => store.slice(slice).is_some(),
        }
    }

    /// Slices that are there.
    pub fn filled(&self) -> usize {
        let count = match self {
            Self::I16(store) => store.slices.len(),
            Self::U16(store) => store.slices.len(),
            Self::F32(store) => store.slices.len(),
        };
        (0..count).filter(|&slice| self.has_slice(slice)).count()
    }

    /// Bytes of one stored value.
    pub fn bytes_per_voxel(&self) -> usize {
        match self {
            Self::I16(_) | Self::U16(_) => 2,
            Self::F32(_) => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_filled_once_and_only_where_they_fit() {
        let store = SliceStore::<i16>::new(2, 3);
        assert!(store.slice(0).is_none());
        assert!(store.fill(0, vec![1, 2, 3].into()));
        assert!(!store.fill(0, vec![4, 5, 6].into()), "already there");
        assert!(!store.fill(1, vec![1].into()), "wrong length");
        assert!(!store.fill(2, vec![1, 2, 3].into()), "outside");
        assert_eq!(store.slice(0), Some(&[1, 2, 3][..]));
        assert_eq!(store.all(), vec![Some(&[1, 2, 3][..]), None]);
        let voxels = Voxels::I16(store);
        assert_eq!(voxels.stored(0, 2), Some(3.0));
        assert_eq!(voxels.stored(0, 3), None);
        assert_eq!(voxels.stored(1, 0), None);
        assert_eq!((voxels.filled(), voxels.bytes_per_voxel()), (1, 2));
    }
}
