// One slice or slab of a volume, sampled as in src/volume/sample.rs. Written by render::slice_pass.

struct Slice {
    // Voxel below the first sample of the top-left pixel, whole numbers, and the rest.
    cell: vec4<f32>,
    within: vec4<f32>,
    // Steps in voxels to the next pixel, pixel row and slab sample: a part of few bits, whose
    // products are exact, and the small remainder.
    right_coarse: vec4<f32>,
    right_fine: vec4<f32>,
    down_coarse: vec4<f32>,
    down_fine: vec4<f32>,
    along_coarse: vec4<f32>,
    along_fine: vec4<f32>,
    // Columns, rows, slices of the volume; samples of the slab.
    size: vec4<i32>,
    // Combination, interpolation, voxel type, shape of the grey curve.
    modes: vec4<u32>,
    // Width and height of the picture, width of the stripes, whether to write linear light.
    picture: vec4<u32>,
    // Centre, scale, offset of the grey curve; 1 to invert.
    curve: vec4<f32>,
    // Slope, intercept of the modality LUT; grey of background and of stripes.
    lut: vec4<f32>,
}

const GREATEST: u32 = 0u;
const LEAST: u32 = 1u;

const NEAREST: u32 = 0u;

const UNSIGNED: u32 = 1u;
const FLOAT: u32 = 2u;

const RAMP: u32 = 0u;
const STEP: u32 = 1u;
const TABLE: u32 = 3u;

const OUTSIDE: u32 = 0u;
const VALUED: u32 = 1u;
const MISSING: u32 = 2u;

// As TIE_BIAS and MISSING_SHARE in src/volume/sample.rs.
const TIE_BIAS: f32 = 1.52587890625e-5;
const MISSING_SHARE: f32 = 1e-3;

@group(0) @binding(0) var<uniform> slice: Slice;
@group(0) @binding(1) var whole_voxels: texture_3d<i32>;
@group(0) @binding(2) var float_voxels: texture_3d<f32>;
// 1 for each slice that has been read.
@group(0) @binding(3) var present: texture_2d<u32>;
// Greys of a table, 256 a row; a single one where the curve is none.
@group(0) @binding(4) var table: texture_2d<u32>;

struct Corner {
    @builtin(position) position: vec4<f32>,
    // 0 to 1 from the top-left corner of the viewport.
    @location(0) place: vec2<f32>,
}

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0;
    return Corner(vec4<f32>(at, 0.0, 1.0), vec2<f32>(at.x * 0.5 + 0.5, 0.5 - at.y * 0.5));
}

struct Sample {
    stored: f32,
    state: u32,
}

fn stored_at(voxel: vec3<i32>) -> f32 {
    if slice.modes.z == FLOAT {
        return textureLoad(float_voxels, voxel, 0).r;
    }
    let bits = textureLoad(whole_voxels, voxel, 0).r;
    if slice.modes.z == UNSIGNED {
        return f32(bits & 0xffff);
    }
    return f32(bits);
}

fn is_present(index: i32) -> bool {
    return textureLoad(present, vec2<i32>(index, 0), 0).r != 0u;
}

fn between(a: f32, b: f32, share: f32) -> f32 {
    return a + share * (b - a);
}

fn in_slice(low: vec2<i32>, high: vec2<i32>, index: i32, share: vec2<f32>) -> f32 {
    let top = between(
        stored_at(vec3<i32>(low.x, low.y, index)),
        stored_at(vec3<i32>(high.x, low.y, index)),
        share.x,
    );
    let bottom = between(
        stored_at(vec3<i32>(low.x, high.y, index)),
        stored_at(vec3<i32>(high.x, high.y, index)),
        share.x,
    );
    return between(top, bottom, share.y);
}

fn sample_at(pixel: vec2<f32>, number: f32) -> Sample {
    let across = slice.right_coarse.xyz * pixel.x;
    let down = slice.down_coarse.xyz * pixel.y;
    let along = slice.along_coarse.xyz * number;
    var cell = slice.cell.xyz + floor(across) + floor(down) + floor(along);
    var within = slice.within.xyz + (across - floor(across)) + (down - floor(down))
        + (along - floor(along))
        + slice.right_fine.xyz * pixel.x + slice.down_fine.xyz * pixel.y
        + slice.along_fine.xyz * number;
    let carry = floor(within);
    cell += carry;
    within -= carry;

    let size = vec3<f32>(slice.size.xyz);
    let closest = cell + floor(within + (0.5 + TIE_BIAS));
    if any(closest < vec3<f32>(0.0)) || any(closest >= size) {
        return Sample(0.0, OUTSIDE);
    }
    if slice.modes.y == NEAREST {
        let voxel = vec3<i32>(closest);
        if !is_present(voxel.z) {
            return Sample(0.0, MISSING);
        }
        return Sample(stored_at(voxel), VALUED);
    }
    let last = size - 1.0;
    // Beyond the outermost centres, these are continued.
    let share = select(within, vec3<f32>(0.0), (cell < vec3<f32>(0.0)) | (cell >= last));
    let low = vec3<i32>(clamp(cell, vec3<f32>(0.0), last));
    let high = min(low + 1, slice.size.xyz - 1);
    let has_near = is_present(low.z);
    let has_far = is_present(high.z);
    if has_near && has_far {
        let near = in_slice(low.xy, high.xy, low.z, share.xy);
        let far = in_slice(low.xy, high.xy, high.z, share.xy);
        return Sample(between(near, far, share.z), VALUED);
    }
    if has_near && share.z <= MISSING_SHARE {
        return Sample(in_slice(low.xy, high.xy, low.z, share.xy), VALUED);
    }
    if has_far && share.z >= 1.0 - MISSING_SHARE {
        return Sample(in_slice(low.xy, high.xy, high.z, share.xy), VALUED);
    }
    return Sample(0.0, MISSING);
}

fn pixel_of(place: vec2<f32>) -> vec2<f32> {
    return floor(place * vec2<f32>(slice.picture.xy));
}

fn combined(pixel: vec2<f32>) -> Sample {
    var found = 0;
    var stored = 0.0;
    var state = OUTSIDE;
    for (var number = 0; number < slice.size.w; number++) {
        let next = sample_at(pixel, f32(number));
        if next.state == VALUED {
            if found == 0 {
                stored = next.stored;
            } else if slice.modes.x == GREATEST {
                stored = max(stored, next.stored);
            } else if slice.modes.x == LEAST {
                stored = min(stored, next.stored);
            } else {
                stored += next.stored;
            }
            found++;
        } else {
            state = max(state, next.state);
        }
    }
    if found == 0 {
        return Sample(0.0, state);
    }
    if slice.modes.x > LEAST {
        stored /= f32(found);
    }
    return Sample(stored, VALUED);
}

fn grey_of(stored: f32) -> f32 {
    let x = (stored - slice.curve.x) * slice.curve.y + slice.curve.z;
    var grey: f32;
    if slice.modes.w == RAMP {
        grey = clamp(x + 0.5, 0.0, 1.0);
    } else if slice.modes.w == STEP {
        grey = select(0.0, 1.0, x > 0.0);
    } else if slice.modes.w == TABLE {
        let index = u32(clamp(floor(x + 0.5), 0.0, 65535.0));
        grey = f32(textureLoad(table, vec2<u32>(index % 256u, index / 256u), 0).r) / 255.0;
    } else {
        grey = 1.0 / (1.0 + exp(clamp(-4.0 * x, -80.0, 80.0)));
    }
    if slice.curve.w != 0.0 {
        grey = 1.0 - grey;
    }
    return floor(grey * 255.0 + 0.5) / 255.0;
}

// IEC 61966-2-1, for targets that encode what is written.
fn linear_light(grey: f32) -> f32 {
    if grey <= 0.04045 {
        return grey / 12.92;
    }
    return pow((grey + 0.055) / 1.055, 2.4);
}

@fragment
fn fs_grey(corner: Corner) -> @location(0) vec4<f32> {
    let pixel = pixel_of(corner.place);
    let found = combined(pixel);
    var grey = slice.lut.z;
    if found.state == VALUED {
        grey = grey_of(found.stored);
    } else if found.state == MISSING {
        let stripe = (u32(pixel.x) + u32(pixel.y)) / slice.picture.z;
        if stripe % 2u == 0u {
            grey = slice.lut.w;
        }
    }
    if slice.picture.w != 0u {
        grey = linear_light(grey);
    }
    return vec4<f32>(grey, grey, grey, 1.0);
}

// Bits of the modality value, and 1 where there is one: unlike float targets, whole numbers are
// writable on every adapter.
@fragment
fn fs_value(corner: Corner) -> @location(0) vec2<u32> {
    let found = combined(pixel_of(corner.place));
    if found.state != VALUED {
        return vec2<u32>(0u, 0u);
    }
    return vec2<u32>(bitcast<u32>(found.stored * slice.lut.x + slice.lut.y), 1u);
}
