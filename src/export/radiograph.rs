//! A simulated radiograph as a file: PNG with what was planned over it, or DICOM.

use std::path::Path;

use glam::DVec2;
use thiserror::Error;

use super::png::{PngError, write_png_grey, write_png_rgb};
use super::record::evidence_of;
use crate::dicom::identity;
use crate::dicom::uid::new_uid;
use crate::dicom::write_object::{Moment, NewInstance, WriteObjectError};
use crate::dicom::write_xa::{PixelIntensity, XaImage, XaPixels, write_xa};
use crate::geometry::{CArmPose, ConeBeam, Receptor, Segment};
use crate::study::{InstanceUid, Series, SeriesUid};
use crate::volume::Volume;
use crate::volume::attenuation::AttenuationModel;
use crate::volume::drr::{Film, FilmRange};

/// Series Number of simulated radiographs; far from those of scanners, after that of pictures.
const SERIES_NUMBER: u32 = 9103;

/// Bits Stored of the DICOM image.
const BITS: u16 = 12;
const MOST: f32 = 4095.0;

/// Half the width of a line, pixels.
const HALF_WIDTH: f64 = 0.9;

/// Radius of the ring around a target, pixels.
const TARGET_RADIUS: f64 = 6.0;

/// Pieces of that ring.
const RING: usize = 24;

/// A simulated radiograph of a volume.
#[derive(Debug, Clone, Copy)]
pub struct Radiograph<'a> {
    /// How the C-arm stood.
    pub pose: &'a CArmPose,
    /// Pixels of the picture.
    pub receptor: &'a Receptor,
    /// −ln(I/I0), row by row.
    pub integrals: &'a [f32],
    /// From which energies the attenuation followed.
    pub model: AttenuationModel,
    /// How it looks.
    pub film: Film,
    /// First and last open column, first and last open row, from 0; `None` where all is open.
    pub opening: Option<[usize; 4]>,
}

/// A line over the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectedLine {
    /// Columns and rows (fractional) of its corners.
    pub points: Vec<DVec2>,
    /// The last corner is joined to the first.
    pub closed: bool,
    /// Red, green, blue.
    pub color: [u8; 3],
}

/// Why a radiograph was not written.
#[derive(Debug, Error)]
pub enum RadiographError {
    /// The source images do not say whose they are.
    #[error("Not saved: {0}")]
    Identity(String),
    /// PNG.
    #[error(transparent)]
    Png(#[from] PngError),
    /// DICOM.
    #[error(transparent)]
    Dicom(#[from] WriteObjectError),
}

/// A needle from entry to target with a ring around the target; nothing of one that the beam does
/// not project.
pub fn projected_needle(
    needle: &Segment,
    color: [u8; 3],
    (beam, receptor): (&ConeBeam, &Receptor),
) -> Vec<ProjectedLine> {
    let ends = [needle.start, needle.end].map(|end| beam.pixel_of(end, receptor));
    let [Some(entry), Some(target)] = ends else {
        return Vec::new();
    };
    let ring = (0..RING).map(|piece| {
        let angle = std::f64::consts::TAU * piece as f64 / RING as f64;
        target + DVec2::from_angle(angle) * TARGET_RADIUS
    });
    vec![
        ProjectedLine {
            points: vec![entry, target],
            closed: false,
            color,
        },
        ProjectedLine {
            points: ring.collect(),
            closed: true,
            color,
        },
    ]
}

impl Radiograph<'_> {
    /// Display greys, black where the collimator is closed.
    pub fn greys(&self) -> Vec<u8> {
        let shown: Vec<f32> = self.open_integrals();
        let mut greys = FilmRange::of(&shown).greys(self.film, self.integrals);
        for (index, grey) in greys.iter_mut().enumerate() {
            if !self.is_open(index) {
                *grey = 0;
            }
        }
        greys
    }

    /// Writes the greys, with lines over them if there are any.
    pub fn write_png(&self, path: &Path, lines: &[ProjectedLine]) -> Result<(), RadiographError> {
        let greys = self.greys();
        if lines.is_empty() {
            write_png_grey(path, self.receptor.size, &greys)?;
            return Ok(());
        }
        let mut colors: Vec<[u8; 3]> = greys.into_iter().map(|grey| [grey; 3]).collect();
        for line in lines {
            draw(&mut colors, self.receptor.size, line);
        }
        write_png_rgb(path, self.receptor.size, colors.as_flattened())?;
        Ok(())
    }

    /// Writes an X-Ray Angiographic image, derived and simulated, into the study of the series.
    ///
    /// The stored values are proportional to the line integrals, in the sense of the film, also
    /// behind the leaves of the collimator, which a display shutter covers. The picture lines up
    /// with a beam whose central ray meets its middle only.
    pub fn write_dicom(
        &self,
        path: &Path,
        volume: &Volume,
        series: &Series,
    ) -> Result<(), RadiographError> {
        // Stacks of one series may differ in their frame of reference.
        let frame = &volume.frame_of_reference;
        let all = &series.instances;
        let first = all.iter().find(|one| one.frame_of_reference == *frame);
        let nobody = || RadiographError::Identity("the series has no images".to_owned());
        let first = first.or(all.first()).ok_or_else(nobody)?;
        let identity = identity::read(first.path.as_ref())
            .map_err(|error| RadiographError::Identity(error.to_string()))?;
        let most = self.integrals.iter().copied().fold(0.0, f32::max);
        let scale = if most > 0.0 { MOST / most } else { 1.0 };
        let stored = |integral: f32| {
            let value = (integral * scale).clamp(0.0, MOST);
            match self.film {
                Film::Radiograph => value.round() as u16,
                Film::Fluoroscopy => (MOST - value).round() as u16,
            }
        };
        let values: Vec<u16> = self.integrals.iter().map(|&v| stored(v)).collect();
        let range = FilmRange::of(&self.open_integrals());
        let ends = [range.low, range.high].map(|v| f64::from(stored(v)));
        let position = volume.patient_position;
        let leaves = self
            .opening
            .map(|opening| opening.map(|edge| edge as u32 + 1));
        let image = XaImage {
            identity: &identity,
            new: &NewInstance {
                series: SeriesUid(new_uid()),
                series_number: SERIES_NUMBER,
                series_description: "Simulated radiograph".to_owned(),
                instance: InstanceUid(new_uid()),
                instance_number: 1,
                made: Moment::now(),
            },
            patient_position: position.map_or("", |position| position.code()),
            pose: self.pose,
            receptor: self.receptor,
            pixels: XaPixels::U16 {
                values: &values,
                bits: BITS,
            },
            intensity: PixelIntensity::Displayed,
            window: [
                f64::midpoint(ends[0], ends[1]),
                (ends[1] - ends[0]).abs().max(1.0),
            ],
            kilovolts: None,
            run: None,
            contrast: None,
            collimator: leaves,
            // The values go on behind the leaves.
            shutter: leaves,
            derivation: &self.derivation(scale),
            sources: &[evidence_of(series)],
        };
        write_xa(&image, path)?;
        Ok(())
    }

    /// What the picture is, for whoever finds it.
    fn derivation(&self, scale: f32) -> String {
        let [x, y, z] = self.pose.isocenter.to_array();
        let bright = match self.film {
            Film::Radiograph => "bone bright",
            Film::Fluoroscopy => "bone dark",
        };
        format!(
            "Simulated by Stylet from a CT volume at {} keV, no X-ray image. Isocentre at LPS \
             {x:.2}, {y:.2}, {z:.2} mm. Values are line integrals times {scale:.3}, {bright}",
            self.model.energy.kev()
        )
    }

    fn open_integrals(&self) -> Vec<f32> {
        let all = self.integrals.iter().enumerate();
        all.filter(|(index, _)| self.is_open(*index))
            .map(|(_, &integral)| integral)
            .collect()
    }

    fn is_open(&self, index: usize) -> bool {
        let Some([left, right, top, bottom]) = self.opening else {
            return true;
        };
        let columns = self.receptor.size[0].max(1);
        let (column, row) = (index % columns, index / columns);
        (left..=right).contains(&column) && (top..=bottom).contains(&row)
    }
}

/// Draws a line with soft edges.
fn draw(colors: &mut [[u8; 3]], [columns, rows]: [usize; 2], line: &ProjectedLine) {
    let next = line.points.iter().skip(1).chain(line.points.first());
    let pieces = if line.closed {
        line.points.len()
    } else {
        line.points.len().saturating_sub(1)
    };
    for (&from, &to) in line.points.iter().zip(next).take(pieces) {
        let reach = DVec2::splat(HALF_WIDTH + 1.0);
        let last = DVec2::new(columns as f64 - 1.0, rows as f64 - 1.0);
        let low = (from.min(to) - reach).floor().max(DVec2::ZERO);
        let high = (from.max(to) + reach).ceil().min(last);
        if !(low.x <= high.x && low.y <= high.y) {
            continue;
        }
        let along = to - from;
        for row in low.y as usize..=high.y as usize {
            for column in low.x as usize..=high.x as usize {
                let at = DVec2::new(column as f64, row as f64) - from;
                let share = at.dot(along) / along.length_squared().max(1e-12);
                let away = (at - along * share.clamp(0.0, 1.0)).length();
                let cover = (HALF_WIDTH + 0.5 - away).clamp(0.0, 1.0);
                if let Some(pixel) = colors.get_mut(row * columns + column) {
                    for (channel, wanted) in pixel.iter_mut().zip(line.color) {
                        let was = f64::from(*channel);
                        *channel = (was + cover * (f64::from(wanted) - was)).round() as u8;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, Degrees, Point};

    fn pose() -> CArmPose {
        CArmPose {
            angles: CArmAngles {
                primary: Degrees(0.0),
                secondary: Degrees(0.0),
            },
            isocenter: Point::new(0.0, 0.0, 0.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 500.0,
        }
    }

    #[test]
    fn a_needle_runs_from_its_entry_to_the_ring_around_its_target() {
        let receptor = Receptor::centered([101, 101], 1.0);
        let beam = pose().beam().unwrap();
        let needle = Segment::new(Point::new(10.0, 0.0, 0.0), Point::new(0.0, 0.0, 15.0));
        let lines = projected_needle(&needle, [1, 2, 3], (&beam, &receptor));
        // Twice as large at the isocentre; patient left at the right, the head up.
        let ends: Vec<DVec2> = lines[0].points.clone();
        assert!((ends[0] - DVec2::new(70.0, 50.0)).length() < 1e-9);
        assert!((ends[1] - DVec2::new(50.0, 20.0)).length() < 1e-9);
        assert!(lines[1].closed && lines[1].points.len() == RING);
        let behind = Segment::new(needle.start, Point::new(0.0, 700.0, 0.0));
        assert!(projected_needle(&behind, [0; 3], (&beam, &receptor)).is_empty());
    }

    #[test]
    fn lines_cover_the_pixels_under_them_and_stay_in_the_picture() {
        let mut colors = vec![[0_u8; 3]; 20 * 10];
        let line = ProjectedLine {
            points: vec![DVec2::new(-5.0, 4.0), DVec2::new(30.0, 4.0)],
            closed: false,
            color: [200, 100, 0],
        };
        draw(&mut colors, [20, 10], &line);
        assert_eq!(colors[4 * 20], [200, 100, 0]);
        assert_eq!(colors[4 * 20 + 19], [200, 100, 0]);
        assert_eq!(colors[20], [0; 3]);
        assert!(colors[3 * 20 + 7][0] > 0 && colors[3 * 20 + 7][0] < 200);
    }

    #[test]
    fn closed_leaves_are_black_and_do_not_count_for_the_greys() {
        let receptor = Receptor::centered([10, 10], 1.0);
        let pose = pose();
        let mut integrals = vec![100.0; 100];
        for (index, integral) in integrals.iter_mut().enumerate() {
            if (2..=7).contains(&(index % 10)) {
                *integral = 1.0 + index as f32 / 100.0;
            }
        }
        let radiograph = Radiograph {
            pose: &pose,
            receptor: &receptor,
            integrals: &integrals,
            model: AttenuationModel::default(),
            film: Film::Radiograph,
            opening: Some([2, 7, 0, 9]),
        };
        let greys = radiograph.greys();
        assert_eq!(greys[0], 0);
        assert_eq!(greys[2], 0, "the least");
        assert_eq!(greys[97], 255, "the greatest");
    }
}
