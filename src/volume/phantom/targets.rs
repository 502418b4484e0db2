//! Target points of section 1 of the clinical reference sheet, in the model.

use glam::DVec3;

use super::anatomy::{L1, L5, MOBILE};
use super::facet::JointPoint;
use super::label::{self, GAP_NAMES, Side, VERTEBRA_NAMES};
use super::pelvis::JointSurface;
use super::reference_path::Approach;
use super::survey::{Draft, Survey, foramen_labels};
use super::truth::TargetKind;

/// All targets, level by level.
pub(super) fn drafts(survey: &Survey<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for gap in 1..MOBILE {
        for side in Side::BOTH {
            facet(survey, gap, side, &mut drafts);
        }
    }
    for level in 1..MOBILE {
        for side in Side::BOTH {
            drafts.push(subpedicular(survey, level, side));
            drafts.push(transpedicular(survey, level, side));
        }
    }
    for level in L1..MOBILE {
        for side in Side::BOTH {
            drafts.push(medial_branch(survey, level, side));
        }
    }
    for gap in L1..MOBILE {
        interlaminar(survey, gap, &mut drafts);
        for side in Side::BOTH {
            drafts.push(kambin(survey, gap, side));
            drafts.push(disc(survey, gap, side));
        }
    }
    for level in [L1 + 1, L1 + 2] {
        for side in Side::BOTH {
            drafts.push(sympathetic(survey, level, side));
        }
    }
    for side in Side::BOTH {
        drafts.push(ala(survey, side));
        drafts.push(sacroiliac(survey, side));
        drafts.extend(s1_foramen(survey, side));
    }
    drafts.push(hiatus(survey));
    drafts
}

fn fold(side: Side, p_mm: DVec3) -> DVec3 {
    DVec3::new(side.sign() * p_mm.x, p_mm.y, p_mm.z)
}

/// Receptor tilt that squares an end-plate or disc leaning by `tilt_rad`.
fn squared_deg(tilt_rad: f64) -> f64 {
    tilt_rad.to_degrees()
}

/// Tilt for a disc; at L5-S1 more cephalad, over the iliac crest (1.16 `[K]` 20-35).
fn disc_tilt_deg(gap: usize, tilt_rad: f64) -> f64 {
    squared_deg(tilt_rad) + if gap == L5 { 8.0 } else { 0.0 }
}

fn facet(survey: &Survey<'_>, gap: usize, side: Side, drafts: &mut Vec<Draft>) {
    let pair = &survey.scene.facets[gap];
    let opening = JointPoint {
        depth_mm: 0.0,
        arc_mm: pair.half_width_mm - 1.6,
        z_mm: 0.0,
    };
    let oblique_deg = pair.side(side).angle_at_deg(0.67 * pair.half_width_mm);
    let tilt_deg = squared_deg(pair.frame.tilt_rad());
    drafts.push(Draft {
        kind: TargetKind::FacetCleft,
        level: GAP_NAMES[gap],
        side: Some(side),
        point_mm: pair.model(side, opening),
        within_labels: vec![label::facet(gap, side)],
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg,
            tilt_deg,
            free_from_mm: 3.0,
        },
    });
    // 2-5 mm below the tip of the inferior articular process, on the lamina.
    let below = JointPoint {
        depth_mm: -3.0,
        arc_mm: 0.0,
        z_mm: -pair.half_height_mm - 3.0,
    };
    let start = pair.model(side, below);
    drafts.push(Draft {
        kind: TargetKind::FacetInferiorRecess,
        level: GAP_NAMES[gap],
        side: Some(side),
        point_mm: survey.cleared_mm(start - DVec3::Y * 4.0, DVec3::Y, 0.5),
        within_labels: Vec::new(),
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 12.0,
            tilt_deg: 0.0,
            free_from_mm: 4.0,
        },
    });
}

fn subpedicular(survey: &Survey<'_>, level: usize, side: Side) -> Draft {
    let vertebra = &survey.scene.vertebrae[level];
    let pedicle = &vertebra.pedicle;
    // Just lateral of 6 o'clock of the pedicle and 1 mm below its lower cortex, in the posterior
    // part of the foramen: the safer variant of 1.2, above and behind the root.
    let below = DVec3::new(
        pedicle.isthmus_mm.x + 2.0,
        pedicle.isthmus_mm.y + 2.0,
        pedicle.isthmus_mm.z - pedicle.half.y - 1.0,
    );
    let start = vertebra.frame.model(fold(side, below));
    let (superior, _) = vertebra.endplate_tilts_rad();
    Draft {
        kind: TargetKind::Subpedicular,
        level: VERTEBRA_NAMES[level],
        side: Some(side),
        point_mm: survey.cleared_mm(start, -vertebra.frame.up(), 0.8),
        within_labels: foramen_labels(level, side),
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 30.0,
            tilt_deg: squared_deg(superior) - 5.0,
            free_from_mm: 2.0,
        },
    }
}

fn transpedicular(survey: &Survey<'_>, level: usize, side: Side) -> Draft {
    let vertebra = &survey.scene.vertebrae[level];
    let pedicle = &vertebra.pedicle;
    let (back, front) = (
        vertebra.posterior_wall_mm(0.0),
        vertebra.anterior_wall_mm(0.0),
    );
    // 75 % of the depth of the body, or where the axis meets the midline first.
    let wanted = back - 0.75 * (back - front);
    let along = (pedicle.isthmus_mm.y - wanted) / pedicle.axis.y;
    let to_midline = (pedicle.isthmus_mm.x - 1.0) / pedicle.axis.x.max(1e-3);
    let tip = pedicle.isthmus_mm - pedicle.axis * along.min(to_midline);
    let model = |p: DVec3| vertebra.frame.model(fold(side, p));
    let mut out = 0.0;
    while out < 40.0 && survey.bone_mm(model(pedicle.isthmus_mm + pedicle.axis * out)) < 0.0 {
        out += 0.25;
    }
    let entry = pedicle.isthmus_mm + pedicle.axis * out;
    let direction = vertebra.frame.turn(pedicle.axis);
    let inside = (entry - tip).length();
    Draft {
        kind: TargetKind::TranspedicularBody,
        level: VERTEBRA_NAMES[level],
        side: Some(side),
        point_mm: model(tip),
        within_labels: vec![label::vertebra(level)],
        on_bone_label: None,
        via_mm: Some(model(entry)),
        approach: Approach {
            oblique_deg: direction.x.abs().atan2(direction.y).to_degrees(),
            tilt_deg: direction.z.asin().to_degrees(),
            free_from_mm: inside + 12.0,
        },
    }
}

/// Lowest point of the notch between articular and transverse process, then the
/// bone surface 2 mm below it as seen from behind.
fn notch(survey: &Survey<'_>, to_model: &dyn Fn(DVec3) -> DVec3, from: DVec3) -> DVec3 {
    let mut lowest = from;
    lowest.z = f64::INFINITY;
    for column in 0..14 {
        let x = from.x + 0.5 * f64::from(column);
        let mut z = from.z;
        while z > from.z - 36.0 && survey.bone_mm(to_model(DVec3::new(x, from.y, z))) > 0.0 {
            z -= 0.4;
        }
        let started_clear = z < from.z - 0.5;
        if started_clear && z < lowest.z - 0.3 && z > from.z - 35.0 {
            lowest = DVec3::new(x, from.y, z);
        }
    }
    if !lowest.z.is_finite() {
        lowest = from;
    }
    let mut p = lowest - DVec3::Z * 2.0;
    while p.y < lowest.y + 16.0 && survey.bone_mm(to_model(p)) < 0.3 {
        p.y += 0.2;
    }
    p
}

fn medial_branch(survey: &Survey<'_>, level: usize, side: Side) -> Draft {
    let vertebra = &survey.scene.vertebrae[level];
    let isthmus = vertebra.pedicle.isthmus_mm;
    let to_model = |p: DVec3| vertebra.frame.model(fold(side, p));
    let from = DVec3::new(isthmus.x, isthmus.y + 4.5, isthmus.z + 22.0);
    let (superior, _) = vertebra.endplate_tilts_rad();
    Draft {
        kind: TargetKind::MedialBranch,
        level: VERTEBRA_NAMES[level],
        side: Some(side),
        point_mm: to_model(notch(survey, &to_model, from)),
        within_labels: Vec::new(),
        on_bone_label: Some(label::vertebra(level)),
        via_mm: None,
        approach: Approach {
            oblique_deg: 18.0,
            tilt_deg: squared_deg(superior) - 4.0,
            free_from_mm: 5.0,
        },
    }
}

fn ala(survey: &Survey<'_>, side: Side) -> Draft {
    let frame = survey.scene.pose.sacrum;
    let to_model = |p: DVec3| frame.model(fold(side, p));
    let behind = survey.scene.sacrum.curve.half_depth_mm(4.0) + 5.0;
    let from = DVec3::new(25.5, behind, 13.0);
    Draft {
        kind: TargetKind::MedialBranch,
        level: "S1",
        side: Some(side),
        point_mm: to_model(notch(survey, &to_model, from)),
        within_labels: Vec::new(),
        on_bone_label: Some(label::SACRUM),
        via_mm: None,
        approach: Approach {
            oblique_deg: 6.0,
            tilt_deg: 20.0,
            free_from_mm: 5.0,
        },
    }
}

fn interlaminar(survey: &Survey<'_>, gap: usize, drafts: &mut Vec<Draft>) {
    let scene = survey.scene;
    let canal = &scene.canal;
    let upper = scene.vertebrae[gap].lamina_edges_model_mm().1.z;
    let lower = scene.vertebrae.get(gap + 1).map_or_else(
        || scene.sacrum.arch_top_mm().z,
        |v| v.lamina_edges_model_mm().0.z,
    );
    let middle = 0.5 * (upper + lower);
    let tilt_deg = if gap == L5 { 15.0 } else { -8.0 };
    // Midway between flavum and dura, no deeper than asked for.
    let deep_to_flavum = |x: f64, z: f64, deepest_mm: f64| {
        let mut p = DVec3::new(x, canal.roof_mm(z), z);
        while canal.distance(p) > -deepest_mm
            && -canal.distance(p) < canal.sac_distance(p)
            && p.y > canal.front_mm(z)
        {
            p.y -= 0.1;
        }
        p
    };
    // The middle of the window, or up to 4 mm off it where the fat is clearly thicker. There the
    // target lies on the ventral surface of the flavum (1.1), clear of it by what a voxel blurs.
    let at = |x: f64| {
        let room = |z: f64| -canal.distance(deep_to_flavum(x, z, 2.0)) - 0.08 * (z - middle).abs();
        let z = (-4..=4)
            .map(|step| middle + f64::from(step))
            .max_by(|a, b| room(*a).total_cmp(&room(*b)))
            .unwrap_or(middle);
        deep_to_flavum(x, z, 0.5)
    };
    let mut add = |kind: TargetKind, side: Option<Side>, x: f64, oblique_deg: f64| {
        drafts.push(Draft {
            kind,
            level: GAP_NAMES[gap],
            side,
            point_mm: at(x),
            within_labels: vec![label::EPIDURAL_FAT],
            on_bone_label: None,
            via_mm: None,
            approach: Approach {
                oblique_deg,
                tilt_deg,
                free_from_mm: 2.5,
            },
        });
    };
    add(TargetKind::InterlaminarMidline, None, 0.0, 0.0);
    for side in Side::BOTH {
        add(
            TargetKind::InterlaminarParamedian,
            Some(side),
            side.sign() * 5.0,
            8.0,
        );
    }
}

fn kambin(survey: &Survey<'_>, gap: usize, side: Side) -> Draft {
    let scene = survey.scene;
    let disc = &scene.discs[gap];
    let back = scene.vertebrae[gap].disc_back_mm();
    let half_width = scene.canal.half_width_mm(disc.frame.origin_mm.z);
    // Just behind the posterolateral annulus, above the lower end-plate.
    let x = half_width + 3.5;
    let local = DVec3::new(x, back + 1.3, 0.6 - 0.5 * scene.pose.disc_height_mm[gap]);
    let start = disc.frame.model(fold(side, local));
    Draft {
        kind: TargetKind::Kambin,
        level: GAP_NAMES[gap],
        side: Some(side),
        point_mm: survey.cleared_mm(start, disc.frame.up(), 1.2),
        within_labels: foramen_labels(gap, side),
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 38.0,
            tilt_deg: disc_tilt_deg(gap, disc.frame.tilt_rad()),
            free_from_mm: 2.0,
        },
    }
}

fn disc(survey: &Survey<'_>, gap: usize, side: Side) -> Draft {
    let disc = &survey.scene.discs[gap];
    Draft {
        kind: TargetKind::Disc,
        level: GAP_NAMES[gap],
        side: Some(side),
        point_mm: disc.frame.model(disc.nucleus_mm()),
        within_labels: vec![label::nucleus(gap)],
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 45.0,
            tilt_deg: disc_tilt_deg(gap, disc.frame.tilt_rad()),
            free_from_mm: 2.0,
        },
    }
}

/// On the anterolateral cortex, 1.2 mm off bone (1.12): in the lower third of L2, and just below
/// the middle of L3, where ganglia lie and the L2 root does not cross the way. 65° from the anterior
/// axis rather than 45–60°, to keep 5 mm from the vena cava; at L4 that lies everywhere there.
fn sympathetic(survey: &Survey<'_>, level: usize, side: Side) -> Draft {
    let vertebra = &survey.scene.vertebrae[level];
    let model = |p: DVec3| vertebra.frame.model(fold(side, p));
    let (front, back) = (
        vertebra.anterior_wall_mm(0.0),
        vertebra.posterior_wall_mm(0.0),
    );
    let z = if level == L1 + 1 { -7.0 } else { -2.0 };
    let (sin, cos) = 65.0_f64.to_radians().sin_cos();
    let outward = DVec3::new(sin, -cos, 0.0);
    let middle = DVec3::new(0.0, 0.5 * (front + back), z);
    let mut out = 5.0;
    while out < 60.0 && survey.bone_mm(model(middle + outward * out)) < 1.2 {
        out += 0.1;
    }
    let (superior, _) = vertebra.endplate_tilts_rad();
    Draft {
        kind: TargetKind::SympatheticChain,
        level: VERTEBRA_NAMES[level],
        side: Some(side),
        point_mm: model(middle + outward * out),
        within_labels: vec![label::VISCERAL_FAT, label::psoas(side), label::DIAPHRAGM],
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 30.0,
            tilt_deg: squared_deg(superior),
            free_from_mm: 6.0,
        },
    }
}

fn sacroiliac(survey: &Survey<'_>, side: Side) -> Draft {
    let joint = &survey.scene.joint;
    // 10-20 mm above the lower end, 3-8 mm deep to the posterior opening.
    let z = joint.bottom_mm + 18.0;
    Draft {
        kind: TargetKind::SacroiliacJoint,
        level: "S2",
        side: Some(side),
        point_mm: joint.point_mm(z, JointSurface::synovial_mm() - 8.0, side),
        within_labels: vec![label::sacroiliac(side)],
        on_bone_label: None,
        via_mm: None,
        // The joint opens backwards and inwards: the entry lies medial of the target.
        approach: Approach {
            oblique_deg: -joint.angle_deg(z),
            tilt_deg: -8.0,
            free_from_mm: 9.0,
        },
    }
}

fn s1_foramen(survey: &Survey<'_>, side: Side) -> Option<Draft> {
    let point_mm = survey.scene.sacrum.dorsal_foramen_mm(0, side.sign(), 7.0)?;
    Some(Draft {
        kind: TargetKind::S1Foramen,
        level: "S1",
        side: Some(side),
        point_mm,
        within_labels: foramen_labels(MOBILE, side),
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 4.0,
            tilt_deg: 26.0,
            free_from_mm: 2.0,
        },
    })
}

fn hiatus(survey: &Survey<'_>) -> Draft {
    let curve = &survey.scene.sacrum.curve;
    let (front, roof) = curve.canal_mm(curve.hiatus_apex_mm);
    Draft {
        kind: TargetKind::SacralHiatus,
        level: "S4",
        side: None,
        point_mm: curve.model(curve.hiatus_apex_mm, 0.5 * (front + roof), 0.0),
        within_labels: vec![label::EPIDURAL_FAT],
        on_bone_label: None,
        via_mm: None,
        approach: Approach {
            oblique_deg: 0.0,
            tilt_deg: -48.0,
            free_from_mm: 4.0,
        },
    }
}
