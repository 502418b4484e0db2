//! `stylet drr`: a simulated radiograph of a CT volume.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::json;

use super::plan_images::{PlanImages, ct_images, plan_masks};
use super::slice::or_warned;
use super::{CliError, numbers, print_json};
use crate::export::npy::write_npy_f32;
use crate::export::radiograph::{ProjectedLine, Radiograph, projected_needle};
use crate::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Lps, Point, Receptor};
use crate::plan::{Plan, PlanFile};
use crate::render::{AdapterKind, DrrPass, DrrTexture, RenderContext, RenderError};
use crate::study::ProjectionGeometry;
use crate::volume::Volume;
use crate::volume::attenuation::{Attenuation, AttenuationModel, Energy};
use crate::volume::drr::{Film, line_integrals};
use crate::volume::structure::{mask_surface, shadow};

/// Longest side of the picture, pixels.
const MOST_PIXELS: usize = 8192;

/// Arguments of `stylet drr`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("output").required(true).args(["png", "npy", "dicom"])))]
pub struct DrrArgs {
    /// DICOM file or folder.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Series Instance UID of the CT; without it that of the plan, else the largest CT.
    #[arg(long, value_name = "UID")]
    series: Option<String>,
    /// Positioner primary angle, LAO +, −180 to 180.
    #[arg(long, value_name = "DEG", allow_hyphen_values = true)]
    primary: f64,
    /// Positioner secondary angle, CRA +, −90 to 90.
    #[arg(long, value_name = "DEG", allow_hyphen_values = true)]
    secondary: f64,
    /// Distance from source to receptor, 1 to 20000 mm.
    #[arg(long, value_name = "MM", default_value_t = CArmPose::MOBILE_MM[0], allow_hyphen_values = true)]
    sid: f64,
    /// Distance from source to isocentre, 1 mm to below `--sid`.
    #[arg(long, value_name = "MM", default_value_t = CArmPose::MOBILE_MM[1], allow_hyphen_values = true)]
    sod: f64,
    /// What the C-arm turns about, LPS mm; without it the first target of the plan, else the
    /// middle of the volume.
    #[arg(long, value_name = "X,Y,Z", value_parser = numbers::point, allow_hyphen_values = true)]
    isocenter: Option<Point<Lps>>,
    /// Columns and rows of the picture.
    #[arg(long, value_name = "WxH", value_parser = numbers::picture_size, default_value = "512x512")]
    size: [usize; 2],
    /// Edge of a pixel on the receptor, 0.0001 to 100 mm.
    #[arg(
        long,
        value_name = "M",
        default_value_t = 0.6,
        allow_hyphen_values = true
    )]
    pixel_mm: f64,
    /// Plan whose needles and structures are drawn over the PNG.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Energy of the beam, keV: 40, 50, 60, 65, 70, 80 or 100.
    #[arg(long, value_name = "KEV", default_value_t = 65)]
    energy: u32,
    /// Greys of PNG and DICOM.
    #[arg(long, default_value = "fluoroscopy")]
    film: Look,
    /// Write an 8-bit picture.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
    /// Write line integrals, −ln(I/I0), as 32-bit floats, rows × columns.
    #[arg(long, value_name = "OUT")]
    npy: Option<PathBuf>,
    /// Write an X-Ray Angiographic image, marked as derived and simulated.
    #[arg(long, value_name = "OUT")]
    dicom: Option<PathBuf>,
    /// Compute on the processor, also where there is a graphics card.
    #[arg(long)]
    cpu: bool,
    /// Print the geometry as JSON.
    #[arg(long)]
    json: bool,
}

/// How the picture looks.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Look {
    /// Bone dark.
    Fluoroscopy,
    /// Bone white.
    Film,
}

/// Projects and writes.
pub fn run(args: &DrrArgs) -> Result<(), CliError> {
    let (receptor, model) = args.check()?;
    let plan = match &args.plan {
        Some(path) => Some(PlanFile::read(path).map_err(CliError::failure)?.1),
        None => None,
    };
    let images = ct_images(&args.path, args.series.as_deref(), plan.as_ref())?;
    let volume = &images.volume;
    let attenuation = Attenuation::of(volume, model).map_err(CliError::failure)?;
    let pose = args.pose(plan.as_ref(), volume);
    let beam = pose.beam().ok_or_else(|| args.no_beam())?;
    let integrals = args.project(&attenuation, &beam, &receptor)?;
    let radiograph = Radiograph {
        pose: &pose,
        receptor: &receptor,
        integrals: &integrals,
        model,
        film: match args.film {
            Look::Fluoroscopy => Film::Fluoroscopy,
            Look::Film => Film::Radiograph,
        },
        opening: None,
    };
    if let Some(path) = &args.npy {
        let shape = [receptor.size[1], receptor.size[0]];
        write_npy_f32(path, &shape, &integrals).map_err(CliError::failure)?;
    }
    if let Some(path) = &args.png {
        let lines = match &plan {
            Some(plan) => plan_lines(plan, &images, (&beam, &receptor))?,
            None => Vec::new(),
        };
        radiograph
            .write_png(path, &lines)
            .map_err(CliError::failure)?;
    }
    if let Some(path) = &args.dicom {
        radiograph
            .write_dicom(path, volume, &images.series)
            .map_err(CliError::failure)?;
    }
    if args.json {
        return print_json(&json!({
            "series_instance_uid": volume.series,
            "primary_deg": args.primary,
            "secondary_deg": args.secondary,
            "source_to_detector_mm": args.sid,
            "source_to_isocenter_mm": args.sod,
            "isocenter_lps_mm": pose.isocenter,
            "source_lps_mm": beam.source,
            "receptor_center_lps_mm": beam.receptor_center,
            "right": beam.right,
            "down": beam.down,
            "size": receptor.size,
            "pixel_mm": args.pixel_mm,
            "energy_kev": args.energy,
        }));
    }
    Ok(())
}

impl DrrArgs {
    fn check(&self) -> Result<(Receptor, AttenuationModel), CliError> {
        let refuse = |words: String| Err(CliError::Usage(words));
        if !(-180.0..=180.0).contains(&self.primary) {
            return refuse(format!(
                "--primary is −180 to 180 degrees, not {}",
                self.primary
            ));
        }
        if !(-90.0..=90.0).contains(&self.secondary) {
            return refuse(format!(
                "--secondary is −90 to 90 degrees, not {}",
                self.secondary
            ));
        }
        if !(self.sod > 0.0 && self.sid > self.sod && self.sid.is_finite()) {
            return Err(self.no_beam());
        }
        let known = ProjectionGeometry::DISTANCES_MM;
        for (name, mm) in [("--sid", self.sid), ("--sod", self.sod)] {
            if !known.contains(&mm) {
                let (least, most) = (known.start(), known.end());
                return refuse(format!("{name} is {least} to {most} mm, not {mm}"));
            }
        }
        let side = 1..=MOST_PIXELS;
        if !self.size.iter().all(|n| side.contains(n)) {
            let [width, height] = self.size;
            return refuse(format!(
                "--size is 1 to {MOST_PIXELS} pixels each way, not {width} × {height}"
            ));
        }
        let known = ProjectionGeometry::SPACINGS_MM;
        if !known.contains(&self.pixel_mm) {
            let (least, most) = (known.start(), known.end());
            return refuse(format!(
                "--pixel-mm is {least} to {most} mm, not {}",
                self.pixel_mm
            ));
        }
        let Some(energy) = Energy::of_kev(self.energy) else {
            return refuse(format!(
                "--energy is 40, 50, 60, 65, 70, 80 or 100 keV, not {}",
                self.energy
            ));
        };
        let model = AttenuationModel {
            energy,
            ..AttenuationModel::default()
        };
        Ok((Receptor::centered(self.size, self.pixel_mm), model))
    }

    fn no_beam(&self) -> CliError {
        CliError::Usage(format!(
            "The isocentre lies between source and receptor: --sod above 0 and below --sid, not \
             {} and {} mm",
            self.sod, self.sid
        ))
    }

    fn pose(&self, plan: Option<&Plan>, volume: &Volume) -> CArmPose {
        let mut needles = plan.iter().flat_map(|plan| &plan.trajectories);
        let isocenter = self
            .isocenter
            .or_else(|| needles.find_map(|needle| needle.target))
            .unwrap_or_else(|| volume.center_lps());
        CArmPose {
            angles: CArmAngles {
                primary: Degrees(self.primary),
                secondary: Degrees(self.secondary),
            },
            isocenter,
            source_to_detector_mm: self.sid,
            source_to_isocenter_mm: self.sod,
        }
    }

    /// On a graphics card where there is one that does it, else on the processor.
    fn project(
        &self,
        attenuation: &Attenuation,
        beam: &ConeBeam,
        receptor: &Receptor,
    ) -> Result<Vec<f32>, CliError> {
        let context = if self.cpu {
            None
        } else {
            match RenderContext::offscreen() {
                Err(RenderError::NoAdapter { .. }) => None,
                context => or_warned(context),
            }
        };
        let card = context.filter(|context| context.adapter_kind() == AdapterKind::Hardware);
        if let Some(context) = card {
            let gpu = (&context.device, &context.queue);
            let texture = DrrTexture::new(gpu.0, gpu.1, attenuation);
            let drawn = texture.and_then(|texture| {
                DrrPass::new(gpu.0)?.line_integrals(gpu, &texture, beam, receptor)
            });
            if let Some(integrals) = or_warned(drawn) {
                return Ok(integrals);
            }
        }
        line_integrals(attenuation, beam, receptor, &|| false)
            .ok_or_else(|| CliError::Failure("The picture was cancelled".to_owned()))
    }
}

/// Structures of the plan as outlines of their shadows, and its needles over them.
fn plan_lines(
    plan: &Plan,
    images: &PlanImages,
    (beam, receptor): (&ConeBeam, &Receptor),
) -> Result<Vec<ProjectedLine>, CliError> {
    let mut lines = Vec::new();
    for structure in plan_masks(plan, images, &[])?.structures {
        let mesh = mask_surface(&structure.mask, 1, &|| false).map_err(CliError::failure)?;
        let outlines = shadow(&mesh, beam, receptor).into_iter();
        lines.extend(outlines.map(|points| ProjectedLine {
            points,
            closed: true,
            color: structure.color,
        }));
    }
    for needle in plan.trajectories.iter().filter(|needle| !needle.hidden) {
        if let Some(segment) = needle.segment() {
            lines.extend(projected_needle(&segment, needle.color.0, (beam, receptor)));
        }
    }
    Ok(lines)
}
