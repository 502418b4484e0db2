//! The fluoroscopy series of the sample study: stills of a frontal, a lateral and a "Scotty-dog"
//! view at L4, with and without a needle, and two runs of contrast medium.

use std::path::{Path, PathBuf};

use super::companion::{Companion, folder_in};
use super::contrast_flow::{Flow, epidurogram, neurogram};
use super::contrast_medium::{IODINE_MG_PER_ML, Room};
use super::label::Side;
use super::noise::mix;
use super::radiograph::{Needle, View, pose_along, pose_at};
use super::scene::Scene;
use super::splat;
use super::truth::{NeedleTruth, ProjectionTruth, ReferencePath, Target, TargetKind, Truth};
use super::xray_detector::{BITS, Blades, Detector, window};
use super::{Phantom, PhantomError};
use crate::dicom::write_xa::{PixelIntensity, XaContrast, XaImage, XaPixels, XaRun, write_xa};
use crate::geometry::Receptor;
use crate::volume::attenuation::{Attenuation, AttenuationModel};
use crate::volume::drr::line_integrals;

/// The level that everything is aimed at.
const LEVEL: &str = "L4";
const GAP: &str = "L4-L5";
/// Oblique angle of the Scotty-dog view, receptor towards the patient's left.
const OBLIQUE_DEG: f64 = 30.0;
/// Pixels of the receptor, and those that runs read out of its middle.
const PIXEL_MM: f64 = 0.4;
/// Pixels of the magnified oblique views.
const FINE_PIXEL_MM: f64 = 0.28;
const STILL_PIXELS: usize = 640;
const RUN_PIXELS: usize = 512;
/// Quanta in a pixel of a still and of a frame of a run.
const STILL_QUANTA: f32 = 20_000.0;
const RUN_QUANTA: f32 = 4000.0;
const KILOVOLTS: f64 = 76.0;
/// Frames a second, and how many there are before the injection begins.
const FRAME_TIME_MS: f64 = 1000.0 / 7.5;
const MASK_FRAMES: usize = 4;
/// Those of them that make the mask; the first may differ while a real generator settles.
const MASK: [u16; 3] = [2, 3, 4];
/// Collimator of the runs.
const RUN_BLADES_MM: [f64; 4] = [-78.0, 78.0, -96.0, 96.0];
/// First number of the fluoroscopy series.
pub(super) const FIRST_NUMBER: u32 = 7;

/// Projections that the pictures share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Projection {
    Frontal,
    Lateral,
    Oblique,
    /// Along the needle under the pedicle.
    BullsEye,
}

/// Medium in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Medium {
    Neurogram,
    Epidurogram,
}

/// A picture to take.
struct Plan {
    folder: &'static str,
    description: &'static str,
    projection: Projection,
    needle: Option<TargetKind>,
    medium: Option<Medium>,
    frames: usize,
}

const STILL: Plan = Plan {
    folder: "XA1",
    description: "AP, L4, simulated",
    projection: Projection::Frontal,
    needle: None,
    medium: None,
    frames: 1,
};

/// In the order of their numbers.
const PLANS: [Plan; 8] = [
    STILL,
    Plan {
        folder: "XA2",
        description: "Lateral, L4, simulated",
        projection: Projection::Lateral,
        ..STILL
    },
    Plan {
        folder: "XA3",
        description: "Oblique 30 left, L4 squared, simulated",
        projection: Projection::Oblique,
        ..STILL
    },
    Plan {
        folder: "XA4",
        description: "Bull's-eye, needle at L4 left, simulated",
        projection: Projection::BullsEye,
        needle: Some(TargetKind::Subpedicular),
        ..STILL
    },
    Plan {
        folder: "XA5",
        description: "Lateral, needle at L4 left, simulated",
        projection: Projection::Lateral,
        needle: Some(TargetKind::Subpedicular),
        ..STILL
    },
    Plan {
        folder: "XA6",
        description: "Neurogram L4 left, AP, simulated",
        needle: Some(TargetKind::Subpedicular),
        medium: Some(Medium::Neurogram),
        frames: 28,
        ..STILL
    },
    Plan {
        folder: "XA7",
        description: "Epidurogram L4-L5, AP, simulated",
        needle: Some(TargetKind::InterlaminarParamedian),
        medium: Some(Medium::Epidurogram),
        frames: 28,
        ..STILL
    },
    Plan {
        folder: "XA8",
        description: "Epidurogram L4-L5, lateral, simulated",
        projection: Projection::Lateral,
        needle: Some(TargetKind::InterlaminarParamedian),
        medium: Some(Medium::Epidurogram),
        ..STILL
    },
];

/// Makes and writes all pictures, each into its own folder; `None` when `go_on` says false.
pub(super) fn write(
    phantom: &Phantom,
    scene: &Scene,
    (companion, folder): (&Companion, &Path),
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<(ProjectionTruth, PathBuf)>>, PhantomError> {
    let attenuation = Attenuation::of(&phantom.volume(), AttenuationModel::default())?;
    let studio = Studio {
        truth: &phantom.truth,
        room: Room::new(phantom, scene),
        companion,
        folder,
    };
    let mut written = Vec::new();
    for projection in [
        Projection::Frontal,
        Projection::Lateral,
        Projection::Oblique,
        Projection::BullsEye,
    ] {
        let Some(view) = studio.view(projection) else {
            continue;
        };
        let stop = || !go_on();
        let found = line_integrals(&attenuation, &view.beam, &view.receptor, &stop);
        let Some(integrals) = found else {
            return Ok(None);
        };
        for (number, plan) in (FIRST_NUMBER..).zip(&PLANS) {
            if plan.projection != projection {
                continue;
            }
            if !go_on() {
                return Ok(None);
            }
            written.extend(studio.take(&view, &integrals, (number, plan))?);
        }
    }
    written.sort_by_key(|(truth, _)| truth.series_number);
    Ok(Some(written))
}

/// What is needed to take pictures of a body.
struct Studio<'a> {
    truth: &'a Truth,
    room: Room<'a>,
    companion: &'a Companion,
    folder: &'a Path,
}

/// A needle on its way to a target.
struct Placed<'a> {
    needle: Needle,
    target: &'a Target,
    path: ReferencePath,
}

impl Studio<'_> {
    fn view(&self, projection: Projection) -> Option<View> {
        let (pose, pixel_mm, blades) = match projection {
            Projection::Frontal => (
                pose_at(self.truth, LEVEL, (0.0, false)),
                PIXEL_MM,
                [-92.0, 92.0, -122.0, 122.0],
            ),
            // The patient's back is on the right.
            Projection::Lateral => (
                pose_at(self.truth, LEVEL, (90.0, false)),
                PIXEL_MM,
                [-92.0, 88.0, -122.0, 122.0],
            ),
            Projection::Oblique => (
                pose_at(self.truth, LEVEL, (OBLIQUE_DEG, true)),
                FINE_PIXEL_MM,
                [-72.0, 66.0, -78.0, 78.0],
            ),
            Projection::BullsEye => {
                let placed = self.placed(TargetKind::Subpedicular)?;
                let tip = placed.target.point_lps_mm;
                (
                    pose_along(&placed.path, tip),
                    FINE_PIXEL_MM,
                    [-72.0, 66.0, -78.0, 78.0],
                )
            }
        };
        let receptor = Receptor::centered([STILL_PIXELS; 2], pixel_mm);
        View::new(pose?, receptor, Blades(blades))
    }

    fn placed(&self, kind: TargetKind) -> Option<Placed<'_>> {
        let (needle, level) = match kind {
            TargetKind::InterlaminarParamedian => (Needle::TUOHY, GAP),
            _ => (Needle::SPINAL, LEVEL),
        };
        let target = self.truth.target(kind, level, Some(Side::Left))?;
        Some(Placed {
            needle,
            target,
            path: target.path?,
        })
    }

    /// Takes and writes one picture or run. None where the body lacks what it is to show.
    fn take(
        &self,
        view: &View,
        integrals: &[f32],
        (number, plan): (u32, &Plan),
    ) -> Result<Option<(ProjectionTruth, PathBuf)>, PhantomError> {
        let placed = plan.needle.map(|kind| self.placed(kind));
        let Some(placed) = placed.map_or(Some(None), |placed| placed.map(Some)) else {
            return Ok(None);
        };
        let flow = plan.medium.zip(placed.as_ref());
        let flow = flow.and_then(|(medium, placed)| match medium {
            Medium::Neurogram => neurogram(&self.room, placed.target),
            Medium::Epidurogram => epidurogram(&self.room, placed.target),
        });
        let (view, mut picture) = if plan.frames > 1 {
            view.middle(integrals, RUN_PIXELS, Blades(RUN_BLADES_MM))
        } else {
            (*view, integrals.to_vec())
        };
        if let Some(placed) = &placed {
            let tip = placed.target.point_lps_mm;
            let splats = placed.needle.splats(&placed.path, tip);
            splat::add(&splats, &view.beam, &view.receptor, &mut picture);
        }
        let seed = mix(self.truth.seed ^ mix(u64::from(number)));
        let values = expose(&view, picture, flow.as_ref(), (plan.frames, seed));
        let path = self.write(&view, &values, (number, plan), flow.is_some())?;
        let truth = projection_truth(&view, (number, plan), placed.as_ref(), flow);
        Ok(Some((truth, path)))
    }

    fn write(
        &self,
        view: &View,
        values: &[u16],
        (number, plan): (u32, &Plan),
        has_medium: bool,
    ) -> Result<PathBuf, PhantomError> {
        let path = folder_in(self.folder, plan.folder)?.join("IM0001.dcm");
        let edges = view.blades.edges(&view.receptor);
        let frame = values.get(..view.receptor.size.iter().product());
        let at = view.pose.isocenter.0;
        let derivation = format!(
            "Simulated by Stylet from the CT of this study; not a patient. Isocentre at LPS \
             {:.2}, {:.2}, {:.2} mm of its frame of reference. Grey values follow the logarithm \
             of the intensity.",
            at.x, at.y, at.z
        );
        let image = XaImage {
            identity: &self.companion.identity,
            new: &self.companion.new_instance(number, plan.description),
            patient_position: "HFP",
            pose: &view.pose,
            receptor: &view.receptor,
            pixels: XaPixels::U16 { values, bits: BITS },
            intensity: PixelIntensity::Displayed,
            window: window(frame.unwrap_or(values), &view.receptor, edges),
            kilovolts: Some(KILOVOLTS),
            run: (plan.frames > 1).then_some(XaRun {
                frame_time_ms: FRAME_TIME_MS,
                mask_frames: &MASK,
            }),
            contrast: has_medium.then_some(XaContrast {
                agent: "Iohexol",
                route: "EPIDURAL",
                volume_ml: 2.0,
                iodine_mg_per_ml: IODINE_MG_PER_ML,
            }),
            collimator: Some(edges),
            shutter: None,
            derivation: &derivation,
            sources: &[],
        };
        write_xa(&image, &path)?;
        Ok(path)
    }
}

/// Stored values of all frames. A still with medium shows the end of its flow.
fn expose(
    view: &View,
    mut picture: Vec<f32>,
    flow: Option<&Flow>,
    (frames, seed): (usize, u64),
) -> Vec<u16> {
    let quanta = if frames > 1 { RUN_QUANTA } else { STILL_QUANTA };
    let detector = Detector::new(view.receptor, view.blades, quanta);
    let exposure = detector.expose(&picture);
    let mut left = flow.map_or(&[][..], |flow| &flow.splats);
    let mut values = Vec::with_capacity(picture.len() * frames);
    for frame in 0..frames {
        let now_s = if frames > 1 {
            (frame as f64 + 1.0 - MASK_FRAMES as f64) * FRAME_TIME_MS / 1000.0
        } else {
            f64::INFINITY
        };
        let come = left.partition_point(|splat| splat.arrives_s <= now_s);
        let (new, later) = left.split_at(come);
        splat::add(new, &view.beam, &view.receptor, &mut picture);
        left = later;
        values.extend(detector.take(&picture, &exposure, mix(seed ^ frame as u64)));
    }
    values
}

fn projection_truth(
    view: &View,
    (number, plan): (u32, &Plan),
    placed: Option<&Placed<'_>>,
    flow: Option<Flow>,
) -> ProjectionTruth {
    ProjectionTruth {
        series_number: number,
        description: plan.description.to_owned(),
        primary_deg: view.pose.angles.primary.0,
        secondary_deg: view.pose.angles.secondary.0,
        source_to_detector_mm: view.pose.source_to_detector_mm,
        source_to_isocenter_mm: view.pose.source_to_isocenter_mm,
        isocenter_lps_mm: view.pose.isocenter.0,
        source_lps_mm: view.beam.source.0,
        size: view.receptor.size,
        pixel_mm: view.receptor.pixel_mm[0],
        frames: plan.frames,
        mask_frames: if plan.frames > 1 { MASK_FRAMES } else { 0 },
        needle: placed.map(|placed| NeedleTruth {
            kind: placed.target.kind,
            level: placed.target.level.clone(),
            side: placed.target.side,
            entry_lps_mm: placed.path.entry_lps_mm,
            tip_lps_mm: placed.target.point_lps_mm,
            diameter_mm: placed.needle.diameter_mm,
        }),
        contrast: flow.map(|flow| flow.places).unwrap_or_default(),
    }
}
