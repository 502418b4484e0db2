//! Keys of the drawing tools, and label maps among opened files.

use std::path::{Path, PathBuf};

use egui::{Context, Key};

use crate::app::AppState;
use crate::app::command::{CommandQueue, StructureCommand};
use crate::app::notice::Severity;
use crate::app::tool::{StructureTool, ToolKind};

/// Factor of one press of a bracket key.
const BRUSH_STEP: f64 = 1.25;

/// Enter ends a tube, the brackets change the brush.
pub fn structure_keys(ctx: &Context, state: &AppState, queue: &mut CommandQueue) {
    let asked = ctx.memory(|memory| memory.top_modal_layer().is_some());
    if asked || ctx.egui_wants_keyboard_input() {
        return;
    }
    let pressed = |key| ctx.input(|input| input.num_presses(key)) as i32;
    if state.tool == ToolKind::Structure(StructureTool::Tube) && pressed(Key::Enter) > 0 {
        queue.push(StructureCommand::FinishTube);
    }
    let steps = pressed(Key::CloseBracket) - pressed(Key::OpenBracket);
    if state.is_brushing() && steps != 0 {
        queue.push(StructureCommand::ScaleBrush(BRUSH_STEP.powi(steps)));
    }
}

/// Opens the NIfTI files among `paths` as structures of the other paths' images, or of those on
/// stage where there are no others; gives back the rest.
pub fn open_label_maps(
    paths: Vec<PathBuf>,
    state: &mut AppState,
    queue: &mut CommandQueue,
) -> Vec<PathBuf> {
    let is_map = |path: &PathBuf| {
        let packed = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("gz"));
        let inner = if packed {
            path.file_stem().map(Path::new)
        } else {
            Some(path.as_path())
        };
        let end = inner.and_then(Path::extension);
        end.is_some_and(|end| end.eq_ignore_ascii_case("nii"))
    };
    let (maps, rest): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_map);
    let has_images = state
        .stage
        .as_ref()
        .is_some_and(|stage| stage.volume().is_some());
    if !maps.is_empty() && !rest.is_empty() {
        queue.push(StructureCommand::OpenWithImages(maps));
    } else if !maps.is_empty() && has_images {
        queue.push(StructureCommand::Open(maps));
    } else if !maps.is_empty() {
        let text = "A NIfTI label map needs its images: open the study first, then the label map";
        state.notices.add(Severity::Warning, text.to_owned());
    }
    rest
}
