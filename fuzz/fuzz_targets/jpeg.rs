//! A bare stream.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    stylet_fuzz::codec::jpeg::decode(stream, &stylet_fuzz::limits()).ok();
});
