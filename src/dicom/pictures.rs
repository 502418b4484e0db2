//! Stacks of frames that are not placed in the patient, or in colour: runs and picture lists.

use super::group::no_geometry;
use crate::study::{FrameRef, Instance, Stack, StackKind, StackWarning, WarningCode};

/// Sentences about one stack; more would hide the picture.
const MOST_PROBLEMS: usize = 6;

/// Frames of one file that are pictures only.
#[derive(Clone)]
pub(crate) struct Picture<'a> {
    /// Index of the file in its series.
    pub index: usize,
    pub instance: &'a Instance,
    /// Its frames that are meant, ascending.
    pub frames: Vec<usize>,
}

/// Runs and picture lists of frames that are not placed in the patient, or in colour.
pub(crate) fn picture_stacks(pictures: &[Picture<'_>], modality: &str) -> Vec<Stack> {
    let mut stacks = Vec::new();
    let mut lists: Vec<Vec<&Picture<'_>>> = Vec::new();
    for picture in pictures {
        let instance = picture.instance;
        let same = |list: &&mut Vec<&Picture<'_>>| {
            list.first().is_some_and(|first| {
                first.instance.rows == instance.rows
                    && first.instance.columns == instance.columns
                    && first.instance.pixel_format.photometric.is_grey()
                        == instance.pixel_format.photometric.is_grey()
            })
        };
        if picture.frames.len() > 1 {
            stacks.push(picture_stack(&[picture], modality));
        } else if let Some(list) = lists.iter_mut().find(same) {
            list.push(picture);
        } else {
            lists.push(vec![picture]);
        }
    }
    for mut list in lists {
        list.sort_by(|a, b| {
            let key = |p: &Picture<'_>| (p.instance.number, p.index, p.frames.first().copied());
            key(a).cmp(&key(b))
        });
        stacks.push(picture_stack(&list, modality));
    }
    if stacks.len() > 1 {
        for stack in &mut stacks {
            let number = stack
                .frames
                .first()
                .and_then(|frame| pictures.iter().find(|p| p.index == frame.instance))
                .and_then(|picture| picture.instance.number);
            if let Some(number) = number {
                stack.name = format!("image {number}");
            }
        }
    }
    stacks
}

fn picture_stack(list: &[&Picture<'_>], modality: &str) -> Stack {
    let first = list.first().map(|picture| picture.instance);
    let run = list.len() == 1 && first.is_some_and(|first| first.frames.len() > 1);
    let timed = first.is_some_and(|first| first.frame_time_ms.is_some())
        || matches!(modality, "XA" | "RF" | "US" | "IVUS" | "ES");
    let reason = list
        .iter()
        .flat_map(|picture| {
            let frame = |&frame: &usize| picture.instance.frames.get(frame);
            picture.frames.iter().filter_map(frame)
        })
        .find_map(|frame| frame.geometry_problem.as_deref());
    Stack {
        kind: if run && timed {
            StackKind::Cine
        } else {
            StackKind::Images
        },
        name: String::new(),
        frames: list
            .iter()
            .flat_map(|picture| {
                picture.frames.iter().map(|&frame| FrameRef {
                    instance: picture.index,
                    frame,
                })
            })
            .collect(),
        rows: first.map_or(0, |first| first.rows),
        columns: first.map_or(0, |first| first.columns),
        geometry: None,
        warnings: reason
            .map(no_geometry)
            .into_iter()
            .chain(header_problems(list))
            .collect(),
    }
}

/// What of the headers cannot be used for showing and measuring, each sentence once.
fn header_problems(list: &[&Picture<'_>]) -> Vec<StackWarning> {
    let mut told: Vec<&str> = Vec::new();
    for problem in list
        .iter()
        .flat_map(|picture| &picture.instance.picture.problems)
    {
        if told.len() < MOST_PROBLEMS && !told.contains(&problem.as_str()) {
            told.push(problem);
        }
    }
    let warning = |message: &str| StackWarning {
        code: WarningCode::HeaderValues,
        message: message.to_owned(),
    };
    told.into_iter().map(warning).collect()
}
