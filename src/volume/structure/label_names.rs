//! Names of the labels of a map: a table beside the file, the label table inside it, or that of
//! TotalSegmentator.
//!
//! A number alone says nothing: the table of TotalSegmentator is taken only for files that say in
//! their name that they are its.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::study::SourcePath;

/// Tables are not longer than this.
const LONGEST_TABLE: u64 = 1 << 22;

/// Names by label.
#[derive(Debug, Default)]
pub(super) struct LabelNames {
    names: HashMap<u32, String>,
    /// What the file itself is called, for a map of one label.
    file: Option<String>,
    /// What must be said of where the names come from.
    note: Option<String>,
}

impl LabelNames {
    /// The names for a file, whose bytes between header and values are `extension`.
    pub fn of(path: &SourcePath, extension: &[u8]) -> Self {
        let on_disk: &Path = path.as_ref();
        let shown = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = stem(&shown).to_owned();
        let beside = on_disk
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let own = on_disk.with_file_name(self::stem(&beside));
        let mut result = Self {
            file: Some(stem.clone()).filter(|stem| !stem.is_empty()),
            ..Self::default()
        };
        for table in tables(&own) {
            let Some(text) = text(&table) else { continue };
            let names = parse(&text);
            if !names.is_empty() {
                result.names = names;
                return result;
            }
            let shown = table.file_name().unwrap_or_default().to_string_lossy();
            result.note = Some(format!("the table {shown} names no label"));
        }
        result.names = label_table(&String::from_utf8_lossy(extension));
        let said = stem.to_lowercase();
        if result.names.is_empty() && (said.contains("totalseg") || said.contains("total_seg")) {
            result.names = parse(include_str!("../../../assets/totalsegmentator-total.csv"));
            result.note = Some(
                "its labels are named by the table of TotalSegmentator 2, task total; check some"
                    .to_owned(),
            );
        }
        result
    }

    /// The name of a label; `single` says that it is the only one, which may be named by the file.
    pub fn name(&self, label: u32, single: bool) -> Option<String> {
        let by_file = || {
            self.file
                .clone()
                .filter(|_| single && self.names.is_empty())
        };
        self.names.get(&label).cloned().or_else(by_file)
    }

    /// What must be said of where the names come from.
    pub fn note(&self) -> Option<String> {
        self.note.clone()
    }
}

/// A file name without its endings.
fn stem(name: &str) -> &str {
    let lower = name.to_lowercase();
    let ending = [".nii.gz", ".nii"].iter().find(|end| lower.ends_with(*end));
    let kept = ending.map_or(name.len(), |end| name.len() - end.len());
    name.get(..kept).unwrap_or(name)
}

/// Where a table may lie, the nearest first.
fn tables(own: &Path) -> Vec<PathBuf> {
    let ending = |ending: &str| {
        let mut name = own.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let mut all = vec![ending(".json"), ending(".csv"), ending(".txt")];
    all.extend(["labels.json", "labels.csv", "dataset.json"].map(|name| own.with_file_name(name)));
    all
}

fn text(path: &Path) -> Option<String> {
    let is_short =
        fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LONGEST_TABLE);
    if !is_short {
        return None;
    }
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

/// Names of a table: JSON `{"1": "spleen"}` or `{"spleen": 1}`, both also under `labels`, or lines
/// of number and name.
fn parse(text: &str) -> HashMap<u32, String> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => of_json(value.get("labels").unwrap_or(&value)),
        Err(_) => text.lines().filter_map(of_line).collect(),
    }
}

fn of_json(value: &serde_json::Value) -> HashMap<u32, String> {
    let pair = |(key, value): (&String, &serde_json::Value)| match (key.parse(), value) {
        (Ok(label), serde_json::Value::String(name)) => Some((label, name.clone())),
        (Err(_), serde_json::Value::Number(label)) => {
            Some((u32::try_from(label.as_u64()?).ok()?, key.clone()))
        }
        _ => None,
    };
    match value {
        serde_json::Value::Object(map) => map.iter().filter_map(pair).collect(),
        _ => HashMap::new(),
    }
}

/// `1,spleen`, `1;spleen`, `1<tab>spleen`, `1 spleen`; also `1 255 0 0 1 1 1 "spleen"`.
fn of_line(line: &str) -> Option<(u32, String)> {
    let line = line.trim();
    let end = line.find(|c: char| !c.is_ascii_digit())?;
    let (label, rest) = line.split_at(end);
    let quoted = rest.split('"').nth(1);
    let rest = rest.trim_start_matches([',', ';', '\t', ' ', ':', '=']);
    let first = rest.split([',', ';', '\t']).next();
    let name = quoted.or(first)?.trim();
    (!name.is_empty()).then(|| Some((label.parse().ok()?, name.to_owned())))?
}

/// The label table of a Caret extension, as Connectome Workbench and TotalSegmentator write it.
fn label_table(text: &str) -> HashMap<u32, String> {
    let of = |label: &str| {
        let key = label.split_once("Key=\"")?.1.split('"').next()?;
        let name = label.split_once("<![CDATA[")?.1.split("]]>").next()?;
        Some((key.parse().ok()?, name.trim().to_owned()))
    };
    let labels = text.split("<Label ").skip(1);
    labels
        .filter_map(of)
        .filter(|(_, name)| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_many_writers_are_read() {
        let wanted = HashMap::from([(1, "spleen".to_owned()), (27, "vertebrae_L5".to_owned())]);
        for text in [
            r#"{"1": "spleen", "27": "vertebrae_L5"}"#,
            r#"{"labels": {"spleen": 1, "vertebrae_L5": 27}}"#,
            "label,name\n1,spleen\n27,vertebrae_L5\n",
            "# ours\n1;spleen;red\n27;vertebrae_L5\n",
            "1 255 0 0 1 1 1 \"spleen\"\n27 0 0 9 1 1 1 \"vertebrae_L5\"\n",
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
        let inside = "<X><Label Key=\"1\" Red=\"0\"><![CDATA[spleen]]></Label>\
                      <Label Key=\"27\"><![CDATA[vertebrae_L5]]></Label></X>";
        assert_eq!(label_table(inside), wanted);
        assert!(parse("{\"labels\": [1]}").is_empty());
    }

    #[test]
    fn the_table_of_totalsegmentator_is_for_its_files_only() {
        let names = |name: &str| LabelNames::of(&PathBuf::from(name).into(), &[]);
        let total = names("nowhere/totalseg_1.nii.gz");
        assert_eq!(total.name(1, false).as_deref(), Some("spleen"));
        assert_eq!(total.name(117, false).as_deref(), Some("costal_cartilages"));
        assert_eq!(total.names.len(), 117);
        assert!(total.note().is_some());
        let other = names("nowhere/liver.nii.gz");
        assert_eq!(other.name(1, false), None);
        assert_eq!(other.name(1, true).as_deref(), Some("liver"));
    }
}
