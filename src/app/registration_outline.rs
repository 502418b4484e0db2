//! Outlines of structures as the beam of a picture casts them, found in the background.

use std::sync::Arc;

use glam::DVec2;

use super::job::{Job, JobEvent, Waker};
use super::structure_stage::ShownStructure;
use crate::geometry::{ConeBeam, Receptor, Surface};
use crate::plan::{Color, PixelPlace, SeriesBinding};
use crate::study::InstanceUid;
use crate::volume::structure::shadow;

/// Most pixels of a picture along its longer side that outlines are found on.
const FINEST: f64 = 1024.0;

/// A structure of the CT that is not on stage any more.
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    color: Color,
    surface: Arc<Surface>,
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
}

impl ProjectedOutlines {
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

    /// Keeps the surfaces of structures of a CT.
    pub(super) fn keep<'a>(
        &mut self,
        structures: impl Iterator<Item = &'a ShownStructure>,
        ct: SeriesBinding,
    ) {
        self.clear();
        self.ct = Some(ct);
        let kept = structures.filter_map(|item| {
            Some(Kept {
                name: item.structure.name.clone(),
                color: Color(item.structure.color),
                surface: Arc::clone(item.surface.as_ref()?),
            })
        });
        self.kept = Arc::new(kept.collect());
    }

    /// Finds what is wanted and not there yet.
    pub(super) fn poll(&mut self, wanted: Option<Wanted>, waker: &Waker) {
        let events = self.running.as_ref().map(|(_, job)| job.poll());
        for event in events.unwrap_or_default() {
            if let (Some((of, _)), JobEvent::Finished(lines)) = (&self.running, event) {
                self.found = Some((of.clone(), lines));
            }
            self.running = None;
        }
        let Some(wanted) = wanted else {
            self.found = None;
            return;
        };
        let there = self.found.as_ref().is_some_and(|(of, _)| *of == wanted);
        if there || self.running.is_some() || self.kept.is_empty() {
            return;
        }
        let kept = Arc::clone(&self.kept);
        let of = wanted.clone();
        let job = Job::spawn("projected outlines", Arc::clone(waker), move |sink| {
            let token = sink.cancel_token().clone();
            let going = kept.iter().take_while(|_| !token.is_cancelled());
            going.map(|kept| outline(kept, &of)).collect()
        });
        if let Ok(job) = job {
            self.running = Some((wanted, job));
        }
    }
}

/// The outline of the shadow that a structure casts, as in the simulated picture.
fn outline(kept: &Kept, wanted: &Wanted) -> ProjectedOutline {
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
    let lines = shadow(kept.surface.mesh(), &wanted.beam, &coarse);
    ProjectedOutline {
        name: kept.name.clone(),
        color: kept.color,
        lines: lines
            .iter()
            .map(|line| line.iter().map(place).collect())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees, Point, solid};

    #[test]
    fn the_outline_of_a_ball_is_a_ring_in_a_large_picture_too() {
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
        let ball = solid::sphere(Point::new(5.0, 6.0, 7.0), 20.0, 4);
        let kept = Kept {
            name: "ball".to_owned(),
            color: Color([255, 0, 0]),
            surface: Arc::new(Surface::new(ball)),
        };
        // Mirrored across, as a picture whose rows run the other way.
        let mut receptor = Receptor::centered([3000, 2000], 0.1);
        receptor.pixel_mm[0] = -0.1;
        let wanted = Wanted {
            picture: (InstanceUid::new("1.2.3"), 0),
            beam: pose.beam().unwrap(),
            receptor,
        };
        let outline = outline(&kept, &wanted);
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
}
