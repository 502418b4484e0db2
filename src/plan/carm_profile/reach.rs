//! Whether a C-arm can be set to a view, and which limit bars it by how much.

use std::fmt;

use super::{CArmProfile, Parking, Travel};
use crate::geometry::{CArmAngles, Degrees, Lps, PatientPosition, Point, wrap_180};
use crate::plan::procedure::Bounds;

/// Arithmetic slack, so that a view made from a limit is within it, degrees and mm.
const SLACK: f64 = 1e-6;

/// Nearer than this to an axis a beam does not say how far the C-arm is turned about it: sine.
const ON_AXIS: f64 = 1e-6;

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
    pub settings: [Setting; 2],
    /// What is broken; empty = the view is reached.
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
    /// Way in the room: to the observer's right, down, into the gantry, mm.
    pub room_mm: [f64; 3],
    /// Ways that are longer than the whole travel, in words; empty where none is. How much of its
    /// travel a C-arm has left where it stands is not known here.
    pub broken: Vec<String>,
}

impl CArmProfile {
    /// How this C-arm is set to a view of a patient who lies so.
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
        if farther { far } else { near }
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
        let room_mm = position.to_room(to - from).to_array();
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
        Recentering { room_mm, broken }
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
mod tests {
    use super::*;
    use crate::plan::carm_profile::CArmLibrary;

    fn profile(id: &str) -> &'static CArmProfile {
        CArmLibrary::builtin().find(id).unwrap()
    }

    fn pair(primary: f64, secondary: f64) -> CArmAngles {
        CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        }
    }

    fn position(code: &str) -> PatientPosition {
        PatientPosition::from_code(code).unwrap()
    }

    /// Section 2.8: what each worked example asks of a C-arm at the side and of one at the head.
    #[test]
    fn worked_examples_are_set_as_in_the_sheet_and_reached_or_not() {
        let rows = [
            ("HFP", (155., -10.), (-24.6, -11.0), (-25., -10.), true),
            ("HFP", (-135., 20.), (41.6, 27.2), (45., 20.), false),
            ("HFS", (30., 15.), (28.9, 17.2), (30., 15.), true),
            ("FFP", (155., -10.), (24.6, 11.0), (25., 10.), true),
            ("HFP", (-160., -45.), (14.0, -46.8), (20., -45.), true),
            ("HFDR", (170., -35.), (53.8, -76.1), (80., -35.), false),
        ];
        for (code, dicom, side, head, left_reaches) in rows {
            let angles = pair(dicom.0, dicom.1);
            let at_side = profile("mobile-side-left").reach(angles, position(code));
            let at_head = profile("angiography-floor").reach(angles, position(code));
            for (reach, wanted) in [(&at_side, side), (&at_head, head)] {
                let [first, second] = reach.settings;
                assert!((first.angle.0 - wanted.0).abs() < 0.06, "{code} {reach:?}");
                assert!((second.angle.0 - wanted.1).abs() < 0.06, "{code} {reach:?}");
            }
            assert_eq!(at_side.is_reached(), left_reaches, "{code} {at_side:?}");
            assert!(at_head.is_reached(), "{code} {at_head:?}");
        }
    }

    #[test]
    fn a_broken_limit_is_named_with_how_much() {
        let reach = profile("mobile-side-left").reach(pair(170., -35.), position("HFDR"));
        assert_eq!(
            reach.broken_words(),
            "orbital 13.8° beyond 40.0°, tilt 16.1° beyond −60.0°"
        );
        assert_eq!(reach.setting_words(), "orbital 53.8°, tilt −76.1°");
        // Steeper than 45° caudal: only the second axis of a fixed system.
        let reach = profile("angiography-floor").reach(pair(-160., -47.5), position("HFP"));
        assert_eq!(reach.broken_words(), "secondary 2.5° beyond −45.0°");
        assert!((reach.beyond().0 - 2.5).abs() < 1e-9);
        // A limit itself is reached.
        let reach = profile("angiography-floor").reach(pair(-160., -45.), position("HFP"));
        assert!(reach.is_reached() && reach.broken_words().is_empty());
    }

    #[test]
    fn a_lateral_is_reached_with_the_receptor_at_the_stand() {
        // Head first, prone: the patient's left is the observer's left.
        let prone = position("HFP");
        for (id, left, right) in [
            ("mobile-side-left", true, false),
            ("mobile-side-right", false, true),
            ("mobile-head", true, true),
            ("angiography-floor", true, true),
        ] {
            let reached = |primary| profile(id).reach(pair(primary, 0.), prone).is_reached();
            assert_eq!((reached(90.), reached(-90.)), (left, right), "{id}");
        }
        // Along the cross-arm any tilt is the same beam; noise must not choose one.
        let reach = profile("mobile-side-left").reach(pair(90.0, 1e-9), prone);
        assert_eq!(reach.setting_words(), "orbital −90.0°, tilt 0.0°");
    }

    #[test]
    fn a_way_over_the_top_is_found_where_the_limits_allow_it() {
        let mut wide = profile("angiography-floor").clone();
        wide.angles[0].bounds = Bounds::Between(-30.0, 30.0);
        wide.angles[1].bounds = Bounds::Between(-150.0, 150.0);
        // Receptor below the table: 180° about the outer axis, or over the top of the inner one.
        let reach = wide.reach(pair(0.0, -50.0), position("HFP"));
        assert_eq!(reach.setting_words(), "primary 0.0°, secondary −130.0°");
        assert!(reach.is_reached());
        let usual = profile("angiography-floor").reach(pair(0.0, -50.0), position("HFP"));
        assert!(!usual.is_reached());
    }

    #[test]
    fn moving_the_isocentre_is_held_against_the_whole_way() {
        let from = Point::new(0., 0., 0.);
        let mobile = profile("mobile-side-left");
        let moved = mobile.recentering(from, Point::new(30., -10., 400.), position("HFP"));
        assert_eq!(moved.room_mm, [-30., 10., 400.]);
        assert!(
            moved.broken.is_empty(),
            "a mobile stand rolls along the table"
        );
        let moved = mobile.recentering(from, Point::new(250., 0., 0.), position("HFP"));
        assert_eq!(
            moved.broken,
            ["250 mm across the table, its whole way is 200 mm"]
        );
        let fixed = profile("angiography-floor");
        assert_eq!(fixed.distance_faults(1000.0, 750.0), Vec::<String>::new());
        let faults = fixed.distance_faults(1300.0, 600.0);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].contains("SID 1300 mm") && faults[0].contains("900–1200 mm (K)"));
    }
}
