//! What a measurement says, in words: the same in the views and in the list.

use std::hash::{Hash, Hasher};

use egui::Context;
use egui::cache::{ComputerMut, FrameCache};

use super::format;
use crate::app::AppState;
use crate::assess::{Region, RegionError, RegionStatistics, Sampling};
use crate::plan::{Measurement, MeasurementKind};
use crate::volume::{Interpolation, Volume, value_at};

/// What a measurement says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Its numbers, line by line; none for an arrow.
    pub lines: Vec<String>,
    /// How they come about, or why there are none.
    pub meaning: String,
}

impl Measured {
    /// Of a measurement that may still be being drawn.
    pub fn of(ctx: &Context, drawn: &Measurement, state: &AppState) -> Self {
        match drawn.kind {
            MeasurementKind::Distance => length(drawn, state),
            MeasurementKind::Angle | MeasurementKind::Cobb => angle(drawn, state),
            MeasurementKind::Ellipse | MeasurementKind::Rectangle => region(ctx, drawn, state),
            MeasurementKind::Point => point(drawn, state),
            MeasurementKind::Arrow => Self::default(),
        }
    }

    fn unknown(reason: &str) -> Self {
        Self {
            lines: vec![format::UNKNOWN.to_owned()],
            meaning: reason.to_owned(),
        }
    }
}

const OFF: &str = "± is half a voxel at every point";
const NO_OFF: &str = "No ±: the images of the plan are not open";

fn off_words(known: bool) -> String {
    if known { OFF } else { NO_OFF }.to_owned()
}

fn length(drawn: &Measurement, state: &AppState) -> Measured {
    let Some(length_mm) = drawn.distance_mm() else {
        return Measured::default();
    };
    let off = state
        .half_voxel()
        .and_then(|half| drawn.uncertainty_mm(&half));
    Measured {
        lines: vec![format::mm_off(length_mm, off)],
        meaning: off_words(off.is_some()),
    }
}

fn angle(drawn: &Measurement, state: &AppState) -> Measured {
    let Some(angle) = drawn.angle() else {
        if drawn.points.len() < drawn.kind.points() {
            return Measured::default();
        }
        return Measured::unknown("Two of its points are at the same place");
    };
    let off = state.half_voxel().and_then(|half| drawn.uncertainty(&half));
    Measured {
        lines: vec![format::degrees_off(angle, off)],
        meaning: off_words(off.is_some()),
    }
}

fn point(drawn: &Measurement, state: &AppState) -> Measured {
    let (Some(&at), Some(images)) = (drawn.points.first(), state.images()) else {
        return Measured::unknown("No value: the images of the plan are not open");
    };
    match value_at(images.volume, at, Interpolation::Linear) {
        Some(value) => Measured {
            lines: vec![format::value(value, images.volume.unit())],
            meaning: "Interpolated between the voxels around the point".to_owned(),
        },
        None => Measured::unknown("The point is outside the images, or on a slice that is missing"),
    }
}

fn region(ctx: &Context, drawn: &Measurement, state: &AppState) -> Measured {
    let Some(region) = Region::of(drawn) else {
        return Measured::default();
    };
    let area = format!("{} mm²", format::decimal(region.area_mm2()));
    let Some(images) = state.images() else {
        let meaning = "No values: the images of the plan are not open".to_owned();
        let lines = vec![area];
        return Measured { lines, meaning };
    };
    match statistics(ctx, region, images.volume) {
        Ok(found) => described(&found, images.volume.unit(), area),
        Err(error) => Measured {
            lines: vec![format::UNKNOWN.to_owned(), area],
            meaning: error.to_string(),
        },
    }
}

fn described(found: &RegionStatistics, unit: &str, area: String) -> Measured {
    let samples = match found.sampling {
        Sampling::Voxels => "voxels as stored, centres inside the edge",
        Sampling::Interpolated => "interpolated values in its plane, at the finest voxel spacing",
    };
    Measured {
        lines: vec![
            format!(
                "{} SD {}",
                format::statistic(found.mean, unit),
                format::statistic(found.standard_deviation, "")
            ),
            format!(
                "{} to {}",
                format::value(found.minimum, ""),
                format::value(found.maximum, unit)
            ),
            area,
        ],
        meaning: format!(
            "Mean, standard deviation (population), least and greatest of {} {samples}; area of \
             the shape",
            found.samples
        ),
    }
}

/// What a statistic depends on.
#[derive(Clone, Copy)]
struct Asked<'a> {
    region: Region,
    volume: &'a Volume,
    filled: usize,
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b] = self.region.half_axes;
        (self.region.shape as u8).hash(state);
        for vector in [self.region.center.0, a.0, b.0] {
            vector.to_array().map(f64::to_bits).hash(state);
        }
        // Another series may come to lie at the same address.
        self.volume.series.as_str().hash(state);
        std::ptr::from_ref(self.volume).hash(state);
        self.filled.hash(state);
    }
}

#[derive(Default)]
struct Computer;

type Answer = Result<RegionStatistics, RegionError>;

impl ComputerMut<Asked<'_>, Answer> for Computer {
    fn compute(&mut self, asked: Asked<'_>) -> Answer {
        asked.region.statistics(asked.volume)
    }
}

/// Computed once for all views and the list, and again when region or voxels change.
fn statistics(ctx: &Context, region: Region, volume: &Volume) -> Answer {
    let asked = Asked {
        region,
        volume,
        filled: volume.voxels.filled(),
    };
    ctx.memory_mut(|memory| {
        let cache = memory.caches.cache::<FrameCache<Answer, Computer>>();
        cache.get(asked).clone()
    })
}
