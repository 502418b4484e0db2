//! Pictures as a C-arm takes them: scatter, quantum noise, blur, a steel needle, shutters.

use glam::DVec2;
use stylet::geometry::{ConeBeam, Lps, Point, Receptor, Segment};
use stylet::register::{Intensity, Polarity, XrayPicture};
use stylet::volume::attenuation::Attenuation;
use stylet::volume::drr::line_integrals;

/// Random numbers of a seed (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678_9ABC_DEF1)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From −`most` to `most`.
    pub fn within(&mut self, most: f64) -> f64 {
        (2.0 * self.unit() - 1.0) * most
    }

    /// Of mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (self.unit().max(1e-300), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// How a picture is taken.
pub struct Exposure {
    /// Quanta per mm² of the receptor behind the middle of the patient.
    pub quanta_per_mm2: f64,
    /// Scatter there over what comes straight.
    pub scatter: f64,
    /// Steel needle in the patient, which the CT does not have.
    pub needle: Option<Segment>,
    /// Half the sides that shutters leave free about the middle, mm on the receptor.
    pub shutters_mm: Option<[f64; 2]>,
    /// Stored as a system processes it for display (logarithm, bone bright, unsharp mask) instead of
    /// proportional to the intensity.
    pub for_display: bool,
}

/// Radius of a 22 G needle, mm, and attenuation of iron at 65 keV (clinical sheet 4.3), 1/mm.
const NEEDLE_RADIUS_MM: f64 = 0.36;
const IRON_PER_MM: f64 = 0.0982 * 7.87;

/// A picture of a CT by a beam.
pub fn take(
    attenuation: &Attenuation,
    beam: &ConeBeam,
    receptor: &Receptor,
    exposure: &Exposure,
    random: &mut Random,
) -> XrayPicture {
    let mut integrals =
        line_integrals(attenuation, beam, receptor, &|| false).expect("a projection");
    if let Some(needle) = &exposure.needle {
        add_needle(&mut integrals, needle, beam, receptor);
    }
    let [columns, rows] = receptor.size;
    let mut primary: Vec<f64> = integrals.iter().map(|&l| f64::from(-l).exp()).collect();
    let middle = DVec2::from_array(receptor.center);
    if let Some(free) = exposure.shutters_mm {
        for (at, value) in primary.iter_mut().enumerate() {
            let from = DVec2::new((at % columns) as f64, (at / columns) as f64) - middle;
            if from.x.abs() * receptor.pixel_mm[0] > free[0]
                || from.y.abs() * receptor.pixel_mm[1] > free[1]
            {
                *value *= 0.01;
            }
        }
    }
    let scattered = widely_blurred(&primary, receptor.size, 25.0 / receptor.pixel_mm[0]);
    let inner: Vec<f64> = (0..columns * rows)
        .filter(|at| {
            let from = DVec2::new((at % columns) as f64, (at / columns) as f64) - middle;
            from.length() * receptor.pixel_mm[0] < 40.0
        })
        .map(|at| primary[at] + exposure.scatter * scattered[at])
        .collect();
    let mean = inner.iter().sum::<f64>() / inner.len() as f64;
    let quanta = exposure.quanta_per_mm2 * receptor.pixel_mm[0] * receptor.pixel_mm[1] / mean;
    let counted: Vec<f64> = primary
        .iter()
        .zip(&scattered)
        .map(|(straight, scatter)| {
            let wanted = quanta * (straight + exposure.scatter * scatter);
            (wanted + wanted.sqrt() * random.normal()).max(0.0)
        })
        .collect();
    // Optical blur of the receptor after the noise.
    let seen = blurred(&counted, receptor.size, 0.3 / receptor.pixel_mm[0]);
    let values: Vec<f32> = if exposure.for_display {
        let log: Vec<f64> = seen.iter().map(|v| -v.max(1.0).ln()).collect();
        let soft = widely_blurred(&log, receptor.size, 8.0 / receptor.pixel_mm[0]);
        log.iter()
            .zip(&soft)
            .map(|(v, s)| (200.0 * v + 200.0 * (v - s)).round() as f32)
            .collect()
    } else {
        seen.iter()
            .map(|v| (v * 1000.0 / (quanta * mean)).round().min(4095.0) as f32)
            .collect()
    };
    let look = if exposure.for_display {
        (Intensity::Displayed, Polarity::Unknown)
    } else {
        (Intensity::Linear, Polarity::BoneDark)
    };
    XrayPicture::new(receptor.size, &values, look, |_, _| true).expect("a picture")
}

fn add_needle(integrals: &mut [f32], needle: &Segment, beam: &ConeBeam, fine: &Receptor) {
    for (at, value) in integrals.iter_mut().enumerate() {
        let pixel = DVec2::new((at % fine.size[0]) as f64, (at / fine.size[0]) as f64);
        let Some(ray) = beam.ray(pixel, fine) else {
            continue;
        };
        // Closest approach of the ray to the axis of the needle.
        let (d, n) = (ray.0, (needle.end - needle.start).0);
        let length = n.length();
        let n = n / length;
        let from = (needle.start - beam.source).0;
        let across = d.dot(n);
        let denominator = 1.0 - across * across;
        if denominator < 1e-6 {
            continue;
        }
        let along = (across * from.dot(d) - from.dot(n)) / denominator;
        let along = along.clamp(0.0, length);
        let nearest = from + n * along;
        let distance = (nearest - d * nearest.dot(d)).length();
        if distance < NEEDLE_RADIUS_MM {
            let chord = 2.0 * (NEEDLE_RADIUS_MM.powi(2) - distance * distance).sqrt();
            let longest = length;
            *value += (IRON_PER_MM * (chord / denominator.sqrt()).min(longest)) as f32;
        }
    }
}

/// A Gaussian blur of `sigma` pixels.
fn blurred(values: &[f64], size: [usize; 2], sigma: f64) -> Vec<f64> {
    let [columns, rows] = size;
    let radius = (3.0 * sigma).ceil() as i64;
    let bell: Vec<f64> = (-radius..=radius)
        .map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp())
        .collect();
    let sum: f64 = bell.iter().sum();
    let mut now = values.to_vec();
    for (count, stride, lines, jump) in [(columns, 1, rows, columns), (rows, columns, columns, 1)] {
        let old = now.clone();
        for line in 0..lines {
            for at in 0..count as i64 {
                let tap = |x: i64| {
                    old[line * jump + (at + x).clamp(0, count as i64 - 1) as usize * stride]
                };
                let value: f64 = (-radius..=radius)
                    .zip(&bell)
                    .map(|(x, bell)| bell * tap(x))
                    .sum();
                now[line * jump + at as usize * stride] = value / sum;
            }
        }
    }
    now
}

/// The same for a wide blur: on blocks of 8 × 8 pixels, linear between their middles.
fn widely_blurred(values: &[f64], size: [usize; 2], sigma: f64) -> Vec<f64> {
    const BLOCK: usize = 8;
    let [columns, rows] = size;
    let small = size.map(|n| n / BLOCK);
    let mean = |at: usize| {
        let (row, column) = (at / small[0] * BLOCK, at % small[0] * BLOCK);
        let pixels =
            (0..BLOCK * BLOCK).map(|n| values[(row + n / BLOCK) * columns + column + n % BLOCK]);
        pixels.sum::<f64>() / (BLOCK * BLOCK) as f64
    };
    let means: Vec<f64> = (0..small[0] * small[1]).map(mean).collect();
    let wide = blurred(&means, small, sigma / BLOCK as f64);
    let place = |at: usize, count: usize| {
        let at = ((at as f64 + 0.5) / BLOCK as f64 - 0.5).clamp(0.0, (count - 1) as f64);
        let low = (at as usize).min(count - 2);
        (low, at - low as f64)
    };
    (0..rows * columns)
        .map(|at| {
            let ((row, down), (column, right)) =
                (place(at / columns, small[1]), place(at % columns, small[0]));
            let value = |dr: usize, dc: usize| wide[(row + dr) * small[0] + column + dc];
            let top = value(0, 0) + right * (value(0, 1) - value(0, 0));
            let bottom = value(1, 0) + right * (value(1, 1) - value(1, 0));
            top + down * (bottom - top)
        })
        .collect()
}

/// Points of a box of ±`half_mm` about a point, five each way.
pub fn points_about(middle: Point<Lps>, half_mm: f64) -> Vec<Point<Lps>> {
    let at = |n: usize| (n as f64 / 2.0 - 1.0) * half_mm;
    (0..125)
        .map(|n| middle + stylet::geometry::Vector::new(at(n % 5), at(n / 5 % 5), at(n / 25)))
        .collect()
}
