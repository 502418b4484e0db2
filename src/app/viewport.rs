//! Viewports: what each shows and where it looks, and how they are laid out.

use glam::DVec2;

use super::camera::{Camera, StandardView};
use crate::geometry::{Degrees, Lps, Plane, Point, Vector};
use crate::plan::Trajectory;
use crate::volume::{SlabMode, Volume};

/// Identifies a viewport; four exist at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewportId(pub usize);

/// What a viewport shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewKind {
    /// Slices across the body, until turned.
    Axial,
    /// Slices seen from the side, until turned.
    Sagittal,
    /// Slices seen from the front, until turned.
    Coronal,
    /// The plane of the selected needle nearest to axial.
    AlongNeedle,
    /// The plane of the selected needle orthogonal to that.
    AlongNeedleOrthogonal,
    /// Across the selected needle, seen from the entry.
    DownNeedle,
    /// Surfaces and needles in space.
    Volume3d,
    /// What the C-arm would see.
    Drr,
}

impl ViewKind {
    /// All, in menu order.
    pub const ALL: [Self; 8] = [
        Self::Axial,
        Self::Sagittal,
        Self::Coronal,
        Self::AlongNeedle,
        Self::AlongNeedleOrthogonal,
        Self::DownNeedle,
        Self::Volume3d,
        Self::Drr,
    ];

    /// Title shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Axial => "Axial",
            Self::Sagittal => "Sagittal",
            Self::Coronal => "Coronal",
            Self::AlongNeedle => "Along needle",
            Self::AlongNeedleOrthogonal => "Along needle, 90°",
            Self::DownNeedle => "Down the needle",
            Self::Volume3d => "3D",
            Self::Drr => "Simulated fluoroscopy",
        }
    }

    /// Shows slices of the volume.
    pub fn is_slice(self) -> bool {
        !matches!(self, Self::Volume3d | Self::Drr)
    }

    /// Locked to the selected needle.
    pub fn follows_needle(self) -> bool {
        matches!(
            self,
            Self::AlongNeedle | Self::AlongNeedleOrthogonal | Self::DownNeedle
        )
    }
}

/// Arrangement of the viewports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// One viewport.
    One,
    /// A large one and three beside it.
    OnePlusThree,
    /// Two by two.
    #[default]
    TwoByTwo,
}

impl Layout {
    /// Viewports of it.
    pub fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::OnePlusThree | Self::TwoByTwo => 4,
        }
    }

    /// Title shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::One => "One view",
            Self::OnePlusThree => "One and three",
            Self::TwoByTwo => "Two by two",
        }
    }

    /// Where viewport `index` lies in a unit square: left, top, right, bottom.
    pub fn cell(self, index: usize) -> [f32; 4] {
        match (self, index) {
            (Self::One, _) => [0.0, 0.0, 1.0, 1.0],
            (Self::OnePlusThree, 0) => [0.0, 0.0, 0.67, 1.0],
            (Self::OnePlusThree, n) => {
                let top = (n - 1) as f32 / 3.0;
                [0.67, top, 1.0, top + 1.0 / 3.0]
            }
            (Self::TwoByTwo, n) => {
                let (left, top) = ((n % 2) as f32 / 2.0, (n / 2) as f32 / 2.0);
                [left, top, left + 0.5, top + 0.5]
            }
        }
    }
}

/// Slab of a viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slab {
    /// Thickness in mm, 0–50; 0 is a thin slice.
    pub thickness_mm: f64,
    /// What is taken over it.
    pub mode: SlabMode,
}

impl Slab {
    /// Thickest slab.
    pub const THICKEST_MM: f64 = 50.0;
}

/// One viewport: its kind and where it looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Viewport {
    /// What it shows.
    pub kind: ViewKind,
    /// Picture directions of a slice view; needle views take theirs from the needle.
    pub right: Vector<Lps>,
    /// See `right`.
    pub down: Vector<Lps>,
    /// Slice views: the patient point in the middle of the picture, before it is moved onto the
    /// plane through the crosshair.
    pub center: Point<Lps>,
    /// Needle views: shift of the picture's middle off the needle along right and down, mm.
    pub pan_mm: DVec2,
    /// Scale: mm of patient per screen point.
    pub mm_per_point: f64,
    /// Needle views: mm from the target toward the entry (down), or off the needle (along).
    pub shaft_mm: f64,
    /// Needle views: turn about the needle.
    pub roll: Degrees,
    /// Needle views: mirrored left to right, upside down.
    pub flip: [bool; 2],
    /// Slab.
    pub slab: Slab,
    /// Where a 3D view looks from.
    pub camera: Camera,
}

impl Viewport {
    /// A viewport of a kind for a patient lying as `prone_up` says: prone axial slices are shown
    /// as they lie in the scanner, spine up.
    pub fn new(kind: ViewKind, prone: Posture) -> Self {
        let origin = Point::new(0., 0., 0.);
        let plane = match (kind, prone) {
            (ViewKind::Sagittal, _) => Plane::sagittal(origin),
            (ViewKind::Coronal, Posture::Prone) => Plane {
                // From behind, as the operator stands: patient right at picture right.
                origin,
                right: Vector::new(-1., 0., 0.),
                down: Vector::new(0., 0., -1.),
            },
            (ViewKind::Coronal, Posture::Supine) => Plane::coronal(origin),
            (_, Posture::Prone) => Plane {
                origin,
                right: Vector::new(-1., 0., 0.),
                down: Vector::new(0., -1., 0.),
            },
            (_, Posture::Supine) => Plane::axial(origin),
        };
        Self {
            kind,
            right: plane.right,
            down: plane.down,
            center: origin,
            pan_mm: DVec2::ZERO,
            mm_per_point: 0.5,
            shaft_mm: 0.0,
            roll: Degrees(0.0),
            flip: [false; 2],
            slab: Slab {
                thickness_mm: 0.0,
                mode: SlabMode::Mip,
            },
            camera: Camera::standard(StandardView::first(prone), prone, origin),
        }
    }

    /// The plane shown, its origin in the middle of the picture.
    ///
    /// `None` for a needle view while there is no needle with two ends, for a 3D view and for a
    /// simulated radiograph.
    pub fn plane(&self, crosshair: Point<Lps>, needle: Option<&Trajectory>) -> Option<Plane> {
        if !self.kind.is_slice() {
            return None;
        }
        if self.kind.follows_needle() {
            let plane = self.needle_plane(needle?)?;
            return Some(plane.through(plane.point_at_mm(self.pan_mm)));
        }
        let plane = Plane {
            origin: crosshair,
            right: self.right,
            down: self.down,
        };
        Some(plane.through(plane.project(self.center)))
    }

    /// Moves the picture by `shift_mm` along its right and down.
    pub fn pan(&mut self, shift_mm: DVec2) {
        if self.kind == ViewKind::Volume3d {
            self.camera.pan(shift_mm);
        } else if self.kind.follows_needle() {
            self.pan_mm -= shift_mm;
        } else {
            self.center = self.center - self.right * shift_mm.x - self.down * shift_mm.y;
        }
    }

    fn needle_plane(&self, needle: &Trajectory) -> Option<Plane> {
        let segment = needle.segment()?;
        let direction = segment.vector().direction()?;
        // Right of the picture as the operator at the patient's side sees it: for an entry from
        // behind patient right is at the right, from the front patient left.
        let across = if direction.0.y <= 0.0 { -1.0 } else { 1.0 };
        let first = Plane::along(segment.at(0.5), direction, Vector::new(across, 0., 0.))?;
        let plane = match self.kind {
            ViewKind::DownNeedle => Plane::across(
                segment.end - direction * self.shaft_mm,
                direction,
                Vector::new(0., 0., -1.),
            )?
            .rotated(direction, self.roll)?,
            ViewKind::AlongNeedleOrthogonal => {
                let side = Plane {
                    right: first.normal(),
                    ..first
                };
                let turned = side.rotated(direction, self.roll)?;
                turned.moved_mm(self.shaft_mm)
            }
            _ => first.rotated(direction, self.roll)?.moved_mm(self.shaft_mm),
        };
        let sign = |flip: bool| if flip { -1.0 } else { 1.0 };
        Some(Plane {
            right: plane.right * sign(self.flip[0]),
            down: plane.down * sign(self.flip[1]),
            ..plane
        })
    }

    /// Mirrors the picture left to right; a 3D view never, since nobody would see that it is.
    pub fn flip_horizontally(&mut self) {
        if !self.kind.is_slice() {
            return;
        }
        if self.kind.follows_needle() {
            self.flip[0] = !self.flip[0];
        } else {
            self.right = -self.right;
        }
        self.pan_mm.x = -self.pan_mm.x;
    }

    /// Turns the picture upside down by mirroring; a 3D view never.
    pub fn flip_vertically(&mut self) {
        if !self.kind.is_slice() {
            return;
        }
        if self.kind.follows_needle() {
            self.flip[1] = !self.flip[1];
        } else {
            self.down = -self.down;
        }
        self.pan_mm.y = -self.pan_mm.y;
    }

    /// Turns the picture a quarter clockwise.
    pub fn rotate_quarter(&mut self) {
        if self.kind == ViewKind::Volume3d {
            self.camera.roll_quarter();
            return;
        }
        if self.kind.follows_needle() {
            self.roll = crate::geometry::wrap_180(Degrees(self.roll.0 + 90.0));
            return;
        }
        // What pointed up points right afterwards.
        let (right, down) = (self.right, self.down);
        self.right = -down;
        self.down = right;
        self.pan_mm = DVec2::new(-self.pan_mm.y, self.pan_mm.x);
    }

    /// Scale at which the whole volume fits a picture of `size_points`, mm per point.
    pub fn fitting_scale(volume: &Volume, size_points: [f64; 2], plane: &Plane) -> f64 {
        let corners = volume.corners_lps().map(|corner| plane.in_plane_mm(corner));
        let low = corners.into_iter().fold(DVec2::INFINITY, DVec2::min);
        let high = corners.into_iter().fold(DVec2::NEG_INFINITY, DVec2::max);
        let extent = high - low;
        let [width, height] = size_points.map(|points| points.max(16.0));
        // A little room, so that nothing seems cut.
        (1.03 * (extent.x / width).max(extent.y / height)).clamp(0.01, 50.0)
    }
}

/// How the patient lies, as far as the default views need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posture {
    /// Face up, on a side, or unknown: textbook views.
    Supine,
    /// Face down: views as the patient lies, back up.
    Prone,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{OrientationLetters, Segment};
    use crate::plan::TrajectoryId;

    fn needle() -> Trajectory {
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.entry = Some([-68., 150., -12.].into());
        needle.target = Some([-22., 78., 6.].into());
        needle
    }

    fn letters(viewport: &Viewport) -> [String; 2] {
        let plane = viewport
            .plane(Point::new(0., 0., 0.), Some(&needle()))
            .unwrap();
        let letters = OrientationLetters::of(&plane);
        [letters.left, letters.up]
    }

    #[test]
    fn supine_and_prone_views_lie_as_the_conventions_say() {
        for (kind, posture, left, up) in [
            (ViewKind::Axial, Posture::Supine, "R", "A"),
            (ViewKind::Axial, Posture::Prone, "L", "P"),
            (ViewKind::Coronal, Posture::Supine, "R", "H"),
            (ViewKind::Coronal, Posture::Prone, "L", "H"),
            (ViewKind::Sagittal, Posture::Supine, "A", "H"),
        ] {
            assert_eq!(
                letters(&Viewport::new(kind, posture)),
                [left, up],
                "{kind:?} {posture:?}"
            );
        }
    }

    #[test]
    fn needle_views_contain_or_cross_the_needle() {
        let needle = needle();
        let segment: Segment = needle.segment().unwrap();
        let plane = |kind| {
            let viewport = Viewport::new(kind, Posture::Prone);
            viewport
                .plane(Point::new(0., 0., 0.), Some(&needle))
                .unwrap()
        };
        let (one, two) = (
            plane(ViewKind::AlongNeedle),
            plane(ViewKind::AlongNeedleOrthogonal),
        );
        for plane in [&one, &two] {
            assert!(plane.signed_distance_mm(segment.start).abs() < 1e-9);
            assert!(plane.signed_distance_mm(segment.end).abs() < 1e-9);
            assert!(
                plane.in_plane_mm(segment.start).y < 0.0,
                "the entry is at the top"
            );
        }
        assert!(one.normal().dot(two.normal()).abs() < 1e-12);
        let down = plane(ViewKind::DownNeedle);
        assert!(
            down.origin.distance(segment.end) < 1e-9,
            "starts at the target"
        );
        assert!((down.normal() - segment.vector().direction().unwrap()).length() < 1e-9);
        assert_eq!(
            OrientationLetters::of(&down).right.chars().next(),
            Some('R')
        );
    }

    #[test]
    fn a_needle_view_without_a_needle_shows_nothing() {
        let viewport = Viewport::new(ViewKind::DownNeedle, Posture::Supine);
        assert_eq!(viewport.plane(Point::new(0., 0., 0.), None), None);
        let half = Trajectory {
            entry: None,
            ..needle()
        };
        assert_eq!(viewport.plane(Point::new(0., 0., 0.), Some(&half)), None);
    }

    #[test]
    fn flips_and_quarter_turns_move_the_letters() {
        let mut viewport = Viewport::new(ViewKind::Axial, Posture::Supine);
        viewport.flip_horizontally();
        assert_eq!(letters(&viewport), ["L", "A"]);
        viewport.flip_horizontally();
        viewport.flip_vertically();
        assert_eq!(letters(&viewport), ["R", "P"]);
        viewport.flip_vertically();
        viewport.rotate_quarter();
        // Clockwise: what was up (A) is right, what was left (R) is up.
        assert_eq!(letters(&viewport), ["P", "R"]);
        (0..3).for_each(|_| viewport.rotate_quarter());
        assert_eq!(letters(&viewport), ["R", "A"]);
    }

    #[test]
    fn cells_tile_the_window() {
        for layout in [Layout::One, Layout::OnePlusThree, Layout::TwoByTwo] {
            let area: f32 = (0..layout.count())
                .map(|index| layout.cell(index))
                .map(|[left, top, right, bottom]| (right - left) * (bottom - top))
                .sum();
            assert!((area - 1.0).abs() < 1e-5, "{layout:?}");
        }
    }
}
