//! How far the shaft of a needle passes from a structure, and whether that is far enough.
//!
//! Distances are from the surface of the shaft, not its axis, to the surface of the voxel boxes of
//! the structure: exact outside, and to half a voxel where the shaft lies inside.

use serde::Serialize;

use crate::geometry::{Lps, Point, Segment};
use crate::volume::structure::{DistanceField, Mask, Reading};

/// A needle from entry to tip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shaft {
    /// Entry → target, LPS mm.
    pub axis: Segment,
    /// Half the outer diameter, mm.
    pub radius_mm: f64,
    /// How far the tip goes beyond the target, mm; 0 for a needle that ends there.
    pub beyond_target_mm: f64,
}

/// What a structure asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margins {
    /// Nearer than this must not be.
    pub stop_mm: f64,
    /// Nearer than this is pointed out.
    pub warn_mm: f64,
}

/// What the margins say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Both margins are kept.
    Clear,
    /// The warn margin is not kept.
    Warn,
    /// The stop margin is not kept.
    Stop,
    /// It cannot be said, with the reason.
    Unknown(String),
}

/// Where a shaft comes closest to a structure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clearance {
    /// Smallest distance from the shaft's surface to the structure's, mm; negative where they
    /// overlap. [`Reading::AtLeast`] where it lies beyond the structure's distance field.
    pub gap: Reading,
    /// Where along the axis, mm from the entry. In a structure, where it is deepest.
    pub along_mm: f64,
    /// That point of the axis.
    pub on_axis: Point<Lps>,
    /// Nearest point of the structure, where it was measured.
    pub on_structure: Option<Point<Lps>>,
    /// Where the axis first is in the structure, mm from the entry; `None` if it passes by.
    pub enters_at_mm: Option<f64>,
}

impl Shaft {
    /// A needle that ends at its target.
    pub fn new(axis: Segment, radius_mm: f64) -> Self {
        Self {
            axis,
            radius_mm,
            beyond_target_mm: 0.0,
        }
    }

    /// The part that counts: entry to tip, without what comes after `ignored_mm` before the
    /// target if that is not 0.
    ///
    /// # Errors
    /// Why there is none.
    pub fn counted(&self, ignored_mm: f64) -> Result<Segment, String> {
        let Self {
            axis,
            radius_mm,
            beyond_target_mm,
        } = *self;
        let Some(along) = axis.vector().direction() else {
            return Err("Entry and target are the same point".to_owned());
        };
        if !(axis.start.is_finite() && axis.end.is_finite()) {
            return Err("Entry or target is not a point".to_owned());
        }
        let sound = |mm: f64| mm.is_finite() && mm >= 0.0;
        if !(sound(radius_mm) && sound(beyond_target_mm) && sound(ignored_mm)) {
            return Err("The needle has no usable diameter or length".to_owned());
        }
        let length_mm = axis.length_mm();
        let counted_mm = if ignored_mm > 0.0 {
            length_mm - ignored_mm
        } else {
            length_mm + beyond_target_mm
        };
        if counted_mm <= 0.0 {
            return Err(format!(
                "The path is {length_mm:.0} mm long, and its last {ignored_mm:.0} mm do not count \
                 for this structure"
            ));
        }
        Ok(Segment::new(axis.start, axis.start + along * counted_mm))
    }
}

impl Clearance {
    /// Measures a shaft against a structure.
    ///
    /// `ignore_within_mm_of_target` leaves out the end of the path, from so many mm before the
    /// target to the tip: for structures that the target lies in or on (a facet target lies on
    /// bone), whose distance would otherwise always be 0. With 0 nothing is left out. Only the
    /// procedure can say so; it is never chosen here.
    ///
    /// # Errors
    /// Why it cannot be measured, for the person.
    pub fn of(
        shaft: &Shaft,
        field: &DistanceField,
        ignore_within_mm_of_target: f64,
    ) -> Result<Self, String> {
        let counted = shaft.counted(ignore_within_mm_of_target)?;
        let found = field.to_segment(counted, f64::INFINITY);
        let gap = less(found.reading, shaft.radius_mm);
        let length_mm = counted.length_mm();
        let hit = matches!(found.reading, Reading::Mm(mm) if mm <= 0.0);
        Ok(Self {
            gap,
            along_mm: found.fraction * length_mm,
            on_axis: counted.at(found.fraction),
            on_structure: found.on_structure,
            enters_at_mm: hit
                .then(|| first_inside(field.mask(), counted))
                .flatten()
                .map(|fraction| fraction * length_mm),
        })
    }

    /// Whether the axis goes through the structure.
    pub fn passes_through(&self) -> bool {
        self.enters_at_mm.is_some()
    }

    /// What the margins say of it.
    pub fn verdict(&self, margins: Margins) -> Verdict {
        let Margins { stop_mm, warn_mm } = margins;
        if !(stop_mm.is_finite() && warn_mm.is_finite()) {
            return Verdict::Unknown("The margins of this structure are not numbers".to_owned());
        }
        match self.gap {
            _ if self.passes_through() => Verdict::Stop,
            Reading::Mm(mm) if mm < stop_mm => Verdict::Stop,
            Reading::Mm(mm) if mm < warn_mm => Verdict::Warn,
            Reading::AtLeast(mm) if mm.is_nan() || mm < stop_mm.max(warn_mm) => Verdict::Unknown(
                format!("At least {mm:.1} mm away, which is as far as distances were computed"),
            ),
            Reading::Mm(mm) if mm.is_nan() => {
                Verdict::Unknown("The distance is not a number".to_owned())
            }
            _ => Verdict::Clear,
        }
    }
}

/// A distance from the axis as one from the shaft's surface.
pub(super) fn less(reading: Reading, radius_mm: f64) -> Reading {
    match reading {
        Reading::Mm(mm) => Reading::Mm(mm - radius_mm),
        Reading::AtLeast(mm) => Reading::AtLeast(mm - radius_mm),
    }
}

/// Fraction along a segment where it first is in a voxel of the mask: every voxel that it crosses
/// is looked at (Amanatides and Woo, A Fast Voxel Traversal Algorithm, 1987).
pub fn first_inside(mask: &Mask, segment: Segment) -> Option<f64> {
    let grid = mask.grid();
    let start = (grid.voxel_from_lps * segment.start).0;
    let along = (grid.voxel_from_lps * segment.end).0 - start;
    let mut faces = vec![0.0, 1.0];
    for axis in 0..3 {
        let (from, step) = (start[axis], along[axis]);
        if step == 0.0 {
            continue;
        }
        // Only faces of the mask's box matter.
        let low = mask.first()[axis] as f64 - 0.5;
        faces.extend(
            (0..=mask.size()[axis])
                .map(|face| (low + face as f64 - from) / step)
                .filter(|t| (0.0..=1.0).contains(t)),
        );
    }
    faces.sort_by(f64::total_cmp);
    faces.windows(2).find_map(|pair| {
        let &[from, to] = pair else { return None };
        let voxel = (start + along * f64::midpoint(from, to)).round();
        let inside = voxel.cmpge(glam::DVec3::ZERO).all()
            && mask.contains(voxel.to_array().map(|at| at as usize));
        inside.then_some(from)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glam::DVec3;

    use super::*;
    use crate::geometry::Transform;
    use crate::volume::structure::MaskGrid;

    /// A plate of bone, x −20 to 20, y −5 to 0, z −20 to 20 mm, on a grid of 0.5 × 1 × 2 mm.
    fn plate() -> DistanceField {
        let to_lps = Transform::from_columns(
            DVec3::X * 0.5,
            DVec3::Y,
            DVec3::Z * 2.0,
            DVec3::new(-39.75, -29.5, -39.0),
        );
        let grid = Arc::new(MaskGrid::new([160, 60, 40], to_lps).unwrap());
        let part = |[x, y, z]: [usize; 3]| {
            (40..120).contains(&x) && (25..30).contains(&y) && (10..30).contains(&z)
        };
        let mask = Mask::from_fn(grid, [0; 3], [160, 60, 40], part);
        DistanceField::new(Arc::new(mask), 20.0, &|| false).unwrap()
    }

    fn shaft(entry: [f64; 3], target: [f64; 3]) -> Shaft {
        Shaft::new(Segment::new(entry.into(), target.into()), 0.4)
    }

    const MARGINS: Margins = Margins {
        stop_mm: 2.0,
        warn_mm: 4.0,
    };

    #[test]
    fn a_needle_past_a_plate_by_hand() {
        let field = plate();
        // Comes down from y = 30 to y = 3 above the plate's upper face at y = 0.
        let near = Clearance::of(&shaft([1.0, 30.0, 3.0], [1.0, 3.0, 3.0]), &field, 0.0).unwrap();
        assert!((near.gap.mm() - 2.6).abs() < 1e-6, "{near:?}");
        assert!((near.along_mm - 27.0).abs() < 1e-6);
        let on_structure = near.on_structure.unwrap();
        assert!(on_structure.distance(Point::new(1.0, 0.0, 3.0)) < 1e-6);
        assert!(!near.passes_through());
        assert_eq!(near.verdict(MARGINS), Verdict::Warn);
        let beside = Clearance::of(&shaft([23.0, 30.0, 0.], [23.0, -30.0, 0.]), &field, 0.0);
        let beside = beside.unwrap();
        assert!((beside.gap.mm() - 2.6).abs() < 1e-6);
        assert!(beside.along_mm > 29.9 && beside.along_mm < 35.1);
        let off_edge = Clearance::of(&shaft([23., 4., -30.], [23., 4., 30.]), &field, 0.0).unwrap();
        assert!(
            (off_edge.gap.mm() - 4.6).abs() < 1e-6,
            "3, 4, 5 less the radius"
        );
        assert_eq!(off_edge.verdict(MARGINS), Verdict::Clear);
    }

    #[test]
    fn a_needle_through_the_plate_is_stopped_where_it_enters() {
        let field = plate();
        let through = shaft([1.3, 30.0, 3.2], [1.3, -2.5, 3.2]);
        let found = Clearance::of(&through, &field, 0.0).unwrap();
        assert!((found.enters_at_mm.unwrap() - 30.0).abs() < 1e-9);
        assert!((found.gap.mm() + 2.9).abs() < 0.5, "{found:?}");
        assert_eq!(found.verdict(MARGINS), Verdict::Stop);
        let none = Margins {
            stop_mm: -50.0,
            warn_mm: -50.0,
        };
        assert_eq!(found.verdict(none), Verdict::Stop);
        // What lies within 6 mm of the target does not count: 3.5 mm above the face remain.
        let tip_left_out = Clearance::of(&through, &field, 6.0).unwrap();
        assert!(
            (tip_left_out.gap.mm() - 3.1).abs() < 1e-6,
            "{tip_left_out:?}"
        );
        assert!(!tip_left_out.passes_through());
        let longer = Shaft {
            beyond_target_mm: 10.0,
            ..shaft([1.3, 30.0, 3.2], [1.3, 4.0, 3.2])
        };
        let longer = Clearance::of(&longer, &field, 0.0).unwrap();
        assert!(longer.passes_through());
    }

    #[test]
    fn what_is_not_known_is_said() {
        let field = plate();
        let far = Clearance::of(&shaft([1., 90., 0.], [1., 60., 0.]), &field, 0.0).unwrap();
        assert!(matches!(far.gap, Reading::AtLeast(mm) if mm > 55.0 && mm <= 59.6));
        assert_eq!(far.verdict(MARGINS), Verdict::Clear);
        let wide = Margins {
            stop_mm: 2.0,
            warn_mm: 70.0,
        };
        assert!(matches!(far.verdict(wide), Verdict::Unknown(_)));
        let nan = Margins {
            stop_mm: f64::NAN,
            warn_mm: 4.0,
        };
        assert!(matches!(far.verdict(nan), Verdict::Unknown(_)));
        for (needle, ignored_mm) in [
            (shaft([1., 2., 3.], [1., 2., 3.]), 0.0),
            (shaft([1., f64::NAN, 3.], [1., 2., 3.]), 0.0),
            (shaft([1., 30., 3.], [1., 2., 3.]), 40.0),
            (
                Shaft::new(shaft([1., 30., 3.], [1., 2., 3.]).axis, -1.0),
                0.0,
            ),
        ] {
            assert!(Clearance::of(&needle, &field, ignored_mm).is_err());
        }
    }
}
