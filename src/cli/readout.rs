//! `stylet readout`: the numbers of every needle of a plan.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, load_with_warnings, print_json, print_line, warn_line};
use crate::assess::path::Images;
use crate::assess::{OutsideAir, PathReadout, ReadoutJson};
use crate::dicom;
use crate::geometry::Degrees;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, Known, NeedleCatalogue, Plan, PlanFile, SeriesBinding};
use crate::volume::Volume;

/// Arguments of `readout`.
#[derive(Debug, Args)]
pub struct ReadoutArgs {
    /// Plan file (*.stylet.json)
    plan: PathBuf,
    /// Folder or files of the images: skin depth and values need them
    #[arg(long, value_name = "PATH")]
    study: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads the plan, and the images if given, and prints the numbers.
pub fn run(args: &ReadoutArgs) -> Result<(), CliError> {
    let (_, plan) = PlanFile::read(&args.plan).map_err(CliError::failure)?;
    let volume = match &args.study {
        Some(study) => Some(volume_for(&plan, study)?),
        None => None,
    };
    let air: Known<OutsideAir> = match &volume {
        Some(volume) => OutsideAir::find(volume, &|| false),
        None => Err("No images: open the study (readout: give --study)".to_owned()),
    };
    let images = volume.as_ref().map(|volume| Images { volume, air: &air });
    let position = plan
        .patient_position
        .or_else(|| volume.as_ref().and_then(|volume| volume.patient_position));
    let readouts: Vec<(String, PathReadout)> = plan
        .trajectories
        .iter()
        .map(|needle| {
            let readout = PathReadout::of(needle, position, NeedleCatalogue::builtin(), images);
            (needle.name.clone(), readout)
        })
        .collect();
    if args.json {
        let all: Vec<ReadoutJson> = readouts
            .iter()
            .map(|(name, readout)| ReadoutJson::of(name, readout))
            .collect();
        return print_json(&json!({ "trajectories": all }));
    }
    for (name, readout) in &readouts {
        print_text(name, readout)?;
    }
    Ok(())
}

/// The images a plan is read on: its own series, else one of its frame of reference, else – for a
/// plan that names none – the largest volume.
fn volume_for(plan: &Plan, study: &std::path::Path) -> Result<Volume, CliError> {
    let report = dicom::scan(&[study.to_owned()], &|_, _| ControlFlow::Continue(()))
        .map_err(CliError::failure)?;
    let catalog = &report.catalog;
    let bound = plan.series.as_ref();
    let own = bound.and_then(|bound| {
        let (_, series) = catalog.find_series(&bound.series_instance_uid)?;
        let stack = series
            .stacks
            .iter()
            .position(|stack| stack.geometry.is_some())?;
        Some((series, stack))
    });
    let same_frame = || {
        let wanted = bound?.frame_of_reference_uid.as_ref()?;
        catalog
            .series()
            .map(|(_, series)| series)
            .find_map(|series| {
                let fits = series
                    .instances
                    .iter()
                    .any(|i| i.frame_of_reference.as_ref() == Some(wanted));
                let stack = series
                    .stacks
                    .iter()
                    .position(|stack| stack.geometry.is_some())?;
                fits.then_some((series, stack))
            })
    };
    let (series, stack) = own
        .or_else(same_frame)
        .or_else(|| catalog.largest_volume())
        .ok_or_else(|| {
            CliError::Failure(format!(
                "No volume in {}: give the folder of the CT or MR series",
                study.display()
            ))
        })?;
    let volume = load_with_warnings(series, stack)?;
    if let Some(bound) = bound {
        let open = SeriesBinding {
            series_instance_uid: volume.series.clone(),
            frame_of_reference_uid: volume.frame_of_reference.clone(),
            geometry_sha256: geometry_hash(volume.size, &volume.geometry),
        };
        match bound.fit(&open) {
            Fit::Different => {
                return Err(CliError::Failure(format!(
                    "The plan was drawn on other images (series {}), its positions mean nothing \
                     on {}; give --study its own images",
                    bound.series_instance_uid,
                    study.display()
                )));
            }
            Fit::SameFrameOfReference => warn_line(
                "the plan was drawn on another series of the same examination; positions hold, \
                 values may differ",
            ),
            Fit::ChangedGeometry => {
                warn_line("the slices of this series have changed since the plan was drawn");
            }
            Fit::SameSeries | Fit::Unbound => {}
        }
    } else {
        warn_line(
            "the plan does not say which images it was drawn on; the largest volume is taken",
        );
    }
    Ok(volume)
}

fn print_text(name: &str, readout: &PathReadout) -> Result<(), CliError> {
    let plan = &readout.plan;
    let mm = |number: &Known<f64>| {
        number
            .as_ref()
            .map_or_else(|why| format!("– ({why})"), |mm| format!("{mm:.1} mm"))
    };
    let deg = |number: &Known<Degrees>| {
        number.as_ref().map_or_else(
            |why| format!("– ({why})"),
            |angle| format!("{:.1}°", angle.0),
        )
    };
    let skin = readout.skin.clone().map(|skin| skin.depth_mm);
    let carm = &plan.carm;
    let pair = |pair: Known<[Degrees; 2]>| match pair {
        Ok([first, second]) => format!("{:.1}° / {:.1}°", first.0, second.0),
        Err(why) => format!("– ({why})"),
    };
    let value = match &readout.target_value {
        Ok(value) => format!("{value:.0} {}", readout.unit),
        Err(why) => format!("– ({why})"),
    };
    let side = plan.in_plane_direction.clone().unwrap_or("");
    print_line(name)?;
    for (label, text) in [
        ("length", mm(&plan.length_mm)),
        ("skin to target", mm(&skin)),
        ("needle left outside", mm(&plan.needle_reserve_mm)),
        ("value at target", value),
        (
            "in plane, from vertical",
            format!("{} {side}", deg(&plan.in_plane)),
        ),
        ("out of plane, + cranial", deg(&plan.out_of_plane)),
        ("lateral projection", deg(&plan.sagittal_projected)),
        ("gantry tilt", deg(&plan.gantry_tilt)),
        (
            "C-arm",
            carm.phrase
                .clone()
                .unwrap_or_else(|why| format!("– ({why})")),
        ),
        (
            "  oblique / tilt",
            pair(carm.operator.clone().map(|p| [p.oblique, p.tilt])),
        ),
        (
            "  DICOM primary / secondary",
            pair(carm.dicom.clone().map(|p| [p.primary, p.secondary])),
        ),
        (
            "  console",
            pair(carm.console.clone().map(|p| [p.primary, p.secondary])),
        ),
        (
            "  C-arm at table side",
            pair(carm.side.clone().map(|p| [p.orbital, p.tilt])),
        ),
    ] {
        print_line(&format!("  {label:<28} {}", text.trim_end()))?;
    }
    Ok(())
}
