//! What a person has set for a stack, kept while another one is on stage.

use std::collections::HashMap;

use super::AppState;
use super::picture_stage::PictureStage;
use super::presentation::Presentation;
use super::stage::{Content, Stage};
use crate::study::{FrameRef, InstanceUid, Repeat, SeriesUid};

/// A stack: of a series, its number there, and the file that it begins with.
type Key = (SeriesUid, usize, Option<InstanceUid>);

/// What was set for the stacks that were shown, until the program ends.
#[derive(Default)]
pub(super) struct KeptLooks(HashMap<Key, KeptLook>);

struct KeptLook {
    presentation: Presentation,
    pictures: Option<KeptPictures>,
}

struct KeptPictures {
    difference_look: Option<Presentation>,
    subtract: bool,
    /// File of the mask frame that was chosen, and the frame there.
    mask: Option<(InstanceUid, usize)>,
    shift: Option<[f64; 2]>,
    speed: f64,
    repeat: Repeat,
    show_shutter: bool,
}

fn frames(stage: &Stage) -> &[FrameRef] {
    let stack = stage.series.stacks.get(stage.stack);
    stack.map_or(&[], |stack| &stack.frames)
}

/// File of a frame of the stack, and which of its frames it is.
fn file_of(stage: &Stage, frame: usize) -> Option<(&InstanceUid, usize)> {
    let at = frames(stage).get(frame)?;
    let instance = stage.series.instances.get(at.instance)?;
    Some((&instance.uid, at.frame))
}

fn key(stage: &Stage) -> Key {
    let first = file_of(stage, 0).map(|(uid, _)| uid.clone());
    (stage.series.uid.clone(), stage.stack, first)
}

fn kept(stage: &Stage, pictures: &PictureStage) -> KeptPictures {
    let derivation = &pictures.derivation;
    let mask = derivation.mask.frame.and_then(|at| file_of(stage, at));
    KeptPictures {
        difference_look: pictures.difference_look.clone(),
        subtract: derivation.subtract,
        mask: mask.map(|(uid, frame)| (uid.clone(), frame)),
        shift: derivation.mask.shift,
        speed: pictures.playback.speed,
        repeat: pictures.playback.repeat(),
        show_shutter: pictures.show_shutter,
    }
}

impl AppState {
    /// Keeps what was set for the stack on stage.
    pub(super) fn keep_look(&mut self) {
        let Some(stage) = &self.stage else { return };
        let look = KeptLook {
            presentation: stage.presentation.clone(),
            pictures: stage.pictures().map(|pictures| kept(stage, pictures)),
        };
        self.kept_looks.0.insert(key(stage), look);
    }

    /// Sets a stack as it was left.
    pub(super) fn restore_look(&self, stage: &mut Stage) {
        let Some(look) = self.kept_looks.0.get(&key(stage)) else {
            return;
        };
        stage.presentation = look.presentation.clone();
        let Some(kept) = &look.pictures else { return };
        // Its place in the stack may be another one, where files were added.
        let mask = kept.mask.as_ref().and_then(|(uid, frame)| {
            let wanted = Some((uid, *frame));
            (0..frames(stage).len()).find(|&at| file_of(stage, at) == wanted)
        });
        let Content::Pictures(pictures) = &mut stage.content else {
            return;
        };
        pictures.difference_look.clone_from(&kept.difference_look);
        pictures.derivation.subtract = kept.subtract;
        // What was moved was that mask, and no other.
        if mask.is_some() == kept.mask.is_some() {
            pictures.derivation.mask.frame = mask;
            pictures.derivation.mask.shift = kept.shift;
        }
        pictures.playback.speed = kept.speed;
        pictures.playback.set_repeat(kept.repeat);
        pictures.show_shutter = kept.show_shutter;
    }
}
