//! What a measurement on a picture says, in words: the same on the picture and in the list.

use super::format;
use crate::app::AppState;
use crate::geometry::Degrees;
use crate::plan::{MeasurementKind, PixelPlace};
use crate::study::PixelScale;
use crate::study::pixel_scale::{angle_deg, length};

/// Unit of lengths without a scale.
const PIXELS: &str = "pixels";
/// Modalities whose pictures are projections, but for sections.
const PROJECTIONS: [&str; 9] = ["XA", "RF", "CR", "DX", "MG", "IO", "PX", "RG", "CT"];

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
    let places = [first, second].concat();
    // Regions of an ultrasound picture may each have pixels of their own shape.
    let scale = state.picture_scale(&places).ok();
    let meaning = angle_meaning(scale, state).to_owned();
    let size = scale.map_or_else(|| shape(state), |scale| scale.mm);
    let line = match angle_deg(size, first, second) {
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

/// What an angle on the picture shown is an angle of.
fn angle_meaning(scale: Option<PixelScale>, state: &AppState) -> &'static str {
    let image = state.shown_image();
    let picture = image.map(|(instance, frame)| (&instance.picture, frame));
    let in_regions = picture.is_some_and(|(picture, _)| !picture.regions.is_empty());
    if scale.is_none() && in_regions {
        return "Angle on the screen: its points do not lie in one calibrated region";
    }
    let modality = state
        .stage
        .as_ref()
        .map_or("", |stage| stage.series.modality.as_str());
    let is_projection = picture.is_some_and(|(picture, frame)| {
        let of_tube = PROJECTIONS.contains(&modality) || picture.projection(frame).is_some();
        of_tube && !picture.is_section
    });
    if is_projection {
        "Angle in the picture: a projection shows angles in the patient as they appear from the \
         tube"
    } else {
        "Angle in the picture"
    }
}

/// Unit of lengths on the picture shown and where it comes from: always on the picture.
pub fn scale_words(state: &AppState) -> String {
    match state.picture_scale(&[]) {
        Ok(scale) => format!("Lengths in {}", scale.source.label()),
        Err(reason) => format!("Lengths in {PIXELS}: {reason}"),
    }
}
