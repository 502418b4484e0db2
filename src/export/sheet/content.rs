//! What stands on a procedure sheet, as plain data.

use crate::export::figure::Figure;
use crate::geometry::{Degrees, Lps, PatientPosition, Vector};
use crate::plan::{Known, TrajectoryReadout};
use crate::study::anatomy::Side;

/// Everything a sheet says of one needle. Text is printed as it is; what is empty is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetContent {
    /// Whose plan it is; `None` hides it. Notes and file names are the caller's to hide.
    pub identity: Option<Identity>,
    /// Procedure, level and needle.
    pub heading: Heading,
    /// The numbers.
    pub numbers: Numbers,
    /// Distances to structures, in any order: the sheet puts what is broken first.
    pub clearances: Vec<Clearance>,
    /// Ranges of the procedure.
    pub checks: Vec<RangeCheck>,
    /// Lists of the procedure and of the person.
    pub lists: Lists,
    /// At most three are printed, in this order.
    pub figures: Vec<Figure>,
    /// Where the sheet comes from.
    pub origin: Origin,
}

/// Patient and study, as they are to be printed; empty where not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Patient's Name (0010,0010) as people write it.
    pub name: String,
    /// Patient ID (0010,0020).
    pub id: String,
    /// Patient's Birth Date (0010,0030).
    pub birth_date: String,
    /// Patient's Sex (0010,0040).
    pub sex: String,
    /// Study Date (0008,0020).
    pub study_date: String,
    /// Study Description (0008,1030).
    pub study: String,
    /// Series the plan was drawn on.
    pub series: String,
}

/// What is done where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heading {
    /// Procedure in words.
    pub procedure: String,
    /// Level, such as `L4-5`.
    pub level: String,
    /// Side; `None` for the midline or where it was not declared.
    pub side: Option<Side>,
    /// Name of the needle in the plan.
    pub needle: String,
    /// How the target is defined.
    pub target: String,
    /// How the patient lies, declared in the plan.
    pub position: Option<PatientPosition>,
}

/// The numbers of the needle.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Length, angles and C-arm positions.
    pub readout: TrajectoryReadout,
    /// Entry to target, any length; `None` for an unfinished needle. The protractors need it.
    pub path: Option<Vector<Lps>>,
    /// Skin to target along the needle, mm.
    pub skin_depth_mm: Known<f64>,
    /// Skin entry from the midline, mm, + left.
    pub entry_from_midline_mm: Known<f64>,
    /// The needle, or why there is none.
    pub needle: Known<SheetNeedle>,
    /// Largest error of angle at the hub that still reaches the target and keeps every stop
    /// margin.
    pub tolerance_cone: Known<Degrees>,
}

/// A needle as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetNeedle {
    /// Gauge number.
    pub gauge: u32,
    /// Usable length, mm.
    pub length_mm: f64,
    /// Kind and tip in words.
    pub kind: String,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Not allowed.
    Stop,
    /// To be heeded.
    Warn,
    /// Could not be checked.
    Unknown,
    /// Kept.
    Kept,
}

/// Distance of the needle's shaft from one structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Clearance {
    /// Structure's name.
    pub structure: String,
    /// From the surface of the shaft, mm; 0 or less where they meet.
    pub distance_mm: Known<f64>,
    /// Where along the needle, mm from the skin entry.
    pub at_depth_mm: Option<f64>,
    /// Below it the path is stopped, mm.
    pub stop_mm: Option<f64>,
    /// Below it there is a warning, mm.
    pub warn_mm: Option<f64>,
    /// What the check says.
    pub verdict: Verdict,
}

/// One range of the procedure and what the path has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeCheck {
    /// What is checked, such as `In-plane angle`.
    pub what: String,
    /// What the path has, with its unit.
    pub found: Known<String>,
    /// The range, with its unit.
    pub range: String,
    /// The range is an engineering proposal without clinical authority.
    pub proposal: bool,
    /// What the check says.
    pub verdict: Verdict,
}

/// Lists, one entry a string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lists {
    /// Guards that a person overrode, with the reason. Always printed first.
    pub overrides: Vec<String>,
    /// Views to take, in order.
    pub views: Vec<String>,
    /// Gets boxes to tick.
    pub checklist: Vec<String>,
    /// When to stop.
    pub stop_rules: Vec<String>,
    /// How the end point is known.
    pub end_point: Vec<String>,
    /// What is given, and how much.
    pub volumes: Vec<String>,
    /// Notes of the person.
    pub notes: Vec<String>,
}

/// Where the sheet comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Program and version.
    pub program: String,
    /// Name of the plan file without its folder.
    pub plan_file: String,
    /// The last characters of the Frame of Reference UID (0020,0052).
    pub frame_tail: String,
    /// When the sheet was made.
    pub date: String,
}
