// A grey picture made by the processor, put on the screen pixel for pixel, or smoothed where one
// of its pixels stands for several of the screen. Fetches texels instead of sampling: on a
// software rasteriser that is several times cheaper.

// Known when the pipeline is made: a software rasteriser computes both sides of every branch.
override IS_COARSE: bool = true;
override WANTS_LINEAR_LIGHT: bool = true;

struct Picture {
    // Width and height on the screen in pixels, screen pixels a picture pixel.
    screen: vec4<u32>,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var greys: texture_2d<u32>;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) place: vec2<f32>,
}

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> Corner {
    let at = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u)) * 2.0 - 1.0;
    return Corner(vec4<f32>(at, 0.0, 1.0), vec2<f32>(at.x * 0.5 + 0.5, 0.5 - at.y * 0.5));
}

fn grey_at(at: vec2<i32>) -> f32 {
    let last = vec2<i32>(textureDimensions(greys)) - 1;
    return f32(textureLoad(greys, clamp(at, vec2<i32>(0), last), 0).r);
}

fn smoothed(pixel: vec2<f32>) -> f32 {
    let at = pixel / f32(picture.screen.z) - 0.5;
    let low = floor(at);
    let share = at - low;
    let first = vec2<i32>(low);
    let top = mix(grey_at(first), grey_at(first + vec2<i32>(1, 0)), share.x);
    let below = mix(grey_at(first + vec2<i32>(0, 1)), grey_at(first + vec2<i32>(1, 1)), share.x);
    return mix(top, below, share.y);
}

fn linear_light(grey: f32) -> f32 {
    if grey <= 0.04045 {
        return grey / 12.92;
    }
    return pow((grey + 0.055) / 1.055, 2.4);
}

@fragment
fn fs_main(corner: Corner) -> @location(0) vec4<f32> {
    let pixel = corner.place * vec2<f32>(picture.screen.xy);
    var grey: f32;
    if IS_COARSE {
        grey = smoothed(pixel) / 255.0;
    } else {
        grey = grey_at(vec2<i32>(floor(pixel))) / 255.0;
    }
    if WANTS_LINEAR_LIGHT {
        grey = linear_light(grey);
    }
    return vec4<f32>(grey, grey, grey, 1.0);
}
