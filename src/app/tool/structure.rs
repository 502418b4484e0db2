//! Structures drawn by hand: spheres, tubes, grown regions, brush strokes, and their handles.
//!
//! While the button is down nothing of the plan changes: what is drawn is a preview, and the
//! release is one edit and one undo step.

use super::hit::{HANDLE_POINTS, Hit};
use super::region_bounds::bounds_about;
use super::{Gesture, PointerEvent, ToolKind};
use crate::app::AppState;
use crate::app::command::{Command, PlanCommand, Selection};
use crate::app::notice::Severity;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::geometry::{Lps, Point};
use crate::plan::{
    BrushStroke, Color, DrawnShape, DrawnStructure, PlanEdit, StructureEdit, StructureId,
};

/// Radius of a sphere that was clicked and not drawn, mm.
const CLICKED_RADIUS_MM: f64 = 5.0;
/// Travel that makes a press a drag and not a click, screen points.
const DRAG_POINTS: f64 = 4.0;
/// Radii of tubes and brushes, mm.
const RADII_MM: (f64, f64) = (0.1, 200.0);

/// What clicks and drags draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StructureTool {
    /// Press the middle, drag the radius.
    Sphere,
    /// Click along a nerve or vessel.
    Tube,
    /// Click a place; all voxels like it that are joined to it.
    Region,
    /// Adds to the selected region.
    Paint,
    /// Takes away from it.
    Erase,
}

impl StructureTool {
    /// All, in the order of the panel.
    pub const ALL: [Self; 5] = [
        Self::Sphere,
        Self::Tube,
        Self::Region,
        Self::Paint,
        Self::Erase,
    ];

    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sphere => "Sphere",
            Self::Tube => "Tube",
            Self::Region => "Region",
            Self::Paint => "Brush +",
            Self::Erase => "Brush −",
        }
    }

    /// What to do with it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Sphere => "Press the middle of the sphere and drag its radius",
            Self::Tube => "Click along the tube; Enter or a double click ends it",
            Self::Region => "Click inside; voxels of like value joined to it are taken",
            Self::Paint => "Drag to add to the selected region ([ and ] change the brush)",
            Self::Erase => "Drag to take away from the selected region ([ and ] change the brush)",
        }
    }
}

/// Sizes that the tools draw with, and the tube being clicked.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureDrawing {
    /// Radius of the next tube, mm.
    pub tube_radius_mm: f64,
    /// Radius of the brush, mm.
    pub brush_radius_mm: f64,
    /// The next region reaches no farther from its click, mm.
    pub reach_mm: f64,
    /// Points of a tube so far, LPS mm.
    pub points: Vec<Point<Lps>>,
    /// Where its next point would be.
    pub pointer: Option<Point<Lps>>,
}

impl Default for StructureDrawing {
    fn default() -> Self {
        Self {
            tube_radius_mm: 2.0,
            brush_radius_mm: 3.0,
            reach_mm: 40.0,
            points: Vec::new(),
            pointer: None,
        }
    }
}

/// A drawing gesture under way.
#[derive(Debug, Clone, PartialEq)]
pub enum StructureGesture {
    /// The radius of a sphere follows the pointer.
    Sphere {
        /// Middle, LPS mm.
        center: Point<Lps>,
        /// Radius so far, mm.
        radius_mm: f64,
        /// It was led away from the press.
        dragged: bool,
    },
    /// A brush stroke over a region.
    Stroke {
        /// The region.
        id: StructureId,
        /// The stroke so far.
        stroke: BrushStroke,
    },
    /// A handle of a structure follows the pointer.
    Handle {
        /// Which structure.
        id: StructureId,
        /// Which of its handles (see [`handles`]).
        handle: usize,
        /// Where the handle is now, LPS mm.
        at: Point<Lps>,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
}

/// Where a drawn shape can be taken hold of: the middle of a sphere, the points of a tube.
pub fn handles(shape: &DrawnShape) -> Vec<Point<Lps>> {
    match shape {
        DrawnShape::Sphere { center, .. } => vec![*center],
        DrawnShape::Tube { points, .. } => points.clone(),
        // A moved click would be another region.
        DrawnShape::Region { .. } => Vec::new(),
    }
}

/// The shape with one handle elsewhere.
pub fn with_handle(shape: &DrawnShape, handle: usize, to: Point<Lps>) -> DrawnShape {
    let mut shape = shape.clone();
    match &mut shape {
        DrawnShape::Sphere { center, .. } => *center = to,
        DrawnShape::Tube { points, .. } => {
            if let Some(point) = points.get_mut(handle) {
                *point = to;
            }
        }
        DrawnShape::Region { .. } => {}
    }
    shape
}

impl AppState {
    /// A press with a drawing tool.
    pub(super) fn press_structure(&mut self, tool: StructureTool, event: &PointerEvent) {
        if !self.plan_fits() {
            return;
        }
        let at = event.lps();
        match tool {
            StructureTool::Sphere => {
                self.gesture = Gesture::Structure(StructureGesture::Sphere {
                    center: at,
                    radius_mm: CLICKED_RADIUS_MM,
                    dragged: false,
                });
            }
            StructureTool::Tube => self.click_tube(event),
            StructureTool::Region => self.click_region(at),
            StructureTool::Paint | StructureTool::Erase => {
                self.start_stroke(tool == StructureTool::Erase, at);
            }
        }
    }

    /// One more point; a click on the last one ends the tube.
    fn click_tube(&mut self, event: &PointerEvent) {
        let last = self.drawing.points.last();
        let again =
            last.is_some_and(|&last| event.frame.points_of(last).distance(event.at) < DRAG_POINTS);
        if again {
            self.finish_tube();
        } else {
            self.drawing.points.push(event.lps());
            self.drawing.pointer = Some(event.lps());
        }
    }

    /// Makes a tube of the points clicked so far.
    pub(in crate::app) fn finish_tube(&mut self) {
        if self.drawing.points.len() < 2 {
            return;
        }
        let points = std::mem::take(&mut self.drawing.points);
        self.drawing.pointer = None;
        let radius_mm = self.drawing.tube_radius_mm;
        self.add_drawn(DrawnShape::Tube { points, radius_mm });
    }

    fn click_region(&mut self, seed: Point<Lps>) {
        let volume = self.stage.as_ref().and_then(|stage| stage.volume());
        let Some([low, high]) = volume.and_then(|volume| bounds_about(volume, seed)) else {
            let text = "No region: the click lies outside the images";
            self.notices.add(Severity::Warning, text.to_owned());
            return;
        };
        self.add_drawn(DrawnShape::Region {
            seed,
            low,
            high,
            reach_mm: self.drawing.reach_mm,
            strokes: Vec::new(),
        });
    }

    fn start_stroke(&mut self, erase: bool, at: Point<Lps>) {
        let region = self.selected_drawn().filter(|drawn| {
            let shape = &drawn.shape;
            matches!(shape, DrawnShape::Region { .. })
        });
        let Some(id) = region.map(|drawn| drawn.id) else {
            let text = "The brush corrects a region: draw or choose one in the Structures tab";
            self.notices.add(Severity::Warning, text.to_owned());
            return;
        };
        let stroke = BrushStroke {
            points: vec![at],
            radius_mm: self.drawing.brush_radius_mm,
            erase,
        };
        self.gesture = Gesture::Structure(StructureGesture::Stroke { id, stroke });
    }

    /// The drawn structure that is selected.
    pub fn selected_drawn(&self) -> Option<&DrawnStructure> {
        match self.selection {
            Selection::Structure(id) => self.plan().structure(id),
            _ => None,
        }
    }

    /// Adds a structure as one step and selects it.
    fn add_drawn(&mut self, shape: DrawnShape) {
        let word = shape.word();
        let plan = self.plan();
        let taken = |name: &String| plan.structures.iter().any(|drawn| drawn.name == *name);
        let mut names = (1..=u32::MAX).map(|n| format!("{word} {n}"));
        let name = names.find(|name| !taken(name));
        let drawn = DrawnStructure {
            id: plan.next_structure_id(),
            name: name.unwrap_or_else(|| word.to_owned()),
            kind: None,
            color: Color::of_index(plan.structures.len()),
            hidden: false,
            shape,
        };
        let id = drawn.id;
        let label = match word {
            "Sphere" => "Draw sphere",
            "Tube" => "Draw tube",
            _ => "Draw region",
        };
        let edit = PlanEdit::Structure(StructureEdit::Add(drawn));
        self.apply(PlanCommand::Edit(label, edit));
        if self.plan().structure(id).is_some() {
            self.selection = Selection::Structure(id);
            // What was drawn and cannot be seen would be drawn twice.
            self.structure_look.shown = true;
            // The double click that ends a tube shall not act with another tool as well.
            if word != "Tube" {
                self.tool = ToolKind::Window;
            }
        }
    }

    /// Takes hold of a handle.
    pub(super) fn hold_structure(
        &mut self,
        (id, handle): (StructureId, usize),
        event: &PointerEvent,
    ) {
        let drawn = self.plan().structure(id);
        let at = drawn.and_then(|drawn| handles(&drawn.shape).get(handle).copied());
        let Some(at) = at else { return };
        let last = event.lps();
        self.apply(Command::Select(Selection::Structure(id)));
        self.gesture = Gesture::Structure(StructureGesture::Handle {
            id,
            handle,
            at,
            last,
        });
    }

    /// The gesture after the pointer moved.
    pub(super) fn drag_structure(
        gesture: StructureGesture,
        event: &PointerEvent,
    ) -> StructureGesture {
        let pointer = event.lps();
        match gesture {
            StructureGesture::Sphere {
                center,
                radius_mm,
                dragged,
            } => {
                let far_mm = center.distance(pointer);
                let dragged = dragged || far_mm > DRAG_POINTS * event.frame.mm_per_point;
                StructureGesture::Sphere {
                    center,
                    radius_mm: if dragged {
                        far_mm.clamp(RADII_MM.0, RADII_MM.1)
                    } else {
                        radius_mm
                    },
                    dragged,
                }
            }
            StructureGesture::Stroke { id, mut stroke } => {
                let near = |last: &Point<Lps>| last.distance(pointer) < stroke.radius_mm / 4.0;
                if !stroke.points.last().is_some_and(near) {
                    stroke.points.push(pointer);
                }
                StructureGesture::Stroke { id, stroke }
            }
            StructureGesture::Handle {
                id,
                handle,
                at,
                last,
            } => StructureGesture::Handle {
                id,
                handle,
                at: at + (pointer - last),
                last: pointer,
            },
        }
    }

    /// Keeps what a drawing gesture did.
    pub(super) fn finish_structure(&mut self, gesture: StructureGesture) {
        match gesture {
            StructureGesture::Sphere {
                center, radius_mm, ..
            } => self.add_drawn(DrawnShape::Sphere { center, radius_mm }),
            StructureGesture::Stroke { id, stroke } => {
                let label = if stroke.erase { "Brush away" } else { "Brush" };
                let shape = self.plan().structure(id).map(|drawn| drawn.shape.clone());
                if let Some(mut shape) = shape {
                    if let DrawnShape::Region { strokes, .. } = &mut shape {
                        strokes.push(stroke);
                    }
                    self.set_shape(label, id, shape);
                }
            }
            StructureGesture::Handle { id, handle, at, .. } => {
                let shape = self.plan().structure(id).map(|drawn| drawn.shape.clone());
                if let Some(shape) = shape {
                    self.set_shape("Move point", id, with_handle(&shape, handle, at));
                }
            }
        }
    }

    fn set_shape(&mut self, label: &'static str, id: StructureId, shape: DrawnShape) {
        let edit = PlanEdit::Structure(StructureEdit::SetShape(id, shape));
        self.apply(PlanCommand::Edit(label, edit));
    }

    /// A handle of the selected structure under the pointer.
    pub(super) fn hit_structure(
        &self,
        viewport: ViewportId,
        frame: &ViewFrame,
        at: glam::DVec2,
    ) -> Option<Hit> {
        let drawn = self.selected_drawn().filter(|drawn| !drawn.hidden)?;
        let reach_mm = self.reach_mm(viewport);
        let far = |place: Point<Lps>| frame.points_of(place).distance(at);
        let near = |place: Point<Lps>| frame.plane.signed_distance_mm(place).abs() <= reach_mm;
        handles(&drawn.shape)
            .into_iter()
            .enumerate()
            .filter(|&(_, place)| near(place) && far(place) <= HANDLE_POINTS)
            .min_by(|a, b| far(a.1).total_cmp(&far(b.1)))
            .map(|(index, _)| Hit::Structure(drawn.id, index))
    }

    /// Whether a brush is the tool.
    pub fn is_brushing(&self) -> bool {
        use StructureTool::{Erase, Paint};
        matches!(self.tool, ToolKind::Structure(Paint | Erase))
    }

    /// What the drawing tool waits for, for the status line.
    pub fn structure_prompt(&self) -> Option<&'static str> {
        match self.tool {
            ToolKind::Structure(tool) => Some(tool.hint()),
            _ => None,
        }
    }

    /// Changes the brush by a factor.
    pub(in crate::app) fn scale_brush(&mut self, factor: f64) {
        let radius_mm = self.drawing.brush_radius_mm * factor;
        self.drawing.brush_radius_mm = radius_mm.clamp(0.5, 50.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_move_one_point_each() {
        let tube = DrawnShape::Tube {
            points: vec![Point::new(0., 0., 0.), Point::new(0., 0., 9.)],
            radius_mm: 2.0,
        };
        let to = Point::new(1., 2., 3.);
        let moved = with_handle(&tube, 1, to);
        assert_eq!(handles(&moved), [Point::new(0., 0., 0.), to]);
        assert_eq!(with_handle(&tube, 7, to), tube);
    }
}
