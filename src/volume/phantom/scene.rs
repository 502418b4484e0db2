//! Assembles the whole body from the tables, in painting order: later tissues
//! lie over earlier ones.

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::{L5, MOBILE, Tables};
use super::bone::VertebraBone;
use super::canal::Canal;
use super::ct::Scanner;
use super::disc::Disc;
use super::facet::FacetPair;
use super::gluteal::PelvicMuscles;
use super::gut::Gut;
use super::kidney::Kidney;
use super::muscles::{Column, Fibres, Paraspinal};
use super::nerves::{ForaminalFat, Nerve};
use super::noise::NoiseField;
use super::organs::{LungBase, Solid};
use super::pelvis::{Ilium, JointSurface, SacroiliacJoint};
use super::pose::Pose;
use super::ribs::Strand;
use super::sacral_curve::SacralCurve;
use super::sacrum::{SacralHollows, Sacrum};
use super::soft_tissue::{Envelope, TableTop, Trunk, TrunkHu};
use super::vertebra::Vertebra;
use super::vessels::vessels;
use super::voxelize::Tissue;
use super::warp::Warp;

/// Everything one seed makes: the shapes the voxels and the truth come from.
pub(super) struct Scene {
    pub(super) tables: Tables,
    pub(super) pose: Pose,
    pub(super) vertebrae: Vec<Arc<Vertebra>>,
    pub(super) facets: Vec<Arc<FacetPair>>,
    pub(super) canal: Arc<Canal>,
    pub(super) sacrum: Arc<Sacrum>,
    pub(super) joint: JointSurface,
    pub(super) envelope: Arc<Envelope>,
    pub(super) nerves: Vec<Nerve>,
    pub(super) discs: Vec<Disc>,
    pub(super) warp: Warp,
    pub(super) scanner: Scanner,
    pub(super) noise: NoiseField,
    pub(super) ilium: Arc<Ilium>,
    seed: u64,
}

impl Scene {
    /// Builds the body of a seed.
    pub(super) fn new(seed: u64) -> Result<Self, PhantomError> {
        let tables = Tables::load(seed)?;
        let noise = NoiseField::new(seed ^ 0x5449_5353);
        let pose = Pose::from_tables(&tables)?;
        let vertebrae: Vec<Vertebra> = (0..MOBILE)
            .map(|level| Vertebra::new(&tables, &pose, level, seed))
            .collect::<Result<_, _>>()?;
        let curve = SacralCurve::new(&tables, &pose)?;
        let canal = Arc::new(Canal::new(&tables, &pose, &vertebrae, &curve, &noise)?);
        let facets: Vec<Arc<FacetPair>> = vertebrae
            .iter()
            .map(|upper| FacetPair::new(&tables, &pose, upper, upper.level).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let joint = JointSurface::new(&tables, &pose, &noise)?;
        let sacrum = Arc::new(Sacrum::new(
            &tables,
            &pose,
            (&curve, &joint),
            (&facets[L5], &canal),
            &noise,
        )?);
        let ilium = Arc::new(Ilium::new(&tables, &pose, &joint, &noise)?);
        let envelope = Arc::new(Envelope::new(&tables, &vertebrae, &pose, &canal, &curve)?);
        let mut nerves = Vec::new();
        for vertebra in &vertebrae {
            nerves.extend(Nerve::pair(&tables, vertebra, &canal)?);
        }
        for index in 0..2 {
            nerves.extend(Nerve::sacral(&tables, &curve, &canal, index)?);
        }
        let discs = vertebrae
            .iter()
            .map(|upper| Disc::new(&tables, &pose, upper, &noise))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            scanner: Scanner::new(&tables, seed)?,
            warp: Warp::new(seed),
            vertebrae: vertebrae.into_iter().map(Arc::new).collect(),
            tables,
            pose,
            facets,
            canal,
            sacrum,
            joint,
            envelope,
            nerves,
            discs,
            noise,
            ilium,
            seed,
        })
    }

    /// All tissues in painting order.
    pub(super) fn tissues(&self) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
        let mut tissues = self.trunk()?;
        tissues.extend(self.abdomen()?);
        tissues.extend(self.spine()?);
        Ok(tissues)
    }

    fn trunk(&self) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
        let hu = TrunkHu::new(&self.tables)?;
        let fibres = Fibres::new(&self.tables, &self.noise)?;
        let (envelope, noise) = (&self.envelope, &self.noise);
        let curve = &self.sacrum.curve;
        Ok(vec![
            Box::new(TableTop {
                envelope: Arc::clone(envelope),
                hu,
            }),
            Box::new(Trunk {
                envelope: Arc::clone(envelope),
                noise: noise.clone(),
                hu,
                skin_mm: self.tables.scalar("ct", "skin_mm")?,
            }),
            Box::new(LungBase {
                envelope: Arc::clone(envelope),
                noise: noise.clone(),
                hu: self.tables.hu("lung")?,
                bottom_mm: self.pose.vertebrae[1].origin_mm.z - 6.0,
            }),
            Box::new(PelvicMuscles {
                envelope: Arc::clone(envelope),
                ilium: Arc::clone(&self.ilium),
                sacrum_mm: self.pose.sacrum.origin_mm,
                noise: noise.clone(),
                hu,
            }),
            Box::new(Column::piriformis(&self.pose, &fibres)),
            Box::new(Paraspinal::new(
                &self.tables,
                &self.pose,
                curve,
                envelope,
                &fibres,
            )?),
            Box::new(Column::quadratus(&self.tables, &self.pose, &fibres)?),
        ])
    }

    fn abdomen(&self) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
        let fibres = Fibres::new(&self.tables, &self.noise)?;
        let (envelope, noise) = (&self.envelope, &self.noise);
        let mut tissues: Vec<Box<dyn Tissue>> = Vec::new();
        for solid in Solid::all(&self.tables, &self.pose, envelope, noise)? {
            tissues.push(Box::new(solid));
        }
        for gut in Gut::all(&self.tables, &self.pose, envelope, noise, self.seed)? {
            tissues.push(Box::new(gut));
        }
        for kidney in Kidney::pair(&self.tables, noise)? {
            tissues.push(Box::new(kidney));
        }
        tissues.push(Box::new(Column::psoas(&self.tables, &fibres)?));
        tissues.extend(vessels(&self.tables, &self.pose, &self.vertebrae, noise)?);
        for strand in Strand::all(&self.tables, &self.pose)? {
            tissues.push(Box::new(strand));
        }
        Ok(tissues)
    }

    fn spine(&self) -> Result<Vec<Box<dyn Tissue>>, PhantomError> {
        let mut tissues: Vec<Box<dyn Tissue>> = Vec::new();
        for vertebra in &self.vertebrae {
            tissues.push(Box::new(ForaminalFat::new(
                &self.tables,
                vertebra,
                &self.noise,
            )?));
        }
        tissues.push(Box::new(SacralHollows(Arc::clone(&self.sacrum))));
        for disc in &self.discs {
            tissues.push(Box::new(disc.clone()));
        }
        tissues.push(Box::new(self.canal.as_ref().clone()));
        for nerve in &self.nerves {
            tissues.push(Box::new(nerve.clone()));
        }
        for facet in &self.facets {
            tissues.push(Box::new(facet.as_ref().clone()));
        }
        let cleft_hu = self.tables.hu("cartilage")?;
        tissues.push(Box::new(SacroiliacJoint {
            surface: self.joint.clone(),
            cleft_hu,
        }));
        tissues.push(Box::new(Shared(Arc::clone(&self.ilium))));
        tissues.push(Box::new(Shared(Arc::clone(&self.sacrum))));
        for bone in self.vertebra_bones()? {
            tissues.push(Box::new(bone));
        }
        Ok(tissues)
    }

    /// The mobile vertebrae with the joints and canal that limit them.
    pub(super) fn vertebra_bones(&self) -> Result<Vec<VertebraBone>, PhantomError> {
        (0..MOBILE)
            .map(|level| {
                let above = level.checked_sub(1).map(|gap| &self.facets[gap]);
                let joints = (above, &self.facets[level]);
                VertebraBone::new(
                    &self.tables,
                    &self.vertebrae[level],
                    joints,
                    &self.canal,
                    &self.noise,
                )
            })
            .collect()
    }
}

/// A tissue that the truth uses too.
struct Shared<T>(Arc<T>);

impl<T: Tissue> Tissue for Shared<T> {
    fn bounds(&self) -> super::shape::Bounds {
        self.0.bounds()
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.0.reach_mm(p_mm)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut super::voxelize::Voxel) {
        self.0.paint(p_mm, voxel);
    }
}
