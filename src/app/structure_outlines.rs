//! Outlines of the structures in the planes that are shown: cut within a few milliseconds of a
//! frame where that is enough, in the background where not, and kept for planes seen before.
//!
//! What is kept names its plane, and is given out for that plane only: a picture never carries
//! outlines of another one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use glam::DVec2;

use super::AppState;
use super::job::{Job, JobEvent};
use super::structure_stage::ShownStructure;
use crate::geometry::Plane;
use crate::volume::structure::{Structure, outline};

/// Steps of an outline in a plane that is turned against the voxels, mm.
const STEP_MM: f64 = 0.6;
/// Time a frame may spend on outlines.
const FRAME_BUDGET: Duration = Duration::from_millis(4);
/// Planes whose outlines are kept.
const MOST_CUTS: usize = 16;

/// Closed lines, in-plane mm (right, down) from the origin of their plane.
pub type Lines = Arc<Vec<Vec<DVec2>>>;

/// Where one plane cuts structures.
#[derive(Debug)]
pub struct Cut {
    plane: Plane,
    /// By the address of the structure, which is held so that the address stays its own.
    lines: HashMap<usize, (Arc<Structure>, Lines)>,
}

impl Cut {
    /// The plane that its lines lie in.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// The lines of a structure; `None` while they are still to be found.
    pub fn lines(&self, structure: &Arc<Structure>) -> Option<&Lines> {
        let found = self.lines.get(&address(structure));
        found.map(|(_, lines)| lines)
    }

    fn put(&mut self, structure: Arc<Structure>, lines: Lines) {
        self.lines.insert(address(&structure), (structure, lines));
    }
}

fn address(structure: &Arc<Structure>) -> usize {
    Arc::as_ptr(structure).addr()
}

/// Whether two planes are one, wherever their origins and sides lie in it.
fn is_same(a: &Plane, b: &Plane) -> bool {
    a.normal().dot(b.normal()).abs() > 1.0 - 1e-12 && a.signed_distance_mm(b.origin).abs() < 1e-6
}

type CutJob = Job<(), Vec<(Arc<Structure>, Lines)>>;

/// Outlines of the planes shown.
#[derive(Default)]
pub struct StructureOutlines {
    cuts: VecDeque<Cut>,
    running: Vec<(Plane, CutJob)>,
}

impl StructureOutlines {
    /// What was found for a plane.
    pub fn of(&self, plane: &Plane) -> Option<&Cut> {
        self.cuts.iter().find(|cut| is_same(&cut.plane, plane))
    }

    /// Whether outlines of a plane are being found.
    pub fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.cuts.clear();
        self.running.clear();
    }

    /// Takes the cut of a plane out of those kept; an empty one where there is none.
    fn take(&mut self, plane: &Plane) -> Cut {
        let here = |cut: &Cut| is_same(&cut.plane, plane);
        let place = self.cuts.iter().position(here);
        let kept = place.and_then(|index| self.cuts.remove(index));
        kept.unwrap_or_else(|| Cut {
            plane: *plane,
            lines: HashMap::new(),
        })
    }

    /// Keeps a cut as the latest; the one not looked at for longest goes.
    fn keep(&mut self, cut: Cut) {
        self.cuts.truncate(MOST_CUTS - 1);
        self.cuts.push_front(cut);
    }

    fn hear(&mut self) {
        let running = std::mem::take(&mut self.running);
        for (plane, job) in running {
            match job.poll().pop() {
                None | Some(JobEvent::Progress(())) => self.running.push((plane, job)),
                Some(JobEvent::Finished(found)) => {
                    let mut cut = self.take(&plane);
                    // Found for the plane that was asked for; the kept one may have its origin
                    // elsewhere in the same plane.
                    let own = cut.plane;
                    for (structure, lines) in found {
                        cut.put(structure, carried(&lines, &plane, &own));
                    }
                    self.keep(cut);
                }
                Some(JobEvent::Died(_)) => {}
            }
        }
    }
}

/// Lines of one plane in the in-plane mm of the same plane with another origin or other sides.
fn carried(lines: &Lines, from: &Plane, to: &Plane) -> Lines {
    if from == to {
        return Arc::clone(lines);
    }
    let moved = |at: &DVec2| to.in_plane_mm(from.point_at_mm(*at));
    let line = |line: &Vec<DVec2>| line.iter().map(moved).collect();
    Arc::new(lines.iter().map(line).collect())
}

impl AppState {
    /// The structures that are drawn, in the order of their list.
    pub fn drawn_structures(&self) -> impl Iterator<Item = &ShownStructure> {
        let shown = self.structure_look.shown;
        let items = self.structures.items().iter();
        items.filter(move |item| shown && item.visible)
    }

    /// Finds the outlines that the planes shown are still without.
    pub(super) fn poll_outlines(&mut self) {
        self.outlines.hear();
        let planes = self.outlined_planes();
        // What nobody looks at any more is not worth the wait.
        let wanted = |plane: &Plane| planes.iter().any(|other| is_same(plane, other));
        self.outlines.running.retain(|(plane, _)| wanted(plane));
        let start = Instant::now();
        for plane in planes {
            let missing = self.without_outline(&plane);
            if missing.is_empty() {
                continue;
            }
            let mut rest = missing.into_iter();
            let mut cut = self.outlines.take(&plane);
            let own = cut.plane;
            while start.elapsed() < FRAME_BUDGET {
                let Some(structure) = rest.next() else { break };
                let lines = outline(&structure.mask, &own, STEP_MM);
                cut.put(structure, Arc::new(lines));
            }
            self.outlines.keep(cut);
            let rest: Vec<Arc<Structure>> = rest.collect();
            let running = self.outlines.running.iter();
            let asked = running
                .map(|(plane, _)| plane)
                .any(|other| is_same(other, &own));
            if !rest.is_empty() && !asked {
                self.cut_in_background(own, rest);
            }
        }
    }

    /// The planes of the slice views on the screen, each once.
    fn outlined_planes(&self) -> Vec<Plane> {
        if self.drawn_structures().next().is_none() {
            return Vec::new();
        }
        let mut planes: Vec<Plane> = Vec::new();
        for id in self.shown_viewports() {
            let slice = self
                .viewport(id)
                .is_some_and(|viewport| viewport.kind.is_slice());
            let plane = if slice { self.plane_of(id) } else { None };
            if let Some(plane) = plane
                && !planes.iter().any(|other| is_same(other, &plane))
            {
                planes.push(plane);
            }
        }
        planes
    }

    fn without_outline(&self, plane: &Plane) -> Vec<Arc<Structure>> {
        let cut = self.outlines.of(plane);
        self.drawn_structures()
            .filter(|item| cut.is_none_or(|cut| cut.lines(&item.structure).is_none()))
            .map(|item| Arc::clone(&item.structure))
            .collect()
    }

    fn cut_in_background(&mut self, plane: Plane, structures: Vec<Arc<Structure>>) {
        let job = Job::spawn("outlines", super::shared(&self.waker), move |sink| {
            let token = sink.cancel_token().clone();
            let going = structures.into_iter().take_while(|_| !token.is_cancelled());
            going
                .map(|structure| {
                    let lines = outline(&structure.mask, &plane, STEP_MM);
                    (structure, Arc::new(lines))
                })
                .collect()
        });
        if let Ok(job) = job {
            self.outlines.running.push((plane, job));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Degrees, Point, Vector};

    #[test]
    fn a_plane_is_itself_wherever_its_origin_lies_in_it() {
        let plane = Plane::axial(Point::new(1., 2., 3.));
        assert!(is_same(&plane, &Plane::axial(Point::new(-50., 9., 3.))));
        assert!(!is_same(&plane, &Plane::axial(Point::new(1., 2., 3.001))));
        let about = Vector::new(1., 0., 0.);
        let turned = plane.rotated(about, Degrees(0.01)).unwrap();
        assert!(!is_same(&plane, &turned));
    }

    #[test]
    fn lines_stay_where_they_are_when_the_origin_moves() {
        let (from, to) = (
            Plane::axial(Point::new(0., 0., 3.)),
            Plane::axial(Point::new(10., -4., 3.)),
        );
        let lines = Arc::new(vec![vec![DVec2::new(1., 2.), DVec2::new(5., 2.)]]);
        let moved = carried(&lines, &from, &to);
        assert_eq!(moved[0], [DVec2::new(-9., 6.), DVec2::new(-5., 6.)]);
        assert_eq!(to.point_at_mm(moved[0][0]), from.point_at_mm(lines[0][0]));
    }

    #[test]
    fn only_the_last_planes_are_kept() {
        let mut outlines = StructureOutlines::default();
        let plane = |z: usize| Plane::axial(Point::new(0., 0., z as f64));
        for z in 0..MOST_CUTS + 4 {
            let cut = outlines.take(&plane(z));
            outlines.keep(cut);
        }
        assert_eq!(outlines.cuts.len(), MOST_CUTS);
        assert!(outlines.of(&plane(3)).is_none());
        assert!(outlines.of(&plane(4)).is_some());
    }
}
