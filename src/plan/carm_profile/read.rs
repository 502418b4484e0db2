//! A C-arm from its TOML; `docs/procedures.md` is the other half of this file.

use super::{CArmProfile, FIELD_MM, Field, LEAST_GAP_MM, Parking, SID_MM, Travel};
use crate::plan::procedure::{Bounds, Source, SourcedRange};
use crate::plan::toml_reader::{Faults, FileProblem, TableReader};

const SCHEMA: &str = "stylet-carm/1";

/// Longest travel that is read, mm.
const LONGEST_MM: f64 = 5000.0;

/// Most fields of view of one C-arm.
const MOST_FIELDS: usize = 16;

/// Reads a file; everything that is wrong with it otherwise.
pub(super) fn profile(file: &str, text: &str) -> Result<CArmProfile, Vec<FileProblem>> {
    let faults = Faults::new(file, text);
    let root = faults.root();
    let profile = root.as_ref().and_then(|root| {
        let table = TableReader::new(root.get_ref(), root.span(), &faults);
        let profile = whole(&table);
        table.finish();
        profile
    });
    let problems = faults.into_problems();
    profile.filter(|_| problems.is_empty()).ok_or(problems)
}

fn whole(table: &TableReader<'_>) -> Option<CArmProfile> {
    table.schema(SCHEMA);
    // Read everything before giving up, so that every fault is told at once.
    let [id, title] = ["id", "title"].map(|key| table.required_text(key).map(|text| text.value));
    let parking = parking(table);
    let angles = within(table, "angles").and_then(|angles| angle_limits(angles, parking));
    let distances = within(table, "distances").and_then(distances);
    let travel = table.table("travel").map(travel).unwrap_or_default();
    let fields = fields(table);
    let [sid_mm, sod_mm, usual_sid_mm, usual_sod_mm] = distances?;
    Some(CArmProfile {
        id: id?,
        title: title?,
        parking: parking?,
        angles: angles?,
        usual_sid_mm: usual_sid_mm.bounds.middle()?,
        usual_sod_mm: usual_sod_mm.bounds.middle()?,
        sid_mm,
        sod_mm,
        travel,
        fields,
    })
}

/// A table that must stand there.
fn within<'a>(table: &TableReader<'a>, key: &'static str) -> Option<TableReader<'a>> {
    if !table.has(key) {
        table.fault(format!("{key} is missing"));
    }
    table.table(key)
}

fn parking(table: &TableReader<'_>) -> Option<Parking> {
    let word = table.required_text("parked")?;
    match word.value.as_str() {
        "side" => Some(Parking::Side),
        "head" => Some(Parking::Head),
        other => {
            let reason = format!("parked is {other:?}; write side or head");
            table.faults.add(word.span, reason);
            None
        }
    }
}

fn angle_limits(table: TableReader<'_>, parking: Option<Parking>) -> Option<[SourcedRange; 2]> {
    // With a wrong `parked` nobody knows which keys are meant, so none is refused.
    let limits = parking?.axes().map(|axis| {
        let range = SourcedRange::read(within(&table, axis.key())?, (-180.0, 180.0))?;
        let Bounds::Between(min, max) = range.bounds else {
            table.fault(format!("{} needs min and max", axis.key()));
            return None;
        };
        if min > 0.0 || max < 0.0 {
            let reason = format!(
                "{} runs from {min} to {max}; 0, the receptor straight above the table, must lie in it",
                axis.key()
            );
            table.fault(reason);
            return None;
        }
        Some(range)
    });
    table.finish();
    let [first, second] = limits;
    Some([first?, second?])
}

fn distances(table: TableReader<'_>) -> Option<[SourcedRange; 4]> {
    let [shortest, longest] = SID_MM;
    let sid = (shortest, longest);
    let sod = (LEAST_GAP_MM, longest - LEAST_GAP_MM);
    let keys = [
        ("sid_mm", sid),
        ("sod_mm", sod),
        ("usual_sid_mm", sid),
        ("usual_sod_mm", sod),
    ];
    let ranges = keys.map(|(key, limits)| SourcedRange::read(within(&table, key)?, limits));
    if let [Some(sid), Some(sod), Some(usual_sid), Some(usual_sod)] = &ranges {
        for (usual, range, key) in [
            (usual_sid, sid, "usual_sid_mm"),
            (usual_sod, sod, "usual_sod_mm"),
        ] {
            match usual.bounds {
                Bounds::Exactly(mm) if range.bounds.keeps(mm) => {}
                Bounds::Exactly(mm) => {
                    table.fault(format!("{key} is {mm}, outside of what can be set"));
                }
                _ => table.fault(format!("{key} needs one value")),
            }
        }
        let gap = usual_sid.bounds.min().zip(usual_sod.bounds.max());
        if gap.is_some_and(|(sid, sod)| sid - sod < LEAST_GAP_MM) {
            table.fault(format!(
                "usual_sod_mm must be below usual_sid_mm by {LEAST_GAP_MM} mm or more"
            ));
        }
    }
    table.finish();
    let [sid, sod, usual_sid, usual_sod] = ranges;
    Some([sid?, sod?, usual_sid?, usual_sod?])
}

fn travel(table: TableReader<'_>) -> Travel {
    let way = |key: &'static str| {
        let range = SourcedRange::read(table.table(key)?, (0.0, LONGEST_MM))?;
        if range.bounds.middle().is_none() || range.bounds.min() != range.bounds.max() {
            table.fault(format!("{key} needs one value, the whole way"));
        }
        Some(range)
    };
    let travel = Travel {
        across_mm: way("across_mm"),
        vertical_mm: way("vertical_mm"),
        along_mm: way("along_mm"),
    };
    table.finish();
    travel
}

fn fields(table: &TableReader<'_>) -> Vec<Field> {
    let read: Vec<Option<Field>> = table.tables("field").into_iter().map(field).collect();
    if read.is_empty() {
        table.fault("field is missing: the receptor's width_mm and height_mm");
    }
    if read.len() > MOST_FIELDS {
        table.fault(format!("{} fields; at most {MOST_FIELDS}", read.len()));
    }
    let fields: Vec<Field> = read.into_iter().flatten().collect();
    if let Some(whole) = fields.first() {
        let beyond =
            |field: &&Field| field.width_mm > whole.width_mm || field.height_mm > whole.height_mm;
        if fields.iter().any(|field| beyond(&field)) {
            table.fault("the first field is the whole receptor; no other may be larger");
        }
    }
    fields
}

fn field(table: TableReader<'_>) -> Option<Field> {
    let sides = ["width_mm", "height_mm"].map(|key| {
        let mm = table.positive(key)?;
        let [least, most] = FIELD_MM;
        if !(least..=most).contains(&mm) {
            let reason = format!("{key} is {mm}; it must lie within {least} and {most} mm");
            table.fault(reason);
            return None;
        }
        Some(mm)
    });
    let source = Source::read(&table);
    table.finish();
    let [width_mm, height_mm] = sides;
    Some(Field {
        width_mm: width_mm?,
        height_mm: height_mm?,
        source: source?,
    })
}
