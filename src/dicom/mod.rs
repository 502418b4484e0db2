//! Import of DICOM files: what is on disk, what its headers say, and the stored values of frames.
//!
//! The only module that names DICOM crates and codecs. Headers are read by [`scan()`], which makes
//! a [`Catalog`] without touching pixel data; [`decode_frame`] reads the samples of one frame.
//! `parse` walks the elements itself rather than through dicom-object, because files cannot be
//! trusted and a header costs far less when only the used attributes are kept.

mod archive;
pub(crate) mod atomic_file;
mod catalog;
mod charset;
mod cielab;
mod codec;
mod coded_concept;
mod color;
mod decode;
mod direct;
mod elements;
mod encapsulated;
mod encoding;
mod find;
mod frame_timing;
mod frames;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grid;
mod group;
mod guard;
mod header;
pub mod identity;
mod labels;
mod lookup;
mod markers;
mod mask_subtraction;
mod media_directory;
mod modality;
mod native;
mod object;
mod overlays;
mod palette;
mod parse;
mod picture_header;
mod pictures;
mod pixeldata;
mod projection;
pub mod read_sr;
mod rle;
mod scan;
pub mod segmentation;
mod shutter;
mod slabs;
mod source;
mod spacing;
mod split;
mod stack_name;
pub mod structure_set;
mod time_limit;
pub mod uid;
mod unpacked;
mod value_text;
mod voi;
mod wanted;
pub mod write_ct;
pub mod write_mr;
pub mod write_object;
pub mod write_secondary_capture;
pub mod write_segmentation;
pub mod write_sr;
pub mod write_xa;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::budget::OverBudget;
use crate::study::{Catalog, Disposition, Instance, SourcePath};

pub use coded_concept::CodedConcept;
pub use decode::{decode_frame, modality_values};
pub use overlays::decode_overlays;
pub use scan::scan;
pub use segmentation::Segmentation;
pub use structure_set::StructureSet;
pub use unpacked::{remove_unpacked, sweep_unpacked};

/// Called while an import runs with the files done and the files known so far; `Break` ends it.
pub type Progress<'a> = dyn Fn(usize, usize) -> ControlFlow<()> + Sync + 'a;

/// What an import found.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Studies, series and stacks.
    pub catalog: Catalog,
    /// Files and folders that are not in the catalog, each with the reason, by path.
    pub rejected: Vec<Rejected>,
    /// Files looked at.
    pub files_seen: usize,
}

/// A file or folder that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where it lies.
    pub path: PathBuf,
    /// A short reason, without the path.
    pub reason: String,
}

impl Rejected {
    /// What became of every one of them.
    pub const DISPOSITION: Disposition = Disposition::NotShown;
}

/// Why an import or a decode failed.
#[derive(Debug, Error)]
pub enum DicomError {
    /// The caller said stop.
    #[error("the import was cancelled")]
    Cancelled,
    /// There is no DICOM file at all.
    #[error(
        "No DICOM file found in {} ({files_seen} other files). \
         Choose the folder that holds the exported study.{note}", place.display()
    )]
    NothingFound {
        /// The folder or file that was given, the first of several.
        place: PathBuf,
        /// Files looked at.
        files_seen: usize,
        /// A sentence about the first file or folder that could not be read, or empty.
        note: String,
    },
    /// One file cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: Problem,
    },
}

impl DicomError {
    pub(crate) fn file(path: &Path, problem: Problem) -> Self {
        Self::File {
            path: path.to_owned(),
            problem,
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum Problem {
    /// The operating system does not give it out.
    #[error("cannot be read: {0}; check the disc or the network, then copy it again")]
    Unreadable(#[from] io::Error),
    /// There is nothing in it.
    #[error("the file is empty; copy it again")]
    Empty,
    /// Neither marked as DICOM nor beginning like a data set.
    #[error("not a DICOM file")]
    NotDicom,
    /// A zip archive, or something in one, that is not opened: why, and what can be done.
    #[error("{0}")]
    Archive(String),
    /// An image without pixel data, or an object without a class: the SOP class name.
    #[error("no pixel data: {0}")]
    NoPixelData(String),
    /// An attribute that must be there is not.
    #[error("{0} is missing; export the series again")]
    Missing(String),
    /// An attribute that is there cannot be what it says.
    #[error("{attribute} is \"{value}\": {expected}; export the series again")]
    Malformed {
        /// Name and number.
        attribute: String,
        /// As written in the file.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// The elements do not fit into one another.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The pixel data ends too early.
    #[error("the pixel data holds {holds} of {needs} bytes; copy the file again")]
    Truncated {
        /// Bytes there are.
        holds: u64,
        /// Bytes there must be.
        needs: u64,
    },
    /// Valid, but not read by Stylet: what, and what can be done.
    #[error("{0}")]
    Unsupported(String),
    /// The compressed stream does not decode, or not to what the header says.
    #[error(
        "frame {} does not decode: {message}; copy the file again, or export the series uncompressed",
        frame + 1
    )]
    Codec {
        /// Frame, 0-based.
        frame: usize,
        /// What the decoder says.
        message: String,
    },
    /// It would take more memory than is allowed.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// No frame of this number.
    #[error("there is no frame {}, the file has {frames}", frame + 1)]
    NoSuchFrame {
        /// Frame, 0-based.
        frame: usize,
        /// Frames of the file.
        frames: usize,
    },
}

/// SOP Class UID of a file, empty where it has none.
pub fn sop_class(path: &SourcePath) -> Result<String, DicomError> {
    let parsed =
        parse::parse_file(path).map_err(|problem| DicomError::file(path.shown(), problem))?;
    Ok(parsed
        .elements
        .code(dicom_dictionary_std::tags::SOP_CLASS_UID))
}

/// Reads the header of one image file, up to its pixel data.
pub fn read_instance(path: &Path) -> Result<Instance, DicomError> {
    let content = header::read(&path.into()).map_err(|problem| DicomError::file(path, problem))?;
    let name = match content.1 {
        header::Content::Image(image) => return Ok(*image),
        header::Content::Object(object) => object.type_name,
        header::Content::Index => "DICOMDIR".to_owned(),
    };
    Err(DicomError::file(path, Problem::NoPixelData(name)))
}
