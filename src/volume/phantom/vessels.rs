//! Aorta, inferior vena cava, common iliac and renal vessels (reference 3.9).

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::{L1, L5, MOBILE, Tables};
use super::label::{self, Side};
use super::noise::NoiseField;
use super::pose::Pose;
use super::shape::Bounds;
use super::tube::Tube;
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel};

/// A blood vessel, optionally with calcified plaque in its wall.
pub(super) struct Vessel {
    tube: Tube,
    number: u8,
    hu: f32,
    plaque: Option<NoiseField>,
}

impl Tissue for Vessel {
    fn bounds(&self) -> Bounds {
        self.tube.bounds(2.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.tube.distance(p_mm)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let distance = self.tube.distance(p_mm);
        voxel.cover(distance, self.hu, self.number);
        if let Some(noise) = &self.plaque {
            let patch = noise.scaled(p_mm, DVec3::new(7.0, 7.0, 9.0));
            if patch > 0.52 && p_mm.z < 30.0 {
                let plaque = (distance + 0.9).abs() - 0.9 * (patch - 0.45) * 3.0;
                voxel.cover(plaque, 520.0, self.number);
            }
        }
    }
}

/// Model point in front of a vertebral body: lateral offset and gap to its anterior wall.
fn before(vertebra: &Vertebra, z_mm: f64, x_mm: f64, gap_mm: f64) -> DVec3 {
    vertebra.frame.model(DVec3::new(
        x_mm,
        vertebra.anterior_wall_mm(z_mm) - gap_mm,
        z_mm,
    ))
}

/// Nodes of one large vessel.
type Path = Vec<(DVec3, f64)>;

/// Aorta and vena cava from above the scan to where they divide.
fn trunks(tables: &Tables, vertebrae: &[Arc<Vertebra>]) -> Result<(Path, Path), PhantomError> {
    let aorta_r = tables.scalar("vessel", "aorta_radius_mm")?;
    let cava_r = tables.scalar("vessel", "vena_cava_radius_mm")?;
    let [gap_high, gap_low]: [f64; 2] = tables.list("vessel", "aorta_gap_mm")?;
    let mut aorta = Path::new();
    let mut cava = Path::new();
    for (i, vertebra) in vertebrae.iter().enumerate().take(MOBILE - 2) {
        let share = i as f64 / (MOBILE - 2) as f64;
        let gap = gap_high + (gap_low - gap_high) * share + aorta_r + 0.5;
        let radius = aorta_r * (1.12 - 0.22 * share);
        aorta.push((before(vertebra, 0.0, 12.0 - 7.0 * share, gap), radius));
        let forward = 0.7 * cava_r + 16.0 * (1.0 - share);
        let lateral = -19.0 - 2.0 * (1.0 - share);
        cava.push((before(vertebra, 0.0, lateral, forward), cava_r));
    }
    if let (Some(a), Some(c)) = (aorta.first().copied(), cava.first().copied()) {
        aorta.insert(0, (a.0 + DVec3::new(1.0, 4.0, 40.0), a.1));
        cava.insert(0, (c.0 + DVec3::new(-3.0, -8.0, 40.0), c.1 * 1.1));
    }
    // Bifurcation on L4, iliocaval junction at upper L5 [A33][A35b].
    let split = before(&vertebrae[L5 - 1], -3.0, 3.0, gap_low + 0.9 * aorta_r);
    let join = before(&vertebrae[L5], 8.0, -15.0, 0.85 * cava_r + 2.0);
    aorta.push((split, aorta_r * 0.88));
    cava.push((join, cava_r * 0.95));
    Ok((aorta, cava))
}

/// Common and external iliac vessel of one side, `deeper_mm` behind the artery's way.
fn iliac(
    sacrum_mm: DVec3,
    ends: (DVec3, DVec3),
    side: Side,
    deeper_mm: f64,
    radius_mm: f64,
) -> Tube {
    let d = deeper_mm;
    let out = |x: f64, y: f64, z: f64| sacrum_mm + DVec3::new(side.sign() * (x - d), y, z);
    let nodes = [
        (ends.0, radius_mm * 1.1),
        (ends.1, radius_mm),
        (out(38.0, -14.0 + d, -18.0), radius_mm),
        (out(50.0, -22.0 + 2.0 * d, -50.0), radius_mm * 0.9),
        (out(58.0, -48.0 + 2.0 * d, -85.0), radius_mm * 0.85),
        (out(68.0, -78.0 + d, -125.0), radius_mm * 0.85),
    ];
    Tube::new(&nodes, 5)
}

/// Renal vessel of one side at lower L1 to upper L2 `[A35]`.
fn renal(l2: &Vertebra, side: Side) -> Tube {
    let s = side.sign();
    let from = before(l2, 10.0, if side == Side::Left { 8.0 } else { -16.0 }, 12.0);
    let hilum = l2.frame.model(DVec3::new(s * 54.0, 2.0, 9.0 - 3.0 * s));
    let bow = from.lerp(hilum, 0.5) + DVec3::new(0.0, -4.0, 0.0);
    Tube::new(&[(from, 3.4), (bow, 3.2), (hilum, 2.8)], 5)
}

/// All large vessels in painting order.
pub(super) fn vessels(
    tables: &Tables,
    pose: &Pose,
    vertebrae: &[Arc<Vertebra>],
    noise: &NoiseField,
) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
    let [artery_r, vein_r]: [f64; 2] = tables.list("vessel", "iliac_radius_mm")?;
    let hu = tables.hu("blood")?;
    let (aorta, cava) = trunks(tables, vertebrae)?;
    let end = |path: &Path| path.last().map_or(DVec3::ZERO, |node| node.0);
    let (split, join) = (end(&aorta), end(&cava));
    let sacrum = pose.sacrum.origin_mm;
    let mid = |x: f64, gap: f64| before(&vertebrae[L5], -6.0, x, gap);
    let (left, right) = (Side::Left, Side::Right);
    let vein = |side: Side, x: f64| iliac(sacrum, (join, mid(x, 9.0)), side, 7.0, vein_r);
    // Left common iliac artery 3.6 mm, right 8.0 mm in front of the L4-5 disc [A34].
    let artery =
        |side: Side, x: f64, gap: f64| iliac(sacrum, (split, mid(x, gap)), side, 0.0, artery_r);
    let renal = |side: Side| renal(&vertebrae[L1 + 1], side);
    let tubes = [
        (vein(left, 4.0), label::iliac_vein(left), false),
        (vein(right, -22.0), label::iliac_vein(right), false),
        (artery(left, 18.0, 12.0), label::iliac_artery(left), true),
        (artery(right, -16.0, 22.0), label::iliac_artery(right), true),
        (Tube::new(&cava, 4), label::VENA_CAVA, false),
        (Tube::new(&aorta, 4), label::AORTA, true),
        (renal(left), label::renal_vessel(left), false),
        (renal(right), label::renal_vessel(right), false),
    ];
    let vessel = |(tube, number, calcified): (Tube, u8, bool)| {
        let plaque = calcified.then(|| noise.clone());
        Box::new(Vessel {
            tube,
            number,
            hu,
            plaque,
        }) as Box<dyn Tissue>
    };
    Ok(tubes.into_iter().map(vessel).collect())
}
