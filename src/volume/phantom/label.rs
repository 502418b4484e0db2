//! Numbers and names of the structures in the label map.

use serde::{Deserialize, Serialize};

pub use crate::study::anatomy::Side;

/// One row of the label table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Value in the label map.
    pub number: u8,
    /// English name, level first and side in words.
    pub name: String,
    /// Side, where the structure is paired.
    pub side: Option<Side>,
}

/// Names of the mobile vertebrae, from the head down.
pub const VERTEBRA_NAMES: [&str; 7] = ["T11", "T12", "L1", "L2", "L3", "L4", "L5"];
/// Names of the gaps between vertebrae, from the head down.
pub const GAP_NAMES: [&str; 7] = [
    "T11-T12", "T12-L1", "L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1",
];

pub(super) const AIR: u8 = 0;
pub(super) const SKIN: u8 = 1;
pub(super) const SUBCUTANEOUS_FAT: u8 = 2;
pub(super) const VISCERAL_FAT: u8 = 3;
pub(super) const TABLE: u8 = 4;
pub(super) const ABDOMINAL_WALL: u8 = 5;
pub(super) const INTERMUSCULAR_FAT: u8 = 6;
const VERTEBRA: u8 = 10;
pub(super) const SACRUM: u8 = 17;
pub(super) const COCCYX: u8 = 18;
const ILIUM: u8 = 20;
const FEMUR: u8 = 22;
const RIB: u8 = 24;
const ANNULUS: u8 = 30;
const NUCLEUS: u8 = 40;
pub(super) const CSF: u8 = 50;
pub(super) const CORD: u8 = 51;
pub(super) const CAUDA_EQUINA: u8 = 52;
pub(super) const EPIDURAL_FAT: u8 = 53;
pub(super) const FLAVUM: u8 = 54;
pub(super) const FORAMINAL_FAT: u8 = 55;
pub(super) const BASIVERTEBRAL_VEIN: u8 = 56;
pub(super) const INTERSPINOUS: u8 = 57;
pub(super) const SACROCOCCYGEAL: u8 = 58;
const ROOT: u8 = 60;
const GANGLION: u8 = 80;
const FACET: u8 = 100;
const SACROILIAC: u8 = 116;
pub(super) const AORTA: u8 = 120;
pub(super) const VENA_CAVA: u8 = 121;
const ILIAC_ARTERY: u8 = 122;
const ILIAC_VEIN: u8 = 124;
const KIDNEY: u8 = 130;
const RENAL_SINUS: u8 = 132;
const PSOAS: u8 = 134;
const MULTIFIDUS: u8 = 136;
const ERECTOR: u8 = 138;
const QUADRATUS: u8 = 140;
const GLUTEAL: u8 = 142;
const ILIACUS: u8 = 144;
const RENAL_VESSEL: u8 = 146;
pub(super) const LIVER: u8 = 148;
pub(super) const SPLEEN: u8 = 149;
pub(super) const BOWEL_WALL: u8 = 150;
pub(super) const BOWEL_CONTENT: u8 = 151;
pub(super) const BOWEL_GAS: u8 = 152;
const URETER: u8 = 154;
pub(super) const BLADDER: u8 = 156;
pub(super) const LUNG: u8 = 157;
pub(super) const DIAPHRAGM: u8 = 158;
const PIRIFORMIS: u8 = 160;

/// Labels of the right side follow those of the left.
fn offset(side: Side) -> u8 {
    u8::from(side == Side::Right)
}

macro_rules! paired {
    ($($function:ident, $base:ident;)+) => {
        $(pub(super) fn $function(side: Side) -> u8 { $base + offset(side) })+
    };
}

paired! {
    ilium, ILIUM; femur, FEMUR; rib, RIB; sacroiliac, SACROILIAC;
    iliac_artery, ILIAC_ARTERY; iliac_vein, ILIAC_VEIN; kidney, KIDNEY; renal_sinus, RENAL_SINUS;
    psoas, PSOAS; multifidus, MULTIFIDUS; erector, ERECTOR; quadratus, QUADRATUS; gluteal, GLUTEAL;
    iliacus, ILIACUS; ureter, URETER; piriformis, PIRIFORMIS; renal_vessel, RENAL_VESSEL;
}

pub(super) fn vertebra(level: usize) -> u8 {
    VERTEBRA + level as u8
}

pub(super) fn annulus(gap: usize) -> u8 {
    ANNULUS + gap as u8
}

pub(super) fn nucleus(gap: usize) -> u8 {
    NUCLEUS + gap as u8
}

/// The gap whose disc a label is part of.
pub(super) fn disc_gap(number: u8) -> Option<usize> {
    [ANNULUS, NUCLEUS]
        .into_iter()
        .find(|first| (*first..*first + GAP_NAMES.len() as u8).contains(&number))
        .map(|first| usize::from(number - first))
}

pub(super) fn facet(gap: usize, side: Side) -> u8 {
    FACET + 2 * gap as u8 + offset(side)
}

/// Root of a mobile vertebra's number; level 7 is S1 and 8 is S2.
pub(super) fn root(level: usize, side: Side) -> u8 {
    ROOT + 2 * level as u8 + offset(side)
}

/// Dorsal root ganglion, numbered as [`root`].
pub(super) fn ganglion(level: usize, side: Side) -> u8 {
    GANGLION + 2 * level as u8 + offset(side)
}

/// What a structure is made of, whatever its level and side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Substance {
    Nothing,
    Skin,
    Fat,
    Muscle,
    Bone,
    Annulus,
    Nucleus,
    Csf,
    Nerve,
    Joint,
    SlowVein,
    FlowingBlood,
    Kidney,
    Liver,
    Spleen,
    BowelWall,
    BowelContent,
    Urine,
    Lung,
}

/// What the structure of a label is made of.
pub(super) fn substance(number: u8) -> Substance {
    match number {
        SKIN => Substance::Skin,
        SUBCUTANEOUS_FAT
        | VISCERAL_FAT
        | INTERMUSCULAR_FAT
        | EPIDURAL_FAT
        | FORAMINAL_FAT
        | RENAL_SINUS..=133 => Substance::Fat,
        ABDOMINAL_WALL | PSOAS..=145 | PIRIFORMIS..=161 | DIAPHRAGM => Substance::Muscle,
        VERTEBRA..=COCCYX | ILIUM..=25 => Substance::Bone,
        ANNULUS..=36 | FLAVUM | INTERSPINOUS | SACROCOCCYGEAL => Substance::Annulus,
        NUCLEUS..=46 => Substance::Nucleus,
        CSF => Substance::Csf,
        CORD | CAUDA_EQUINA | ROOT..=97 => Substance::Nerve,
        BASIVERTEBRAL_VEIN => Substance::SlowVein,
        FACET..=117 => Substance::Joint,
        AORTA..=125 | RENAL_VESSEL..=147 => Substance::FlowingBlood,
        KIDNEY..=131 => Substance::Kidney,
        LIVER => Substance::Liver,
        SPLEEN => Substance::Spleen,
        BOWEL_WALL => Substance::BowelWall,
        BOWEL_CONTENT => Substance::BowelContent,
        URETER..=BLADDER => Substance::Urine,
        LUNG => Substance::Lung,
        _ => Substance::Nothing,
    }
}

const SINGLE: [(u8, &str); 26] = [
    (AIR, "Air"),
    (SKIN, "Skin"),
    (SUBCUTANEOUS_FAT, "Subcutaneous fat"),
    (VISCERAL_FAT, "Retroperitoneal and mesenteric fat"),
    (TABLE, "CT table"),
    (ABDOMINAL_WALL, "Abdominal wall muscle"),
    (INTERMUSCULAR_FAT, "Intermuscular fat"),
    (SACRUM, "Sacrum"),
    (COCCYX, "Coccyx"),
    (CSF, "Dural sac (CSF)"),
    (CORD, "Spinal cord and conus"),
    (CAUDA_EQUINA, "Cauda equina"),
    (EPIDURAL_FAT, "Epidural fat"),
    (FLAVUM, "Ligamentum flavum"),
    (FORAMINAL_FAT, "Foraminal fat"),
    (BASIVERTEBRAL_VEIN, "Basivertebral vein"),
    (INTERSPINOUS, "Interspinous ligament"),
    (SACROCOCCYGEAL, "Sacrococcygeal ligament"),
    (AORTA, "Aorta"),
    (VENA_CAVA, "Inferior vena cava"),
    (LIVER, "Liver"),
    (SPLEEN, "Spleen"),
    (BOWEL_WALL, "Bowel wall"),
    (BOWEL_CONTENT, "Bowel content"),
    (BOWEL_GAS, "Bowel gas"),
    (BLADDER, "Urinary bladder"),
];

const PAIRED: [(u8, &str); 17] = [
    (ILIUM, "ilium"),
    (FEMUR, "femur"),
    (RIB, "rib"),
    (SACROILIAC, "sacroiliac joint"),
    (ILIAC_ARTERY, "common iliac artery"),
    (ILIAC_VEIN, "common iliac vein"),
    (KIDNEY, "kidney"),
    (RENAL_SINUS, "renal sinus fat"),
    (PSOAS, "psoas"),
    (MULTIFIDUS, "multifidus"),
    (ERECTOR, "erector spinae"),
    (QUADRATUS, "quadratus lumborum"),
    (GLUTEAL, "gluteal muscle"),
    (ILIACUS, "iliacus"),
    (RENAL_VESSEL, "renal vessel"),
    (URETER, "ureter"),
    (PIRIFORMIS, "piriformis"),
];

/// Every label the generator can write, by number.
pub fn labels() -> Vec<Label> {
    let single = |number: u8, name: String| Label {
        number,
        name,
        side: None,
    };
    let mut table: Vec<Label> = SINGLE
        .iter()
        .map(|&(number, name)| single(number, name.into()))
        .collect();
    table.push(single(LUNG, "Lung".into()));
    table.push(single(DIAPHRAGM, "Diaphragm".into()));
    let mut pair = |base: u8, name: String| {
        for side in Side::BOTH {
            let number = base + offset(side);
            table.push(Label {
                number,
                name: format!("{name}, {}", side.word()),
                side: Some(side),
            });
        }
    };
    for (base, name) in PAIRED {
        let mut letters = name.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        pair(base, format!("{first}{}", letters.as_str()));
    }
    for (level, name) in VERTEBRA_NAMES.iter().chain(&["S1", "S2"]).enumerate() {
        pair(ROOT + 2 * level as u8, format!("{name} nerve root"));
        pair(
            GANGLION + 2 * level as u8,
            format!("{name} dorsal root ganglion"),
        );
    }
    for (gap, name) in GAP_NAMES.iter().enumerate() {
        pair(FACET + 2 * gap as u8, format!("{name} facet joint"));
    }
    for (gap, name) in GAP_NAMES.iter().enumerate() {
        table.push(single(annulus(gap), format!("{name} disc, annulus")));
        table.push(single(nucleus(gap), format!("{name} disc, nucleus")));
    }
    for (level, name) in VERTEBRA_NAMES.iter().enumerate() {
        table.push(single(vertebra(level), format!("{name} vertebra")));
    }
    table.sort_by_key(|label| label.number);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_numbers_are_unique() {
        let table = labels();
        assert!(table.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert_eq!(table.first().map(|label| label.number), Some(AIR));
    }

    #[test]
    fn every_structure_but_air_gas_and_table_is_made_of_something() {
        let nothing: Vec<u8> = labels()
            .iter()
            .map(|label| label.number)
            .filter(|number| substance(*number) == Substance::Nothing)
            .collect();
        assert_eq!(nothing, [AIR, TABLE, BOWEL_GAS]);
        let named = |words: &str| labels().iter().find(|l| l.name == words).unwrap().number;
        for (words, wanted) in [
            ("L4 vertebra", Substance::Bone),
            ("Rib, right", Substance::Bone),
            ("L5-S1 disc, annulus", Substance::Annulus),
            ("T11-T12 disc, nucleus", Substance::Nucleus),
            ("S2 dorsal root ganglion, right", Substance::Nerve),
            ("L5-S1 facet joint, right", Substance::Joint),
            ("Sacroiliac joint, right", Substance::Joint),
            ("Common iliac vein, right", Substance::FlowingBlood),
            ("Kidney, right", Substance::Kidney),
            ("Renal sinus fat, right", Substance::Fat),
            ("Iliacus, right", Substance::Muscle),
            ("Piriformis, right", Substance::Muscle),
            ("Renal vessel, right", Substance::FlowingBlood),
            ("Ureter, right", Substance::Urine),
        ] {
            assert_eq!(substance(named(words)), wanted, "{words}");
        }
    }
}
