//! Calibrated regions of an ultrasound picture (PS3.3 C.8.5.5).

/// A region that shows a plane of tissue, with its size of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UltrasoundRegion {
    /// First column and row, 0-based (0018,6018/601A).
    pub first: [f64; 2],
    /// Last column and row, 0-based (0018,601C/601E).
    pub last: [f64; 2],
    /// mm between rows and between columns, from Physical Delta Y and X (0018,602E/602C).
    pub mm: [f64; 2],
}

impl UltrasoundRegion {
    /// Whether a place (column, row) lies in it; the edge of its outer pixels counts.
    pub fn contains(&self, place: [f64; 2]) -> bool {
        let within = |axis: usize| {
            let (first, last) = (self.first.get(axis), self.last.get(axis));
            let at = place.get(axis).copied().unwrap_or(f64::NAN);
            first.is_some_and(|&first| at >= first - 0.5) && last.is_some_and(|&l| at <= l + 0.5)
        };
        within(0) && within(1)
    }
}

/// The region that all places (column, row) lie in. Where several do, they must agree.
pub fn region_of<'a>(
    regions: &'a [UltrasoundRegion],
    places: &[[f64; 2]],
) -> Option<&'a UltrasoundRegion> {
    let mut holding = regions
        .iter()
        .filter(|region| places.iter().all(|&place| region.contains(place)));
    let first = holding.next()?;
    let agrees = |other: &UltrasoundRegion| {
        let near = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 1e-3;
        first.mm.iter().zip(&other.mm).all(near)
    };
    holding.all(agrees).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_belongs_to_the_region_around_it() {
        let region = |first, last, mm| UltrasoundRegion { first, last, mm };
        let regions = [
            region([10.0, 10.0], [99.0, 99.0], [0.2, 0.1]),
            region([100.0, 10.0], [199.0, 99.0], [0.4, 0.4]),
            region([50.0, 50.0], [60.0, 60.0], [0.3, 0.1]),
        ];
        let found = |places: &[[f64; 2]]| region_of(&regions, places).map(|region| region.mm);
        assert_eq!(found(&[[20.0, 20.0], [99.4, 30.0]]), Some([0.2, 0.1]));
        assert_eq!(found(&[[150.0, 20.0]]), Some([0.4, 0.4]));
        assert_eq!(
            found(&[[20.0, 20.0], [150.0, 30.0]]),
            None,
            "across regions"
        );
        assert_eq!(
            found(&[[55.0, 55.0]]),
            None,
            "regions that contradict one another"
        );
        assert_eq!(found(&[[5.0, 20.0]]), None);
    }
}
