//! Digitally reconstructed radiographs: line integrals of attenuation along the rays of a cone
//! beam.
//!
//! `joseph` is the projector; [`march`] is the slow and plain one that it is tested against.

mod film;
mod joseph;
pub mod march;
mod occupancy;
mod walk;

use super::attenuation::Attenuation;
use crate::geometry::{ConeBeam, Receptor};

pub use film::{Film, FilmRange};
pub use occupancy::Occupancy;

/// Says that the picture is no longer wanted; asked every few thousand rays.
pub type Cancel<'a> = &'a (dyn Fn() -> bool + Sync);

/// −ln(I/I0), dimensionless, for each receptor pixel row by row: the line integral of the
/// attenuation from the source to the pixel's centre. `None` when cancelled.
///
/// Joseph's method (IEEE Trans. Med. Imaging 1(3), 1982): each ray is sampled where it crosses
/// the voxel planes that it is most perpendicular to, bilinear within the plane. Beyond the
/// outermost voxel centres the attenuation falls to 0 over one voxel.
pub fn line_integrals(
    attenuation: &Attenuation,
    beam: &ConeBeam,
    receptor: &Receptor,
    cancel: Cancel<'_>,
) -> Option<Vec<f32>> {
    joseph::line_integrals(attenuation, beam, receptor, cancel)
}

#[cfg(test)]
mod tests;
