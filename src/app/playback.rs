//! A run that plays: by the clock of its header, never past a frame that is not decoded yet.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::study::{FrameClock, FrameTiming, Repeat};

/// Speeds to choose from.
pub const SPEEDS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// So much later than the next picture was due, the window stood still and not the run.
const LATEST_TICK: Duration = Duration::from_millis(500);
/// The measured rate is that of so long, or of the fewest changes that a rate needs.
const MEASURED: Duration = Duration::from_secs(3);
/// Changes that a rate needs.
const LEAST_CHANGES: usize = 4;

/// A run and how it is played.
#[derive(Debug, Clone)]
pub struct Playback {
    /// It plays.
    pub playing: bool,
    /// Times the rate of the file.
    pub speed: f64,
    timing: FrameTiming,
    frames: usize,
    repeat: Repeat,
    clock: FrameClock,
    at_ms: f64,
    step: u64,
    last: Option<Instant>,
    /// When the picture changed.
    changes: VecDeque<Instant>,
}

impl Default for Playback {
    fn default() -> Self {
        Self::new(FrameTiming::default(), 1)
    }
}

impl Playback {
    /// Of a run at its begin, not playing.
    pub fn new(timing: FrameTiming, frames: usize) -> Self {
        let repeat = timing.repeat.unwrap_or_default();
        Self {
            playing: false,
            speed: 1.0,
            clock: FrameClock::new(&timing, frames, repeat),
            timing,
            frames,
            repeat,
            at_ms: 0.0,
            step: 0,
            last: None,
            changes: VecDeque::new(),
        }
    }

    /// Times of the run.
    pub fn timing(&self) -> &FrameTiming {
        &self.timing
    }

    /// Order of the run.
    pub fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// Chooses another order, from the frame that is shown.
    pub fn set_repeat(&mut self, repeat: Repeat) {
        let frame = self.frame();
        self.repeat = repeat;
        self.clock = FrameClock::new(&self.timing, self.frames, repeat);
        self.go_to(frame);
    }

    /// Frame that is shown.
    pub fn frame(&self) -> usize {
        self.clock.frame_of_step(self.step)
    }

    /// Goes on from a frame.
    pub fn go_to(&mut self, frame: usize) {
        let frame = frame.min(self.frames.saturating_sub(1));
        self.at_ms = self.clock.begin_of_frame_ms(frame);
        self.step = frame as u64;
        self.changes.clear();
    }

    /// Plays or stops. A run at its end begins again.
    pub fn play(&mut self, playing: bool) {
        self.playing = playing;
        self.last = None;
        self.changes.clear();
        if playing && self.clock.showing(self.at_ms).left_ms.is_none() {
            self.go_to(0);
        }
    }

    /// The next `count` frames that will be shown.
    pub fn frames_ahead(&self, count: usize) -> Vec<usize> {
        self.clock.frames_after(self.step, count)
    }

    /// Lets the time pass. Returns the frame to show where it is another one.
    ///
    /// The run waits for a frame that is not ready; where the window draws more slowly than the
    /// run plays, frames are passed over and its time stays right.
    pub fn tick(&mut self, now: Instant, ready: &dyn Fn(usize) -> bool) -> Option<usize> {
        if !self.playing {
            return None;
        }
        let last = self.last.replace(now).unwrap_or(now);
        // The window may sleep until the next picture is due, however slow the run.
        let due = self.next_in().unwrap_or_default();
        let passed = now.saturating_duration_since(last);
        let passed = passed.min(due.saturating_add(LATEST_TICK));
        let to_ms = self.at_ms + passed.as_secs_f64() * 1000.0 * self.speed;
        let target = self.clock.showing(to_ms);
        let mut step = self.step;
        while step < target.step && ready(self.clock.frame_of_step(step + 1)) {
            step += 1;
        }
        if step < target.step {
            // Just past the edge, so that it is the next frame's turn as soon as that is there.
            self.at_ms = to_ms.min(self.clock.begin_of_step_ms(step + 1) + 1e-6);
        } else {
            self.at_ms = to_ms;
            self.playing = target.left_ms.is_some();
        }
        if step == self.step {
            return None;
        }
        self.step = step;
        self.changes.push_back(now);
        let old = |first: &Instant| now.saturating_duration_since(*first) > MEASURED;
        while self.changes.len() > LEAST_CHANGES && self.changes.front().is_some_and(old) {
            self.changes.pop_front();
        }
        Some(self.frame())
    }

    /// Time until the picture changes; `None` while it does not play.
    pub fn next_in(&self) -> Option<Duration> {
        let showing = self.clock.showing(self.at_ms);
        let left_ms = if showing.step > self.step {
            0.0
        } else {
            showing.left_ms?
        };
        let left = Duration::try_from_secs_f64(left_ms / 1000.0 / self.speed);
        self.playing.then(|| left.unwrap_or(Duration::MAX))
    }

    /// Pictures per second on the screen over the last seconds; `None` before there were enough.
    pub fn shown_rate(&self) -> Option<f64> {
        let (first, last) = (self.changes.front()?, self.changes.back()?);
        let changes = self.changes.len();
        let seconds = last.duration_since(*first).as_secs_f64();
        (self.playing && changes >= LEAST_CHANGES && seconds > 0.0)
            .then(|| (changes - 1) as f64 / seconds)
    }

    /// Pictures per second that the file asks for, at the speed that is chosen.
    pub fn wanted_rate(&self) -> f64 {
        self.timing.rate() * self.speed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(frames: usize, step_ms: f64) -> Playback {
        let timing = FrameTiming {
            step_ms: Some(step_ms),
            ..FrameTiming::default()
        };
        Playback::new(timing, frames)
    }

    /// Plays `seconds` in ticks of `tick_ms`; the frames shown, in order.
    fn played(
        run: &mut Playback,
        (start, seconds, tick_ms): (Instant, f64, f64),
        ready: &dyn Fn(usize) -> bool,
    ) -> Vec<usize> {
        let ticks = (seconds * 1000.0 / tick_ms).round() as u32;
        (0..=ticks)
            .filter_map(|n| {
                let passed = Duration::from_secs_f64(f64::from(n) * tick_ms / 1000.0);
                run.tick(start + passed, ready)
            })
            .collect()
    }

    #[test]
    fn a_run_plays_at_the_rate_of_its_file() {
        let start = Instant::now();
        for (step_ms, tick_ms) in [(33.0, 5.0), (33.0, 16.7), (66.7, 16.7), (100.0, 7.0)] {
            let mut run = run(96, step_ms);
            run.play(true);
            let shown = played(&mut run, (start, 10.0, tick_ms), &|_| true);
            let wanted = 10_000.0 / step_ms;
            assert!(
                (shown.len() as f64 - wanted).abs() <= 1.0,
                "{step_ms} {tick_ms}"
            );
            let rate = run.shown_rate().unwrap();
            assert!((rate * step_ms / 1000.0 - 1.0).abs() < 0.03, "{rate}");
            assert!(shown.iter().zip(1..).all(|(&frame, n)| frame == n % 96));
        }
    }

    #[test]
    fn speed_and_order_are_those_chosen() {
        let start = Instant::now();
        let mut run = run(5, 100.0);
        run.speed = 0.25;
        run.play(true);
        assert_eq!(played(&mut run, (start, 0.9, 10.0), &|_| true), [1, 2]);
        run.speed = 4.0;
        run.set_repeat(Repeat::Once);
        assert_eq!(run.frame(), 2, "another order goes on from the same frame");
        run.play(true);
        let later = start + Duration::from_mins(1);
        assert_eq!(played(&mut run, (later, 3.0, 5.0), &|_| true), [3, 4]);
        assert!(!run.playing, "it stops at its end");
        run.play(true);
        assert_eq!(run.frame(), 0, "and begins again");
        assert!((run.wanted_rate() - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_waits_for_frames_and_passes_over_what_the_window_is_too_slow_for() {
        let start = Instant::now();
        let mut waiting = run(10, 20.0);
        waiting.play(true);
        let few = |frame: usize| frame < 3;
        assert_eq!(played(&mut waiting, (start, 1.0, 10.0), &few), [1, 2]);
        assert_eq!(waiting.next_in(), Some(Duration::ZERO));
        // It goes on from there as soon as the next one is ready, without a jump.
        let later = start + Duration::from_millis(1005);
        assert_eq!(waiting.tick(later, &|_| true), Some(3));
        let mut slow = run(100, 20.0);
        slow.play(true);
        let shown = played(&mut slow, (start, 1.0, 50.0), &|_| true);
        assert_eq!(shown.last(), Some(&50), "the time is right");
        assert_eq!(shown.len(), 20);
        assert!((slow.shown_rate().unwrap() - 20.0).abs() < 0.1);
    }

    #[test]
    fn a_slow_run_keeps_its_rate_where_the_window_wakes_for_its_pictures_only() {
        for step_ms in [600.0, 1000.0, 4000.0] {
            let mut run = run(100, step_ms);
            run.play(true);
            let start = Instant::now();
            let mut now = start;
            let mut shown = Vec::new();
            for _ in 0..20 {
                shown.extend(run.tick(now, &|_| true));
                // A window is a little late.
                now += run.next_in().unwrap() + Duration::from_millis(3);
            }
            assert_eq!(shown, (1..20).collect::<Vec<_>>(), "{step_ms}");
            let passed_ms = now.duration_since(start).as_secs_f64() * 1000.0;
            assert!((passed_ms / step_ms - 20.0).abs() < 0.02, "{passed_ms}");
            let rate = run.shown_rate().unwrap();
            assert!((rate * step_ms / 1000.0 - 1.0).abs() < 0.01, "{rate}");
            // A pause of the window is none of the run.
            let frame = run.frame();
            run.tick(now + Duration::from_hours(1), &|_| true);
            assert!(run.frame() <= frame + 2);
        }
    }

    #[test]
    fn what_stands_has_no_rate() {
        let mut run = run(3, 20.0);
        assert_eq!(run.tick(Instant::now(), &|_| true), None);
        assert_eq!((run.shown_rate(), run.next_in()), (None, None));
        run.go_to(99);
        assert_eq!(run.frame(), 2);
        assert_eq!(run.frames_ahead(2), [0, 1]);
    }
}
