//! How well the pictures hold each way to move.

use super::similarity::Similarity;
use super::symmetric::{SixBySix, inverse, product};

/// Covariance of the six ways to move from the slopes of single patches at the summit (the
/// sandwich estimate with patches as clusters): patches that pull in different directions say how
/// far the summit could lie elsewhere. `None` where a way to move is not held at all.
pub fn covariance(summit: &Similarity) -> Option<SixBySix> {
    let bread = inverse(&summit.curvature)?;
    let mut filling: SixBySix = [[0.0; 6]; 6];
    for patch in &summit.patches {
        for row in 0..6 {
            for column in 0..6 {
                filling[row][column] += patch.slope[row] * patch.slope[column];
            }
        }
    }
    // Half of the patches overlap the others, so that each slope is summed about twice: the pull
    // is doubled in the curvature and its square here.
    for row in &mut filling {
        for value in row {
            *value *= 2.0;
        }
    }
    Some(product(&product(&bread, &filling), &bread))
}
