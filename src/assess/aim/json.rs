//! The views of a needle under the names that `docs/cli.md` gives.

use serde_json::{Map, Value, json};

use super::{AimedView, BeamBone, CArmSetup, NeedleViews, SeenNeedle};
use crate::geometry::Segment;
use crate::plan::{Known, Reach};
use crate::volume::Volume;

/// One needle as JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct AimJson(pub Value);

impl AimJson {
    /// Collects the views of a needle. Bone in the beam needs the images.
    pub fn of(
        name: &str,
        needle: Option<Segment>,
        views: &Known<NeedleViews>,
        setup: &CArmSetup<'_>,
        volume: Option<&Volume>,
    ) -> Self {
        Self(match views {
            Ok(views) => {
                let all: Vec<Value> = views
                    .views
                    .iter()
                    .map(|view| view_json(view, bone_of(view, needle, setup, volume)))
                    .collect();
                json!({ "name": name, "views": all })
            }
            Err(reason) => json!({ "name": name, "views": null, "reason": reason }),
        })
    }
}

/// Bone in the beam through the target of a view; why it is not known otherwise.
pub fn bone_of(
    view: &AimedView,
    needle: Option<Segment>,
    setup: &CArmSetup<'_>,
    volume: Option<&Volume>,
) -> Known<BeamBone> {
    let volume = volume.ok_or("No images: bone in the beam needs them (carm: give --study)")?;
    let target = needle.ok_or("No target yet")?.end;
    let beam = setup.pose(view.angles, target).beam();
    let beam = beam.ok_or("SOD must be above 0 and below SID")?;
    BeamBone::of(volume, target, target - beam.source)
        .ok_or_else(|| "The images are not in HU, or the beam misses them".to_owned())
}

fn view_json(view: &AimedView, bone: Known<BeamBone>) -> Value {
    let mut reasons = Map::new();
    let mut number = |key: &str, value: Known<f64>| match value {
        Ok(value) => json!(value),
        Err(reason) => {
            reasons.insert(key.to_owned(), Value::String(reason));
            Value::Null
        }
    };
    let console = &view.console;
    let side = &view.side;
    let operator = view.angles.operator();
    let mut object = json!({
        "purpose": view.purpose.key(),
        "title": view.title,
        "see": view.see,
        "phrase": view.phrase,
        "primary_deg": view.angles.primary.0,
        "secondary_deg": view.angles.secondary.0,
        "oblique_deg": operator.oblique.0,
        "tilt_deg": operator.tilt.0,
        "console_primary_deg":
            number("console_primary_deg", console.clone().map(|pair| pair.primary.0)),
        "console_secondary_deg":
            number("console_secondary_deg", console.clone().map(|pair| pair.secondary.0)),
        "side_orbital_deg": number("side_orbital_deg", side.clone().map(|pair| pair.orbital.0)),
        "side_tilt_deg": number("side_tilt_deg", side.clone().map(|pair| pair.tilt.0)),
        "bone_mm": number("bone_mm", bone.clone().map(|bone| bone.mm)),
        "bone_at_least": bone.ok().map(|bone| bone.at_least),
    });
    if let Some(apart) = view.apart {
        object["apart_deg"] = json!(apart.angle.0);
        object["apart_from"] = json!(apart.from);
    }
    for (key, value) in [
        ("reach", view.reach.clone().map(|reach| reach_json(&reach))),
        ("seen", view.seen.clone().map(|seen| seen_json(&seen))),
    ] {
        object[key] = value.unwrap_or_else(|reason| {
            reasons.insert(key.to_owned(), Value::String(reason));
            Value::Null
        });
    }
    if !reasons.is_empty() {
        object["reasons"] = Value::Object(reasons);
    }
    object
}

fn reach_json(reach: &Reach) -> Value {
    let settings: Map<String, Value> = reach
        .settings
        .iter()
        .map(|setting| (setting.axis.key().to_owned(), json!(setting.angle.0)))
        .collect();
    let broken: Vec<Value> = reach
        .broken
        .iter()
        .map(|broken| {
            json!({
                "axis": broken.axis.name(),
                "limit_deg": broken.limit.0,
                "beyond_deg": broken.beyond.0,
            })
        })
        .collect();
    json!({
        "reached": reach.is_reached(),
        "settings": settings,
        "broken": broken,
    })
}

fn seen_json(seen: &SeenNeedle) -> Value {
    json!({
        "entry_on_receptor_mm": seen.entry_mm.to_array(),
        "target_on_receptor_mm": seen.target_mm.to_array(),
        "apart_on_receptor_mm": seen.apart_on_receptor_mm,
        "apart_at_target_mm": seen.apart_at_target_mm,
        "off_center_on_receptor_mm": seen.off_center_on_receptor_mm,
        "off_center_mm": seen.off_center_mm,
        "from_end_on_deg": seen.from_end_on.0,
        "shown_share": seen.shown_share,
        "target_in_field": seen.target_in_field,
        "entry_in_field": seen.entry_in_field,
    })
}
