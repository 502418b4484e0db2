//! Ilia, femoral heads and sacroiliac joints (reference 3.8, 3.9). The joint
//! surface is shared with the sacrum so that its cleft stays open.

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::Tables;
use super::label::{self, Side};
use super::noise::{NoiseField, trabeculae};
use super::pose::Pose;
use super::shape::{Bounds, Profile, ease, lerp, smooth_max, smooth_min};
use super::voxelize::{Tissue, Voxel};

/// Length of the synovial part of the joint in an axial section (`ours`).
const SYNOVIAL_MM: f64 = 30.0;

/// Middle surface of the sacroiliac joint: lateral position over height and depth.
#[derive(Debug, Clone)]
pub(super) struct JointSurface {
    origin_mm: DVec3,
    lateral: Profile,
    anterior: Profile,
    angle_deg: Profile,
    pub(super) half_space_mm: f64,
    pub(super) top_mm: f64,
    pub(super) bottom_mm: f64,
    noise: NoiseField,
}

impl JointSurface {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let origin = pose.sacrum.origin_mm;
        let level: [f64; 5] = tables.list("pelvis", "joint_level_mm")?;
        let lateral: [f64; 5] = tables.list("pelvis", "joint_lateral_mm")?;
        let posterior: [f64; 5] = tables.list("pelvis", "joint_posterior_mm")?;
        let over = |values: [f64; 5]| {
            Profile::new(
                level
                    .iter()
                    .zip(values)
                    .map(|(z, v)| (origin.z + z, v))
                    .collect(),
            )
        };
        let upper = tables.scalar("sacrum", "joint_upper_deg")?;
        let lower = tables.scalar("sacrum", "joint_lower_deg")?;
        let scale = tables.scalar("sacrum", "width_mm")? / 103.6;
        let wide = lateral.map(|x| x * scale);
        Ok(Self {
            origin_mm: origin,
            lateral: over(wide),
            anterior: over(posterior.map(|y| y + origin.y)),
            angle_deg: Profile::new(vec![(origin.z - 5.0, upper), (origin.z - 52.0, lower)]),
            half_space_mm: 0.5 * tables.scalar("sacrum", "joint_space_mm")?,
            top_mm: origin.z + level[0],
            bottom_mm: origin.z + level[4],
            noise: noise.clone(),
        })
    }

    /// Lateral position of the middle of the joint, at a model height and depth.
    pub(super) fn lateral_mm(&self, y_mm: f64, z_mm: f64, side: Side) -> f64 {
        let t = y_mm - self.anterior.at(z_mm);
        let straight = self.lateral.at(z_mm) - self.angle_deg.at(z_mm).to_radians().tan() * t;
        // Gentle waves and a slight bow, as real auricular surfaces have.
        let wave = 1.5
            * self
                .noise
                .at(y_mm / 13.0, z_mm / 14.0, 7.5 + 9.0 * side.sign());
        straight + wave + 0.0035 * (t - 14.0) * (t - 14.0) - 0.6
    }

    /// Distance along the joint behind its front end.
    pub(super) fn behind_front_mm(&self, p_mm: DVec3) -> f64 {
        p_mm.y - self.anterior.at(p_mm.z)
    }

    /// Half the gap: the joint space, widening behind it for the interosseous ligament.
    fn half_gap_mm(&self, p_mm: DVec3) -> f64 {
        self.half_space_mm
            + 3.0
                * ease(
                    SYNOVIAL_MM - 3.0,
                    SYNOVIAL_MM + 10.0,
                    self.behind_front_mm(p_mm),
                )
    }

    /// Lateral limit of the sacrum.
    pub(super) fn sacral_mm(&self, p_mm: DVec3) -> f64 {
        let lateral = self.lateral_mm(p_mm.y, p_mm.z, Side::of(p_mm.x)) - self.half_gap_mm(p_mm);
        // Below the joint the surface no longer limits the sacrum.
        lateral + 30.0 * ease(self.bottom_mm, self.bottom_mm - 8.0, p_mm.z)
    }

    /// Distance to the side of the joint that belongs to the ilium; negative beyond the gap.
    fn iliac(&self, p_mm: DVec3) -> f64 {
        let limit = self.lateral_mm(p_mm.y, p_mm.z, Side::of(p_mm.x)) + self.half_gap_mm(p_mm);
        let free = 40.0 * ease(self.bottom_mm - 6.0, self.bottom_mm - 16.0, p_mm.z);
        limit - free - p_mm.x.abs()
    }

    /// Angle of the joint to the sagittal plane at a model height.
    pub(super) fn angle_deg(&self, z_mm: f64) -> f64 {
        self.angle_deg.at(z_mm)
    }

    /// Point in the middle of the joint, `along_mm` behind its front end.
    pub(super) fn point_mm(&self, z_mm: f64, along_mm: f64, side: Side) -> DVec3 {
        let y = self.anterior.at(z_mm) + along_mm;
        DVec3::new(side.sign() * self.lateral_mm(y, z_mm, side), y, z_mm)
    }

    /// Length of the synovial joint in an axial section.
    pub(super) fn synovial_mm() -> f64 {
        SYNOVIAL_MM
    }
}

/// Cartilage-lined cleft and the ligament behind it.
pub(super) struct SacroiliacJoint {
    pub(super) surface: JointSurface,
    pub(super) cleft_hu: f32,
}

impl Tissue for SacroiliacJoint {
    fn bounds(&self) -> Bounds {
        let o = self.surface.origin_mm;
        let low = DVec3::new(-64.0, o.y - 10.0, self.surface.bottom_mm - 4.0);
        Bounds {
            low_mm: low,
            high_mm: DVec3::new(64.0, o.y + 80.0, self.surface.top_mm),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        (p_mm.x.abs() - self.surface.lateral_mm(p_mm.y, p_mm.z, Side::of(p_mm.x))).abs() - 9.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let surface = &self.surface;
        let side = Side::of(p_mm.x);
        let off = (p_mm.x.abs() - surface.lateral_mm(p_mm.y, p_mm.z, side)).abs();
        let behind = surface.behind_front_mm(p_mm);
        let above_ala = p_mm.z - surface.origin_mm.z + 5.0;
        let ligament = (off - surface.half_gap_mm(p_mm) - 0.6).max((behind - 22.0).abs() - 26.0);
        let streak = self.surface.noise.rough(p_mm, 3.0) as f32;
        let ligament = ligament.max(above_ala).max(surface.bottom_mm - p_mm.z);
        voxel.cover(ligament, -20.0 + 70.0 * streak, voxel.label);
        let ends = (surface.bottom_mm - p_mm.z)
            .max(above_ala)
            .max(-behind)
            .max(behind - SYNOVIAL_MM);
        let cleft = (off - surface.half_space_mm - 0.4).max(ends);
        voxel.cover(cleft, self.cleft_hu, label::sacroiliac(side));
    }
}

/// One section of the iliac wing: points from back to front with half thickness.
#[derive(Debug, Clone)]
struct Section {
    z_mm: f64,
    points: Vec<DVec3>,
}

/// Pieces the six table points are refined into.
const REFINED: usize = 11;

/// Both ilia with acetabular roofs and femoral heads.
#[derive(Debug, Clone)]
pub(super) struct Ilium {
    sections: Vec<Section>,
    crest: Profile,
    joint: JointSurface,
    head_mm: DVec3,
    head_radius_mm: f64,
    noise: NoiseField,
    cortex_hu: f32,
    core_hu: f32,
}

impl Ilium {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        joint: &JointSurface,
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let origin = pose.sacrum.origin_mm;
        let level: [f64; 8] = tables.list("pelvis", "level_mm")?;
        let mut sections = Vec::with_capacity(level.len());
        for (i, z) in level.iter().enumerate() {
            let numbers: [f64; 18] = tables.list("pelvis", &format!("wing_{}_mm", i + 1))?;
            let points: Vec<DVec3> = numbers
                .chunks(3)
                .map(|c| DVec3::new(c[0], c[1] + origin.y, c[2]))
                .collect();
            sections.push(Section {
                z_mm: origin.z + z,
                points: refine(&points),
            });
        }
        let at: [f64; 8] = tables.list("pelvis", "crest_lateral_mm")?;
        let height: [f64; 8] = tables.list("pelvis", "crest_height_mm")?;
        let head: [f64; 4] = tables.list("pelvis", "femoral_head_mm")?;
        Ok(Self {
            sections,
            crest: Profile::new(
                at.iter()
                    .zip(height)
                    .map(|(x, h)| (*x, h + origin.z))
                    .collect(),
            ),
            joint: joint.clone(),
            head_mm: DVec3::new(head[0], head[1] + origin.y, head[2] + origin.z),
            head_radius_mm: head[3],
            noise: noise.clone(),
            cortex_hu: tables.hu("cortex")?,
            core_hu: tables.hu("marrow_fat")? + 60.0,
        })
    }

    /// Signed offset from the wing's middle (lateral positive) and its half thickness.
    ///
    /// Lateral means outside and behind, where the gluteal muscles lie.
    pub(super) fn wing(&self, p_mm: DVec3) -> (f64, f64, f64) {
        let p = DVec2::new(p_mm.x.abs(), p_mm.y);
        let upper = self
            .sections
            .iter()
            .rposition(|s| s.z_mm >= p_mm.z)
            .unwrap_or(0)
            .min(self.sections.len() - 2);
        let (a, b) = (&self.sections[upper], &self.sections[upper + 1]);
        let t = ((a.z_mm - p_mm.z) / (a.z_mm - b.z_mm)).clamp(0.0, 1.0);
        let mut nearest = (f64::INFINITY, 0.0, 0.0, 0.0);
        let mut previous = a.points[0].lerp(b.points[0], t);
        for (pa, pb) in a.points.iter().zip(&b.points).skip(1) {
            let next = pa.lerp(*pb, t);
            let (from, to) = (
                DVec2::new(previous.x, previous.y),
                DVec2::new(next.x, next.y),
            );
            let edge = to - from;
            let along = ((p - from).dot(edge) / edge.length_squared().max(1e-9)).clamp(0.0, 1.0);
            let off = p - from - edge * along;
            let square = off.length_squared();
            if square < nearest.0 {
                let lateral = (p - from).perp_dot(edge);
                nearest = (square, lateral, lerp(previous.z, next.z, along), 0.0);
            }
            previous = next;
        }
        let distance = nearest.0.sqrt();
        // Points run from back to front, so the lateral side lies to the left of the walk.
        (distance.copysign(-nearest.1), nearest.2, distance)
    }

    /// Height of the iliac crest at a lateral position.
    pub(super) fn crest_mm(&self, x_mm: f64) -> f64 {
        self.crest.at(x_mm.abs())
    }

    /// Distance to the ilium.
    pub(super) fn bone(&self, p_mm: DVec3) -> f64 {
        let (_, half, distance) = self.wing(p_mm);
        let from_crest = p_mm.z - self.crest_mm(p_mm.x);
        let lip = 2.2 * ease(-14.0, -2.0, from_crest);
        let mut bone = smooth_max(distance - half - lip, from_crest, 5.0);
        bone = smooth_max(bone, self.joint.iliac(p_mm), 2.0);
        let from_head = (DVec3::new(p_mm.x.abs(), p_mm.y, p_mm.z) - self.head_mm).length();
        if from_head < self.head_radius_mm + 16.0 {
            // The socket is a shell over the upper and medial part of the head.
            let shell = (from_head - self.head_radius_mm - 7.0).abs() - 4.5;
            let open =
                0.75 * (p_mm.x.abs() - self.head_mm.x) - 0.65 * (p_mm.z - self.head_mm.z) - 8.0;
            bone = smooth_min(bone, smooth_max(shell, open, 4.0), 5.0);
            bone = bone.max(self.head_radius_mm + 2.8 - from_head);
        }
        bone
    }

    fn head(&self, p_mm: DVec3) -> f64 {
        let p = DVec3::new(p_mm.x.abs(), p_mm.y, p_mm.z) - self.head_mm;
        let ball = p.length() - self.head_radius_mm;
        let neck = super::shape::tapered_capsule(
            p,
            DVec3::new(8.0, 1.0, -6.0),
            DVec3::new(46.0, 8.0, -38.0),
            (15.0, 17.0),
        )
        .0;
        smooth_min(ball, neck, 6.0)
    }
}

/// Catmull-Rom refinement of a section.
fn refine(points: &[DVec3]) -> Vec<DVec3> {
    let last = points.len() - 1;
    (0..=REFINED)
        .map(|i| {
            let position = i as f64 * last as f64 / REFINED as f64;
            let index = (position as usize).min(last - 1);
            let t = position - index as f64;
            let get = |j: usize| points[j.min(last)];
            let (p0, p1, p2, p3) = (
                get(index.saturating_sub(1)),
                get(index),
                get(index + 1),
                get(index + 2),
            );
            let (t2, t3) = (t * t, t * t * t);
            (p1 * 2.0
                + (p2 - p0) * t
                + (p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3) * t2
                + (p1 * 3.0 - p0 - p2 * 3.0 + p3) * t3)
                * 0.5
        })
        .collect()
}

impl Tissue for Ilium {
    fn bounds(&self) -> Bounds {
        let y = self.joint.origin_mm.y;
        let z = self.joint.origin_mm.z;
        Bounds {
            low_mm: DVec3::new(-165.0, y - 80.0, z - 170.0),
            high_mm: DVec3::new(165.0, y + 80.0, z + 46.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.bone(p_mm).min(self.head(p_mm)) - 1.5
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let rough = 0.5 * self.noise.rough(p_mm, 7.0);
        let bone = self.bone(p_mm) + rough;
        let side = Side::of(p_mm.x);
        let texture = 95.0 * trabeculae(&self.noise, p_mm) as f32;
        if bone < voxel.width_mm {
            // Sclerotic subchondral bone along the joint.
            let near_joint = ease(6.0, 0.0, -self.joint.iliac(p_mm)) as f32;
            let core = self.core_hu + texture + 180.0 * near_joint;
            voxel.cover_bone(bone, (1.7, self.cortex_hu), core, label::ilium(side));
        }
        let head = self.head(p_mm) + 0.4 * rough;
        if head < voxel.width_mm {
            let core = self.core_hu + 130.0 + texture;
            voxel.cover_bone(head, (1.0, self.cortex_hu * 0.9), core, label::femur(side));
        }
    }
}
