//! The `stylet` program: arguments, logger, window.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use stylet::cli::Cli;

fn main() -> ExitCode {
    let Some(command) = Cli::parse().command else {
        return ExitCode::SUCCESS;
    };
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.exit_code();
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "stylet: {error}");
            ExitCode::from(code)
        }
    }
}
