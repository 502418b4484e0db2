//! A folder of real files with an index of what an independent decoder makes of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and their index.
pub struct Collection {
    pub folder: PathBuf,
    pub rows: Vec<Row>,
    references: Option<PathBuf>,
}

/// One file as the index has it.
pub struct Row {
    pub path: String,
    pub sha: String,
    pub syntax: String,
    pub photometric: String,
    /// `ok MIN..MAX`, `no-pixels`, or why it does not decode.
    pub decode: String,
    pub hash: String,
}

impl Collection {
    /// The collection that an environment variable names, or that lies at `fallback`; references
    /// are in the folder that the variable with `_REFERENCES` names.
    pub fn find(variable: &str, fallback: &str) -> Option<Self> {
        let folder = std::env::var_os(variable).map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join(fallback),
            PathBuf::from,
        );
        let index = ["INDEX.tsv", "../INDEX.tsv"]
            .into_iter()
            .find_map(|name| fs::read_to_string(folder.join(name)).ok());
        let Some(index) = index else {
            println!(
                "SKIPPED: no indexed DICOM data at {}; set {variable}",
                folder.display()
            );
            return None;
        };
        Some(Self {
            folder,
            rows: rows(&index),
            references: std::env::var_os(format!("{variable}_REFERENCES")).map(PathBuf::from),
        })
    }

    /// The samples of a file as we should give them, little endian.
    pub fn reference(&self, row: &Row) -> Option<Vec<u8>> {
        fs::read(self.references.as_ref()?.join(format!("{}.raw", row.sha))).ok()
    }
}

fn rows(index: &str) -> Vec<Row> {
    let mut lines = index.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let columns = ["path", "sha", "ts", "pi", "decode", "pixhash"]
        .map(|name| names.iter().position(|n| *n == name).unwrap());
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [path, sha, syntax, photometric, decode, hash] =
                columns.map(|column| cells.get(column).copied().unwrap_or_default().to_owned());
            Row {
                path,
                sha,
                syntax,
                photometric,
                decode,
                hash,
            }
        })
        .collect()
}
