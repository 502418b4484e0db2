use super::*;
use crate::plan::CArmLibrary;
use crate::volume::synthetic::SyntheticVolume;

fn task(id: &str, code: &str) -> AngleMapTask {
    let profile = CArmLibrary::builtin().find(id).unwrap();
    let setup = CArmSetup::usual(profile, PatientPosition::from_code(code));
    // Row 1 of section 2.8.
    let entry = Some(Point::new(53.3, 111.4, -13.9));
    AngleMapTask::of(Point::new(20., 40., 0.), entry, &setup)
}

#[test]
fn the_map_holds_all_that_is_reached_and_the_bulls_eye() {
    let map = task("angiography-floor", "HFP")
        .map(None, &|| false)
        .unwrap();
    assert_eq!(map.face, Face::Posterior);
    let [oblique, tilt] = map.face.place(map.bulls_eye.unwrap());
    assert!((oblique - 25.0).abs() < 0.06 && (tilt + 10.0).abs() < 0.06);
    // 120° each way, 45° up and down (D15), in steps of 2°.
    assert_eq!(map.whole.first, [-122.0, -46.0]);
    let [columns, rows] = map.whole.size;
    assert_eq!(map.whole.at(columns - 1, rows - 1), [122.0, 46.0]);
    assert_eq!(map.whole.cells.len(), map.whole.size[0] * map.whole.size[1]);
    let cell = |place| map.nearest(map.face.angles(place)).unwrap();
    assert_eq!(cell([0.0, 44.0]).beyond, Some(Degrees(0.0)));
    assert!((cell([0.0, -46.0]).beyond.unwrap().0 - 1.0).abs() < 1e-9);
    // From the fine grid: the bull's-eye is one of its views.
    let there = map.nearest(map.bulls_eye.unwrap()).unwrap();
    assert!(there.from_bulls_eye.unwrap().0 < 1e-9 && there.bone.is_none());
    // AP is 25° and 10° off: acos(cos 25 · cos 10) = 26.8°.
    assert!((cell([0.0, 0.0]).from_bulls_eye.unwrap().0 - 26.8).abs() < 0.1);
}

#[test]
fn places_and_angles_are_inverse_from_both_faces() {
    for face in [Face::Posterior, Face::Anterior] {
        for place in [[0., 0.], [25., -10.], [-90., 30.], [170., 5.]] {
            let back = face.place(face.angles(place));
            assert!((back[0] - place[0]).abs() < 1e-9 && back[1] == place[1]);
        }
    }
    let front = Face::Anterior.angles([30.0, 15.0]);
    assert_eq!(
        (front.primary, front.secondary),
        (Degrees(30.0), Degrees(15.0))
    );
    assert_eq!(Face::of(front), Face::Anterior);
}

#[test]
fn bone_lies_where_it_was_put() {
    // Water with a rod of bone along z, 10 mm thick, 40 mm to the patient's left of the target.
    let mut volume = SyntheticVolume::new([160, 160, 80], [1., 1., 2.])
        .at(Point::new(-60., -40., -80.))
        .build(|p| {
            let [x, y, _] = p.to_array();
            let body = (x - 20.0).hypot(y - 40.0) < 70.0;
            match (body, (x - 60.0).hypot(y - 40.0) < 5.0) {
                (_, true) => 700.0,
                (true, false) => 0.0,
                (false, false) => -1000.0,
            }
        });
    volume.modality_lut.unit = "HU".to_owned();
    let task = task("angiography-floor", "HFP");
    let bone = |place| {
        let cell = task.cell(Face::Posterior.angles(place), Some(&volume));
        cell.unwrap().bone.unwrap()
    };
    assert_eq!(bone([0.0, 0.0]).mm, 0.0);
    assert!((bone([90.0, 0.0]).mm - 10.0).abs() <= 1.0);
    assert!(
        (bone([-90.0, 0.0]).mm - 10.0).abs() <= 1.0,
        "either way through"
    );
    // 45° cephalad from the side the rod is 10 / cos 45° thick.
    assert!((bone([90.0, 40.0]).mm - 13.0).abs() <= 1.0);
    let map = task.map(Some(&volume), &|| false).unwrap();
    let (_, clearest) = map.clearest_near(Degrees(30.0)).unwrap();
    assert_eq!(clearest.bone.unwrap().mm, 0.0);
}

#[test]
fn the_clearest_view_is_one_whose_bone_was_seen_whole() {
    let mut map = task("angiography-floor", "HFP")
        .map(None, &|| false)
        .unwrap();
    let columns = map.whole.size[0];
    for index in 0..map.whole.cells.len() {
        let [oblique, tilt] = map.whole.at(index % columns, index / columns);
        // Caudal of the bull's-eye the beams leave the images: nothing was seen of their bone.
        let beyond = tilt < -10.0;
        let seen = if oblique == 24.0 { 20.0 } else { 30.0 };
        if let Some(cell) = &mut map.whole.cells[index] {
            cell.bone = Some(BeamBone {
                mm: if beyond { 0.0 } else { seen },
                at_least: beyond,
            });
        }
    }
    let (angles, clearest) = map.clearest_near(Degrees(10.0)).unwrap();
    assert_eq!(clearest.bone.unwrap().words(), "20 mm");
    assert_eq!(map.face.place(angles), [24.0, -10.0]);
}

#[test]
fn without_position_or_entry_the_rest_is_known() {
    let mut task = task("mobile-head", "HFS");
    task.position = None;
    let map = task.map(None, &|| false).unwrap();
    assert!(
        map.whole
            .cells
            .iter()
            .flatten()
            .all(|cell| cell.beyond.is_none())
    );
    task.entry = None;
    let map = task.map(None, &|| false).unwrap();
    assert!(map.fine.is_none() && map.bulls_eye.is_none());
    assert!(map.clearest_near(Degrees(20.0)).is_none());
    assert!(task.map(None, &|| true).unwrap_err().contains("cancelled"));
    task.distances_mm = [700.0, 1000.0];
    let map = task.map(None, &|| false).unwrap();
    assert!(map.whole.cells.iter().all(Option::is_none));
}
