//! Small bowel and colon with wall, content and gas (`ours`).

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::label;
use super::noise::{Deviates, NoiseField};
use super::pose::Pose;
use super::shape::{Bounds, ease, smooth_max};
use super::soft_tissue::Envelope;
use super::tube::Tube;
use super::voxelize::{Tissue, Voxel};

/// Content of a loop of gut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Fluid,
    Faeces,
}

/// A loop of gut with wall, content and gas that rises to the patient's back (prone).
pub(super) struct Gut {
    tube: Tube,
    envelope: Arc<Envelope>,
    noise: NoiseField,
    content: Content,
    wall_mm: f64,
    gas_above_mm: f64,
    hu: [f32; 3],
}

impl Gut {
    /// Small bowel loops drawn from the seed, and the colon.
    pub(super) fn all(
        tables: &Tables,
        pose: &Pose,
        envelope: &Arc<Envelope>,
        noise: &NoiseField,
        seed: u64,
    ) -> Result<Vec<Self>, PhantomError> {
        let hu = [
            tables.hu("bowel_wall")?,
            tables.hu("bowel_content")?,
            tables.hu("bowel_gas")?,
        ];
        let make = |nodes: &[(DVec3, f64)], content: Content, gas_mm: f64| {
            let back = nodes.iter().map(|(p, r)| p.y + r);
            Self {
                tube: Tube::new(nodes, 3),
                envelope: Arc::clone(envelope),
                noise: noise.clone(),
                content,
                wall_mm: if content == Content::Faeces { 2.2 } else { 1.8 },
                gas_above_mm: back.fold(f64::NEG_INFINITY, f64::max) - gas_mm,
                hu,
            }
        };
        let mut gut: Vec<Self> = small_bowel(seed)
            .iter()
            .map(|(nodes, gas_mm)| make(nodes, Content::Fluid, *gas_mm))
            .collect();
        let colon = [
            ("ascending_mm", DVec3::ZERO, 14.0),
            ("descending_mm", DVec3::ZERO, 7.0),
            ("transverse_mm", DVec3::ZERO, 24.0),
            ("sigmoid_mm", pose.sacrum.origin_mm, 0.0),
        ];
        for (name, origin, gas_mm) in colon {
            let path = tables.numbers("gut", name)?;
            let nodes: Vec<(DVec3, f64)> = path
                .chunks_exact(4)
                .map(|c| (origin + DVec3::new(c[0], c[1], c[2]), c[3]))
                .collect();
            gut.push(make(&nodes, Content::Faeces, gas_mm));
        }
        Ok(gut)
    }
}

/// Wandering loops in front of the spine, each with the height of gas in it.
fn small_bowel(seed: u64) -> Vec<(Vec<(DVec3, f64)>, f64)> {
    let mut deviates = Deviates::new(seed ^ 0x4755_5453);
    let mut loops = Vec::new();
    for place in 0..60_u32 {
        let (row, column) = (place / 5, place % 5);
        let x = -72.0 + 36.0 * f64::from(column) + deviates.between(-9.0, 9.0);
        let z = 92.0 - 23.0 * f64::from(row) + deviates.between(-7.0, 7.0);
        let mut p = DVec3::new(x, -92.0 + deviates.between(0.0, 46.0), z);
        let mut nodes = Vec::new();
        for _ in 0..4 {
            nodes.push((p, deviates.between(8.0, 12.5)));
            p += DVec3::new(
                deviates.between(-24.0, 24.0),
                deviates.between(-14.0, 14.0),
                deviates.between(-13.0, 13.0),
            );
            p.y = p.y.clamp(-102.0, -40.0);
        }
        let has_gas = deviates.unit() < 0.24;
        let gas_mm = if has_gas {
            deviates.between(7.0, 15.0)
        } else {
            0.0
        };
        loops.push((nodes, gas_mm));
    }
    loops
}

impl Tissue for Gut {
    fn bounds(&self) -> Bounds {
        self.tube.bounds(3.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.tube.distance(p_mm) - 2.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let mut gut = self.tube.distance(p_mm);
        if gut > 4.0 {
            return;
        }
        gut += 2.2 * self.noise.at(p_mm.x / 11.0, p_mm.y / 11.0, p_mm.z / 11.0);
        gut = smooth_max(gut, self.envelope.peritoneum(p_mm) + 4.0, 6.0);
        voxel.cover(gut, self.hu[0], label::BOWEL_WALL);
        let lumen = gut + self.wall_mm;
        let grain = self.noise.rough(p_mm, 3.4);
        let content = match self.content {
            Content::Fluid => self.hu[1] + 8.0 * grain as f32,
            Content::Faeces => {
                self.hu[1] + 14.0 + (60.0 * grain - 420.0 * ease(0.34, 0.6, grain)) as f32
            }
        };
        voxel.cover(lumen, content, label::BOWEL_CONTENT);
        // The fluid level is horizontal; gas collects on the side away from the table.
        let gas = lumen.max(self.gas_above_mm - p_mm.y);
        voxel.cover(gas, self.hu[2], label::BOWEL_GAS);
    }
}
