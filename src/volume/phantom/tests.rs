//! Proves that the truth lies in the tissue it claims and that generation is
//! deterministic, cancellable and complete.

use std::ops::ControlFlow;

use glam::DVec3;

use super::anatomy::MOBILE;
use super::scene::Scene;
use super::truth::TargetKind;
use super::voxelize::{Tissue, Voxel};
use super::*;

/// What is painted at one point, with the surface fading of a fine voxel.
fn painted(scene: &Scene, tissues: &[Box<dyn Tissue>], p_lps_mm: DVec3) -> u8 {
    let p = p_lps_mm - MODEL_ORIGIN_LPS_MM;
    let p = p + scene.warp.shift_mm(p);
    let mut voxel = Voxel {
        hu: -1000.0,
        label: label::AIR,
        width_mm: 0.6,
    };
    for tissue in tissues {
        let bounds = tissue.bounds();
        if p.cmpge(bounds.low_mm).all() && p.cmple(bounds.high_mm).all() && tissue.reach_mm(p) < 8.0
        {
            tissue.paint(p, &mut voxel);
        }
    }
    voxel.label
}

fn check_targets(seed: u64) {
    let scene = Scene::new(seed).unwrap();
    let tissues = scene.tissues().unwrap();
    let truth = survey::survey(seed, &scene).unwrap();
    for target in &truth.targets {
        let what = format!(
            "seed {seed}: {:?} {} {:?}",
            target.kind, target.level, target.side
        );
        let found = painted(&scene, &tissues, target.point_lps_mm);
        if !target.within_labels.is_empty() {
            assert!(
                target.within_labels.contains(&found),
                "{what} lies in label {found}"
            );
        }
        if let Some(bone) = target.on_bone_label {
            let near = (0..200_u64).any(|i| {
                let unit = |k: u64| {
                    (noise::mix(i * 3 + k) >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
                };
                let offset = DVec3::new(unit(0), unit(1), unit(2)) * 1.6;
                painted(&scene, &tissues, target.point_lps_mm + offset) == bone
            });
            assert!(near, "{what} does not touch bone label {bone}");
        }
        if let Some(path) = target.path {
            let inward = (target.point_lps_mm - path.entry_lps_mm).normalize_or(DVec3::Y);
            assert!(
                (path.entry_lps_mm + inward * path.length_mm - target.point_lps_mm).length() < 1e-6
            );
            assert_eq!(
                painted(&scene, &tissues, path.entry_lps_mm - inward * 1.5),
                label::AIR,
                "{what} entry"
            );
            assert_ne!(
                painted(&scene, &tissues, path.entry_lps_mm + inward * 1.0),
                label::AIR,
                "{what} skin"
            );
        }
    }
}

#[test]
fn each_target_of_the_design_body_lies_in_its_tissue() {
    check_targets(0);
}

#[test]
fn each_target_of_other_bodies_lies_in_its_tissue() {
    for seed in 1..=16 {
        check_targets(seed);
    }
}

#[test]
fn nearly_all_targets_of_the_design_body_have_a_clear_path() {
    let scene = Scene::new(0).unwrap();
    let truth = survey::survey(0, &scene).unwrap();
    let without: Vec<_> = truth.targets.iter().filter(|t| t.path.is_none()).collect();
    // The iliac crest and the ala bar the straight way to Kambin's triangle at L5-S1.
    assert!(
        without
            .iter()
            .all(|t| t.kind == TargetKind::Kambin && t.level == "L5-S1"),
        "{without:?}"
    );
}

#[test]
fn truth_survives_json() {
    let scene = Scene::new(0).unwrap();
    let truth = survey::survey(0, &scene).unwrap();
    let back: Truth = serde_json::from_str(&serde_json::to_string(&truth).unwrap()).unwrap();
    assert_eq!(back.targets.len(), truth.targets.len());
    assert!((back.midline.normal - truth.midline.normal).length() < 1e-12);
}

#[test]
fn left_and_right_agree_up_to_the_warp() {
    let scene = Scene::new(0).unwrap();
    let truth = survey::survey(0, &scene).unwrap();
    for target in truth.targets.iter().filter(|t| t.side == Some(Side::Left)) {
        let Some(other) = truth.target(target.kind, &target.level, Some(Side::Right)) else {
            continue;
        };
        let left = target.point_lps_mm - MODEL_ORIGIN_LPS_MM;
        let right = other.point_lps_mm - MODEL_ORIGIN_LPS_MM;
        let mirrored = DVec3::new(-right.x, right.y, right.z);
        assert!(
            (left - mirrored).length() < 5.0,
            "{:?} {}: {left} and {right}",
            target.kind,
            target.level
        );
    }
}

fn coarse(seed: u64) -> Phantom {
    generate(seed, &PhantomGrid::of(96, 40), &|_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

fn hash(phantom: &Phantom) -> u64 {
    let start = phantom.hu.len() as u64;
    phantom
        .hu
        .iter()
        .zip(&phantom.labels)
        .fold(start, |h, (v, l)| {
            noise::mix(h ^ ((*v as u64) << 8) ^ u64::from(*l))
        })
}

#[test]
fn a_seed_gives_the_same_volume_again_and_another_a_different_one() {
    let (a, b, c) = (coarse(0), coarse(0), coarse(1));
    assert_eq!(hash(&a), hash(&b));
    assert_eq!(a.truth, b.truth);
    assert_ne!(hash(&a), hash(&c));
    assert_ne!(a.truth, c.truth);
}

#[test]
fn every_label_in_the_map_is_in_the_table() {
    let phantom = coarse(0);
    let table = labels();
    assert!(
        phantom
            .labels
            .iter()
            .all(|number| table.iter().any(|l| l.number == *number))
    );
    let wanted = [
        label::AIR,
        label::SKIN,
        label::SACRUM,
        label::AORTA,
        label::CSF,
        label::BOWEL_GAS,
    ];
    assert!(wanted.iter().all(|number| phantom.labels.contains(number)));
    assert!((1..MOBILE).all(|level| phantom.labels.contains(&label::vertebra(level))));
}

#[test]
fn disc_centres_of_the_coarse_volume_are_disc() {
    let phantom = generate(0, &PhantomGrid::coarse(), &|_| ControlFlow::Continue(())).unwrap();
    let grid = &phantom.grid;
    let index = |p: DVec3| {
        let d = p - phantom.origin_lps_mm;
        let voxel = |along: f64, spacing: f64| (along / spacing).round() as usize;
        let (c, r) = (
            voxel(-d.x, grid.spacing_mm[0]),
            voxel(-d.y, grid.spacing_mm[1]),
        );
        (voxel(d.z, grid.spacing_mm[2]) * grid.rows + r) * grid.columns + c
    };
    for target in phantom
        .truth
        .targets
        .iter()
        .filter(|t| t.kind == TargetKind::Disc)
    {
        assert!(
            target
                .within_labels
                .contains(&phantom.labels[index(target.point_lps_mm)]),
            "{}",
            target.level
        );
    }
    for (level, vertebra) in phantom.truth.vertebrae.iter().enumerate().skip(1) {
        assert_eq!(
            phantom.labels[index(vertebra.centre_lps_mm + DVec3::Z * 5.0)],
            label::vertebra(level)
        );
    }
}

#[test]
fn generation_stops_when_asked() {
    let result = generate(0, &PhantomGrid::of(48, 12), &|_| ControlFlow::Break(()));
    assert!(matches!(result, Err(PhantomError::Cancelled)));
}

#[test]
fn a_grid_without_voxels_is_refused() {
    let mut grid = PhantomGrid::coarse();
    grid.slices = 0;
    assert!(matches!(
        generate(0, &grid, &|_| ControlFlow::Continue(())),
        Err(PhantomError::Grid { .. })
    ));
}

#[test]
fn a_sample_study_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let grid = PhantomGrid::of(48, 6);
    let study =
        write_sample_study(0, &grid, folder.path(), &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(study.ct_files.len(), 6);
    assert!(study.ct_files[0].ends_with("CT/IM0001.dcm"));
    assert_eq!(
        std::fs::metadata(&study.labels_path).unwrap().len(),
        48 * 48 * 6
    );
    let left: Vec<_> = std::fs::read_dir(folder.path().join("CT"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 6, "no temporary file is left");
    let first = std::fs::read(&study.ct_files[3]).unwrap();
    let again = tempfile::tempdir().unwrap();
    let second =
        write_sample_study(0, &grid, again.path(), &|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        first,
        std::fs::read(&second.ct_files[3]).unwrap(),
        "the same seed gives the same bytes"
    );
}
