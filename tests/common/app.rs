//! The real window in a test: builds it on a small simulated study, finds things by their label,
//! points at patient positions.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test program uses its own part"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use stylet::app::settings::{BackEnd, Folders, Settings};
use stylet::app::viewport::{ViewKind, ViewportId};
use stylet::geometry::{Lps, Point};
use stylet::plan::Trajectory;
use stylet::ui::{LaunchOptions, ViewerApp};
use stylet::volume::phantom::{PhantomGrid, write_sample_study};

/// A folder that holds a coarse sample study and the program's own files.
pub struct Home {
    folder: PathBuf,
    /// Deletes the folder at the end; not held by a second program on the same folder.
    _owner: Option<tempfile::TempDir>,
}

impl Home {
    /// The folder of another program.
    pub fn existing(folder: PathBuf) -> Self {
        Self {
            folder,
            _owner: None,
        }
    }

    pub fn new() -> Self {
        let owner = tempfile::tempdir().unwrap();
        let home = Self {
            folder: owner.path().to_owned(),
            _owner: Some(owner),
        };
        let go = &|_| std::ops::ControlFlow::Continue(());
        write_sample_study(0, &PhantomGrid::coarse(), &home.study(), go).unwrap();
        // The processor's pictures are the same on every machine.
        let settings = Settings {
            back_end: BackEnd::Cpu,
            ..Settings::default()
        };
        settings.save(&home.folders()).unwrap();
        home
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub fn study(&self) -> PathBuf {
        self.path().join("study")
    }

    pub fn ct(&self) -> PathBuf {
        self.study().join("CT")
    }

    pub fn folders(&self) -> Folders {
        Folders::under(&self.path().join("home"))
    }

    /// The point of `truth.json` of a kind, level and side.
    pub fn truth(&self, kind: &str, level: &str, side: &str) -> (Point<Lps>, Point<Lps>) {
        let text = std::fs::read_to_string(self.study().join("truth.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
        let targets = truth["targets"].as_array().unwrap();
        let found = targets
            .iter()
            .find(|t| t["kind"] == kind && t["level"] == level && t["side"] == side)
            .unwrap_or_else(|| panic!("no {side} {kind} at {level} in truth.json"));
        let point = |value: &serde_json::Value| -> Point<Lps> {
            serde_json::from_value(value.clone()).unwrap()
        };
        (
            point(&found["path"]["entry_lps_mm"]),
            point(&found["point_lps_mm"]),
        )
    }
}

/// The running window.
pub struct TestApp {
    pub harness: Harness<'static, ViewerApp>,
}

impl TestApp {
    /// Opens the window on what is given and waits until everything is loaded.
    pub fn open(home: &Home, paths: Vec<PathBuf>, plan: Option<PathBuf>) -> Self {
        let options = LaunchOptions {
            paths,
            plan,
            unhurried: true,
            own_dialogs: true,
            ..LaunchOptions::default()
        };
        let folders = home.folders();
        let harness = Harness::builder()
            .with_size(egui::vec2(1280.0, 860.0))
            .with_max_steps(64)
            .build_eframe(move |cc| ViewerApp::new(cc, folders, options));
        let mut app = Self { harness };
        app.settle();
        app
    }

    pub fn on_sample(home: &Home) -> Self {
        Self::open(home, vec![home.ct()], None)
    }

    /// Steps until no job runs.
    pub fn settle(&mut self) {
        let start = Instant::now();
        loop {
            self.harness.run_steps(3);
            if self.harness.state().is_settled() {
                self.harness.run_steps(3);
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(2), "jobs never ended");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn viewport(&self, kind: ViewKind) -> ViewportId {
        let viewports = &self.harness.state().state.viewports;
        let index = viewports.iter().position(|v| v.kind == kind);
        ViewportId(index.unwrap_or_else(|| panic!("no {kind:?} viewport")))
    }

    /// Where a patient point is on the screen in a viewport.
    pub fn screen(&self, kind: ViewKind, at: Point<Lps>) -> Pos2 {
        let id = self.viewport(kind);
        let name = format!("{} view", kind.title());
        let rect = self.harness.get_by_label(&name).rect();
        let size = [f64::from(rect.width()), f64::from(rect.height())];
        let frame = self.harness.state().state.frame_of(id, size).unwrap();
        let points = frame.points_of(at);
        assert!(frame.contains(points, 0.0), "{at:?} is not in the picture");
        rect.min + egui::vec2(points.x as f32, points.y as f32)
    }

    /// Brings a patient point into the planes of the slice views.
    pub fn go_to(&mut self, at: Point<Lps>) {
        let state = &mut self.harness.state_mut().state;
        state.apply(stylet::app::command::ViewCommand::CenterOn(at));
        self.settle();
    }

    pub fn hover(&mut self, at: Pos2) {
        self.harness.hover_at(at);
        self.harness.run_steps(2);
    }

    pub fn press(&mut self, at: Pos2, pressed: bool) {
        self.harness.event(Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        self.harness.run_steps(2);
    }

    pub fn click(&mut self, at: Pos2) {
        self.hover(at);
        self.press(at, true);
        self.press(at, false);
    }

    /// Drags without letting go.
    pub fn drag_part(&mut self, from: Pos2, to: Pos2) {
        self.hover(from);
        self.press(from, true);
        for step in 1_u8..=5 {
            let share = f32::from(step) / 5.0;
            self.hover(from + (to - from) * share);
        }
    }

    pub fn drag(&mut self, from: Pos2, to: Pos2) {
        self.drag_part(from, to);
        self.press(to, false);
        self.settle();
    }

    pub fn key(&mut self, modifiers: Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }

    pub fn click_label(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(4);
    }

    pub fn needle(&self) -> &Trajectory {
        &self.harness.state().state.plan().trajectories[0]
    }

    pub fn says(&self, part: &str) -> bool {
        let state = &self.harness.state().state;
        state
            .notices
            .iter()
            .any(|notice| notice.text.contains(part))
    }
}

/// A screen position moved by points.
pub fn moved(at: Pos2, x: f32, y: f32) -> Pos2 {
    pos2(at.x + x, at.y + y)
}
