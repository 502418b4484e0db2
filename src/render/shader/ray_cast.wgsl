// A volume ray-cast front to back, surfaces among it. render::cpu::ray_cast does the same on the
// processor and is what this is tested against; the light is that of render::mesh_scene.

const AMBIENT: f32 = 0.26;
const DIFFUSE: f32 = 0.74;
const SHINE: f32 = 0.10;
const SHINE_POWER: f32 = 24.0;
const FADE: f32 = 0.38;
const EVEN: f32 = 0.72;

const BLOCK_CELLS: f32 = 8.0;
const LAST_ENTRY: f32 = 4095.0;
const OPAQUE_ENOUGH: f32 = 0.004;
const MOST_SAMPLES: u32 = 100000u;
const MOST_VEILS: u32 = 6u;
const PART_EXTINCTION: f32 = 0.35;
const MOST_PARTS: f32 = 4.0;

const UNSIGNED: u32 = 1u;
const FLOAT: u32 = 2u;

// A place in the table that stands for a missing slice: rounds to the first entry.
const MISSING: f32 = -1e30;

struct Rays {
    // Voxel coordinates of the eye's target; mm between samples.
    origin: vec4<f32>,
    // Steps in voxels: a pixel to the right (and 1 / distance of the viewer), a pixel down (and
    // slant of the rays a pixel), a mm away (and depth before which nothing is drawn).
    right: vec4<f32>,
    down: vec4<f32>,
    forward: vec4<f32>,
    // Turn a gradient per voxel into one per mm to the right, and down.
    across: vec4<f32>,
    below: vec4<f32>,
    // Distance from the cutting plane: at the target, a pixel right, down, a mm away.
    cut: vec4<f32>,
    // Its normal in the view; depth behind which nothing lies.
    cut_normal: vec4<f32>,
    // Greatest voxel coordinates; slope of the depths 0-1.
    last: vec4<f32>,
    // Half the size of the picture, pixels.
    half_size: vec4<f32>,
    // Place in the table = x * stored value + y; gradient of full shading, places per mm.
    field: vec4<f32>,
    background: vec4<f32>,
    // Blocks; veils.
    blocks: vec4<u32>,
    // Voxel type; first visible entry; whether slices are missing.
    modes: vec4<u32>,
}

@group(0) @binding(0) var<uniform> rays: Rays;
@group(0) @binding(1) var whole_voxels: texture_3d<i32>;
@group(0) @binding(2) var float_voxels: texture_3d<f32>;
// 1 for each slice that has been read.
@group(0) @binding(3) var present: texture_2d<u32>;
// Blocks to the nearest visible one.
@group(0) @binding(4) var distances: texture_3d<u32>;
// Rows: entries, running sums, running moments.
@group(0) @binding(5) var table: texture_2d<f32>;

// Depths as the bits of the number: OpenGL reads no texels of depth textures.
@group(1) @binding(0) var opaque_color: texture_2d<f32>;
@group(1) @binding(1) var opaque_depth: texture_2d<u32>;
@group(1) @binding(2) var veil_colors: texture_2d_array<f32>;
@group(1) @binding(3) var veil_depths: texture_2d_array<u32>;

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0;
    return vec4<f32>(at, 0.0, 1.0);
}

struct Ray {
    base: vec3<f32>,
    along: vec3<f32>,
    direction: vec3<f32>,
    stretch: f32,
    start: f32,
    end: f32,
    enters_by_cut: bool,
}

struct Stretch {
    color: vec3<f32>,
    extinction: f32,
    middle: f32,
}

fn stored_at(voxel: vec3<i32>) -> f32 {
    if rays.modes.x == FLOAT {
        return textureLoad(float_voxels, voxel, 0).r;
    }
    let bits = textureLoad(whole_voxels, voxel, 0).r;
    if rays.modes.x == UNSIGNED {
        return f32(bits & 0xffff);
    }
    return f32(bits);
}

fn between(a: f32, b: f32, share: f32) -> f32 {
    return a + share * (b - a);
}

fn in_slice(cell: vec3<i32>, share: vec2<f32>) -> f32 {
    let top = between(stored_at(cell), stored_at(cell + vec3<i32>(1, 0, 0)), share.x);
    let bottom = between(
        stored_at(cell + vec3<i32>(0, 1, 0)),
        stored_at(cell + vec3<i32>(1, 1, 0)),
        share.x,
    );
    return between(top, bottom, share.y);
}

fn place_at(coordinates: vec3<f32>) -> f32 {
    let at = clamp(coordinates, vec3<f32>(0.0), rays.last.xyz * (1.0 - 1e-6));
    let low = floor(at);
    let share = at - low;
    let cell = vec3<i32>(low);
    if rays.modes.z != 0u {
        let here = textureLoad(present, vec2<i32>(cell.z, 0), 0).r;
        let next = textureLoad(present, vec2<i32>(cell.z + 1, 0), 0).r;
        if here == 0u || next == 0u {
            return MISSING;
        }
    }
    let near = in_slice(cell, share.xy);
    let far = in_slice(cell + vec3<i32>(0, 0, 1), share.xy);
    return between(near, far, share.z) * rays.field.x + rays.field.y;
}

fn entry_at(ray: Ray, depth: f32) -> i32 {
    return i32(clamp(place_at(ray.base + ray.along * depth) + 0.5, 0.0, LAST_ENTRY));
}

fn gradient_at(at: vec3<f32>) -> vec3<f32> {
    let x = vec3<f32>(1.0, 0.0, 0.0);
    let y = vec3<f32>(0.0, 1.0, 0.0);
    let z = vec3<f32>(0.0, 0.0, 1.0);
    let per_voxel = 0.5 * vec3<f32>(
        place_at(at + x) - place_at(at - x),
        place_at(at + y) - place_at(at - y),
        place_at(at + z) - place_at(at - z),
    );
    return vec3<f32>(
        dot(rays.across.xyz, per_voxel),
        dot(rays.below.xyz, per_voxel),
        dot(rays.forward.xyz, per_voxel),
    );
}

// What a step between samples at two entries adds; no extinction where nothing.
fn stretch_between(first: i32, second: i32) -> Stretch {
    if abs(second - first) < 2 {
        let own = textureLoad(table, vec2<i32>(second, 0), 0);
        return Stretch(own.rgb, own.a, 0.5);
    }
    let before = textureLoad(table, vec2<i32>(first, 1), 0);
    let after = textureLoad(table, vec2<i32>(second, 1), 0);
    let sum = after.a - before.a;
    if sum == 0.0 {
        return Stretch(vec3<f32>(0.0), 0.0, 0.5);
    }
    let width = f32(second - first);
    let color = clamp((after.rgb - before.rgb) / sum, vec3<f32>(0.0), vec3<f32>(1.0));
    let moment = textureLoad(table, vec2<i32>(second, 2), 0).r
        - textureLoad(table, vec2<i32>(first, 2), 0).r;
    let middle = moment / sum + f32(rays.modes.y);
    return Stretch(color, sum / width, clamp((middle - f32(first)) / width, 0.0, 1.0));
}

fn shown_depth(depth: f32) -> f32 {
    return rays.last.w * (depth - rays.forward.w) / (1.0 + rays.right.w * depth);
}

fn depth_mm(shown: f32) -> f32 {
    return (shown + rays.last.w * rays.forward.w) / (rays.last.w - shown * rays.right.w);
}

fn jitter(pixel: vec2<u32>) -> f32 {
    let mixed = pixel.x ^ pixel.y;
    let order = ((mixed & 1u) << 5u) | ((pixel.y & 1u) << 4u)
        | (((mixed >> 1u) & 1u) << 3u) | (((pixel.y >> 1u) & 1u) << 2u)
        | (((mixed >> 2u) & 1u) << 1u) | ((pixel.y >> 2u) & 1u);
    return (f32(order) + 0.5) / 64.0;
}

// Ends before it starts where it misses the volume.
fn ray_of(pixel: vec2<f32>) -> Ray {
    let off = pixel - rays.half_size.xy;
    let lateral = rays.right.xyz * off.x + rays.down.xyz * off.y;
    var ray: Ray;
    ray.base = rays.origin.xyz + lateral;
    ray.along = rays.forward.xyz + lateral * rays.right.w;
    let slant = off * rays.down.w;
    ray.stretch = sqrt(1.0 + dot(slant, slant));
    ray.direction = vec3<f32>(slant, 1.0) / ray.stretch;
    var enter = rays.forward.w;
    var leave = rays.cut_normal.w;
    for (var axis = 0; axis < 3; axis += 1) {
        let base = ray.base[axis];
        let along = ray.along[axis];
        if along == 0.0 {
            if base < 0.0 || base > rays.last[axis] {
                leave = enter - 1.0;
            }
        } else {
            let low = -base / along;
            let high = (rays.last[axis] - base) / along;
            enter = max(enter, min(low, high));
            leave = min(leave, max(low, high));
        }
    }
    ray.start = enter;
    ray.end = leave;
    ray.enters_by_cut = false;
    let beside = rays.cut.y * off.x + rays.cut.z * off.y;
    let distance = rays.cut.x + beside;
    let rate = rays.cut.w + rays.right.w * beside;
    if rate == 0.0 {
        if distance < 0.0 {
            ray.end = ray.start - 1.0;
        }
    } else {
        let crossing = -distance / rate;
        if rate > 0.0 && crossing > ray.start {
            ray.start = crossing;
            ray.enters_by_cut = true;
        } else if rate < 0.0 {
            ray.end = min(ray.end, crossing);
        }
    }
    return ray;
}

struct Block {
    is_clear: bool,
    exit: f32,
}

// Whether the blocks about a place are clear, and the depth at which a ray leaves them; where they
// are not, at which it leaves the block.
fn block_at(ray: Ray, depth: f32) -> Block {
    let at = max(ray.base + ray.along * depth, vec3<f32>(0.0));
    let block = min(vec3<u32>(at / BLOCK_CELLS), rays.blocks.xyz - 1u);
    let distance = textureLoad(distances, vec3<i32>(block), 0).r;
    let reach = f32(max(distance, 1u) - 1u);
    let here = vec3<f32>(block);
    let low = (here - reach) * BLOCK_CELLS;
    let high = (here + reach + 1.0) * BLOCK_CELLS;
    var exit = 1e30;
    for (var axis = 0; axis < 3; axis += 1) {
        let along = ray.along[axis];
        if along != 0.0 {
            let a = (low[axis] - ray.base[axis]) / along;
            let b = (high[axis] - ray.base[axis]) / along;
            exit = min(exit, max(a, b));
        }
    }
    return Block(distance > 0u, exit);
}

// What share of its colour a place sends to the viewer, and how much gloss beside it.
fn light_at(ray: Ray, depth: f32, at_cut: bool) -> vec2<f32> {
    var facing = 1.0;
    var sharp = 0.0;
    if at_cut {
        facing = min(abs(dot(rays.cut_normal.xyz, ray.direction)), 1.0);
        sharp = 1.0;
    } else {
        let gradient = gradient_at(ray.base + ray.along * depth);
        let length = length(gradient);
        if length > 0.0 && length < 1e20 {
            facing = min(abs(dot(gradient, ray.direction)) / length, 1.0);
            sharp = min(length / rays.field.z, 1.0);
        }
    }
    let light = AMBIENT + DIFFUSE * (EVEN + sharp * (facing - EVEN));
    let shine = SHINE * pow(facing, SHINE_POWER) * sharp;
    let fade = 1.0 - FADE * shown_depth(depth);
    return vec2<f32>(light, shine) * fade;
}

@fragment
fn fs_main(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(floor(position.xy));
    let ground_depth = bitcast<f32>(textureLoad(opaque_depth, pixel, 0).r);
    var behind = rays.background.rgb;
    if ground_depth < 1.0 {
        behind = textureLoad(opaque_color, pixel, 0).rgb;
    }
    // Veils before that, the nearest first.
    var veils: array<vec4<f32>, MOST_VEILS>;
    var depths: array<f32, MOST_VEILS>;
    var count = 0u;
    for (var layer = 0u; layer < min(rays.blocks.w, MOST_VEILS); layer += 1u) {
        let shown = bitcast<f32>(textureLoad(veil_depths, pixel, layer, 0).r);
        let color = textureLoad(veil_colors, pixel, layer, 0);
        if shown >= ground_depth || color.a == 0.0 {
            continue;
        }
        let depth = depth_mm(shown);
        var place = count;
        while place > 0u && depths[place - 1u] > depth {
            depths[place] = depths[place - 1u];
            veils[place] = veils[place - 1u];
            place -= 1u;
        }
        depths[place] = depth;
        veils[place] = color;
        count += 1u;
    }

    var ray = ray_of(vec2<f32>(pixel) + 0.5);
    if ground_depth < 1.0 {
        ray.end = min(ray.end, depth_mm(ground_depth));
    }
    var color = vec3<f32>(0.0);
    var light = 1.0;
    var passed = 0u;
    let step = rays.origin.w / ray.stretch;
    let shift = jitter(vec2<u32>(pixel)) - 1.0;
    var next = 1u;
    var depth = ray.start;
    // The entry of the last sample, -1 where there is none.
    var before = -1;
    // Up to here the block is known to show something.
    var busy_until = -1e30;
    while depth < ray.end && light > OPAQUE_ENOUGH && next < MOST_SAMPLES {
        if depth >= busy_until {
            let here = block_at(ray, depth);
            busy_until = here.exit;
            if here.is_clear {
                let end = u32(max((here.exit - ray.start) / step - shift, 0.0));
                let last = max(end, next - 1u);
                let arrive = min(ray.start + (f32(last + 1u) + shift) * step, ray.end);
                let there = block_at(ray, arrive);
                if there.is_clear {
                    depth = arrive;
                    next = last + 2u;
                    before = -1;
                    busy_until = -1e30;
                    continue;
                }
                if last >= next {
                    depth = ray.start + (f32(last) + shift) * step;
                    next = last + 1u;
                    before = -1;
                }
                busy_until = there.exit;
            }
        }
        let until = min(ray.start + (f32(next) + shift) * step, ray.end);
        var first = before;
        if first < 0 {
            first = entry_at(ray, depth);
        }
        let second = entry_at(ray, until);
        let whole = stretch_between(first, second);
        if whole.extinction > 0.0 {
            let length_mm = (until - depth) * ray.stretch;
            let parts = clamp(ceil(whole.extinction * length_mm / PART_EXTINCTION), 1.0, MOST_PARTS);
            let part = (until - depth) / parts;
            let at_cut = ray.enters_by_cut && depth == ray.start;
            var has_light = false;
            var shade = vec2<f32>(0.0);
            var begin = depth;
            for (var number = 1u; number <= u32(parts); number += 1u) {
                var end = until;
                var after = second;
                if number < u32(parts) {
                    end = depth + part * f32(number);
                    after = entry_at(ray, end);
                }
                var found = whole;
                if parts > 1.0 {
                    found = stretch_between(first, after);
                }
                if found.extinction > 0.0 {
                    let middle = begin + found.middle * (end - begin);
                    while passed < count && depths[passed] < middle {
                        color += veils[passed].rgb * (light * veils[passed].a);
                        light *= 1.0 - veils[passed].a;
                        passed += 1u;
                    }
                    if !has_light {
                        shade = light_at(ray, middle, at_cut);
                        has_light = true;
                    }
                    let opacity = 1.0 - exp(-found.extinction * (end - begin) * ray.stretch);
                    color += (found.color * shade.x + vec3<f32>(shade.y)) * (light * opacity);
                    light *= 1.0 - opacity;
                }
                begin = end;
                first = after;
            }
        }
        before = second;
        depth = until;
        next += 1u;
    }
    while passed < count {
        color += veils[passed].rgb * (light * veils[passed].a);
        light *= 1.0 - veils[passed].a;
        passed += 1u;
    }
    color += behind * light;
    return vec4<f32>(clamp(color, vec3<f32>(0.0), vec3<f32>(1.0)), 1.0);
}
