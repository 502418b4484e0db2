//! One needle path: where it enters the skin, where it ends, how it is shown.

use serde::{Deserialize, Serialize};

use super::intent::{Intent, Objection, Override};
use crate::geometry::{Lps, Point, Segment};

/// Identifies a needle within one session; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrajectoryId(pub u64);

/// Which end of a needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrajectoryEnd {
    /// At the skin.
    Entry,
    /// At the tip.
    Target,
}

/// Display colour, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(pub [u8; 3]);

impl Color {
    /// Colours that new needles take in turn; each is told from the others and from greys.
    pub const PALETTE: [Self; 8] = [
        Self([0x4d, 0xd2, 0xff]),
        Self([0xff, 0xb0, 0x3b]),
        Self([0x8c, 0xe9, 0x6a]),
        Self([0xff, 0x7a, 0xb8]),
        Self([0xb9, 0x9b, 0xff]),
        Self([0xff, 0xe6, 0x5c]),
        Self([0x5c, 0xe8, 0xc8]),
        Self([0xff, 0x8a, 0x6b]),
    ];

    /// The palette colour of the `index`-th needle.
    pub fn of_index(index: usize) -> Self {
        Self::PALETTE[index % Self::PALETTE.len()]
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        let [r, g, b] = color.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

impl TryFrom<String> for Color {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("colour {text:?} is not of the form #rrggbb");
        let digits = text.strip_prefix('#').ok_or_else(wrong)?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_not_hex| wrong())?;
        let [_, r, g, b] = number.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

/// One planned needle path.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Identity within the session.
    pub id: TrajectoryId,
    /// As spoken: `L4-5 right facet`.
    pub name: String,
    /// Where it meets the skin, LPS mm; `None` until placed.
    pub entry: Option<Point<Lps>>,
    /// Where the tip ends, LPS mm; `None` until placed.
    pub target: Option<Point<Lps>>,
    /// Id in the needle catalogue; `None` for none chosen.
    pub needle: Option<String>,
    /// Display colour.
    pub color: Color,
    /// Refuses to be moved.
    pub locked: bool,
    /// Not drawn.
    pub hidden: bool,
    /// What it is meant for; `None` for a needle without a procedure.
    pub intent: Option<Intent>,
    /// Radius around the target that the tip must end in, mm; `None` for the procedure's own.
    pub target_radius_mm: Option<f64>,
    /// Objections that were overridden with a reason.
    pub overrides: Vec<Override>,
}

impl Trajectory {
    /// Needle of new trajectories until the person chooses another.
    pub const DEFAULT_NEEDLE: &'static str = "quincke-22g-90";

    /// A new one without ends.
    pub fn new(id: TrajectoryId, name: String) -> Self {
        Self {
            id,
            name,
            entry: None,
            target: None,
            needle: Some(Self::DEFAULT_NEEDLE.to_owned()),
            color: Color::of_index(id.0 as usize),
            locked: false,
            hidden: false,
            intent: None,
            target_radius_mm: None,
            overrides: Vec::new(),
        }
    }

    /// One end.
    pub fn end(&self, end: TrajectoryEnd) -> Option<Point<Lps>> {
        match end {
            TrajectoryEnd::Entry => self.entry,
            TrajectoryEnd::Target => self.target,
        }
    }

    /// One end, to change.
    pub fn end_mut(&mut self, end: TrajectoryEnd) -> &mut Option<Point<Lps>> {
        match end {
            TrajectoryEnd::Entry => &mut self.entry,
            TrajectoryEnd::Target => &mut self.target,
        }
    }

    /// Why an objection does not count, where a person said so.
    pub fn override_of(&self, objection: Objection) -> Option<&str> {
        let found = self
            .overrides
            .iter()
            .find(|taken| taken.objection == objection);
        found.map(|taken| taken.reason.as_str())
    }

    /// Entry to target, where both are placed.
    pub fn segment(&self) -> Option<Segment> {
        Some(Segment::new(self.entry?, self.target?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_needs_both_ends() {
        let mut needle = Trajectory::new(TrajectoryId(3), "x".to_owned());
        assert_eq!(needle.segment(), None);
        *needle.end_mut(TrajectoryEnd::Target) = Some(Point::new(0., 0., 0.));
        assert_eq!(needle.segment(), None);
        *needle.end_mut(TrajectoryEnd::Entry) = Some(Point::new(0., 3., 4.));
        assert_eq!(needle.segment().unwrap().length_mm(), 5.0);
        assert_eq!(needle.end(TrajectoryEnd::Entry), needle.entry);
        assert_eq!(needle.color, Color::of_index(11));
    }

    #[test]
    fn colours_are_read_as_they_are_written() {
        let text = serde_json::to_string(&Color([1, 0xab, 255])).unwrap();
        assert_eq!(text, "\"#01abff\"");
        assert_eq!(
            serde_json::from_str::<Color>(&text).unwrap(),
            Color([1, 0xab, 255])
        );
        for wrong in [
            "\"01abff\"",
            "\"#01abf\"",
            "\"#01abfg\"",
            "\"#+1abff\"",
            "\"#é1abf\"",
        ] {
            assert!(serde_json::from_str::<Color>(wrong).is_err(), "{wrong}");
        }
    }
}
