//! Arrays as numpy `.npy` files, format version 1.0.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why an array was not written.
#[derive(Debug, Error)]
pub enum NpyError {
    /// The values do not fill the shape.
    #[error("{}: {values} values do not fill the shape {shape:?}", path.display())]
    Shape {
        /// File that was to be written.
        path: PathBuf,
        /// Values given.
        values: usize,
        /// Shape given.
        shape: Vec<usize>,
    },
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to.", path.display())]
    Write {
        /// File that was to be written.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A number type that numpy knows.
pub trait NpyNumber: bytemuck::NoUninit {
    /// Kind and size of the number in numpy's words, without byte order.
    const KIND: &'static str;
}

macro_rules! numbers {
    ($($number:ty => $kind:literal),*) => {
        $(impl NpyNumber for $number {
            const KIND: &'static str = $kind;
        })*
    };
}
numbers!(u8 => "u1", i8 => "i1", u16 => "u2", i16 => "i2", u32 => "u4", i32 => "i4", f32 => "f4", f64 => "f8");

/// Writes `values` in C order as an array of `shape`. The file is there completely or not at all.
pub fn write_npy<T: NpyNumber>(path: &Path, shape: &[usize], values: &[T]) -> Result<(), NpyError> {
    let count = shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
    if count != Some(values.len()) {
        return Err(NpyError::Shape {
            path: path.to_owned(),
            values: values.len(),
            shape: shape.to_vec(),
        });
    }
    let header = header(T::KIND, size_of::<T>(), shape);
    write_atomically(path, &header, bytemuck::cast_slice(values)).map_err(|source| {
        NpyError::Write {
            path: path.to_owned(),
            source,
        }
    })
}

/// [`write_npy`] for `f32`.
pub fn write_npy_f32(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), NpyError> {
    write_npy(path, shape, values)
}

/// Magic, version, length and the dictionary, padded so that the values begin at a multiple of 64.
fn header(kind: &str, size: usize, shape: &[usize]) -> Vec<u8> {
    let order = match (size, cfg!(target_endian = "big")) {
        (1, _) => '|',
        (_, false) => '<',
        (_, true) => '>',
    };
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': ({},), }}",
        sizes.join(", ")
    );
    let unpadded = 10 + text.len() + 1;
    text.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

fn write_atomically(path: &Path, header: &[u8], values: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    let mut out = BufWriter::new(file.as_file_mut());
    out.write_all(header)?;
    out.write_all(values)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_what_numpy_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        write_npy(&path, &[2, 3], &[1_i16, -2, 3, 4, 5, 6]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        // numpy.save of the same array: a header of 128 bytes, then the values.
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        assert_eq!(bytes.len(), 128 + 12);
        let text = std::str::from_utf8(&bytes[10..128]).unwrap();
        assert_eq!(
            text.trim_end(),
            "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3,), }"
        );
        assert_eq!(bytes[128..132], [1, 0, 0xFE, 0xFF]);
        write_npy(&path, &[1], &[7_u8]).unwrap();
        assert!(std::fs::read(&path).unwrap().ends_with(&[b'\n', 7]));
    }

    #[test]
    fn what_does_not_fit_or_cannot_be_written_is_an_error_with_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing").join("a.npy");
        let shape = write_npy_f32(&path, &[2], &[1.0]).unwrap_err();
        assert!(matches!(shape, NpyError::Shape { values: 1, .. }));
        let error = write_npy_f32(&path, &[1], &[1.0]).unwrap_err();
        assert!(error.to_string().contains("a.npy"), "{error}");
    }
}
