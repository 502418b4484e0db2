//! stub
use super::block::{BLOCK_SAMPLES, CodedBlock};
use crate::codec::CodecError;
pub(super) fn decode(_: &CodedBlock<'_>, _: &mut [u32; BLOCK_SAMPLES]) -> Result<(), CodecError> {
    Err(CodecError::Unsupported("HT".into()))
}
