//! Pictures of volumes, on the processor and on the GPU. Knows no GUI.

pub mod cpu;
pub mod display;

pub use display::Display;
