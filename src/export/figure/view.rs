//! The three planes of a needle and what is seen on them.

use glam::DVec2;

use super::{Figure, FigureError, Lies, Mark};
use crate::export::drawing::Xy;
use crate::geometry::{
    CArmAngles, Lps, OrientationLetters, PatientPosition, Plane, Point, Segment, Vector,
};
use crate::study::{VoiFunction, WindowLevel};
use crate::volume::Volume;
use crate::volume::sample::reslice_exact;
use crate::volume::slice_request::SliceRequest;

/// Widest and tallest picture, pixels.
const LARGEST_SIDE: usize = 4096;

/// Grey where the volume has no value: neither the black of air nor the white of bone.
const NO_VALUE_GREY: u8 = 70;

/// The needle is drawn whole within this distance of the plane, mm, dashed beyond: about the half
/// thickness of a CT slice.
const IN_PLANE_MM: f64 = 1.5;

/// A needle in a volume of the same frame of reference.
#[derive(Debug, Clone, Copy)]
pub struct NeedleScene<'a> {
    /// The image.
    pub volume: &'a Volume,
    /// Skin entry to target.
    pub needle: Segment,
    /// How the patient lies for the procedure; `None` shows the axial plane as for a supine one.
    pub position: Option<PatientPosition>,
    /// Window in modality values.
    pub window: WindowLevel,
    /// How the window is applied.
    pub function: VoiFunction,
}

/// Which plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// The axial plane through the target, seen from the feet with gravity downward.
    Axial,
    /// The plane that contains the needle and is nearest to axial, entry at the top.
    Along,
    /// The plane across the needle at the target, seen from the hub as on the C-arm's bull's-eye
    /// view (clinical reference sheet, section 2.3).
    Down,
}

impl FigureKind {
    /// All three, in the order of the sheet.
    pub const ALL: [Self; 3] = [Self::Axial, Self::Along, Self::Down];

    /// What it shows, in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Axial => "Axial at target",
            Self::Along => "Along the needle (mm from entry)",
            Self::Down => "Down the needle, at target",
        }
    }
}

/// The axial plane as a scanner shows a patient who lies so: seen from the feet, gravity downward
/// (clinical reference sheet, section 2.1). Supine where the position is not known.
pub fn axial_plane(origin: Point<Lps>, position: Option<PatientPosition>) -> Plane {
    use PatientPosition as Lying;
    let supine = Plane::axial(origin);
    let axes = |x: f64, y: f64| {
        let right = Vector::new(x, y, 0.0);
        let down = Vector::new(0., 0., 1.).cross(right);
        Plane {
            origin,
            right,
            down,
        }
    };
    match position {
        None | Some(Lying::HeadFirstSupine | Lying::FeetFirstSupine) => supine,
        Some(Lying::HeadFirstProne | Lying::FeetFirstProne) => axes(-1., 0.),
        Some(Lying::HeadFirstDecubitusRight | Lying::FeetFirstDecubitusRight) => axes(0., 1.),
        Some(Lying::HeadFirstDecubitusLeft | Lying::FeetFirstDecubitusLeft) => axes(0., -1.),
    }
}

/// The picture of a needle on one of its planes, `size` columns and rows.
///
/// The field of view follows the needle's length, so that entry and target are both on it.
pub fn needle_figure(
    kind: FigureKind,
    scene: &NeedleScene<'_>,
    size: [usize; 2],
) -> Result<Figure, FigureError> {
    if size.iter().any(|side| !(16..=LARGEST_SIDE).contains(side)) {
        return Err(FigureError::Size(size));
    }
    let needle = scene.needle;
    let (plane, field_mm) = framed(kind, scene).ok_or(FigureError::NoNeedle)?;
    let [width, height] = size;
    let mm_per_pixel = field_mm / width.min(height) as f64;
    let request = SliceRequest::thin_centered(plane, mm_per_pixel, width, height);
    request.check().map_err(|_| FigureError::NoNeedle)?;
    let greys = reslice_exact(scene.volume, &request)
        .into_iter()
        .map(|value| grey_of(f64::from(value), scene))
        .collect();
    let to_picture = ToPicture {
        plane,
        mm_per_pixel,
        center: [width as f64 / 2.0, height as f64 / 2.0],
    };
    let marks = marks(kind, needle, &to_picture);
    let beside = |mark: &Mark| {
        matches!(
            mark,
            Mark::Shaft {
                lies: Lies::Beside,
                ..
            }
        )
    };
    let dashed = if marks.iter().any(beside) {
        " (dashed: outside the slice)"
    } else {
        ""
    };
    Ok(Figure {
        title: format!("{}{dashed}", kind.title()),
        size,
        mm_per_pixel,
        greys,
        letters: OrientationLetters::of(&plane),
        marks,
    })
}

/// The plane with its origin at the picture's centre, and the field of view in mm.
fn framed(kind: FigureKind, scene: &NeedleScene<'_>) -> Option<(Plane, f64)> {
    let Segment { start, end } = scene.needle;
    let path = end - start;
    path.direction()?;
    let middle = start.lerp(end, 0.5);
    match kind {
        FigureKind::Axial => {
            let plane = axial_plane(end, scene.position);
            let reach = plane.in_plane_mm(start);
            let field = (1.3 * reach.x.abs().max(reach.y.abs())).max(140.0);
            Some((plane.through(plane.project(middle)), field))
        }
        FigureKind::Along => {
            let right = path.cross(Vector::new(0., 0., 1.));
            let plane = Plane::along(middle, path, right)?;
            Some((plane, (1.45 * path.length()).max(60.0)))
        }
        FigureKind::Down => {
            let (_, up) = CArmAngles::of_needle(path)?.image_axes();
            Some((Plane::across(end, path, -up)?, 80.0))
        }
    }
}

fn grey_of(value: f64, scene: &NeedleScene<'_>) -> u8 {
    if value.is_nan() {
        return NO_VALUE_GREY;
    }
    (scene.function.apply(value, scene.window) * 255.0).round() as u8
}

/// Patient points on the picture.
struct ToPicture {
    plane: Plane,
    mm_per_pixel: f64,
    center: Xy,
}

impl ToPicture {
    fn pixel(&self, point: Point<Lps>) -> Xy {
        let at = self.plane.in_plane_mm(point) / self.mm_per_pixel + DVec2::from(self.center);
        [at.x, at.y]
    }
}

fn marks(kind: FigureKind, needle: Segment, picture: &ToPicture) -> Vec<Mark> {
    let at = |point| picture.pixel(point);
    if kind == FigureKind::Down {
        return vec![Mark::BullsEye(at(needle.end))];
    }
    let mut marks = Vec::new();
    // The stretch within the slice: the signed distance is linear along the needle.
    let [far, near] =
        [needle.start, needle.end].map(|point| picture.plane.signed_distance_mm(point));
    let turn = if far.abs() <= IN_PLANE_MM {
        0.0
    } else {
        1.0 - ((IN_PLANE_MM - near.abs()) / (far - near).abs()).clamp(0.0, 1.0)
    };
    let between = needle.at(turn);
    if turn > 0.0 {
        marks.push(Mark::Shaft {
            from: at(needle.start),
            to: at(between),
            lies: Lies::Beside,
        });
    }
    marks.push(Mark::Shaft {
        from: at(between),
        to: at(needle.end),
        lies: Lies::InPlane,
    });
    if kind == FigureKind::Along {
        let length_mm = needle.length_mm();
        let depths = (1..).map(|step| step * 10);
        marks.extend(
            depths
                .take_while(|mm| f64::from(*mm) < length_mm - 4.0 && *mm <= 400)
                .map(|mm| Mark::Depth {
                    at: at(needle.at(f64::from(mm) / length_mm)),
                    mm,
                }),
        );
    }
    marks.push(Mark::Entry(at(needle.start)));
    marks.push(Mark::Target(at(needle.end)));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::letters_of;
    use crate::volume::synthetic::SyntheticVolume;

    fn scene(volume: &Volume) -> NeedleScene<'_> {
        NeedleScene {
            volume,
            // Row 7 of section 2.8, moved into the volume.
            needle: Segment::new([-68., 150., -12.].into(), [-22., 78., 6.].into()),
            position: Some(PatientPosition::HeadFirstProne),
            window: WindowLevel::new(500.0, 1000.0),
            function: VoiFunction::LinearExact,
        }
    }

    fn volume() -> Volume {
        SyntheticVolume::new([60, 60, 60], [4., 4., 2.])
            .at([-120., 0., -60.].into())
            .build(|p| if p.0.y > 160.0 { 0.0 } else { 500.0 })
    }

    #[test]
    fn the_axial_picture_has_gravity_downward_for_every_position() {
        // Section 2.2: which patient side is down in the room; always seen from the feet.
        for position in PatientPosition::ALL {
            let plane = axial_plane([0., 0., 0.].into(), Some(position));
            let lps_from_room = position.room_from_lps().transpose();
            assert!((plane.down.0 - lps_from_room.y_axis).length() < 1e-12);
            assert_eq!(letters_of(plane.normal()), "H", "{position:?}");
        }
        let unknown = axial_plane([0., 0., 0.].into(), None);
        assert_eq!(unknown, Plane::axial([0., 0., 0.].into()));
    }

    #[test]
    fn marks_lie_where_the_points_are() {
        let volume = volume();
        let figure = needle_figure(FigureKind::Axial, &scene(&volume), [200, 200]).unwrap();
        // Field 140 mm, 0.7 mm a pixel, centred on (-45, 114); right is patient right (-x), down
        // is anterior (-y). Entry: (23, -36) mm from the centre.
        assert!((figure.mm_per_pixel - 0.7).abs() < 1e-12);
        let Some(Mark::Entry(entry)) = figure.marks.iter().find(|m| matches!(m, Mark::Entry(_)))
        else {
            panic!("no entry");
        };
        let wanted = [100.0 + 23.0 / 0.7, 100.0 - 36.0 / 0.7];
        assert!((entry[0] - wanted[0]).abs() < 1e-9 && (entry[1] - wanted[1]).abs() < 1e-9);
        assert_eq!(figure.letters.right, "R");
        assert_eq!(figure.letters.down, "A");
        assert!(figure.title.contains("dashed"), "{}", figure.title);
        // 18 mm out of plane: dashed for 16.5 mm of them.
        let Some(Mark::Shaft { from, to, lies }) = figure.marks.first() else {
            panic!("no needle");
        };
        assert_eq!((*from, *lies), (*entry, Lies::Beside));
        let share = (to[1] - from[1]) / (72.0 / 0.7);
        assert!((share - 16.5 / 18.0).abs() < 1e-9, "{share}");
    }

    #[test]
    fn along_the_needle_the_entry_is_at_the_top_and_depths_count_from_it() {
        let volume = volume();
        let figure = needle_figure(FigureKind::Along, &scene(&volume), [300, 300]).unwrap();
        let depth: Vec<_> = figure
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Depth { at, mm } => Some((*at, *mm)),
                _ => None,
            })
            .collect();
        assert_eq!(depth.last().map(|(_, mm)| *mm), Some(80));
        for (at, mm) in depth {
            let length_px = 87.316_1 / figure.mm_per_pixel;
            let top = 150.0 - length_px / 2.0;
            assert!((at[0] - 150.0).abs() < 1e-6);
            assert!((at[1] - top - f64::from(mm) / figure.mm_per_pixel).abs() < 1e-3);
        }
        // Up is −n of row 7: (−0.527, 0.825, −0.206).
        assert_eq!(figure.letters.up, "PRF");
        // The whole needle lies in this plane.
        let dashed = |mark: &Mark| {
            matches!(
                mark,
                Mark::Shaft {
                    lies: Lies::Beside,
                    ..
                }
            )
        };
        assert!(!figure.marks.iter().any(dashed));
    }

    #[test]
    fn down_the_needle_is_the_view_of_the_receptor() {
        let volume = volume();
        let figure = needle_figure(FigureKind::Down, &scene(&volume), [64, 48]).unwrap();
        assert_eq!(figure.marks, [Mark::BullsEye([32.0, 24.0])]);
        // Section 2.3: from behind the prone patient, patient left is at the left, head up.
        assert!(figure.letters.left.starts_with('L'), "{:?}", figure.letters);
        assert!(figure.letters.up.starts_with('H'), "{:?}", figure.letters);
    }

    #[test]
    fn greys_follow_the_window_and_nothing_is_no_tissue() {
        let volume = volume();
        let scene = scene(&volume);
        let figure = needle_figure(FigureKind::Axial, &scene, [100, 100]).unwrap();
        // y from 184 down to 44 mm: air (0) above 160, then 500 in a window of 0 to 1000.
        assert_eq!(figure.greys[5 * 100 + 50], 0);
        assert_eq!(figure.greys[60 * 100 + 50], 128);
        let outside = NeedleScene {
            needle: Segment::new([900., 0., 0.].into(), [900., 50., 0.].into()),
            ..scene
        };
        let figure = needle_figure(FigureKind::Down, &outside, [32, 32]).unwrap();
        assert!(figure.greys.iter().all(|grey| *grey == NO_VALUE_GREY));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let volume = volume();
        let mut scene = scene(&volume);
        for size in [[8, 200], [200, 5000]] {
            let error = needle_figure(FigureKind::Axial, &scene, size).unwrap_err();
            assert!(matches!(error, FigureError::Size(_)));
        }
        scene.needle.end = scene.needle.start;
        for kind in FigureKind::ALL {
            let error = needle_figure(kind, &scene, [64, 64]).unwrap_err();
            assert!(matches!(error, FigureError::NoNeedle), "{error}");
        }
    }
}
