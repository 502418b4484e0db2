//! A plan with everything that is said of its needles, owned: what every export and every check
//! starts from, in the window and without one.

use std::collections::HashSet;

use super::quantity::{NamedQuantity, Quantity};
use super::record::{Clearance, NeedleRecord, PlanRecord, ProcedureRecord};
use crate::assess::clearance::Verdict;
use crate::assess::{AuditScene, NeedleAudit};
use crate::dicom::identity::Identity;
use crate::geometry::PatientPosition;
use crate::plan::procedure::{Part, SharedRules};
use crate::plan::{Needle, NeedleCatalogue, Objection, Plan, Procedure, Trajectory};
use crate::study::report::{Code, EvidenceSeries};

/// A plan held against its scene.
#[derive(Debug, Clone)]
pub struct AuditedPlan {
    /// The plan.
    pub plan: Plan,
    /// How the patient lies, as declared or as the images say.
    pub position: Option<PatientPosition>,
    /// All needles, in the order of the plan.
    pub needles: Vec<AuditedNeedle>,
    /// What holds for every procedure.
    pub shared: SharedRules,
}

/// A needle and what is said of it.
#[derive(Debug, Clone)]
pub struct AuditedNeedle {
    /// The needle.
    pub trajectory: Trajectory,
    /// Its name, unlike that of every other needle of the plan.
    pub name: String,
    /// All of its numbers.
    pub audit: NeedleAudit,
    /// The needle of the catalogue.
    pub kind: Option<Needle>,
    /// What it is meant for.
    pub procedure: Option<Procedure>,
    /// Codes of the structures of the audit's clearances, in their order.
    codes: Vec<Option<Code>>,
}

/// An objection that the numbers raise, overridden or not.
pub type Standing = (Objection, String, Option<String>);

impl AuditedPlan {
    /// Holds every needle of the scene's plan against the scene.
    pub fn of(scene: &AuditScene<'_>) -> Self {
        let mut names = HashSet::new();
        let needles = scene.plan.trajectories.iter().map(|trajectory| {
            let audit = NeedleAudit::of(trajectory, scene);
            let code = |index: usize| {
                let structure = &scene.structures.get(index)?.structure;
                let code = structure.code.as_ref()?;
                Some(Code {
                    value: code.value.clone().into(),
                    scheme: code.scheme.clone().into(),
                    meaning: code.meaning.clone().into(),
                })
            };
            let codes = audit.clearances.iter().map(|found| code(found.index));
            let id = trajectory.needle.as_deref();
            let procedure = trajectory
                .intent
                .as_ref()
                .and_then(|intent| scene.library.find(&intent.procedure));
            AuditedNeedle {
                name: unused_name(&trajectory.name, &mut names),
                codes: codes.collect(),
                kind: id.and_then(|id| scene.catalogue.find(id)).cloned(),
                procedure: procedure.cloned(),
                trajectory: trajectory.clone(),
                audit,
            }
        });
        Self {
            position: scene.position,
            needles: needles.collect(),
            shared: scene.library.shared.clone(),
            plan: scene.plan.clone(),
        }
    }

    /// Needles with both ends: those that are exported.
    pub fn complete(&self) -> impl Iterator<Item = &AuditedNeedle> {
        let placed = |needle: &&AuditedNeedle| needle.trajectory.segment().is_some();
        self.needles.iter().filter(placed)
    }

    /// Sentences that stand against an export, none where it may leave. A needle without both ends
    /// is not exported, and nothing of it stands against the others.
    pub fn objections(&self) -> Vec<String> {
        self.complete()
            .flat_map(|needle| {
                let sentence =
                    |(_, words): &(Objection, String)| format!("{}: {words}", needle.name);
                needle.audit.objections.iter().map(sentence)
            })
            .collect()
    }

    /// The record that files for other programs are made of. `identity` and `evidence` are those of
    /// the images the plan lies on.
    pub fn record(
        &self,
        identity: Option<Identity>,
        evidence: Vec<EvidenceSeries>,
        catalogue: &NeedleCatalogue,
    ) -> PlanRecord {
        let mut record = PlanRecord::new(&self.plan, identity, evidence);
        // Console and gantry angles were computed for it.
        record.patient_position = self.position;
        let frame = record.frame_of_reference.clone();
        for needle in self.complete() {
            let named = Trajectory {
                name: needle.name.clone(),
                ..needle.trajectory.clone()
            };
            let of = NeedleRecord::of(&named, &needle.audit.path, catalogue, frame.as_ref());
            record.needles.extend(of.map(|of| needle.completed(of)));
        }
        record
    }
}

impl AuditedNeedle {
    /// Objections that the numbers raise, with the reason of those that were overridden.
    pub fn standing(&self) -> Vec<Standing> {
        let bare = Trajectory {
            overrides: Vec::new(),
            ..self.trajectory.clone()
        };
        let mut all = self.audit.guard.objections(&bare);
        let mut broken: Vec<&str> = Vec::new();
        for found in &self.audit.clearances {
            let stops = found.verdict == Some(Verdict::Stop);
            if stops && !broken.contains(&found.name.as_str()) {
                broken.push(&found.name);
            }
        }
        if !broken.is_empty() {
            let words = format!("the stop margin is broken: {}", broken.join(", "));
            all.push((Objection::StopMargin, words));
        }
        all.into_iter()
            .map(|(objection, words)| {
                let reason = self.trajectory.override_of(objection).map(str::to_owned);
                (objection, words, reason)
            })
            .collect()
    }

    /// Name of a clearance's structure, and whether the margin is for the tip alone.
    pub(super) fn structure_name(&self, index: usize) -> Option<String> {
        let found = self.audit.clearances.get(index)?;
        let tip = matches!(&found.margin, Some(margin) if margin.part == Part::Tip);
        Some(if tip {
            format!("{} (from the tip)", found.name)
        } else {
            found.name.clone()
        })
    }

    /// The record of the needle with what its audit adds.
    fn completed(&self, mut record: NeedleRecord) -> NeedleRecord {
        if let Some(intent) = &self.trajectory.intent {
            let title = self.procedure.as_ref().map(|found| found.title.clone());
            record.procedure = Some(ProcedureRecord {
                id: intent.procedure.clone(),
                title: title.unwrap_or_else(|| intent.procedure.clone()),
                code: None,
            });
            record.level = intent.level;
            record.side = intent.side;
        }
        if let Ok(tolerance) = &self.audit.tolerance {
            let radius = NamedQuantity::mm(Quantity::TargetRadius, tolerance.target_radius_mm);
            let cone = NamedQuantity::deg(Quantity::ToleranceCone, tolerance.half_angle.0);
            let finite = |one: &NamedQuantity| one.value.is_finite();
            record
                .quantities
                .extend([radius, cone].into_iter().filter(finite));
        }
        let mut told = HashSet::new();
        for (index, found) in self.audit.clearances.iter().enumerate() {
            // A lower bound is no distance; what is not known is left out.
            let distance = found.gap_mm().filter(|mm| mm.is_finite());
            let (Some(distance_mm), false) = (distance, found.is_bound()) else {
                continue;
            };
            let Some(structure) = self.structure_name(index) else {
                continue;
            };
            record.clearances.push(Clearance {
                structure: unused_name(&structure, &mut told),
                code: self.codes.get(index).cloned().flatten(),
                distance_mm,
                depth_mm: found.clearance.as_ref().ok().map(|known| known.along_mm),
            });
        }
        record
    }
}

/// The name, or with a number behind where it is taken.
pub(super) fn unused_name(name: &str, taken: &mut HashSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2_usize;
    while !taken.insert(free.clone()) {
        free = format!("{name} ({number})");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Override, PlanEdit, ProcedureLibrary};

    fn plan(names: &[&str]) -> Plan {
        let mut plan = Plan::default();
        for (index, name) in names.iter().enumerate() {
            let id = plan.next_trajectory_id();
            let x = index as f64;
            let needle = Trajectory {
                entry: Some([x, 90., 0.].into()),
                target: Some([x, 30., 0.].into()),
                ..Trajectory::new(id, (*name).to_owned())
            };
            plan.apply(&PlanEdit::AddTrajectory(needle)).unwrap();
        }
        plan
    }

    fn audited(plan: &Plan) -> AuditedPlan {
        AuditedPlan::of(&AuditScene {
            plan,
            position: Some(PatientPosition::HeadFirstProne),
            catalogue: NeedleCatalogue::builtin(),
            library: ProcedureLibrary::builtin(),
            images: None,
            structures: &[],
        })
    }

    #[test]
    fn needles_of_one_name_share_no_tracking_uid() {
        let audited = audited(&plan(&["L4", "L4 (2)", "L4"]));
        let record = audited.record(None, Vec::new(), NeedleCatalogue::builtin());
        let names: Vec<&str> = record.needles.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["L4", "L4 (2)", "L4 (3)"]);
        let uids: HashSet<&str> = record
            .needles
            .iter()
            .map(|one| one.tracking_uid.as_str())
            .collect();
        assert_eq!(uids.len(), 3);
        assert_eq!(
            record.patient_position,
            Some(PatientPosition::HeadFirstProne)
        );
    }

    #[test]
    fn what_was_overridden_still_stands_but_blocks_no_more() {
        let mut plan = plan(&["L4"]);
        let needle = &mut plan.trajectories[0];
        needle.intent = Some(crate::plan::Intent {
            procedure: "facet-joint".to_owned(),
            level: None,
            side: Some(crate::study::Side::Right),
        });
        let label = |name: &str, z: f64| crate::plan::VertebraLabel {
            vertebra: name.parse().unwrap(),
            body: [-20., 0., z].into(),
            spinous_process: Some([-20., 70., z].into()),
        };
        for label in [label("L4", 0.0), label("L5", -35.0)] {
            plan.spine
                .apply(&crate::plan::SpineEdit::Label(label))
                .unwrap();
        }
        let said = audited(&plan).objections();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("L4: right is declared"), "{said:?}");
        plan.trajectories[0].overrides.push(Override {
            objection: Objection::WrongSide,
            reason: "mirrored series".to_owned(),
        });
        let audited = audited(&plan);
        assert!(audited.objections().is_empty());
        let standing = audited.needles[0].standing();
        assert_eq!(standing[0].0, Objection::WrongSide);
        assert_eq!(standing[0].2.as_deref(), Some("mirrored series"));
    }
}
