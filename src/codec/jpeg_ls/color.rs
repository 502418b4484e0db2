//! Colour transforms of the HP application marker ("mrfx"), which the standard does not have but
//! its reference software writes.

use crate::codec::CodecError;

/// How red, green and blue were made smaller to code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Transform {
    #[default]
    None,
    Hp1,
    Hp2,
    Hp3,
}

impl Transform {
    pub fn from_number(number: u8) -> Result<Self, CodecError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Hp1),
            2 => Ok(Self::Hp2),
            3 => Ok(Self::Hp3),
            _ => Err(CodecError::Unsupported(format!(
                "JPEG-LS with colour transform {number}"
            ))),
        }
    }

    /// Three transformed samples with `range` values each → red, green, blue.
    pub fn undo(self, [a, b, c]: [i32; 3], range: i32) -> [i32; 3] {
        let half = range / 2;
        let wrap = |value: i32| value & (range - 1);
        match self {
            Self::None => [a, b, c],
            Self::Hp1 => [wrap(a + b - half), b, wrap(c + b - half)],
            Self::Hp2 => {
                let red = wrap(a + b - half);
                [red, b, wrap(c + ((red + b) >> 1) - half)]
            }
            Self::Hp3 => {
                let green = a - ((c + b) >> 2) + range / 4;
                [wrap(c + green - half), wrap(green), wrap(b + green - half)]
            }
        }
    }
}
