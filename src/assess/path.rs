//! Everything that is read out of one needle, with the images where they are there.
//!
//! The panel and the `readout` command both take their numbers from here.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::skin::{OutsideAir, SkinCrossing};
use crate::geometry::{Degrees, PatientPosition};
use crate::plan::{
    HalfVoxel, Known, NeedleCatalogue, Trajectory, TrajectoryReadout, TrajectoryUncertainty,
};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, value_at};

/// The images a needle is read out on.
#[derive(Clone, Copy)]
pub struct Images<'a> {
    /// Their voxels.
    pub volume: &'a Volume,
    /// The air around the patient, or why it is not known.
    pub air: &'a Known<OutsideAir>,
}

/// All numbers of one needle.
#[derive(Debug, Clone, PartialEq)]
pub struct PathReadout {
    /// From the plan alone.
    pub plan: TrajectoryReadout,
    /// Skin to target along the needle.
    pub skin: Known<SkinCrossing>,
    /// Entry to skin along the needle, mm: positive where the entry is drawn outside the skin.
    pub entry_above_skin_mm: Known<f64>,
    /// Modality value at the target, trilinear.
    pub target_value: Known<f64>,
    /// Its unit: `HU`, another word, or empty.
    pub unit: String,
    /// ± of lengths and angles by half a voxel of the images; `None` without images, and while an
    /// end is missing.
    pub uncertainty: Option<TrajectoryUncertainty>,
}

impl PathReadout {
    /// Computes all of them.
    pub fn of(
        trajectory: &Trajectory,
        position: Option<PatientPosition>,
        catalogue: &NeedleCatalogue,
        images: Option<Images<'_>>,
    ) -> Self {
        let plan = TrajectoryReadout::of(trajectory, position, catalogue);
        let no_images = || "No images: open the study (readout: give --study)".to_owned();
        let skin = images.ok_or_else(no_images).and_then(|images| {
            let air = images.air.as_ref().map_err(Clone::clone)?;
            air.crossing(images.volume, trajectory)
        });
        let entry_above_skin_mm = match (&plan.length_mm, &skin) {
            (Ok(length_mm), Ok(skin)) => Ok(length_mm - skin.depth_mm),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        let target_value = images.ok_or_else(no_images).and_then(|images| {
            let target = trajectory.target.ok_or("No target yet")?;
            value_at(images.volume, target, Interpolation::Linear)
                .ok_or_else(|| "The target is outside the images".to_owned())
        });
        Self {
            plan,
            skin,
            entry_above_skin_mm,
            target_value,
            unit: images
                .map(|images| images.volume.unit().to_owned())
                .unwrap_or_default(),
            uncertainty: images.and_then(|images| {
                let half_voxel = HalfVoxel::of_grid(&images.volume.geometry);
                TrajectoryUncertainty::of(trajectory, position, &half_voxel)
            }),
        }
    }
}

/// One needle of the `readout` command's JSON: numbers or null, and why null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ReadoutJson(pub Value);

impl ReadoutJson {
    /// Collects the numbers of `readout` under the names that `docs/cli.md` gives.
    pub fn of(name: &str, readout: &PathReadout) -> Self {
        let mut reasons = Map::new();
        let mut number = |key: &str, value: Known<f64>| match value {
            Ok(value) => json!(value),
            Err(reason) => {
                reasons.insert(key.to_owned(), Value::String(reason));
                Value::Null
            }
        };
        let deg = |angle: &Known<Degrees>| angle.clone().map(|angle| angle.0);
        let plan = &readout.plan;
        let carm = &plan.carm;
        let dicom = |pick: fn(crate::geometry::CArmAngles) -> Degrees| {
            carm.dicom.clone().map(|pair| pick(pair).0)
        };
        let carm_json = json!({
            "primary_deg": number("carm.primary_deg", dicom(|pair| pair.primary)),
            "secondary_deg": number("carm.secondary_deg", dicom(|pair| pair.secondary)),
            "oblique_deg": number("carm.oblique_deg", carm.operator.clone().map(|pair| pair.oblique.0)),
            "tilt_deg": number("carm.tilt_deg", carm.operator.clone().map(|pair| pair.tilt.0)),
            "console_primary_deg":
                number("carm.console_primary_deg", carm.console.clone().map(|pair| pair.primary.0)),
            "console_secondary_deg":
                number("carm.console_secondary_deg", carm.console.clone().map(|pair| pair.secondary.0)),
            "side_orbital_deg":
                number("carm.side_orbital_deg", carm.side.clone().map(|pair| pair.orbital.0)),
            "side_tilt_deg":
                number("carm.side_tilt_deg", carm.side.clone().map(|pair| pair.tilt.0)),
            "phrase": carm.phrase.clone().ok(),
        });
        let skin_depth = readout.skin.clone().map(|skin| skin.depth_mm);
        let mut object = json!({
            "name": name,
            "length_mm": number("length_mm", plan.length_mm.clone()),
            "skin_depth_mm": number("skin_depth_mm", skin_depth),
            "entry_above_skin_mm":
                number("entry_above_skin_mm", readout.entry_above_skin_mm.clone()),
            "in_plane_deg": number("in_plane_deg", deg(&plan.in_plane)),
            "out_of_plane_deg": number("out_of_plane_deg", deg(&plan.out_of_plane)),
            "sagittal_projected_deg":
                number("sagittal_projected_deg", deg(&plan.sagittal_projected)),
            "gantry_tilt_deg": number("gantry_tilt_deg", deg(&plan.gantry_tilt)),
            "carm": carm_json,
            "needle_reserve_mm": number("needle_reserve_mm", plan.needle_reserve_mm.clone()),
            "target_value": number("target_value", readout.target_value.clone()),
            "target_value_unit": readout.unit,
        });
        add_uncertainties(&mut object, readout);
        if readout.uncertainty.is_none() {
            let reason = "No images, or an end is missing: no ± (readout: give --study)";
            reasons.insert("uncertainty".to_owned(), Value::String(reason.to_owned()));
        }
        if let Err(reason) = &carm.phrase {
            reasons.insert("carm.phrase".to_owned(), Value::String(reason.clone()));
        }
        if !reasons.is_empty() {
            object["reasons"] = Value::Object(reasons);
        }
        Self(object)
    }
}

/// Puts `…_uncertainty` beside every length and angle; null where the number itself is.
fn add_uncertainties(object: &mut Value, readout: &PathReadout) {
    let off = readout.uncertainty;
    let degrees = |angle: Option<Degrees>| angle.map(|angle| angle.0);
    let length_mm = off.map(|off| off.length_mm);
    let first = |pair: Option<[Degrees; 2]>| pair.map(|[first, _]| first.0);
    let second = |pair: Option<[Degrees; 2]>| pair.map(|[_, second]| second.0);
    let angle = |pick: fn(TrajectoryUncertainty) -> Option<Degrees>| degrees(off.and_then(pick));
    let pair = |pick: fn(TrajectoryUncertainty) -> Option<[Degrees; 2]>| off.and_then(pick);
    let (carm, console, side) = (
        pair(|off| off.carm),
        pair(|off| off.console),
        pair(|off| off.side),
    );
    // Depths along the needle are as sure as its length.
    for (key, off) in [
        ("length_mm", length_mm),
        ("skin_depth_mm", length_mm),
        ("entry_above_skin_mm", length_mm),
        ("needle_reserve_mm", length_mm),
        ("in_plane_deg", angle(|off| off.in_plane)),
        ("out_of_plane_deg", angle(|off| off.out_of_plane)),
        (
            "sagittal_projected_deg",
            angle(|off| off.sagittal_projected),
        ),
        ("gantry_tilt_deg", angle(|off| off.gantry_tilt)),
    ] {
        beside(object, key, off);
    }
    for (key, off) in [
        ("primary_deg", first(carm)),
        ("secondary_deg", second(carm)),
        ("oblique_deg", first(carm)),
        ("tilt_deg", second(carm)),
        ("console_primary_deg", first(console)),
        ("console_secondary_deg", second(console)),
        ("side_orbital_deg", first(side)),
        ("side_tilt_deg", second(side)),
    ] {
        beside(&mut object["carm"], key, off);
    }
}

fn beside(object: &mut Value, key: &str, off: Option<f64>) {
    let known = !object[key].is_null();
    object[format!("{key}_uncertainty")] = json!(off.filter(|_| known));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::TrajectoryId;
    use crate::volume::synthetic::ct_cylinder;

    fn needle() -> Trajectory {
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.entry = Some([0., 70., 0.].into());
        needle.target = Some([0., 10., 0.].into());
        needle
    }

    #[test]
    fn with_images_the_skin_and_the_value_are_there() {
        let volume = ct_cylinder(60.0, 0.0);
        let air = OutsideAir::find(&volume, &|| false);
        let images = Images {
            volume: &volume,
            air: &air,
        };
        let catalogue = NeedleCatalogue::builtin();
        let readout = PathReadout::of(&needle(), None, catalogue, Some(images));
        assert!((readout.skin.as_ref().unwrap().depth_mm - 50.0).abs() < 0.3);
        assert!((readout.entry_above_skin_mm.as_ref().unwrap() - 10.0).abs() < 0.3);
        assert_eq!(readout.target_value, Ok(40.0));
        let json = ReadoutJson::of("n", &readout).0;
        assert_eq!(json["length_mm"], 60.0);
        assert_eq!(json["in_plane_deg"], 0.0);
        assert_eq!(json["carm"]["primary_deg"], 180.0);
        assert_eq!(json["gantry_tilt_deg"], Value::Null);
        assert!(
            json["reasons"]["gantry_tilt_deg"]
                .as_str()
                .unwrap()
                .contains("position")
        );
    }

    #[test]
    fn without_images_their_numbers_are_null_with_the_reason() {
        let readout = PathReadout::of(&needle(), None, NeedleCatalogue::builtin(), None);
        let json = ReadoutJson::of("n", &readout).0;
        assert_eq!(json["skin_depth_mm"], Value::Null);
        assert_eq!(
            json["reasons"]["target_value"],
            "No images: open the study (readout: give --study)"
        );
        assert_eq!(json["needle_reserve_mm"], 30.0);
    }
}
