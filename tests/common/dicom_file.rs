//! Synthetic DICOM files, written element by element so that tests do not share code (or bugs)
//! with the reader. Shared by tests and benchmarks.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::expect_used,
    reason = "not every user needs every part, and tests may panic"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;
use dicom_object::Tag;

/// Explicit VR little endian elements of one file.
#[derive(Clone)]
pub struct DicomFile {
    elements: BTreeMap<Tag, ([u8; 2], Vec<u8>)>,
    /// Lengths that elements claim instead of their own.
    claimed: BTreeMap<Tag, u32>,
    transfer_syntax: String,
    undefined_pixels: bool,
}

impl DicomFile {
    /// An axial CT slice of series `1.2.3.<series>`, 4 rows × 3 columns, 0.5 × 0.8 mm, at `z` mm,
    /// whose stored values are all `value`.
    pub fn slice(series: u32, number: i32, z: f64, value: i16) -> Self {
        let file = Self::empty("1.2.840.10008.5.1.4.1.1.2");
        file.text(
            tags::SOP_INSTANCE_UID,
            *b"UI",
            &format!("1.2.3.{series}.{number}"),
        )
        .text(tags::STUDY_DATE, *b"DA", "20240102")
        .text(tags::MODALITY, *b"CS", "CT")
        .text(tags::PATIENT_NAME, *b"PN", "Phantom^Lumbar")
        .text(tags::PATIENT_ID, *b"LO", "P1")
        .text(tags::PATIENT_POSITION, *b"CS", "HFS")
        .text(tags::STUDY_INSTANCE_UID, *b"UI", "1.2.3")
        .text(
            tags::SERIES_INSTANCE_UID,
            *b"UI",
            &format!("1.2.3.{series}"),
        )
        .text(tags::SERIES_NUMBER, *b"IS", &series.to_string())
        .text(tags::INSTANCE_NUMBER, *b"IS", &number.to_string())
        .text(tags::FRAME_OF_REFERENCE_UID, *b"UI", "1.2.3.9")
        .position([-10.0, -20.0, z])
        .text(tags::IMAGE_ORIENTATION_PATIENT, *b"DS", "1\\0\\0\\0\\1\\0")
        .text(tags::PIXEL_SPACING, *b"DS", "0.8\\0.5")
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "MONOCHROME2")
        .number(tags::ROWS, 4)
        .number(tags::COLUMNS, 3)
        .number(tags::BITS_ALLOCATED, 16)
        .number(tags::BITS_STORED, 16)
        .number(tags::HIGH_BIT, 15)
        .number(tags::PIXEL_REPRESENTATION, 1)
        .text(tags::RESCALE_INTERCEPT, *b"DS", "-1024")
        .text(tags::RESCALE_SLOPE, *b"DS", "1")
        .pixels(&[value; 12])
    }

    /// Only a SOP Class UID.
    pub fn empty(sop_class: &str) -> Self {
        Self {
            elements: BTreeMap::new(),
            transfer_syntax: "1.2.840.10008.1.2.1".to_owned(),
            claimed: BTreeMap::new(),
            undefined_pixels: false,
        }
        .text(tags::SOP_CLASS_UID, *b"UI", sop_class)
    }

    /// Sets a text element.
    pub fn text(mut self, tag: Tag, vr: [u8; 2], text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == *b"UI" { 0 } else { b' ' });
        }
        self.elements.insert(tag, (vr, bytes));
        self
    }

    /// Sets a US element.
    pub fn number(mut self, tag: Tag, number: u16) -> Self {
        self.elements
            .insert(tag, (*b"US", number.to_le_bytes().to_vec()));
        self
    }

    /// Sets Image Position (Patient).
    pub fn position(self, [x, y, z]: [f64; 3]) -> Self {
        self.text(
            tags::IMAGE_POSITION_PATIENT,
            *b"DS",
            &format!("{x:.6}\\{y:.6}\\{z:.6}"),
        )
    }

    /// Sets Image Orientation (Patient).
    pub fn orientation(self, cosines: [f64; 6]) -> Self {
        let text: Vec<String> = cosines.iter().map(|c| format!("{c:.9}")).collect();
        self.text(tags::IMAGE_ORIENTATION_PATIENT, *b"DS", &text.join("\\"))
    }

    /// Sets 16-bit pixel data.
    pub fn pixels(self, values: &[i16]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.raw(tags::PIXEL_DATA, *b"OW", bytes)
    }

    /// Sets an element to raw bytes.
    pub fn raw(mut self, tag: Tag, vr: [u8; 2], bytes: Vec<u8>) -> Self {
        self.elements.insert(tag, (vr, bytes));
        self
    }

    /// Sets encapsulated pixel data of these items, the first of them the basic offset table.
    pub fn encapsulated(self, transfer_syntax: &str, fragments: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for fragment in fragments {
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
            bytes.extend((fragment.len() as u32).to_le_bytes());
            bytes.extend(*fragment);
        }
        bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        let mut file = self.raw(tags::PIXEL_DATA, *b"OB", bytes);
        file.undefined_pixels = true;
        file.transfer_syntax(transfer_syntax)
    }

    /// Removes an element.
    pub fn without(mut self, tag: Tag) -> Self {
        self.elements.remove(&tag);
        self
    }

    /// States another transfer syntax without changing the encoding of the data set.
    pub fn transfer_syntax(mut self, uid: &str) -> Self {
        uid.clone_into(&mut self.transfer_syntax);
        self
    }

    /// Claims another length for an element than its value has; its VR must have a long length.
    pub fn claiming(mut self, tag: Tag, length: u32) -> Self {
        self.claimed.insert(tag, length);
        self
    }

    /// Sets compressed pixel data: an offset table and fragments, closed by a delimiter.
    pub fn fragments(self, transfer_syntax: &str, table: &[u32], fragments: &[&[u8]]) -> Self {
        let table: Vec<u8> = table.iter().flat_map(|at| at.to_le_bytes()).collect();
        let mut bytes = Vec::new();
        for fragment in [table.as_slice()].iter().chain(fragments) {
            bytes.extend([0xFE, 0xFF, 0x00, 0xE0]);
            let even = fragment.len().next_multiple_of(2);
            bytes.extend((even as u32).to_le_bytes());
            bytes.extend(*fragment);
            bytes.resize(bytes.len() + even - fragment.len(), 0);
        }
        bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        self.raw(tags::PIXEL_DATA, *b"OB", bytes)
            .claiming(tags::PIXEL_DATA, u32::MAX)
            .transfer_syntax(transfer_syntax)
    }

    /// Elements without preamble and file meta group.
    pub fn data_set(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, (vr, bytes)) in &self.elements {
            let at = out.len();
            element(&mut out, *tag, *vr, bytes);
            if *tag == tags::PIXEL_DATA && self.undefined_pixels {
                out[at + 8..at + 12].copy_from_slice(&[0xFF; 4]);
            }
            if let Some(length) = self.claimed.get(tag) {
                out.splice(at + 8..at + 12, length.to_le_bytes());
            }
        }
        out
    }

    /// The whole file in Explicit VR Big Endian: heads and US values are turned, other values are
    /// left as they are.
    pub fn big_endian_bytes(&self) -> Vec<u8> {
        let meta = self.clone().transfer_syntax("1.2.840.10008.1.2.2");
        [meta.file_meta(), self.big_endian_data_set()].concat()
    }

    /// Elements in implicit VR, without preamble and file meta group.
    pub fn implicit_data_set(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, (_, bytes)) in &self.elements {
            out.extend(tag.0.to_le_bytes());
            out.extend(tag.1.to_le_bytes());
            let length = bytes.len() as u32;
            out.extend(self.claimed.get(tag).unwrap_or(&length).to_le_bytes());
            out.extend(bytes);
        }
        out
    }

    /// Elements in explicit VR big endian, without preamble and file meta group; raw values must
    /// be in it already.
    pub fn big_endian_data_set(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, (vr, bytes)) in &self.elements {
            let start = out.len();
            let mut value = bytes.clone();
            if vr == b"US" {
                value.chunks_exact_mut(2).for_each(<[u8]>::reverse);
            }
            element(&mut out, *tag, *vr, &value);
            let head = out.len() - start - value.len();
            // Group, element, and a length of two bytes or, after two empty ones, of four.
            let length = if head == 8 { 6..8 } else { 8..12 };
            for part in [0..2, 2..4, length] {
                out.get_mut(start + part.start..start + part.end)
                    .expect("a head")
                    .reverse();
            }
        }
        out
    }

    /// Elements of a file of text and 16-bit numbers in another encoding.
    pub fn data_set_in(&self, transfer_syntax: &str) -> Vec<u8> {
        let explicit = transfer_syntax != "1.2.840.10008.1.2";
        let big_endian = transfer_syntax == "1.2.840.10008.1.2.2";
        let mut out = Vec::new();
        let u16_of = |n: u16| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        let u32_of = |n: u32| {
            if big_endian {
                n.to_be_bytes()
            } else {
                n.to_le_bytes()
            }
        };
        for (tag, (vr, bytes)) in &self.elements {
            let mut value = bytes.clone();
            if big_endian && matches!(vr, b"US" | b"OW") {
                value.chunks_exact_mut(2).for_each(<[u8]>::reverse);
            }
            out.extend(u16_of(tag.0));
            out.extend(u16_of(tag.1));
            let long = !explicit || matches!(vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT");
            if explicit {
                out.extend(vr);
                out.extend(if long { &[0, 0][..] } else { &[] });
            }
            if long {
                out.extend(u32_of(value.len() as u32));
            } else {
                out.extend(u16_of(value.len() as u16));
            }
            out.extend(value);
        }
        out
    }

    /// Preamble, mark and a file meta group with the transfer syntax.
    pub fn file_meta(&self) -> Vec<u8> {
        let mut uid = self.transfer_syntax.as_bytes().to_vec();
        if uid.len() % 2 == 1 {
            uid.push(0);
        }
        let mut meta = Vec::new();
        element(&mut meta, tags::TRANSFER_SYNTAX_UID, *b"UI", &uid);
        let mut out = vec![0; 128];
        out.extend(b"DICM");
        let length = (meta.len() as u32).to_le_bytes();
        element(&mut out, Tag(0x0002, 0x0000), *b"UL", &length);
        out.extend(meta);
        out
    }

    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        [self.file_meta(), self.data_set()].concat()
    }

    /// Writes the file into a folder.
    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, self.bytes()).expect("a folder that can be written to");
        path
    }
}

fn element(out: &mut Vec<u8>, tag: Tag, vr: [u8; 2], bytes: &[u8]) {
    out.extend(tag.0.to_le_bytes());
    out.extend(tag.1.to_le_bytes());
    out.extend(vr);
    if is_long(vr) {
        out.extend([0, 0]);
        out.extend((bytes.len() as u32).to_le_bytes());
    } else {
        out.extend((bytes.len() as u16).to_le_bytes());
    }
    out.extend(bytes);
}

/// Whether the length has 32 bits.
fn is_long(vr: [u8; 2]) -> bool {
    matches!(
        &vr,
        b"OB" | b"OW" | b"OF" | b"OD" | b"OV" | b"SQ" | b"UN" | b"UT"
    )
}

/// Tag, VR and value of an element.
pub type Attribute = (Tag, [u8; 2], Vec<u8>);

/// A sequence of items, each the elements of a file, as the value of a SQ element.
pub fn items(items: &[Vec<Attribute>]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        let mut inner = Vec::new();
        for (tag, vr, bytes) in item {
            element(&mut inner, *tag, *vr, bytes);
        }
        out.extend([0xFE, 0xFF, 0x00, 0xE0]);
        out.extend((inner.len() as u32).to_le_bytes());
        out.extend(inner);
    }
    out
}
