//! NIfTI label maps → structures: one number a voxel, named by a table.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::collect::{Collected, MOST_LABELS};
use super::label_names::LabelNames;
use super::nifti_header::{self, NiftiHeader, Stored};
use super::read::{Loaded, Planning, StructureFileError, describe};
use super::{MaskGrid, Structure, StructureSource, StructureTable};
use crate::budget::MEMORY;
use crate::study::SourcePath;

const GZIP: [u8; 2] = [0x1F, 0x8B];
/// Deflated data grows at most this much, so that a size that no file of this length holds is
/// refused before anything is read.
const MOST_INFLATION: u64 = 1032;
/// Labels are whole numbers, but for what scaling rounds.
const WHOLE: f64 = 1e-3;
/// Extensions before the values are not longer than this.
const MOST_EXTENSION: u64 = 1 << 24;
/// Places of the file that differ by more than this are announced, in mm.
const DISAGREEMENT_MM: f64 = 0.1;

/// Whether a file is NIfTI, by name or by its beginning.
pub(super) fn is_nifti(path: &Path, beginning: &[u8]) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let named = [".nii", ".nii.gz", ".hdr", ".img"]
        .iter()
        .any(|end| name.ends_with(end));
    named || nifti_header::form(beginning).is_some()
}

/// Reads a label map.
pub(super) fn read(
    path: &SourcePath,
    planning: &Planning,
    cancel: &dyn Fn() -> bool,
) -> Result<Loaded, StructureFileError> {
    let file = |source: io::Error| StructureFileError::file(path, source);
    let refuse = |reason: String| StructureFileError::refused(path, reason);
    let length = std::fs::metadata(path).map_err(file)?.len();
    let (mut bytes, packed) = open(path.as_ref()).map_err(file)?;
    let mut head = vec![0; 540];
    let got = fill(&mut bytes, &mut head).map_err(file)?;
    head.truncate(got);
    let header = nifti_header::read(&head).map_err(refuse)?;
    let values = header.size.iter().product::<usize>() as u64 * header.stored.bytes() as u64;
    let most = if packed {
        length.saturating_mul(MOST_INFLATION)
    } else {
        length
    };
    if header.offset > MOST_EXTENSION || header.offset + values > most {
        return Err(refuse(format!(
            "it says it holds {} × {} × {} voxels, more than a file of {length} bytes can",
            header.size[0], header.size[1], header.size[2]
        )));
    }
    let _booked = MEMORY.reserve(header.offset, "the header of the label map")?;
    let mut extension = head.split_off(header.header_bytes.min(head.len()));
    let left = header.offset as usize - header.header_bytes;
    // The larger of the two headers may have read on into the values.
    let ahead = extension.split_off(left.min(extension.len()));
    let got = extension.len();
    extension.resize(left, 0);
    let more = fill(&mut bytes, extension.get_mut(got..).unwrap_or_default());
    more.map_err(file)?;
    let names = LabelNames::of(path, &extension);
    let grid = MaskGrid::new(header.size, header.lps_from_voxel)
        .ok_or_else(|| refuse("its voxels span no box".to_owned()))?;
    let same = same_grid(&grid, &planning.grid);
    let grid = if same {
        Arc::clone(&planning.grid)
    } else {
        Arc::new(grid)
    };
    let mut warnings = warnings(&header, (&grid, planning)).map_err(refuse)?;
    let mut voxels = io::Cursor::new(ahead).chain(bytes);
    let collected = collect(&header, (&mut voxels, path), cancel)?;
    structures(collected, names, (path, planning, &grid), &mut warnings)
}

/// The bytes of a file, inflated where it is packed.
fn open(path: &Path) -> io::Result<(Box<dyn Read>, bool)> {
    let mut mark = [0; 2];
    let got = fill(&mut File::open(path)?, &mut mark)?;
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    if got == 2 && mark == GZIP {
        return Ok((
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))),
            true,
        ));
    }
    Ok((Box::new(file), false))
}

/// Reads as much as there is; how much.
fn fill(from: &mut dyn Read, target: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while let Some(rest) = target.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn same_grid(a: &MaskGrid, b: &MaskGrid) -> bool {
    let corner = |grid: &MaskGrid, far: [bool; 3]| {
        let at = std::array::from_fn(|axis| if far[axis] { grid.size[axis] - 1 } else { 0 });
        grid.center(at)
    };
    let finest = b.spacing_mm.iter().copied().fold(f64::INFINITY, f64::min);
    let ends = [
        [false; 3],
        [true, false, false],
        [false, true, false],
        [false, false, true],
    ];
    a.size == b.size
        && ends
            .iter()
            .all(|&far| corner(a, far).distance(corner(b, far)) < 0.02 * finest)
}

/// What must be said of its place; an error where it lies beside the volume.
fn warnings(
    header: &NiftiHeader,
    (grid, planning): (&Arc<MaskGrid>, &Planning),
) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    if header.disagreement_mm > DISAGREEMENT_MM {
        warnings.push(format!(
            "its sform and qform differ by up to {:.1} mm; the sform is used",
            header.disagreement_mm
        ));
    }
    if Arc::ptr_eq(grid, &planning.grid) {
        return Ok(warnings);
    }
    if !overlap(grid, &planning.grid) {
        return Err(
            "it lies nowhere near the volume shown; open the series it was made from".to_owned(),
        );
    }
    warnings.push(
        "it has another grid than the volume shown and names no frame of reference: check that it \
         was made from images of the same examination"
            .to_owned(),
    );
    Ok(warnings)
}

/// Whether the boxes around two grids meet.
fn overlap(a: &MaskGrid, b: &MaskGrid) -> bool {
    let bounds = |grid: &MaskGrid| {
        let mut low = glam::DVec3::INFINITY;
        let mut high = glam::DVec3::NEG_INFINITY;
        for corner in 0..8 {
            let at = std::array::from_fn(|axis| (grid.size[axis] - 1) * (corner >> axis & 1));
            let point = grid.center(at).0;
            (low, high) = (low.min(point), high.max(point));
        }
        (low, high)
    };
    let ((low_a, high_a), (low_b, high_b)) = (bounds(a), bounds(b));
    low_a.cmple(high_b).all() && low_b.cmple(high_a).all()
}

fn collect(
    header: &NiftiHeader,
    (voxels, path): (&mut dyn Read, &SourcePath),
    cancel: &dyn Fn() -> bool,
) -> Result<Collected, StructureFileError> {
    let [columns, rows, slices] = header.size;
    let mut row_bytes = vec![0; columns * header.stored.bytes()];
    let mut labels = vec![0_u32; columns];
    let mut collected = Collected::new()?;
    for slice in 0..slices {
        if cancel() {
            return Err(StructureFileError::Cancelled);
        }
        for row in 0..rows {
            let got = fill(voxels, &mut row_bytes);
            let got = got.map_err(|source| StructureFileError::file(path, source))?;
            if got < row_bytes.len() {
                return Err(StructureFileError::refused(
                    path,
                    format!("it ends in slice {} of {slices}; copy it again", slice + 1),
                ));
            }
            read_row(header, &row_bytes, &mut labels)
                .map_err(|reason| StructureFileError::refused(path, reason))?;
            collected.add_row([slice as u32, row as u32], &labels, Some(0))?;
        }
        if collected.len() > MOST_LABELS {
            let reason = format!("it has more than {MOST_LABELS} different values: no label map");
            return Err(StructureFileError::refused(path, reason));
        }
    }
    Ok(collected)
}

/// One row of values as labels.
fn read_row(header: &NiftiHeader, bytes: &[u8], labels: &mut [u32]) -> Result<(), String> {
    macro_rules! values {
        ($type:ty) => {{
            const BYTES: usize = size_of::<$type>();
            let (chunks, _) = bytes.as_chunks::<BYTES>();
            for (chunk, label) in chunks.iter().zip(labels) {
                let value = if header.big_endian {
                    <$type>::from_be_bytes(*chunk)
                } else {
                    <$type>::from_le_bytes(*chunk)
                };
                *label = label_of(value as f64 * header.slope + header.intercept)?;
            }
        }};
    }
    match header.stored {
        Stored::U8 => values!(u8),
        Stored::I8 => values!(i8),
        Stored::U16 => values!(u16),
        Stored::I16 => values!(i16),
        Stored::U32 => values!(u32),
        Stored::I32 => values!(i32),
        Stored::U64 => values!(u64),
        Stored::I64 => values!(i64),
        Stored::F32 => values!(f32),
        Stored::F64 => values!(f64),
    }
    Ok(())
}

fn label_of(value: f64) -> Result<u32, String> {
    let whole = value.round();
    if (value - whole).abs() <= WHOLE && (0.0..=f64::from(u32::MAX)).contains(&whole) {
        return Ok(whole as u32);
    }
    Err(format!(
        "it holds the value {value}: an image or a map of shares, no label map"
    ))
}

fn structures(
    mut collected: Collected,
    names: LabelNames,
    (path, planning, grid): (&SourcePath, &Planning, &Arc<MaskGrid>),
    warnings: &mut Vec<String>,
) -> Result<Loaded, StructureFileError> {
    let mut labels: Vec<u32> = collected.labels().collect();
    labels.sort_unstable();
    let mut loaded = Loaded::new(std::mem::take(warnings))?;
    let single = labels.len() == 1;
    let nameless = labels
        .iter()
        .filter(|&&label| names.name(label, single).is_none())
        .count();
    if nameless > 0 {
        loaded.warnings.push(format!(
            "{nameless} labels have no name; put a table beside the file: its name with .json \
             ({{\"1\": \"spleen\"}}) or .csv (1,spleen)"
        ));
    }
    loaded.warnings.extend(names.note());
    let table = StructureTable::bundled();
    for label in labels {
        let given = names.name(label, single);
        let found = given.as_ref().and_then(|name| table.by_name(name));
        let name = match (&found, &given) {
            (Some(found), _) => found.display.clone(),
            (None, Some(name)) => name.replace('_', " "),
            (None, None) => format!("Label {label}"),
        };
        let codes: Vec<_> = found.and_then(|found| found.code).into_iter().collect();
        let mask = collected.mask(label, grid, &mut loaded.booked)?;
        let source = StructureSource::File(path.display().to_string());
        let described = describe(given.unwrap_or_default(), &codes, None, source);
        loaded.push(Structure {
            name,
            mask,
            frame_of_reference: planning.frame_of_reference.clone(),
            ..described
        });
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests;
