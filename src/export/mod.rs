//! Files that other programs read.

pub mod capture;
pub mod csv;
pub mod imported;
pub mod markups;
pub mod npy;
pub mod png;
pub mod quantity;
pub mod record;
pub mod sr;
