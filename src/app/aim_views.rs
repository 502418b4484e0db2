//! The views of the needle, found once per change: the search for the two beams across it tries
//! thousands of positions of the C-arm.

use std::cell::RefCell;
use std::sync::Arc;

use super::AppState;
use super::aim_stage::NO_NEEDLE;
use crate::assess::margins::procedure_of;
use crate::assess::{CArmSetup, NeedleViews};
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{CArmProfile, Known, Plan, ProcedureLibrary, TrajectoryId};

/// The views that were found last, for as long as nothing they rest on has changed.
#[derive(Default)]
pub(super) struct ViewsCache(RefCell<Option<Kept>>);

struct Kept {
    basis: Basis,
    views: Known<Arc<NeedleViews>>,
}

/// Everything that views of a needle rest on.
struct Basis {
    /// Needle, end-plates, what is meant. Held, so that the next edit makes another plan instead of
    /// changing this one in place.
    plan: Arc<Plan>,
    needle: TrajectoryId,
    library: &'static ProcedureLibrary,
    profile: CArmProfile,
    position: Option<PatientPosition>,
    isocenter: Option<Point<Lps>>,
    /// SID and SOD.
    distances_mm: [f64; 2],
    field_mm: [f64; 2],
}

impl Basis {
    fn setup(&self) -> CArmSetup<'_> {
        let [source_to_detector_mm, source_to_isocenter_mm] = self.distances_mm;
        CArmSetup {
            profile: &self.profile,
            position: self.position,
            isocenter: self.isocenter,
            source_to_detector_mm,
            source_to_isocenter_mm,
            field_mm: self.field_mm,
        }
    }
}

impl AppState {
    /// The views of the needle that the views follow, or why there are none; the same object until
    /// something they rest on changes.
    pub fn needle_views(&self) -> Known<Arc<NeedleViews>> {
        let needle = self.followed_needle().ok_or(NO_NEEDLE)?;
        let setup = self.carm_setup().ok_or("There is no C-arm to aim")?;
        let plan = self.history.plan();
        let mut kept = self.aim.views.0.borrow_mut();
        if let Some(Kept { basis, views }) = &*kept
            && Arc::ptr_eq(&basis.plan, plan)
            && basis.needle == needle.id
            && std::ptr::eq(basis.library, self.library)
            && basis.setup() == setup
        {
            return views.clone();
        }
        let procedure = procedure_of(self.library, needle.intent.as_ref()).ok();
        let procedure = procedure.map(|(procedure, _)| procedure);
        let views = NeedleViews::of(needle, &plan.spine, procedure, &setup).map(Arc::new);
        let basis = Basis {
            plan: Arc::clone(plan),
            needle: needle.id,
            library: self.library,
            profile: setup.profile.clone(),
            position: setup.position,
            isocenter: setup.isocenter,
            distances_mm: [setup.source_to_detector_mm, setup.source_to_isocenter_mm],
            field_mm: setup.field_mm,
        };
        kept.insert(Kept { basis, views }).views.clone()
    }
}
