//! One mobile vertebra as signed distances in its own frame: body with waist and
//! concave end-plates, pedicles, laminae and processes (reference 3.2 to 3.6).

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{L5, PerLevel, Tables};
use super::canal::Canal;
use super::facet::FacetPair;
use super::noise::Deviates;
use super::pose::{Frame, Pose};
use super::shape::{
    ease, ellipse, lerp, rounded_box, smooth_max, smooth_min, superellipse, tapered_capsule,
};

/// Reported where a part is too far away to be worth evaluating.
const FAR_MM: f64 = 40.0;
/// Lateral lamina slope: the lower edge lies further back (reference 3.6 `[K]` 20-35 degrees).
const LAMINA_SLOPE: f64 = 0.42;

/// Pedicle of one side, folded to positive x, in the vertebra's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pedicle {
    /// Centre of the isthmus.
    pub(super) isthmus_mm: DVec3,
    /// Unit axis from the body backwards and outwards.
    pub(super) axis: DVec3,
    across: DVec3,
    pub(super) half: DVec2,
}

/// Shape of one vertebra in its own frame (x left, y posterior, z cranial).
#[derive(Debug, Clone)]
pub(super) struct Vertebra {
    pub(super) level: usize,
    pub(super) frame: Frame,
    pub(super) half_height_mm: f64,
    wedge_mm: f64,
    superior_half: DVec2,
    inferior_half: DVec2,
    waist_half: DVec2,
    concavity_mm: f64,
    posterior_concavity_mm: f64,
    pub(super) pedicle: Pedicle,
    pub(super) canal_ap_mm: f64,
    pub(super) spinous_tip_mm: f64,
    spinous_half_height_mm: f64,
    spinous_half_thickness_mm: f64,
    pub(super) transverse_half_span_mm: f64,
    lamina_half_height_mm: f64,
    lamina_half_thickness_mm: f64,
    pub(super) tropism_deg: f64,
}

/// Distances to the two parts of a vertebra and to their union.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
pub(super) struct BoneDistance {
    pub(super) body_mm: f64,
    pub(super) arch_mm: f64,
    pub(super) all_mm: f64,
}

impl Vertebra {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        level: usize,
        seed: u64,
    ) -> Result<Self, PhantomError> {
        let one =
            |section: &str, name: &str| tables.list(section, name).map(|row: PerLevel| row[level]);
        let half = |width: &str, depth: &str| -> Result<DVec2, PhantomError> {
            Ok(DVec2::new(
                0.5 * one("vertebra", width)?,
                0.5 * one("vertebra", depth)?,
            ))
        };
        let (front, back) = (
            one("vertebra", "anterior_height_mm")?,
            one("vertebra", "posterior_height_mm")?,
        );
        let tropism_deg = if seed == 0 {
            0.0
        } else {
            1.6 * Deviates::new(seed ^ (level as u64 + 77)).normal()
        };
        let mut vertebra = Self {
            level,
            frame: pose.vertebrae[level],
            half_height_mm: 0.25 * (front + back),
            wedge_mm: 0.5 * (front - back),
            superior_half: half("superior_width_mm", "superior_depth_mm")?,
            inferior_half: half("inferior_width_mm", "inferior_depth_mm")?,
            waist_half: half("waist_width_mm", "waist_depth_mm")?,
            concavity_mm: one("vertebra", "endplate_concavity_mm")?,
            posterior_concavity_mm: one("vertebra", "posterior_concavity_mm")?,
            pedicle: Pedicle {
                isthmus_mm: DVec3::ZERO,
                axis: DVec3::Y,
                across: DVec3::X,
                half: DVec2::ONE,
            },
            canal_ap_mm: one("canal", "anteroposterior_mm")?,
            spinous_tip_mm: 0.0,
            spinous_half_height_mm: 0.5 * one("posterior", "spinous_height_mm")?,
            spinous_half_thickness_mm: 0.5 * one("posterior", "spinous_thickness_mm")?,
            transverse_half_span_mm: 0.5 * one("posterior", "transverse_span_mm")?,
            lamina_half_height_mm: 0.5 * one("posterior", "lamina_height_mm")?,
            lamina_half_thickness_mm: 0.5 * one("posterior", "lamina_thickness_mm")?,
            tropism_deg,
        };
        let z = one("pedicle", "centre_above_middle_mm")?;
        let (sin, cos) = one("pedicle", "convergence_deg")?.to_radians().sin_cos();
        let sagittal = one("pedicle", "sagittal_deg")?.to_radians().sin();
        let width = one("pedicle", "width_mm")?;
        // The medial walls are the interpedicular distance apart; the width is measured across the axis.
        let isthmus_x = 0.5 * one("canal", "interpedicular_mm")? + 0.5 * width / cos;
        vertebra.pedicle = Pedicle {
            isthmus_mm: DVec3::new(isthmus_x, vertebra.posterior_wall_mm(z) + 4.5, z),
            axis: DVec3::new(sin, cos, sagittal).normalize_or(DVec3::Y),
            across: DVec3::new(cos, -sin, 0.0),
            half: DVec2::new(0.5 * width, 0.5 * one("pedicle", "height_mm")?),
        };
        vertebra.spinous_tip_mm =
            vertebra.posterior_wall_mm(0.0) + one("posterior", "wall_to_spinous_tip_mm")?;
        Ok(vertebra)
    }

    /// Height of the pedicle centre above the middle of the body.
    pub(super) fn pedicle_z_mm(&self) -> f64 {
        self.pedicle.isthmus_mm.z
    }

    /// Half-axes of the body outline and its backward shift, at a local height.
    fn plan(&self, z_mm: f64) -> (DVec2, f64) {
        let t = (z_mm / self.half_height_mm).clamp(-1.0, 1.0);
        let rim = if t > 0.0 {
            self.superior_half
        } else {
            self.inferior_half
        };
        let flare = t * t * (0.35 + 0.65 * t * t);
        let half = self.waist_half + (rim - self.waist_half) * flare;
        // The front wall recedes about twice as far as the back wall.
        (half, 0.32 * (rim.y - half.y))
    }

    /// Local y of the posterior body wall in the midline, at a local height.
    pub(super) fn posterior_wall_mm(&self, z_mm: f64) -> f64 {
        let (half, shift) = self.plan(z_mm);
        half.y + shift
    }

    /// Local y of the anterior body wall in the midline, at a local height.
    pub(super) fn anterior_wall_mm(&self, z_mm: f64) -> f64 {
        let (half, shift) = self.plan(z_mm);
        shift - half.y
    }

    /// Local y of the back of the disc below this vertebra, a slight bulge included.
    pub(super) fn disc_back_mm(&self) -> f64 {
        self.inferior_half.y + 0.8
    }

    /// Outline of the discs at the lower rim, as half-axes.
    pub(super) fn inferior_half(&self) -> DVec2 {
        self.inferior_half
    }

    /// Height of the rim above the middle of the body at local y.
    fn rim_mm(&self, y_mm: f64) -> f64 {
        self.half_height_mm - y_mm * self.wedge_mm / (2.0 * self.superior_half.y)
    }

    /// Distance to the vertebral body; `q_mm` folded to positive x.
    pub(super) fn body(&self, q_mm: DVec3) -> f64 {
        let (half, shift) = self.plan(q_mm.z);
        let bow = self.posterior_concavity_mm;
        let x = q_mm.x / half.x;
        let y = q_mm.y - shift + bow * (1.0 - x * x).max(0.0) * ease(-0.2 * half.y, half.y, q_mm.y)
            - 0.5 * bow;
        let outline = superellipse(q_mm.x, y, DVec2::new(half.x, half.y + 0.5 * bow), 0.42);
        let apex = DVec2::new(x, (q_mm.y - 0.12 * half.y) / half.y).length_squared();
        let dish = self.concavity_mm * ease(1.0, 0.15, apex);
        let height = q_mm.z.abs() - (self.rim_mm(q_mm.y) - dish);
        smooth_max(outline, height, 2.2)
    }

    fn pedicle_distance(&self, q_mm: DVec3) -> f64 {
        let pedicle = &self.pedicle;
        let d = q_mm - pedicle.isthmus_mm;
        let along = d.dot(pedicle.axis);
        let up = d.z - along * pedicle.axis.z;
        let flare = 1.0 + 0.10 * (along / 7.0).powi(2);
        let section = ellipse(d.dot(pedicle.across), up, pedicle.half * flare);
        smooth_max(section, (along + 2.0).abs() - 12.0, 3.0)
    }

    fn lamina(&self, q_mm: DVec3) -> f64 {
        let wall = self.pedicle.isthmus_mm.y - 4.5;
        let medial = DVec2::new(0.0, wall + self.canal_ap_mm + self.lamina_half_thickness_mm);
        let along_axis = DVec2::new(0.86, -0.51);
        let behind_axis = DVec2::new(0.51, 0.86);
        let length = self.pedicle.isthmus_mm.x + 1.0;
        let d = DVec2::new(q_mm.x, q_mm.y) - medial;
        let z = q_mm.z - self.lamina_centre_z_mm();
        let behind = d.dot(behind_axis) + LAMINA_SLOPE * (z - 0.55 * self.lamina_half_height_mm);
        let half = DVec3::new(
            0.5 * length + 1.5,
            self.lamina_half_thickness_mm,
            self.lamina_half_height_mm,
        );
        let along = d.dot(along_axis) - 0.5 * length;
        // The plate is a little lower laterally, where the pars is narrow.
        rounded_box(
            DVec3::new(along, behind, z * (1.0 + 0.012 * d.x.max(0.0))),
            half,
            2.2,
        ) * 0.92
    }

    /// Middle of the lamina's height.
    pub(super) fn lamina_centre_z_mm(&self) -> f64 {
        self.pedicle_z_mm() + 1.5 - self.lamina_half_height_mm
    }

    fn spinous(&self, q_mm: DVec3) -> f64 {
        let wall = self.pedicle.isthmus_mm.y - 4.5;
        let root = wall + self.canal_ap_mm + 2.0;
        let length = self.spinous_tip_mm - root;
        let t = ((q_mm.y - root) / length).clamp(0.0, 1.0);
        let z = q_mm.z - (self.lamina_centre_z_mm() - 2.0) + self.droop() * (q_mm.y - root);
        let half_thickness = self.spinous_half_thickness_mm
            * (0.80 + 0.28 * t * t + 0.30 * (1.0 - t).powi(4) + 0.018 * (-z).clamp(0.0, 14.0));
        let half = DVec3::new(
            half_thickness,
            0.5 * length,
            self.spinous_half_height_mm * (0.84 + 0.16 * t),
        );
        rounded_box(
            DVec3::new(q_mm.x, q_mm.y - root - 0.5 * length, z),
            half,
            half_thickness * 0.92,
        )
    }

    /// Ends of the transverse process, folded to positive x.
    pub(super) fn transverse_mm(&self) -> (DVec3, DVec3) {
        let isthmus = self.pedicle.isthmus_mm;
        let root = DVec3::new(isthmus.x + 1.5, isthmus.y + 4.0, isthmus.z + 1.0);
        let (back, up) = match self.level {
            0 | 1 => (9.0, 1.0),
            L5 => (3.0, 5.0),
            3 | 4 => (6.5, 1.5),
            _ => (6.0, 2.0),
        };
        let tip = DVec3::new(
            self.transverse_half_span_mm - 4.0,
            root.y + back,
            root.z + up,
        );
        (root, tip)
    }

    fn transverse(&self, q_mm: DVec3) -> f64 {
        let (root, tip) = self.transverse_mm();
        // Flattened front to back: stretch y, measure, and scale back.
        let (flat, radii) = if self.level == L5 {
            (1.25, (7.2, 4.6))
        } else {
            (1.9, (5.8, 4.6))
        };
        let stretch = DVec3::new(1.0, flat, 1.0);
        tapered_capsule(q_mm * stretch, root * stretch, tip * stretch, radii).0
            * lerp(1.0, 1.0 / flat, 0.75)
    }

    /// Distances at a model point, given the joints above and below and the canal.
    pub(super) fn distances(
        &self,
        p_mm: DVec3,
        joints: (Option<&FacetPair>, &FacetPair),
        canal: &Canal,
    ) -> BoneDistance {
        let mut q = self.frame.local(p_mm);
        q.x = q.x.abs();
        let wall = self.pedicle.isthmus_mm.y - 4.5;
        let body_mm = if q.y < wall + 12.0 {
            self.body(q)
        } else {
            FAR_MM
        };
        let arch_mm = if q.y > wall - 11.0 {
            self.arch(p_mm, q, joints, canal)
        } else {
            FAR_MM
        };
        BoneDistance {
            body_mm,
            arch_mm,
            all_mm: smooth_min(body_mm, arch_mm, 2.5),
        }
    }

    fn arch(
        &self,
        p_mm: DVec3,
        q: DVec3,
        joints: (Option<&FacetPair>, &FacetPair),
        canal: &Canal,
    ) -> f64 {
        let (above, below) = joints;
        let lower = below.place(p_mm);
        let inferior = below.inferior_process(lower);
        let isthmus = self.pedicle.isthmus_mm;
        let mut bone = smooth_min(self.pedicle_distance(q), self.transverse(q), 4.0);
        bone = smooth_min(bone, self.lamina(q), 3.0);
        bone = smooth_min(bone, self.spinous(q), 4.0);
        // Pars: from below the superior process to above the inferior one.
        let top = DVec3::new(isthmus.x + 0.5, isthmus.y + 6.5, isthmus.z + 4.0);
        let bottom = DVec3::new(isthmus.x - 2.0, isthmus.y + 12.5, isthmus.z - 14.0);
        bone = smooth_min(bone, tapered_capsule(q, top, bottom, (5.0, 4.6)).0, 4.0);
        bone = smooth_min(bone, inferior, 4.0);
        let upper = above.map(|pair| (pair, pair.place(p_mm)));
        if let Some((pair, at)) = upper {
            bone = smooth_min(bone, pair.superior_process(at), 4.0);
            // Mamillary process on the back of the superior articular process.
            let knob = DVec3::new(
                at.depth_mm - 5.0,
                at.arc_mm - pair.half_width_mm,
                at.z_mm + 2.0,
            )
            .length()
                - 3.4;
            bone = smooth_min(bone, knob, 3.0);
            bone = bone.max(-pair.zone(at).max(at.depth_mm - pair.half_cleft_mm));
        }
        bone = bone.max(-below.zone(lower).max(-below.half_cleft_mm - lower.depth_mm));
        bone.max(-canal.distance(p_mm))
    }

    /// Tilts of the upper and lower end-plate; positive lowers the anterior edge.
    pub(super) fn endplate_tilts_rad(&self) -> (f64, f64) {
        let half_wedge = (self.wedge_mm / (2.0 * self.superior_half.y)).atan();
        (
            self.frame.tilt_rad() - half_wedge,
            self.frame.tilt_rad() + half_wedge,
        )
    }

    /// Upward normal of the upper and downward normal of the lower end-plate.
    pub(super) fn endplate_normals(&self) -> (DVec3, DVec3) {
        let (superior, inferior) = self.endplate_tilts_rad();
        let up = |tilt_rad: f64| Frame::new(DVec3::ZERO, tilt_rad).up();
        (up(superior), -up(inferior))
    }

    /// Tip of the spinous process in the model.
    pub(super) fn spinous_tip_model_mm(&self) -> DVec3 {
        let root = self.pedicle.isthmus_mm.y - 4.5 + self.canal_ap_mm + 2.0;
        let z = self.lamina_centre_z_mm() - 2.0 - self.droop() * (self.spinous_tip_mm - root);
        self.frame.model(DVec3::new(0.0, self.spinous_tip_mm, z))
    }

    /// Fall of the spinous process per mm of its length.
    fn droop(&self) -> f64 {
        if self.level < 2 { 0.42 } else { 0.10 }
    }

    /// Upper and lower edge of the lamina in the midline, in the model.
    pub(super) fn lamina_edges_model_mm(&self) -> (DVec3, DVec3) {
        let y = self.pedicle.isthmus_mm.y - 4.5 + self.canal_ap_mm + self.lamina_half_thickness_mm;
        let (centre, half) = (self.lamina_centre_z_mm(), self.lamina_half_height_mm);
        (
            self.frame.model(DVec3::new(0.0, y, centre + half)),
            self.frame.model(DVec3::new(0.0, y, centre - half)),
        )
    }

    /// Box around the whole vertebra in the model.
    pub(super) fn corners_mm(&self) -> Vec<DVec3> {
        let half_x = self.transverse_half_span_mm.max(self.inferior_half.x) + 3.0;
        let (low, high) = (-self.half_height_mm - 24.0, self.half_height_mm + 14.0);
        let mut corners = Vec::with_capacity(8);
        for x in [-half_x, half_x] {
            for y in [-self.inferior_half.y - 4.0, self.spinous_tip_mm + 4.0] {
                corners.extend([low, high].map(|z| self.frame.model(DVec3::new(x, y, z))));
            }
        }
        corners
    }
}
