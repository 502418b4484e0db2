//! `stylet scan`: what is in files and folders, as text or JSON.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{CliError, print_json, print_line};
use crate::dicom::{self, ImportReport, Rejected};
use crate::geometry::PatientPosition;
use crate::study::{FrameOfReferenceUid, ObjectKind, OtherObject, Series, Stack, Study};

/// Arguments of `stylet scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files, folders, discs (DICOMDIR) and zip archives to look at; folders and archives are
    /// searched with everything in them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print JSON with all geometry instead of a table.
    #[arg(long)]
    json: bool,
}

/// Lists studies, series, stacks and other objects, and what was left out and why.
pub fn run(args: &ScanArgs) -> Result<(), CliError> {
    let report =
        dicom::scan(&args.paths, &|_, _| ControlFlow::Continue(())).map_err(CliError::failure)?;
    if args.json {
        print_json(&report_json(&report))?;
    } else {
        print_line(report_text(&report).trim_end())?;
    }
    if report.catalog.series().next().is_none() {
        return Err(CliError::Failure(
            "No image could be read; what there is instead, or why, is listed.".to_owned(),
        ));
    }
    Ok(())
}

fn report_json(report: &ImportReport) -> Value {
    json!({
        "studies": report.catalog.studies.iter().map(study_json).collect::<Vec<_>>(),
        "rejected": report
            .rejected
            .iter()
            .map(rejected_json)
            .collect::<Vec<_>>(),
    })
}

/// Paths as shown: file names need not be UTF-8, JSON must be.
fn rejected_json(rejected: &Rejected) -> Value {
    json!({
        "path": rejected.path.display().to_string(),
        "disposition": Rejected::DISPOSITION.word(),
        "reason": rejected.reason,
    })
}

/// `null` for what the header does not say.
fn known(text: &str) -> Value {
    match text {
        "" => Value::Null,
        text => json!(text),
    }
}

fn study_json(study: &Study) -> Value {
    json!({
        "study_instance_uid": study.uid,
        "date": known(&study.date),
        "description": known(&study.description),
        "patient": {
            "name": known(&study.patient.name),
            "id": known(&study.patient.id),
        },
        "series": study.series.iter().map(|series| series_json(series)).collect::<Vec<_>>(),
        "objects": study.objects.iter().map(object_json).collect::<Vec<_>>(),
    })
}

fn object_json(object: &OtherObject) -> Value {
    json!({
        "kind": object.kind.word(),
        "type": object.type_name,
        "title": known(&object.title),
        "sop_class_uid": object.sop_class,
        "sop_instance_uid": object.uid,
        "series_instance_uid": object.series_uid,
        "modality": known(&object.modality),
        "number": object.series_number,
        "description": known(&object.series_description),
        "frame_of_reference_uid": object.frame_of_reference,
        "referenced_series": object.referenced_series,
        "path": object.path.display().to_string(),
    })
}

fn series_json(series: &Series) -> Value {
    json!({
        "series_instance_uid": series.uid,
        "modality": known(&series.modality),
        "number": series.number,
        "description": known(&series.description),
        "object": series.object_kind().map(ObjectKind::name),
        "instances": series.instances.len(),
        "frames": series.frame_count(),
        "transfer_syntaxes": series.transfer_syntaxes(),
        "patient_position": series.patient_position.map(PatientPosition::code),
        "stacks": series
            .stacks
            .iter()
            .map(|stack| stack_json(series, stack))
            .collect::<Vec<_>>(),
    })
}

fn stack_json(series: &Series, stack: &Stack) -> Value {
    let (spacing, origin, directions) = placement(series, stack);
    json!({
        "kind": stack.kind.word(),
        "name": known(&stack.name),
        "frames": stack.frames.len(),
        "rows": stack.rows,
        "columns": stack.columns,
        "spacing_mm": spacing,
        "origin_lps_mm": origin,
        "directions": directions,
        "grid_slices": stack.geometry.as_ref().map(|grid| grid.slices),
        "frame_of_reference_uid": frame_of_reference(series, stack),
        "warnings": stack
            .warnings
            .iter()
            .map(|warning| {
                json!({
                    "code": warning.code.word(),
                    "disposition": warning.code.disposition().word(),
                    "message": warning.message,
                })
            })
            .collect::<Vec<_>>(),
    })
}

/// Frame of reference that the positions of a stack are given in.
fn frame_of_reference<'a>(series: &'a Series, stack: &Stack) -> Option<&'a FrameOfReferenceUid> {
    let first = stack.frames.first()?;
    let instance = series.instances.get(first.instance)?;
    instance.frame_of_reference.as_ref()
}

/// Spacing, origin and directions of a volume, or of the only picture of a stack.
fn placement(series: &Series, stack: &Stack) -> (Value, Value, Value) {
    if let Some(grid) = &stack.geometry {
        return (
            json!(grid.spacing_mm),
            json!(grid.origin),
            json!([
                grid.column_direction,
                grid.row_direction,
                grid.slice_direction
            ]),
        );
    }
    let only = match &stack.frames[..] {
        [at] => series
            .instances
            .get(at.instance)
            .and_then(|instance| instance.frames.get(at.frame))
            .and_then(|frame| frame.plane),
        _ => None,
    };
    match only {
        Some(plane) => (
            json!([plane.column_spacing_mm, plane.row_spacing_mm, null]),
            json!(plane.position),
            json!([plane.column_direction, plane.row_direction, plane.normal()]),
        ),
        None => (Value::Null, Value::Null, Value::Null),
    }
}

fn report_text(report: &ImportReport) -> String {
    let mut text = String::new();
    for study in &report.catalog.studies {
        let _ = writeln!(
            text,
            "Study {} {} {}",
            study.date, study.description, study.uid
        );
        for series in &study.series {
            let _ = writeln!(
                text,
                "  {} {}{} [{}] {} files, {} frames",
                series.modality,
                series.title(),
                object_note(series),
                series.uid,
                series.instances.len(),
                series.frame_count()
            );
            for stack in &series.stacks {
                stack_text(&mut text, stack);
            }
        }
        for object in &study.objects {
            object_text(&mut text, object);
        }
    }
    if !report.rejected.is_empty() {
        let _ = writeln!(text, "{}", Rejected::DISPOSITION.title());
        for rejected in &report.rejected {
            let _ = writeln!(text, "  {}: {}", rejected.path.display(), rejected.reason);
        }
    }
    text
}

/// What a series is, where its pixels are not a plain image.
fn object_note(series: &Series) -> String {
    series
        .object_kind()
        .map(|kind| format!(" ({})", kind.name()))
        .unwrap_or_default()
}

fn object_text(text: &mut String, object: &OtherObject) {
    let number = object
        .series_number
        .map(|number| format!("{number} · "))
        .unwrap_or_default();
    let title = match object.list_title() {
        title if title == object.type_name => String::new(),
        title => format!(" \"{title}\""),
    };
    let _ = writeln!(
        text,
        "  {} {number}{}{title} [{}] listed only: {}",
        object.modality,
        object.type_name,
        object.series_uid,
        object.path.display()
    );
}

fn stack_text(text: &mut String, stack: &Stack) {
    let _ = write!(
        text,
        "    {:<6} {:>4} × {} × {}",
        stack.kind.word(),
        stack.columns,
        stack.rows,
        stack.frames.len()
    );
    if let Some(grid) = &stack.geometry {
        let [column, row, slice] = grid.spacing_mm;
        let _ = write!(text, "  {column:.3} × {row:.3} × {slice:.3} mm");
    }
    let _ = writeln!(text, "  {}", stack.name);
    for warning in &stack.warnings {
        let _ = writeln!(
            text,
            "           ! {} ({})",
            warning.sentence(),
            warning.code.word()
        );
    }
}
