//! Work off the GUI thread: named threads, progress, cancel by dropping.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// Asks the GUI to draw another frame; safe from any thread.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// A waker for programs without a window.
pub fn no_waker() -> Waker {
    Arc::new(|| {})
}

/// Tells a running job to stop.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same as a loop's control flow.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// What a job says.
#[derive(Debug)]
pub enum JobEvent<P, T> {
    /// How far it is; may be dropped when there are many.
    Progress(P),
    /// Its result; never dropped.
    Finished(T),
    /// It panicked: a bug, said to the person in a notice.
    Died(String),
}

/// A running piece of work. Dropping it cancels it.
#[derive(Debug)]
pub struct Job<P, T> {
    events: Receiver<JobEvent<P, T>>,
    cancel: CancelToken,
}

/// The job's side of the channel.
pub struct JobSink<P, T> {
    events: Sender<JobEvent<P, T>>,
    cancel: CancelToken,
    waker: Waker,
}

impl<P, T> JobSink<P, T> {
    /// Reports progress and learns whether to go on.
    pub fn progress(&self, progress: P) -> ControlFlow<()> {
        match self.events.try_send(JobEvent::Progress(progress)) {
            Ok(()) => (self.waker)(),
            Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => return ControlFlow::Break(()),
        }
        self.cancel.flow()
    }

    /// The token, for work that only wants to know whether to stop.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }
}

impl<P: Send + 'static, T: Send + 'static> Job<P, T> {
    /// Runs `work` on a thread named `name`.
    pub fn spawn(
        name: &str,
        waker: Waker,
        work: impl FnOnce(&JobSink<P, T>) -> T + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, events) = bounded(64);
        let cancel = CancelToken::default();
        let sink = JobSink {
            events: sender,
            cancel: cancel.clone(),
            waker,
        };
        let title = name.to_owned();
        std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(8 << 20)
            .spawn(move || {
                let result = catch_unwind(AssertUnwindSafe(|| work(&sink)));
                let event = match result {
                    Ok(value) => JobEvent::Finished(value),
                    Err(panic) => JobEvent::Died(format!("{title}: {}", panic_text(&*panic))),
                };
                // Nobody listens any more after a cancel; that is no error.
                sink.events.send(event).ok();
                (sink.waker)();
            })?;
        Ok(Self { events, cancel })
    }

    /// Everything said since the last call.
    pub fn poll(&self) -> Vec<JobEvent<P, T>> {
        self.events.try_iter().collect()
    }
}

impl<P, T> Drop for Job<P, T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Runs parallel work on threads of its own.
///
/// The pictures are made on the shared threads while the window waits for them; work that keeps
/// those busy for long would freeze the window.
pub fn on_own_threads<R: Send>(name: &str, work: impl FnOnce() -> R + Send) -> R {
    let name = name.to_owned();
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(move |index| format!("{name} {index}"))
        .stack_size(8 << 20)
        .build();
    match pool {
        Ok(pool) => pool.install(work),
        // No threads to be had: slower, but done.
        Err(_) => work(),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it stopped unexpectedly".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wait<P: Send + 'static, T: Send + 'static>(job: &Job<P, T>) -> Vec<JobEvent<P, T>> {
        let mut events = Vec::new();
        for _ in 0..2000 {
            events.extend(job.poll());
            if matches!(
                events.last(),
                Some(JobEvent::Finished(_) | JobEvent::Died(_))
            ) {
                return events;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("the job never ended");
    }

    #[test]
    fn the_result_arrives_after_a_flood_of_progress() {
        let job = Job::spawn("flood", no_waker(), |sink| {
            (0..1000).for_each(|n| assert!(sink.progress(n).is_continue()));
            "done"
        })
        .unwrap();
        assert!(matches!(
            wait(&job).last(),
            Some(JobEvent::Finished("done"))
        ));
    }

    #[test]
    fn a_panic_becomes_an_event() {
        let job = Job::<(), ()>::spawn("broken", no_waker(), |_| panic!("bad thing")).unwrap();
        let events = wait(&job);
        let Some(JobEvent::Died(text)) = events.last() else {
            panic!("no death notice")
        };
        assert_eq!(text, "broken: bad thing");
    }

    #[test]
    fn dropping_a_job_cancels_it() {
        let (sender, stopped) = bounded(1);
        let job = Job::<u32, ()>::spawn("endless", no_waker(), move |sink| {
            while sink.progress(0).is_continue() {
                std::thread::sleep(Duration::from_millis(1));
            }
            sender.send(()).unwrap();
        })
        .unwrap();
        drop(job);
        assert!(stopped.recv_timeout(Duration::from_secs(5)).is_ok());
    }
}
