//! What a person declared of the patient's spine: vertebrae, their number, midline, end-plates.

use serde::{Deserialize, Serialize};

use super::edit::{PlanEditError, checked};
use crate::geometry::{Lps, Point};
use crate::study::Vertebra;

/// A clicked vertebra.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VertebraLabel {
    /// Which one.
    pub vertebra: Vertebra,
    /// Middle of its body, LPS mm.
    pub body: Point<Lps>,
    /// Tip of its spinous process, LPS mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spinous_process: Option<Point<Lps>>,
}

/// How many vertebrae the spine has between neck and sacrum: 12 and 5 unless it is transitional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VertebraCount {
    /// With ribs, 11 to 13.
    pub thoracic: u8,
    /// Without, above the sacrum, 4 to 6: 4 where L5 is sacralised, 6 where S1 is lumbarised.
    pub lumbar: u8,
}

impl VertebraCount {
    /// Twelve and five.
    pub const USUAL: Self = Self {
        thoracic: 12,
        lumbar: 5,
    };

    /// All counts that can be declared, the usual one first.
    pub const ALL: [Self; 5] = [
        Self::USUAL,
        Self {
            thoracic: 12,
            lumbar: 4,
        },
        Self {
            thoracic: 12,
            lumbar: 6,
        },
        Self {
            thoracic: 11,
            lumbar: 5,
        },
        Self {
            thoracic: 13,
            lumbar: 5,
        },
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match (self.thoracic, self.lumbar) {
            (12, 5) => "12 thoracic, 5 lumbar: not transitional",
            (12, 4) => "4 lumbar: L5 sacralised",
            (12, 6) => "6 lumbar: S1 lumbarised",
            (11, 5) => "11 thoracic: T12 without ribs",
            (13, 5) => "13 thoracic: L1 with ribs",
            _ => "unusual count",
        }
    }

    /// The next vertebra toward the feet.
    pub fn below(self, vertebra: Vertebra) -> Option<Vertebra> {
        vertebra.below(self.thoracic, self.lumbar)
    }

    /// The next vertebra toward the head.
    pub fn above(self, vertebra: Vertebra) -> Option<Vertebra> {
        vertebra.above(self.thoracic, self.lumbar)
    }

    /// Place in the row from C1 = 1 down; S1 follows the last lumbar vertebra.
    pub fn place(self, vertebra: Vertebra) -> Option<u8> {
        let mut at = Some("C1".parse().ok()?);
        for place in 1.. {
            let here = at?;
            if here == vertebra {
                return Some(place);
            }
            at = self.below(here);
        }
        None
    }
}

/// Which face of a vertebral body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndPlateFace {
    /// Toward the head.
    Superior,
    /// Toward the feet.
    Inferior,
}

impl EndPlateFace {
    /// `superior` or `inferior`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Superior => "superior",
            Self::Inferior => "inferior",
        }
    }
}

/// Two clicks on an end-plate, near its front and its back edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndPlate {
    /// Of which vertebra.
    pub vertebra: Vertebra,
    /// Which face.
    pub face: EndPlateFace,
    /// The two points, in any order, LPS mm.
    pub points: [Point<Lps>; 2],
}

/// All that was declared of the spine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spine {
    /// Labelled vertebrae, from the head down, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<VertebraLabel>,
    /// Declared number; `None` while nobody has said whether the anatomy is transitional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<VertebraCount>,
    /// Three clicks in the mid-sagittal plane, LPS mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub midline: Option<[Point<Lps>; 3]>,
    /// Clicked end-plates, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub end_plates: Vec<EndPlate>,
}

/// One change of what is declared of the spine.
#[derive(Debug, Clone, PartialEq)]
pub enum SpineEdit {
    /// Labels a vertebra, or moves its label. A former spinous process stays unless one is given.
    Label(VertebraLabel),
    /// Takes a label away.
    RemoveLabel(Vertebra),
    /// Renames all labels by shifting them up (−) or down (+) the spine.
    Shift(i8),
    /// Declares the number of vertebrae, or takes the declaration back.
    SetCount(Option<VertebraCount>),
    /// Sets or clears the clicked midline.
    SetMidline(Option<[Point<Lps>; 3]>),
    /// Sets an end-plate.
    SetEndPlate(EndPlate),
    /// Takes an end-plate away.
    RemoveEndPlate(Vertebra, EndPlateFace),
}

impl Spine {
    /// Nothing declared.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The declared count, or the usual one.
    pub fn count_or_usual(&self) -> VertebraCount {
        self.count.unwrap_or(VertebraCount::USUAL)
    }

    /// The label of a vertebra.
    pub fn label(&self, vertebra: Vertebra) -> Option<&VertebraLabel> {
        self.labels.iter().find(|label| label.vertebra == vertebra)
    }

    /// An end-plate, where it was clicked.
    pub fn end_plate(&self, vertebra: Vertebra, face: EndPlateFace) -> Option<&EndPlate> {
        self.end_plates
            .iter()
            .find(|plate| plate.vertebra == vertebra && plate.face == face)
    }

    /// The vertebra a person most likely clicks next: below the lowest label, or above the
    /// highest where the last two clicks went upwards; L5 at first.
    pub fn next_label(&self, last: Option<Vertebra>, upwards: bool) -> Option<Vertebra> {
        let count = self.count_or_usual();
        let Some(last) = last.or(self.labels.last().map(|label| label.vertebra)) else {
            return "L5".parse().ok();
        };
        if upwards {
            count.above(last)
        } else {
            count.below(last)
        }
    }

    /// Applies one change; on an error nothing is changed.
    pub fn apply(&mut self, edit: &SpineEdit) -> Result<(), PlanEditError> {
        match edit {
            SpineEdit::Label(label) => self.put_label(*label),
            SpineEdit::RemoveLabel(vertebra) => {
                self.labels.retain(|label| label.vertebra != *vertebra);
                Ok(())
            }
            SpineEdit::Shift(by) => self.shift(*by),
            SpineEdit::SetCount(count) => self.set_count(*count),
            SpineEdit::SetMidline(points) => {
                if let Some(points) = points {
                    points.iter().try_for_each(|&at| checked(at).map(drop))?;
                    if midline_normal(points).is_none() {
                        return Err(PlanEditError::NotAPlane);
                    }
                }
                self.midline = *points;
                Ok(())
            }
            SpineEdit::SetEndPlate(plate) => {
                plate
                    .points
                    .iter()
                    .try_for_each(|&at| checked(at).map(drop))?;
                if plate.points[0].distance(plate.points[1]) < SHORTEST_PLATE_MM {
                    return Err(PlanEditError::PlateTooShort);
                }
                self.remove_plate(plate.vertebra, plate.face);
                self.end_plates.push(*plate);
                Ok(())
            }
            SpineEdit::RemoveEndPlate(vertebra, face) => {
                self.remove_plate(*vertebra, *face);
                Ok(())
            }
        }
    }

    fn remove_plate(&mut self, vertebra: Vertebra, face: EndPlateFace) {
        self.end_plates
            .retain(|plate| plate.vertebra != vertebra || plate.face != face);
    }

    fn put_label(&mut self, label: VertebraLabel) -> Result<(), PlanEditError> {
        checked(label.body)?;
        label.spinous_process.map(checked).transpose()?;
        let former = self.label(label.vertebra).copied();
        let spinous_process = label
            .spinous_process
            .or(former.and_then(|former| former.spinous_process));
        self.labels.retain(|other| other.vertebra != label.vertebra);
        self.labels.push(VertebraLabel {
            spinous_process,
            ..label
        });
        self.labels.sort_by_key(|label| label.vertebra);
        Ok(())
    }

    fn shift(&mut self, by: i8) -> Result<(), PlanEditError> {
        let count = self.count_or_usual();
        let shifted = |vertebra: Vertebra| {
            (0..by.unsigned_abs()).try_fold(vertebra, |at, _| {
                if by > 0 {
                    count.below(at)
                } else {
                    count.above(at)
                }
            })
        };
        let mut moved = self.clone();
        for label in &mut moved.labels {
            label.vertebra = shifted(label.vertebra).ok_or(PlanEditError::EndOfSpine)?;
        }
        for plate in &mut moved.end_plates {
            plate.vertebra = shifted(plate.vertebra).ok_or(PlanEditError::EndOfSpine)?;
        }
        *self = moved;
        Ok(())
    }

    /// Labels keep their places counted from the sacrum where there is one among them, otherwise
    /// their names.
    fn set_count(&mut self, count: Option<VertebraCount>) -> Result<(), PlanEditError> {
        if let Some(count) = count
            && !VertebraCount::ALL.contains(&count)
        {
            return Err(PlanEditError::NoSuchCount(count.thoracic, count.lumbar));
        }
        let after = count.unwrap_or(VertebraCount::USUAL);
        let gone = |vertebra: Vertebra| after.place(vertebra).is_none();
        if let Some(label) = self.labels.iter().find(|label| gone(label.vertebra)) {
            return Err(PlanEditError::LabelNotInCount(label.vertebra.to_string()));
        }
        self.count = count;
        Ok(())
    }
}

/// Shortest line of an end-plate that gives a direction worth having, mm.
const SHORTEST_PLATE_MM: f64 = 5.0;

/// Unit normal of the plane through three clicks, toward the patient's left; `None` where they lie
/// (nearly) on a line, or where the plane is no sagittal one (its normal is nearer to another axis).
pub(crate) fn midline_normal(points: &[Point<Lps>; 3]) -> Option<crate::geometry::Vector<Lps>> {
    let [a, b, c] = *points;
    let across = (b - a).cross(c - a);
    // Twice the triangle's area over its longest side: how far the third click is off the line.
    let longest_mm = (b - a).length().max((c - a).length()).max((c - b).length());
    if across.length() < longest_mm * 5.0 {
        return None;
    }
    let normal = across.direction()?;
    let normal = if normal.0.x < 0.0 { -normal } else { normal };
    (normal.0.x > normal.0.y.abs().max(normal.0.z.abs())).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vertebra(name: &str) -> Vertebra {
        name.parse().unwrap()
    }

    fn label(name: &str, z_mm: f64) -> VertebraLabel {
        VertebraLabel {
            vertebra: vertebra(name),
            body: Point::new(0., 0., z_mm),
            spinous_process: None,
        }
    }

    fn names(spine: &Spine) -> Vec<String> {
        spine
            .labels
            .iter()
            .map(|label| label.vertebra.to_string())
            .collect()
    }

    #[test]
    fn labels_stand_from_the_head_down_and_once() {
        let mut spine = Spine::default();
        assert_eq!(spine.next_label(None, false), Some(vertebra("L5")));
        for (name, z) in [("L5", 0.0), ("L3", 70.0), ("L4", 35.0), ("L4", 36.0)] {
            spine.apply(&SpineEdit::Label(label(name, z))).unwrap();
        }
        assert_eq!(names(&spine), ["L3", "L4", "L5"]);
        assert_eq!(spine.label(vertebra("L4")).unwrap().body.0.z, 36.0);
        assert_eq!(spine.next_label(None, false), Some(vertebra("S1")));
        assert_eq!(
            spine.next_label(Some(vertebra("L3")), true),
            Some(vertebra("L2"))
        );
        // A spinous process stays when only the body is clicked again.
        let tip = Point::new(0., 50., 30.);
        let with_tip = VertebraLabel {
            spinous_process: Some(tip),
            ..label("L4", 35.0)
        };
        spine.apply(&SpineEdit::Label(with_tip)).unwrap();
        spine.apply(&SpineEdit::Label(label("L4", 34.0))).unwrap();
        assert_eq!(
            spine.label(vertebra("L4")).unwrap().spinous_process,
            Some(tip)
        );
        spine
            .apply(&SpineEdit::RemoveLabel(vertebra("L4")))
            .unwrap();
        assert_eq!(names(&spine), ["L3", "L5"]);
    }

    #[test]
    fn all_labels_shift_together_or_not_at_all() {
        let mut spine = Spine::default();
        for (name, z) in [("L4", 35.0), ("L5", 0.0)] {
            spine.apply(&SpineEdit::Label(label(name, z))).unwrap();
        }
        spine.apply(&SpineEdit::Shift(-1)).unwrap();
        assert_eq!(names(&spine), ["L3", "L4"]);
        let before = spine.clone();
        assert!(spine.apply(&SpineEdit::Shift(-100)).is_err());
        assert_eq!(spine, before);
        spine.apply(&SpineEdit::Shift(2)).unwrap();
        assert_eq!(names(&spine), ["L5", "S1"]);
    }

    #[test]
    fn a_transitional_spine_is_counted_as_declared() {
        let six = VertebraCount {
            thoracic: 12,
            lumbar: 6,
        };
        assert_eq!(VertebraCount::USUAL.place(vertebra("L5")), Some(24));
        assert_eq!(VertebraCount::USUAL.place(vertebra("L6")), None);
        assert_eq!(six.place(vertebra("S1")), Some(26));
        let mut spine = Spine::default();
        spine.apply(&SpineEdit::SetCount(Some(six))).unwrap();
        spine.apply(&SpineEdit::Label(label("L6", 0.0))).unwrap();
        let error = spine.apply(&SpineEdit::SetCount(None)).unwrap_err();
        assert!(error.to_string().contains("L6"), "{error}");
        let none = VertebraCount {
            thoracic: 12,
            lumbar: 9,
        };
        assert!(spine.apply(&SpineEdit::SetCount(Some(none))).is_err());
    }

    #[test]
    fn a_midline_must_be_a_sagittal_plane() {
        let mut spine = Spine::default();
        let p = Point::new;
        let good = [p(1., 0., 0.), p(1., 60., 0.), p(1., 30., 90.)];
        spine.apply(&SpineEdit::SetMidline(Some(good))).unwrap();
        assert!((midline_normal(&good).unwrap().0.x - 1.0).abs() < 1e-12);
        let line = [p(0., 0., 0.), p(0., 30., 0.), p(0., 60., 1.)];
        let coronal = [p(0., 0., 0.), p(50., 0., 0.), p(0., 0., 90.)];
        for wrong in [line, coronal] {
            assert!(spine.apply(&SpineEdit::SetMidline(Some(wrong))).is_err());
        }
        assert_eq!(spine.midline, Some(good));
        let short = EndPlate {
            vertebra: vertebra("L5"),
            face: EndPlateFace::Superior,
            points: [p(0., 0., 0.), p(0., 2., 0.)],
        };
        assert!(spine.apply(&SpineEdit::SetEndPlate(short)).is_err());
    }
}
