//! Where a number comes from: the marks of the clinical reference sheet, section 0.1.

use std::fmt;

use crate::plan::toml_reader::TableReader;

/// One mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A paper, guideline or text in the sheet's list of sources: `P3`, `A14`, `D2b`.
    Seen(String),
    /// `K`, `K-Zindrick`: textbook recall, to be verified.
    Recall(String),
    /// `C`, `C-SSM`: computed for the sheet.
    Computed(String),
    /// `E`: engineering default of the sheet, no clinical authority.
    Engineering,
    /// `ours`: set in this program, no clinical authority.
    Ours,
    /// `unmarked`: the sheet gives the number without a mark.
    Unmarked,
    /// `site: …`: a hospital's own rule, in its words.
    Site(String),
}

/// All marks of one number or sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// In the order written.
    pub marks: Vec<Mark>,
}

impl Mark {
    /// Reads `P3`, `K`, `C-SSM`, `E`, `ours`, `unmarked`.
    fn parse(word: &str) -> Option<Self> {
        let owned = || word.to_owned();
        match word {
            "E" => return Some(Self::Engineering),
            "ours" => return Some(Self::Ours),
            "unmarked" => return Some(Self::Unmarked),
            "K" => return Some(Self::Recall(owned())),
            "C" => return Some(Self::Computed(owned())),
            _ if word.starts_with("K-") => return Some(Self::Recall(owned())),
            _ if word.starts_with("C-") => return Some(Self::Computed(owned())),
            _ => {}
        }
        let number = word.strip_prefix(['P', 'A', 'D', 'I', 'R'])?;
        let digits = number.trim_end_matches(|last: char| last.is_ascii_lowercase());
        let seen = !digits.is_empty()
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && number.len() <= digits.len() + 1;
        seen.then(|| Self::Seen(owned()))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen(mark) | Self::Recall(mark) | Self::Computed(mark) => f.write_str(mark),
            Self::Engineering => f.write_str("E"),
            Self::Ours => f.write_str("ours"),
            Self::Unmarked => f.write_str("unmarked"),
            Self::Site(words) => write!(f, "site: {words}"),
        }
    }
}

impl Source {
    /// Reads marks with spaces between, or `site:` and free words; the word refused otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(words) = text.strip_prefix("site:") {
            let words = words.trim().to_owned();
            let marks = vec![Mark::Site(words)];
            return Ok(Self { marks });
        }
        let marks = text
            .split_whitespace()
            .map(|word| Mark::parse(word).ok_or_else(|| word.to_owned()))
            .collect::<Result<Vec<_>, _>>()?;
        if marks.is_empty() {
            return Err(text.to_owned());
        }
        Ok(Self { marks })
    }

    /// Without clinical authority, wholly or in part: shown as "proposal".
    pub fn is_proposal(&self) -> bool {
        let without = |mark: &Mark| matches!(mark, Mark::Engineering | Mark::Ours);
        self.marks.iter().any(without)
    }

    /// Textbook recall or without a mark: probably right, to be verified.
    pub fn is_unverified(&self) -> bool {
        let recall = |mark: &Mark| matches!(mark, Mark::Recall(_) | Mark::Unmarked);
        self.marks.iter().any(recall)
    }

    /// From the key `source`, which must stand there.
    pub(in crate::plan) fn read(table: &TableReader<'_>) -> Option<Self> {
        let text = table.required_text("source")?;
        match Self::parse(&text.value) {
            Ok(source) => Some(source),
            Err(word) => {
                let reason = format!(
                    "source {word:?} is no mark; write P3, A14, K, C, E, ours, unmarked or \"site: …\""
                );
                table.faults.add(text.span, reason);
                None
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mark) in self.marks.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{mark}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_the_sheet() {
        for (text, proposal, unverified) in [
            ("P3 P4", false, false),
            ("P13h K", false, true),
            ("P46 E", true, false),
            ("ours", true, false),
            ("unmarked", false, true),
            ("C A10", false, false),
            ("K-Zindrick", false, true),
            ("site: SOP 12, 2026", false, false),
        ] {
            let source = Source::parse(text).unwrap();
            assert_eq!(source.to_string(), text);
            let flags = (source.is_proposal(), source.is_unverified());
            assert_eq!(flags, (proposal, unverified), "{text}");
        }
        for wrong in ["", " ", "P", "X3", "P3,P4", "p3", "P3bc", "3", "Kx"] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
    }
}
