//! Symmetric 6 × 6 systems: the six ways in which a rigid body moves.

/// Six numbers, one for each way to move.
pub type Six = [f64; 6];

/// A symmetric matrix of them.
pub type SixBySix = [Six; 6];

/// Lower factor L of L·Lᵀ = `matrix`; `None` unless it is positive definite.
fn cholesky(matrix: &SixBySix) -> Option<SixBySix> {
    let mut lower = [[0.0; 6]; 6];
    for row in 0..6 {
        for column in 0..=row {
            let done: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - done;
            if row == column {
                if rest.is_nan() || rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                lower[row][row] = rest.sqrt();
            } else {
                lower[row][column] = rest / lower[column][column];
            }
        }
    }
    Some(lower)
}

/// Solves `matrix` · x = `right`; `None` unless the matrix is positive definite.
pub fn solve(matrix: &SixBySix, right: &Six) -> Option<Six> {
    let lower = cholesky(matrix)?;
    let mut x = *right;
    for row in 0..6 {
        let done: f64 = (0..row).map(|k| lower[row][k] * x[k]).sum();
        x[row] = (x[row] - done) / lower[row][row];
    }
    for row in (0..6).rev() {
        let done: f64 = (row + 1..6).map(|k| lower[k][row] * x[k]).sum();
        x[row] = (x[row] - done) / lower[row][row];
    }
    x.iter().all(|value| value.is_finite()).then_some(x)
}

/// Inverse; `None` unless the matrix is positive definite.
pub fn inverse(matrix: &SixBySix) -> Option<SixBySix> {
    let mut inverse = [[0.0; 6]; 6];
    for column in 0..6 {
        let mut unit = [0.0; 6];
        unit[column] = 1.0;
        let solved = solve(matrix, &unit)?;
        for row in 0..6 {
            inverse[row][column] = solved[row];
        }
    }
    Some(inverse)
}

/// `left` · `right`.
pub fn product(left: &SixBySix, right: &SixBySix) -> SixBySix {
    let cell = |row: usize, column: usize| (0..6).map(|k| left[row][k] * right[k][column]).sum();
    std::array::from_fn(|row| std::array::from_fn(|column| cell(row, column)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B·Bᵀ + 1 of a fixed B: positive definite.
    fn matrix() -> SixBySix {
        let b = |r: usize, c: usize| ((r * 7 + c * 3) % 5) as f64 - 1.5;
        let cell = |r: usize, c: usize| {
            (0..6).map(|k| b(r, k) * b(c, k)).sum::<f64>() + f64::from(u8::from(r == c))
        };
        std::array::from_fn(|r| std::array::from_fn(|c| cell(r, c)))
    }

    #[test]
    fn the_solution_solves_and_the_inverse_inverts() {
        let right = [1.0, -2.0, 3.0, 0.5, 0.0, 4.0];
        let x = solve(&matrix(), &right).unwrap();
        for (row, wanted) in matrix().iter().zip(right) {
            let found: f64 = row.iter().zip(x).map(|(a, b)| a * b).sum();
            assert!((found - wanted).abs() < 1e-9);
        }
        let unit = product(&matrix(), &inverse(&matrix()).unwrap());
        for (row, values) in unit.iter().enumerate() {
            for (column, found) in values.iter().enumerate() {
                let wanted = f64::from(u8::from(row == column));
                assert!((found - wanted).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn a_direction_that_nothing_holds_has_no_solution() {
        let mut flat = matrix();
        flat[3] = [0.0; 6];
        for row in &mut flat {
            row[3] = 0.0;
        }
        assert!(solve(&flat, &[1.0; 6]).is_none());
        assert!(inverse(&flat).is_none());
    }
}
