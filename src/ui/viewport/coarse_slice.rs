//! Slices with fewer pixels, while something moves.

use glam::DVec2;

use crate::volume::SliceRequest;

/// The same picture with one pixel for `coarse` × `coarse`.
pub(super) fn coarsened(request: &SliceRequest, coarse: usize) -> SliceRequest {
    let shift = (coarse as f64 - 1.0) / 2.0 * request.mm_per_pixel;
    SliceRequest {
        plane: request
            .plane
            .through(request.plane.point_at_mm(DVec2::splat(shift))),
        mm_per_pixel: request.mm_per_pixel * coarse as f64,
        width: request.width.div_ceil(coarse),
        height: request.height.div_ceil(coarse),
        ..*request
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Plane, Point};

    #[test]
    fn a_coarse_picture_covers_the_same_ground() {
        let plane = Plane::axial(Point::new(10., 20., 30.));
        let full = SliceRequest::thin(plane, 0.5, 101, 60);
        let coarse = coarsened(&full, 4);
        assert_eq!(
            (coarse.width, coarse.height, coarse.mm_per_pixel),
            (26, 15, 2.0)
        );
        // Its first pixel covers pixels 0–3: the centre is 1.5 pixels further.
        assert_eq!(coarse.plane.origin, Point::new(10.75, 20.75, 30.));
        assert_eq!(coarsened(&full, 1), full);
    }
}
