//! Lists of numbers on the command line: `-12.5,30,1e2` and `512x512`.

use crate::geometry::{Lps, Point, Vector};
use crate::study::WindowLevel;

fn finite<const N: usize>(text: &str, wanted: &str) -> Result<[f64; N], String> {
    let problem = || format!("expected {wanted}, not “{text}”");
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|n| n.trim().parse::<f64>()).collect();
    let numbers = numbers.map_err(|_| problem())?;
    let numbers = <[f64; N]>::try_from(numbers).map_err(|_| problem())?;
    if numbers.iter().all(|n| n.is_finite()) {
        Ok(numbers)
    } else {
        Err(problem())
    }
}

/// A patient point `X,Y,Z`, LPS mm.
pub fn point(text: &str) -> Result<Point<Lps>, String> {
    finite::<3>(text, "three numbers X,Y,Z").map(Point::from)
}

/// A patient direction `X,Y,Z`.
pub fn direction(text: &str) -> Result<Vector<Lps>, String> {
    finite::<3>(text, "three numbers X,Y,Z").map(Vector::from)
}

/// A window `C,W`: centre and width in modality values, the width above 0.
pub fn window(text: &str) -> Result<WindowLevel, String> {
    let [center, width] = finite::<2>(text, "centre and width C,W")?;
    if width <= 0.0 {
        return Err(format!("the width of a window is above 0, not {width}"));
    }
    Ok(WindowLevel::new(center, width))
}

/// A pair of C-arm angles `PRIMARY,SECONDARY`, degrees.
pub fn angles(text: &str) -> Result<[f64; 2], String> {
    finite::<2>(text, "two angles PRIMARY,SECONDARY")
}

/// An amount of memory in GiB, above 0, as bytes.
pub fn gibibytes(text: &str) -> Result<u64, String> {
    let [gib] = finite::<1>(text, "a number of GiB")?;
    if gib <= 0.0 {
        return Err(format!("memory is above 0 GiB, not {gib}"));
    }
    Ok((gib * f64::from(1 << 30)) as u64)
}

/// A picture size `WxH` in pixels.
pub fn picture_size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once(['x', 'X', '×']);
    sides
        .and_then(|(w, h)| Some([w.trim().parse().ok()?, h.trim().parse().ok()?]))
        .ok_or_else(|| format!("expected width and height in pixels as WxH, not “{text}”"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_above_nothing() {
        assert_eq!(gibibytes("1.5"), Ok(3 << 29));
        assert!(gibibytes("0").is_err() && gibibytes("-1").is_err() && gibibytes("inf").is_err());
    }

    #[test]
    fn lists_are_read_with_signs_and_spaces_and_refused_with_their_text() {
        assert_eq!(point("-12.5, 30,1e2"), Ok(Point::new(-12.5, 30., 100.)));
        assert_eq!(direction("0,0,-1"), Ok(Vector::new(0., 0., -1.)));
        assert_eq!(window("-600,1500"), Ok(WindowLevel::new(-600., 1500.)));
        assert_eq!(picture_size("512x256"), Ok([512, 256]));
        for text in ["1,2", "1,2,3,4", "1,2,x", "", "1,2,NaN", "inf,0,0"] {
            assert!(point(text).unwrap_err().contains("X,Y,Z"), "{text}");
        }
        assert!(window("40").is_err() && window("40,0").is_err());
        assert!(picture_size("512").is_err() && picture_size("-1x5").is_err());
    }
}
