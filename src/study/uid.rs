//! Unique identifiers that cannot be mistaken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! uid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// From header text; padding is dropped.
            pub fn new(text: &str) -> Self {
                Self(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uid!(
    /// Study Instance UID (0020,000D).
    StudyUid
);
uid!(
    /// Series Instance UID (0020,000E).
    SeriesUid
);
uid!(
    /// SOP Instance UID (0008,0018).
    InstanceUid
);
uid!(
    /// Frame of Reference UID (0020,0052).
    FrameOfReferenceUid
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_of_the_file_is_not_part_of_the_uid() {
        assert_eq!(SeriesUid::new("1.2.3\0").as_str(), "1.2.3");
        assert_eq!(StudyUid::new(" 1.2 ").to_string(), "1.2");
    }
}
