//! Stored values → modality values → display greys (PS3.3 C.11.1, C.11.2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LookupTable;

/// Modality LUT: a table, or rescale slope and intercept, and what the result is (C.11.1).
#[derive(Debug, Clone, PartialEq)]
pub struct ModalityLut {
    /// Rescale Slope (0028,1053), 1 where absent.
    pub slope: f64,
    /// Rescale Intercept (0028,1052), 0 where absent.
    pub intercept: f64,
    /// What the values are: `HU` for CT unless the file says otherwise, else Modality LUT Type,
    /// Rescale Type or Units, or empty.
    pub unit: String,
    /// Modality LUT Sequence (0028,3000). Where it is there, slope and intercept do not count.
    pub table: Option<Arc<LookupTable>>,
}

impl Default for ModalityLut {
    fn default() -> Self {
        Self {
            slope: 1.0,
            intercept: 0.0,
            unit: String::new(),
            table: None,
        }
    }
}

impl ModalityLut {
    /// Modality value of a stored value.
    pub fn apply(&self, stored: f64) -> f64 {
        match &self.table {
            Some(table) => table.value(stored),
            None => stored * self.slope + self.intercept,
        }
    }
}

/// Window centre and width in modality values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WindowLevel {
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051).
    pub width: f64,
}

impl WindowLevel {
    /// From centre and width.
    pub const fn new(center: f64, width: f64) -> Self {
        Self { center, width }
    }
}

/// VOI LUT Function (0028,1056).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum VoiFunction {
    /// C.11.2.1.2.1, the default.
    #[default]
    Linear,
    /// C.11.2.1.3.2.
    LinearExact,
    /// C.11.2.1.3.1.
    Sigmoid,
}

impl VoiFunction {
    /// From the header's word; `None` for an unknown one.
    pub fn from_code(code: &str) -> Option<Self> {
        match code.trim_matches(|c: char| c.is_whitespace() || c == '\0') {
            "" | "LINEAR" => Some(Self::Linear),
            "LINEAR_EXACT" => Some(Self::LinearExact),
            "SIGMOID" => Some(Self::Sigmoid),
            _ => None,
        }
    }

    /// Display value 0–1 of a modality value. NaN stays NaN.
    ///
    /// A width the standard does not allow (below 1 for LINEAR, not above 0 for the others) is
    /// raised to the least allowed one.
    pub fn apply(self, value: f64, window: WindowLevel) -> f64 {
        let WindowLevel { center, width } = window;
        match self {
            Self::Linear => {
                let width = width.max(1.0);
                let half = (width - 1.0) / 2.0;
                if value <= center - 0.5 - half {
                    0.0
                } else if value > center - 0.5 + half {
                    1.0
                } else {
                    (value - (center - 0.5)) / (width - 1.0) + 0.5
                }
            }
            Self::LinearExact => {
                let width = width.max(1e-9);
                ((value - center) / width + 0.5).clamp(0.0, 1.0)
            }
            Self::Sigmoid => {
                let width = width.max(1e-9);
                1.0 / (1.0 + (-4.0 * (value - center) / width).exp())
            }
        }
    }
}

/// One way a header asks to show its values: a window or a table.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiLut {
    /// Centre and width; with a table the range of its input, where a drag begins.
    pub window: WindowLevel,
    /// How the window is applied.
    pub function: VoiFunction,
    /// Item of the VOI LUT Sequence (0028,3010), which counts instead of the window.
    pub table: Option<Arc<LookupTable>>,
    /// Window Center & Width Explanation (0028,1055) or LUT Explanation (0028,3003), empty where
    /// absent.
    pub explanation: String,
}

impl VoiLut {
    /// A table, with the LINEAR window over its input range.
    pub fn of_table(table: LookupTable, explanation: String) -> Self {
        let count = table.entries().len() as f64;
        Self {
            window: WindowLevel::new(table.first() as f64 + count / 2.0, count),
            function: VoiFunction::Linear,
            table: Some(Arc::new(table)),
            explanation,
        }
    }
}

/// A named window of the keys 1–6.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowPreset {
    /// Name shown.
    pub name: &'static str,
    /// Window.
    pub window: WindowLevel,
}

/// Windows on the keys `1`–`6` (clinical reference sheet 4.4), modality values of CT.
pub const WINDOW_PRESETS: [WindowPreset; 6] = [
    WindowPreset {
        name: "Soft tissue",
        window: WindowLevel::new(40.0, 400.0),
    },
    WindowPreset {
        name: "Lung",
        window: WindowLevel::new(-600.0, 1500.0),
    },
    WindowPreset {
        name: "Bone",
        window: WindowLevel::new(400.0, 2000.0),
    },
    WindowPreset {
        name: "Spine disc",
        window: WindowLevel::new(50.0, 300.0),
    },
    WindowPreset {
        name: "Needle",
        window: WindowLevel::new(300.0, 2000.0),
    },
    WindowPreset {
        name: "Brain",
        window: WindowLevel::new(40.0, 80.0),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_is_the_standards_own_example() {
        // PS3.3 C.11.2.1.2.1 note: c = 2048, w = 4096 → below 0 black, 4095 and above white,
        // y = (x / 4095) in between.
        let window = WindowLevel::new(2048.0, 4096.0);
        let at = |x| VoiFunction::Linear.apply(x, window);
        assert_eq!(at(-1.0), 0.0);
        assert_eq!(at(0.0), 0.0);
        assert_eq!(at(4095.0), 1.0);
        assert!((at(2047.5) - 0.5).abs() < 1e-12);
        assert!((at(1000.0) - 1000.0 / 4095.0).abs() < 1e-12);
        // c = 0, w = 100: y = 0 for x <= -50, 1 for x > 49.
        let window = WindowLevel::new(0.0, 100.0);
        let at = |x| VoiFunction::Linear.apply(x, window);
        assert_eq!((at(-50.0), at(49.0)), (0.0, 1.0));
        assert!((at(0.0) - (0.5 / 99.0 + 0.5)).abs() < 1e-12);
        // w = 1 is a threshold at c - 0.5.
        let step = WindowLevel::new(10.0, 1.0);
        assert_eq!(VoiFunction::Linear.apply(9.5, step), 0.0);
        assert_eq!(VoiFunction::Linear.apply(9.6, step), 1.0);
    }

    #[test]
    fn linear_exact_and_sigmoid_follow_their_clauses() {
        let window = WindowLevel::new(2048.0, 4096.0);
        // C.11.2.1.3.2 example: 0 at x <= 0, 1 at x > 4096, x/4096 between.
        assert_eq!(VoiFunction::LinearExact.apply(0.0, window), 0.0);
        assert_eq!(VoiFunction::LinearExact.apply(1024.0, window), 0.25);
        assert_eq!(VoiFunction::LinearExact.apply(5000.0, window), 1.0);
        // C.11.2.1.3.1: 1/(1+exp(-4(x-c)/w)).
        assert_eq!(VoiFunction::Sigmoid.apply(2048.0, window), 0.5);
        let half_width = VoiFunction::Sigmoid.apply(4096.0, window);
        assert!((half_width - 0.880_797_077_978).abs() < 1e-9);
    }

    #[test]
    fn impossible_widths_do_not_divide_by_zero() {
        for function in [
            VoiFunction::Linear,
            VoiFunction::LinearExact,
            VoiFunction::Sigmoid,
        ] {
            for width in [0.0, -5.0] {
                let grey = function.apply(7.0, WindowLevel::new(3.0, width));
                assert!((0.0..=1.0).contains(&grey));
            }
        }
        assert!(
            VoiFunction::Linear
                .apply(f64::NAN, WindowLevel::new(0., 9.))
                .is_nan()
        );
    }

    #[test]
    fn words_and_rescale() {
        assert_eq!(
            VoiFunction::from_code("SIGMOID "),
            Some(VoiFunction::Sigmoid)
        );
        assert_eq!(VoiFunction::from_code("CUBIC"), None);
        let ct = ModalityLut {
            slope: 1.0,
            intercept: -1024.0,
            unit: "HU".to_owned(),
            table: None,
        };
        assert_eq!(ct.apply(1064.0), 40.0);
        assert_eq!(ModalityLut::default().apply(3.0), 3.0);
        // C.11.1: where there is a table, there is no rescale.
        let table = LookupTable::new(5, 16, vec![100, 300]).map(Arc::new);
        let lut = ModalityLut { table, ..ct };
        assert_eq!(
            (lut.apply(5.0), lut.apply(6.0), lut.apply(-1.0)),
            (100., 300., 100.)
        );
    }

    #[test]
    fn a_table_stands_over_the_window_of_its_input() {
        let table = LookupTable::new(100, 8, (0..=255).collect()).unwrap();
        let voi = VoiLut::of_table(table, "hand".to_owned());
        assert_eq!(voi.window, WindowLevel::new(228.0, 256.0));
        // The window begins and ends with the table.
        let at = |x| voi.function.apply(x, voi.window);
        assert_eq!((at(100.0), at(355.0)), (0.0, 1.0));
    }
}
