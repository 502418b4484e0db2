//! Import jobs: scan, sample study, thumbnails.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AppState;
use super::command::FileCommand;
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::shared;
use crate::dicom::{self, DicomError, ImportReport};
use crate::render::frame_greys;
use crate::study::{Catalog, Series, SeriesUid, Study};
use crate::volume::phantom::{self, PhantomError, PhantomGrid};

/// Longest edge of a thumbnail, pixels.
const THUMBNAIL_PIXELS: usize = 96;

/// A small picture of a stack.
#[derive(Debug, Clone)]
pub struct Thumbnail {
    /// Width and height, pixels.
    pub size: [usize; 2],
    /// Row by row.
    pub rgb: Vec<[u8; 3]>,
}

/// Key of a thumbnail: a series and one of its stacks.
pub type StackKey = (SeriesUid, usize);

/// What is being imported and what came of it.
#[derive(Default)]
pub struct Imports {
    scan: Option<Job<(usize, usize), Result<ImportReport, DicomError>>>,
    sample: Option<Job<f64, Result<PathBuf, PhantomError>>>,
    thumbnails: Option<Job<(StackKey, Thumbnail), ()>>,
    /// Files read and files known, while a scan runs.
    pub scanned: Option<(usize, usize)>,
    /// Share of the sample study that is made, while it is.
    pub sample_made: Option<f64>,
    /// Small pictures of the stacks.
    pub pictures: HashMap<StackKey, Thumbnail>,
    /// Plan to open when the running import is through.
    pub then_plan: Option<PathBuf>,
    /// Shows the images of the running import when it is through.
    show_when_done: bool,
}

impl Imports {
    /// Whether an import or the making of the sample study runs.
    pub fn is_busy(&self) -> bool {
        self.scan.is_some() || self.sample.is_some()
    }

    /// Whether small pictures are still being made.
    pub fn has_pictures_to_make(&self) -> bool {
        self.thumbnails.is_some()
    }

    /// Stops both.
    pub fn cancel(&mut self) {
        self.scan = None;
        self.sample = None;
        self.scanned = None;
        self.sample_made = None;
        // It was to be opened on images that do not come.
        self.then_plan = None;
    }
}

/// Marks a sample study that was not cut short by a kill; without it the next start makes it anew.
/// Its number counts what the study holds: 2, since it has MR and fluoroscopy.
const SAMPLE_READY: &str = "complete-2";

/// The folders of the sample study that hold images and structures, not its truth.
fn sample_folders(study: &Path) -> Vec<PathBuf> {
    let parts = phantom::STUDY_FOLDERS.iter();
    parts.map(|part| study.join(part)).collect()
}

impl AppState {
    /// Starts a scan; plan files among the paths are opened as such.
    pub(super) fn import(&mut self, paths: Vec<PathBuf>) {
        let (plans, images): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_plan(path));
        // Only a fresh window gets plans this way; the window asks about unsaved changes first.
        if let Some(plan) = plans.into_iter().next() {
            self.imports.then_plan = Some(plan);
        }
        if images.is_empty() {
            if let Some(plan) = self.imports.then_plan.take() {
                self.apply(FileCommand::Open(plan));
            }
            return;
        }
        let job = Job::spawn("import", shared(&self.waker), move |sink| {
            on_own_threads("scan", || {
                dicom::scan(&images, &|done, total| sink.progress((done, total)))
            })
        });
        match job {
            Ok(job) => {
                self.imports.scan = Some(job);
                self.imports.scanned = Some((0, 0));
                self.imports.show_when_done = true;
            }
            Err(error) => self
                .notices
                .add(Severity::Error, format!("Not imported: {error}")),
        }
    }

    /// Opens the sample study; makes it first where the cache has none.
    pub(super) fn open_sample(&mut self) {
        let folder = self
            .folders()
            .cache
            .join(concat!("sample-", env!("CARGO_PKG_VERSION")));
        let ready = folder.join(SAMPLE_READY);
        let images = folder.join("study");
        if ready.is_file() {
            self.import(sample_folders(&images));
            return;
        }
        let job = Job::spawn("sample", shared(&self.waker), move |sink| {
            on_own_threads("sample", || {
                phantom::write_complete_study(0, &PhantomGrid::full(), &images, &|share| {
                    sink.progress(share)
                })
            })?;
            std::fs::write(&ready, b"").ok();
            Ok(images)
        });
        match job {
            Ok(job) => {
                self.imports.sample = Some(job);
                self.imports.sample_made = Some(0.0);
            }
            Err(error) => self
                .notices
                .add(Severity::Error, format!("No sample study: {error}")),
        }
    }

    pub(super) fn poll_imports(&mut self) {
        self.poll_sample();
        self.poll_scan();
        for event in self
            .imports
            .thumbnails
            .as_ref()
            .map(Job::poll)
            .unwrap_or_default()
        {
            match event {
                JobEvent::Progress((key, picture)) => {
                    self.imports.pictures.insert(key, picture);
                }
                JobEvent::Finished(()) | JobEvent::Died(_) => self.imports.thumbnails = None,
            }
        }
    }

    fn poll_sample(&mut self) {
        for event in self
            .imports
            .sample
            .as_ref()
            .map(Job::poll)
            .unwrap_or_default()
        {
            match event {
                JobEvent::Progress(share) => self.imports.sample_made = Some(share),
                JobEvent::Finished(Ok(folder)) => {
                    self.imports.sample = None;
                    self.imports.sample_made = None;
                    self.import(sample_folders(&folder));
                }
                JobEvent::Finished(Err(error)) => {
                    self.imports.cancel();
                    self.notices
                        .add(Severity::Error, format!("No sample study: {error}"));
                }
                JobEvent::Died(text) => {
                    self.imports.cancel();
                    self.notices
                        .add(Severity::Error, format!("No sample study: {text}"));
                }
            }
        }
    }

    fn poll_scan(&mut self) {
        for event in self
            .imports
            .scan
            .as_ref()
            .map(Job::poll)
            .unwrap_or_default()
        {
            match event {
                JobEvent::Progress(counts) => self.imports.scanned = Some(counts),
                JobEvent::Finished(result) => {
                    self.imports.scan = None;
                    self.imports.scanned = None;
                    match result {
                        Ok(report) => self.imported(report),
                        Err(DicomError::Cancelled) => self.imports.cancel(),
                        Err(error) => {
                            self.imports.cancel();
                            self.notices.add(Severity::Error, error.to_string());
                        }
                    }
                }
                JobEvent::Died(text) => {
                    self.imports.cancel();
                    self.notices
                        .add(Severity::Error, format!("Import stopped: {text}"));
                }
            }
        }
    }

    fn imported(&mut self, report: ImportReport) {
        let first = first_to_show(&report.catalog);
        let skipped = report.rejected.len();
        if skipped > 0 {
            let files = if skipped == 1 {
                "1 file was"
            } else {
                &format!("{skipped} files were")
            };
            let text = format!("{files} skipped; Study › Skipped files says why");
            self.notices.add(Severity::Warning, text);
        }
        if first.is_none() {
            self.notices.add(Severity::Warning, no_image(&report));
        }
        self.rejected = report.rejected;
        merge(&mut self.catalog, report.catalog);
        self.make_thumbnails();
        if std::mem::take(&mut self.imports.show_when_done)
            && let Some((series, stack)) = first
        {
            self.show(&series, stack);
        }
        match self.imports.then_plan.take() {
            Some(plan) if self.has_unsaved_changes() => {
                let text = format!(
                    "Not opened, because the present plan has unsaved changes: save it, then open \
                     the other\nFile: {}",
                    plan.display()
                );
                self.notices.add(Severity::Warning, text);
            }
            Some(plan) => self.apply(FileCommand::Open(plan)),
            None => {}
        }
    }

    fn make_thumbnails(&mut self) {
        let mut wanted: Vec<(StackKey, Arc<Series>)> = Vec::new();
        for (_, series) in self.catalog.series() {
            for stack in 0..series.stacks.len() {
                let key = (series.uid.clone(), stack);
                if !self.imports.pictures.contains_key(&key) {
                    wanted.push((key, Arc::clone(series)));
                }
            }
        }
        let job = Job::spawn("thumbnails", shared(&self.waker), move |sink| {
            for (key, series) in wanted {
                let Some(picture) = thumbnail(&series, key.1) else {
                    continue;
                };
                if sink.progress((key, picture)).is_break() {
                    return;
                }
            }
        });
        self.imports.thumbnails = job.ok();
    }
}

/// Whether a path names a plan rather than images.
pub fn is_plan(path: &Path) -> bool {
    path.extension()
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
}

/// Why an import shows nothing.
fn no_image(report: &ImportReport) -> String {
    let studies = &report.catalog.studies;
    let objects: usize = studies.iter().map(|study| study.objects.len()).sum();
    match objects {
        0 => "No image could be read; Study › Skipped files says why".to_owned(),
        1 => "No image was found; one other object is listed on the left".to_owned(),
        count => format!("No image was found; {count} other objects are listed on the left"),
    }
}

/// The largest volume, else the first stack of anything.
fn first_to_show(catalog: &Catalog) -> Option<StackKey> {
    let volume = catalog
        .largest_volume()
        .map(|(series, stack)| (series.uid.clone(), stack));
    volume.or_else(|| {
        let mut series = catalog.series().map(|(_, series)| series);
        let first = series.find(|series| !series.stacks.is_empty())?;
        Some((first.uid.clone(), 0))
    })
}

/// Adds what was found to what is there; series that were there are replaced.
fn merge(catalog: &mut Catalog, found: Catalog) {
    for study in found.studies {
        match catalog.studies.iter_mut().find(|old| old.uid == study.uid) {
            Some(old) => merge_series(old, study),
            None => catalog.studies.push(study),
        }
    }
    catalog.studies.sort_by(|a, b| b.date.cmp(&a.date));
}

fn merge_series(old: &mut Study, found: Study) {
    for series in found.series {
        match old.series.iter_mut().find(|there| there.uid == series.uid) {
            Some(there) => *there = series,
            None => old.series.push(series),
        }
    }
    old.series.sort_by_key(|series| series.number);
    old.objects
        .retain(|there| found.objects.iter().all(|object| object.uid != there.uid));
    old.objects.extend(found.objects);
    old.objects
        .sort_by(|a, b| a.list_order().cmp(&b.list_order()));
}

/// The middle frame of a stack, small, with the header's window or its own range.
fn thumbnail(series: &Series, stack: usize) -> Option<Thumbnail> {
    let stack = series.stacks.get(stack)?;
    let reference = stack.frames.get(stack.frames.len() / 2)?;
    let instance = series.instances.get(reference.instance)?;
    let frame = dicom::decode_frame(instance, reference.frame).ok()?;
    let step = (frame.rows.max(frame.columns))
        .div_ceil(THUMBNAIL_PIXELS)
        .max(1);
    let size = [frame.columns / step, frame.rows / step];
    let indices = (0..size[0] * size[1])
        .map(|index| (index / size[0] * step) * frame.columns + index % size[0] * step);
    if let crate::study::Samples::Rgb8(pixels) = &frame.samples {
        let rgb = indices
            .filter_map(|index| pixels.get(index).copied())
            .collect();
        return Some(Thumbnail { size, rgb });
    }
    let lut = &instance.frames.get(reference.frame)?.modality_lut;
    let small: Vec<usize> = indices.collect();
    let mut sorted: Vec<f64> = small
        .iter()
        .filter_map(|&index| frame.samples.value(index))
        .filter(|&stored| !instance.is_padding(stored))
        .map(|stored| lut.apply(stored))
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_by(f64::total_cmp);
    let range = sorted
        .first()
        .copied()
        .zip(sorted.get(sorted.len() * 99 / 100).copied());
    let voi = instance.voi(reference.frame);
    let look = super::presentation::Presentation::new(voi, &lut.unit, range)
        .with_low_bright(instance.low_is_bright);
    let greys = frame_greys(&frame, instance, reference.frame, &look.display())?;
    let rgb = small
        .iter()
        .filter_map(|&index| greys.get(index).map(|&grey| [grey; 3]))
        .collect();
    Some(Thumbnail { size, rgb })
}
