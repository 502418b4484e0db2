//! What may be spent on files: one account of memory for the whole program, and the time a frame
//! may take to decode.
//!
//! Every buffer whose size a file decides is booked before it is made: inflated data sets, header
//! elements, decoded frames, volumes. What does not fit is refused with a sentence instead of
//! being killed by the system together with an unsaved plan.

mod machine;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;

pub use machine::default_limit;

/// The account that the program books on.
pub static MEMORY: Account = Account::new();

/// Time for the smallest frame, and more for each million samples: an order of magnitude above
/// what the slowest codec takes on a slow machine.
const FRAME_TIME: Duration = Duration::from_millis(1500);
const TIME_PER_MILLION_SAMPLES: Duration = Duration::from_millis(500);

/// Bytes in use and their limit.
#[derive(Debug)]
pub struct Account {
    used: AtomicU64,
    /// 0 until it is set or first asked for.
    limit: AtomicU64,
    pinned: AtomicBool,
}

impl Account {
    /// An empty account with the limit of this machine.
    pub const fn new() -> Self {
        Self {
            used: AtomicU64::new(0),
            limit: AtomicU64::new(0),
            pinned: AtomicBool::new(false),
        }
    }

    /// The limit in bytes.
    pub fn limit(&self) -> u64 {
        match self.limit.load(Ordering::Relaxed) {
            0 => {
                let limit = default_limit();
                // Another thread may have set one in the meantime: that one counts.
                let set =
                    self.limit
                        .compare_exchange(0, limit, Ordering::Relaxed, Ordering::Relaxed);
                set.map_or_else(|other| other, |_| limit)
            }
            limit => limit,
        }
    }

    /// Sets the limit in bytes; `None` for that of the machine. What is booked stays booked.
    pub fn set_limit(&self, bytes: Option<u64>) {
        if self.pinned.load(Ordering::Relaxed) {
            return;
        }
        let bytes = bytes.unwrap_or_else(default_limit).max(1);
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// Sets the limit for as long as the program runs: later [`Self::set_limit`] is without effect.
    pub fn pin_limit(&self, bytes: u64) {
        self.set_limit(Some(bytes));
        self.pinned.store(true, Ordering::Relaxed);
    }

    /// Bytes booked.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that can still be booked.
    pub fn free(&self) -> u64 {
        self.limit().saturating_sub(self.used())
    }

    /// Books memory for `what`, until the reservation is dropped.
    pub fn reserve(
        &'static self,
        bytes: u64,
        what: &'static str,
    ) -> Result<Reservation, OverBudget> {
        let mut reservation = Reservation {
            account: self,
            bytes: 0,
            what,
        };
        reservation.grow(bytes)?;
        Ok(reservation)
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

/// Booked memory; dropping it gives it back.
#[derive(Debug)]
pub struct Reservation {
    account: &'static Account,
    bytes: u64,
    what: &'static str,
}

impl Reservation {
    /// Bytes booked.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Books `more` bytes; without them it stays as it was.
    pub fn grow(&mut self, more: u64) -> Result<(), OverBudget> {
        let limit = self.account.limit();
        let booked = self
            .account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(more).filter(|&sum| sum <= limit)
            });
        match booked {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(used) => Err(OverBudget {
                what: self.what,
                needs: self.bytes.saturating_add(more),
                free: limit.saturating_sub(used.saturating_sub(self.bytes)),
                limit,
            }),
        }
    }
}

impl Reservation {
    /// Takes over what another has booked on the same account.
    pub fn absorb(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.account.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Something needs more memory than is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{what} needs {} of memory, {} of {} are free; close other series, or allow more under \
     View › Settings or with --memory",
    size(*needs), size(*free), size(*limit)
)]
pub struct OverBudget {
    /// What it was for.
    pub what: &'static str,
    /// Bytes it needs in all.
    pub needs: u64,
    /// Bytes it could have had.
    pub free: u64,
    /// The limit.
    pub limit: u64,
}

/// A number of bytes as a person reads it: `512 MB`, `1.5 GB` (powers of 1024).
pub fn size(bytes: u64) -> String {
    const MEBIBYTE: f64 = 1024.0 * 1024.0;
    let mebibytes = bytes as f64 / MEBIBYTE;
    if mebibytes < 1.0 {
        format!("{} KB", bytes.div_ceil(1024))
    } else if mebibytes < 1000.0 {
        format!("{mebibytes:.0} MB")
    } else {
        format!("{:.1} GB", mebibytes / 1024.0)
    }
}

/// When the decoding of a frame of so many samples is given up, counted from now.
pub fn frame_deadline(samples: usize) -> Instant {
    let millions = samples as f64 / 1e6;
    Instant::now() + FRAME_TIME + TIME_PER_MILLION_SAMPLES.mul_f64(millions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(limit: u64) -> &'static Account {
        let account = Box::leak(Box::new(Account::new()));
        account.set_limit(Some(limit));
        account
    }

    #[test]
    fn what_is_booked_counts_until_it_is_dropped() {
        let account = account(1000);
        let mut volume = account.reserve(600, "the volume").unwrap();
        assert_eq!((account.used(), account.free()), (600, 400));
        assert!(account.reserve(401, "a frame").is_err());
        volume.grow(300).unwrap();
        assert_eq!((volume.bytes(), account.used()), (900, 900));
        drop(volume);
        assert_eq!(account.used(), 0);
        account.reserve(1000, "a frame").unwrap();
    }

    #[test]
    fn a_refusal_books_nothing_and_says_what_to_do() {
        let account = account(3 << 30);
        let mut kept = account.reserve(1 << 30, "the volume").unwrap();
        let error = kept.grow(5 << 30).unwrap_err();
        assert_eq!(account.used(), 1 << 30);
        assert_eq!(
            error.to_string(),
            "the volume needs 6.0 GB of memory, 3.0 GB of 3.0 GB are free; close other series, or \
             allow more under View › Settings or with --memory"
        );
        assert!(kept.grow(u64::MAX).is_err());
    }

    #[test]
    fn the_limit_comes_from_the_machine_and_can_be_set() {
        let account: &'static Account = Box::leak(Box::new(Account::new()));
        assert_eq!(account.limit(), default_limit());
        account.set_limit(Some(5));
        assert_eq!(account.limit(), 5);
        account.set_limit(None);
        assert_eq!(account.limit(), default_limit());
        account.pin_limit(7);
        account.set_limit(None);
        assert_eq!(account.limit(), 7);
    }

    #[test]
    fn sizes_are_words() {
        assert_eq!(size(700), "1 KB");
        assert_eq!(size(512 << 20), "512 MB");
        assert_eq!(size(3 << 29), "1.5 GB");
    }

    #[test]
    fn large_frames_may_take_longer() {
        let now = Instant::now();
        let small = frame_deadline(512 * 512) - now;
        assert!(small >= FRAME_TIME && small < Duration::from_secs(2));
        assert!(frame_deadline(16 << 20) - now > Duration::from_secs(8));
    }
}
