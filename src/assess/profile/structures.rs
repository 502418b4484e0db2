//! Which segmented structures a line lies in.

use crate::assess::tissue::Hint;
use crate::geometry::{Lps, Point};
use crate::volume::structure::Mask;

/// A structure with what a profile needs of it.
#[derive(Debug, Clone, Copy)]
pub struct NamedMask<'a> {
    /// Name shown.
    pub name: &'a str,
    /// Key of its kind, as in [`Structure::kind`](crate::volume::structure::Structure::kind).
    pub kind: Option<&'a str>,
    /// Its voxels.
    pub mask: &'a Mask,
}

/// What a kind of structure means on the way of a needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructureClass {
    /// Bone: the needle stops on it.
    Bone,
    /// Dural sac, its fluid, or the epidural space: entering it is entering the canal.
    Canal,
    /// Vessel, organ or implant: what is dense in it is contrast medium or metal, not bone.
    Enhancing,
    /// Skin, fat, muscle: named in the profile, but no contact.
    Passed,
    /// Anything else: nerve, disc, joint, an unknown kind.
    Other,
}

impl StructureClass {
    /// Class of a kind of `assets/structures.toml`.
    fn of_kind(kind: Option<&str>) -> Self {
        match kind.unwrap_or_default() {
            "bone" => Self::Bone,
            "dura" | "cord" | "cauda_equina" => Self::Canal,
            "artery" | "vein" | "basivertebral_vein" | "vessel" | "vertebral_artery" | "heart"
            | "kidney" | "ureter" | "bladder" | "bowel" | "stomach" | "oesophagus" | "liver"
            | "gallbladder" | "spleen" | "pancreas" | "adrenal" | "gland" | "genital" | "organ"
            | "brain" | "implant" => Self::Enhancing,
            "muscle" | "fat" | "skin" | "body" => Self::Passed,
            _ => Self::Other,
        }
    }
}

impl NamedMask<'_> {
    /// What it means on the way. Fat is passed, but epidural fat is the canal.
    pub fn class(&self) -> StructureClass {
        if self.is_epidural() {
            return StructureClass::Canal;
        }
        StructureClass::of_kind(self.kind)
    }

    fn is_epidural(&self) -> bool {
        self.name.to_lowercase().contains("epidural")
    }

    fn hint(&self) -> Hint {
        match self.class() {
            StructureClass::Bone => Hint::Bone,
            // Cord and roots lie in the fluid and are none.
            StructureClass::Canal if self.kind == Some("dura") => Hint::Fluid,
            StructureClass::Enhancing => Hint::Enhancing,
            _ => Hint::None,
        }
    }
}

/// A stretch of a needle inside one structure.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureRun {
    /// Name of the structure.
    pub name: String,
    /// What it means on the way.
    pub class: StructureClass,
    /// Where the needle enters it, mm from the skin.
    pub from_mm: f64,
    /// Where it leaves it, mm from the skin.
    pub to_mm: f64,
}

/// For each structure, which samples lie in it.
pub(super) struct Inside {
    of_structure: Vec<Vec<bool>>,
    finest_first: Vec<usize>,
    samples: usize,
}

/// Looks every sample up in every mask.
pub(super) fn inside(
    structures: &[NamedMask<'_>],
    samples: usize,
    point: impl Fn(usize) -> Point<Lps>,
) -> Inside {
    let points: Vec<Point<Lps>> = (0..samples).map(point).collect();
    let of_structure = structures
        .iter()
        .map(|structure| {
            points
                .iter()
                .map(|point| structure.mask.contains_point(*point))
                .collect()
        })
        .collect();
    // Where structures overlap, the one in the smaller box says more: a nerve in a region.
    let box_mm3 = |index: &usize| {
        structures.get(*index).map_or(0.0, |structure| {
            let voxels: f64 = structure.mask.size().iter().map(|&n| n as f64).product();
            voxels * structure.mask.grid().spacing_mm.iter().product::<f64>()
        })
    };
    let mut finest_first: Vec<usize> = (0..structures.len()).collect();
    finest_first.sort_by(|a, b| box_mm3(a).total_cmp(&box_mm3(b)));
    Inside {
        of_structure,
        finest_first,
        samples,
    }
}

impl Inside {
    fn is_in(&self, structure: usize, sample: usize) -> bool {
        self.of_structure
            .get(structure)
            .and_then(|samples| samples.get(sample))
            .copied()
            .unwrap_or(false)
    }

    /// The structure of each sample; the finest where several overlap.
    pub(super) fn finest(&self) -> Vec<Option<usize>> {
        (0..self.samples)
            .map(|sample| {
                self.finest_first
                    .iter()
                    .copied()
                    .find(|&structure| self.is_in(structure, sample))
            })
            .collect()
    }

    /// What the structures say about the tissue of each sample.
    pub(super) fn hints(&self, structures: &[NamedMask<'_>]) -> Vec<Hint> {
        self.finest()
            .into_iter()
            .map(|index| {
                index
                    .and_then(|index| structures.get(index))
                    .map_or(Hint::None, NamedMask::hint)
            })
            .collect()
    }

    /// Stretches inside each structure, by depth; they start and end half way between samples.
    pub(super) fn runs(
        &self,
        structures: &[NamedMask<'_>],
        first_mm: f64,
        step_mm: f64,
    ) -> Vec<StructureRun> {
        let mut runs = Vec::new();
        for (index, structure) in structures.iter().enumerate() {
            let mut start: Option<usize> = None;
            for sample in 0..=self.samples {
                match (start, self.is_in(index, sample)) {
                    (None, true) => start = Some(sample),
                    (Some(first), false) => {
                        runs.push(StructureRun {
                            name: structure.name.to_owned(),
                            class: structure.class(),
                            from_mm: first_mm + (first as f64 - 0.5) * step_mm,
                            to_mm: first_mm + (sample as f64 - 0.5) * step_mm,
                        });
                        start = None;
                    }
                    _ => {}
                }
            }
        }
        runs.sort_by(|a, b| a.from_mm.total_cmp(&b.from_mm));
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::structure::StructureTable;

    #[test]
    fn every_kind_of_structure_has_the_class_that_a_needle_meets_it_as() {
        // Another spelling here and a dura would silently be no canal.
        let other = [
            "nerve_root",
            "nerve",
            "pleura_lung",
            "disc",
            "facet",
            "sij",
            "joint",
            "cartilage",
            "ligament",
            "airway",
            "lymph_node",
            "lesion",
        ];
        for kind in StructureTable::bundled().kinds() {
            let class = StructureClass::of_kind(Some(&kind.key));
            let is_other = class == StructureClass::Other;
            assert_eq!(is_other, other.contains(&kind.key.as_str()), "{}", kind.key);
        }
        for (kind, class) in [
            ("dura", StructureClass::Canal),
            ("bone", StructureClass::Bone),
            ("vein", StructureClass::Enhancing),
            ("muscle", StructureClass::Passed),
        ] {
            assert_eq!(StructureClass::of_kind(Some(kind)), class);
        }
    }
}
