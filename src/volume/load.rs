//! Frames of a stack → [`Volume`], slice by slice, from the slice that is looked at outwards.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use thiserror::Error;

use super::{SliceStore, StoredVoxel, Volume, Voxels};
use crate::dicom;
use crate::study::{
    Frame, Instance, ModalityLut, Samples, Series, SliceSource, Stack, StackGeometry,
};

/// Why a volume cannot be made of a stack.
#[derive(Debug, Error)]
pub enum VolumeError {
    /// The series has no such stack.
    #[error("series {series} has no stack {stack}; it has {stacks}")]
    NoSuchStack {
        /// Series Instance UID.
        series: String,
        /// Index asked for, 0-based.
        stack: usize,
        /// Stacks it has.
        stacks: usize,
    },
    /// The stack is pictures or a run.
    #[error(
        "stack {stack} of series {series} forms no volume; \
         choose one that `scan` lists as a volume"
    )]
    NotAVolume {
        /// Series Instance UID.
        series: String,
        /// Index, 0-based.
        stack: usize,
    },
    /// Volume and stack do not belong together.
    #[error("the volume was not made for stack {stack} of series {series}")]
    OtherStack {
        /// Series Instance UID.
        series: String,
        /// Index, 0-based.
        stack: usize,
    },
    /// The caller said stop.
    #[error("loading was cancelled")]
    Cancelled,
}

/// What loading left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Grid slices that stay empty because a file cannot be read: slice, file, reason; ascending.
    pub failed: Vec<(usize, PathBuf, String)>,
}

/// Called after each slice with the slice, the slices done and the slices in all; `Break` ends
/// the loading.
pub type OnSlice<'a> = dyn Fn(usize, usize, usize) -> ControlFlow<()> + Sync + 'a;

fn find(series: &Series, stack: usize) -> Result<(&Stack, &StackGeometry), VolumeError> {
    let found = series
        .stacks
        .get(stack)
        .ok_or_else(|| VolumeError::NoSuchStack {
            series: series.uid.to_string(),
            stack,
            stacks: series.stacks.len(),
        })?;
    let geometry = found
        .geometry
        .as_ref()
        .ok_or_else(|| VolumeError::NotAVolume {
            series: series.uid.to_string(),
            stack,
        })?;
    Ok((found, geometry))
}

/// The frames of a stack with the file each is in.
fn frames<'a>(series: &'a Series, stack: &Stack) -> Vec<(&'a Instance, usize)> {
    stack
        .frames
        .iter()
        .filter_map(|at| Some((&**series.instances.get(at.instance)?, at.frame)))
        .collect()
}

/// The grid of a volume stack, without values: nothing is read.
///
/// Values are kept as stored where all frames share one rescale and fit 16 bits, else as modality
/// values. Pixel padding is kept as it is.
pub fn empty_volume(series: &Series, stack: usize) -> Result<Volume, VolumeError> {
    let (found, geometry) = find(series, stack)?;
    let not_a_volume = || VolumeError::NotAVolume {
        series: series.uid.to_string(),
        stack,
    };
    let frames = frames(series, found);
    let lps_from_voxel = geometry.lps_from_voxel();
    let voxel_from_lps = lps_from_voxel.inverse().ok_or_else(not_a_volume)?;
    let (modality_lut, kind) = value_kind(&frames);
    let (slices, slice_len) = (geometry.slices, found.rows * found.columns);
    Ok(Volume {
        series: series.uid.clone(),
        frame_of_reference: frames
            .first()
            .and_then(|(instance, _)| instance.frame_of_reference.clone()),
        patient_position: series.patient_position,
        modality: series.modality.clone(),
        size: [found.columns, found.rows, slices],
        lps_from_voxel,
        voxel_from_lps,
        geometry: geometry.clone(),
        modality_lut,
        voxels: match kind {
            Kind::I16 => Voxels::I16(SliceStore::new(slices, slice_len)),
            Kind::U16 => Voxels::U16(SliceStore::new(slices, slice_len)),
            Kind::F32 => Voxels::F32(SliceStore::new(slices, slice_len)),
        },
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    I16,
    U16,
    F32,
}

/// How the values are kept, and the rescale that then still applies to them.
fn value_kind(frames: &[(&Instance, usize)]) -> (ModalityLut, Kind) {
    let mut luts = frames
        .iter()
        .filter_map(|(instance, frame)| instance.frames.get(*frame))
        .map(|header| &header.modality_lut);
    let first = luts.next().cloned().unwrap_or_default();
    let same = luts.all(|lut| *lut == first);
    let mut range = (i64::MAX, i64::MIN);
    let mut integers = true;
    for (instance, _) in frames {
        match instance.pixel_format.stored_range() {
            Some((least, most)) => range = (range.0.min(least), range.1.max(most)),
            None => integers = false,
        }
    }
    let fits = |least: i64, most: i64| integers && same && range.0 >= least && range.1 <= most;
    if fits(i64::from(i16::MIN), i64::from(i16::MAX)) {
        (first, Kind::I16)
    } else if fits(0, i64::from(u16::MAX)) {
        (first, Kind::U16)
    } else {
        let modality_values = ModalityLut {
            slope: 1.0,
            intercept: 0.0,
            ..first
        };
        (modality_values, Kind::F32)
    }
}

/// Reads the slices of a volume made by [`empty_volume`], nearest to slice `first` first, in
/// parallel. Slices that are there already are left as they are.
///
/// A slice that cannot be read stays empty and is reported; slices of gaps stay empty. Unevenly
/// spaced frames are interpolated linearly between neighbours.
pub fn fill_volume(
    volume: &Volume,
    series: &Series,
    stack: usize,
    first: usize,
    on_slice: &OnSlice<'_>,
) -> Result<LoadReport, VolumeError> {
    let (found, geometry) = find(series, stack)?;
    let size = [found.columns, found.rows, geometry.slices];
    if volume.series != series.uid || volume.geometry != *geometry || volume.size != size {
        return Err(VolumeError::OtherStack {
            series: series.uid.to_string(),
            stack,
        });
    }
    let frames = frames(series, found);
    let mut order: Vec<(usize, SliceSource)> = geometry
        .slice_sources()
        .into_iter()
        .enumerate()
        .filter_map(|(slice, source)| Some((slice, source?)))
        .filter(|(slice, _)| !volume.voxels.has_slice(*slice))
        .collect();
    order.sort_by_key(|(slice, _)| slice.abs_diff(first));
    let work = Work {
        volume,
        frames: &frames,
    };
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cancelled = AtomicBool::new(false);
    let failed = Mutex::new(Vec::new());
    let worker = |_| {
        // Slices are taken one at a time, because rayon's own splitting would give the second
        // thread the far half first.
        while !cancelled.load(Ordering::Relaxed) {
            let Some(&(slice, source)) = order.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            if let Err((path, reason)) = work.fill(slice, source) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push((slice, path, reason));
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if on_slice(slice, done, order.len()).is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
        }
    };
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .for_each(worker);
    if cancelled.into_inner() {
        return Err(VolumeError::Cancelled);
    }
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.sort();
    Ok(LoadReport { failed })
}

/// The whole volume of a stack at once.
pub fn load_volume(series: &Series, stack: usize) -> Result<(Volume, LoadReport), VolumeError> {
    let volume = empty_volume(series, stack)?;
    let report = fill_volume(&volume, series, stack, volume.size[2] / 2, &|_, _, _| {
        ControlFlow::Continue(())
    })?;
    Ok((volume, report))
}

type Failure = (PathBuf, String);

struct Work<'a> {
    volume: &'a Volume,
    frames: &'a [(&'a Instance, usize)],
}

impl Work<'_> {
    fn fill(&self, slice: usize, source: SliceSource) -> Result<(), Failure> {
        match &self.volume.voxels {
            Voxels::I16(store) => {
                self.fill_as(store, slice, source, |frame, _, _| stored_i16(frame))
            }
            Voxels::U16(store) => {
                self.fill_as(store, slice, source, |frame, _, _| stored_u16(frame))
            }
            Voxels::F32(store) => self.fill_as(store, slice, source, |frame, instance, index| {
                dicom::modality_values(instance, index, &frame)
            }),
        }
    }

    fn fill_as<T: Interpolated>(
        &self,
        store: &SliceStore<T>,
        slice: usize,
        source: SliceSource,
        convert: impl Fn(Frame, &Instance, usize) -> Vec<T>,
    ) -> Result<(), Failure> {
        let read = |index: usize| {
            let &(instance, frame) = self
                .frames
                .get(index)
                .ok_or_else(|| (PathBuf::new(), "the stack has no such frame".to_owned()))?;
            let path = || instance.path.shown().to_owned();
            let decoded = dicom::decode_frame(instance, frame).map_err(|error| match error {
                dicom::DicomError::File { path, problem } => (path, problem.to_string()),
                other => (path(), other.to_string()),
            })?;
            let values = convert(decoded, instance, frame);
            if values.len() == instance.rows * instance.columns {
                Ok(values)
            } else {
                Err((
                    path(),
                    "it does not hold the values its header says".to_owned(),
                ))
            }
        };
        let values = match source {
            SliceSource::Frame(frame) => read(frame)?,
            SliceSource::Between { before, fraction } => {
                let mut values = read(before)?;
                let after = read(before + 1)?;
                for (value, after) in values.iter_mut().zip(after) {
                    *value = value.toward(after, fraction as f32);
                }
                values
            }
        };
        store.fill(slice, values.into_boxed_slice());
        Ok(())
    }
}

/// Values between two slices.
trait Interpolated: StoredVoxel {
    fn toward(self, other: Self, fraction: f32) -> Self;
}

impl Interpolated for i16 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        let (a, b) = (f32::from(self), f32::from(other));
        (a + (b - a) * fraction).round() as Self
    }
}

impl Interpolated for u16 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        let (a, b) = (f32::from(self), f32::from(other));
        (a + (b - a) * fraction).round() as Self
    }
}

impl Interpolated for f32 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        self + (other - self) * fraction
    }
}

/// Stored values that the header says fit 16 bits signed; no copy where they are that already.
fn stored_i16(frame: Frame) -> Vec<i16> {
    match frame.samples {
        Samples::I16(values) => values,
        // A lossy stream may hold more than the header's bits; wrapped values would be wrong.
        Samples::U16(values) if values.iter().any(|&v| v > i16::MAX as u16) => Vec::new(),
        // Collecting in place: same size, no allocation.
        Samples::U16(values) => values.into_iter().map(|v| v as i16).collect(),
        Samples::U8(values) => values.into_iter().map(i16::from).collect(),
        Samples::I8(values) => values.into_iter().map(i16::from).collect(),
        Samples::U32(values) => values.into_iter().map(|v| v as i16).collect(),
        Samples::I32(values) => values.into_iter().map(|v| v as i16).collect(),
        Samples::F32(_) | Samples::F64(_) | Samples::Rgb8(_) => Vec::new(),
    }
}

/// Stored values that the header says fit 16 bits unsigned.
fn stored_u16(frame: Frame) -> Vec<u16> {
    match frame.samples {
        Samples::U16(values) => values,
        Samples::I16(values) => values.into_iter().map(|v| v as u16).collect(),
        Samples::U8(values) => values.into_iter().map(u16::from).collect(),
        Samples::I8(values) => values.into_iter().map(|v| v as u16).collect(),
        Samples::U32(values) => values.into_iter().map(|v| v as u16).collect(),
        Samples::I32(values) => values.into_iter().map(|v| v as u16).collect(),
        Samples::F32(_) | Samples::F64(_) | Samples::Rgb8(_) => Vec::new(),
    }
}
