//! Pure shapes and spaces: points, planes, lines, patient-to-room mapping and angles.
//!
//! Everything at rest is DICOM LPS in millimetres, `f64`: +x left, +y posterior, +z head. This
//! layer knows no DICOM files, no GPU and no GUI.

pub mod carm;
pub mod cone_beam;
pub mod correction;
pub mod line;
pub mod mesh;
pub mod mesh_tree;
pub mod needle_angle;
pub mod orientation;
pub mod plane;
pub mod room;
pub mod solid;
pub mod space;
pub mod spheroid;
pub mod surface;
pub mod units;

pub use carm::{CArmAngles, ConsoleAngles, OperatorAngles, SideCArmAngles};
pub use cone_beam::{CArmPose, ConeBeam, Projected, Receptor};
pub use correction::{Correction, ViewAxes, mean_point_distance_mm};
pub use line::Segment;
pub use mesh::Mesh;
pub use needle_angle::NeedleAngles;
pub use orientation::{AnatomicalPlane, OrientationLetters, letters_of};
pub use plane::Plane;
pub use room::PatientPosition;
pub use space::{Lps, Point, Transform, Vector, Voxel};
pub use spheroid::Spheroid;
pub use surface::Surface;
pub use units::{Degrees, wrap_180};
