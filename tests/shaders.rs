//! Every shader is valid WGSL, can be told to OpenGL, and its uniform block is as large as its
//! mirror in Rust. Needs no GPU.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails like the test"
)]

use naga::back::glsl;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use stylet::render::color_pass::{COLOR_SHADER, COLOR_UNIFORM_BYTES};
use stylet::render::drr_pass::{DRR_SHADER, DRR_UNIFORM_BYTES};
use stylet::render::ground_pass::GROUND_SHADER;
use stylet::render::mesh_pass::{MESH_SHADER, MESH_UNIFORM_BYTES};
use stylet::render::picture_pass::{PICTURE_SHADER, PICTURE_UNIFORM_BYTES};
use stylet::render::ray_cast_pass::{RAY_CAST_SHADER, RAY_CAST_UNIFORM_BYTES};
use stylet::render::slice_pass::SLICE_SHADER;
use stylet::render::uniforms::SLICE_UNIFORM_BYTES;

const SHADERS: [&str; 7] = [
    GROUND_SHADER,
    SLICE_SHADER,
    PICTURE_SHADER,
    COLOR_SHADER,
    DRR_SHADER,
    MESH_SHADER,
    RAY_CAST_SHADER,
];

fn with_info(source: &str) -> (naga::Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    (module, info)
}

fn validated(source: &str) -> naga::Module {
    with_info(source).0
}

/// An entry point in the language of OpenGL, as the graphics library makes it on machines that
/// have nothing else.
fn glsl(source: &str, entry: usize, version: glsl::Version) -> String {
    let (module, info) = with_info(source);
    let point = &module.entry_points[entry];
    let (name, stage) = (point.name.clone(), point.stage);
    let only = Some((stage, &*name));
    // Constants that a pipeline sets have values of their own here.
    let constants = Default::default();
    let (module, info) =
        naga::back::pipeline_constants::process_overrides(&module, &info, only, &constants)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    let variables = module.global_variables.iter();
    let bindings = variables.filter_map(|(_, variable)| variable.binding);
    let options = glsl::Options {
        version,
        writer_flags: glsl::WriterFlags::ADJUST_COORDINATE_SPACE
            | glsl::WriterFlags::FORCE_POINT_SIZE,
        binding_map: bindings.zip(0..).collect(),
        zero_initialize_workgroup_memory: true,
    };
    let wanted = glsl::PipelineOptions {
        shader_stage: stage,
        entry_point: name.clone(),
        multiview: None,
    };
    let policies = naga::proc::BoundsCheckPolicies::default();
    let mut text = String::new();
    glsl::Writer::new(&mut text, &module, &info, &options, &wanted, policies)
        .and_then(|mut writer| writer.write())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    text
}

#[test]
fn every_shader_can_be_told_to_opengl() {
    let embedded = |version| glsl::Version::Embedded {
        version,
        is_webgl: false,
    };
    for source in SHADERS {
        for entry in 0..validated(source).entry_points.len() {
            for version in [embedded(300), embedded(310), glsl::Version::Desktop(330)] {
                let text = glsl(source, entry, version);
                assert!(text.contains("void main()"), "{text}");
            }
        }
    }
}

#[test]
fn the_slice_shader_is_valid_and_has_its_entry_points() {
    let module = validated(SLICE_SHADER);
    let mut names: Vec<&str> = module.entry_points.iter().map(|e| &*e.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["fs_grey", "fs_value", "vs_main"]);
    for shader in SHADERS {
        validated(shader);
    }
}

/// Bytes of the uniform blocks of a shader, in their order.
fn uniform_sizes(shader: &str) -> Vec<usize> {
    let module = validated(shader);
    let uniforms = module
        .global_variables
        .iter()
        .filter(|(_, variable)| variable.space == naga::AddressSpace::Uniform);
    uniforms
        .map(|(_, uniform)| module.types[uniform.ty].inner.size(module.to_ctx()) as usize)
        .collect()
}

#[test]
fn the_uniform_blocks_are_as_large_as_their_mirrors() {
    for (shader, bytes) in [
        (SLICE_SHADER, SLICE_UNIFORM_BYTES),
        (PICTURE_SHADER, PICTURE_UNIFORM_BYTES),
        (COLOR_SHADER, COLOR_UNIFORM_BYTES),
        (DRR_SHADER, DRR_UNIFORM_BYTES),
        (RAY_CAST_SHADER, RAY_CAST_UNIFORM_BYTES),
    ] {
        assert_eq!(uniform_sizes(shader), [bytes]);
    }
    assert_eq!(uniform_sizes(MESH_SHADER), MESH_UNIFORM_BYTES);
}

/// A constant of a shader.
fn number(shader: &str, name: &str) -> f64 {
    let line = shader
        .lines()
        .find(|line| line.starts_with(&format!("const {name}:")));
    let value = line.unwrap().split('=').nth(1).unwrap();
    value.trim().trim_end_matches([';', 'u']).parse().unwrap()
}

#[test]
fn the_shaders_constants_are_those_of_the_oracle() {
    use stylet::render::mesh_scene;
    use stylet::volume::sample::{MISSING_SHARE, TIE_BIAS};
    assert_eq!(number(SLICE_SHADER, "TIE_BIAS"), TIE_BIAS);
    assert_eq!(number(SLICE_SHADER, "MISSING_SHARE"), MISSING_SHARE);
    for (name, wanted) in [
        ("AMBIENT", mesh_scene::AMBIENT),
        ("DIFFUSE", mesh_scene::DIFFUSE),
        ("SHINE", mesh_scene::SHINE),
        ("SHINE_POWER", mesh_scene::SHINE_POWER),
        ("INSIDE", mesh_scene::INSIDE),
        ("FADE", mesh_scene::FADE),
        ("RIM", mesh_scene::RIM),
    ] {
        assert_eq!(number(MESH_SHADER, name) as f32, wanted, "{name}");
    }
    for (name, wanted) in [
        ("AMBIENT", f64::from(mesh_scene::AMBIENT)),
        ("DIFFUSE", f64::from(mesh_scene::DIFFUSE)),
        ("SHINE", f64::from(mesh_scene::SHINE)),
        ("SHINE_POWER", f64::from(mesh_scene::SHINE_POWER)),
        ("FADE", f64::from(mesh_scene::FADE)),
        ("EVEN", f64::from(mesh_scene::EVEN)),
        ("MOST_VEILS", mesh_scene::MOST_VEILS as f64),
        (
            "BLOCK_CELLS",
            stylet::volume::block_ranges::BLOCK_CELLS as f64,
        ),
        (
            "LAST_ENTRY",
            (stylet::render::transfer_table::TABLE_ENTRIES - 1) as f64,
        ),
    ] {
        let found = number(RAY_CAST_SHADER, name);
        assert!((found - wanted).abs() < 1e-7, "{name}: {found}");
    }
}
