//! What a structure is by its code or name: kind, code, colour and name shown, out of
//! `assets/structures.toml`, which documents its own schema.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use toml::Spanned;

use super::Code;
use super::name_words::{NameWords, Phrase};

/// Schema of the table.
const SCHEMA: &str = "stylet-structures/1";
/// Scheme of all codes of the table.
const SNOMED: &str = "SCT";

/// Why a table of structures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StructureTableError {
    /// Not TOML, an unknown or missing key, or a value of another type.
    #[error("The table of structures cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value that does not fit the rest.
    #[error("Line {line} of the table of structures: {reason}")]
    Value {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<String>,
    kind: Vec<RawKind>,
    structure: Vec<RawStructure>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKind {
    key: Spanned<String>,
    name: String,
    color: [u8; 3],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStructure {
    words: Spanned<Vec<String>>,
    #[serde(default)]
    without: Vec<String>,
    kind: Spanned<String>,
    code: Option<(String, String)>,
    display: Option<String>,
    #[serde(default)]
    levels: BTreeMap<String, (String, String)>,
}

/// A kind of structure, which margins and colours go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Key in procedure files: `dura`, `nerve_root` …
    pub key: String,
    /// Name shown.
    pub name: String,
    /// Colour, red green blue.
    pub color: [u8; 3],
}

#[derive(Debug)]
struct Entry {
    words: Vec<Phrase>,
    without: Vec<Phrase>,
    /// Index into the kinds.
    kind: usize,
    code: Option<Code>,
    display: Option<String>,
    levels: BTreeMap<String, Code>,
}

/// What the table says of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Description<'a> {
    /// Its kind.
    pub kind: &'a Kind,
    /// Its code, that of its level where there is one.
    pub code: Option<Code>,
    /// Name shown in place of a machine-made one.
    pub display: String,
}

/// Kinds and structures.
#[derive(Debug)]
pub struct StructureTable {
    kinds: Vec<Kind>,
    entries: Vec<Entry>,
}

impl StructureTable {
    /// The table that comes with the program.
    pub fn bundled() -> &'static Self {
        static TABLE: OnceLock<StructureTable> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self::parse(include_str!("../../../assets/structures.toml")).unwrap_or_else(|error| {
                // A test reads the table; what is shipped does not come here.
                log::error!("{error}");
                Self {
                    kinds: Vec::new(),
                    entries: Vec::new(),
                }
            })
        })
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, StructureTableError> {
        let raw: Raw = toml::from_str(text)?;
        let wrong = |span: std::ops::Range<usize>, reason: String| StructureTableError::Value {
            line: text
                .bytes()
                .take(span.start)
                .filter(|&byte| byte == b'\n')
                .count()
                + 1,
            reason,
        };
        if raw.schema.get_ref() != SCHEMA {
            let reason = format!(
                "the schema is {:?}, {SCHEMA:?} was expected",
                raw.schema.get_ref()
            );
            return Err(wrong(raw.schema.span(), reason));
        }
        let mut kinds: Vec<Kind> = Vec::new();
        for kind in raw.kind {
            let key = kind.key.get_ref();
            if kinds.iter().any(|known| known.key == *key) {
                return Err(wrong(
                    kind.key.span(),
                    format!("kind {key:?} is there twice"),
                ));
            }
            kinds.push(Kind {
                key: key.clone(),
                name: kind.name,
                color: kind.color,
            });
        }
        let mut entries = Vec::new();
        for raw in raw.structure {
            let key = raw.kind.get_ref();
            let Some(kind) = kinds.iter().position(|kind| kind.key == *key) else {
                return Err(wrong(raw.kind.span(), format!("there is no kind {key:?}")));
            };
            let phrases = |texts: &[String]| texts.iter().map(|t| Phrase::new(t)).collect();
            let words: Vec<Phrase> = phrases(raw.words.get_ref());
            if words.is_empty() || words.iter().any(Phrase::is_empty) {
                let reason = "words must not be empty".to_owned();
                return Err(wrong(raw.words.span(), reason));
            }
            entries.push(Entry {
                words,
                without: phrases(&raw.without),
                kind,
                code: raw.code.map(snomed),
                display: raw.display,
                levels: raw
                    .levels
                    .into_iter()
                    .map(|(k, v)| (k, snomed(v)))
                    .collect(),
            });
        }
        Ok(Self { kinds, entries })
    }

    /// All kinds, in the order of the table.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The kind of a key.
    pub fn kind(&self, key: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.key == key)
    }

    /// What a name says: `vertebrae_L3`, `Right L5 nerve root`.
    pub fn by_name(&self, name: &str) -> Option<Description<'_>> {
        let words = NameWords::of(name);
        let holds = |phrases: &[Phrase]| phrases.iter().any(|phrase| words.holds(phrase));
        let entry = self
            .entries
            .iter()
            .find(|entry| holds(&entry.words) && !holds(&entry.without))?;
        let level = words.level();
        let of_level = level.as_ref().and_then(|level| entry.levels.get(level));
        Some(Description {
            kind: self.kinds.get(entry.kind)?,
            code: of_level.or(entry.code.as_ref()).cloned(),
            display: match &entry.display {
                Some(pattern) => words.fill(pattern),
                None => words.plain(),
            },
        })
    }

    /// The kind of a code of the table, where all structures with it are of one kind.
    pub fn by_code(&self, code: &Code) -> Option<&Kind> {
        if code.scheme != SNOMED {
            return None;
        }
        let mut kinds = self.entries.iter().filter_map(|entry| {
            let own = entry.code.iter().chain(entry.levels.values());
            let mut own = own.filter(|own| own.value == code.value);
            own.next().map(|_| entry.kind)
        });
        let kind = kinds.next()?;
        kinds
            .all(|other| other == kind)
            .then(|| self.kinds.get(kind))?
    }

    /// The kind by code, else by the meaning of the code, else by name. The name goes before
    /// where it says what is wrong in an organ: a code says *liver* of a liver metastasis, too.
    pub fn kind_of(&self, name: &str, code: Option<&Code>) -> Option<&Kind> {
        let named = self.by_name(name).map(|found| found.kind);
        if named.is_some_and(|kind| kind.key == "lesion") {
            return named;
        }
        let by_meaning = |code: &Code| Some(self.by_name(&code.meaning)?.kind);
        let coded = code.and_then(|code| self.by_code(code).or_else(|| by_meaning(code)));
        coded
            .filter(|kind| !is_general(&kind.key))
            .or(named)
            .or(coded)
    }
}

/// Kinds that a name mostly says more of.
fn is_general(key: &str) -> bool {
    matches!(key, "nerve" | "joint" | "vessel" | "organ" | "body")
}

fn snomed((value, meaning): (String, String)) -> Code {
    Code {
        value,
        scheme: SNOMED.to_owned(),
        meaning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<&'static str> {
        let found = StructureTable::bundled().by_name(name)?;
        Some(&found.kind.key)
    }

    #[test]
    fn the_bundled_table_knows_every_kind_that_margins_need() {
        let text = include_str!("../../../assets/structures.toml");
        let table = StructureTable::parse(text).unwrap();
        for key in [
            "dura",
            "cord",
            "nerve_root",
            "artery",
            "vein",
            "kidney",
            "bowel",
            "pleura_lung",
            "bone",
            "disc",
            "ureter",
            "vertebral_artery",
            "muscle",
            "skin",
            "liver",
            "spleen",
            "pancreas",
            "sij",
            "facet",
            "fat",
        ] {
            assert!(table.kind(key).is_some(), "{key}");
            let used = |entry: &Entry| table.kinds[entry.kind].key == key;
            assert!(table.entries.iter().any(used), "{key} is used");
        }
    }

    #[test]
    fn names_of_many_writers_have_their_kind() {
        for (name, wanted) in [
            ("kidney_left", "kidney"),
            ("Right Kidney", "kidney"),
            ("kidney_cyst_left", "lesion"),
            ("Liver metastasis", "lesion"),
            ("SpinalCord", "cord"),
            ("spinal_cord", "cord"),
            ("SpinalCanal", "dura"),
            ("Thecal sac", "dura"),
            ("L5 nerve root, right", "nerve_root"),
            ("iliac_vena_left", "vein"),
            ("iliac_artery_left", "artery"),
            ("vertebrae_L3", "bone"),
            ("Vertebral artery L", "vertebral_artery"),
            ("lung_upper_lobe_left", "pleura_lung"),
            ("urinary_bladder", "bladder"),
            ("gallbladder", "gallbladder"),
            ("costal_cartilages", "cartilage"),
            ("rib_left_4", "bone"),
            ("L4-L5 facet joint, left", "facet"),
            ("Sacroiliac joint, right", "sij"),
            ("hip_left", "bone"),
            ("PTV_60", "lesion"),
            ("BODY external", "body"),
            ("Renal sinus fat, left", "fat"),
            ("Foraminal fat", "fat"),
            ("autochthon_left", "muscle"),
        ] {
            assert_eq!(kind(name), Some(wanted), "{name}");
        }
        assert_eq!(kind("Structure 7"), None);
        assert_eq!(kind(""), None);
    }

    #[test]
    fn machine_names_are_shown_as_words_with_their_codes() {
        let table = StructureTable::bundled();
        for (name, display, code) in [
            ("vertebrae_L3", "L3 vertebra", Some("36470004")),
            ("rib_left_4", "Left rib 4", Some("113197003")),
            ("kidney_right", "Right kidney", Some("64033007")),
            ("L4-L5 disc", "L4-L5 disc", Some("84020006")),
            (
                "lung_upper_lobe_left",
                "lung upper lobe left",
                Some("39607008"),
            ),
            ("small_bowel", "Small bowel", Some("30315005")),
        ] {
            let found = table.by_name(name).unwrap();
            assert_eq!(found.display, display);
            assert_eq!(found.code.map(|c| c.value).as_deref(), code, "{name}");
        }
    }

    #[test]
    fn a_code_says_more_than_a_name_and_less_where_it_is_general() {
        let table = StructureTable::bundled();
        let code = |value: &str, scheme: &str, meaning: &str| Code {
            value: value.into(),
            scheme: scheme.into(),
            meaning: meaning.into(),
        };
        let kind = |name, code: Code| table.kind_of(name, Some(&code)).map(|k| k.key.as_str());
        assert_eq!(
            kind("Segment 1", code("64033007", "SCT", "Kidney")),
            Some("kidney")
        );
        assert_eq!(
            kind("Segment 1", code("T-62000", "SRT", "Liver")),
            Some("liver")
        );
        assert_eq!(
            kind("metastasis", code("10200004", "SCT", "Liver")),
            Some("lesion")
        );
        let nerve = code("91728009", "SCT", "Nerve");
        assert_eq!(
            kind("Right L5 nerve root", nerve.clone()),
            Some("nerve_root")
        );
        assert_eq!(kind("thing", nerve), Some("nerve"));
        assert_eq!(kind("thing", code("1", "99X", "Thing")), None);
    }

    #[test]
    fn wrong_tables_are_refused_by_line() {
        let head = "schema = \"stylet-structures/1\"\n[[kind]]\nkey = \"a\"\nname = \"A\"\n";
        for (rest, line, words) in [
            (
                "color = [1, 2, 3]\n[[structure]]\nwords = [\"x\"]\nkind = \"b\"\n",
                "8",
                "no kind \"b\"",
            ),
            (
                "color = [1, 2, 3]\n[[structure]]\nwords = [\"\"]\nkind = \"a\"\n",
                "7",
                "empty",
            ),
            ("color = [1, 2, 300]\n", "5", "300"),
            ("colour = [1, 2, 3]\n", "5", "colour"),
        ] {
            let error = StructureTable::parse(&format!("{head}{rest}")).unwrap_err();
            let error = error.to_string();
            assert!(
                error.to_lowercase().contains(&format!("line {line}")),
                "{error}"
            );
            assert!(error.contains(words), "{error}");
        }
    }
}
