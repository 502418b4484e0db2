//! A plan with its images, structures, needles and procedures, for `check` and `export`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::plan_images::{PlanImages, PlanStructures, plan_images, plan_structures};
use super::{CliError, warn_line};
use crate::assess::path::Images;
use crate::assess::{AuditScene, OutsideAir};
use crate::export::audited::AuditedPlan;
use crate::plan::{Known, NeedleCatalogue, Plan, PlanFile, ProcedureLibrary};

/// What a plan is held against.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Plan file (*.stylet.json)
    pub plan: PathBuf,
    /// Folder or files of the images
    #[arg(long, value_name = "PATH")]
    pub study: PathBuf,
    /// More structures: DICOM segmentations, RT structure sets, NIfTI label maps
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub structures: Vec<PathBuf>,
    /// Own needles, over those of the program (needles.toml)
    #[arg(long, value_name = "FILE")]
    pub needles: Option<PathBuf>,
    /// Folder of own procedures, over those of the program
    #[arg(long, value_name = "FOLDER")]
    pub procedures: Option<PathBuf>,
}

/// A plan held against everything that was given.
pub struct PlanAudit {
    /// What was found.
    pub audited: AuditedPlan,
    /// The images.
    pub images: PlanImages,
    /// The structures.
    pub structures: PlanStructures,
    /// The needles chosen from.
    pub catalogue: &'static NeedleCatalogue,
}

impl AuditArgs {
    /// Reads everything and holds the plan against it.
    ///
    /// # Errors
    /// Exit code 2: something that was given, or that the plan names, cannot be used.
    pub fn audit(&self) -> Result<PlanAudit, CliError> {
        self.read().map_err(CliError::of_input)
    }

    fn read(&self) -> Result<PlanAudit, CliError> {
        let (_, plan) = PlanFile::read(&self.plan).map_err(CliError::failure)?;
        let (catalogue, library) = self.libraries()?;
        let images = plan_images(&plan, &self.study)?;
        let structures = plan_structures(&plan, &images, &self.structures)?;
        let audited = held(&plan, (&images, &structures), (catalogue, library));
        Ok(PlanAudit {
            audited,
            images,
            structures,
            catalogue,
        })
    }

    fn libraries(&self) -> Result<(&'static NeedleCatalogue, ProcedureLibrary), CliError> {
        let there = |path: &Path| {
            path.exists()
                .then_some(())
                .ok_or_else(|| CliError::Usage(format!("{} is not there", path.display())))
        };
        let mut problems = Vec::new();
        let catalogue = match &self.needles {
            Some(file) => {
                there(file)?;
                let (own, found) = NeedleCatalogue::with_file(file);
                problems.extend(found);
                // Lives as long as the process, as that of the program does.
                &*Box::leak(Box::new(own))
            }
            None => NeedleCatalogue::builtin(),
        };
        let library = match &self.procedures {
            Some(folder) => {
                there(folder)?;
                let (own, found) = ProcedureLibrary::with_folder(folder, catalogue);
                problems.extend(found);
                own
            }
            None => ProcedureLibrary::builtin().clone(),
        };
        for problem in problems {
            warn_line(&problem.to_string());
        }
        Ok((catalogue, library))
    }
}

fn held(
    plan: &Plan,
    (images, structures): (&PlanImages, &PlanStructures),
    (catalogue, library): (&NeedleCatalogue, ProcedureLibrary),
) -> AuditedPlan {
    let volume = &images.volume;
    let air: Known<OutsideAir> = OutsideAir::find(volume, &|| false);
    AuditedPlan::of(&AuditScene {
        plan,
        position: plan.patient_position.or(volume.patient_position),
        catalogue,
        library: &library,
        images: Some(Images { volume, air: &air }),
        structures: &structures.measured,
    })
}
