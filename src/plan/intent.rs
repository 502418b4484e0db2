//! What a needle is meant for: procedure, level and side, and what was overridden with a reason.

use serde::{Deserialize, Serialize};

use crate::study::{Level, Side};

/// Procedure, level and side that a needle is planned for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Id in the procedure library.
    pub procedure: String,
    /// Where along the spine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Which side; `None` for the midline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
}

/// What keeps a plan from being exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objection {
    /// The needle lies on the other side of the midline than declared.
    WrongSide,
    /// The needle lies at another level than declared.
    WrongLevel,
    /// The path comes nearer to a structure than its stop margin.
    StopMargin,
}

impl Objection {
    /// `wrong side` …
    pub fn words(self) -> &'static str {
        match self {
            Self::WrongSide => "wrong side",
            Self::WrongLevel => "wrong level",
            Self::StopMargin => "stop margin broken",
        }
    }
}

/// An objection that a person took note of, and why the plan is right all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Against what.
    pub objection: Objection,
    /// Why; not blank.
    pub reason: String,
}
