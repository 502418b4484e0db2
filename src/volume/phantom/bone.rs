//! Paints a vertebra: compact shell, cancellous core, basivertebral vein.

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::canal::Canal;
use super::facet::FacetPair;
use super::label;
use super::noise::{NoiseField, trabeculae};
use super::shape::{Bounds, ease, lerp, smooth_min, tapered_capsule};
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel};

/// A vertebra with the joints and the canal that limit it.
pub(super) struct VertebraBone {
    pub(super) vertebra: Arc<Vertebra>,
    pub(super) above: Option<Arc<FacetPair>>,
    pub(super) below: Arc<FacetPair>,
    pub(super) canal: Arc<Canal>,
    noise: NoiseField,
    hu: BoneHu,
}

/// CT numbers and shell thicknesses of bone.
#[derive(Debug, Clone, Copy)]
struct BoneHu {
    cancellous: f32,
    cortex: f32,
    endplate: f32,
    vein: f32,
    body_mm: f64,
    endplate_mm: f64,
    arch_mm: f64,
}

impl VertebraBone {
    pub(super) fn new(
        tables: &Tables,
        vertebra: &Arc<Vertebra>,
        joints: (Option<&Arc<FacetPair>>, &Arc<FacetPair>),
        canal: &Arc<Canal>,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        Ok(Self {
            vertebra: Arc::clone(vertebra),
            above: joints.0.map(Arc::clone),
            below: Arc::clone(joints.1),
            canal: Arc::clone(canal),
            noise: noise.clone(),
            hu: BoneHu {
                cancellous: tables.hu("cancellous")?,
                cortex: tables.hu("cortex")?,
                endplate: tables.hu("endplate")?,
                vein: tables.hu("blood")? + 20.0,
                body_mm: tables.scalar("ct", "cortex_body_mm")?,
                endplate_mm: tables.scalar("ct", "cortex_endplate_mm")?,
                arch_mm: tables.scalar("ct", "cortex_arch_mm")?,
            },
        })
    }
}

impl VertebraBone {
    /// Distance to the basivertebral vein, a Y-shaped channel at mid-height.
    fn basivertebral(&self, q_mm: DVec3) -> f64 {
        let wall = self.vertebra.posterior_wall_mm(0.0);
        let fork = DVec3::new(0.0, 0.25 * wall, 0.0);
        let trunk = tapered_capsule(q_mm, DVec3::new(0.0, wall + 1.0, 0.0), fork, (2.6, 1.2)).0;
        let branch = tapered_capsule(
            q_mm,
            fork,
            DVec3::new(0.45 * wall, -0.35 * wall, 0.0),
            (1.0, 0.5),
        )
        .0;
        smooth_min(trunk, branch, 1.0)
    }

    /// Distance to the bone, surface roughness left out.
    pub(super) fn distance_mm(&self, p_mm: DVec3) -> f64 {
        self.vertebra
            .distances(
                p_mm,
                (self.above.as_deref(), self.below.as_ref()),
                &self.canal,
            )
            .all_mm
    }
}

impl Tissue for VertebraBone {
    fn bounds(&self) -> Bounds {
        Bounds::around(&self.vertebra.corners_mm(), 1.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        let joints = (self.above.as_deref(), self.below.as_ref());
        self.vertebra.distances(p_mm, joints, &self.canal).all_mm - 2.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let joints = (self.above.as_deref(), self.below.as_ref());
        let distance = self.vertebra.distances(p_mm, joints, &self.canal);
        if distance.all_mm > voxel.width_mm + 0.6 {
            return;
        }
        let arch = ease(-1.0, 3.0, distance.body_mm - distance.arch_mm);
        // Rough outside, but smooth along the canal and in the joints, where the truth is taken.
        let rough = 0.42 * self.noise.rough(p_mm, 5.5) * ease(0.5, 3.0, self.canal.distance(p_mm));
        let bone = distance.all_mm + rough;
        if bone > voxel.width_mm {
            return;
        }
        let q = self.vertebra.frame.local(p_mm);
        let number = label::vertebra(self.vertebra.level);
        let at_endplate = ease(3.5, 1.5, self.vertebra.half_height_mm - q.z.abs());
        let body_shell = lerp(self.hu.body_mm, self.hu.endplate_mm, at_endplate);
        let shell_mm = lerp(body_shell, self.hu.arch_mm, arch);
        let shell_hu = lerp(
            lerp(
                f64::from(self.hu.cortex) * 0.9,
                f64::from(self.hu.endplate),
                at_endplate,
            ),
            f64::from(self.hu.cortex),
            arch,
        ) as f32;
        if bone > -shell_mm - voxel.width_mm {
            voxel.cover(bone, shell_hu, number);
        }
        let texture = (85.0 * trabeculae(&self.noise, p_mm)) as f32;
        // Denser bone under the end-plates and in the arch.
        let dense = 45.0 * ease(6.0, 1.0, self.vertebra.half_height_mm - q.z.abs()) + 40.0 * arch;
        let core = self.hu.cancellous + texture + dense as f32;
        voxel.cover(bone + shell_mm, core, number);
        if q.z.abs() < 5.0 && arch < 0.5 {
            let folded = DVec3::new(q.x.abs(), q.y, q.z);
            let vein = self.basivertebral(folded) + 0.6 * rough;
            voxel.cover(vein - 0.8, self.hu.cancellous + 120.0, number);
            voxel.cover(vein, self.hu.vein, label::BASIVERTEBRAL_VEIN);
        }
    }
}
