//! The same functions without a window: `stylet SUBCOMMAND`.
//!
//! Exit codes: 0 done, 1 failure with a message on standard error, 2 wrong usage. `check` and
//! `export` keep 1 for a plan that must not leave, and end with 2 for input that cannot be used.

pub mod carm;
pub mod check;
pub mod decode;
pub mod drr;
pub mod export;
mod numbers;
mod plan_audit;
mod plan_images;
pub mod readout;
pub mod register;
pub mod sample;
pub mod scan;
pub mod slice;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use thiserror::Error;

use crate::app::settings::{Folders, Settings};
use crate::budget::MEMORY;
use crate::study::Series;
use crate::volume::{Volume, load_volume};

/// Plans needle paths for image-guided spine interventions. Not a medical device.
///
/// Without a subcommand the window opens on the given files and folders.
#[derive(Debug, Parser)]
#[command(name = "stylet", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without it the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Memory that studies may take, in GiB; without it that of the settings, else half of the
    /// machine's
    #[arg(long, global = true, value_name = "GIB", value_parser = numbers::gibibytes)]
    pub memory: Option<u64>,
    /// What to open in the window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// Names of the side panels.
const PANELS: [&str; 6] = ["plan", "spine", "structures", "entry-map", "c-arm", "x-ray"];

/// What to open in the window.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// Folders, files, discs (DICOMDIR) and zip archives to open; a .json file is opened as a plan
    pub paths: Vec<PathBuf>,
    /// Plan to open on them
    #[arg(long)]
    pub plan: Option<PathBuf>,
    /// Open the sample study (made on first use) where no path is given
    #[arg(long)]
    pub sample: bool,
    /// Save a picture of the window when everything is loaded, and leave
    #[arg(long, value_name = "PNG")]
    pub screenshot: Option<PathBuf>,
    /// Size of the window
    #[arg(long, value_name = "WxH", value_parser = numbers::picture_size)]
    pub size: Option<[usize; 2]>,
    /// Side panel that is open at first
    #[arg(long, value_name = "NAME", value_parser = PANELS)]
    pub panel: Option<String>,
    /// Primary and secondary angle of the simulated fluoroscopy at first, degrees
    #[arg(long, value_name = "DEG,DEG", value_parser = numbers::angles, allow_hyphen_values = true)]
    pub carm: Option<[f64; 2]>,
}

/// Work without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List studies, series, stacks and other objects in files, folders, discs and zip archives.
    Scan(scan::ScanArgs),
    /// Write the values of one frame as a numpy array, or the frame as a picture.
    Decode(decode::DecodeArgs),
    /// Draw one slice of a volume in any plane, as PNG or as numbers.
    Slice(slice::SliceArgs),
    /// Simulate a radiograph of a CT volume, as PNG, as line integrals or as DICOM.
    Drr(drr::DrrArgs),
    /// Print depth, angles and C-arm positions of the needles of a plan.
    Readout(readout::ReadoutArgs),
    /// Print how to set a C-arm for every needle of a plan: views, reach, residuals.
    Carm(carm::CarmArgs),
    /// Hold every needle of a plan against procedure, structures and spine; exit code 1 when a
    /// stop margin is broken.
    Check(check::CheckArgs),
    /// Write the files that leave the room with a plan: report, markups, table, sheet, pictures.
    Export(export::ExportArgs),
    /// Lay a plan over real X-ray pictures: find where their beams were in the CT.
    Register(register::RegisterArgs),
    /// Write the simulated lumbar CT with its truth.
    Sample(sample::SampleArgs),
}

impl Cli {
    /// Sets the memory that studies may take, from the arguments, else from the settings.
    pub fn apply_memory(&self) {
        match self.memory {
            Some(bytes) => MEMORY.pin_limit(bytes),
            None => {
                if let Ok(folders) = Folders::of_user() {
                    Settings::load(&folders).apply_memory();
                }
            }
        }
    }
}

impl Command {
    /// Does it.
    pub fn run(&self) -> Result<(), CliError> {
        match self {
            Self::Scan(args) => scan::run(args),
            Self::Decode(args) => decode::run(args),
            Self::Slice(args) => slice::run(args),
            Self::Drr(args) => drr::run(args),
            Self::Readout(args) => readout::run(args),
            Self::Carm(args) => carm::run(args),
            Self::Check(args) => check::run(args),
            Self::Export(args) => export::run(args),
            Self::Register(args) => register::run(args),
            Self::Sample(args) => sample::run(args),
        }
    }
}

/// Why a subcommand ended without its result.
#[derive(Debug, Error)]
pub enum CliError {
    /// The arguments do not make sense together, or `check` and `export` cannot use what they are
    /// given; exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The work failed; exit code 1.
    #[error("{0}")]
    Failure(String),
}

impl CliError {
    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failure(_) => 1,
        }
    }

    /// The same words with exit code 2: the input cannot be used, and nothing is said of the plan.
    #[must_use]
    pub fn of_input(self) -> Self {
        match self {
            Self::Usage(words) | Self::Failure(words) => Self::Usage(words),
        }
    }

    /// A failure from any error, with its message.
    pub fn failure(error: impl std::fmt::Display) -> Self {
        Self::Failure(error.to_string())
    }
}

/// Writes text and a line end to standard output; a closed pipe is not an error.
pub fn print_line(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| {
            CliError::Failure(format!("Cannot write to standard output: {error}"))
        }),
    }
}

/// Writes a value as indented JSON to standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(CliError::failure)?;
    print_line(&text)
}

/// Writes a warning to standard error; the work goes on.
pub fn warn_line(text: &str) {
    // Nobody is left to tell where standard error is closed.
    writeln!(std::io::stderr(), "stylet: {text}").ok();
}

/// Loads a volume whole; slices that cannot be read stay empty and are named on standard error.
pub fn load_with_warnings(series: &Series, stack: usize) -> Result<Volume, CliError> {
    let (volume, report) = load_volume(series, stack).map_err(CliError::failure)?;
    for (slice, path, reason) in &report.failed {
        warn_line(&format!(
            "slice {} cannot be read and stays empty: {reason}\nFile: {}",
            slice + 1,
            path.display()
        ));
    }
    Ok(volume)
}
