//! Acceptance of the registration: random starts within ±10 mm and ±5° on simulated fluoroscopy.
//!
//! Not timed by criterion, because one run takes minutes: prints what each start ended with, and for
//! all of them the median and 95th percentile of the mean distance of 125 points about the target
//! (mTRE), the share under 2 mm, and seconds.
//!
//! `STYLET_BENCH_CT` names a folder with a CT series and `STYLET_BENCH_TARGET` a point in it (`x,y,z`
//! LPS mm); without them the sample study at L4 is used. `STYLET_BENCH_STARTS` says how many starts,
//! `STYLET_BENCH_VIEWS` which views (`two`, `frontal`, `lateral`, `display`),
//! `STYLET_BENCH_LEVEL_OFF_MM` how far off every start is on top.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

mod ct;
mod fluoroscopy;
mod trial;

use stylet::volume::attenuation::{Attenuation, AttenuationModel};

use trial::{Setting, Views, run};

fn main() {
    let number =
        |name: &str| -> Option<u32> { std::env::var(name).ok().and_then(|text| text.parse().ok()) };
    let starts = u64::from(number("STYLET_BENCH_STARTS").unwrap_or(50));
    let (name, volume, target, frontal_deg) = ct::open();
    let attenuation = Attenuation::of(&volume, AttenuationModel::default()).expect("a CT");
    drop(volume);
    let chosen = std::env::var("STYLET_BENCH_VIEWS").unwrap_or_default();
    for (word, views, for_display) in [
        ("two", Views::Two, false),
        ("frontal", Views::Frontal, false),
        ("lateral", Views::Lateral, false),
        ("display", Views::Two, true),
    ] {
        if chosen.is_empty() || chosen == word {
            let setting = Setting {
                target,
                frontal_deg,
                views,
                for_display,
                level_off_mm: f64::from(number("STYLET_BENCH_LEVEL_OFF_MM").unwrap_or(0_u32)),
            };
            run(&format!("{name}, {word}"), &attenuation, &setting, starts);
        }
    }
}
