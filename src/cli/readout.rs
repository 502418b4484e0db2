//! `stylet readout`: the numbers of every needle of a plan.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::plan_images::plan_images;
use super::{CliError, print_json, print_line};
use crate::assess::path::Images;
use crate::assess::{OutsideAir, PathReadout, ReadoutJson};
use crate::geometry::Degrees;
use crate::plan::{CArmReadout, Known, NeedleCatalogue, PlanFile, TrajectoryUncertainty};

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
        Some(study) => Some(plan_images(&plan, study)?.volume),
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

/// `87.3 ± 0.5 mm`, or why there is no number.
fn mm(number: &Known<f64>, off: Option<f64>) -> String {
    match number {
        Ok(mm) => format!("{mm:.1}{} mm", plus_minus(off)),
        Err(why) => format!("– ({why})"),
    }
}

/// `32.6° ± 0.3°`, or why there is no angle.
fn degrees(number: &Known<Degrees>, off: Option<Degrees>) -> String {
    match number {
        Ok(angle) => degrees_off(*angle, off),
        Err(why) => format!("– ({why})"),
    }
}

fn pair(pair: Known<[Degrees; 2]>, off: Option<[Degrees; 2]>) -> String {
    match pair {
        Ok([first, second]) => {
            let [first_off, second_off] = off.map_or([None; 2], |off| off.map(Some));
            format!(
                "{} / {}",
                degrees_off(first, first_off),
                degrees_off(second, second_off)
            )
        }
        Err(why) => format!("– ({why})"),
    }
}

fn degrees_off(angle: Degrees, off: Option<Degrees>) -> String {
    match off {
        Some(off) => format!("{:.1}°{}°", angle.0, plus_minus(Some(off.0))),
        None => format!("{:.1}°", angle.0),
    }
}

/// ` ± 0.3`, never ` ± 0.0`; empty where it is not known.
fn plus_minus(off: Option<f64>) -> String {
    off.map_or_else(String::new, |off| format!(" ± {:.1}", off.max(0.1)))
}

pub(super) fn print_text(name: &str, readout: &PathReadout) -> Result<(), CliError> {
    let (plan, off) = (&readout.plan, readout.uncertainty);
    // Depths along the needle are as sure as its length.
    let length_off = off.map(|off| off.length_mm);
    let skin = readout.skin.clone().map(|skin| skin.depth_mm);
    let carm = &plan.carm;
    let value = match &readout.target_value {
        Ok(value) => format!("{value:.0} {}", readout.unit),
        Err(why) => format!("– ({why})"),
    };
    let side = plan.in_plane_direction.clone().unwrap_or("");
    let in_plane = degrees(&plan.in_plane, off.and_then(|off| off.in_plane));
    print_line(name)?;
    for (label, text) in [
        ("length", mm(&plan.length_mm, length_off)),
        ("skin to target", mm(&skin, length_off)),
        (
            "needle left outside",
            mm(&plan.needle_reserve_mm, length_off),
        ),
        ("value at target", value),
        ("in plane, from vertical", format!("{in_plane} {side}")),
        (
            "out of plane, + cranial",
            degrees(&plan.out_of_plane, off.and_then(|off| off.out_of_plane)),
        ),
        (
            "lateral projection",
            degrees(
                &plan.sagittal_projected,
                off.and_then(|off| off.sagittal_projected),
            ),
        ),
        (
            "gantry tilt",
            degrees(&plan.gantry_tilt, off.and_then(|off| off.gantry_tilt)),
        ),
        (
            "C-arm",
            carm.phrase
                .clone()
                .unwrap_or_else(|why| format!("– ({why})")),
        ),
    ]
    .into_iter()
    .chain(carm_lines(carm, off))
    {
        print_line(&format!("  {label:<28} {}", text.trim_end()))?;
    }
    Ok(())
}

fn carm_lines(
    carm: &CArmReadout,
    off: Option<TrajectoryUncertainty>,
) -> [(&'static str, String); 4] {
    let carm_off = off.and_then(|off| off.carm);
    [
        (
            "  oblique / tilt",
            pair(carm.operator.clone().map(|p| [p.oblique, p.tilt]), carm_off),
        ),
        (
            "  DICOM primary / secondary",
            pair(
                carm.dicom.clone().map(|p| [p.primary, p.secondary]),
                carm_off,
            ),
        ),
        (
            "  console",
            pair(
                carm.console.clone().map(|p| [p.primary, p.secondary]),
                off.and_then(|off| off.console),
            ),
        ),
        (
            "  C-arm at table side",
            pair(
                carm.side.clone().map(|p| [p.orbital, p.tilt]),
                off.and_then(|off| off.side),
            ),
        ),
    ]
}
