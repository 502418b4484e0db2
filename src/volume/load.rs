//! Frames of a stack → [`Volume`], slice by slice, from the slice that is looked at outwards.

use std::ops::ControlFlow;
use std::path::PathBuf;

use thiserror::Error;

use super::fill::{Failure, FillPlan, fill};
use super::{SliceStore, Volume, Voxels};
use crate::budget::OverBudget;
use crate::dicom;
use crate::study::{Frame, Instance, ModalityLut, Samples, Series, Stack, StackGeometry};

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
    /// It would take more memory than is allowed.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
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
/// values: also where a table makes them. Pixel padding is kept as it is.
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
    let padding = common_padding(&frames, kind);
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
        padding,
        voxels: match kind {
            Kind::I16 => Voxels::I16(SliceStore::within_budget(slices, slice_len)?),
            Kind::U16 => Voxels::U16(SliceStore::within_budget(slices, slice_len)?),
            Kind::F32 => Voxels::F32(SliceStore::within_budget(slices, slice_len)?),
        },
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    I16,
    U16,
    F32,
}

/// Padding of all frames as the values of the volume; `None` where they differ, or where modality
/// values no longer tell it.
fn common_padding(frames: &[(&Instance, usize)], kind: Kind) -> Option<[f64; 2]> {
    let (first, frame) = frames.first()?;
    let [least, most] = first.padding?;
    if frames
        .iter()
        .any(|(other, _)| other.padding != first.padding)
    {
        return None;
    }
    if kind != Kind::F32 {
        return Some([least, most]);
    }
    let lut = &first.frames.get(*frame)?.modality_lut;
    let same = |(instance, frame): &(&Instance, usize)| {
        let header = instance.frames.get(*frame);
        header.is_some_and(|header| header.modality_lut == *lut)
    };
    if lut.table.is_some() || !frames.iter().all(same) {
        return None;
    }
    let [a, b] = [least, most].map(|stored| f64::from(lut.apply(stored) as f32));
    Some([a.min(b), a.max(b)])
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
    // Between two stored values lies none of the table.
    let same = same && first.table.is_none();
    let fits = |least: i64, most: i64| integers && same && range.0 >= least && range.1 <= most;
    if fits(i64::from(i16::MIN), i64::from(i16::MAX)) {
        (first, Kind::I16)
    } else if fits(0, i64::from(u16::MAX)) {
        (first, Kind::U16)
    } else {
        let modality_values = ModalityLut {
            unit: first.unit,
            ..ModalityLut::default()
        };
        (modality_values, Kind::F32)
    }
}

/// Reads the slices of a volume made by [`empty_volume`], nearest to slice `first` first, in
/// parallel. Slices that are there already are left as they are.
///
/// A slice that cannot be read stays empty and is reported; slices of gaps stay empty. Unevenly
/// spaced frames are decoded once each and interpolated linearly between neighbours.
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
    let wanted = geometry
        .slice_sources()
        .into_iter()
        .enumerate()
        .filter_map(|(slice, source)| Some((slice, source?)))
        .filter(|(slice, _)| !volume.voxels.has_slice(*slice));
    let plan = FillPlan::of(wanted, first);
    let source = Source {
        frames: frames(series, found),
    };
    let on_done = |slice: usize, done: usize| on_slice(slice, done, plan.slices());
    let failed = match &volume.voxels {
        Voxels::I16(store) => {
            let read = |frame: usize| source.read(frame, |frame, _, _| stored_i16(frame));
            fill(store, &plan, &read, &on_done)
        }
        Voxels::U16(store) => {
            let read = |frame: usize| source.read(frame, |frame, _, _| stored_u16(frame));
            fill(store, &plan, &read, &on_done)
        }
        Voxels::F32(store) => {
            let read = |frame: usize| {
                source.read(frame, |frame, instance, index| {
                    dicom::modality_values(instance, index, &frame)
                })
            };
            fill(store, &plan, &read, &on_done)
        }
    };
    failed
        .map(|failed| LoadReport { failed })
        .ok_or(VolumeError::Cancelled)
}

/// The whole volume of a stack at once.
pub fn load_volume(series: &Series, stack: usize) -> Result<(Volume, LoadReport), VolumeError> {
    let volume = empty_volume(series, stack)?;
    let report = fill_volume(&volume, series, stack, volume.size[2] / 2, &|_, _, _| {
        ControlFlow::Continue(())
    })?;
    Ok((volume, report))
}

/// The frames of a stack and the files they are in.
struct Source<'a> {
    frames: Vec<(&'a Instance, usize)>,
}

impl Source<'_> {
    /// The values of one frame.
    fn read<T>(
        &self,
        index: usize,
        convert: impl Fn(Frame, &Instance, usize) -> Vec<T>,
    ) -> Result<Vec<T>, Failure> {
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
                "its values do not fit the bits that its header says; export the series again"
                    .to_owned(),
            ))
        }
    }
}

/// Values as another type of integer; empty where one does not fit, because a stream may hold
/// more than the header's bits and wrapped values would be wrong.
fn narrowed<A: Copy, B: TryFrom<A>>(values: Vec<A>) -> Vec<B> {
    let narrow = values.iter().map(|&value| B::try_from(value).ok());
    narrow.collect::<Option<_>>().unwrap_or_default()
}

/// Stored values that the header says fit 16 bits signed; no copy where they are that already.
fn stored_i16(frame: Frame) -> Vec<i16> {
    match frame.samples {
        Samples::I16(values) => values,
        Samples::U16(values) if values.iter().any(|&v| v > i16::MAX as u16) => Vec::new(),
        // Collecting in place: same size, no allocation.
        Samples::U16(values) => values.into_iter().map(|v| v as i16).collect(),
        Samples::U8(values) => values.into_iter().map(i16::from).collect(),
        Samples::I8(values) => values.into_iter().map(i16::from).collect(),
        Samples::U32(values) => narrowed(values),
        Samples::I32(values) => narrowed(values),
        Samples::F32(_) | Samples::F64(_) | Samples::Rgb8(_) => Vec::new(),
    }
}

/// Stored values that the header says fit 16 bits unsigned.
fn stored_u16(frame: Frame) -> Vec<u16> {
    match frame.samples {
        Samples::U16(values) => values,
        Samples::U8(values) => values.into_iter().map(u16::from).collect(),
        Samples::I16(values) => narrowed(values),
        Samples::I8(values) => narrowed(values),
        Samples::U32(values) => narrowed(values),
        Samples::I32(values) => narrowed(values),
        Samples::F32(_) | Samples::F64(_) | Samples::Rgb8(_) => Vec::new(),
    }
}
