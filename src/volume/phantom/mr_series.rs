//! The MR series of the sample study: a sagittal T2, a sagittal T1 and an axial T2 of the lumbar
//! spine, as a spine protocol at 1.5 T has them.

use std::path::{Path, PathBuf};

use glam::DVec3;

use super::companion::{Companion, folder_in};
use super::mr::{MrScanner, Protocol, Weighting};
use super::scene::Scene;
use super::truth::{PlaneTruth, Truth};
use super::{Phantom, PhantomError};
use crate::dicom::write_mr::{MrGrid, MrSequence, MrSeries, write_mr_series};
use crate::geometry::{Point, Vector};

/// Thickness of a slice and distance to the next: a gap of 10 %.
const THICKNESS_MM: f64 = 4.0;
const STEP_MM: f64 = 4.4;
const PIXEL_MM: f64 = 0.625;
/// Columns, rows and slices.
const SAGITTAL: [usize; 3] = [320, 448, 17];
const AXIAL: [usize; 3] = [320, 320, 34];
/// Top of the sagittal pictures and of the axial stack above the L5-S1 disc, mm.
const SAGITTAL_TOP_MM: f64 = 200.0;
const AXIAL_TOP_MM: f64 = 132.0;
/// Front edge of the pictures before the middle of the canal at L3, mm.
const SAGITTAL_FRONT_MM: f64 = 110.0;
const AXIAL_FRONT_MM: f64 = 120.0;
/// How far before the middle of the canal at L3 the saturated band ends, mm.
const BAND_MM: f64 = 62.0;
/// How far behind the middle of the canal at L3 the coil lies, mm.
const COIL_MM: f64 = 75.0;

/// A series and what its header says.
struct Plan {
    folder: &'static str,
    description: &'static str,
    weighting: Weighting,
    is_sagittal: bool,
    sequence: MrSequence<'static>,
    window: [f64; 2],
}

const T2: MrSequence<'static> = MrSequence {
    name: "T2 FSE",
    repetition_ms: 3500.0,
    echo_ms: 100.0,
    echo_train: 16,
    field_tesla: 1.5,
    is_saturated: true,
};

const PLANS: [Plan; 3] = [
    Plan {
        folder: "MR1",
        description: "Sagittal T2 FSE prone, simulated",
        weighting: Weighting::T2,
        is_sagittal: true,
        sequence: T2,
        window: [500.0, 1000.0],
    },
    Plan {
        folder: "MR2",
        description: "Sagittal T1 SE prone, simulated",
        weighting: Weighting::T1,
        is_sagittal: true,
        sequence: MrSequence {
            name: "T1 SE",
            repetition_ms: 550.0,
            echo_ms: 12.0,
            echo_train: 1,
            ..T2
        },
        window: [430.0, 860.0],
    },
    Plan {
        folder: "MR3",
        description: "Axial T2 FSE prone, simulated",
        weighting: Weighting::T2,
        is_sagittal: false,
        sequence: MrSequence {
            is_saturated: false,
            ..T2
        },
        window: [500.0, 1000.0],
    },
];

/// First number of the MR series.
pub(super) const FIRST_NUMBER: u32 = 4;

/// Where the series lie about the spine.
struct Place {
    /// Middle of the canal at L3, LPS mm.
    canal_mm: DVec3,
    /// Height of the L5-S1 disc, LPS mm.
    disc_z_mm: f64,
}

impl Place {
    fn of(truth: &Truth) -> Option<Self> {
        let l3 = truth.vertebrae.iter().find(|v| v.level == "L3")?;
        let disc = truth.gaps.last()?;
        let [left, right] = l3.pedicle_isthmus_lps_mm;
        Some(Self {
            canal_mm: left.midpoint(right),
            disc_z_mm: disc.disc_centre_lps_mm.z,
        })
    }

    fn grid(&self, is_sagittal: bool) -> MrGrid {
        let (size, column_direction, row_direction, step, origin) = if is_sagittal {
            let half = 0.5 * (SAGITTAL[2] as f64 - 1.0) * STEP_MM;
            let origin = DVec3::new(
                self.canal_mm.x - half,
                self.canal_mm.y - SAGITTAL_FRONT_MM,
                self.disc_z_mm + SAGITTAL_TOP_MM,
            );
            (SAGITTAL, DVec3::Y, -DVec3::Z, DVec3::X, origin)
        } else {
            let half = 0.5 * (AXIAL[0] as f64 - 1.0) * PIXEL_MM;
            let origin = DVec3::new(
                self.canal_mm.x - half,
                self.canal_mm.y - AXIAL_FRONT_MM,
                self.disc_z_mm + AXIAL_TOP_MM,
            );
            (AXIAL, DVec3::X, DVec3::Y, -DVec3::Z, origin)
        };
        let vector = |v: DVec3| Vector::from(v.to_array());
        MrGrid {
            origin: Point::from(origin.to_array()),
            column_direction: vector(column_direction),
            row_direction: vector(row_direction),
            step_mm: vector(step * STEP_MM),
            pixel_mm: [PIXEL_MM; 2],
            thickness_mm: THICKNESS_MM,
            size,
        }
    }
}

/// A written series and its files.
pub(super) type Written = (PlaneTruth, Vec<PathBuf>);

/// Makes and writes the three series, each into its own folder. `None`
/// when `go_on` says false.
pub(super) fn write(
    phantom: &Phantom,
    scene: &Scene,
    (companion, folder): (&Companion, &Path),
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<Written>>, PhantomError> {
    let Some(place) = Place::of(&phantom.truth) else {
        return Ok(Some(Vec::new()));
    };
    let scanner = MrScanner::new(phantom.truth.seed, scene)?;
    let mut written = Vec::new();
    for (number, plan) in (FIRST_NUMBER..).zip(&PLANS) {
        let protocol = Protocol {
            weighting: plan.weighting,
            grid: place.grid(plan.is_sagittal),
            saturated_to_y_mm: plan.is_sagittal.then_some(place.canal_mm.y - BAND_MM),
            coil_y_mm: place.canal_mm.y + COIL_MM,
        };
        if !go_on() {
            return Ok(None);
        }
        let values = scanner.acquire(phantom, &protocol);
        let into = folder_in(folder, plan.folder)?;
        let new = companion.new_instance(number, plan.description);
        let series = MrSeries {
            identity: &companion.identity,
            new: &new,
            frame_of_reference: &companion.frame_of_reference,
            patient_position: "HFP",
            grid: protocol.grid,
            sequence: plan.sequence,
            values: &values,
            window: plan.window,
            derivation: "Simulated by Stylet; not a patient. Same pose as the CT: prone, so that \
                         spine and needles lie where the CT has them.",
        };
        let Some(files) = write_mr_series(&series, &into, go_on)? else {
            return Ok(None);
        };
        let truth = PlaneTruth {
            series_number: number,
            description: plan.description.to_owned(),
            origin_lps_mm: protocol.grid.origin.0,
            column_direction: protocol.grid.column_direction.0,
            row_direction: protocol.grid.row_direction.0,
            step_lps_mm: protocol.grid.step_mm.0,
        };
        written.push((truth, files));
    }
    Ok(Some(written))
}
