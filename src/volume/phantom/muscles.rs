//! Muscles along the spine: psoas, quadratus lumborum, multifidus, erector spinae
//! and piriformis, with fat clefts between them and streaks inside (reference 3.9).

use std::sync::Arc;

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{MOBILE, Tables};
use super::ct::fat_share;
use super::label::{self, Side};
use super::noise::NoiseField;
use super::pose::Pose;
use super::sacral_curve::SacralCurve;
use super::shape::{Bounds, Profile, ease, ellipse, smooth_max};
use super::soft_tissue::Envelope;
use super::voxelize::{Tissue, Voxel};

/// CT numbers and texture shared by the muscles.
#[derive(Debug, Clone)]
pub(super) struct Fibres {
    noise: NoiseField,
    muscle_hu: f32,
    fat_hu: f32,
}

impl Fibres {
    pub(super) fn new(tables: &Tables, noise: &NoiseField) -> Result<Self, PhantomError> {
        Ok(Self {
            noise: noise.clone(),
            muscle_hu: tables.hu("muscle")?,
            fat_hu: tables.hu("visceral_fat")?,
        })
    }

    /// CT number of muscle at a point; `fatty` 0..1 raises the share of streaks.
    fn hu(&self, p_mm: DVec3, fatty: f64) -> f32 {
        let fine = self.noise.scaled(p_mm, DVec3::new(2.6, 2.6, 13.0));
        let broad = self
            .noise
            .at(p_mm.x / 9.0 + 31.0, p_mm.y / 9.0, p_mm.z / 30.0);
        let share = fat_share(0.65 * fine + 0.45 * broad, 0.50 - 0.34 * fatty);
        let tone = 4.0 * broad as f32;
        self.muscle_hu + tone + (self.fat_hu - self.muscle_hu) * 0.8 * share
    }

    /// Distance with the wavy border of a real muscle.
    fn wavy(&self, p_mm: DVec3, distance_mm: f64) -> f64 {
        distance_mm
            + 1.5
                * self
                    .noise
                    .at(p_mm.x / 14.0 + 3.0, p_mm.y / 14.0, p_mm.z / 34.0)
    }
}

/// A muscle that is an ellipse in each axial section.
pub(super) struct Column {
    lateral: Profile,
    posterior: Profile,
    half_width: Profile,
    half_depth: Profile,
    range_mm: (f64, f64),
    tilt: f64,
    fatty: f64,
    number: fn(Side) -> u8,
    fibres: Fibres,
}

impl Column {
    /// The psoas muscles.
    pub(super) fn psoas(tables: &Tables, fibres: &Fibres) -> Result<Self, PhantomError> {
        let level = tables.numbers("muscle", "psoas_level_mm")?;
        let over = |name: &str| -> Result<Profile, PhantomError> {
            let values = tables.numbers("muscle", name)?;
            Ok(Profile::new(
                level.iter().copied().zip(values.iter().copied()).collect(),
            ))
        };
        Ok(Self {
            lateral: over("psoas_lateral_mm")?,
            posterior: over("psoas_posterior_mm")?,
            half_width: over("psoas_half_width_mm")?,
            half_depth: over("psoas_half_depth_mm")?,
            range_mm: (-300.0, 108.0),
            tilt: 0.18,
            fatty: 0.08,
            number: label::psoas,
            fibres: fibres.clone(),
        })
    }

    /// The quadratus lumborum, from the twelfth rib to the iliac crest.
    pub(super) fn quadratus(
        tables: &Tables,
        pose: &Pose,
        fibres: &Fibres,
    ) -> Result<Self, PhantomError> {
        let level = tables.numbers("muscle", "back_level_mm")?;
        let border = tables.numbers("muscle", "quadratus_lateral_mm")?;
        let over = |value: &dyn Fn(f64) -> f64| {
            Profile::new(
                level
                    .iter()
                    .copied()
                    .zip(border.iter().map(|b| value(*b)))
                    .collect(),
            )
        };
        let posterior = (0..MOBILE)
            .map(|i| pose.vertebrae[i].origin_mm)
            .map(|o| (o.z, o.y + 25.0))
            .collect();
        Ok(Self {
            lateral: over(&|b| 0.5 * (b + 40.0)),
            posterior: Profile::new(posterior),
            half_width: over(&|b| 0.5 * (b - 40.0)),
            half_depth: over(&|b| 0.095 * b),
            range_mm: (
                pose.sacrum.origin_mm.z + 30.0,
                pose.vertebrae[1].origin_mm.z - 8.0,
            ),
            tilt: -0.12,
            fatty: 0.12,
            number: label::quadratus,
            fibres: fibres.clone(),
        })
    }

    /// The piriformis, from the sacrum out through the greater sciatic notch.
    pub(super) fn piriformis(pose: &Pose, fibres: &Fibres) -> Self {
        let o = pose.sacrum.origin_mm;
        let over = |values: [f64; 3]| {
            Profile::new(
                [-62.0, -82.0, -106.0]
                    .iter()
                    .zip(values)
                    .map(|(z, v)| (o.z + z, v))
                    .collect(),
            )
        };
        Self {
            lateral: over([40.0, 56.0, 78.0]),
            posterior: over([o.y + 36.0, o.y + 38.0, o.y + 36.0]),
            half_width: over([13.0, 24.0, 22.0]),
            half_depth: over([6.0, 10.0, 9.0]),
            range_mm: (o.z - 108.0, o.z - 58.0),
            tilt: -0.1,
            fatty: 0.15,
            number: label::piriformis,
            fibres: fibres.clone(),
        }
    }

    fn distance(&self, p_mm: DVec3) -> f64 {
        let z = p_mm.z;
        let x = p_mm.x.abs() - self.lateral.at(z);
        let y = p_mm.y - self.posterior.at(z) - self.tilt * x;
        let half = DVec2::new(self.half_width.at(z), self.half_depth.at(z));
        let ends = (z - self.range_mm.1).max(self.range_mm.0 - z);
        smooth_max(ellipse(x, y, half), ends, 8.0)
    }
}

impl Tissue for Column {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-125.0, -120.0, self.range_mm.0),
            high_mm: DVec3::new(125.0, 120.0, self.range_mm.1),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm) - 2.5
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let distance = self.distance(p_mm);
        if distance > 4.0 {
            return;
        }
        let border = self.fibres.wavy(p_mm, distance);
        // A halo of fat parts the muscle from its neighbours.
        voxel.cover(border - 1.6, self.fibres.fat_hu, label::VISCERAL_FAT);
        if border < voxel.width_mm {
            voxel.cover(
                border,
                self.fibres.hu(p_mm, self.fatty),
                (self.number)(Side::of(p_mm.x)),
            );
        }
    }
}

/// Multifidus and erector spinae between the laminae and the thoracolumbar fascia.
pub(super) struct Paraspinal {
    envelope: Arc<Envelope>,
    deep: Profile,
    erector: Profile,
    multifidus: Profile,
    fibres: Fibres,
    bottom_mm: f64,
    fatty: Profile,
}

impl Paraspinal {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        curve: &SacralCurve,
        envelope: &Arc<Envelope>,
        fibres: &Fibres,
    ) -> Result<Self, PhantomError> {
        let level = tables.numbers("muscle", "back_level_mm")?;
        let over = |name: &str| -> Result<Profile, PhantomError> {
            let values = tables.numbers("muscle", name)?;
            Ok(Profile::new(
                level.iter().copied().zip(values.iter().copied()).collect(),
            ))
        };
        let mut deep: Vec<(f64, f64)> = pose
            .vertebrae
            .iter()
            .map(|f| (f.origin_mm.z, f.origin_mm.y + 24.0))
            .collect();
        deep.extend([15.0, 40.0, 75.0].map(|s| {
            let p = curve.model(s, curve.canal_mm(s).1 - 6.0, 0.0);
            (p.z, p.y)
        }));
        Ok(Self {
            envelope: Arc::clone(envelope),
            deep: Profile::new(deep),
            erector: over("erector_lateral_mm")?,
            multifidus: over("multifidus_lateral_mm")?,
            fibres: fibres.clone(),
            bottom_mm: curve.model(curve.hiatus_apex_mm - 2.0, 0.0, 0.0).z,
            // Fatty change grows towards the lumbosacral junction.
            fatty: Profile::new(vec![
                (80.0, 0.16),
                (0.0, 0.34),
                (-60.0, 0.52),
                (-120.0, 0.62),
            ]),
        })
    }

    fn distance(&self, p_mm: DVec3) -> f64 {
        let x = p_mm.x.abs();
        let deep =
            self.deep.at(p_mm.z) + 8.0 * ease(22.0, 44.0, x) - 6.0 * ease(60.0, 80.0, x) - p_mm.y;
        let fascia = self.envelope.fascia(p_mm) + 2.2;
        let lateral = x - self.erector.at(p_mm.z) + 0.18 * (p_mm.y - self.deep.at(p_mm.z) - 20.0);
        let inside = smooth_max(smooth_max(deep, fascia, 4.0), lateral, 12.0);
        smooth_max(inside, self.bottom_mm - p_mm.z, 14.0)
    }
}

impl Tissue for Paraspinal {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-92.0, 0.0, self.bottom_mm - 6.0),
            high_mm: DVec3::new(92.0, 140.0, 400.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm) - 4.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let distance = self.distance(p_mm);
        if distance > 3.5 {
            return;
        }
        let border = self.fibres.wavy(p_mm, distance);
        let side = Side::of(p_mm.x);
        let (x, z) = (p_mm.x.abs(), p_mm.z);
        let lean = 0.30 * (p_mm.y - self.deep.at(z) - 14.0);
        let wave = 2.2
            * self
                .fibres
                .noise
                .at(p_mm.y / 10.0, z / 22.0, 3.0 + 5.0 * side.sign());
        let split = x - self.multifidus.at(z) + lean + wave;
        let second =
            x - 0.5 * (self.multifidus.at(z) + self.erector.at(z)) - 2.0 - 0.5 * lean + wave;
        let in_multifidus = split < 0.0;
        voxel.cover(border - 2.0, self.fibres.fat_hu, label::INTERMUSCULAR_FAT);
        let deep_fat = ease(14.0, 2.0, p_mm.y - self.deep.at(z) - 6.0) * 0.3;
        let fatty = self.fatty.at(z) * if in_multifidus { 1.25 } else { 0.8 } + deep_fat;
        let muscle = self.fibres.hu(p_mm, fatty.min(1.0));
        let clefts = ease(1.5, 0.3, split.abs()).max(0.8 * ease(1.2, 0.2, second.abs())) as f32;
        let hu = muscle + (self.fibres.fat_hu - muscle) * clefts * 0.9;
        let number = match (clefts > 0.7, in_multifidus) {
            (true, _) => label::INTERMUSCULAR_FAT,
            (false, true) => label::multifidus(side),
            (false, false) => label::erector(side),
        };
        voxel.cover(border, hu, number);
        // Interspinous and supraspinous ligaments fill the midline between the processes.
        let midline = (x - 2.0).max(border - 1.0);
        voxel.cover(
            midline,
            25.0 + 30.0 * self.fibres.noise.rough(p_mm, 4.0) as f32,
            label::INTERSPINOUS,
        );
    }
}
