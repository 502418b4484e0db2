//! Slices of one direction → slabs: slices whose first pixels lie on one line through the patient.
//!
//! A series may hold several slabs of one direction side by side (lumbar discs with equal tilt,
//! two breasts), which no single grid can hold.

use super::grid::{SAME_PLACE_MM, SIDEWAYS_MM};
use crate::geometry::{Lps, Point};
use crate::study::ImagePlane;

/// Slices a slab has on average at least, where slabs are told apart by a change of direction.
const FEWEST_ON_A_LINE: usize = 3;
/// Slabs side by side that are looked for; more are no slabs.
const MOST_SLABS: usize = 256;
/// Slices among which tilted slabs are looked for; each is compared with all before it.
const MOST_SLICES: usize = 4096;

/// Indices of the planes of each slab, all of one direction. One slab where they lie on one line,
/// or on none that could be found.
pub(crate) fn slabs(planes: &[ImagePlane]) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..planes.len()).collect();
    let Some(first) = planes.first() else {
        return Vec::new();
    };
    let normal = first.normal();
    let places: Vec<Place> = planes
        .iter()
        .map(|plane| Place {
            at: plane.position,
            height: plane.position.0.dot(normal.0),
            across: [first.column_direction, first.row_direction]
                .map(|axis| plane.position.0.dot(axis.0)),
        })
        .collect();
    let mut sorted = all.clone();
    sorted.sort_by(|&a, &b| match (places.get(a), places.get(b)) {
        (Some(a), Some(b)) => a.height.total_cmp(&b.height),
        _ => std::cmp::Ordering::Equal,
    });
    let ordered: Vec<&Place> = sorted.iter().filter_map(|&i| places.get(i)).collect();
    if on_one_line(&ordered) {
        return vec![all];
    }
    side_by_side(&places)
        .or_else(|| lines(&sorted, &places))
        .unwrap_or_else(|| vec![all])
}

struct Place {
    at: Point<Lps>,
    /// Along the normal, mm.
    height: f64,
    /// In the plane, mm.
    across: [f64; 2],
}

/// Whether places sorted by height lie on the line from the first to the last.
fn on_one_line(places: &[&Place]) -> bool {
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return true;
    };
    let rise = last.height - first.height;
    places.iter().all(|place| {
        let expected = if rise < SAME_PLACE_MM {
            first.at
        } else {
            first.at.lerp(last.at, (place.height - first.height) / rise)
        };
        place.at.distance(expected) <= SIDEWAYS_MM
    })
}

/// Slabs without tilt: all slices of one have the same place in the plane.
fn side_by_side(places: &[Place]) -> Option<Vec<Vec<usize>>> {
    let mut slabs: Vec<([f64; 2], Vec<usize>)> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let near = |at: &[f64; 2]| {
            let [dx, dy] = [place.across[0] - at[0], place.across[1] - at[1]];
            dx.hypot(dy) <= SIDEWAYS_MM
        };
        let room = slabs.len() < MOST_SLABS;
        match slabs.iter_mut().find(|(at, _)| near(at)) {
            Some((_, slab)) => slab.push(index),
            None if room => slabs.push((place.across, vec![index])),
            None => return None,
        }
    }
    let slabs: Vec<_> = slabs.into_iter().map(|(_, slab)| slab).collect();
    (slabs.len() * 2 <= places.len()).then_some(slabs)
}

/// Slabs with tilt, one above the other: a new one begins where a slice leaves the line.
fn lines(sorted: &[usize], places: &[Place]) -> Option<Vec<Vec<usize>>> {
    if sorted.len() > MOST_SLICES {
        return None;
    }
    let mut slabs: Vec<Vec<usize>> = Vec::new();
    let mut run: Vec<&Place> = Vec::new();
    for &index in sorted {
        let place = places.get(index)?;
        run.push(place);
        if !on_one_line(&run) {
            run = vec![place];
        }
        if run.len() == 1 {
            if slabs.len() == MOST_SLABS {
                return None;
            }
            slabs.push(Vec::new());
        }
        slabs.last_mut()?.push(index);
    }
    (slabs.len() * FEWEST_ON_A_LINE <= places.len()).then_some(slabs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vector;

    fn plane(x: f64, y: f64, z: f64) -> ImagePlane {
        ImagePlane {
            position: Point::new(x, y, z),
            column_direction: Vector::new(1., 0., 0.),
            row_direction: Vector::new(0., 1., 0.),
            column_spacing_mm: 1.0,
            row_spacing_mm: 1.0,
        }
    }

    #[test]
    fn slices_on_one_line_are_one_slab_tilted_or_repeated() {
        let straight = [0., 1., 2., 2., 7.].map(|z| plane(0., 0., z));
        assert_eq!(slabs(&straight).len(), 1);
        let tilted = [0., 1., 2., 3.].map(|z| plane(0., z * 0.3, z));
        assert_eq!(slabs(&tilted).len(), 1);
    }

    #[test]
    fn slabs_side_by_side_are_told_apart_where_they_overlap() {
        // Heights 0 1 2 and 0.5 1.5 2.5, 40 mm to the left.
        let planes: Vec<_> = (0..6)
            .map(|i| plane(f64::from(i % 2) * 40., 0., f64::from(i) * 0.5))
            .collect();
        assert_eq!(slabs(&planes), [vec![0, 2, 4], vec![1, 3, 5]]);
    }

    #[test]
    fn tilted_slabs_begin_where_a_slice_leaves_the_line() {
        let at = |offset: f64, z: f64| plane(0., offset + 0.2 * z, z);
        let planes: Vec<_> = [0., 1., 2., 3.]
            .map(|z| at(0., z))
            .into_iter()
            .chain([10., 11., 12., 13.].map(|z| at(15., z)))
            .collect();
        assert_eq!(slabs(&planes), [vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    }

    #[test]
    fn scattered_slices_are_no_slabs() {
        let planes: Vec<_> = (0..7)
            .map(|i| plane(f64::from(i * i), 0., f64::from(i)))
            .collect();
        assert_eq!(slabs(&planes).len(), 1);
    }
}
