//! What of a plan leaves the room: the one input of every export, so that a report, a table and
//! markups of the same plan cannot differ.

use crate::assess::PathReadout;
use crate::dicom::identity::Identity;
use crate::dicom::uid::derived_uid;
use crate::dicom::write_object::Moment;
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{NeedleCatalogue, Plan, Trajectory};
use crate::study::report::{Code, EvidenceImage, EvidenceSeries};
use crate::study::{FrameOfReferenceUid, InstanceUid, Level, Series, Side};

use super::quantity::{NamedQuantity, Quantity, Unit};

/// A plan and its numbers, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    /// Patient and study; `None` where no study is open, and then only files that name no patient
    /// can be written.
    pub identity: Option<Identity>,
    /// Frame of reference in which all points lie.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Images the plan rests on.
    pub evidence: Vec<EvidenceSeries>,
    /// Declared patient position.
    pub patient_position: Option<PatientPosition>,
    /// Who planned, as a person name; `None` where it is not known.
    pub observer: Option<String>,
    /// Needles with both ends, in the order of the plan.
    pub needles: Vec<NeedleRecord>,
    /// The person says that the plan is finished.
    pub complete: bool,
    /// When it is exported.
    pub made: Moment,
}

/// One needle and its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleRecord {
    /// As spoken.
    pub name: String,
    /// Stays the same from export to export, see [`tracking_uid`].
    pub tracking_uid: String,
    /// Where it meets the skin, LPS mm.
    pub entry: Point<Lps>,
    /// Where the tip ends, LPS mm.
    pub target: Point<Lps>,
    /// Id in the needle catalogue.
    pub needle_id: Option<String>,
    /// Needle in words: kind, gauge, length.
    pub needle_text: String,
    /// What is done.
    pub procedure: Option<ProcedureRecord>,
    /// Where.
    pub level: Option<Level>,
    /// On which side.
    pub side: Option<Side>,
    /// The numbers that are known, each once.
    pub quantities: Vec<NamedQuantity>,
    /// Distances to structures.
    pub clearances: Vec<Clearance>,
}

/// A procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureRecord {
    /// Id of its file.
    pub id: String,
    /// As spoken.
    pub title: String,
    /// Standard code, where there is one.
    pub code: Option<Code>,
}

/// Smallest distance from the shaft surface to a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct Clearance {
    /// Name as shown.
    pub structure: String,
    /// Standard code, where there is one.
    pub code: Option<Code>,
    /// mm; negative inside.
    pub distance_mm: f64,
    /// Where along the path, mm from the entry.
    pub depth_mm: Option<f64>,
}

/// The UID of a needle of this name on this frame of reference.
pub fn tracking_uid(frame: Option<&FrameOfReferenceUid>, name: &str) -> String {
    let frame = frame.map(FrameOfReferenceUid::as_str).unwrap_or_default();
    derived_uid(&["needle", frame, name])
}

impl PlanRecord {
    /// A plan without needles yet, made now.
    pub fn new(plan: &Plan, identity: Option<Identity>, evidence: Vec<EvidenceSeries>) -> Self {
        let bound = plan.series.as_ref();
        let frame = bound.and_then(|series| series.frame_of_reference_uid.clone());
        let of_images = || identity.as_ref()?.frame_of_reference.clone();
        Self {
            frame_of_reference: frame.or_else(of_images),
            identity,
            evidence,
            patient_position: plan.patient_position,
            observer: None,
            needles: Vec::new(),
            complete: false,
            made: Moment::now(),
        }
    }

    /// The same without the person: see [`Identity::anonymous`]. The observer is left out, and a
    /// needle whose name holds a part of the patient's name or id is called by its number. Make
    /// all files that belong together from one anonymous record.
    pub fn anonymous(&self) -> Self {
        let telling = self.identity.as_ref().map(Identity::telling_words);
        let telling = telling.unwrap_or_default();
        let tells = |text: &str| {
            let text = text.to_lowercase();
            telling.iter().any(|word| text.contains(word))
        };
        let mut record = Self {
            identity: self.identity.as_ref().map(Identity::anonymous),
            observer: None,
            ..self.clone()
        };
        let frame = self.frame_of_reference.as_ref();
        for (index, needle) in record.needles.iter_mut().enumerate() {
            if tells(&needle.name) {
                needle.name = format!("Needle {}", index + 1);
                // The former one was made of the name.
                needle.tracking_uid = tracking_uid(frame, &needle.name);
            }
            for clearance in &mut needle.clearances {
                if tells(&clearance.structure) {
                    "Structure".clone_into(&mut clearance.structure);
                }
            }
        }
        record
    }
}

impl NeedleRecord {
    /// From a needle of the plan and its readout; `None` while an end is missing. Procedure,
    /// level, side, target radius and clearances are for the caller to fill in.
    pub fn of(
        trajectory: &Trajectory,
        readout: &PathReadout,
        catalogue: &NeedleCatalogue,
        frame: Option<&FrameOfReferenceUid>,
    ) -> Option<Self> {
        let needle = trajectory.needle.as_deref();
        let known = needle.and_then(|id| catalogue.find(id));
        let in_words = known.map(|needle| needle.name.clone());
        Some(Self {
            name: trajectory.name.clone(),
            tracking_uid: tracking_uid(frame, &trajectory.name),
            entry: trajectory.entry?,
            target: trajectory.target?,
            needle_id: trajectory.needle.clone(),
            needle_text: in_words.or(trajectory.needle.clone()).unwrap_or_default(),
            procedure: None,
            level: None,
            side: None,
            quantities: quantities(readout),
            clearances: Vec::new(),
        })
    }
}

/// The numbers of a readout that are known.
fn quantities(readout: &PathReadout) -> Vec<NamedQuantity> {
    let plan = &readout.plan;
    let carm = &plan.carm;
    let skin = readout.skin.as_ref().ok().map(|skin| skin.depth_mm);
    let dicom = carm.dicom.as_ref().ok();
    let console = carm.console.as_ref().ok();
    let operator = carm.operator.as_ref().ok();
    let mm = [
        (Quantity::PathLength, plan.length_mm.as_ref().ok().copied()),
        (Quantity::SkinDepth, skin),
        (
            Quantity::NeedleReserve,
            plan.needle_reserve_mm.as_ref().ok().copied(),
        ),
    ];
    let deg = [
        (Quantity::CArmPrimary, dicom.map(|pair| pair.primary.0)),
        (Quantity::CArmSecondary, dicom.map(|pair| pair.secondary.0)),
        (Quantity::ConsolePrimary, console.map(|pair| pair.primary.0)),
        (
            Quantity::ConsoleSecondary,
            console.map(|pair| pair.secondary.0),
        ),
        (Quantity::Oblique, operator.map(|pair| pair.oblique.0)),
        (Quantity::Tilt, operator.map(|pair| pair.tilt.0)),
        (
            Quantity::InPlane,
            plan.in_plane.as_ref().ok().map(|angle| angle.0),
        ),
        (
            Quantity::OutOfPlane,
            plan.out_of_plane.as_ref().ok().map(|angle| angle.0),
        ),
        (
            Quantity::GantryTilt,
            plan.gantry_tilt.as_ref().ok().map(|angle| angle.0),
        ),
    ];
    let finite = |(quantity, value): (Quantity, Option<f64>)| {
        value
            .filter(|value| value.is_finite())
            .map(|value| (quantity, value))
    };
    let mm = mm.into_iter().filter_map(finite);
    let deg = deg.into_iter().filter_map(finite);
    let value = readout.target_value.as_ref().ok().copied();
    let unit = match readout.unit.as_str() {
        "HU" => Unit::Hounsfield,
        _ => Unit::One,
    };
    let value = value
        .filter(|value| value.is_finite())
        .map(|value| NamedQuantity {
            quantity: Quantity::TargetValue,
            value,
            unit,
        });
    mm.map(|(quantity, value)| NamedQuantity::mm(quantity, value))
        .chain(deg.map(|(quantity, value)| NamedQuantity::deg(quantity, value)))
        .chain(value)
        .collect()
}

/// The images of a series as evidence, with what they share.
pub fn evidence_of(series: &Series) -> EvidenceSeries {
    let planes: Vec<_> = series
        .instances
        .iter()
        .map(|instance| match instance.frames.as_slice() {
            [only] => only.plane,
            _ => None,
        })
        .collect();
    let directions = |index: usize| {
        let plane = planes.get(index).copied().flatten()?;
        let [a, b, c] = plane.column_direction.to_array();
        let [d, e, f] = plane.row_direction.to_array();
        Some([a, b, c, d, e, f])
    };
    let spacing = |index: usize| {
        let plane = planes.get(index).copied().flatten()?;
        Some([plane.row_spacing_mm, plane.column_spacing_mm])
    };
    let size = |index: usize| {
        let instance = series.instances.get(index)?;
        Some([instance.rows, instance.columns])
    };
    EvidenceSeries {
        series: series.uid.clone(),
        modality: series.modality.clone(),
        size: shared(series.instances.len(), size),
        spacing_mm: shared(series.instances.len(), spacing),
        orientation: shared(series.instances.len(), directions),
        images: series
            .instances
            .iter()
            .zip(&planes)
            .map(|(instance, plane)| EvidenceImage {
                sop_class: instance.sop_class.clone(),
                instance: InstanceUid::new(instance.uid.as_str()),
                position: plane.map(|plane| plane.position),
            })
            .collect(),
    }
}

/// What all of `count` things have in common, where they all have it.
fn shared<T: PartialEq>(count: usize, of: impl Fn(usize) -> Option<T>) -> Option<T> {
    let first = of(0)?;
    (1..count)
        .all(|index| of(index).as_ref() == Some(&first))
        .then_some(first)
}
