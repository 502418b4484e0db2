//! The same functions without a window: `stylet SUBCOMMAND`.
//!
//! Exit codes: 0 done, 1 failure with a message on standard error, 2 wrong usage.

pub mod decode;
mod numbers;
pub mod scan;
pub mod slice;

use std::io::Write as _;

use clap::{Parser, Subcommand};
use thiserror::Error;

/// Plans needle paths for image-guided spine interventions. Not a medical device.
#[derive(Debug, Parser)]
#[command(name = "stylet", version)]
pub struct Cli {
    /// What to do; without it the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Work without a window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List studies, series and stacks in files and folders.
    Scan(scan::ScanArgs),
    /// Write the values of one frame as a numpy array.
    Decode(decode::DecodeArgs),
    /// Draw one slice of a volume in any plane, as PNG or as numbers.
    Slice(slice::SliceArgs),
}

impl Command {
    /// Does it.
    pub fn run(&self) -> Result<(), CliError> {
        match self {
            Self::Scan(args) => scan::run(args),
            Self::Decode(args) => decode::run(args),
            Self::Slice(args) => slice::run(args),
        }
    }
}

/// Why a subcommand ended without its result.
#[derive(Debug, Error)]
pub enum CliError {
    /// The arguments do not make sense together; exit code 2.
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
