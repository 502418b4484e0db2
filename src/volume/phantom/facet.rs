//! Facet (zygapophyseal) joints: curved clefts between the articular processes
//! of two vertebrae, shared by both so that the gap stays open (reference 3.6).

use glam::{DVec2, DVec3};

use super::PhantomError;
use super::anatomy::{PerLevel, Tables};
use super::label::{self, Side};
use super::pose::{Frame, Pose};
use super::shape::{Bounds, rounded_box};
use super::vertebra::Vertebra;
use super::voxelize::{Tissue, Voxel};

/// Radius of the C-shaped joint surface. From the sheet: the posterior third lies
/// 10-20 degrees nearer the sagittal plane than the chord (1.7 `[K]`).
const SURFACE_RADIUS_MM: f64 = 17.0;
/// Distance of the joint centre behind the posterior disc margin (`ours`).
const BEHIND_DISC_MM: f64 = 14.5;

/// Position of a point relative to a joint surface.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
pub(super) struct JointPoint {
    /// Distance from the middle of the cleft; positive on the side of the superior articular process.
    pub(super) depth_mm: f64,
    /// Arc length along the cleft, positive towards its posterior opening.
    pub(super) arc_mm: f64,
    /// Height above the joint centre.
    pub(super) z_mm: f64,
}

/// One joint in coordinates folded to the positive side of x.
#[derive(Debug, Clone, Copy)]
pub(super) struct JointSide {
    axis_mm: DVec2,
    outward: DVec2,
    tangent: DVec2,
    /// Chord angle to the sagittal plane.
    pub(super) angle_deg: f64,
}

impl JointSide {
    fn new(centre_mm: DVec2, angle_deg: f64) -> Self {
        let (sin, cos) = angle_deg.to_radians().sin_cos();
        // The superior articular process faces backwards and inwards.
        let inward = DVec2::new(-cos, sin);
        Self {
            axis_mm: centre_mm + inward * SURFACE_RADIUS_MM,
            outward: -inward,
            tangent: DVec2::new(sin, cos),
            angle_deg,
        }
    }

    /// Tangent of the cleft at an arc length, as an angle to the sagittal plane.
    pub(super) fn angle_at_deg(&self, arc_mm: f64) -> f64 {
        self.angle_deg - (arc_mm / SURFACE_RADIUS_MM).to_degrees()
    }
}

/// The pair of joints of one gap.
#[derive(Debug, Clone)]
pub(super) struct FacetPair {
    gap: usize,
    pub(super) frame: Frame,
    sides: [JointSide; 2],
    pub(super) half_cleft_mm: f64,
    pub(super) half_height_mm: f64,
    pub(super) half_width_mm: f64,
    hu: f32,
}

impl FacetPair {
    pub(super) fn new(
        tables: &Tables,
        pose: &Pose,
        upper: &Vertebra,
        gap: usize,
    ) -> Result<Self, PhantomError> {
        let angle: PerLevel = tables.list("facet", "angle_to_sagittal_deg")?;
        let lateral: PerLevel = tables.list("facet", "centre_from_midline_mm")?;
        let cleft: PerLevel = tables.list("facet", "cleft_mm")?;
        let height: PerLevel = tables.list("facet", "height_mm")?;
        let width: PerLevel = tables.list("facet", "width_mm")?;
        let centre = DVec2::new(lateral[gap], upper.disc_back_mm() + BEHIND_DISC_MM);
        let tropism = upper.tropism_deg;
        Ok(Self {
            gap,
            frame: pose.discs[gap].moved(DVec3::new(0.0, 0.0, -1.0)),
            sides: [
                JointSide::new(centre, angle[gap] + tropism),
                JointSide::new(centre, angle[gap] - tropism),
            ],
            half_cleft_mm: 0.5 * cleft[gap],
            half_height_mm: 0.5 * height[gap],
            half_width_mm: 0.5 * width[gap],
            hu: tables.hu("cartilage")?,
        })
    }

    pub(super) fn side(&self, side: Side) -> &JointSide {
        match side {
            Side::Left => &self.sides[0],
            Side::Right => &self.sides[1],
        }
    }

    /// Where a model point lies relative to the joint of its own side.
    pub(super) fn place(&self, p_mm: DVec3) -> JointPoint {
        let q = self.frame.local(p_mm);
        let side = self.side(Side::of(q.x));
        let from_axis = DVec2::new(q.x.abs(), q.y) - side.axis_mm;
        let angle = from_axis
            .dot(side.tangent)
            .atan2(from_axis.dot(side.outward));
        JointPoint {
            depth_mm: from_axis.length() - SURFACE_RADIUS_MM,
            arc_mm: angle * SURFACE_RADIUS_MM,
            z_mm: q.z,
        }
    }

    /// Model point at joint coordinates on one side.
    pub(super) fn model(&self, side: Side, at: JointPoint) -> DVec3 {
        let joint = self.side(side);
        let (sin, cos) = (at.arc_mm / SURFACE_RADIUS_MM).sin_cos();
        let xy = joint.axis_mm
            + (joint.outward * cos + joint.tangent * sin) * (SURFACE_RADIUS_MM + at.depth_mm);
        self.frame
            .model(DVec3::new(side.sign() * xy.x, xy.y, at.z_mm))
    }

    /// Distance to the superior articular process (of the lower vertebra).
    pub(super) fn superior_process(&self, at: JointPoint) -> f64 {
        let half_thickness = 3.1;
        let centre = DVec3::new(self.half_cleft_mm + half_thickness, 0.4, -0.5);
        let taper = 0.10 * (at.z_mm + self.half_height_mm).max(0.0);
        let q = DVec3::new(at.depth_mm, at.arc_mm, at.z_mm) - centre;
        let half = DVec3::new(half_thickness, self.half_width_mm, self.half_height_mm);
        rounded_box(q, half, 2.6) + taper
    }

    /// Distance to the inferior articular process (of the upper vertebra).
    pub(super) fn inferior_process(&self, at: JointPoint) -> f64 {
        let half_thickness = 3.6;
        let centre = DVec3::new(-self.half_cleft_mm - half_thickness, -0.3, 0.5);
        let taper = 0.10 * (self.half_height_mm - at.z_mm).max(0.0);
        let q = DVec3::new(at.depth_mm, at.arc_mm * 1.05, at.z_mm) - centre;
        let half = DVec3::new(half_thickness, self.half_width_mm, self.half_height_mm);
        rounded_box(q, half, 2.8) + taper
    }

    /// Distance to the space one articular process must leave to the other.
    pub(super) fn zone(&self, at: JointPoint) -> f64 {
        let half = DVec3::new(9.0, self.half_width_mm + 2.5, self.half_height_mm + 2.0);
        rounded_box(DVec3::new(at.depth_mm, at.arc_mm, at.z_mm), half, 3.0)
    }

    /// Distance to the synovial cleft itself.
    pub(super) fn cleft(&self, at: JointPoint) -> f64 {
        let half = DVec3::new(self.half_cleft_mm, self.half_width_mm, self.half_height_mm);
        rounded_box(DVec3::new(at.depth_mm, at.arc_mm, at.z_mm), half, 0.5)
    }
}

impl Tissue for FacetPair {
    fn bounds(&self) -> Bounds {
        let reach = JointPoint {
            depth_mm: 0.0,
            arc_mm: 0.0,
            z_mm: 0.0,
        };
        let centres = Side::BOTH.map(|side| self.model(side, reach));
        Bounds::around(&centres, self.half_height_mm + 6.0)
    }

    fn reach_mm(&self, p_mm: DVec3) -> f64 {
        self.cleft(self.place(p_mm)) - 1.5
    }

    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel) {
        let cleft = self.cleft(self.place(p_mm));
        // The capsule is a thin soft sleeve around the gap; bone painted later covers the rest.
        voxel.cover(cleft - 1.2, self.hu, voxel.label);
        voxel.cover(cleft, self.hu, label::facet(self.gap, Side::of(p_mm.x)));
    }
}
