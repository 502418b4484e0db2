//! Positions, orientations and spacings of a series, any numbers at all → stacks and volumes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| stylet_fuzz::dicom::fuzzing::geometry(bytes));
