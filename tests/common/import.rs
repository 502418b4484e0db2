//! Imports hand-made files and looks at what they became. Shared by tests.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "not every user needs every part, and tests may panic"
)]

use std::ops::ControlFlow;

use stylet::dicom::{ImportReport, scan};
use stylet::study::{Series, Stack, WarningCode};
use tempfile::TempDir;

use crate::dicom_file::DicomFile;

pub fn folder(files: &[DicomFile]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (index, file) in files.iter().enumerate() {
        // Names in no relation to positions.
        file.write(dir.path(), &format!("{:03}.dcm", index * 7 % 101));
    }
    dir
}

pub fn import(dir: &TempDir) -> ImportReport {
    scan(&[dir.path().to_owned()], &|_, _| ControlFlow::Continue(())).unwrap()
}

pub fn only_series(report: &ImportReport) -> &Series {
    assert_eq!(report.catalog.series().count(), 1, "{:?}", report.rejected);
    report.catalog.series().next().unwrap().1
}

pub fn only_stack(report: &ImportReport) -> &Stack {
    let series = only_series(report);
    assert_eq!(series.stacks.len(), 1);
    &series.stacks[0]
}

pub fn codes(stack: &Stack) -> Vec<WarningCode> {
    stack.warnings.iter().map(|warning| warning.code).collect()
}
