//! What the 3D view shows, as plain data: needles, structures, skin and bone, labels.

use std::sync::{Arc, Weak};

use super::AppState;
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::stage::Content;
use super::viewport::ViewKind;
use crate::assess::skin::SKIN_EDGE_HU;
use crate::geometry::{Lps, Mesh, Point, Segment, Surface, Vector, solid};
use crate::plan::TrajectoryId;
use crate::render::{MeshItem, MeshScene};
use crate::volume::Volume;
use crate::volume::structure::surface::iso_surface;

/// Least value of bone that the context shows: cortex, and cancellous bone of the healthy.
pub const BONE_EDGE_HU: f64 = 200.0;
/// Samples of the context surfaces lie about this far apart, mm.
const CONTEXT_STEP_MM: f64 = 1.6;

const SKIN_COLOR: [u8; 3] = [222, 178, 150];
const SKIN_OPACITY: f32 = 0.22;
const BONE_COLOR: [u8; 3] = [236, 226, 200];
const BACKGROUND: [u8; 3] = [14, 16, 20];

/// Needles are drawn to scale, but no thinner than so many points.
const THINNEST_POINTS: f64 = 2.0;
/// The same for the selected one.
const THINNEST_SELECTED_POINTS: f64 = 3.5;
/// Facets of a needle.
const SIDES: usize = 14;

/// One structure of the scene.
#[derive(Debug, Clone)]
pub struct SceneStructure {
    /// Name shown when pointed at.
    pub name: String,
    /// Its surface.
    pub surface: Arc<Surface>,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// 0–1.
    pub opacity: f32,
    /// Drawn and found by the pointer.
    pub visible: bool,
}

/// A text at a patient point.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneLabel {
    /// What is written.
    pub text: String,
    /// Where.
    pub at: Point<Lps>,
}

/// A needle as the 3D view draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneNeedle {
    /// Which one.
    pub id: TrajectoryId,
    /// Entry to target, LPS mm.
    pub path: Segment,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Outer diameter of the shaft, mm; `None` where no needle is chosen.
    pub diameter_mm: Option<f64>,
    /// Usable length from hub to tip, mm; `None` where no needle is chosen.
    pub length_mm: Option<f64>,
    /// Bare length at the tip, mm, of a cannula that heats there.
    pub active_tip_mm: Option<f64>,
    /// Drawn stronger.
    pub selected: bool,
}

/// Skin and bone of one volume.
#[derive(Default)]
struct Context {
    volume: Weak<Volume>,
    surfaces: Option<ContextSurfaces>,
    finding: Option<Job<(), Option<ContextSurfaces>>>,
}

struct ContextSurfaces {
    skin: Arc<Surface>,
    bone: Arc<Surface>,
}

/// What the 3D view shows beside the needles of the plan.
pub struct Scene {
    /// Structures, in the order of their list.
    pub structures: Vec<SceneStructure>,
    /// Texts.
    pub labels: Vec<SceneLabel>,
    /// The skin painted by a map of entries; drawn instead of the plain skin.
    pub painted_skin: Option<Arc<Surface>>,
    /// The skin is drawn.
    pub show_skin: bool,
    /// Bone is drawn.
    pub show_bone: bool,
    context: Context,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            structures: Vec::new(),
            labels: Vec::new(),
            painted_skin: None,
            show_skin: true,
            show_bone: true,
            context: Context::default(),
        }
    }
}

impl Scene {
    /// The skin of the volume on stage, found in the background.
    pub fn skin(&self) -> Option<&Arc<Surface>> {
        self.context.surfaces.as_ref().map(|found| &found.skin)
    }

    /// Bone of the volume on stage, found in the background.
    pub fn bone(&self) -> Option<&Arc<Surface>> {
        self.context.surfaces.as_ref().map(|found| &found.bone)
    }

    /// Whether skin and bone are being found.
    pub fn is_busy(&self) -> bool {
        self.context.finding.is_some()
    }
}

impl AppState {
    /// Starts to find skin and bone where a 3D view is shown, and takes what was found.
    pub(super) fn poll_scene(&mut self) {
        let volume = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) if !stage.is_loading() => Some(&stage.volume),
            _ => None,
        };
        let shown = self.shown_viewports().into_iter().any(|id| {
            let viewport = self.viewport(id);
            viewport.is_some_and(|viewport| viewport.kind == ViewKind::Volume3d)
        });
        let context = &mut self.scene.context;
        let kept =
            volume.is_some_and(|now| std::ptr::eq(context.volume.as_ptr(), &raw const **now));
        if !kept && context.volume.strong_count() > 0 && volume.is_some()
            || self.stage.is_none() && context.surfaces.is_some()
        {
            *context = Context::default();
        }
        if let Some(volume) = volume.filter(|volume| shown && !kept && volume.unit() == "HU") {
            context.volume = Arc::downgrade(volume);
            context.surfaces = None;
            let volume = Arc::clone(volume);
            let job = Job::spawn("surfaces", super::shared(&self.waker), move |sink| {
                let token = sink.cancel_token().clone();
                on_own_threads("surfaces", || {
                    find_context(&volume, &|| token.is_cancelled())
                })
            });
            context.finding = job.ok();
        }
        let events = context.finding.as_ref().map(Job::poll).unwrap_or_default();
        for event in events {
            match event {
                JobEvent::Progress(()) => continue,
                // Nothing where it was cancelled.
                JobEvent::Finished(surfaces) => context.surfaces = surfaces,
                JobEvent::Died(text) => {
                    let text = format!("The 3D view has no skin and bone: {text}");
                    self.notices.add(Severity::Warning, text);
                }
            }
            context.finding = None;
        }
    }

    /// The needles that the 3D view draws: placed, not hidden, of the images on stage.
    pub fn scene_needles(&self) -> Vec<SceneNeedle> {
        if !self.plan_fits() {
            return Vec::new();
        }
        let drawn = self.plan().trajectories.iter().filter(|n| !n.hidden);
        drawn
            .filter_map(|needle| {
                let chosen = needle.needle.as_ref();
                let chosen = chosen.and_then(|id| self.catalogue.find(id));
                Some(SceneNeedle {
                    id: needle.id,
                    path: needle.segment()?,
                    color: needle.color.0,
                    diameter_mm: chosen.map(|chosen| chosen.outer_diameter_mm),
                    length_mm: chosen.map(|chosen| chosen.length_mm),
                    active_tip_mm: None,
                    selected: self.selection.needle() == Some(needle.id),
                })
            })
            .collect()
    }

    /// Everything that the 3D view draws, the needles as one surface made by [`needle_surface`].
    pub fn mesh_scene(&self, needles: &Arc<Surface>) -> MeshScene {
        let scene = &self.scene;
        let mut items: Vec<MeshItem> = scene
            .structures
            .iter()
            .filter(|structure| structure.visible)
            .map(|structure| MeshItem {
                surface: Arc::clone(&structure.surface),
                color: structure.color,
                opacity: structure.opacity,
            })
            .collect();
        let mut add = |surface: &Arc<Surface>, color, opacity| {
            items.push(MeshItem {
                surface: Arc::clone(surface),
                color,
                opacity,
            });
        };
        if let Some(bone) = scene.bone().filter(|_| scene.show_bone) {
            add(bone, BONE_COLOR, 1.0);
        }
        match (&scene.painted_skin, scene.skin()) {
            (Some(painted), _) => add(painted, [255; 3], 1.0),
            (None, Some(skin)) if scene.show_skin => add(skin, SKIN_COLOR, SKIN_OPACITY),
            _ => {}
        }
        add(needles, [255; 3], 1.0);
        MeshScene {
            items,
            background: BACKGROUND,
        }
    }
}

fn find_context(volume: &Volume, cancel: &(dyn Fn() -> bool + Sync)) -> Option<ContextSurfaces> {
    let stride = (CONTEXT_STEP_MM / volume.finest_spacing_mm())
        .round()
        .max(1.0) as usize;
    let surface = |threshold_hu: f64| {
        let mesh = iso_surface(volume, threshold_hu, stride, cancel);
        mesh.map(|mesh| {
            let surface = Surface::new(mesh);
            surface.prepare();
            Arc::new(surface)
        })
    };
    Some(ContextSurfaces {
        skin: surface(SKIN_EDGE_HU)?,
        bone: surface(BONE_EDGE_HU)?,
    })
}

/// All needles as one surface, each corner in the colour of its needle: shafts to scale but no
/// thinner than a few points of `mm_per_point`, hub, bare tip, a ball at the target and a disc at
/// the entry.
pub fn needle_surface(needles: &[SceneNeedle], mm_per_point: f64) -> Surface {
    let mut mesh = Mesh::default();
    let mut colors = Vec::new();
    for needle in needles {
        for (part, [r, g, b]) in needle_parts(needle, mm_per_point) {
            solid::append(&mut mesh, &part);
            colors.resize(mesh.positions.len(), [r, g, b, 255]);
        }
    }
    Surface::new(mesh).with_colors(colors)
}

fn needle_parts(needle: &SceneNeedle, mm_per_point: f64) -> Vec<(Mesh, [u8; 3])> {
    let Some(along) = needle.path.vector().direction() else {
        return Vec::new();
    };
    let (entry, tip) = (needle.path.start, needle.path.end);
    let radius_mm = drawn_radius_mm(needle, mm_per_point);
    let depth_mm = needle.path.length_mm();
    let back = |mm: f64| tip - along * mm;
    let tube = |from_mm: f64, to_mm: f64, radius: f64| {
        let about = Segment::new(back(from_mm), back(to_mm));
        solid::tube(about, [radius, radius], SIDES)
    };
    // The bevel of the tip, as a cone.
    let point_mm = (4.0 * radius_mm).min(0.25 * depth_mm);
    let cone = Segment::new(back(point_mm), tip);
    let mut parts = vec![(solid::tube(cone, [radius_mm, 0.0], SIDES), needle.color)];
    let bare_mm = needle
        .active_tip_mm
        .unwrap_or(0.0)
        .clamp(point_mm, depth_mm);
    parts.push((
        tube(bare_mm, point_mm, radius_mm),
        mixed(needle.color, [255, 244, 190]),
    ));
    parts.push((tube(depth_mm, bare_mm, radius_mm), needle.color));
    if let Some(length_mm) = needle.length_mm.filter(|length_mm| *length_mm > depth_mm) {
        let outside = mixed(needle.color, [150; 3]);
        parts.push((tube(length_mm, depth_mm, radius_mm), outside));
        let hub_mm = (2.5 * radius_mm).max(2.2);
        parts.push((tube(length_mm + 9.0, length_mm, hub_mm), needle.color));
    }
    let ball_mm = (2.2 * radius_mm).max(1.5);
    parts.push((
        solid::sphere(tip, ball_mm, 2),
        mixed(needle.color, [255; 3]),
    ));
    parts.push((
        entry_disc(entry, along, radius_mm),
        mixed(needle.color, [255; 3]),
    ));
    parts
}

fn entry_disc(entry: Point<Lps>, along: Vector<Lps>, radius_mm: f64) -> Mesh {
    let half = along * (0.3 * radius_mm).max(0.3);
    let about = Segment::new(entry - half, entry + half);
    let wide = (3.5 * radius_mm).max(2.5);
    solid::tube(about, [wide, wide], 2 * SIDES)
}

/// Radius that a needle is drawn with, mm.
pub fn drawn_radius_mm(needle: &SceneNeedle, mm_per_point: f64) -> f64 {
    let thinnest = if needle.selected {
        THINNEST_SELECTED_POINTS
    } else {
        THINNEST_POINTS
    };
    let own = needle.diameter_mm.unwrap_or(0.0);
    own.max(thinnest * mm_per_point) / 2.0
}

/// Half of each colour.
fn mixed(a: [u8; 3], b: [u8; 3]) -> [u8; 3] {
    std::array::from_fn(|n| {
        let sum = a.get(n).zip(b.get(n)).map(|(a, b)| a.midpoint(*b));
        sum.unwrap_or(0)
    })
}
