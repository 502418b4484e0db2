// A picture in colour, put on the screen pixel for pixel, or smoothed where one of its pixels
// stands for several of the screen or several of its pixels for one.

// Known when the pipeline is made: a software rasteriser computes both sides of every branch.
override IS_COARSE: bool = true;
override WANTS_LINEAR_LIGHT: bool = true;

struct Picture {
    // Width and height of the picture, width and height of the screen it covers, in pixels.
    sizes: vec4<f32>,
    // Picture pixels per screen pixel.
    modes: vec4<f32>,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var colors: texture_2d<f32>;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) place: vec2<f32>,
}

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0;
    return Corner(vec4<f32>(at, 0.0, 1.0), vec2<f32>(at.x * 0.5 + 0.5, 0.5 - at.y * 0.5));
}

fn color_at(at: vec2<i32>) -> vec3<f32> {
    let last = vec2<i32>(textureDimensions(colors)) - 1;
    return textureLoad(colors, clamp(at, vec2<i32>(0), last), 0).rgb;
}

fn smoothed(pixel: vec2<f32>) -> vec3<f32> {
    let at = pixel - 0.5;
    let low = floor(at);
    let share = at - low;
    let first = vec2<i32>(low);
    let top = mix(color_at(first), color_at(first + vec2<i32>(1, 0)), share.x);
    let below = mix(color_at(first + vec2<i32>(0, 1)), color_at(first + vec2<i32>(1, 1)), share.x);
    return mix(top, below, share.y);
}

fn linear_light(value: f32) -> f32 {
    if value <= 0.04045 {
        return value / 12.92;
    }
    return pow((value + 0.055) / 1.055, 2.4);
}

@fragment
fn fs_main(corner: Corner) -> @location(0) vec4<f32> {
    let pixel = corner.place * picture.sizes.zw * picture.modes.x;
    var color: vec3<f32>;
    if IS_COARSE {
        color = smoothed(pixel);
    } else {
        color = color_at(vec2<i32>(floor(pixel)));
    }
    if WANTS_LINEAR_LIGHT {
        color = vec3<f32>(linear_light(color.r), linear_light(color.g), linear_light(color.b));
    }
    return vec4<f32>(color, 1.0);
}
