//! `stylet readout`: the numbers of every needle of a plan.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, print_json, print_line};
use crate::assess::path::Images;
use crate::assess::{OutsideAir, PathReadout, ReadoutJson};
use crate::dicom;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, Known, NeedleCatalogue, Plan, PlanFile, SeriesBinding};
use crate::volume::{Volume, load};

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
        None => Err("No images are open".to_owned()),
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
    let (volume, _) = load::load_volume(series, stack).map_err(CliError::failure)?;
    if let Some(bound) = bound {
        let open = SeriesBinding {
            series_instance_uid: volume.series.clone(),
            frame_of_reference_uid: volume.frame_of_reference.clone(),
            geometry_sha256: geometry_hash(volume.size, &volume.geometry),
        };
        if bound.fit(&open) == Fit::Different {
            return Err(CliError::Failure(format!(
                "The plan was drawn on other images (series {}), its positions mean nothing on {}; \
                 give --study its own images",
                bound.series_instance_uid,
                study.display()
            )));
        }
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
    let deg = |number: &Known<crate::geometry::Degrees>| {
        number.as_ref().map_or_else(
            |why| format!("– ({why})"),
            |angle| format!("{:.1}°", angle.0),
        )
    };
    let skin = readout.skin.clone().map(|skin| skin.depth_mm);
    print_line(name)?;
    for (label, text) in [
        ("length", mm(&plan.length_mm)),
        ("skin to target", mm(&skin)),
        ("needle left outside", mm(&plan.needle_reserve_mm)),
        ("in plane, from vertical", deg(&plan.in_plane)),
        ("out of plane, + cranial", deg(&plan.out_of_plane)),
        ("lateral projection", deg(&plan.sagittal_projected)),
        ("gantry tilt", deg(&plan.gantry_tilt)),
        (
            "C-arm",
            plan.carm
                .phrase
                .clone()
                .unwrap_or_else(|why| format!("– ({why})")),
        ),
    ] {
        print_line(&format!("  {label:<24} {text}"))?;
    }
    Ok(())
}
