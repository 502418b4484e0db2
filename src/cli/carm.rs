//! `stylet carm`: how to set a C-arm for every needle of a plan.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::plan_images::plan_images;
use super::{CliError, numbers, print_json, print_line, warn_line};
use crate::assess::aim::{AimedView, BeamBone, bone_of};
use crate::assess::margins::procedure_of;
use crate::assess::{AimJson, CArmSetup, NeedleViews};
use crate::geometry::{Degrees, Lps, PatientPosition, Point};
use crate::plan::{CArmLibrary, CArmProfile, Known, PlanFile, ProcedureLibrary, Trajectory};
use crate::volume::Volume;

/// Arguments of `carm`.
#[derive(Debug, Args)]
pub struct CarmArgs {
    /// Plan file (*.stylet.json)
    plan: PathBuf,
    /// Folder or files of the images: bone in the beam needs them
    #[arg(long, value_name = "PATH")]
    study: Option<PathBuf>,
    /// C-arm, by its id; without it the first. Ids are listed where one is not known
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Folder of own C-arms (*.toml) over those of the program
    #[arg(long, value_name = "FOLDER")]
    carms: Option<PathBuf>,
    /// How the patient lies when treated (HFS, HFP …); without it as the plan or the images say
    #[arg(long, value_name = "CODE", value_parser = position)]
    position: Option<PatientPosition>,
    /// Isocentre, LPS mm; without it the target of each needle
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true)]
    isocenter: Option<Point<Lps>>,
    /// Source to receptor, mm; without it the usual one of the C-arm
    #[arg(long, value_name = "MM")]
    sid: Option<f64>,
    /// Source to isocentre, mm; without it the usual one of the C-arm
    #[arg(long, value_name = "MM")]
    sod: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn position(code: &str) -> Result<PatientPosition, String> {
    PatientPosition::from_code(code).ok_or_else(|| {
        let codes = PatientPosition::ALL.map(PatientPosition::code).join(", ");
        format!("{code:?} is no patient position; give one of {codes}")
    })
}

/// Reads the plan, and the images if given, and prints the views of every needle.
pub fn run(args: &CarmArgs) -> Result<(), CliError> {
    let (_, plan) = PlanFile::read(&args.plan).map_err(CliError::failure)?;
    let carms = carms(args.carms.as_deref())?;
    let profile = profile(&carms, args.profile.as_deref())?;
    let volume = match &args.study {
        Some(study) => Some(plan_images(&plan, study)?.volume),
        None => None,
    };
    let volume = volume.as_deref();
    let position = args
        .position
        .or(plan.patient_position)
        .or_else(|| volume.and_then(|volume| volume.patient_position));
    let mut setup = CArmSetup::usual(profile, position);
    setup.isocenter = args.isocenter;
    setup.source_to_detector_mm = args.sid.unwrap_or(setup.source_to_detector_mm);
    setup.source_to_isocenter_mm = args.sod.unwrap_or(setup.source_to_isocenter_mm);
    check_distances(&setup)?;
    let aimed: Vec<(&Trajectory, Known<NeedleViews>)> = plan
        .trajectories
        .iter()
        .map(|needle| {
            let intent = needle.intent.as_ref();
            let procedure = procedure_of(ProcedureLibrary::builtin(), intent).ok();
            let procedure = procedure.map(|(procedure, _)| procedure);
            let views = NeedleViews::of(needle, &plan.spine, procedure, &setup);
            (needle, views)
        })
        .collect();
    if args.json {
        let all: Vec<_> = aimed
            .iter()
            .map(|(needle, views)| {
                AimJson::of(&needle.name, needle.segment(), views, &setup, volume).0
            })
            .collect();
        return print_json(&json!({
            "profile": profile.id,
            "profile_title": profile.title,
            "profile_has_proposals": profile.is_proposal(),
            "patient_position": position.map(PatientPosition::code),
            "isocenter_lps_mm": args.isocenter,
            "source_to_detector_mm": setup.source_to_detector_mm,
            "source_to_isocenter_mm": setup.source_to_isocenter_mm,
            "needles": all,
        }));
    }
    print_head(&setup)?;
    for (needle, views) in &aimed {
        print_needle(needle, views, &setup, volume)?;
    }
    Ok(())
}

/// The C-arms of the program with those of a folder over them; what is wrong there is warned of.
fn carms(folder: Option<&Path>) -> Result<CArmLibrary, CliError> {
    let Some(folder) = folder else {
        return Ok(CArmLibrary::builtin().clone());
    };
    if !folder.is_dir() {
        let words = format!("No folder of C-arms: {}", folder.display());
        return Err(CliError::Usage(words));
    }
    let (carms, problems) = CArmLibrary::with_folder(folder);
    for problem in problems {
        warn_line(&problem.to_string());
    }
    Ok(carms)
}

fn profile<'a>(carms: &'a CArmLibrary, id: Option<&str>) -> Result<&'a CArmProfile, CliError> {
    let found = match id {
        Some(id) => carms.find(id),
        None => carms.profiles.first(),
    };
    found.ok_or_else(|| {
        let ids: Vec<&str> = carms.profiles.iter().map(|one| one.id.as_str()).collect();
        let id = id.unwrap_or_default();
        CliError::Usage(format!("No C-arm {id:?}; there are {}", ids.join(", ")))
    })
}

fn check_distances(setup: &CArmSetup<'_>) -> Result<(), CliError> {
    let (sid, sod) = (setup.source_to_detector_mm, setup.source_to_isocenter_mm);
    if !(sod > 0.0 && sid > sod && sid.is_finite()) {
        return Err(CliError::Usage(format!(
            "SOD must be above 0 and below SID, not {sod} and {sid} mm"
        )));
    }
    for fault in setup.profile.distance_faults(sid, sod) {
        warn_line(&fault);
    }
    Ok(())
}

fn print_head(setup: &CArmSetup<'_>) -> Result<(), CliError> {
    let profile = setup.profile;
    let position = setup.position.map_or_else(
        || "patient position not known".to_owned(),
        |position| format!("{} ({})", position.words(), position.code()),
    );
    print_line(&format!("{} [{}]", profile.title, profile.id))?;
    print_line(&format!(
        "SID {:.0} mm, SOD {:.0} mm, {position}",
        setup.source_to_detector_mm, setup.source_to_isocenter_mm
    ))?;
    if profile.is_proposal() {
        print_line("Limits of this C-arm are proposals in part: check them on the machine")?;
    }
    Ok(())
}

fn print_needle(
    needle: &Trajectory,
    views: &Known<NeedleViews>,
    setup: &CArmSetup<'_>,
    volume: Option<&Volume>,
) -> Result<(), CliError> {
    print_line("")?;
    print_line(&needle.name)?;
    let views = match views {
        Ok(views) => &views.views,
        Err(reason) => return print_line(&format!("  – ({reason})")),
    };
    for view in views {
        let apart = view.apart;
        let apart = apart.map_or_else(String::new, |apart| format!(" ({})", apart.words()));
        print_line(&format!("  {:<32} {}{apart}", view.title, view.phrase))?;
        let bone = volume.map(|_| bone_of(view, needle.segment(), setup, volume));
        for line in view_lines(view, bone) {
            print_line(&format!("    {line}"))?;
        }
    }
    Ok(())
}

fn view_lines(view: &AimedView, bone: Option<Known<BeamBone>>) -> Vec<String> {
    // A hair below zero is written as zero.
    let tenth = |angle: Degrees| (angle.0 * 10.0).round() / 10.0 + 0.0;
    let pair = |first, second| format!("{:.1}° / {:.1}°", tenth(first), tenth(second));
    let dicom = pair(view.angles.primary, view.angles.secondary);
    let mut lines = vec![match (&view.console, &view.side) {
        (Ok(console), Ok(side)) => format!(
            "DICOM {dicom}, console {}, C-arm at table side {}",
            pair(console.primary, console.secondary),
            pair(side.orbital, side.tilt)
        ),
        _ => format!("DICOM {dicom}"),
    }];
    lines.push(match &view.reach {
        Ok(reach) => reach.words(),
        Err(reason) => format!("reach: – ({reason})"),
    });
    lines.push(match &view.seen {
        Ok(seen) => format!(
            "entry from target {:.2} mm on the receptor, {:.2} mm at the target; target {:.1} mm \
             off the central ray; {:.0} % of the length shown",
            seen.apart_on_receptor_mm,
            seen.apart_at_target_mm,
            seen.off_center_mm,
            100.0 * seen.shown_share
        ),
        Err(reason) => format!("picture: – ({reason})"),
    });
    match bone {
        Some(Ok(bone)) => lines.push(format!("bone in the beam {}", bone.words())),
        Some(Err(reason)) => lines.push(format!("bone in the beam: – ({reason})")),
        None => {}
    }
    lines.extend(view.see.as_ref().map(|see| format!("see: {see}")));
    lines
}
