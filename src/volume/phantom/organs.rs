//! Abdominal organs: kidneys, liver, spleen, gut, ureters, bladder, lung bases and
//! ribs (reference 3.9 where it gives numbers; the rest is `ours`).

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::label::{self, Side};
use super::noise::{Deviates, NoiseField};
use super::pose::Pose;
use super::shape::{Bounds, ease, ellipsoid, smooth_max};
use super::soft_tissue::Envelope;
use super::tube::Tube;
use super::voxelize::{Tissue, Voxel};

/// A kidney with its sinus fat.
pub(super) struct Kidney {
    side: Side,
    centre_mm: DVec3,
    half_mm: DVec3,
    noise: NoiseField,
    hu: f32,
    fat_hu: f32,
}

impl Kidney {
    pub(super) fn pair(tables: &Tables, noise: &NoiseField) -> Result<[Self; 2], PhantomError> {
        let half: [f64; 3] = tables.list("kidney", "half_axes_mm")?;
        let centre: [f64; 3] = tables.list("kidney", "centre_mm")?;
        let (hu, fat_hu) = (tables.hu("kidney")?, tables.hu("visceral_fat")?);
        Ok(Side::BOTH.map(|side| Self {
            side,
            centre_mm: DVec3::new(
                side.sign() * centre[0],
                centre[1],
                centre[2] + 6.0 * (side.sign() - 1.0),
            ),
            half_mm: DVec3::from_array(half),
            noise: noise.clone(),
            hu,
            fat_hu,
        }))
    }

    /// Coordinates along the kidney: x lateral, z towards its (medially leaning) upper pole.
    fn local(&self, p_mm: DVec3) -> DVec3 {
        let d = p_mm - self.centre_mm;
        let lateral = self.side.sign() * d.x;
        // Upper pole leans medially and backwards; the long axis follows the psoas.
        DVec3::new(
            lateral + 0.24 * d.z - 0.004 * d.z * d.z,
            d.y - 0.16 * d.z + 0.25 * lateral,
            d.z,
        )
    }
}

impl Kidney {
    /// Distance to the kidney's capsule.
    pub(super) fn distance_mm(&self, p_mm: DVec3) -> f64 {
        ellipsoid(self.local(p_mm), self.half_mm)
    }
}

impl Tissue for Kidney {
    fn bounds(&self) -> Bounds {
        Bounds::around(&[self.centre_mm], self.half_mm.z + 14.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        ellipsoid(self.local(p_mm), self.half_mm) - 10.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let q = self.local(p_mm);
        let kidney = ellipsoid(q, self.half_mm) + 1.2 * self.noise.rough(p_mm, 12.0);
        // Perirenal fat keeps gut and muscle away.
        voxel.cover(kidney - 7.0, self.fat_hu, label::VISCERAL_FAT);
        let sinus = ellipsoid(q - DVec3::new(-11.0, 0.0, 0.0), DVec3::new(16.0, 8.5, 24.0))
            + 3.5 * self.noise.rough(p_mm, 9.0);
        let parenchyma = smooth_max(kidney, -sinus, 3.0);
        voxel.cover(
            parenchyma,
            self.hu + 3.0 * self.noise.rough(p_mm, 5.0) as f32,
            label::kidney(self.side),
        );
        let inside = smooth_max(sinus, kidney + 1.0, 2.0);
        let pelvis = ease(0.1, 0.35, self.noise.rough(p_mm, 6.0)) as f32;
        voxel.cover(
            inside,
            self.fat_hu + 85.0 * pelvis,
            label::renal_sinus(self.side),
        );
    }
}

/// Solid organ inside the abdominal wall.
pub(super) struct Solid {
    centre_mm: DVec3,
    half_mm: DVec3,
    envelope: Arc<Envelope>,
    noise: NoiseField,
    hu: f32,
    number: u8,
}

impl Solid {
    /// Liver, spleen and bladder.
    pub(super) fn all(
        tables: &Tables,
        pose: &Pose,
        envelope: &Arc<Envelope>,
        noise: &NoiseField,
    ) -> Result<Vec<Self>, PhantomError> {
        let solid = |centre: [f64; 3], half: [f64; 3], hu: f32, number: u8| Self {
            centre_mm: DVec3::from_array(centre),
            half_mm: DVec3::from_array(half),
            envelope: Arc::clone(envelope),
            noise: noise.clone(),
            hu,
            number,
        };
        let o = pose.sacrum.origin_mm;
        Ok(vec![
            solid(
                [-78.0, -32.0, 138.0],
                [84.0, 92.0, 86.0],
                tables.hu("liver")?,
                label::LIVER,
            ),
            solid(
                [106.0, 14.0, 132.0],
                [26.0, 46.0, 52.0],
                tables.hu("spleen")?,
                label::SPLEEN,
            ),
            solid(
                [3.0, o.y - 72.0, o.z - 118.0],
                [42.0, 30.0, 26.0],
                tables.hu("urine")?,
                label::BLADDER,
            ),
        ])
    }

    fn distance(&self, p_mm: DVec3) -> f64 {
        ellipsoid(p_mm - self.centre_mm, self.half_mm)
            + 5.0 * self.noise.at(p_mm.x / 34.0, p_mm.y / 34.0, p_mm.z / 34.0)
    }
}

impl Tissue for Solid {
    fn bounds(&self) -> Bounds {
        let low = self.centre_mm - self.half_mm - DVec3::splat(8.0);
        Bounds {
            low_mm: low,
            high_mm: self.centre_mm + self.half_mm + DVec3::splat(8.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm)
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let organ = smooth_max(
            self.distance(p_mm),
            self.envelope.peritoneum(p_mm) + 3.0,
            8.0,
        );
        let hu = self.hu + 3.5 * self.noise.rough(p_mm, 7.0) as f32;
        voxel.cover(organ, hu, self.number);
    }
}

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
    /// Small bowel loops drawn from the seed, and the colon frame.
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
        let mut deviates = Deviates::new(seed ^ 0x4755_5453);
        let mut gut = Vec::new();
        let mut add = |nodes: &[(DVec3, f64)], content: Content, gas: f64| {
            let back = nodes
                .iter()
                .map(|(p, r)| p.y + r)
                .fold(f64::NEG_INFINITY, f64::max);
            gut.push(Self {
                tube: Tube::new(nodes, 3),
                envelope: Arc::clone(envelope),
                noise: noise.clone(),
                content,
                wall_mm: if content == Content::Faeces { 2.2 } else { 1.8 },
                gas_above_mm: back - gas,
                hu,
            });
        };
        for row in 0..12_u32 {
            for column in 0..5_u32 {
                let x = -72.0 + 36.0 * f64::from(column) + deviates.between(-9.0, 9.0);
                let z = 92.0 - 23.0 * f64::from(row) + deviates.between(-7.0, 7.0);
                let y = -92.0 + deviates.between(0.0, 38.0);
                let mut nodes = Vec::new();
                let mut p = DVec3::new(x, y, z);
                for _ in 0..4 {
                    nodes.push((p, deviates.between(8.0, 12.5)));
                    p += DVec3::new(
                        deviates.between(-24.0, 24.0),
                        deviates.between(-14.0, 14.0),
                        deviates.between(-13.0, 13.0),
                    );
                    p.y = p.y.clamp(-102.0, -48.0);
                }
                let gas = if deviates.unit() < 0.24 {
                    deviates.between(7.0, 15.0)
                } else {
                    0.0
                };
                add(&nodes, Content::Fluid, gas);
            }
        }
        let o = pose.sacrum.origin_mm;
        let at = |x: f64, y: f64, z: f64, r: f64| (DVec3::new(x, y, z), r);
        add(
            &[
                at(-88.0, -48.0, -78.0, 23.0),
                at(-96.0, -38.0, -40.0, 24.0),
                at(-100.0, -30.0, 5.0, 22.0),
                at(-98.0, -36.0, 42.0, 20.0),
            ],
            Content::Faeces,
            14.0,
        );
        add(
            &[
                at(104.0, -18.0, 70.0, 16.0),
                at(107.0, -14.0, 20.0, 14.0),
                at(106.0, -18.0, -30.0, 15.0),
                at(100.0, -40.0, -80.0, 14.0),
            ],
            Content::Faeces,
            7.0,
        );
        add(
            &[
                at(-92.0, -60.0, 48.0, 19.0),
                at(-45.0, -92.0, 26.0, 18.0),
                at(5.0, -97.0, 14.0, 17.0),
                at(55.0, -90.0, 30.0, 17.0),
                at(96.0, -50.0, 66.0, 17.0),
            ],
            Content::Faeces,
            24.0,
        );
        let (y, z) = (o.y, o.z);
        add(
            &[
                at(92.0, -52.0, z + 4.0, 14.0),
                at(52.0, y - 62.0, z - 36.0, 15.0),
                at(8.0, y - 40.0, z - 44.0, 15.0),
                at(-8.0, y + 4.0, z - 62.0, 15.0),
                at(0.0, y + 26.0, z - 92.0, 17.0),
                at(0.0, y + 24.0, z - 135.0, 18.0),
            ],
            Content::Faeces,
            0.0,
        );
        Ok(gut)
    }
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
        let mut strands = Vec::new();
        let o = pose.sacrum.origin_mm;
        let t12 = &pose.vertebrae[1];
        let t11 = &pose.vertebrae[0];
        for side in Side::BOTH {
            let s = side.sign();
            let at = |x: f64, y: f64, z: f64| DVec3::new(s * x, y, z);
            let ureter = [
                at(46.0, -4.0, 40.0),
                at(38.0, -18.0, 0.0),
                at(38.0, -24.0, -45.0),
                at(42.0, o.y - 44.0, o.z - 10.0),
                at(56.0, o.y - 20.0, o.z - 60.0),
            ];
            strands.push(Self {
                tube: Tube::new(&ureter.map(|p| (p, 2.2)), 4),
                number: label::ureter(side),
                hu: 22.0,
                shell: None,
            });
            let crus = [
                at(13.0, -27.0, 20.0),
                at(17.0, -23.0, 55.0),
                at(21.0, -18.0, 85.0),
                at(24.0, -16.0, 125.0),
                at(26.0, -14.0, 160.0),
            ];
            let radii = [2.5, 5.0, 6.0, 5.5, 5.0];
            let nodes: Vec<(DVec3, f64)> = crus.into_iter().zip(radii).collect();
            strands.push(Self {
                tube: Tube::new(&nodes, 4),
                number: label::DIAPHRAGM,
                hu: 52.0,
                shell: None,
            });
            let local = |frame: &super::pose::Frame, x: f64, y: f64, z: f64| {
                frame.model(DVec3::new(s * x, y, z))
            };
            let twelfth = [
                local(t12, 19.0, 14.0, 6.0),
                local(t12, 36.0, 27.0, 2.0),
                local(t12, 62.0, 32.0, -14.0),
                local(t12, 86.0, 22.0, -34.0),
                local(t12, 100.0, 8.0, -48.0),
            ];
            let eleventh = [
                local(t11, 18.0, 14.0, 6.0),
                local(t11, 40.0, 31.0, 0.0),
                local(t11, 78.0, 31.0, -20.0),
                local(t11, 110.0, 8.0, -48.0),
                local(t11, 123.0, -28.0, -70.0),
                local(t11, 122.0, -50.0, -80.0),
            ];
            let tenth = [
                at(62.0, 56.0, 170.0),
                at(104.0, 36.0, 142.0),
                at(125.0, 0.0, 112.0),
                at(127.0, -45.0, 84.0),
                at(112.0, -82.0, 68.0),
            ];
            let ninth = [
                at(104.0, 46.0, 175.0),
                at(128.0, 4.0, 145.0),
                at(131.0, -45.0, 116.0),
                at(112.0, -86.0, 96.0),
                at(84.0, -98.0, 92.0),
            ];
            let paths: [(&[DVec3], f64); 4] = [
                (&twelfth, 4.0),
                (&eleventh, 4.4),
                (&tenth, 4.6),
                (&ninth, 4.6),
            ];
            for (path, radius) in paths {
                let nodes: Vec<(DVec3, f64)> = path.iter().map(|p| (flatten(*p), radius)).collect();
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

/// Lung in the posterior costophrenic recess, over the diaphragm.
pub(super) struct LungBase {
    pub(super) envelope: Arc<Envelope>,
    pub(super) noise: NoiseField,
    pub(super) hu: f32,
    /// Lowest point of the recess, at the twelfth rib medially.
    pub(super) bottom_mm: f64,
}

impl LungBase {
    fn distance(&self, p_mm: DVec3) -> f64 {
        let inner = self.envelope.peritoneum(p_mm) + 2.0;
        let rise = p_mm.z - self.bottom_mm - 0.05 * (45.0 - p_mm.y).max(0.0) * 4.0;
        let thickness = 0.55 * rise;
        let crescent = (-thickness - inner).max(-rise);
        let medial = 20.0 - p_mm.x.abs();
        smooth_max(smooth_max(inner, crescent, 3.0), medial, 6.0)
    }
}

impl Tissue for LungBase {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-150.0, -60.0, self.bottom_mm),
            high_mm: DVec3::new(150.0, 110.0, self.bottom_mm + 200.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.distance(p_mm) - 4.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let lung = self.distance(p_mm);
        voxel.cover(lung - 3.0, 50.0, label::DIAPHRAGM);
        let vessels = ease(0.35, 0.6, self.noise.rough(p_mm, 4.0)) as f32;
        voxel.cover(
            lung,
            self.hu + 40.0 * self.noise.rough(p_mm, 9.0) as f32 + 420.0 * vessels,
            label::LUNG,
        );
    }
}
