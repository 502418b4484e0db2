//! A plan in the CT and a real X-ray picture: where the beam was in the patient (2D/3D registration).
//!
//! The header of the picture gives the beam about the equipment's isocentre; the registration finds
//! the rigid [`Correction`](crate::geometry::Correction) that lays a projection of the CT over the picture. One picture or
//! several of the same patient position.

mod gradient;
mod landmark;
mod level;
mod outcome;
mod picture_of;
mod refine;
mod run;
mod search;
mod similarity;
mod symmetric;
mod view_geometry;
mod xray_picture;

pub use landmark::{landmark_distance_mm, mean_landmark_distance_mm};
pub use outcome::{Doubt, Registration, Verdict};
pub use picture_of::{PictureOfError, picture_of};
pub use run::{OnProgress, RegisterError, Search, Settings, View, register};
pub use view_geometry::{ViewGeometry, ViewGeometryError};
pub use xray_picture::{Intensity, Polarity, XrayPicture, XrayPictureError};

#[cfg(test)]
mod tests;
