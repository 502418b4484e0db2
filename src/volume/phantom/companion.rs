//! What the MR and fluoroscopy series of the sample study share with its CT: patient, study,
//! frame of reference, and identifiers that depend on the seed alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::PhantomError;
use crate::dicom::identity::Identity;
use crate::dicom::write_object::{Moment, NewInstance};
use crate::study::{FrameOfReferenceUid, InstanceUid, SeriesUid};

/// Whose the companions of a CT are.
pub(super) struct Companion {
    pub(super) identity: Identity,
    pub(super) frame_of_reference: FrameOfReferenceUid,
    /// When all of it is said to have been made.
    pub(super) made: Moment,
    /// Series and instance UIDs of a series number.
    pub(super) uids: Box<dyn Fn(u32) -> [String; 2] + Send + Sync>,
}

impl Companion {
    /// The first instance of a series.
    pub(super) fn new_instance(&self, number: u32, description: &str) -> NewInstance {
        let [series, instance] = (self.uids)(number);
        NewInstance {
            series: SeriesUid::new(&series),
            series_number: number,
            series_description: description.to_owned(),
            instance: InstanceUid::new(&instance),
            instance_number: 1,
            made: self.made.clone(),
        }
    }
}

/// A folder of a study, made if it is not there.
pub(super) fn folder_in(study: &Path, name: &str) -> Result<PathBuf, PhantomError> {
    let folder = study.join(name);
    fs::create_dir_all(&folder).map_err(|source| PhantomError::File {
        path: folder.clone(),
        source,
    })?;
    Ok(folder)
}
