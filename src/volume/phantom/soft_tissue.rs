//! Skin, fat, abdominal wall and muscles, and the table the patient lies on
//! (reference 3.9). Muscles carry fat streaks along their fibres.

use std::sync::Arc;

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{L5, PerLevel, Tables};
use super::canal::Canal;
use super::ct::fat_share;
use super::label;
use super::noise::NoiseField;
use super::pose::Pose;
use super::sacral_curve::SacralCurve;
use super::shape::{Bounds, Profile, ease, lerp, superellipse};
use super::vertebra::Vertebra;
use super::voxelize::{Block, Layer, Tissue, Voxel};

/// Depth of the body's reference plane between its front and back halves.
const AXIS_Y_MM: f64 = -14.0;

/// Outline of the trunk and of the layers beneath its skin.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    half_width: Profile,
    front: Profile,
    back: Profile,
    fat_lateral: Profile,
    fat_front: Profile,
    fat_back: Profile,
    wall: Profile,
    crest_mm: f64,
    sacrum_mm: f64,
    pub(super) table_mm: f64,
}

impl Envelope {
    pub(super) fn new(
        tables: &Tables,
        vertebrae: &[Vertebra],
        pose: &Pose,
        canal: &Canal,
        curve: &SacralCurve,
    ) -> Result<Self, PhantomError> {
        let level: [f64; 10] = tables.list("envelope", "level_mm")?;
        let profile = |name: &str| -> Result<Profile, PhantomError> {
            let values: [f64; 10] = tables.list("envelope", name)?;
            Ok(Profile::new(level.iter().copied().zip(values).collect()))
        };
        let epidural: PerLevel = tables.list("interlaminar", "skin_to_epidural_mm")?;
        // The midline of the back follows from the skin-epidural distances of 3.9.
        let mut back: Vec<(f64, f64)> = (0..=L5)
            .map(|gap| {
                let z = pose.discs[gap].origin_mm.z;
                (z, canal.roof_mm(z) + epidural[gap])
            })
            .collect();
        let [s1, apex, coccyx]: [f64; 3] = tables.list("envelope", "sacral_skin_mm")?;
        for (s, depth) in [
            (42.0, s1),
            (curve.hiatus_apex_mm, apex),
            (curve.hiatus_apex_mm + 34.0, coccyx),
        ] {
            let (_, roof) = curve.canal_mm(s);
            let p = curve.model(s, roof, 0.0);
            back.push((p.z, p.y + depth));
        }
        if let Some(&(z, y)) = back.first() {
            back.push((z + 60.0, y - 6.0));
        }
        Ok(Self {
            half_width: profile("half_width_mm")?,
            front: profile("front_mm")?,
            back: Profile::new(back),
            fat_lateral: profile("fat_lateral_mm")?,
            fat_front: profile("fat_front_mm")?,
            fat_back: profile("fat_back_mm")?,
            wall: profile("wall_mm")?,
            crest_mm: pose.sacrum.origin_mm.z + 38.0,
            sacrum_mm: vertebrae.last().map_or(0.0, |v| v.frame.origin_mm.z),
            table_mm: -121.0,
        })
    }

    /// How far the skin of the back lies in front of (positive) the smooth outline.
    fn furrow_mm(&self, x_mm: f64, z_mm: f64) -> f64 {
        let x = x_mm.abs();
        let buttock = ease(self.sacrum_mm - 20.0, self.sacrum_mm - 120.0, z_mm);
        let lumbar = -5.0 * ease(0.0, 32.0, x) * ease(76.0, 36.0, x) * (1.0 - buttock);
        let cleft = -13.0 * buttock * ease(4.0, 40.0, x) * ease(130.0, 70.0, x);
        lumbar + cleft
    }

    fn outline(&self, p_mm: DVec3, inset: DVec3) -> f64 {
        let half_x = self.half_width.at(p_mm.z) - inset.x;
        let mut y = p_mm.y - AXIS_Y_MM;
        let half_y = if y > 0.0 {
            y += ease(0.0, 60.0, y) * self.furrow_mm(p_mm.x, p_mm.z);
            self.back.at(p_mm.z) - inset.z - AXIS_Y_MM
        } else {
            AXIS_Y_MM - self.front.at(p_mm.z) - inset.y
        };
        superellipse(p_mm.x, y, DVec2::new(half_x, half_y), 0.62)
    }

    /// Distance to the skin surface, negative inside the body.
    pub(super) fn skin(&self, p_mm: DVec3) -> f64 {
        self.outline(p_mm, DVec3::ZERO)
    }

    fn fat_inset(&self, z_mm: f64, x_mm: f64) -> DVec3 {
        // Midline fat is thin: the fascia reaches the spinous processes there.
        let back = self.fat_back.at(z_mm);
        let midline = lerp(lerp(7.5, back, 0.15), back, ease(0.0, 48.0, x_mm.abs()));
        let buttock = ease(self.sacrum_mm - 20.0, self.sacrum_mm - 120.0, z_mm);
        DVec3::new(
            self.fat_lateral.at(z_mm),
            self.fat_front.at(z_mm),
            lerp(midline, back, 0.5 * buttock),
        )
    }

    /// Distance to the deep surface of the subcutaneous fat.
    pub(super) fn fascia(&self, p_mm: DVec3) -> f64 {
        self.outline(p_mm, self.fat_inset(p_mm.z, p_mm.x))
    }

    /// Distance to the inner surface of the abdominal wall.
    pub(super) fn peritoneum(&self, p_mm: DVec3) -> f64 {
        let wall = self.wall.at(p_mm.z);
        // Thin at the linea alba and the semilunar line, thick in the rectus.
        let x = p_mm.x.abs();
        let rectus =
            0.2 + 0.55 * ease(2.0, 12.0, x) - 0.4 * ease(66.0, 76.0, x) + 0.4 * ease(82.0, 96.0, x);
        let inset = self.fat_inset(p_mm.z, p_mm.x) + DVec3::new(wall, rectus * wall, 0.6 * wall);
        self.outline(p_mm, inset)
    }

    /// Highest point of the iliac crests.
    pub(super) fn crest_mm(&self) -> f64 {
        self.crest_mm
    }
}

/// Skin, subcutaneous fat, wall muscles and the fat inside.
pub(super) struct Trunk {
    pub(super) envelope: Arc<Envelope>,
    pub(super) noise: NoiseField,
    pub(super) hu: TrunkHu,
    pub(super) skin_mm: f64,
}

/// CT numbers of the trunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrunkHu {
    skin: f32,
    pub(super) fat: f32,
    visceral: f32,
    pub(super) muscle: f32,
    shell: f32,
    mattress: f32,
}

impl TrunkHu {
    pub(super) fn new(tables: &Tables) -> Result<Self, PhantomError> {
        Ok(Self {
            skin: tables.hu("skin")?,
            fat: tables.hu("subcutaneous_fat")?,
            visceral: tables.hu("visceral_fat")?,
            muscle: tables.hu("muscle")?,
            shell: tables.hu("table_shell")?,
            mattress: tables.hu("mattress")?,
        })
    }
}

impl Tissue for Trunk {
    fn bounds(&self) -> Bounds {
        Bounds {
            low_mm: DVec3::new(-185.0, -128.0, -400.0),
            high_mm: DVec3::new(185.0, 150.0, 300.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.envelope.skin(p_mm)
    }

    fn block(&self, centre_mm: DVec3, margin_mm: f64) -> Block {
        let skin = self.envelope.skin(centre_mm);
        Block {
            is_reached: skin <= margin_mm,
            layer: self.layer(centre_mm, skin, margin_mm),
        }
    }

    fn paint_in(&self, block: Block, p_mm: DVec3, voxel: &mut Voxel) {
        match block.layer {
            Layer::Inside => self.paint_inside(p_mm, -10.0, voxel),
            Layer::Fat => self.paint_fat(p_mm, -10.0, voxel),
            Layer::Mixed | Layer::Deep => self.paint(p_mm, voxel),
        }
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let skin = self.envelope.skin(p_mm);
        if skin > voxel.width_mm {
            return;
        }
        let fascia = if skin > -5.0 {
            10.0
        } else {
            self.envelope.fascia(p_mm)
        };
        if fascia > -3.0 {
            self.paint_fat(p_mm, skin, voxel);
        }
        if fascia > 3.0 {
            return;
        }
        let inner = self.envelope.peritoneum(p_mm);
        if inner > -2.0 {
            self.paint_wall(p_mm, (fascia, inner), voxel);
        }
        if inner < voxel.width_mm {
            self.paint_inside(p_mm, inner, voxel);
        }
    }
}

impl Trunk {
    /// Layer of a block, from the distances at its middle.
    fn layer(&self, centre_mm: DVec3, skin: f64, margin_mm: f64) -> Layer {
        let clear = margin_mm + 3.0;
        if skin > -clear {
            return Layer::Mixed;
        }
        let fascia = self.envelope.fascia(centre_mm);
        if fascia > clear && skin < -clear - 3.0 {
            Layer::Fat
        } else if fascia < -clear && self.envelope.peritoneum(centre_mm) < -clear {
            Layer::Inside
        } else {
            Layer::Mixed
        }
    }

    fn paint_inside(&self, p_mm: DVec3, inner: f64, voxel: &mut Voxel) {
        let strands = self.noise.at(p_mm.x / 5.0, p_mm.y / 5.0, p_mm.z / 6.0);
        let mesentery = ease(0.45, 0.8, strands) * 60.0;
        let inside = self.hu.visceral + (9.0 * strands + mesentery) as f32;
        voxel.cover(inner, inside, label::VISCERAL_FAT);
    }

    fn paint_fat(&self, p_mm: DVec3, skin: f64, voxel: &mut Voxel) {
        voxel.cover(skin, self.hu.skin, label::SKIN);
        let lobules = self.noise.at(p_mm.x / 7.0, p_mm.y / 7.0, p_mm.z / 8.0);
        // Thin septa where the noise changes sign.
        let septa = ease(0.07, 0.0, lobules.abs()) * ease(-2.0, -6.0, skin);
        let fat = self.hu.fat + (lobules * 7.0 + 36.0 * septa) as f32;
        voxel.cover(skin + self.skin_mm, fat, label::SUBCUTANEOUS_FAT);
    }

    fn paint_wall(&self, p_mm: DVec3, (fascia, inner): (f64, f64), voxel: &mut Voxel) {
        let wavy = fascia + 1.6 * self.noise.at(p_mm.x / 21.0, p_mm.y / 21.0, p_mm.z / 30.0);
        let depth = (fascia / (fascia - inner).max(0.5)).clamp(-1.5, 0.0);
        // Three flat muscles with fat planes between them; in front only the rectus.
        let flank = ease(74.0, 84.0, p_mm.x.abs()).max(ease(-60.0, -40.0, p_mm.y));
        let wave = 0.06 * self.noise.at(p_mm.x / 15.0, p_mm.y / 15.0, p_mm.z / 25.0);
        let plane = |at: f64| ease(0.085, 0.02, (depth + at + wave).abs());
        let planes = (plane(0.36).max(plane(0.70)) * flank) as f32 * 0.75;
        let streak = fat_share(self.noise.scaled(p_mm, DVec3::new(2.4, 2.4, 9.0)), 0.52);
        let muscle = self.hu.muscle - (self.hu.muscle - self.hu.fat) * planes.max(0.5 * streak);
        voxel.cover(wavy, muscle, label::ABDOMINAL_WALL);
    }
}

/// Table top under the belly: a foam mattress on a curved shell.
pub(super) struct TableTop {
    pub(super) envelope: Arc<Envelope>,
    pub(super) hu: TrunkHu,
}

impl TableTop {
    fn shell(&self, p_mm: DVec3) -> f64 {
        p_mm.y - (self.envelope.table_mm - 20.0) - 0.0011 * p_mm.x * p_mm.x
    }
}

impl Tissue for TableTop {
    fn bounds(&self) -> Bounds {
        let y = self.envelope.table_mm;
        Bounds {
            low_mm: DVec3::new(-205.0, y - 60.0, -500.0),
            high_mm: DVec3::new(205.0, y + 8.0, 500.0),
        }
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        (self.shell(p_mm) + 12.0).abs() - 36.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let shell = self.shell(p_mm);
        let edge = p_mm.x.abs() - 200.0;
        let top = p_mm.y - self.envelope.table_mm - 1.0;
        voxel.cover((-shell).max(top).max(edge), self.hu.mattress, label::TABLE);
        voxel.cover(
            ((shell + 0.8).abs() - 0.9).max(edge),
            self.hu.shell,
            label::TABLE,
        );
        voxel.cover(
            ((shell + 24.0).abs() - 0.9).max(edge),
            self.hu.shell - 120.0,
            label::TABLE,
        );
    }
}
