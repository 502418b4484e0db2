//! Outlines of structures as the beam of a picture casts them, found in the background.

use std::sync::{Arc, OnceLock};

use glam::DVec2;

use super::job::{Job, JobEvent, Waker, on_own_threads};
use super::structure_jobs::stride_of;
use super::structure_stage::ShownStructure;
use crate::geometry::{ConeBeam, Receptor, Surface};
use crate::plan::{Color, PixelPlace, SeriesBinding};
use crate::study::InstanceUid;
use crate::volume::structure::surface::{SurfaceError, mask_surface};
use crate::volume::structure::{Mask, shadow};

/// Most pixels of a picture along its longer side that outlines are found on.
const FINEST: f64 = 1024.0;

/// A structure of the CT that is not on stage any more.
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    color: Color,
    /// Its voxels, where there was no surface yet.
    mask: Option<Arc<Mask>>,
    /// Empty until it is made; `None` where it cannot be.
    surface: OnceLock<Option<Arc<Surface>>>,
}

impl Kept {
    fn of(item: &ShownStructure) -> Self {
        let made = item.surface.clone();
        Self {
            name: item.structure.name.clone(),
            color: Color(item.structure.color),
            mask: made.is_none().then(|| Arc::clone(&item.structure.mask)),
            surface: made.map_or_else(OnceLock::new, |made| OnceLock::from(Some(made))),
        }
    }

    /// Its surface, made now where it was not; `None` where it cannot be, and when stopped.
    fn surface(&self, stop: &dyn Fn() -> bool) -> Option<Arc<Surface>> {
        if let Some(made) = self.surface.get() {
            return made.clone();
        }
        let mask = self.mask.as_ref()?;
        let made = match mask_surface(mask, stride_of(mask), stop) {
            Ok(mesh) => Some(Arc::new(Surface::new(mesh))),
            Err(SurfaceError::Stopped) => return None,
            Err(SurfaceError::TooLarge) => None,
        };
        self.surface.get_or_init(|| made).clone()
    }
}

/// The outline of one structure on a picture.
#[derive(Debug, Clone)]
pub struct ProjectedOutline {
    /// Of which structure.
    pub name: String,
    /// In its colour.
    pub color: Color,
    /// Closed lines of places (column, row).
    pub lines: Vec<Vec<PixelPlace>>,
}

/// What the outlines are for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Image and frame.
    pub picture: (InstanceUid, usize),
    /// Its beam.
    pub beam: ConeBeam,
    /// Its pixels.
    pub receptor: Receptor,
}

/// Outlines over the picture shown.
#[derive(Default)]
pub struct ProjectedOutlines {
    kept: Arc<Vec<Kept>>,
    /// The CT whose structures they are.
    ct: Option<SeriesBinding>,
    found: Option<(Wanted, Vec<ProjectedOutline>)>,
    running: Option<(Wanted, Job<(), Vec<ProjectedOutline>>)>,
    /// What could not be found, and why: it is not tried again.
    failed: Option<(Wanted, String)>,
    /// Structures were still being read when the CT was left.
    some_missing: bool,
}

impl ProjectedOutlines {
    /// What a person must know of outlines that are not there, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.some_missing {
            let words = "Structures were still being read when the CT was left: some outlines are \
                         missing. Show the CT again until they are read";
            notes.push(words.to_owned());
        }
        let surfaceless = |kept: &&Kept| matches!(kept.surface.get(), Some(None));
        let names = self.kept.iter().filter(surfaceless);
        let names: Vec<&str> = names.map(|kept| kept.name.as_str()).collect();
        if !names.is_empty() {
            notes.push(format!("Too large for an outline: {}", names.join(", ")));
        }
        if let Some((_, why)) = &self.failed {
            notes.push(format!("No outlines: {why}"));
        }
        notes
    }

    /// Those on a frame of an image; of where its beam was just before, while the next are being
    /// found.
    pub fn lines(&self, image: &InstanceUid, frame: usize) -> &[ProjectedOutline] {
        let here = |of: &Wanted| of.picture.0 == *image && of.picture.1 == frame;
        match &self.found {
            Some((of, lines)) if here(of) => lines,
            _ => &[],
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The CT whose structures are kept.
    pub(super) fn ct(&self) -> Option<&SeriesBinding> {
        self.ct.as_ref()
    }

    /// Keeps structures of a CT.
    pub(super) fn keep<'a>(
        &mut self,
        structures: impl Iterator<Item = &'a ShownStructure>,
        ct: SeriesBinding,
    ) {
        self.clear();
        self.ct = Some(ct);
        self.kept = Arc::new(structures.map(Kept::of).collect());
    }

    /// More structures would have come.
    pub(super) fn miss_some(&mut self) {
        self.some_missing = true;
    }

    /// Finds what is wanted and not there yet.
    pub(super) fn poll(&mut self, wanted: Option<Wanted>, waker: &Waker) {
        self.hear();
        let Some(wanted) = wanted else {
            self.found = None;
            self.failed = None;
            return;
        };
        let there = self.found.as_ref().is_some_and(|(of, _)| *of == wanted);
        let failed = self.failed.as_ref().is_some_and(|(of, _)| *of == wanted);
        if there || failed || self.running.is_some() || self.kept.is_empty() {
            return;
        }
        let kept = Arc::clone(&self.kept);
        let of = wanted.clone();
        let job = Job::spawn("projected outlines", Arc::clone(waker), move |sink| {
            let token = sink.cancel_token().clone();
            let all = || {
                let going = kept.iter().take_while(|_| !token.is_cancelled());
                let found = going.filter_map(|kept| outline(kept, &of, &|| token.is_cancelled()));
                found.collect::<Vec<_>>()
            };
            // Surfaces take long; shadows alone come with every step of a drag.
            if kept.iter().all(|kept| kept.surface.get().is_some()) {
                all()
            } else {
                on_own_threads("projected outlines", all)
            }
        });
        match job {
            Ok(job) => self.running = Some((wanted, job)),
            Err(error) => self.failed = Some((wanted, error.to_string())),
        }
    }

    fn hear(&mut self) {
        let Some((of, job)) = &self.running else {
            return;
        };
        let of = of.clone();
        for event in job.poll() {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(lines) => {
                    self.found = Some((of.clone(), lines));
                    self.failed = None;
                }
                JobEvent::Died(why) => self.failed = Some((of.clone(), why)),
            }
            self.running = None;
        }
    }
}

/// The outline of the shadow that a structure casts, as in the simulated picture; `None` where it
/// has no surface, and when stopped.
fn outline(kept: &Kept, wanted: &Wanted, stop: &dyn Fn() -> bool) -> Option<ProjectedOutline> {
    let surface = kept.surface(stop)?;
    let longest = wanted.receptor.size[0].max(wanted.receptor.size[1]);
    let factor = (longest as f64 / FINEST).max(1.0);
    let coarse = wanted.receptor.coarser(factor);
    let ratio = [0, 1].map(|axis| coarse.pixel_mm[axis] / wanted.receptor.pixel_mm[axis]);
    let place = |at: &DVec2| {
        let [column, row] = at.to_array();
        [
            (column + 0.5) * ratio[0] - 0.5,
            (row + 0.5) * ratio[1] - 0.5,
        ]
    };
    let lines = shadow(surface.mesh(), &wanted.beam, &coarse);
    Some(ProjectedOutline {
        name: kept.name.clone(),
        color: kept.color,
        lines: lines
            .iter()
            .map(|line| line.iter().map(place).collect())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;
    use crate::app::job::no_waker;
    use crate::geometry::{CArmAngles, CArmPose, Degrees, Point, Transform, solid};
    use crate::study::SeriesUid;
    use crate::volume::structure::{MaskGrid, Structure, StructureSource};

    /// A beam along which 40 mm about the isocentre are seen, on a picture mirrored across, as one
    /// whose rows run the other way.
    fn wanted() -> Wanted {
        let angles = CArmAngles {
            primary: Degrees(20.0),
            secondary: Degrees(-5.0),
        };
        let pose = CArmPose {
            angles,
            isocenter: Point::new(5.0, 6.0, 7.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 500.0,
        };
        let mut receptor = Receptor::centered([3000, 2000], 0.1);
        receptor.pixel_mm[0] = -0.1;
        Wanted {
            picture: (InstanceUid::new("1.2.3"), 0),
            beam: pose.beam().unwrap(),
            receptor,
        }
    }

    fn ct() -> SeriesBinding {
        SeriesBinding {
            series_instance_uid: SeriesUid::new("1.2"),
            frame_of_reference_uid: None,
            geometry_sha256: String::new(),
        }
    }

    /// A cube whose surface is not made yet.
    fn unmeshed(name: &str) -> ShownStructure {
        let [x, y, z] = [DVec3::X, DVec3::Y, DVec3::Z];
        let to_lps = Transform::from_columns(x, y, z, DVec3::ZERO);
        let grid = MaskGrid::new([12, 13, 14], to_lps).unwrap();
        let mask = Mask::from_fn(Arc::new(grid), [2, 3, 4], [6; 3], |_| true);
        let structure = Structure {
            name: name.to_owned(),
            code: None,
            kind: None,
            color: [255, 0, 0],
            mask: Arc::new(mask),
            frame_of_reference: None,
            source: StructureSource::Drawn,
        };
        ShownStructure {
            voxels: 216,
            structure: Arc::new(structure),
            visible: true,
            drawn: None,
            surface: None,
        }
    }

    fn poll_to_end(outlines: &mut ProjectedOutlines, wanted: &Wanted) {
        outlines.poll(Some(wanted.clone()), &no_waker());
        while outlines.is_busy() {
            std::thread::yield_now();
            outlines.poll(Some(wanted.clone()), &no_waker());
        }
    }

    #[test]
    fn the_outline_of_a_ball_is_a_ring_in_a_large_picture_too() {
        let ball = solid::sphere(Point::new(5.0, 6.0, 7.0), 20.0, 4);
        let kept = Kept {
            name: "ball".to_owned(),
            color: Color([255, 0, 0]),
            mask: None,
            surface: OnceLock::from(Some(Arc::new(Surface::new(ball)))),
        };
        let outline = outline(&kept, &wanted(), &|| false).unwrap();
        assert_eq!(outline.lines.len(), 1);
        for line in &outline.lines {
            assert!(line.len() > 100);
            for [column, row] in line {
                // 1000 · tan(asin(20 / 500)) = 40.03 mm; one coarse pixel is three of these.
                let away = (column - 1499.5).hypot(row - 999.5);
                assert!((away - 400.3).abs() < 3.0, "{away}");
            }
        }
    }

    #[test]
    fn a_structure_whose_surface_was_not_ready_has_its_outline_too() {
        let mut outlines = ProjectedOutlines::default();
        let items = [unmeshed("cube"), unmeshed("other")];
        outlines.keep(items.iter(), ct());
        let wanted = wanted();
        poll_to_end(&mut outlines, &wanted);
        let found = outlines.lines(&wanted.picture.0, 0);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["cube", "other"]);
        assert!(found.iter().all(|one| one.lines.len() == 1));
        assert!(outlines.notes().is_empty());
        // Stopped half-way it is made the next time.
        let kept = Kept::of(&items[0]);
        assert!(outline(&kept, &wanted, &|| true).is_none());
        assert!(outline(&kept, &wanted, &|| false).is_some());
        // What was not even read, and what has no surface, is said.
        outlines.miss_some();
        let kept = Kept::of(&items[1]);
        kept.surface.set(None).unwrap();
        outlines.kept = Arc::new(vec![kept]);
        let notes = outlines.notes().join("\n");
        assert!(notes.contains("still being read") && notes.contains("outline: other"));
    }

    #[test]
    fn outlines_that_died_are_not_begun_again() {
        let mut outlines = ProjectedOutlines::default();
        outlines.keep([unmeshed("cube")].iter(), ct());
        let wanted = wanted();
        let job = Job::spawn("broken", no_waker(), |_| panic!("bad thing")).unwrap();
        outlines.running = Some((wanted.clone(), job));
        poll_to_end(&mut outlines, &wanted);
        assert!(outlines.lines(&wanted.picture.0, 0).is_empty());
        assert_eq!(outlines.notes(), ["No outlines: broken: bad thing"]);
        // For another beam they are.
        let mut other = wanted;
        other.picture.1 = 1;
        poll_to_end(&mut outlines, &other);
        assert_eq!(outlines.lines(&other.picture.0, 1).len(), 1);
        assert!(outlines.notes().is_empty());
    }
}
