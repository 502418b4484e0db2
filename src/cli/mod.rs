//! The same functions without a window: `stylet SUBCOMMAND`.
//!
//! Exit codes: 0 done, 1 failure with a message on standard error, 2 wrong usage.

use std::io::Write as _;

use thiserror::Error;

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
