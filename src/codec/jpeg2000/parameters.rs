//! How tiles are coded: COD, COC, QCD, QCC, RGN and POC markers (ITU-T T.800 A.6).

use super::block::BlockStyle;
use super::codestream::{Bytes, damaged};
use crate::codec::CodecError;

/// Coding style of a component (T.800 Tables A.15 and A.20).
#[derive(Debug, Clone)]
pub(super) struct CodingStyle {
    /// Decompositions of the wavelet transform.
    pub levels: u32,
    /// Code-blocks have at most 2 to these powers columns and rows.
    pub block: (u32, u32),
    pub style: BlockStyle,
    /// Wavelet 5/3 on integers instead of 9/7.
    pub reversible: bool,
    /// Powers of two of the size of precincts, by resolution.
    pub precincts: Vec<(u32, u32)>,
}

/// Quantisation of a component (T.800 Table A.27).
#[derive(Debug, Clone)]
pub(super) struct Quantization {
    /// 0 none, 1 derived from the lowest sub-band, 2 by sub-band.
    style: u32,
    guard_bits: u32,
    /// Exponents and mantissas.
    steps: Vec<(u32, u32)>,
}

impl Quantization {
    /// Exponent and mantissa of a sub-band: of the resolution, and 0 to 2 for HL, LH, HH.
    pub fn step(&self, resolution: u32, band: u32) -> Result<(u32, u32), CodecError> {
        let missing = || damaged("quantisation steps are missing");
        if self.style == 1 {
            // T.800 E-5.
            let &(exponent, mantissa) = self.steps.first().ok_or_else(missing)?;
            let less = resolution.saturating_sub(1);
            let exponent = exponent.checked_sub(less).ok_or_else(missing)?;
            return Ok((exponent, mantissa));
        }
        let index = match resolution {
            0 => 0,
            _ => 3 * (resolution - 1) + 1 + band,
        };
        self.steps.get(index as usize).copied().ok_or_else(missing)
    }

    /// Bit-planes of a sub-band with this exponent (T.800 E-2).
    pub fn planes(&self, exponent: u32) -> u32 {
        (self.guard_bits + exponent).saturating_sub(1)
    }
}

/// Everything about one component.
#[derive(Debug, Clone, Default)]
pub(super) struct ComponentParameters {
    pub coding: Option<CodingStyle>,
    pub quantization: Option<Quantization>,
    /// Bits that a region of interest is shifted up by.
    pub region_shift: u32,
    own_coding: bool,
    own_quantization: bool,
}

/// A volume of packets and their order (T.800 A.6.6).
#[derive(Debug, Clone)]
pub(super) struct Progression {
    pub resolutions: (u32, u32),
    pub components: (u32, u32),
    pub layers: u32,
    pub order: u32,
}

/// Parameters of the image, or of one tile.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub order: u32,
    pub layers: u32,
    /// The first three components are luma and chroma.
    pub transformed: bool,
    pub has_cod: bool,
    pub components: Vec<ComponentParameters>,
    pub changes: Vec<Progression>,
    /// Packet headers in tile-part headers (PPT), with their numbers.
    pub packed: Vec<u8>,
    pub has_packed: bool,
}

impl Parameters {
    pub fn new(components: usize) -> Self {
        Self {
            order: 0,
            layers: 0,
            transformed: false,
            has_cod: false,
            components: vec![ComponentParameters::default(); components],
            changes: Vec::new(),
            packed: Vec::new(),
            has_packed: false,
        }
    }

    /// Those of a tile before its own markers: they go before those of the main header, whether
    /// for one component or for all (T.800 A.6.1 and A.6.4).
    pub fn for_tile(&self) -> Self {
        let mut tile = self.clone();
        for component in &mut tile.components {
            component.own_coding = false;
            component.own_quantization = false;
        }
        tile
    }

    /// Takes a marker segment in; others than those of interest are skipped.
    pub fn read(&mut self, marker: u32, segment: &[u8], in_tile: bool) -> Result<(), CodecError> {
        let mut bytes = Bytes(segment);
        match marker {
            0xFF52 => self.read_cod(&mut bytes),
            0xFF53 => {
                let index = self.component_index(&mut bytes)?;
                let own_precincts = bytes.u8()? & 1 != 0;
                let coding = read_coding(&mut bytes, own_precincts)?;
                let component = self.component(index)?;
                component.coding = Some(coding);
                component.own_coding = true;
                Ok(())
            }
            0xFF5C => {
                let quantization = read_quantization(&mut bytes)?;
                for component in self.components.iter_mut().filter(|c| !c.own_quantization) {
                    component.quantization = Some(quantization.clone());
                }
                Ok(())
            }
            0xFF5D => {
                let index = self.component_index(&mut bytes)?;
                let quantization = read_quantization(&mut bytes)?;
                let component = self.component(index)?;
                component.quantization = Some(quantization);
                component.own_quantization = true;
                Ok(())
            }
            0xFF5E => {
                let index = self.component_index(&mut bytes)?;
                if bytes.u8()? != 0 {
                    return Err(damaged("a region of interest has an unknown style"));
                }
                self.component(index)?.region_shift = bytes.u8()?;
                Ok(())
            }
            0xFF5F => self.read_changes(&mut bytes),
            0xFF61 if in_tile => {
                self.packed.extend(segment.iter().skip(1));
                self.has_packed = true;
                Ok(())
            }
            0xFF72..=0xFF79 => Err(CodecError::Unsupported(
                "JPEG 2000 Part 2 coding (ITU-T T.801)".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn component(&mut self, index: usize) -> Result<&mut ComponentParameters, CodecError> {
        (self.components.get_mut(index)).ok_or_else(|| damaged("a marker names no component"))
    }

    fn component_index(&self, bytes: &mut Bytes<'_>) -> Result<usize, CodecError> {
        let index = if self.components.len() < 257 {
            bytes.u8()?
        } else {
            bytes.u16()?
        };
        Ok(index as usize)
    }

    fn read_cod(&mut self, bytes: &mut Bytes<'_>) -> Result<(), CodecError> {
        // SOP and EPH markers are skipped where they are found.
        let style = bytes.u8()?;
        self.order = bytes.u8()?;
        self.layers = bytes.u16()?;
        let transform = bytes.u8()?;
        let coding = read_coding(bytes, style & 1 != 0)?;
        if self.order > 4 || self.layers == 0 || transform > 1 {
            return Err(damaged("the coding style is not one of the standard"));
        }
        self.transformed = transform == 1;
        self.has_cod = true;
        for component in self.components.iter_mut().filter(|c| !c.own_coding) {
            component.coding = Some(coding.clone());
        }
        Ok(())
    }

    fn read_changes(&mut self, bytes: &mut Bytes<'_>) -> Result<(), CodecError> {
        let wide = self.components.len() >= 257;
        while !bytes.0.is_empty() {
            let component = |bytes: &mut Bytes<'_>| if wide { bytes.u16() } else { bytes.u8() };
            let first_resolution = bytes.u8()?;
            let first_component = component(bytes)?;
            let layers = bytes.u16()?;
            let last_resolution = bytes.u8()?;
            let last_component = match component(bytes)? {
                0 => 256,
                last => last,
            };
            let order = bytes.u8()?;
            if order > 4 {
                return Err(damaged("a progression is not one of the standard"));
            }
            self.changes.push(Progression {
                resolutions: (first_resolution, last_resolution),
                components: (first_component, last_component),
                layers,
                order,
            });
        }
        Ok(())
    }

    /// Whether all that a tile needs is there.
    pub fn check(&self) -> Result<(), CodecError> {
        let complete = |c: &ComponentParameters| c.coding.is_some() && c.quantization.is_some();
        if self.has_cod && self.components.iter().all(complete) {
            Ok(())
        } else {
            Err(damaged("coding style or quantisation is missing"))
        }
    }
}

fn read_coding(bytes: &mut Bytes<'_>, own_precincts: bool) -> Result<CodingStyle, CodecError> {
    let levels = bytes.u8()?;
    let block = ((bytes.u8()? & 0xF) + 2, (bytes.u8()? & 0xF) + 2);
    let style = BlockStyle(bytes.u8()? as u8);
    let transform = bytes.u8()?;
    if levels > 32 || block.0.max(block.1) > 10 || block.0 + block.1 > 12 || transform > 1 {
        return Err(damaged("the coding style is not one of the standard"));
    }
    if style.0 & 0x80 != 0 {
        let what = "JPEG 2000 that mixes block coders (ITU-T T.814)";
        return Err(CodecError::Unsupported(what.to_owned()));
    }
    let precincts = (0..=levels).map(|_| {
        let byte = if own_precincts { bytes.u8()? } else { 0xFF };
        Ok((byte & 0xF, byte >> 4))
    });
    let precincts: Vec<(u32, u32)> = precincts.collect::<Result<_, CodecError>>()?;
    if precincts.iter().skip(1).any(|&(x, y)| x == 0 || y == 0) {
        return Err(damaged("a precinct is too small to hold its sub-bands"));
    }
    Ok(CodingStyle {
        levels,
        block,
        style,
        reversible: transform == 1,
        precincts,
    })
}

fn read_quantization(bytes: &mut Bytes<'_>) -> Result<Quantization, CodecError> {
    let byte = bytes.u8()?;
    let (style, guard_bits) = (byte & 31, byte >> 5);
    let mut steps = Vec::new();
    while !bytes.0.is_empty() {
        steps.push(if style == 0 {
            (bytes.u8()? >> 3, 0)
        } else {
            let step = bytes.u16()?;
            (step >> 11, step & 0x7FF)
        });
    }
    if style > 2 {
        return Err(damaged("the quantisation is not one of the standard"));
    }
    Ok(Quantization {
        style,
        guard_bits,
        steps,
    })
}
