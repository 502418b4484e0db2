//! The audit of a needle on the images and structures that are open, computed once per change.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::AppState;
use super::stage::Stage;
use crate::assess::{AuditScene, NeedleAudit};
use crate::geometry::PatientPosition;
use crate::plan::{Plan, Trajectory, TrajectoryId};
use crate::volume::Volume;

/// Audits that were computed, for as long as nothing they rest on has changed.
#[derive(Default)]
pub(super) struct AuditCache(RefCell<Option<Kept>>);

struct Kept {
    basis: Basis,
    audits: Vec<(TrajectoryId, Arc<NeedleAudit>)>,
}

/// Everything an audit rests on.
struct Basis {
    /// Held, so that the next edit makes another plan instead of changing this one in place.
    plan: Arc<Plan>,
    structures: u64,
    volume: Weak<Volume>,
    slices_read: usize,
    /// Why the skin is not known.
    no_air: Option<String>,
    position: Option<PatientPosition>,
    plan_fits: bool,
}

impl Basis {
    fn of(state: &AppState) -> Self {
        let stage = state.stage.as_ref();
        let images = state.images();
        Self {
            plan: Arc::clone(state.history.plan()),
            structures: state.structures.generation(),
            volume: stage
                .and_then(|stage| stage.volume())
                .map_or_else(Weak::new, Arc::downgrade),
            slices_read: stage.and_then(Stage::progress).map_or(0, |(read, _)| read),
            no_air: images.and_then(|images| images.air.as_ref().err().cloned()),
            position: state.patient_position(),
            plan_fits: state.plan_fits(),
        }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &other.plan)
            && self.structures == other.structures
            && self.volume.ptr_eq(&other.volume)
            && self.slices_read == other.slices_read
            && self.no_air == other.no_air
            && self.position == other.position
            && self.plan_fits == other.plan_fits
    }
}

impl AppState {
    /// Everything that is known of a needle of the plan; the same object until something it rests
    /// on changes. `None` where the plan has no such needle.
    pub fn audit_of(&self, id: TrajectoryId) -> Option<Arc<NeedleAudit>> {
        let basis = Basis::of(self);
        let mut kept = self.audits.0.borrow_mut();
        let kept = match &mut *kept {
            Some(kept) if kept.basis.is(&basis) => kept,
            stale => stale.insert(Kept {
                basis,
                audits: Vec::new(),
            }),
        };
        if let Some((_, audit)) = kept.audits.iter().find(|(of, _)| *of == id) {
            return Some(Arc::clone(audit));
        }
        let audit = Arc::new(self.audit(self.plan().trajectory(id)?));
        kept.audits.push((id, Arc::clone(&audit)));
        Some(audit)
    }

    /// Everything that is known of a needle, computed anew.
    pub fn audit(&self, needle: &Trajectory) -> NeedleAudit {
        NeedleAudit::of(needle, &self.audit_scene())
    }

    /// What needles are held against now.
    pub fn audit_scene(&self) -> AuditScene<'_> {
        let structures = if self.plan_fits() {
            self.structures.measured()
        } else {
            &[]
        };
        AuditScene {
            plan: self.plan(),
            position: self.patient_position(),
            catalogue: self.catalogue,
            library: self.library,
            images: self.images(),
            structures,
        }
    }
}
