use super::*;
use crate::geometry::{PatientPosition, Point};
use crate::plan::{
    CArmLibrary, EndPlate, ProcedureLibrary, SpineEdit, TrajectoryId, VertebraLabel,
};
use crate::study::Side;

fn needle(entry: [f64; 3], target: [f64; 3]) -> Trajectory {
    let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
    needle.entry = Some(entry.into());
    needle.target = Some(target.into());
    needle
}

/// Row 1 of section 2.8: left L4-5, head first prone.
fn row_1() -> Trajectory {
    needle([53.3, 111.4, -13.9], [20., 40., 0.])
}

fn setup(id: &str, code: &str) -> CArmSetup<'static> {
    let profile = CArmLibrary::builtin().find(id).unwrap();
    CArmSetup::usual(profile, PatientPosition::from_code(code))
}

fn views(needle: &Trajectory, spine: &Spine, setup: &CArmSetup<'_>) -> NeedleViews {
    let intent = needle.intent.as_ref();
    let procedure = intent.and_then(|intent| ProcedureLibrary::builtin().find(&intent.procedure));
    NeedleViews::of(needle, spine, procedure, setup).unwrap()
}

fn l4(spine: &mut Spine) {
    let lean = 10.0_f64.to_radians();
    let vertebra = "L4".parse().unwrap();
    for edit in [
        SpineEdit::Label(VertebraLabel {
            vertebra,
            body: Point::new(0., 15., -15.),
            spinous_process: Some(Point::new(0., 80., -20.)),
        }),
        SpineEdit::SetEndPlate(EndPlate {
            vertebra,
            face: EndPlateFace::Superior,
            points: [
                Point::new(0., 0., 0.),
                Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
            ],
        }),
    ] {
        spine.apply(&edit).unwrap();
    }
}

#[test]
fn the_five_views_of_the_first_worked_example() {
    let found = views(
        &row_1(),
        &Spine::default(),
        &setup("angiography-floor", "HFP"),
    );
    let purposes: Vec<ViewPurpose> = found.views.iter().map(|view| view.purpose).collect();
    use ViewPurpose::{Ap, BullsEye, Lateral, Progress};
    assert_eq!(purposes, [BullsEye, Progress(1), Progress(2), Ap, Lateral]);
    let bulls_eye = found.find(BullsEye).unwrap();
    assert_eq!(
        bulls_eye.phrase,
        "25° left oblique, 10° caudal tilt; needle 10° cephalad"
    );
    let console = bulls_eye.console.as_ref().unwrap();
    assert!((console.primary.0 + 25.0).abs() < 0.06 && (console.secondary.0 + 10.0).abs() < 0.06);
    let side = bulls_eye.side.as_ref().unwrap();
    assert!((side.orbital.0 + 24.6).abs() < 0.06 && (side.tilt.0 + 11.0).abs() < 0.06);
    assert!(bulls_eye.seen.as_ref().unwrap().apart_on_receptor_mm < 1e-9);
    let apart = |place| found.find(Progress(place)).unwrap().apart.unwrap();
    assert_eq!(apart(1).words(), "45° from lateral");
    assert_eq!(apart(2).words(), "90° from progress 1");
    for place in [1, 2] {
        let seen = found.find(Progress(place)).unwrap().seen.clone().unwrap();
        assert!((seen.shown_share - 1.0).abs() < 1e-9, "{seen:?}");
    }
    let phrase = |purpose| found.find(purpose).unwrap().phrase.as_str();
    assert_eq!(phrase(Ap), "AP, no tilt");
    // The receptor already leans left.
    assert_eq!(phrase(Lateral), "lateral (receptor left), no tilt");
    assert!(
        found
            .views
            .iter()
            .all(|view| view.reach.as_ref().unwrap().is_reached())
    );
}

#[test]
fn the_receptor_goes_where_the_c_arm_lets_it() {
    let prone = |id: &str| {
        let found = views(&row_1(), &Spine::default(), &setup(id, "HFP"));
        found.find(ViewPurpose::Lateral).unwrap().phrase.clone()
    };
    assert!(prone("mobile-side-left").contains("receptor left"));
    assert!(prone("mobile-side-right").contains("receptor right"));
    // Supine, a receptor at the back would hang below the table.
    let found = views(
        &row_1(),
        &Spine::default(),
        &setup("angiography-floor", "HFS"),
    );
    let ap = found.find(ViewPurpose::Ap).unwrap();
    assert!(ap.angles.primary.0.abs() < 1e-9 && ap.phrase == "AP");
    // The bull's-eye keeps the receptor on the entry side and says what is broken.
    let bulls_eye = found.find(ViewPurpose::BullsEye).unwrap();
    let reach = bulls_eye.reach.as_ref().unwrap();
    assert_eq!(reach.broken_words(), "primary 35.0° beyond 120.0°");
    assert_eq!(bulls_eye.angles.primary.0.round(), 155.0);
}

#[test]
fn a_second_progress_view_that_is_not_reached_says_so() {
    let found = views(
        &row_1(),
        &Spine::default(),
        &setup("mobile-side-left", "HFP"),
    );
    let view = |place| found.find(ViewPurpose::Progress(place)).unwrap();
    let reached = |place| view(place).reach.as_ref().unwrap().is_reached();
    assert!(reached(1) && !reached(2));
    let apart = [1, 2].map(|place| view(place).apart.unwrap().words());
    assert_eq!(apart, ["50° from lateral", "90° from progress 1"]);
    let see = view(2).see.as_deref().unwrap();
    assert!(see.contains("nothing that is reached"), "{see}");
}

#[test]
fn what_the_procedure_asks_for_is_taken_on_its_side() {
    let mut needle = row_1();
    needle.intent = Some(Intent {
        procedure: "interlaminar".to_owned(),
        level: Some("L4-L5".parse().unwrap()),
        side: Some(Side::Left),
    });
    let setup = setup("angiography-floor", "HFP");
    let found = views(&needle, &Spine::default(), &setup);
    let oblique = found.views.last().unwrap();
    assert_eq!(oblique.title, "Contralateral oblique");
    assert_eq!(oblique.phrase, "45° right oblique, no tilt");
    let ap = found.find(ViewPurpose::Ap).unwrap();
    assert!(ap.see.is_some() && found.find(ViewPurpose::Lateral).unwrap().see.is_some());
    needle.intent.as_mut().unwrap().side = Some(Side::Right);
    let found = views(&needle, &Spine::default(), &setup);
    assert_eq!(
        found.views.last().unwrap().phrase,
        "45° left oblique, no tilt"
    );
}

#[test]
fn a_clicked_end_plate_is_squared_and_tilts_the_scotty_dog() {
    let mut spine = Spine::default();
    l4(&mut spine);
    let mut needle = row_1();
    needle.intent = Some(Intent {
        procedure: "transforaminal-supraneural".to_owned(),
        level: Some("L4-L5".parse().unwrap()),
        side: Some(Side::Left),
    });
    let found = views(&needle, &spine, &setup("angiography-floor", "HFP"));
    let squared = found
        .find(ViewPurpose::Squared("L4".parse().unwrap()))
        .unwrap();
    assert_eq!(squared.phrase, "AP, 10° cephalad tilt");
    let dog = found
        .views
        .iter()
        .find(|view| view.title.starts_with("Scotty"))
        .unwrap();
    // 25–45° in the file; at κ 35 the plate is edge-on at atan(tan 10° · cos 35°) = 8.2°.
    assert_eq!(dog.phrase, "35° left oblique, 8° cephalad tilt");
}

#[test]
fn an_isocentre_elsewhere_gives_a_residual_and_its_own_bulls_eye() {
    let mut setup = setup("angiography-floor", "HFP");
    setup.isocenter = Some(Point::new(30., 45., 10.));
    let found = views(&row_1(), &Spine::default(), &setup);
    let seen = |purpose| found.find(purpose).unwrap().seen.clone().unwrap();
    let plain = seen(ViewPurpose::BullsEye);
    assert!(
        plain.apart_at_target_mm > 0.5 && plain.off_center_mm > 10.0,
        "{plain:?}"
    );
    assert!(seen(ViewPurpose::BullsEyeOffCenter).apart_on_receptor_mm < 1e-9);
}

#[test]
fn what_is_missing_is_said() {
    let setup = CArmSetup {
        position: None,
        ..setup("angiography-floor", "HFP")
    };
    let found = views(&row_1(), &Spine::default(), &setup);
    let bulls_eye = found.find(ViewPurpose::BullsEye).unwrap();
    assert!(
        bulls_eye
            .reach
            .as_ref()
            .unwrap_err()
            .contains("patient position")
    );
    assert!(bulls_eye.console.is_err() && bulls_eye.seen.is_ok());
    let mut half = row_1();
    half.entry = None;
    let none = NeedleViews::of(&half, &Spine::default(), None, &setup);
    assert_eq!(none, Err("No entry yet".to_owned()));
    half.entry = half.target;
    let none = NeedleViews::of(&half, &Spine::default(), None, &setup);
    assert!(none.unwrap_err().contains("same place"));
}
