//! Files that other programs read.

pub mod capture;
pub mod csv;
pub mod drawing;
pub mod figure;
pub mod imported;
pub mod markups;
pub mod npy;
pub mod png;
pub mod quantity;
pub mod record;
pub mod sheet;
pub mod sr;
pub mod typeface;
