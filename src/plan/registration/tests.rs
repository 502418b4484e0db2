use super::*;
use crate::geometry::Vector;
use crate::plan::{PlanEdit, PlanFile};
use std::path::Path;

fn made(image: &str, shift: f64) -> PictureRegistration {
    let pivot = Point::new(1.0, 2.0, 3.0);
    PictureRegistration {
        image: InstanceUid::new(image),
        frame: 0,
        isocenter_lps_mm: pivot,
        correction: Correction {
            pivot,
            rotation_rad: Vector::new(0.01, -0.02, 0.03),
            shift_mm: Vector::new(shift, 0.0, -2.5),
        },
        found: RegisteredBy::Likeness {
            views: 2,
            before: 0.1,
            after: 0.7,
            doubt: None,
            uncertainty: Some(RegistrationUncertainty {
                across_mm: [0.1, 0.2],
                along_mm: 1.5,
                tilt_deg: [0.1, 0.2],
                roll_deg: 0.05,
            }),
        },
    }
}

fn mark(column: f64) -> PictureLandmark {
    PictureLandmark {
        image: InstanceUid::new("1.2"),
        frame: 0,
        point_lps_mm: Point::new(9.0, 8.0, 7.0),
        pixel: [column, 20.0],
    }
}

fn apply(plan: &mut Plan, edit: RegistrationEdit) -> Result<(), PlanEditError> {
    plan.apply(&PlanEdit::Registration(edit))
}

#[test]
fn a_picture_has_one_registration_and_keeps_its_landmarks() {
    let mut plan = Plan::default();
    apply(&mut plan, RegistrationEdit::AddLandmark(mark(10.0))).unwrap();
    apply(&mut plan, RegistrationEdit::AddLandmark(mark(30.0))).unwrap();
    for shift in [4.0, 5.0] {
        let both = vec![made("1.2", shift), made("1.3", shift)];
        apply(&mut plan, RegistrationEdit::Set(both)).unwrap();
    }
    let image = InstanceUid::new("1.2");
    assert_eq!(plan.registrations.pictures.len(), 2);
    let found = plan.registrations.of(&image, 0).unwrap();
    assert_eq!(found.correction.shift_mm.0.x, 5.0);
    assert!(plan.registrations.of(&image, 1).is_none());
    apply(&mut plan, RegistrationEdit::Remove(image.clone(), 0)).unwrap();
    assert_eq!(
        apply(&mut plan, RegistrationEdit::Remove(image.clone(), 0)),
        Err(RegistrationEditError::NotRegistered.into())
    );
    let first = RegistrationEdit::RemoveLandmark(image.clone(), 0, 0);
    apply(&mut plan, first.clone()).unwrap();
    let left: Vec<f64> = plan
        .registrations
        .landmarks_of(&image, 0)
        .map(|mark| mark.pixel[0])
        .collect();
    assert_eq!(left, [30.0]);
    apply(&mut plan, first.clone()).unwrap();
    assert_eq!(
        apply(&mut plan, first),
        Err(RegistrationEditError::NoLandmark.into())
    );
}

#[test]
fn what_is_no_movement_is_refused_as_a_whole() {
    let mut plan = Plan::default();
    let mut wrong = made("1.3", f64::NAN);
    let edit = RegistrationEdit::Set(vec![made("1.2", 0.0), wrong.clone()]);
    assert!(apply(&mut plan, edit).is_err() && plan.is_empty());
    wrong = made("", 0.0);
    assert!(apply(&mut plan, RegistrationEdit::Set(vec![wrong])).is_err());
    let mut far = mark(1.0);
    far.pixel[1] = f64::INFINITY;
    assert!(apply(&mut plan, RegistrationEdit::AddLandmark(far)).is_err());
}

#[test]
fn what_the_file_cannot_hold_is_refused() {
    let mut plan = Plan::default();
    let mut change = |spoil: fn(&mut f64, &mut f64, &mut RegistrationUncertainty)| {
        let mut wrong = made("1.2", 0.0);
        if let RegisteredBy::Likeness {
            before,
            after,
            uncertainty: Some(held),
            ..
        } = &mut wrong.found
        {
            spoil(before, after, held);
        }
        apply(&mut plan, RegistrationEdit::Set(vec![wrong]))
    };
    let refused = Err(RegistrationEditError::NotANumber.into());
    assert_eq!(change(|before, _, _| *before = f64::NAN), refused);
    assert_eq!(change(|_, after, _| *after = f64::INFINITY), refused);
    assert_eq!(change(|_, _, held| held.tilt_deg[1] = f64::NAN), refused);
    assert_eq!(change(|_, _, _| {}), Ok(()));
}

#[test]
fn a_plan_written_with_null_for_a_number_opens() {
    let mut plan = Plan::default();
    apply(&mut plan, RegistrationEdit::Set(vec![made("1.2", 4.0)])).unwrap();
    let text = serde_json::to_string(&PlanFile::of(&plan, None)).unwrap();
    let spoiled = text
        .replace("\"before\":0.1", "\"before\":null")
        .replace("\"along_mm\":1.5", "\"along_mm\":null");
    assert_ne!(text, spoiled);
    let path = Path::new("a plan");
    let back = PlanFile::parse(&spoiled, path).unwrap().plan(path).unwrap();
    let found = &back.registrations.pictures[0].found;
    let RegisteredBy::Likeness {
        before,
        after,
        uncertainty,
        ..
    } = found
    else {
        panic!("{found:?}");
    };
    assert_eq!((*before, *after, *uncertainty), (0.0, 0.7, None));
}

#[test]
fn the_plan_file_keeps_them_and_older_files_have_none() {
    let mut plan = Plan::default();
    apply(&mut plan, RegistrationEdit::Set(vec![made("1.2", 4.0)])).unwrap();
    apply(&mut plan, RegistrationEdit::AddLandmark(mark(10.0))).unwrap();
    let text = serde_json::to_string(&PlanFile::of(&plan, None)).unwrap();
    assert!(text.contains("\"rotation_vector_rad\":[0.01,-0.02,0.03]"));
    let path = Path::new("a plan");
    let back = PlanFile::parse(&text, path).unwrap().plan(path).unwrap();
    assert_eq!(back.registrations, plan.registrations);
    let older = PlanFile::of(&Plan::default(), None);
    let text = serde_json::to_string(&older).unwrap();
    assert!(!text.contains("registration"));
}
