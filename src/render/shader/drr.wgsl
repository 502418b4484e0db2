// Line integrals of attenuation along the rays of a cone beam, by Joseph's method as in
// src/volume/drr. Written by render::drr_pass.

struct Drr {
    // In cells of the texture: source; source to the first pixel's centre; steps to the next
    // column and to the next row.
    source: vec4<f32>,
    first: vec4<f32>,
    right: vec4<f32>,
    down: vec4<f32>,
    // Cells of the texture, and zeros at either end of each axis.
    size: vec4<f32>,
    // mm: distance of the receptor from the source, size of a pixel's columns and rows; the
    // attenuation of one unit of a cell, 1/mm.
    scale: vec4<f32>,
    // Column and row that the central ray meets.
    center: vec4<f32>,
}

@group(0) @binding(0) var<uniform> drr: Drr;
@group(0) @binding(1) var cells: texture_3d<u32>;

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0;
    return vec4<f32>(at, 0.0, 1.0);
}

// The axis that a ray runs along most first.
fn turned(v: vec3<f32>, main: u32) -> vec3<f32> {
    if main == 0u {
        return v;
    }
    if main == 1u {
        return v.yxz;
    }
    return v.zxy;
}

fn cell(at: vec3<f32>, main: u32) -> f32 {
    var place = at;
    if main == 1u {
        place = at.yxz;
    } else if main == 2u {
        place = at.yzx;
    }
    return f32(textureLoad(cells, vec3<i32>(place), 0).r);
}

fn between(a: f32, b: f32, share: f32) -> f32 {
    return a + share * (b - a);
}

@fragment
fn fs_integral(@builtin(position) position: vec4<f32>) -> @location(0) u32 {
    let pixel = floor(position.xy);
    let ray = drr.first.xyz + drr.right.xyz * pixel.x + drr.down.xyz * pixel.y;
    let along = abs(ray);
    var main = 2u;
    if along.x >= along.y && along.x >= along.z {
        main = 0u;
    } else if along.y >= along.z {
        main = 1u;
    }
    let source = turned(drr.source.xyz, main);
    let direction = turned(ray, main);
    let size = turned(drr.size.xyz, main);
    let border = drr.size.w;
    if direction.x == 0.0 {
        return 0u;
    }
    let step = direction.yz / direction.x;

    // Planes between source and receptor, within the volume, and where the ray is in it.
    var low = max(border, min(source.x, source.x + direction.x));
    var high = min(size.x - 1.0 - border, max(source.x, source.x + direction.x));
    for (var axis = 0u; axis < 2u; axis++) {
        let start = source[axis + 1u];
        let last = size[axis + 1u] - border;
        if abs(step[axis]) > 1e-6 {
            let a = source.x + (border - 1.0 - start) / step[axis];
            let b = source.x + (last - start) / step[axis];
            low = max(low, min(a, b) - 1.0);
            high = min(high, max(a, b) + 1.0);
        }
    }
    let most = size.yz - border;
    var sum = 0.0;
    for (var plane = ceil(low); plane <= high; plane += 1.0) {
        // The border reads 0 from 1 down and from `most` up.
        let at = clamp(source.yz + (plane - source.x) * step, vec2<f32>(1.0), most);
        let below = floor(at);
        let share = at - below;
        let near = between(
            cell(vec3<f32>(plane, below), main),
            cell(vec3<f32>(plane, below + vec2<f32>(0.0, 1.0)), main),
            share.y,
        );
        let far = between(
            cell(vec3<f32>(plane, below + vec2<f32>(1.0, 0.0)), main),
            cell(vec3<f32>(plane, below + vec2<f32>(1.0, 1.0)), main),
            share.y,
        );
        sum += between(near, far, share.x);
    }
    let aside = (pixel - drr.center.xy) * drr.scale.yz;
    let step_mm = length(vec3<f32>(aside, drr.scale.x)) / abs(direction.x);
    // Bits of the number: unlike float targets, whole numbers are writable on every adapter.
    return bitcast<u32>(sum * step_mm * drr.scale.w);
}
