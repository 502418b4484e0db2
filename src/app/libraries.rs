//! Needles and procedures to choose from: those of the program, and a person's own over them.

use super::notice::{Notices, Severity};
use super::settings::Folders;
use crate::plan::{CArmLibrary, NeedleCatalogue, ProcedureLibrary};

/// The needle catalogue and the procedure library; what is wrong with own files becomes notices.
///
/// Own files are `needles.toml` and `procedures/*.toml` in the settings folder. They are read once
/// and kept until the program ends.
pub(super) fn load(
    folders: &Folders,
    notices: &mut Notices,
) -> (&'static NeedleCatalogue, &'static ProcedureLibrary) {
    let mut problems = Vec::new();
    let own_needles = folders.config.join("needles.toml");
    let catalogue = if own_needles.is_file() {
        let (catalogue, found) = NeedleCatalogue::with_file(&own_needles);
        problems.extend(found);
        &*Box::leak(Box::new(catalogue))
    } else {
        NeedleCatalogue::builtin()
    };
    let own_procedures = folders.config.join("procedures");
    let library = if own_procedures.is_dir() {
        let (library, found) = ProcedureLibrary::with_folder(&own_procedures, catalogue);
        problems.extend(found);
        &*Box::leak(Box::new(library))
    } else {
        ProcedureLibrary::builtin()
    };
    for problem in problems {
        notices.add(Severity::Warning, problem.to_string());
    }
    (catalogue, library)
}

/// The C-arms of the program with `carms/*.toml` of the settings folder over them; what is wrong
/// with own files becomes notices.
pub(super) fn carms(folders: &Folders, notices: &mut Notices) -> CArmLibrary {
    let (carms, problems) = CArmLibrary::with_folder(&folders.config.join("carms"));
    for problem in problems {
        notices.add(Severity::Warning, problem.to_string());
    }
    carms
}
