//! Writes the sample study with its MR and fluoroscopy series.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::sample_study::{self, SampleStudy};
use super::scene::Scene;
use super::{PhantomError, PhantomGrid, fluoroscopy, generate, mr_series};

/// Files of a written complete sample study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteStudy {
    /// CT, segmentation, truth and label map.
    pub sample: SampleStudy,
    /// MR images, series by series: `MR1/IM0001.dcm` first.
    pub mr_files: Vec<Vec<PathBuf>>,
    /// Fluoroscopy stills and runs, a file each: `XA1/IM0001.dcm` first.
    pub fluoroscopy_files: Vec<PathBuf>,
}

/// Folders of a complete study that hold images and structures, not its truth.
pub const STUDY_FOLDERS: [&str; 13] = [
    "CT", "SEG", "MR1", "MR2", "MR3", "XA1", "XA2", "XA3", "XA4", "XA5", "XA6", "XA7", "XA8",
];

/// Shares of the work after which the CT is made, the CT is written, and the MR is written.
const STAGES: [f64; 3] = [0.62, 0.78, 0.85];

/// Makes the sample study of `seed` with all its series and writes it into `folder`.
///
/// Beside what [`write_sample_study`](super::write_sample_study) writes, `MR1` to `MR3` hold the
/// MR series and `XA1` to `XA8` the fluoroscopy; `truth.json` says how they were taken. The same
/// seed and grid give the same bytes.
pub fn write_complete_study(
    seed: u64,
    grid: &PhantomGrid,
    folder: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<CompleteStudy, PhantomError> {
    let [made, ct, mr] = STAGES;
    let mut phantom = generate(seed, grid, &|share| progress(share * made))?;
    let uids = sample_study::Uids::of(seed, grid);
    let sample = sample_study::write_ct(&phantom, &uids, folder, &|share| {
        progress(made + share * (ct - made))
    })?;
    let companion = sample_study::companion(&uids);
    let scene = Scene::new(seed)?;
    let place = (&companion, folder);
    let at_mr = || progress(ct).is_continue();
    let Some(planes) = mr_series::write(&phantom, &scene, place, &at_mr)? else {
        return Err(PhantomError::Cancelled);
    };
    let at_fluoroscopy = || progress(mr).is_continue();
    let Some(pictures) = fluoroscopy::write(&phantom, &scene, place, &at_fluoroscopy)? else {
        return Err(PhantomError::Cancelled);
    };
    let (planes, mr_files) = planes.into_iter().unzip();
    let (pictures, fluoroscopy_files) = pictures.into_iter().unzip();
    phantom.truth.mr = planes;
    phantom.truth.fluoroscopy = pictures;
    sample_study::write_truth(&phantom.truth, folder)?;
    Ok(CompleteStudy {
        sample,
        mr_files,
        fluoroscopy_files,
    })
}
