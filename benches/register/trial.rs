//! One start after the other, and what they came to.

use std::f64::consts::PI;
use std::ops::ControlFlow;
use std::time::Instant;

use stylet::geometry::{
    CArmAngles, CArmPose, ConeBeam, Correction, Degrees, Lps, Point, Receptor, Segment, Vector,
    mean_point_distance_mm,
};
use stylet::register::{Registration, Search, Settings, View, register};
use stylet::volume::attenuation::Attenuation;

use crate::fluoroscopy::{Exposure, Random, points_about, take};

/// Which pictures are registered together.
#[derive(Clone, Copy, PartialEq)]
pub enum Views {
    Frontal,
    Lateral,
    Two,
}

pub struct Setting {
    pub target: Point<Lps>,
    /// Primary angle of the frontal view: 0 supine, 180 prone.
    pub frontal_deg: f64,
    pub views: Views,
    /// Pictures as processed for display, of unknown polarity, instead of linear ones.
    pub for_display: bool,
    /// Headward error of the start on top, mm: one vertebra away is to be found out.
    pub level_off_mm: f64,
}

struct Ended {
    /// mm before and after, and after across the first beam.
    before: f64,
    after: f64,
    across: f64,
    seconds: f64,
}

pub fn run(name: &str, attenuation: &Attenuation, setting: &Setting, starts: u64) {
    let ended: Vec<Ended> = (0..starts)
        .map(|seed| one(attenuation, setting, seed))
        .collect();
    let of = |value: fn(&Ended) -> f64| {
        let mut values: Vec<f64> = ended.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let at =
        |values: &[f64], share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let under = |values: &[f64]| {
        100.0 * values.iter().filter(|mm| **mm < 2.0).count() as f64 / values.len() as f64
    };
    let (before, after, across, seconds) = (
        of(|e| e.before),
        of(|e| e.after),
        of(|e| e.across),
        of(|e| e.seconds),
    );
    println!(
        "{name}: {starts} starts, mTRE before median {:.2} mm; after median {:.2}, 95 % {:.2} mm, \
         {:.0} % under 2 mm; across the beam median {:.2}, 95 % {:.2} mm, {:.0} % under 2 mm; \
         median {:.1} s, longest {:.1} s",
        at(&before, 0.5),
        at(&after, 0.5),
        at(&after, 0.95),
        under(&after),
        at(&across, 0.5),
        at(&across, 0.95),
        under(&across),
        at(&seconds, 0.5),
        at(&seconds, 1.0),
    );
}

fn beam(target: Point<Lps>, primary: f64, secondary: f64, off: Vector<Lps>) -> ConeBeam {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        },
        isocenter: target + off,
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    };
    pose.beam().expect("a beam")
}

/// The beams of a trial, a few degrees about the usual ones.
fn beams(setting: &Setting, off: Vector<Lps>, random: &mut Random) -> Vec<ConeBeam> {
    let target = setting.target;
    let mut beams = Vec::new();
    if setting.views != Views::Lateral {
        let primary = setting.frontal_deg + random.within(10.0);
        beams.push(beam(target, primary, random.within(10.0), off));
    }
    if setting.views != Views::Frontal {
        let primary = 90.0 + random.within(5.0);
        beams.push(beam(target, primary, random.within(5.0), off));
    }
    beams
}

fn one(attenuation: &Attenuation, setting: &Setting, seed: u64) -> Ended {
    let mut random = Random::new(seed + 77);
    let target = setting.target;
    let receptor = Receptor::centered([640, 640], 0.4);
    let off = Vector::new(
        random.within(15.0),
        random.within(15.0),
        random.within(15.0),
    );
    let beams = beams(setting, off, &mut random);
    // From the back or the front, wherever the frontal receptor is.
    let side = if setting.frontal_deg.abs() > 90.0 {
        1.0
    } else {
        -1.0
    };
    let entry = target + Vector::new(46.4, 77.3 * side, 6.3);
    let exposure = Exposure {
        quanta_per_mm2: 1000.0,
        scatter: 1.0,
        needle: Some(Segment::new(entry, target)),
        shutters_mm: Some([85.0, 105.0]),
        for_display: setting.for_display,
    };
    let pictures: Vec<_> = beams
        .iter()
        .map(|beam| take(attenuation, beam, &receptor, &exposure, &mut random))
        .collect();
    let mut three = |most: f64| {
        Vector::new(
            random.within(most),
            random.within(most),
            random.within(most),
        )
    };
    let truth = Correction::none(target);
    let turn = three(5.0) * (PI / 180.0);
    let start = truth.then(
        turn,
        three(10.0) + Vector::new(0.0, 0.0, setting.level_off_mm),
    );
    let views: Vec<View<'_>> = pictures
        .iter()
        .zip(&beams)
        .map(|(picture, &header)| View {
            picture,
            receptor,
            header,
        })
        .collect();
    let settings = Settings {
        start,
        search: Search::Wide,
        region_mm: Settings::REGION_MM,
    };
    let clock = Instant::now();
    let found = register(attenuation, &views, &settings, &|_| {
        ControlFlow::Continue(())
    })
    .expect("a registration");
    let seconds = clock.elapsed().as_secs_f64();
    let points = points_about(target, 20.0);
    let forward = beams[0].forward();
    let across = points.iter().map(|&point| {
        let off = found.correction.patient_point(point) - point;
        (off - forward * off.dot(forward)).length()
    });
    let ended = Ended {
        before: mean_point_distance_mm(&truth, &start, &points),
        after: mean_point_distance_mm(&truth, &found.correction, &points),
        across: across.sum::<f64>() / points.len() as f64,
        seconds,
    };
    say(seed, &ended, &found);
    ended
}

fn say(seed: u64, ended: &Ended, found: &Registration) {
    let held = found.uncertainty.map_or_else(String::new, |u| {
        format!(
            "± {:.2} {:.2} across {:.2} along, {:.2} {:.2} {:.2}°",
            u.across_mm[0], u.across_mm[1], u.along_mm, u.tilt_deg[0], u.tilt_deg[1], u.roll_deg
        )
    });
    println!(
        "  {seed}: {:.1} → {:.2} mm, {:.2} across, likeness {:.3} → {:.3}, {}, {:.1} s {held}",
        ended.before,
        ended.after,
        ended.across,
        found.before,
        found.after,
        found.verdict.word(),
        ended.seconds,
    );
}
