//! Names and codes of anatomy: sides, vertebrae and the spaces between them, kinds of structure.

pub mod side;
pub mod vertebra;

pub use side::Side;
pub use vertebra::{Level, Region, Vertebra};
