//! Colours of segments: CIELab with the white point D50 in 16-bit integers (PS3.3 C.10.7.1.1) and
//! sRGB (IEC 61966-2-1), by way of CIE XYZ with the Bradford adaptation between D50 and D65.

/// White point D50 of the ICC profile connection space.
const WHITE: [f64; 3] = [0.964_22, 1.0, 0.825_21];
/// CIE constants of L*.
const EPSILON: f64 = 216.0 / 24_389.0;
const KAPPA: f64 = 24_389.0 / 27.0;

/// Linear sRGB → XYZ under D50.
const XYZ_FROM_RGB: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];
/// XYZ under D50 → linear sRGB.
const RGB_FROM_XYZ: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

fn product(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * v[0] + b * v[1] + c * v[2])
}

/// Red, green and blue (8 bits) of a Recommended Display CIELab Value.
pub(crate) fn rgb_from_cielab([l, a, b]: [u16; 3]) -> [u8; 3] {
    let lightness = f64::from(l) * 100.0 / 65_535.0;
    let chroma = |word: u16| f64::from(word) * 255.0 / 65_535.0 - 128.0;
    let y = (lightness + 16.0) / 116.0;
    let from = |t: f64| {
        let cube = t.powi(3);
        if cube > EPSILON {
            cube
        } else {
            (116.0 * t - 16.0) / KAPPA
        }
    };
    let xyz = [
        WHITE[0] * from(y + chroma(a) / 500.0),
        WHITE[1] * from(y),
        WHITE[2] * from(y - chroma(b) / 200.0),
    ];
    product(&RGB_FROM_XYZ, xyz).map(|linear| {
        let linear = linear.clamp(0.0, 1.0);
        let shown = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (shown * 255.0).round() as u8
    })
}

/// The Recommended Display CIELab Value of a colour.
pub(crate) fn cielab_from_rgb(rgb: [u8; 3]) -> [u16; 3] {
    let linear = rgb.map(|byte| {
        let shown = f64::from(byte) / 255.0;
        if shown <= 0.040_45 {
            shown / 12.92
        } else {
            ((shown + 0.055) / 1.055).powf(2.4)
        }
    });
    let [x, y, z] = product(&XYZ_FROM_RGB, linear);
    let into = |value: f64, white: f64| {
        let share = value / white;
        if share > EPSILON {
            share.cbrt()
        } else {
            (KAPPA * share + 16.0) / 116.0
        }
    };
    let [x, y, z] = [into(x, WHITE[0]), into(y, WHITE[1]), into(z, WHITE[2])];
    let word = |value: f64, low: f64, range: f64| {
        ((value - low) / range * 65_535.0)
            .round()
            .clamp(0.0, 65_535.0) as u16
    };
    [
        word(116.0 * y - 16.0, 0.0, 100.0),
        word(500.0 * (x - y), -128.0, 255.0),
        word(200.0 * (y - z), -128.0, 255.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_have_their_published_lab_values() {
        // L, a, b of sRGB red, green and blue under D50 (Lindbloom's calculator).
        for (rgb, lab) in [
            ([255, 0, 0], [54.29, 80.81, 69.89]),
            ([0, 255, 0], [87.82, -79.29, 80.99]),
            ([0, 0, 255], [29.57, 68.30, -112.03]),
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
        ] {
            let [l, a, b] = cielab_from_rgb(rgb).map(f64::from);
            let found = [
                l / 655.35,
                a * 255.0 / 65_535.0 - 128.0,
                b * 255.0 / 65_535.0 - 128.0,
            ];
            for (found, wanted) in found.iter().zip(lab) {
                assert!(
                    (found - wanted).abs() < 0.02,
                    "{found} for {wanted} of {rgb:?}"
                );
            }
        }
    }

    #[test]
    fn every_colour_comes_back() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(17) {
                for blue in (0..=255).step_by(51) {
                    let rgb = [red as u8, green as u8, blue as u8];
                    assert_eq!(rgb_from_cielab(cielab_from_rgb(rgb)), rgb);
                }
            }
        }
    }
}
