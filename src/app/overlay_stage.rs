//! Overlay planes of a volume's slices, read in the background.

use std::collections::HashMap;
use std::sync::Arc;

use super::job::{Job, JobEvent, Waker};
use super::shared;
use crate::dicom;
use crate::geometry::{Lps, Plane, Point};
use crate::study::{FrameRef, OverlayBitmap, Series, SliceSource, StackGeometry};
use crate::volume::Volume;

/// Overlays of one image that have anything drawn.
pub type Overlays = Arc<[OverlayBitmap]>;

/// A plane this near to an acquired slice, all over the slice, shows that slice, mm.
const SAME_PLANE_MM: f64 = 0.1;

/// Pixels of overlays that are kept of one volume.
const MOST_PIXELS: usize = 1 << 28;

/// Overlays by slice of the volume.
#[derive(Default)]
pub struct OverlayStage {
    by_slice: HashMap<usize, Overlays>,
    reading: Option<Job<(), HashMap<usize, Overlays>>>,
}

impl OverlayStage {
    /// Starts to read the overlays of the frames that are slices of a volume as acquired; between
    /// frames there are none.
    pub fn read(series: &Arc<Series>, stack: usize, waker: &Waker) -> Self {
        let Some(stack) = series.stacks.get(stack) else {
            return Self::default();
        };
        let sources = stack.geometry.as_ref().map(StackGeometry::slice_sources);
        let frames: Vec<(usize, FrameRef)> = sources
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter_map(|(slice, source)| match source {
                Some(SliceSource::Frame(frame)) => Some((slice, *stack.frames.get(*frame)?)),
                _ => None,
            })
            .collect();
        let has_any = frames.iter().any(|(_, at)| {
            let instance = series.instances.get(at.instance);
            instance.is_some_and(|instance| !instance.overlays.is_empty())
        });
        if !has_any {
            return Self::default();
        }
        let series = Arc::clone(series);
        let reading = Job::spawn("overlays", shared(waker), move |sink| {
            let mut by_slice = HashMap::new();
            let mut pixels = 0;
            for (slice, at) in frames {
                if sink.cancel_token().is_cancelled() || pixels > MOST_PIXELS {
                    break;
                }
                let Some(instance) = series.instances.get(at.instance) else {
                    continue;
                };
                let overlays = drawn(instance, at.frame);
                pixels += overlays.iter().map(|o| o.bits.len()).sum::<usize>();
                if !overlays.is_empty() {
                    by_slice.insert(slice, overlays);
                }
            }
            by_slice
        });
        Self {
            by_slice: HashMap::new(),
            reading: reading.ok(),
        }
    }

    /// Whether overlays are being read.
    pub fn is_busy(&self) -> bool {
        self.reading.is_some()
    }

    /// Hears what the job says.
    pub(super) fn poll(&mut self) {
        let Some(event) = self.reading.as_ref().and_then(|job| job.poll().pop()) else {
            return;
        };
        match event {
            JobEvent::Progress(()) => {}
            JobEvent::Finished(by_slice) => {
                self.by_slice = by_slice;
                self.reading = None;
            }
            JobEvent::Died(_) => self.reading = None,
        }
    }

    /// The slice that a plane shows and its overlays; `None` where it shows none as acquired, or
    /// one without overlays.
    pub fn on_plane(&self, volume: &Volume, plane: &Plane) -> Option<(usize, &Overlays)> {
        if self.by_slice.is_empty() {
            return None;
        }
        let slice = shown_slice(volume, plane)?;
        Some((slice, self.by_slice.get(&slice)?))
    }
}

/// Overlays over a frame that have anything drawn; a file that cannot be read has none.
pub(super) fn drawn(instance: &crate::study::Instance, frame: usize) -> Overlays {
    if instance.overlays.is_empty() {
        return Arc::default();
    }
    let mut overlays = dicom::decode_overlays(instance, frame).unwrap_or_default();
    overlays.retain(|overlay| !overlay.is_blank());
    overlays.into()
}

/// The slice that lies in a plane with all its corners.
fn shown_slice(volume: &Volume, plane: &Plane) -> Option<usize> {
    let [columns, rows, slices] = volume.size.map(|n| n.max(1) - 1);
    let depth = (volume.voxel_from_lps * plane.origin).0.z.round();
    if !(0.0..=slices as f64).contains(&depth) {
        return None;
    }
    let corner = |column: usize, row: usize| -> Point<Lps> {
        volume.lps_from_voxel * Point::new(column as f64, row as f64, depth)
    };
    let corners = [
        corner(0, 0),
        corner(columns, 0),
        corner(0, rows),
        corner(columns, rows),
    ];
    corners
        .iter()
        .all(|&corner| plane.signed_distance_mm(corner).abs() <= SAME_PLANE_MM)
        .then_some(depth as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vector;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn only_the_plane_of_a_slice_shows_it() {
        let volume = SyntheticVolume::new([11, 11, 5], [1., 1., 2.]).build(|_| 0.0);
        let at = |z| Plane::axial(Point::new(3., 4., z));
        assert_eq!(shown_slice(&volume, &at(4.0)), Some(2));
        assert_eq!(shown_slice(&volume, &at(4.09)), Some(2));
        assert_eq!(shown_slice(&volume, &at(4.2)), None);
        assert_eq!(shown_slice(&volume, &at(-2.0)), None);
        let sagittal = Plane::sagittal(Point::new(3., 4., 4.));
        assert_eq!(shown_slice(&volume, &sagittal), None);
        // Tilted by 2 degrees: 0.35 mm off at the edges.
        let tilted = Plane {
            right: Vector::new(1.0, 0.0, 0.035).direction().unwrap(),
            ..at(4.0)
        };
        assert_eq!(shown_slice(&volume, &tilted), None);
    }
}
