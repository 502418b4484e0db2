//! Aorta, inferior vena cava, common iliac and renal vessels (reference 3.9).

use glam::DVec3;

use super::PhantomError;
use super::anatomy::{L5, MOBILE, Tables};
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

/// All large vessels in painting order.
pub(super) fn vessels(
    tables: &Tables,
    pose: &Pose,
    vertebrae: &[Vertebra],
    noise: &NoiseField,
) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
    let aorta_r = tables.scalar("vessel", "aorta_radius_mm")?;
    let cava_r = tables.scalar("vessel", "vena_cava_radius_mm")?;
    let [artery_r, vein_r]: [f64; 2] = tables.list("vessel", "iliac_radius_mm")?;
    let [gap_high, gap_low]: [f64; 2] = tables.list("vessel", "aorta_gap_mm")?;
    let hu = tables.hu("blood")?;
    let sacrum = pose.sacrum.origin_mm;
    let mut aorta = Vec::new();
    let mut cava = Vec::new();
    for (i, vertebra) in vertebrae.iter().enumerate().take(MOBILE - 2) {
        let share = i as f64 / (MOBILE - 2) as f64;
        let gap = gap_high + (gap_low - gap_high) * share + aorta_r;
        aorta.push((
            before(vertebra, 0.0, 12.0 - 7.0 * share, gap + 0.5),
            aorta_r * (1.12 - 0.22 * share),
        ));
        let forward = 16.0 * (1.0 - share);
        cava.push((
            before(
                vertebra,
                0.0,
                -19.0 - 2.0 * (1.0 - share),
                0.7 * cava_r + forward,
            ),
            cava_r,
        ));
    }
    if let Some(first) = aorta.first().copied() {
        aorta.insert(0, (first.0 + DVec3::new(1.0, 4.0, 40.0), first.1));
    }
    if let Some(first) = cava.first().copied() {
        cava.insert(0, (first.0 + DVec3::new(-3.0, -8.0, 40.0), first.1 * 1.1));
    }
    let l4 = &vertebrae[L5 - 1];
    let l5 = &vertebrae[L5];
    // Bifurcation on L4, iliocaval junction at upper L5 [A33][A35b].
    let split = before(l4, -3.0, 3.0, gap_low + 0.9 * aorta_r);
    let join = before(l5, 8.0, -15.0, 0.85 * cava_r + 2.0);
    aorta.push((split, aorta_r * 0.88));
    cava.push((join, cava_r * 0.95));
    let out = |x: f64, y: f64, z: f64| sacrum + DVec3::new(x, y, z);
    let iliac = |from: DVec3, mid: DVec3, side: Side, shift: f64, r: f64| {
        let s = side.sign();
        let nodes = [
            (from, r * 1.1),
            (mid, r),
            (out(s * (38.0 - shift), -14.0 + shift, -18.0), r),
            (out(s * (50.0 - shift), -22.0 + 2.0 * shift, -50.0), r * 0.9),
            (
                out(s * (58.0 - shift), -48.0 + 2.0 * shift, -85.0),
                r * 0.85,
            ),
            (out(s * (68.0 - shift), -78.0 + shift, -125.0), r * 0.85),
        ];
        Tube::new(&nodes, 5)
    };
    let mut vessels: Vec<Box<dyn Tissue>> = Vec::new();
    let mut add = |tube: Tube, number: u8, plaque: bool| {
        vessels.push(Box::new(Vessel {
            tube,
            number,
            hu,
            plaque: plaque.then(|| noise.clone()),
        }));
    };
    let (left, right) = (Side::Left, Side::Right);
    let mid = |x: f64, gap: f64| before(l5, -6.0, x, gap);
    add(
        iliac(join, mid(4.0, 9.0), left, 7.0, vein_r),
        label::iliac_vein(left),
        false,
    );
    add(
        iliac(join, mid(-22.0, 9.0), right, 7.0, vein_r),
        label::iliac_vein(right),
        false,
    );
    // Left common iliac artery 3.6 mm, right 8.0 mm in front of the L4-5 disc [A34].
    add(
        iliac(split, mid(18.0, 12.0), left, 0.0, artery_r),
        label::iliac_artery(left),
        true,
    );
    add(
        iliac(split, mid(-16.0, 22.0), right, 0.0, artery_r),
        label::iliac_artery(right),
        true,
    );
    add(Tube::new(&cava, 4), label::VENA_CAVA, false);
    add(Tube::new(&aorta, 4), label::AORTA, true);
    // Renal vessels at lower L1 to upper L2 [A35].
    let l2 = &vertebrae[3];
    for side in Side::BOTH {
        let s = side.sign();
        let from = before(l2, 10.0, if side == left { 8.0 } else { -16.0 }, 12.0);
        let hilum = l2.frame.model(DVec3::new(s * 54.0, 2.0, 9.0 - 3.0 * s));
        let bow = from.lerp(hilum, 0.5) + DVec3::new(0.0, -4.0, 0.0);
        add(
            Tube::new(&[(from, 3.4), (bow, 3.2), (hilum, 2.8)], 5),
            label::renal_vessel(side),
            false,
        );
    }
    Ok(vessels)
}
