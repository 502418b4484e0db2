//! New unique identifiers: `2.25.` and a UUID as a decimal number (PS3.5 B.2).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

static MADE: AtomicU64 = AtomicU64::new(0);

/// A UID that nothing else has.
pub fn new_uid() -> String {
    // The standard library seeds these states from the operating system's random source.
    let seeds = [RandomState::new(), RandomState::new(), RandomState::new()];
    let mut hash = Sha256::new();
    for (number, seed) in seeds.iter().enumerate() {
        hash.update(seed.hash_one(number).to_le_bytes());
        hash.update(seed.hash_one((number, "uid")).to_le_bytes());
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    hash.update(since.unwrap_or_default().as_nanos().to_le_bytes());
    hash.update(std::process::id().to_le_bytes());
    hash.update(MADE.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    of_hash(hash)
}

/// The UID that these texts always get, so that the same thing keeps its UID from export to
/// export.
pub fn derived_uid(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    of_hash(hash)
}

/// A UUID of version 8 (RFC 9562 5.8), whose other 122 bits are free.
fn of_hash(hash: Sha256) -> String {
    let digest = hash.finalize();
    let bits = digest
        .iter()
        .take(16)
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let bits = bits & !(0xf << 76) | 0x8 << 76;
    let bits = bits & !(0x3 << 62) | 0x2 << 62;
    format!("2.25.{bits}")
}

/// Whether the text is a UID: digits and dots, no component with a leading zero, at most 64
/// characters (PS3.5 9.1).
pub fn is_uid(text: &str) -> bool {
    let component = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && text.split('.').all(component)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn new_ones_are_valid_and_never_the_same() {
        let all: HashSet<String> = (0..1000).map(|_| new_uid()).collect();
        assert_eq!(all.len(), 1000);
        for uid in all {
            assert!(is_uid(&uid) && uid.starts_with("2.25."), "{uid}");
            let bits: u128 = uid.trim_start_matches("2.25.").parse().unwrap();
            assert_eq!((bits >> 76 & 0xf, bits >> 62 & 3), (8, 2));
        }
    }

    #[test]
    fn derived_ones_depend_on_every_part_and_where_it_ends() {
        assert_eq!(derived_uid(&["a", "b"]), derived_uid(&["a", "b"]));
        assert_ne!(derived_uid(&["a", "b"]), derived_uid(&["ab", ""]));
        assert!(is_uid(&derived_uid(&["needle"])));
    }

    #[test]
    fn what_is_no_uid_is_told() {
        for wrong in ["", "1.", "1.02", "1.a", &"1.".repeat(40), "1.2 "] {
            assert!(!is_uid(wrong), "{wrong}");
        }
        assert!(is_uid("1.2.840.10008.0"));
    }
}
