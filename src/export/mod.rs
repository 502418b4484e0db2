//! Files that other programs read.

pub mod audited;
pub mod capture;
pub mod csv;
pub mod drawing;
pub mod figure;
pub mod imported;
pub mod markups;
pub mod npy;
pub mod package;
pub mod png;
pub mod quantity;
pub mod radiograph;
pub mod record;
pub mod sheet;
mod sheet_lists;
pub mod sheet_of;
pub mod sr;
pub mod typeface;
