//! Files that other programs read.

pub mod drawing;
pub mod figure;
pub mod npy;
pub mod png;
pub mod sheet;
pub mod typeface;
