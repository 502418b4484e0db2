//! The spinal canal from T11 to the sacral hiatus: its outline, the dural sac,
//! cord, cauda equina, epidural fat and ligamentum flavum (reference 3.5).

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{L1, L5, MOBILE, PerLevel, Tables};
use super::label;
use super::noise::NoiseField;
use super::pose::Pose;
use super::sacral_curve::SacralCurve;
use super::shape::{Bounds, Profile, ease, ellipse, lerp, smooth_max};
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel};

/// Outline of the canal and of the dural sac, both as functions of height.
#[derive(Debug, Clone)]
pub(super) struct Canal {
    front: Profile,
    roof: Profile,
    half_width: Profile,
    sac_half_ap: Profile,
    sac_half_width: Profile,
    ventral_gap: Profile,
    flavum_mm: Profile,
    cord_half: Profile,
    pub(super) top_mm: f64,
    /// Height at which the canal ends, the lower end of the hiatus.
    pub(super) bottom_mm: f64,
    /// Height at which the dural sac ends.
    pub(super) sac_end_mm: f64,
    /// Height of the conus tip.
    pub(super) conus_mm: f64,
    /// Height of the S1 end-plate centre, below which there is no ligamentum flavum.
    pub(super) sacrum_mm: f64,
    strands: Vec<Strand>,
    noise: NoiseField,
    hu: CanalHu,
}

/// One rootlet of the cauda equina, placed in fractions of the sac's half-axes.
#[derive(Debug, Clone, Copy)]
struct Strand {
    place: DVec2,
    leaves_mm: f64,
}

#[derive(Debug, Clone, Copy)]
struct CanalHu {
    fat: f32,
    csf: f32,
    cord: f32,
    nerve: f32,
    flavum: f32,
}

#[derive(Default)]
struct Nodes {
    front: Vec<(f64, f64)>,
    roof: Vec<(f64, f64)>,
    half_width: Vec<(f64, f64)>,
}

impl Nodes {
    fn push(&mut self, front_mm: DVec3, roof_mm: DVec3, half_width_mm: f64) {
        self.front.push((front_mm.z, front_mm.y));
        self.roof.push((roof_mm.z, roof_mm.y));
        self.half_width
            .push((0.5 * (front_mm.z + roof_mm.z), half_width_mm));
    }
}

/// Nodes of the bony canal at three heights of each vertebra and at each disc.
fn bony_nodes(tables: &Tables, pose: &Pose, vertebrae: &[Vertebra]) -> Result<Nodes, PhantomError> {
    let ap: PerLevel = tables.list("canal", "anteroposterior_mm")?;
    let width: PerLevel = tables.list("canal", "interpedicular_mm")?;
    let mut nodes = Nodes::default();
    for (i, vertebra) in vertebrae.iter().enumerate() {
        let half = vertebra.half_height_mm;
        // Narrowest at the pedicles, deeper under the flavum above and below the lamina.
        for (z, deeper, narrower) in [
            (half - 3.0, 5.0, 0.97),
            (vertebra.pedicle_z_mm(), 0.0, 1.0),
            (4.0 - half, 3.0, 0.94),
        ] {
            let wall = vertebra.posterior_wall_mm(z);
            let at = |y: f64| vertebra.frame.model(DVec3::new(0.0, y, z));
            let half_width = 0.5 * width[i] * narrower;
            nodes.push(at(wall), at(wall + ap[i] + deeper), half_width);
        }
        let next = (i + 1).min(L5);
        let back = vertebra.disc_back_mm();
        let depth = 0.5 * (ap[i] + ap[next]) + 4.6;
        let at = |y: f64| pose.discs[i].model(DVec3::new(0.0, y, 0.0));
        let half_width = 0.25 * (width[i] + width[next]) * 0.93;
        nodes.push(at(back), at(back + depth), half_width);
    }
    Ok(nodes)
}

/// Half depth, half width and ventral gap of the sac over height.
type DuralNodes = (Vec<(f64, f64)>, Vec<(f64, f64)>, Vec<(f64, f64)>);

fn dural_nodes(tables: &Tables, pose: &Pose) -> Result<DuralNodes, PhantomError> {
    let ap: PerLevel = tables.list("canal", "sac_anteroposterior_mm")?;
    let width: PerLevel = tables.list("canal", "sac_width_mm")?;
    let mut sac = DuralNodes::default();
    for (i, frame) in pose.vertebrae.iter().enumerate() {
        let z = frame.origin_mm.z;
        sac.0.push((z, 0.5 * ap[i]));
        sac.1.push((z, 0.5 * width[i]));
        sac.2.push((z, if i == L5 { 1.4 } else { 1.1 }));
    }
    Ok(sac)
}

impl Canal {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        vertebrae: &[Vertebra],
        curve: &SacralCurve,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let mut nodes = bony_nodes(tables, pose, vertebrae)?;
        let mut sac = dural_nodes(tables, pose)?;
        let flavum: PerLevel = tables.list("interlaminar", "flavum_thickness_mm")?;
        let flavum_nodes = pose
            .discs
            .iter()
            .map(|d| d.origin_mm.z)
            .zip(flavum)
            .collect();
        let sac_s1: [f64; 2] = tables.list("sacrum", "sac_size_s1_mm")?;
        let bottom_mm = curve.push_canal(|front, roof, half| nodes.push(front, roof, half));
        let s1 = curve.model(8.0, 0.0, 0.0).z;
        let sac_end_mm = curve
            .model(tables.scalar("sacrum", "sac_end_mm")?, 10.0, 0.0)
            .z;
        sac.0.extend([
            (s1, 0.5 * sac_s1[0]),
            (sac_end_mm + 9.0, 0.36 * sac_s1[0]),
            (sac_end_mm, 0.4),
        ]);
        sac.1.extend([
            (s1, 0.5 * sac_s1[1]),
            (sac_end_mm + 9.0, 0.4 * sac_s1[1]),
            (sac_end_mm, 0.4),
        ]);
        sac.2.extend([(s1, 2.0), (sac_end_mm, 3.0)]);
        // Conus at the L1-2 disc (reference 3.5, design), taper over 35 mm.
        let conus_mm = pose.discs[L1].origin_mm.z;
        let cord_half = Profile::new(vec![
            (conus_mm - 1.0, 0.2),
            (conus_mm + 12.0, 2.4),
            (conus_mm + 35.0, 4.3),
            (conus_mm + 60.0, 4.5),
        ]);
        Ok(Self {
            top_mm: pose.vertebrae[0].origin_mm.z + 40.0,
            bottom_mm,
            sac_end_mm,
            conus_mm,
            sacrum_mm: pose.sacrum.origin_mm.z,
            front: Profile::new(nodes.front),
            roof: Profile::new(nodes.roof),
            half_width: Profile::new(nodes.half_width),
            sac_half_ap: Profile::new(sac.0),
            sac_half_width: Profile::new(sac.1),
            ventral_gap: Profile::new(sac.2),
            flavum_mm: Profile::new(flavum_nodes),
            cord_half,
            strands: strands(pose),
            noise: noise.clone(),
            hu: CanalHu {
                fat: tables.hu("epidural_fat")?,
                csf: tables.hu("csf")?,
                cord: tables.hu("cord")?,
                nerve: tables.hu("nerve")?,
                flavum: tables.hu("flavum")?,
            },
        })
    }

    /// Distance to the canal wall: negative between vertebral body and flavum.
    pub(super) fn distance(&self, p_mm: DVec3) -> f64 {
        let (front, roof) = (self.front.at(p_mm.z), self.roof.at(p_mm.z));
        let half = self.half_width.at(p_mm.z);
        let x = p_mm.x.abs();
        // Walls upright for the ventral part, then a gable whose ridge is the spinolaminar line.
        let eaves = front + 0.52 * (roof - front);
        let rise = roof - eaves;
        let ridge_half = 1.6;
        let gable = ((x - ridge_half) * rise + (p_mm.y - eaves) * (half - ridge_half)
            - (half - ridge_half) * rise)
            / DVec2::new(rise, half - ridge_half).length();
        let walls = smooth_max(x - half, gable, 5.0);
        let ends = smooth_max(front - p_mm.y, p_mm.y - roof, 1.0);
        smooth_max(walls, ends, 3.0)
    }

    pub(super) fn front_mm(&self, z_mm: f64) -> f64 {
        self.front.at(z_mm)
    }

    pub(super) fn roof_mm(&self, z_mm: f64) -> f64 {
        self.roof.at(z_mm)
    }

    pub(super) fn half_width_mm(&self, z_mm: f64) -> f64 {
        self.half_width.at(z_mm)
    }

    /// Centre and half-axes of the sac in its axial section.
    pub(super) fn sac(&self, z_mm: f64) -> (f64, DVec2) {
        // A small canal (other seeds) takes from the sac, not from the fat behind it.
        let room = self.roof.at(z_mm) - self.front.at(z_mm) - self.ventral_gap.at(z_mm);
        let half_ap = self.sac_half_ap.at(z_mm).min(0.47 * room);
        let half = DVec2::new(self.sac_half_width.at(z_mm), half_ap);
        (
            self.front.at(z_mm) + self.ventral_gap.at(z_mm) + half.y,
            half,
        )
    }

    /// Distance to the dura.
    pub(super) fn sac_distance(&self, p_mm: DVec3) -> f64 {
        let (y, half) = self.sac(p_mm.z);
        ellipse(p_mm.x, p_mm.y - y, half).max(self.sac_end_mm - p_mm.z)
    }

    fn paint_sac(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let (y, half) = self.sac(p_mm.z);
        let dura = ellipse(p_mm.x, p_mm.y - y, half).max(self.sac_end_mm - p_mm.z);
        if dura > 2.0 {
            return;
        }
        voxel.cover(dura, self.hu.csf + 12.0, label::CSF);
        voxel.cover(dura + 0.5, self.hu.csf, label::CSF);
        if p_mm.z > self.conus_mm - 2.0 {
            let r = self.cord_half.at(p_mm.z);
            let cord = ellipse(p_mm.x, p_mm.y - y + 0.8, DVec2::new(r * 1.08, r));
            voxel.cover(cord, self.hu.cord, label::CORD);
        }
        // Rootlets gather around the cord above the conus and sink ventrally (prone) below it.
        let spread = ease(self.conus_mm + 45.0, self.conus_mm - 25.0, p_mm.z);
        for strand in &self.strands {
            if p_mm.z < strand.leaves_mm {
                continue;
            }
            let leaving = ease(strand.leaves_mm + 30.0, strand.leaves_mm, p_mm.z);
            let inner = DVec2::new(
                lerp(0.45, strand.place.x, spread.max(0.3)),
                lerp(0.0, strand.place.y, spread),
            );
            let x = strand.place.x.signum() * lerp(inner.x.abs(), 0.82, leaving);
            let centre = DVec2::new(x, lerp(inner.y, -0.1, leaving)) * half;
            let distance = (DVec2::new(p_mm.x, p_mm.y - y) - centre).length() - 0.85;
            if distance < 1.5 {
                voxel.cover(distance, self.hu.nerve, label::CAUDA_EQUINA);
            }
        }
    }
}

/// Two rootlets a side for each root from L2 to S4, deeper ones nearer the midline.
fn strands(pose: &Pose) -> Vec<Strand> {
    let mut strands = Vec::new();
    for number in 0..8_usize {
        let leaves_mm = if L1 + 1 + number < MOBILE {
            pose.vertebrae[L1 + 1 + number].origin_mm.z + 10.0
        } else {
            pose.sacrum.origin_mm.z - 8.0 * (number as f64 - 4.0)
        };
        let lateral = 0.78 - 0.085 * number as f64;
        for sign in [-1.0, 1.0] {
            strands.push(Strand {
                place: DVec2::new(
                    sign * lateral,
                    -0.34 - 0.05 * number as f64 * (1.0 - lateral),
                ),
                leaves_mm,
            });
            strands.push(Strand {
                place: DVec2::new(sign * (lateral - 0.04), 0.02 - 0.06 * number as f64),
                leaves_mm,
            });
        }
    }
    strands
}

impl Tissue for Canal {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-26.0, -40.0, self.bottom_mm - 2.0),
            high_mm: DVec3::new(26.0, 130.0, self.top_mm),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm) - 5.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let wall = self.distance(p_mm);
        if wall > 6.0 {
            return;
        }
        // The flavum lines the gable only, between the laminae and never in the sacrum.
        let gable_from =
            self.front.at(p_mm.z) + 0.45 * (self.roof.at(p_mm.z) - self.front.at(p_mm.z));
        if p_mm.y > gable_from && p_mm.z > self.sacrum_mm - 6.0 {
            let thickness = self.flavum_mm.at(p_mm.z);
            let ligament = smooth_max(wall - thickness, gable_from - p_mm.y, 1.5);
            voxel.cover(ligament, self.hu.flavum, label::FLAVUM);
        }
        let streak = self.noise.scaled(p_mm, DVec3::new(2.5, 2.5, 5.0)) as f32;
        voxel.cover(wall, self.hu.fat + 14.0 * streak, label::EPIDURAL_FAT);
        self.paint_sac(p_mm, voxel);
    }
}
