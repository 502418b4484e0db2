//! Every shader is valid WGSL, and its uniform block is as large as its mirror in Rust. Needs no
//! GPU.

#![expect(clippy::panic, reason = "a helper of a test fails like the test")]

use naga::valid::{Capabilities, ValidationFlags, Validator};
use stylet::render::picture_pass::{PICTURE_SHADER, PICTURE_UNIFORM_BYTES};
use stylet::render::slice_pass::SLICE_SHADER;
use stylet::render::uniforms::SLICE_UNIFORM_BYTES;

fn validated(source: &str) -> naga::Module {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    module
}

#[test]
fn the_slice_shader_is_valid_and_has_its_entry_points() {
    let module = validated(SLICE_SHADER);
    let mut names: Vec<&str> = module.entry_points.iter().map(|e| &*e.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["fs_grey", "fs_value", "vs_main"]);
}

#[test]
fn the_uniform_blocks_are_as_large_as_their_mirrors() {
    for (shader, bytes) in [
        (SLICE_SHADER, SLICE_UNIFORM_BYTES),
        (PICTURE_SHADER, PICTURE_UNIFORM_BYTES),
    ] {
        let module = validated(shader);
        let (_, uniform) = module
            .global_variables
            .iter()
            .find(|(_, variable)| variable.space == naga::AddressSpace::Uniform)
            .unwrap();
        let size = module.types[uniform.ty].inner.size(module.to_ctx());
        assert_eq!(size as usize, bytes);
    }
}

#[test]
fn the_shaders_constants_are_those_of_the_oracle() {
    use stylet::volume::sample::{MISSING_SHARE, TIE_BIAS};
    let number = |name: &str| -> f64 {
        let line = SLICE_SHADER
            .lines()
            .find(|line| line.starts_with(&format!("const {name}:")));
        let value = line.unwrap().split('=').nth(1).unwrap();
        value.trim().trim_end_matches(';').parse().unwrap()
    };
    assert_eq!(number("TIE_BIAS"), TIE_BIAS);
    assert_eq!(number("MISSING_SHARE"), MISSING_SHARE);
}
