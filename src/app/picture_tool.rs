//! Measuring and calibrating on pictures without a place in the patient: clicks and drags in
//! pixels.

use super::AppState;
use super::command::{PlanCommand, Selection};
use super::notice::Severity;
use super::picture_stage::PictureStage;
use super::stage::{Content, Stage};
use super::tool::{Button, Phase, ToolKind};
use crate::plan::{
    KnownObject, MeasurementId, MeasurementKind, PictureCalibration, PictureEdit,
    PictureMeasurement, PixelPlace, PlanEdit,
};
use crate::study::{Instance, InstanceUid, PixelScale};

/// Reach of a point, screen points.
const HANDLE_POINTS: f64 = 9.0;
/// Reach of a line, screen points.
const LINE_POINTS: f64 = 5.0;
/// Travel that makes a press a drag and not a click, screen points.
const DRAG_POINTS: f64 = 4.0;

/// What the pointer did over a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PicturePointer {
    /// What happened.
    pub phase: Phase,
    /// Where.
    pub at: PixelPlace,
    /// Screen points between columns and between rows.
    pub points_per_pixel: [f64; 2],
}

impl PicturePointer {
    fn points_to(&self, place: PixelPlace) -> f64 {
        let [wide, high] = self.points_per_pixel;
        ((place[0] - self.at[0]) * wide).hypot((place[1] - self.at[1]) * high)
    }

    fn points_to_line(&self, from: PixelPlace, to: PixelPlace) -> f64 {
        let [wide, high] = self.points_per_pixel;
        let screen = |place: PixelPlace| [place[0] * wide, place[1] * high];
        let ([ax, ay], [bx, by], [px, py]) = (screen(from), screen(to), screen(self.at));
        let (dx, dy) = (bx - ax, by - ay);
        let along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy).max(1e-12);
        let along = along.clamp(0.0, 1.0);
        (ax + along * dx - px).hypot(ay + along * dy - py)
    }
}

/// What is drawn with clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// A length or an angle.
    Measure(MeasurementKind),
    /// An object of known size.
    Calibrate(KnownObject),
}

impl Drawing {
    /// Places that complete it.
    pub fn places(self) -> usize {
        match self {
            Self::Measure(kind) => kind.points(),
            Self::Calibrate(_) => 2,
        }
    }
}

/// Something of which not all places are clicked.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureDraft {
    /// What it will be.
    pub drawing: Drawing,
    /// Places so far.
    pub points: Vec<PixelPlace>,
    /// Where the next place would be.
    pub pointer: PixelPlace,
}

/// An object that is marked and whose size is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkedObject {
    /// Image it was marked on.
    pub image: InstanceUid,
    /// Frame of that image, 0-based.
    pub frame: usize,
    /// What it is.
    pub object: KnownObject,
    /// Where it is.
    pub points: [PixelPlace; 2],
}

/// The gesture under way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Hold {
    #[default]
    Nothing,
    Draw {
        from: PixelPlace,
    },
    Point(MeasurementId, usize),
    Whole(MeasurementId, PixelPlace),
    /// What was led was undone meanwhile: nothing follows the pointer until it is let go.
    Undone,
}

/// What is being drawn on the pictures on stage.
#[derive(Debug, Clone, Default)]
pub struct PictureTool {
    /// Half-drawn.
    pub draft: Option<PictureDraft>,
    /// Waits for its size.
    pub marked: Option<MarkedObject>,
    hold: Hold,
}

impl PictureTool {
    /// Whether the pointer leads something.
    pub fn holds(&self) -> bool {
        self.hold != Hold::Nothing
    }

    /// Drops what is not finished: it belongs to the picture it was begun on.
    pub(super) fn drop_unfinished(&mut self) {
        self.draft = None;
        self.marked = None;
    }
}

impl AppState {
    fn pictures_mut(&mut self) -> Option<&mut PictureStage> {
        match &mut self.stage.as_mut()?.content {
            Content::Pictures(stage) => Some(stage),
            Content::Volume(_) => None,
        }
    }

    /// The file of the picture shown and its frame there; `None` for volumes.
    pub fn shown_image(&self) -> Option<(&Instance, usize)> {
        let stage = self
            .stage
            .as_ref()
            .filter(|stage| stage.pictures().is_some());
        stage.and_then(Stage::leading_instance)
    }

    /// The millimetres between places of the picture shown: a person's own calibration, else what
    /// the file gives.
    ///
    /// # Errors
    /// Why there are none, to go after "pixels".
    pub fn picture_scale(&self, places: &[PixelPlace]) -> Result<PixelScale, &'static str> {
        let (instance, frame) = self.shown_image().ok_or("no picture")?;
        let own = self
            .plan()
            .pictures
            .calibration(&instance.uid)
            .filter(|_| self.pictures_fit());
        let own = own.and_then(|made| {
            let [from, to] = made.points;
            PixelScale::of_known(made.known_mm, instance.pixel_shape(), from, to)
        });
        own.map_or_else(|| instance.scale_at(frame, places), Ok)
    }

    /// Measurements on the picture shown.
    pub fn shown_picture_measurements(&self) -> Vec<&PictureMeasurement> {
        let Some((instance, frame)) = self.shown_image().filter(|_| self.pictures_fit()) else {
            return Vec::new();
        };
        let all = self.plan().pictures.measurements.iter();
        all.filter(|drawn| drawn.image == instance.uid && drawn.frame == frame)
            .collect()
    }

    /// Acts on the pointer over a picture.
    pub(super) fn picture_pointer(&mut self, event: &PicturePointer) {
        match event.phase {
            Phase::Press(Button::Primary) => self.press_picture(event),
            Phase::Press(_) => self.finish_picture_gesture(),
            Phase::Drag => self.drag_picture(event),
            Phase::Release => self.release_picture(event),
            Phase::Hover { .. } => self.lead_draft(event.at),
            Phase::Abort => {
                self.abort_picture_gesture();
            }
        }
    }

    fn lead_draft(&mut self, at: PixelPlace) {
        let draft = self
            .pictures_mut()
            .and_then(|stage| stage.tool.draft.as_mut());
        if let Some(draft) = draft {
            draft.pointer = at;
        }
    }

    fn press_picture(&mut self, event: &PicturePointer) {
        self.finish_picture_gesture();
        let drawing = match self.tool {
            ToolKind::Measure(kind) => Drawing::Measure(kind),
            ToolKind::Calibrate(object) => Drawing::Calibrate(object),
            _ => {
                self.hold_on_picture(event);
                return;
            }
        };
        if self.stage.as_ref().is_some_and(Stage::is_playing) {
            self.play(false);
        }
        self.add_place(drawing, event);
        if let Some(stage) = self.pictures_mut()
            && stage.tool.draft.is_some()
        {
            stage.tool.hold = Hold::Draw { from: event.at };
        }
    }

    /// Takes hold of what lies under the pointer.
    fn hold_on_picture(&mut self, event: &PicturePointer) {
        let near = |drawn: &&PictureMeasurement| -> Option<Hold> {
            let far = |&place: &PixelPlace| event.points_to(place);
            let points = drawn.points.iter().map(far).enumerate();
            let point = points
                .filter(|&(_, far)| far <= HANDLE_POINTS)
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((point, _)) = point {
                return Some(Hold::Point(drawn.id, point));
            }
            let touched = lines(drawn.kind, &drawn.points)
                .into_iter()
                .any(|[from, to]| event.points_to_line(from, to) <= LINE_POINTS);
            touched.then_some(Hold::Whole(drawn.id, event.at))
        };
        let shown = self.shown_picture_measurements();
        // The last one was drawn over the others.
        let Some(hold) = shown.iter().rev().find_map(near) else {
            return;
        };
        let (id, label) = match hold {
            Hold::Point(id, _) => (id, "Move point"),
            Hold::Whole(id, _) => (id, "Move measurement"),
            Hold::Nothing | Hold::Draw { .. } | Hold::Undone => return,
        };
        self.selection = Selection::Measurement(id);
        self.plan_command(PlanCommand::Begin(label));
        if let Some(stage) = self.pictures_mut() {
            stage.tool.hold = hold;
        }
    }

    fn drag_picture(&mut self, event: &PicturePointer) {
        let Some(hold) = self.pictures_mut().map(|stage| stage.tool.hold) else {
            return;
        };
        let edit = match hold {
            Hold::Nothing | Hold::Undone => return,
            Hold::Draw { .. } => {
                self.lead_draft(event.at);
                return;
            }
            // Each move would be a step of its own.
            Hold::Point(..) | Hold::Whole(..) if !self.history.is_open() => return,
            Hold::Point(id, point) => PictureEdit::MovePoint {
                id,
                point,
                to: event.at,
            },
            Hold::Whole(id, last) => {
                if let Some(stage) = self.pictures_mut() {
                    stage.tool.hold = Hold::Whole(id, event.at);
                }
                let by = [event.at[0] - last[0], event.at[1] - last[1]];
                PictureEdit::Move { id, by }
            }
        };
        let edit = PlanEdit::Picture(edit);
        self.plan_command(PlanCommand::Edit("Move measurement", edit));
    }

    fn release_picture(&mut self, event: &PicturePointer) {
        let hold = self.pictures_mut().map(|stage| stage.tool.hold);
        self.finish_picture_gesture();
        let drawing = self
            .pictures_mut()
            .and_then(|stage| stage.tool.draft.as_ref())
            .map(|draft| draft.drawing);
        if let (Some(Hold::Draw { from }), Some(drawing)) = (hold, drawing)
            && event.points_to(from) > DRAG_POINTS
        {
            self.add_place(drawing, event);
        }
    }

    /// Lets go of what the pointer leads, because its steps are gone.
    pub(super) fn forget_picture_gesture(&mut self) {
        if let Some(stage) = self.pictures_mut()
            && matches!(stage.tool.hold, Hold::Point(..) | Hold::Whole(..))
        {
            stage.tool.hold = Hold::Undone;
        }
    }

    /// Ends what the pointer leads and keeps it.
    pub(super) fn finish_picture_gesture(&mut self) {
        let Some(stage) = self.pictures_mut() else {
            return;
        };
        let hold = std::mem::take(&mut stage.tool.hold);
        if matches!(hold, Hold::Point(..) | Hold::Whole(..)) {
            self.plan_command(PlanCommand::Commit);
        }
    }

    /// Drops what is half done; false where nothing was.
    pub(super) fn abort_picture_gesture(&mut self) -> bool {
        let Some(stage) = self.pictures_mut() else {
            return false;
        };
        let hold = std::mem::take(&mut stage.tool.hold);
        let had_draft = stage.tool.draft.take().is_some();
        let had_mark = stage.tool.marked.take().is_some();
        let moved = matches!(hold, Hold::Point(..) | Hold::Whole(..));
        if moved {
            self.plan_command(PlanCommand::Cancel);
        }
        moved || had_draft || had_mark
    }

    /// Adds a place to what is drawn; the last one completes it.
    fn add_place(&mut self, drawing: Drawing, event: &PicturePointer) {
        let shown = self
            .shown_image()
            .map(|(instance, frame)| (instance.uid.clone(), frame));
        let (Some((image, frame)), Some(stage)) = (shown, self.pictures_mut()) else {
            return;
        };
        let mut draft = match stage.tool.draft.take() {
            Some(draft) if draft.drawing == drawing => draft,
            _ => PictureDraft {
                drawing,
                points: Vec::new(),
                pointer: event.at,
            },
        };
        draft.pointer = event.at;
        // The second click of a double click is no place.
        let again = |&last: &PixelPlace| event.points_to(last) < DRAG_POINTS;
        if !draft.points.last().is_some_and(again) {
            draft.points.push(event.at);
        }
        if draft.points.len() < drawing.places() {
            stage.tool.draft = Some(draft);
            return;
        }
        match (drawing, draft.points.as_slice()) {
            (Drawing::Calibrate(object), &[from, to]) => {
                stage.tool.marked = Some(MarkedObject {
                    image,
                    frame,
                    object,
                    points: [from, to],
                });
            }
            (Drawing::Measure(kind), _) => self.add_to_picture(kind, draft.points),
            (Drawing::Calibrate(_), _) => {}
        }
    }

    fn add_to_picture(&mut self, kind: MeasurementKind, points: Vec<PixelPlace>) {
        let Some((image, frame)) = self
            .shown_image()
            .map(|(instance, frame)| (instance.uid.clone(), frame))
        else {
            return;
        };
        let id = self.plan().next_measurement_id();
        let drawn = PictureMeasurement {
            id,
            image,
            frame,
            kind,
            points,
        };
        let label = match kind {
            MeasurementKind::Distance => "Measure length",
            _ => "Measure angle",
        };
        let edit = PlanEdit::Picture(PictureEdit::Add(drawn));
        self.plan_command(PlanCommand::Edit(label, edit));
        if self.plan().pictures.measurement(id).is_some() {
            self.selection = Selection::Measurement(id);
        }
    }

    /// Calibrates the picture that an object is marked on.
    pub(super) fn calibrate_picture(&mut self, known_mm: f64) {
        let marked = self
            .pictures_mut()
            .and_then(|stage| stage.tool.marked.clone());
        let Some(marked) = marked else {
            return;
        };
        let made = PictureCalibration {
            image: marked.image,
            frame: marked.frame,
            object: marked.object,
            points: marked.points,
            known_mm,
        };
        let edit = PlanEdit::Picture(PictureEdit::Calibrate(made.clone()));
        self.plan_command(PlanCommand::Edit("Calibrate picture", edit));
        if self.plan().pictures.calibration(&made.image) == Some(&made) {
            if let Some(stage) = self.pictures_mut() {
                stage.tool.marked = None;
            }
            self.tool = ToolKind::Window;
            self.notices.add(
                Severity::Info,
                "Calibrated: lengths on this image hold at the depth of the object that was marked",
            );
        }
    }
}

/// The lines of a measurement on a picture, also of one that is not complete.
pub fn lines(kind: MeasurementKind, points: &[PixelPlace]) -> Vec<[PixelPlace; 2]> {
    if kind == MeasurementKind::Cobb {
        points.as_chunks::<2>().0.to_vec()
    } else {
        points
            .windows(2)
            .filter_map(|pair| <[PixelPlace; 2]>::try_from(pair).ok())
            .collect()
    }
}

#[cfg(test)]
mod tests;
