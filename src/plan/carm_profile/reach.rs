//! Whether a C-arm can be set to a view, and which limit bars it by how much.

use std::fmt;

use glam::DVec3;

use super::{CArmProfile, Parking, Travel};
use crate::geometry::{CArmAngles, Degrees, Lps, PatientPosition, Point, wrap_180};
use crate::plan::procedure::Bounds;

/// Arithmetic slack, so that a view made from a limit is within it, degrees and mm.
const SLACK: f64 = 1e-6;

/// Nearer than this to an axis a beam does not say how far the C-arm is turned about it: sine.
const ON_AXIS: f64 = 1e-6;

/// A view counts as reached where the C-arm gets within this of it, degrees between the two beams: a
/// C-arm is neither set nor read more finely, and beside the outer axis, where a beam hardly tells
/// how far the C-arm is turned about it, a limit of that axis bars nothing that is seen (a proposal
/// of ours).
pub const REACHED_WITHIN: Degrees = Degrees(0.5);

/// What a person turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Along the C of a C-arm at the side.
    Orbital,
    /// About the cross-arm of a C-arm at the side.
    Tilt,
    /// LAO/RAO of a C-arm at the head, as the console shows it.
    Primary,
    /// CRA/CAU of a C-arm at the head, as the console shows it.
    Secondary,
}

impl Axis {
    /// Key in the files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Orbital => "orbital_deg",
            Self::Tilt => "tilt_deg",
            Self::Primary => "primary_deg",
            Self::Secondary => "secondary_deg",
        }
    }

    /// As shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Orbital => "orbital",
            Self::Tilt => "tilt",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

/// One angle that is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Of what.
    pub axis: Axis,
    /// How far, −180…180°, room frame.
    pub angle: Degrees,
}

/// A limit that a view breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrokenLimit {
    /// Of which axis.
    pub axis: Axis,
    /// Where it ends.
    pub limit: Degrees,
    /// How far beyond the view lies, above 0.
    pub beyond: Degrees,
}

/// How a C-arm is set to a view, and what bars it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// The two angles to set: the way that breaks the limits least, then the one that turns least.
    /// Within the limits where the view is reached, and so up to [`REACHED_WITHIN`] off it.
    pub settings: [Setting; 2],
    /// What these settings break; empty = the view is reached.
    pub broken: Vec<BrokenLimit>,
}

impl Reach {
    /// Whether the C-arm gets there.
    pub fn is_reached(&self) -> bool {
        self.broken.is_empty()
    }

    /// Sum of what the limits are broken by.
    pub fn beyond(&self) -> Degrees {
        Degrees(self.broken.iter().map(|broken| broken.beyond.0).sum())
    }

    /// Sum of the differences to another setting of the same C-arm: how far it must be turned.
    pub fn turn_to(&self, other: &Self) -> Degrees {
        let turns = self.settings.iter().zip(&other.settings);
        Degrees(turns.map(|(a, b)| (a.angle.0 - b.angle.0).abs()).sum())
    }

    /// `orbital −24.6°, tilt −11.0°`.
    pub fn setting_words(&self) -> String {
        let [first, second] = self.settings;
        format!("{first}, {second}")
    }

    /// `tilt 16.1° beyond −60°`, one for each broken limit, with commas; empty when reached.
    pub fn broken_words(&self) -> String {
        let words: Vec<String> = self.broken.iter().map(ToString::to_string).collect();
        words.join(", ")
    }

    /// `reached: orbital −24.6°, tilt −11.0°`; `out of reach: orbital 5.0° beyond −90.0° (needs
    /// orbital −95.0°, tilt 0.0°)`. The limit is one of the setting beside it: a view can be set in
    /// two ways, and this is the one that comes nearer.
    pub fn words(&self) -> String {
        let setting = self.setting_words();
        if self.is_reached() {
            format!("reached: {setting}")
        } else {
            format!("out of reach: {} (needs {setting})", self.broken_words())
        }
    }
}

/// A number of degrees with one decimal and a true minus sign, never `−0.0`.
fn signed(degrees: f64) -> String {
    let text = format!("{:.1}", degrees.abs());
    if degrees < 0.0 && text != "0.0" {
        format!("−{text}°")
    } else {
        format!("{text}°")
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.axis.name(), signed(self.angle.0))
    }
}

impl fmt::Display for BrokenLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (axis, limit) = (self.axis.name(), signed(self.limit.0));
        if self.beyond.0 < 0.05 {
            return write!(f, "{axis} just beyond {limit}");
        }
        write!(f, "{axis} {:.1}° beyond {limit}", self.beyond.0)
    }
}

/// How the isocentre is brought from one patient point to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Recentering {
    /// Way of the isocentre in the room: to the observer's right, down, into the gantry, mm.
    pub room_mm: [f64; 3],
    /// The same way in the patient, LPS mm.
    pub lps_mm: [f64; 3],
    /// How the patient lies.
    pub position: PatientPosition,
    /// Ways that are longer than the whole travel, in words; empty where none is. How much of its
    /// travel a C-arm has left where it stands is not known here.
    pub broken: Vec<String>,
}

impl Recentering {
    /// What moves where: `C-arm 30 mm to the patient's right, 10 mm down, 400 mm toward the head (or
    /// the table the opposite way)`.
    pub fn words(&self) -> String {
        let [left, back, head] = self.lps_mm;
        let [_, down, _] = self.room_mm;
        let part = |mm: f64, plus: &str, minus: &str| {
            // Nothing has no side: not that of a rounding either.
            let word = if mm.round() < 0.0 { minus } else { plus };
            format!("{:.0} mm {word}", mm.abs())
        };
        // Across the table lies the side of a patient on back or belly, the front of one on a side.
        let across = if self.position.is_decubitus() {
            part(
                back,
                "toward the patient's back",
                "toward the patient's front",
            )
        } else {
            part(left, "to the patient's left", "to the patient's right")
        };
        format!(
            "C-arm {across}, {}, {} (or the table the opposite way)",
            part(down, "down", "up"),
            part(head, "toward the head", "toward the feet"),
        )
    }
}

impl CArmProfile {
    /// How this C-arm is set to a view of a patient who lies so; reached also where a beam within
    /// [`REACHED_WITHIN`] of it is.
    pub fn reach(&self, angles: CArmAngles, position: PatientPosition) -> Reach {
        let room = position.to_room(angles.receptor_direction());
        // Both: (inner, outer) as the axes turn; the second way round goes over the top of the
        // inner axis.
        let (inner, outer, free) = match self.parking {
            Parking::Side => {
                let tilt = (room.z + 0.0).atan2(-room.y + 0.0);
                (room.x, tilt, room.y.hypot(room.z) < ON_AXIS)
            }
            Parking::Head => {
                let primary = (room.x + 0.0).atan2(-room.y + 0.0);
                (room.z, primary, room.x.hypot(room.y) < ON_AXIS)
            }
        };
        let inner = inner.clamp(-1.0, 1.0).asin().to_degrees();
        // A beam along the outer axis is the same however far the C-arm is turned about it.
        let outer = if free { 0.0 } else { outer.to_degrees() };
        let over = |degrees: f64| wrap_180(Degrees(180.0 + degrees)).0;
        let ways = [(inner, outer), (over(-inner), over(outer))];
        let [near, far] = ways.map(|(inner, outer)| self.set_to(inner, outer));
        let worth = |reach: &Reach| {
            let turned: f64 = reach.settings.iter().map(|one| one.angle.0.abs()).sum();
            (reach.beyond().0, turned)
        };
        let ((near_beyond, near_turn), (far_beyond, far_turn)) = (worth(&near), worth(&far));
        let farther = far_beyond + SLACK < near_beyond
            || (far_beyond <= near_beyond + SLACK && far_turn + SLACK < near_turn);
        let best = if farther { &far } else { &near };
        if best.is_reached() {
            return best.clone();
        }
        let nearly = [&near, &far].map(|way| self.nearly(way, room));
        nearly
            .into_iter()
            .flatten()
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or_else(|| best.clone(), |(_, reach)| reach)
    }

    /// A way with its angles brought into the limits, with how far its beam then lies from `room`,
    /// degrees; `None` where that is farther than [`REACHED_WITHIN`].
    fn nearly(&self, way: &Reach, room: DVec3) -> Option<(f64, Reach)> {
        let [mut first, mut second] = way.settings;
        for (setting, range) in [&mut first, &mut second].into_iter().zip(&self.angles) {
            let (min, max) = (range.bounds.min(), range.bounds.max());
            let angle = setting.angle.0.max(min.unwrap_or(f64::NEG_INFINITY));
            setting.angle = Degrees(angle.min(max.unwrap_or(f64::INFINITY)));
        }
        let (sin_a, cos_a) = first.angle.to_radians().sin_cos();
        let (sin_b, cos_b) = second.angle.to_radians().sin_cos();
        let beam = match self.parking {
            Parking::Side => DVec3::new(sin_a, -cos_a * cos_b, cos_a * sin_b),
            Parking::Head => DVec3::new(sin_a * cos_b, -cos_a * cos_b, sin_b),
        };
        // From the chord: a cosine this near to 1 has no digits left.
        let off = 2.0 * ((beam - room).length() / 2.0).min(1.0).asin().to_degrees();
        let reach = Reach {
            settings: [first, second],
            broken: Vec::new(),
        };
        (off <= REACHED_WITHIN.0 + SLACK).then_some((off, reach))
    }

    fn set_to(&self, inner: f64, outer: f64) -> Reach {
        let angles = match self.parking {
            Parking::Side => [inner, outer],
            Parking::Head => [outer, inner],
        };
        let axes = self.parking.axes();
        let settings = [0, 1].map(|index: usize| Setting {
            axis: axes[index],
            angle: Degrees(angles[index]),
        });
        let broken = settings
            .iter()
            .zip(&self.angles)
            .filter_map(|(setting, range)| broken_limit(*setting, range.bounds))
            .collect();
        Reach { settings, broken }
    }

    /// How the isocentre is brought from `from` to `to`, in a patient who lies so.
    pub fn recentering(
        &self,
        from: Point<Lps>,
        to: Point<Lps>,
        position: PatientPosition,
    ) -> Recentering {
        let way = to - from;
        let room_mm = position.to_room(way).to_array();
        let Travel {
            across_mm,
            vertical_mm,
            along_mm,
        } = &self.travel;
        let ways = [
            ("across the table", across_mm),
            ("up or down", vertical_mm),
            ("along the table", along_mm),
        ];
        let broken = ways
            .into_iter()
            .zip(room_mm)
            .filter_map(|((name, travel), mm)| {
                let whole_mm = travel.as_ref().and_then(|way| way.bounds.max())?;
                (mm.abs() > whole_mm + SLACK)
                    .then(|| format!("{:.0} mm {name}, its whole way is {whole_mm} mm", mm.abs()))
            })
            .collect();
        Recentering {
            room_mm,
            lps_mm: way.0.to_array(),
            position,
            broken,
        }
    }
}

fn broken_limit(setting: Setting, bounds: Bounds) -> Option<BrokenLimit> {
    let angle = setting.angle.0;
    let broken = |limit: f64| BrokenLimit {
        axis: setting.axis,
        limit: Degrees(limit),
        beyond: Degrees((angle - limit).abs()),
    };
    let below = bounds.min().filter(|min| angle < min - SLACK);
    let above = bounds.max().filter(|max| angle > max + SLACK);
    below.or(above).map(broken)
}

#[cfg(test)]
mod tests;
