//! `stylet register`: lays a plan over real X-ray pictures by 2D/3D registration.

mod report;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;

use super::plan_images::ct_images;
use super::{CliError, numbers, print_json, print_line, warn_line};
use crate::dicom;
use crate::geometry::{ConeBeam, Correction, Lps, Point};
use crate::plan::{PictureRegistration, Plan, PlanEdit, PlanFile, RegisteredBy, RegistrationEdit};
use crate::register::{
    RegisterError, Registration, Search, Settings, Verdict, View, ViewGeometry, XrayPicture,
    picture_of, register,
};
use crate::study::{Instance, SeriesUid, Study};
use crate::volume::attenuation::{Attenuation, AttenuationModel};

/// Arguments of `stylet register`.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// X-ray pictures (XA, RF, DX); several of one patient position are registered together
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// Folder or files of the CT
    #[arg(long, value_name = "PATH")]
    study: PathBuf,
    /// Series Instance UID of the CT; without it that of the plan, else the largest CT
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Plan to lay over the pictures (*.stylet.json)
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Name of the needle whose target the pictures are registered about; without it the first
    #[arg(long, value_name = "NAME", requires = "plan")]
    needle: Option<String>,
    /// Point to register about, LPS mm, instead of a needle's target
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true)]
    at: Option<Point<Lps>>,
    /// Where in the CT the isocentre was, as far as known; without it at the target
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true)]
    isocenter: Option<Point<Lps>>,
    /// Frame of the pictures, the first is 1
    #[arg(long, default_value_t = 1, value_name = "N")]
    frame: usize,
    /// Only uphill from the start, instead of a search of ±14 mm and ±5°
    #[arg(long)]
    near: bool,
    /// Write the plan with the registration in it
    #[arg(long, value_name = "OUT", requires = "plan")]
    save: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// A picture with all that its header and pixels say.
struct Opened {
    path: PathBuf,
    instance: Instance,
    geometry: ViewGeometry,
    picture: XrayPicture,
    header: ConeBeam,
}

/// What was registered.
struct Found<'a> {
    args: &'a RegisterArgs,
    frame: usize,
    plan: Plan,
    volume_series: SeriesUid,
    target: Point<Lps>,
    isocenter: Point<Lps>,
    opened: Vec<Opened>,
    registration: Registration,
}

/// Registers and says what was found.
///
/// # Errors
/// Exit code 2 where a picture has no geometry, the images are no CT, or there is no target;
/// 1 where nothing alike was found, after the result was printed.
pub fn run(args: &RegisterArgs) -> Result<(), CliError> {
    let Some(frame) = args.frame.checked_sub(1) else {
        return Err(CliError::Usage("--frame counts from 1.".to_owned()));
    };
    let plan = match &args.plan {
        Some(path) => Some(PlanFile::read(path).map_err(CliError::failure)?),
        None => None,
    };
    let target = args.target(plan.as_ref().map(|(_, plan)| plan))?;
    let isocenter = args.isocenter.unwrap_or(target);
    // The pictures first: they are read in no time, and their faults are the likely ones.
    let opened: Vec<Opened> = args
        .images
        .iter()
        .map(|path| open(path, frame, isocenter))
        .collect::<Result<_, _>>()?;
    refuse_twice(&opened)?;
    let plan_only = plan.as_ref().map(|(_, plan)| plan);
    let ct = ct_images(&args.study, args.series.as_deref(), plan_only)?;
    let attenuation = Attenuation::of(&ct.volume, AttenuationModel::default()).map_err(usage)?;
    for opened in &opened {
        refuse_another_patient(&ct.study, &opened.path)?;
    }
    let volume_series = ct.volume.series.clone();
    drop(ct);
    let registration = registered(args, &attenuation, &opened, target)?;
    let (file, plan) = plan.map_or((None, Plan::default()), |(file, plan)| (Some(file), plan));
    let found = Found {
        args,
        frame,
        plan,
        volume_series,
        target,
        isocenter,
        opened,
        registration,
    };
    if args.json {
        print_json(&report::json(&found))?;
    } else {
        print_line(&report::text(&found))?;
    }
    if found.registration.verdict == Verdict::Failed {
        let sentence = found.registration.verdict.sentence();
        return Err(CliError::Failure(sentence.to_owned()));
    }
    if let (Some(out), Some(file)) = (&args.save, file) {
        save(&found, &file, out)?;
    }
    Ok(())
}

fn usage(error: impl std::fmt::Display) -> CliError {
    CliError::Usage(error.to_string())
}

fn registered(
    args: &RegisterArgs,
    attenuation: &Attenuation,
    opened: &[Opened],
    target: Point<Lps>,
) -> Result<Registration, CliError> {
    let views: Vec<View<'_>> = opened
        .iter()
        .map(|opened| View {
            picture: &opened.picture,
            receptor: opened.geometry.receptor,
            header: opened.header,
        })
        .collect();
    let settings = Settings {
        start: Correction::none(target),
        search: if args.near {
            Search::Near
        } else {
            Search::Wide
        },
        region_mm: Settings::REGION_MM,
    };
    let found = register(attenuation, &views, &settings, &|_| {
        ControlFlow::Continue(())
    });
    found.map_err(|error| match &error {
        RegisterError::TargetOutside(number) | RegisterError::NothingToCompare(number) => {
            let path = opened.get(number - 1).map(|opened| opened.path.display());
            let file = path.map_or_else(String::new, |path| format!("\nFile: {path}"));
            CliError::Usage(format!("{error}{file}"))
        }
        RegisterError::OutsideCt => usage(error),
        _ => CliError::failure(error),
    })
}

fn open(path: &Path, frame: usize, isocenter: Point<Lps>) -> Result<Opened, CliError> {
    let in_file = |words: String| CliError::Usage(format!("{words}\nFile: {}", path.display()));
    let instance = dicom::read_instance(path).map_err(CliError::failure)?;
    if frame >= instance.frames.len() {
        return Err(in_file(format!(
            "The picture has {} frames, no frame {}",
            instance.frames.len(),
            frame + 1
        )));
    }
    let size = [instance.columns, instance.rows];
    let geometry = ViewGeometry::of(&instance.picture, frame, size)
        .map_err(|error| in_file(error.to_string()))?;
    let header = geometry
        .beam(isocenter)
        .ok_or_else(|| in_file("Its distances make no beam".to_owned()))?;
    let decoded = dicom::decode_frame(&instance, frame).map_err(CliError::failure)?;
    let picture =
        picture_of(&instance, frame, &decoded).map_err(|error| in_file(error.to_string()))?;
    Ok(Opened {
        path: path.to_owned(),
        instance,
        geometry,
        picture,
        header,
    })
}

impl RegisterArgs {
    fn target(&self, plan: Option<&Plan>) -> Result<Point<Lps>, CliError> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let Some(plan) = plan else {
            let words = "Give --plan or --at: where is the target in the CT?";
            return Err(CliError::Usage(words.to_owned()));
        };
        let wanted = |name: &str| self.needle.as_deref().is_none_or(|wanted| wanted == name);
        let mut needles = plan
            .trajectories
            .iter()
            .filter(|needle| wanted(&needle.name));
        needles.find_map(|needle| needle.target).ok_or_else(|| {
            CliError::Usage(match &self.needle {
                Some(name) => format!("The plan has no needle {name:?} with a target"),
                None => "The plan has no needle with a target: give --at".to_owned(),
            })
        })
    }
}

/// Refuses a picture that is given twice: it would count as two views, and hold nothing better.
fn refuse_twice(opened: &[Opened]) -> Result<(), CliError> {
    // Files without a UID are told apart by their paths.
    let name = |one: &Opened| match one.instance.uid.as_str() {
        "" => one.path.display().to_string(),
        uid => uid.to_owned(),
    };
    for (index, one) in opened.iter().enumerate() {
        let mut before = opened.iter().take(index);
        if let Some(first) = before.find(|first| name(first) == name(one)) {
            return Err(CliError::Usage(format!(
                "The same picture is given twice: give each view once\nFile: {}\nFile: {}",
                first.path.display(),
                one.path.display()
            )));
        }
    }
    Ok(())
}

/// Refuses a picture of another patient than the study of the CT; one that says no patient, or a CT
/// that says none, is taken.
fn refuse_another_patient(ct: &Study, path: &Path) -> Result<(), CliError> {
    let scanned = dicom::scan(&[path.to_owned()], &|_, _| ControlFlow::Continue(()))
        .map_err(CliError::failure)?;
    let Some((study, _)) = scanned.catalog.series().next() else {
        return Ok(());
    };
    let (picture, imaged) = (&study.patient, &ct.patient);
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let numbered = !picture.id.is_empty() && !imaged.id.is_empty();
    let another = if numbered {
        differ(&picture.id, &imaged.id)
    } else {
        differ(&picture.name, &imaged.name)
    };
    if another && study.uid != ct.uid {
        return Err(CliError::Usage(format!(
            "The picture is of another patient than the CT: nothing can be laid over it\n\
             File: {}",
            path.display()
        )));
    }
    Ok(())
}

/// The registrations of all pictures, as the plan keeps them.
fn for_plan(found: &Found<'_>) -> Vec<PictureRegistration> {
    let Registration {
        correction,
        before,
        after,
        uncertainty,
        verdict,
        ..
    } = &found.registration;
    let registration = |(index, opened): (usize, &Opened)| PictureRegistration {
        image: opened.instance.uid.clone(),
        frame: found.frame,
        isocenter_lps_mm: found.isocenter,
        correction: *correction,
        found: RegisteredBy::Likeness {
            views: found.opened.len(),
            before: *before,
            after: *after,
            doubt: verdict.doubt().map(str::to_owned),
            // Its axes are those of the first picture.
            uncertainty: uncertainty.filter(|_| index == 0),
        },
    };
    found.opened.iter().enumerate().map(registration).collect()
}

fn save(found: &Found<'_>, file: &PlanFile, out: &Path) -> Result<(), CliError> {
    let mut plan = found.plan.clone();
    let edit = PlanEdit::Registration(RegistrationEdit::Set(for_plan(found)));
    plan.apply(&edit).map_err(CliError::failure)?;
    let mut written = PlanFile::of(&plan, file.view.clone());
    written.unknown.clone_from(&file.unknown);
    written.write(out).map_err(CliError::failure)?;
    if found.registration.verdict.doubt().is_some() {
        warn_line(found.registration.verdict.sentence());
    }
    Ok(())
}
