//! The needles that can be chosen: gauge, outer diameter, length.

use std::sync::OnceLock;

use serde::Deserialize;
use thiserror::Error;

/// One kind of needle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

/// Why a catalogue was refused.
#[derive(Debug, Error, PartialEq)]
pub enum NeedleCatalogueError {
    /// Not the expected TOML.
    #[error("Needle catalogue is not readable: {0}")]
    Syntax(String),
    /// An impossible entry.
    #[error("Needle {id:?} has {field} {value}; it must be a positive number of mm")]
    Impossible {
        /// Which needle.
        id: String,
        /// Which number.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// The same id twice.
    #[error("Needle id {0:?} stands twice in the catalogue; rename one")]
    Twice(String),
}

/// All needles that can be chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NeedleCatalogue {
    /// In the order of the file.
    pub needles: Vec<Needle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    #[serde(rename = "schema")]
    _schema: String,
    needle: Vec<Needle>,
}

impl NeedleCatalogue {
    /// The catalogue that comes with the program (`assets/needles.toml`).
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<NeedleCatalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::parse(include_str!("../../assets/needles.toml")).unwrap_or_else(|error| {
                // A test holds the embedded file readable; a broken build still plans, without.
                log::error!("{error}");
                Self::default()
            })
        })
    }

    /// From the TOML text of a catalogue file.
    pub fn parse(text: &str) -> Result<Self, NeedleCatalogueError> {
        let file: CatalogueFile = toml::from_str(text)
            .map_err(|error| NeedleCatalogueError::Syntax(error.to_string()))?;
        for (index, needle) in file.needle.iter().enumerate() {
            for (field, value) in [
                ("length_mm", needle.length_mm),
                ("outer_diameter_mm", needle.outer_diameter_mm),
            ] {
                if !(value.is_finite() && value > 0.0) {
                    let id = needle.id.clone();
                    return Err(NeedleCatalogueError::Impossible { id, field, value });
                }
            }
            if file
                .needle
                .iter()
                .take(index)
                .any(|before| before.id == needle.id)
            {
                return Err(NeedleCatalogueError::Twice(needle.id.clone()));
            }
        }
        Ok(Self {
            needles: file.needle,
        })
    }

    /// The needle of an id.
    pub fn find(&self, id: &str) -> Option<&Needle> {
        self.needles.iter().find(|needle| needle.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Trajectory;

    #[test]
    fn the_builtin_catalogue_reads_and_matches_the_sheet() {
        let text = include_str!("../../assets/needles.toml");
        let catalogue = NeedleCatalogue::parse(text).unwrap();
        assert_eq!(&catalogue, NeedleCatalogue::builtin());
        assert!(catalogue.find(Trajectory::DEFAULT_NEEDLE).is_some());
        // Section 0.2: gauge → outer diameter.
        for (gauge, diameter_mm) in [(25, 0.51), (22, 0.72), (20, 0.91), (18, 1.27), (11, 3.05)] {
            let mut of_gauge = catalogue.needles.iter().filter(|n| n.gauge == gauge);
            assert!(of_gauge.all(|needle| needle.outer_diameter_mm == diameter_mm));
        }
        assert_eq!(catalogue.find("quincke-22g-90").unwrap().length_mm, 90.0);
        assert_eq!(catalogue.find("nothing"), None);
    }

    #[test]
    fn a_wrong_catalogue_says_what_is_wrong() {
        let one = |id: &str, length: f64| {
            format!(
                "[[needle]]\nid=\"{id}\"\nname=\"n\"\nkind=\"k\"\ngauge=22\n\
                 outer_diameter_mm=0.7\nlength_mm={length:?}\n"
            )
        };
        let head = "schema = \"stylet-needles/1\"\n";
        let negative = format!("{head}{}", one("a", -1.0));
        assert!(matches!(
            NeedleCatalogue::parse(&negative),
            Err(NeedleCatalogueError::Impossible {
                field: "length_mm",
                ..
            })
        ));
        let twice = format!("{head}{}{}", one("a", 9.0), one("a", 8.0));
        assert_eq!(
            NeedleCatalogue::parse(&twice),
            Err(NeedleCatalogueError::Twice("a".to_owned()))
        );
        assert!(matches!(
            NeedleCatalogue::parse("needle = 5"),
            Err(NeedleCatalogueError::Syntax(_))
        ));
    }
}
