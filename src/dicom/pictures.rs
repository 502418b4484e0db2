//! Stacks of files that are not placed in the patient, or in colour: runs and picture lists.

use super::group::no_geometry;
use crate::study::{FrameRef, Instance, Stack, StackKind};

/// Runs and picture lists of files that are not placed in the patient, or in colour.
pub(crate) fn picture_stacks(pictures: &[(usize, &Instance)], modality: &str) -> Vec<Stack> {
    let mut stacks = Vec::new();
    let mut lists: Vec<Vec<(usize, &Instance)>> = Vec::new();
    for &(index, instance) in pictures {
        let same = |list: &&mut Vec<(usize, &Instance)>| {
            list.first().is_some_and(|(_, first)| {
                first.rows == instance.rows
                    && first.columns == instance.columns
                    && first.pixel_format.photometric.is_grey()
                        == instance.pixel_format.photometric.is_grey()
            })
        };
        if instance.frames.len() > 1 {
            stacks.push(picture_stack(&[(index, instance)], modality));
        } else if let Some(list) = lists.iter_mut().find(same) {
            list.push((index, instance));
        } else {
            lists.push(vec![(index, instance)]);
        }
    }
    for mut list in lists {
        list.sort_by_key(|(index, instance)| (instance.number, *index));
        stacks.push(picture_stack(&list, modality));
    }
    if stacks.len() > 1 {
        for stack in &mut stacks {
            let number = stack
                .frames
                .first()
                .and_then(|frame| pictures.iter().find(|(index, _)| *index == frame.instance))
                .and_then(|(_, instance)| instance.number);
            if let Some(number) = number {
                stack.name = format!("image {number}");
            }
        }
    }
    stacks
}

fn picture_stack(list: &[(usize, &Instance)], modality: &str) -> Stack {
    let first = list.first().map(|(_, instance)| *instance);
    let run = list.len() == 1 && first.is_some_and(|first| first.frames.len() > 1);
    let timed = first.is_some_and(|first| first.frame_time_ms.is_some())
        || matches!(modality, "XA" | "RF" | "US" | "IVUS" | "ES");
    let reason = list
        .iter()
        .flat_map(|(_, instance)| &instance.frames)
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
            .flat_map(|&(index, instance)| {
                (0..instance.frames.len()).map(move |frame| FrameRef {
                    instance: index,
                    frame,
                })
            })
            .collect(),
        rows: first.map_or(0, |first| first.rows),
        columns: first.map_or(0, |first| first.columns),
        geometry: None,
        warnings: reason.map(no_geometry).into_iter().collect(),
    }
}
