//! Headers, sorted by path, → studies (newest first) → series (by number) → stacks, and the other
//! objects of each study.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::group;
use super::header::Facts;
use crate::study::{
    Catalog, Instance, OtherObject, Series, SeriesUid, SourcePath, Study, StudyUid,
};

/// What one file gave.
pub(crate) type Header<T> = (Facts, Box<T>);

/// Groups what was read.
pub(crate) fn catalog(images: Vec<Header<Instance>>, objects: Vec<Header<OtherObject>>) -> Catalog {
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
    let mut all: BTreeMap<(SeriesUid, Option<SourcePath>), Vec<Header<Instance>>> = BTreeMap::new();
    for (facts, image) in images {
        // Files that do not say which series they are of have nothing in common.
        let alone = facts
            .series_uid
            .as_str()
            .is_empty()
            .then(|| image.path.clone());
        all.entry((facts.series_uid.clone(), alone))
            .or_default()
            .push((facts, image));
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
