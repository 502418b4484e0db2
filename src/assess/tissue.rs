//! Tissue classes along a line, from CT numbers (clinical.md 4.1).
//!
//! Thresholds lie half way between the ranges of neighbouring tissues in the sheet, so that the
//! edge between them is where a blurred step crosses. A class changes only when a value passes a
//! threshold by a margin, and a run must have a least length, so that noise does not flicker.

/// What a stretch of the needle lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tissue {
    /// Air outside the body.
    Air,
    /// Gas inside the body: bowel, lung, vacuum in a disc.
    Gas,
    /// Skin: the first millimetres after the air.
    Skin,
    /// Fat.
    Fat,
    /// Muscle, ligament, disc, organ, nerve: what CT numbers alone do not tell apart.
    SoftTissue,
    /// Fluid, only where a structure says so: its numbers overlap with soft tissue.
    Fluid,
    /// Cancellous bone.
    CancellousBone,
    /// Cortical bone.
    CorticalBone,
    /// Contrast medium, cement or metal.
    ContrastOrMetal,
}

impl Tissue {
    /// The name shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Air => "air",
            Self::Gas => "gas",
            Self::Skin => "skin",
            Self::Fat => "fat",
            Self::SoftTissue => "soft tissue",
            Self::Fluid => "fluid",
            Self::CancellousBone => "cancellous bone",
            Self::CorticalBone => "cortical bone",
            Self::ContrastOrMetal => "contrast or metal",
        }
    }

    /// Cortical or cancellous.
    pub fn is_bone(self) -> bool {
        matches!(self, Self::CorticalBone | Self::CancellousBone)
    }

    /// Least length of a run, mm. Thin bone stops a needle, so it is kept where fat would not be.
    fn least_mm(self) -> f64 {
        if self.is_bone() || self == Self::ContrastOrMetal {
            0.5
        } else {
            1.0
        }
    }

    /// Order by CT number; fluid counts as soft tissue.
    fn rank(self) -> u8 {
        match self {
            Self::Air | Self::Gas => 0,
            Self::Fat => 1,
            Self::Skin | Self::SoftTissue | Self::Fluid => 2,
            Self::CancellousBone => 3,
            Self::CorticalBone => 4,
            Self::ContrastOrMetal => 5,
        }
    }
}

/// Classes by CT number, ascending; each starts at its threshold.
const CLASSES: [Tissue; 6] = [
    Tissue::Gas,
    Tissue::Fat,
    Tissue::SoftTissue,
    Tissue::CancellousBone,
    Tissue::CorticalBone,
    Tissue::ContrastOrMetal,
];

/// Threshold above each class but the last, and the margin a value must pass it by, HU.
///
/// Gas up to −600 `[K]` and fat from −130 `[I1]`: −500 is also where the skin is taken. Fat −90
/// `[I1]` and fatty muscle 20 `[K]`: −30. Flavum and annulus to 110 `[K]`; cancellous bone
/// overlaps them in the old `[I3]`, so without a label it starts at 130. Thin cortex 300 to 900
/// in scans `[K]`. Cortex to 1900 `[I1]`; cement and metal beyond `[K]`.
const THRESHOLDS_HU: [(f64, f64); 5] = [
    (-500.0, 50.0),
    (-30.0, 15.0),
    (130.0, 20.0),
    (300.0, 40.0),
    (1900.0, 50.0),
];

/// A run between a lower and a higher class that is no longer than this is their blurred edge, mm.
const BLURRED_EDGE_MM: f64 = 1.5;

/// How far from an edge the plateaus on either side are looked for, mm.
const PLATEAU_MM: f64 = 2.0;

/// Skin where the images do not show it apart from what is under it, mm: 1 to 3 `[K]`.
const SKIN_MM: f64 = 2.0;

/// Longest soft layer under the air that is skin, mm.
const THICKEST_SKIN_MM: f64 = 3.0;

/// What a segmented structure says about the tissue in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hint {
    /// Nothing: no structure, or one that CT numbers suit.
    #[default]
    None,
    /// Bone, however thin its trabeculae.
    Bone,
    /// Cerebrospinal or other fluid; what is dense in it is contrast medium.
    Fluid,
    /// Vessel or organ: what is dense in it is contrast medium.
    Enhancing,
}

/// One sample of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// CT number, HU; `None` outside the images.
    pub hu: Option<f64>,
    /// What a structure there says.
    pub hint: Hint,
}

/// A stretch of one tissue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TissueRun {
    /// Where it starts, mm.
    pub from_mm: f64,
    /// Where it ends, mm.
    pub to_mm: f64,
    /// Tissue; `None` where there are no values.
    pub tissue: Option<Tissue>,
}

impl TissueRun {
    /// Its length, mm.
    pub fn length_mm(&self) -> f64 {
        self.to_mm - self.from_mm
    }
}

/// Samples at even steps along a line, the skin at 0 mm.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Samples.
    pub samples: &'a [Sample],
    /// Place of the first, mm.
    pub first_mm: f64,
    /// Distance of the samples, mm.
    pub step_mm: f64,
}

impl Line<'_> {
    fn at_mm(&self, index: usize) -> f64 {
        self.first_mm + index as f64 * self.step_mm
    }

    /// Tissues along it in order, without gaps. Where it starts outside the body (below 0 mm)
    /// the air ends and the skin starts at 0 mm exactly.
    pub fn tissue_runs(&self) -> Vec<TissueRun> {
        let mut runs = self.stretches(&self.classes());
        absorb_short(&mut runs, self.at_mm(0));
        runs = joined(runs);
        self.settle_edges(&mut runs);
        name_skin(runs)
    }

    fn classes(&self) -> Vec<Option<Tissue>> {
        let mut state: Option<usize> = None;
        let mut tell = |index: usize, sample: &Sample| {
            let Some(hu) = sample.hu else {
                state = None;
                return None;
            };
            if self.at_mm(index) < 0.0 {
                return (class_of(hu, 0.0) == 0).then_some(Tissue::Air);
            }
            let now = match state {
                None => class_of(hu, 0.0),
                Some(before) => before.max(class_of(hu, 1.0)).min(class_of(hu, -1.0)),
            };
            state = Some(now);
            CLASSES.get(now).map(|class| hinted(*class, sample.hint))
        };
        self.samples
            .iter()
            .enumerate()
            .map(|(index, sample)| tell(index, sample))
            .collect()
    }

    /// Equal classes as runs; each sample stands for half a step on either side, cut at the skin.
    fn stretches(&self, classes: &[Option<Tissue>]) -> Vec<TissueRun> {
        let mut runs: Vec<TissueRun> = Vec::new();
        let first_mm = self.first_mm;
        for (index, &tissue) in classes.iter().enumerate() {
            let here_mm = self.at_mm(index);
            let half_mm = self.step_mm / 2.0;
            let mut from_mm = (here_mm - half_mm).max(first_mm);
            if here_mm >= 0.0 && here_mm < self.step_mm && index > 0 {
                from_mm = 0.0;
            }
            match runs.last_mut() {
                Some(last) if last.tissue == tissue => last.to_mm = here_mm,
                last => {
                    if let Some(last) = last {
                        last.to_mm = from_mm;
                    }
                    runs.push(TissueRun {
                        from_mm,
                        to_mm: here_mm,
                        tissue,
                    });
                }
            }
        }
        runs
    }

    /// Moves each edge to where the values cross half way between the plateaus beside it.
    fn settle_edges(&self, runs: &mut [TissueRun]) {
        for after in 1..runs.len() {
            let [Some(before), Some(next)] =
                [runs.get(after - 1), runs.get(after)].map(|r| r.copied())
            else {
                continue;
            };
            let settled = self.edge_mm(before, next);
            if let (Some(edge_mm), true) = (settled, next.from_mm > 0.0) {
                if let Some(run) = runs.get_mut(after - 1) {
                    run.to_mm = edge_mm;
                }
                if let Some(run) = runs.get_mut(after) {
                    run.from_mm = edge_mm;
                }
            }
        }
    }

    fn edge_mm(&self, before: TissueRun, next: TissueRun) -> Option<f64> {
        let rising = before.tissue?.rank() < next.tissue?.rank();
        if before.tissue?.rank() == next.tissue?.rank() {
            return None;
        }
        let edge_mm = next.from_mm;
        let low_mm = before.from_mm.max(edge_mm - PLATEAU_MM);
        let high_mm = next.to_mm.min(edge_mm + PLATEAU_MM);
        let extreme = |from_mm: f64, to_mm: f64, greatest: bool| {
            let values = self.values_in(from_mm, to_mm).map(|(_, hu)| hu);
            if greatest {
                values.reduce(f64::max)
            } else {
                values.reduce(f64::min)
            }
        };
        let first = extreme(low_mm, edge_mm, !rising)?;
        let second = extreme(edge_mm, high_mm, rising)?;
        let level = f64::midpoint(first, second);
        let inside: Vec<(f64, f64)> = self.values_in(low_mm, high_mm).collect();
        inside
            .windows(2)
            .filter_map(|pair| match pair {
                [(a_mm, a), (b_mm, b)] if (*a < level) == rising && (*b < level) != rising => {
                    let share = (level - a) / (b - a);
                    Some(a_mm + share.clamp(0.0, 1.0) * (b_mm - a_mm))
                }
                _ => None,
            })
            .min_by(|a, b| (a - edge_mm).abs().total_cmp(&(b - edge_mm).abs()))
    }

    fn values_in(&self, from_mm: f64, to_mm: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let first = ((from_mm - self.first_mm) / self.step_mm).ceil().max(0.0) as usize;
        (first..self.samples.len())
            .map(|index| (self.at_mm(index), self.samples.get(index)))
            .take_while(move |(at_mm, _)| *at_mm <= to_mm)
            .filter_map(|(at_mm, sample)| Some((at_mm, sample?.hu?)))
    }
}

/// Index of the class of a value, with the thresholds moved by their margins times `margins`.
fn class_of(hu: f64, margins: f64) -> usize {
    THRESHOLDS_HU
        .iter()
        .filter(|(threshold_hu, margin_hu)| hu >= threshold_hu + margins * margin_hu)
        .count()
}

fn hinted(class: Tissue, hint: Hint) -> Tissue {
    let dense = class.rank() >= Tissue::CancellousBone.rank();
    match hint {
        Hint::Bone if matches!(class, Tissue::Fat | Tissue::SoftTissue) => Tissue::CancellousBone,
        Hint::Fluid if matches!(class, Tissue::Fat | Tissue::SoftTissue) => Tissue::Fluid,
        Hint::Fluid | Hint::Enhancing if dense => Tissue::ContrastOrMetal,
        _ => class,
    }
}

/// Gives runs that are too short, or are the blurred edge of their neighbours, to a neighbour;
/// the shortest first.
fn absorb_short(runs: &mut Vec<TissueRun>, first_mm: f64) {
    loop {
        *runs = joined(std::mem::take(runs));
        let shortest = (0..runs.len())
            .filter(|&at| is_short(runs, at, first_mm))
            .min_by(|&a, &b| {
                let length = |at: usize| runs.get(at).map_or(0.0, TissueRun::length_mm);
                length(a).total_cmp(&length(b))
            });
        let Some(at) = shortest else { return };
        let neighbour = |beside: Option<usize>| runs.get(beside?)?.tissue;
        let (before, after) = (neighbour(at.checked_sub(1)), neighbour(at.checked_add(1)));
        let own = runs.get(at).and_then(|run| run.tissue);
        let Some(taker) = nearer(own, before, after) else {
            return;
        };
        if let Some(run) = runs.get_mut(at) {
            run.tissue = Some(taker);
        }
    }
}

fn is_short(runs: &[TissueRun], at: usize, first_mm: f64) -> bool {
    let Some(run) = runs.get(at) else {
        return false;
    };
    let Some(tissue) = run.tissue else {
        return false;
    };
    let beside = |index: Option<usize>| runs.get(index?)?.tissue.filter(|t| *t != Tissue::Air);
    let before = beside(at.checked_sub(1));
    let after = beside(at.checked_add(1));
    if tissue == Tissue::Air || (before.is_none() && after.is_none()) {
        return false;
    }
    // A run cut by the start or the end of the line may go on beyond it.
    let cut = run.from_mm <= first_mm || at + 1 == runs.len();
    let between = match (before, after) {
        (Some(before), Some(after)) => {
            let (low, high) = (
                before.rank().min(after.rank()),
                before.rank().max(after.rank()),
            );
            low < tissue.rank() && tissue.rank() < high
        }
        _ => false,
    };
    let least_mm = if between {
        BLURRED_EDGE_MM
    } else {
        tissue.least_mm()
    };
    !cut && run.length_mm() < least_mm
}

/// The neighbour of the nearer class, the one before where both are as near.
fn nearer(own: Option<Tissue>, before: Option<Tissue>, after: Option<Tissue>) -> Option<Tissue> {
    let usable = |tissue: &Tissue| *tissue != Tissue::Air;
    let (before, after) = (before.filter(usable), after.filter(usable));
    let far = |tissue: Tissue| own.map_or(0, |own| own.rank().abs_diff(tissue.rank()));
    match (before, after) {
        (Some(before), Some(after)) if far(after) < far(before) => Some(after),
        (Some(before), _) => Some(before),
        (None, after) => after,
    }
}

fn joined(runs: Vec<TissueRun>) -> Vec<TissueRun> {
    let mut joined: Vec<TissueRun> = Vec::with_capacity(runs.len());
    for run in runs {
        match joined.last_mut() {
            Some(last) if last.tissue == run.tissue => last.to_mm = run.to_mm,
            _ => joined.push(run),
        }
    }
    joined
}

/// Names the first millimetres after the outside air.
fn name_skin(runs: Vec<TissueRun>) -> Vec<TissueRun> {
    let Some(at) = runs.windows(2).position(|pair| {
        matches!(pair, [air, first] if air.tissue == Some(Tissue::Air)
            && matches!(first.tissue, Some(Tissue::Fat | Tissue::SoftTissue)))
    }) else {
        return runs;
    };
    let after = |index: usize| runs.get(index).and_then(|run| run.tissue);
    let mut named = Vec::with_capacity(runs.len() + 1);
    for (index, run) in runs.iter().copied().enumerate() {
        if index != at + 1 {
            named.push(run);
            continue;
        }
        let is_layer = run.tissue == Some(Tissue::SoftTissue)
            && after(index + 1) == Some(Tissue::Fat)
            && run.length_mm() <= THICKEST_SKIN_MM;
        let end_mm = if is_layer {
            run.to_mm
        } else {
            run.to_mm.min(run.from_mm + SKIN_MM)
        };
        named.push(TissueRun {
            to_mm: end_mm,
            tissue: Some(Tissue::Skin),
            ..run
        });
        if end_mm < run.to_mm {
            named.push(TissueRun {
                from_mm: end_mm,
                ..run
            });
        }
    }
    named
}
