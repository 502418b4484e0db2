//! Finds the truth: target points from the shapes, moved into the patient frame,
//! with straight reference paths that miss bone, dura and kidneys.

use glam::{DMat3, DVec3};

use super::bone::VertebraBone;
use super::kidney::Kidney;
use super::label::{self, GAP_NAMES, Side, VERTEBRA_NAMES};
use super::reference_path::Approach;
use super::scene::Scene;
use super::truth::{
    CanalTruth, GanglionTruth, GapTruth, Midline, Target, TargetKind, Truth, VertebraTruth,
};
use super::voxelize::Tissue as _;
use super::{MODEL_ORIGIN_LPS_MM, PhantomError};

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
    pub(super) kidneys: [Kidney; 2],
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
    pub(super) fn model_mm(&self, p_lps_mm: DVec3) -> DVec3 {
        let p = p_lps_mm - MODEL_ORIGIN_LPS_MM;
        p + self.scene.warp.shift_mm(p)
    }

    pub(super) fn skin_mm(&self, p_lps_mm: DVec3) -> f64 {
        self.scene.envelope.skin(self.model_mm(p_lps_mm))
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
        skin: survey.skin_of_back(),
        vertebrae,
        mr: Vec::new(),
        fluoroscopy: Vec::new(),
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
}
