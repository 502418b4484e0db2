//! How one series looks: window or table, invert, interpolation.

use std::sync::Arc;

use crate::render::Display;
use crate::study::{Frame, Instance, LookupTable, VoiFunction, VoiLut, WindowLevel};
use crate::volume::Volume;
use crate::volume::sample::Interpolation;

/// Look of one series in all its viewports.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    /// Window in modality values; with a table the range of its input.
    pub window: WindowLevel,
    /// How the window is applied.
    pub function: VoiFunction,
    /// VOI LUT table of the header, shown instead of the window until another is chosen.
    pub table: Option<Arc<LookupTable>>,
    /// Low values are bright.
    pub invert: bool,
    /// They are so by the header (MONOCHROME1, Presentation LUT Shape).
    pub own_invert: bool,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// The image's own look, for `0`.
    pub own: VoiLut,
}

/// A width that can be divided by: 1 where all values are equal, else what it is.
fn widened(width: f64) -> f64 {
    if width > 0.0 { width } else { 1.0 }
}

impl Presentation {
    /// Default look: the header's first window or table, else soft tissue for CT, else the given
    /// range.
    pub fn new(header: Option<&VoiLut>, unit: &str, range: Option<(f64, f64)>) -> Self {
        let plain = |window, function| VoiLut {
            window,
            function,
            table: None,
            explanation: String::new(),
        };
        let own = match (header, range) {
            (Some(voi), _) => voi.clone(),
            (None, _) if unit == "HU" => plain(WindowLevel::new(40.0, 400.0), VoiFunction::Linear),
            (None, Some((low, high))) => plain(
                WindowLevel::new(f64::midpoint(low, high), widened(high - low)),
                VoiFunction::LinearExact,
            ),
            (None, None) => plain(WindowLevel::new(127.5, 255.0), VoiFunction::LinearExact),
        };
        Self {
            window: own.window,
            function: own.function,
            table: own.table.clone(),
            invert: false,
            own_invert: false,
            interpolation: Interpolation::Linear,
            own,
        }
    }

    /// The same with the way greys run in the header.
    pub fn with_low_bright(self, low_is_bright: bool) -> Self {
        Self {
            invert: low_is_bright,
            own_invert: low_is_bright,
            ..self
        }
    }

    /// Whether a person has exchanged white and black.
    pub fn is_inverted(&self) -> bool {
        self.invert != self.own_invert
    }

    /// Range that nearly all modality values of frame `index` of a file lie in, without padding;
    /// `None` for colour and for frames of padding only.
    pub fn range_of(instance: &Instance, index: usize, frame: &Frame) -> Option<(f64, f64)> {
        let samples = &frame.samples;
        let lut = &instance.frames.get(index)?.modality_lut;
        let mut values: Vec<f64> = (0..samples.len())
            .step_by((samples.len() / 50_000).max(1))
            .filter_map(|pixel| samples.value(pixel))
            .filter(|&stored| !instance.is_padding(stored))
            .map(|stored| lut.apply(stored))
            .filter(|value| value.is_finite())
            .collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| values.get((last as f64 * share) as usize).copied();
        at(0.005).zip(at(0.995))
    }

    /// Range of differences around zero that nearly all of a subtracted frame lie in.
    pub fn difference_range(frame: &Frame) -> (f64, f64) {
        let samples = &frame.samples;
        let mut sizes: Vec<f64> = (0..samples.len())
            .step_by((samples.len() / 50_000).max(1))
            .filter_map(|pixel| Some(samples.value(pixel)?.abs()))
            .collect();
        let last = sizes.len().saturating_sub(1);
        let at = (last as f64 * 0.995) as usize;
        // Asked of every difference that is shown, so that not all of them are put in order.
        let most = (!sizes.is_empty()).then(|| *sizes.select_nth_unstable_by(at, f64::total_cmp).1);
        // Noise alone is not stretched to black and white.
        let most = most.unwrap_or_default().max(50.0);
        (-most, most)
    }

    /// Whether nobody has chosen another look than the image's own.
    pub fn is_own(&self) -> bool {
        self.shows(&self.own)
    }

    /// Whether it shows a look of the header.
    pub fn shows(&self, voi: &VoiLut) -> bool {
        self.window == voi.window && self.function == voi.function && self.table == voi.table
    }

    /// Takes a look of the header.
    pub fn take(&mut self, voi: &VoiLut) {
        self.window = voi.window;
        self.function = voi.function;
        self.table.clone_from(&voi.table);
    }

    /// Takes a window; another one than that of a table ends the table.
    pub fn set_window(&mut self, window: WindowLevel) {
        if window != self.window {
            self.table = None;
        }
        self.window = window;
    }

    /// The image's own look from here on, shown where the one before it was.
    pub fn set_own(&mut self, own: &VoiLut) {
        if self.is_own() {
            self.take(own);
        }
        self.own = own.clone();
    }

    /// For the back ends, on black.
    pub fn display(&self) -> Display {
        Display {
            window: self.window,
            function: self.function,
            table: self.table.clone(),
            invert: self.invert,
            background: 0,
        }
    }

    /// Window after a drag of `right`, `down` screen points: right widens, down darkens. The step
    /// grows with the width, so that bone and disc windows drag alike.
    pub fn dragged(window: WindowLevel, right: f64, down: f64) -> WindowLevel {
        let step = (window.width / 300.0).clamp(0.02, 20.0);
        WindowLevel {
            center: window.center + down * step,
            width: (window.width + right * step).max(1.0),
        }
    }
}

/// 1st and 99th percentile of a sparse sample of the voxels without padding; `None` while nothing is loaded.
pub fn percentile_range(volume: &Volume) -> Option<(f64, f64)> {
    let [columns, rows, slices] = volume.size;
    let step = |n: usize| (n / 48).max(1);
    let is_padding = |column: usize, row: usize, slice: usize| {
        let stored = volume.voxels.stored(slice, row * columns + column);
        let padding = volume.padding.zip(stored);
        padding.is_some_and(|([least, most], stored)| (least..=most).contains(&stored))
    };
    let is_padding = &is_padding;
    let mut values: Vec<f64> = (0..slices)
        .step_by(step(slices))
        .flat_map(|slice| {
            (0..rows).step_by(step(rows)).flat_map(move |row| {
                (0..columns)
                    .step_by(step(columns))
                    .filter(move |&column| !is_padding(column, row, slice))
                    .filter_map(move |column| volume.value_at_voxel(column, row, slice))
            })
        })
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |fraction: f64| {
        values
            .get((last as f64 * fraction).round() as usize)
            .copied()
    };
    at(0.01).zip(at(0.99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_comes_before_the_modality_and_that_before_the_statistics() {
        let header = VoiLut {
            window: WindowLevel::new(300.0, 1500.0),
            function: VoiFunction::Sigmoid,
            table: None,
            explanation: String::new(),
        };
        let own = Presentation::new(Some(&header), "HU", Some((0., 9.)));
        assert_eq!(
            (own.window, own.function),
            (header.window, VoiFunction::Sigmoid)
        );
        let ct = Presentation::new(None, "HU", Some((0., 9.)));
        assert_eq!(ct.window, WindowLevel::new(40.0, 400.0));
        let mr = Presentation::new(None, "", Some((100., 900.)));
        assert_eq!(mr.window, WindowLevel::new(500.0, 800.0));
    }

    #[test]
    fn only_a_person_inverts() {
        let radiograph = Presentation::new(None, "", None).with_low_bright(true);
        assert!(radiograph.display().invert && !radiograph.is_inverted());
        let exchanged = Presentation {
            invert: false,
            ..radiograph
        };
        assert!(exchanged.is_inverted());
    }

    #[test]
    fn a_table_is_shown_until_another_window_is_chosen() {
        let table = LookupTable::new(0, 8, vec![0, 255]).unwrap();
        let header = VoiLut::of_table(table, String::new());
        let mut look = Presentation::new(Some(&header), "", None);
        assert!(look.is_own() && look.display().table.is_some());
        look.set_window(look.window);
        assert!(look.is_own(), "a window kept in a plan file");
        look.set_window(Presentation::dragged(look.window, 5.0, 0.0));
        assert!(!look.is_own() && look.display().table.is_none());
        let next = Presentation::new(None, "HU", None).own;
        look.set_own(&next);
        assert!(!look.is_own(), "what was chosen stays");
        look.take(&next);
        look.set_own(&header);
        assert!(look.is_own() && look.table.is_some());
    }

    #[test]
    fn padding_is_not_counted() {
        use crate::volume::synthetic::SyntheticVolume;
        let mut volume = SyntheticVolume::new([64, 8, 2], [1., 1., 1.])
            .build(|p| if p.0.x < 32.0 { -2000.0 } else { 100.0 });
        assert_eq!(percentile_range(&volume).unwrap().0, -2000.0);
        volume.padding = Some([-2000.0, -2000.0]);
        assert_eq!(percentile_range(&volume), Some((100.0, 100.0)));
    }

    #[test]
    fn a_drag_right_widens_and_a_drag_down_raises_the_center() {
        let window = Presentation::dragged(WindowLevel::new(40.0, 300.0), 30.0, 20.0);
        assert_eq!(window, WindowLevel::new(60.0, 330.0));
        let least = Presentation::dragged(WindowLevel::new(40.0, 2.0), -1e6, 0.0);
        assert_eq!(least.width, 1.0);
    }
}
