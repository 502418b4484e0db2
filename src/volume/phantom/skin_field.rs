//! The skin of the back as a height field over left-right position and height.

use glam::DVec3;

use super::survey::Survey;
use super::truth::SkinField;
use super::{BELOW_SACRUM_MM, MODEL_ORIGIN_LPS_MM};

/// Step of the skin height field, mm.
const SKIN_STEP_MM: f64 = 5.0;

impl Survey<'_> {
    /// Surveys the skin of the back.
    pub(super) fn skin_of_back(&self) -> SkinField {
        let (half_columns, rows) = (33_usize, 70_usize);
        let columns = 2 * half_columns + 1;
        let bottom = self.scene.pose.sacrum.origin_mm.z - BELOW_SACRUM_MM;
        let first_x_mm = MODEL_ORIGIN_LPS_MM.x - half_columns as f64 * SKIN_STEP_MM;
        let first_z_mm = MODEL_ORIGIN_LPS_MM.z + bottom;
        let height = |index: usize| {
            let x = first_x_mm + (index % columns) as f64 * SKIN_STEP_MM;
            let z = first_z_mm + (index / columns) as f64 * SKIN_STEP_MM;
            self.skin_of_back_mm(x, z)
        };
        let y_mm = (0..columns * rows).map(height).collect();
        SkinField {
            first_x_mm,
            first_z_mm,
            step_mm: SKIN_STEP_MM,
            columns,
            rows,
            y_mm,
        }
    }

    /// Posterior skin position at a lateral position and height, all LPS mm.
    fn skin_of_back_mm(&self, x_lps_mm: f64, z_lps_mm: f64) -> Option<f64> {
        let at = |y: f64| self.skin_mm(DVec3::new(x_lps_mm, y, z_lps_mm));
        let mut outside = MODEL_ORIGIN_LPS_MM.y + 170.0;
        let lowest = MODEL_ORIGIN_LPS_MM.y - 20.0;
        let mut inside = outside;
        while at(inside) >= 0.0 {
            outside = inside;
            inside -= 4.0;
            if inside < lowest {
                return None;
            }
        }
        for _ in 0..24 {
            let middle = 0.5 * (inside + outside);
            if at(middle) < 0.0 {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Some(0.5 * (inside + outside))
    }
}
