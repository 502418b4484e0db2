//! `stylet sample`: writes the simulated lumbar CT.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, print_json, print_line};
use crate::volume::phantom::{PhantomGrid, write_sample_study};

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed: 0 is the mean anatomy, any other varies size and lordosis
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Writes the study, its truth and its labels.
pub fn run(args: &SampleArgs) -> Result<(), CliError> {
    let written = write_sample_study(args.seed, &PhantomGrid::full(), &args.out, &|_| {
        ControlFlow::Continue(())
    })
    .map_err(CliError::failure)?;
    if args.json {
        return print_json(&json!({
            "seed": args.seed,
            "slices": written.ct_files.len(),
            "truth": written.truth_path,
            "labels": written.labels_path,
        }));
    }
    print_line(&format!(
        "Wrote {} slices, {} and {}",
        written.ct_files.len(),
        written.truth_path.display(),
        written.labels_path.display()
    ))
}
