//! The audit of a needle on the images and structures that are open.

use super::AppState;
use crate::assess::{AuditScene, NeedleAudit};
use crate::plan::Trajectory;

impl AppState {
    /// Everything that is known of a needle of the plan.
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
