//! How modality values become greys, the same for every back end.

use std::sync::Arc;

use crate::study::{LookupTable, ModalityLut, VoiFunction, WindowLevel};

/// Window or table and polarity of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    /// Window, in modality values.
    pub window: WindowLevel,
    /// How the window is applied (PS3.3 C.11.2).
    pub function: VoiFunction,
    /// VOI LUT table of modality values; where there is one, the window does not count.
    pub table: Option<Arc<LookupTable>>,
    /// Shows low values bright (MONOCHROME1, or asked for by the person).
    pub invert: bool,
    /// Grey of pixels outside the volume.
    pub background: u8,
}

impl Default for Display {
    /// Soft tissue of CT on black.
    fn default() -> Self {
        Self {
            window: WindowLevel::new(40.0, 400.0),
            function: VoiFunction::Linear,
            table: None,
            invert: false,
            background: 0,
        }
    }
}

/// Width of the stripes that mark missing slices, in pixels.
pub const HATCH_PIXELS: usize = 6;

/// How much the bright or dark stripes differ from the background.
const HATCH_CONTRAST: u8 = 72;

impl Display {
    /// Grey of a modality value; the background for NaN.
    pub fn grey_of(&self, value: f64) -> u8 {
        let grey = match &self.table {
            Some(table) => table.share(value),
            None => self.function.apply(value, self.window),
        };
        if grey.is_nan() {
            return self.background;
        }
        let grey = if self.invert { 1.0 - grey } else { grey };
        (255.0 * grey).round() as u8
    }

    /// Grey of the stripes that mark missing slices, always apart from the background.
    pub fn hatch_grey(&self) -> u8 {
        if self.background < 128 {
            self.background + HATCH_CONTRAST
        } else {
            self.background - HATCH_CONTRAST
        }
    }

    /// Grey of a pixel whose slice is missing: diagonal stripes on the background.
    pub fn missing_grey(&self, column: usize, row: usize) -> u8 {
        if ((column + row) / HATCH_PIXELS).is_multiple_of(2) {
            self.hatch_grey()
        } else {
            self.background
        }
    }
}

/// Shape of a [`GreyCurve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CurveShape {
    /// LINEAR and LINEAR_EXACT: `clamp(x + 0.5, 0, 1)`.
    Ramp,
    /// LINEAR of width 1: 1 above 0.
    Step,
    /// SIGMOID: `1 / (1 + exp(-4 x))`.
    Sigmoid,
    /// A table: the entry of number `floor(x + 0.5)`.
    Table,
}

/// Stored value → grey with the modality LUT and the window composed, for `f32` back ends.
///
/// `x = (stored - center) * scale + offset`, then the shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GreyCurve {
    pub shape: CurveShape,
    pub center: f32,
    pub scale: f32,
    pub offset: f32,
    pub invert: bool,
    /// Greys of the table, 65,536 of them; empty for other shapes.
    greys: Vec<u8>,
}

impl GreyCurve {
    /// Composed in `f64`.
    pub(crate) fn of(display: &Display, lut: &ModalityLut) -> Self {
        let WindowLevel { center, width } = display.window;
        // The same least widths as `VoiFunction::apply`.
        let (shape, center, scale) = match (&display.table, display.function) {
            (Some(table), _) => (CurveShape::Table, table.first() as f64, 1.0),
            (None, function) => shape_of(function, center, width),
        };
        let in_stored = (center - lut.intercept) / lut.slope;
        let (center, scale, offset) = if in_stored.is_finite() {
            (in_stored, scale * lut.slope, 0.0)
        } else {
            (0.0, 0.0, (lut.intercept - center) * scale)
        };
        Self {
            shape,
            center: center as f32,
            scale: scale as f32,
            offset: offset as f32,
            invert: display.invert,
            greys: display
                .table
                .as_ref()
                .map_or_else(Vec::new, |table| table.greys()),
        }
    }

    /// Greys of a row of stored values; NaN becomes black.
    pub(crate) fn map_row(&self, stored: &[f32], greys: &mut [u8]) {
        match self.shape {
            CurveShape::Ramp => self.map_with(stored, greys, |x| x + 0.5),
            CurveShape::Step => self.map_with(stored, greys, |x| f32::from(u8::from(x > 0.0))),
            CurveShape::Sigmoid => self.map_with(stored, greys, |x| 1.0 / (1.0 + (-4.0 * x).exp())),
            CurveShape::Table => {
                for (grey, &stored) in greys.iter_mut().zip(stored) {
                    let x = (stored - self.center) * self.scale + self.offset;
                    // The cast saturates: values outside take the ends.
                    let index = (x + 0.5) as u16;
                    let found = self.greys.get(usize::from(index)).copied();
                    let found = found.unwrap_or_default();
                    *grey = if self.invert { 255 - found } else { found };
                }
            }
        }
    }

    #[inline]
    fn map_with(&self, stored: &[f32], greys: &mut [u8], shape: impl Fn(f32) -> f32) {
        let (base, sign) = if self.invert {
            (255.5, -255.0)
        } else {
            (0.5, 255.0)
        };
        for (grey, &stored) in greys.iter_mut().zip(stored) {
            let share = shape((stored - self.center) * self.scale + self.offset);
            *grey = (base + sign * share.clamp(0.0, 1.0)) as u8;
        }
    }
}

/// Shape, centre and scale of a window.
fn shape_of(function: VoiFunction, center: f64, width: f64) -> (CurveShape, f64, f64) {
    match function {
        VoiFunction::Linear if width > 1.0 => (CurveShape::Ramp, center - 0.5, 1.0 / (width - 1.0)),
        VoiFunction::Linear => (CurveShape::Step, center - 0.5, 1.0),
        VoiFunction::LinearExact => (CurveShape::Ramp, center, 1.0 / width.max(1e-9)),
        VoiFunction::Sigmoid => (CurveShape::Sigmoid, center, 1.0 / width.max(1e-9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_agrees_with_the_standards_functions() {
        let luts = [(1.0, 0.0), (1.0, -1024.0), (-0.5, 300.0), (0.0, 40.0)];
        let windows = [(40.0, 400.0), (300.0, 2000.0), (10.0, 1.0), (50.0, 0.0)];
        let functions = [
            VoiFunction::Linear,
            VoiFunction::LinearExact,
            VoiFunction::Sigmoid,
        ];
        for (slope, intercept) in luts {
            let lut = ModalityLut {
                slope,
                intercept,
                ..ModalityLut::default()
            };
            for ((center, width), function) in windows
                .into_iter()
                .flat_map(|window| functions.map(|function| (window, function)))
            {
                for invert in [false, true] {
                    let display = Display {
                        window: WindowLevel::new(center, width),
                        function,
                        invert,
                        ..Display::default()
                    };
                    let curve = GreyCurve::of(&display, &lut);
                    let stored: Vec<f32> = (-1200..3000).map(|v| v as f32 * 0.75).collect();
                    let mut greys = vec![0; stored.len()];
                    curve.map_row(&stored, &mut greys);
                    for (&stored, &grey) in stored.iter().zip(&greys) {
                        let wanted = display.grey_of(lut.apply(f64::from(stored)));
                        // Values on a rounding edge may fall to either side in f32.
                        assert!(
                            grey.abs_diff(wanted) <= 1,
                            "{grey} for {wanted} at {stored} with {display:?} and {lut:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_table_gives_the_same_greys_stored_or_not() {
        let entries = (0..300_u32).map(|n| (n * n / 22) as u16).collect();
        let table = Arc::new(LookupTable::new(-100, 12, entries).unwrap());
        for (slope, intercept) in [(1.0, 0.0), (1.0, -1024.0), (0.37, 12.5), (-1.0, 50.0)] {
            let lut = ModalityLut {
                slope,
                intercept,
                ..ModalityLut::default()
            };
            for invert in [false, true] {
                let display = Display {
                    table: Some(Arc::clone(&table)),
                    invert,
                    ..Display::default()
                };
                let curve = GreyCurve::of(&display, &lut);
                let stored: Vec<f32> = (-500..2000).map(|v| v as f32).collect();
                let mut greys = vec![0; stored.len()];
                curve.map_row(&stored, &mut greys);
                for (&stored, &grey) in stored.iter().zip(&greys) {
                    // Values on the edge between entries may fall to either side in f32.
                    let value = lut.apply(f64::from(stored));
                    let near = [-1e-3, 1e-3].map(|off| display.grey_of(value + off));
                    assert!(near.contains(&grey), "{stored} with {lut:?}");
                }
            }
        }
    }

    #[test]
    fn greys_by_hand() {
        let display = Display {
            window: WindowLevel::new(0.0, 256.0),
            ..Display::default()
        };
        // LINEAR of width 256 about 0: -128 is black, 127 white, one grey per value.
        for (value, grey) in [
            (-128.0, 0),
            (-127.0, 1),
            (0.0, 128),
            (127.0, 255),
            (9e9, 255),
        ] {
            assert_eq!(display.grey_of(value), grey);
        }
        assert_eq!(display.grey_of(f64::NAN), 0);
        let inverted = Display {
            invert: true,
            ..display
        };
        assert_eq!(inverted.grey_of(-127.0), 254);
    }

    #[test]
    fn missing_slices_are_striped_on_any_background() {
        for background in [0, 127, 128, 255] {
            let display = Display {
                background,
                ..Display::default()
            };
            let row: Vec<u8> = (0..24).map(|x| display.missing_grey(x, 3)).collect();
            assert!(row.contains(&background));
            assert!(row.iter().any(|grey| grey.abs_diff(background) >= 64));
        }
    }
}
