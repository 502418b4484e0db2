//! A whole file: scan, stacks, the first frames.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let path = folder.path().join("file.dcm");
    if std::fs::write(&path, bytes).is_ok() {
        stylet_fuzz::import(&path);
    }
});
