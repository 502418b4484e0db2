//! Headers of NIfTI-1 and NIfTI-2 files (nifti.nimh.nih.gov; nifti1.h, nifti2.h): size, type,
//! scaling and place.

use crate::geometry::{Lps, Transform, Voxel};
use glam::{DMat3, DQuat, DVec3};

/// Bytes of a header.
const NIFTI_1: usize = 348;
const NIFTI_2: usize = 540;
/// More voxels than any label map has.
const MOST_VOXELS: u64 = 1 << 31;
/// No voxel of a patient is farther from the origin, in mm.
const FARTHEST_MM: f64 = 1e5;

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Stored {
    fn of(code: i64) -> Result<Self, String> {
        Ok(match code {
            2 => Self::U8,
            256 => Self::I8,
            512 => Self::U16,
            4 => Self::I16,
            768 => Self::U32,
            8 => Self::I32,
            1280 => Self::U64,
            1024 => Self::I64,
            16 => Self::F32,
            64 => Self::F64,
            _ => {
                return Err(format!(
                    "values of type {code} are not read; save whole numbers"
                ));
            }
        })
    }

    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// What a header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NiftiHeader {
    pub big_endian: bool,
    /// Columns, rows, slices.
    pub size: [usize; 3],
    pub stored: Stored,
    /// Value = slope · stored + intercept.
    pub slope: f64,
    pub intercept: f64,
    /// Where the values begin.
    pub offset: u64,
    /// Bytes of the header, after which extensions may come.
    pub header_bytes: usize,
    /// Voxel → patient.
    pub lps_from_voxel: Transform<Lps, Voxel>,
    /// The two places that a file may state differ by this much at its corners, mm.
    pub disagreement_mm: f64,
}

/// Fields by position.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

macro_rules! field {
    ($name:ident, $type:ty) => {
        fn $name(&self, at: usize) -> $type {
            const BYTES: usize = size_of::<$type>();
            let bytes = self.bytes.get(at..at + BYTES);
            let bytes = bytes.and_then(|b| <[u8; BYTES]>::try_from(b).ok());
            let bytes = bytes.unwrap_or_default();
            if self.big_endian {
                <$type>::from_be_bytes(bytes)
            } else {
                <$type>::from_le_bytes(bytes)
            }
        }
    };
}

impl Fields<'_> {
    field!(i16, i16);
    field!(i32, i32);
    field!(i64, i64);
    field!(f32, f32);
    field!(f64, f64);
}

/// Byte order and length of the header a file begins with; `None` for what is no NIfTI.
pub(super) fn form(bytes: &[u8]) -> Option<(bool, usize)> {
    let size = <[u8; 4]>::try_from(bytes.get(..4)?).ok()?;
    let forms = [
        (false, i32::from_le_bytes(size)),
        (true, i32::from_be_bytes(size)),
    ];
    forms.into_iter().find_map(|(big_endian, size)| {
        let (length, mark, at): (usize, &[u8], usize) = match size {
            348 => (NIFTI_1, b"n", 344),
            540 => (NIFTI_2, b"n", 4),
            _ => return None,
        };
        bytes
            .get(at..)?
            .starts_with(mark)
            .then_some((big_endian, length))
    })
}

/// Reads a header. The error is a sentence.
pub(super) fn read(bytes: &[u8]) -> Result<NiftiHeader, String> {
    let (big_endian, header_bytes) = form(bytes).ok_or("it does not begin like a NIfTI file")?;
    if bytes.len() < header_bytes {
        return Err("it ends within its header; copy it again".to_owned());
    }
    let fields = Fields { bytes, big_endian };
    let first = header_bytes == NIFTI_1;
    let mark = if first {
        bytes.get(344..348)
    } else {
        bytes.get(4..8)
    };
    match mark {
        Some(b"n+1\0" | b"n+2\0") => {}
        _ => {
            let reason = "it is a pair of .hdr and .img; save it as one .nii or .nii.gz";
            return Err(reason.to_owned());
        }
    }
    let dim = |index: usize| {
        if first {
            i64::from(fields.i16(40 + 2 * index))
        } else {
            fields.i64(16 + 8 * index)
        }
    };
    let size = size(dim)?;
    let real = |one: usize, two: usize| {
        if first {
            f64::from(fields.f32(one))
        } else {
            fields.f64(two)
        }
    };
    let code = |one: usize, two: usize| {
        if first {
            i64::from(fields.i16(one))
        } else {
            i64::from(fields.i32(two))
        }
    };
    let stored = Stored::of(i64::from(fields.i16(if first { 70 } else { 12 })))?;
    let offset = if first {
        f64::from(fields.f32(108)) as i64
    } else {
        fields.i64(168)
    };
    let slope = real(112, 176);
    let intercept = real(116, 184);
    let (slope, intercept) = match slope {
        // 0 says that the values are not scaled.
        slope if slope != 0.0 && slope.is_finite() && intercept.is_finite() => (slope, intercept),
        _ => (1.0, 0.0),
    };
    let units = if first {
        i64::from(bytes.get(123).copied().unwrap_or(0))
    } else {
        code(0, 500)
    };
    // Low three bits: metres, millimetres, micrometres; unknown ones are millimetres in practice.
    let mm = match units & 7 {
        1 => 1000.0,
        3 => 0.001,
        _ => 1.0,
    };
    let pixdim: [f64; 4] = std::array::from_fn(|i| real(76 + 4 * i, 104 + 8 * i));
    let q: [f64; 6] = std::array::from_fn(|i| real(256 + 4 * i, 352 + 8 * i));
    let rows: [f64; 12] = std::array::from_fn(|i| real(280 + 4 * i, 400 + 8 * i));
    let by_quaternion = (code(252, 344) > 0)
        .then(|| quaternion(pixdim, q))
        .flatten();
    let by_rows = (code(254, 348) > 0).then(|| {
        let column = |i: usize| DVec3::new(rows[i], rows[4 + i], rows[8 + i]);
        [column(0), column(1), column(2), column(3)]
    });
    let Some(chosen) = by_rows.or(by_quaternion) else {
        let reason = "it does not say where it lies (no sform, no qform); save it with its place";
        return Err(reason.to_owned());
    };
    let disagreement_mm = match (by_rows, by_quaternion) {
        (Some(a), Some(b)) => farthest_apart(&a, &b, size) * mm,
        _ => 0.0,
    };
    // From right, anterior, superior to left, posterior, superior.
    let [x, y, z, origin] = chosen.map(|v| DVec3::new(-v.x, -v.y, v.z) * mm);
    let all = [x, y, z, origin];
    let step = |v: DVec3| (1e-4..=1e3).contains(&v.length());
    let possible = all
        .iter()
        .all(|v| v.is_finite() && v.abs().max_element() <= FARTHEST_MM)
        && step(x)
        && step(y)
        && step(z);
    if !possible {
        return Err("its place or voxel size cannot be of a patient; save it again".to_owned());
    }
    Ok(NiftiHeader {
        big_endian,
        size,
        stored,
        slope,
        intercept,
        offset: u64::try_from(offset)
            .unwrap_or(0)
            .max(header_bytes as u64 + 4),
        header_bytes,
        lps_from_voxel: Transform::from_columns(x, y, z, origin),
        disagreement_mm,
    })
}

fn size(dim: impl Fn(usize) -> i64) -> Result<[usize; 3], String> {
    let count = dim(0);
    if !(2..=7).contains(&count) {
        return Err(format!("it says it has {count} dimensions"));
    }
    let along = |index: i64| {
        if index <= count {
            dim(index as usize)
        } else {
            1
        }
    };
    let size = [along(1), along(2), along(3)];
    if let Some(more) = (4..=count).map(along).find(|&n| n != 1) {
        return Err(format!("it holds {more} volumes, not one"));
    }
    if size.iter().any(|n| !(1..=65_535).contains(n)) {
        return Err(format!(
            "it says it has {} × {} × {} voxels",
            size[0], size[1], size[2]
        ));
    }
    if size.iter().map(|&n| n as u64).product::<u64>() > MOST_VOXELS {
        return Err(format!(
            "its {} × {} × {} voxels are more than Stylet reads",
            size[0], size[1], size[2]
        ));
    }
    Ok(size.map(|n| n as usize))
}

/// Columns and origin of method 2 of nifti1.h, right, anterior, superior.
fn quaternion(pixdim: [f64; 4], [b, c, d, x, y, z]: [f64; 6]) -> Option<[DVec3; 4]> {
    let rest = 1.0 - (b * b + c * c + d * d);
    let a = if rest < 1e-7 { 0.0 } else { rest.sqrt() };
    let length = (a * a + b * b + c * c + d * d).sqrt();
    if !(length.is_finite() && (length - 1.0).abs() < 0.01) {
        return None;
    }
    let turned = DMat3::from_quat(DQuat::from_xyzw(b, c, d, a).normalize());
    let sign = if pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    Some([
        turned.x_axis * pixdim[1],
        turned.y_axis * pixdim[2],
        turned.z_axis * pixdim[3] * sign,
        DVec3::new(x, y, z),
    ])
}

/// The largest distance between the corners of two boxes.
fn farthest_apart(a: &[DVec3; 4], b: &[DVec3; 4], size: [usize; 3]) -> f64 {
    let at = |m: &[DVec3; 4], corner: usize| {
        let side = |axis: usize| (size[axis] - 1) as f64 * f64::from((corner >> axis & 1) as u8);
        m[3] + m[0] * side(0) + m[1] * side(1) + m[2] * side(2)
    };
    (0..8)
        .map(|corner| at(a, corner).distance(at(b, corner)))
        .fold(0.0, f64::max)
}
