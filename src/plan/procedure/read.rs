//! A procedure from its TOML; `docs/procedures.md` is the other half of this file.

use std::collections::BTreeMap;

use super::structure::{known_kind, refuse};
use super::{
    Approach, Bleeding, Energy, EntryWeights, Guard, Laterality, Modality, NeedleChoice, Procedure,
    Quantity, Source, SourcedRange, Statement, StructureRule, TargetDefinition, TreatmentPosition,
    View, Volume,
};
use crate::plan::NeedleCatalogue;
use crate::plan::toml_reader::{Faults, FileProblem, TableReader};
use crate::study::Level;

/// Name and version of the schema that is read.
pub(super) const SCHEMA: &str = "stylet-procedure/1";

/// Largest volume that any range may name, mL.
const LARGEST_ML: f64 = 500.0;

/// Reads one file; everything that is wrong with it otherwise.
pub(super) fn procedure(
    file: &str,
    text: &str,
    needles: &NeedleCatalogue,
) -> Result<Procedure, Vec<FileProblem>> {
    let faults = Faults::new(file, text);
    let procedure = faults.root().and_then(|root| {
        let table = TableReader::new(root.get_ref(), root.span(), &faults);
        let procedure = whole(&table, needles);
        table.finish();
        procedure
    });
    let problems = faults.into_problems();
    procedure.filter(|_| problems.is_empty()).ok_or(problems)
}

fn whole(table: &TableReader<'_>, needles: &NeedleCatalogue) -> Option<Procedure> {
    table.schema(SCHEMA);
    // Read everything before giving up, so that every fault is told at once.
    let texts = ["id", "title", "needle_words", "section"]
        .map(|key| table.required_text(key).map(|text| text.value));
    let target = table.table("target").and_then(target);
    let weights = table.table("entry_map").and_then(weights);
    let laterality = laterality(table);
    for (there, key) in [
        (table.has("target"), "target"),
        (table.has("entry_map"), "entry_map"),
    ] {
        if !there {
            table.fault(format!("{key} is missing"));
        }
    }
    let listed = levels(table, "levels");
    let usual_levels = levels(table, "usual_levels");
    if listed.is_empty() {
        table.fault("levels is missing or empty");
    }
    if let Some(odd) = usual_levels.iter().find(|level| !listed.contains(level)) {
        table.fault(format!("usual level {odd} is not among levels"));
    }
    let level_words = level_words(table);
    let [id, title, needle_words, section] = texts;
    let statements = |key| statements(table, key);
    let procedure = Procedure {
        level_words,
        without_level: table.flag("without_level"),
        modalities: modalities(table),
        positions: positions(table),
        usual_levels,
        approaches: approaches(table, &listed),
        levels: listed,
        energy: if table.flag("thermal") {
            Energy::Thermal
        } else {
            Energy::Mechanical
        },
        tube_diameter_mm: table
            .table("tube_diameter_mm")
            .and_then(|range| SourcedRange::read(range, (0.0, 50.0))),
        views: table.tables("view").into_iter().filter_map(view).collect(),
        needles: table
            .tables("needle")
            .into_iter()
            .filter_map(|choice| needle(choice, needles))
            .collect(),
        structures: table
            .tables("structure")
            .into_iter()
            .filter_map(StructureRule::read)
            .collect(),
        volumes: table
            .tables("volume")
            .into_iter()
            .filter_map(volume)
            .collect(),
        bleeding: bleeding(table),
        guard: table.table("guard").and_then(guard),
        guidance: statements("guidance"),
        entry_notes: statements("entry_notes"),
        end_point: statements("end_point"),
        contrast_pattern: statements("contrast_pattern"),
        checklist: statements("checklist"),
        stop_rules: statements("stop_rules"),
        contraindications: statements("contraindications"),
        evidence: statements("evidence"),
        id: id?,
        title: title?,
        needle_words: needle_words?,
        section: section?,
        target: target?,
        entry_map: weights?,
        laterality: laterality?,
    };
    Some(procedure)
}

/// A list of levels.
pub(super) fn levels(table: &TableReader<'_>, key: &'static str) -> Vec<Level> {
    let mut levels = Vec::new();
    for text in table.texts(key) {
        match text.value.parse::<Level>() {
            Ok(level) if levels.contains(&level) => {
                table.faults.add(text.span, format!("{level} stands twice"));
            }
            Ok(level) => levels.push(level),
            Err(reason) => table.faults.add(text.span, reason),
        }
    }
    levels
}

/// A list of sentences, each with its source.
pub(super) fn statements(table: &TableReader<'_>, key: &'static str) -> Vec<Statement> {
    table
        .tables(key)
        .into_iter()
        .filter_map(statement)
        .collect()
}

fn statement(table: TableReader<'_>) -> Option<Statement> {
    let text = table.required_text("text");
    let source = Source::read(&table);
    table.finish();
    Some(Statement {
        text: text?.value,
        source: source?,
    })
}

fn laterality(table: &TableReader<'_>) -> Option<Laterality> {
    let word = table.required_text("laterality")?;
    match word.value.as_str() {
        "sided" => Some(Laterality::Sided),
        "midline" => Some(Laterality::Midline),
        "either" => Some(Laterality::Either),
        _ => refuse(table, word, "sided, midline or either"),
    }
}

fn modalities(table: &TableReader<'_>) -> Vec<Modality> {
    let words = table.texts("modalities").into_iter();
    words
        .filter_map(|word| match word.value.as_str() {
            "fluoroscopy" => Some(Modality::Fluoroscopy),
            "CT" => Some(Modality::Ct),
            "MR" => Some(Modality::Mr),
            "ultrasound" => Some(Modality::Ultrasound),
            _ => refuse(table, word, "fluoroscopy, CT, MR or ultrasound"),
        })
        .collect()
}

fn positions(table: &TableReader<'_>) -> Vec<TreatmentPosition> {
    let words = table.texts("positions").into_iter();
    words
        .filter_map(|word| match word.value.as_str() {
            "prone" => Some(TreatmentPosition::Prone),
            "decubitus" => Some(TreatmentPosition::Decubitus),
            "supine" => Some(TreatmentPosition::Supine),
            _ => refuse(table, word, "prone, decubitus or supine"),
        })
        .collect()
}

fn level_words(table: &TableReader<'_>) -> Vec<(Level, String)> {
    let mut all = Vec::new();
    for naming in table.tables("naming") {
        let words = naming.required_text("words");
        let levels = levels(&naming, "levels");
        naming.finish();
        if let Some(words) = words {
            all.extend(levels.into_iter().map(|level| (level, words.value.clone())));
        }
    }
    all
}

fn target(table: TableReader<'_>) -> Option<TargetDefinition> {
    let short = table.required_text("short");
    let long = table.required_text("long");
    let source = Source::read(&table);
    let radius = table.table("radius_mm").and_then(|radius| {
        let value = radius.positive("value");
        let source = Source::read(&radius);
        radius.finish();
        value.zip(source)
    });
    table.finish();
    Some(TargetDefinition {
        short: short?.value,
        long: long?.value,
        source: source?,
        radius_mm: radius.as_ref().map(|(value, _)| *value),
        radius_source: radius.map(|(_, source)| source),
    })
}

/// Every quantity at most once in general and once for each level.
fn approaches(table: &TableReader<'_>, listed: &[Level]) -> Vec<Approach> {
    let mut all: Vec<Approach> = Vec::new();
    for approach in table.tables("approach") {
        let levels = levels(&approach, "levels");
        let endplate = approach.text("endplate");
        let mut ranges = BTreeMap::new();
        for quantity in Quantity::ALL {
            let Some(range) = approach.table(quantity.key()) else {
                continue;
            };
            if let Some(range) = SourcedRange::read_quantity(range, quantity) {
                ranges.insert(quantity, range);
            }
        }
        if ranges.contains_key(&Quantity::TiltToEndplate) != endplate.is_some() {
            approach.fault("tilt_to_endplate_deg and endplate go together");
        }
        if let Some(odd) = levels.iter().find(|level| !listed.contains(level)) {
            approach.fault(format!("{odd} is not among the levels of the procedure"));
        }
        for before in &all {
            let same_level = (before.levels.is_empty() && levels.is_empty())
                || levels.iter().any(|level| before.levels.contains(level));
            let twice = ranges.keys().find(|key| before.ranges.contains_key(key));
            if let Some(twice) = twice.filter(|_| same_level) {
                approach.fault(format!("{} stands twice for a level", twice.key()));
            }
        }
        if levels.is_empty() && all.iter().any(|before| !before.levels.is_empty()) {
            approach.fault("an approach for all levels must stand before those for some");
        }
        approach.finish();
        all.push(Approach {
            levels,
            ranges,
            endplate,
        });
    }
    all
}

fn view(table: TableReader<'_>) -> Option<View> {
    let name = table.required_text("name");
    let see = table.required_text("see");
    let source = Source::read(&table);
    let angle = |key| SourcedRange::read_angle(table.table(key)?);
    let (oblique, tilt) = (angle("oblique_deg"), angle("tilt_deg"));
    table.finish();
    Some(View {
        name: name?.value,
        see: see?.value,
        oblique,
        tilt,
        source: source?,
    })
}

fn needle(table: TableReader<'_>, needles: &NeedleCatalogue) -> Option<NeedleChoice> {
    let id = table.required_text("id");
    let reason = table.required_text("reason");
    let source = Source::read(&table);
    if let Some(id) = id.as_ref().filter(|id| needles.find(&id.value).is_none()) {
        let reason = format!("{:?} is no needle of the catalogue", id.value);
        table.faults.add(id.span.clone(), reason);
    }
    table.finish();
    Some(NeedleChoice {
        id: id?.value,
        reason: reason?.value,
        source: source?,
    })
}

fn volume(table: TableReader<'_>) -> Option<Volume> {
    let what = table.required_text("what");
    let ml = table.table("ml");
    if ml.is_none() {
        table.fault("ml is missing");
    }
    let ml = ml.and_then(|ml| SourcedRange::read(ml, (0.0, LARGEST_ML)));
    table.finish();
    Some(Volume {
        what: what?.value,
        ml: ml?,
    })
}

fn bleeding(table: &TableReader<'_>) -> Bleeding {
    let Some(table) = table.table("bleeding") else {
        table.fault("bleeding is missing");
        return Bleeding::default();
    };
    let class = |key| {
        let class = statement(table.table(key)?)?;
        let words = [
            "low",
            "low-intermediate",
            "intermediate",
            "intermediate-high",
            "high",
        ];
        if !words.contains(&class.text.as_str()) {
            let reason = format!(
                "{key} is {:?}; write one of {}",
                class.text,
                words.join(", ")
            );
            table.fault(reason);
        }
        Some(class)
    };
    let bleeding = Bleeding {
        stated: class("stated"),
        asra: class("asra"),
        sir: class("sir"),
    };
    table.finish();
    bleeding
}

fn weights(table: TableReader<'_>) -> Option<EntryWeights> {
    let keys = ["clearance", "length", "angle", "bone_crossing"];
    let numbers = keys.map(|key| {
        let number = table.number(key);
        if let Some(wrong) = number.as_ref().filter(|number| number.value < 0.0) {
            let reason = format!("{key} is {}; a weight is 0 or above", wrong.value);
            table.faults.add(wrong.span.clone(), reason);
        }
        if !table.has(key) {
            table.fault(format!("{key} is missing"));
        }
        number.map(|number| number.value)
    });
    let source = Source::read(&table);
    table.finish();
    let [clearance, length, angle, bone_crossing] = numbers;
    Some(EntryWeights {
        clearance: clearance?,
        length: length?,
        angle: angle?,
        bone_crossing: bone_crossing?,
        source: source?,
    })
}

fn guard(table: TableReader<'_>) -> Option<Guard> {
    let text = table.required_text("text");
    let source = Source::read(&table);
    let requires = table
        .texts("requires")
        .into_iter()
        .filter_map(|kind| known_kind(kind, &table))
        .collect();
    table.finish();
    Some(Guard {
        text: text?.value,
        requires,
        source: source?,
    })
}
