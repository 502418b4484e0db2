//! Simulated fluoroscopy: where the C-arm stands, how its pictures look, and the one it takes now.

use std::path::PathBuf;
use std::sync::Arc;

use glam::DVec2;

use super::AppState;
use super::drr_picture::DrrPictures;
use super::drr_preset::DrrPreset;
use super::job::Job;
use super::notice::Severity;
use crate::export::radiograph::Radiograph;
use crate::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Lps, Point, Receptor, wrap_180};
use crate::plan::carm_profile::{FIELD_MM, LEAST_GAP_MM, SID_MM};
use crate::volume::attenuation::{AttenuationModel, Energy};
use crate::volume::drr::Film;

/// Columns and rows of a full picture.
pub const PIXELS: usize = 512;

/// Smallest opening of the collimator, mm on the receptor.
pub const LEAST_OPENING_MM: f64 = 10.0;

/// What can be done with simulated fluoroscopy.
#[derive(Debug, Clone, PartialEq)]
pub enum DrrCommand {
    /// Turns the C-arm to these angles. Those out of range are brought into it.
    Angles(CArmAngles),
    /// Turns the C-arm by so much primary and secondary angle.
    Turn {
        /// Added to the primary angle.
        primary: Degrees,
        /// Added to the secondary angle.
        secondary: Degrees,
    },
    /// Turns the C-arm to a usual view.
    Preset(DrrPreset),
    /// SID and SOD, mm; brought into [`SID_MM`] and [`LEAST_GAP_MM`].
    Distances {
        /// SID.
        source_to_detector_mm: f64,
        /// SOD.
        source_to_isocenter_mm: f64,
    },
    /// Edge of the square receptor, mm; brought into [`FIELD_MM`].
    Field(f64),
    /// Width and height of the collimator's opening, mm on the receptor; `None` opens it.
    Collimate(Option<[f64; 2]>),
    /// What the C-arm turns about.
    Isocenter(IsocenterChoice),
    /// How the picture looks.
    Film(Film),
    /// Energy of the beam.
    Energy(Energy),
    /// Needles and targets over the picture on or off.
    ShowPlan(bool),
    /// Outlines of the structures shown over the picture on or off.
    ShowStructures(bool),
    /// Saves the picture as a DICOM file.
    Save(PathBuf),
}

/// What the C-arm turns about.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum IsocenterChoice {
    /// The target of the needle that the views follow; the crosshair where there is none.
    #[default]
    Target,
    /// The crosshair.
    Crosshair,
    /// A patient point.
    Fixed(Point<Lps>),
}

/// Where the C-arm stands and how its pictures look; one for the program, as there is one in the
/// room.
pub struct DrrStage {
    /// Positioner angles.
    pub angles: CArmAngles,
    /// SID, mm.
    pub source_to_detector_mm: f64,
    /// SOD, mm.
    pub source_to_isocenter_mm: f64,
    /// Edge of the square receptor, mm.
    pub field_mm: f64,
    /// Width and height of the collimator's opening, mm on the receptor; open where `None`.
    pub collimation_mm: Option<[f64; 2]>,
    /// What it turns about.
    pub isocenter: IsocenterChoice,
    /// How the pictures look.
    pub film: Film,
    /// From which energies the attenuation follows.
    pub model: AttenuationModel,
    /// Needles and targets are drawn over the picture.
    pub show_plan: bool,
    /// Outlines of the structures shown are drawn over it. Off at first: with a whole label map
    /// they hide the picture.
    pub show_structures: bool,
    /// Somebody has turned the C-arm; before, it stands straight over the patient.
    pub(super) turned: bool,
    pub(super) pictures: DrrPictures,
    pub(super) saving: Option<Job<(), Result<PathBuf, String>>>,
}

impl Default for DrrStage {
    fn default() -> Self {
        let [source_to_detector_mm, source_to_isocenter_mm] = CArmPose::MOBILE_MM;
        Self {
            angles: CArmAngles {
                primary: Degrees(0.0),
                secondary: Degrees(0.0),
            },
            source_to_detector_mm,
            source_to_isocenter_mm,
            field_mm: 300.0,
            collimation_mm: None,
            isocenter: IsocenterChoice::default(),
            film: Film::Fluoroscopy,
            model: AttenuationModel::default(),
            show_plan: true,
            show_structures: false,
            turned: false,
            pictures: DrrPictures::default(),
            saving: None,
        }
    }
}

/// The shadow of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadow {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Closed lines, columns and rows (fractional) of the picture.
    pub lines: Vec<Vec<DVec2>>,
}

/// A picture that the C-arm took.
#[derive(Debug, Clone)]
pub struct DrrPicture {
    /// How the C-arm stood.
    pub pose: CArmPose,
    /// Its beam.
    pub beam: ConeBeam,
    /// Pixels of this picture; coarser ones while the C-arm moves.
    pub receptor: Receptor,
    /// From which energies the attenuation followed.
    pub model: AttenuationModel,
    /// −ln(I/I0), row by row.
    pub integrals: Arc<Vec<f32>>,
    /// Outlines of the structures' shadows.
    pub shadows: Vec<Shadow>,
    /// Whether it has all the pixels.
    pub full: bool,
}

impl DrrPicture {
    /// Greys of its pixels, black where the collimator is closed.
    pub fn greys(&self, film: Film, opening: Option<[usize; 4]>) -> Vec<u8> {
        let radiograph = Radiograph {
            pose: &self.pose,
            receptor: &self.receptor,
            integrals: &self.integrals,
            model: self.model,
            film,
            opening,
        };
        radiograph.greys()
    }
}

impl DrrStage {
    /// The last picture, which may be one of a moment ago.
    pub fn picture(&self) -> Option<&Arc<DrrPicture>> {
        self.pictures.shown()
    }

    /// Why there is no picture, or what is being done for it.
    pub fn status(&self) -> Option<&str> {
        self.pictures.status()
    }

    /// Whether a picture is being made.
    pub fn is_busy(&self) -> bool {
        self.pictures.is_busy() || self.saving.is_some()
    }

    /// The receptor of a full picture.
    pub fn receptor(&self) -> Receptor {
        Receptor::centered([PIXELS; 2], self.field_mm / PIXELS as f64)
    }

    /// Takes angles in the ranges of the standard; those that are not finite leave the C-arm where
    /// it is.
    fn turn_to(&mut self, angles: CArmAngles) {
        if angles.primary.0.is_finite() && angles.secondary.0.is_finite() {
            self.angles = CArmAngles {
                primary: wrap_180(angles.primary),
                secondary: Degrees(angles.secondary.0.clamp(-90.0, 90.0)),
            };
            self.turned = true;
        }
    }

    /// Half the open width and height, mm on the receptor from its middle.
    pub fn half_opening_mm(&self) -> [f64; 2] {
        let opening = self.collimation_mm.unwrap_or([self.field_mm; 2]);
        opening.map(|mm| mm.min(self.field_mm) / 2.0)
    }
}

impl AppState {
    /// The point that the C-arm turns about.
    pub fn drr_isocenter(&self) -> Point<Lps> {
        match self.drr.isocenter {
            IsocenterChoice::Target => self
                .followed_needle()
                .and_then(|needle| needle.target)
                .unwrap_or(self.crosshair),
            IsocenterChoice::Crosshair => self.crosshair,
            IsocenterChoice::Fixed(point) => point,
        }
    }

    /// How the C-arm stands now.
    pub fn drr_pose(&self) -> CArmPose {
        CArmPose {
            angles: self.drr.angles,
            isocenter: self.drr_isocenter(),
            source_to_detector_mm: self.drr.source_to_detector_mm,
            source_to_isocenter_mm: self.drr.source_to_isocenter_mm,
        }
    }

    pub(super) fn drr_command(&mut self, command: DrrCommand) {
        let drr = &mut self.drr;
        match command {
            DrrCommand::Angles(angles) => drr.turn_to(angles),
            DrrCommand::Turn { primary, secondary } => {
                let angles = CArmAngles {
                    primary: Degrees(drr.angles.primary.0 + primary.0),
                    secondary: Degrees(drr.angles.secondary.0 + secondary.0),
                };
                drr.turn_to(angles);
            }
            DrrCommand::Preset(preset) => match self.preset_angles(preset) {
                Ok(angles) => self.drr.turn_to(angles),
                Err(why) => self.notices.add(Severity::Info, why),
            },
            DrrCommand::Distances {
                source_to_detector_mm: sid,
                source_to_isocenter_mm: sod,
            } => {
                if sid.is_finite() && sod.is_finite() {
                    let sid = sid.clamp(SID_MM[0], SID_MM[1]);
                    drr.source_to_detector_mm = sid;
                    drr.source_to_isocenter_mm = sod.clamp(LEAST_GAP_MM, sid - LEAST_GAP_MM);
                }
            }
            DrrCommand::Field(mm) => {
                if mm.is_finite() {
                    drr.field_mm = mm.clamp(FIELD_MM[0], FIELD_MM[1]);
                }
            }
            DrrCommand::Collimate(opening) => {
                let usable = |opening: &[f64; 2]| opening.iter().all(|mm| mm.is_finite());
                drr.collimation_mm = opening
                    .filter(usable)
                    .map(|opening| opening.map(|mm| mm.clamp(LEAST_OPENING_MM, FIELD_MM[1])));
            }
            DrrCommand::Isocenter(IsocenterChoice::Fixed(at)) if !at.is_finite() => {}
            DrrCommand::Isocenter(choice) => drr.isocenter = choice,
            DrrCommand::Film(film) => drr.film = film,
            DrrCommand::Energy(energy) => drr.model.energy = energy,
            DrrCommand::ShowPlan(show) => drr.show_plan = show,
            DrrCommand::ShowStructures(show) => drr.show_structures = show,
            DrrCommand::Save(path) => self.save_drr(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::job::no_waker;
    use crate::app::settings::Folders;

    fn state() -> (tempfile::TempDir, AppState) {
        let folder = tempfile::tempdir().unwrap();
        let state = AppState::new(Folders::under(folder.path()), no_waker());
        (folder, state)
    }

    #[test]
    fn angles_and_distances_stay_in_their_ranges() {
        let (_folder, mut state) = state();
        let angles = |primary, secondary| {
            DrrCommand::Angles(CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(secondary),
            })
        };
        state.apply(angles(200.0, 120.0));
        assert_eq!(state.drr.angles.primary, Degrees(-160.0));
        assert_eq!(state.drr.angles.secondary, Degrees(90.0));
        state.apply(angles(f64::NAN, 0.0));
        assert_eq!(state.drr.angles.primary, Degrees(-160.0));
        state.apply(DrrCommand::Distances {
            source_to_detector_mm: 900.0,
            source_to_isocenter_mm: 2000.0,
        });
        assert_eq!(state.drr.source_to_isocenter_mm, 850.0);
        assert!(state.drr_pose().beam().is_some());
        state.apply(DrrCommand::Field(f64::INFINITY));
        state.apply(DrrCommand::Field(5000.0));
        assert_eq!(state.drr.field_mm, FIELD_MM[1]);
    }

    #[test]
    fn the_collimator_leaves_its_opening_and_no_more() {
        let (_folder, mut state) = state();
        state.apply(DrrCommand::Field(256.0));
        let receptor = state.drr.receptor();
        assert_eq!(state.drr.opening(&receptor), None);
        state.apply(DrrCommand::Collimate(Some([100.0, 1.0])));
        // 100 mm are 200 pixels of 0.5 mm, 10 mm the least; about 255.5.
        assert_eq!(state.drr.opening(&receptor), Some([156, 355, 246, 265]));
        let coarse = receptor.coarser(4.0);
        // 10 mm are 5 pixels of 2 mm about 63.5: the centres of the outer ones lie on the edge.
        assert_eq!(state.drr.opening(&coarse), Some([39, 88, 61, 66]));
    }

    #[test]
    fn without_a_needle_the_c_arm_turns_about_the_crosshair() {
        let (_folder, mut state) = state();
        state.crosshair = Point::new(1.0, 2.0, 3.0);
        assert_eq!(state.drr_isocenter(), state.crosshair);
        let fixed = Point::new(4.0, 5.0, 6.0);
        state.apply(DrrCommand::Isocenter(IsocenterChoice::Fixed(fixed)));
        assert_eq!(state.drr_isocenter(), fixed);
    }

    #[test]
    fn a_picture_that_is_not_there_is_not_saved() {
        let (folder, mut state) = state();
        state.apply(DrrCommand::Save(folder.path().join("none.dcm")));
        assert!(state.notices.iter().any(|n| n.text.contains("Not saved")));
    }
}
