//! What was drawn by hand, as voxels of the images.

use std::sync::Arc;

use crate::geometry::Point;
use crate::plan::{BrushStroke, DrawnShape, DrawnStructure, Known};
use crate::volume::Volume;
use crate::volume::structure::draw::{brush, grid_of, grow, sphere, tube};
use crate::volume::structure::{Mask, MaskGrid, Structure, StructureSource};

/// Voxels a grown region may have.
const MOST_VOXELS: usize = 30_000_000;
/// Points of a stroke that are painted at most; it is painted at every half radius anyway.
const MOST_STEPS: usize = 4000;

/// The structure of a drawn shape on the grid of `volume`; why there is none.
pub fn drawn_mask(
    drawn: &DrawnStructure,
    volume: &Volume,
    stop: &dyn Fn() -> bool,
) -> Known<Structure> {
    let grid = grid_of(volume).ok_or("The images have no grid to draw on")?;
    let grid = Arc::new(grid);
    let mask = match &drawn.shape {
        DrawnShape::Sphere { center, radius_mm } => sphere(grid, *center, *radius_mm),
        DrawnShape::Tube { points, radius_mm } => tube(grid, points, *radius_mm),
        DrawnShape::Region {
            seed,
            low,
            high,
            reach_mm,
            strokes,
        } => {
            let bounds = [*low, *high];
            let grown = grow(volume, Arc::clone(&grid), *seed, bounds, MOST_VOXELS, stop)
                .map_err(|error| error.to_string())?;
            let near = within(&grown, &grid, (*seed, *reach_mm));
            return Ok(named(drawn, volume, painted(near, strokes, stop)?));
        }
    };
    let mask = mask.map_err(|error| error.to_string())?;
    Ok(named(drawn, volume, mask))
}

fn named(drawn: &DrawnStructure, volume: &Volume, mask: Mask) -> Structure {
    Structure {
        name: drawn.name.clone(),
        code: None,
        kind: drawn.kind.clone(),
        color: drawn.color.0,
        mask: Arc::new(mask),
        frame_of_reference: volume.frame_of_reference.clone(),
        source: StructureSource::Drawn,
    }
}

/// The voxels no farther than a distance from the seed.
fn within(
    mask: &Mask,
    grid: &Arc<MaskGrid>,
    (seed, reach_mm): (Point<crate::geometry::Lps>, f64),
) -> Mask {
    let near =
        |voxel: [usize; 3]| mask.contains(voxel) && grid.center(voxel).distance(seed) <= reach_mm;
    Mask::from_fn(Arc::clone(grid), mask.first(), mask.size(), near).trimmed()
}

/// Paints the strokes, each as balls half a radius apart.
fn painted(mask: Mask, strokes: &[BrushStroke], stop: &dyn Fn() -> bool) -> Known<Mask> {
    let mut mask = mask;
    let mut steps = 0;
    for stroke in strokes {
        let mut last: Option<Point<crate::geometry::Lps>> = None;
        for &point in &stroke.points {
            let skip = last.is_some_and(|last| last.distance(point) < stroke.radius_mm / 2.0);
            if skip {
                continue;
            }
            steps += 1;
            if steps > MOST_STEPS || stop() {
                return Err("There are too many strokes to paint".to_owned());
            }
            mask = brush(&mask, point, stroke.radius_mm, !stroke.erase)
                .map_err(|error| error.to_string())?;
            last = Some(point);
        }
    }
    Ok(mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Color, StructureId};
    use crate::volume::synthetic::SyntheticVolume;

    fn drawn(shape: DrawnShape) -> DrawnStructure {
        DrawnStructure {
            id: StructureId(0),
            name: "n".to_owned(),
            kind: Some("nerve".to_owned()),
            color: Color([1, 2, 3]),
            hidden: false,
            shape,
        }
    }

    #[test]
    fn a_region_grows_to_its_reach_and_is_corrected_by_strokes() {
        // A bar of 100 along x through air.
        let volume = SyntheticVolume::new([40, 9, 9], [1., 1., 1.]).build(|at| {
            let inside = (at.0.y - 4.0).abs() < 1.5 && (at.0.z - 4.0).abs() < 1.5;
            if inside { 100.0 } else { -1000.0 }
        });
        let region = |strokes| DrawnShape::Region {
            seed: Point::new(10., 4., 4.),
            low: 50.0,
            high: 150.0,
            reach_mm: 8.0,
            strokes,
        };
        let made = drawn_mask(&drawn(region(vec![])), &volume, &|| false).unwrap();
        // 3 × 3 voxels across; along x 8 mm each way, less at the edges of the ball.
        let count = made.mask.count();
        assert!((9 * 15..=9 * 17).contains(&count), "{count}");
        assert_eq!(made.kind.as_deref(), Some("nerve"));
        let erased = vec![BrushStroke {
            points: vec![Point::new(10., 4., 4.)],
            radius_mm: 2.0,
            erase: true,
        }];
        let less = drawn_mask(&drawn(region(erased)), &volume, &|| false).unwrap();
        assert!(less.mask.count() < count);
        assert!(!less.mask.contains([10, 4, 4]));
        let outside = DrawnShape::Region {
            seed: Point::new(10., 0., 0.),
            low: 50.0,
            high: 150.0,
            reach_mm: 8.0,
            strokes: vec![],
        };
        assert!(drawn_mask(&drawn(outside), &volume, &|| false).is_err());
    }
}
