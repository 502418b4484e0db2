//! All procedures: those that come with the program, and a site's own over them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, io};

use super::shared::{self, SharedRules};
use super::{Procedure, read};
use crate::plan::NeedleCatalogue;
use crate::plan::toml_reader::{FileProblem, read_text};

/// Most files that are read from one folder.
const MOST_FILES: usize = 1000;

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../assets/procedures/", $name)))),+]
    };
}

/// The files of `assets/procedures`, in the order of the clinical reference sheet.
pub(super) const FILES: [(&str, &str); 27] = embedded![
    "interlaminar.toml",
    "transforaminal-supraneural.toml",
    "transforaminal-infraneural.toml",
    "transforaminal-s1.toml",
    "caudal.toml",
    "selective-nerve-root-block.toml",
    "facet-joint.toml",
    "medial-branch-block.toml",
    "medial-branch-rf.toml",
    "medial-branch-rf-cooled.toml",
    "sacral-lateral-branch-rf-cooled.toml",
    "sacroiliac-joint.toml",
    "lumbar-sympathetic.toml",
    "celiac-plexus.toml",
    "splanchnic-nerve.toml",
    "superior-hypogastric-plexus.toml",
    "discography.toml",
    "disc-decompression.toml",
    "transforaminal-endoscopic-discectomy.toml",
    "vertebroplasty.toml",
    "bone-tumour-rf.toml",
    "pedicle-screw.toml",
    "interspinous-device.toml",
    "spinal-cord-stimulation.toml",
    "intrathecal-catheter.toml",
    "cervical-note.toml",
    "basivertebral-nerve.toml",
];

const SHARED: &str = include_str!("../../../assets/procedures/shared.toml");

/// All procedures and what they share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcedureLibrary {
    /// In the order of the sheet, a site's own new ones last.
    pub procedures: Vec<Procedure>,
    /// What holds for all.
    pub shared: SharedRules,
}

impl ProcedureLibrary {
    /// The procedures that come with the program.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<ProcedureLibrary> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let (library, problems) = Self::embedded();
            // A test holds the embedded files readable; a broken build still plans, without.
            for problem in problems {
                log::error!("{problem}");
            }
            library
        })
    }

    pub(super) fn embedded() -> (Self, Vec<FileProblem>) {
        let mut library = Self::default();
        let mut problems = Vec::new();
        for (file, text) in FILES {
            match read::procedure(file, text, NeedleCatalogue::builtin()) {
                Ok(procedure) => library.procedures.push(procedure),
                Err(faults) => problems.extend(faults),
            }
        }
        match SharedRules::parse(shared::FILE_NAME, SHARED) {
            Ok(rules) => library.shared = rules,
            Err(faults) => problems.extend(faults),
        }
        (library, problems)
    }

    /// The procedures of the program with those of a folder (`*.toml`) over them by id, and what
    /// was refused there. A refused file changes nothing; a missing folder is an empty one.
    pub fn with_folder(folder: &Path, needles: &NeedleCatalogue) -> (Self, Vec<FileProblem>) {
        let mut library = Self::builtin().clone();
        let mut problems = Vec::new();
        let mut own: Vec<String> = Vec::new();
        for path in toml_files(folder, &mut problems) {
            let shown = path.display().to_string();
            let text = match read_text(&path) {
                Ok(text) => text,
                Err(reason) => {
                    problems.push(whole_file(shown, reason));
                    continue;
                }
            };
            if path
                .file_name()
                .is_some_and(|name| name == shared::FILE_NAME)
            {
                match SharedRules::parse(&shown, &text) {
                    Ok(rules) => library.shared = library.shared.overridden_by(rules),
                    Err(faults) => problems.extend(faults),
                }
                continue;
            }
            match read::procedure(&shown, &text, needles) {
                Ok(procedure) if own.contains(&procedure.id) => {
                    let reason = format!("Another file before it has the id {:?}", procedure.id);
                    problems.push(whole_file(shown, reason));
                }
                Ok(procedure) => {
                    own.push(procedure.id.clone());
                    library.put(procedure);
                }
                Err(faults) => problems.extend(faults),
            }
        }
        (library, problems)
    }

    fn put(&mut self, procedure: Procedure) {
        match self
            .procedures
            .iter_mut()
            .find(|there| there.id == procedure.id)
        {
            Some(there) => *there = procedure,
            None => self.procedures.push(procedure),
        }
    }

    /// The procedure of an id.
    pub fn find(&self, id: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|procedure| procedure.id == id)
    }
}

pub(in crate::plan) fn whole_file(file: String, reason: String) -> FileProblem {
    FileProblem {
        file,
        line: None,
        reason,
    }
}

/// The `*.toml` of a folder in the order of their names.
pub(in crate::plan) fn toml_files(folder: &Path, problems: &mut Vec<FileProblem>) -> Vec<PathBuf> {
    let shown = folder.display().to_string();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(whole_file(
                shown,
                format!("Cannot read the folder: {error}"),
            ));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "toml"))
        .take(MOST_FILES + 1)
        .collect();
    if files.len() > MOST_FILES {
        let reason = format!("More than {MOST_FILES} files; none is read");
        problems.push(whole_file(shown, reason));
        files.clear();
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::toml_reader::LARGEST_BYTES;

    fn own(files: &[(&str, String)]) -> (ProcedureLibrary, Vec<FileProblem>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        ProcedureLibrary::with_folder(folder.path(), NeedleCatalogue::builtin())
    }

    fn builtin_text(name: &str) -> String {
        let file = FILES.iter().find(|(file, _)| *file == name).unwrap();
        file.1.to_owned()
    }

    #[test]
    fn every_file_of_the_folder_is_embedded_and_reads() {
        let (library, problems) = ProcedureLibrary::embedded();
        assert_eq!(problems, []);
        assert_eq!(&library, ProcedureLibrary::builtin());
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/procedures");
        let there = toml_files(&assets, &mut Vec::new());
        assert_eq!(there.len(), FILES.len() + 1);
        for path in there {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let known = name == shared::FILE_NAME || FILES.iter().any(|(file, _)| *file == name);
            assert!(known, "{name}");
        }
        for ((file, _), procedure) in FILES.iter().zip(&library.procedures) {
            assert_eq!(*file, format!("{}.toml", procedure.id));
        }
        assert!(library.shared.margins.len() > 10);
    }

    #[test]
    fn an_own_file_stands_in_place_of_ours() {
        let changed = builtin_text("caudal.toml").replacen("title = \"", "title = \"Our ", 1);
        let new = changed.replacen("id = \"caudal\"", "id = \"own\"", 1);
        let (library, problems) = own(&[("a.toml", changed), ("b.toml", new)]);
        assert_eq!(problems, []);
        let ours = ProcedureLibrary::builtin();
        assert_eq!(library.procedures.len(), ours.procedures.len() + 1);
        assert!(library.find("caudal").unwrap().title.starts_with("Our "));
        assert_eq!(library.procedures.last().unwrap().id, "own");
    }

    #[test]
    fn a_bad_file_is_refused_by_line_and_the_rest_load() {
        let good = builtin_text("caudal.toml").replacen("\"caudal\"", "\"own\"", 1);
        let spoil = |from: &str, to: &str| {
            let text = builtin_text("transforaminal-supraneural.toml");
            assert!(text.contains(from), "{from}");
            let line = 1 + text.split(from).next().unwrap().matches('\n').count();
            (text.replacen(from, to, 1), line)
        };
        for (from, to, reason) in [
            ("depth_mm =", "depth_cm =", "write depth_mm"),
            ("{ min = 20,", "{ min = 200,", "within -90 and 90"),
            ("{ min = 20, max = 30", "{ min = 30, max = 20", "above max"),
            (
                "{ min = 45, max = 80",
                "{ min = -45, max = 80",
                "within 0 and 500",
            ),
            ("\"quincke-22g-90\"", "\"quincke-22g-91\"", "no needle"),
            ("kind = \"nerve_root\"", "kind = \"nerve_rot\"", "no kind"),
            ("\"L1-L2\", ", "\"L1-L3\", ", "no spinal level"),
            ("laterality = ", "latrality = ", "no key"),
            ("source = \"P3\"", "source = \"Q3\"", "no mark"),
            ("title = ", "title ", ""),
        ] {
            let (text, line) = spoil(from, to);
            let files = [("bad.toml", text), ("good.toml", good.clone())];
            let (library, problems) = own(&files);
            let told = problems
                .iter()
                .any(|problem| problem.line == Some(line) && problem.reason.contains(reason));
            assert!(told, "{to}, line {line}: {problems:?}");
            assert!(problems[0].file.ends_with("bad.toml"));
            assert!(library.find("own").is_some());
            let id = "transforaminal-supraneural";
            assert_eq!(library.find(id), ProcedureLibrary::builtin().find(id));
        }
    }

    #[test]
    fn folders_and_files_that_cannot_be_read_are_told() {
        let needles = NeedleCatalogue::builtin();
        let (library, problems) =
            ProcedureLibrary::with_folder(Path::new("/nowhere/at/all"), needles);
        assert_eq!((&library, problems), (ProcedureLibrary::builtin(), vec![]));
        let large = "#".repeat(LARGEST_BYTES as usize + 1);
        let (_, problems) = own(&[("large.toml", large), ("note.txt", String::new())]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].reason.contains("at most"));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.toml"), [0xff, 0xfe]).unwrap();
        let (_, problems) = ProcedureLibrary::with_folder(folder.path(), needles);
        assert!(problems[0].reason.contains("Cannot read"), "{problems:?}");
        let same = builtin_text("caudal.toml");
        let (_, problems) = own(&[("a.toml", same.clone()), ("b.toml", same)]);
        assert!(problems[0].reason.contains("Another file"));
    }

    #[test]
    fn own_margins_come_after_ours() {
        let text = "schema = \"stylet-shared-rules/1\"\n[[margin]]\nkinds = [\"kidney\"]\n\
                    stop_mm = 8\nwarn_mm = 12\nwhy = \"ours\"\nsource = \"site: SOP 4\"\n";
        let (library, problems) = own(&[("shared.toml", text.to_owned())]);
        assert_eq!(problems, []);
        let last = library.shared.margins.last().unwrap();
        assert_eq!((last.stop_mm, last.warn_mm), (Some(8.0), Some(12.0)));
        assert_eq!(
            library.shared.gates,
            ProcedureLibrary::builtin().shared.gates
        );
    }
}
