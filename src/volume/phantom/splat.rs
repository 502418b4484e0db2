//! Small clouds of attenuating stuff that are not in the CT: needles and contrast medium. Their
//! line integrals are known in closed form and are added to those of the volume.

use glam::{DVec2, DVec3};

use crate::geometry::{ConeBeam, Point, Receptor};

/// A round Gaussian cloud.
#[derive(Debug, Clone, Copy)]
pub(super) struct Splat {
    /// Its middle, LPS mm.
    pub(super) at_lps_mm: DVec3,
    /// Its standard deviation, mm.
    pub(super) sigma_mm: f64,
    /// Attenuation times volume, mm⁻¹ · mm³.
    pub(super) mass_mm2: f64,
    /// Seconds after the start of the injection from which it is there.
    pub(super) arrives_s: f64,
}

/// Standard deviations up to which a cloud is drawn.
const REACH: f64 = 3.2;
/// Smallest standard deviation drawn, pixels; a finer one would fall between their centres.
const LEAST_SIGMA: f64 = 0.55;

/// Adds the line integrals of clouds to those of a picture, row by row.
pub(super) fn add<'a>(
    splats: impl IntoIterator<Item = &'a Splat>,
    beam: &ConeBeam,
    receptor: &Receptor,
    picture: &mut [f32],
) {
    let [columns, rows] = receptor.size;
    let pixel_mm = receptor.pixel_mm[0];
    for splat in splats {
        let point = Point::from(splat.at_lps_mm.to_array());
        let Some((middle, seen)) = beam.pixel_of(point, receptor).zip(beam.project(point)) else {
            continue;
        };
        let shown = splat.sigma_mm * seen.magnification / pixel_mm;
        let sigma = shown.max(LEAST_SIGMA);
        // Across the beam the cloud is a Gaussian of the same mass, seen larger by the distance.
        let at_object_mm = sigma * pixel_mm / seen.magnification;
        let peak = splat.mass_mm2 / (std::f64::consts::TAU * at_object_mm * at_object_mm);
        let reach = REACH * sigma;
        let range = |centre: f64, count: usize| {
            let from = (centre - reach).ceil().max(0.0);
            let to = (centre + reach).floor().min(count as f64 - 1.0);
            (from <= to).then_some(from as usize..=to as usize)
        };
        let Some((across, down)) = range(middle.x, columns).zip(range(middle.y, rows)) else {
            continue;
        };
        for row in down {
            for column in across.clone() {
                let off = DVec2::new(column as f64, row as f64) - middle;
                let value = peak * (-0.5 * off.length_squared() / (sigma * sigma)).exp();
                if let Some(pixel) = picture.get_mut(row * columns + column) {
                    *pixel += value as f32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees};

    #[test]
    fn the_mass_of_a_cloud_is_kept_in_the_picture() {
        let pose = CArmPose {
            angles: CArmAngles {
                primary: Degrees(153.0),
                secondary: Degrees(7.0),
            },
            isocenter: Point::new(4.0, -130.0, -420.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 700.0,
        };
        let beam = pose.beam().unwrap();
        let receptor = Receptor::centered([96, 80], 0.4);
        for sigma_mm in [0.05, 0.3, 1.1] {
            let splat = Splat {
                at_lps_mm: pose.isocenter.0 + DVec3::new(1.3, -2.0, 0.7),
                sigma_mm,
                mass_mm2: 2.5,
                arrives_s: 0.0,
            };
            let mut picture = vec![0.0; 96 * 80];
            add([&splat], &beam, &receptor, &mut picture);
            // Each pixel stands for its area at the depth of the cloud.
            let seen = beam
                .project(Point::from(splat.at_lps_mm.to_array()))
                .unwrap();
            let area_mm2 = (0.4 / seen.magnification).powi(2);
            let sum: f64 = picture.iter().map(|v| f64::from(*v) * area_mm2).sum();
            assert!((sum - 2.5).abs() < 0.03, "{sigma_mm}: {sum}");
        }
    }
}
