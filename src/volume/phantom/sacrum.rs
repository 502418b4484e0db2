//! Sacrum and coccyx in curved coordinates along the sacral axis, with the
//! canal, hiatus, foramina and the S1 articular processes (reference 3.8).

use std::sync::Arc;

use glam::DVec3;

use super::PhantomError;
use super::anatomy::Tables;
use super::canal::Canal;
use super::facet::FacetPair;
use super::label;
use super::noise::{NoiseField, trabeculae};
use super::pelvis::JointSurface;
use super::pose::{Frame, Pose};
use super::sacral_curve::SacralCurve;
use super::shape::{
    Bounds, Profile, ease, ellipsoid, lerp, smooth_max, smooth_min, tapered_capsule,
};
use super::voxelize::{Tissue, Voxel};

/// Stations of one pair of sacral foramina.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
struct Foramen {
    station_mm: f64,
    dorsal_x_mm: f64,
    dorsal_radius_mm: f64,
    ventral_radius_mm: f64,
}

/// Sacrum with its canal, foramina and joints.
#[derive(Debug, Clone)]
pub(super) struct Sacrum {
    pub(super) curve: SacralCurve,
    endplate: Frame,
    length_mm: f64,
    body_half: Profile,
    lateral: Profile,
    cornua_mm: f64,
    foramina: Vec<Foramen>,
    joint: JointSurface,
    facets: FacetPair,
    canal: Canal,
    noise: NoiseField,
    hu: SacrumHu,
    bounds: Bounds,
}

#[derive(Debug, Clone, Copy)]
struct SacrumHu {
    cancellous: f32,
    ala: f32,
    cortex: f32,
    fat: f32,
    ligament: f32,
}

impl Sacrum {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        parts: (&SacralCurve, &JointSurface),
        soft: (&FacetPair, &Canal),
        noise: &NoiseField,
    ) -> Result<Self, PhantomError> {
        let (curve, joint) = parts;
        let station: [f64; 4] = tables.list("sacrum", "foramen_station_mm")?;
        let dorsal_x: [f64; 4] = tables.list("sacrum", "dorsal_foramen_from_midline_mm")?;
        let dorsal: [f64; 4] = tables.list("sacrum", "dorsal_foramen_width_mm")?;
        let ventral: [f64; 4] = tables.list("sacrum", "ventral_foramen_width_mm")?;
        let foramina = (0..4)
            .map(|i| Foramen {
                station_mm: station[i],
                dorsal_x_mm: dorsal_x[i],
                dorsal_radius_mm: 0.5 * dorsal[i],
                ventral_radius_mm: 0.5 * ventral[i],
            })
            .collect();
        let half_endplate = 0.5 * tables.scalar("sacrum", "endplate_width_mm")?;
        let half_width_mm = 0.5 * tables.scalar("sacrum", "width_mm")?;
        let length_mm = tables.scalar("sacrum", "height_mm")?;
        let outline = [
            (0.0, 1.16),
            (56.0, 1.0),
            (70.0, 0.80),
            (84.0, 0.60),
            (98.0, 0.38),
            (110.0, 0.16),
        ];
        let corners = [
            (0.0, -26.0),
            (0.0, 56.0),
            (50.0, 56.0),
            (90.0, 40.0),
            (112.0, 30.0),
            (112.0, -14.0),
            (50.0, -20.0),
        ]
        .map(|(s, n)| curve.model(s, n, 0.0));
        let mut bounds = Bounds::around(&corners, 4.0);
        bounds.low_mm.x = -half_width_mm * 1.2;
        bounds.high_mm.x = half_width_mm * 1.2;
        bounds.high_mm.z = pose.sacrum.origin_mm.z + 34.0;
        bounds.low_mm.z -= 34.0;
        Ok(Self {
            curve: curve.clone(),
            endplate: pose.sacrum,
            length_mm,
            body_half: Profile::new(vec![
                (0.0, half_endplate),
                (30.0, 0.78 * half_endplate),
                (60.0, 0.55 * half_endplate),
                (105.0, 0.36 * half_endplate),
            ]),
            lateral: Profile::new(
                outline
                    .map(|(s, share)| (s, share * half_width_mm))
                    .to_vec(),
            ),
            cornua_mm: 0.5 * tables.scalar("sacrum", "intercornual_mm")?,
            foramina,
            joint: joint.clone(),
            facets: soft.0.clone(),
            canal: soft.1.clone(),
            noise: noise.clone(),
            hu: SacrumHu {
                cancellous: tables.hu("cancellous")?,
                ala: tables.hu("marrow_fat")?,
                cortex: tables.hu("cortex")?,
                fat: tables.hu("epidural_fat")?,
                ligament: tables.hu("flavum")?,
            },
            bounds,
        })
    }

    /// Back of the sacrum behind the axis, at a lateral position and arc length.
    fn dorsal_mm(&self, x_mm: f64, s_mm: f64) -> f64 {
        let (_, roof) = self.curve.canal_mm(s_mm);
        let upper = ease(70.0, 20.0, s_mm);
        let crest = 7.0
            * ease(9.0, 0.0, x_mm)
            * ease(9.0, 20.0, s_mm)
            * ease(74.0, 62.0, s_mm)
            * (0.75 + 0.25 * (s_mm * 0.32).sin());
        let slope = lerp(3.0, 7.0, upper) * ease(8.0, 44.0, x_mm);
        roof + 4.5 - slope + crest
    }

    /// Outline without holes, and the place of the point in (x folded, s, n).
    fn envelope(&self, p_mm: DVec3) -> (f64, DVec3) {
        let mut at = self.curve.place(p_mm);
        at.x = at.x.abs();
        let DVec3 { x, y: s, z: n } = at;
        let half_depth = self.curve.half_depth_mm(s);
        let body_half = self.body_half.at(s);
        let recess = ease(body_half - 3.0, body_half + 26.0, x);
        let front = -half_depth * (1.0 - lerp(0.35, 0.85, ease(50.0, 0.0, s)) * recess);
        let back = self.dorsal_mm(x, s);
        let side = smooth_min(self.joint.sacral_mm(p_mm), self.lateral.at(s), 6.0);
        let e = self.endplate.local(p_mm);
        let shoulder = ease(body_half - 1.0, body_half + 9.0, x);
        let behind = ease(half_depth - 1.0, half_depth + 7.0, n) * ease(30.0, 22.0, x);
        let body_top = e.z + 0.3;
        let ala_top = 5.0 + 0.30 * (x - body_half) - s;
        let arch_top = 9.0 - s;
        let top = lerp(lerp(body_top, ala_top, shoulder), arch_top, behind);
        let mut solid = smooth_max(front - n, n - back, 6.0);
        solid = smooth_max(solid, x - side, 4.0);
        solid = smooth_max(solid, top, 2.5);
        (smooth_max(solid, s - self.length_mm, 5.0), at)
    }

    /// Distance to the holes of the foramina; `at` is (x folded, s, n).
    fn foramina(&self, at: DVec3) -> f64 {
        let mut hole = f64::INFINITY;
        for foramen in &self.foramina {
            if (at.y - foramen.station_mm).abs() > 22.0 {
                continue;
            }
            let half_depth = self.curve.half_depth_mm(foramen.station_mm);
            let point = |x: f64, s: f64, n: f64| DVec3::new(x, foramen.station_mm + s, n);
            let inner = point(foramen.dorsal_x_mm - 7.0, -5.0, half_depth + 4.0);
            let junction = point(foramen.dorsal_x_mm - 1.5, 0.0, half_depth - 1.0);
            let ventral = point(foramen.dorsal_x_mm + 1.0, 6.0, -half_depth - 6.0);
            let dorsal = point(
                foramen.dorsal_x_mm,
                -0.5,
                self.dorsal_mm(foramen.dorsal_x_mm, foramen.station_mm) + 5.0,
            );
            let (v, d) = (foramen.ventral_radius_mm, foramen.dorsal_radius_mm);
            let nearest = tapered_capsule(at, inner, junction, (0.8 * v, 0.85 * v))
                .0
                .min(tapered_capsule(at, junction, ventral, (0.85 * v, 1.1 * v)).0)
                .min(tapered_capsule(at, junction, dorsal, (d, d)).0);
            hole = hole.min(nearest);
        }
        hole
    }

    /// Distance to bone, its place, and how cancellous it is laterally.
    pub(super) fn bone(&self, p_mm: DVec3) -> (f64, DVec3) {
        let (solid, at) = self.envelope(p_mm);
        let mut bone = solid.max(-self.foramina(at));
        // Cornua stand at either side of the hiatus, whose roof is ligament.
        let past_apex = at.y - self.curve.hiatus_apex_mm;
        let (front, _) = self.curve.canal_mm(at.y);
        let hiatus = smooth_max(at.x - self.cornua_mm + 1.5, front - at.z, 1.5)
            .max(-past_apex + 0.35 * at.x);
        bone = smooth_max(bone, -hiatus, 1.5);
        let joint = self.facets.place(p_mm);
        let process = self.facets.superior_process(joint);
        let neck = self
            .curve
            .model(9.0, self.curve.half_depth_mm(9.0) + 4.0, 0.0);
        let top = self.facets.half_height_mm;
        let pillar_q = DVec3::new(at.x, at.y, at.z);
        let socket = tapered_capsule(
            pillar_q,
            DVec3::new(25.0, 17.0, self.curve.half_depth_mm(9.0) + 9.0),
            DVec3::new(24.5, 6.0, self.curve.half_depth_mm(9.0) + 11.5),
            (5.5, 4.5),
        );
        if (p_mm - neck).length() < 45.0 + top {
            bone = smooth_min(bone, smooth_min(process, socket.0, 4.0), 5.0);
            bone = bone.max(
                -self
                    .facets
                    .zone(joint)
                    .max(joint.depth_mm - self.facets.half_cleft_mm),
            );
        }
        (bone.max(-self.canal.distance(p_mm)), at)
    }

    fn coccyx(&self, p_mm: DVec3) -> f64 {
        let at = self.curve.place(p_mm);
        let segment =
            |s: f64, n: f64, half: DVec3| ellipsoid(DVec3::new(at.x, at.y - s, at.z - n), half);
        let first = segment(self.length_mm + 6.5, 0.5, DVec3::new(9.0, 5.0, 4.2));
        let second = segment(self.length_mm + 16.5, -0.5, DVec3::new(6.0, 4.4, 3.4));
        let third = segment(self.length_mm + 25.0, -2.0, DVec3::new(4.2, 3.8, 2.8));
        first.min(second).min(third)
    }

    /// Distance and CT number of the remnant discs between the sacral bodies.
    fn core_hu(&self, p_mm: DVec3, at: DVec3) -> f32 {
        let lateral = ease(16.0, 32.0, at.x) as f32;
        let mut hu = self.hu.cancellous + (self.hu.ala - self.hu.cancellous) * 0.8 * lateral;
        hu += 95.0 * trabeculae(&self.noise, p_mm) as f32;
        if at.z.abs() < self.curve.half_depth_mm(at.y) - 1.5 && at.x < self.body_half.at(at.y) - 4.0
        {
            for (station, size) in [(30.0, 2.0), (50.5, 1.5), (69.0, 1.2), (86.0, 1.0)] {
                let off = (at.y - station + 0.02 * at.x * at.x * 0.3).abs();
                let border = ease(2.2 + size, size, off) as f32;
                let gap = ease(size * 0.8, size * 0.3, off) as f32;
                hu = hu + (430.0 - hu) * border * 0.8;
                hu = hu + (95.0 - hu) * gap;
            }
        }
        hu
    }
}

impl Tissue for Sacrum {
    fn bounds(&self) -> Bounds {
        self.bounds
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        let near_joint = self.facets.superior_process(self.facets.place(p_mm)) - 8.0;
        self.envelope(p_mm).0.min(near_joint).min(self.coccyx(p_mm)) - 3.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let (bone, at) = self.bone(p_mm);
        let rough = 0.45 * self.noise.rough(p_mm, 6.0);
        let bone = bone + rough * ease(0.0, 3.0, self.canal.distance(p_mm));
        if bone < voxel.width_mm {
            let shell_mm = lerp(0.9, 1.4, ease(0.0, 8.0, at.z));
            voxel.cover_bone(
                bone,
                (shell_mm, self.hu.cortex),
                self.core_hu(p_mm, at),
                label::SACRUM,
            );
        }
        let coccyx = self.coccyx(p_mm) + rough;
        if coccyx < voxel.width_mm {
            voxel.cover_bone(
                coccyx,
                (0.9, self.hu.cortex * 0.8),
                self.hu.cancellous,
                label::COCCYX,
            );
        }
    }
}

impl Sacrum {
    /// Upper edge of the S1 arch in the midline, in the model.
    pub(super) fn arch_top_mm(&self) -> DVec3 {
        self.curve.model(9.0, self.curve.canal_mm(9.0).1 + 2.0, 0.0)
    }

    /// Model point at the dorsal opening of a foramen (`index` 0 is S1) and `deeper_mm` below it.
    pub(super) fn dorsal_foramen_mm(
        &self,
        index: usize,
        sign: f64,
        deeper_mm: f64,
    ) -> Option<DVec3> {
        let foramen = self.foramina.get(index)?;
        let back = self.dorsal_mm(foramen.dorsal_x_mm, foramen.station_mm);
        Some(self.curve.model(
            foramen.station_mm - 0.3,
            back - deeper_mm,
            sign * (foramen.dorsal_x_mm - 0.1 * deeper_mm),
        ))
    }
}

/// Soft tissue inside the sacrum: fat of the foramina and the ligament over the hiatus.
///
/// Painted before the nerves, which run through it, and before the bone.
pub(super) struct SacralHollows(pub(super) Arc<Sacrum>);

impl Tissue for SacralHollows {
    fn bounds(&self) -> Bounds {
        self.0.bounds
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.0.envelope(p_mm).0 - 6.0
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let sacrum = &self.0;
        let (solid, at) = sacrum.envelope(p_mm);
        if solid > 6.0 {
            return;
        }
        voxel.cover(
            sacrum.foramina(at).max(solid - 0.5),
            sacrum.hu.fat,
            label::FORAMINAL_FAT,
        );
        let past_apex = at.y - sacrum.curve.hiatus_apex_mm;
        if past_apex > -2.0 && past_apex < 24.0 {
            let (_, roof) = sacrum.curve.canal_mm(at.y);
            let sheet = (at.z - roof - 1.2).abs() - 1.2;
            voxel.cover(
                sheet.max(at.x - sacrum.cornua_mm - 1.0),
                sacrum.hu.ligament,
                label::SACROCOCCYGEAL,
            );
        }
    }
}
