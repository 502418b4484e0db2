//! What a procedure proposes: needle, margins, direction of the path.

use super::check::{NEEDLE_RESERVE_MM, too_short};
use super::{
    Allowed, Laterality, Procedure, ProcedureLibrary, Quantity, StructureMargin, StructureRule,
};
use crate::geometry::{CArmAngles, Degrees, Lps, Vector, wrap_180};
use crate::plan::{Known, Needle, NeedleCatalogue};
use crate::study::{Level, Side};

/// A needle that reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleProposal<'a> {
    /// The needle.
    pub needle: &'a Needle,
    /// Why this one.
    pub reason: String,
    /// The procedure lists it; else only its gauge and tip are.
    pub listed: bool,
}

impl Procedure {
    /// The first needle of the list whose usable length is the path and 10 mm more; else the
    /// shortest of the catalogue with a gauge and tip of the list that is long enough.
    pub fn propose_needle<'a>(
        &self,
        catalogue: &'a NeedleCatalogue,
        path_mm: f64,
    ) -> Known<NeedleProposal<'a>> {
        if !path_mm.is_finite() {
            return Err("The length of the path is not known".to_owned());
        }
        let listed: Vec<_> = self
            .needles
            .iter()
            .filter_map(|choice| Some((choice, catalogue.find(&choice.id)?)))
            .collect();
        let first = listed
            .iter()
            .find(|(_, needle)| too_short(needle, path_mm).is_none());
        if let Some((choice, needle)) = first {
            return Ok(NeedleProposal {
                needle,
                reason: choice.reason.clone(),
                listed: true,
            });
        }
        let alike = |needle: &&Needle| {
            listed
                .iter()
                .any(|(_, one)| one.gauge == needle.gauge && one.tip == needle.tip)
        };
        catalogue
            .needles
            .iter()
            .filter(alike)
            .filter(|needle| too_short(needle, path_mm).is_none())
            .min_by(|a, b| a.length_mm.total_cmp(&b.length_mm))
            .map(|needle| NeedleProposal {
                needle,
                reason: "Longer than those listed, of the same gauge and tip".to_owned(),
                listed: false,
            })
            .ok_or_else(|| {
                format!(
                    "No needle of the gauges listed reaches {path_mm:.1} mm + {NEEDLE_RESERVE_MM} mm"
                )
            })
    }

    /// Entry to target, of length 1, at the middle of the oblique and tilt ranges (2.1, 2.5–2.7).
    ///
    /// A tilt that counts from an end-plate needs the τ of that squared end-plate; where a tilt
    /// from straight posterior is given too, the middle of what both leave is taken. `None` where
    /// the sheet bounds oblique or tilt not at all or on one end only, or where the side is missing.
    pub fn proposed_direction(
        &self,
        level: Level,
        side: Option<Side>,
        squared_tilt: Option<Degrees>,
    ) -> Option<Vector<Lps>> {
        let oblique = self.range(Quantity::Oblique, level)?.bounds.middle()?;
        let oblique = match (self.laterality, side) {
            (Laterality::Midline, _) => oblique,
            (_, Some(side)) => oblique * side.sign(),
            (Laterality::Either, None) if oblique == 0.0 => 0.0,
            (_, None) => return None,
        };
        let angles = CArmAngles {
            primary: wrap_180(Degrees(180.0 - oblique)),
            secondary: Degrees(self.proposed_tilt(level, squared_tilt)?),
        };
        Some(-angles.receptor_direction())
    }

    fn proposed_tilt(&self, level: Level, squared_tilt: Option<Degrees>) -> Option<f64> {
        let upright = self.range(Quantity::Tilt, level).map(|range| range.bounds);
        let to_endplate = self.range(Quantity::TiltToEndplate, level);
        let Some((range, squared)) = to_endplate.zip(squared_tilt) else {
            return upright?.middle();
        };
        let (min, max) = (
            range.bounds.min()? + squared.0,
            range.bounds.max()? + squared.0,
        );
        let both = upright.and_then(|upright| {
            let (min, max) = (min.max(upright.min()?), max.min(upright.max()?));
            (min <= max).then(|| f64::midpoint(min, max))
        });
        Some(both.unwrap_or_else(|| f64::midpoint(min, max)))
    }
}

impl ProcedureLibrary {
    /// Margins of every kind of structure that has any, or that the procedure names, at a level
    /// and side, sorted by kind; one for the path and one for the tip where both have figures.
    ///
    /// The figures of section 0.3 are from the axis of the path to the surface of the structure.
    pub fn margins(
        &self,
        procedure: &Procedure,
        level: Level,
        side: Option<Side>,
    ) -> Vec<StructureMargin> {
        let mut margins: Vec<StructureMargin> = Vec::new();
        for rule in &self.shared.margins {
            if !rule.holds(procedure.energy, level, side) {
                continue;
            }
            for kind in &rule.kinds {
                let margin = StructureMargin {
                    kind: kind.clone(),
                    part: rule.part(),
                    stop_mm: rule.stop_mm,
                    warn_mm: rule.warn_mm,
                    warn_always: rule.warn_always,
                    escalated: rule.escalated,
                    allowed: Allowed::No,
                    named: false,
                    source: rule.source.clone(),
                    why: rule.why.clone(),
                };
                margins.retain(|there| !(there.kind == *kind && there.part == rule.part()));
                margins.push(margin);
            }
        }
        for rule in procedure
            .structures
            .iter()
            .filter(|rule| rule.is_for(level))
        {
            name_structure(&mut margins, rule);
        }
        margins.sort_by(|a, b| (&a.kind, a.part).cmp(&(&b.kind, b.part)));
        margins
    }
}

/// Lays what a procedure says of a structure over the shared margins.
fn name_structure(margins: &mut Vec<StructureMargin>, rule: &StructureRule) {
    let same = |there: &StructureMargin| there.kind == rule.kind && there.part == rule.part;
    if !margins.iter().any(same) {
        margins.push(StructureMargin {
            kind: rule.kind.clone(),
            part: rule.part,
            stop_mm: None,
            warn_mm: None,
            warn_always: false,
            escalated: false,
            allowed: Allowed::No,
            named: true,
            source: rule.source.clone(),
            why: rule.why.clone(),
        });
    }
    for margin in margins.iter_mut().filter(|there| there.kind == rule.kind) {
        margin.named = true;
        if rule.allowed != Allowed::No {
            margin.allowed = rule.allowed;
            (margin.stop_mm, margin.warn_mm) = (None, None);
            (margin.warn_always, margin.escalated) = (false, false);
        }
        if margin.part != rule.part {
            continue;
        }
        margin.why.clone_from(&rule.why);
        if rule.stop_mm.is_some() || rule.warn_mm.is_some() {
            margin.stop_mm = rule.stop_mm.or(margin.stop_mm);
            margin.warn_mm = rule.warn_mm.or(margin.warn_mm);
            // A shared warning nearer than the procedure's own stop says nothing.
            margin.warn_mm = margin
                .warn_mm
                .filter(|warn| margin.stop_mm.is_none_or(|stop| *warn >= stop));
            margin.source = rule.source.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::CArmAngles;
    use crate::plan::procedure::{MeasuredPath, Part, RangeCheck, Verdict};

    fn library() -> &'static ProcedureLibrary {
        ProcedureLibrary::builtin()
    }

    fn procedure(id: &str) -> &'static Procedure {
        library().find(id).unwrap()
    }

    #[test]
    fn the_middle_of_a_range_keeps_its_own_checks() {
        let mut proposed = 0;
        for procedure in &library().procedures {
            for &level in &procedure.levels {
                for side in Side::BOTH {
                    let squared = Degrees(7.0);
                    let Some(direction) =
                        procedure.proposed_direction(level, Some(side), Some(squared))
                    else {
                        continue;
                    };
                    proposed += 1;
                    assert!((direction.length() - 1.0).abs() < 1e-12);
                    let mut path = MeasuredPath::drawn(Ok(direction * 80.0));
                    path.squared_tilt = Ok(squared);
                    let wrong: Vec<RangeCheck> = procedure
                        .check(level, Some(side), &path)
                        .into_iter()
                        .filter(|check| check.verdict == Verdict::Broken)
                        // Where both tilts are given the patient's own end-plate may lie apart.
                        .filter(|check| check.quantity != Some(Quantity::Tilt))
                        .collect();
                    assert!(
                        wrong.is_empty(),
                        "{} {level} {side:?}: {wrong:?}",
                        procedure.id
                    );
                }
            }
        }
        assert!(proposed > 100, "{proposed}");
    }

    #[test]
    fn row_1_of_section_2_8_is_proposed() {
        // κ 25°, τ −10° when the end-plate is squared at −5°.
        let level = "L4-L5".parse().unwrap();
        let procedure = procedure("transforaminal-supraneural");
        let squared = Some(Degrees(-5.0));
        let n = procedure
            .proposed_direction(level, Some(Side::Left), squared)
            .unwrap();
        let wanted = Vector::<Lps>::new(-0.416, -0.893, 0.174);
        assert!((n - wanted).length() < 1e-3, "{n:?}");
        let right = procedure
            .proposed_direction(level, Some(Side::Right), squared)
            .unwrap();
        assert!((right.0.x + n.0.x).abs() < 1e-12 && (right.0.y - n.0.y).abs() < 1e-12);
        let operator = CArmAngles::of_needle(right).unwrap().operator();
        assert!((operator.oblique.0 + 25.0).abs() < 1e-9);
        assert_eq!(procedure.proposed_direction(level, None, squared), None);
        assert_eq!(
            procedure.proposed_direction(level, Some(Side::Left), None),
            None
        );
    }

    #[test]
    fn both_tilts_are_kept_where_they_meet() {
        let level = "L5-S1".parse().unwrap();
        let of = |squared: f64| {
            let tilt = procedure("discography").proposed_tilt(level, Some(Degrees(squared)));
            tilt.unwrap()
        };
        // Absolute 20 to 35, relative −5 to 5.
        assert_eq!(of(25.0), 25.0);
        assert_eq!(of(17.0), 21.0);
        assert_eq!(of(5.0), 5.0);
        assert_eq!(
            procedure("discography").proposed_tilt(level, None),
            Some(27.5)
        );
        assert_eq!(
            procedure("basivertebral-nerve").proposed_tilt(level, None),
            None
        );
    }

    #[test]
    fn a_needle_reaches_with_ten_millimetres_to_spare() {
        let catalogue = NeedleCatalogue::builtin();
        let procedure = procedure("transforaminal-supraneural");
        let of = |path_mm| procedure.propose_needle(catalogue, path_mm);
        assert_eq!(of(80.0).unwrap().needle.id, "quincke-22g-90");
        assert_eq!(of(80.5).unwrap().needle.id, "quincke-22g-127");
        let longer = of(130.0).unwrap();
        assert_eq!(
            (longer.needle.id.as_str(), longer.listed),
            ("quincke-22g-152", false)
        );
        assert!(of(400.0).unwrap_err().contains("No needle"));
        assert!(of(f64::NAN).is_err());
        for procedure in &library().procedures {
            for choice in &procedure.needles {
                assert!(catalogue.find(&choice.id).is_some(), "{}", choice.id);
            }
        }
    }

    fn margin(id: &str, level: &str, kind: &str, part: Part) -> Option<StructureMargin> {
        let margins = library().margins(procedure(id), level.parse().unwrap(), Some(Side::Left));
        let mut of = margins
            .into_iter()
            .filter(|margin| margin.kind == kind && margin.part == part);
        let first = of.next();
        assert_eq!(of.next(), None);
        first
    }

    fn figures(id: &str, kind: &str, part: Part) -> (Option<f64>, Option<f64>) {
        let level = procedure(id).levels[0].to_string();
        let margin = margin(id, &level, kind, part).unwrap();
        (margin.stop_mm, margin.warn_mm)
    }

    #[test]
    fn margins_are_those_of_section_0_3() {
        let block = "medial-branch-block";
        for (kind, stop, warn) in [
            ("cord", 5.0, 10.0),
            ("dura", 2.0, 4.0),
            ("nerve_root", 2.0, 4.0),
            ("artery", 5.0, 10.0),
            ("kidney", 5.0, 10.0),
            ("bowel", 10.0, 20.0),
            ("pleura_lung", 10.0, 15.0),
            ("pedicle_medial_wall", 1.0, 2.0),
            ("ureter", 5.0, 10.0),
            ("vertebral_artery", 3.0, 5.0),
        ] {
            assert_eq!(
                figures(block, kind, Part::Path),
                (Some(stop), Some(warn)),
                "{kind}"
            );
        }
        // Heat counts at the tip, the shaft stays mechanical.
        let hot = "bone-tumour-rf";
        assert_eq!(figures(hot, "cord", Part::Tip), (Some(10.0), Some(15.0)));
        assert_eq!(figures(hot, "cord", Part::Path), (Some(5.0), Some(10.0)));
        assert_eq!(figures(hot, "nerve_root", Part::Tip), (Some(10.0), None));
        assert_eq!(margin(block, "L4", "cord", Part::Tip), None);
        assert_eq!(
            figures("medial-branch-rf", "nerve_root", Part::Tip),
            (Some(5.0), Some(10.0))
        );
        assert_eq!(figures("caudal", "dura", Part::Tip), (Some(10.0), None));
    }

    #[test]
    fn what_may_be_touched_has_no_margin() {
        let dura = margin("intrathecal-catheter", "L2-L3", "dura", Part::Path).unwrap();
        assert_eq!(
            (dura.allowed, dura.stop_mm, dura.warn_mm),
            (Allowed::Cross, None, None)
        );
        let disc = margin("discography", "L4-L5", "disc", Part::Path).unwrap();
        assert_eq!(disc.allowed, Allowed::End);
        let bone = margin("medial-branch-block", "L4", "bone", Part::Path).unwrap();
        assert!(bone.allowed == Allowed::End && bone.named);
    }

    #[test]
    fn the_foramen_always_warns_and_gravely_where_adamkiewicz_is_expected() {
        let at = |level: &str, side| {
            let id = "transforaminal-supraneural";
            let margins = library().margins(procedure(id), level.parse().unwrap(), Some(side));
            let of = margins
                .into_iter()
                .find(|margin| margin.kind == "foramen_anterosuperior");
            of.unwrap()
        };
        assert!(at("L4-L5", Side::Left).warn_always && !at("L4-L5", Side::Left).escalated);
        assert!(at("L2-L3", Side::Left).escalated && !at("L2-L3", Side::Right).escalated);
    }

    #[test]
    fn needles_are_named_by_level_side_and_words() {
        let named =
            |id: &str, level: &str, side| procedure(id).needle_name(level.parse().unwrap(), side);
        assert_eq!(
            named("transforaminal-supraneural", "L4-L5", Some(Side::Right)),
            "L4-5 right, transforaminal, supraneural"
        );
        assert_eq!(
            named("medial-branch-block", "L4", Some(Side::Left)),
            "L4 left, medial branch block (nerve L3)"
        );
        assert_eq!(
            named("medial-branch-block", "S1", Some(Side::Left)),
            "S1 left, L5 dorsal ramus block"
        );
        assert_eq!(
            named("sacroiliac-joint", "S2", Some(Side::Right)),
            "Sacroiliac joint, right"
        );
        assert_eq!(named("caudal", "S4", None), "Caudal epidural");
        assert_eq!(
            named("interlaminar", "L5-S1", None),
            "L5-S1 midline, interlaminar"
        );
    }
}
