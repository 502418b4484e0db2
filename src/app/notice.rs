//! What the program has to tell the person, once each.

use std::collections::VecDeque;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something worked.
    Info,
    /// Shown, but not as expected.
    Warning,
    /// Not done.
    Error,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// A sentence for the person.
    pub text: String,
}

/// The newest messages, the latest last.
#[derive(Debug, Default)]
pub struct Notices(VecDeque<Notice>);

impl Notices {
    const KEPT: usize = 50;

    /// Adds a message; the same text again moves to the end instead of standing twice.
    pub fn add(&mut self, severity: Severity, text: impl Into<String>) {
        let notice = Notice {
            severity,
            text: text.into(),
        };
        self.0.retain(|old| *old != notice);
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }

    /// All kept messages, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.0.iter()
    }

    /// The latest one.
    pub fn latest(&self) -> Option<&Notice> {
        self.0.back()
    }

    /// Forgets a message that was read.
    pub fn dismiss(&mut self, notice: &Notice) {
        self.0.retain(|old| old != notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_message_stands_once_at_the_end() {
        let mut notices = Notices::default();
        notices.add(Severity::Error, "a");
        notices.add(Severity::Info, "b");
        notices.add(Severity::Error, "a");
        assert_eq!(notices.iter().count(), 2);
        assert_eq!(notices.latest().unwrap().text, "a");
        let latest = notices.latest().unwrap().clone();
        notices.dismiss(&latest);
        assert_eq!(notices.latest().unwrap().text, "b");
        (0..90).for_each(|n| notices.add(Severity::Info, n.to_string()));
        assert_eq!(notices.iter().count(), Notices::KEPT);
    }
}
