//! A stream with the rows, columns and kind of samples that its header says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stylet_fuzz::budget::MEMORY;

fuzz_target!(|bytes: &[u8]| {
    MEMORY.set_limit(Some(stylet_fuzz::MEMORY_ALLOWED));
    stylet_fuzz::dicom::fuzzing::stream("1.2.840.10008.1.2.5", bytes);
});
