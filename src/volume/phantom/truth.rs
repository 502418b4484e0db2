//! Truth of a sample study: where the targets of the clinical reference sheet lie,
//! taken from the same shapes that made the voxels. Owns the types, not the search.

use glam::DVec3;
use serde::{Deserialize, Serialize};

use super::label::Side;

/// What is known about a generated body; written as `truth.json`.
///
/// All points are LPS mm, all angles degrees, all directions unit vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Patient frame, always `LPS`.
    pub frame: String,
    /// Unit of every length, always `mm`.
    pub unit: String,
    /// Seed the body was made from; 0 is the design body.
    pub seed: u64,
    /// Patient Position (0018,5100) of the images.
    pub patient_position: String,
    /// Targets of section 1 with a reference path each where a straight one exists.
    pub targets: Vec<Target>,
    /// Mobile vertebrae T11 to L5.
    pub vertebrae: Vec<VertebraTruth>,
    /// Discs and facet joints T11-T12 to L5-S1.
    pub gaps: Vec<GapTruth>,
    /// Ganglia of the spinal nerves.
    pub ganglia: Vec<GanglionTruth>,
    /// Midline of the spine.
    pub midline: Midline,
    /// Lower ends of cord and dura.
    pub canal: CanalTruth,
    /// Skin of the back.
    pub skin: SkinField,
    /// MR series of the same body; empty where only the CT was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mr: Vec<PlaneTruth>,
    /// Fluoroscopy pictures of the same body; empty where only the CT was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fluoroscopy: Vec<ProjectionTruth>,
}

/// Where an MR series lies. It has the pose of the CT: prone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaneTruth {
    /// Series Number.
    pub series_number: u32,
    /// Series Description.
    pub description: String,
    /// Centre of the first pixel of the first slice, LPS mm.
    pub origin_lps_mm: DVec3,
    /// Direction in which the column index grows.
    pub column_direction: DVec3,
    /// Direction in which the row index grows.
    pub row_direction: DVec3,
    /// From one slice to the next, LPS mm.
    pub step_lps_mm: DVec3,
}

/// How a fluoroscopy picture was taken, and what was put into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectionTruth {
    /// Series Number.
    pub series_number: u32,
    /// Series Description.
    pub description: String,
    /// Positioner Primary Angle, degrees.
    pub primary_deg: f64,
    /// Positioner Secondary Angle, degrees.
    pub secondary_deg: f64,
    /// SID, mm.
    pub source_to_detector_mm: f64,
    /// SOD, mm.
    pub source_to_isocenter_mm: f64,
    /// What the C-arm turns about, and what the middle of the picture shows, LPS mm.
    pub isocenter_lps_mm: DVec3,
    /// Focal spot, LPS mm.
    pub source_lps_mm: DVec3,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Imager pixel, mm on the receptor.
    pub pixel_mm: f64,
    /// Frames.
    pub frames: usize,
    /// Frames before the contrast comes, from the first on; 0 in a still.
    pub mask_frames: usize,
    /// A needle in the picture.
    pub needle: Option<NeedleTruth>,
    /// Where contrast medium flows, in the order in which it comes there.
    pub contrast: Vec<ContrastTruth>,
}

/// A needle in a fluoroscopy picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeedleTruth {
    /// Target whose reference path it follows.
    pub kind: TargetKind,
    /// Its level.
    pub level: String,
    /// Its side.
    pub side: Option<Side>,
    /// Skin entry, LPS mm.
    pub entry_lps_mm: DVec3,
    /// Tip, LPS mm.
    pub tip_lps_mm: DVec3,
    /// Outer diameter, mm.
    pub diameter_mm: f64,
}

/// A place that contrast medium reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContrastTruth {
    /// Where, LPS mm.
    pub point_lps_mm: DVec3,
    /// When, seconds from the start of the injection.
    pub arrives_s: f64,
    /// What it is.
    pub place: String,
}

/// Kind of target, named after its section in the clinical reference sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Posterior opening of the facet cleft, 1.7.
    FacetCleft,
    /// Inferior recess of the facet joint, 1.7.
    FacetInferiorRecess,
    /// Junction of superior articular process and transverse process (or ala), 1.8.
    MedialBranch,
    /// Subpedicular point of the "safe triangle", 1.2.
    Subpedicular,
    /// Point in Kambin's triangle, 1.3.
    Kambin,
    /// Posterior epidural space in the midline, 1.1.
    InterlaminarMidline,
    /// Posterior epidural space 5 mm off the midline, 1.1.
    InterlaminarParamedian,
    /// Vertebral body by the transpedicular way, 1.19.
    TranspedicularBody,
    /// Inferior third of the sacroiliac joint, 1.11.
    SacroiliacJoint,
    /// Dorsal S1 foramen, 1.4.
    S1Foramen,
    /// Apex of the sacral hiatus, 1.5.
    SacralHiatus,
    /// Nucleus pulposus, 1.16.
    Disc,
    /// Sympathetic chain on the anterolateral vertebral body, 1.12.
    SympatheticChain,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Vertebra (`L3`) or gap (`L3-L4`).
    pub level: String,
    /// Side, for paired targets.
    pub side: Option<Side>,
    /// Target point, LPS mm.
    pub point_lps_mm: DVec3,
    /// Label numbers the point may lie in; empty where it lies on a bone surface.
    pub within_labels: Vec<u8>,
    /// Bone the point touches, where it is a surface point.
    pub on_bone_label: Option<u8>,
    /// Point the path must pass on its way (pedicle entry), LPS mm.
    pub via_lps_mm: Option<DVec3>,
    /// Suggested straight path through soft tissue, if one was found.
    pub path: Option<ReferencePath>,
}

/// Straight path from the skin of the back to a target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReferencePath {
    /// Entry on the skin, LPS mm.
    pub entry_lps_mm: DVec3,
    /// Skin to target along the path, mm.
    pub length_mm: f64,
    /// Oblique angle κ to the sagittal plane; positive when the entry lies lateral of the target.
    pub oblique_deg: f64,
    /// Receptor tilt τ, + cephalad; the needle then points caudally.
    pub tilt_deg: f64,
}

/// One mobile vertebra.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VertebraTruth {
    /// Level name.
    pub level: String,
    /// Centre of the body, LPS mm.
    pub centre_lps_mm: DVec3,
    /// Upward normal of the upper end-plate.
    pub superior_normal: DVec3,
    /// Downward normal of the lower end-plate.
    pub inferior_normal: DVec3,
    /// Tip of the spinous process, LPS mm.
    pub spinous_tip_lps_mm: DVec3,
    /// Centre of the pedicle isthmus, left then right, LPS mm.
    pub pedicle_isthmus_lps_mm: [DVec3; 2],
    /// Width and height of the pedicle isthmus, mm.
    pub pedicle_size_mm: [f64; 2],
    /// Pedicle convergence to the sagittal plane.
    pub pedicle_convergence_deg: f64,
}

/// One disc with the facet joints behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GapTruth {
    /// Gap name.
    pub gap: String,
    /// Centre of the disc, LPS mm.
    pub disc_centre_lps_mm: DVec3,
    /// Upward normal of the disc plane.
    pub disc_normal: DVec3,
    /// Height between the rims at the middle of the disc, mm.
    pub disc_height_mm: f64,
    /// Angle of the chord of the facet cleft to the sagittal plane, left then right.
    pub facet_angle_deg: [f64; 2],
    /// The same at the posterior opening of the cleft.
    pub facet_posterior_angle_deg: [f64; 2],
}

/// Dorsal root ganglion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GanglionTruth {
    /// Root name.
    pub root: String,
    /// Side.
    pub side: Side,
    /// Centre, LPS mm.
    pub centre_lps_mm: DVec3,
}

/// Plane through the spinous tips and body centres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Midline {
    /// Point of the plane, LPS mm.
    pub point_lps_mm: DVec3,
    /// Normal towards the patient's left.
    pub normal: DVec3,
}

/// Ends of the neural structures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CanalTruth {
    /// Tip of the conus, LPS mm.
    pub conus_tip_lps_mm: DVec3,
    /// Lower end of the dural sac, LPS mm.
    pub dural_sac_end_lps_mm: DVec3,
}

/// Skin of the back as a height field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkinField {
    /// Left-right position of the first column, LPS mm; columns go towards +x.
    pub first_x_mm: f64,
    /// Height of the first row, LPS mm; rows go towards +z.
    pub first_z_mm: f64,
    /// Step of columns and rows, mm.
    pub step_mm: f64,
    /// Columns per row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Posterior skin position y per column and row, LPS mm; none beside the body.
    pub y_mm: Vec<Option<f64>>,
}

impl Truth {
    /// The target of a kind at a level and side.
    pub fn target(&self, kind: TargetKind, level: &str, side: Option<Side>) -> Option<&Target> {
        self.targets
            .iter()
            .find(|t| t.kind == kind && t.level == level && t.side == side)
    }
}
