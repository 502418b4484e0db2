//! A report read back: our own as the plan it was, others as far as they hold points and lines.

use std::collections::HashSet;

use super::codes;
use super::needle_group::{
    agree, exact_ends, group_name, is_needle, path_of, procedure, quantity, side,
};
use crate::dicom::read_sr::StructuredReport;
use crate::export::imported::{Collector, ImportedNeedle, ImportedPlan};
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{MeasurementKind, PlanEdit};
use crate::study::FrameOfReferenceUid;
use crate::study::report::{Code, ContentItem, ContentValue, Graphic3d, Relationship};

/// Takes what can be taken out of a report. `frame` is the frame of reference of the open images;
/// points of another one mean nothing there and are left out. Without it the first point decides.
pub fn import_sr(report: &StructuredReport, frame: Option<&FrameOfReferenceUid>) -> ImportedPlan {
    let mut import = Import {
        collector: Collector::default(),
        frame: frame.cloned(),
        seen: HashSet::new(),
    };
    let identity = report.identity.as_ref();
    import.collector.imported.study = identity.map(|identity| identity.study.clone());
    import.walk(&report.root, "");
    if let Some(position) = declared_position(&report.root) {
        let edit = PlanEdit::SetPatientPosition(Some(position));
        import.collector.imported.plan.apply(&edit).ok();
    }
    let frame = import.frame;
    ImportedPlan {
        frame_of_reference: frame,
        ..import.collector.finish()
    }
}

struct Import {
    collector: Collector,
    frame: Option<FrameOfReferenceUid>,
    /// Lines of the report and points of the present group, by their bits: reports repeat a
    /// graphic under each of its numbers, and lines also in groups about several of them.
    seen: HashSet<(Graphic3d, Vec<[u64; 3]>)>,
}

impl Import {
    /// Walks over what stands in an item; `group` is what the group around it is called.
    fn walk(&mut self, parent: &ContentItem, group: &str) {
        for item in &parent.children {
            if item.names(&codes::GROUP) {
                self.forget_points();
                if is_needle(item) {
                    self.needle(item);
                } else {
                    self.walk(item, &group_name(item));
                }
                self.forget_points();
                continue;
            }
            match &item.value {
                ContentValue::Number { .. } if !has_place(item) => {
                    self.collector.leave("number without coordinates");
                }
                ContentValue::Reference { sop_class, .. } if is_segmentation(sop_class) => {
                    self.collector
                        .leave("region in a segmentation: open that object as structures");
                }
                ContentValue::Coordinates2d => self.collector.leave(
                    "outlines and points on images (SCOORD): open them with the program that \
                     drew them",
                ),
                ContentValue::Coordinates3d { .. } => self.coordinates(item, parent, group),
                _ => {}
            }
            self.walk(item, group);
        }
    }

    fn forget_points(&mut self) {
        self.seen
            .retain(|(graphic, _)| *graphic == Graphic3d::Polyline);
    }

    /// Whether points of this frame may be taken; the first decides where none was given.
    fn is_our_frame(&mut self, frame: &FrameOfReferenceUid) -> bool {
        if frame.as_str().is_empty() {
            self.collector
                .leave("points that name no frame of reference");
            return false;
        }
        let ours = self.frame.get_or_insert_with(|| frame.clone());
        if ours == frame {
            return true;
        }
        let why = format!("points in frame of reference {frame}; the images are in {ours}");
        self.collector.leave(why);
        false
    }

    /// Takes a graphic. It is called by the number it stands under, or by itself.
    fn coordinates(&mut self, item: &ContentItem, parent: &ContentItem, group: &str) {
        let ContentValue::Coordinates3d {
            graphic,
            points,
            frame_of_reference,
        } = &item.value
        else {
            return;
        };
        let (named, is_angle) = match &parent.value {
            ContentValue::Container { .. } => (item, false),
            ContentValue::Number { unit, .. } => {
                let unit = unit.as_ref().map(|unit| unit.value.as_ref());
                (parent, unit == Some("deg"))
            }
            _ => (parent, false),
        };
        let graphic = graphic.unwrap_or(Graphic3d::Multipoint);
        if self.is_our_frame(frame_of_reference) {
            let bits = points
                .iter()
                .map(|point| point.to_array().map(f64::to_bits));
            if self.seen.insert((graphic, bits.collect())) {
                self.graphic(graphic, points, &label(group, named), is_angle);
            }
        }
    }

    fn graphic(&mut self, graphic: Graphic3d, points: &[Point<Lps>], name: &str, is_angle: bool) {
        match (graphic, points) {
            (_, []) => self.collector.leave("coordinates that cannot be read"),
            (Graphic3d::Point, [point]) => self.collector.mark(name.to_owned(), *point),
            (Graphic3d::Point | Graphic3d::Multipoint, points) => {
                for (index, point) in points.iter().enumerate() {
                    let name = format!("{name} {}", index + 1);
                    self.collector.mark(name, *point);
                }
            }
            (Graphic3d::Polyline, [_, _]) => {
                let kind = MeasurementKind::Distance;
                self.collector.measurement(name, kind, points.to_vec());
            }
            (Graphic3d::Polyline, [_, _, _]) if is_angle => {
                let kind = MeasurementKind::Angle;
                self.collector.measurement(name, kind, points.to_vec());
            }
            (graphic, _) => {
                let shape = graphic.term().to_lowercase();
                let what =
                    format!("{shape} of several points: only points and straight lines are taken");
                self.collector.leave(what);
            }
        }
    }

    /// One of our own measurement groups.
    fn needle(&mut self, group: &ContentItem) {
        self.collector.imported.own = true;
        let name = group_name(group);
        let Some((ends, frame)) = path_of(group) else {
            self.collector
                .leave(format!("needle {name:?}, which has no path"));
            return;
        };
        if !self.is_our_frame(&frame) {
            return;
        }
        let ends = match exact_ends(group) {
            None => ends,
            Some(exact) if agree(exact, ends) => exact,
            Some(_) => {
                self.collector.leave(format!(
                    "the decimal text of needle {name:?}, which differs from its coordinates"
                ));
                ends
            }
        };
        let Some(id) = self.collector.needle(&name, ends) else {
            return;
        };
        let text = |concept: &Code| group.child(concept).and_then(ContentItem::text);
        if let Some(needle) = text(&codes::NEEDLE_ID) {
            let edit = PlanEdit::SetNeedle {
                id,
                needle: Some(needle.to_owned()),
            };
            self.collector.imported.plan.apply(&edit).ok();
        }
        let level = group.child(&codes::LEVEL).and_then(ContentItem::code);
        let needle = ImportedNeedle {
            id,
            tracking_uid: text(&codes::TRACKING_UID).unwrap_or_default().to_owned(),
            procedure: procedure(group),
            level: level.and_then(|code| code.value.parse().ok()),
            side: side(group),
            needle_text: text(&codes::NEEDLE).unwrap_or_default().to_owned(),
            quantities: group.children.iter().filter_map(quantity).collect(),
        };
        self.collector.imported.needles.push(needle);
    }
}

/// Whether a number of the report's findings has coordinates, or is about something else.
fn has_place(number: &ContentItem) -> bool {
    let is_place = |item: &ContentItem| {
        matches!(
            item.value,
            ContentValue::Coordinates2d | ContentValue::Coordinates3d { .. }
        )
    };
    number.relationship != Some(Relationship::Contains) || number.children.iter().any(is_place)
}

/// Segmentation Storage and Surface Segmentation Storage.
fn is_segmentation(sop_class: &str) -> bool {
    matches!(
        sop_class,
        "1.2.840.10008.5.1.4.1.1.66.4" | "1.2.840.10008.5.1.4.1.1.66.5"
    )
}

/// Group and item in words; `Point` where neither has a name.
fn label(group: &str, item: &ContentItem) -> String {
    let concept = item.concept.as_ref().map(|code| code.meaning.as_ref());
    match (group, concept.unwrap_or_default()) {
        ("", "") => "Point".to_owned(),
        ("", only) | (only, "") => only.to_owned(),
        (group, concept) => format!("{group}, {concept}"),
    }
}

fn declared_position(root: &ContentItem) -> Option<PatientPosition> {
    let remarks = root.child(&codes::QUALITATIVE)?;
    let code = remarks.child(&codes::PATIENT_POSITION)?.code()?;
    PatientPosition::from_code(&code.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::quantity::Unit;
    use crate::study::InstanceUid;
    use crate::study::report::Relationship::{Contains, HasObservationContext, InferredFrom};

    fn graphic(relationship: Relationship, graphic: Graphic3d, points: &[[f64; 3]]) -> ContentItem {
        in_frame("9", relationship, graphic, points)
    }

    fn in_frame(
        frame: &str,
        relationship: Relationship,
        graphic: Graphic3d,
        points: &[[f64; 3]],
    ) -> ContentItem {
        let value = ContentValue::Coordinates3d {
            graphic: Some(graphic),
            points: points.iter().map(|&point| point.into()).collect(),
            frame_of_reference: FrameOfReferenceUid::new(frame),
        };
        ContentItem::new(relationship, codes::SOURCE, value)
    }

    fn number(meaning: &'static str, unit: Unit, children: Vec<ContentItem>) -> ContentItem {
        let value = ContentValue::Number {
            value: Some(1.0),
            unit: Some(unit.code()),
        };
        ContentItem::new(Contains, Code::new("1", "99OTHER", meaning), value).with(children)
    }

    fn report(groups: Vec<Vec<ContentItem>>) -> StructuredReport {
        let container = || ContentValue::Container { template: None };
        let groups = groups.into_iter().map(|mut items| {
            let name = ContentValue::Text("Tumour 1".to_owned());
            let name = ContentItem::new(HasObservationContext, codes::TRACKING_ID, name);
            items.insert(0, name);
            ContentItem::new(Contains, codes::GROUP, container()).with(items)
        });
        let measurements = ContentItem::new(Contains, codes::MEASUREMENTS, container());
        StructuredReport {
            identity: None,
            sop_class: String::new(),
            instance: InstanceUid::new("1"),
            complete: true,
            verified: false,
            root: ContentItem {
                relationship: None,
                concept: Some(codes::REPORT),
                value: container(),
                children: vec![measurements.with(groups.collect())],
            },
        }
    }

    #[test]
    fn a_foreign_report_opens_as_far_as_it_holds_points_and_lines() {
        let line = [[0., 0., 0.], [3., 4., 0.]];
        let bent = [[0., 0., 5.], [0., 0., 0.], [0., 7., 7.]];
        let longer = [[0., 0., 5.], [0., 0., 0.], [0., 7., 8.]];
        let polyline = |points: &[[f64; 3]]| graphic(InferredFrom, Graphic3d::Polyline, points);
        let flat = ContentItem::new(InferredFrom, codes::SOURCE, ContentValue::Coordinates2d);
        let back = import_sr(
            &report(vec![
                vec![
                    number("Long axis", Unit::Millimetre, vec![polyline(&line)]),
                    // The same line under another number is no second distance.
                    number("Short axis", Unit::Millimetre, vec![polyline(&line)]),
                    number("Angle", Unit::Degree, vec![polyline(&bent)]),
                    number("Bent", Unit::Millimetre, vec![polyline(&longer)]),
                ],
                vec![
                    number("Line again", Unit::Millimetre, vec![polyline(&line)]),
                    number("Volume", Unit::Millimetre, vec![]),
                    number("On an image", Unit::Millimetre, vec![flat]),
                    graphic(Contains, Graphic3d::Point, &[[1., 2., 3.]]),
                    graphic(Contains, Graphic3d::Multipoint, &line),
                    graphic(Contains, Graphic3d::Ellipsoid, &[[0.; 3]; 6]),
                    in_frame("8", Contains, Graphic3d::Point, &[[1., 1., 1.]]),
                    in_frame("", Contains, Graphic3d::Point, &[[2., 1., 1.]]),
                    graphic(Contains, Graphic3d::Polyline, &[]),
                    graphic(Contains, Graphic3d::Point, &[[1e9, 2., 3.]]),
                ],
            ]),
            None,
        );
        assert!(!back.own && back.plan.trajectories.is_empty());
        let kinds: Vec<_> = back.plan.measurements.iter().map(|one| one.kind).collect();
        use MeasurementKind::{Angle, Distance};
        assert_eq!(kinds, [Distance, Angle]);
        assert_eq!(back.plan.measurements[0].distance_mm(), Some(5.0));
        assert!((back.plan.measurements[1].angle().unwrap().0 - 45.0).abs() < 1e-12);
        let names: Vec<_> = back.marks.iter().map(|mark| mark.name.as_str()).collect();
        let wanted = [
            "Tumour 1, Source",
            "Tumour 1, Source 1",
            "Tumour 1, Source 2",
        ];
        assert_eq!(names, wanted);
        assert_eq!(back.frame_of_reference, Some(FrameOfReferenceUid::new("9")));
        let left = back.left_out.join("\n");
        for told in [
            "on images (SCOORD)",
            "polyline of several points",
            "ellipsoid of several points",
            "frame of reference 8; the images are in 9",
            "name no frame of reference",
            "cannot be read",
            "±10 m",
            "number without coordinates",
        ] {
            assert!(left.contains(told), "{left} lacks {told}");
        }
        assert_eq!(back.left_out.len(), 8, "{left}");
    }

    #[test]
    fn text_that_contradicts_the_coordinates_is_not_taken() {
        let ends = [[0., 0., 0.], [3., 4., 0.]];
        let text = |concept: Code, text: &str| {
            ContentItem::new(Contains, concept, ContentValue::Text(text.to_owned()))
        };
        let finding = ContentValue::Code(codes::NEEDLE_PATH);
        let needle = |entry: &str| {
            let path = graphic(InferredFrom, Graphic3d::Polyline, &ends);
            import_sr(
                &report(vec![vec![
                    ContentItem::new(Contains, codes::FINDING, finding.clone()),
                    number("Length", Unit::Millimetre, vec![path]),
                    text(codes::ENTRY_EXACT, entry),
                    text(codes::TARGET_EXACT, "3 4 0"),
                ]]),
                None,
            )
        };
        for (entry, taken, left) in [
            ("0.0001 0 0", [0.0001, 0., 0.], 0),
            ("1 0 0", [0., 0., 0.], 1),
            ("1 0", [0., 0., 0.], 0),
            ("NaN 0 0", [0., 0., 0.], 1),
        ] {
            let back = needle(entry);
            let found = back.plan.trajectories[0].entry.unwrap().to_array();
            assert_eq!((found, back.left_out.len()), (taken, left), "{entry}");
        }
    }

    #[test]
    fn a_needle_without_a_path_is_told() {
        let finding = ContentValue::Code(codes::NEEDLE_PATH);
        let finding = ContentItem::new(Contains, codes::FINDING, finding);
        let back = import_sr(&report(vec![vec![finding]]), None);
        assert!(back.own && back.plan.is_empty());
        assert_eq!(back.left_out, ["needle \"Tumour 1\", which has no path"]);
    }
}
