//! Folders with what is neither a file nor a folder, and what cannot be read.

use std::ops::ControlFlow;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use stylet::dicom::scan;

use crate::case::image;

/// Reasons for what was left out of a folder with one good file, without the path.
fn reasons(folder: &Path) -> Vec<String> {
    image().write(folder, "good.dcm");
    let report = scan(&[folder.to_owned()], &|_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.catalog.series().count(), 1, "the good file");
    let text = |reason: &str| reason.replace(&folder.display().to_string(), "FOLDER");
    report
        .rejected
        .iter()
        .map(|rejected| text(&rejected.reason))
        .collect()
}

#[test]
fn links_that_lead_back_or_nowhere_are_named() {
    let folder = tempfile::tempdir().unwrap();
    symlink(folder.path(), folder.path().join("back")).unwrap();
    symlink("nowhere", folder.path().join("dangling")).unwrap();
    symlink("self", folder.path().join("self")).unwrap();
    assert_eq!(
        reasons(folder.path()),
        [
            "a symbolic link that leads back to FOLDER; not followed",
            "cannot be read: No such file or directory (os error 2)",
            "cannot be read: Too many levels of symbolic links (os error 40)",
        ]
    );
}

#[test]
fn a_named_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .is_ok_and(|status| status.success())
    {
        println!("SKIPPED: no mkfifo here");
        return;
    }
    assert_eq!(
        reasons(folder.path()),
        [
            "cannot be read: it is not a regular file; check the disc or the network, then copy it again"
        ]
    );
}

#[test]
fn what_may_not_be_read_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    image().write(&closed, "inside.dcm");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let readable = std::fs::read_dir(&closed).is_ok();
    if !readable {
        assert_eq!(
            reasons(folder.path()),
            ["cannot be read: Permission denied (os error 13)"]
        );
    }
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    if readable {
        println!("SKIPPED: this user may read everything");
    }
}
