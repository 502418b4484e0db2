//! Work of other people's code that is waited for until a deadline, and then abandoned.
//!
//! A thread cannot be stopped from outside. What outlives its deadline goes on in its thread until
//! it ends by itself; its file is not tried again, and once a few threads are lost in this way no
//! more are given. Codecs of our own look at the clock themselves and need none of this.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use thiserror::Error;

use super::guard::guarded;

/// Threads that may be lost before no more work is taken.
const MOST_ABANDONED: usize = 4;
/// Stack of a thread: codecs have been seen to nest deeply.
const STACK_BYTES: usize = 8 << 20;
/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NoResult {
    #[error("decoding took longer than allowed and was given up")]
    TooSlow,
    #[error("a frame of this file took too long before, so that no other is tried")]
    TooSlowBefore,
    #[error("too many damaged files are still being decoded; start the program anew to try again")]
    TooManyLost,
    #[error("the system gives no thread to decode it")]
    NoThread,
    #[error("the stream is damaged")]
    Panicked,
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for work, and what is known of work that did not end.
#[derive(Default)]
struct Workers {
    idle: Mutex<Vec<Sender<Job>>>,
    /// Files with such work.
    refused: Mutex<HashSet<PathBuf>>,
    abandoned: AtomicUsize,
}

fn workers() -> &'static Arc<Workers> {
    static WORKERS: OnceLock<Arc<Workers>> = OnceLock::new();
    WORKERS.get_or_init(Arc::default)
}

/// What `work` returns, if it does so before the deadline.
///
/// # Errors
/// The deadline has passed, now or for an earlier frame of `file`; `work` has panicked; no thread
/// is left.
pub(crate) fn within<T: Send + 'static>(
    file: &Path,
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoResult> {
    workers().within(file, deadline, work)
}

impl Workers {
    fn within<T: Send + 'static>(
        self: &Arc<Self>,
        file: &Path,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NoResult> {
        if self.refused().contains(file) {
            return Err(NoResult::TooSlowBefore);
        }
        if self.abandoned.load(Ordering::Relaxed) >= MOST_ABANDONED {
            return Err(NoResult::TooManyLost);
        }
        // Without a place between them the sender always learns whether anybody still waits.
        let (result, results) = bounded(0);
        let this = Arc::clone(self);
        self.start(Box::new(move || {
            if result.send(guarded(work)).is_err() {
                this.abandoned.fetch_sub(1, Ordering::Relaxed);
            }
        }));
        match results.recv_deadline(deadline) {
            Ok(result) => result.ok_or(NoResult::Panicked),
            Err(RecvTimeoutError::Disconnected) => Err(NoResult::NoThread),
            Err(RecvTimeoutError::Timeout) => {
                // Counted before the channel closes, which is what the thread counts back at.
                self.abandoned.fetch_add(1, Ordering::Relaxed);
                drop(results);
                self.refused().insert(file.to_owned());
                Err(NoResult::TooSlow)
            }
        }
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Sender<Job>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives work to an idle thread, or to a new one. Where the system gives none the work is
    /// dropped, which the waiting side sees as a result that does not come.
    fn start(self: &Arc<Self>, mut job: Job) {
        while let Some(worker) = { self.idle().pop() } {
            match worker.send(job) {
                Ok(()) => return,
                Err(refused) => job = refused.0,
            }
        }
        let this = Arc::clone(self);
        let run = move || {
            let (sender, jobs) = bounded::<Job>(1);
            job();
            this.idle().push(sender.clone());
            for job in &jobs {
                job();
                this.idle().push(sender.clone());
            }
        };
        let builder = thread::Builder::new().name("decoder".to_owned());
        if let Err(error) = builder.stack_size(STACK_BYTES).spawn(run) {
            log::warn!("no thread for a decoder: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn results_come_back_and_threads_are_used_again() {
        let workers = Arc::new(Workers::default());
        let file = Path::new("a");
        let first = workers.within(file, soon(), || thread::current().id());
        // The thread is idle once it says so, which is after its result has come.
        while workers.idle().is_empty() {
            thread::yield_now();
        }
        let second = workers.within(file, soon(), || thread::current().id());
        assert_eq!(first, second);
        assert!(first.is_ok_and(|id| id != thread::current().id()));
    }

    #[test]
    fn a_panic_is_an_error_and_does_not_cost_the_thread() {
        let workers = Arc::new(Workers::default());
        let file = Path::new("a");
        let panicked = workers.within(file, soon(), || -> i32 { panic!("a codec failed") });
        assert_eq!(panicked, Err(NoResult::Panicked));
        assert_eq!(workers.within(file, soon(), || 1), Ok(1));
    }

    #[test]
    fn what_outlives_its_deadline_is_given_up_with_its_file() {
        let workers = Arc::new(Workers::default());
        let (go, gate) = bounded::<()>(0);
        let slow = workers.within(Path::new("slow"), Instant::now(), move || gate.recv());
        assert_eq!(slow, Err(NoResult::TooSlow));
        assert_eq!(workers.abandoned.load(Ordering::Relaxed), 1);
        let again = workers.within(Path::new("slow"), soon(), || 1);
        assert_eq!(again, Err(NoResult::TooSlowBefore));
        assert_eq!(workers.within(Path::new("other"), soon(), || 1), Ok(1));
        drop(go);
        while workers.abandoned.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn only_a_few_threads_can_be_lost() {
        let workers = Arc::new(Workers::default());
        let (go, gate) = bounded::<()>(0);
        for number in 0..MOST_ABANDONED {
            let gate = gate.clone();
            let file = PathBuf::from(number.to_string());
            let slow = workers.within(&file, Instant::now(), move || gate.recv());
            assert_eq!(slow, Err(NoResult::TooSlow));
        }
        let next = workers.within(Path::new("next"), soon(), || 1);
        assert_eq!(next, Err(NoResult::TooManyLost));
        drop(go);
        while workers.abandoned.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        assert_eq!(workers.within(Path::new("next"), soon(), || 1), Ok(1));
    }
}
