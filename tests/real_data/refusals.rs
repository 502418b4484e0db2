//! Images of the collections that are not read, each for its reason.

/// Part of the path, part of the message, and why it cannot be read.
const LIST: &[(&str, &str, &str)] = &[];

/// Why a file is refused, if it is in the list.
pub fn why(path: &str, message: &str) -> Option<&'static str> {
    let found = LIST
        .iter()
        .find(|(file, part, _)| path.contains(file) && message.contains(part));
    found.map(|(_, _, why)| *why)
}
