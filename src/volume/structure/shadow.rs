//! The outline of a structure's shadow on a receptor.

use glam::DVec2;

use super::outline::outlines_of;
use crate::geometry::{ConeBeam, Mesh, Point, Receptor};

/// The closed lines around the shadow of a closed surface, in columns and rows of the receptor
/// (fractional, pixel centres whole), exact to about half a pixel.
///
/// What falls beside the receptor is cut off at its edge. Empty where part of the surface is
/// behind the source.
pub fn shadow(mesh: &Mesh, beam: &ConeBeam, receptor: &Receptor) -> Vec<Vec<DVec2>> {
    let projected: Option<Vec<DVec2>> = mesh
        .positions
        .iter()
        .map(|at| {
            let [x, y, z] = at.map(f64::from);
            beam.pixel_of(Point::new(x, y, z), receptor)
        })
        .collect();
    let (Some(projected), false) = (projected, receptor.size.contains(&0)) else {
        return Vec::new();
    };
    // A sample more around the receptor, so that lines at its edge are closed.
    let [columns, rows] = receptor.size.map(|n| n + 2);
    let mut inside = vec![false; columns * rows];
    for triangle in &mesh.triangles {
        let corner = |index: u32| projected.get(index as usize).copied();
        let [a, b, c] = triangle.map(corner);
        if let (Some(a), Some(b), Some(c)) = (a, b, c) {
            let corners = [a, b, c].map(|at| at + DVec2::ONE);
            fill(&mut inside, [columns, rows], corners);
        }
    }
    let mut lines = outlines_of(&inside, columns);
    for point in lines.iter_mut().flatten() {
        *point -= DVec2::ONE;
    }
    lines
}

/// Sets the samples in a triangle, but none of the outermost.
fn fill(inside: &mut [bool], [columns, rows]: [usize; 2], [a, b, c]: [DVec2; 3]) {
    let low = a.min(b).min(c).ceil().max(DVec2::ONE);
    let last = DVec2::new(columns as f64 - 2.0, rows as f64 - 2.0);
    let high = a.max(b).max(c).floor().min(last);
    if !(low.x <= high.x && low.y <= high.y) {
        return;
    }
    let turn = |from: DVec2, to: DVec2, at: DVec2| (to - from).perp_dot(at - from);
    let sense = turn(a, b, c).signum();
    for row in low.y as usize..=high.y as usize {
        for column in low.x as usize..=high.x as usize {
            let at = DVec2::new(column as f64, row as f64);
            let within = [(a, b), (b, c), (c, a)]
                .into_iter()
                .all(|(from, to)| turn(from, to, at) * sense >= 0.0);
            if within && let Some(sample) = inside.get_mut(row * columns + column) {
                *sample = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees, solid};

    fn beam(primary: f64) -> ConeBeam {
        let pose = CArmPose {
            angles: CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(0.0),
            },
            isocenter: Point::new(5.0, 6.0, 7.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 500.0,
        };
        pose.beam().unwrap()
    }

    #[test]
    fn a_ball_at_the_isocentre_throws_a_disc_twice_as_large() {
        let ball = solid::sphere(Point::new(5.0, 6.0, 7.0), 20.0, 4);
        let receptor = Receptor::centered([201, 151], 0.5);
        for primary in [0.0, 37.0, 180.0] {
            let lines = shadow(&ball, &beam(primary), &receptor);
            let [line] = lines.as_slice() else {
                panic!("{} lines", lines.len())
            };
            // Tangents of the cone: radius 1000 · tan(asin(20 / 500)) = 40.03 mm, 80 pixels;
            // cut off by the receptor's upper and lower edge.
            let middle = DVec2::new(100.0, 75.0);
            for point in line {
                let away = (*point - middle).length();
                let cut = (point.y - 75.0).abs() >= 75.0;
                assert!(cut || (away - 80.06).abs() < 1.0, "{point} {away}");
            }
            assert!(line.iter().any(|point| point.x < 21.0));
        }
    }

    #[test]
    fn what_is_beside_the_beam_or_behind_the_source_has_no_shadow() {
        let receptor = Receptor::centered([40, 40], 1.0);
        let beside = solid::sphere(Point::new(300.0, 6.0, 7.0), 20.0, 2);
        assert!(shadow(&beside, &beam(0.0), &receptor).is_empty());
        let behind = solid::sphere(Point::new(5.0, 606.0, 7.0), 20.0, 2);
        assert!(shadow(&behind, &beam(0.0), &receptor).is_empty());
    }
}
