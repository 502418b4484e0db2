//! One resolution of a registration: the pictures and the CT at a pixel size, and how a movement of
//! the C-arm changes the likeness.

use rayon::prelude::*;

use super::gradient::GradientField;
use super::similarity::{Fixed, Similarity};
use crate::geometry::{ConeBeam, Correction, Lps, Point, Receptor, ViewAxes};
use crate::volume::attenuation::Attenuation;
use crate::volume::drr::line_integrals;

/// A view at one resolution.
#[derive(Debug, Clone)]
pub struct LevelView {
    /// Beam as the header says.
    pub header: ConeBeam,
    /// Pixels of the region at this resolution.
    pub receptor: Receptor,
    /// The picture on them.
    pub fixed: Fixed,
}

/// All views at one resolution.
#[derive(Debug)]
pub struct Level<'a> {
    /// The CT at this resolution.
    pub attenuation: &'a Attenuation,
    /// The views.
    pub views: Vec<LevelView>,
    /// Directions of the six ways to move.
    pub axes: ViewAxes,
    /// mm and degrees by which slopes are found.
    pub step: f64,
}

/// Part of a picture's plane about the place where a point falls, at a pixel size.
///
/// `half_mm` and `pixel_mm` are at the point's depth. `None` where the point is not before the
/// source.
pub fn region(
    beam: &ConeBeam,
    own: &Receptor,
    about: Point<Lps>,
    half_mm: f64,
    pixel_mm: f64,
) -> Option<Receptor> {
    let at = beam.project(about)?;
    let pixel = (pixel_mm * at.magnification)
        .max(own.pixel_mm[0].abs())
        .max(own.pixel_mm[1].abs());
    let half = (half_mm * at.magnification / pixel).ceil();
    let side = (2.0 * half) as usize + 1;
    Some(Receptor {
        size: [side; 2],
        pixel_mm: [pixel; 2],
        center: [
            half - at.receptor_mm.x / pixel,
            half - at.receptor_mm.y / pixel,
        ],
    })
}

/// How the gradients of a view change along the six ways to move, found once and used for several
/// steps.
#[derive(Debug)]
pub struct Changes {
    fields: [GradientField; 6],
    knee: f32,
}

impl Level<'_> {
    fn picture(&self, view: &LevelView, correction: &Correction) -> Vec<f32> {
        let beam = correction.beam(&view.header);
        line_integrals(self.attenuation, &beam, &view.receptor, &|| false).unwrap_or_default()
    }

    /// Likeness of all views at a correction; `signs` holds −1 for views with light and dark the
    /// other way round.
    pub fn similarity(&self, correction: &Correction, signs: &[f64]) -> Similarity {
        let mut all = Similarity::default();
        for (view, &sign) in self.views.iter().zip(signs) {
            let (field, _) = view.fixed.levelled(&self.picture(view, correction), None);
            all.add(view.fixed.similarity(&field, sign));
        }
        all
    }

    /// How the views change about a correction, by differences either way.
    pub fn changes(&self, correction: &Correction) -> Vec<Changes> {
        self.views
            .par_iter()
            .map(|view| {
                let knee = view.fixed.levelled(&self.picture(view, correction), None).1;
                let moved: Vec<GradientField> = (0..12_usize)
                    .into_par_iter()
                    .map(|which| {
                        let mut six = [0.0; 6];
                        six[which / 2] = if which % 2 == 0 {
                            self.step
                        } else {
                            -self.step
                        };
                        let moved = self.axes.moved(correction, &six);
                        view.fixed
                            .levelled(&self.picture(view, &moved), Some(knee))
                            .0
                    })
                    .collect();
                let fields = std::array::from_fn(|k| self.change(&moved[2 * k], &moved[2 * k + 1]));
                Changes { fields, knee }
            })
            .collect()
    }

    /// Likeness at a correction with slopes and curvature from changes found near it.
    pub fn slopes(&self, correction: &Correction, near: &[Changes], signs: &[f64]) -> Similarity {
        let mut all = Similarity::default();
        for ((view, changes), &sign) in self.views.iter().zip(near).zip(signs) {
            let picture = self.picture(view, correction);
            let (here, _) = view.fixed.levelled(&picture, Some(changes.knee));
            all.add(view.fixed.slopes(&here, &changes.fields, sign));
        }
        all
    }

    fn change(&self, more: &GradientField, less: &GradientField) -> GradientField {
        let scale = (0.5 / self.step) as f32;
        let change = |more: &[f32], less: &[f32]| {
            let pairs = more.iter().zip(less);
            pairs.map(|(more, less)| (more - less) * scale).collect()
        };
        GradientField {
            size: more.size,
            right: change(&more.right, &less.right),
            down: change(&more.down, &less.down),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees};

    #[test]
    fn a_region_lies_about_its_point_and_keeps_the_plane() {
        let beam = CArmPose {
            angles: CArmAngles {
                primary: Degrees(10.0),
                secondary: Degrees(5.0),
            },
            isocenter: Point::new(0.0, 0.0, 0.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 700.0,
        }
        .beam()
        .unwrap();
        let own = Receptor::centered([512, 512], 0.4);
        let about = Point::new(20.0, -15.0, 30.0);
        let region = region(&beam, &own, about, 50.0, 1.0).unwrap();
        let at = beam.pixel_of(about, &region).unwrap();
        let middle = (region.size[0] as f64 - 1.0) / 2.0;
        assert!((at.x - middle).abs() < 1e-9 && (at.y - middle).abs() < 1e-9);
        // 50 mm at the point's depth on both sides.
        let width = region.pixel_mm[0] * (region.size[0] as f64 - 1.0);
        let magnification = beam.project(about).unwrap().magnification;
        assert!((width - 100.0 * magnification).abs() < 2.1 * region.pixel_mm[0]);
        // Another point of the plane is the same in both.
        let other = beam.point_of(glam::DVec2::new(3.0, 4.0), &region);
        let pixel = beam.pixel_of(other, &own).unwrap();
        assert!(beam.point_of(pixel, &own).distance(other) < 1e-9);
    }
}
