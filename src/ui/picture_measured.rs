//! What a measurement on a picture says, in words: the same on the picture and in the list.

use super::format;
use crate::app::AppState;
use crate::geometry::Degrees;
use crate::plan::{MeasurementKind, PixelPlace};
use crate::study::pixel_scale::{angle_deg, length};

/// Unit of lengths without a scale.
const PIXELS: &str = "pixels";

/// Its number with its unit, and how it comes about.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureMeasured {
    /// `42.0 mm (ERMF 1.43)`, `12.5°`; empty while points are missing.
    pub line: String,
    /// What it rests on.
    pub meaning: String,
}

/// Of a measurement on the picture shown, which may still be being drawn.
pub fn measured(kind: MeasurementKind, points: &[PixelPlace], state: &AppState) -> PictureMeasured {
    match (kind, points) {
        (MeasurementKind::Distance, &[from, to]) => of_length(from, to, state),
        (MeasurementKind::Angle, &[a, apex, b]) => of_angle([apex, a], [apex, b], kind, state),
        (MeasurementKind::Cobb, &[a, b, c, d]) => of_angle([a, b], [c, d], kind, state),
        _ => PictureMeasured {
            line: String::new(),
            meaning: String::new(),
        },
    }
}

/// Height and width of a pixel of the picture shown, relative to one another.
fn shape(state: &AppState) -> [f64; 2] {
    let image = state.shown_image();
    image.map_or([1.0, 1.0], |(instance, _)| instance.pixel_shape())
}

fn of_length(from: PixelPlace, to: PixelPlace, state: &AppState) -> PictureMeasured {
    match state.picture_scale(&[from, to]) {
        Ok(scale) => {
            let number = format::decimal(scale.distance_mm(from, to));
            PictureMeasured {
                line: format!("{number} {}", scale.source.label()),
                meaning: scale.source.meaning(),
            }
        }
        Err(reason) => {
            let number = format::decimal(length(shape(state), from, to));
            PictureMeasured {
                line: format!("{number} {PIXELS}"),
                meaning: format!(
                    "No millimetres: {reason}. Calibrate the picture on an object of known size"
                ),
            }
        }
    }
}

fn of_angle(
    first: [PixelPlace; 2],
    second: [PixelPlace; 2],
    kind: MeasurementKind,
    state: &AppState,
) -> PictureMeasured {
    let meaning = "Angle in the picture: a projection shows angles in the patient as they appear \
                   from the tube"
        .to_owned();
    let line = match angle_deg(shape(state), first, second) {
        // Lines have no direction: the smaller of the two angles is meant.
        Some(angle) if kind == MeasurementKind::Cobb => angle.min(180.0 - angle),
        Some(angle) => angle,
        None => {
            return PictureMeasured {
                line: format::UNKNOWN.to_owned(),
                meaning: "Two of its points are at the same place".to_owned(),
            };
        }
    };
    PictureMeasured {
        line: format::degrees(Degrees(line)),
        meaning,
    }
}

/// Unit of lengths on the picture shown and where it comes from: always on the picture.
pub fn scale_words(state: &AppState) -> String {
    match state.picture_scale(&[]) {
        Ok(scale) => format!("Lengths in {}", scale.source.label()),
        Err(reason) => format!("Lengths in {PIXELS}: {reason}"),
    }
}
