//! Structured reports and markups opened as plans: our own come back as they were, others as far
//! as they hold points and lines.

use std::path::{Path, PathBuf};

use super::AppState;
use super::job::{Job, JobEvent};
use super::notice::Severity;
use crate::dicom::read_sr::read_sr;
use crate::export::imported::{ImportedNeedle, ImportedPlan};
use crate::export::markups::import_markups;
use crate::export::quantity::Quantity;
use crate::export::sr::import_sr;
use crate::plan::measurement::LONGEST_TEXT;
use crate::plan::{
    Intent, Measurement, MeasurementKind, Plan, PlanEdit, ProcedureLibrary, SeriesBinding,
};
use crate::study::{FrameOfReferenceUid, SeriesUid};

/// A difference of radii that a person would not have meant, mm.
const SAME_RADIUS_MM: f64 = 1e-6;

type Reading = Job<(), Result<ImportedPlan, String>>;

/// The file being read.
#[derive(Default)]
pub struct PlanImport {
    job: Option<(PathBuf, Reading)>,
}

impl PlanImport {
    /// Whether a file is being read.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }
}

fn is_markups(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.to_lowercase().ends_with(".mrk.json")
}

/// Whether a file that is opened as a plan is one of another format.
pub(super) fn is_foreign(path: &Path) -> bool {
    is_markups(path)
        || !path
            .extension()
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
}

impl AppState {
    /// Reads a report or markups in the background; the plan takes the place of the present one.
    pub(super) fn open_foreign(&mut self, path: &Path) {
        let frame = self
            .stage_binding()
            .and_then(|open| open.frame_of_reference_uid);
        let from = path.to_owned();
        let job = Job::spawn("plan", super::shared(&self.waker), move |_| {
            if is_markups(&from) {
                return import_markups(&from).map_err(|error| error.to_string());
            }
            let report = read_sr(&from).map_err(|error| error.to_string())?;
            Ok(import_sr(&report, frame.as_ref()))
        });
        match job {
            Ok(job) => self.plan_import.job = Some((path.to_owned(), job)),
            Err(error) => self
                .notices
                .add(Severity::Error, format!("Not opened: {error}")),
        }
    }

    /// Hears what the reading says.
    pub(super) fn poll_plan_import(&mut self) {
        let Some((path, job)) = &self.plan_import.job else {
            return;
        };
        let path = path.clone();
        for event in job.poll() {
            let result = match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(result) => result,
                JobEvent::Died(text) => Err(text),
            };
            self.plan_import.job = None;
            let taken = result.and_then(|imported| self.take_imported(imported, &path));
            if let Err(reason) = taken {
                let text = format!("Not opened as a plan: {reason}\nFile: {}", path.display());
                self.notices.add(Severity::Error, text);
            }
            return;
        }
    }

    fn take_imported(&mut self, imported: ImportedPlan, path: &Path) -> Result<(), String> {
        let left_out = imported.left_out.join("; ");
        let frame = imported.frame_of_reference.clone();
        let own = imported.own;
        let plan = plan_of(imported, self.library);
        if plan.is_empty() {
            return Err(match left_out.as_str() {
                "" => "it holds no point and no line".to_owned(),
                left_out => format!("nothing of it can be used: {left_out}"),
            });
        }
        let binding = binding(self.stage_binding(), frame)?;
        let unsure = binding.is_none() || is_markups(path);
        self.replace_by_imported(plan, binding);
        let plan = self.plan();
        let counted = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let text = format!(
            "Opened {} as a new plan: {}, {}{}",
            path.display(),
            counted(plan.trajectories.len(), "needle"),
            counted(plan.measurements.len(), "measurement or mark"),
            if own { "" } else { "; Stylet did not write it" }
        );
        self.notices.add(Severity::Info, text);
        if unsure {
            self.notices.add(
                Severity::Warning,
                "The file names no images: check on them that the needles lie where they should",
            );
        }
        if !left_out.is_empty() {
            self.notices
                .add(Severity::Warning, format!("Left in the file: {left_out}"));
        }
        Ok(())
    }
}

/// The plan with what the file says of its needles, and its single points as marks.
fn plan_of(imported: ImportedPlan, library: &ProcedureLibrary) -> Plan {
    let ImportedPlan {
        mut plan,
        needles,
        marks,
        ..
    } = imported;
    for needle in &needles {
        for edit in edits_of(needle, library) {
            // What the plan refuses of a file stays away; ends and name are there already.
            plan.apply(&edit).ok();
        }
    }
    for mark in marks {
        let id = plan.next_measurement_id();
        let point = Measurement {
            text: mark.name.chars().take(LONGEST_TEXT).collect(),
            ..Measurement::new(id, MeasurementKind::Point, vec![mark.point])
        };
        plan.apply(&PlanEdit::AddMeasurement(point)).ok();
    }
    plan
}

fn edits_of(needle: &ImportedNeedle, library: &ProcedureLibrary) -> Vec<PlanEdit> {
    let id = needle.id;
    let mut edits = Vec::new();
    if let Some(procedure) = &needle.procedure {
        let intent = Intent {
            procedure: procedure.id.clone(),
            level: needle.level,
            side: needle.side,
        };
        let intent = Some(intent);
        edits.push(PlanEdit::SetIntent { id, intent });
    }
    let radius =
        |one: &&crate::export::quantity::NamedQuantity| one.quantity == Quantity::TargetRadius;
    let usual = needle
        .procedure
        .as_ref()
        .and_then(|procedure| library.find(&procedure.id)?.target.radius_mm)
        .unwrap_or(crate::assess::audit::DEFAULT_TARGET_RADIUS_MM);
    if let Some(found) = needle.quantities.iter().find(radius)
        && (found.value - usual).abs() > SAME_RADIUS_MM
    {
        let radius_mm = Some(found.value);
        edits.push(PlanEdit::SetTargetRadius { id, radius_mm });
    }
    edits
}

/// What the plan is bound to: the open images where they share the file's frame of reference, else
/// that frame of reference alone.
///
/// # Errors
/// The open images are in another one.
fn binding(
    open: Option<SeriesBinding>,
    frame: Option<FrameOfReferenceUid>,
) -> Result<Option<SeriesBinding>, String> {
    match (open, frame) {
        (Some(open), None) => Ok(Some(open)),
        (Some(open), Some(frame)) if open.frame_of_reference_uid.as_ref() == Some(&frame) => {
            Ok(Some(open))
        }
        (Some(open), Some(frame)) => {
            let here = open.frame_of_reference_uid;
            let here = here.map_or_else(|| "none".to_owned(), |uid| uid.to_string());
            Err(format!(
                "its points lie in frame of reference {frame}, the open images in {here}; open \
                 the images it was made on first"
            ))
        }
        (None, Some(frame)) => Ok(Some(SeriesBinding {
            series_instance_uid: SeriesUid::new(""),
            frame_of_reference_uid: Some(frame),
            geometry_sha256: String::new(),
        })),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Fit;

    fn open(frame: Option<&str>) -> SeriesBinding {
        SeriesBinding {
            series_instance_uid: SeriesUid::new("1.1"),
            frame_of_reference_uid: frame.map(FrameOfReferenceUid::new),
            geometry_sha256: "a".to_owned(),
        }
    }

    #[test]
    fn the_frame_of_reference_decides_what_a_report_belongs_to() {
        let frame = || Some(FrameOfReferenceUid::new("9"));
        let same = binding(Some(open(Some("9"))), frame()).unwrap();
        assert_eq!(same, Some(open(Some("9"))));
        for other in [open(Some("8")), open(None)] {
            let refused = binding(Some(other), frame()).unwrap_err();
            assert!(refused.contains("reference 9"), "{refused}");
        }
        // Opened before its images, it fits them later, and no others.
        let alone = binding(None, frame()).unwrap().unwrap();
        assert_eq!(alone.fit(&open(Some("9"))), Fit::SameFrameOfReference);
        assert_eq!(alone.fit(&open(Some("8"))), Fit::Different);
        assert_eq!(alone.fit(&open(None)), Fit::Different);
    }

    #[test]
    fn a_plan_is_told_from_reports_and_markups_by_its_name() {
        for (name, foreign) in [
            ("a.stylet.json", false),
            ("a.JSON", false),
            ("a.mrk.json", true),
            ("A.MRK.JSON", true),
            ("sr.dcm", true),
            ("IM0001", true),
        ] {
            assert_eq!(is_foreign(Path::new(name)), foreign, "{name}");
        }
    }
}
