//! The planes that were acquired: which view shows them, and which slice a view is on.
//!
//! Thick slices are looked at as they were acquired. Cut in any other plane, also in one that is
//! only a few degrees off, they are a staircase.

use super::viewport::{Layout, Posture, ViewKind, Viewport};
use crate::geometry::{Plane, Vector};
use crate::volume::Volume;

/// Slices whose distance is more than so many times that of the pixels are thick.
const THICK: f64 = 2.5;
/// A stack whose depth is less than this share of the shorter side of its slices is a slab.
const THIN_SHARE: f64 = 1.0 / 3.0;
/// Planes whose normals differ by less than this are the same direction.
const SAME_DIRECTION: f64 = 1e-4;

/// Unit normal of the slices of a volume.
fn normal(volume: &Volume) -> Vector<crate::geometry::Lps> {
    let grid = &volume.geometry;
    grid.column_direction.cross(grid.row_direction)
}

/// The view that the acquired slices are nearest to.
pub fn acquired_kind(volume: &Volume) -> ViewKind {
    let across = normal(volume).0.abs();
    if across.z >= across.x && across.z >= across.y {
        ViewKind::Axial
    } else if across.x >= across.y {
        ViewKind::Sagittal
    } else {
        ViewKind::Coronal
    }
}

/// mm between neighbouring slices along their normal.
fn slice_distance_mm(volume: &Volume) -> f64 {
    let grid = &volume.geometry;
    (grid.slice_direction * grid.spacing_mm[2])
        .dot(normal(volume))
        .abs()
}

/// mm from one acquired slice to the next, in the middle of the stack.
fn acquired_distance_mm(volume: &Volume) -> f64 {
    let frames = volume.geometry.slice_of_frame.len().max(2) as f64;
    slice_distance_mm(volume) * (volume.size[2].max(2) as f64 - 1.0) / (frames - 1.0)
}

/// Whether other planes than the acquired one show a staircase.
pub fn has_thick_slices(volume: &Volume) -> bool {
    let [column, row, _] = volume.geometry.spacing_mm;
    acquired_distance_mm(volume) > THICK * column.max(row)
}

/// Whether the stack is much thinner than its slices are wide, so that only they are worth a
/// large picture.
pub fn is_thin_slab(volume: &Volume) -> bool {
    let [columns, rows, slices] = volume.size.map(|n| n as f64);
    let [column, row, _] = volume.geometry.spacing_mm;
    let side_mm = (columns * column).min(rows * row);
    has_thick_slices(volume) && slices * slice_distance_mm(volume) < THIN_SHARE * side_mm
}

/// A fresh viewport of a kind; on a volume with thick slices the one that is nearest to them shows
/// them as they were acquired, turned as little as can be from how the body is usually seen.
pub fn fresh_viewport(kind: ViewKind, posture: Posture, volume: Option<&Volume>) -> Viewport {
    let mut viewport = Viewport::new(kind, posture);
    let Some(volume) = volume.filter(|v| has_thick_slices(v) && acquired_kind(v) == kind) else {
        return viewport;
    };
    let (columns, rows) = (
        volume.geometry.column_direction,
        volume.geometry.row_direction,
    );
    let toward = |axis: Vector<_>, usual: Vector<_>| {
        if axis.dot(usual) < 0.0 { -axis } else { axis }
    };
    let (usual_right, usual_down) = (viewport.right, viewport.down);
    let turned = columns.dot(usual_right).abs() < rows.dot(usual_right).abs();
    let (right, down) = if turned {
        (rows, columns)
    } else {
        (columns, rows)
    };
    viewport.right = toward(right, usual_right);
    viewport.down = toward(down, usual_down);
    viewport
}

/// Arrangement and kinds for a slab: the acquired plane large, the others beside it.
pub fn slab_layout(volume: &Volume) -> (Layout, [ViewKind; 4]) {
    let acquired = acquired_kind(volume);
    let all = [ViewKind::Axial, ViewKind::Sagittal, ViewKind::Coronal];
    let mut others = all.into_iter().filter(|kind| *kind != acquired);
    let mut next = || others.next().unwrap_or(acquired);
    let (second, third) = (next(), next());
    let kinds = [acquired, second, third, ViewKind::Volume3d];
    (Layout::OnePlusThree, kinds)
}

/// Positions of the acquired slices, in slices of the grid; ascending.
fn positions(volume: &Volume) -> Vec<f64> {
    let grid = &volume.geometry;
    match &grid.uneven_positions {
        Some(positions) => positions.clone(),
        None => grid.slice_of_frame.iter().map(|&s| s as f64).collect(),
    }
}

/// The acquired slice nearest to a slice coordinate, so that no view opens on a gap.
pub fn nearest_acquired(volume: &Volume, at: f64) -> f64 {
    positions(volume)
        .into_iter()
        .min_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs()))
        .unwrap_or(at)
}

/// Which acquired slice a plane shows: `slice 3 of 12`. `None` where it cuts across them.
pub fn slice_words(volume: &Volume, plane: &Plane) -> Option<String> {
    if plane.normal().cross(normal(volume)).length() > SAME_DIRECTION {
        return None;
    }
    let at = (volume.voxel_from_lps * plane.origin).0.z;
    let positions = positions(volume);
    let count = positions.len();
    let above = positions.partition_point(|&position| position < at);
    let below = above.saturating_sub(1);
    let far = |index: usize| positions.get(index).map(|position| (position - at).abs());
    let nearest = match (far(below), far(above)) {
        (Some(b), Some(a)) if a < b => above,
        (None, Some(_)) => above,
        _ => below,
    };
    // Within half a grid step it is that slice; farther off there is none.
    if far(nearest)? <= 0.5 {
        return Some(format!("slice {} of {count}", nearest + 1));
    }
    if above == 0 || above >= count {
        return None;
    }
    Some(format!(
        "between slices {} and {} of {count}",
        below + 1,
        above + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::volume::synthetic::SyntheticVolume;

    /// 64 × 64 pixels of 0.8 mm, slices tilted by 20° about x, 4 mm apart along their normal.
    fn slab(slices: usize) -> Volume {
        let (sin, cos) = 20_f64.to_radians().sin_cos();
        let rows = Vector::new(0., cos, sin);
        SyntheticVolume::new([64, 64, slices], [0.8, 0.8, 4.0])
            .along(Vector::new(1., 0., 0.), rows, Vector::new(0., -sin, cos))
            .build(|_| 0.0)
    }

    #[test]
    fn thick_slices_are_shown_as_acquired_and_others_as_the_body_lies() {
        let volume = slab(4);
        assert!(has_thick_slices(&volume) && is_thin_slab(&volume));
        assert_eq!(acquired_kind(&volume), ViewKind::Axial);
        let axial = fresh_viewport(ViewKind::Axial, Posture::Prone, Some(&volume));
        // Prone: back up, patient left at the left.
        assert_eq!(axial.right, -volume.geometry.column_direction);
        assert_eq!(axial.down, -volume.geometry.row_direction);
        let sagittal = fresh_viewport(ViewKind::Sagittal, Posture::Supine, Some(&volume));
        assert_eq!(sagittal, Viewport::new(ViewKind::Sagittal, Posture::Supine));
        let fine = SyntheticVolume::new([64, 64, 30], [0.8, 0.8, 1.0]).build(|_| 0.0);
        assert!(!has_thick_slices(&fine) && !is_thin_slab(&fine));
        // 30 slices of 4 mm are as deep as wide.
        assert!(!is_thin_slab(&slab(30)));
    }

    #[test]
    fn rows_along_the_right_of_the_picture_are_turned_not_mirrored() {
        // Sagittal slices whose columns run to the feet and whose rows run to the back.
        let volume = SyntheticVolume::new([64, 64, 5], [0.8, 0.8, 4.0])
            .along(
                Vector::new(0., 0., -1.),
                Vector::new(0., 1., 0.),
                Vector::new(1., 0., 0.),
            )
            .build(|_| 0.0);
        let viewport = fresh_viewport(ViewKind::Sagittal, Posture::Supine, Some(&volume));
        assert_eq!(viewport, Viewport::new(ViewKind::Sagittal, Posture::Supine));
        let (layout, kinds) = slab_layout(&volume);
        assert_eq!(
            (layout, kinds[0]),
            (Layout::OnePlusThree, ViewKind::Sagittal)
        );
    }

    #[test]
    fn a_view_along_the_slices_says_which_it_shows() {
        let volume = slab(4);
        let viewport = fresh_viewport(ViewKind::Axial, Posture::Supine, Some(&volume));
        let at = |slice: f64| {
            let centre = volume.lps_from_voxel * Point::new(30., 30., slice);
            let plane = viewport.plane(centre, None).unwrap();
            slice_words(&volume, &plane)
        };
        assert_eq!(at(0.0).unwrap(), "slice 1 of 4");
        assert_eq!(at(2.3).unwrap(), "slice 3 of 4");
        assert_eq!(at(9.0), None);
        let across = Plane::sagittal(Point::new(0., 0., 0.));
        assert_eq!(slice_words(&volume, &across), None);
    }

    #[test]
    fn in_a_gap_the_slices_on_both_sides_are_named() {
        let mut volume = slab(6);
        volume.geometry.slice_of_frame = vec![0, 1, 4, 5];
        let viewport = fresh_viewport(ViewKind::Axial, Posture::Supine, Some(&volume));
        let centre = volume.lps_from_voxel * Point::new(30., 30., 2.6);
        let plane = viewport.plane(centre, None).unwrap();
        assert_eq!(
            slice_words(&volume, &plane).unwrap(),
            "between slices 2 and 3 of 4"
        );
        assert_eq!(nearest_acquired(&volume, 2.6), 4.0);
        assert_eq!(nearest_acquired(&volume, 2.4), 1.0);
    }
}
