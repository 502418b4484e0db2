//! The walk over the elements of a header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stylet_fuzz::budget::MEMORY;

fuzz_target!(|bytes: &[u8]| {
    MEMORY.set_limit(Some(stylet_fuzz::MEMORY_ALLOWED));
    stylet_fuzz::dicom::fuzzing::header(bytes);
});
