//! What one picture of a volume shows: plane, scale, size, slab and interpolation.
//!
//! Plain data, the same for the oracle, the CPU and the GPU back end, and the one place that says
//! where the samples of a slab lie.

use glam::DVec3;
use thiserror::Error;

use crate::geometry::{Lps, Plane, Point, Transform, Voxel};

/// Most samples along the normal of a slab; a thicker slab takes wider steps.
pub const MAX_SLAB_SAMPLES: usize = 2001;

/// Widest and tallest picture, in pixels.
pub const MAX_PICTURE_SIDE: usize = 32_768;

/// How a value between voxel centres is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interpolation {
    /// The voxel whose centre is nearest; halves go up.
    Nearest,
    /// From the eight voxels around, each by its share.
    #[default]
    Linear,
}

/// What becomes of the samples along the normal of a thick slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SlabMode {
    /// Greatest modality value.
    #[default]
    Mip,
    /// Least modality value.
    Minip,
    /// Mean of the modality values.
    Mean,
}

/// One picture of a volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceRequest {
    /// Picture plane; its origin is the **centre of the top-left pixel**, LPS mm.
    pub plane: Plane,
    /// Edge of a pixel in mm, above 0.
    pub mm_per_pixel: f64,
    /// Columns of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
    /// Thickness of the slab, symmetric about the plane, mm; 0 for the plane alone.
    pub slab_mm: f64,
    /// What becomes of the samples of a thick slab.
    pub slab_mode: SlabMode,
    /// How values between voxel centres are found.
    pub interpolation: Interpolation,
}

/// Why a picture cannot be asked for.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SliceRequestError {
    /// Pixel size not a positive number.
    #[error("The pixel size must be above 0 mm, not {0}")]
    PixelSize(f64),
    /// Slab negative or not a number.
    #[error("The slab must be 0 mm or thicker, not {0}")]
    Slab(f64),
    /// No pixels, or too many.
    #[error("The picture must be 1 to {MAX_PICTURE_SIDE} pixels wide and high, not {0} × {1}")]
    Size(usize, usize),
    /// A coordinate of the plane is NaN or infinite.
    #[error("The plane's position and directions must be finite numbers")]
    Plane,
}

impl SliceRequest {
    /// A thin, linearly interpolated picture whose top-left pixel centre is the plane's origin.
    pub fn thin(plane: Plane, mm_per_pixel: f64, width: usize, height: usize) -> Self {
        Self {
            plane,
            mm_per_pixel,
            width,
            height,
            slab_mm: 0.0,
            slab_mode: SlabMode::default(),
            interpolation: Interpolation::default(),
        }
    }

    /// The same, with the plane's origin at picture coordinates ((width − 1)/2, (height − 1)/2).
    pub fn thin_centered(plane: Plane, mm_per_pixel: f64, width: usize, height: usize) -> Self {
        let half = |pixels: usize| (pixels as f64 - 1.0) / 2.0 * mm_per_pixel;
        let top_left = plane.origin - plane.right * half(width) - plane.down * half(height);
        Self::thin(plane.through(top_left), mm_per_pixel, width, height)
    }

    /// Refuses what cannot be drawn: no pixels, no scale, a plane that is not finite.
    pub fn check(&self) -> Result<(), SliceRequestError> {
        if !(self.mm_per_pixel.is_finite() && self.mm_per_pixel > 0.0) {
            return Err(SliceRequestError::PixelSize(self.mm_per_pixel));
        }
        if !(self.slab_mm.is_finite() && self.slab_mm >= 0.0) {
            return Err(SliceRequestError::Slab(self.slab_mm));
        }
        let side = 1..=MAX_PICTURE_SIDE;
        if !(side.contains(&self.width) && side.contains(&self.height)) {
            return Err(SliceRequestError::Size(self.width, self.height));
        }
        let plane = &self.plane;
        if !(plane.origin.is_finite() && plane.right.is_finite() && plane.down.is_finite()) {
            return Err(SliceRequestError::Plane);
        }
        Ok(())
    }

    /// Patient position of a pixel centre, counted from the top-left pixel.
    pub fn lps_from_pixel(&self, column: f64, row: f64) -> Point<Lps> {
        self.plane.origin
            + self.plane.right * (column * self.mm_per_pixel)
            + self.plane.down * (row * self.mm_per_pixel)
    }

    /// Where the samples along the normal lie, in a volume whose finest spacing is given.
    pub fn slab_samples(&self, finest_spacing_mm: f64) -> SlabSamples {
        SlabSamples::of(self.slab_mm, finest_spacing_mm)
    }
}

/// Samples along the normal: an odd number, symmetric, the first and last at ± half the slab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlabSamples {
    /// How many; odd, 1 for a thin slice.
    pub count: usize,
    /// Distance between neighbours, mm; 0 for a thin slice. At most the finest voxel spacing,
    /// unless that took more than [`MAX_SLAB_SAMPLES`].
    pub step_mm: f64,
}

impl SlabSamples {
    /// For a slab in a volume. A thickness or spacing that is no positive number gives one sample.
    pub fn of(slab_mm: f64, finest_spacing_mm: f64) -> Self {
        let positive = |mm: f64| mm.is_finite() && mm > 0.0;
        if !positive(slab_mm) || !positive(finest_spacing_mm) {
            return Self {
                count: 1,
                step_mm: 0.0,
            };
        }
        let most = ((MAX_SLAB_SAMPLES - 1) / 2) as f64;
        // A slab of exactly so many voxels takes so many steps in spite of rounding.
        let each_side = (slab_mm / (2.0 * finest_spacing_mm) - 1e-9).ceil();
        let each_side = each_side.clamp(1.0, most);
        Self {
            count: 2 * each_side as usize + 1,
            step_mm: slab_mm / (2.0 * each_side),
        }
    }

    /// Distance of a sample from the plane in mm, along the normal.
    pub fn offset_mm(&self, sample: usize) -> f64 {
        (sample as f64 - (self.count - 1) as f64 / 2.0) * self.step_mm
    }
}

/// Voxel coordinates of every sample of a picture: affine in pixel column, row and slab sample.
///
/// Composed in `f64` once per picture; the back ends start from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleGrid {
    /// Voxel coordinates of the first sample at the top-left pixel.
    pub origin: DVec3,
    /// Step to the next pixel on the right.
    pub right: DVec3,
    /// Step to the next pixel row.
    pub down: DVec3,
    /// Step to the next sample along the normal.
    pub along: DVec3,
    /// Samples along the normal.
    pub samples: usize,
}

impl SampleGrid {
    /// For a picture of a volume with the given map and finest spacing (mm).
    pub fn of(
        request: &SliceRequest,
        voxel_from_lps: &Transform<Voxel, Lps>,
        finest_spacing_mm: f64,
    ) -> Self {
        let slab = request.slab_samples(finest_spacing_mm);
        let normal = request.plane.normal();
        let first = request.plane.origin + normal * slab.offset_mm(0);
        Self {
            origin: (*voxel_from_lps * first).0,
            right: voxel_from_lps
                .vector(request.plane.right * request.mm_per_pixel)
                .0,
            down: voxel_from_lps
                .vector(request.plane.down * request.mm_per_pixel)
                .0,
            along: voxel_from_lps.vector(normal * slab.step_mm).0,
            samples: slab.count,
        }
    }

    /// Voxel coordinates of one sample.
    pub fn at(&self, column: usize, row: usize, sample: usize) -> DVec3 {
        self.origin
            + self.right * column as f64
            + self.down * row as f64
            + self.along * sample as f64
    }

    /// Whether every coordinate is a finite number.
    pub fn is_finite(&self) -> bool {
        [self.origin, self.right, self.down, self.along]
            .iter()
            .all(|vec| vec.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slab_samples_are_odd_symmetric_and_no_wider_than_a_voxel() {
        let thin = SlabSamples::of(0.0, 0.5);
        assert_eq!((thin.count, thin.step_mm, thin.offset_mm(0)), (1, 0.0, 0.0));
        // 10 mm of 1 mm voxels: five steps to each side.
        let ten = SlabSamples::of(10.0, 1.0);
        assert_eq!((ten.count, ten.step_mm), (11, 1.0));
        assert_eq!((ten.offset_mm(0), ten.offset_mm(5)), (-5.0, 0.0));
        assert_eq!(ten.offset_mm(10), 5.0);
        // 1 mm of 0.4 mm voxels: half a slab is 1.25 voxels, so two steps of 0.25 mm.
        let one = SlabSamples::of(1.0, 0.4);
        assert_eq!((one.count, one.step_mm), (5, 0.25));
        assert_eq!(SlabSamples::of(3.0 * 0.1, 0.05).count, 7);
        assert_eq!(SlabSamples::of(1e9, 0.5).count, MAX_SLAB_SAMPLES);
        for strange in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(SlabSamples::of(strange, 1.0).count, 1);
            assert_eq!(SlabSamples::of(1.0, strange).count, 1);
        }
    }

    #[test]
    fn a_centered_picture_has_its_origin_half_a_picture_away() {
        let centre = Point::new(10., 20., 30.);
        let request = SliceRequest::thin_centered(Plane::coronal(centre), 0.5, 5, 2);
        assert_eq!(request.plane.origin, Point::new(9., 20., 30.25));
        assert_eq!(request.lps_from_pixel(2.0, 0.5), centre);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_with_the_number() {
        let good = SliceRequest::thin(Plane::axial(Point::new(0., 0., 0.)), 0.5, 4, 4);
        assert_eq!(good.check(), Ok(()));
        let refused = |change: &dyn Fn(&mut SliceRequest)| {
            let mut request = good;
            change(&mut request);
            request.check().unwrap_err().to_string()
        };
        assert!(refused(&|r| r.mm_per_pixel = -2.0).contains("-2"));
        assert!(refused(&|r| r.slab_mm = f64::NAN).contains("NaN"));
        assert!(refused(&|r| r.height = 0).contains("4 × 0"));
        assert!(refused(&|r| r.width = 100_000).contains("100000"));
        assert!(refused(&|r| r.plane.origin = Point::new(f64::NAN, 0., 0.)).contains("finite"));
    }
}
