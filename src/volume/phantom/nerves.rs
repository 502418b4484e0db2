//! Foraminal fat, spinal roots and dorsal root ganglia (reference 3.7): each root
//! leaves the sac, runs under its pedicle and descends in front of the transverse process.

use glam::DVec3;

use super::PhantomError;
use super::anatomy::{L5, MOBILE, PerLevel, Tables};
use super::canal::Canal;
use super::label::{self, Side};
use super::noise::NoiseField;
use super::pose::Frame;
use super::sacral_curve::SacralCurve;
use super::shape::{Bounds, ellipsoid, rounded_box};
use super::tube::Tube;
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel};

/// Fat of the foramina of one level, between two pedicles.
pub(super) struct ForaminalFat {
    frame: Frame,
    centre_mm: DVec3,
    half_mm: DVec3,
    hu: f32,
    noise: NoiseField,
}

impl ForaminalFat {
    pub(super) fn new(
        tables: &Tables,
        vertebra: &Vertebra,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let isthmus = vertebra.pedicle.isthmus_mm;
        Ok(Self {
            frame: vertebra.frame,
            centre_mm: DVec3::new(isthmus.x + 3.0, isthmus.y + 1.0, -14.0),
            half_mm: DVec3::new(13.0, 7.5, 20.0),
            hu: tables.hu("epidural_fat")?,
            noise: noise.clone(),
        })
    }

    fn distance(&self, p_mm: DVec3) -> f64 {
        let q = self.frame.local(p_mm);
        rounded_box(
            DVec3::new(q.x.abs(), q.y, q.z) - self.centre_mm,
            self.half_mm,
            5.0,
        )
    }
}

impl Tissue for ForaminalFat {
    fn bounds(&self) -> Bounds {
        let c = self
            .frame
            .model(DVec3::new(0.0, self.centre_mm.y, self.centre_mm.z));
        Bounds::around(&[c], 40.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let streak = 12.0 * self.noise.rough(p_mm, 3.0) as f32;
        voxel.cover(self.distance(p_mm), self.hu + streak, label::FORAMINAL_FAT);
    }
}

/// One spinal nerve with its ganglion.
#[derive(Debug, Clone)]
pub(super) struct Nerve {
    /// 0 is T11, 6 is L5, 7 is S1.
    pub(super) level: usize,
    pub(super) side: Side,
    tube: Tube,
    /// Centre of the ganglion in the model.
    pub(super) ganglion_mm: DVec3,
    ganglion_half_mm: DVec3,
    ganglion_axis: DVec3,
    hu: f32,
}

/// Centre of a root under its pedicle, folded to positive x, in the vertebra's frame.
///
/// The root lies against the front of the foramen, 1-5 mm below the pedicle.
pub(super) fn under_pedicle_mm(vertebra: &Vertebra, radius_mm: f64) -> DVec3 {
    let pedicle = &vertebra.pedicle;
    let z = pedicle.isthmus_mm.z - pedicle.half.y - 3.4 - radius_mm;
    DVec3::new(
        pedicle.isthmus_mm.x,
        vertebra.posterior_wall_mm(z) + radius_mm + 0.8,
        z,
    )
}

impl Nerve {
    /// Both nerves of a mobile level.
    pub(super) fn pair(
        tables: &Tables,
        vertebra: &Vertebra,
        canal: &Canal,
    ) -> Result<[Self; 2], PhantomError> {
        let one = |name: &str| {
            tables
                .list("canal", name)
                .map(|row: PerLevel| row[vertebra.level])
        };
        let radius = 0.5 * one("root_diameter_mm")?;
        let width = one("ganglion_width_mm")?;
        let length = one("ganglion_length_mm")?;
        let takeoff = one("root_takeoff_deg")?.to_radians();
        let hu = tables.hu("nerve")?;
        let under = under_pedicle_mm(vertebra, radius);
        let shoulder_z = vertebra.frame.model(under).z;
        let (sac_y, sac_half) = canal.sac(shoulder_z);
        let out = under.x - 0.72 * sac_half.x;
        let leave = vertebra.frame.local(DVec3::new(0.0, sac_y, shoulder_z));
        let start = DVec3::new(
            0.72 * sac_half.x,
            leave.y + 0.5,
            under.z + out / takeoff.tan(),
        );
        let exit = under + DVec3::new(9.0, -3.5, -7.5);
        let below = under + DVec3::new(17.0, -13.0, -24.0);
        let plexus = under + DVec3::new(22.0, -19.0, -44.0);
        // The ganglion sits medially in the foramen down to L4, laterally at L5 [A20].
        let along = if vertebra.level == L5 { 0.55 } else { 0.05 };
        let axis = (exit - under).normalize_or(DVec3::X);
        let centre = under.lerp(exit, along);
        Ok(Side::BOTH.map(|side| {
            let fold = |p: DVec3| {
                vertebra
                    .frame
                    .model(DVec3::new(side.sign() * p.x, p.y, p.z))
            };
            let nodes = [
                (fold(start), 0.62 * radius),
                (fold(under), 0.95 * radius),
                (fold(exit), radius),
                (fold(below), radius),
                (fold(plexus), radius * 0.8),
            ];
            let turned = vertebra
                .frame
                .turn(DVec3::new(side.sign() * axis.x, axis.y, axis.z));
            Self {
                level: vertebra.level,
                side,
                tube: Tube::new(&nodes, 4),
                ganglion_mm: fold(centre),
                ganglion_half_mm: DVec3::new(0.5 * length, 0.5 * width, 0.5 * width),
                ganglion_axis: turned,
                hu,
            }
        }))
    }

    /// Both S1 or S2 nerves, inside the sacrum and out of the ventral foramen.
    pub(super) fn sacral(
        tables: &Tables,
        curve: &SacralCurve,
        canal: &Canal,
        index: usize,
    ) -> Result<[Self; 2], PhantomError> {
        let station: [f64; 4] = tables.list("sacrum", "foramen_station_mm")?;
        let dorsal_x: [f64; 4] = tables.list("sacrum", "dorsal_foramen_from_midline_mm")?;
        let (s, x) = (station[index], dorsal_x[index] - 1.5);
        let half_depth = curve.half_depth_mm(s);
        // S1 root 5.45 mm (3.7 [A18]).
        let radius = if index == 0 { 2.6 } else { 1.9 };
        let begin_s = s - 24.0;
        let z = curve.model(begin_s, half_depth + 8.0, 0.0).z;
        let (sac_y, sac_half) = canal.sac(z);
        let hu = tables.hu("nerve")?;
        Ok(Side::BOTH.map(|side| {
            let at = |s: f64, n: f64, x: f64| curve.model(s, n, side.sign() * x);
            let begin = DVec3::new(side.sign() * 0.7 * sac_half.x, sac_y, z);
            let ganglion = at(s - 4.0, half_depth + 2.0, x - 4.5);
            let junction = at(s, half_depth - 2.0, x);
            let ventral = at(s + 6.0, -half_depth, x + 2.0);
            let plexus = at(s + 22.0, -half_depth - 11.0, x + 10.0);
            let nodes = [
                (begin, 0.65 * radius),
                (ganglion, radius),
                (junction, radius),
                (ventral, radius),
                (plexus, radius * 1.2),
            ];
            Self {
                level: MOBILE + index,
                side,
                tube: Tube::new(&nodes, 4),
                ganglion_mm: ganglion,
                ganglion_half_mm: DVec3::new(5.6, 3.1, 3.1) * (radius / 2.6),
                ganglion_axis: (junction - begin).normalize_or(DVec3::Z),
                hu,
            }
        }))
    }

    /// Points from the sac outwards, in the model, and the radius at each.
    pub(super) fn course_mm(&self) -> impl Iterator<Item = (DVec3, f64)> {
        self.tube.points_mm()
    }

    fn ganglion(&self, p_mm: DVec3) -> f64 {
        let d = p_mm - self.ganglion_mm;
        let along = d.dot(self.ganglion_axis);
        let across = (d - self.ganglion_axis * along).length();
        ellipsoid(DVec3::new(along, across, 0.0), self.ganglion_half_mm)
    }
}

impl Tissue for Nerve {
    fn bounds(&self) -> Bounds {
        self.tube.bounds(4.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.tube.distance(p_mm).min(self.ganglion(p_mm))
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        voxel.cover(
            self.tube.distance(p_mm),
            self.hu,
            label::root(self.level, self.side),
        );
        voxel.cover(
            self.ganglion(p_mm),
            self.hu + 6.0,
            label::ganglion(self.level, self.side),
        );
    }
}
