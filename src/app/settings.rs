//! What survives a restart: habits, never patient data.

use std::fs;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::budget::MEMORY;
use crate::plan::Trajectory;
use crate::render::TransferPreset;

/// What a drag with the middle or right button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DragAction {
    /// What the left button does: the active tool.
    Tool,
    /// Moves the picture.
    Pan,
    /// Scales the picture.
    Zoom,
    /// Window width and level.
    Window,
}

impl DragAction {
    /// All, in menu order.
    pub const ALL: [Self; 4] = [Self::Pan, Self::Zoom, Self::Window, Self::Tool];

    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tool => "Active tool",
            Self::Pan => "Pan",
            Self::Zoom => "Zoom",
            Self::Window => "Window",
        }
    }
}

/// Who computes the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackEnd {
    /// The graphics card where there is a real one, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The graphics driver, also a software one.
    Gpu,
}

impl BackEnd {
    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Auto => "Automatic",
            Self::Cpu => "Processor",
            Self::Gpu => "Graphics card",
        }
    }
}

/// Habits of the person at this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Format version of the file.
    pub version: u32,
    /// Patient names and ids are not shown anywhere.
    pub hide_patient: bool,
    /// A placed or moved entry goes to the skin along the needle.
    pub snap_entry_to_skin: bool,
    /// Slice views follow a dragged needle.
    pub crosshair_follows_needle: bool,
    /// Needle of new trajectories.
    pub needle: String,
    /// Id of the C-arm that is aimed; the first where there is none of it.
    pub carm: String,
    /// The path profile under the views is open.
    pub show_profile: bool,
    /// Who computes the pictures.
    pub back_end: BackEnd,
    /// How 3D views show a volume in HU at first, where that suits it; surfaces only where not set.
    pub volume: Option<TransferPreset>,
    /// The same for one without a scale, as of MR.
    pub volume_unscaled: Option<TransferPreset>,
    /// Drag with the wheel pressed.
    pub middle_drag: DragAction,
    /// Drag with the right button.
    pub secondary_drag: DragAction,
    /// Memory that studies may take, GiB; half of the machine's where not set.
    pub memory_gib: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: 1,
            hide_patient: false,
            snap_entry_to_skin: true,
            crosshair_follows_needle: true,
            needle: Trajectory::DEFAULT_NEEDLE.to_owned(),
            carm: String::new(),
            show_profile: true,
            back_end: BackEnd::Auto,
            volume: None,
            volume_unscaled: None,
            middle_drag: DragAction::Pan,
            secondary_drag: DragAction::Zoom,
            memory_gib: None,
        }
    }
}

/// Why the program has no place for its own files.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The system names no home folder.
    #[error("No folder for settings was found; set the environment variable STYLET_HOME to one")]
    NoHome,
    /// A folder or file could not be written.
    #[error("Cannot write settings: {source}\nFile: {path}")]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Folders of the program's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Settings.
    pub config: PathBuf,
    /// Journals and locks: nothing here may be lost.
    pub data: PathBuf,
    /// Sample studies: can be made again.
    pub cache: PathBuf,
}

impl Folders {
    /// Those of the person, or under the environment variable `STYLET_HOME`.
    pub fn of_user() -> Result<Self, SettingsError> {
        if let Some(home) = std::env::var_os("STYLET_HOME").filter(|home| !home.is_empty()) {
            return Ok(Self::under(Path::new(&home)));
        }
        let dirs = ProjectDirs::from("", "", "stylet").ok_or(SettingsError::NoHome)?;
        Ok(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_local_dir().to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }

    /// All in one folder.
    pub fn under(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            data: home.join("data"),
            cache: home.join("cache"),
        }
    }

    fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }
}

impl Settings {
    /// Those of the last time; the defaults where there are none or they cannot be read.
    pub fn load(folders: &Folders) -> Self {
        fs::read_to_string(folders.settings_file())
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// The same memory in bytes; `None` for the machine's own.
    pub fn memory_bytes(&self) -> Option<u64> {
        let gib = self
            .memory_gib
            .filter(|gib| gib.is_finite() && *gib > 0.0)?;
        Some((gib * f64::from(1 << 30)) as u64)
    }

    /// Makes the memory allowed to studies what is set here.
    pub fn apply_memory(&self) {
        MEMORY.set_limit(self.memory_bytes());
    }

    /// Keeps them for the next time.
    pub fn save(&self, folders: &Folders) -> Result<(), SettingsError> {
        let path = folders.settings_file();
        let failed = |source| SettingsError::Write {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(&folders.config).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let temporary = tempfile::NamedTempFile::new_in(&folders.config).map_err(failed)?;
        fs::write(temporary.path(), text).map_err(failed)?;
        temporary
            .persist(&path)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_and_broken_ones_become_the_defaults() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        assert_eq!(Settings::load(&folders), Settings::default());
        let mine = Settings {
            hide_patient: true,
            back_end: BackEnd::Cpu,
            ..Settings::default()
        };
        mine.save(&folders).unwrap();
        assert_eq!(Settings::load(&folders), mine);
        fs::write(folders.settings_file(), "{\"hide_patient\": 3").unwrap();
        assert_eq!(Settings::load(&folders), Settings::default());
    }

    #[test]
    fn memory_is_set_in_gibibytes_and_nonsense_is_as_good_as_none() {
        let with = |memory_gib| {
            let settings = Settings {
                memory_gib,
                ..Settings::default()
            };
            settings.memory_bytes()
        };
        assert_eq!(with(Some(1.5)), Some(3 << 29));
        assert_eq!(with(None), None);
        assert_eq!(with(Some(-1.0)), None);
        assert_eq!(with(Some(f64::NAN)), None);
    }

    #[test]
    fn settings_of_an_older_version_keep_what_they_say() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        fs::create_dir_all(&folders.config).unwrap();
        fs::write(folders.settings_file(), "{\"hide_patient\": true}").unwrap();
        let settings = Settings::load(&folders);
        assert!(settings.hide_patient && settings.snap_entry_to_skin);
    }
}
