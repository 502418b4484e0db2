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

    /// Reached views with least bone within some degrees of the bull's-eye: where to look for a
    /// clearer picture. The nearest comes first among equals.
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
                (reached && apart <= within.0).then_some((cell.bone?.mm, apart, angles, cell))
            });
        views
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)))
            .map(|(_, _, angles, cell)| (angles, cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::CArmLibrary;
    use crate::volume::synthetic::SyntheticVolume;

    fn task(id: &str, code: &str) -> AngleMapTask {
        let profile = CArmLibrary::builtin().find(id).unwrap();
        let setup = CArmSetup::usual(profile, PatientPosition::from_code(code));
        // Row 1 of section 2.8.
        let entry = Some(Point::new(53.3, 111.4, -13.9));
        AngleMapTask::of(Point::new(20., 40., 0.), entry, &setup)
    }

    #[test]
    fn the_map_holds_all_that_is_reached_and_the_bulls_eye() {
        let map = task("angiography-floor", "HFP")
            .map(None, &|| false)
            .unwrap();
        assert_eq!(map.face, Face::Posterior);
        let [oblique, tilt] = map.face.place(map.bulls_eye.unwrap());
        assert!((oblique - 25.0).abs() < 0.06 && (tilt + 10.0).abs() < 0.06);
        // 120° each way, 45° up and down (D15), in steps of 2°.
        assert_eq!(map.whole.first, [-122.0, -46.0]);
        let [columns, rows] = map.whole.size;
        assert_eq!(map.whole.at(columns - 1, rows - 1), [122.0, 46.0]);
        assert_eq!(map.whole.cells.len(), map.whole.size[0] * map.whole.size[1]);
        let cell = |place| map.nearest(map.face.angles(place)).unwrap();
        assert_eq!(cell([0.0, 44.0]).beyond, Some(Degrees(0.0)));
        assert!((cell([0.0, -46.0]).beyond.unwrap().0 - 1.0).abs() < 1e-9);
        // From the fine grid: the bull's-eye is one of its views.
        let there = map.nearest(map.bulls_eye.unwrap()).unwrap();
        assert!(there.from_bulls_eye.unwrap().0 < 1e-9 && there.bone.is_none());
        // AP is 25° and 10° off: acos(cos 25 · cos 10) = 26.8°.
        assert!((cell([0.0, 0.0]).from_bulls_eye.unwrap().0 - 26.8).abs() < 0.1);
    }

    #[test]
    fn places_and_angles_are_inverse_from_both_faces() {
        for face in [Face::Posterior, Face::Anterior] {
            for place in [[0., 0.], [25., -10.], [-90., 30.], [170., 5.]] {
                let back = face.place(face.angles(place));
                assert!((back[0] - place[0]).abs() < 1e-9 && back[1] == place[1]);
            }
        }
        let front = Face::Anterior.angles([30.0, 15.0]);
        assert_eq!(
            (front.primary, front.secondary),
            (Degrees(30.0), Degrees(15.0))
        );
        assert_eq!(Face::of(front), Face::Anterior);
    }

    #[test]
    fn bone_lies_where_it_was_put() {
        // Water with a rod of bone along z, 10 mm thick, 40 mm to the patient's left of the target.
        let mut volume = SyntheticVolume::new([160, 160, 80], [1., 1., 2.])
            .at(Point::new(-60., -40., -80.))
            .build(|p| {
                let [x, y, _] = p.to_array();
                let body = (x - 20.0).hypot(y - 40.0) < 70.0;
                match (body, (x - 60.0).hypot(y - 40.0) < 5.0) {
                    (_, true) => 700.0,
                    (true, false) => 0.0,
                    (false, false) => -1000.0,
                }
            });
        volume.modality_lut.unit = "HU".to_owned();
        let task = task("angiography-floor", "HFP");
        let bone = |place| {
            let cell = task.cell(Face::Posterior.angles(place), Some(&volume));
            cell.unwrap().bone.unwrap()
        };
        assert_eq!(bone([0.0, 0.0]).mm, 0.0);
        assert!((bone([90.0, 0.0]).mm - 10.0).abs() <= 1.0);
        assert!(
            (bone([-90.0, 0.0]).mm - 10.0).abs() <= 1.0,
            "either way through"
        );
        // 45° cephalad from the side the rod is 10 / cos 45° thick.
        assert!((bone([90.0, 40.0]).mm - 13.0).abs() <= 1.0);
        let map = task.map(Some(&volume), &|| false).unwrap();
        let (_, clearest) = map.clearest_near(Degrees(30.0)).unwrap();
        assert_eq!(clearest.bone.unwrap().mm, 0.0);
    }

    #[test]
    fn without_position_or_entry_the_rest_is_known() {
        let mut task = task("mobile-head", "HFS");
        task.position = None;
        let map = task.map(None, &|| false).unwrap();
        assert!(
            map.whole
                .cells
                .iter()
                .flatten()
                .all(|cell| cell.beyond.is_none())
        );
        task.entry = None;
        let map = task.map(None, &|| false).unwrap();
        assert!(map.fine.is_none() && map.bulls_eye.is_none());
        assert!(map.clearest_near(Degrees(20.0)).is_none());
        assert!(task.map(None, &|| true).unwrap_err().contains("cancelled"));
        task.distances_mm = [700.0, 1000.0];
        let map = task.map(None, &|| false).unwrap();
        assert!(map.whole.cells.iter().all(Option::is_none));
    }
}
