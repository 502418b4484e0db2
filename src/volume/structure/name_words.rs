//! Names of structures as words: what they hold, and the side, level and number they say.

use crate::study::Side;

/// A phrase that names are searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase(Vec<PhraseWord>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PhraseWord {
    text: String,
    /// Any ending fits.
    open: bool,
}

impl Phrase {
    pub fn new(text: &str) -> Self {
        let word = |word: &str| PhraseWord {
            open: word.ends_with('*'),
            text: word.trim_end_matches('*').to_lowercase(),
        };
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '*');
        Self(words.filter(|w| !w.is_empty()).map(word).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| word.text.is_empty())
    }
}

/// The words of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameWords {
    original: String,
    words: Vec<String>,
}

impl NameWords {
    /// Words end at everything but letters and digits, and where a small letter meets a capital.
    pub fn of(name: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut previous_is_lower = false;
        for letter in name.chars() {
            let begins = letter.is_uppercase() && previous_is_lower;
            if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if letter.is_alphanumeric() {
                word.extend(letter.to_lowercase());
            }
            previous_is_lower = letter.is_lowercase();
        }
        if !word.is_empty() {
            words.push(word);
        }
        Self {
            original: name.to_owned(),
            words,
        }
    }

    /// Whether the words of a phrase follow one another in it.
    pub fn holds(&self, phrase: &Phrase) -> bool {
        let fits = |(word, wanted): (&String, &PhraseWord)| {
            if wanted.open {
                word.starts_with(&wanted.text)
            } else {
                *word == wanted.text
            }
        };
        let count = phrase.0.len();
        count > 0
            && self
                .words
                .windows(count)
                .any(|words| words.iter().zip(&phrase.0).all(fits))
    }

    /// The side it says.
    pub fn side(&self) -> Option<Side> {
        self.words.iter().find_map(|word| match word.as_str() {
            "left" | "l" | "lt" | "links" => Some(Side::Left),
            "right" | "r" | "rt" | "rechts" => Some(Side::Right),
            _ => None,
        })
    }

    /// Vertebra or gap: `L3`, `L4-L5`.
    pub fn level(&self) -> Option<String> {
        let mut found = self.words.iter().enumerate().filter_map(|(place, word)| {
            let (region, number) = level_of(word)?;
            Some((place, region, number))
        });
        let (place, region, number) = found.next()?;
        let first = format!("{region}{number}");
        match found.next() {
            Some((next, region, number)) if next == place + 1 => {
                Some(format!("{first}-{region}{number}"))
            }
            _ => Some(first),
        }
    }

    /// The first number that stands alone.
    pub fn number(&self) -> Option<u32> {
        self.words.iter().find_map(|word| word.parse().ok())
    }

    /// A pattern with {side}, {level} and {number} put in; what the name does not say is left out.
    pub fn fill(&self, pattern: &str) -> String {
        let side = self.side().map(Side::word).unwrap_or_default();
        let number = self.number().map(|number| number.to_string());
        let text = pattern
            .replace("{side}", side)
            .replace("{level}", &self.level().unwrap_or_default())
            .replace("{number}", &number.unwrap_or_default());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut letters = text.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect()
    }

    /// The name with `_` as spaces.
    pub fn plain(&self) -> String {
        self.original.replace('_', " ").trim().to_owned()
    }
}

/// Region and number of a vertebra: `l3`, `th12`.
fn level_of(word: &str) -> Option<(char, u32)> {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let region = match word.strip_suffix(digits)? {
        "c" => 'C',
        "t" | "th" => 'T',
        "l" => 'L',
        "s" => 'S',
        _ => return None,
    };
    let number: u32 = digits.parse().ok()?;
    let most = match region {
        'C' => 7,
        'T' => 13,
        'L' => 6,
        _ => 5,
    };
    (1..=most).contains(&number).then_some((region, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        let words = |name: &str| NameWords::of(name).words;
        assert_eq!(words("SpinalCord_R"), ["spinal", "cord", "r"]);
        assert_eq!(
            words("L4-L5 disc, nucleus"),
            ["l4", "l5", "disc", "nucleus"]
        );
        assert_eq!(words("BODY"), ["body"]);
        assert!(words(" _-").is_empty());
    }

    #[test]
    fn sides_levels_and_numbers_are_found() {
        let name = NameWords::of("rib_left_11");
        assert_eq!((name.side(), name.number()), (Some(Side::Left), Some(11)));
        assert_eq!(name.level(), None);
        assert_eq!(NameWords::of("vertebrae_T12").level().unwrap(), "T12");
        assert_eq!(NameWords::of("Th12 body").level().unwrap(), "T12");
        assert_eq!(NameWords::of("L5/S1 disc").level().unwrap(), "L5-S1");
        assert_eq!(NameWords::of("L9 thing").level(), None);
        assert_eq!(NameWords::of("Kidney R").side(), Some(Side::Right));
        assert_eq!(name.fill("{side} rib {number}"), "Left rib 11");
        assert_eq!(NameWords::of("rib").fill("{side} rib {number}"), "Rib");
    }
}
