//! Contrast medium in the sheath of a root and in fat: clouds where there is room for it. When it
//! comes there is said by the caller.

use glam::DVec3;

use super::label::Side;
use super::noise::{NoiseField, mix};
use super::scene::Scene;
use super::shape::ease;
use super::splat::Splat;
use super::{MODEL_ORIGIN_LPS_MM, Phantom};

/// Iodine of the medium, mg/ml.
pub(super) const IODINE_MG_PER_ML: f64 = 240.0;
/// Attenuation that the medium adds at 65 keV, 1/mm: 6.12 cm²/g of iodine (4.3).
const MEDIUM_PER_MM: f64 = 6.12 * IODINE_MG_PER_ML * 1e-3 / 10.0;
/// Distance of the points of a course, mm.
pub(super) const STEP_MM: f64 = 0.4;
/// Clouds around a root at each point.
const RING: usize = 14;
/// The medium lies this thick between a root and its sheath.
const SHEATH_MM: f64 = 1.0;

/// When the medium comes to a place, seconds after the start of the injection, and how much of
/// the room there it fills.
pub(super) type Arrival = (f64, f64);

/// Points along a root from the sac outwards, LPS mm, and its radius there.
pub(super) type Course = Vec<(DVec3, f64)>;

/// A number from 0 to 1 for each pair of numbers.
fn random(index: usize, kind: u64) -> f64 {
    (mix((index as u64) << 4 ^ kind) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The body that the medium spreads in.
pub(super) struct Room<'a> {
    phantom: &'a Phantom,
    scene: &'a Scene,
    patches: NoiseField,
}

impl<'a> Room<'a> {
    pub(super) fn new(phantom: &'a Phantom, scene: &'a Scene) -> Self {
        Self {
            phantom,
            scene,
            patches: NoiseField::new(phantom.truth.seed ^ 0x464C_4F57),
        }
    }

    /// A root's course, [`STEP_MM`] from point to point.
    pub(super) fn course(&self, level: usize, side: Side) -> Option<Course> {
        let nerves = &self.scene.nerves;
        let nerve = nerves.iter().find(|n| n.level == level && n.side == side)?;
        let nodes: Course = nerve
            .course_mm()
            .map(|(at, radius)| {
                let at = self.scene.warp.unwarp_mm(at) + MODEL_ORIGIN_LPS_MM;
                (at, radius)
            })
            .collect();
        let mut course = Vec::new();
        for (&(from, thick), &(to, thin)) in nodes.iter().zip(nodes.iter().skip(1)) {
            let steps = (from.distance(to) / STEP_MM).ceil().max(1.0);
            course.extend((0..steps as usize).map(|step| {
                let share = step as f64 / steps;
                (from.lerp(to, share), thick + (thin - thick) * share)
            }));
        }
        Some(course)
    }

    /// Where a point lies in its section of the canal: lateral (left positive) and posterior, in
    /// half-axes of the dural sac.
    pub(super) fn in_canal(&self, at_lps_mm: DVec3) -> [f64; 2] {
        let p = at_lps_mm - MODEL_ORIGIN_LPS_MM;
        let p = p + self.scene.warp.shift_mm(p);
        let (y, half) = self.scene.canal.sac(p.z);
        [p.x / half.x, (p.y - y) / half.y]
    }

    /// How much of the fat at a point the medium fills: patches with vacuoles between them, the
    /// fewer the higher `most` (−1 to 1).
    pub(super) fn patch(&self, at_lps_mm: DVec3, most: f64) -> f64 {
        let noise = self.patches.rough(at_lps_mm, 4.5);
        1.0 - ease(most - 0.12, most + 0.12, noise)
    }

    /// Medium in the sheath of a root. `arrival` gets the way along it, mm.
    pub(super) fn in_sheath(
        &self,
        course: &[(DVec3, f64)],
        arrival: &dyn Fn(f64) -> Arrival,
    ) -> Vec<Splat> {
        let mut splats = Vec::new();
        let steps = course.iter().zip(course.iter().skip(1)).enumerate();
        for (step, (&(at, radius), &(next, _))) in steps {
            let (arrives_s, share) = arrival(step as f64 * STEP_MM);
            let along = (next - at).normalize_or(DVec3::Z);
            let (across, other) = along.any_orthonormal_pair();
            let ring_mm = radius + 0.5 * SHEATH_MM;
            let area_mm2 = std::f64::consts::TAU * ring_mm * SHEATH_MM;
            let mass_mm2 = MEDIUM_PER_MM * area_mm2 * STEP_MM / RING as f64;
            splats.extend((0..RING).map(|spot| {
                let index = step * RING + spot;
                let turn = (spot as f64 + random(index, 1)) / RING as f64;
                let (sin, cos) = (turn * std::f64::consts::TAU).sin_cos();
                let out = (across * cos + other * sin) * ring_mm;
                let at_lps_mm = at + out + along * (random(index, 2) * STEP_MM);
                // Streaks along the root: the noise is stretched that way.
                let streak = DVec3::new(spot as f64 * 0.8, step as f64 * STEP_MM / 9.0, 7.0);
                let uneven = 0.75 + 0.9 * self.patches.at(streak.x, streak.y, streak.z);
                let late_s = 0.25 * self.patches.at(streak.x + 31.0, streak.y, 3.0).abs();
                Splat {
                    at_lps_mm,
                    sigma_mm: 0.35,
                    mass_mm2: mass_mm2 * (share * uneven).clamp(0.0, 1.0),
                    arrives_s: arrives_s + late_s + 0.06 * random(index, 3),
                }
            }));
        }
        splats
    }

    /// Medium in the fat of some labels around a point. `arrival` gets a patient point; none where
    /// the medium does not come.
    pub(super) fn in_fat(
        &self,
        (middle_lps_mm, reach_mm): (DVec3, DVec3),
        labels: &[u8],
        arrival: &dyn Fn(DVec3) -> Option<Arrival>,
    ) -> Vec<Splat> {
        let phantom = self.phantom;
        let [dc, dr, ds] = phantom.grid.spacing_mm;
        let axes = [
            (phantom.column_direction, dc, phantom.grid.columns),
            (phantom.row_direction, dr, phantom.grid.rows),
            (phantom.slice_direction, ds, phantom.grid.slices),
        ];
        let [columns, rows, slices] = axes.map(|(direction, spacing_mm, count)| {
            let centre = (middle_lps_mm - phantom.origin_lps_mm).dot(direction);
            let reach = (reach_mm * direction).length();
            let index = |mm: f64| (mm / spacing_mm).clamp(0.0, count as f64) as usize;
            index(centre - reach)..index(centre + reach)
        });
        let volume_mm3 = dc * dr * ds;
        let mut splats = Vec::new();
        for slice in slices {
            for row in rows.clone() {
                for column in columns.clone() {
                    let index = (slice * phantom.grid.rows + row) * phantom.grid.columns + column;
                    let label = phantom.labels.get(index);
                    if !label.is_some_and(|label| labels.contains(label)) {
                        continue;
                    }
                    let place = |count: usize, kind: u64| count as f64 + random(index, kind) - 0.5;
                    let at_lps_mm = phantom.origin_lps_mm
                        + phantom.column_direction * (place(column, 1) * dc)
                        + phantom.row_direction * (place(row, 2) * dr)
                        + phantom.slice_direction * (place(slice, 3) * ds);
                    let Some((arrives_s, share)) = arrival(at_lps_mm) else {
                        continue;
                    };
                    splats.push(Splat {
                        at_lps_mm,
                        sigma_mm: (0.5 * volume_mm3.cbrt()).max(0.45),
                        mass_mm2: MEDIUM_PER_MM * volume_mm3 * share,
                        arrives_s: arrives_s + 0.1 * random(index, 4),
                    });
                }
            }
        }
        splats
    }
}
