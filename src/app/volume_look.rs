//! How the 3D views show the volume itself: which tissues in which colours, and where it is cut
//! open. Nothing of this belongs to the plan.

use std::sync::{Arc, Weak};

use super::AppState;
use super::command::Command;
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::settings::Settings;
use super::stage::Content;
use super::viewport::{ViewKind, Viewport};
use crate::budget::{MEMORY, Reservation};
use crate::geometry::{Plane, Vector};
use crate::render::{Eye, RayVolume, TransferFunction, TransferPreset};
use crate::volume::Volume;
use crate::volume::block_ranges::BlockRanges;

/// Changes how 3D views show the volume.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeCommand {
    /// Shows the volume with the colours of a preset, or surfaces only.
    Show(Option<TransferPreset>),
    /// Shows it with other colours.
    Function(TransferFunction),
    /// Back to the colours of the preset.
    ResetFunction,
    /// Cuts it open along the needle, or closes it.
    Cut(Option<NeedleCut>),
    /// The editor of the colours on or off.
    Editor(bool),
}

/// Planes along the needle that a volume is cut open by; the viewer's side is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeedleCut {
    /// That of the view along the needle.
    Along,
    /// The one at right angles to it.
    AlongOrthogonal,
    /// The one that faces the viewer.
    Facing,
}

impl NeedleCut {
    /// All, in menu order.
    pub const ALL: [Self; 3] = [Self::Along, Self::AlongOrthogonal, Self::Facing];

    /// Title shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Along => "Cut along the needle",
            Self::AlongOrthogonal => "Cut along the needle, 90°",
            Self::Facing => "Cut along the needle, facing you",
        }
    }
}

/// What of the volume's blocks was found, and the memory booked for it.
type Blocks = (Arc<BlockRanges>, Reservation);

/// The volume made ready, and for which one.
#[derive(Default)]
struct Made {
    volume: Weak<Volume>,
    /// Whether it was tried; not again where that failed.
    sought: bool,
    finding: Option<Job<(), Result<Blocks, String>>>,
    blocks: Option<Blocks>,
    ready: Option<Arc<RayVolume>>,
}

/// How 3D views show the volume.
#[derive(Default)]
pub struct VolumeLook {
    preset: Option<TransferPreset>,
    /// Colours that a person has changed.
    edited: Option<TransferFunction>,
    cut: Option<NeedleCut>,
    editor: bool,
    made: Made,
}

impl VolumeLook {
    /// Shows another volume, or none, as the person is used to see one of its kind.
    fn take_up(&mut self, volume: Option<&Arc<Volume>>, settings: &Settings) {
        self.made = Made {
            volume: volume.map_or_else(Weak::new, Arc::downgrade),
            ..Made::default()
        };
        let is_scaled = volume.is_some_and(|volume| is_scaled(volume));
        let habit = if is_scaled {
            settings.volume
        } else {
            settings.volume_unscaled
        };
        let preset = volume.and_then(|volume| habit.filter(|h| presets(volume).contains(h)));
        // Colours of HU say nothing about another scale, and those of one unscaled volume nothing
        // about the next.
        if preset != self.preset || !is_scaled {
            (self.preset, self.edited) = (preset, None);
        }
    }

    /// Shows a preset, or surfaces only. What failed before is tried once more.
    fn show(&mut self, preset: Option<TransferPreset>) {
        (self.preset, self.edited) = (preset, None);
        self.made.sought &= self.made.finding.is_some() || self.made.blocks.is_some();
    }

    /// The preset shown; `None` where surfaces only are.
    pub fn preset(&self) -> Option<TransferPreset> {
        self.preset
    }

    /// Whether its colours were changed.
    pub fn is_edited(&self) -> bool {
        self.edited.is_some()
    }

    /// How it is cut open.
    pub fn cut(&self) -> Option<NeedleCut> {
        self.cut
    }

    /// Whether the editor of the colours is shown.
    pub fn shows_editor(&self) -> bool {
        self.editor && self.preset.is_some()
    }

    /// Whether the volume is being made ready.
    pub fn is_busy(&self) -> bool {
        self.made.finding.is_some()
    }

    /// The volume as it is shown; `None` while surfaces only are, or until it is ready.
    pub fn rays(&self) -> Option<&Arc<RayVolume>> {
        self.made.ready.as_ref().filter(|_| self.preset.is_some())
    }

    fn make(&mut self) -> Result<(), String> {
        self.made.ready = None;
        let (Some(preset), Some((blocks, _))) = (self.preset, &self.made.blocks) else {
            return Ok(());
        };
        let Some(volume) = self.made.volume.upgrade() else {
            return Ok(());
        };
        let own = || preset.function(&|share| blocks.percentile(share));
        let function = self.edited.clone().or_else(own);
        let ready = function.and_then(|f| RayVolume::new(volume, Arc::clone(blocks), f));
        let Some(ready) = ready else {
            self.preset = None;
            return Err("it is a single slice, or has the same value everywhere".to_owned());
        };
        self.made.ready = Some(Arc::new(ready));
        Ok(())
    }
}

/// Presets for a volume.
pub fn presets(volume: &Volume) -> &'static [TransferPreset] {
    if is_scaled(volume) {
        &TransferPreset::CT
    } else {
        &TransferPreset::UNSCALED
    }
}

fn is_scaled(volume: &Volume) -> bool {
    volume.unit() == "HU"
}

impl AppState {
    pub(super) fn volume_command(&mut self, command: VolumeCommand) {
        let look = &mut self.volume_look;
        match command {
            VolumeCommand::Show(preset) => {
                look.show(preset);
                let mut settings = self.settings.clone();
                let volume = look.made.volume.upgrade();
                // A habit for each: what suits CT says nothing about MR.
                if volume.is_none_or(|volume| is_scaled(&volume)) {
                    settings.volume = preset;
                } else {
                    settings.volume_unscaled = preset;
                }
                self.apply(Command::Settings(settings));
            }
            VolumeCommand::Function(function) => look.edited = Some(function),
            VolumeCommand::ResetFunction => look.edited = None,
            VolumeCommand::Cut(cut) => {
                look.cut = cut;
                return;
            }
            VolumeCommand::Editor(shown) => {
                look.editor = shown;
                return;
            }
        }
        let made = self.volume_look.make();
        self.say_unshown(made);
    }

    /// Makes the volume on stage ready where a 3D view shows it.
    pub(super) fn poll_volume_look(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) => Some((Arc::clone(&stage.volume), stage.is_loading())),
            _ => None,
        };
        let now = staged
            .as_ref()
            .map_or_else(Weak::new, |(volume, _)| Arc::downgrade(volume));
        let shown = self.shown_viewports().into_iter().any(|id| {
            let viewport = self.viewport(id);
            viewport.is_some_and(|viewport| viewport.kind == ViewKind::Volume3d)
        });
        let look = &mut self.volume_look;
        if !now.ptr_eq(&look.made.volume) {
            let volume = staged.as_ref().map(|(volume, _)| volume);
            look.take_up(volume, &self.settings);
        }
        if let Some((volume, false)) = staged
            && shown
            && look.preset.is_some()
            && !look.made.sought
        {
            look.made.sought = true;
            let job = Job::spawn("blocks", super::shared(&self.waker), move |sink| {
                let token = sink.cancel_token().clone();
                on_own_threads("blocks", || find_blocks(&volume, &|| token.is_cancelled()))
            });
            match job {
                Ok(job) => look.made.finding = Some(job),
                Err(error) => {
                    look.preset = None;
                    self.say_unshown(Err(error.to_string()));
                    return;
                }
            }
        }
        let events = look
            .made
            .finding
            .as_ref()
            .map(Job::poll)
            .unwrap_or_default();
        for event in events {
            let result = match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(blocks)) => {
                    look.made.blocks = Some(blocks);
                    look.make()
                }
                JobEvent::Finished(Err(reason)) | JobEvent::Died(reason) => {
                    look.preset = None;
                    Err(reason)
                }
            };
            look.made.finding = None;
            self.say_unshown(result);
            return;
        }
    }

    fn say_unshown(&mut self, result: Result<(), String>) {
        if let Err(reason) = result {
            let text = format!("The 3D view cannot show the volume: {reason}");
            self.notices.add(Severity::Warning, text);
        }
    }

    /// The plane that cuts the volume open for an eye, its normal away from the viewer; `None`
    /// where it is whole.
    pub fn cut_plane(&self, eye: &Eye) -> Option<Plane> {
        let cut = self.volume_look.cut?;
        self.volume_look.rays()?;
        let needle = self.followed_needle()?;
        let view = |kind| {
            // Turned about the needle as the view is, but never off it.
            let turned = self.viewports.iter().find(|viewport| viewport.kind == kind);
            let plane = turned.map_or_else(
                || Viewport::new(kind, self.posture()).plane(self.crosshair, Some(needle)),
                |viewport| viewport.plane(self.crosshair, Some(needle)),
            );
            Some(plane?.through(needle.segment()?.end))
        };
        let plane = match cut {
            NeedleCut::Along => view(ViewKind::AlongNeedle)?,
            NeedleCut::AlongOrthogonal => view(ViewKind::AlongNeedleOrthogonal)?,
            NeedleCut::Facing => {
                let path = needle.segment()?;
                let down = path.vector().direction()?;
                // Right, down and away: seen end-on there is no such plane.
                let right = down.cross(eye.forward()).direction()?;
                Plane {
                    origin: path.at(0.5),
                    right,
                    down,
                }
            }
        };
        let toward: Vector<_> = match eye.viewer_mm {
            Some(mm) => plane.origin - (eye.target - eye.forward() * mm),
            None => eye.forward(),
        };
        let away = plane.normal().dot(toward) >= 0.0;
        Some(Plane {
            right: plane.right * if away { 1.0 } else { -1.0 },
            ..plane
        })
    }
}

fn find_blocks(volume: &Volume, stop: &(dyn Fn() -> bool + Sync)) -> Result<Blocks, String> {
    let booked = MEMORY.reserve(BlockRanges::bytes_for(volume.size), "volume rendering");
    let booked = booked.map_err(|error| error.to_string())?;
    let found = BlockRanges::find(volume, stop).ok_or("it was stopped")?;
    Ok((Arc::new(found), booked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    fn volume(unit: &str) -> Arc<Volume> {
        let mut volume = SyntheticVolume::new([4; 3], [1.; 3]).build(|p| p.0.x);
        volume.modality_lut.unit = unit.to_owned();
        Arc::new(volume)
    }

    #[test]
    fn edited_colours_go_to_no_other_volume_without_a_scale() {
        let settings = Settings {
            volume: Some(TransferPreset::Bone),
            volume_unscaled: Some(TransferPreset::BrightTissue),
            ..Settings::default()
        };
        let mut look = VolumeLook::default();
        let edited = TransferPreset::Bone.function(&|_| 0.0);
        let (first, second) = (volume(""), volume(""));
        look.take_up(Some(&first), &settings);
        assert_eq!(look.preset(), Some(TransferPreset::BrightTissue));
        look.edited = edited.clone();
        look.take_up(Some(&second), &settings);
        assert!(!look.is_edited());
        assert_eq!(look.preset(), Some(TransferPreset::BrightTissue));
        // HU are the same in every volume.
        let (first, second) = (volume("HU"), volume("HU"));
        look.take_up(Some(&first), &settings);
        assert_eq!(look.preset(), Some(TransferPreset::Bone));
        look.edited = edited;
        look.take_up(Some(&second), &settings);
        assert!(look.is_edited());
        look.take_up(None, &settings);
        assert!(!look.is_edited() && look.preset().is_none());
    }

    #[test]
    fn what_failed_is_tried_again_when_it_is_asked_for_again() {
        let mut look = VolumeLook::default();
        look.made.sought = true;
        look.show(Some(TransferPreset::Bone));
        assert!(!look.made.sought);
        // What is there, or on its way, is not sought a second time.
        let volume = volume("HU");
        let blocks = find_blocks(&volume, &|| false).unwrap();
        (look.made.sought, look.made.blocks) = (true, Some(blocks));
        look.show(Some(TransferPreset::Muscle));
        assert!(look.made.sought);
    }
}
