//! A whole registration: look everywhere at low resolution, climb from the best places, go finer.

use std::ops::ControlFlow;

use rayon::prelude::*;
use thiserror::Error;

use super::level::{Axes, Level, LevelView, region};
use super::refine::{Climb, Summit, climb};
use super::search::{Candidate, Lattice, search};
use super::similarity::{BLUR_PX, Fixed};
use super::symmetric::SixBySix;
use super::{Correction, Polarity, XrayPicture};
use crate::geometry::{ConeBeam, Receptor};
use crate::volume::attenuation::Attenuation;

/// A picture with what its header says of its geometry.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The picture.
    pub picture: &'a XrayPicture,
    /// Its pixels on the receptor.
    pub receptor: Receptor,
    /// Its beam as the header says, about the assumed isocentre.
    pub header: ConeBeam,
}

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// ±12 mm and ±6° about the start.
    Wide,
    /// Only uphill from the start.
    Near,
}

/// What to register.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Where to start, with the pivot near the target.
    pub start: Correction,
    /// How far to look.
    pub search: Search,
    /// Half the side of the region about the pivot that is compared, mm at the pivot.
    pub region_mm: f64,
}

/// How far a registration is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// 0 to 1.
    pub share: f64,
}

/// Why nothing was registered.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RegisterError {
    /// No view.
    #[error("no picture was given")]
    NoView,
    /// The pivot is not in the beam.
    #[error("the target does not lie in the beam of picture {0}; check its angles and the isocentre")]
    TargetOutside(usize),
    /// Nothing of the picture shows the region.
    #[error("picture {0} shows nothing near the target; choose another picture or move the start")]
    NothingToCompare(usize),
    /// The caller said stop.
    #[error("the registration was cancelled")]
    Cancelled,
}

/// What a registration found.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The correction found.
    pub correction: Correction,
    /// Mean correlation at the start, at the finest resolution.
    pub before: f64,
    /// Mean correlation at the end.
    pub after: f64,
    /// Covariance of the six ways to move (degrees, mm) along the axes of the first view.
    pub covariance: Option<SixBySix>,
    /// Signs of the views.
    pub signs: Vec<f64>,
    /// Scores of the other summits.
    pub others: Vec<f64>,
}

struct Resolution {
    pixel_mm: f64,
    patch_mm: f64,
    step: f64,
    keep: usize,
    climb: Climb,
}

/// Registers; see [`Settings`].
pub fn register(
    fine: &Attenuation,
    views: &[View<'_>],
    settings: &Settings,
    on_progress: &(dyn Fn(Progress) -> ControlFlow<()> + Sync),
) -> Result<Registration, RegisterError> {
    let first = views.first().ok_or(RegisterError::NoView)?;
    let axes = Axes::of(&first.header);
    let signs: Vec<f64> = views
        .iter()
        .map(|view| match view.picture.polarity() {
            Polarity::Unknown => 0.0,
            _ => 1.0,
        })
        .collect();
    let at = |share: f64| on_progress(Progress { share });
    let resolutions = resolutions();
    let mut candidates = match settings.search {
        Search::Near => near_candidates(settings, &signs),
        Search::Wide => {
            let coarse = fine.coarser(2.0).map_err(|_| RegisterError::NoView)?;
            let lattice = lattice();
            let level = level(&coarse, views, settings, 2.0, settings.region_mm + lattice.shift_mm, 20.0, axes, 0.5)?;
            let t0 = trace_cpu();
            let found = search(&level, &settings.start, &lattice, &signs, &|| at(0.1)).ok_or(RegisterError::Cancelled)?;
 if std::env::var_os("REG_TRACE").is_some() { eprintln!("  search cpu {:.2}", trace_cpu() - t0); }
 found
        }
    };
    let mut others = Vec::new();
    let mut last = None;
    for (index, resolution) in resolutions.iter().enumerate() {
        let made = fine.coarser(resolution.pixel_mm).map_err(|_| RegisterError::NoView)?;
        let attenuation = &made;
        let level = level(attenuation, views, settings, resolution.pixel_mm, settings.region_mm, resolution.patch_mm, axes, resolution.step)?;
        let mut summits: Vec<(Summit, Candidate)> = Vec::new();
        let t0 = trace_cpu();
        for batch in candidates.chunks(4) {
            let go_on = || at(0.2 + 0.2 * index as f64);
            let climbed: Option<Vec<(Summit, Candidate)>> = batch
                .par_iter()
                .map(|candidate| {
                    let from = &candidate.correction;
                    let summit = climb(&level, from, &candidate.signs, &resolution.climb, &go_on)?;
                    Some((summit, candidate.clone()))
                })
                .collect();
            summits.extend(climbed.ok_or(RegisterError::Cancelled)?);
            if agreed(&summits) {
                break;
            }
        }
        if std::env::var_os("REG_TRACE").is_some() { eprintln!("  level {index} cpu {:.2}", trace_cpu() - t0); }
        summits.sort_by(|a, b| b.0.score().total_cmp(&a.0.score()));
        if std::env::var_os("REG_TRACE").is_some() {
            let scores: Vec<String> = summits.iter().map(|(s, c)| format!("{:.3}({:.2})", s.score(), c.score)).collect();
            eprintln!("  level {index}: {}", scores.join(" "));
        }
        let mut kept: Vec<(Summit, Candidate)> = Vec::new();
        for (summit, candidate) in summits {
            if kept.len() < resolution.keep && !kept.iter().any(|other| same(&other.0, &summit)) {
                kept.push((summit, candidate));
            }
        }
        others = kept.iter().skip(1).map(|(summit, _)| summit.score()).collect();
        candidates = kept
            .iter()
            .map(|(summit, candidate)| Candidate {
                correction: summit.correction,
                ..candidate.clone()
            })
            .collect();
        if index + 1 == resolutions.len() {
            let before = candidates.first().map_or(0.0, |best| {
                level.similarity(&settings.start, &best.signs).score()
            });
            last = kept.into_iter().next().map(|(summit, candidate)| (summit, candidate, before));
        }
    }
    let (summit, candidate, before) = last.ok_or(RegisterError::NothingToCompare(1))?;
    Ok(Registration {
        correction: summit.correction,
        before,
        after: summit.score(),
        covariance: super::uncertainty::covariance(&summit.similarity),
        signs: candidate.signs,
        others,
    })
}

fn lattice() -> Lattice {
    Lattice {
        turn_deg: 5.0,
        turn_steps: 2,
        shift_mm: 14.0,
        candidates: 12,
    }
}

fn resolutions() -> Vec<Resolution> {
    vec![
        Resolution { pixel_mm: 3.0, patch_mm: 40.0, step: 0.6, keep: 4, climb: Climb { steps: 16, least_step: 0.05 } },
        Resolution { pixel_mm: 1.5, patch_mm: 25.0, step: 0.3, keep: 2, climb: Climb { steps: 12, least_step: 0.02 } },
        Resolution { pixel_mm: 1.0, patch_mm: 20.0, step: 0.2, keep: 1, climb: Climb { steps: 8, least_step: 0.01 } },
    ]
}

fn near_candidates(settings: &Settings, signs: &[f64]) -> Vec<Candidate> {
    super::search::choices(signs)
        .into_iter()
        .map(|signs| Candidate { correction: settings.start, score: 0.0, signs })
        .collect()
}

#[expect(clippy::too_many_arguments, reason = "draft")]
fn level<'a>(
    attenuation: &'a Attenuation,
    views: &[View<'_>],
    settings: &Settings,
    pixel_mm: f64,
    half_mm: f64,
    patch_mm: f64,
    axes: Axes,
    step: f64,
) -> Result<Level<'a>, RegisterError> {
    let mut made = Vec::new();
    for (index, view) in views.iter().enumerate() {
        let beam = settings.start.beam(&view.header);
        let receptor = region(&beam, &view.receptor, settings.start.pivot, half_mm, pixel_mm)
            .ok_or(RegisterError::TargetOutside(index + 1))?;
        let values = view.picture.resampled(&view.receptor, &receptor);
        let fixed = Fixed::new(&values, receptor.size, (patch_mm / pixel_mm) as usize);
        if fixed.is_empty() {
            return Err(RegisterError::NothingToCompare(index + 1));
        }
        made.push(LevelView { header: view.header, receptor, fixed });
    }
    let _ = BLUR_PX;
    Ok(Level { attenuation, views: made, axes, step })
}

fn trace_cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap_or_default(); let f: Vec<&str> = s.rsplit(')').next().unwrap_or_default().split_whitespace().collect(); (f[11].parse::<f64>().unwrap_or(0.0) + f[12].parse::<f64>().unwrap_or(0.0)) / 100.0 }

/// Whether three climbs ended at the same best place, so that more would not find another.
fn agreed(summits: &[(Summit, Candidate)]) -> bool {
    let best = summits
        .iter()
        .max_by(|a, b| a.0.score().total_cmp(&b.0.score()));
    best.is_some_and(|best| {
        let there = summits.iter().filter(|other| same(&other.0, &best.0));
        there.count() >= 3
    })
}

/// Whether two climbs ended at the same place.
fn same(a: &Summit, b: &Summit) -> bool {
    let (a, b) = (a.correction, b.correction);
    (a.rotation_rad - b.rotation_rad).length() < 0.012
        && (a.shift_mm - b.shift_mm).length() < 2.0
}
