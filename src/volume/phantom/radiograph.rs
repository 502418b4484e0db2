//! Views of the sample body with a C-arm, and the needles in them.

use glam::DVec3;

use super::splat::Splat;
use super::truth::{ReferencePath, Truth};
use super::xray_detector::Blades;
use crate::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Point, Receptor, Vector};

/// Attenuation of steel at 65 keV, 1/mm: 0.982 cm²/g of iron (4.3) at 7.9 g/cm³.
const STEEL_PER_MM: f64 = 0.776;
/// Attenuation of the plastic of a hub, 1/mm; ours.
const PLASTIC_PER_MM: f64 = 0.022;
/// Length of the hub and its diameter, mm.
const HUB_MM: [f64; 2] = [24.0, 6.0];
/// Distance of the clouds that a needle is made of, mm.
const STEP_MM: f64 = 0.1;

/// A C-arm and its collimated receptor.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) pose: CArmPose,
    pub(super) beam: ConeBeam,
    pub(super) receptor: Receptor,
    pub(super) blades: Blades,
}

impl View {
    /// None where the distances make no beam.
    pub(super) fn new(pose: CArmPose, receptor: Receptor, blades: Blades) -> Option<Self> {
        Some(Self {
            pose,
            beam: pose.beam()?,
            receptor,
            blades,
        })
    }

    /// The middle of the receptor, of as many pixels each way, and what of a picture lies there.
    pub(super) fn middle(
        &self,
        integrals: &[f32],
        count: usize,
        blades: Blades,
    ) -> (Self, Vec<f32>) {
        let [columns, rows] = self.receptor.size;
        let size = [columns.min(count), rows.min(count)];
        let [left, top] = [(columns - size[0]) / 2, (rows - size[1]) / 2];
        let part = integrals
            .chunks(columns.max(1))
            .skip(top)
            .take(size[1])
            .flat_map(|line| line.iter().skip(left).take(size[0]).copied())
            .collect();
        let view = Self {
            receptor: Receptor::centered(size, self.receptor.pixel_mm[0]),
            blades,
            ..*self
        };
        (view, part)
    }
}

/// A C-arm turned about the middle between the pedicles of a vertebra.
///
/// `oblique_deg` is counted from a receptor behind the patient towards the left. Where `is_square`,
/// the beam lies in the plane of the upper end-plate.
pub(super) fn pose_at(
    truth: &Truth,
    level: &str,
    (oblique_deg, is_square): (f64, bool),
) -> Option<CArmPose> {
    let vertebra = truth.vertebrae.iter().find(|v| v.level == level)?;
    let [left, right] = vertebra.pedicle_isthmus_lps_mm;
    let alpha = (180.0 - oblique_deg).to_radians();
    let normal = vertebra.superior_normal;
    // d · n = 0 for d = (sin α cos β, −cos α cos β, sin β).
    let square = (alpha.cos() * normal.y - alpha.sin() * normal.x) / normal.z;
    let secondary_deg = if is_square {
        square.atan().to_degrees()
    } else {
        0.0
    };
    let angles = CArmAngles {
        primary: Degrees(180.0 - oblique_deg),
        secondary: Degrees(secondary_deg),
    };
    Some(pose(angles, left.midpoint(right)))
}

/// A C-arm that sees a path end-on, its tip at the isocentre.
pub(super) fn pose_along(path: &ReferencePath, tip_lps_mm: DVec3) -> Option<CArmPose> {
    let inwards = Vector::from((tip_lps_mm - path.entry_lps_mm).to_array());
    Some(pose(CArmAngles::of_needle(inwards)?, tip_lps_mm))
}

fn pose(angles: CArmAngles, isocenter_lps_mm: DVec3) -> CArmPose {
    let [source_to_detector_mm, source_to_isocenter_mm] = CArmPose::MOBILE_MM;
    // Consoles show tenths at best.
    let tenth = |angle: Degrees| Degrees((angle.0 * 10.0).round() / 10.0);
    CArmPose {
        angles: CArmAngles {
            primary: tenth(angles.primary),
            secondary: tenth(angles.secondary),
        },
        isocenter: Point::from(isocenter_lps_mm.to_array()),
        source_to_detector_mm,
        source_to_isocenter_mm,
    }
}

/// A needle of steel with a plastic hub.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needle {
    /// Outer diameter, mm.
    pub(super) diameter_mm: f64,
    /// Tip to hub, mm.
    pub(super) length_mm: f64,
}

impl Needle {
    /// 22 gauge, 127 mm.
    pub(super) const SPINAL: Self = Self {
        diameter_mm: 0.72,
        length_mm: 127.0,
    };
    /// Tuohy, 18 gauge, 90 mm.
    pub(super) const TUOHY: Self = Self {
        diameter_mm: 1.27,
        length_mm: 90.0,
    };

    /// The needle with its tip at the end of a path.
    pub(super) fn splats(self, path: &ReferencePath, tip_lps_mm: DVec3) -> Vec<Splat> {
        let outwards = (path.entry_lps_mm - tip_lps_mm).normalize_or(DVec3::Y);
        let rod = |diameter_mm: f64, per_mm: f64| {
            let area_mm2 = std::f64::consts::FRAC_PI_4 * diameter_mm * diameter_mm;
            // Half the radius is the spread of a disc seen from the side.
            (diameter_mm / 4.0 * 1.15, per_mm * area_mm2 * STEP_MM)
        };
        let shaft = rod(self.diameter_mm, STEEL_PER_MM);
        let hub = rod(HUB_MM[1], PLASTIC_PER_MM);
        // The hub of a needle longer than its path stands off the skin.
        let length_mm = self.length_mm.max(path.length_mm);
        let steps = ((length_mm + HUB_MM[0]) / STEP_MM) as usize;
        (0..steps)
            .map(|step| {
                let along_mm = (step as f64 + 0.5) * STEP_MM;
                let (sigma_mm, mass_mm2) = if along_mm < length_mm { shaft } else { hub };
                Splat {
                    at_lps_mm: tip_lps_mm + outwards * along_mm,
                    sigma_mm,
                    mass_mm2,
                    arrives_s: 0.0,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::Scene;
    use super::super::survey::survey;
    use super::*;

    #[test]
    fn the_squared_beam_lies_in_the_end_plate() {
        let truth = survey(0, &Scene::new(0).unwrap()).unwrap();
        let pose = pose_at(&truth, "L4", (30.0, true)).unwrap();
        let d = pose.angles.receptor_direction().0;
        let normal = truth.vertebrae[5].superior_normal;
        // Tenths of a degree are written.
        assert!(d.dot(normal).asin().to_degrees().abs() < 0.06);
        assert_eq!(pose.angles.primary, Degrees(150.0));
        assert!(d.x > 0.0 && d.y > 0.0, "receptor behind the left");
    }

    #[test]
    fn a_needle_ends_at_its_tip_and_has_the_attenuation_of_steel() {
        let path = ReferencePath {
            entry_lps_mm: DVec3::new(10.0, 70.0, 0.0),
            length_mm: 70.0,
            oblique_deg: 0.0,
            tilt_deg: 0.0,
        };
        let tip = DVec3::new(10.0, 0.0, 0.0);
        let splats = Needle::SPINAL.splats(&path, tip);
        let nearest = splats.iter().map(|s| s.at_lps_mm.y).fold(1e9, f64::min);
        assert!((nearest - 0.05).abs() < 1e-9);
        let in_body = splats.iter().filter(|s| s.at_lps_mm.y < 70.0);
        let mass: f64 = in_body.map(|s| s.mass_mm2).sum();
        // 70 mm of a cylinder of 0.72 mm.
        let wanted = 0.776 * std::f64::consts::PI * 0.36 * 0.36 * 70.0;
        assert!((mass / wanted - 1.0).abs() < 0.01, "{mass} {wanted}");
    }
}
