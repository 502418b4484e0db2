//! Midline plane and vertebra axes that follow from what was declared of the spine
//! (clinical reference sheet, 2.5 items 8 and 9).

use glam::{DMat3, DVec3};

use super::readout::Known;
use super::spine::{EndPlate, EndPlateFace, Spine, midline_normal};
use crate::geometry::{CArmAngles, Degrees, Lps, OperatorAngles, Point, Vector};
use crate::study::{Side, Vertebra};

/// What the midline rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MidlineSource {
    /// Three clicks.
    Clicks,
    /// Labelled bodies and spinous processes.
    SpinousProcesses,
    /// Labelled bodies alone: taken as not turned about the body axis.
    Bodies,
}

impl MidlineSource {
    /// As shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Clicks => "from three clicks",
            Self::SpinousProcesses => "from bodies and spinous processes",
            Self::Bodies => "from bodies alone, taken as not rotated",
        }
    }
}

/// The mid-sagittal plane of the spine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Midline {
    /// A point of it, LPS mm.
    pub origin: Point<Lps>,
    /// Unit normal toward the patient's left.
    pub left: Vector<Lps>,
    /// What it rests on.
    pub source: MidlineSource,
}

impl Midline {
    /// The clicked midline, else the one through the labels; why there is none.
    pub fn of(spine: &Spine) -> Known<Self> {
        if let Some(points) = &spine.midline {
            let left = midline_normal(points).ok_or("The three clicks lie on a line")?;
            return Ok(Self {
                origin: points[0],
                left,
                source: MidlineSource::Clicks,
            });
        }
        let bodies: Vec<DVec3> = spine.labels.iter().map(|label| label.body.0).collect();
        let tips = spine
            .labels
            .iter()
            .filter_map(|label| Some(label.spinous_process?.0));
        let mut all = bodies.clone();
        all.extend(tips);
        let (origin, left) = if all.len() > bodies.len() && bodies.len() > 1 {
            fitted(&all, true).ok_or("The labels do not span a midline plane")?
        } else if bodies.len() > 1 {
            fitted(&bodies, false).ok_or("The labels do not span a midline plane")?
        } else {
            return Err("No midline yet: click it, or label two vertebrae".to_owned());
        };
        let source = match all.len() > bodies.len() {
            true => MidlineSource::SpinousProcesses,
            false => MidlineSource::Bodies,
        };
        Ok(Self {
            origin: Point::from_vec(origin),
            left,
            source,
        })
    }

    /// Distance from the midline, mm; + on the patient's left.
    pub fn offset_mm(&self, point: Point<Lps>) -> f64 {
        (point - self.origin).dot(self.left)
    }

    /// Distance and side.
    pub fn lateral(&self, point: Point<Lps>) -> (f64, Side) {
        let offset_mm = self.offset_mm(point);
        (offset_mm.abs(), Side::of(offset_mm))
    }
}

/// Least squares of x over (y, z), or over z alone: a midline is nearly sagittal, so x is what
/// its points disagree in. `None` where the points leave the plane open.
fn fitted(points: &[DVec3], rotated: bool) -> Option<(DVec3, Vector<Lps>)> {
    let middle = points.iter().sum::<DVec3>() / points.len() as f64;
    let (mut yy, mut yz, mut zz, mut xy, mut xz) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for point in points {
        let d = *point - middle;
        yy += d.y * d.y;
        yz += d.y * d.z;
        zz += d.z * d.z;
        xy += d.x * d.y;
        xz += d.x * d.z;
    }
    let (along_y, along_z) = if rotated {
        let determinant = yy * zz - yz * yz;
        // Spread of at least 5 mm across the thinnest direction.
        if determinant < 25.0 * (yy + zz) {
            return None;
        }
        (
            (xy * zz - xz * yz) / determinant,
            (xz * yy - xy * yz) / determinant,
        )
    } else {
        if zz < 25.0 {
            return None;
        }
        (0.0, xz / zz)
    };
    let left = Vector::new(1.0, -along_y, -along_z).direction()?;
    (left.0.x > 0.7).then_some((middle, left))
}

/// Axes of one vertebra, unit and at right angles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VertebraFrame {
    /// Toward its left.
    pub left: Vector<Lps>,
    /// Toward its back.
    pub posterior: Vector<Lps>,
    /// Normal of its end-plate, toward the head.
    pub superior: Vector<Lps>,
}

impl VertebraFrame {
    /// Axes of a vertebra whose end-plate was clicked. Left is across its own spinous process where
    /// that was clicked, else across the midline.
    pub fn of(spine: &Spine, vertebra: Vertebra, face: EndPlateFace) -> Known<Self> {
        let plate = spine.end_plate(vertebra, face).ok_or_else(|| {
            format!(
                "Click the {} end-plate of {vertebra} to square it",
                face.word()
            )
        })?;
        let along = backwards(plate);
        let own = spine
            .label(vertebra)
            .and_then(|label| Some((label.spinous_process? - label.body, label.body)));
        let left = match (own, Midline::of(spine)) {
            (Some((back, _)), _) => {
                // Seen from above: at right angles to the way to the spinous process.
                Vector::new(back.0.y, -back.0.x, 0.0)
            }
            (None, Ok(midline)) => midline.left,
            (None, Err(reason)) => return Err(reason),
        };
        let flat =
            || format!("The end-plate of {vertebra} runs across the midline; click it again");
        let superior = left.cross(along).direction().ok_or_else(flat)?;
        let posterior = along.direction().ok_or_else(flat)?;
        if superior.0.z < 0.3 {
            return Err(flat());
        }
        Ok(Self {
            left: posterior.cross(superior),
            posterior,
            superior,
        })
    }

    /// κ, τ of a needle about this vertebra instead of about the patient (2.5 item 9).
    pub fn operator_angles(&self, entry_to_target: Vector<Lps>) -> Option<OperatorAngles> {
        let own = DMat3::from_cols(self.left.0, self.posterior.0, self.superior.0).transpose()
            * entry_to_target.0;
        CArmAngles::of_needle(Vector::from_vec(own)).map(CArmAngles::operator)
    }

    /// Tilt τ that makes the end-plate edge-on at oblique κ (2.5 item 8).
    pub fn squared_tilt(&self, oblique: Degrees) -> Degrees {
        let (sin, cos) = oblique.to_radians().sin_cos();
        let toward_operator = Vector::<Lps>::new(sin, cos, 0.0);
        let leaning = self.superior.dot(toward_operator);
        Degrees::from_radians(-leaning.atan2(self.superior.0.z))
    }
}

/// From the front click of an end-plate to the back one.
fn backwards(plate: &EndPlate) -> Vector<Lps> {
    let along = plate.points[1] - plate.points[0];
    if along.0.y < 0.0 { -along } else { along }
}

/// Where a point lies along the labelled vertebrae: 23.5 is half way from the 23rd body (L4) to the
/// 24th. The count runs from C1 = 1; see [`super::VertebraCount::place`].
///
/// Up to one vertebra beyond the last label is counted on at the pace of the last two.
pub fn place_along(spine: &Spine, point: Point<Lps>) -> Known<f64> {
    let count = spine.count_or_usual();
    let bodies: Vec<(f64, Point<Lps>)> = spine
        .labels
        .iter()
        .filter_map(|label| Some((f64::from(count.place(label.vertebra)?), label.body)))
        .collect();
    let mut best: Option<(f64, f64)> = None;
    for (index, pair) in bodies.windows(2).enumerate() {
        let [(upper, a), (lower, b)] = pair else {
            continue;
        };
        if lower - upper > 2.5 {
            continue;
        }
        let along = *b - *a;
        let squared = along.dot(along);
        if squared < 1.0 {
            continue;
        }
        let reach = 1.0 / (lower - upper);
        let from = if index == 0 { -reach } else { 0.0 };
        let to = if index + 2 == bodies.len() {
            1.0 + reach
        } else {
            1.0
        };
        let share = (point - *a).dot(along) / squared;
        let held = share.clamp(from, to);
        // How far along the spine the point lies beyond this stretch; sideways does not matter.
        let beyond_mm = (share - held).abs() * squared.sqrt();
        let place = upper + held * (lower - upper);
        if best.is_none_or(|(least, _)| beyond_mm < least) {
            best = Some((beyond_mm, place));
        }
    }
    match best {
        Some((beyond_mm, place)) if beyond_mm < 15.0 => Ok(place),
        Some(_) => Err("The needle lies beyond the labelled vertebrae; label more".to_owned()),
        None => Err("Label two neighbouring vertebrae to check the level".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{SpineEdit, VertebraLabel};

    fn spine(edits: &[SpineEdit]) -> Spine {
        let mut spine = Spine::default();
        for edit in edits {
            spine.apply(edit).unwrap();
        }
        spine
    }

    fn label(name: &str, body: [f64; 3], tip: Option<[f64; 3]>) -> SpineEdit {
        SpineEdit::Label(VertebraLabel {
            vertebra: name.parse().unwrap(),
            body: body.into(),
            spinous_process: tip.map(Point::from),
        })
    }

    #[test]
    fn the_midline_follows_clicks_then_spinous_processes_then_bodies() {
        assert!(Midline::of(&Spine::default()).is_err());
        // A spine 4 mm to the left, turned by atan(3/50) about its axis.
        let bodies = [
            label("L4", [4., 0., 40.], None),
            label("L5", [4., 0., 0.], None),
        ];
        let midline = Midline::of(&spine(&bodies)).unwrap();
        assert_eq!(midline.source, MidlineSource::Bodies);
        assert!((midline.offset_mm(Point::new(24., 50., 20.)) - 20.0).abs() < 1e-9);
        let turned = [
            label("L4", [4., 0., 40.], Some([7., 50., 30.])),
            label("L5", [4., 0., 0.], Some([7., 50., -10.])),
        ];
        let midline = Midline::of(&spine(&turned)).unwrap();
        assert_eq!(midline.source, MidlineSource::SpinousProcesses);
        assert!(midline.offset_mm(Point::new(10., 100., 20.)).abs() < 1e-9);
        assert_eq!(midline.lateral(Point::new(-9., 0., 0.)).1, Side::Right);
        let clicked = spine(&[SpineEdit::SetMidline(Some([
            Point::new(1., 0., 0.),
            Point::new(1., 60., 0.),
            Point::new(1., 30., 90.),
        ]))]);
        let midline = Midline::of(&clicked).unwrap();
        assert!((midline.offset_mm(Point::new(31., 9., 9.)) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn squaring_an_end_plate_that_leans_forward_needs_a_cephalad_tilt() {
        // L4 of the sheet: anterior edge 10° lower, so τ = +10 at κ 0 (2.5 item 8).
        let lean = 10.0_f64.to_radians();
        let vertebra = "L4".parse().unwrap();
        let plate = EndPlate {
            vertebra,
            face: EndPlateFace::Superior,
            points: [
                Point::new(0., 0., 0.),
                Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
            ],
        };
        let spine = spine(&[
            label("L4", [0., 15., -15.], Some([0., 80., -20.])),
            SpineEdit::SetEndPlate(plate),
        ]);
        let frame = VertebraFrame::of(&spine, vertebra, EndPlateFace::Superior).unwrap();
        assert!((frame.squared_tilt(Degrees(0.0)).0 - 10.0).abs() < 1e-9);
        // From the side the plate is seen edge-on without tilt.
        assert!(frame.squared_tilt(Degrees(90.0)).0.abs() < 1e-9);
        assert!((frame.squared_tilt(Degrees(180.0)).0 + 10.0).abs() < 1e-9);
        // A needle square to the plate from behind: κ 0, τ 0 about the vertebra, +10 about the patient.
        let needle = -frame.posterior;
        let own = frame.operator_angles(needle).unwrap();
        assert!(own.oblique.0.abs() < 1e-9 && own.tilt.0.abs() < 1e-9);
        let patient = CArmAngles::of_needle(needle).unwrap().operator();
        assert!((patient.tilt.0 - 10.0).abs() < 1e-9, "{patient:?}");
        assert!(VertebraFrame::of(&spine, "L5".parse().unwrap(), EndPlateFace::Superior).is_err());
    }

    #[test]
    fn a_place_is_counted_along_the_bodies() {
        let spine = spine(&[
            label("L3", [0., 0., 70.], None),
            label("L4", [0., 0., 35.], None),
            label("L5", [0., 10., 0.], None),
        ]);
        let at = |y: f64, z: f64| place_along(&spine, Point::new(20., y, z));
        assert!((at(0., 35.).unwrap() - 23.0).abs() < 1e-9);
        assert!((at(40., 52.5).unwrap() - 22.5).abs() < 1e-9);
        assert!((at(0., 105.).unwrap() - 21.0).abs() < 1e-9);
        assert!(at(0., 130.).unwrap_err().contains("label more"));
        assert!(place_along(&Spine::default(), Point::new(0., 0., 0.)).is_err());
    }
}
