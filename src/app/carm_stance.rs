//! How the C-arm stands: what a person sets in the panel, in any order.

use super::AppState;
use super::aim_stage::AimStage;
use crate::assess::CArmSetup;
use crate::assess::aim::Preset;
use crate::geometry::{CArmAngles, Degrees, Lps, Point, wrap_180};
use crate::plan::CArmProfile;

/// Changes how the C-arm stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CArmCommand {
    /// Turns it to DICOM positioner angles.
    Angles(CArmAngles),
    /// Turns it to a usual view.
    Preset(Preset),
    /// SID and SOD, mm.
    Distances([f64; 2]),
    /// Width and height of the field on the receptor, mm.
    Field([f64; 2]),
    /// What its isocentre is put on.
    Isocenter(IsocenterAt),
}

/// What the isocentre is put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IsocenterAt {
    /// The target of the needle; the crosshair while there is none.
    #[default]
    Target,
    /// The crosshair.
    Crosshair,
}

/// How the C-arm stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CArmStance {
    /// DICOM positioner angles.
    pub angles: CArmAngles,
    /// SID, mm.
    pub source_to_detector_mm: f64,
    /// SOD, mm.
    pub source_to_isocenter_mm: f64,
    /// Width and height of the field on the receptor, mm.
    pub field_mm: [f64; 2],
    /// What the isocentre is put on.
    pub isocenter: IsocenterAt,
}

impl CArmStance {
    /// AP from behind, at the usual distances of a C-arm.
    pub fn usual(profile: Option<&CArmProfile>) -> Self {
        let [sid, sod] = crate::geometry::CArmPose::MOBILE_MM;
        let mut stance = Self {
            angles: CArmAngles {
                primary: Degrees(180.0),
                secondary: Degrees(0.0),
            },
            source_to_detector_mm: sid,
            source_to_isocenter_mm: sod,
            field_mm: [300.0; 2],
            isocenter: IsocenterAt::default(),
        };
        if let Some(profile) = profile {
            stance.take(profile);
        }
        stance
    }

    /// Takes the usual distances and the receptor of a C-arm.
    pub fn take(&mut self, profile: &CArmProfile) {
        self.source_to_detector_mm = profile.usual_sid_mm;
        self.source_to_isocenter_mm = profile.usual_sod_mm;
        self.field_mm = profile.receptor_mm();
    }
}

impl AimStage {
    /// Takes another C-arm at its usual distances; an id that is not known changes nothing.
    pub(super) fn take_profile(&mut self, id: String) {
        if let Some(profile) = self.carms.find(&id) {
            self.stance.take(profile);
            self.profile = id;
        }
    }
}

impl AppState {
    /// Where the isocentre is: the target or the crosshair.
    pub fn carm_isocenter(&self) -> Point<Lps> {
        match self.aim.stance.isocenter {
            IsocenterAt::Target => self
                .aimed_needle()
                .and_then(|needle| needle.target)
                .unwrap_or(self.crosshair),
            IsocenterAt::Crosshair => self.crosshair,
        }
    }

    /// The C-arm as it stands; `None` only where there is none at all.
    pub fn carm_setup(&self) -> Option<CArmSetup<'_>> {
        let stance = &self.aim.stance;
        let crosshair = (stance.isocenter == IsocenterAt::Crosshair).then_some(self.crosshair);
        Some(CArmSetup {
            profile: self.aim.profile()?,
            position: self.patient_position(),
            isocenter: crosshair,
            source_to_detector_mm: stance.source_to_detector_mm,
            source_to_isocenter_mm: stance.source_to_isocenter_mm,
            field_mm: stance.field_mm,
        })
    }

    pub(super) fn carm_command(&mut self, command: CArmCommand) {
        match command {
            CArmCommand::Angles(angles) => self.turn_carm(angles),
            CArmCommand::Preset(preset) => {
                let now = self.aim.stance.angles;
                let turned = self
                    .carm_setup()
                    .map(|setup| preset.angles(now, &self.plan().spine, &setup));
                match turned {
                    Some(Ok(angles)) => self.turn_carm(angles),
                    Some(Err(reason)) => {
                        self.notices.add(super::notice::Severity::Info, reason);
                    }
                    None => {}
                }
            }
            CArmCommand::Distances([sid, sod]) => {
                if sod > 0.0 && sid > sod && sid.is_finite() {
                    self.aim.stance.source_to_detector_mm = sid;
                    self.aim.stance.source_to_isocenter_mm = sod;
                }
            }
            CArmCommand::Field(field_mm) => {
                if field_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0) {
                    self.aim.stance.field_mm = field_mm;
                }
            }
            CArmCommand::Isocenter(at) => self.aim.stance.isocenter = at,
        }
    }

    fn turn_carm(&mut self, angles: CArmAngles) {
        if !(angles.primary.0.is_finite() && angles.secondary.0.is_finite()) {
            return;
        }
        self.aim.stance.angles = CArmAngles {
            primary: wrap_180(angles.primary),
            secondary: Degrees(angles.secondary.0.clamp(-90.0, 90.0)),
        };
    }
}
