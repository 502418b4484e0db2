//! Which frame of a run is on the screen at a time.

use super::frame_timing::{FrameTiming, Repeat};

/// The frames of one round in the order they are shown, and until when each stays.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameClock {
    order: Vec<usize>,
    /// ms from the begin of the round to the end of each.
    ends_ms: Vec<f64>,
    repeat: Repeat,
}

/// What is on the screen at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Showing {
    /// Step of the run since its begin, counting all rounds.
    pub step: u64,
    /// Frame, 0-based.
    pub frame: usize,
    /// ms until the next one; `None` at the end of a run that is played once.
    pub left_ms: Option<f64>,
}

impl FrameClock {
    /// Of a run of `frames` frames; one frame at least.
    pub fn new(timing: &FrameTiming, frames: usize, repeat: Repeat) -> Self {
        let frames = frames.max(1);
        let even = timing.mean_step_ms();
        let stays = |frame: usize| timing.steps_ms.get(frame).copied().unwrap_or(even);
        let mut order: Vec<usize> = (0..frames).collect();
        if repeat == Repeat::Bounce {
            order.extend((1..frames.saturating_sub(1)).rev());
        }
        let mut end = 0.0;
        let ends_ms = order
            .iter()
            .map(|&frame| {
                end += stays(frame);
                end
            })
            .collect();
        Self {
            order,
            ends_ms,
            repeat,
        }
    }

    /// ms of one round.
    pub fn round_ms(&self) -> f64 {
        self.ends_ms.last().copied().unwrap_or_default()
    }

    /// Steps of one round.
    fn steps(&self) -> u64 {
        self.order.len() as u64
    }

    /// What is shown `at_ms` after the begin.
    pub fn showing(&self, at_ms: f64) -> Showing {
        let round_ms = self.round_ms();
        let at_ms = at_ms.max(0.0);
        let last = self.order.len().saturating_sub(1);
        let frame_of = |step: usize| self.order.get(step).copied().unwrap_or_default();
        if self.repeat == Repeat::Once && at_ms >= round_ms - self.last_stay_ms() {
            return Showing {
                step: last as u64,
                frame: frame_of(last),
                left_ms: None,
            };
        }
        let rounds = (at_ms / round_ms).floor();
        let within = at_ms - rounds * round_ms;
        let step = self.ends_ms.partition_point(|&end| end <= within).min(last);
        let end = self.ends_ms.get(step).copied().unwrap_or(round_ms);
        Showing {
            step: rounds as u64 * self.steps() + step as u64,
            frame: frame_of(step),
            left_ms: Some((end - within).max(0.0)),
        }
    }

    fn last_stay_ms(&self) -> f64 {
        let before = self.ends_ms.iter().rev().nth(1).copied();
        self.round_ms() - before.unwrap_or_default()
    }

    /// Frame of a step, counting all rounds.
    pub fn frame_of_step(&self, step: u64) -> usize {
        let step = match self.repeat {
            Repeat::Once => step.min(self.steps().saturating_sub(1)),
            Repeat::Loop | Repeat::Bounce => step % self.steps().max(1),
        };
        self.order.get(step as usize).copied().unwrap_or_default()
    }

    /// ms from the begin to when a step begins.
    pub fn begin_of_step_ms(&self, step: u64) -> f64 {
        let steps = self.steps().max(1);
        let within = (step % steps) as usize;
        let before = within
            .checked_sub(1)
            .and_then(|before| self.ends_ms.get(before));
        (step / steps) as f64 * self.round_ms() + before.copied().unwrap_or_default()
    }

    /// ms from the begin to when a frame is shown first.
    pub fn begin_of_frame_ms(&self, frame: usize) -> f64 {
        // Frames come in their order first, whatever follows.
        self.begin_of_step_ms(frame.min(self.order.len().saturating_sub(1)) as u64)
    }

    /// The next `count` frames after a step, in the order they will be shown, each once.
    pub fn frames_after(&self, step: u64, count: usize) -> Vec<usize> {
        let mut ahead = Vec::new();
        for later in step + 1..=step + self.steps() {
            let frame = self.frame_of_step(later);
            if ahead.len() == count {
                break;
            }
            if !ahead.contains(&frame) {
                ahead.push(frame);
            }
        }
        ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(step_ms: f64) -> FrameTiming {
        FrameTiming {
            step_ms: Some(step_ms),
            ..FrameTiming::default()
        }
    }

    fn frames(clock: &FrameClock, times: &[f64]) -> Vec<usize> {
        times.iter().map(|&at| clock.showing(at).frame).collect()
    }

    #[test]
    fn a_loop_begins_again_and_a_run_played_once_stays_at_its_end() {
        let times = [0.0, 99.9, 100.0, 250.0, 299.9, 300.0, 601.0, 3e6 + 150.0];
        let looped = FrameClock::new(&even(100.0), 3, Repeat::Loop);
        assert_eq!(frames(&looped, &times), [0, 0, 1, 2, 2, 0, 0, 1]);
        let once = FrameClock::new(&even(100.0), 3, Repeat::Once);
        assert_eq!(frames(&once, &times), [0, 0, 1, 2, 2, 2, 2, 2]);
        assert_eq!(once.showing(150.0).left_ms, Some(50.0));
        assert_eq!(once.showing(200.0).left_ms, None, "the last frame stays");
        assert_eq!(looped.showing(650.0).step, 6);
    }

    #[test]
    fn a_bounce_shows_its_ends_once() {
        let clock = FrameClock::new(&even(10.0), 4, Repeat::Bounce);
        let times: Vec<f64> = (0..9).map(|n| f64::from(n) * 10.0 + 5.0).collect();
        assert_eq!(frames(&clock, &times), [0, 1, 2, 3, 2, 1, 0, 1, 2]);
        assert_eq!(clock.round_ms(), 60.0);
        for count in [1, 2] {
            let short = FrameClock::new(&even(10.0), count, Repeat::Bounce);
            assert_eq!(frames(&short, &[5.0, 15.0, 25.0]), [0, count - 1, 0]);
        }
    }

    #[test]
    fn uneven_frames_stay_as_long_as_the_vector_says() {
        let timing = FrameTiming {
            step_ms: Some(40.0),
            steps_ms: vec![20.0, 60.0],
            ..FrameTiming::default()
        };
        let clock = FrameClock::new(&timing, 3, Repeat::Loop);
        // The last one has no step of its own: the mean.
        assert_eq!(clock.round_ms(), 120.0);
        let times = [0.0, 19.0, 20.0, 79.0, 80.0, 119.0, 120.0];
        assert_eq!(frames(&clock, &times), [0, 0, 1, 1, 2, 2, 0]);
        assert_eq!(clock.begin_of_frame_ms(2), 80.0);
        assert_eq!(clock.begin_of_step_ms(4), 140.0);
    }

    #[test]
    fn steps_and_times_agree() {
        for repeat in Repeat::ALL {
            let clock = FrameClock::new(&even(33.0), 5, repeat);
            for step in 0..if repeat == Repeat::Once { 5 } else { 40 } {
                let at = clock.begin_of_step_ms(step) + 1.0;
                let shown = clock.showing(at);
                assert_eq!(shown.step, step, "{repeat:?}");
                assert_eq!(shown.frame, clock.frame_of_step(step));
            }
        }
    }

    #[test]
    fn what_comes_next_is_told_for_decoding_ahead() {
        let looped = FrameClock::new(&even(10.0), 4, Repeat::Loop);
        assert_eq!(looped.frames_after(2, 3), [3, 0, 1]);
        assert_eq!(looped.frames_after(2, 9), [3, 0, 1, 2]);
        let bounce = FrameClock::new(&even(10.0), 4, Repeat::Bounce);
        assert_eq!(bounce.frames_after(2, 3), [3, 2, 1]);
        let once = FrameClock::new(&even(10.0), 4, Repeat::Once);
        assert_eq!(once.frames_after(2, 3), [3]);
        let one = FrameClock::new(&even(10.0), 0, Repeat::Loop);
        assert_eq!(one.showing(1e9).frame, 0);
    }
}
