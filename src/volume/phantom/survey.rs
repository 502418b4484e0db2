//! Finds the truth: target points from the shapes, moved into the patient frame,
//! with straight reference paths that miss bone, dura and kidneys.

use glam::{DMat3, DVec3};

use super::bone::VertebraBone;
use super::label::{self, GAP_NAMES, Side, VERTEBRA_NAMES};
use super::organs::Kidney;
use super::scene::Scene;
use super::truth::{
    CanalTruth, GanglionTruth, GapTruth, Midline, ReferencePath, SkinField, Target, TargetKind,
    Truth, VertebraTruth,
};
use super::voxelize::Tissue as _;
use super::{MODEL_ORIGIN_LPS_MM, PhantomError};

/// Distance a reference path keeps from bone, mm.
const CLEAR_OF_BONE_MM: f64 = 0.8;
/// Distance a reference path keeps from the dura and the kidneys, mm.
const CLEAR_OF_ORGANS_MM: f64 = 2.0;
/// Step along a path, mm.
const STEP_MM: f64 = 1.0;
/// Longest path tried, mm.
const LONGEST_MM: f64 = 200.0;
/// Step of the skin height field, mm.
const SKIN_STEP_MM: f64 = 5.0;

/// Nominal direction of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Approach {
    /// κ, positive when the entry lies lateral.
    pub(super) oblique_deg: f64,
    /// τ, + cephalad receptor.
    pub(super) tilt_deg: f64,
    /// Part of the path at the target that may touch bone or dura.
    pub(super) free_from_mm: f64,
}

/// A target in the model, before it is moved into the patient frame.
pub(super) struct Draft {
    pub(super) kind: TargetKind,
    pub(super) level: &'static str,
    pub(super) side: Option<Side>,
    pub(super) point_mm: DVec3,
    pub(super) within_labels: Vec<u8>,
    pub(super) on_bone_label: Option<u8>,
    pub(super) via_mm: Option<DVec3>,
    pub(super) approach: Approach,
}

/// The scene with what paths must avoid.
pub(super) struct Survey<'a> {
    pub(super) scene: &'a Scene,
    pub(super) bones: Vec<VertebraBone>,
    kidneys: [Kidney; 2],
}

impl<'a> Survey<'a> {
    pub(super) fn new(scene: &'a Scene) -> Result<Self, PhantomError> {
        Ok(Self {
            scene,
            bones: scene.vertebra_bones()?,
            kidneys: Kidney::pair(&scene.tables, &scene.noise)?,
        })
    }

    /// Distance to the nearest bone of the spine and pelvis, model mm.
    pub(super) fn bone_mm(&self, p_mm: DVec3) -> f64 {
        let mut nearest = f64::INFINITY;
        for bone in &self.bones {
            let bounds = bone.bounds();
            let inside = p_mm.cmpge(bounds.low_mm).all() && p_mm.cmple(bounds.high_mm).all();
            if inside {
                nearest = nearest.min(bone.distance_mm(p_mm));
            }
        }
        let sacrum = self.scene.sacrum.as_ref();
        if p_mm.z < self.scene.pose.sacrum.origin_mm.z + 34.0 {
            nearest = nearest.min(sacrum.bone(p_mm).0);
        }
        if p_mm.z < self.scene.pose.sacrum.origin_mm.z + 46.0 && p_mm.x.abs() > 25.0 {
            nearest = nearest.min(self.scene.ilium.bone(p_mm));
        }
        nearest
    }

    /// Moves a point along a direction until it clears bone; gives up after 12 mm.
    pub(super) fn cleared_mm(&self, start_mm: DVec3, direction: DVec3, clearance_mm: f64) -> DVec3 {
        let mut p = start_mm;
        for _ in 0..60 {
            if self.bone_mm(p) >= clearance_mm {
                break;
            }
            p += direction * 0.2;
        }
        p
    }

    /// Patient position of a model point, LPS mm.
    pub(super) fn lps_mm(&self, p_mm: DVec3) -> DVec3 {
        self.scene.warp.unwarp_mm(p_mm) + MODEL_ORIGIN_LPS_MM
    }

    /// Model point of a patient position.
    fn model_mm(&self, p_lps_mm: DVec3) -> DVec3 {
        let p = p_lps_mm - MODEL_ORIGIN_LPS_MM;
        p + self.scene.warp.shift_mm(p)
    }

    fn skin_mm(&self, p_lps_mm: DVec3) -> f64 {
        self.scene.envelope.skin(self.model_mm(p_lps_mm))
    }

    /// Straight path in the nominal direction or the nearest clear one.
    fn path(&self, target_lps_mm: DVec3, side: f64, approach: Approach) -> Option<ReferencePath> {
        let mut offsets: Vec<(f64, f64)> = Vec::new();
        for oblique in -9..=6_i32 {
            for tilt in -6..=7_i32 {
                offsets.push((f64::from(oblique) * 3.0, f64::from(tilt) * 4.0));
            }
        }
        let cost = |o: &(f64, f64)| o.0 * o.0 + 0.6 * o.1 * o.1;
        offsets.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        offsets.into_iter().find_map(|(oblique, tilt)| {
            let tried = Approach {
                oblique_deg: approach.oblique_deg + oblique,
                tilt_deg: approach.tilt_deg + tilt,
                free_from_mm: approach.free_from_mm,
            };
            self.straight(target_lps_mm, side, tried)
        })
    }

    fn straight(
        &self,
        target_lps_mm: DVec3,
        side: f64,
        approach: Approach,
    ) -> Option<ReferencePath> {
        let outward = outward(side, approach);
        let mut length = 0.0;
        loop {
            length += STEP_MM;
            let p_lps = target_lps_mm + outward * length;
            let skin = self.skin_mm(p_lps);
            if skin >= 0.0 {
                break;
            }
            if length > LONGEST_MM || (length > approach.free_from_mm && !self.clear(p_lps)) {
                return None;
            }
        }
        let (mut inside, mut outside) = (length - STEP_MM, length);
        for _ in 0..30 {
            let middle = 0.5 * (inside + outside);
            if self.skin_mm(target_lps_mm + outward * middle) < 0.0 {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Some(ReferencePath {
            entry_lps_mm: target_lps_mm + outward * outside,
            length_mm: outside,
            oblique_deg: approach.oblique_deg,
            tilt_deg: approach.tilt_deg,
        })
    }

    fn clear(&self, p_lps_mm: DVec3) -> bool {
        let p = self.model_mm(p_lps_mm);
        self.bone_mm(p) > CLEAR_OF_BONE_MM
            && self.scene.canal.sac_distance(p) > CLEAR_OF_ORGANS_MM
            && self
                .kidneys
                .iter()
                .all(|kidney| kidney.distance_mm(p) > CLEAR_OF_ORGANS_MM)
    }

    fn finish(&self, draft: Draft) -> Target {
        let point_lps_mm = self.lps_mm(draft.point_mm);
        let side = draft.side.map_or(1.0, Side::sign);
        Target {
            kind: draft.kind,
            level: draft.level.into(),
            side: draft.side,
            point_lps_mm,
            within_labels: draft.within_labels,
            on_bone_label: draft.on_bone_label,
            via_lps_mm: draft.via_mm.map(|via| self.lps_mm(via)),
            path: self.path(point_lps_mm, side, draft.approach),
        }
    }

    fn vertebrae(&self) -> Vec<VertebraTruth> {
        let scene = self.scene;
        let names = VERTEBRA_NAMES.iter();
        scene
            .vertebrae
            .iter()
            .zip(names)
            .map(|(vertebra, name)| {
                let (upper, lower) = vertebra.endplate_normals();
                let isthmus = vertebra.pedicle.isthmus_mm;
                let pedicle = |side: Side| {
                    self.lps_mm(vertebra.frame.model(DVec3::new(
                        side.sign() * isthmus.x,
                        isthmus.y,
                        isthmus.z,
                    )))
                };
                VertebraTruth {
                    level: (*name).into(),
                    centre_lps_mm: self.lps_mm(vertebra.frame.origin_mm),
                    superior_normal: upper,
                    inferior_normal: lower,
                    spinous_tip_lps_mm: self.lps_mm(vertebra.spinous_tip_model_mm()),
                    pedicle_isthmus_lps_mm: Side::BOTH.map(pedicle),
                    pedicle_size_mm: [2.0 * vertebra.pedicle.half.x, 2.0 * vertebra.pedicle.half.y],
                    pedicle_convergence_deg: vertebra
                        .pedicle
                        .axis
                        .x
                        .atan2(vertebra.pedicle.axis.y)
                        .to_degrees(),
                }
            })
            .collect()
    }

    fn gaps(&self) -> Vec<GapTruth> {
        let scene = self.scene;
        GAP_NAMES
            .iter()
            .enumerate()
            .map(|(gap, name)| {
                let (disc, facet) = (&scene.discs[gap], &scene.facets[gap]);
                GapTruth {
                    gap: (*name).into(),
                    disc_centre_lps_mm: self.lps_mm(disc.frame.origin_mm),
                    disc_normal: disc.frame.up(),
                    disc_height_mm: scene.pose.disc_height_mm[gap],
                    facet_angle_deg: Side::BOTH.map(|side| facet.side(side).angle_deg),
                    facet_posterior_angle_deg: Side::BOTH
                        .map(|side| facet.side(side).angle_at_deg(facet.half_width_mm)),
                }
            })
            .collect()
    }

    fn ganglia(&self) -> Vec<GanglionTruth> {
        let name = |level: usize| {
            VERTEBRA_NAMES
                .get(level)
                .copied()
                .unwrap_or(if level == 7 { "S1" } else { "S2" })
        };
        self.scene
            .nerves
            .iter()
            .map(|nerve| GanglionTruth {
                root: name(nerve.level).into(),
                side: nerve.side,
                centre_lps_mm: self.lps_mm(nerve.ganglion_mm),
            })
            .collect()
    }

    fn skin(&self) -> SkinField {
        let (half_columns, rows) = (33_usize, 70_usize);
        let columns = 2 * half_columns + 1;
        let bottom = self.scene.pose.sacrum.origin_mm.z - super::BELOW_SACRUM_MM;
        let first_x_mm = MODEL_ORIGIN_LPS_MM.x - half_columns as f64 * SKIN_STEP_MM;
        let first_z_mm = MODEL_ORIGIN_LPS_MM.z + bottom;
        let height = |index: usize| {
            let x = first_x_mm + (index % columns) as f64 * SKIN_STEP_MM;
            let z = first_z_mm + (index / columns) as f64 * SKIN_STEP_MM;
            self.skin_of_back_mm(x, z)
        };
        let y_mm = (0..columns * rows).map(height).collect();
        SkinField {
            first_x_mm,
            first_z_mm,
            step_mm: SKIN_STEP_MM,
            columns,
            rows,
            y_mm,
        }
    }

    /// Posterior skin position at a lateral position and height, all LPS mm.
    fn skin_of_back_mm(&self, x_lps_mm: f64, z_lps_mm: f64) -> Option<f64> {
        let at = |y: f64| self.skin_mm(DVec3::new(x_lps_mm, y, z_lps_mm));
        let mut outside = MODEL_ORIGIN_LPS_MM.y + 170.0;
        let lowest = MODEL_ORIGIN_LPS_MM.y - 20.0;
        let mut inside = outside;
        while at(inside) >= 0.0 {
            outside = inside;
            inside -= 4.0;
            if inside < lowest {
                return None;
            }
        }
        for _ in 0..24 {
            let middle = 0.5 * (inside + outside);
            if at(middle) < 0.0 {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Some(0.5 * (inside + outside))
    }
}

/// Direction from a target towards the skin (reference 0.2: entry lateral and tilt).
fn outward(side: f64, approach: Approach) -> DVec3 {
    let (sin_k, cos_k) = approach.oblique_deg.to_radians().sin_cos();
    let (sin_t, cos_t) = approach.tilt_deg.to_radians().sin_cos();
    // A cephalad receptor means the entry lies towards the head of the target.
    DVec3::new(side * sin_k * cos_t, cos_k * cos_t, sin_t)
}

/// Least-squares plane x = a + b y + c z through the points.
fn midline(points: &[DVec3]) -> Midline {
    let count = points.len().max(1) as f64;
    let mean = points.iter().copied().sum::<DVec3>() / count;
    let mut normal_matrix = [0.0_f64; 3];
    let mut right = [0.0_f64; 2];
    for p in points {
        let d = *p - mean;
        normal_matrix[0] += d.y * d.y;
        normal_matrix[1] += d.y * d.z;
        normal_matrix[2] += d.z * d.z;
        right[0] += d.x * d.y;
        right[1] += d.x * d.z;
    }
    let [yy, yz, zz] = normal_matrix;
    let matrix = DMat3::from_cols(DVec3::new(yy, yz, 0.0), DVec3::new(yz, zz, 0.0), DVec3::Z);
    let slope = if matrix.determinant().abs() < 1e-9 {
        DVec3::ZERO
    } else {
        matrix.inverse() * DVec3::new(right[0], right[1], 0.0)
    };
    Midline {
        point_lps_mm: mean,
        normal: DVec3::new(1.0, -slope.x, -slope.y).normalize_or(DVec3::X),
    }
}

/// Surveys a scene.
pub(super) fn survey(seed: u64, scene: &Scene) -> Result<Truth, PhantomError> {
    let survey = Survey::new(scene)?;
    let vertebrae = survey.vertebrae();
    let points: Vec<DVec3> = vertebrae
        .iter()
        .flat_map(|v| [v.centre_lps_mm, v.spinous_tip_lps_mm])
        .collect();
    let canal_point = |z: f64| {
        let (y, _) = scene.canal.sac(z);
        survey.lps_mm(DVec3::new(0.0, y, z))
    };
    Ok(Truth {
        frame: "LPS".into(),
        unit: "mm".into(),
        seed,
        patient_position: "HFP".into(),
        targets: super::targets::drafts(&survey)
            .into_iter()
            .map(|draft| survey.finish(draft))
            .collect(),
        gaps: survey.gaps(),
        ganglia: survey.ganglia(),
        midline: midline(&points),
        canal: CanalTruth {
            conus_tip_lps_mm: canal_point(scene.canal.conus_mm),
            dural_sac_end_lps_mm: canal_point(scene.canal.sac_end_mm),
        },
        skin: survey.skin(),
        vertebrae,
    })
}

/// Labels of the fat and nerves a needle tip may lie in around a root.
pub(super) fn foramen_labels(level: usize, side: Side) -> Vec<u8> {
    vec![
        label::FORAMINAL_FAT,
        label::EPIDURAL_FAT,
        label::root(level, side),
        label::ganglion(level, side),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_midline_of_a_tilted_plane_is_found() {
        let points: Vec<DVec3> = (0..20)
            .map(|i| {
                let (y, z) = (f64::from(i % 5) * 10.0, f64::from(i) * 7.0);
                DVec3::new(2.0 + 0.1 * y - 0.05 * z, y, z)
            })
            .collect();
        let plane = midline(&points);
        assert!(
            points
                .iter()
                .all(|p| (*p - plane.point_lps_mm).dot(plane.normal).abs() < 1e-9)
        );
    }

    #[test]
    fn a_lateral_entry_lies_further_out() {
        let approach = Approach {
            oblique_deg: 30.0,
            tilt_deg: 10.0,
            free_from_mm: 0.0,
        };
        let d = outward(-1.0, approach);
        assert!(d.x < 0.0 && d.y > 0.0 && d.z > 0.0);
        assert!((d.length() - 1.0).abs() < 1e-12);
    }
}
