//! Runs: that they play at the rate of their file within bounded memory, and that wrong values in a
//! header are told and harm nothing else.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/player.rs"]
mod player;
#[path = "common/xa_run.rs"]
mod xa_run;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dicom_dictionary_std::tags;
use dicom_object::Tag;
use stylet::app::command::StudyCommand;
use stylet::app::picture_commands::PictureCommand;
use stylet::budget::MEMORY;
use stylet::study::{Repeat, ScaleSource};

use dicom_file::DicomFile;
use player::Player;
use xa_run::{GEOMETRY, masked, run, stating};

fn with(file: DicomFile, values: &[(Tag, &str)]) -> Player {
    Player::new(&stating(file, values))
}

#[test]
fn a_run_plays_at_the_rate_of_its_file_and_every_frame_is_shown_in_turn() {
    let mut player = with(run(96, 16), &[(tags::FRAME_TIME, "33")]);
    player.state.apply(StudyCommand::Play(true));
    let mut shown = vec![player.pictures().frame];
    // Ten seconds at 60 frames/s of the window.
    for _ in 0..600 {
        player.pass(Duration::from_micros(16_667));
        let frame = player.pictures().frame;
        if shown.last() != Some(&frame) {
            let bar = frame % 16;
            assert_eq!(
                player.column()[bar],
                100.0,
                "frame {frame} is on the screen"
            );
            shown.push(frame);
        }
    }
    let wanted = 10_000.0 / 33.0;
    assert!(
        (shown.len() as f64 / wanted - 1.0).abs() < 0.01,
        "{}",
        shown.len()
    );
    assert!(shown.iter().zip(0..).all(|(&frame, n)| frame == n % 96));
    let rate = player.pictures().playback.shown_rate().unwrap();
    assert!((rate / (1000.0 / 33.0) - 1.0).abs() < 0.05, "{rate}");
}

#[test]
fn a_long_run_plays_without_being_held_in_memory() {
    // The share of this limit that frames may take is 16 MiB; the run has 63.
    // Pinned, because every program that a test starts sets its own.
    MEMORY.pin_limit(128 << 20);
    let mut player = with(run(1000, 256), &[(tags::FRAME_TIME, "50")]);
    player.state.apply(StudyCommand::Play(true));
    let (mut most, mut frames) = (0, 0);
    let before = MEMORY.used();
    while player.pictures().frame < 999 {
        let last = player.pictures().frame;
        player.pass(Duration::from_millis(50));
        frames += usize::from(player.pictures().frame == last + 1);
        most = most.max(player.pictures().held_bytes());
    }
    println!("1000 frames of 65536 bytes: {most} bytes held at most");
    assert_eq!(frames, 999, "none was passed over");
    assert!(most <= 16 << 20, "{most}");
    assert!(most > 8 << 20, "frames are decoded ahead");
    assert!(before < 64 << 20);
}

#[test]
fn steps_orders_and_speeds_follow_the_person() {
    let mut player = with(
        run(5, 16),
        &[
            (tags::FRAME_TIME, "100"),
            (tags::PREFERRED_PLAYBACK_SEQUENCING, "1"),
        ],
    );
    assert_eq!(player.pictures().playback.repeat(), Repeat::Bounce);
    for (by, frame) in [(1, 1), (1, 2), (-1, 1), (-9, 0), (9, 4)] {
        player.apply(PictureCommand::Step(by));
        assert_eq!(player.pictures().frame, frame);
    }
    player.apply(PictureCommand::Repeat(Repeat::Once));
    player.apply(PictureCommand::Speed(2.0));
    player.state.apply(StudyCommand::Play(true));
    assert_eq!(player.pictures().frame, 0, "at its end it begins again");
    player.pass(Duration::ZERO);
    for frame in 1..5 {
        player.pass(Duration::from_millis(50));
        assert_eq!(player.pictures().frame, frame);
    }
    player.pass(Duration::from_millis(400));
    assert!(!player.pictures().playback.playing);
}

#[test]
fn wrong_values_of_a_header_are_told_and_harm_nothing_else() {
    for (values, part) in [
        (&[(tags::FRAME_TIME, "0")][..], "Frame Time"),
        (
            &[(tags::FRAME_TIME_VECTOR, "0\\20\\20")],
            "3 values for 8 frames",
        ),
        (
            &[
                (tags::POSITIONER_PRIMARY_ANGLE, "400"),
                (tags::POSITIONER_SECONDARY_ANGLE, "0"),
            ],
            "Positioner Primary Angle",
        ),
        (
            &[(tags::IMAGER_PIXEL_SPACING, "0\\0")],
            "Imager Pixel Spacing",
        ),
        (
            &[(tags::PIXEL_SPACING, "1e30\\1e-30")],
            "at most 20 times as high as wide",
        ),
        (
            &[(tags::PIXEL_ASPECT_RATIO, "1\\1000000")],
            "at most 20 times as high as wide",
        ),
    ] {
        let mut player = with(run(8, 8), values);
        let told = player.warnings();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(part), "{told:?}");
        assert_eq!(player.column()[0], 100.0);
        let (image, _) = player.state.shown_image().unwrap();
        assert_eq!(image.pixel_shape(), [1.0, 1.0]);
        player.state.apply(StudyCommand::Play(true));
        player.pass(Duration::ZERO);
        player.pass(Duration::from_millis(120));
        assert!(player.pictures().frame > 0, "it plays");
        assert_eq!(
            player.state.picture_scale(&[]),
            Err("no spacing in the file")
        );
    }
    let missing = Player::new(&masked(run(8, 8), &[99], [1, 8]));
    assert!(missing.warnings()[0].contains("frames from 1 to 8"));
    assert_eq!(missing.column()[0], 100.0);
}

#[test]
fn millimetres_come_from_the_sources_that_may_give_them_only() {
    let label = |values: &[(Tag, &str)]| {
        let player = with(run(2, 8), values);
        let scale = player.state.picture_scale(&[]);
        scale.map(|scale| (scale.source.label(), scale.mm))
    };
    let distances = label(&GEOMETRY).unwrap();
    assert_eq!(distances.0, "mm (SID/SOD 1.43)");
    assert!((distances.1[0] - 0.14).abs() < 1e-12);
    let factor = (tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR, "1.43");
    let with_factor: Vec<(Tag, &str)> = GEOMETRY.into_iter().chain([factor]).collect();
    assert_eq!(label(&with_factor).unwrap().0, "mm (ERMF 1.43)");
    let receptor = [GEOMETRY[0], GEOMETRY[1]];
    assert_eq!(
        label(&receptor),
        Err("spacing on the receptor only, no magnification")
    );
    let unmarked = [(tags::PIXEL_SPACING, "0.14\\0.14")];
    assert_eq!(
        label(&unmarked),
        Err("Pixel Spacing is not marked as calibrated")
    );
    let marked = [
        unmarked[0],
        (tags::PIXEL_SPACING_CALIBRATION_TYPE, "FIDUCIAL"),
    ];
    assert_eq!(
        label(&marked).unwrap(),
        ("mm (calibrated)".to_owned(), [0.14; 2])
    );
    assert_eq!(label(&[]), Err("no spacing in the file"));
}

/// The run of 96 frames of the public collections.
fn real_run() -> Option<PathBuf> {
    let collection = std::env::var("STYLET_TEST_DATA");
    let collection = collection.unwrap_or_else(|_| "../shared/data/real".to_owned());
    let path =
        Path::new(&collection).join("fo-dicom/FO-DICOM.Tests/Test Data/HasFragmentSequence.dcm");
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: no {}", path.display());
    None
}

#[test]
fn a_real_run_of_96_frames_plays_by_its_header() {
    let Some(path) = real_run() else { return };
    let mut player = Player::of(tempfile::tempdir().unwrap(), path);
    let timing = player.pictures().playback.timing().clone();
    assert_eq!(timing.step_ms, Some(33.0));
    let (image, _) = player.state.shown_image().unwrap();
    let angles = image.picture.projection(0).unwrap().angles.unwrap();
    assert_eq!((angles.primary.0, angles.secondary.0), (-32.0, 2.0));
    assert_eq!(
        player.state.picture_scale(&[]),
        Err("no spacing in the file")
    );
    assert!(player.warnings().is_empty(), "{:?}", player.warnings());
    player.state.apply(StudyCommand::Play(true));
    let mut changes = 0;
    for _ in 0..300 {
        let last = player.pictures().frame;
        player.pass(Duration::from_micros(16_667));
        changes += usize::from(player.pictures().frame != last);
    }
    let rate = changes as f64 / 5.0;
    assert!((rate * 0.033 - 1.0).abs() < 0.05, "{rate}");
}

#[test]
fn regions_of_real_ultrasound_pictures_give_millimetres() {
    let Some(path) = real_run() else { return };
    let Some(collection) = path.ancestors().nth(4) else {
        return;
    };
    let path = collection.join("cornerstone3D/US-YBR_FULL_422-EVRLE.dcm");
    let player = Player::of(tempfile::tempdir().unwrap(), path);
    let (image, frame) = player.state.shown_image().unwrap();
    let region = image.picture.regions[0];
    let inside = [0, 1].map(|axis| f64::midpoint(region.first[axis], region.last[axis]));
    let scale = image.scale_at(frame, &[inside]).unwrap();
    assert_eq!(scale.source, ScaleSource::Ultrasound);
    assert_eq!(
        image.scale_at(frame, &[inside, [-50.0, -50.0]]),
        Err("calibrated in its regions only")
    );
}
