//! Transfer functions to start from.
//!
//! The values are those of tissues in CT at 120 kV (Hounsfield: muscle 20–65, fat −120 to −90,
//! cancellous bone 90–226, cortex in thin shells 300–900, skin edge half way to air; the same
//! sources as the tissue classes of [`crate::assess::tissue`]); colours are chosen so that bone
//! looks like bone. MR values have no scale: there the points lie at percentiles of the volume.

use serde::{Deserialize, Serialize};

use super::transfer_function::{TransferFunction, TransferPoint};

/// A transfer function to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferPreset {
    /// Bone, contrast and metal.
    Bone,
    /// The same under a skin that is seen through.
    BoneAndSkin,
    /// Muscle and organs; fat and skin fat are clear.
    Muscle,
    /// The brighter half of a volume without a scale, by percentiles.
    BrightTissue,
}

impl TransferPreset {
    /// Those for values in Hounsfield units.
    pub const CT: [Self; 3] = [Self::Bone, Self::BoneAndSkin, Self::Muscle];
    /// Those for values without a scale.
    pub const UNSCALED: [Self; 1] = [Self::BrightTissue];

    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bone => "Bone",
            Self::BoneAndSkin => "Bone and skin",
            Self::Muscle => "Muscle",
            Self::BrightTissue => "Bright tissue",
        }
    }

    /// The function; `percentile` gives the value below which a share (0–1) of the volume lies,
    /// and is asked for volumes without a scale only.
    ///
    /// `None` where the percentiles make no function: a volume of one value.
    pub fn function(self, percentile: &dyn Fn(f64) -> f64) -> Option<TransferFunction> {
        let (points, edge_per_mm) = match self {
            Self::Bone => (BONE.to_vec(), 60.0),
            Self::BoneAndSkin => ([&SKIN[..], &BONE[..]].concat(), 60.0),
            Self::Muscle => (MUSCLE.to_vec(), 40.0),
            Self::BrightTissue => {
                let point =
                    |(share, color, opacity)| TransferPoint::new(percentile(share), color, opacity);
                let points = BRIGHT.map(point).to_vec();
                let span = percentile(0.995) - percentile(0.5);
                (points, span / 12.0)
            }
        };
        TransferFunction::new(points, edge_per_mm).ok()
    }
}

const fn point(value: f64, color: [u8; 3], opacity_per_mm: f64) -> TransferPoint {
    TransferPoint::new(value, color, opacity_per_mm)
}

/// From above muscle and its noise; opaque from the thinnest cortex on.
const BONE: [TransferPoint; 6] = [
    point(125.0, [112, 46, 30], 0.0),
    point(190.0, [178, 112, 74], 0.12),
    point(280.0, [222, 184, 140], 0.55),
    point(480.0, [240, 226, 198], 0.90),
    point(1300.0, [255, 251, 242], 0.95),
    point(3071.0, [226, 236, 255], 0.95),
];

/// The edge between air and the fat under the skin: a shell as thin as the voxels allow.
const SKIN: [TransferPoint; 4] = [
    point(-600.0, [236, 188, 160], 0.0),
    point(-450.0, [236, 188, 160], 0.22),
    point(-300.0, [236, 188, 160], 0.22),
    point(-170.0, [236, 188, 160], 0.0),
];

/// Clear fat, dark red muscle, brighter what takes contrast, bone.
const MUSCLE: [TransferPoint; 7] = [
    point(-25.0, [92, 24, 20], 0.0),
    point(25.0, [140, 44, 36], 0.20),
    point(70.0, [186, 76, 58], 0.50),
    point(130.0, [206, 110, 84], 0.60),
    point(220.0, [226, 190, 150], 0.75),
    point(480.0, [242, 230, 206], 0.90),
    point(3071.0, [255, 252, 246], 0.95),
];

/// Share of the voxels, colour, opacity of a millimetre.
const BRIGHT: [(f64, [u8; 3], f64); 4] = [
    (0.50, [40, 34, 34], 0.0),
    (0.80, [120, 104, 98], 0.05),
    (0.95, [204, 190, 178], 0.30),
    (0.995, [255, 250, 244], 0.60),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_show_their_tissue_and_leave_the_others_clear() {
        let opacity = |preset: TransferPreset, hu: f64| preset.function(&|_| 0.0).unwrap().at(hu).1;
        for hu in [-1000.0, -100.0, 50.0, 110.0] {
            assert_eq!(opacity(TransferPreset::Bone, hu), 0.0, "{hu}");
        }
        assert!(opacity(TransferPreset::Bone, 400.0) > 0.7);
        // Air, fat, muscle clear, the edge between air and fat not.
        for hu in [-1000.0, -100.0, 50.0] {
            assert_eq!(opacity(TransferPreset::BoneAndSkin, hu), 0.0, "{hu}");
        }
        assert!(opacity(TransferPreset::BoneAndSkin, -400.0) > 0.1);
        assert_eq!(opacity(TransferPreset::Muscle, -100.0), 0.0);
        assert!(opacity(TransferPreset::Muscle, 55.0) > 0.3);
        assert!(
            TransferPreset::CT
                .iter()
                .all(|p| p.function(&|_| 0.0).is_some())
        );
    }

    #[test]
    fn unscaled_volumes_take_their_percentiles_and_flat_ones_have_none() {
        let preset = TransferPreset::BrightTissue;
        let function = preset.function(&|share| 1000.0 * share).unwrap();
        assert_eq!(function.span(), [500.0, 995.0]);
        assert!(preset.function(&|_| 7.0).is_none());
    }
}
