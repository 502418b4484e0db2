//! Proves what `stylet drr` writes: line integrals of a known body, a picture with the plan over
//! it, a DICOM image with its geometry, and what it says where it cannot.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test")]

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/sample_plan.rs"]
mod sample_plan;

use std::ops::ControlFlow;
use std::path::Path;

use clap::Parser as _;
use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use sample_plan::{Sample, said, stylet, text};
use serde_json::json;
use stylet::cli::Cli;
use stylet::geometry::{CArmAngles, CArmPose, Degrees, Point, Receptor};
use tempfile::TempDir;

/// A block of water, 40 × 40 × 40 mm about the origin, in air: 40 × 40 × 20 voxels of 2 × 2 × 4 mm.
fn block(modality: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_block(dir.path(), (1, modality), 20, |slice| slice);
    dir
}

/// The same as series `1.2.3.<series>` of a modality with so many slices, its files changed.
fn write_block(
    folder: &Path,
    (series, modality): (u32, &str),
    slices: i32,
    change: impl Fn(DicomFile) -> DicomFile,
) {
    let inside = |index: i32, count: i32| index >= count / 4 && index < 3 * count / 4;
    for slice in 0..slices {
        let values: Vec<i16> = (0..1600)
            .map(|i| {
                let water = inside(i % 40, 40) && inside(i / 40, 40) && inside(slice, slices);
                if water { 1024 } else { 24 }
            })
            .collect();
        let file = DicomFile::slice(series, slice, -38.0 + 4.0 * f64::from(slice), 0)
            .position([-39.0, -39.0, -38.0 + 4.0 * f64::from(slice)])
            .text(tags::PIXEL_SPACING, *b"DS", "2\\2")
            .text(tags::MODALITY, *b"CS", modality)
            .number(tags::ROWS, 40)
            .number(tags::COLUMNS, 40)
            .pixels(&values);
        change(file).write(folder, &format!("{series}-{slice}.dcm"));
    }
}

/// A plan of one needle, bound to a series and a frame of reference.
fn bound_plan(folder: &Path, series: Option<(&str, Option<&str>)>) -> String {
    let mut plan = json!({"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
        "trajectories": [{"name": "one", "entry": [0, 30, 0], "target": [0, 0, 0]}]});
    if let Some((series, frame)) = series {
        plan["series"] = json!({"series_instance_uid": series, "frame_of_reference_uid": frame,
            "geometry_sha256": "0".repeat(64)});
    }
    let path = folder.join("bound.stylet.json");
    std::fs::write(&path, plan.to_string()).unwrap();
    text(&path)
}

fn drr(folder: &Path, arguments: &str) -> Result<(), (u8, String)> {
    let mut line = vec!["stylet", "drr", folder.to_str().unwrap()];
    line.extend(arguments.split_whitespace());
    let cli = Cli::try_parse_from(line).map_err(|error| (2, error.to_string()))?;
    let ran = cli.command.unwrap().run();
    ran.map_err(|error| (error.exit_code(), error.to_string()))
}

fn npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let numbers = bytes[header..].as_chunks::<4>().0.iter();
    numbers.map(|number| f32::from_le_bytes(*number)).collect()
}

#[test]
fn line_integrals_are_attenuation_times_thickness_from_every_side() {
    let block = block("CT");
    let out = block.path().join("out.npy");
    // Water at 65 keV: 0.1987 cm²/g; at 80 keV 0.1837.
    for (view, energy, per_mm) in [
        ("--primary 0 --secondary 0", "", 0.01987),
        ("--primary -90 --secondary 0", "", 0.01987),
        ("--primary 180 --secondary 90", "", 0.01987),
        ("--primary 90 --secondary 0", "--energy 80", 0.01837),
    ] {
        let line = format!(
            "{view} {energy} --isocenter 0,0,0 --size 3x5 --pixel-mm 40 --cpu --npy {}",
            out.display()
        );
        drr(block.path(), &line).unwrap();
        let found = npy(&out);
        assert_eq!(found.len(), 15);
        let wanted = 40.0 * per_mm;
        assert!((found[7] - wanted as f32).abs() < 1e-3, "{view}: {found:?}");
        // 40 mm on the receptor are 28 mm at the isocentre, beside the block.
        assert_eq!((found[6], found[4], found[0]), (0.0, 0.0, 0.0), "{view}");
    }
}

#[test]
fn the_dicom_image_tells_how_the_c_arm_stood_and_that_it_is_simulated() {
    let block = block("CT");
    let out = block.path().join("xa");
    std::fs::create_dir(&out).unwrap();
    let file = out.join("out.dcm");
    let line = format!(
        "--primary 25 --secondary -10 --sid 1100 --sod 720 --size 64x48 --pixel-mm 1.5 --dicom {}",
        file.display()
    );
    drr(block.path(), &line).unwrap();
    let report = stylet::dicom::scan(&[out], &|_, _| ControlFlow::Continue(())).unwrap();
    let (_, series) = report.catalog.series().next().unwrap();
    assert_eq!(series.modality, "XA");
    let image = &series.instances[0];
    assert_eq!((image.columns, image.rows), (64, 48));
    let bytes = std::fs::read(&file).unwrap();
    let holds = |words: &str| bytes.windows(words.len()).any(|w| w == words.as_bytes());
    for words in [
        "DERIVED\\SECONDARY",
        "Simulated by Stylet from a CT volume at 65 keV",
        "1.2.840.10008.5.1.4.1.1.12.1",
        "1100",
        "720",
    ] {
        assert!(holds(words), "{words}");
    }
}

#[test]
fn the_plan_lies_over_the_picture_in_the_same_geometry() {
    let sample = Sample::new();
    let needle = sample.needle("one", ["facet_cleft", "L2-L3", "right"], ("mbb", "right"));
    let target: [f64; 3] = serde_json::from_value(needle["target"].clone()).unwrap();
    let entry: [f64; 3] = serde_json::from_value(needle["entry"].clone()).unwrap();
    let plan = sample.plan("plan.stylet.json", &[needle]);
    let out = sample.path("out.png");
    let output = stylet(&[
        "drr",
        &sample.study(),
        "--primary",
        "180",
        "--secondary",
        "0",
        "--size",
        "300x300",
        "--pixel-mm",
        "1",
        "--plan",
        &plan,
        "--png",
        &text(&out),
    ]);
    assert!(output.status.success(), "{}", said(&output));
    let picture = image::open(&out).unwrap().to_rgb8();
    // The isocentre is the target: in the middle, with the needle running to its entry.
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(180.0),
            secondary: Degrees(0.0),
        },
        isocenter: Point::from(target),
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    };
    let receptor = Receptor::centered([300, 300], 1.0);
    let at = |point: [f64; 3]| {
        let beam = pose.beam().unwrap();
        beam.pixel_of(Point::from(point), &receptor).unwrap()
    };
    let colored = |pixel: glam::DVec2| {
        let [r, g, b] = picture.get_pixel(pixel.x as u32, pixel.y as u32).0;
        r.abs_diff(g).max(g.abs_diff(b)) > 40
    };
    assert!((at(target) - glam::DVec2::splat(149.5)).length() < 1e-9);
    for share in [0.1, 0.5, 0.9] {
        let pixel = at(target).lerp(at(entry), share);
        assert!(colored(pixel), "{share}: {pixel}");
    }
    // Needle and outlines are lines, not areas.
    let all = (0..300_u32).flat_map(|row| (0..300_u32).map(move |column| (column, row)));
    let some = all.filter(|&(x, y)| colored(glam::DVec2::new(f64::from(x), f64::from(y))));
    let share = some.count() as f64 / 90_000.0;
    assert!((0.001..0.4).contains(&share), "{share}");
}

#[test]
fn what_cannot_be_simulated_is_refused_with_a_sentence() {
    let block = block("CT");
    let refused = |line: &str| {
        let line = format!("{line} --npy {}", block.path().join("no.npy").display());
        drr(block.path(), &line).unwrap_err()
    };
    for (line, words) in [
        ("--primary 200 --secondary 0", "--primary is −180 to 180"),
        ("--primary 0 --secondary 91", "--secondary is −90 to 90"),
        (
            "--primary 0 --secondary 0 --sod 1200",
            "between source and receptor",
        ),
        ("--primary 0 --secondary 0 --size 0x5", "0 × 5"),
        (
            "--primary 0 --secondary 0 --pixel-mm -1",
            "--pixel-mm is 0.0001 to 100 mm, not -1",
        ),
        (
            "--primary 0 --secondary 0 --pixel-mm 1e-7",
            "--pixel-mm is 0.0001 to 100 mm, not 0.0000001",
        ),
        (
            "--primary 0 --secondary 0 --sid 1e20",
            "--sid is 1 to 20000 mm",
        ),
        (
            "--primary 0 --secondary 0 --sod 0.5",
            "--sod is 1 to 20000 mm, not 0.5",
        ),
        ("--primary 0 --secondary 0 --energy 66", "not 66"),
    ] {
        let (code, said) = refused(line);
        assert_eq!(code, 2, "{line}");
        assert!(said.contains(words), "{said}");
    }
    let mr = self::block("MR");
    let line = format!(
        "--primary 0 --secondary 0 --npy {}",
        mr.path().join("no.npy").display()
    );
    let (code, said) = drr(mr.path(), &line).unwrap_err();
    assert_eq!(code, 1);
    assert!(
        said.contains("needs a CT volume, and this series is MR"),
        "{said}"
    );
}

#[test]
fn a_plan_of_other_images_is_refused_also_where_no_frame_of_reference_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    let unrelated = |file: DicomFile| file.without(tags::FRAME_OF_REFERENCE_UID);
    write_block(folder.path(), (1, "CT"), 20, unrelated);
    write_block(folder.path(), (2, "CT"), 20, unrelated);
    let plans = tempfile::tempdir().unwrap();
    let plan = bound_plan(plans.path(), Some(("1.2.3.1", None)));
    let run = |series: &str| {
        let out = plans.path().join("out.npy");
        let line = format!(
            "--primary 0 --secondary 0 --size 3x5 --pixel-mm 40 --cpu --series {series} \
             --plan {plan} --npy {}",
            out.display()
        );
        drr(folder.path(), &line)
    };
    let (code, said) = run("1.2.3.2").unwrap_err();
    assert_eq!(code, 1);
    assert!(said.contains("drawn on other images"), "{said}");
    run("1.2.3.1").unwrap();
}

#[test]
fn a_ct_is_projected_where_a_larger_mr_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    write_block(folder.path(), (2, "MR"), 30, |file| file);
    write_block(folder.path(), (5, "CT"), 20, |file| file);
    let plans = tempfile::tempdir().unwrap();
    let out = plans.path().join("out.npy");
    let project = |plan: &str| {
        let line = format!(
            "--primary 0 --secondary 0 --size 3x5 --pixel-mm 40 --cpu {plan} --npy {}",
            out.display()
        );
        drr(folder.path(), &line)
    };
    let bound = |series| format!("--plan {}", bound_plan(plans.path(), series));
    let frame = Some("1.2.3.9");
    // No plan; one that names no images; one drawn on the MR; one whose series is not there.
    project("").unwrap();
    project(&bound(None)).unwrap();
    project(&bound(Some(("1.2.3.2", frame)))).unwrap();
    project(&bound(Some(("1.2.3.77", frame)))).unwrap();
    // Nor does another frame of reference become right by that.
    let (code, said) = project(&bound(Some(("1.2.3.77", Some("1.2.3.8"))))).unwrap_err();
    assert_eq!(code, 1);
    assert!(said.contains("drawn on other images"), "{said}");
}
