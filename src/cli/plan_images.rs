//! The images and structures that a plan is read on without a window.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CliError, load_with_warnings, warn_line};
use crate::app::structure_drawing::drawn_mask;
use crate::app::structure_stage::REACH_MM;
use crate::assess::MeasuredStructure;
use crate::budget::Reservation;
use crate::dicom;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, Known, Plan, SeriesBinding};
use crate::study::{Catalog, Series, SeriesUid, SourcePath, Study};
use crate::volume::Volume;
use crate::volume::structure::read::{self, Planning, structure_files};
use crate::volume::structure::{DistanceField, Structure};

/// The images a plan lies on.
pub struct PlanImages {
    /// Voxels.
    pub volume: Arc<Volume>,
    /// Their series.
    pub series: Arc<Series>,
    /// Which of its stacks.
    pub stack: usize,
    /// Its study, with the structures in it.
    pub study: Study,
}

/// A series and which of its stacks.
type Chosen<'a> = (&'a Arc<Series>, usize);

/// The images a plan is read on: its own series, else one of its frame of reference, else – for a
/// plan that names none – the largest volume.
pub fn plan_images(plan: &Plan, study: &Path) -> Result<PlanImages, CliError> {
    let report = dicom::scan(&[study.to_owned()], &|_, _| ControlFlow::Continue(()))
        .map_err(CliError::failure)?;
    let catalog = &report.catalog;
    let chosen = of_plan(catalog, plan, &|_| true)
        .or_else(|| catalog.largest_volume())
        .ok_or_else(|| {
            CliError::Failure(format!(
                "No volume in {}: give the folder of the CT or MR series",
                study.display()
            ))
        })?;
    let images = loaded(catalog, chosen)?;
    check_fit(plan, &images.volume)?;
    if plan.series.is_none() {
        warn_line(
            "the plan does not say which images it was drawn on; the largest volume is taken",
        );
    }
    Ok(images)
}

/// The CT that is projected: the series that is asked for, else that of the plan, else a CT of its
/// frame of reference, else the largest CT. Where there is none, what is there, for the caller to
/// refuse by its modality.
///
/// # Errors
/// There is no such volume, it cannot be read, or positions of the plan mean nothing in it.
pub fn ct_images(
    path: &Path,
    series: Option<&str>,
    plan: Option<&Plan>,
) -> Result<PlanImages, CliError> {
    let report = dicom::scan(&[path.to_owned()], &|_, _| ControlFlow::Continue(()))
        .map_err(CliError::failure)?;
    let catalog = &report.catalog;
    let is_ct = |series: &Series| series.modality == "CT";
    let bound = |wanted: &dyn Fn(&Series) -> bool| of_plan(catalog, plan?, wanted);
    let chosen = match series {
        Some(uid) => catalog
            .find_series(&SeriesUid::new(uid))
            .and_then(|(_, series)| Some((series, series.largest_volume()?.0)))
            .ok_or_else(|| CliError::Failure(format!("No volume of series {uid} was found")))?,
        None => bound(&is_ct)
            .or_else(|| bound(&|_| true))
            .or_else(|| largest(catalog, &is_ct))
            .or_else(|| catalog.largest_volume())
            .ok_or_else(|| {
                CliError::Failure(format!(
                    "No volume in {}: give the folder of the CT; `stylet scan` lists what there is",
                    path.display()
                ))
            })?,
    };
    let images = loaded(catalog, chosen)?;
    if let Some(plan) = plan {
        check_fit(plan, &images.volume)?;
        if plan.series.is_none() && series.is_none() {
            warn_line(
                "the plan does not say which images it was drawn on; the largest CT is taken",
            );
        }
    }
    Ok(images)
}

/// The series a plan is bound to where it is wanted, else the largest wanted volume of its frame of
/// reference: not a thick reformat or a few slices of it.
fn of_plan<'a>(
    catalog: &'a Catalog,
    plan: &Plan,
    wanted: &dyn Fn(&Series) -> bool,
) -> Option<Chosen<'a>> {
    let bound = plan.series.as_ref()?;
    let frame = bound.frame_of_reference_uid.as_ref();
    let in_frame = |series: &Series| {
        let mut instances = series.instances.iter();
        frame.is_some() && instances.any(|one| one.frame_of_reference.as_ref() == frame)
    };
    let volume = |series: &'a Arc<Series>| {
        let mut stacks = series.stacks.iter();
        let stack = stacks.position(|stack| stack.geometry.is_some())?;
        Some((series, stack))
    };
    let all = || {
        let series = catalog.series().map(|(_, series)| series);
        series.filter(move |series| wanted(series))
    };
    let mut own = all().filter(|series| series.uid == bound.series_instance_uid);
    own.find_map(volume)
        .or_else(|| largest(catalog, &|series| wanted(series) && in_frame(series)))
}

/// The volume with the most voxels of the series that are wanted, the first of equals.
fn largest<'a>(catalog: &'a Catalog, wanted: &dyn Fn(&Series) -> bool) -> Option<Chosen<'a>> {
    catalog
        .series()
        .map(|(_, series)| series)
        .filter(|series| wanted(series))
        .filter_map(|series| Some((series, series.largest_volume()?)))
        .reduce(|best, next| if next.1.1 > best.1.1 { next } else { best })
        .map(|(series, (stack, _))| (series, stack))
}

fn loaded(catalog: &Catalog, (series, stack): Chosen<'_>) -> Result<PlanImages, CliError> {
    let volume = load_with_warnings(series, stack)?;
    let (study, series) = catalog
        .find_series(&series.uid)
        .ok_or_else(|| CliError::Failure("The series is in no study".to_owned()))?;
    Ok(PlanImages {
        volume: Arc::new(volume),
        series: Arc::clone(series),
        study: study.clone(),
        stack,
    })
}

/// Refuses images that positions of the plan mean nothing on, and warns where they are not the very
/// ones it was drawn on.
fn check_fit(plan: &Plan, volume: &Volume) -> Result<(), CliError> {
    let Some(bound) = &plan.series else {
        return Ok(());
    };
    let open = SeriesBinding {
        series_instance_uid: volume.series.clone(),
        frame_of_reference_uid: volume.frame_of_reference.clone(),
        geometry_sha256: geometry_hash(volume.size, &volume.geometry),
    };
    match bound.fit(&open) {
        Fit::Different => {
            return Err(CliError::Failure(format!(
                "The plan was drawn on other images (series {}), its positions mean nothing on \
                 series {}; give its own images",
                bound.series_instance_uid, open.series_instance_uid
            )));
        }
        Fit::SameFrameOfReference => warn_line(
            "the plan was drawn on another series of the same examination; positions hold, values \
             may differ",
        ),
        Fit::ChangedGeometry => {
            warn_line("the slices of this series have changed since the plan was drawn");
        }
        Fit::SameSeries | Fit::Unbound => {}
    }
    Ok(())
}

/// Structures of a plan without their distances.
pub struct PlanMasks {
    /// All, those of files first.
    pub structures: Vec<Structure>,
    /// What a person must know of them, a sentence each.
    pub warnings: Vec<String>,
    /// Memory of the masks.
    booked: Vec<Reservation>,
}

/// Structures of a plan with their distances.
pub struct PlanStructures {
    /// All, those of files first.
    pub measured: Vec<MeasuredStructure>,
    /// What a person must know of them, a sentence each.
    pub warnings: Vec<String>,
    /// Memory of the masks.
    _booked: Vec<Reservation>,
}

/// Structures of the study in the frame of reference of the images, of the files the plan
/// remembers, of `given` files, and those drawn by hand, with their distances.
///
/// # Errors
/// See [`plan_masks`].
pub fn plan_structures(
    plan: &Plan,
    images: &PlanImages,
    given: &[PathBuf],
) -> Result<PlanStructures, CliError> {
    let masks = plan_masks(plan, images, given)?;
    Ok(PlanStructures {
        measured: masks.structures.into_iter().map(measured).collect(),
        warnings: masks.warnings,
        _booked: masks.booked,
    })
}

/// The same without the distances.
///
/// # Errors
/// A file that was given, or that the plan names, cannot be read: what was to be kept clear of
/// would silently be missing. What cannot be read of the study is a warning.
pub fn plan_masks(
    plan: &Plan,
    images: &PlanImages,
    given: &[PathBuf],
) -> Result<PlanMasks, CliError> {
    let volume = &images.volume;
    let planning = Planning::of(volume)
        .ok_or_else(|| CliError::Failure("The images have no grid for structures".to_owned()))?;
    let mut files: Vec<(SourcePath, bool)> = Vec::new();
    let named = plan.structure_files.iter().map(PathBuf::from);
    for path in named.chain(given.iter().cloned()) {
        add_file(&mut files, (path.into(), true));
    }
    for file in structure_files(&images.study) {
        let frame = file.frame_of_reference.as_ref();
        if frame.is_some() && frame == volume.frame_of_reference.as_ref() {
            add_file(&mut files, (file.path, false));
        }
    }
    let mut found: Vec<Structure> = Vec::new();
    let (mut warnings, mut booked) = (Vec::new(), Vec::new());
    for (path, must) in &files {
        match read::read(path, &planning, &|| false) {
            Ok(loaded) => {
                found.extend(loaded.structures);
                warnings.extend(loaded.warnings);
                booked.push(loaded.booked);
            }
            Err(error) if *must => return Err(CliError::failure(error)),
            Err(error) => warnings.push(error.to_string()),
        }
    }
    for drawn in &plan.structures {
        match drawn_mask(drawn, volume, &|| false) {
            Ok(structure) => found.push(structure),
            Err(reason) => {
                return Err(CliError::Failure(format!(
                    "The drawn structure {:?} cannot be made: {reason}",
                    drawn.name
                )));
            }
        }
    }
    for warning in &warnings {
        warn_line(warning);
    }
    Ok(PlanMasks {
        structures: found,
        warnings,
        booked,
    })
}

/// Adds a file unless the same one is there.
fn add_file(files: &mut Vec<(SourcePath, bool)>, file: (SourcePath, bool)) {
    let real = |path: &SourcePath| std::fs::canonicalize(path.as_ref()).ok();
    let same = |there: &(SourcePath, bool)| {
        there.0 == file.0 || real(&there.0).is_some_and(|path| real(&file.0) == Some(path))
    };
    if !files.iter().any(same) {
        files.push(file);
    }
}

fn measured(structure: Structure) -> MeasuredStructure {
    let field: Known<Arc<DistanceField>> = if structure.mask.count() == 0 {
        Err("The structure has no voxels".to_owned())
    } else {
        DistanceField::new(Arc::clone(&structure.mask), REACH_MM, &|| false)
            .map(Arc::new)
            .map_err(|error| error.to_string())
    };
    MeasuredStructure {
        structure: Arc::new(structure),
        field,
    }
}
