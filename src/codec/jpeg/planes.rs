//! Samples of the components of a DCT frame, and how they become pixels.

use super::blocks::{Place, all_blocks, padded_blocks};
use super::frame::Frame;
use super::upsample::Upsampling;
use crate::codec::{CodecError, Limits, Plane as Pixels};

/// Working memory that any image may have.
const SMALL_MEMORY: usize = 1 << 20;

/// One component.
#[derive(Debug)]
pub(super) struct Plane {
    /// Row by row, with those that fill the last blocks.
    samples: Vec<u16>,
    /// Samples of a row.
    stride: usize,
    /// Whether its scan has come.
    pub is_done: bool,
}

impl Plane {
    /// Puts the samples of a block where they belong.
    pub fn put(&mut self, place: Place, block: &[u16; 64]) {
        let start = 8 * (place.y * self.stride + place.x);
        let rest = self.samples.get_mut(start..).unwrap_or_default();
        let (rows, _) = block.as_chunks::<8>();
        for (target, row) in rest.chunks_mut(self.stride.max(1)).zip(rows) {
            if let Some(target) = target.first_chunk_mut::<8>() {
                *target = *row;
            }
        }
    }

    /// Row `y` as far as it is of the image, the nearest one where there is none.
    fn row(&self, y: usize, [columns, rows]: [usize; 2]) -> &[u16] {
        let start = y.min(rows.saturating_sub(1)) * self.stride;
        self.samples.get(start..start + columns).unwrap_or_default()
    }
}

/// All components of a frame.
#[derive(Debug)]
pub(super) struct Planes {
    pub components: Vec<Plane>,
}

impl Planes {
    /// Room for a frame, if the limits allow it.
    pub fn new(frame: &Frame, limits: &Limits) -> Result<Self, CodecError> {
        frame.samples(limits)?;
        Self::check_memory(frame, limits, 2 * 64 * all_blocks(frame))?;
        let components = frame.components.iter().map(|component| {
            let [across, down] = padded_blocks(frame, component);
            Plane {
                samples: vec![0; 64 * across * down],
                stride: 8 * across,
                is_done: false,
            }
        });
        Ok(Self {
            components: components.collect(),
        })
    }

    /// Refuses working memory of `bytes` that has no relation to the samples allowed.
    pub fn check_memory(frame: &Frame, limits: &Limits, bytes: usize) -> Result<(), CodecError> {
        if bytes > limits.bytes.saturating_mul(8).max(SMALL_MEMORY) {
            return Err(CodecError::TooLarge {
                rows: frame.rows,
                columns: frame.columns,
            });
        }
        Ok(())
    }

    /// Whether every component has come.
    pub fn is_complete(&self) -> bool {
        self.components.iter().all(|plane| plane.is_done)
    }

    /// Colours by pixel, all as large as the image.
    pub fn pixels(self, frame: &Frame, limits: &Limits) -> Result<Pixels, CodecError> {
        Ok(if frame.precision > 8 {
            Pixels::U16(self.interleaved(frame, limits, |sample| sample)?)
        } else {
            Pixels::U8(self.interleaved(frame, limits, |sample| sample as u8)?)
        })
    }

    fn interleaved<T: Copy + Default>(
        &self,
        frame: &Frame,
        limits: &Limits,
        sample: impl Fn(u16) -> T,
    ) -> Result<Vec<T>, CodecError> {
        let mut pixels = vec![T::default(); frame.samples(limits)?];
        let count = frame.components.len();
        let mut upsamplings: Vec<Upsampling> = frame
            .components
            .iter()
            .map(|component| Upsampling::new(frame, component))
            .collect();
        for (y, row) in pixels.chunks_exact_mut(frame.columns * count).enumerate() {
            limits.check_time()?;
            let sources = self.components.iter().zip(&mut upsamplings);
            for (index, (plane, upsampling)) in sources.enumerate() {
                let size = upsampling.size;
                let full = upsampling.row(y, |y| plane.row(y, size));
                let values = full.iter().map(|value| sample(*value));
                if count == 1 {
                    row.iter_mut()
                        .zip(values)
                        .for_each(|(target, value)| *target = value);
                    continue;
                }
                for (target, value) in row.iter_mut().skip(index).step_by(count).zip(values) {
                    *target = value;
                }
            }
        }
        Ok(pixels)
    }
}
