//! The `stylet` program: arguments, logger, then a subcommand or the window.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use stylet::cli::{Cli, WindowArgs};
use stylet::ui::{LaunchOptions, run};

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let cli = Cli::parse();
    cli.apply_memory();
    stylet::dicom::sweep_unpacked();
    let failed = match cli.command {
        Some(command) => command
            .run()
            .err()
            .map(|error| (error.exit_code(), error.to_string())),
        None => run(launch_options(cli.window))
            .err()
            .map(|error| (1, error.to_string())),
    };
    stylet::dicom::remove_unpacked();
    match failed {
        None => ExitCode::SUCCESS,
        Some((code, message)) => {
            // Nobody is left to tell where standard error is closed.
            writeln!(std::io::stderr(), "stylet: {message}").ok();
            ExitCode::from(code)
        }
    }
}

fn launch_options(args: WindowArgs) -> LaunchOptions {
    LaunchOptions {
        paths: args.paths,
        plan: args.plan,
        sample: args.sample,
        screenshot: args.screenshot,
        panel: args.panel,
        carm_deg: args.carm,
        size: args.size.map(|size| size.map(|points| points as f32)),
        ..LaunchOptions::default()
    }
}
