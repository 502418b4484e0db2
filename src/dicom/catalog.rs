//! Headers, sorted by path, → studies (newest first) → series (by number) → stacks, and the other
//! objects of each study.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::group;
use super::header::Facts;
use crate::study::{Catalog, Instance, OtherObject, Series, SeriesUid, Study, StudyUid};

/// What one file gave.
pub(crate) type Header<T> = (Facts, Box<T>);

/// Groups what was read.
pub(crate) fn catalog(
    mut images: Vec<Header<Instance>>,
    mut objects: Vec<Header<OtherObject>>,
) -> Catalog {
    let mut patients = Patients::default();
    for (facts, image) in &mut images {
        name_series(facts, image);
        patients.tell_apart(facts);
    }
    for (facts, _) in &mut objects {
        patients.tell_apart(facts);
    }
    let mut studies: BTreeMap<StudyUid, Study> = BTreeMap::new();
    let mut of_study: BTreeMap<StudyUid, Vec<Header<Instance>>> = BTreeMap::new();
    for (facts, image) in images {
        let uid = facts.study_uid.clone();
        studies.entry(uid.clone()).or_insert_with(|| study(&facts));
        of_study.entry(uid).or_default().push((facts, image));
    }
    for (facts, object) in objects {
        studies
            .entry(facts.study_uid.clone())
            .or_insert_with(|| study(&facts))
            .objects
            .push(*object);
    }
    let mut studies: Vec<Study> = studies.into_values().collect();
    for study in &mut studies {
        study.series = all_series(of_study.remove(&study.uid).unwrap_or_default());
        study
            .objects
            .sort_by(|a, b| a.list_order().cmp(&b.list_order()));
    }
    studies.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.uid.cmp(&b.uid)));
    Catalog { studies }
}

/// Gives a series without a UID a name of its own: images of one folder and frame of reference
/// belong together, others have nothing in common.
fn name_series(facts: &mut Facts, image: &Instance) {
    if !facts.series_uid.as_str().is_empty() {
        return;
    }
    let path = image.path.shown();
    let of = match (&image.frame_of_reference, path.parent()) {
        (Some(frame), Some(folder)) => {
            let (rows, columns) = (image.rows, image.columns);
            let study = &facts.study_uid;
            format!(
                "{}|{study}|{frame}|{rows}|{columns}|{}",
                folder.display(),
                facts.modality
            )
        }
        _ => path.display().to_string(),
    };
    facts.series_uid = SeriesUid(format!("none-{}", digest(&of)));
}

/// Twelve digits that stand for a text and do not give it away.
fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let first = hash.iter().take(6);
    first.fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// Whose each study is. UIDs are given twice at times, by careless anonymising or copying: images
/// of two patients must not become one series.
#[derive(Default)]
struct Patients(BTreeMap<StudyUid, String>);

impl Patients {
    /// Gives the study and series of a second patient of one Study Instance UID names of their own.
    fn tell_apart(&mut self, facts: &mut Facts) {
        let id = facts.patient.id.trim();
        let who = if id.is_empty() {
            let name = facts.patient.name.to_uppercase();
            let name = name.trim_matches(['^', ' ', '=']);
            // Reports and the like may say nothing; the study then says whose they are.
            if name.is_empty() {
                return;
            }
            format!("name {name}")
        } else {
            format!("id {id}")
        };
        let first = self.0.entry(facts.study_uid.clone());
        if *first.or_insert_with(|| who.clone()) != who {
            let suffix = digest(&who);
            facts.study_uid = StudyUid(format!("{}-{suffix}", facts.study_uid));
            facts.series_uid = SeriesUid(format!("{}-{suffix}", facts.series_uid));
        }
    }
}

fn study(facts: &Facts) -> Study {
    Study {
        uid: facts.study_uid.clone(),
        date: facts.study_date.clone(),
        description: facts.study_description.clone(),
        patient: facts.patient.clone(),
        series: Vec::new(),
        objects: Vec::new(),
    }
}

fn all_series(images: Vec<Header<Instance>>) -> Vec<Arc<Series>> {
    let mut all: BTreeMap<SeriesUid, Vec<Header<Instance>>> = BTreeMap::new();
    for (facts, image) in images {
        let uid = facts.series_uid.clone();
        all.entry(uid).or_default().push((facts, image));
    }
    let all: Vec<Vec<_>> = all.into_values().collect();
    let mut series: Vec<Arc<Series>> = all
        .into_par_iter()
        .filter_map(|images| series_of(images).map(Arc::new))
        .collect();
    series.sort_by(|a, b| a.number.cmp(&b.number).then_with(|| a.uid.cmp(&b.uid)));
    series
}

fn series_of(images: Vec<Header<Instance>>) -> Option<Series> {
    let (first, _) = images.first()?;
    let mut series = Series {
        uid: first.series_uid.clone(),
        study_uid: first.study_uid.clone(),
        modality: first.modality.clone(),
        number: first.series_number,
        description: first.series_description.clone(),
        patient_position: first.patient_position,
        instances: Vec::new(),
        stacks: Vec::new(),
    };
    series.instances = images
        .into_iter()
        .map(|(_, image)| Arc::new(*image))
        .collect();
    series.stacks = group::stacks(&series.instances, &series.modality);
    Some(series)
}
