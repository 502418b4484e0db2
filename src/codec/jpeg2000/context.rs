//! Look-up tables from what surrounds a sample to its context (ITU-T T.800 D.3).

/// Contexts of zero coding (Table D.1) by orientation (0 LL, 1 HL, 2 LH, 3 HH) and the
/// significances of the 3 × 3 samples around, row by row from the lowest bit.
pub(super) static ZERO_CODING: [[u8; 512]; 4] = zero_coding();

/// Contexts of sign coding (Table D.3), the highest bit set where the sign is inverted.
/// Index: significances of the neighbours to the north, west, east and south in bits 1, 3, 5, 7;
/// in the bit below each, whether it is negative.
pub(super) static SIGN: [u8; 256] = sign();

const fn zero_coding() -> [[u8; 512]; 4] {
    let mut table = [[0; 512]; 4];
    let mut window = 0;
    while window < 512 {
        let horizontal = (window >> 3 & 1) + (window >> 5 & 1);
        let vertical = (window >> 1 & 1) + (window >> 7 & 1);
        let diagonal = (window & 1) + (window >> 2 & 1) + (window >> 6 & 1) + (window >> 8 & 1);
        table[0][window] = low_pass(horizontal, vertical, diagonal);
        table[1][window] = low_pass(vertical, horizontal, diagonal);
        table[2][window] = low_pass(horizontal, vertical, diagonal);
        table[3][window] = high_pass(horizontal + vertical, diagonal);
        window += 1;
    }
    table
}

const fn low_pass(horizontal: usize, vertical: usize, diagonal: usize) -> u8 {
    match (horizontal, vertical, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 2..) => 2,
        (_, _, 1) => 1,
        _ => 0,
    }
}

const fn high_pass(straight: usize, diagonal: usize) -> u8 {
    match (diagonal, straight) {
        (3.., _) => 8,
        (2, 1..) => 7,
        (2, 0) => 6,
        (1, 2..) => 5,
        (1, 1) => 4,
        (1, 0) => 3,
        (_, 2..) => 2,
        (_, 1) => 1,
        _ => 0,
    }
}

const fn sign() -> [u8; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let vertical = contribution(index) + contribution(index >> 6);
        let horizontal = contribution(index >> 2) + contribution(index >> 4);
        table[index] = match (horizontal.signum(), vertical.signum()) {
            (1, 1) => 13,
            (1, 0) => 12,
            (1, _) => 11,
            (0, 1) => 10,
            (0, 0) => 9,
            (0, _) => 0x80 + 10,
            (_, 1) => 0x80 + 11,
            (_, 0) => 0x80 + 12,
            (_, _) => 0x80 + 13,
        };
        index += 1;
    }
    table
}

const fn contribution(bits: usize) -> i32 {
    match bits & 3 {
        2 => 1,
        3 => -1,
        _ => 0,
    }
}
