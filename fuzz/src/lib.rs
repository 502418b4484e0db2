//! What reads files, compiled without the window and the graphics, so that a target builds in a
//! minute and only the code under test is instrumented.
#![allow(missing_docs, dead_code, unused_imports)]

#[path = "../../src/budget/mod.rs"]
pub mod budget;
#[path = "../../src/codec/mod.rs"]
pub mod codec;
#[path = "../../src/dicom/mod.rs"]
pub mod dicom;
#[path = "../../src/geometry/mod.rs"]
pub mod geometry;
#[path = "../../src/study/mod.rs"]
pub mod study;

use std::ops::ControlFlow;
use std::path::Path;

use budget::MEMORY;
use codec::Limits;

/// Memory allowed to one input.
pub const MEMORY_ALLOWED: u64 = 512 << 20;

/// Frames decoded of one file: a run has many, all of one kind.
const FRAMES: usize = 3;

/// Limits as the program sets them for a frame of an ordinary size.
pub fn limits() -> Limits {
    Limits {
        bytes: 8 << 20,
        deadline: Some(budget::frame_deadline(4 << 20)),
    }
}

/// Everything the program does with a file before it is shown.
pub fn import(path: &Path) {
    MEMORY.set_limit(Some(MEMORY_ALLOWED));
    let Ok(report) = dicom::scan(&[path.to_owned()], &|_, _| ControlFlow::Continue(())) else {
        return;
    };
    for (_, series) in report.catalog.series() {
        for instance in &series.instances {
            for frame in 0..instance.frames.len().min(FRAMES) {
                if let Ok(decoded) = dicom::decode_frame(instance, frame) {
                    assert_eq!(decoded.samples.len(), decoded.rows * decoded.columns);
                    dicom::modality_values(instance, frame, &decoded);
                }
            }
        }
        for stack in &series.stacks {
            if let Some(geometry) = &stack.geometry {
                let affine = geometry.lps_from_voxel();
                assert!(affine.inverse().is_some(), "a volume that cannot be cut");
            }
        }
    }
}
