//! Asking for files: the system's dialog where one answers, else a folder browser of our own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Modal, RichText, ScrollArea, TextEdit, Ui};

use super::theme;
use crate::app::job::{Job, JobEvent, Waker};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A folder of images.
    Folder,
    /// Image files.
    Files,
    /// Segmentations, structure sets, label maps.
    Structures,
    /// A plan to open.
    Plan,
    /// A place for the plan.
    SavePlan,
    /// A place for a picture of the window.
    SavePicture,
    /// A place for a simulated radiograph.
    SaveRadiograph,
    /// A folder for exported files.
    ExportFolder,
}

impl Wanted {
    fn title(self) -> &'static str {
        match self {
            Self::Folder => "Open a folder of images",
            Self::Files => "Open image files",
            Self::Structures => "Open structures: DICOM SEG, RTSTRUCT or NIfTI",
            Self::Plan => "Open a plan",
            Self::SavePlan => "Save the plan",
            Self::SavePicture => "Save a picture of the window",
            Self::SaveRadiograph => "Save the simulated radiograph as DICOM",
            Self::ExportFolder => "Choose a folder for the files",
        }
    }

    fn saves(self) -> bool {
        matches!(
            self,
            Self::SavePlan | Self::SavePicture | Self::SaveRadiograph
        )
    }

    fn proposed_name(self) -> &'static str {
        match self {
            Self::SavePlan => "plan.stylet.json",
            Self::SavePicture => "stylet.png",
            Self::SaveRadiograph => "radiograph.dcm",
            _ => "",
        }
    }
}

/// A dialog that answers faster than a person can was never shown: no portal is there.
const NOT_SHOWN: Duration = Duration::from_millis(900);

type DialogJob = Job<(), Option<Vec<PathBuf>>>;

/// The open question, if any.
#[derive(Default)]
pub struct Dialogs {
    system: Option<(Wanted, Instant, DialogJob)>,
    own: Option<Browser>,
    /// Where the last file was.
    folder: Option<PathBuf>,
    own_only: bool,
}

/// The folder browser of our own.
struct Browser {
    wanted: Wanted,
    folder: PathBuf,
    name: String,
    entries: Vec<(PathBuf, bool)>,
    trouble: Option<String>,
    /// The name has been given the keyboard.
    focused: bool,
}

impl Dialogs {
    /// `own_only` never asks the system, for tests.
    pub fn new(own_only: bool) -> Self {
        Self {
            own_only,
            ..Self::default()
        }
    }

    /// Asks.
    pub fn ask(&mut self, wanted: Wanted, waker: Waker) {
        if self.system.is_some() || self.own.is_some() {
            return;
        }
        if self.own_only {
            self.own = Some(Browser::at(wanted, self.start_folder()));
            return;
        }
        let folder = self.start_folder();
        let job = Job::spawn("dialog", waker, move |_| system_dialog(wanted, &folder));
        match job {
            Ok(job) => self.system = Some((wanted, Instant::now(), job)),
            Err(_) => self.own = Some(Browser::at(wanted, self.start_folder())),
        }
    }

    fn start_folder(&self) -> PathBuf {
        let home = || directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        self.folder
            .clone()
            .or_else(home)
            .unwrap_or_else(|| PathBuf::from("."))
    }

    /// Whether an answer is awaited.
    pub fn is_open(&self) -> bool {
        self.system.is_some() || self.own.is_some()
    }

    /// Draws the browser if it is open; gives the answer when there is one.
    pub fn ui(&mut self, ui: &mut Ui) -> Option<(Wanted, Vec<PathBuf>)> {
        let answer = self.poll_system().or_else(|| self.own_ui(ui));
        if let Some((_, paths)) = &answer
            && let Some(folder) = paths.first().and_then(|path| path.parent())
        {
            self.folder = Some(folder.to_owned());
        }
        answer
    }

    fn poll_system(&mut self) -> Option<(Wanted, Vec<PathBuf>)> {
        let (wanted, asked, job) = self.system.as_ref()?;
        let event = job.poll().pop()?;
        let (wanted, quick) = (*wanted, asked.elapsed() < NOT_SHOWN);
        self.system = None;
        match event {
            JobEvent::Finished(Some(paths)) if !paths.is_empty() => Some((wanted, paths)),
            JobEvent::Progress(()) => None,
            _ if quick => {
                self.own = Some(Browser::at(wanted, self.start_folder()));
                None
            }
            _ => None,
        }
    }

    fn own_ui(&mut self, ui: &mut Ui) -> Option<(Wanted, Vec<PathBuf>)> {
        let browser = self.own.as_mut()?;
        let wanted = browser.wanted;
        match browser.ui(ui) {
            Some(Choice::Take(path)) => {
                self.own = None;
                Some((wanted, vec![path]))
            }
            Some(Choice::Cancel) => {
                self.own = None;
                None
            }
            None => None,
        }
    }
}

enum Choice {
    Take(PathBuf),
    Cancel,
}

fn system_dialog(wanted: Wanted, folder: &Path) -> Option<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new()
        .set_title(wanted.title())
        .set_directory(folder);
    match wanted {
        Wanted::Folder | Wanted::ExportFolder => dialog.pick_folder().map(|path| vec![path]),
        Wanted::Files | Wanted::Structures => dialog.pick_files(),
        Wanted::Plan => dialog
            .add_filter("Plan, report or markups", &["json", "dcm"])
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        Wanted::SavePlan | Wanted::SavePicture | Wanted::SaveRadiograph => dialog
            .set_file_name(wanted.proposed_name())
            .save_file()
            .map(|path| vec![path]),
    }
}

impl Browser {
    fn at(wanted: Wanted, folder: PathBuf) -> Self {
        let mut browser = Self {
            wanted,
            folder,
            name: wanted.proposed_name().to_owned(),
            entries: Vec::new(),
            trouble: None,
            focused: false,
        };
        browser.list();
        browser
    }

    fn list(&mut self) {
        self.entries.clear();
        self.trouble = None;
        match std::fs::read_dir(&self.folder) {
            Ok(entries) => {
                for entry in entries.flatten().take(5000) {
                    let path = entry.path();
                    let hidden = entry.file_name().to_string_lossy().starts_with('.');
                    if !hidden {
                        self.entries.push((path.clone(), path.is_dir()));
                    }
                }
                self.entries
                    .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            }
            Err(error) => self.trouble = Some(format!("{}: {error}", self.folder.display())),
        }
    }

    fn go(&mut self, folder: PathBuf) {
        self.folder = folder;
        self.list();
    }

    fn ui(&mut self, ui: &mut Ui) -> Option<Choice> {
        let mut choice = None;
        let modal = Modal::new(egui::Id::unique("browser")).show(ui.ctx(), |ui| {
            ui.set_width(560.0);
            ui.heading(self.wanted.title());
            self.path_ui(ui);
            self.entries_ui(ui, &mut choice);
            if self.wanted.saves() && self.name_ui(ui) {
                choice = Some(Choice::Take(self.folder.join(&self.name)));
            }
            ui.horizontal(|ui| {
                let label = match self.wanted {
                    Wanted::Folder => Some("Open this folder"),
                    Wanted::ExportFolder => Some("Use this folder"),
                    wanted if wanted.saves() => Some("Save here"),
                    _ => None,
                };
                let path = if self.wanted.saves() {
                    self.folder.join(&self.name)
                } else {
                    self.folder.clone()
                };
                let usable = !self.wanted.saves() || !self.name.trim().is_empty();
                if let Some(label) = label
                    && ui.add_enabled(usable, egui::Button::new(label)).clicked()
                {
                    choice = Some(Choice::Take(path));
                }
                if ui.button("Cancel").clicked() {
                    choice = Some(Choice::Cancel);
                }
            });
        });
        if modal.should_close() && choice.is_none() {
            choice = Some(Choice::Cancel);
        }
        choice
    }

    /// The name of the file; true where Enter takes it.
    fn name_ui(&mut self, ui: &mut Ui) -> bool {
        let mut taken = false;
        ui.horizontal(|ui| {
            let label = ui.label("Name");
            let edit = TextEdit::singleline(&mut self.name).desired_width(f32::INFINITY);
            let response = ui.add(edit).labelled_by(label.id);
            if !std::mem::replace(&mut self.focused, true) {
                response.request_focus();
            }
            let entered = ui.input(|input| input.key_pressed(egui::Key::Enter));
            taken = response.lost_focus() && entered && !self.name.trim().is_empty();
        });
        taken
    }

    fn path_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let up = self.folder.parent().map(Path::to_owned);
            if ui
                .add_enabled(up.is_some(), egui::Button::new("Up"))
                .clicked()
                && let Some(up) = up
            {
                self.go(up);
            }
            let mut text = self.folder.display().to_string();
            let label = ui.label("Folder");
            let response = ui
                .add(TextEdit::singleline(&mut text).desired_width(f32::INFINITY))
                .labelled_by(label.id);
            if response.changed() {
                self.folder = PathBuf::from(text);
                self.list();
            }
        });
        if let Some(trouble) = &self.trouble {
            ui.label(RichText::new(trouble).color(theme::ERROR));
        }
    }

    fn entries_ui(&mut self, ui: &mut Ui, choice: &mut Option<Choice>) {
        let mut enter = None;
        ScrollArea::vertical()
            .max_height(320.0)
            .auto_shrink([false, false])
            .show(ui, |ui| {
                for (path, is_folder) in &self.entries {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    let text = if *is_folder {
                        format!("{name}/")
                    } else {
                        name.into_owned()
                    };
                    let wants_files = !matches!(self.wanted, Wanted::Folder | Wanted::ExportFolder);
                    let label = ui.add_enabled(
                        *is_folder || wants_files,
                        egui::Button::selectable(false, text),
                    );
                    if label.clicked() {
                        if *is_folder {
                            enter = Some(path.clone());
                        } else if self.wanted.saves() {
                            self.name = path
                                .file_name()
                                .unwrap_or_default()
                                .to_string_lossy()
                                .into_owned();
                        } else {
                            *choice = Some(Choice::Take(path.clone()));
                        }
                    }
                }
            });
        if let Some(folder) = enter {
            self.go(folder);
        }
    }
}
