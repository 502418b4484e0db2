//! What an operator expects to feel or pass on the way, by depth.

use super::structures::{StructureClass, StructureRun};
use super::{NeedleProfile, ProfileZero};
use crate::assess::tissue::{Tissue, TissueRun};

/// Least muscle under the fat for their border to be the deep fascia, mm: thinner is a septum.
const LEAST_UNDER_FASCIA_MM: f64 = 4.0;

/// A bone of the images and one of a mask that start this near are the same contact, mm.
const SAME_BONE_MM: f64 = 2.0;

/// A structure left and entered again within this is one contact, mm.
const SAME_STRUCTURE_MM: f64 = 1.5;

/// Bone that starts this far beyond the target is still what the tip rests on, mm.
const UNDER_TIP_MM: f64 = 1.0;

/// What a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKind {
    /// Outside air to skin.
    Skin,
    /// Fat to muscle.
    Fascia,
    /// Bone.
    Bone,
    /// Dural sac, its fluid or the epidural space.
    Canal,
    /// Any other structure: nerve, vessel, organ, disc.
    Structure,
    /// The target.
    Target,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// What it is.
    pub kind: ContactKind,
    /// `skin`, `fascia`, `bone`, `target`, or the name of the structure.
    pub name: String,
    /// Depth from the skin, mm.
    pub depth_mm: f64,
}

/// Contacts from the skin to the target, by depth.
pub(super) fn contacts(profile: &NeedleProfile, tissues: &[TissueRun]) -> Vec<Contact> {
    let mut found = Vec::new();
    let mut add = |kind: ContactKind, name: &str, depth_mm: f64| {
        found.push(Contact {
            kind,
            name: name.to_owned(),
            depth_mm,
        });
    };
    if profile.zero == ProfileZero::Skin {
        add(ContactKind::Skin, "skin", 0.0);
    }
    let target_mm = profile.target_mm;
    if let Some(depth_mm) = fascia_mm(tissues).filter(|depth_mm| *depth_mm <= target_mm) {
        add(ContactKind::Fascia, "fascia", depth_mm);
    }
    let bones = bones(tissues);
    let mut named: Vec<(f64, f64)> = Vec::new();
    for run in &merged(&profile.structures) {
        let kind = match run.class {
            StructureClass::Passed => continue,
            StructureClass::Bone => ContactKind::Bone,
            StructureClass::Canal => ContactKind::Canal,
            StructureClass::Enhancing | StructureClass::Other => ContactKind::Structure,
        };
        let mut depth_mm = run.from_mm.max(0.0);
        if kind == ContactKind::Bone {
            named.push((run.from_mm, run.to_mm));
            // The values place the edge of a bone more finely than the voxels of a mask.
            let by_value = bones
                .iter()
                .map(|bone| bone.0)
                .filter(|start_mm| (start_mm - run.from_mm).abs() <= SAME_BONE_MM)
                .min_by(|a, b| (a - run.from_mm).abs().total_cmp(&(b - run.from_mm).abs()));
            depth_mm = by_value.unwrap_or(depth_mm);
        }
        let reach_mm = if kind == ContactKind::Bone {
            UNDER_TIP_MM
        } else {
            0.0
        };
        if depth_mm <= target_mm + reach_mm {
            add(kind, &run.name, depth_mm);
        }
    }
    for (from_mm, to_mm) in bones {
        let known = named
            .iter()
            .any(|run| run.0 - SAME_BONE_MM < to_mm && from_mm < run.1 + SAME_BONE_MM);
        if !known && from_mm <= target_mm + UNDER_TIP_MM {
            add(ContactKind::Bone, "bone", from_mm);
        }
    }
    found.sort_by(|a, b| a.depth_mm.total_cmp(&b.depth_mm));
    // Last also where bone starts a little beyond it.
    found.push(Contact {
        kind: ContactKind::Target,
        name: "target".to_owned(),
        depth_mm: target_mm,
    });
    found
}

/// The first border of fat and muscle.
fn fascia_mm(tissues: &[TissueRun]) -> Option<f64> {
    tissues.windows(2).find_map(|pair| match pair {
        [fat, muscle]
            if fat.tissue == Some(Tissue::Fat)
                && muscle.tissue == Some(Tissue::SoftTissue)
                && muscle.length_mm() >= LEAST_UNDER_FASCIA_MM =>
        {
            Some(muscle.from_mm)
        }
        _ => None,
    })
}

/// Stretches of bone by value, cortical and cancellous together.
fn bones(tissues: &[TissueRun]) -> Vec<(f64, f64)> {
    let mut bones: Vec<(f64, f64)> = Vec::new();
    for run in tissues {
        if !run.tissue.is_some_and(Tissue::is_bone) {
            continue;
        }
        match bones.last_mut() {
            Some(last) if run.from_mm - last.1 <= SAME_STRUCTURE_MM => last.1 = run.to_mm,
            _ => bones.push((run.from_mm, run.to_mm)),
        }
    }
    bones
}

/// Stretches of the same structure that nearly touch, as one.
fn merged(runs: &[StructureRun]) -> Vec<StructureRun> {
    let mut merged: Vec<StructureRun> = Vec::new();
    for run in runs {
        let same = merged.iter_mut().rev().find(|known| known.name == run.name);
        match same {
            Some(last) if run.from_mm - last.to_mm <= SAME_STRUCTURE_MM => {
                last.to_mm = last.to_mm.max(run.to_mm);
            }
            _ => merged.push(run.clone()),
        }
    }
    merged
}

/// `skin 0, fascia 18, L4 vertebra 46 mm`.
pub(super) fn sentence(contacts: &[Contact]) -> String {
    let words: Vec<String> = contacts
        .iter()
        .map(|contact| format!("{} {:.0}", contact.name, contact.depth_mm))
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!("{} mm", words.join(", "))
}
