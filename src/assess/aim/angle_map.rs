//! The angle map: every beam through the target, how far it is from the bull's-eye, how much bone
//! lies in it, and whether the C-arm gets there.

use rayon::prelude::*;

use super::beam_bone::BeamBone;
use super::needle_views::apart_deg;
use super::{CArmSetup, bulls_eye_about};
use crate::geometry::{
    CArmAngles, Degrees, Lps, PatientPosition, Point, Segment, needle_angle::angle_between,
    wrap_180,
};
use crate::plan::{CArmProfile, Known};
use crate::volume::Volume;

/// Step of the whole map and of the part about the bull's-eye, degrees.
const STEP_DEG: f64 = 2.0;
const FINE_STEP_DEG: f64 = 0.5;

/// How far the fine part goes on each side of the bull's-eye, degrees.
const FINE_REACH_DEG: f64 = 6.0;

/// Rows between two looks at whether to stop.
const CHUNK: usize = 8;

/// Which side of the patient angles are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The back: oblique 0 is a receptor straight behind.
    Posterior,
    /// The front: oblique 0 is a receptor straight in front, as LAO and RAO are counted.
    Anterior,
}

impl Face {
    /// The face that a receptor direction leaves by; the back for a lateral.
    pub fn of(angles: CArmAngles) -> Self {
        if angles.receptor_direction().0.y >= -1e-9 {
            Self::Posterior
        } else {
            Self::Anterior
        }
    }

    /// Oblique (+ receptor to the patient's left) and tilt (+ cephalad), degrees.
    pub fn place(self, angles: CArmAngles) -> [f64; 2] {
        let oblique = match self {
            Self::Posterior => angles.operator().oblique,
            Self::Anterior => angles.primary,
        };
        [oblique.0, angles.secondary.0]
    }

    /// The other way.
    pub fn angles(self, [oblique, tilt]: [f64; 2]) -> CArmAngles {
        let primary = match self {
            Self::Posterior => 180.0 - oblique,
            Self::Anterior => oblique,
        };
        CArmAngles {
            primary: wrap_180(Degrees(primary)),
            secondary: Degrees(tilt),
        }
    }
}

/// What a map depends on, images apart.
#[derive(Debug, Clone, PartialEq)]
pub struct AngleMapTask {
    /// Tip of the needle.
    pub target: Point<Lps>,
    /// Where it enters; `None` = there is no bull's-eye.
    pub entry: Option<Point<Lps>>,
    /// C-arm.
    pub profile: CArmProfile,
    /// How the patient lies; `None` = no reach is known.
    pub position: Option<PatientPosition>,
    /// The point the C-arm turns about; `None` = the target.
    pub isocenter: Option<Point<Lps>>,
    /// SID and SOD, mm.
    pub distances_mm: [f64; 2],
}

/// One view of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Between the ray through the target and the needle: 0 = bull's-eye. `None` without entry.
    pub from_bulls_eye: Option<Degrees>,
    /// Bone along that ray; `None` without images in HU.
    pub bone: Option<BeamBone>,
    /// By how much limits are broken, all together: 0 = reached. `None` without patient position.
    pub beyond: Option<Degrees>,
}

/// Views at equal steps of oblique and tilt.
#[derive(Debug, Clone, PartialEq)]
pub struct AngleGrid {
    /// Oblique and tilt of the first view, degrees.
    pub first: [f64; 2],
    /// Step, degrees.
    pub step: f64,
    /// Views along oblique and along tilt.
    pub size: [usize; 2],
    /// Row by row of equal tilt, from caudal to cephalad; each from right to left oblique.
    pub cells: Vec<Option<Cell>>,
}

/// All beams through a target.
#[derive(Debug, Clone, PartialEq)]
pub struct AngleMap {
    /// What oblique is counted from.
    pub face: Face,
    /// The bull's-eye, receptor on the entry side.
    pub bulls_eye: Option<CArmAngles>,
    /// Everything the C-arm reaches.
    pub whole: AngleGrid,
    /// About the bull's-eye, in finer steps.
    pub fine: Option<AngleGrid>,
}

impl AngleMapTask {
    /// The map of a needle aimed with a C-arm.
    pub fn of(target: Point<Lps>, entry: Option<Point<Lps>>, setup: &CArmSetup<'_>) -> Self {
        Self {
            target,
            entry,
            profile: setup.profile.clone(),
            position: setup.position,
            isocenter: setup.isocenter,
            distances_mm: [setup.source_to_detector_mm, setup.source_to_isocenter_mm],
        }
    }

    fn setup(&self) -> CArmSetup<'_> {
        let [source_to_detector_mm, source_to_isocenter_mm] = self.distances_mm;
        CArmSetup {
            profile: &self.profile,
            position: self.position,
            isocenter: self.isocenter,
            source_to_detector_mm,
            source_to_isocenter_mm,
            field_mm: self.profile.receptor_mm(),
        }
    }

    /// The view that sees the needle end-on with the isocentre where it is.
    pub fn bulls_eye(&self) -> Option<CArmAngles> {
        let needle = Segment::new(self.entry?, self.target);
        let isocenter = self.isocenter.unwrap_or(self.target);
        bulls_eye_about(isocenter, needle, self.distances_mm[1])
    }

    /// One view; `None` where SID and SOD make no beam, or its tube reaches the target.
    pub fn cell(&self, angles: CArmAngles, volume: Option<&Volume>) -> Option<Cell> {
        let setup = self.setup();
        let beam = setup.pose(angles, self.target).beam()?;
        beam.project(self.target)?;
        let ray = self.target - beam.source;
        let outwards = self.entry.map(|entry| entry - self.target);
        Some(Cell {
            from_bulls_eye: outwards.and_then(|outwards| angle_between(outwards, ray)),
            bone: volume.and_then(|volume| BeamBone::of(volume, self.target, ray)),
            beyond: setup.reach(angles).ok().map(|reach| reach.beyond()),
        })
    }

    /// The face that the map is counted from: that of the bull's-eye, else the upper one.
    pub fn face(&self) -> Face {
        let supine = self
            .position
            .is_some_and(|position| !position.is_prone() && !position.is_decubitus());
        match self.bulls_eye() {
            Some(angles) => Face::of(angles),
            None if supine => Face::Anterior,
            None => Face::Posterior,
        }
    }

    /// Computes the map; the reason where it is cancelled.
    pub fn map(&self, volume: Option<&Volume>, cancelled: &dyn Fn() -> bool) -> Known<AngleMap> {
        let face = self.face();
        let bulls_eye = self.bulls_eye();
        let middle = bulls_eye.map(|angles| face.place(angles));
        let whole = self.grid(face, self.extent(face, middle), volume, cancelled)?;
        let fine = match middle {
            Some([oblique, tilt]) => {
                let least = [oblique - FINE_REACH_DEG, tilt - FINE_REACH_DEG];
                let count = (2.0 * FINE_REACH_DEG / FINE_STEP_DEG) as usize + 1;
                let empty = AngleGrid {
                    first: least,
                    step: FINE_STEP_DEG,
                    size: [count; 2],
                    cells: Vec::new(),
                };
                Some(self.grid(face, empty, volume, cancelled)?)
            }
            None => None,
        };
        Ok(AngleMap {
            face,
            bulls_eye,
            whole,
            fine,
        })
    }

    /// What is reached, with the bull's-eye, AP and both laterals in any case.
    fn extent(&self, face: Face, bulls_eye: Option<[f64; 2]>) -> AngleGrid {
        let mut least = [-92.0, -20.0];
        let mut greatest = [92.0, 20.0];
        let mut include = |[oblique, tilt]: [f64; 2]| {
            for (axis, value) in [oblique, tilt].into_iter().enumerate() {
                least[axis] = f64::min(least[axis], value);
                greatest[axis] = f64::max(greatest[axis], value);
            }
        };
        match self.position {
            Some(position) => {
                // One step more on each side shows where the reach ends.
                for oblique in (-180..=180).step_by(2) {
                    for tilt in (-88..=88).step_by(2) {
                        let at = [f64::from(oblique), f64::from(tilt)];
                        let reach = self.profile.reach(face.angles(at), position);
                        if reach.is_reached() {
                            include(at.map(|angle| angle - STEP_DEG));
                            include(at.map(|angle| angle + STEP_DEG));
                        }
                    }
                }
            }
            None => include([0.0, 50.0]),
        }
        if let Some([oblique, tilt]) = bulls_eye {
            include([oblique - FINE_REACH_DEG, tilt - FINE_REACH_DEG]);
            include([oblique + FINE_REACH_DEG, tilt + FINE_REACH_DEG]);
        }
        if self.position.is_none() {
            include([0.0, -50.0]);
        }
        // Whole steps from 0, so that AP and lateral are views of the map.
        let first = [0, 1].map(|axis: usize| {
            let most = if axis == 0 { -180.0 } else { -90.0 };
            f64::max(most, (least[axis] / STEP_DEG).floor() * STEP_DEG)
        });
        let size = [0, 1].map(|axis: usize| {
            let most = if axis == 0 { 180.0 } else { 90.0 };
            let last = f64::min(most, (greatest[axis] / STEP_DEG).ceil() * STEP_DEG);
            ((last - first[axis]) / STEP_DEG).round() as usize + 1
        });
        AngleGrid {
            first,
            step: STEP_DEG,
            size,
            cells: Vec::new(),
        }
    }

    fn grid(
        &self,
        face: Face,
        mut grid: AngleGrid,
        volume: Option<&Volume>,
        cancelled: &dyn Fn() -> bool,
    ) -> Known<AngleGrid> {
        let [columns, rows] = grid.size;
        for first in (0..rows).step_by(CHUNK) {
            if cancelled() {
                return Err("The angle map was cancelled".to_owned());
            }
            let range = first * columns..(first + CHUNK).min(rows) * columns;
            let cells: Vec<Option<Cell>> = range
                .into_par_iter()
                .map(|index| {
                    let at = grid.at(index % columns, index / columns);
                    self.cell(face.angles(at), volume)
                })
                .collect();
            grid.cells.extend(cells);
        }
        Ok(grid)
    }
}

impl AngleGrid {
    /// Oblique and tilt of a view.
    pub fn at(&self, column: usize, row: usize) -> [f64; 2] {
        [
            self.first[0] + column as f64 * self.step,
            self.first[1] + row as f64 * self.step,
        ]
    }

    /// The view nearest to an oblique and tilt; `None` beside the grid.
    pub fn nearest(&self, place: [f64; 2]) -> Option<&Cell> {
        let index = |axis: usize| {
            let index = ((place[axis] - self.first[axis]) / self.step).round();
            (index >= 0.0 && index < self.size[axis] as f64).then_some(index as usize)
        };
        let (column, row) = (index(0)?, index(1)?);
        self.cells.get(row * self.size[0] + column)?.as_ref()
    }
}

impl AngleMap {
    /// The view nearest to angles, from the finer grid where there is one.
    pub fn nearest(&self, angles: CArmAngles) -> Option<&Cell> {
        let place = self.face.place(angles);
        let fine = self.fine.as_ref().and_then(|fine| fine.nearest(place));
        fine.or_else(|| self.whole.nearest(place))
    }

    /// The reached view with least bone within some degrees of the bull's-eye: where to look for a
    /// clearer picture. Every view counts as reached where no reach is known. One whose bone was seen
    /// whole comes before one that may pass more, the nearest first among equals.
    pub fn clearest_near(&self, within: Degrees) -> Option<(CArmAngles, Cell)> {
        let bulls_eye = self.bulls_eye?;
        let [columns, _] = self.whole.size;
        let views = self
            .whole
            .cells
            .iter()
            .enumerate()
            .filter_map(|(index, cell)| {
                let cell = (*cell)?;
                let place = self
                    .whole
                    .at(index % columns.max(1), index / columns.max(1));
                let angles = self.face.angles(place);
                let reached = cell.beyond.is_none_or(|beyond| beyond.0 <= 0.0);
                let apart = apart_deg(angles, bulls_eye);
                (reached && apart <= within.0).then_some((cell.bone?, apart, angles, cell))
            });
        views
            .min_by(|(a, a_apart, ..), (b, b_apart, ..)| {
                let seen = a.at_least.cmp(&b.at_least);
                let bone = seen.then(a.mm.total_cmp(&b.mm));
                bone.then(a_apart.total_cmp(b_apart))
            })
            .map(|(_, _, angles, cell)| (angles, cell))
    }
}

#[cfg(test)]
mod tests;
