//! Stylet plans needle paths for image-guided spine interventions on DICOM studies.
//!
//! The modules depend on one another in one direction only:
//! `geometry → study → plan → dicom → volume → assess → export → render → app → {cli, ui}`.
//! `ARCHITECTURE.md` says what each owns. Not a medical device.

pub mod cli;
pub mod dicom;
pub mod export;
pub mod geometry;
pub mod study;
pub mod volume;
