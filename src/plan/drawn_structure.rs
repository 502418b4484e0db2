//! Structures drawn by hand, kept as what they were drawn with: a sphere, a tube, a grown region.

use serde::{Deserialize, Serialize};

use super::Color;
use super::edit::{PlanEditError, checked};
use crate::geometry::{Lps, Point};

/// Identifies a drawn structure within one session; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StructureId(pub u64);

/// What a structure was drawn with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase", deny_unknown_fields)]
pub enum DrawnShape {
    /// A ball.
    Sphere {
        /// Middle, LPS mm.
        center: Point<Lps>,
        /// Radius, mm.
        radius_mm: f64,
    },
    /// A tube of one radius along points: a nerve, a vessel.
    Tube {
        /// Along it, two or more, LPS mm.
        points: Vec<Point<Lps>>,
        /// Radius, mm.
        radius_mm: f64,
    },
    /// All voxels joined to a click whose values lie between two bounds, then corrected by brush.
    Region {
        /// The click, LPS mm.
        seed: Point<Lps>,
        /// Least value that belongs to it (HU or image units).
        low: f64,
        /// Greatest value that belongs to it.
        high: f64,
        /// It does not reach farther from the click than this, mm.
        reach_mm: f64,
        /// Corrections, in the order they were made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        strokes: Vec<BrushStroke>,
    },
}

/// One stroke of a round brush.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrushStroke {
    /// Where it went, LPS mm.
    pub points: Vec<Point<Lps>>,
    /// Radius, mm.
    pub radius_mm: f64,
    /// Takes away rather than adds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erase: bool,
}

/// One structure drawn by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnStructure {
    /// Identity within the session.
    pub id: StructureId,
    /// Name shown.
    pub name: String,
    /// Key in `assets/structures.toml`; margins go by it.
    pub kind: Option<String>,
    /// Display colour.
    pub color: Color,
    /// Not drawn; distances to it still count.
    pub hidden: bool,
    /// What it was drawn with.
    pub shape: DrawnShape,
}

/// One change of the drawn structures.
#[derive(Debug, Clone, PartialEq)]
pub enum StructureEdit {
    /// Adds one; its id must be the plan's next one.
    Add(DrawnStructure),
    /// Deletes one.
    Remove(StructureId),
    /// Renames one.
    Rename(StructureId, String),
    /// Says what it is.
    SetKind(StructureId, Option<String>),
    /// Changes the colour.
    SetColor(StructureId, Color),
    /// Hides or shows it.
    SetHidden(StructureId, bool),
    /// Changes what it was drawn with: a moved point, another radius or threshold, a stroke more.
    SetShape(StructureId, DrawnShape),
}

/// Radii that can be drawn, mm.
const RADII_MM: std::ops::RangeInclusive<f64> = 0.1..=200.0;
/// Points of one shape.
const MOST_POINTS: usize = 10_000;

fn checked_radius(radius_mm: f64) -> Result<(), PlanEditError> {
    if RADII_MM.contains(&radius_mm) {
        Ok(())
    } else {
        Err(PlanEditError::Radius(radius_mm.to_string()))
    }
}

fn checked_points(points: &[Point<Lps>], least: usize) -> Result<(), PlanEditError> {
    if points.len() < least || points.len() > MOST_POINTS {
        return Err(PlanEditError::ShapePoints {
            least,
            given: points.len(),
        });
    }
    points.iter().try_for_each(|&at| checked(at).map(drop))
}

impl DrawnShape {
    /// Refuses what cannot be drawn.
    pub fn check(&self) -> Result<(), PlanEditError> {
        match self {
            Self::Sphere { center, radius_mm } => {
                checked(*center)?;
                checked_radius(*radius_mm)
            }
            Self::Tube { points, radius_mm } => {
                checked_points(points, 2)?;
                checked_radius(*radius_mm)
            }
            Self::Region {
                seed,
                low,
                high,
                reach_mm,
                strokes,
            } => {
                checked(*seed)?;
                checked_radius(*reach_mm)?;
                if !(low.is_finite() && high.is_finite() && low <= high) {
                    return Err(PlanEditError::Bounds(low.to_string(), high.to_string()));
                }
                strokes.iter().try_for_each(|stroke| {
                    checked_points(&stroke.points, 1)?;
                    checked_radius(stroke.radius_mm)
                })
            }
        }
    }

    /// `Sphere`, `Tube` or `Region`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sphere { .. } => "Sphere",
            Self::Tube { .. } => "Tube",
            Self::Region { .. } => "Region",
        }
    }
}

fn found(
    structures: &mut [DrawnStructure],
    id: StructureId,
) -> Result<&mut DrawnStructure, PlanEditError> {
    let found = structures.iter_mut().find(|structure| structure.id == id);
    found.ok_or(PlanEditError::NoStructure(id))
}

/// Applies one change to the list; on an error nothing is changed.
pub(super) fn apply(
    structures: &mut Vec<DrawnStructure>,
    edit: &StructureEdit,
) -> Result<(), PlanEditError> {
    match edit {
        StructureEdit::Add(structure) => {
            if structure.name.trim().is_empty() {
                return Err(PlanEditError::NoName);
            }
            structure.shape.check()?;
            structures.push(structure.clone());
        }
        StructureEdit::Remove(id) => {
            found(structures, *id)?;
            structures.retain(|structure| structure.id != *id);
        }
        StructureEdit::Rename(id, name) => {
            let name = name.trim();
            if name.is_empty() {
                return Err(PlanEditError::NoName);
            }
            name.clone_into(&mut found(structures, *id)?.name);
        }
        StructureEdit::SetKind(id, kind) => found(structures, *id)?.kind.clone_from(kind),
        StructureEdit::SetColor(id, color) => found(structures, *id)?.color = *color,
        StructureEdit::SetHidden(id, hidden) => found(structures, *id)?.hidden = *hidden,
        StructureEdit::SetShape(id, shape) => {
            shape.check()?;
            found(structures, *id)?.shape.clone_from(shape);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sphere(radius_mm: f64) -> DrawnShape {
        DrawnShape::Sphere {
            center: Point::new(0., 0., 0.),
            radius_mm,
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let p = Point::new(1., 2., 3.);
        let region = |low, high| DrawnShape::Region {
            seed: p,
            low,
            high,
            reach_mm: 50.0,
            strokes: vec![],
        };
        for good in [sphere(5.0), region(100.0, 300.0)] {
            good.check().unwrap();
        }
        let tube = |points| DrawnShape::Tube {
            points,
            radius_mm: 2.0,
        };
        tube(vec![p, p]).check().unwrap();
        for wrong in [
            sphere(0.0),
            sphere(f64::NAN),
            tube(vec![p]),
            region(300.0, 100.0),
            region(f64::NAN, 1.0),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_shape_says_in_the_file_what_it_is() {
        let json = serde_json::to_string(&sphere(5.0)).unwrap();
        assert_eq!(
            json,
            r#"{"shape":"sphere","center":[0.0,0.0,0.0],"radius_mm":5.0}"#
        );
        assert_eq!(
            serde_json::from_str::<DrawnShape>(&json).unwrap(),
            sphere(5.0)
        );
    }

    #[test]
    fn structures_are_added_changed_and_removed() {
        let mut all = Vec::new();
        let id = StructureId(4);
        let drawn = DrawnStructure {
            id,
            name: "Cyst".to_owned(),
            kind: None,
            color: Color([1, 2, 3]),
            hidden: false,
            shape: sphere(5.0),
        };
        apply(&mut all, &StructureEdit::Add(drawn)).unwrap();
        apply(&mut all, &StructureEdit::SetHidden(id, true)).unwrap();
        apply(&mut all, &StructureEdit::SetShape(id, sphere(7.0))).unwrap();
        apply(&mut all, &StructureEdit::SetKind(id, Some("nerve".into()))).unwrap();
        assert!(all[0].hidden && all[0].shape == sphere(7.0));
        let other = StructureId(5);
        assert!(apply(&mut all, &StructureEdit::Remove(other)).is_err());
        assert!(apply(&mut all, &StructureEdit::Rename(id, " ".into())).is_err());
        apply(&mut all, &StructureEdit::Remove(id)).unwrap();
        assert!(all.is_empty());
    }
}
