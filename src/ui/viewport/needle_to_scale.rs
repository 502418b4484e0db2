//! The needle as it is: shaft as wide as its outer diameter, active tip, the part that stays
//! outside, what a radiofrequency tip heats.

use egui::{Align2, Color32, Painter, Rect, Shape, Stroke, Ui, pos2};

use super::labels::shortened;
use super::overlay::{line, text};
use super::screen_of;
use crate::app::tool::hit::part_near_plane;
use crate::app::view_frame::ViewFrame;
use crate::geometry::{Lps, Point, Segment, Spheroid};
use crate::plan::{LesionSize, Needle};
use crate::ui::needle_chooser::lesion_words;
use crate::ui::theme;

/// A needle that stays farther than this from a plane is drawn faint there, mm.
const FAR_MM: f64 = 15.0;
/// No shaft is thinner on the screen, points.
const THINNEST: f32 = 1.5;
/// Nor the selected one where it lies in the picture.
const THINNEST_SELECTED: f32 = 2.5;
/// Corners of the outline of a lesion.
const CORNERS: usize = 72;

/// Where and how one needle is drawn.
#[derive(Clone, Copy)]
pub(super) struct NeedleDrawing<'a> {
    pub rect: Rect,
    pub frame: &'a ViewFrame,
    /// Entry to target.
    pub path: Segment,
    /// The needle chosen.
    pub kind: Option<&'a Needle>,
    pub color: Color32,
    pub selected: bool,
}

/// A part of the shaft, by shares of the path, and how it lies to the picture.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    InPicture,
    InFront,
    Behind,
}

impl NeedleDrawing<'_> {
    fn at(&self, share: f64) -> egui::Pos2 {
        screen_of(self.rect, self.frame, self.path.at(share))
    }

    fn radius_mm(&self) -> f64 {
        self.kind.map_or(0.0, |kind| kind.outer_diameter_mm / 2.0)
    }

    /// Width in points where the shaft lies in the picture: its outer diameter, while that can be
    /// seen.
    fn width(&self) -> f32 {
        let thinnest = if self.selected {
            THINNEST_SELECTED
        } else {
            THINNEST
        };
        let to_scale = 2.0 * self.radius_mm() / self.frame.mm_per_point;
        (to_scale as f32).max(thinnest)
    }

    /// Share of the path where the active tip begins.
    fn active_from(&self) -> Option<f64> {
        let active_mm = self.kind?.active_tip_mm?;
        let length_mm = self.path.length_mm();
        (length_mm > 0.0).then(|| (1.0 - active_mm / length_mm).max(0.0))
    }

    /// The shaft in parts: what lies in front of the picture, in it and behind it.
    fn parts(&self) -> Parts {
        let plane = &self.frame.plane;
        let in_picture = part_near_plane(self.path, plane, self.radius_mm().max(0.5));
        let (start, end) = in_picture.unwrap_or_else(|| {
            // All on one side.
            let side = if plane.signed_distance_mm(self.path.start) < 0.0 {
                1.0
            } else {
                0.0
            };
            (side, side)
        });
        let mut parts = Vec::new();
        for (from, to) in [(0.0, start), (end, 1.0)] {
            if to - from < 1e-6 {
                continue;
            }
            let middle = self.path.at(f64::midpoint(from, to));
            let lie = if plane.signed_distance_mm(middle) < 0.0 {
                Lie::InFront
            } else {
                Lie::Behind
            };
            parts.push((from, to, lie));
        }
        parts.extend(in_picture.map(|(start, end)| (start, end, Lie::InPicture)));
        (in_picture, parts)
    }
}

/// What lies in the picture, from and to, and all parts with how each lies; as shares of the path.
type Parts = (Option<(f64, f64)>, Vec<(f64, f64, Lie)>);

/// The shaft: full where it lies in the picture, a thin line where it is in front of it (toward
/// the viewer), dashes where it is behind; the active tip lighter. A ring marks where it crosses.
pub(super) fn shaft(painter: &Painter, needle: &NeedleDrawing<'_>) {
    let plane = &needle.frame.plane;
    let (in_picture, parts) = needle.parts();
    // A needle of another level must not look as if it lay in this slice.
    let nearest_mm = [needle.path.start, needle.path.end]
        .map(|at| plane.signed_distance_mm(at).abs())
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    let far = in_picture.is_none() && nearest_mm > FAR_MM;
    let color = if far {
        needle.color.gamma_multiply(0.3)
    } else {
        needle.color
    };
    outside(painter, needle, color);
    for &(from, to, lie) in &parts {
        piece(painter, needle, (from, to, lie), color);
    }
    if let Some(active) = needle.active_from() {
        let light = lighter(color);
        for &(from, to, lie) in parts.iter().filter(|(_, to, _)| *to > active) {
            piece(painter, needle, (from.max(active), to, lie), light);
        }
    }
    if let Some(share) = needle.path.crossing_fraction(plane) {
        let ring = (needle.width() / 2.0 + 2.0).max(6.0);
        painter.circle_stroke(needle.at(share), ring, Stroke::new(3.0, theme::HALO));
        painter.circle_stroke(needle.at(share), ring, Stroke::new(1.5, Color32::WHITE));
    }
}

/// Halfway to white: tells the active tip from the shaft without another hue.
fn lighter(color: Color32) -> Color32 {
    color.lerp_to_gamma(
        Color32::WHITE.gamma_multiply(f32::from(color.a()) / 255.0),
        0.65,
    )
}

fn piece(
    painter: &Painter,
    needle: &NeedleDrawing<'_>,
    (from, to, lie): (f64, f64, Lie),
    color: Color32,
) {
    let (start, end) = (needle.at(from), needle.at(to));
    // A projection is no cut: it says where the shaft goes, not how wide it is.
    let thin = if needle.selected { 1.6 } else { THINNEST };
    match lie {
        Lie::InPicture => {
            let width = needle.width();
            if start.distance(end) < width {
                // Seen down its axis: the round section.
                let middle = start.lerp(end, 0.5);
                painter.circle(middle, width / 2.0, color, Stroke::new(1.0, theme::HALO));
            }
            line(painter, start, end, Stroke::new(width, color));
        }
        Lie::InFront => line(painter, start, end, Stroke::new(thin, color)),
        Lie::Behind => {
            let stroke = Stroke::new(thin, color.gamma_multiply(0.6));
            painter.extend(Shape::dashed_line(&[start, end], stroke, 6.0, 5.0));
        }
    }
}

/// The part of the needle's usable length that stays outside the entry, with the hub as a bar
/// across. Where the needle is too short, a bar shows how far its tip gets.
fn outside(painter: &Painter, needle: &NeedleDrawing<'_>, color: Color32) {
    let length_mm = needle.path.length_mm();
    let Some(kind) = needle.kind.filter(|_| length_mm > 0.0) else {
        return;
    };
    let reserve_mm = kind.length_mm - length_mm;
    let (share, color, size) = if reserve_mm >= 0.0 {
        (-reserve_mm / length_mm, color.gamma_multiply(0.8), 5.0)
    } else {
        (kind.length_mm / length_mm, theme::WARNING, 7.0)
    };
    let (entry, end) = (needle.at(0.0), needle.at(share));
    if reserve_mm > 0.0 {
        line(painter, entry, end, Stroke::new(1.0, color));
    }
    let along = (needle.at(1.0) - entry).normalized();
    if along.length() > 0.5 {
        let across = along.rot90() * size;
        line(painter, end - across, end + across, Stroke::new(2.0, color));
    }
}

/// Outlines of what the tip heats in the plane of the picture, the largest reported full and the
/// smallest dashed; in words where the pointer is inside.
pub(super) fn lesions(ui: &Ui, painter: &Painter, needle: &NeedleDrawing<'_>) {
    let Some((kind, active_mm)) = needle
        .kind
        .and_then(|kind| Some((kind, kind.active_tip_mm?)))
    else {
        return;
    };
    let pointer = ui.input(|input| {
        let still = !input.pointer.any_down();
        input
            .pointer
            .hover_pos()
            .filter(|at| still && needle.rect.contains(*at))
    });
    let pointed = pointer.map(|at| {
        let from_corner = at - needle.rect.min;
        needle
            .frame
            .lps_at(glam::DVec2::new(from_corner.x.into(), from_corner.y.into()))
    });
    for lesion in &kind.lesions {
        for size in [LesionSize::Largest, LesionSize::Smallest] {
            let Some(body) = lesion.ellipsoid(active_mm, size) else {
                continue;
            };
            let Some(spheroid) = spheroid(needle.path, &body) else {
                continue;
            };
            let Some(outline) = spheroid.cut(&needle.frame.plane, CORNERS) else {
                continue;
            };
            outline_of(painter, needle, &outline, size);
            let inside = pointed.is_some_and(|at| spheroid.contains(at));
            if let (LesionSize::Largest, true, Some(at)) = (size, inside, pointer) {
                let unsure = if body.proposal {
                    "Proposal: its place along the tip is not known, drawn about the active tip. "
                } else {
                    ""
                };
                beside_pointer(painter, needle.rect, at, &[&lesion_words(lesion), unsure]);
            }
        }
    }
}

/// The body about the tip of a path.
fn spheroid(path: Segment, body: &crate::plan::LesionEllipsoid) -> Option<Spheroid> {
    let along = path.vector().direction()?;
    let center = path.end + along * body.center_beyond_tip_mm;
    Spheroid::new(center, along, body.length_mm / 2.0, body.diameter_mm / 2.0)
}

fn outline_of(
    painter: &Painter,
    needle: &NeedleDrawing<'_>,
    outline: &[Point<Lps>],
    size: LesionSize,
) {
    let mut corners: Vec<egui::Pos2> = outline
        .iter()
        .map(|&at| screen_of(needle.rect, needle.frame, at))
        .collect();
    corners.extend(corners.first().copied());
    let stroke = Stroke::new(1.3, theme::LESION);
    match size {
        LesionSize::Largest => {
            painter.line(corners.clone(), Stroke::new(3.0, theme::HALO));
            painter.line(corners, stroke);
        }
        LesionSize::Smallest => {
            painter.extend(Shape::dashed_line(&corners, stroke, 4.0, 3.0));
        }
    }
}

/// Words under the pointer, as wide as the picture leaves room for.
fn beside_pointer(painter: &Painter, rect: Rect, at: egui::Pos2, lines: &[&str]) {
    let widest = (rect.width() - 20.0).max(40.0);
    let mut y = (at.y + 18.0).min(rect.bottom() - 20.0 * lines.len() as f32);
    for words in lines.iter().filter(|words| !words.is_empty()) {
        for part in words.split(". ").filter(|part| !part.trim().is_empty()) {
            let part = shortened(painter, part.trim(), widest);
            let center =
                at.x.clamp(rect.left() + widest / 2.0, rect.right() - widest / 2.0);
            let place = pos2(center, y);
            text(painter, place, Align2::CENTER_TOP, &part, theme::LESION);
            y += 16.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Plane;
    use crate::plan::NeedleCatalogue;

    fn drawing<'a>(frame: &'a ViewFrame, needle: &str) -> NeedleDrawing<'a> {
        NeedleDrawing {
            rect: Rect::from_min_size(pos2(0., 0.), egui::vec2(400., 300.)),
            frame,
            path: Segment::new(Point::new(0., 80., 0.), Point::new(0., 0., 0.)),
            kind: NeedleCatalogue::builtin().find(needle),
            color: Color32::GREEN,
            selected: false,
        }
    }

    fn frame(mm_per_point: f64) -> ViewFrame {
        ViewFrame {
            plane: Plane::axial(Point::new(0., 40., 0.)),
            mm_per_point,
            size_points: [400.0, 300.0],
        }
    }

    #[test]
    fn the_shaft_is_as_wide_as_the_needle_but_never_thinner_than_it_can_be_seen() {
        let (coarse, fine) = (frame(1.0), frame(0.1));
        // 1.47 mm at 0.1 mm a point.
        let cooled = drawing(&fine, "rf-cooled-17g-100");
        assert!((cooled.width() - 14.7).abs() < 1e-4);
        assert_eq!(drawing(&coarse, "quincke-22g-90").width(), THINNEST);
        assert_eq!(cooled.active_from(), Some(1.0 - 4.0 / 80.0));
        assert_eq!(drawing(&fine, "quincke-22g-90").active_from(), None);
    }

    #[test]
    fn the_lesion_lies_about_the_active_tip() {
        let frame = frame(0.5);
        let needle = drawing(&frame, "rf-22g-100");
        let kind = needle.kind.unwrap();
        let body = kind.lesions[0]
            .ellipsoid(10.0, LesionSize::Largest)
            .unwrap();
        let lesion = spheroid(needle.path, &body).unwrap();
        // 15 mm about the middle of the 10 mm tip: from 2.5 mm beyond it to 12.5 mm before it.
        for (y, inside) in [(-2.4, true), (-2.6, false), (12.4, true), (12.6, false)] {
            assert_eq!(lesion.contains(Point::new(0., y, 0.)), inside, "{y}");
        }
        assert!(lesion.contains(Point::new(2.19, 5.0, 0.)));
        assert!(!lesion.contains(Point::new(2.21, 5.0, 0.)));
    }
}
