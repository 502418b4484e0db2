//! `stylet decode`: the values of one frame as a numpy array, or as it is shown.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::{CliError, numbers, print_json};
use crate::app::presentation::Presentation;
use crate::dicom;
use crate::export::npy::{NpyError, write_npy, write_npy_f32};
use crate::export::png::{write_png_grey, write_png_rgb};
use crate::render::frame_greys;
use crate::study::{Frame, Instance, OverlayKind, OverlaySource, Samples, VoiLut, WindowLevel};

/// Arguments of `stylet decode`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("decoded").required(true).multiple(true).args(["npy", "png", "json"])))]
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
    npy: Option<PathBuf>,
    /// Picture to write as the window shows it, one pixel for each of the file, without overlays.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
    /// Centre and width of the window for --png; without it the header's first window or table,
    /// else a fitting one.
    #[arg(long, value_name = "C,W", value_parser = numbers::window, allow_hyphen_values = true, requires = "png")]
    window: Option<WindowLevel>,
    /// Print what the frame is and what was written as JSON.
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
    if let Some(path) = &args.npy {
        write_values(path, &instance, index, (&frame, args.stored)).map_err(CliError::failure)?;
    }
    if let Some(path) = &args.png {
        write_picture(path, &instance, index, (&frame, args.window))?;
    }
    if args.json {
        return print_json(&args.summary(&instance, index)?);
    }
    Ok(())
}

impl DecodeArgs {
    fn summary(&self, instance: &Instance, index: usize) -> Result<serde_json::Value, CliError> {
        let stored = instance.pixel_format.stored_range();
        let header = instance.frames.get(index);
        let lut = header.map(|header| &header.modality_lut);
        let looks = header.map_or(&[][..], |header| &*header.voi);
        Ok(serde_json::json!({
            "sop_instance_uid": instance.uid.as_str(),
            "frame": self.frame,
            "frames": instance.frames.len(),
            "rows": instance.rows,
            "columns": instance.columns,
            "transfer_syntax": instance.transfer_syntax,
            "stored_range": stored.map(|(least, most)| [least, most]),
            "low_is_bright": instance.low_is_bright,
            "padding": instance.padding,
            "pixel_aspect": instance.pixel_aspect,
            "value_unit": lut.map(|lut| lut.unit.as_str()),
            "modality_table_entries": lut
                .and_then(|lut| lut.table.as_ref())
                .map(|table| table.entries().len()),
            "looks": looks.iter().map(look).collect::<Vec<_>>(),
            "overlays": overlays(instance, index)?,
            "npy": self.npy,
            "png": self.png,
        }))
    }
}

fn look(voi: &VoiLut) -> serde_json::Value {
    serde_json::json!({
        "explanation": voi.explanation,
        "center": voi.window.center,
        "width": voi.window.width,
        "function": voi.function,
        "table_entries": voi.table.as_ref().map(|table| table.entries().len()),
    })
}

/// The overlay planes over a frame, each with how many of its pixels are drawn.
fn overlays(instance: &Instance, index: usize) -> Result<Vec<serde_json::Value>, CliError> {
    let bitmaps = dicom::decode_overlays(instance, index).map_err(CliError::failure)?;
    let planes = bitmaps.iter().filter_map(|bitmap| {
        let plane = instance.overlays.iter().find(|p| p.group == bitmap.group)?;
        Some(serde_json::json!({
            "group": format!("{:04X}", plane.group),
            "label": plane.label,
            "kind": match plane.kind {
                OverlayKind::Graphics => "graphics",
                OverlayKind::Region => "region",
            },
            "rows": plane.rows,
            "columns": plane.columns,
            "origin": plane.origin,
            "embedded": matches!(plane.source, OverlaySource::PixelBit(_)),
            "pixels_drawn": bitmap.drawn_pixels(),
        }))
    });
    Ok(planes.collect())
}

fn write_values(
    path: &Path,
    instance: &Instance,
    index: usize,
    (frame, stored): (&Frame, bool),
) -> Result<(), NpyError> {
    if stored || matches!(frame.samples, Samples::Rgb8(_)) {
        return write_stored(path, frame);
    }
    let values = dicom::modality_values(instance, index, frame);
    write_npy_f32(path, &[frame.rows, frame.columns], &values)
}

fn write_picture(
    path: &Path,
    instance: &Instance,
    index: usize,
    (frame, window): (&Frame, Option<WindowLevel>),
) -> Result<(), CliError> {
    let size = [frame.columns, frame.rows];
    if let Samples::Rgb8(pixels) = &frame.samples {
        return write_png_rgb(path, size, pixels.as_flattened()).map_err(CliError::failure);
    }
    let header = instance.frames.get(index);
    let unit = header.map_or("", |header| header.modality_lut.unit.as_str());
    let range = Presentation::range_of(instance, index, frame);
    let mut look = Presentation::new(instance.voi(index), unit, range);
    if let Some(window) = window {
        look.function = crate::study::VoiFunction::Linear;
        look.table = None;
        look.window = window;
    }
    look.invert = instance.low_is_bright;
    let greys = frame_greys(frame, instance, index, &look.display()).unwrap_or_default();
    write_png_grey(path, size, &greys).map_err(CliError::failure)
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
