//! Bytes of a file by position: a moving window, so that a header costs one or two reads and pixel
//! data is never read to get past it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use crate::budget::Reservation;

/// Most headers fit; one read of this size costs little more than one of a page.
const WINDOW: u64 = 16 * 1024;

/// A file, or an inflated copy of one, read by position.
#[derive(Debug)]
pub(crate) struct ByteSource {
    /// `None` for bytes that are all in the window.
    file: Option<File>,
    /// Where the file would go on reading: most headers need no seek at all.
    position: u64,
    len: u64,
    modified: Option<SystemTime>,
    window: Vec<u8>,
    window_start: u64,
    /// Memory of the window, where it holds everything.
    _booked: Option<Reservation>,
}

impl ByteSource {
    /// Opens a file.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        // A named pipe would block for ever, while it is opened already; a directory fails later
        // with a poor message.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Self {
            file: Some(file),
            position: 0,
            len: metadata.len(),
            modified: metadata.modified().ok(),
            window: Vec::new(),
            window_start: 0,
            _booked: None,
        })
    }

    /// Bytes that are in memory already.
    pub fn from_memory(bytes: Vec<u8>) -> Self {
        Self {
            file: None,
            position: 0,
            len: bytes.len() as u64,
            modified: None,
            window: bytes,
            window_start: 0,
            _booked: None,
        }
    }

    /// Says how long it is and gives no byte.
    pub fn of_length(len: u64) -> Self {
        Self {
            len,
            ..Self::from_memory(Vec::new())
        }
    }

    /// Keeps the booking of its memory.
    pub fn booked(self, booked: Reservation) -> Self {
        Self {
            _booked: Some(booked),
            ..self
        }
    }

    /// Size in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// When the file was last changed, where the system knows.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// `count` bytes from position `at`; `UnexpectedEof` beyond the end.
    pub fn bytes(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let end = at
            .checked_add(count as u64)
            .filter(|&end| end <= self.len)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let window_end = self.window_start + self.window.len() as u64;
        if at < self.window_start || end > window_end {
            let wanted = (count as u64).max(WINDOW).min(self.len - at);
            let mut window = std::mem::take(&mut self.window);
            window.clear();
            window.resize(wanted as usize, 0);
            self.read_into(at, &mut window)?;
            self.window = window;
            self.window_start = at;
        }
        let from = (at - self.window_start) as usize;
        self.window
            .get(from..from + count)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Fills `target` from position `at` without going through the window.
    pub fn read_into(&mut self, at: u64, target: &mut [u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            if at != self.position {
                file.seek(SeekFrom::Start(at))?;
            }
            // Unknown after an error: the next read seeks.
            self.position = u64::MAX;
            file.read_exact(target)?;
            self.position = at + target.len() as u64;
            return Ok(());
        }
        let from = usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let bytes = from
            .checked_add(target.len())
            .and_then(|end| self.window.get(from..end))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        target.copy_from_slice(bytes);
        Ok(())
    }

    /// Everything from position `at`.
    pub fn rest(&mut self, at: u64) -> io::Result<Vec<u8>> {
        let count = self
            .len
            .checked_sub(at)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; count as usize];
        self.read_into(at, &mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_by_position_wherever_the_window_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        let all: Vec<u8> = (0..50_000_u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &all).unwrap();
        for mut source in [
            ByteSource::open(&path).unwrap(),
            ByteSource::from_memory(all.clone()),
        ] {
            for (at, count) in [(0, 4), (40_000, 20), (10, 30_000), (49_990, 10), (3, 0)] {
                let expected = &all[at as usize..at as usize + count];
                assert_eq!(source.bytes(at, count).unwrap(), expected);
            }
            assert!(source.bytes(49_990, 11).is_err());
            assert!(source.bytes(u64::MAX, 2).is_err());
            assert_eq!(source.rest(49_998).unwrap(), all[49_998..]);
            let mut two = [0; 2];
            source.read_into(7, &mut two).unwrap();
            assert_eq!(two, all[7..9]);
        }
        assert!(ByteSource::open(dir.path()).is_err(), "a folder");
    }
}
