//! MR signals of the label map (clinical reference sheet, 4.2): thick slices with partial volume,
//! the sensitivity of a posterior coil, and Rician noise.

use glam::DVec3;
use rayon::prelude::*;

use super::anatomy::Tables;
use super::label::{self, Substance, substance};
use super::noise::{bell, mix};
use super::scene::Scene;
use super::shape::ease;
use super::{MODEL_ORIGIN_LPS_MM, Phantom, PhantomError};
use crate::dicom::write_mr::MrGrid;

/// Which contrast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighting {
    /// T1 spin echo.
    T1 = 0,
    /// T2 fast spin echo.
    T2 = 1,
}

/// Stored values of one unit of signal.
const STORED_PER_UNIT: f32 = 10.0;
/// Share of the slice thickness over which either edge of the profile falls off.
const PROFILE_EDGE: f64 = 0.2;
/// Width of the edge of the saturated band, mm.
const BAND_EDGE_MM: f64 = 10.0;

/// CT numbers between which a voxel of bone goes from marrow to compact bone.
const MARROW_TO_CORTEX_HU: [f32; 2] = [260.0, 800.0];
/// The same beside bone, where the voxel of another tissue holds some.
const SOFT_TO_CORTEX_HU: [f32; 2] = [160.0, 700.0];
/// CT numbers between which marrow goes from all fat to red and yellow.
const FATTY_MARROW_HU: [f32; 2] = [-60.0, 130.0];
/// CT numbers between which a voxel goes from fat to muscle.
const FAT_TO_MUSCLE_HU: [f32; 2] = [-85.0, 35.0];

/// CT numbers that mixtures are told apart in: the first, and how many.
const FIRST_HU: i16 = -128;
const MIXTURES: usize = 1024;

/// Signals of each label and what the CT number says of the mixture in a voxel.
pub(super) struct MrScanner<'a> {
    scene: &'a Scene,
    /// T1 and T2 signals of each label and CT number.
    signals: [Vec<f32>; 2],
    nucleus: [f32; 2],
    annulus: [f32; 2],
    noise: [f64; 2],
    coil_reach_mm: f64,
    saturation: f64,
    seed: u64,
}

/// One series: a contrast on a grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protocol {
    pub(super) weighting: Weighting,
    pub(super) grid: MrGrid,
    /// Posterior position (LPS y) up to which the tissue in front is saturated.
    pub(super) saturated_to_y_mm: Option<f64>,
    /// Posterior position of the coil.
    pub(super) coil_y_mm: f64,
}

fn share(range: [f32; 2], hu: f32) -> f32 {
    ((hu - range[0]) / (range[1] - range[0])).clamp(0.0, 1.0)
}

fn mixed(from: [f32; 2], to: [f32; 2], share: f32) -> [f32; 2] {
    [0, 1].map(|w| from[w] + (to[w] - from[w]) * share)
}

/// Signals of what may be in a voxel.
struct Pure {
    substance: Substance,
    of_label: [f32; 2],
    fat: [f32; 2],
    muscle: [f32; 2],
}

impl Pure {
    /// T1 and T2 signal of a voxel with a CT number.
    fn mixture(&self, hu: f32) -> [f32; 2] {
        let (soft, cortex) = match self.substance {
            Substance::Nothing => return [0.0; 2],
            Substance::Bone => (
                mixed(self.fat, self.of_label, share(FATTY_MARROW_HU, hu)),
                MARROW_TO_CORTEX_HU,
            ),
            Substance::Fat | Substance::Muscle => (
                mixed(self.fat, self.muscle, share(FAT_TO_MUSCLE_HU, hu)),
                SOFT_TO_CORTEX_HU,
            ),
            _ => (self.of_label, SOFT_TO_CORTEX_HU),
        };
        mixed(soft, [0.0; 2], share(cortex, hu))
    }
}

impl<'a> MrScanner<'a> {
    pub(super) fn new(seed: u64, scene: &'a Scene) -> Result<Self, PhantomError> {
        let tables = Tables::mr()?;
        let signal = |name: &str| {
            let values: [f64; 2] = tables.list("signal", name)?;
            Ok::<_, PhantomError>(values.map(|value| value as f32))
        };
        let mut signals = [Vec::new(), Vec::new()];
        for number in 0..=u8::MAX {
            let substance = substance(number);
            let pure = Pure {
                substance,
                of_label: signal(row(substance))?,
                fat: signal("fat")?,
                muscle: signal("muscle")?,
            };
            for index in 0..MIXTURES {
                let [t1, t2] = pure.mixture(f32::from(FIRST_HU) + index as f32);
                signals[0].push(t1);
                signals[1].push(t2);
            }
        }
        Ok(Self {
            scene,
            signals,
            nucleus: signal("nucleus")?,
            annulus: signal("annulus")?,
            noise: tables.list("scanner", "noise")?,
            coil_reach_mm: tables.scalar("scanner", "coil_reach_mm")?,
            saturation: tables.scalar("scanner", "saturation")?,
            seed: mix(seed ^ 0x4D52),
        })
    }

    /// Signal of a voxel of anything but a disc.
    fn signal(&self, weighting: usize, label: u8, hu: i16) -> f32 {
        let hu = usize::try_from(hu.saturating_sub(FIRST_HU)).unwrap_or(0);
        let index = usize::from(label) * MIXTURES + hu.min(MIXTURES - 1);
        self.signals[weighting].get(index).copied().unwrap_or(0.0)
    }

    /// Signal of a voxel of a disc, whose nucleus and annulus pass into each other.
    fn disc_signal(&self, weighting: usize, gap: usize, (at, hu): (DVec3, i16)) -> f32 {
        let p = at - MODEL_ORIGIN_LPS_MM;
        let p = p + self.scene.warp.shift_mm(p);
        let disc = self.scene.discs.get(gap);
        let in_annulus = disc.map_or(1.0, |disc| disc.annulus_share(p)) as f32;
        let soft = mixed(self.nucleus, self.annulus, in_annulus);
        soft[weighting] * (1.0 - share(SOFT_TO_CORTEX_HU, f32::from(hu)))
    }

    /// Stored values of a series, columns fastest, then rows, then slices.
    ///
    /// The slices of the grid lie across an axis of the phantom's voxels.
    pub(super) fn acquire(&self, phantom: &Phantom, protocol: &Protocol) -> Vec<u16> {
        let grid = &protocol.grid;
        let [columns, rows, _] = grid.size;
        let stack = Stack::of(phantom, grid);
        let mut values = vec![0_u16; grid.size.iter().product()];
        values
            .par_chunks_mut((columns * rows).max(1))
            .enumerate()
            .for_each(|(slice, values)| {
                let plane = stack.thick_plane(self, phantom, protocol, slice);
                self.image(&stack, &plane, protocol, (slice, values));
            });
        values
    }

    /// Samples one thick plane and adds what coil, saturation and noise do.
    fn image(
        &self,
        stack: &Stack,
        plane: &[f32],
        protocol: &Protocol,
        (slice, values): (usize, &mut [u16]),
    ) {
        let grid = &protocol.grid;
        let columns = grid.size[0];
        let series = mix(self.seed ^ (protocol.weighting as u64) << 32 ^ stack.axis as u64);
        let seed = mix(series.wrapping_add(slice as u64));
        let noise = self.noise[protocol.weighting as usize];
        for (index, value) in values.iter_mut().enumerate() {
            let (column, row) = ((index % columns) as f64, (index / columns) as f64);
            let at = grid.origin
                + grid.column_direction * (column * grid.pixel_mm[0])
                + grid.row_direction * (row * grid.pixel_mm[1])
                + grid.step_mm * slice as f64;
            let depth_mm = (protocol.coil_y_mm - at.0.y).max(0.0);
            let coil = 1.15 * (-depth_mm / self.coil_reach_mm).exp();
            let left = protocol.saturated_to_y_mm.map_or(1.0, |edge| {
                let kept = ease(-0.5 * BAND_EDGE_MM, 0.5 * BAND_EDGE_MM, at.0.y - edge);
                self.saturation + (1.0 - self.saturation) * kept
            });
            let signal = f64::from(stack.sample(plane, at.0)) * coil * left;
            let part = |kind: u64| noise * f64::from(bell(mix(seed ^ (index as u64) << 1 ^ kind)));
            // The magnitude of a complex signal with noise in both parts (Rice).
            let magnitude = (signal + part(0)).hypot(part(1)) as f32;
            *value = (magnitude * STORED_PER_UNIT).round() as u16;
        }
    }
}

/// Row of the table of signals.
fn row(substance: Substance) -> &'static str {
    match substance {
        Substance::Nothing => "cortex",
        Substance::Skin => "skin",
        Substance::Fat => "fat",
        Substance::Muscle => "muscle",
        Substance::Bone => "marrow",
        Substance::Annulus => "annulus",
        Substance::Nucleus => "nucleus",
        Substance::Csf => "csf",
        Substance::Nerve => "nerve",
        Substance::Joint => "joint_fluid",
        Substance::SlowVein => "slow_vein",
        Substance::FlowingBlood => "flowing_blood",
        Substance::Kidney => "kidney",
        Substance::Liver => "liver",
        Substance::Spleen => "spleen",
        Substance::BowelWall => "bowel_wall",
        Substance::BowelContent => "bowel_content",
        Substance::Urine => "urine",
        Substance::Lung => "lung",
    }
}

/// How the slices of a series cut the voxels.
struct Stack {
    /// Voxel axis across the slices: 0 columns, 2 slices.
    axis: usize,
    /// The other axes, fast and slow.
    others: [usize; 2],
    size: [usize; 3],
    /// Unit direction and spacing of each voxel axis, and the first voxel's centre.
    directions: [DVec3; 3],
    spacing_mm: [f64; 3],
    origin_mm: DVec3,
}

impl Stack {
    fn of(phantom: &Phantom, grid: &MrGrid) -> Self {
        let directions = [
            phantom.column_direction,
            phantom.row_direction,
            phantom.slice_direction,
        ];
        let along = grid.step_mm.0;
        let across = |axis: &usize| directions[*axis].dot(along).abs();
        let axis = (0..3)
            .max_by(|a, b| across(a).total_cmp(&across(b)))
            .unwrap_or(2);
        Self {
            axis,
            others: match axis {
                0 => [1, 2],
                1 => [0, 2],
                _ => [0, 1],
            },
            size: [phantom.grid.columns, phantom.grid.rows, phantom.grid.slices],
            directions,
            spacing_mm: phantom.grid.spacing_mm,
            origin_mm: phantom.origin_lps_mm,
        }
    }

    fn point_mm(&self, index: [usize; 3]) -> DVec3 {
        (0..3).fold(self.origin_mm, |at, axis| {
            at + self.directions[axis] * (index[axis] as f64 * self.spacing_mm[axis])
        })
    }

    /// Voxel index (fractional) of a patient point along an axis.
    fn index(&self, point_mm: DVec3, axis: usize) -> f64 {
        (point_mm - self.origin_mm).dot(self.directions[axis]) / self.spacing_mm[axis]
    }

    /// The voxels across a slice and the share of each in its signal.
    fn profile(&self, grid: &MrGrid, slice: usize) -> Vec<(usize, f32)> {
        let centre = self.index((grid.origin + grid.step_mm * slice as f64).0, self.axis);
        let spacing = self.spacing_mm[self.axis];
        let half = 0.5 * grid.thickness_mm;
        let edge = (PROFILE_EDGE * grid.thickness_mm).max(0.5 * spacing);
        let reach = ((half + edge) / spacing).ceil();
        let first = (centre - reach).floor().max(0.0) as usize;
        let last = (centre + reach).ceil().max(0.0) as usize;
        let mut taps: Vec<(usize, f32)> = (first..=last)
            .filter(|index| *index < self.size[self.axis])
            .map(|index| {
                let off_mm = (index as f64 - centre).abs() * spacing;
                (index, 1.0 - ease(half - edge, half + edge, off_mm) as f32)
            })
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        let total: f32 = taps.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut taps {
            *weight /= total.max(f32::MIN_POSITIVE);
        }
        taps
    }

    /// Signal of a slice at each voxel of the other two axes.
    fn thick_plane(
        &self,
        scanner: &MrScanner<'_>,
        phantom: &Phantom,
        protocol: &Protocol,
        slice: usize,
    ) -> Vec<f32> {
        let taps = self.profile(&protocol.grid, slice);
        let [fast, slow] = self.others;
        let strides = [1, self.size[0], self.size[0] * self.size[1]];
        let weighting = protocol.weighting as usize;
        let of_voxel = |voxel: usize, label: u8, hu: i16| match label::disc_gap(label) {
            Some(gap) => {
                let at = self.point_mm([
                    voxel % strides[1],
                    voxel % strides[2] / strides[1],
                    voxel / strides[2],
                ]);
                scanner.disc_signal(weighting, gap, (at, hu))
            }
            None => scanner.signal(weighting, label, hu),
        };
        let mut plane = vec![0.0_f32; self.size[fast] * self.size[slow]];
        for (row, line) in plane.chunks_mut(self.size[fast].max(1)).enumerate() {
            for (column, pixel) in line.iter_mut().enumerate() {
                let base = row * strides[slow] + column * strides[fast];
                *pixel = taps
                    .iter()
                    .map(|(index, weight)| {
                        let voxel = base + index * strides[self.axis];
                        let found = phantom.labels.get(voxel).zip(phantom.hu.get(voxel));
                        found.map_or(0.0, |(&label, &hu)| weight * of_voxel(voxel, label, hu))
                    })
                    .sum();
            }
        }
        plane
    }

    /// Signal of a thick plane at a patient point, bilinear; nothing outside.
    fn sample(&self, plane: &[f32], point_mm: DVec3) -> f32 {
        let [fast, slow] = self.others;
        let (x, y) = (self.index(point_mm, fast), self.index(point_mm, slow));
        let (left, top) = (x.floor(), y.floor());
        let (right_share, low_share) = ((x - left) as f32, (y - top) as f32);
        let value = |column: f64, row: f64| {
            let inside = column >= 0.0
                && row >= 0.0
                && column < self.size[fast] as f64
                && row < self.size[slow] as f64;
            let index = row as usize * self.size[fast] + column as usize;
            let value = plane.get(index).filter(|_| inside);
            value.copied().unwrap_or(0.0)
        };
        let line = |row: f64| {
            value(left, row) * (1.0 - right_share) + value(left + 1.0, row) * right_share
        };
        line(top) * (1.0 - low_share) + line(top + 1.0) * low_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ct_number_tells_mixtures_apart() {
        let scene = Scene::new(0).unwrap();
        let scanner = MrScanner::new(0, &scene).unwrap();
        let t2 = |label: u8, hu: i16| scanner.signal(Weighting::T2 as usize, label, hu);
        let bone = label::vertebra(5);
        assert_eq!(t2(bone, 165), 49.0, "marrow of the sheet");
        assert_eq!(t2(bone, 1100), 0.0, "compact bone");
        assert!(t2(bone, 0) > 49.0, "fatty marrow is brighter");
        assert_eq!(t2(label::SUBCUTANEOUS_FAT, -105), 90.0);
        let streaky = t2(label::psoas(super::super::Side::Left), -20);
        assert!(streaky > 10.0 && streaky < 90.0, "{streaky}");
        assert_eq!(t2(label::AIR, -1000), 0.0);
        assert_eq!(t2(label::AORTA, 40), 0.0, "flow void");
    }

    #[test]
    fn a_disc_passes_from_nucleus_to_annulus() {
        let scene = Scene::new(0).unwrap();
        let disc = &scene.discs[4];
        let at = |x: f64| disc.annulus_share(disc.frame.model(DVec3::new(x, 1.0, 0.0)));
        assert!(at(0.0) < 0.05, "{}", at(0.0));
        assert!(at(0.9 * disc.half.x) > 0.8);
        let border = at(0.58 * disc.half.x);
        assert!((0.1..0.7).contains(&border), "{border}");
    }
}
