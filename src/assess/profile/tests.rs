//! Layers of known depths, and the simulated body against its label map.

use std::sync::Arc;

use super::*;
use crate::assess::sample_body::SampleBody;
use crate::geometry::Transform;
use crate::plan::TrajectoryId;
use crate::volume::padding::tests::patient_in_circle;
use crate::volume::phantom::{TargetKind, labels};
use crate::volume::structure::{Mask, MaskGrid};
use crate::volume::synthetic::SyntheticVolume;

/// Depth of the lower border and CT number: skin, fat, muscle, lamina, epidural fat, sac, body.
const LAYERS: [(f64, f64); 9] = [
    (2.0, 40.0),
    (18.0, -105.0),
    (46.0, 55.0),
    (48.0, 900.0),
    (51.5, 250.0),
    (53.5, 900.0),
    (58.0, -100.0),
    (74.0, 10.0),
    (200.0, 50.0),
];

/// Skin of the layered body, y in LPS mm; deeper is lower.
const SKIN_Y_MM: f64 = 60.3;

fn layer_hu(depth_mm: f64) -> f64 {
    if depth_mm < 0.0 {
        return -1000.0;
    }
    LAYERS
        .iter()
        .find(|(below_mm, _)| depth_mm < *below_mm)
        .map_or(50.0, |layer| layer.1)
}

/// A number from −1 to 1 that looks random.
fn noise(at: Point<Lps>) -> f64 {
    let mixed = (at.0.x * 12.9898 + at.0.y * 78.233 + at.0.z * 37.719).sin() * 43758.5453;
    mixed.fract()
}

/// The layers, each voxel the mean over its height, as a scanner makes it.
fn layered(noise_hu: f64) -> Volume {
    let mut volume = SyntheticVolume::new([120, 180, 24], [0.9, 0.7, 2.0])
        .at(Point::new(-54.0, -55.0, -24.0))
        .build(|at| {
            let mean: f64 = (0..70)
                .map(|part| {
                    let y_mm = at.0.y + (f64::from(part) + 0.5) / 100.0 - 0.35;
                    layer_hu(SKIN_Y_MM - y_mm) / 70.0
                })
                .sum();
            mean + noise_hu * noise(at)
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    volume
}

fn needle(entry: Point<Lps>, target: Point<Lps>) -> Trajectory {
    let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
    needle.entry = Some(entry);
    needle.target = Some(target);
    needle
}

fn profile(volume: &Volume, needle: &Trajectory, structures: &[NamedMask<'_>]) -> NeedleProfile {
    let air = OutsideAir::find(volume, &|| false);
    let scene = ProfileScene {
        volume,
        air: &air,
        structures,
    };
    NeedleProfile::of(needle, &scene, BEYOND_TARGET_MM).unwrap()
}

/// A slab of the layered body from one depth to another.
fn slab(from_mm: f64, to_mm: f64) -> Mask {
    let lps_from_voxel = Transform::from_columns(
        glam::DVec3::X * 0.9,
        glam::DVec3::Y * 0.7,
        glam::DVec3::Z * 2.0,
        glam::DVec3::new(-54.0, -55.0, -24.0),
    );
    let grid = Arc::new(MaskGrid::new([120, 180, 24], lps_from_voxel).unwrap());
    Mask::from_fn(Arc::clone(&grid), [0; 3], grid.size, |voxel| {
        let depth_mm = SKIN_Y_MM - grid.center(voxel).0.y;
        (from_mm..to_mm).contains(&depth_mm)
    })
    .trimmed()
}

#[test]
fn the_circle_that_was_reconstructed_is_no_skin() {
    // The flank is cut at 75 mm; the needle begins where there is no image.
    let volume = patient_in_circle(75.0, -3024.0);
    let path = needle(Point::new(95., 0.5, 1.), Point::new(10., 0.5, 1.));
    let profile = profile(&volume, &path, &[]);
    assert!(
        matches!(profile.zero, ProfileZero::Entry(_)),
        "{:?}",
        profile.zero
    );
    assert!(profile.value_at(10.0).is_none() && profile.value_at(30.0).is_some());
    let sentence = profile.sentence();
    assert!(!sentence.contains("skin"), "{sentence}");
}

#[test]
fn layers_are_found_at_their_depths() {
    let volume = layered(25.0);
    // Straight, and 25° oblique with 10° out of plane: depths grow by 1 / cos.
    for (across, along) in [(0.0, 0.0), (0.45, 0.17)] {
        let down = Vector::<Lps>::new(-across, -1.0, -along);
        let stretch = down.length();
        let target = Point::new(-10.0, SKIN_Y_MM - 70.0, -2.0);
        let path = needle(target - down * 75.0, target);
        let profile = profile(&volume, &path, &[]);
        assert_eq!(profile.zero, ProfileZero::Skin);
        assert!((profile.target_mm - 70.0 * stretch).abs() < 0.3);
        use Tissue::{CancellousBone, CorticalBone, Fat, Soft};
        let wanted = [
            (Some(Tissue::Skin), 0.0, 2.0),
            (Some(Fat), 2.0, 18.0),
            (Some(Soft), 18.0, 46.0),
            (Some(CorticalBone), 46.0, 48.0),
            (Some(CancellousBone), 48.0, 51.5),
            (Some(CorticalBone), 51.5, 53.5),
            (Some(Fat), 53.5, 58.0),
            (Some(Soft), 58.0, 90.0),
        ];
        assert_eq!(profile.runs[0].tissue, Some(Tissue::Air));
        assert_eq!(profile.runs.len(), wanted.len() + 1, "{:?}", profile.runs);
        for (run, (tissue, from_mm, to_mm)) in profile.runs[1..].iter().zip(wanted) {
            assert_eq!(run.tissue, tissue);
            assert!((run.from_mm - from_mm * stretch).abs() < 0.3, "{run:?}");
            let last = to_mm == 90.0;
            assert!(last || (run.to_mm - to_mm * stretch).abs() < 0.3, "{run:?}");
        }
        assert!((profile.runs[3].mean_value.unwrap() - 55.0).abs() < 15.0);
        let at = profile.point_at(profile.target_mm);
        assert!(at.distance(target) < 1e-9 && profile.depth_of(target) == profile.target_mm);
    }
}

/// Air that all has the number of the padding is air before the skin.
#[test]
fn a_ground_of_padding_is_air_before_the_skin() {
    let mut volume = layered(0.0);
    volume.padding = Some([-1000.0; 2]);
    let target = Point::new(-10.0, SKIN_Y_MM - 70.0, -2.0);
    let path = needle(target + Vector::new(0.0, 75.0, 0.0), target);
    let profile = profile(&volume, &path, &[]);
    assert!(volume.is_blank_at(profile.point_at(-2.0)));
    let first: Vec<_> = profile.runs.iter().take(3).map(|run| run.tissue).collect();
    assert_eq!(first, [Tissue::Air, Tissue::Skin, Tissue::Fat].map(Some));
}

#[test]
fn contacts_read_in_order_with_the_names_of_structures() {
    let volume = layered(10.0);
    let target = Point::new(0.0, SKIN_Y_MM - 65.0, 0.0);
    let path = needle(target + Vector::new(0.0, 70.0, 0.0), target);
    let bare = profile(&volume, &path, &[]);
    assert_eq!(bare.sentence(), "skin 0, fascia 18, bone 46, target 65 mm");
    let (lamina, sac, fat) = (slab(46.0, 53.5), slab(58.0, 74.0), slab(2.0, 18.0));
    let epidural = slab(53.5, 58.0);
    let named = |name, kind, mask| NamedMask {
        name,
        kind: Some(kind),
        mask,
    };
    let structures = [
        named("L4 vertebra", "bone", &lamina),
        named("Thecal sac", "dura", &sac),
        named("Subcutaneous fat", "fat", &fat),
        named("Epidural fat", "fat", &epidural),
    ];
    let full = profile(&volume, &path, &structures);
    assert_eq!(
        full.sentence(),
        "skin 0, fascia 18, L4 vertebra 46, Epidural fat 53, Thecal sac 58, target 65 mm"
    );
    let inside = full.run_at(60.0).unwrap();
    assert_eq!(inside.tissue, Some(Tissue::Fluid));
    assert_eq!(inside.structure.as_deref(), Some("Thecal sac"));
    assert!((inside.from_mm - 58.0).abs() < 0.5 && (inside.to_mm - 74.0).abs() < 0.5);
    // The edges of mask and tissue fall together: no slivers.
    assert!(full.runs.iter().all(|run| run.to_mm - run.from_mm > 1.0));
    let ends = full
        .runs
        .windows(2)
        .all(|pair| pair[0].to_mm == pair[1].from_mm);
    assert!(ends && full.runs[0].from_mm == full.first_mm);
}

#[test]
fn a_thin_structure_is_listed_even_where_it_is_too_thin_to_paint() {
    let volume = layered(0.0);
    let target = Point::new(0.0, SKIN_Y_MM - 40.0, 0.0);
    let path = needle(target + Vector::new(0.0, 45.0, 0.0), target);
    let nerve = slab(30.0, 30.7);
    let structures = [NamedMask {
        name: "Medial branch",
        kind: Some("nerve"),
        mask: &nerve,
    }];
    let profile = profile(&volume, &path, &structures);
    assert_eq!(profile.structures.len(), 1);
    let run = &profile.structures[0];
    assert!((run.to_mm - run.from_mm - 0.7).abs() < 0.3, "{run:?}");
    let contact = &profile.contacts[2];
    assert_eq!(contact.kind, ContactKind::Structure);
    assert!((contact.depth_mm - 30.35).abs() < 0.8);
}

#[test]
fn without_hu_there_are_values_and_structures_but_no_tissues() {
    let mut volume = layered(0.0);
    volume.modality_lut.unit.clear();
    let target = Point::new(0.0, SKIN_Y_MM - 65.0, 0.0);
    let path = needle(target + Vector::new(0.0, 60.0, 0.0), target);
    let sac = slab(58.0, 74.0);
    let structures = [NamedMask {
        name: "Thecal sac",
        kind: Some("dura"),
        mask: &sac,
    }];
    let profile = profile(&volume, &path, &structures);
    assert!(matches!(&profile.zero, ProfileZero::Entry(reason) if reason.contains("CT")));
    assert!(profile.runs.iter().all(|run| run.tissue.is_none()));
    assert_eq!(profile.runs.len(), 3);
    assert_eq!(profile.sentence(), "Thecal sac 53, target 60 mm");
    assert!((profile.value_at(20.0).unwrap() - 55.0).abs() < 1.0);
    assert_eq!(profile.value_at(-1.0), None);
}

#[test]
fn a_needle_without_ends_or_end_says_so() {
    let volume = layered(0.0);
    let air = OutsideAir::find(&volume, &|| false);
    let scene = ProfileScene {
        volume: &volume,
        air: &air,
        structures: &[],
    };
    let of = |needle: &Trajectory| NeedleProfile::of(needle, &scene, 0.0).unwrap_err();
    let target = Point::new(0.0, 0.0, 0.0);
    assert!(of(&needle(target, target)).contains("same place"));
    assert!(
        of(&needle(
            Point::new(0.0, 1e12, 5e12),
            Point::new(0., -1e9, 0.)
        ))
        .contains("longer")
    );
    let mut half = needle(target, target);
    half.entry = None;
    assert_eq!(of(&half), "No entry yet");
}

#[test]
fn bone_contacts_of_the_sample_agree_with_its_label_map() {
    let body = SampleBody::shared();
    let voxel_mm = body.phantom.grid.spacing_mm[0].max(body.phantom.grid.spacing_mm[2]);
    let air = OutsideAir::find(&body.volume, &|| false);
    let bones: Vec<u8> = labels()
        .iter()
        .filter(|row| row.name.ends_with("vertebra") || row.name == "Sacrum")
        .map(|row| row.number)
        .collect();
    let mut met = 0;
    for target in &body.phantom.truth.targets {
        let (TargetKind::MedialBranch, Some(path), Some(label)) =
            (target.kind, target.path, target.on_bone_label)
        else {
            continue;
        };
        let (entry, tip) = (
            Point::from_vec(path.entry_lps_mm),
            Point::from_vec(target.point_lps_mm),
        );
        // 8 mm deeper than the target: well into the bone.
        let deep = tip + (tip - entry).direction().unwrap() * 8.0;
        let path = needle(entry, deep);
        let name = SampleBody::name(label);
        let mask = body.mask(&[label]);
        let named = [NamedMask {
            name: &name,
            kind: Some("bone"),
            mask: &mask,
        }];
        for structures in [&named[..], &[]] {
            let scene = ProfileScene {
                volume: &body.volume,
                air: &air,
                structures,
            };
            let profile = NeedleProfile::of(&path, &scene, 0.0).unwrap();
            let first = |is_there: &dyn Fn(Point<Lps>) -> bool| {
                (0..2000)
                    .map(|step| f64::from(step) * 0.05)
                    .find(|depth_mm| is_there(profile.point_at(*depth_mm)))
                    .unwrap()
            };
            let on_bone_mm = first(&|at| body.label_at_point(at) == Some(label));
            let bare = structures.is_empty();
            let wanted = if bare { "bone" } else { &name };
            let named = |contact: &&Contact| contact.name == wanted;
            let found_mm = profile.contacts.iter().find(named).unwrap().depth_mm;
            // Without a mask, bone that the path passes at less than a voxel counts too.
            let first_mm = if bare {
                first(&|at| body.is_beside(at, &bones))
            } else {
                on_bone_mm - voxel_mm
            };
            assert!(
                first_mm <= found_mm && found_mm <= on_bone_mm + voxel_mm,
                "{name}, {wanted}: {found_mm} for {first_mm} to {on_bone_mm}"
            );
            met += 1;
        }
    }
    assert_eq!(
        met, 24,
        "L1 to L5 and S1, both sides, with and without masks"
    );
}
