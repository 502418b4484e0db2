//! What is carried over from one stack to the next: the crosshair and the line of the former
//! slice, where both lie in one frame of reference, and nothing where they do not.

use super::AppState;
use super::acquired;
use super::notice::Severity;
use super::stage::Stage;
use super::viewport::{Layout, ViewKind, ViewportId};
use crate::geometry::{Lps, Plane, Point, Segment};
use crate::study::{FrameOfReferenceUid, StudyUid};

/// The slice that was looked at before another stack was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FormerSlice {
    /// Its study.
    study: StudyUid,
    /// Frame of reference its corners are given in.
    frame_of_reference: Option<FrameOfReferenceUid>,
    /// Crosshair, for volumes.
    crosshair: Option<Point<Lps>>,
    /// Corners of the slice in order around it, LPS mm.
    corners: [Point<Lps>; 4],
    /// What it is called on the screen.
    pub title: String,
}

impl FormerSlice {
    /// The line in which the slice cuts a plane; `None` where it does not.
    pub fn cut(&self, plane: &Plane) -> Option<Segment> {
        let [a, b, c, d] = self.corners;
        let mut crossings = [(a, b), (b, c), (c, d), (d, a)]
            .into_iter()
            .filter_map(|(from, to)| crossing(from, to, plane));
        let first = crossings.next()?;
        // The farthest of the others: at a corner two edges cross in one place.
        let last = crossings
            .max_by(|a, b| a.distance(first).total_cmp(&b.distance(first)))
            .filter(|last| last.distance(first) > 1e-6)?;
        Some(Segment::new(first, last))
    }
}

fn crossing(from: Point<Lps>, to: Point<Lps>, plane: &Plane) -> Option<Point<Lps>> {
    let (near, far) = (plane.signed_distance_mm(from), plane.signed_distance_mm(to));
    if near * far > 0.0 || (near - far).abs() < 1e-9 {
        return None;
    }
    Some(from.lerp(to, near / (near - far)))
}

impl Stage {
    /// Frame of reference of the images shown, if they name one.
    pub fn frame_of_reference(&self) -> Option<&FrameOfReferenceUid> {
        let stack = self.series.stacks.get(self.stack)?;
        let frame = stack.frames.get(self.shown_frame())?;
        let instance = self.series.instances.get(frame.instance)?;
        instance.frame_of_reference.as_ref()
    }

    /// Where the picture shown lies, of a picture stack.
    pub fn picture_plane(&self) -> Option<&crate::study::ImagePlane> {
        if self.volume().is_some() {
            return None;
        }
        let stack = self.series.stacks.get(self.stack)?;
        let frame = stack.frames.get(self.shown_frame())?;
        let instance = self.series.instances.get(frame.instance)?;
        instance.frames.get(frame.frame)?.plane.as_ref()
    }

    fn title(&self) -> String {
        let name = self.series.stacks.get(self.stack).map(|s| s.name.as_str());
        match name {
            Some(name) if !name.is_empty() => format!("{} – {name}", self.series.title()),
            _ => self.series.title(),
        }
    }

    /// Corners of the slice through the crosshair, or of the picture shown.
    fn corners(&self, crosshair: Point<Lps>) -> Option<[Point<Lps>; 4]> {
        if let Some(volume) = self.volume() {
            let slice = (volume.voxel_from_lps * crosshair).0.z.round();
            let [columns, rows, _] = volume.size.map(|n| n as f64 - 0.5);
            let corner = |column, row| volume.lps_from_voxel * Point::new(column, row, slice);
            return Some([
                corner(-0.5, -0.5),
                corner(columns, -0.5),
                corner(columns, rows),
                corner(-0.5, rows),
            ]);
        }
        let plane = self.picture_plane()?;
        let stack = self.series.stacks.get(self.stack)?;
        let (columns, rows) = (stack.columns as f64 - 0.5, stack.rows as f64 - 0.5);
        Some([
            plane.lps_from_pixel(-0.5, -0.5),
            plane.lps_from_pixel(columns, -0.5),
            plane.lps_from_pixel(columns, rows),
            plane.lps_from_pixel(-0.5, rows),
        ])
    }
}

impl AppState {
    /// Remembers the slice on the stage before another stack is shown. Pictures without a place
    /// leave the one before them remembered.
    pub(super) fn remember_slice(&mut self) {
        let shown = self.stage.as_ref().and_then(|stage| {
            Some(FormerSlice {
                study: stage.series.study_uid.clone(),
                frame_of_reference: stage.frame_of_reference().cloned(),
                crosshair: match stage.volume() {
                    Some(_) => Some(self.crosshair),
                    // A placed picture, as of a localizer, has none of its own.
                    None => self.former_slice().and_then(|former| former.crosshair),
                },
                corners: stage.corners(self.crosshair)?,
                title: stage.title(),
            })
        });
        self.former = shown.or(self.former.take());
    }

    /// The slice of the former stack, where it lies in the frame of reference of the images shown.
    pub fn former_slice(&self) -> Option<&FormerSlice> {
        let here = self.stage.as_ref()?.frame_of_reference()?;
        self.former
            .as_ref()
            .filter(|former| former.frame_of_reference.as_ref() == Some(here))
    }

    /// Puts the crosshair where it was in the former stack, on the nearest slice of this one;
    /// else in its middle. Says where positions cannot be compared.
    pub(super) fn carry_crosshair(&mut self) {
        let Some(volume) = self.stage.as_ref().and_then(Stage::volume).cloned() else {
            return;
        };
        let on_slice = |at: Point<Lps>| {
            let mut voxel = (volume.voxel_from_lps * at).0;
            voxel.z = acquired::nearest_acquired(&volume, voxel.z);
            volume.lps_from_voxel * Point::from_vec(voxel)
        };
        let carried = self
            .former_slice()
            .and_then(|former| former.crosshair)
            .filter(|at| volume.contains(*at));
        // On voxel centres: the first picture is an acquired slice, not a mean of two.
        let mut middle = (volume.voxel_from_lps * volume.center_lps()).0.round();
        middle.z = acquired::nearest_acquired(&volume, middle.z);
        let middle = volume.lps_from_voxel * Point::from_vec(middle);
        self.crosshair = carried.map_or(middle, on_slice);
        let apart = self.former_slice().is_none()
            && self.former.as_ref().is_some_and(|former| {
                let study = self.stage.as_ref().map(|stage| &stage.series.study_uid);
                former.crosshair.is_some() && study == Some(&former.study)
            });
        if apart {
            self.notices.add(
                Severity::Warning,
                "These images do not share a frame of reference with the former ones: the \
                 crosshair starts anew, and positions must not be carried from one to the other",
            );
        }
    }

    /// Arranges the views for a thin slab, and as they were before for anything else.
    pub(super) fn arrange(&mut self) {
        let volume = self.stage.as_ref().and_then(Stage::volume).cloned();
        let thin = volume.filter(|volume| acquired::is_thin_slab(volume));
        let kinds = |state: &Self| state.viewports.iter().map(|v| v.kind).collect();
        if let Some(volume) = thin {
            let (layout, wanted) = acquired::slab_layout(&volume);
            let before = (self.layout, kinds(self));
            // Chosen by hand, it stays.
            if self.arranged.is_none() && before.0 != Layout::TwoByTwo {
                return;
            }
            self.arranged.get_or_insert(before);
            self.set_arrangement(layout, &wanted);
        } else if let Some((layout, before)) = self.arranged.take() {
            let still = self.layout == Layout::OnePlusThree;
            if still {
                self.set_arrangement(layout, &before);
            }
        }
    }

    /// Layout and kinds of the viewports as a person chose them: what a thin slab changed comes back
    /// after it.
    pub(super) fn chosen_arrangement(&self) -> (Layout, Vec<ViewKind>) {
        self.arranged.clone().unwrap_or_else(|| {
            let kinds = self.viewports.iter().map(|viewport| viewport.kind);
            (self.layout, kinds.collect())
        })
    }

    fn set_arrangement(&mut self, layout: Layout, kinds: &[ViewKind]) {
        self.layout = layout;
        for (viewport, &kind) in self.viewports.iter_mut().zip(kinds) {
            viewport.kind = kind;
        }
        self.active = ViewportId(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axial_slice(z: f64) -> FormerSlice {
        FormerSlice {
            study: StudyUid::new("1"),
            frame_of_reference: None,
            crosshair: None,
            corners: [
                Point::new(-10., -20., z),
                Point::new(30., -20., z),
                Point::new(30., 40., z),
                Point::new(-10., 40., z),
            ],
            title: String::new(),
        }
    }

    #[test]
    fn a_slice_cuts_another_plane_in_a_line_as_long_as_it_is_wide() {
        let sagittal = Plane::sagittal(Point::new(5., 0., 0.));
        let line = axial_slice(7.).cut(&sagittal).unwrap();
        assert_eq!(line.start.distance(Point::new(5., -20., 7.)), 0.0);
        assert_eq!(line.end.distance(Point::new(5., 40., 7.)), 0.0);
        let beside = Plane::sagittal(Point::new(31., 0., 0.));
        assert_eq!(axial_slice(7.).cut(&beside), None);
        // Parallel planes have no line in common, not even the same plane.
        let same = Plane::axial(Point::new(0., 0., 7.));
        assert_eq!(axial_slice(7.).cut(&same), None);
    }
}
