//! Vertebrae by region and number, and the levels procedures are named by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part of the spine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Region {
    /// C1 to C7.
    Cervical,
    /// T1 to T12; T11 to T13 in transitional anatomy.
    Thoracic,
    /// L1 to L5; L4 or L6 in transitional anatomy.
    Lumbar,
    /// S1 to S5.
    Sacral,
    /// Coccyx, without a number.
    Coccygeal,
}

/// One vertebra, ordered from the head down. Written `L4`, the coccyx `Co`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vertebra {
    region: Region,
    number: u8,
}

impl Vertebra {
    /// The 24 presacral vertebrae in the usual count, C1 first.
    pub fn presacral() -> impl Iterator<Item = Self> {
        [
            (Region::Cervical, 7),
            (Region::Thoracic, 12),
            (Region::Lumbar, 5),
        ]
        .into_iter()
        .flat_map(|(region, last)| (1..=last).map(move |number| Self { region, number }))
    }

    /// L5, where most people begin to count.
    pub const fn lumbar_5() -> Self {
        Self {
            region: Region::Lumbar,
            number: 5,
        }
    }

    /// `None` where no spine has such a vertebra.
    pub fn new(region: Region, number: u8) -> Option<Self> {
        let last = match region {
            Region::Cervical => 7,
            Region::Thoracic => 13,
            Region::Lumbar => 6,
            Region::Sacral => 5,
            Region::Coccygeal => 1,
        };
        (1..=last)
            .contains(&number)
            .then_some(Self { region, number })
    }

    /// Part of the spine.
    pub fn region(self) -> Region {
        self.region
    }

    /// Number within its part, from 1.
    pub fn number(self) -> u8 {
        self.number
    }

    /// The next one toward the feet in a spine of `thoracic` and `lumbar` vertebrae (usually 12
    /// and 5); `None` below the coccyx.
    pub fn below(self, thoracic: u8, lumbar: u8) -> Option<Self> {
        let last = match self.region {
            Region::Cervical => 7,
            Region::Thoracic => thoracic,
            Region::Lumbar => lumbar,
            Region::Sacral => 5,
            Region::Coccygeal => return None,
        };
        if self.number < last {
            return Self::new(self.region, self.number + 1);
        }
        let next = match self.region {
            Region::Cervical => Region::Thoracic,
            Region::Thoracic => Region::Lumbar,
            Region::Lumbar => Region::Sacral,
            Region::Sacral | Region::Coccygeal => Region::Coccygeal,
        };
        Self::new(next, 1)
    }

    /// The next one toward the head; `None` above C1.
    pub fn above(self, thoracic: u8, lumbar: u8) -> Option<Self> {
        if self.number > 1 {
            return Self::new(self.region, self.number - 1);
        }
        match self.region {
            Region::Cervical => None,
            Region::Thoracic => Self::new(Region::Cervical, 7),
            Region::Lumbar => Self::new(Region::Thoracic, thoracic),
            Region::Sacral => Self::new(Region::Lumbar, lumbar),
            Region::Coccygeal => Self::new(Region::Sacral, 5),
        }
    }

    /// SNOMED CT code and meaning of the vertebra (CID 4030 and its like); `None` for T13 and L6,
    /// which have none of their own.
    pub fn snomed(self) -> Option<(&'static str, String)> {
        let code = match (self.region, self.number) {
            (Region::Cervical, 1) => "14806007",
            (Region::Cervical, 2) => "39976000",
            (Region::Cervical, 3) => "113205007",
            (Region::Cervical, 4) => "5329002",
            (Region::Cervical, 5) => "36978003",
            (Region::Cervical, 6) => "36054005",
            (Region::Cervical, 7) => "87391001",
            (Region::Thoracic, 1) => "64864005",
            (Region::Thoracic, 2) => "53733008",
            (Region::Thoracic, 3) => "1626008",
            (Region::Thoracic, 4) => "73071006",
            (Region::Thoracic, 5) => "56401006",
            (Region::Thoracic, 6) => "45296009",
            (Region::Thoracic, 7) => "62487009",
            (Region::Thoracic, 8) => "11068009",
            (Region::Thoracic, 9) => "82687006",
            (Region::Thoracic, 10) => "7610001",
            (Region::Thoracic, 11) => "12989004",
            (Region::Thoracic, 12) => "23215003",
            (Region::Lumbar, 1) => "66794005",
            (Region::Lumbar, 2) => "14293000",
            (Region::Lumbar, 3) => "36470004",
            (Region::Lumbar, 4) => "11994002",
            (Region::Lumbar, 5) => "49668003",
            (Region::Sacral, _) => "54735007",
            (Region::Coccygeal, _) => "64688005",
            _ => return None,
        };
        let meaning = match self.region {
            Region::Sacral => "Bone structure of sacrum".to_owned(),
            Region::Coccygeal => "Bone structure of coccyx".to_owned(),
            _ => format!("{self} vertebra"),
        };
        Some((code, meaning))
    }
}

impl fmt::Display for Vertebra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.region {
            Region::Cervical => write!(f, "C{}", self.number),
            Region::Thoracic => write!(f, "T{}", self.number),
            Region::Lumbar => write!(f, "L{}", self.number),
            Region::Sacral => write!(f, "S{}", self.number),
            Region::Coccygeal => f.write_str("Co"),
        }
    }
}

fn not_a_level(text: &str) -> String {
    format!("{text:?} is no spinal level; write a vertebra (L4) or two neighbours (L4-L5)")
}

impl FromStr for Vertebra {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || not_a_level(text);
        if text.eq_ignore_ascii_case("co") {
            return Self::new(Region::Coccygeal, 1).ok_or_else(wrong);
        }
        let mut letters = text.chars();
        let region = match letters.next().map(|letter| letter.to_ascii_uppercase()) {
            Some('C') => Region::Cervical,
            Some('T') => Region::Thoracic,
            Some('L') => Region::Lumbar,
            Some('S') => Region::Sacral,
            _ => return Err(wrong()),
        };
        let number = letters.as_str().parse().map_err(|_not_a_number| wrong())?;
        Self::new(region, number).ok_or_else(wrong)
    }
}

impl From<Vertebra> for String {
    fn from(vertebra: Vertebra) -> Self {
        vertebra.to_string()
    }
}

impl TryFrom<String> for Vertebra {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What a procedure is named by: a vertebra, or the space between two neighbours. Written `L4` and
/// `L4-L5`; `L4-5` is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Level {
    /// At a vertebra.
    At(Vertebra),
    /// Between a vertebra and the one below it.
    Between(Vertebra, Vertebra),
}

impl Level {
    /// The vertebra at it, or the upper of the two.
    pub fn upper(self) -> Vertebra {
        match self {
            Self::At(vertebra) | Self::Between(vertebra, _) => vertebra,
        }
    }

    /// The vertebra at it, or the lower of the two.
    pub fn lower(self) -> Vertebra {
        match self {
            Self::At(vertebra) | Self::Between(_, vertebra) => vertebra,
        }
    }

    /// As spoken: `L4`, `L4-5`, `L5-S1`.
    pub fn spoken(self) -> String {
        match self {
            Self::At(vertebra) => vertebra.to_string(),
            Self::Between(upper, lower) if upper.region == lower.region => {
                format!("{upper}-{}", lower.number)
            }
            Self::Between(upper, lower) => format!("{upper}-{lower}"),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(vertebra) => vertebra.fmt(f),
            Self::Between(upper, lower) => write!(f, "{upper}-{lower}"),
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((upper, lower)) = text.split_once(['-', '/']) else {
            return text.parse().map(Self::At);
        };
        let upper: Vertebra = upper.trim().parse()?;
        let lower = lower.trim();
        let lower: Vertebra = if lower.starts_with(|first: char| first.is_ascii_digit()) {
            let number = lower.parse().map_err(|_not_a_number| not_a_level(text))?;
            Vertebra::new(upper.region, number).ok_or_else(|| not_a_level(text))?
        } else {
            lower.parse()?
        };
        // Eleven to thirteen ribs and four to six lumbar vertebrae occur.
        let neighbours = (11..=13)
            .any(|thoracic| (4..=6).any(|lumbar| upper.below(thoracic, lumbar) == Some(lower)));
        if neighbours {
            Ok(Self::Between(upper, lower))
        } else {
            Err(not_a_level(text))
        }
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.to_string()
    }
}

impl TryFrom<String> for Level {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spine_is_walked_from_head_to_tail() {
        assert_eq!(Vertebra::presacral().count(), 24);
        let mut at: Vertebra = "C1".parse().unwrap();
        let mut names = vec![at.to_string()];
        while let Some(next) = at.below(12, 5) {
            assert_eq!(next.above(12, 5), Some(at));
            at = next;
            names.push(at.to_string());
        }
        assert_eq!(names.len(), 24 + 5 + 1);
        assert_eq!(&names[22..26], ["L4", "L5", "S1", "S2"]);
        let l5: Vertebra = "L5".parse().unwrap();
        assert_eq!(l5.below(12, 6).unwrap().to_string(), "L6");
        assert!("L4".parse::<Vertebra>().unwrap() < l5);
    }

    #[test]
    fn levels_are_read_as_people_write_them() {
        for (text, written, spoken) in [
            ("L4", "L4", "L4"),
            ("L4-5", "L4-L5", "L4-5"),
            ("L4/L5", "L4-L5", "L4-5"),
            ("l5-s1", "L5-S1", "L5-S1"),
            ("T12-L1", "T12-L1", "T12-L1"),
            ("L6-S1", "L6-S1", "L6-S1"),
            ("Co", "Co", "Co"),
        ] {
            let level: Level = text.parse().unwrap();
            assert_eq!(
                (level.to_string(), level.spoken()),
                (written.to_owned(), spoken.to_owned())
            );
            let json = serde_json::to_string(&level).unwrap();
            assert_eq!(serde_json::from_str::<Level>(&json).unwrap(), level);
        }
        for wrong in ["", "X4", "L", "L7", "L4-L6", "L5-L4", "é", "L4-", "T12-L2"] {
            assert!(
                wrong
                    .parse::<Level>()
                    .unwrap_err()
                    .contains("no spinal level"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_code_of_l4_is_that_of_the_interchange_recipe() {
        let l4: Vertebra = "L4".parse().unwrap();
        assert_eq!(l4.snomed(), Some(("11994002", "L4 vertebra".to_owned())));
    }
}
