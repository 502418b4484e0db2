//! Groups of slices of one series → the words that tell them apart: plane, slab and place.

use crate::geometry::{Lps, Point};
use crate::study::{FrameOfReferenceUid, ImagePlane};

/// Slices turned less than this out of an anatomical plane are not called oblique, degrees.
const OBLIQUE_DEGREES: f64 = 5.0;

/// Slabs of one series that are named by what they are; more are only counted, since each is
/// compared with all others.
const MOST_NAMED: usize = 256;

/// One group of slices of equal direction that form a slab, as far as its name needs it.
#[derive(Debug, Clone)]
pub(crate) struct Slab {
    /// Its first slice.
    pub plane: ImagePlane,
    /// Its middle, LPS mm.
    pub middle: Point<Lps>,
    /// Rows and columns of its slices.
    pub size: [usize; 2],
    /// Frame of reference it lies in.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
}

/// Axis (0 sagittal, 1 coronal, 2 axial) that the normal is nearest to, and the angle to it.
fn nearest_axis(plane: &ImagePlane) -> (usize, f64) {
    let normal = plane.normal().0.abs();
    let axis = match normal {
        n if n.z >= n.x && n.z >= n.y => 2,
        n if n.x >= n.y => 0,
        _ => 1,
    };
    let along = normal.to_array().get(axis).copied().unwrap_or_default();
    (axis, along.clamp(0.0, 1.0).acos().to_degrees())
}

/// A coordinate with its letter, as on the screen: `H 12.5`.
pub(crate) fn coordinate(axis: usize, mm: f64) -> String {
    let (plus, minus) = match axis {
        0 => ('L', 'R'),
        1 => ('P', 'A'),
        _ => ('H', 'F'),
    };
    // No "F 0.0" for a rounded zero.
    let letter = if mm < -0.05 { minus } else { plus };
    format!("{letter} {:.1}", mm.abs())
}

/// Where a slice lies, by the coordinate its direction is nearest to: `H 12.5`.
pub(crate) fn slice_place(plane: &ImagePlane, [rows, columns]: [usize; 2]) -> String {
    let half = |count: usize| (count.max(1) - 1) as f64 / 2.0;
    let middle = plane.lps_from_pixel(half(columns), half(rows));
    let (axis, _) = nearest_axis(plane);
    let mm = middle.to_array().get(axis).copied().unwrap_or_default();
    coordinate(axis, mm)
}

fn plane_word(plane: &ImagePlane) -> String {
    let (axis, degrees) = nearest_axis(plane);
    let word = ["sagittal", "coronal", "axial"]
        .get(axis)
        .copied()
        .unwrap_or("axial");
    if degrees > OBLIQUE_DEGREES {
        format!("oblique {word}")
    } else {
        word.to_owned()
    }
}

/// The order in which slabs are listed: axial, sagittal, coronal; then from head to feet, right to
/// left, front to back.
pub(crate) fn order(a: &Slab, b: &Slab) -> std::cmp::Ordering {
    let key = |slab: &Slab| {
        let (axis, _) = nearest_axis(&slab.plane);
        let mm = slab
            .middle
            .to_array()
            .get(axis)
            .copied()
            .unwrap_or_default();
        match axis {
            2 => (0, -mm),
            0 => (1, mm),
            _ => (2, mm),
        }
    };
    let (a, b) = (key(a), key(b));
    a.0.cmp(&b.0).then_with(|| a.1.total_cmp(&b.1))
}

/// Names of the slabs of one series, empty for a single one. `slabs` is in [`order`].
pub(crate) fn names(slabs: &[Slab]) -> Vec<String> {
    if slabs.len() < 2 {
        return vec![String::new(); slabs.len()];
    }
    if slabs.len() > MOST_NAMED {
        let counted = (1..=slabs.len()).map(|number| format!("part {number} of {}", slabs.len()));
        return counted.collect();
    }
    slabs.iter().map(|slab| name(slab, slabs)).collect()
}

fn name(slab: &Slab, all: &[Slab]) -> String {
    let (axis, _) = nearest_axis(&slab.plane);
    let same_plane: Vec<&Slab> = all
        .iter()
        .filter(|other| nearest_axis(&other.plane).0 == axis)
        .collect();
    let alike = |other: &&&Slab| {
        other.size == slab.size
            && spacing_words(other) == spacing_words(slab)
            && other.frame_of_reference == slab.frame_of_reference
    };
    let siblings: Vec<&&Slab> = same_plane.iter().filter(alike).collect();
    let word = plane_word(&slab.plane);
    let mut name = if siblings.len() > 1 {
        let number = siblings
            .iter()
            .position(|other| std::ptr::eq(**other, slab))
            .map_or(0, |index| index + 1);
        let mm = slab
            .middle
            .to_array()
            .get(axis)
            .copied()
            .unwrap_or_default();
        let place = coordinate(axis, mm);
        format!("slab {number} of {}, {word} at {place} mm", siblings.len())
    } else {
        word
    };
    if same_plane.iter().any(|other| other.size != slab.size) {
        let [rows, columns] = slab.size;
        name = format!("{name}, {columns} × {rows}");
    }
    if same_plane
        .iter()
        .any(|other| spacing_words(other) != spacing_words(slab))
    {
        name = format!("{name}, pixels of {}", spacing_words(slab));
    }
    let mut frames: Vec<_> = all.iter().map(|other| &other.frame_of_reference).collect();
    frames.sort();
    frames.dedup();
    if frames.len() > 1
        && let Some(number) = frames.iter().position(|f| **f == slab.frame_of_reference)
    {
        name = match slab.frame_of_reference {
            Some(_) => format!("{name}, frame of reference {}", number + 1),
            None => format!("{name}, no frame of reference"),
        };
    }
    name
}

fn spacing_words(slab: &Slab) -> String {
    let [row, column] = [slab.plane.row_spacing_mm, slab.plane.column_spacing_mm];
    format!("{column:.3} × {row:.3} mm")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vector;

    fn slab(normal_tilt_degrees: f64, z: f64) -> Slab {
        let (sin, cos) = normal_tilt_degrees.to_radians().sin_cos();
        Slab {
            plane: ImagePlane {
                position: Point::new(0., 0., z),
                column_direction: Vector::new(1., 0., 0.),
                row_direction: Vector::new(0., cos, sin),
                column_spacing_mm: 0.5,
                row_spacing_mm: 0.5,
            },
            middle: Point::new(0., 0., z),
            size: [256, 256],
            frame_of_reference: None,
        }
    }

    #[test]
    fn slabs_are_counted_from_the_head_and_say_where_they_are() {
        let mut slabs = vec![slab(20., -60.), slab(3., 10.), slab(-12., -25.)];
        slabs.sort_by(order);
        assert_eq!(
            names(&slabs),
            [
                "slab 1 of 3, axial at H 10.0 mm",
                "slab 2 of 3, oblique axial at F 25.0 mm",
                "slab 3 of 3, oblique axial at F 60.0 mm"
            ]
        );
        assert_eq!(names(&slabs[..1]), [""]);
    }

    #[test]
    fn planes_matrices_and_frames_of_reference_are_named_where_they_differ() {
        let mut sagittal = slab(0., 0.);
        sagittal.plane.column_direction = Vector::new(0., 1., 0.);
        sagittal.plane.row_direction = Vector::new(0., 0., -1.);
        assert_eq!(names(&[slab(0., 0.), sagittal]), ["axial", "sagittal"]);
        let mut small = slab(0., 0.);
        small.size = [128, 64];
        assert_eq!(
            names(&[slab(0., 0.), small]),
            ["axial, 256 × 256", "axial, 64 × 128"]
        );
        let mut other = slab(0., 0.);
        other.frame_of_reference = Some(FrameOfReferenceUid::new("1.2"));
        assert_eq!(
            names(&[slab(0., 0.), other]),
            [
                "axial, no frame of reference",
                "axial, frame of reference 2"
            ]
        );
    }

    #[test]
    fn a_slice_lies_at_the_coordinate_of_its_middle() {
        // 20° of tilt, 256 rows of 0.5 mm: the middle is 63.75 mm · sin 20° above the first row.
        let plane = slab(20., -60.).plane;
        let mm = -60.0 + 127.5 * 0.5 * 20_f64.to_radians().sin();
        assert_eq!(slice_place(&plane, [256, 256]), coordinate(2, mm));
        assert_eq!(coordinate(2, mm), "F 38.2");
        assert_eq!(coordinate(0, -0.01), "L 0.0");
    }
}
