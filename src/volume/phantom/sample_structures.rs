//! The structures of the sample study's label map, as segments of a DICOM segmentation.
//!
//! Some structures are several labels (a disc is annulus and nucleus), and a label may be part of
//! several structures (the cord lies in the dural sac), so that segments overlap.

use std::ops::ControlFlow;
use std::path::Path;

use glam::DVec3;

use super::label::{self, GAP_NAMES, VERTEBRA_NAMES};
use super::{Phantom, PhantomError};
use crate::dicom::CodedConcept;
use crate::dicom::write_segmentation::{
    NewSegment, NewSegmentation, SegmentVoxels, WriteSegmentationError, write_segmentation,
};
use crate::study::Side;
use crate::volume::structure::{Code, StructureTable};

/// One structure: its name, and the labels it is made of.
struct SampleStructure {
    name: String,
    labels: Vec<u8>,
}

/// The structures, in the order of the label numbers.
fn structures() -> Vec<SampleStructure> {
    let one = |name: &str, labels: &[u8]| SampleStructure {
        name: name.to_owned(),
        labels: labels.to_vec(),
    };
    let mut all = Vec::new();
    for (level, name) in VERTEBRA_NAMES.iter().enumerate() {
        all.push(one(&format!("{name} vertebra"), &[label::vertebra(level)]));
    }
    all.push(one("Sacrum", &[label::SACRUM]));
    all.push(one("Coccyx", &[label::COCCYX]));
    let pair = |all: &mut Vec<SampleStructure>, name: &str, labels: &dyn Fn(Side) -> Vec<u8>| {
        for side in Side::BOTH {
            let word = if side == Side::Left { "Left" } else { "Right" };
            all.push(one(&format!("{word} {name}"), &labels(side)));
        }
    };
    pair(&mut all, "ilium", &|side| vec![label::ilium(side)]);
    pair(&mut all, "femur", &|side| vec![label::femur(side)]);
    pair(&mut all, "ribs", &|side| vec![label::rib(side)]);
    for (gap, name) in GAP_NAMES.iter().enumerate() {
        let labels = [label::annulus(gap), label::nucleus(gap)];
        all.push(one(&format!("{name} disc"), &labels));
    }
    let sac = [label::CSF, label::CORD, label::CAUDA_EQUINA];
    all.push(one("Dural sac", &sac));
    all.push(one("Spinal cord and conus", &[label::CORD]));
    all.push(one("Cauda equina", &[label::CAUDA_EQUINA]));
    all.push(one("Epidural fat", &[label::EPIDURAL_FAT]));
    all.push(one("Ligamentum flavum", &[label::FLAVUM]));
    all.push(one("Foraminal fat", &[label::FORAMINAL_FAT]));
    all.push(one("Basivertebral veins", &[label::BASIVERTEBRAL_VEIN]));
    all.push(one("Interspinous ligaments", &[label::INTERSPINOUS]));
    all.push(one("Sacrococcygeal ligament", &[label::SACROCOCCYGEAL]));
    for (level, name) in VERTEBRA_NAMES.iter().chain(&["S1", "S2"]).enumerate() {
        let root = |side| vec![label::root(level, side), label::ganglion(level, side)];
        pair(&mut all, &format!("{name} nerve root"), &root);
        let ganglion = |side| vec![label::ganglion(level, side)];
        pair(&mut all, &format!("{name} dorsal root ganglion"), &ganglion);
    }
    for (gap, name) in GAP_NAMES.iter().enumerate() {
        let facet = |side| vec![label::facet(gap, side)];
        pair(&mut all, &format!("{name} facet joint"), &facet);
    }
    pair(&mut all, "sacroiliac joint", &|side| {
        vec![label::sacroiliac(side)]
    });
    all.push(one("Aorta", &[label::AORTA]));
    all.push(one("Inferior vena cava", &[label::VENA_CAVA]));
    pair(&mut all, "common iliac artery", &|side| {
        vec![label::iliac_artery(side)]
    });
    pair(&mut all, "common iliac vein", &|side| {
        vec![label::iliac_vein(side)]
    });
    pair(&mut all, "renal vessels", &|side| {
        vec![label::renal_vessel(side)]
    });
    let kidney = |side| vec![label::kidney(side), label::renal_sinus(side)];
    pair(&mut all, "kidney", &kidney);
    pair(&mut all, "ureter", &|side| vec![label::ureter(side)]);
    all.push(one("Urinary bladder", &[label::BLADDER]));
    let bowel = [label::BOWEL_WALL, label::BOWEL_CONTENT, label::BOWEL_GAS];
    all.push(one("Bowel", &bowel));
    all.push(one("Liver", &[label::LIVER]));
    all.push(one("Spleen", &[label::SPLEEN]));
    all.push(one("Lung", &[label::LUNG]));
    all.push(one("Diaphragm", &[label::DIAPHRAGM]));
    pair(&mut all, "psoas", &|side| vec![label::psoas(side)]);
    pair(&mut all, "multifidus", &|side| {
        vec![label::multifidus(side)]
    });
    pair(&mut all, "erector spinae", &|side| {
        vec![label::erector(side)]
    });
    pair(&mut all, "quadratus lumborum", &|side| {
        vec![label::quadratus(side)]
    });
    pair(&mut all, "gluteal muscles", &|side| {
        vec![label::gluteal(side)]
    });
    pair(&mut all, "iliacus", &|side| vec![label::iliacus(side)]);
    pair(&mut all, "piriformis", &|side| {
        vec![label::piriformis(side)]
    });
    all
}

/// Voxels of the structures, cut to the box that holds them all.
struct Voxels<'a> {
    phantom: &'a Phantom,
    /// For each structure, whether a label is part of it.
    is_part: Vec<[bool; 256]>,
    /// For each slice, whether a label is on it.
    on_slice: Vec<[bool; 256]>,
    first: [usize; 2],
    size: [usize; 2],
}

impl<'a> Voxels<'a> {
    fn of(phantom: &'a Phantom, structures: &[SampleStructure]) -> Self {
        let grid = &phantom.grid;
        let mut used = [false; 256];
        let is_part: Vec<[bool; 256]> = structures
            .iter()
            .map(|structure| {
                let mut part = [false; 256];
                for &label in &structure.labels {
                    part[usize::from(label)] = true;
                    used[usize::from(label)] = true;
                }
                part
            })
            .collect();
        let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
        let mut on_slice = vec![[false; 256]; grid.slices];
        let rows = phantom.labels.chunks_exact(grid.columns).enumerate();
        for (index, labels) in rows {
            let (row, slice) = (index % grid.rows, index / grid.rows);
            for (column, &label) in labels.iter().enumerate() {
                if used[usize::from(label)] {
                    low = [low[0].min(column), low[1].min(row)];
                    high = [high[0].max(column + 1), high[1].max(row + 1)];
                    if let Some(slice) = on_slice.get_mut(slice) {
                        slice[usize::from(label)] = true;
                    }
                }
            }
        }
        let first = low.map(|low| if low == usize::MAX { 0 } else { low });
        Self {
            phantom,
            is_part,
            on_slice,
            first,
            size: [high[0].max(1) - first[0], high[1].max(1) - first[1]],
        }
    }
}

impl SegmentVoxels for Voxels<'_> {
    fn is_on_slice(&self, segment: usize, slice: usize) -> bool {
        let (Some(part), Some(labels)) = (self.is_part.get(segment), self.on_slice.get(slice))
        else {
            return false;
        };
        part.iter().zip(labels).any(|(part, on)| *part && *on)
    }

    fn fill(&self, segment: usize, slice: usize, frame: &mut [u8]) {
        let grid = &self.phantom.grid;
        let Some(part) = self.is_part.get(segment) else {
            return;
        };
        for (row, voxels) in frame.chunks_exact_mut(self.size[0]).enumerate() {
            let start = (slice * grid.rows + self.first[1] + row) * grid.columns + self.first[0];
            let labels = self.phantom.labels.get(start..).unwrap_or_default();
            for (voxel, &label) in voxels.iter_mut().zip(labels) {
                *voxel = u8::from(part[usize::from(label)]);
            }
        }
    }
}

/// Writes the segmentation of a phantom. `base` says what it shares with the images; segments and
/// box are put in. Structures without a voxel are left out.
pub(super) fn write(
    phantom: &Phantom,
    base: &NewSegmentation<'_>,
    path: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<(), PhantomError> {
    let mut present = [false; 256];
    for &label in &phantom.labels {
        present[usize::from(label)] = true;
    }
    let mut structures = structures();
    structures.retain(|s| s.labels.iter().any(|&label| present[usize::from(label)]));
    let segments: Vec<NewSegment> = structures.iter().map(segment).collect();
    let voxels = Voxels::of(phantom, &structures);
    let [column, row] = voxels.first.map(|index| index as f64);
    let corner: DVec3 = phantom.origin_lps_mm
        + phantom.column_direction * (column * phantom.grid.spacing_mm[0])
        + phantom.row_direction * (row * phantom.grid.spacing_mm[1]);
    let new = NewSegmentation {
        origin_lps_mm: corner,
        columns: voxels.size[0],
        rows: voxels.size[1],
        segments: &segments,
        ..*base
    };
    write_segmentation(&new, &voxels, path, progress).map_err(|error| match error {
        WriteSegmentationError::Cancelled => PhantomError::Cancelled,
        error => PhantomError::Segmentation(error),
    })
}

/// Name, codes and colour by the table of structures.
fn segment(structure: &SampleStructure) -> NewSegment {
    let table = StructureTable::bundled();
    let found = table.by_name(&structure.name);
    let concept = |value: &str, meaning: &str| CodedConcept {
        value: value.to_owned(),
        scheme: "SCT".to_owned(),
        meaning: meaning.to_owned(),
    };
    let of_code = |code: &Code| concept(&code.value, &code.meaning);
    let kind = found.as_ref().map(|found| found.kind);
    let code = found.as_ref().and_then(|found| found.code.as_ref());
    let side = Side::BOTH.into_iter().find(|side| {
        let first = structure.name.split(' ').next().unwrap_or_default();
        first.eq_ignore_ascii_case(side.word())
    });
    // PS3.16 CID 7150.
    let category = match kind.map(|kind| kind.key.as_str()) {
        Some("fat") => concept("85756007", "Tissue"),
        _ => concept("91723000", "Anatomical Structure"),
    };
    NewSegment {
        label: structure.name.clone(),
        property_type: code.map_or_else(|| category.clone(), of_code),
        category,
        type_modifier: side.map(|side| {
            let (value, meaning) = side.snomed();
            concept(value, meaning)
        }),
        color: kind.map_or([220; 3], |kind| kind.color),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PhantomGrid, labels};
    use super::*;

    #[test]
    fn every_structure_is_known_and_of_existing_labels() {
        let table = labels();
        let all = structures();
        for structure in &all {
            for label in &structure.labels {
                let known = table.iter().any(|row| row.number == *label);
                assert!(known, "{} of {}", label, structure.name);
            }
            let found = StructureTable::bundled().by_name(&structure.name);
            assert!(found.is_some(), "{}", structure.name);
            assert!(structure.name.len() <= 64);
        }
        let mut names: Vec<_> = all.iter().map(|s| &s.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn structures_have_the_codes_of_their_level_and_side() {
        let segment = |name: &str| {
            segment(&SampleStructure {
                name: name.to_owned(),
                labels: Vec::new(),
            })
        };
        let l4 = segment("L4 vertebra");
        assert_eq!(l4.property_type.value, "11994002");
        assert_eq!(l4.type_modifier, None);
        assert_eq!(segment("L5-S1 disc").property_type.value, "715056000");
        let root = segment("Right L5 nerve root");
        assert_eq!(root.property_type.meaning, "Nerve");
        assert_eq!(root.type_modifier.unwrap().meaning, "Right");
        assert_eq!(segment("Epidural fat").category.meaning, "Tissue");
    }

    #[test]
    fn voxels_are_those_of_the_label_map() {
        let grid = PhantomGrid::of(64, 43);
        let run = |_: f64| ControlFlow::Continue(());
        let phantom = super::super::generate(0, &grid, &run).unwrap();
        let all = structures();
        let voxels = Voxels::of(&phantom, &all);
        for (index, structure) in all.iter().enumerate() {
            let is_part = |label: &&u8| structure.labels.contains(label);
            let wanted = phantom.labels.iter().filter(is_part).count();
            let mut found = 0;
            for slice in 0..grid.slices {
                let mut frame = vec![0; voxels.size[0] * voxels.size[1]];
                voxels.fill(index, slice, &mut frame);
                let count = frame.iter().filter(|&&voxel| voxel == 1).count();
                assert_eq!(voxels.is_on_slice(index, slice), count > 0);
                found += count;
            }
            assert_eq!(found, wanted, "{}", structure.name);
        }
    }
}
