//! Times of the frames of a run (PS3.3 C.7.6.5 Cine; C.8.19.7 for enhanced X-ray).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::elements::{Elements, attribute_name};
use super::projection::Problems;
use crate::study::{FrameTiming, RateSource, Repeat};

/// Shorter steps are no time of a run; a screen shows at most one frame in several of them.
const SHORTEST_MS: f64 = 0.1;
/// Longer ones neither: an hour.
const LONGEST_MS: f64 = 3.6e6;

/// Frame Time, Frame Time Vector, the recommended rate or Cine Rate, the first that can be used;
/// the vector before Frame Time where Frame Increment Pointer names it.
pub(crate) fn timing(header: &Elements, count: usize, problems: &mut Problems) -> FrameTiming {
    let by_vector = header
        .bytes(tags::FRAME_INCREMENT_POINTER)
        .is_some_and(|bytes| {
            let Tag(group, element) = tags::FRAME_TIME_VECTOR;
            let little = [group.to_le_bytes(), element.to_le_bytes()].concat();
            let big = [group.to_be_bytes(), element.to_be_bytes()].concat();
            bytes.starts_with(if header.big_endian { &big } else { &little })
        });
    let mut found = None;
    if by_vector {
        found = of_vector(header, count, problems);
    }
    if found.is_none() {
        found = even(header, tags::FRAME_TIME, RateSource::FrameTime, problems);
    }
    if found.is_none() && !by_vector {
        found = of_vector(header, count, problems);
    }
    let rates = [
        (
            header.item(tags::FRAME_DISPLAY_SEQUENCE),
            tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT,
            RateSource::RecommendedRate,
        ),
        (
            Some(header),
            tags::RECOMMENDED_DISPLAY_FRAME_RATE,
            RateSource::RecommendedRate,
        ),
        (Some(header), tags::CINE_RATE, RateSource::CineRate),
    ];
    for (holder, tag, source) in rates {
        if let (None, Some(holder)) = (&found, holder) {
            found = even(holder, tag, source, problems);
        }
    }
    FrameTiming {
        repeat: match header.integer(tags::PREFERRED_PLAYBACK_SEQUENCING) {
            Ok(Some(0)) => Some(Repeat::Loop),
            Ok(Some(1)) => Some(Repeat::Bounce),
            _ => None,
        },
        ..found.unwrap_or_default()
    }
}

/// One time for all frames.
fn even(
    header: &Elements,
    tag: Tag,
    source: RateSource,
    problems: &mut Problems,
) -> Option<FrameTiming> {
    let is_time = source == RateSource::FrameTime;
    let value = match header.number(tag) {
        Ok(value) => value?,
        Err(_) => f64::NAN,
    };
    let step_ms = if is_time { value } else { 1000.0 / value };
    if (SHORTEST_MS..=LONGEST_MS).contains(&step_ms) {
        return Some(FrameTiming {
            step_ms: Some(step_ms),
            source: Some(source),
            ..FrameTiming::default()
        });
    }
    let expected = if is_time {
        "a time above zero was expected"
    } else {
        "a rate above zero was expected"
    };
    problems.value(header, tag, expected);
    None
}

fn of_vector(header: &Elements, count: usize, problems: &mut Problems) -> Option<FrameTiming> {
    let tag = tags::FRAME_TIME_VECTOR;
    let Ok(times) = header.numbers(tag) else {
        problems.value(header, tag, "times were expected");
        return None;
    };
    let times = times?;
    // The first entry belongs to no step (C.7.6.5.1.2).
    let steps = times.get(1..).unwrap_or_default();
    let usable = |ms: &&f64| (SHORTEST_MS..=LONGEST_MS).contains(*ms);
    let good: Vec<f64> = steps.iter().filter(usable).copied().collect();
    let mean = good.iter().sum::<f64>() / good.len() as f64;
    let name = attribute_name(tag);
    if good.is_empty() {
        if count > 1 {
            problems.add(format!("{name} has no time above zero. It is not used."));
        }
        return None;
    }
    let mut steps_ms = Vec::new();
    if times.len() == count {
        if good.len() < steps.len() {
            problems.add(format!(
                "{name} has {} times that are not above zero: the mean of the others is used for \
                 them.",
                steps.len() - good.len()
            ));
        }
        let of_step = |ms: &f64| if usable(&ms) { *ms } else { mean };
        steps_ms = steps.iter().map(of_step).collect();
    } else {
        problems.add(format!(
            "{name} has {} values for {count} frames: the run plays evenly at their mean.",
            times.len()
        ));
    }
    Some(FrameTiming {
        step_ms: Some(mean),
        steps_ms,
        source: Some(RateSource::FrameTimeVector),
        repeat: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::elements::{Element, Value};
    use super::*;

    fn header(values: &[(Tag, &str)]) -> Elements {
        let element = |&(tag, text): &(Tag, &str)| Element {
            tag,
            vr: Some(*b"DS"),
            value: Value::Bytes(text.as_bytes().to_vec()),
        };
        Elements {
            list: values.iter().map(element).collect(),
            big_endian: false,
        }
    }

    fn read(values: &[(Tag, &str)], count: usize) -> (FrameTiming, Vec<String>) {
        let mut problems = Problems::default();
        let timing = timing(&header(values), count, &mut problems);
        (timing, problems.0)
    }

    #[test]
    fn the_first_usable_attribute_counts() {
        let all = [
            (tags::FRAME_TIME, "40"),
            (tags::FRAME_TIME_VECTOR, "0\\20\\30"),
            (tags::RECOMMENDED_DISPLAY_FRAME_RATE, "20"),
            (tags::CINE_RATE, "10"),
        ];
        let sources = [
            (RateSource::FrameTime, 40.0),
            (RateSource::FrameTimeVector, 25.0),
            (RateSource::RecommendedRate, 50.0),
            (RateSource::CineRate, 100.0),
        ];
        for (skip, (source, step)) in sources.into_iter().enumerate() {
            let (timing, problems) = read(&all[skip..], 3);
            assert_eq!((timing.source, timing.step_ms), (Some(source), Some(step)));
            assert!(problems.is_empty(), "{problems:?}");
        }
        assert_eq!(read(&[], 3).0, FrameTiming::default());
        let (bounce, _) = read(&[(tags::PREFERRED_PLAYBACK_SEQUENCING, "1")], 3);
        assert_eq!(bounce.repeat, Some(Repeat::Bounce));
    }

    #[test]
    fn times_that_cannot_be_are_told_and_the_next_attribute_counts() {
        for wrong in ["0", "-33", "fast", "nan", "1e99"] {
            let (timing, problems) = read(&[(tags::FRAME_TIME, wrong), (tags::CINE_RATE, "25")], 9);
            assert_eq!(timing.source, Some(RateSource::CineRate), "{wrong}");
            assert_eq!(timing.step_ms, Some(40.0));
            assert_eq!(problems.len(), 1);
            assert!(
                problems[0].contains("Frame Time (0018,1063)"),
                "{problems:?}"
            );
            assert!(problems[0].contains(wrong));
        }
        let (none, problems) = read(&[(tags::CINE_RATE, "0")], 9);
        assert_eq!((none.step_ms, problems.len()), (None, 1));
    }

    #[test]
    fn a_vector_of_another_length_gives_its_mean() {
        let (timing, problems) = read(&[(tags::FRAME_TIME_VECTOR, "0\\20\\30\\40")], 9);
        assert_eq!(timing.step_ms, Some(30.0));
        assert!(timing.steps_ms.is_empty());
        assert!(
            problems[0].contains("4 values for 9 frames"),
            "{problems:?}"
        );
        let (timing, problems) = read(&[(tags::FRAME_TIME_VECTOR, "33\\20\\0\\40")], 4);
        assert_eq!(timing.steps_ms, [20.0, 30.0, 40.0]);
        assert!(problems[0].contains("1 times"), "{problems:?}");
        let (timing, problems) = read(&[(tags::FRAME_TIME_VECTOR, "0\\0\\0")], 3);
        assert_eq!((timing.step_ms, problems.len()), (None, 1));
    }

    #[test]
    fn the_frame_increment_pointer_chooses_between_time_and_vector() {
        let mut elements = header(&[
            (tags::FRAME_TIME, "40"),
            (tags::FRAME_TIME_VECTOR, "0\\20\\30"),
        ]);
        elements.list.push(Element {
            tag: tags::FRAME_INCREMENT_POINTER,
            vr: Some(*b"AT"),
            value: Value::Bytes(vec![0x18, 0, 0x65, 0x10]),
        });
        let timing = timing(&elements, 3, &mut Problems::default());
        assert_eq!(timing.steps_ms, [20.0, 30.0]);
    }
}
