//! What the 3D view shows, as plain data: needles, structures, skin and bone, labels.

use std::sync::{Arc, Weak};

use thiserror::Error;

use super::AppState;
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::stage::Content;
use super::viewport::ViewKind;
use crate::assess::skin::SKIN_EDGE_HU;
use crate::budget::{MEMORY, OverBudget, Reservation};
use crate::geometry::{Lps, Mesh, Point, Segment, Surface, Vector, solid};
use crate::plan::TrajectoryId;
use crate::render::{MeshItem, MeshScene};
use crate::volume::Volume;
use crate::volume::ray_surface::BONE_SURFACE_HU;
use crate::volume::structure::surface::{SurfaceError, iso_surface};

/// Samples of the context surfaces lie about this far apart, mm.
const CONTEXT_STEP_MM: f64 = 1.6;

const SKIN_COLOR: [u8; 3] = [240, 196, 168];
const SKIN_OPACITY: f32 = 0.26;
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
    /// Whether it was looked for; not again where that failed.
    sought: bool,
    finding: Option<Job<(), Result<ContextSurfaces, ContextError>>>,
}

struct ContextSurfaces {
    skin: Arc<Surface>,
    bone: Arc<Surface>,
    _booked: Reservation,
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
    /// Starts to find skin and bone where a 3D view is shown, and takes what was found. What was
    /// found in other images goes at once.
    pub(super) fn poll_scene(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) => Some((Arc::clone(&stage.volume), stage.is_loading())),
            _ => None,
        };
        let now = staged
            .as_ref()
            .map_or_else(Weak::new, |(volume, _)| Arc::downgrade(volume));
        if !now.ptr_eq(&self.scene.context.volume) {
            self.scene.context = Context {
                volume: now,
                ..Context::default()
            };
        }
        let shown = self.shown_viewports().into_iter().any(|id| {
            let viewport = self.viewport(id);
            viewport.is_some_and(|viewport| viewport.kind == ViewKind::Volume3d)
        });
        let context = &mut self.scene.context;
        if let Some((volume, false)) = staged
            && shown
            && !context.sought
            && volume.unit() == "HU"
        {
            context.sought = true;
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
            let failure = match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(surfaces)) => {
                    context.surfaces = Some(surfaces);
                    None
                }
                JobEvent::Finished(Err(error)) => Some(error.to_string()),
                JobEvent::Died(text) => Some(text),
            };
            context.finding = None;
            if let Some(reason) = failure {
                let text = format!("The 3D view has no skin and bone: {reason}");
                self.notices.add(Severity::Warning, text);
            }
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
                    active_tip_mm: chosen.and_then(|chosen| chosen.active_tip_mm),
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
        // The volume itself shows its bone and skin.
        let plain = self.volume_look.rays().is_none();
        if let Some(bone) = scene.bone().filter(|_| scene.show_bone && plain) {
            add(bone, BONE_COLOR, 1.0);
        }
        match (&scene.painted_skin, scene.skin()) {
            (Some(painted), _) => add(painted, [255; 3], 1.0),
            (None, Some(skin)) if scene.show_skin && plain => add(skin, SKIN_COLOR, SKIN_OPACITY),
            _ => {}
        }
        add(needles, [255; 3], 1.0);
        MeshScene {
            items,
            background: BACKGROUND,
        }
    }
}

/// Why there is no skin and bone.
#[derive(Debug, Error)]
enum ContextError {
    /// No surface.
    #[error(transparent)]
    Surface(#[from] SurfaceError),
    /// No memory for it.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

/// Skin and bone of a volume.
fn find_context(volume: &Volume, stop: &dyn Fn() -> bool) -> Result<ContextSurfaces, ContextError> {
    let stride = (CONTEXT_STEP_MM / volume.finest_spacing_mm())
        .round()
        .max(1.0) as usize;
    let mut booked = MEMORY.reserve(0, "surfaces of the 3D view")?;
    let mut surface = |threshold_hu: f64| -> Result<Arc<Surface>, ContextError> {
        let mesh = iso_surface(volume, threshold_hu, stride, stop)?;
        // Corners with normals, triangles, and the boxes that these are sorted into.
        let bytes = 24 * mesh.positions.len() + (12 + 12) * mesh.triangles.len();
        booked.grow(bytes as u64)?;
        let surface = Surface::new(mesh);
        surface.prepare();
        Ok(Arc::new(surface))
    };
    Ok(ContextSurfaces {
        skin: surface(SKIN_EDGE_HU)?,
        bone: surface(BONE_SURFACE_HU)?,
        _booked: booked,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn needle() -> SceneNeedle {
        SceneNeedle {
            id: TrajectoryId(1),
            path: Segment::new(Point::new(0., 100., 0.), Point::new(0., 40., 0.)),
            color: [10, 200, 250],
            diameter_mm: Some(0.72),
            length_mm: Some(90.0),
            active_tip_mm: None,
            selected: false,
        }
    }

    #[test]
    fn a_needle_is_as_long_as_its_cannula_and_no_thinner_than_can_be_seen() {
        let surface = needle_surface(&[needle()], 0.1);
        let [low, high] = surface.bounds().unwrap();
        // The ball at the target reaches 1.5 mm past it; the hub ends 9 mm behind the needle's
        // 90 mm.
        assert!((low.0.y - 38.5).abs() < 0.05, "{low:?}");
        assert!((high.0.y - 139.0).abs() < 1e-3, "{high:?}");
        // 0.72 mm, or 2 points of 1 mm: seen across the shaft where nothing else is.
        assert_eq!(drawn_radius_mm(&needle(), 0.1), 0.36);
        assert_eq!(drawn_radius_mm(&needle(), 1.0), 1.0);
        let thick = needle_surface(&[needle()], 1.0);
        let from = Point::new(0.9, 80., -50.);
        let hit = |surface: &Surface| surface.first_hit(from, Vector::new(0., 0., 1.), 100.0);
        assert!(hit(&thick).is_some() && hit(&surface).is_none());
    }

    #[test]
    fn the_bare_tip_has_another_shade_as_long_as_it_is() {
        let bare = SceneNeedle {
            active_tip_mm: Some(10.0),
            ..needle()
        };
        let shades = |needle: &SceneNeedle| {
            let surface = needle_surface(std::slice::from_ref(needle), 0.1);
            let wanted = mixed(needle.color, [255, 244, 190]);
            let [r, g, b] = wanted;
            let colors = surface.colors().unwrap().iter();
            let places = colors.zip(&surface.mesh().positions);
            let ys = places.filter(|(color, _)| **color == [r, g, b, 255]);
            ys.map(|(_, at)| at[1]).fold(f32::NEG_INFINITY, f32::max)
        };
        // From the tip at 40 mm; without a bare tip nothing past the bevel.
        assert!((shades(&bare) - 50.0).abs() < 1e-3);
        assert!(shades(&needle()) < 42.0);
    }

    #[test]
    fn a_needle_without_length_is_not_drawn() {
        let end = Point::new(1., 2., 3.);
        let flat = SceneNeedle {
            path: Segment::new(end, end),
            ..needle()
        };
        assert!(needle_surface(&[flat], 0.5).bounds().is_none());
    }
}
