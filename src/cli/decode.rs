//! `stylet decode`: the values of one frame as a numpy array.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, print_json};
use crate::dicom;
use crate::export::npy::{NpyError, write_npy, write_npy_f32};
use crate::study::{Frame, Samples};

/// Arguments of `stylet decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    /// DICOM image file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Frame, the first is 1.
    #[arg(long, default_value_t = 1, value_name = "N")]
    frame: usize,
    /// Write stored values in their own type instead of modality values (HU …) as 32-bit floats.
    #[arg(long)]
    stored: bool,
    /// File to write, rows × columns (× 3 for colour).
    #[arg(long, value_name = "OUT")]
    npy: PathBuf,
    /// Print what was written as JSON.
    #[arg(long)]
    json: bool,
}

/// Decodes one frame and writes it.
pub fn run(args: &DecodeArgs) -> Result<(), CliError> {
    let Some(index) = args.frame.checked_sub(1) else {
        return Err(CliError::Usage("--frame counts from 1.".to_owned()));
    };
    let instance = dicom::read_instance(&args.file).map_err(CliError::failure)?;
    let frame = dicom::decode_frame(&instance, index).map_err(CliError::failure)?;
    let written = if args.stored || matches!(frame.samples, Samples::Rgb8(_)) {
        write_stored(&args.npy, &frame)
    } else {
        let values = dicom::modality_values(&instance, index, &frame);
        write_npy_f32(&args.npy, &[frame.rows, frame.columns], &values)
    };
    written.map_err(CliError::failure)?;
    if args.json {
        let stored = instance.pixel_format.stored_range();
        return print_json(&serde_json::json!({
            "sop_instance_uid": instance.uid.as_str(),
            "frame": args.frame,
            "frames": instance.frames.len(),
            "rows": frame.rows,
            "columns": frame.columns,
            "transfer_syntax": instance.transfer_syntax,
            "stored_range": stored.map(|(least, most)| [least, most]),
            "npy": args.npy,
        }));
    }
    Ok(())
}

fn write_stored(path: &Path, frame: &Frame) -> Result<(), NpyError> {
    let shape = [frame.rows, frame.columns];
    match &frame.samples {
        Samples::U8(v) => write_npy(path, &shape, v),
        Samples::I8(v) => write_npy(path, &shape, v),
        Samples::U16(v) => write_npy(path, &shape, v),
        Samples::I16(v) => write_npy(path, &shape, v),
        Samples::U32(v) => write_npy(path, &shape, v),
        Samples::I32(v) => write_npy(path, &shape, v),
        Samples::F32(v) => write_npy(path, &shape, v),
        Samples::F64(v) => write_npy(path, &shape, v),
        Samples::Rgb8(v) => write_npy(path, &[shape[0], shape[1], 3], v.as_flattened()),
    }
}
