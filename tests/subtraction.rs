//! What is made from the frames of a run: subtraction of masks, peak opacification; and the
//! overlays that lie over its frames.

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

use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::Tag;
use stylet::app::command::{LookCommand, StudyCommand};
use stylet::app::derivation::MaskChoice;
use stylet::app::picture_commands::PictureCommand;
use stylet::study::{PeakKind, Samples, SeriesUid, WindowLevel};

use dicom_file::DicomFile;
use player::Player;
use xa_run::{masked, masked_by, run};

/// Rounded 1000 ln(a / b).
fn difference(a: f64, b: f64) -> f64 {
    (1000.0 * (a / b).ln()).round()
}

#[test]
fn the_mask_of_the_file_or_a_chosen_frame_is_subtracted_and_moved() {
    let mut player = Player::new(&masked(run(8, 8), &[1, 2], [3, 8]));
    player.apply(PictureCommand::Subtract(true));
    assert!(
        player.pictures().derivation.trouble().is_some(),
        "frame 1 has no mask"
    );
    assert_eq!(player.column()[1], 200.0, "it is shown as it is");
    player.apply(PictureCommand::Step(4));
    // The mask is the mean of bars in rows 0 and 1; the bar of frame 5 is in row 4.
    let half = difference(200.0, 150.0);
    let expected = [
        half,
        half,
        0.0,
        0.0,
        difference(100.0, 200.0),
        0.0,
        0.0,
        0.0,
    ];
    assert_eq!(player.column(), expected);
    let choice = MaskChoice {
        frame: Some(2),
        shift: None,
    };
    player.apply(PictureCommand::Mask(choice));
    let absorbed = difference(100.0, 200.0);
    let expected = [0.0, 0.0, -absorbed, 0.0, absorbed, 0.0, 0.0, 0.0];
    assert_eq!(player.column(), expected);
    // Two rows down the bars lie over one another.
    let shift = Some([2.0, 0.0]);
    player.apply(PictureCommand::Mask(MaskChoice { shift, ..choice }));
    assert_eq!(player.column(), [0.0; 8]);
    player.apply(PictureCommand::Subtract(false));
    assert_eq!(player.column()[4], 100.0);
}

#[test]
fn peaks_gather_the_whole_run() {
    let mut player = Player::new(&run(5, 8));
    player.apply(PictureCommand::Peak(Some(PeakKind::Minimum)));
    let least = [100.0, 100.0, 100.0, 100.0, 100.0, 200.0, 200.0, 200.0];
    assert_eq!(player.column(), least);
    player.apply(PictureCommand::Peak(Some(PeakKind::Maximum)));
    assert_eq!(player.column(), [200.0; 8]);
    // Subtracted from the first frame: its own bar is only ever brighter in the others.
    player.apply(PictureCommand::Mask(MaskChoice {
        frame: Some(0),
        shift: None,
    }));
    player.apply(PictureCommand::Subtract(true));
    player.apply(PictureCommand::Peak(Some(PeakKind::Minimum)));
    let absorbed = difference(100.0, 200.0);
    let expected = [0.0, absorbed, absorbed, absorbed, absorbed, 0.0, 0.0, 0.0];
    assert_eq!(player.column(), expected);
    player.apply(PictureCommand::Peak(None));
    player.apply(PictureCommand::Subtract(false));
    assert!(matches!(
        player.pictures().shown().unwrap().frame().samples,
        Samples::U8(_)
    ));
}

#[test]
fn a_peak_that_was_made_before_is_another_picture_than_what_was_shown_since() {
    let mut player = Player::new(&masked(run(5, 8), &[1], [1, 5]));
    let serial = |player: &Player| {
        let shown = player.pictures().shown().unwrap();
        shown.derived.map(|(_, serial)| serial).unwrap()
    };
    player.apply(PictureCommand::Subtract(true));
    player.apply(PictureCommand::Peak(Some(PeakKind::Minimum)));
    let (peak, column) = (serial(&player), player.column());
    player.apply(PictureCommand::Peak(None));
    let difference = serial(&player);
    assert_ne!(player.column(), column);
    player.apply(PictureCommand::Peak(Some(PeakKind::Minimum)));
    assert_eq!(player.column(), column);
    assert_ne!(serial(&player), difference, "the screen is drawn again");
    assert_eq!(serial(&player), peak, "from what was made before");
}

#[test]
fn each_frame_is_subtracted_from_the_mask_of_its_own_item() {
    // Frames 1 to 4 less the mean of 1 and 2, frames 5 to 8 less that of 5 and 6.
    let masks: [(&[u16], [u16; 2]); 2] = [(&[1, 2], [1, 4]), (&[5, 6], [5, 8])];
    let mut player = Player::new(&masked_by(run(8, 8), &masks));
    player.apply(PictureCommand::Subtract(true));
    player.apply(PictureCommand::Step(3));
    let first = player.column();
    player.apply(PictureCommand::Step(1));
    let second = player.column();
    assert_ne!(first, second);
    player.apply(PictureCommand::Step(1));
    let third = player.column();
    // Back and forth before the mask of the first item is made again.
    player.apply(PictureCommand::Step(-1));
    player.state.apply(PictureCommand::Step(-1));
    player.state.apply(PictureCommand::Step(2));
    player.settle();
    assert_eq!(player.column(), third);
    player.apply(PictureCommand::Step(-2));
    assert_eq!(
        player.column(),
        first,
        "not the mask of the frames after it"
    );
    player.apply(PictureCommand::Step(1));
    assert_eq!(player.column(), second);
}

#[test]
fn a_run_that_is_meant_to_be_subtracted_starts_so() {
    let mode = |file: DicomFile| {
        let tag = tags::RECOMMENDED_VIEWING_MODE;
        Player::new(&file.text(tag, *b"CS", "SUB"))
    };
    let player = mode(masked(run(4, 8), &[1], [1, 4]));
    assert!(player.pictures().derivation.subtract);
    assert_eq!(player.column(), [0.0; 8], "the mask less itself");
    let without = mode(run(4, 8));
    assert!(!without.pictures().derivation.subtract);
    assert!(without.warnings()[0].contains("choose a mask frame"));
    assert_eq!(without.column()[0], 100.0);
    let usual = Player::new(&masked(run(4, 8), &[1], [1, 4]));
    assert!(!usual.pictures().derivation.subtract);
}

/// Window of what is on the screen.
fn window(player: &Player) -> WindowLevel {
    let stage = player.state.stage.as_ref().unwrap();
    let shown = stage.shown_picture().unwrap();
    stage.shown_look(&shown).window
}

#[test]
fn the_window_of_differences_takes_in_what_comes_after_the_mask_itself() {
    let file = masked(run(4, 8), &[1], [1, 4]);
    let mut player = Player::new(&file.text(tags::RECOMMENDED_VIEWING_MODE, *b"CS", "SUB"));
    assert_eq!(player.column(), [0.0; 8], "the mask less itself");
    player.apply(PictureCommand::Step(1));
    let most = difference(200.0, 100.0);
    assert_eq!(window(&player), WindowLevel::new(0.0, 2.0 * most));
    player.apply(PictureCommand::Step(-1));
    assert_eq!(window(&player), WindowLevel::new(0.0, 2.0 * most));
    // Another mask has differences of its own, and what it was moved by and back is forgotten.
    let shown = |player: &mut Player, mask: MaskChoice| {
        player.apply(PictureCommand::Mask(mask));
        window(player)
    };
    player.apply(PictureCommand::Step(2));
    let moved = MaskChoice {
        frame: Some(1),
        shift: Some([1.0, 0.0]),
    };
    let other = shown(&mut player, moved);
    assert_eq!(player.column(), [0.0; 8], "the bars lie over one another");
    assert!(other.width < most, "{other:?}");
    let back = shown(&mut player, MaskChoice::default());
    assert_eq!(back, WindowLevel::new(0.0, 2.0 * most));
    player.apply(PictureCommand::Step(-2));
    // What a person has chosen stays, also on frames that were not shown before.
    let chosen = WindowLevel::new(-30.0, 300.0);
    player.state.apply(LookCommand::Window(chosen));
    player.apply(PictureCommand::Step(2));
    assert_eq!(window(&player), chosen);
    player.apply(PictureCommand::Subtract(false));
    assert_ne!(window(&player), chosen);
    player.apply(PictureCommand::Subtract(true));
    assert_eq!(window(&player), chosen);
}

#[test]
fn presets_and_invert_are_for_the_picture_on_the_screen() {
    let mut player = Player::new(&masked(run(8, 8), &[1, 2], [3, 8]));
    player.apply(PictureCommand::Subtract(true));
    player.apply(PictureCommand::Step(4));
    let differences = window(&player);
    player.apply(PictureCommand::Step(-4));
    let chosen = WindowLevel::new(90.0, 30.0);
    player.state.apply(LookCommand::Window(chosen));
    player.state.apply(LookCommand::ToggleInvert);
    assert_eq!(window(&player), chosen);
    let inverted = |player: &Player| player.state.presentation().unwrap().is_inverted();
    assert!(inverted(&player));
    player.apply(PictureCommand::Step(4));
    assert_eq!(window(&player), differences);
    assert!(!inverted(&player));
    player.apply(PictureCommand::Step(-4));
    player.state.apply(LookCommand::OwnWindow);
    assert_ne!(window(&player), chosen);
}

/// A run of square frames with 8 rows in RLE, of which frame `broken` (from 0) cannot be decoded.
fn with_broken_frame(file: DicomFile, frames: usize, broken: usize) -> DicomFile {
    let fragments: Vec<Vec<u8>> = (0..frames)
        .map(|frame| {
            let segments: [u32; 2] = if frame == broken { [99, 0] } else { [1, 64] };
            let mut bytes: Vec<u8> = segments.iter().flat_map(|n| n.to_le_bytes()).collect();
            bytes.resize(64, 0);
            // 64 bytes as they are.
            bytes.push(63);
            bytes.extend((0..8).flat_map(|row| [if row == frame { 100 } else { 200 }; 8]));
            bytes
        })
        .collect();
    let fragments: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
    file.fragments("1.2.840.10008.1.2.5", &[], &fragments)
}

#[test]
fn a_mask_that_cannot_be_made_is_told_where_it_is_meant_only() {
    let masks: [(&[u16], [u16; 2]); 2] = [(&[1, 2], [1, 4]), (&[5, 6], [5, 8])];
    let file = with_broken_frame(masked_by(run(8, 8), &masks), 8, 1);
    let mut player = Player::new(&file);
    player.apply(PictureCommand::Subtract(true));
    let trouble = |player: &Player| player.pictures().derivation.trouble().map(str::to_owned);
    let told = trouble(&player);
    assert!(told.is_some());
    assert_eq!(player.column()[0], 100.0, "it is shown as it is");
    // The frames of the other item have a mask that can be made.
    player.apply(PictureCommand::Step(6));
    assert_eq!(trouble(&player), None);
    assert_eq!(player.column()[6], difference(100.0, 200.0));
    player.apply(PictureCommand::Step(-6));
    assert_eq!(trouble(&player), told);
}

#[test]
fn the_failure_of_a_mask_that_is_no_longer_wanted_is_not_told() {
    let file = with_broken_frame(masked(run(8, 8), &[1, 2], [1, 8]), 8, 1);
    let mut player = Player::new(&file);
    player.state.apply(PictureCommand::Subtract(true));
    // Chosen before anybody has heard of the failure.
    player.apply(PictureCommand::Mask(MaskChoice {
        frame: Some(0),
        shift: None,
    }));
    assert_eq!(player.column(), [0.0; 8]);
    assert_eq!(player.pictures().derivation.trouble(), None);
}

#[test]
fn what_was_set_for_a_run_is_there_again_after_another_series() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir_all(&files).unwrap();
    masked(run(8, 8), &[1, 2], [1, 8]).write(&files, "a.dcm");
    let other = run(4, 8).text(tags::SOP_INSTANCE_UID, *b"UI", "1.2.3.78.1");
    let other = other.text(tags::SERIES_INSTANCE_UID, *b"UI", "1.2.3.78");
    other.write(&files, "b.dcm");
    let mut player = Player::of(folder, files);
    let show = |player: &mut Player, uid: &str| {
        let series = SeriesUid::new(uid);
        player.state.apply(StudyCommand::Show { series, stack: 0 });
        player.settle();
    };
    show(&mut player, "1.2.3.77");
    let stored = WindowLevel::new(120.0, 90.0);
    player.state.apply(LookCommand::Window(stored));
    player.apply(PictureCommand::Subtract(true));
    let choice = MaskChoice {
        frame: Some(2),
        shift: Some([1.5, -0.25]),
    };
    player.apply(PictureCommand::Mask(choice));
    let differences = WindowLevel::new(10.0, 700.0);
    player.state.apply(LookCommand::Window(differences));
    player.apply(PictureCommand::Speed(2.0));
    let column = player.column();

    show(&mut player, "1.2.3.78");
    let derivation = &player.pictures().derivation;
    assert!(!derivation.subtract);
    assert_eq!(derivation.mask, MaskChoice::default());
    assert_ne!(window(&player), differences);

    show(&mut player, "1.2.3.77");
    assert_eq!(player.pictures().derivation.mask, choice);
    assert_eq!(player.column(), column);
    assert_eq!(window(&player), differences);
    assert_eq!(player.pictures().playback.speed, 2.0);
    player.apply(PictureCommand::Subtract(false));
    assert_eq!(window(&player), stored);
}

#[test]
fn a_peak_says_how_many_frames_have_a_mask() {
    let mut player = Player::new(&masked(run(8, 8), &[1, 2], [3, 8]));
    player.apply(PictureCommand::Peak(Some(PeakKind::Minimum)));
    assert_eq!(player.pictures().derivation.gathered(), Some(8));
    player.apply(PictureCommand::Subtract(true));
    assert_eq!(player.pictures().derivation.gathered(), Some(6));
    player.apply(PictureCommand::Peak(None));
    assert_eq!(player.pictures().derivation.gathered(), None);
}

#[test]
fn overlays_count_as_memory_and_are_read_once_for_all_frames() {
    let (frames, side) = (6, 32_usize);
    let bits = vec![0xFF; side * side / 8];
    let drawn = |frames: usize| {
        let file = run(frames, side)
            .number(Tag(0x6000, 0x0010), side as u16)
            .number(Tag(0x6000, 0x0011), side as u16)
            .text(Tag(0x6000, 0x0040), *b"CS", "G")
            .raw(Tag(0x6000, 0x0050), *b"SS", vec![1, 0, 1, 0])
            .number(Tag(0x6000, 0x0100), 1)
            .number(Tag(0x6000, 0x0102), 0);
        file.raw(Tag(0x6000, 0x3000), *b"OW", bits.clone())
    };
    let pixels = (side * side) as u64;
    let mut player = Player::new(&drawn(frames));
    let overlays = |player: &Player| {
        let (_, picture) = player.pictures().picture().unwrap();
        Arc::clone(&picture.overlays)
    };
    let first = overlays(&player);
    assert_eq!(first.len(), 1);
    for _ in 1..frames {
        player.apply(PictureCommand::Step(1));
        assert!(Arc::ptr_eq(&overlays(&player), &first));
    }
    let held = player.pictures().held_bytes();
    assert_eq!(held, (frames as u64 + 1) * pixels, "frames and one overlay");
    let still = Player::new(&drawn(1));
    assert_eq!(still.pictures().held_bytes(), 2 * pixels);
}
