//! All C-arms: those that come with the program, and a site's own over them.

use std::path::Path;
use std::sync::OnceLock;

use super::{CArmProfile, read};
use crate::plan::procedure::library::{toml_files, whole_file};
use crate::plan::toml_reader::{FileProblem, read_text};

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../assets/carms/", $name)))),+]
    };
}

/// The files of `assets/carms`; the first is what the program begins with.
const FILES: [(&str, &str); 5] = embedded![
    "mobile-side-left.toml",
    "mobile-side-right.toml",
    "mobile-head.toml",
    "angiography-floor.toml",
    "angiography-ceiling.toml",
];

/// All C-arms; never empty for [`CArmLibrary::builtin`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CArmLibrary {
    /// The program's, then a site's own new ones.
    pub profiles: Vec<CArmProfile>,
}

impl CArmLibrary {
    /// The C-arms that come with the program.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<CArmLibrary> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut library = Self::default();
            for (file, text) in FILES {
                match read::profile(file, text) {
                    Ok(profile) => library.profiles.push(profile),
                    // A test holds the embedded files readable.
                    Err(problems) => problems.iter().for_each(|fault| log::error!("{fault}")),
                }
            }
            library
        })
    }

    /// The C-arms of the program with those of a folder (`*.toml`) over them by id, and what was
    /// refused there. A refused file changes nothing; a missing folder is an empty one.
    pub fn with_folder(folder: &Path) -> (Self, Vec<FileProblem>) {
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
            match read::profile(&shown, &text) {
                Ok(profile) if own.contains(&profile.id) => {
                    let reason = format!("Another file before it has the id {:?}", profile.id);
                    problems.push(whole_file(shown, reason));
                }
                Ok(profile) => {
                    own.push(profile.id.clone());
                    library.put(profile);
                }
                Err(faults) => problems.extend(faults),
            }
        }
        (library, problems)
    }

    fn put(&mut self, profile: CArmProfile) {
        match self.profiles.iter_mut().find(|one| one.id == profile.id) {
            Some(there) => *there = profile,
            None => self.profiles.push(profile),
        }
    }

    /// The C-arm of an id.
    pub fn find(&self, id: &str) -> Option<&CArmProfile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::carm_profile::Parking;
    use std::fs;

    fn own(files: &[(&str, String)]) -> (CArmLibrary, Vec<FileProblem>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        CArmLibrary::with_folder(folder.path())
    }

    #[test]
    fn the_files_that_come_with_the_program_read() {
        for (file, text) in FILES {
            let profile = read::profile(file, text).unwrap();
            assert_eq!(file, format!("{}.toml", profile.id));
        }
        let library = CArmLibrary::builtin();
        assert_eq!(library.profiles.len(), FILES.len());
        // Section 2.4: one fixed system turns 120° each way and tilts 45°, SID 900 to 1200 mm.
        let floor = library.find("angiography-floor").unwrap();
        assert_eq!(floor.parking, Parking::Head);
        let ends = |range: &crate::plan::procedure::SourcedRange| {
            (range.bounds.min().unwrap(), range.bounds.max().unwrap())
        };
        assert_eq!(ends(&floor.angles[0]), (-120.0, 120.0));
        assert_eq!(ends(&floor.angles[1]), (-45.0, 45.0));
        assert_eq!(ends(&floor.sid_mm), (900.0, 1200.0));
        assert_eq!(ends(&floor.sod_mm), (720.0, 810.0));
        assert_eq!(floor.angles[0].source.to_string(), "D15");
        let mobile = library.find("mobile-side-left").unwrap();
        assert_eq!((mobile.usual_sid_mm, mobile.usual_sod_mm), (1000.0, 700.0));
        assert!(mobile.is_proposal() && mobile.parking == Parking::Side);
    }

    #[test]
    fn an_own_file_stands_in_place_of_ours_and_new_ones_follow() {
        let ours = FILES[2].1.to_owned();
        let changed = ours.replacen("max = 100,", "max = 90,", 1);
        let new = ours.replacen("id = \"mobile-head\"", "id = \"theatre-3\"", 1);
        let (library, problems) = own(&[("a.toml", changed), ("b.toml", new)]);
        assert_eq!(problems, []);
        assert_eq!(library.profiles.len(), FILES.len() + 1);
        let head = library.find("mobile-head").unwrap();
        assert_eq!(head.angles[0].bounds.max(), Some(90.0));
        assert_eq!(library.profiles.last().unwrap().id, "theatre-3");
    }

    #[test]
    fn a_bad_file_is_refused_by_line_and_the_rest_load() {
        let text = FILES[3].1;
        let good = text.replacen("\"angiography-floor\"", "\"own\"", 1);
        for (from, to, reason) in [
            ("sid_mm = { min", "sid_cm = { min", "write sid_mm"),
            ("min = -120, max", "min = -200, max", "within -180 and 180"),
            ("min = -45, max = 45", "min = 45, max = -45", "above max"),
            ("min = -45, max = 45", "min = 5, max = 45", "straight above"),
            ("min = -45, max = 45", "max = 45", "needs min and max"),
            ("parked = \"head\"", "parked = \"wall\"", "side or head"),
            ("primary_deg", "orbital_deg", "no key"),
            ("primary_deg", "lao", "no key"),
            ("source = \"D15\"", "source = \"Z9\"", "no mark"),
            ("width_mm = 400", "width_mm = -4", "above 0"),
            ("width_mm = 400", "width_mm = 200", "whole receptor"),
            // What the C-arm of the program could not be set to is refused, not set to less.
            ("width_mm = 400", "width_mm = 700", "within 50 and 600"),
            (
                "min = 900, max = 1200",
                "min = 400, max = 1200",
                "within 500 and 2000",
            ),
            (
                "min = 900, max = 1200",
                "min = 900, max = 3000",
                "within 500 and 2000",
            ),
            (
                "min = 720, max = 810",
                "min = 20, max = 810",
                "within 50 and 1950",
            ),
            (
                "min = 720, max = 810",
                "min = 720, max = 1960",
                "within 50 and 1950",
            ),
            (
                "{ value = 750,",
                "{ value = 900,",
                "outside of what can be set",
            ),
            ("stylet-carm/1", "stylet-carm/2", "this version reads"),
            ("value = 280,", "min = 280,", "the whole way"),
            ("id = ", "id ", ""),
        ] {
            assert!(text.contains(from), "{from}");
            let bad = text.replacen(from, to, 1);
            let (library, problems) = own(&[("bad.toml", bad), ("good.toml", good.clone())]);
            let told = problems
                .iter()
                .any(|problem| problem.line.is_some() && problem.reason.contains(reason));
            assert!(told, "{to}: {problems:?}");
            assert!(problems[0].file.ends_with("bad.toml"));
            assert!(library.find("own").is_some());
            let id = "angiography-floor";
            assert_eq!(library.find(id), CArmLibrary::builtin().find(id));
        }
        let (_, problems) = own(&[("a.toml", good.clone()), ("b.toml", good)]);
        assert!(problems[0].reason.contains("Another file"), "{problems:?}");
        let (library, problems) = CArmLibrary::with_folder(Path::new("/nowhere/at/all"));
        assert_eq!((&library, problems), (CArmLibrary::builtin(), vec![]));
    }
}
