//! `stylet sample`: writes the simulated lumbar CT with its MR and fluoroscopy.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, print_json, print_line};
use crate::volume::phantom::{PhantomGrid, write_complete_study, write_sample_study};

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed: 0 is the mean anatomy, any other varies size and lordosis
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only the CT, its segmentation and its truth
    #[arg(long)]
    ct_only: bool,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Writes the study, its truth and its labels.
pub fn run(args: &SampleArgs) -> Result<(), CliError> {
    let grid = PhantomGrid::full();
    let go_on = &|_| ControlFlow::Continue(());
    let (written, mr_files, fluoroscopy_files) = if args.ct_only {
        let written = write_sample_study(args.seed, &grid, &args.out, go_on);
        (written.map_err(CliError::failure)?, Vec::new(), Vec::new())
    } else {
        let all = write_complete_study(args.seed, &grid, &args.out, go_on);
        let all = all.map_err(CliError::failure)?;
        (all.sample, all.mr_files, all.fluoroscopy_files)
    };
    if args.json {
        let mr: Vec<usize> = mr_files.iter().map(Vec::len).collect();
        return print_json(&json!({
            "seed": args.seed,
            "slices": written.ct_files.len(),
            "mr": mr,
            "fluoroscopy": fluoroscopy_files,
            "truth": written.truth_path,
            "labels": written.labels_path,
        }));
    }
    print_line(&format!(
        "Wrote {} CT slices, {} MR slices, {} fluoroscopy pictures, {} and {}",
        written.ct_files.len(),
        mr_files.iter().map(Vec::len).sum::<usize>(),
        fluoroscopy_files.len(),
        written.truth_path.display(),
        written.labels_path.display()
    ))
}
