//! A point source of X-rays and a flat receptor: how patient points fall on a projection picture
//! (clinical reference sheet, 2.4).

use glam::{DAffine3, DMat3, DQuat, DVec2, DVec3};

use super::{CArmAngles, Lps, Point, Vector};

/// Points nearer to the source than this share of its distance from the receptor are not
/// projected: they would lie in the tube.
const LEAST_DEPTH_SHARE: f64 = 1e-3;

/// The picture that a receptor takes: its pixels, counted from the top-left one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Receptor {
    /// Columns and rows.
    pub size: [usize; 2],
    /// mm on the receptor between neighbouring columns and rows.
    pub pixel_mm: [f64; 2],
    /// Column and row (fractional; the first pixel's centre is 0, 0) that the central ray meets.
    pub center: [f64; 2],
}

impl Receptor {
    /// A receptor whose middle the central ray meets.
    pub fn centered(size: [usize; 2], pixel_mm: f64) -> Self {
        Self {
            size,
            pixel_mm: [pixel_mm; 2],
            center: size.map(|n| (n as f64 - 1.0) / 2.0),
        }
    }

    /// The same area with `factor` times larger pixels, at least one each way.
    pub fn coarser(&self, factor: f64) -> Self {
        let size = self
            .size
            .map(|n| ((n as f64 / factor).round() as usize).max(1));
        let ratio = |axis: usize| self.size[axis] as f64 / size[axis] as f64;
        Self {
            size,
            pixel_mm: [0, 1].map(|axis| self.pixel_mm[axis] * ratio(axis)),
            center: [0, 1].map(|axis| (self.center[axis] + 0.5) / ratio(axis) - 0.5),
        }
    }
}

/// Where a C-arm stands about the patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CArmPose {
    /// DICOM positioner angles.
    pub angles: CArmAngles,
    /// The point that the C-arm turns about.
    pub isocenter: Point<Lps>,
    /// SID, (0018,1110), mm.
    pub source_to_detector_mm: f64,
    /// SOD, (0018,9402), mm.
    pub source_to_isocenter_mm: f64,
}

impl CArmPose {
    /// Typical mobile C-arm distances (2.4), SID and SOD in mm.
    pub const MOBILE_MM: [f64; 2] = [1000.0, 700.0];

    /// The beam of this pose. `None` unless 0 < SOD < SID and all is finite.
    pub fn beam(&self) -> Option<ConeBeam> {
        let (sid, sod) = (self.source_to_detector_mm, self.source_to_isocenter_mm);
        let d = self.angles.receptor_direction();
        let (right, up) = self.angles.image_axes();
        let usable = sod > 0.0 && sid > sod && sid.is_finite() && self.isocenter.is_finite();
        (usable && d.is_finite()).then(|| ConeBeam {
            source: self.isocenter - d * sod,
            receptor_center: self.isocenter + d * (sid - sod),
            right,
            down: -up,
        })
    }
}

/// A point source and the plane of a receptor, in the patient.
///
/// The central ray runs from the source to `receptor_center` at right angles to the receptor.
/// The picture is seen from behind the receptor, looking back to the source (2.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConeBeam {
    /// Focal spot.
    pub source: Point<Lps>,
    /// Where the central ray meets the receptor.
    pub receptor_center: Point<Lps>,
    /// Unit direction of the picture's right, u of (2.3).
    pub right: Vector<Lps>,
    /// Unit direction of the picture's down, −v of (2.3).
    pub down: Vector<Lps>,
}

/// Where a patient point falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projected {
    /// mm on the receptor from the central ray: right and down.
    pub receptor_mm: DVec2,
    /// mm of the point from the source along the central ray.
    pub depth_mm: f64,
    /// Size on the receptor of what is 1 mm at the point: SID / depth.
    pub magnification: f64,
}

impl ConeBeam {
    /// SID: mm from the source to the receptor.
    pub fn source_to_detector_mm(&self) -> f64 {
        self.source.distance(self.receptor_center)
    }

    /// Unit direction of the central ray, photon travel.
    pub fn forward(&self) -> Vector<Lps> {
        self.down.cross(self.right)
    }

    /// Where a patient point falls (2.4); `None` at and behind the source.
    pub fn project(&self, point: Point<Lps>) -> Option<Projected> {
        let from = point - self.source;
        let depth_mm = from.dot(self.forward());
        let sid = self.source_to_detector_mm();
        if depth_mm.is_nan() || depth_mm <= LEAST_DEPTH_SHARE * sid {
            return None;
        }
        let magnification = sid / depth_mm;
        Some(Projected {
            receptor_mm: DVec2::new(from.dot(self.right), from.dot(self.down)) * magnification,
            depth_mm,
            magnification,
        })
    }

    /// Column and row (fractional) where a patient point falls; `None` at and behind the source.
    pub fn pixel_of(&self, point: Point<Lps>, receptor: &Receptor) -> Option<DVec2> {
        let at = self.project(point)?.receptor_mm;
        Some(DVec2::from_array(receptor.center) + at / DVec2::from_array(receptor.pixel_mm))
    }

    /// The patient point of the receptor's plane at a column and row (fractional).
    pub fn point_of(&self, pixel: DVec2, receptor: &Receptor) -> Point<Lps> {
        let mm =
            (pixel - DVec2::from_array(receptor.center)) * DVec2::from_array(receptor.pixel_mm);
        self.receptor_center + self.right * mm.x + self.down * mm.y
    }

    /// Unit direction of the ray from the source to a column and row (fractional).
    pub fn ray(&self, pixel: DVec2, receptor: &Receptor) -> Option<Vector<Lps>> {
        (self.point_of(pixel, receptor) - self.source).direction()
    }

    /// The same beam after the whole C-arm is moved: turned about `pivot` by `rotation_rad` (axis
    /// times angle, right-handed), then shifted.
    ///
    /// Moving the patient the other way gives the same picture.
    pub fn moved(
        &self,
        pivot: Point<Lps>,
        rotation_rad: Vector<Lps>,
        shift_mm: Vector<Lps>,
    ) -> Self {
        let turn = DAffine3::from_mat3_translation(
            DMat3::from_quat(DQuat::from_scaled_axis(rotation_rad.0)),
            DVec3::ZERO,
        );
        let point = |p: Point<Lps>| {
            pivot + shift_mm + Vector::from(turn.transform_vector3((p - pivot).0).to_array())
        };
        let vector = |v: Vector<Lps>| Vector::from(turn.transform_vector3(v.0).to_array());
        Self {
            source: point(self.source),
            receptor_center: point(self.receptor_center),
            right: vector(self.right),
            down: vector(self.down),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Degrees;

    fn pose(primary: f64, secondary: f64) -> CArmPose {
        let [source_to_detector_mm, source_to_isocenter_mm] = CArmPose::MOBILE_MM;
        CArmPose {
            angles: CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(secondary),
            },
            isocenter: Point::new(10.0, 20.0, 30.0),
            source_to_detector_mm,
            source_to_isocenter_mm,
        }
    }

    #[test]
    fn what_is_at_the_isocentre_is_magnified_by_sid_over_sod() {
        let pose = pose(33.0, -12.0);
        let beam = pose.beam().unwrap();
        let at = beam.project(pose.isocenter).unwrap();
        assert!(at.receptor_mm.length() < 1e-9);
        assert!((at.magnification - 1000.0 / 700.0).abs() < 1e-12);
        assert!((at.depth_mm - 700.0).abs() < 1e-9);
    }

    #[test]
    fn a_straight_frontal_beam_shows_the_left_on_the_right_and_the_head_on_top() {
        let pose = pose(0.0, 0.0);
        let beam = pose.beam().unwrap();
        // Receptor in front of the patient: −y.
        assert!((beam.receptor_center.0.y - (20.0 - 300.0)).abs() < 1e-9);
        let left = beam
            .project(pose.isocenter + Vector::new(7.0, 0.0, 0.0))
            .unwrap();
        assert!((left.receptor_mm.x - 10.0).abs() < 1e-9 && left.receptor_mm.y.abs() < 1e-9);
        let head = beam
            .project(pose.isocenter + Vector::new(0.0, 0.0, 7.0))
            .unwrap();
        assert!((head.receptor_mm.y + 10.0).abs() < 1e-9);
    }

    #[test]
    fn pixels_and_rays_are_inverse() {
        let beam = pose(120.0, 25.0).beam().unwrap();
        let receptor = Receptor::centered([512, 400], 0.5);
        let point = Point::new(-31.0, 64.0, 81.0);
        let pixel = beam.pixel_of(point, &receptor).unwrap();
        let ray = beam.ray(pixel, &receptor).unwrap();
        let along = (point - beam.source).direction().unwrap();
        assert!((ray - along).length() < 1e-12);
    }

    #[test]
    fn nothing_is_projected_from_behind_the_source() {
        let beam = pose(0.0, 0.0).beam().unwrap();
        assert!(beam.project(beam.source).is_none());
        assert!(beam.project(beam.source - beam.forward() * 5.0).is_none());
        let mut wrong = pose(0.0, 0.0);
        wrong.source_to_isocenter_mm = 1200.0;
        assert!(wrong.beam().is_none());
    }

    #[test]
    fn coarser_pixels_cover_the_same_area() {
        let fine = Receptor::centered([512, 256], 0.5);
        let coarse = fine.coarser(4.0);
        assert_eq!(coarse.size, [128, 64]);
        assert_eq!(coarse.pixel_mm, [2.0, 2.0]);
        // The left edge, half a pixel before the first centre, stays where it is.
        let edge = |r: &Receptor| (-0.5 - r.center[0]) * r.pixel_mm[0];
        assert!((edge(&fine) - edge(&coarse)).abs() < 1e-12);
    }

    #[test]
    fn a_quarter_turn_about_z_turns_ap_into_lateral() {
        let pose = pose(0.0, 0.0);
        let turned = pose.beam().unwrap().moved(
            pose.isocenter,
            Vector::new(0.0, 0.0, std::f64::consts::FRAC_PI_2),
            Vector::new(0.0, 0.0, 0.0),
        );
        let lateral = self::pose(90.0, 0.0).beam().unwrap();
        assert!(turned.source.distance(lateral.source) < 1e-9);
        assert!((turned.right - lateral.right).length() < 1e-12);
    }
}
