//! How long the frames of a run stay on the screen, by its header (PS3.3 C.7.6.5 Cine).

/// In which order a run is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// From the first frame again after the last one.
    #[default]
    Loop,
    /// Forwards and backwards.
    Bounce,
    /// Once, up to the last frame.
    Once,
}

impl Repeat {
    /// All, in menu order.
    pub const ALL: [Self; 3] = [Self::Loop, Self::Bounce, Self::Once];

    /// Word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loop => "Loop",
            Self::Bounce => "Bounce",
            Self::Once => "Once",
        }
    }
}

/// Which attribute a rate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateSource {
    /// Frame Time (0018,1063).
    FrameTime,
    /// Frame Time Vector (0018,1065).
    FrameTimeVector,
    /// Recommended Display Frame Rate (0008,2144), or in Float (0008,9459).
    RecommendedRate,
    /// Cine Rate (0018,0040).
    CineRate,
}

impl RateSource {
    /// Name of the attribute.
    pub fn words(self) -> &'static str {
        match self {
            Self::FrameTime => "Frame Time",
            Self::FrameTimeVector => "Frame Time Vector",
            Self::RecommendedRate => "Recommended Display Frame Rate",
            Self::CineRate => "Cine Rate",
        }
    }
}

/// The times of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameTiming {
    /// ms from one frame to the next, the mean where they differ; `None` where the file does not
    /// say.
    pub step_ms: Option<f64>,
    /// ms from each frame to the next, one fewer than frames; empty where all are alike.
    pub steps_ms: Vec<f64>,
    /// Where the times come from.
    pub source: Option<RateSource>,
    /// Preferred Playback Sequencing (0018,1244).
    pub repeat: Option<Repeat>,
}

impl FrameTiming {
    /// ms a frame stays where the file does not say.
    pub const UNSTATED_STEP_MS: f64 = 100.0;

    /// ms from one frame to the next, the mean where they differ.
    pub fn mean_step_ms(&self) -> f64 {
        self.step_ms.unwrap_or(Self::UNSTATED_STEP_MS)
    }

    /// Frames per second.
    pub fn rate(&self) -> f64 {
        1000.0 / self.mean_step_ms()
    }
}
