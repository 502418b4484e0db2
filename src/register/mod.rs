//! A plan in the CT and a real X-ray picture: where the beam was in the patient (2D/3D registration).
//!
//! The header of the picture gives the beam about the equipment's isocentre; the registration finds
//! the rigid [`Correction`] that lays a projection of the CT over the picture. One picture or
//! several of the same patient position.

mod correction;
mod gradient;
mod level;
mod refine;
mod run;
mod search;
mod similarity;
mod symmetric;
mod uncertainty;
mod xray_picture;

pub use correction::{Correction, mean_point_distance_mm};
pub use run::{Progress, RegisterError, Registration, Search, Settings, View, register};
pub use xray_picture::{Intensity, Polarity, XrayPicture};
