//! C-arms as data: how one stands at the table, how far it turns and travels, what it sees.
//!
//! The files are `assets/carms/*.toml`; `docs/procedures.md` documents their keys.

pub mod library;
pub mod reach;
mod read;

pub use library::CArmLibrary;
pub use reach::{Axis, BrokenLimit, REACHED_WITHIN, Reach, Recentering, Setting};

use super::procedure::{Source, SourcedRange};

/// Shortest and longest distance from source to receptor that a C-arm may have here, mm.
pub const SID_MM: [f64; 2] = [500.0, 2000.0];

/// Least distance of the isocentre from source and receptor, mm.
pub const LEAST_GAP_MM: f64 = 50.0;

/// Smallest and largest edge of a receptor or field, mm.
pub const FIELD_MM: [f64; 2] = [50.0, 600.0];

/// Where a C-arm stands, which decides what turns within what (clinical reference sheet, 2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parking {
    /// At the side of the table: tilt is the outer axis, orbital the inner one.
    Side,
    /// At the head end: LAO/RAO is the outer axis, CRA/CAU the inner one, as in DICOM.
    Head,
}

/// One C-arm.
#[derive(Debug, Clone, PartialEq)]
pub struct CArmProfile {
    /// Name on the command line and in settings.
    pub id: String,
    /// Name shown.
    pub title: String,
    /// Where it stands.
    pub parking: Parking,
    /// How far it turns, degrees in the room frame of section 2.2: orbital and tilt of a C-arm at
    /// the side, console primary and secondary of one at the head. Both ends are given.
    pub angles: [SourcedRange; 2],
    /// SID it can be set to, mm.
    pub sid_mm: SourcedRange,
    /// SOD it can be set to, mm.
    pub sod_mm: SourcedRange,
    /// SID to begin with, mm.
    pub usual_sid_mm: f64,
    /// SOD to begin with, mm.
    pub usual_sod_mm: f64,
    /// How far its isocentre can be moved over the patient.
    pub travel: Travel,
    /// What it can see, the whole receptor first.
    pub fields: Vec<Field>,
}

/// Whole length of the ways that C-arm or table can be moved, mm; `None` = not limited here (a
/// mobile stand rolls).
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(clippy::struct_field_names, reason = "every length carries its unit")]
pub struct Travel {
    /// Across the table.
    pub across_mm: Option<SourcedRange>,
    /// Up and down.
    pub vertical_mm: Option<SourcedRange>,
    /// Along the table.
    pub along_mm: Option<SourcedRange>,
}

/// What the receptor takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Width on the receptor, mm.
    pub width_mm: f64,
    /// Height on the receptor, mm.
    pub height_mm: f64,
    /// Marks.
    pub source: Source,
}

impl Parking {
    /// The two axes: inner and outer at the side, primary and secondary at the head.
    pub fn axes(self) -> [Axis; 2] {
        match self {
            Self::Side => [Axis::Orbital, Axis::Tilt],
            Self::Head => [Axis::Primary, Axis::Secondary],
        }
    }

    /// As shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Side => "parked at the side",
            Self::Head => "parked at the head",
        }
    }
}

impl CArmProfile {
    /// Width and height of the whole receptor, mm.
    pub fn receptor_mm(&self) -> [f64; 2] {
        self.fields
            .first()
            .map_or([0.0; 2], |field| [field.width_mm, field.height_mm])
    }

    /// What is wrong with distances, in words, one each; empty where it can be set to them.
    pub fn distance_faults(&self, sid_mm: f64, sod_mm: f64) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, mm, range) in [("SID", sid_mm, &self.sid_mm), ("SOD", sod_mm, &self.sod_mm)] {
            if !range.bounds.keeps(mm) {
                let allowed = range.words(super::procedure::Unit::Mm);
                faults.push(format!("{name} {mm:.0} mm: this C-arm has {allowed}"));
            }
        }
        faults
    }

    /// Whether a figure of it has no clinical authority: say "proposal".
    pub fn is_proposal(&self) -> bool {
        let travel = [
            &self.travel.across_mm,
            &self.travel.vertical_mm,
            &self.travel.along_mm,
        ];
        let ranges = self.angles.iter().chain([&self.sid_mm, &self.sod_mm]);
        ranges
            .chain(travel.into_iter().flatten())
            .any(SourcedRange::is_proposal)
    }
}
