//! What tells frames at one place apart: time point, b value, echo … (PS3.3 C.7.6.16, C.8.3, C.8.13),
//! and how a stack is named by it.

use std::collections::HashSet;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::elements::Elements;
use super::frames::FrameSource;
use super::header::Labels;
use crate::study::FrameLabel;

/// Characters of a label that are kept: what tells stacks apart is short.
const LONGEST_LABEL: usize = 96;

/// What may tell frames at the same place apart, the most telling first.
pub(crate) fn labels(source: &FrameSource<'_>) -> Labels {
    let content = source.group(tags::FRAME_CONTENT_SEQUENCE);
    let echo = source.group(tags::MR_ECHO_SEQUENCE);
    let diffusion = source.group(tags::MR_DIFFUSION_SEQUENCE);
    let direction = diffusion.and_then(|d| d.item(tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE));
    let cardiac = source.group(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE);
    let segment = source.group(tags::SEGMENT_IDENTIFICATION_SEQUENCE);
    let frame_type = source.group(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE);
    let root = Some(source.root);
    let candidates = [
        ("time point", content, tags::TEMPORAL_POSITION_INDEX),
        ("time point", root, tags::TEMPORAL_POSITION_IDENTIFIER),
        ("b", diffusion, tags::DIFFUSION_B_VALUE),
        ("b", root, tags::DIFFUSION_B_VALUE),
        ("direction", direction, tags::DIFFUSION_GRADIENT_ORIENTATION),
        ("direction", root, tags::DIFFUSION_GRADIENT_ORIENTATION),
        ("echo", root, tags::ECHO_NUMBERS),
        ("TE", echo, tags::EFFECTIVE_ECHO_TIME),
        ("TE", root, tags::ECHO_TIME),
        ("phase", cardiac, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
        ("phase", root, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
        ("trigger", cardiac, tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME),
        ("trigger", root, tags::TRIGGER_TIME),
        ("TI", root, tags::INVERSION_TIME),
        ("flip angle", root, tags::FLIP_ANGLE),
        ("component", frame_type, tags::COMPLEX_IMAGE_COMPONENT),
        ("component", root, tags::COMPLEX_IMAGE_COMPONENT),
        ("reference time", root, tags::FRAME_REFERENCE_TIME),
        ("segment", segment, tags::REFERENCED_SEGMENT_NUMBER),
        ("tube", root, tags::KVP),
        ("kernel", root, tags::CONVOLUTION_KERNEL),
        ("type", frame_type, tags::FRAME_TYPE),
        ("type", root, tags::IMAGE_TYPE),
        ("sequence", root, tags::SEQUENCE_NAME),
        ("acquisition", root, tags::ACQUISITION_NUMBER),
        ("stack", content, tags::STACK_ID),
        ("acquired at", root, tags::ACQUISITION_TIME),
    ];
    let mut labels: Vec<FrameLabel> = Vec::new();
    let mut standard = [diffusion, root].into_iter().flatten();
    let stated = standard.any(|elements| elements.bytes(tags::DIFFUSION_B_VALUE).is_some());
    if let Some(b) = private_b_value(source.root).filter(|_| !stated) {
        labels.push(FrameLabel {
            name: "b",
            value: b.to_string(),
        });
    }
    for (name, elements, tag) in candidates {
        let Some(elements) = elements.filter(|elements| elements.bytes(tag).is_some()) else {
            continue;
        };
        if labels.iter().any(|label| label.name == name) {
            continue;
        }
        let value = match elements.number(tag) {
            Ok(Some(number)) if name != "acquired at" => number.to_string(),
            _ => elements.code(tag),
        };
        // Vectors are compared whole.
        let value = match (name, elements.numbers(tag)) {
            ("direction", Ok(Some(numbers))) => format!("{numbers:?}"),
            _ => value,
        };
        let value = value.chars().take(LONGEST_LABEL).collect();
        labels.push(FrameLabel { name, value });
    }
    let dimensions = content.and_then(|c| c.numbers(tags::DIMENSION_INDEX_VALUES).ok()?);
    for (name, index) in DIMENSIONS.into_iter().zip(dimensions.unwrap_or_default()) {
        let value = index.to_string();
        labels.push(FrameLabel { name, value });
    }
    Arc::from(labels)
}

/// Names of the Dimension Index Values (0020,9157), for what no attribute above says. One of them
/// counts slices, the others what else varies.
const DIMENSIONS: [&str; 5] = [
    "dimension 1",
    "dimension 2",
    "dimension 3",
    "dimension 4",
    "dimension 5",
];

/// Where Siemens, GE and Philips write the b value of classic MR images, with the private creator
/// that makes it so, as their DICOM conformance statements say.
const PRIVATE_B_VALUES: [(Tag, &str, Tag); 3] = [
    (
        Tag(0x0019, 0x0010),
        "SIEMENS MR HEADER",
        Tag(0x0019, 0x100C),
    ),
    (Tag(0x0043, 0x0010), "GEMS_PARM_01", Tag(0x0043, 0x1039)),
    (
        Tag(0x2001, 0x0010),
        "Philips Imaging DD 001",
        Tag(0x2001, 0x1003),
    ),
];

/// Whether an element is needed to find a b value.
pub(crate) fn is_private_b_value(tag: Tag) -> bool {
    let mut all = PRIVATE_B_VALUES.iter();
    all.any(|(creator, _, value)| tag == *creator || tag == *value)
}

/// The b value in s/mm² in a private element.
fn private_b_value(root: &Elements) -> Option<f64> {
    let (_, _, tag) = PRIVATE_B_VALUES
        .iter()
        .find(|(creator, name, _)| root.code(*creator).eq_ignore_ascii_case(name))?;
    let written_as_text = root.numbers(*tag).ok().flatten();
    let b = match (written_as_text.as_deref(), root.bytes(*tag)?) {
        (Some([b, ..]), _) => *b,
        // Philips, where the value representation was lost on the way.
        (_, bytes) => f64::from(f32::from_le_bytes(<[u8; 4]>::try_from(bytes).ok()?)),
    };
    // GE adds 10⁹ where the value is one of several.
    let b = if b >= 1e9 { b % 1e5 } else { b };
    (b.is_finite() && b >= 0.0).then_some(b)
}

/// What a part of the frames is called by the label that tells it from the others.
///
/// `index` is its place among all `values` of that label, sorted; `other` finds a label that all
/// frames of the part share.
pub(crate) fn part_name<'a>(
    name: &str,
    values: &[&str],
    index: usize,
    other: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let value = values.get(index).copied().unwrap_or_default();
    let count = values.len();
    match name {
        _ if value.is_empty() => format!("{name} not stated"),
        "time point" => format!("time point {value} of {count}"),
        "direction" => format!("direction {} of {count}", index + 1),
        "echo" => match other("TE") {
            Some(te) => format!("echo {value} (TE {te} ms)"),
            None => format!("echo {value}"),
        },
        "TE" | "TI" | "trigger" | "reference time" => format!("{name} {value} ms"),
        "phase" => format!("phase {value} %"),
        "flip angle" => format!("flip angle {value}°"),
        "tube" => format!("{value} kV"),
        "component" => value.to_lowercase(),
        "type" => type_words(value, values),
        "acquired at" => clock(value),
        _ if DIMENSIONS.contains(&name) => format!("{name}: {value} of {count}"),
        _ => format!("{name} {value}"),
    }
}

/// The words of an Image Type that not all of them have.
fn type_words(value: &str, values: &[&str]) -> String {
    let common = |word: &str| values.iter().all(|v| v.split('\\').any(|w| w == word));
    let mut said = HashSet::new();
    let words: Vec<String> = value
        .split('\\')
        .map(str::trim)
        .filter(|word| !word.is_empty() && !common(word) && said.insert(*word))
        .map(|word| {
            match word {
                "M" => "magnitude",
                "P" => "phase map",
                "R" => "real",
                "I" => "imaginary",
                "W" => "water",
                "F" => "fat",
                "IP" | "IN_PHASE" => "in phase",
                "OP" | "OUT_PHASE" | "OPP_PHASE" => "opposed phase",
                other => return other.to_lowercase().replace('_', " "),
            }
            .to_owned()
        })
        .collect();
    if words.is_empty() {
        // All it says, others say too, in another order or with more.
        return value.replace('\\', " ").to_lowercase();
    }
    words.join(" ")
}

/// A DICOM time, HHMMSS.FFF, as a clock shows it.
fn clock(time: &str) -> String {
    match (time.get(0..2), time.get(2..4), time.get(4..)) {
        (Some(hours), Some(minutes), Some(seconds)) if !seconds.is_empty() => {
            format!("acquired at {hours}:{minutes}:{seconds}")
        }
        _ => format!("acquired at {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_as_a_reader_of_images_would() {
        let name = |name, values: &[&str], index| {
            part_name(name, values, index, |other| (other == "TE").then_some("80"))
        };
        assert_eq!(name("echo", &["1", "2"], 1), "echo 2 (TE 80 ms)");
        assert_eq!(name("TE", &["10", "80"], 0), "TE 10 ms");
        assert_eq!(name("b", &["0", "1000"], 1), "b 1000");
        assert_eq!(name("b", &["", "1000"], 0), "b not stated");
        assert_eq!(name("time point", &["1", "2", "3"], 2), "time point 3 of 3");
        assert_eq!(name("direction", &["[1]", "[2]"], 1), "direction 2 of 2");
        assert_eq!(name("phase", &["40"], 0), "phase 40 %");
        assert_eq!(
            name("acquired at", &["123105.5"], 0),
            "acquired at 12:31:05.5"
        );
        let types = ["ORIGINAL\\PRIMARY\\M\\SE", "ORIGINAL\\PRIMARY\\P\\SE"];
        assert_eq!(name("type", &types, 0), "magnitude");
        assert_eq!(name("type", &types, 1), "phase map");
        let nested = ["DERIVED\\PRIMARY", "DERIVED\\PRIMARY\\ADC"];
        assert_eq!(name("type", &nested, 0), "derived primary");
        assert_eq!(name("type", &nested, 1), "adc");
    }
}
