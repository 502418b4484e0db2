//! The program without a window, on one file with a run.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "not every user needs every part"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use stylet::app::AppState;
use stylet::app::command::StudyCommand;
use stylet::app::job::no_waker;
use stylet::app::picture_commands::PictureCommand;
use stylet::app::picture_stage::PictureStage;
use stylet::app::settings::Folders;
use stylet::study::WarningCode;

use crate::dicom_file::DicomFile;

/// A program without a window that shows one file.
pub struct Player {
    pub state: AppState,
    _folder: tempfile::TempDir,
    now: Instant,
}

impl Player {
    pub fn new(file: &DicomFile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = file.write(folder.path(), "run.dcm");
        Self::of(folder, path)
    }

    pub fn of(folder: tempfile::TempDir, path: PathBuf) -> Self {
        let mut state = AppState::new(Folders::under(&folder.path().join("home")), no_waker());
        state.apply(StudyCommand::Import(vec![path]));
        let mut player = Self {
            state,
            _folder: folder,
            now: Instant::now(),
        };
        player.settle();
        let (_, series) = player.state.catalog.series().next().unwrap();
        let series = series.uid.clone();
        player.state.apply(StudyCommand::Show { series, stack: 0 });
        player.settle();
        player
    }

    pub fn settle(&mut self) {
        let start = Instant::now();
        loop {
            self.state.poll();
            if !self.state.is_busy() {
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(2), "jobs never ended");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn apply(&mut self, command: PictureCommand) {
        self.state.apply(command);
        self.settle();
    }

    pub fn pictures(&self) -> &PictureStage {
        self.state.stage.as_ref().unwrap().pictures().unwrap()
    }

    /// Lets so much time of the run pass, with all frames decoded in time.
    pub fn pass(&mut self, step: Duration) {
        self.now += step;
        self.state.apply(PictureCommand::Tick(self.now));
        self.settle();
    }

    /// Stored values in the first column of what is on the screen.
    pub fn column(&self) -> Vec<f64> {
        let shown = self.pictures().shown().unwrap();
        let frame = shown.frame();
        (0..frame.rows)
            .map(|row| frame.samples.value(row * frame.columns).unwrap())
            .collect()
    }

    pub fn warnings(&self) -> Vec<String> {
        let stack = &self.state.stage.as_ref().unwrap().series.stacks[0];
        let told = stack.warnings.iter();
        told.filter(|warning| warning.code == WarningCode::HeaderValues)
            .map(|warning| warning.message.clone())
            .collect()
    }
}
