//! Ribs, ureters and the crura of the diaphragm: strands along given paths (`ours`).

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::label::{self, Side};
use super::pose::{Frame, Pose};
use super::shape::Bounds;
use super::tube::Tube;
use super::voxelize::{Tissue, Voxel};

/// Plain tube of soft tissue or bone.
pub(super) struct Strand {
    tube: Tube,
    number: u8,
    hu: f32,
    /// Compact shell for ribs, flattened front to back.
    shell: Option<(f64, f32)>,
}

impl Strand {
    /// Ureters on the psoas, crura of the diaphragm, and ribs 9 to 12.
    pub(super) fn all(tables: &Tables, pose: &Pose) -> Result<Vec<Self>, PhantomError> {
        let cortex = tables.hu("cortex")?;
        let (t11, t12) = (&pose.vertebrae[0], &pose.vertebrae[1]);
        let mut strands = Vec::new();
        for side in Side::BOTH {
            let nodes = |name: &str| -> Result<Vec<(DVec3, f64)>, PhantomError> {
                let path = tables.numbers("strand", name)?.chunks_exact(4);
                Ok(path
                    .map(|c| (DVec3::new(side.sign() * c[0], c[1], c[2]), c[3]))
                    .collect())
            };
            let soft = [
                ("ureter_mm", label::ureter(side), 22.0),
                ("crus_mm", label::DIAPHRAGM, 52.0),
            ];
            for (name, number, hu) in soft {
                strands.push(Self {
                    tube: Tube::new(&nodes(name)?, 4),
                    number,
                    hu,
                    shell: None,
                });
            }
            let ribs = [
                ("rib_12_mm", Some(t12)),
                ("rib_11_mm", Some(t11)),
                ("rib_10_mm", None),
                ("rib_9_mm", None),
            ];
            for (name, frame) in ribs {
                let place = |p: DVec3| flatten(frame.map_or(p, |f: &Frame| f.model(p)));
                let nodes: Vec<_> = nodes(name)?.iter().map(|(p, r)| (place(*p), *r)).collect();
                strands.push(Self {
                    tube: Tube::new(&nodes, 6),
                    number: label::rib(side),
                    hu: tables.hu("cancellous")?,
                    shell: Some((1.1, cortex)),
                });
            }
        }
        Ok(strands)
    }
}

/// Ribs are taller than thick: squeeze z so that a round tube becomes oval.
fn flatten(p_mm: DVec3) -> DVec3 {
    DVec3::new(p_mm.x, p_mm.y, p_mm.z / RIB_HEIGHT)
}

const RIB_HEIGHT: f64 = 1.4;

impl Tissue for Strand {
    fn bounds(&self) -> Bounds {
        let mut bounds = self.tube.bounds(1.0);
        if self.shell.is_some() {
            bounds.low_mm.z *= RIB_HEIGHT;
            bounds.high_mm.z *= RIB_HEIGHT;
        }
        bounds
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.tube.distance(if self.shell.is_some() {
            flatten(p_mm)
        } else {
            p_mm
        })
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let distance = self.reach_mm(p_mm);
        match self.shell {
            Some(shell) => {
                // Intercostal muscle and periosteum hug the rib.
                voxel.cover(distance - 1.2, 40.0, label::ABDOMINAL_WALL);
                voxel.cover_bone(distance, shell, self.hu, self.number);
            }
            None => voxel.cover(distance, self.hu, self.number),
        }
    }
}
