//! `stylet slice`: one picture of a volume, in any plane, as PNG or as numbers.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::{CliError, load_with_warnings, numbers, print_json, warn_line};
use crate::app::presentation::{Presentation, percentile_range};
use crate::dicom;
use crate::export::npy::write_npy_f32;
use crate::export::png::write_png_grey;
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::render::offscreen::{offscreen_greys, offscreen_values, upload};
use crate::render::{Display, RenderContext, RenderError, cpu};
use crate::study::{Series, SeriesUid, VoiFunction, WindowLevel};
use crate::volume::sample::reslice_exact;
use crate::volume::{Interpolation, SlabMode, SliceRequest, Volume};

/// How far `--right` and `--down` may be from unit length.
const LENGTH_TOLERANCE: f64 = 0.05;

/// How far their scalar product may be from 0.
const ANGLE_TOLERANCE: f64 = 1e-3;

/// Arguments of `stylet slice`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("output").required(true).args(["png", "npy"])))]
pub struct SliceArgs {
    /// DICOM file or folder.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Series Instance UID; without it the largest volume.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Standard plane through --at.
    #[arg(long, requires = "at", conflicts_with_all = ["origin", "right", "down"])]
    plane: Option<StandardPlane>,
    /// Centre of the picture, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true, requires = "plane")]
    at: Option<Point<Lps>>,
    /// Centre of the top-left pixel, LPS mm.
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true, requires_all = ["right", "down"])]
    origin: Option<Point<Lps>>,
    /// Unit direction of the picture's right, LPS.
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::direction, allow_hyphen_values = true, requires = "origin")]
    right: Option<Vector<Lps>>,
    /// Unit direction of the picture's down, LPS.
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::direction, allow_hyphen_values = true, requires = "origin")]
    down: Option<Vector<Lps>>,
    /// Edge of a pixel, mm.
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    mm_per_pixel: f64,
    /// Columns and rows of the picture.
    #[arg(long, value_name = "WxH", value_parser = numbers::picture_size)]
    size: [usize; 2],
    /// Thickness of the slab about the plane, mm; 0 for the plane alone.
    #[arg(
        long,
        value_name = "MM",
        default_value_t = 0.0,
        allow_hyphen_values = true
    )]
    slab: f64,
    /// What becomes of the values across the slab.
    #[arg(long, default_value = "mip")]
    mode: Mode,
    /// Centre and width of the window for PNG; without it the header's, else a fitting one.
    #[arg(long, value_name = "C,W", value_parser = numbers::window, allow_hyphen_values = true)]
    window: Option<WindowLevel>,
    /// How values between voxel centres are found.
    #[arg(long, default_value = "linear")]
    interpolation: Between,
    /// Write an 8-bit grey picture.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
    /// Write modality values (HU …) as 32-bit floats, rows × columns, NaN outside the volume.
    #[arg(long, value_name = "OUT")]
    npy: Option<PathBuf>,
    /// Compute exactly on the processor instead of drawing on the graphics adapter.
    #[arg(long)]
    cpu: bool,
    /// Print what was drawn as JSON.
    #[arg(long)]
    json: bool,
}

/// Planes with the usual picture axes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StandardPlane {
    /// From the feet, patient right at picture left.
    Axial,
    /// From the front, head up.
    Coronal,
    /// From the patient's left, head up.
    Sagittal,
}

/// Combination of the values across the slab.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// Greatest.
    Mip,
    /// Least.
    Minip,
    /// Mean.
    Mean,
}

/// Interpolation between voxel centres.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Between {
    /// From the eight voxels around.
    Linear,
    /// The closest voxel.
    Nearest,
}

/// Draws the picture and writes it.
pub fn run(args: &SliceArgs) -> Result<(), CliError> {
    let request = args.request()?;
    let report = dicom::scan(std::slice::from_ref(&args.path), &|_, _| {
        ControlFlow::Continue(())
    })
    .map_err(CliError::failure)?;
    let (series, stack) = match &args.series {
        Some(uid) => report
            .catalog
            .find_series(&SeriesUid::new(uid))
            .and_then(|(_, series)| Some((series, series.largest_volume()?.0)))
            .ok_or_else(|| CliError::Failure(format!("No volume of series {uid} was found")))?,
        None => report.catalog.largest_volume().ok_or_else(|| {
            CliError::Failure("No volume was found; `stylet scan` lists what there is".to_owned())
        })?,
    };
    let volume = load_with_warnings(series, stack)?;
    if let Some(path) = &args.npy {
        let values = values(&volume, &request, args.back_end());
        let shape = [request.height, request.width];
        write_npy_f32(path, &shape, &values).map_err(CliError::failure)?;
    }
    if let Some(path) = &args.png {
        let display = display(&volume, series, stack, args.window);
        let greys = greys(&volume, &request, &display, args.back_end())?;
        let size = [request.width, request.height];
        write_png_grey(path, size, &greys).map_err(CliError::failure)?;
    }
    if args.json {
        return print_json(&args.summary(&request, &volume));
    }
    Ok(())
}

impl SliceArgs {
    /// What was drawn, for `--json`.
    fn summary(&self, request: &SliceRequest, volume: &Volume) -> serde_json::Value {
        serde_json::json!({
            "series_instance_uid": volume.series,
            "origin_lps_mm": request.plane.origin,
            "right": request.plane.right,
            "down": request.plane.down,
            "mm_per_pixel": request.mm_per_pixel,
            "size": [request.width, request.height],
            "slab_mm": request.slab_mm,
            "value_unit": volume.unit(),
            "npy": self.npy,
            "png": self.png,
        })
    }

    fn back_end(&self) -> BackEnd {
        if self.cpu {
            BackEnd::Exact
        } else {
            BackEnd::Adapter
        }
    }

    fn request(&self) -> Result<SliceRequest, CliError> {
        let [width, height] = self.size;
        let mm = self.mm_per_pixel;
        let thin = match (self.plane, self.at) {
            (Some(plane), Some(at)) => {
                let plane = match plane {
                    StandardPlane::Axial => Plane::axial(at),
                    StandardPlane::Coronal => Plane::coronal(at),
                    StandardPlane::Sagittal => Plane::sagittal(at),
                };
                SliceRequest::thin_centered(plane, mm, width, height)
            }
            _ => SliceRequest::thin(self.free_plane()?, mm, width, height),
        };
        let request = SliceRequest {
            slab_mm: self.slab,
            slab_mode: match self.mode {
                Mode::Mip => SlabMode::Mip,
                Mode::Minip => SlabMode::Minip,
                Mode::Mean => SlabMode::Mean,
            },
            interpolation: match self.interpolation {
                Between::Linear => Interpolation::Linear,
                Between::Nearest => Interpolation::Nearest,
            },
            ..thin
        };
        request
            .check()
            .map_err(|error| CliError::Usage(error.to_string()))?;
        Ok(request)
    }

    fn free_plane(&self) -> Result<Plane, CliError> {
        let (Some(origin), Some(right), Some(down)) = (self.origin, self.right, self.down) else {
            return Err(CliError::Usage(
                "Give --plane and --at, or --origin, --right and --down".to_owned(),
            ));
        };
        let unit = |name: &str, direction: Vector<Lps>| {
            let length = direction.length();
            direction
                .direction()
                .filter(|_| (length - 1.0).abs() <= LENGTH_TOLERANCE)
                .ok_or_else(|| {
                    CliError::Usage(format!("{name} must have length 1; it has {length:.4}"))
                })
        };
        let (right, down) = (unit("--right", right)?, unit("--down", down)?);
        let product = right.dot(down);
        if product.abs() > ANGLE_TOLERANCE {
            return Err(CliError::Usage(format!(
                "--right and --down must be perpendicular; the angle between them is {:.2}°",
                product.clamp(-1.0, 1.0).acos().to_degrees()
            )));
        }
        Plane::new(origin, right, down)
            .ok_or_else(|| CliError::Usage("--right and --down span no plane".to_owned()))
    }
}

/// Window and polarity: as asked for, else as the header says, else fitting.
fn display(volume: &Volume, series: &Series, stack: usize, window: Option<WindowLevel>) -> Display {
    let first = series
        .stacks
        .get(stack)
        .and_then(|stack| stack.frames.first())
        .and_then(|at| Some((series.instances.get(at.instance)?, at.frame)));
    let header = first.and_then(|(instance, frame)| instance.voi(frame));
    let own = Presentation::new(header, volume.unit(), percentile_range(volume)).display();
    let invert = first.is_some_and(|(instance, _)| instance.low_is_bright);
    match window {
        Some(window) => Display {
            window,
            function: VoiFunction::Linear,
            table: None,
            invert,
            ..own
        },
        None => Display { invert, ..own },
    }
}

/// What draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BackEnd {
    /// The oracle.
    Exact,
    /// The graphics adapter.
    Adapter,
}

fn values(volume: &Volume, request: &SliceRequest, by: BackEnd) -> Vec<f32> {
    if by == BackEnd::Adapter {
        let draw = || -> Result<_, RenderError> {
            let context = RenderContext::offscreen()?;
            offscreen_values(&context, &upload(&context, volume)?, request)
        };
        if let Some(values) = or_warned(draw()) {
            return values;
        }
    }
    reslice_exact(volume, request)
}

fn greys(
    volume: &Volume,
    request: &SliceRequest,
    display: &Display,
    by: BackEnd,
) -> Result<Vec<u8>, CliError> {
    if by == BackEnd::Adapter {
        let draw = || -> Result<_, RenderError> {
            let context = RenderContext::offscreen()?;
            offscreen_greys(&context, &upload(&context, volume)?, request, display)
        };
        if let Some(greys) = or_warned(draw()) {
            return Ok(greys);
        }
    }
    // The oracle has no greys for what has no value; background and stripes are the fast one's.
    let mut greys = cpu::render_greys(volume, request, display, &|| false)
        .ok_or_else(|| CliError::Failure("The picture was cancelled".to_owned()))?;
    for (grey, value) in greys.iter_mut().zip(reslice_exact(volume, request)) {
        if !value.is_nan() {
            *grey = display.grey_of(f64::from(value));
        }
    }
    Ok(greys)
}

/// What the adapter drew; `None`, with a warning, where it did not.
pub(super) fn or_warned<T>(drawn: Result<T, RenderError>) -> Option<T> {
    drawn
        .map_err(|error| {
            warn_line(&format!(
                "{error}\nThe processor computes the picture instead"
            ));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SliceArgs,
    }

    fn parsed(line: &str) -> Result<SliceArgs, String> {
        Line::try_parse_from(format!("slice {line}").split_whitespace())
            .map(|line| line.args)
            .map_err(|error| error.to_string())
    }

    fn request(line: &str) -> Result<SliceRequest, String> {
        parsed(line)?.request().map_err(|error| error.to_string())
    }

    const REST: &str = "--mm-per-pixel 0.5 --size 5x3 --npy out.npy folder";

    #[test]
    fn a_standard_plane_is_centred_on_the_point() {
        let request = request(&format!("--plane coronal --at -10,20,-30.5 {REST}")).unwrap();
        assert_eq!(request.plane.origin, Point::new(-11., 20., -30.));
        assert_eq!(request.plane.down, Vector::new(0., 0., -1.));
        assert_eq!((request.width, request.height), (5, 3));
        assert_eq!((request.slab_mm, request.slab_mode), (0.0, SlabMode::Mip));
        assert_eq!(request.interpolation, Interpolation::Linear);
    }

    #[test]
    fn a_free_plane_begins_at_its_top_left_pixel() {
        let line = format!(
            "--origin -1,-2,-3 --right 0.7071,0.7071,0 --down 0,0,-1 --slab 4 --mode mean \
             --interpolation nearest {REST}"
        );
        let request = request(&line).unwrap();
        assert_eq!(request.plane.origin, Point::new(-1., -2., -3.));
        assert!((request.plane.right.length() - 1.0).abs() < 1e-12);
        assert_eq!((request.slab_mm, request.slab_mode), (4.0, SlabMode::Mean));
        assert_eq!(request.interpolation, Interpolation::Nearest);
    }

    #[test]
    fn what_makes_no_picture_is_refused_with_what_is_wrong() {
        let refused = |line: &str| request(&format!("{line} {REST}")).unwrap_err();
        let skewed = refused("--origin 0,0,0 --right 1,0,0 --down 0.1,1,0");
        assert!(skewed.contains("84.29°"), "{skewed}");
        let long = refused("--origin 0,0,0 --right 2,0,0 --down 0,1,0");
        assert!(
            long.contains("--right") && long.contains("2.0000"),
            "{long}"
        );
        assert!(refused("").contains("--plane"));
        assert!(refused("--plane axial").contains("--at"));
        assert!(refused("--origin 0,0,0 --right 1,0,0").contains("--down"));
        assert!(refused("--plane axial --at 0,0,0 --slab -1").contains("-1"));
        assert!(refused("--plane axial --at 0,0").contains("X,Y,Z"));
        let both = format!("--plane axial --at 0,0,0 --png out.png {REST}");
        assert!(parsed(&both).is_err(), "one output at a time");
        assert!(parsed("--plane axial --at 0,0,0 --mm-per-pixel 1 --size 5x3 folder").is_err());
        let zero = "--plane axial --at 0,0,0 --mm-per-pixel 0 --size 5x3 --png a.png folder";
        assert!(request(zero).unwrap_err().contains("pixel size"));
    }

    #[test]
    fn exact_greys_are_the_oracles_and_missing_slices_are_striped() {
        let volume = SyntheticVolume::new([8, 8, 4], [1., 1., 1.])
            .without_slice(2)
            .build(|p| p.0.x * 30.0);
        let display = Display {
            window: WindowLevel::new(128.0, 256.0),
            ..Display::default()
        };
        let plane = Plane::axial(Point::new(0., 0., 1.));
        let request = SliceRequest::thin(plane, 1.0, 8, 8);
        let picture = greys(&volume, &request, &display, BackEnd::Exact).unwrap();
        assert_eq!(picture[..8], [0, 30, 60, 90, 120, 150, 180, 210]);
        let missing = SliceRequest::thin(plane.moved_mm(1.0), 1.0, 8, 8);
        let picture = greys(&volume, &missing, &display, BackEnd::Exact).unwrap();
        assert!(picture.contains(&display.hatch_grey()));
        let nothing = values(&volume, &missing, BackEnd::Exact);
        assert!(nothing.iter().all(|value| value.is_nan()));
    }
}
