//! The needles that can be chosen: gauge, outer diameter, length and tip.

use std::path::Path;
use std::sync::OnceLock;

use super::lesion::Lesion;
use super::procedure::Source;
use super::toml_reader::{Faults, FileProblem, TableReader, read_text};

/// Name and version of the schema that is read.
const SCHEMA: &str = "stylet-needles/1";

/// Shape of the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// Spinal, short bevel.
    Quincke,
    /// Epidural, curved with an opening on the side.
    Tuohy,
    /// Long thin needle with a fine bevel.
    Chiba,
    /// Injection needle with a plain bevel.
    Bevel,
    /// Straight radiofrequency cannula.
    RfStraight,
    /// Curved radiofrequency cannula.
    RfCurved,
    /// Internally cooled radiofrequency probe in its introducer.
    RfCooled,
    /// Bone trocar, diamond point.
    TrocarDiamond,
    /// Bone trocar, bevelled point.
    TrocarBevel,
}

impl Tip {
    const ALL: [(&str, Self); 9] = [
        ("Quincke", Self::Quincke),
        ("Tuohy", Self::Tuohy),
        ("Chiba", Self::Chiba),
        ("bevel", Self::Bevel),
        ("RF straight", Self::RfStraight),
        ("RF curved", Self::RfCurved),
        ("RF cooled", Self::RfCooled),
        ("trocar diamond", Self::TrocarDiamond),
        ("trocar bevel", Self::TrocarBevel),
    ];

    /// As written in needle files.
    pub fn word(self) -> &'static str {
        let of = Self::ALL.iter().find(|(_, tip)| *tip == self);
        of.map_or("", |(word, _)| word)
    }
}

/// One kind of needle.
#[derive(Debug, Clone, PartialEq)]
pub struct Needle {
    /// Name in plan files.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// What it is, in words.
    pub kind: String,
    /// Gauge number.
    pub gauge: u32,
    /// Outer diameter of the shaft, mm.
    pub outer_diameter_mm: f64,
    /// Usable length from hub to tip, mm.
    pub length_mm: f64,
    /// Shape of the point.
    pub tip: Tip,
    /// Bare metal at the tip that heats, mm.
    pub active_tip_mm: Option<f64>,
    /// Lesions it makes, by condition; empty where no figure is known.
    pub lesions: Vec<Lesion>,
    /// Marks of gauge, diameter, length and active tip.
    pub source: Source,
}

/// All needles that can be chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NeedleCatalogue {
    /// In the order of the file.
    pub needles: Vec<Needle>,
}

impl NeedleCatalogue {
    /// The catalogue that comes with the program (`assets/needles.toml`).
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<NeedleCatalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let text = include_str!("../../assets/needles.toml");
            let (catalogue, problems) = Self::read("needles.toml", text);
            // A test holds the embedded file readable; a broken build still plans, without.
            for problem in problems {
                log::error!("{problem}");
            }
            catalogue
        })
    }

    /// From the TOML text of a catalogue file; a bad entry is refused by line and the rest load.
    pub fn read(file: &str, text: &str) -> (Self, Vec<FileProblem>) {
        let faults = Faults::new(file, text);
        let mut needles: Vec<Needle> = Vec::new();
        if let Some(root) = faults.root() {
            let table = TableReader::new(root.get_ref(), root.span(), &faults);
            let before = faults.count();
            table.schema(SCHEMA);
            // Of another schema nothing can be trusted.
            let known = faults.count() == before;
            for entry in table.tables("needle").into_iter().filter(|_| known) {
                let span = entry.span.clone();
                let Some(needle) = needle(entry) else {
                    continue;
                };
                if needles.iter().any(|there| there.id == needle.id) {
                    let reason = format!("The id {:?} stands twice; rename one", needle.id);
                    faults.add(span, reason);
                } else {
                    needles.push(needle);
                }
            }
            table.finish();
        }
        (Self { needles }, faults.into_problems())
    }

    /// The needles of the program with those of a file over them by id, and what was refused
    /// there. A missing file is an empty one.
    pub fn with_file(path: &Path) -> (Self, Vec<FileProblem>) {
        let mut catalogue = Self::builtin().clone();
        if !path.exists() {
            return (catalogue, Vec::new());
        }
        let file = path.display().to_string();
        let text = match read_text(path) {
            Ok(text) => text,
            Err(reason) => {
                let line = None;
                return (catalogue, vec![FileProblem { file, line, reason }]);
            }
        };
        let (own, problems) = Self::read(&file, &text);
        for needle in own.needles {
            match catalogue
                .needles
                .iter_mut()
                .find(|there| there.id == needle.id)
            {
                Some(there) => *there = needle,
                None => catalogue.needles.push(needle),
            }
        }
        (catalogue, problems)
    }

    /// The needle of an id.
    pub fn find(&self, id: &str) -> Option<&Needle> {
        self.needles.iter().find(|needle| needle.id == id)
    }
}

fn needle(table: TableReader<'_>) -> Option<Needle> {
    let before = table.faults.count();
    let [id, name, kind] =
        ["id", "name", "kind"].map(|key| table.required_text(key).map(|text| text.value));
    let gauge = table.number("gauge").and_then(|gauge| {
        let whole = gauge.value.fract() == 0.0 && (1.0..=40.0).contains(&gauge.value);
        if !whole {
            let reason = format!("gauge is {}; it must be a whole number", gauge.value);
            table.faults.add(gauge.span, reason);
        }
        whole.then_some(gauge.value as u32)
    });
    if !table.has("gauge") {
        table.fault("gauge is missing");
    }
    let outer_diameter_mm = table.positive("outer_diameter_mm");
    let length_mm = table.positive("length_mm");
    let tip = table.required_text("tip").and_then(|word| {
        let found = Tip::ALL.iter().find(|(written, _)| *written == word.value);
        if found.is_none() {
            let words = Tip::ALL.map(|(written, _)| written).join(", ");
            let reason = format!("{:?} is no tip; write one of {words}", word.value);
            table.faults.add(word.span, reason);
        }
        found.map(|(_, tip)| *tip)
    });
    let active_tip_mm = table.positive_if_any("active_tip_mm");
    let lesions: Vec<_> = table
        .tables("lesion")
        .into_iter()
        .filter_map(Lesion::read)
        .collect();
    if let (Some(active), Some(length)) = (active_tip_mm, length_mm)
        && active > length
    {
        table.fault("active_tip_mm is longer than length_mm");
    }
    if !lesions.is_empty() && active_tip_mm.is_none() {
        table.fault("a needle with a lesion needs active_tip_mm");
    }
    let source = Source::read(&table);
    let faults = table.faults;
    table.finish();
    if faults.count() > before {
        return None;
    }
    Some(Needle {
        id: id?,
        name: name?,
        kind: kind?,
        gauge: gauge?,
        outer_diameter_mm: outer_diameter_mm?,
        length_mm: length_mm?,
        tip: tip?,
        active_tip_mm,
        lesions,
        source: source?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Trajectory;

    #[test]
    fn the_builtin_catalogue_reads_and_matches_the_sheet() {
        let text = include_str!("../../assets/needles.toml");
        let (catalogue, problems) = NeedleCatalogue::read("needles.toml", text);
        assert_eq!(problems, []);
        assert_eq!(&catalogue, NeedleCatalogue::builtin());
        assert!(catalogue.find(Trajectory::DEFAULT_NEEDLE).is_some());
        // Section 0.2: gauge → outer diameter, all of them.
        let sheet = [
            (25, 0.51),
            (23, 0.64),
            (22, 0.72),
            (21, 0.82),
            (20, 0.91),
            (18, 1.27),
            (17, 1.47),
            (16, 1.65),
            (15, 1.83),
            (14, 2.11),
            (13, 2.41),
            (11, 3.05),
            (10, 3.40),
            (8, 4.19),
        ];
        for needle in &catalogue.needles {
            let of_sheet = sheet.iter().find(|(gauge, _)| *gauge == needle.gauge);
            assert_eq!(
                of_sheet.unwrap().1,
                needle.outer_diameter_mm,
                "{}",
                needle.id
            );
            let heats = matches!(needle.tip, Tip::RfStraight | Tip::RfCurved | Tip::RfCooled);
            assert_eq!(needle.active_tip_mm.is_some(), heats, "{}", needle.id);
        }
        for (gauge, _) in sheet {
            assert!(catalogue.needles.iter().any(|needle| needle.gauge == gauge));
        }
        assert_eq!(catalogue.find("quincke-22g-90").unwrap().length_mm, 90.0);
        assert_eq!(catalogue.find("nothing"), None);
    }

    #[test]
    fn plans_of_the_first_version_find_their_needles() {
        for id in [
            "quincke-25g-90",
            "quincke-22g-64",
            "quincke-22g-90",
            "quincke-22g-127",
            "quincke-22g-178",
            "quincke-20g-90",
            "tuohy-20g-90",
            "tuohy-18g-90",
            "tuohy-17g-110",
            "tuohy-14g-150",
            "chiba-22g-152",
            "chiba-20g-203",
            "rf-18g-100",
            "rf-18g-145",
            "trocar-13g-125",
            "trocar-11g-125",
            "trocar-11g-150",
        ] {
            assert!(NeedleCatalogue::builtin().find(id).is_some(), "{id}");
        }
    }

    #[test]
    fn a_bad_entry_is_refused_by_line_and_the_rest_load() {
        let one = |id: &str, more: &str| {
            format!(
                "[[needle]]\nid = \"{id}\"\nname = \"n\"\nkind = \"k\"\ngauge = 22\n\
                 outer_diameter_mm = 0.7\ntip = \"Chiba\"\nsource = \"K\"\n{more}\n"
            )
        };
        let head = "schema = \"stylet-needles/1\"\n";
        let text = [
            head.to_owned(),
            one("a", "length_mm = -1.0"),
            one("b", "length_mm = 9"),
            one("b", "length_mm = 8"),
            one("c", "length_in = 3.5"),
            one("d", "length_mm = 9\ncolour = \"red\""),
            one("e", "length_mm = 9\nactive_tip_mm = 10"),
        ]
        .concat();
        let (catalogue, problems) = NeedleCatalogue::read("own.toml", &text);
        let ids: Vec<_> = catalogue.needles.iter().map(|needle| &needle.id).collect();
        assert_eq!(ids, ["b"]);
        let told: Vec<_> = problems
            .iter()
            .map(|problem| (problem.line.unwrap(), problem.reason.as_str()))
            .collect();
        let wanted = [
            (10, "above 0"),
            (20, "stands twice"),
            (29, "length_mm is missing"),
            (37, "write length_mm"),
            (47, "colour is no key"),
            (48, "longer than length_mm"),
        ];
        assert_eq!(told.len(), wanted.len(), "{told:?}");
        for ((line, reason), (wanted_line, part)) in told.iter().zip(wanted) {
            assert!(
                *line == wanted_line && reason.contains(part),
                "{line} {reason}"
            );
        }
        let (none, problems) = NeedleCatalogue::read("x.toml", "needle = 5");
        assert!(none.needles.is_empty() && !problems.is_empty());
    }

    #[test]
    fn an_own_file_overrides_by_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("needles.toml");
        let builtin = NeedleCatalogue::builtin();
        assert_eq!(&NeedleCatalogue::with_file(&path).0, builtin);
        let text = "schema = \"stylet-needles/1\"\n[[needle]]\nid = \"quincke-22g-90\"\n\
                    name = \"Ours\"\nkind = \"k\"\ngauge = 22\nouter_diameter_mm = 0.71\n\
                    length_mm = 88\ntip = \"Quincke\"\nsource = \"site: label\"\n";
        std::fs::write(&path, text).unwrap();
        let (catalogue, problems) = NeedleCatalogue::with_file(&path);
        assert_eq!(problems, []);
        assert_eq!(catalogue.needles.len(), builtin.needles.len());
        assert_eq!(catalogue.find("quincke-22g-90").unwrap().length_mm, 88.0);
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        let (catalogue, problems) = NeedleCatalogue::with_file(&path);
        assert_eq!((&catalogue, problems.len()), (builtin, 1));
    }
}
