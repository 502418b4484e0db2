//! The numbers of one needle that need no voxels: length, angles, C-arm positions, reserve.

use super::{Needle, NeedleCatalogue, Trajectory, phrase};
use crate::geometry::{
    CArmAngles, ConsoleAngles, Degrees, NeedleAngles, OperatorAngles, PatientPosition,
    SideCArmAngles, needle_angle,
};

/// A number, or the reason why there is none, as a sentence for the person.
pub type Known<T> = Result<T, String>;

/// What the plan alone says of a needle (clinical reference sheet, section 2).
#[derive(Debug, Clone, PartialEq)]
pub struct TrajectoryReadout {
    /// Entry to target, mm.
    pub length_mm: Known<f64>,
    /// φ: in the axial plane from vertical, 0–90°.
    pub in_plane: Known<Degrees>,
    /// The word that goes with φ: `toward left`, `toward right` or `vertical`.
    pub in_plane_direction: Known<&'static str>,
    /// ψ: + tip cranial.
    pub out_of_plane: Known<Degrees>,
    /// ψs: ψ on a lateral view.
    pub sagittal_projected: Known<Degrees>,
    /// T: DICOM-signed gantry tilt that holds the needle in one slice.
    pub gantry_tilt: Known<Degrees>,
    /// C-arm position that sees the needle end-on.
    pub carm: CArmReadout,
    /// Needle length left outside the skin when the tip is at the target and the entry is where
    /// it is drawn, mm; negative when the needle is too short.
    pub needle_reserve_mm: Known<f64>,
}

/// The bull's-eye view in every form an operator may need.
#[derive(Debug, Clone, PartialEq)]
pub struct CArmReadout {
    /// α, β: DICOM positioner pair.
    pub dicom: Known<CArmAngles>,
    /// κ, τ: the operator's oblique and tilt from straight posterior.
    pub operator: Known<OperatorAngles>,
    /// α_eq, β_eq: what a console shows that takes every patient for head first supine.
    pub console: Known<ConsoleAngles>,
    /// Mechanical angles of a C-arm parked at the table side.
    pub side: Known<SideCArmAngles>,
    /// As spoken.
    pub phrase: Known<String>,
}

const NO_POSITION: &str = "The patient position (HFS, HFP …) is not known; declare it in the plan";
const NO_LENGTH: &str = "Entry and target are at the same place";

impl TrajectoryReadout {
    /// Computes everything; `position` is the declared patient position.
    pub fn of(
        trajectory: &Trajectory,
        position: Option<PatientPosition>,
        catalogue: &NeedleCatalogue,
    ) -> Self {
        let path = match (trajectory.entry, trajectory.target) {
            (Some(entry), Some(target)) => Ok(target - entry),
            (None, Some(_)) => Err("No entry yet"),
            (Some(_), None) => Err("No target yet"),
            (None, None) => Err("No target and no entry yet"),
        };
        let reason = |reason: &str| reason.to_owned();
        let position = position.ok_or(NO_POSITION);
        let angles = path.and_then(|path| NeedleAngles::of(path).ok_or(NO_LENGTH));
        let direction = path.and_then(|path| path.direction().ok_or(NO_LENGTH));
        let dicom = path.and_then(|path| CArmAngles::of_needle(path).ok_or(NO_LENGTH));
        let placed = |dicom: CArmAngles| position.map(|position| (dicom, position));
        let tilt = direction.and_then(|n| {
            needle_angle::gantry_tilt(n, position?)
                .ok_or("The needle is level in the room: no gantry tilt holds it in a slice")
        });
        Self {
            length_mm: path
                .map(super::super::geometry::space::Vector::length)
                .map_err(reason),
            in_plane: angles
                .and_then(|angles| angles.in_plane.ok_or("The needle runs along the body axis"))
                .map_err(reason),
            in_plane_direction: direction.map(|n| lateral_word(n.0.x)).map_err(reason),
            out_of_plane: angles.map(|angles| angles.out_of_plane).map_err(reason),
            sagittal_projected: angles
                .and_then(|angles| {
                    angles
                        .sagittal_projected
                        .ok_or("The needle is a point on a lateral view")
                })
                .map_err(reason),
            gantry_tilt: tilt.map_err(reason),
            carm: CArmReadout {
                dicom: dicom.map_err(reason),
                operator: dicom.map(CArmAngles::operator).map_err(reason),
                console: dicom
                    .and_then(placed)
                    .map(|(d, p)| d.console(p))
                    .map_err(reason),
                side: dicom
                    .and_then(placed)
                    .map(|(d, p)| d.side_carm(p))
                    .map_err(reason),
                phrase: dicom.map(phrase::carm).map_err(reason),
            },
            needle_reserve_mm: reserve_mm(trajectory, catalogue),
        }
    }
}

fn lateral_word(n_x: f64) -> &'static str {
    if n_x > 1e-3 {
        "toward left"
    } else if n_x < -1e-3 {
        "toward right"
    } else {
        "vertical"
    }
}

fn reserve_mm(trajectory: &Trajectory, catalogue: &NeedleCatalogue) -> Known<f64> {
    let segment = trajectory
        .segment()
        .ok_or("Entry and target are not both placed")?;
    Ok(chosen_needle(trajectory, catalogue)?.length_mm - segment.length_mm())
}

/// The catalogue's needle that a trajectory names, or why there is none.
pub fn chosen_needle<'a>(
    trajectory: &Trajectory,
    catalogue: &'a NeedleCatalogue,
) -> Known<&'a Needle> {
    let id = trajectory.needle.as_deref().ok_or("No needle chosen")?;
    catalogue
        .find(id)
        .ok_or_else(|| format!("Needle {id:?} is not in the catalogue; choose another"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::TrajectoryId;

    fn readout(position: Option<PatientPosition>) -> TrajectoryReadout {
        let mut needle = Trajectory::new(TrajectoryId(0), "row 7".to_owned());
        needle.entry = Some([-68., 150., -12.].into());
        needle.target = Some([-22., 78., 6.].into());
        TrajectoryReadout::of(&needle, position, NeedleCatalogue::builtin())
    }

    #[test]
    fn row_7_of_section_2_8_comes_out_whole() {
        let numbers = readout(Some(PatientPosition::HeadFirstProne));
        let near = |angle: Degrees, wanted: f64| {
            assert!((angle.0 - wanted).abs() < 0.05, "{angle:?} {wanted}");
        };
        assert!((numbers.length_mm.unwrap() - 87.316).abs() < 5e-4);
        near(numbers.in_plane.unwrap(), 32.6);
        near(numbers.out_of_plane.unwrap(), 11.9);
        near(numbers.sagittal_projected.unwrap(), 14.0);
        near(numbers.gantry_tilt.unwrap(), 14.0);
        near(numbers.carm.dicom.clone().unwrap().primary, -147.4);
        near(numbers.carm.operator.clone().unwrap().oblique, -32.6);
        near(numbers.carm.console.clone().unwrap().primary, 32.6);
        near(numbers.carm.side.clone().unwrap().orbital, 31.8);
        assert!((numbers.needle_reserve_mm.unwrap() - (90.0 - 87.316)).abs() < 5e-4);
        assert_eq!(numbers.in_plane_direction.unwrap(), "toward left");
    }

    #[test]
    fn what_needs_the_patient_position_says_so() {
        let numbers = readout(None);
        assert!(
            numbers
                .carm
                .console
                .unwrap_err()
                .contains("patient position")
        );
        assert!(
            numbers
                .gantry_tilt
                .unwrap_err()
                .contains("patient position")
        );
        assert!(numbers.carm.dicom.is_ok() && numbers.carm.phrase.is_ok());
    }

    #[test]
    fn an_unfinished_needle_gives_reasons_not_numbers() {
        let catalogue = NeedleCatalogue::builtin();
        let mut needle = Trajectory::new(TrajectoryId(0), "half".to_owned());
        needle.target = Some([0., 0., 0.].into());
        let numbers = TrajectoryReadout::of(&needle, None, catalogue);
        assert_eq!(numbers.length_mm, Err("No entry yet".to_owned()));
        needle.entry = needle.target;
        let numbers = TrajectoryReadout::of(&needle, None, catalogue);
        assert_eq!(numbers.length_mm, Ok(0.0));
        assert!(numbers.out_of_plane.unwrap_err().contains("same place"));
        needle.needle = Some("made-up".to_owned());
        let numbers = TrajectoryReadout::of(&needle, None, catalogue);
        assert!(numbers.needle_reserve_mm.unwrap_err().contains("made-up"));
        needle.needle = None;
        assert!(
            chosen_needle(&needle, catalogue)
                .unwrap_err()
                .contains("No needle")
        );
    }
}
