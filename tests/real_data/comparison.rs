//! What becomes of each file of a collection, and the table of all.

use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use stylet::dicom::{decode_frame, read_instance};
use stylet::study::Samples;

use crate::collection::{Collection, Row};
use crate::refusals;

/// What became of one file.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every sample equals the reference.
    Identical,
    /// Lossy grey, at most 1 off.
    Within1,
    /// Lossy colour, at most 3 off.
    Within3,
    /// Decoded, but the index has nothing comparable.
    NotCompared,
    /// No image, neither for us nor for the reference.
    NoImage,
    /// Not decoded by us, for the reason given.
    Refused(String),
    /// Other values: how.
    Wrong(String),
}

/// What became of each file.
pub struct Table(Vec<(String, String, Outcome)>);

impl Table {
    pub fn of(collection: &Collection) -> Self {
        let rows: Vec<_> = collection
            .rows
            .par_iter()
            .map(|row| {
                let outcome = outcome(collection, row);
                (row.path.clone(), row.decode.clone(), outcome)
            })
            .collect();
        Self(rows)
    }

    pub fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.0.iter().filter(|(_, _, outcome)| is(outcome)).count()
    }

    pub fn print(&self, collection: &Collection) {
        println!("{}: {} files", collection.folder.display(), self.0.len());
        for (name, outcome) in [
            ("identical", Outcome::Identical),
            ("within 1 level (lossy grey)", Outcome::Within1),
            ("within 3 levels (lossy colour)", Outcome::Within3),
            ("decoded, nothing to compare with", Outcome::NotCompared),
            ("no image", Outcome::NoImage),
        ] {
            println!("{:5} {name}", self.count(|o| *o == outcome));
        }
        println!(
            "{:5} refused with a reason",
            self.count(|o| matches!(o, Outcome::Refused(_)))
        );
        println!("{:5} wrong", self.wrong().len());
        for (path, decode, outcome) in &self.0 {
            match outcome {
                Outcome::Refused(reason) => println!("refused: {path} [{decode}]: {reason}"),
                Outcome::Wrong(how) => println!("wrong: {path} [{decode}]: {how}"),
                Outcome::NotCompared => println!("not compared: {path} [{decode}]"),
                _ => {}
            }
        }
    }

    /// Files with other values than the reference.
    pub fn wrong(&self) -> Vec<String> {
        let text = |(path, _, outcome): &(String, String, Outcome)| match outcome {
            Outcome::Wrong(how) => Some(format!("{path}: {how}")),
            _ => None,
        };
        self.0.iter().filter_map(text).collect()
    }

    /// Refused files that are not in the list of those that must be.
    pub fn surprises(&self) -> Vec<String> {
        let text = |(path, _, outcome): &(String, String, Outcome)| match outcome {
            Outcome::Refused(reason) if refusals::why(path, reason).is_none() => {
                Some(format!("{path}: {reason}"))
            }
            _ => None,
        };
        self.0.iter().filter_map(text).collect()
    }
}

/// All frames of a file.
pub fn decoded(path: &Path) -> Result<Vec<Samples>, String> {
    let instance = read_instance(path).map_err(|error| error.to_string())?;
    (0..instance.frames.len())
        .map(|frame| {
            let frame = decode_frame(&instance, frame).map_err(|error| error.to_string())?;
            Ok(frame.samples)
        })
        .collect()
}

fn outcome(collection: &Collection, row: &Row) -> Outcome {
    let path = collection.folder.join(&row.path);
    let samples = match decoded(&path) {
        Ok(samples) => samples,
        Err(_) if row.decode == "no-pixels" => return Outcome::NoImage,
        Err(error) => {
            let folder = format!("{}/", collection.folder.display());
            return Outcome::Refused(error.replace(&folder, ""));
        }
    };
    let big_endian = row.syntax.contains("Big Endian");
    if hash(&samples, big_endian) == row.hash {
        return Outcome::Identical;
    }
    let color = matches!(samples.first(), Some(Samples::Rgb8(_)));
    let lossless = row.syntax.contains("Lossless") && !row.syntax.contains("Near");
    let lossy = !lossless && ["JPEG", "XL"].iter().any(|word| row.syntax.contains(word))
        || row.syntax.starts_with("1.2.840.10008.1.2.4.11");
    let Some(reference) = collection.reference(row) else {
        if !row.decode.starts_with("ok") {
            return Outcome::NotCompared;
        }
        // Palettes are indices in the index, deep colours have more than 8 bits.
        return if lossy || color {
            Outcome::NotCompared
        } else {
            Outcome::Wrong("other values".to_owned())
        };
    };
    let bytes: Vec<u8> = samples.iter().flat_map(bytes).collect();
    if bytes == reference {
        return Outcome::Identical;
    }
    let wide = !color && bytes.len() != samples.iter().map(Samples::len).sum::<usize>();
    match (largest_difference(&bytes, &reference, wide), color) {
        (Some(0..=1), false) if lossy => Outcome::Within1,
        (Some(0..=3), true) if lossy => Outcome::Within3,
        (Some(most), _) => Outcome::Wrong(format!("differs by up to {most} ({})", row.photometric)),
        (None, _) => Outcome::Wrong(format!("{} bytes, not {}", bytes.len(), reference.len())),
    }
}

/// Largest difference of bytes or of little endian words; `None` where the sizes differ. The sign
/// does not matter for small differences.
fn largest_difference(ours: &[u8], others: &[u8], wide: bool) -> Option<u16> {
    if ours.len() != others.len() {
        return None;
    }
    let bytes = ours
        .iter()
        .zip(others)
        .map(|(a, b)| u16::from(a.abs_diff(*b)));
    if !wide {
        return bytes.max();
    }
    let (ours, others) = (ours.as_chunks::<2>().0, others.as_chunks::<2>().0);
    let word = |word: &[u8; 2]| i16::from_le_bytes(*word);
    let words = ours.iter().zip(others).map(|(a, b)| {
        let (a, b) = (word(a), word(b));
        a.wrapping_sub(b).unsigned_abs()
    });
    words.max()
}

/// Largest difference of the values of frames; `None` where they have other sizes.
pub fn difference(ours: &[Samples], others: &[Samples]) -> Option<f64> {
    if ours.len() != others.len() {
        return None;
    }
    let mut most = 0.0_f64;
    for (a, b) in ours.iter().zip(others) {
        if a.len() != b.len() {
            return None;
        }
        if let (Samples::Rgb8(a), Samples::Rgb8(b)) = (a, b) {
            let (a, b) = (a.as_flattened(), b.as_flattened());
            let off = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
            most = most.max(f64::from(off.unwrap_or_default()));
            continue;
        }
        for index in 0..a.len() {
            most = most.max((a.value(index)? - b.value(index)?).abs());
        }
    }
    Some(most)
}

fn bytes(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::I8(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::U16(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::I16(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::U32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::I32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::F32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::F64(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::Rgb8(v) => v.as_flattened().to_vec(),
    }
}

/// Hash of all frames as the index has it.
pub fn hash(samples: &[Samples], big_endian: bool) -> String {
    let mut hash = Sha256::new();
    for frame in samples {
        let mut bytes = bytes(frame);
        let word = match frame {
            Samples::I16(_) | Samples::U16(_) => 2,
            Samples::I32(_) | Samples::U32(_) | Samples::F32(_) => 4,
            Samples::F64(_) => 8,
            _ => 1,
        };
        if big_endian {
            bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse);
        }
        hash.update(&bytes);
    }
    let digest = hash.finalize();
    let first = digest.iter().take(6);
    first.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
