//! Stylet plans needle paths for image-guided spine interventions on DICOM studies.
//!
//! The modules depend on one another in one direction only:
//! `budget → geometry → study → plan → codec → dicom → volume → register → assess → export → render → app → {cli, ui}`.
//! `ARCHITECTURE.md` says what each owns. Not a medical device.

pub mod app;
pub mod assess;
pub mod budget;
pub mod cli;
pub mod codec;
pub mod dicom;
pub mod export;
pub mod geometry;
pub mod plan;
pub mod register;
pub mod render;
pub mod study;
pub mod ui;
pub mod volume;
