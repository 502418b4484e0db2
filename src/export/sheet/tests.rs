//! Every text in its room, every number whole, nothing left out in silence.

use super::*;
use crate::export::drawing::Item;
use crate::export::figure::{Figure, Lies, Mark};
use crate::geometry::{Degrees, OrientationLetters, PatientPosition, Plane, Point};
use crate::plan::{NeedleCatalogue, Trajectory, TrajectoryId, TrajectoryReadout};
use crate::study::anatomy::Side;

fn strings(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|&entry| entry.to_owned()).collect()
}

fn figure(size: [usize; 2]) -> Figure {
    Figure {
        title: "Axial at target".to_owned(),
        size,
        mm_per_pixel: 0.5,
        greys: vec![90; size[0] * size[1]],
        letters: OrientationLetters::of(&Plane::axial([0., 0., 0.].into())),
        marks: vec![
            Mark::Shaft {
                from: [30.0, 5.0],
                to: [50.0, 50.0],
                lies: Lies::Beside,
            },
            Mark::Entry([30.0, 5.0]),
            Mark::Target([50.0, 50.0]),
            Mark::BullsEye([60.0, 60.0]),
            Mark::Depth {
                at: [40.0, 30.0],
                mm: 20,
            },
        ],
    }
}

fn clearance(structure: &str, mm: f64, verdict: Verdict) -> Clearance {
    Clearance {
        structure: structure.to_owned(),
        distance_mm: Ok(mm),
        at_depth_mm: Some(71.6),
        stop_mm: Some(2.0),
        warn_mm: Some(4.0),
        verdict,
    }
}

/// Row 7 of the clinical sheet's section 2.8, head first prone.
fn content() -> SheetContent {
    let (entry, target) = (Point::new(-68., 150., -12.), Point::new(-22., 78., 6.));
    let mut needle = Trajectory::new(TrajectoryId(0), "L5 right".to_owned());
    (needle.entry, needle.target) = (Some(entry), Some(target));
    let position = Some(PatientPosition::HeadFirstProne);
    SheetContent {
        identity: Some(Identity {
            name: "Müller, Željka".to_owned(),
            id: "PAT-4711".to_owned(),
            birth_date: "1961-04-09".to_owned(),
            sex: "F".to_owned(),
            study_date: "2026-11-20".to_owned(),
            study: "CT lumbar spine".to_owned(),
            series: "4: Spine 1.0".to_owned(),
        }),
        heading: Heading {
            procedure: "Epidural steroid injection, transforaminal".to_owned(),
            level: "L4-5".to_owned(),
            side: Some(Side::Right),
            needle: "L5 right".to_owned(),
            target: "beneath the pedicle".to_owned(),
            position,
        },
        numbers: Numbers {
            readout: TrajectoryReadout::of(&needle, position, NeedleCatalogue::builtin()),
            path: Some(target - entry),
            skin_depth_mm: Ok(86.94),
            entry_from_midline_mm: Ok(-68.0),
            needle: Ok(SheetNeedle {
                gauge: 22,
                length_mm: 127.0,
                kind: "Quincke".to_owned(),
            }),
            tolerance_cone: Ok(Degrees(2.4)),
        },
        clearances: vec![
            clearance("Aorta", 44.0, Verdict::Kept),
            clearance("L4 root", 3.1, Verdict::Warn),
        ],
        checks: vec![RangeCheck {
            what: "In-plane angle".to_owned(),
            found: Ok("32.6°".to_owned()),
            range: "20 to 30°".to_owned(),
            proposal: true,
            verdict: Verdict::Warn,
        }],
        lists: Lists {
            overrides: Vec::new(),
            views: strings(&["Scotty-dog oblique", "AP", "Lateral"]),
            checklist: strings(&["Identity and consent", "Allergy"]),
            stop_rules: strings(&["Blood or CSF on aspiration"]),
            end_point: strings(&["Contrast along the root"]),
            volumes: strings(&["2 mL"]),
            notes: strings(&["MRI reviewed"]),
        },
        figures: vec![figure([100, 100]), figure([100, 100]), figure([120, 80])],
        origin: Origin {
            program: "Stylet 0.1.0".to_owned(),
            plan_file: "a.stylet.json".to_owned(),
            frame_tail: "41.7".to_owned(),
            date: "2026-11-22".to_owned(),
        },
    }
}

/// Too much of everything, and names in letters that the typeface lacks.
fn overlong() -> SheetContent {
    let mut content = content();
    let long = "An entry that is a good deal longer than its line and goes on until it wraps ";
    let many = |n: usize| {
        (0..n)
            .map(|i| format!("{i} {}", long.repeat(1 + i % 3)))
            .collect()
    };
    content.heading.procedure = long.repeat(4);
    content.heading.level = "T12-L1 with transitional anatomy".to_owned();
    content.heading.needle = long.repeat(2);
    content.heading.target = long.repeat(3);
    if let Some(identity) = &mut content.identity {
        identity.name = format!("山田 {}", "Hoogenbandt".repeat(9));
        identity.study = long.repeat(3);
        identity.series = "W".repeat(300);
    }
    content.clearances = (0..40)
        .map(|i| {
            clearance(
                &format!("Structure {i} {long}"),
                f64::from(i),
                Verdict::Kept,
            )
        })
        .collect();
    content
        .clearances
        .push(clearance("Dural sac", 1.9, Verdict::Stop));
    content.clearances.push(Clearance {
        distance_mm: Err(long.to_owned()),
        ..clearance("Colon", 0.0, Verdict::Unknown)
    });
    content.checks = vec![content.checks[0].clone(); 30];
    content.lists = Lists {
        overrides: many(2),
        views: many(30),
        checklist: many(70),
        stop_rules: many(20),
        end_point: many(9),
        volumes: many(9),
        notes: vec![long.repeat(400)],
    };
    content.numbers.skin_depth_mm = Ok(-1.234_567e18);
    content.numbers.tolerance_cone = Err(long.repeat(4));
    content.origin.plan_file = "x".repeat(500);
    content
}

/// Nothing is known.
fn bare() -> SheetContent {
    let why = || Err("No entry yet".to_owned());
    let needle = Trajectory::new(TrajectoryId(0), "half".to_owned());
    SheetContent {
        identity: None,
        heading: Heading::default(),
        numbers: Numbers {
            readout: TrajectoryReadout::of(&needle, None, NeedleCatalogue::builtin()),
            path: None,
            skin_depth_mm: why(),
            entry_from_midline_mm: why(),
            needle: Err("No needle chosen".to_owned()),
            tolerance_cone: Err("No structures".to_owned()),
        },
        clearances: Vec::new(),
        checks: Vec::new(),
        lists: Lists::default(),
        figures: Vec::new(),
        origin: Origin::default(),
    }
}

fn texts(page: &Page) -> Vec<&str> {
    page.boxes.iter().map(|text| text.text.as_str()).collect()
}

fn has(page: &Page, part: &str) -> bool {
    texts(page).iter().any(|text| text.contains(part))
}

#[test]
fn no_text_leaves_its_room_or_meets_another() {
    for paper in [Paper::A4, Paper::Letter] {
        for content in [content(), overlong(), bare()] {
            let page = layout(&content, paper);
            let sheet = Area {
                x: 0.0,
                y: 0.0,
                w: page.size[0],
                h: page.size[1],
            };
            for (index, text) in page.boxes.iter().enumerate() {
                assert!(text.area.holds(text.used), "{paper:?} {text:?}");
                assert!(
                    sheet.inset(MARGIN_MM - 0.1, 5.0).holds(text.used),
                    "{text:?}"
                );
                for other in page.boxes.iter().skip(index + 1) {
                    let (a, b) = (text.used, other.used);
                    let across = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
                    let down = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
                    assert!(across < 0.05 || down < 0.05, "{paper:?} {text:?} {other:?}");
                }
            }
        }
    }
}

#[test]
fn the_numbers_of_row_7_are_printed_whole_and_large() {
    let page = layout(&content(), Paper::A4);
    let pt_of = |wanted: &str| {
        let found = page.boxes.iter().find(|text| text.text == wanted);
        found
            .unwrap_or_else(|| panic!("{wanted} in {:?}", texts(&page)))
            .pt
    };
    // Length, skin depth, φ, ψ: read from a step away.
    for number in ["87.3", "86.9", "32.6°", "11.9°"] {
        let largest = page.boxes.iter().filter(|text| text.text == number);
        let pt = largest.map(|text| text.pt).fold(0.0, f64::max);
        assert!(pt > 25.0, "{number} in {pt} pt");
    }
    assert!(pt_of("L4-5") > 20.0 && pt_of("RIGHT") > 20.0);
    assert!(pt_of("33° right oblique, 12° caudal tilt; needle 12° cephalad") > 14.0);
    // DICOM, console head first supine, C-arm at the side.
    for pair in ["−147.4° / −11.9°", "+32.6° / −11.9°", "+31.8° / −14.0°"] {
        assert!(pt_of(pair) > 12.0);
    }
    for note in [
        "68.0",
        "RIGHT of midline",
        "from vertical, tip to LEFT",
        "tip CRANIAL",
        "+14.0°",
    ] {
        assert!(has(&page, note), "{note} in {:?}", texts(&page));
    }
    assert!(page.boxes.iter().all(|text| text.pt >= 6.0));
}

#[test]
fn whose_plan_it_is_can_be_hidden() {
    let shown = layout(&content(), Paper::A4);
    assert!(has(&shown, "Müller, Željka") && has(&shown, "PAT-4711"));
    let hidden = SheetContent {
        identity: None,
        ..content()
    };
    let hidden = layout(&hidden, Paper::A4);
    for part in ["Müller", "4711", "1961", "lumbar spine", "Spine 1.0"] {
        assert!(!has(&hidden, part), "{part}");
    }
    assert!(has(&hidden, "Patient and study hidden"));
}

#[test]
fn what_is_broken_comes_first_and_what_is_left_out_is_counted() {
    let page = layout(&overlong(), Paper::Letter);
    assert!(has(&page, "✗ STOP: Dural sac, 1.9 mm (stop below 2 mm)"));
    let first = texts(&page)
        .into_iter()
        .find(|text| text.starts_with("✗ STOP") && text.len() < 12);
    assert!(first.is_some());
    // 42 clearances: what is printed and what is said to be left out add up.
    let printed = page
        .boxes
        .iter()
        .filter(|text| ["✓ kept", "✗ STOP", "? unknown"].contains(&text.text.as_str()))
        .count();
    assert!(has(
        &page,
        &format!("… and {} more clearances, all kept", 42 - printed)
    ));
    assert!(
        has(&page, "of them to heed: see the plan"),
        "ranges left out are outside"
    );
    assert!(has(&page, "more: see the plan"));
    assert!(has(&page, "□ stands for a character"));
    let page = layout(&content(), Paper::A4);
    assert!(has(&page, "! CLOSE: L4 root, 3.1 mm (warn below 4 mm)"));
    assert!(!has(&page, "more") && !has(&page, "□"));
}

#[test]
fn what_is_not_known_is_a_dash_with_its_reason() {
    let page = layout(&bare(), Paper::A4);
    assert!(has(&page, "NO STRUCTURE CHECKED") && has(&page, "NO LEVEL"));
    let dashes = texts(&page).iter().filter(|text| **text == "–").count();
    assert_eq!(dashes, 10, "{:?}", texts(&page));
    assert!(has(&page, "No needle chosen") && has(&page, "no side declared"));
    assert!(!texts(&page).iter().any(|text| text.starts_with('0')));
}

#[test]
fn the_scale_and_the_angles_are_true_to_size() {
    let page = layout(&content(), Paper::Letter);
    let lines: Vec<_> = page
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Line(points, pen) => match points[..] {
                [a, b] => Some((a, b, pen.width)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let bar = |(a, b, width): &&([f64; 2], [f64; 2], f64)| {
        a[1] == b[1] && (b[0] - a[0] - 50.0).abs() < 1e-9 && *width == 0.5
    };
    assert_eq!(lines.iter().filter(bar).count(), 1);
    // The needles: the thickest lines, from the tip up; both lean to the right of the sheet,
    // toward patient right and toward the feet (n = (.527, −.825, .206)).
    let needles: Vec<f64> = lines
        .iter()
        .filter(|(.., width)| *width == 1.1)
        .map(|(tip, hub, _)| (hub[0] - tip[0]).atan2(tip[1] - hub[1]).to_degrees())
        .collect();
    assert_eq!(needles.len(), 2);
    assert!((needles[0] - 32.57).abs() < 0.01, "{needles:?}");
    assert!((needles[1] - 11.90).abs() < 0.01, "{needles:?}");
    for letters in ["P", "R", "axial", "F"] {
        assert!(texts(&page).contains(&letters), "{letters}");
    }
}

#[test]
fn a_needle_from_the_left_or_from_below_leans_there() {
    // Row 1: hub toward patient left, which is at the left seen from the feet, back up.
    let mut content = content();
    content.numbers.path = Some(Point::new(20., 40., 0.) - Point::new(53.3, 111.4, 13.9));
    let page = layout(&content, Paper::A4);
    let lean: Vec<f64> = page
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Line(points, pen) if pen.width == 1.1 => Some(points[1][0] - points[0][0]),
            _ => None,
        })
        .collect();
    assert!(lean[0] < 0.0 && lean[1] < 0.0, "{lean:?}");
    for letters in ["P", "L", "H"] {
        assert!(texts(&page).contains(&letters), "{letters}");
    }
}

#[test]
fn the_file_is_one_page_of_the_right_size_and_always_the_same() {
    let once = to_pdf(&content(), Paper::Letter).unwrap();
    assert_eq!(once, to_pdf(&content(), Paper::Letter).unwrap());
    let text = String::from_utf8_lossy(&once);
    assert!(text.starts_with("%PDF-1.7"));
    // 8.5 × 11 inches in points.
    assert!(text.contains("/MediaBox [0 0 612 792]"), "page size");
    assert!(text.contains("STYLET+DejaVuSansCondensed-Bold"));
    for content in [overlong(), bare()] {
        assert!(to_pdf(&content, Paper::A4).unwrap().len() > 5_000);
    }
}

#[test]
fn a_file_is_written_or_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet.pdf");
    write(&path, &content(), Paper::A4).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        to_pdf(&content(), Paper::A4).unwrap()
    );
    let nowhere = folder.path().join("missing").join("sheet.pdf");
    let error = write(&nowhere, &content(), Paper::A4).unwrap_err();
    assert!(error.to_string().contains("sheet.pdf"), "{error}");
    let mut broken = content();
    broken.figures[1].greys.pop();
    let error = write(&path, &broken, Paper::A4).unwrap_err();
    assert!(error.to_string().contains("9999 greys"), "{error}");
}
