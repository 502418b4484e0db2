//! A whole registration: look everywhere at low resolution, climb from the best places, go finer.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use thiserror::Error;

use super::level::{Level, LevelView, region};
use super::outcome::{Registration, uncertainty, verdict};
use super::refine::{Climb, Summit, climb};
use super::search::{Candidate, Lattice, choices, search};
use super::similarity::Fixed;
use super::xray_picture::{Polarity, XrayPicture};
use crate::geometry::{ConeBeam, Correction, Point, Receptor, ViewAxes};
use crate::volume::attenuation::{Attenuation, AttenuationError};

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
    /// ±14 mm and ±5° about the start, and uphill from there. Less than half the way to the next
    /// vertebra, which looks nearly the same.
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

impl Settings {
    /// A region of about three vertebrae.
    pub const REGION_MM: f64 = 60.0;
}

/// Called now and then with the share that is done, 0 to 1; `Break` ends the registration.
pub type OnProgress<'a> = dyn Fn(f64) -> ControlFlow<()> + Sync + 'a;

/// Why nothing was registered.
#[derive(Debug, Error, PartialEq)]
pub enum RegisterError {
    /// No view.
    #[error("No picture was given to register")]
    NoView,
    /// The pivot is not in the beam.
    #[error(
        "The target does not lie in the beam of picture {0}: check its angles and the isocentre"
    )]
    TargetOutside(usize),
    /// Nothing of the picture shows the region.
    #[error(
        "Picture {0} shows nothing where the target is projected: move the start, or choose \
         another picture"
    )]
    NothingToCompare(usize),
    /// The CT has nothing there.
    #[error("The CT ends before the region about the target: choose a target inside it")]
    OutsideCt,
    /// No memory.
    #[error(transparent)]
    Attenuation(#[from] AttenuationError),
    /// The caller said stop.
    #[error("The registration was cancelled")]
    Cancelled,
}

/// One pass at a resolution.
struct Resolution {
    /// mm at the pivot.
    pixel_mm: f64,
    /// mm at the pivot.
    patch_mm: f64,
    /// mm and degrees.
    step: f64,
    /// Places that go on to the next.
    keep: usize,
    climb: Climb,
}

const SEARCH_PIXEL_MM: f64 = 2.0;

const LATTICE: Lattice = Lattice {
    turn_deg: 5.0,
    turn_steps: 2,
    shift_mm: 14.0,
    candidates: 12,
};

const RESOLUTIONS: [Resolution; 3] = [
    Resolution {
        pixel_mm: 3.0,
        patch_mm: 40.0,
        step: 0.6,
        keep: 4,
        climb: Climb {
            steps: 16,
            least_step: 0.05,
        },
    },
    Resolution {
        pixel_mm: 1.5,
        patch_mm: 25.0,
        step: 0.3,
        keep: 2,
        climb: Climb {
            steps: 12,
            least_step: 0.02,
        },
    },
    Resolution {
        pixel_mm: 1.0,
        patch_mm: 20.0,
        step: 0.2,
        keep: 2,
        climb: Climb {
            steps: 8,
            least_step: 0.01,
        },
    },
];

/// Candidates that climb at the same time.
const BATCH: usize = 4;

/// Climbs that must end at one place before the others are left out.
const AGREED: usize = 3;

/// Registers the views jointly, which share one correction; see [`Settings`].
///
/// Parallel on the threads it is called on.
pub fn register(
    attenuation: &Attenuation,
    views: &[View<'_>],
    settings: &Settings,
    on_progress: &OnProgress<'_>,
) -> Result<Registration, RegisterError> {
    let run = Run {
        views,
        settings,
        axes: ViewAxes::of(&views.first().ok_or(RegisterError::NoView)?.header),
        on_progress,
    };
    let near = run.near(attenuation)?;
    let mut starts = run.starts(&near)?;
    let mut places = Vec::new();
    let mut before = 0.0;
    for (index, resolution) in RESOLUTIONS.iter().enumerate() {
        let coarse = near.coarser(resolution.pixel_mm)?;
        let level = run.level(&coarse, resolution)?;
        let from = 0.3 + 0.25 * index as f64;
        let summits = run.climb_all(&level, resolution, &starts, [from, from + 0.25])?;
        places = distinct(summits, resolution.keep);
        starts = places.iter().map(Place::as_start).collect();
        if index + 1 == RESOLUTIONS.len()
            && let Some(best) = places.first()
        {
            before = level.similarity(&settings.start, &best.signs).score();
        }
    }
    let best = places.first().ok_or(RegisterError::NothingToCompare(1))?;
    let rivals: Vec<f64> = places.iter().skip(1).map(Place::score).collect();
    let alone = is_lone_lateral(views);
    Ok(outcome(best, &rivals, before, &settings.start, alone))
}

/// A place that was climbed to.
struct Place {
    summit: Summit,
    signs: Vec<f64>,
}

impl Place {
    fn score(&self) -> f64 {
        self.summit.similarity.score()
    }

    /// To start from at the next resolution.
    fn as_start(&self) -> Candidate {
        Candidate {
            correction: self.summit.correction,
            score: self.score(),
            signs: self.signs.clone(),
        }
    }
}

/// Whether there is one view alone, whose beam runs more sideways than along the other axes.
fn is_lone_lateral(views: &[View<'_>]) -> bool {
    let [view] = views else {
        return false;
    };
    let beam = view.header.receptor_center - view.header.source;
    beam.0.x.abs() > beam.0.y.hypot(beam.0.z)
}

fn outcome(
    best: &Place,
    rivals: &[f64],
    before: f64,
    start: &Correction,
    is_lone_lateral: bool,
) -> Registration {
    let correction = best.summit.correction;
    let uncertainty = uncertainty(&best.summit.similarity);
    let from_start = (
        correction
            .patient_point(start.pivot)
            .distance(start.patient_point(start.pivot)),
        (correction.rotation_rad - start.rotation_rad)
            .length()
            .to_degrees(),
    );
    let after = best.score();
    Registration {
        correction,
        before,
        after,
        verdict: verdict(
            after,
            rivals,
            uncertainty.as_ref(),
            from_start,
            is_lone_lateral,
        ),
        uncertainty,
        reversed: best.signs.iter().map(|&sign| sign < 0.0).collect(),
    }
}

struct Run<'a> {
    views: &'a [View<'a>],
    settings: &'a Settings,
    axes: ViewAxes,
    on_progress: &'a OnProgress<'a>,
}

impl Run<'_> {
    /// The part of the CT that rays of the regions cross, wherever the search may lead.
    fn near(&self, attenuation: &Attenuation) -> Result<Attenuation, RegisterError> {
        /// Half the thickness of a patient, and more.
        const ALONG_MM: f64 = 400.0;
        let pivot = self.settings.start.pivot;
        let mut low = pivot.0;
        let mut high = pivot.0;
        for (index, view) in self.views.iter().enumerate() {
            let beam = self.settings.start.beam(&view.header);
            let half = self.settings.region_mm + 3.0 * LATTICE.shift_mm;
            let outside = RegisterError::TargetOutside(index + 1);
            let receptor =
                region(&beam, &view.receptor, pivot, half, SEARCH_PIXEL_MM).ok_or(outside)?;
            let depth = (pivot - beam.source).dot(beam.forward());
            let last = receptor.size.map(|n| n as f64 - 1.0);
            for corner in 0..8_usize {
                let end = |axis: usize| f64::from(u8::from(corner >> axis & 1 == 1));
                let pixel = glam::DVec2::new(end(0) * last[0], end(1) * last[1]);
                let on_receptor = beam.point_of(pixel, &receptor) - beam.source;
                let wanted = depth + (2.0 * end(2) - 1.0) * ALONG_MM;
                let share = wanted.max(0.0) / beam.source_to_detector_mm();
                let point = beam.source + on_receptor * share;
                (low, high) = (low.min(point.0), high.max(point.0));
            }
        }
        attenuation
            .within(Point::from_vec(low), Point::from_vec(high))?
            .ok_or(RegisterError::OutsideCt)
    }

    /// Signs of the views where their headers tell them, else 0.
    fn signs(&self) -> Vec<f64> {
        let sign = |view: &View<'_>| match view.picture.polarity() {
            Polarity::Unknown => 0.0,
            Polarity::BoneDark | Polarity::BoneBright => 1.0,
        };
        self.views.iter().map(sign).collect()
    }

    fn starts(&self, near: &Attenuation) -> Result<Vec<Candidate>, RegisterError> {
        let signs = self.signs();
        if self.settings.search == Search::Near {
            let here = |signs| Candidate {
                correction: self.settings.start,
                score: 0.0,
                signs,
            };
            return Ok(choices(&signs).into_iter().map(here).collect());
        }
        let coarse = near.coarser(SEARCH_PIXEL_MM)?;
        let half = self.settings.region_mm + LATTICE.shift_mm;
        let level = self.level_of(&coarse, half, SEARCH_PIXEL_MM, (20.0, 0.5))?;
        let done = AtomicUsize::new(0);
        let go_on = || {
            let turns = (2 * LATTICE.turn_steps + 1).pow(3);
            let share = done.fetch_add(1, Ordering::Relaxed) as f64 / turns as f64;
            (self.on_progress)(0.05 + 0.25 * share)
        };
        search(&level, &self.settings.start, &LATTICE, &signs, &go_on)
            .ok_or(RegisterError::Cancelled)
    }

    fn level<'a>(
        &self,
        attenuation: &'a Attenuation,
        at: &Resolution,
    ) -> Result<Level<'a>, RegisterError> {
        let half = self.settings.region_mm;
        self.level_of(attenuation, half, at.pixel_mm, (at.patch_mm, at.step))
    }

    fn level_of<'a>(
        &self,
        attenuation: &'a Attenuation,
        half_mm: f64,
        pixel_mm: f64,
        (patch_mm, step): (f64, f64),
    ) -> Result<Level<'a>, RegisterError> {
        let start = self.settings.start;
        let ready = |(index, view): (usize, &View<'_>)| {
            let beam = start.beam(&view.header);
            let receptor = region(&beam, &view.receptor, start.pivot, half_mm, pixel_mm)
                .ok_or(RegisterError::TargetOutside(index + 1))?;
            let values = view.picture.resampled(&view.receptor, &receptor);
            let fixed = Fixed::new(&values, receptor.size, (patch_mm / pixel_mm) as usize);
            if fixed.is_empty() {
                return Err(RegisterError::NothingToCompare(index + 1));
            }
            Ok(LevelView {
                header: view.header,
                receptor,
                fixed,
            })
        };
        Ok(Level {
            attenuation,
            views: self
                .views
                .iter()
                .enumerate()
                .map(ready)
                .collect::<Result<_, _>>()?,
            axes: self.axes,
            step,
        })
    }

    /// Climbs from all candidates, best first, until enough of them end at the same place.
    fn climb_all(
        &self,
        level: &Level<'_>,
        at: &Resolution,
        from: &[Candidate],
        [begin, end]: [f64; 2],
    ) -> Result<Vec<Place>, RegisterError> {
        let mut places = Vec::new();
        for (index, batch) in from.chunks(BATCH).enumerate() {
            let done = (index * BATCH) as f64 / from.len() as f64;
            let go_on = || (self.on_progress)(begin + (end - begin) * done);
            let climbed: Option<Vec<Place>> = batch
                .par_iter()
                .map(|candidate| {
                    let signs = candidate.signs.clone();
                    let summit = climb(level, &candidate.correction, &signs, &at.climb, &go_on)?;
                    Some(Place { summit, signs })
                })
                .collect();
            places.extend(climbed.ok_or(RegisterError::Cancelled)?);
            places.sort_by(|a: &Place, b: &Place| b.score().total_cmp(&a.score()));
            if agreeing(&places) >= AGREED {
                break;
            }
        }
        Ok(places)
    }
}

/// How many climbs ended where the best one did.
fn agreeing(places: &[Place]) -> usize {
    let best = places.first();
    let same_as_best = |place: &&Place| best.is_some_and(|best| same(best, place));
    places.iter().filter(same_as_best).count()
}

/// The best places that are not the same, best first.
fn distinct(places: Vec<Place>, most: usize) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    for place in places {
        if kept.len() < most && !kept.iter().any(|other| same(other, &place)) {
            kept.push(place);
        }
    }
    kept
}

/// Whether two climbs ended at the same place.
fn same(a: &Place, b: &Place) -> bool {
    let (a, b) = (&a.summit.correction, &b.summit.correction);
    let turn_deg = (a.rotation_rad - b.rotation_rad).length().to_degrees();
    turn_deg < 0.7 && (a.shift_mm - b.shift_mm).length() < 2.0
}
