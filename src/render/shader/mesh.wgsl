// Surfaces under a light at the viewer's place. render::cpu::mesh does the same on the processor
// and is what this is tested against; the constants are those of render::mesh_scene.

const AMBIENT: f32 = 0.26;
const DIFFUSE: f32 = 0.74;
const SHINE: f32 = 0.10;
const SHINE_POWER: f32 = 24.0;
const INSIDE: f32 = 0.62;
const FADE: f32 = 0.38;
const RIM: f32 = 0.55;

struct View {
    // mm from the target to clip coordinates.
    clip_from_target: mat4x4<f32>,
    // Directions of the picture in patient space.
    right: vec4<f32>,
    down: vec4<f32>,
    forward: vec4<f32>,
    // Patient point in the middle of the picture.
    focus: vec4<f32>,
    // Half the width and height in pixels; slant of the rays a pixel.
    picture: vec4<f32>,
}

struct Item {
    // Red, green, blue, opacity.
    color: vec4<f32>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(1) @binding(0) var<uniform> item: Item;

struct Corner {
    // The depth is drawn first and compared with afterwards: both passes must come to the same.
    @invariant @builtin(position) position: vec4<f32>,
    @location(0) normal: vec3<f32>,
    @location(1) color: vec4<f32>,
}

@vertex
fn vs_main(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) color: vec4<f32>,
) -> Corner {
    let at = view.clip_from_target * vec4<f32>(position - view.focus.xyz, 1.0);
    let turned = vec3<f32>(
        dot(normal, view.right.xyz),
        dot(normal, view.down.xyz),
        dot(normal, view.forward.xyz),
    );
    return Corner(at, turned, color);
}

fn shaded(corner: Corner) -> vec4<f32> {
    let off = (corner.position.xy - view.picture.xy) * view.picture.z;
    let ray = normalize(vec3<f32>(off, 1.0));
    var normal = corner.normal;
    let length = length(normal);
    normal = select(vec3<f32>(0.0), normal / max(length, 1e-20), length > 1e-20);
    let along = dot(normal, ray);
    let facing = min(abs(along), 1.0);
    let side = select(1.0, INSIDE, along > 0.0);
    let light = (AMBIENT + DIFFUSE * facing) * side;
    let shine = SHINE * pow(facing, SHINE_POWER) * side;
    let base = item.color.rgb * corner.color.rgb;
    let color = (base * light + vec3<f32>(shine)) * (1.0 - FADE * corner.position.z);
    var opacity = item.color.a * corner.color.a;
    if opacity < 1.0 {
        let edge = (1.0 - facing) * (1.0 - facing);
        opacity += min(opacity, 1.0 - opacity) * RIM * edge;
    }
    return vec4<f32>(color, opacity);
}

@fragment
fn fs_main(corner: Corner) -> @location(0) vec4<f32> {
    return shaded(corner);
}

// What the ray caster reads: the depth as the bits of the number, since OpenGL reads no texels of
// depth textures, and whole numbers are writable on every adapter.
struct Layer {
    @location(0) color: vec4<f32>,
    @location(1) depth_bits: u32,
}

@fragment
fn fs_layer(corner: Corner) -> Layer {
    return Layer(shaded(corner), bitcast<u32>(corner.position.z));
}
