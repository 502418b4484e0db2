//! The files against a table written from the clinical reference sheet by hand, not from them.

use super::*;

fn library() -> &'static ProcedureLibrary {
    ProcedureLibrary::builtin()
}

/// Procedure, level, quantity, lower end, upper end (a single value is NaN and it).
const TABLE: [(&str, &str, Quantity, f64, f64); 62] = [
    ("interlaminar", "L4-L5", Quantity::EntryLateral, 5., 20.),
    ("interlaminar", "L4-L5", Quantity::Oblique, 5., 15.),
    ("interlaminar", "L4-L5", Quantity::Tilt, -20., 0.),
    ("interlaminar", "L5-S1", Quantity::Tilt, 0., 15.),
    ("interlaminar", "L5-S1", Quantity::InPlane, 0., 20.),
    ("interlaminar", "L3-L4", Quantity::Depth, 27., 90.),
    (
        "transforaminal-supraneural",
        "L5-S1",
        Quantity::Oblique,
        20.,
        30.,
    ),
    (
        "transforaminal-supraneural",
        "L4-L5",
        Quantity::TiltToEndplate,
        -10.,
        0.,
    ),
    (
        "transforaminal-supraneural",
        "L4-L5",
        Quantity::EntryLateral,
        45.,
        80.,
    ),
    (
        "transforaminal-supraneural",
        "L4-L5",
        Quantity::Depth,
        63.,
        122.,
    ),
    (
        "transforaminal-infraneural",
        "L4-L5",
        Quantity::Oblique,
        30.,
        40.,
    ),
    (
        "transforaminal-infraneural",
        "L4-L5",
        Quantity::Depth,
        70.,
        110.,
    ),
    ("transforaminal-s1", "S1", Quantity::Tilt, 10., 25.),
    ("transforaminal-s1", "S1", Quantity::Oblique, 0., 10.),
    ("transforaminal-s1", "S1", Quantity::Depth, 35., 70.),
    ("caudal", "S4", Quantity::EntryCaudal, 10., 30.),
    ("caudal", "S4", Quantity::Depth, 25., 70.),
    (
        "selective-nerve-root-block",
        "L5-S1",
        Quantity::Oblique,
        25.,
        35.,
    ),
    (
        "selective-nerve-root-block",
        "L5-S1",
        Quantity::Depth,
        60.,
        110.,
    ),
    ("facet-joint", "L4-L5", Quantity::EntryLateral, 15., 45.),
    ("facet-joint", "L4-L5", Quantity::InPlane, 10., 40.),
    ("facet-joint", "L4-L5", Quantity::Depth, 40., 75.),
    ("facet-joint", "L4-L5", Quantity::Tilt, -10., 10.),
    (
        "facet-joint",
        "L4-L5",
        Quantity::Oblique,
        45. - 20.,
        53. - 10.,
    ),
    (
        "facet-joint",
        "L1-L2",
        Quantity::Oblique,
        25. - 20.,
        25. - 10.,
    ),
    ("medial-branch-block", "L4", Quantity::Oblique, 15., 30.),
    ("medial-branch-block", "S1", Quantity::Oblique, 0., 15.),
    (
        "medial-branch-block",
        "L4",
        Quantity::TiltToEndplate,
        -10.,
        0.,
    ),
    ("medial-branch-block", "L4", Quantity::Depth, 45., 80.),
    ("medial-branch-rf", "L4", Quantity::Oblique, f64::NAN, 20.),
    ("medial-branch-rf", "S1", Quantity::Oblique, f64::NAN, 0.),
    (
        "medial-branch-rf",
        "L4",
        Quantity::TiltToEndplate,
        -45.,
        -40.,
    ),
    ("medial-branch-rf", "L4", Quantity::EntryLateral, 30., 55.),
    ("medial-branch-rf", "L4", Quantity::Depth, 60., 110.),
    ("medial-branch-rf-cooled", "L4", Quantity::Oblique, 15., 30.),
    ("sacroiliac-joint", "S2", Quantity::Oblique, -20., -10.),
    ("sacroiliac-joint", "S2", Quantity::Tilt, 10., 15.),
    ("sacroiliac-joint", "S2", Quantity::Depth, 40., 80.),
    ("lumbar-sympathetic", "L3", Quantity::EntryLateral, 60., 75.),
    ("lumbar-sympathetic", "L3", Quantity::Oblique, 25., 35.),
    ("lumbar-sympathetic", "L3", Quantity::Depth, 90., 130.),
    ("celiac-plexus", "L1", Quantity::EntryLateral, 60., 76.),
    ("celiac-plexus", "L1", Quantity::Tilt, -20., -10.),
    ("celiac-plexus", "L1", Quantity::Depth, 96., 116.),
    ("splanchnic-nerve", "T12", Quantity::EntryLateral, 35., 50.),
    ("splanchnic-nerve", "T12", Quantity::Depth, 70., 110.),
    (
        "superior-hypogastric-plexus",
        "L5-S1",
        Quantity::Tilt,
        30.,
        45.,
    ),
    (
        "superior-hypogastric-plexus",
        "L5-S1",
        Quantity::Oblique,
        f64::NAN,
        45.,
    ),
    (
        "superior-hypogastric-plexus",
        "L5-S1",
        Quantity::Depth,
        100.,
        150.,
    ),
    ("discography", "L4-L5", Quantity::EntryLateral, 70., 100.),
    ("discography", "L5-S1", Quantity::EntryLateral, 60., 80.),
    ("discography", "L5-S1", Quantity::Tilt, 20., 35.),
    ("discography", "L5-S1", Quantity::Oblique, 40., 50.),
    (
        "transforaminal-endoscopic-discectomy",
        "L5-S1",
        Quantity::EntryLateral,
        120.,
        140.,
    ),
    (
        "transforaminal-endoscopic-discectomy",
        "L4-L5",
        Quantity::Tilt,
        10.,
        20.,
    ),
    (
        "transforaminal-endoscopic-discectomy",
        "L4-L5",
        Quantity::Oblique,
        55.,
        65.,
    ),
    ("vertebroplasty", "L4", Quantity::Oblique, 18., 28.),
    ("vertebroplasty", "L5", Quantity::EntryLateral, 55., 75.),
    ("pedicle-screw", "L5", Quantity::Oblique, f64::NAN, 29.8),
    (
        "spinal-cord-stimulation",
        "T12-L1",
        Quantity::Tilt,
        -60.,
        -45.,
    ),
    (
        "spinal-cord-stimulation",
        "T12-L1",
        Quantity::Depth,
        60.,
        110.,
    ),
    (
        "intrathecal-catheter",
        "L2-L3",
        Quantity::SkinAngle,
        30.,
        45.,
    ),
];

#[test]
fn the_files_say_what_the_sheet_says() {
    for (id, level, quantity, min, max) in TABLE {
        let procedure = library().find(id).unwrap();
        let range = procedure.range(quantity, level.parse().unwrap()).unwrap();
        let wanted = if min.is_nan() {
            Bounds::About(max)
        } else {
            Bounds::Between(min, max)
        };
        assert_eq!(range.bounds, wanted, "{id} {level} {quantity:?}");
    }
}

#[test]
fn what_the_sheet_leaves_open_is_left_open() {
    for (id, level, quantity) in [
        ("basivertebral-nerve", "L4", Quantity::Oblique),
        ("bone-tumour-rf", "L4", Quantity::Depth),
        ("medial-branch-block", "L4", Quantity::EntryLateral),
        ("transforaminal-s1", "S1", Quantity::EntryLateral),
        ("vertebroplasty", "T9", Quantity::Oblique),
        ("caudal", "S4", Quantity::Tilt),
        ("intrathecal-catheter", "L2-L3", Quantity::Depth),
        ("interspinous-device", "L4-L5", Quantity::Tilt),
        ("sacral-lateral-branch-rf-cooled", "S2", Quantity::Tilt),
    ] {
        let procedure = library().find(id).unwrap();
        let range = procedure.range(quantity, level.parse().unwrap());
        assert_eq!(range, None, "{id} {quantity:?}");
    }
}

#[test]
fn every_section_is_there_once_and_1_10_twice() {
    let mut sections: Vec<&str> = library()
        .procedures
        .iter()
        .map(|procedure| procedure.section.as_str())
        .collect();
    assert_eq!(sections.len(), 27);
    sections.dedup();
    let wanted: Vec<String> = (1..=26).map(|number| format!("1.{number}")).collect();
    assert_eq!(sections, wanted);
}

#[test]
fn proposals_are_told_from_what_has_a_source() {
    let of = |id: &str, level: &str, quantity| {
        let procedure = library().find(id).unwrap();
        procedure.range(quantity, level.parse().unwrap()).unwrap()
    };
    let disc = of("discography", "L4-L5", Quantity::TiltToEndplate);
    assert!(disc.is_proposal());
    let root = of("transforaminal-supraneural", "L4-L5", Quantity::Oblique);
    assert_eq!(
        (root.is_proposal(), root.source.to_string()),
        (false, "P3".to_owned())
    );
    assert_eq!(root.also.len(), 2);
    assert_eq!(root.also[1].bounds, Bounds::Between(30.0, 45.0));
    let target = &library().find("discography").unwrap().target;
    assert_eq!(target.radius_mm, Some(5.0));
    assert!(target.radius_source.as_ref().unwrap().is_proposal());
    // Nobody gives a radius but there.
    let with = library().procedures.iter();
    assert_eq!(with.filter(|one| one.target.radius_mm.is_some()).count(), 1);
}

/// Section 0.2: entry lateral = |x of target| + depth · sin κ · cos τ. For every level some target
/// between midline and 60 mm must satisfy ranges that are all given.
#[test]
fn entry_depth_and_angles_of_a_file_agree() {
    let mut tested = 0;
    for procedure in &library().procedures {
        for &level in &procedure.levels {
            let bounds = |quantity| procedure.range(quantity, level).map(|range| range.bounds);
            let (Some(entry), Some(depth), Some(oblique)) = (
                bounds(Quantity::EntryLateral),
                bounds(Quantity::Depth),
                bounds(Quantity::Oblique),
            ) else {
                continue;
            };
            let tilt = bounds(Quantity::Tilt)
                .and_then(Bounds::middle)
                .unwrap_or(0.0);
            let across = |depth: Option<f64>, oblique: Option<f64>| {
                depth.unwrap() * oblique.unwrap().to_radians().sin() * tilt.to_radians().cos()
            };
            let nearest = entry.min().unwrap() - across(depth.max(), oblique.max());
            let farthest = entry.max().unwrap() - across(depth.min(), oblique.min());
            assert!(
                nearest <= 60.0 && farthest >= 0.0,
                "{} {level}",
                procedure.id
            );
            tested += 1;
        }
    }
    assert!(tested > 25, "{tested}");
}

#[test]
fn volumes_and_classes_are_those_of_the_sheet() {
    let ml = |id: &str, what: &str| {
        let procedure = library().find(id).unwrap();
        let volume = procedure
            .volumes
            .iter()
            .find(|volume| volume.what.starts_with(what));
        volume.unwrap().ml.bounds
    };
    assert_eq!(
        ml("medial-branch-block", "local"),
        Bounds::Between(0.3, 0.5)
    );
    assert_eq!(
        ml("selective-nerve-root-block", "local"),
        Bounds::Between(0.5, 0.6)
    );
    assert_eq!(ml("interlaminar", "total"), Bounds::Between(3.0, 8.0));
    assert_eq!(ml("caudal", "injectate for L5"), Bounds::Exactly(10.0));
    assert_eq!(ml("sacroiliac-joint", "total"), Bounds::AtMost(2.5));
    assert_eq!(
        ml("vertebroplasty", "PMMA, lumbar"),
        Bounds::Between(2.0, 8.0)
    );
    assert_eq!(
        ml("lumbar-sympathetic", "contrast"),
        Bounds::Between(0.5, 3.0)
    );
    let class = |id: &str| {
        let bleeding = &library().find(id).unwrap().bleeding;
        bleeding.stated.as_ref().map(|class| class.text.as_str())
    };
    assert_eq!(class("facet-joint"), Some("low"));
    assert_eq!(class("vertebroplasty"), Some("high"));
    assert_eq!(class("discography"), Some("intermediate"));
}

#[test]
fn the_neck_is_guarded_and_has_no_ranges() {
    let neck = library().find("cervical-note").unwrap();
    assert_eq!(neck.guard.as_ref().unwrap().requires, ["vertebral_artery"]);
    assert!(neck.approaches.is_empty() && neck.needles.is_empty());
    let guarded = library()
        .procedures
        .iter()
        .filter(|one| one.guard.is_some());
    assert_eq!(guarded.count(), 1);
}

#[test]
fn nothing_to_be_read_is_empty_and_numbers_rest_on_something() {
    for procedure in &library().procedures {
        assert!(
            !procedure.target.long.is_empty()
                && !procedure.structures.iter().any(|rule| rule.why.is_empty())
        );
        let sources = procedure
            .approaches
            .iter()
            .flat_map(|approach| approach.ranges.values());
        assert!(
            sources
                .into_iter()
                .all(|range| !range.source.marks.is_empty())
        );
        let weights = &procedure.entry_map;
        assert!(weights.clearance > 0.0 && weights.source.is_proposal());
        for view in &procedure.views {
            assert!(!view.see.is_empty(), "{}", procedure.id);
        }
    }
}
