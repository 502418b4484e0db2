//! The uniform block of `shader/slice.wgsl`: one picture, composed in `f64` and cast once.

use bytemuck::{Pod, Zeroable};
use glam::DVec3;

use super::display::{CurveShape, Display, GreyCurve, HATCH_PIXELS};
use super::volume_texture::{TexelKind, VolumeTexture};
use crate::volume::{Interpolation, SampleGrid, SlabMode, SliceRequest};

/// Mirror of `struct Slice` in the shader, field by field.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct SliceUniforms {
    cell: [f32; 4],
    within: [f32; 4],
    right_coarse: [f32; 4],
    right_fine: [f32; 4],
    down_coarse: [f32; 4],
    down_fine: [f32; 4],
    along_coarse: [f32; 4],
    along_fine: [f32; 4],
    size: [i32; 4],
    modes: [u32; 4],
    picture: [u32; 4],
    curve: [f32; 4],
    lut: [f32; 4],
}

/// Bytes of the block, for the test that compares it with the shader.
pub const SLICE_UNIFORM_BYTES: usize = size_of::<SliceUniforms>();

/// What becomes of greys on their way into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetEncoding {
    /// Written as they are.
    AsWritten,
    /// The target applies the sRGB curve, so the shader takes it away first.
    Srgb,
}

impl SliceUniforms {
    pub(crate) fn of(
        volume: &VolumeTexture,
        request: &SliceRequest,
        display: &Display,
        encoding: TargetEncoding,
    ) -> Self {
        let lut = &volume.modality_lut;
        let grid = SampleGrid::of(request, &volume.voxel_from_lps, volume.finest_spacing_mm);
        // What is not drawable shows the background.
        let samples = if request.check().is_ok() && grid.is_finite() {
            grid.samples
        } else {
            0
        };
        let curve = GreyCurve::of(display, lut);
        let cell = grid.origin.floor();
        let (right_coarse, right_fine) = split(grid.right);
        let (down_coarse, down_fine) = split(grid.down);
        let (along_coarse, along_fine) = split(grid.along);
        let [columns, rows, slices] = volume.size;
        Self {
            cell: padded(cell),
            within: padded(grid.origin - cell),
            right_coarse,
            right_fine,
            down_coarse,
            down_fine,
            along_coarse,
            along_fine,
            size: [columns, rows, slices, samples].map(|n| n as i32),
            modes: [
                combination(request.slab_mode, lut.slope),
                match request.interpolation {
                    Interpolation::Nearest => 0,
                    Interpolation::Linear => 1,
                },
                match volume.kind {
                    TexelKind::Signed => 0,
                    TexelKind::Unsigned => 1,
                    TexelKind::Float => 2,
                },
                match curve.shape {
                    CurveShape::Ramp => 0,
                    CurveShape::Step => 1,
                    CurveShape::Sigmoid => 2,
                    CurveShape::Table => 3,
                },
            ],
            picture: [
                request.width as u32,
                request.height as u32,
                HATCH_PIXELS as u32,
                u32::from(encoding == TargetEncoding::Srgb),
            ],
            curve: [
                curve.center,
                curve.scale,
                curve.offset,
                f32::from(u8::from(curve.invert)),
            ],
            lut: [
                lut.slope as f32,
                lut.intercept as f32,
                f32::from(display.background) / 255.0,
                f32::from(display.hatch_grey()) / 255.0,
            ],
        }
    }
}

/// Number of the combination in stored values, where a falling modality LUT swaps the ends.
fn combination(mode: SlabMode, slope: f64) -> u32 {
    match (mode, slope < 0.0) {
        (SlabMode::Mip, false) | (SlabMode::Minip, true) => 0,
        (SlabMode::Minip, false) | (SlabMode::Mip, true) => 1,
        (SlabMode::Mean, _) => 2,
    }
}

fn padded(vec: DVec3) -> [f32; 4] {
    let [x, y, z] = vec.to_array().map(|c| c as f32);
    [x, y, z, 0.0]
}

/// A step as a part of 11 bits, whose product with a pixel number below 8192 is exact in `f32`,
/// and the remainder. Positions in the shader stay exact to a millionth of a voxel this way.
fn split(step: DVec3) -> ([f32; 4], [f32; 4]) {
    let coarse = step
        .to_array()
        .map(|c| f32::from_bits((c as f32).to_bits() & 0xffff_e000));
    let rest = step - DVec3::from_array(coarse.map(f64::from));
    let [x, y, z] = coarse;
    ([x, y, z, 0.0], padded(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_split_so_that_their_products_are_exact() {
        let step = DVec3::new(0.123_456_789_012, -1.999_999_9, 1e-7);
        let (coarse, fine) = split(step);
        for axis in 0..3 {
            let sum = f64::from(coarse[axis]) + f64::from(fine[axis]);
            assert!((sum - step[axis]).abs() < 1e-10 * step[axis].abs().max(1e-3));
            let product = coarse[axis] * 8191.0;
            assert_eq!(f64::from(product), f64::from(coarse[axis]) * 8191.0);
        }
    }
}
