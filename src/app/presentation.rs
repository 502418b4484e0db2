//! How one series looks: window, invert, interpolation.

use crate::study::{VoiFunction, VoiLut, WindowLevel};
use crate::volume::Volume;
use crate::volume::sample::Interpolation;

/// Look of one series in all its viewports.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    /// Window in modality values.
    pub window: WindowLevel,
    /// How the window is applied.
    pub function: VoiFunction,
    /// White and black exchanged.
    pub invert: bool,
    /// Between voxels.
    pub interpolation: Interpolation,
    /// The image's own look, for `0`.
    pub own: (WindowLevel, VoiFunction),
}

impl Presentation {
    /// Default look: the header's first window, else soft tissue for CT, else the given range.
    pub fn new(header: Option<&VoiLut>, unit: &str, range: Option<(f64, f64)>) -> Self {
        let own = match (header, range) {
            (Some(voi), _) => (voi.window, voi.function),
            (None, _) if unit == "HU" => (WindowLevel::new(40.0, 400.0), VoiFunction::Linear),
            (None, Some((low, high))) => (
                WindowLevel::new(f64::midpoint(low, high), (high - low).max(1.0)),
                VoiFunction::LinearExact,
            ),
            (None, None) => (WindowLevel::new(127.5, 255.0), VoiFunction::LinearExact),
        };
        Self {
            window: own.0,
            function: own.1,
            invert: false,
            interpolation: Interpolation::Linear,
            own,
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

/// 1st and 99th percentile of a sparse sample of the voxels; `None` while nothing is loaded.
pub fn percentile_range(volume: &Volume) -> Option<(f64, f64)> {
    let [columns, rows, slices] = volume.size;
    let step = |n: usize| (n / 48).max(1);
    let mut values: Vec<f64> = (0..slices)
        .step_by(step(slices))
        .flat_map(|slice| {
            (0..rows).step_by(step(rows)).flat_map(move |row| {
                (0..columns)
                    .step_by(step(columns))
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
    fn a_drag_right_widens_and_a_drag_down_raises_the_center() {
        let window = Presentation::dragged(WindowLevel::new(40.0, 300.0), 30.0, 20.0);
        assert_eq!(window, WindowLevel::new(60.0, 330.0));
        let least = Presentation::dragged(WindowLevel::new(40.0, 2.0), -1e6, 0.0);
        assert_eq!(least.width, 1.0);
    }
}
