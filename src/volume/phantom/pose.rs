//! Places the vertebrae: a stack of frames in the mid-sagittal plane with the
//! prone lordosis of clinical reference sheet 3.7. Owns no shapes.

use glam::DVec3;

use super::PhantomError;
use super::anatomy::{L5, MOBILE, PerLevel, Tables};

/// Local frame of a vertebra, disc or sacral segment in the mid-sagittal plane.
///
/// Local x is left, y posterior, z cranial; a positive tilt lowers the anterior edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) origin_mm: DVec3,
    sin: f64,
    cos: f64,
}

impl Frame {
    pub(super) fn new(origin_mm: DVec3, tilt_rad: f64) -> Self {
        let (sin, cos) = tilt_rad.sin_cos();
        Self {
            origin_mm,
            sin,
            cos,
        }
    }

    /// Model point in this frame, mm.
    pub(super) fn local(&self, p_mm: DVec3) -> DVec3 {
        let d = p_mm - self.origin_mm;
        DVec3::new(
            d.x,
            d.y * self.cos + d.z * self.sin,
            d.z * self.cos - d.y * self.sin,
        )
    }

    /// Local point in the model, mm.
    pub(super) fn model(&self, q_mm: DVec3) -> DVec3 {
        self.origin_mm + self.turn(q_mm)
    }

    /// Local direction in the model.
    pub(super) fn turn(&self, v: DVec3) -> DVec3 {
        DVec3::new(
            v.x,
            v.y * self.cos - v.z * self.sin,
            v.y * self.sin + v.z * self.cos,
        )
    }

    pub(super) fn up(&self) -> DVec3 {
        self.turn(DVec3::Z)
    }

    pub(super) fn tilt_rad(&self) -> f64 {
        self.sin.atan2(self.cos)
    }

    /// The frame moved to another local point.
    pub(super) fn moved(&self, q_mm: DVec3) -> Self {
        Self {
            origin_mm: self.model(q_mm),
            ..*self
        }
    }
}

/// Frames of the whole spine; the origin of the model is the centre of L3.
#[derive(Debug, Clone)]
pub(super) struct Pose {
    /// Centres of the vertebral bodies T11 to L5.
    pub(super) vertebrae: [Frame; MOBILE],
    /// Centres of the discs T11-12 to L5-S1.
    pub(super) discs: [Frame; MOBILE],
    /// Rim height of each disc at its centre.
    pub(super) disc_height_mm: PerLevel,
    /// Wedge of each disc, front higher positive.
    pub(super) disc_wedge_rad: PerLevel,
    /// Centre of the S1 end-plate.
    pub(super) sacrum: Frame,
}

/// Index of L3, whose centre is the model origin.
const CENTRE: usize = 4;

impl Pose {
    pub(super) fn from_tables(tables: &Tables) -> Result<Self, PhantomError> {
        let anterior: PerLevel = tables.list("vertebra", "anterior_height_mm")?;
        let posterior: PerLevel = tables.list("vertebra", "posterior_height_mm")?;
        let depth: PerLevel = tables.list("vertebra", "inferior_depth_mm")?;
        let lordosis: PerLevel = tables.list("vertebra", "segmental_lordosis_deg")?;
        let disc_front: PerLevel = tables.list("disc", "anterior_height_mm")?;
        let disc_back: PerLevel = tables.list("disc", "posterior_height_mm")?;
        let slope_rad = tables.scalar("sacrum", "slope_deg")?.to_radians();

        // A segment spans from one superior end-plate to the next, so the sum is the L1-S1 lordosis.
        let mut superior_rad = [0.0; MOBILE];
        let mut below = slope_rad;
        for i in (0..MOBILE).rev() {
            superior_rad[i] = below - lordosis[i].to_radians();
            below = superior_rad[i];
        }
        let wedge = |i: usize| ((anterior[i] - posterior[i]) / depth[i]).atan();
        let height = |i: usize| 0.5 * (anterior[i] + posterior[i]);
        let tilt = |i: usize| superior_rad[i] + 0.5 * wedge(i);
        let inferior = |i: usize| superior_rad[i] + wedge(i);
        let up = |tilt_rad: f64| Frame::new(DVec3::ZERO, tilt_rad).up();
        let next_superior = |i: usize| {
            if i == L5 {
                slope_rad
            } else {
                superior_rad[i + 1]
            }
        };

        // Walk down from T11, then move the origin to the middle of L3.
        let mut top = DVec3::ZERO;
        let mut pose = Self {
            vertebrae: [Frame::new(DVec3::ZERO, 0.0); MOBILE],
            discs: [Frame::new(DVec3::ZERO, 0.0); MOBILE],
            disc_height_mm: [0.0; MOBILE],
            disc_wedge_rad: [0.0; MOBILE],
            sacrum: Frame::new(DVec3::ZERO, slope_rad),
        };
        for i in 0..MOBILE {
            let axis = up(tilt(i));
            let centre = top - axis * (0.5 * height(i));
            pose.vertebrae[i] = Frame::new(centre, tilt(i));
            let bottom = centre - axis * (0.5 * height(i));
            let disc_tilt = 0.5 * (inferior(i) + next_superior(i));
            pose.disc_height_mm[i] = 0.5 * (disc_front[i] + disc_back[i]);
            pose.disc_wedge_rad[i] = next_superior(i) - inferior(i);
            let disc_axis = up(disc_tilt);
            pose.discs[i] = Frame::new(
                bottom - disc_axis * (0.5 * pose.disc_height_mm[i]),
                disc_tilt,
            );
            top = bottom - disc_axis * pose.disc_height_mm[i];
        }
        pose.sacrum.origin_mm = top;
        let shift = pose.vertebrae[CENTRE].origin_mm;
        for frame in pose
            .vertebrae
            .iter_mut()
            .chain(&mut pose.discs)
            .chain([&mut pose.sacrum])
        {
            frame.origin_mm -= shift;
        }
        Ok(pose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_turn_there_and_back() {
        let frame = Frame::new(DVec3::new(1.0, 2.0, 3.0), 0.4);
        let p = DVec3::new(7.0, -5.0, 11.0);
        assert!((frame.model(frame.local(p)) - p).length() < 1e-12);
        assert!(
            frame.turn(-DVec3::Y).z < 0.0,
            "a positive tilt lowers the anterior edge"
        );
    }

    #[test]
    fn the_sacral_slope_and_lordosis_are_those_of_the_table() {
        let tables = Tables::load(0).unwrap();
        let pose = Pose::from_tables(&tables).unwrap();
        assert!((pose.sacrum.tilt_rad().to_degrees() - 30.0).abs() < 1e-9);
        let anterior: PerLevel = tables.list("vertebra", "anterior_height_mm").unwrap();
        let posterior: PerLevel = tables.list("vertebra", "posterior_height_mm").unwrap();
        let depth: PerLevel = tables.list("vertebra", "inferior_depth_mm").unwrap();
        let wedge = ((anterior[2] - posterior[2]) / depth[2])
            .atan()
            .to_degrees();
        let l1_superior = pose.vertebrae[2].tilt_rad().to_degrees() - 0.5 * wedge;
        assert!(
            (30.0 - l1_superior - 32.0).abs() < 1e-6,
            "L1-S1 lordosis 32 degrees"
        );
    }
}
