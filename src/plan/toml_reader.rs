//! TOML read key by key: whatever is wrong is refused with its file, its line and the reason.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::{fs, io};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest procedure or needle file that is read, bytes.
pub const LARGEST_BYTES: u64 = 1 << 20;

/// Something refused in a file of procedures or needles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProblem {
    /// Name of the file as shown.
    pub file: String,
    /// Line, from 1; `None` where the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong and what to do, without final stop.
    pub reason: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

/// Collects what is wrong in one file.
#[derive(Debug)]
pub struct Faults<'a> {
    file: &'a str,
    text: &'a str,
    found: RefCell<Vec<FileProblem>>,
}

impl<'a> Faults<'a> {
    /// For a file of that name and content.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let found = RefCell::new(Vec::new());
        Self { file, text, found }
    }

    /// The root table; `None`, with the fault noted, where the text is no TOML.
    pub fn root(&self) -> Option<Spanned<DeTable<'a>>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table),
            Err(error) => {
                self.add(error.span().unwrap_or(0..0), error.message().to_owned());
                None
            }
        }
    }

    /// Notes a fault at a byte range of the text.
    pub fn add(&self, span: Range<usize>, reason: String) {
        let before = self.text.get(..span.start);
        let line = before.map(|before| 1 + before.matches('\n').count());
        let file = self.file.to_owned();
        self.found
            .borrow_mut()
            .push(FileProblem { file, line, reason });
    }

    /// How many there are so far.
    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// All, in the order of the lines.
    pub fn into_problems(self) -> Vec<FileProblem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.line);
        found
    }
}

/// A text of a file and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed<T> {
    /// What it says.
    pub value: T,
    /// Byte range of it.
    pub span: Range<usize>,
}

/// Content of a file within the size that is read, or why not.
pub fn read_text(path: &Path) -> Result<String, String> {
    let cannot = |error: io::Error| format!("Cannot read it: {error}");
    let about = fs::metadata(path).map_err(cannot)?;
    // A pipe would be waited for without end.
    if !about.is_file() {
        return Err("Cannot read it: it is no file".to_owned());
    }
    let bytes = about.len();
    if bytes > LARGEST_BYTES {
        return Err(format!("{bytes} bytes; at most {LARGEST_BYTES} are read"));
    }
    fs::read_to_string(path).map_err(cannot)
}

/// One table being read; [`TableReader::finish`] refuses the keys nobody asked for.
#[derive(Debug)]
pub struct TableReader<'a> {
    table: &'a DeTable<'a>,
    /// Byte range of the table, for what is missing in it.
    pub span: Range<usize>,
    /// Where faults go.
    pub faults: &'a Faults<'a>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> TableReader<'a> {
    /// Reads a table at a place.
    pub fn new(table: &'a DeTable<'a>, span: Range<usize>, faults: &'a Faults<'a>) -> Self {
        let known = RefCell::new(BTreeSet::new());
        Self {
            table,
            span,
            faults,
            known,
        }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// Whether the key stands there.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Notes a fault of the table as a whole.
    pub fn fault(&self, reason: impl Into<String>) {
        self.faults.add(self.span.clone(), reason.into());
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = value.get_ref().type_str();
        let reason = format!("{key} must be {wanted}, it is {found}");
        self.faults.add(value.span(), reason);
    }

    fn missing(&self, key: &str) {
        self.fault(format!("{key} is missing"));
    }

    /// Refuses a file of another schema.
    pub fn schema(&self, wanted: &str) {
        if let Some(found) = self.required_text("schema")
            && found.value != wanted
        {
            let reason = format!("schema is {:?}, this version reads {wanted:?}", found.value);
            self.faults.add(found.span, reason);
        }
    }

    /// A text that may be left out, with its place.
    pub fn placed_text(&self, key: &'static str) -> Option<Placed<String>> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(Placed {
                value: text.to_owned(),
                span: value.span(),
            }),
            Some(_) => {
                self.faults.add(value.span(), format!("{key} is empty"));
                None
            }
            None => {
                self.wrong_type(key, value, "a text in quotes");
                None
            }
        }
    }

    /// A text that may be left out.
    pub fn text(&self, key: &'static str) -> Option<String> {
        self.placed_text(key).map(|placed| placed.value)
    }

    /// A text that must stand there.
    pub fn required_text(&self, key: &'static str) -> Option<Placed<String>> {
        if !self.has(key) {
            self.missing(key);
        }
        self.placed_text(key)
    }

    /// A finite number that may be left out, with its place.
    pub fn number(&self, key: &'static str) -> Option<Placed<f64>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(integer) => {
                i32::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
                    .ok()
                    .map(f64::from)
            }
            _ => None,
        };
        if let Some(number) = number.filter(|number: &f64| number.is_finite()) {
            let span = value.span();
            return Some(Placed {
                value: number,
                span,
            });
        }
        self.wrong_type(key, value, "a finite number");
        None
    }

    /// A number above 0 that must stand there.
    pub fn positive(&self, key: &'static str) -> Option<f64> {
        if !self.has(key) {
            self.missing(key);
        }
        self.positive_if_any(key)
    }

    /// A number above 0 that may be left out.
    pub fn positive_if_any(&self, key: &'static str) -> Option<f64> {
        let number = self.number(key)?;
        if number.value > 0.0 {
            return Some(number.value);
        }
        let reason = format!("{key} is {}; it must be above 0", number.value);
        self.faults.add(number.span, reason);
        None
    }

    /// `true` or `false`; `false` where left out.
    pub fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(key, value, "true or false");
            false
        })
    }

    /// A list of texts, empty where left out.
    pub fn texts(&self, key: &'static str) -> Vec<Placed<String>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in list {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Placed {
                    value: text.to_owned(),
                    span: item.span(),
                }),
                None => self.wrong_type(key, item, "a list of texts"),
            }
        }
        texts
    }

    /// A table within, `None` where left out.
    pub fn table(&self, key: &'static str) -> Option<Self> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Self::new(table, value.span(), self.faults))
    }

    /// A list of tables, empty where left out.
    pub fn tables(&self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_type(key, value, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Self::new(table, item.span(), self.faults)),
                None => self.wrong_type(key, item, "a list of tables"),
            }
        }
        tables
    }

    /// Refuses every key that was not asked for, and says where only the unit is another.
    pub fn finish(self) {
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(name) {
                continue;
            }
            let stem = |key: &str| key.rsplit_once('_').map(|(stem, _)| stem.to_owned());
            let same = known
                .iter()
                .find(|known| stem(known).is_some() && (stem(known) == stem(name)));
            let reason = match same {
                Some(meant) => format!("{name} is in no unit that is read; write {meant}"),
                None => format!("{name} is no key of this table; see docs/procedures.md"),
            };
            self.faults.add(key.span(), reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_names_its_line() {
        let text = "a = 1\nb = \"two\"\ndepth_cm = 3\nodd = 4\n\n[[t]]\nx = 1\n[[t]]\nx = nan\n";
        let faults = Faults::new("f.toml", text);
        let root = faults.root().unwrap();
        let reader = TableReader::new(root.get_ref(), root.span(), &faults);
        assert_eq!(reader.number("a").unwrap().value, 1.0);
        assert!(reader.number("b").is_none());
        assert!(reader.number("depth_mm").is_none());
        for table in reader.tables("t") {
            table.positive("x");
            table.positive("y");
            table.finish();
        }
        reader.finish();
        let problems: Vec<_> = faults
            .into_problems()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "f.toml, line 2: b must be a finite number, it is string",
                "f.toml, line 3: depth_cm is in no unit that is read; write depth_mm",
                "f.toml, line 4: odd is no key of this table; see docs/procedures.md",
                "f.toml, line 6: y is missing",
                "f.toml, line 8: y is missing",
                "f.toml, line 9: x must be a finite number, it is float",
            ]
        );
        let broken = Faults::new("g.toml", "ok = 1\nnot toml\n");
        assert!(broken.root().is_none());
        assert_eq!(broken.into_problems()[0].line, Some(2));
    }
}
