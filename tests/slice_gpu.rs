//! The GPU pass draws the same values and greys as the oracle, in every direction, slab mode,
//! interpolation and voxel type. Skipped, visibly, where there is no adapter at all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test fails like the test"
)]

use std::sync::Arc;

use stylet::geometry::{Degrees, Plane, Point, Vector};
use stylet::render::cpu::render_greys;
use stylet::render::offscreen::{offscreen_greys, offscreen_values, upload};
use stylet::render::{
    Display, GreyPicture, PicturePass, RenderContext, RenderError, SlicePass, VolumeTexture,
};
use stylet::study::{LookupTable, VoiFunction, WindowLevel};
use stylet::volume::sample::reslice_exact;
use stylet::volume::synthetic::{StoredAs, SyntheticVolume};
use stylet::volume::{Interpolation, SlabMode, SliceRequest, Volume};

/// Largest accepted difference of a modality value.
const VALUE_TOLERANCE: f32 = 0.02;

/// Accepted share of pixels that fall to the other side of a border.
const OUTLIER_SHARE: f64 = 0.0005;

fn context() -> Option<RenderContext> {
    match RenderContext::offscreen() {
        Ok(context) => Some(context),
        Err(RenderError::NoAdapter { reason }) => {
            println!("SKIPPED: no graphics adapter ({reason})");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A sequence of numbers from 0 to 1, the same each time.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn centred(&mut self) -> f64 {
        self.next() * 2.0 - 1.0
    }
}

fn volume(stored_as: StoredAs, slope: f64) -> Volume {
    SyntheticVolume::new([61, 47, 39], [0.7, 0.7, 1.25])
        .at(Point::new(-120., -60., 900.))
        .stored_as(stored_as)
        .rescaled(slope, -1024.0)
        .without_slice(11)
        .build(|p| {
            let [x, y, z] = p.to_array();
            // Above 32767 where the type allows it, to see the sign bit handled.
            let high = if stored_as == StoredAs::U16 {
                33_000.0
            } else {
                1200.0
            };
            high + 900.0 * (x * 1.7).sin() * (y * 1.1).cos() + 400.0 * (z * 0.8).sin()
        })
}

fn requests(volume: &Volume, seed: u64) -> Vec<(String, SliceRequest)> {
    let mut sequence = Sequence(seed);
    let mut requests = Vec::new();
    for plane_number in 0..6 {
        let centre = volume.center_lps()
            + Vector::new(sequence.centred(), sequence.centred(), sequence.centred()) * 8.0;
        let plane = match plane_number {
            0 => Plane::axial(centre),
            1 => Plane::sagittal(centre),
            _ => {
                let axis = Vector::new(sequence.centred(), sequence.centred(), 0.3);
                let angle = Degrees(sequence.next() * 360.0);
                Plane::coronal(centre).rotated(axis, angle).unwrap()
            }
        };
        for interpolation in [Interpolation::Linear, Interpolation::Nearest] {
            for (slab_mm, slab_mode) in [
                (0.0, SlabMode::Mip),
                (7.3, SlabMode::Mip),
                (7.3, SlabMode::Minip),
                (7.3, SlabMode::Mean),
            ] {
                let request = SliceRequest {
                    slab_mm,
                    slab_mode,
                    interpolation,
                    ..SliceRequest::thin_centered(plane, 0.41, 131, 97)
                };
                let name =
                    format!("plane {plane_number} {slab_mode:?} {slab_mm} {interpolation:?}");
                requests.push((name, request));
            }
        }
    }
    requests
}

#[test]
fn values_match_the_oracle() {
    let Some(context) = context() else { return };
    println!(
        "adapter: {} ({:?})",
        context.adapter_name(),
        context.adapter_kind()
    );
    for (stored_as, slope) in [
        (StoredAs::I16, 1.0),
        (StoredAs::U16, -0.5),
        (StoredAs::F32, 1.5),
    ] {
        let volume = volume(stored_as, slope);
        let texture = upload(&context, &volume).unwrap();
        let mut largest = 0.0_f32;
        for (name, request) in requests(&volume, 7) {
            let wanted = reslice_exact(&volume, &request);
            let found = offscreen_values(&context, &texture, &request).unwrap();
            assert_eq!(found.len(), wanted.len());
            let mut outliers = 0;
            for (found, wanted) in found.iter().zip(&wanted) {
                let difference = (found - wanted).abs();
                if found.is_nan() != wanted.is_nan() || difference > VALUE_TOLERANCE {
                    outliers += 1;
                } else if !difference.is_nan() {
                    largest = largest.max(difference);
                }
            }
            let seen = wanted.iter().filter(|value| !value.is_nan()).count();
            assert!(seen > 2000, "{name} shows only {seen} pixels");
            let most = (found.len() as f64 * OUTLIER_SHARE) as usize;
            assert!(
                outliers <= most,
                "{name}, {stored_as:?}: {outliers} outliers"
            );
        }
        println!("{stored_as:?}: largest difference {largest}");
    }
}

#[test]
fn greys_match_the_processor_in_every_function_and_polarity() {
    let Some(context) = context() else { return };
    let volume = volume(StoredAs::I16, 1.0);
    let texture = upload(&context, &volume).unwrap();
    let mut largest = 0;
    for (function, invert) in [
        (VoiFunction::Linear, false),
        (VoiFunction::Linear, true),
        (VoiFunction::LinearExact, false),
        (VoiFunction::Sigmoid, true),
    ] {
        let display = Display {
            window: WindowLevel::new(200.0, 900.0),
            function,
            invert,
            background: 31,
            ..Display::default()
        };
        for (name, request) in requests(&volume, 3) {
            let found = offscreen_greys(&context, &texture, &request, &display).unwrap();
            let wanted = render_greys(&volume, &request, &display, &|| false).unwrap();
            let mut outliers = 0;
            for (found, wanted) in found.iter().zip(&wanted) {
                let difference = found.abs_diff(*wanted);
                if difference > 1 {
                    outliers += 1;
                } else {
                    largest = largest.max(difference);
                }
            }
            let most = (found.len() as f64 * OUTLIER_SHARE) as usize;
            assert!(
                outliers <= most,
                "{name}, {function:?}: {outliers} outliers"
            );
        }
    }
    println!("largest grey difference {largest}");
}

#[test]
fn slices_appear_as_they_arrive() {
    let Some(context) = context() else { return };
    let volume = SyntheticVolume::new([8, 8, 3], [1., 1., 1.])
        .without_slice(1)
        .build(|p| p.0.z * 100.0);
    let mut texture = VolumeTexture::new(&context.device, &volume).unwrap();
    let at = |z: f64| SliceRequest::thin(Plane::axial(Point::new(0., 0., z)), 1.0, 8, 8);
    let value =
        |texture: &VolumeTexture, z| offscreen_values(&context, texture, &at(z)).unwrap()[0];
    assert!(value(&texture, 0.0).is_nan());
    assert!(texture.update(&context.queue, &volume));
    assert_eq!((value(&texture, 0.0), value(&texture, 2.0)), (0.0, 200.0));
    assert!(value(&texture, 1.0).is_nan());
    assert!(!texture.update(&context.queue, &volume));
    let stylet::volume::Voxels::I16(store) = &volume.voxels else {
        panic!("16 bit")
    };
    assert!(store.fill(1, vec![70; 64].into()));
    assert!(texture.update(&context.queue, &volume));
    assert_eq!(value(&texture, 1.0), 70.0);
}

/// Draws two viewports in one frame into a target and returns its pixels, four bytes each.
fn frame(
    context: &RenderContext,
    format: wgpu::TextureFormat,
    shown: &[(SliceRequest, Display)],
    volume: &VolumeTexture,
) -> Vec<u8> {
    let mut pass = SlicePass::new(&context.device, format);
    for (id, (request, display)) in (0..).zip(shown) {
        pass.prepare(
            id,
            &context.device,
            &context.queue,
            volume,
            request,
            display,
        );
    }
    let pixels = painted(context, format, shown.len() as u64, &|id, render_pass| {
        pass.paint(id, render_pass);
    });
    pass.end_frame();
    pixels
}

/// Lets viewports that lie side by side be painted in one pass, and one that was never prepared.
fn painted(
    context: &RenderContext,
    format: wgpu::TextureFormat,
    viewports: u64,
    paint: &dyn Fn(u64, &mut wgpu::RenderPass<'_>),
) -> Vec<u8> {
    let side = 64;
    let size = wgpu::Extent3d {
        width: side,
        height: side,
        depth_or_array_layers: 1,
    };
    let target = context.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let buffer = context.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(side * side * 4),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = context.device.create_command_encoder(&Default::default());
    let view = target.create_view(&Default::default());
    let mut render_pass = encoder
        .begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations::default(),
            })],
            ..Default::default()
        })
        .forget_lifetime();
    for id in 0..viewports {
        // Two viewports beside one another, each half as wide.
        render_pass.set_viewport(id as f32 * 32.0, 0.0, 32.0, 64.0, 0.0, 1.0);
        paint(id, &mut render_pass);
    }
    paint(99, &mut render_pass);
    drop(render_pass);
    encoder.copy_texture_to_buffer(
        target.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(side * 4),
                rows_per_image: None,
            },
        },
        size,
    );
    context.queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., Result::unwrap);
    context
        .device
        .poll(wgpu::PollType::wait_indefinitely())
        .unwrap();
    buffer.get_mapped_range(..).unwrap().to_vec()
}

#[test]
fn every_grey_reaches_the_window_unchanged_and_each_viewport_shows_its_own() {
    let Some(context) = context() else { return };
    // One value per voxel, 0 to 255 row by row, twice as wide as high: 16 columns, 16 rows.
    let volume = SyntheticVolume::new([16, 16, 1], [1., 1., 1.]).build(|p| p.0.y * 16.0 + p.0.x);
    let texture = upload(&context, &volume).unwrap();
    let request = SliceRequest::thin(Plane::axial(Point::new(0., 0., 0.)), 1.0, 16, 16);
    let display = Display {
        window: WindowLevel::new(128.0, 256.0),
        ..Display::default()
    };
    let inverted = Display {
        invert: true,
        ..display.clone()
    };
    for format in [
        wgpu::TextureFormat::Rgba8Unorm,
        wgpu::TextureFormat::Bgra8Unorm,
        wgpu::TextureFormat::Rgba8UnormSrgb,
        wgpu::TextureFormat::Bgra8UnormSrgb,
    ] {
        let shown = [(request, display.clone()), (request, inverted.clone())];
        let pixels = frame(&context, format, &shown, &texture);
        for (i, pixel) in pixels.chunks(4).enumerate() {
            // Each picture pixel covers 2 × 4 of the viewport's.
            let (x, y) = (i % 64, i / 64);
            let value = (y / 4 * 16 + x % 32 / 2) as u8;
            let wanted = if x < 32 { value } else { 255 - value };
            assert_eq!(
                pixel,
                [wanted, wanted, wanted, 255],
                "{format:?} at {x}, {y}"
            );
        }
    }
}

#[test]
fn pictures_of_the_processor_reach_the_window_unchanged() {
    let Some(context) = context() else { return };
    let greys: Vec<u8> = (0..=255).cycle().take(32 * 64).collect();
    let flat = vec![77; 4 * 8];
    for format in [
        wgpu::TextureFormat::Bgra8Unorm,
        wgpu::TextureFormat::Rgba8UnormSrgb,
    ] {
        let mut pass = PicturePass::new(&context.device, format);
        let full = GreyPicture {
            greys: &greys,
            size: [32, 64],
            screen: [32, 64],
            coarse: 1,
        };
        let coarse = GreyPicture {
            greys: &flat,
            size: [4, 8],
            screen: [32, 64],
            coarse: 8,
        };
        pass.put(0, &context.device, &context.queue, &full);
        pass.put(1, &context.device, &context.queue, &coarse);
        let pixels = painted(&context, format, 2, &|id, render_pass| {
            pass.paint(id, render_pass);
        });
        for (i, pixel) in pixels.chunks(4).enumerate() {
            let (x, y) = (i % 64, i / 64);
            let wanted = if x < 32 { greys[y * 32 + x] } else { 77 };
            assert_eq!(
                pixel,
                [wanted, wanted, wanted, 255],
                "{format:?} at {x}, {y}"
            );
        }
        // One that lies about its size is not shown, and nothing breaks.
        let lie = GreyPicture {
            size: [5, 8],
            ..coarse
        };
        pass.put(1, &context.device, &context.queue, &lie);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_size_and_the_limit() {
    let Some(context) = context() else { return };
    let limits = context.device.limits();
    let longest = limits.max_texture_dimension_3d as usize;
    let volume = SyntheticVolume::new([1, 1, longest + 1], [1., 1., 1.]).build(|_| 0.0);
    let refusal = VolumeTexture::new(&context.device, &volume)
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains(&format!("1 × 1 × {}", longest + 1)),
        "{refusal}"
    );
    assert!(refusal.contains(&longest.to_string()), "{refusal}");
    let small = SyntheticVolume::new([2, 2, 2], [1., 1., 1.]).build(|_| 0.0);
    let texture = upload(&context, &small).unwrap();
    let plane = Plane::axial(Point::new(0., 0., 0.));
    let wide = SliceRequest::thin(plane, 1.0, limits.max_texture_dimension_2d as usize + 1, 1);
    assert!(offscreen_values(&context, &texture, &wide).is_err());
    let flat = SliceRequest::thin(plane, 0.0, 4, 4);
    let refusal = offscreen_values(&context, &texture, &flat)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("pixel size"), "{refusal}");
}

/// A VOI LUT table gives the same greys on the GPU and on the processor, exactly: between whole
/// values there is no window to round.
#[test]
fn a_table_looks_the_same_on_both_back_ends() {
    let Some(context) = context() else { return };
    let entries = (0..700_u32).map(|n| (n * n / 120) as u16).collect();
    let table = LookupTable::new(-100, 12, entries).map(Arc::new);
    for (slope, intercept) in [(1.0, 0.0), (1.0, -200.0), (-1.0, 400.0)] {
        let volume = SyntheticVolume::new([40, 30, 8], [1., 1., 1.])
            .rescaled(slope, intercept)
            .build(|p| (p.0.x * 20.0 + p.0.y * 3.0 + p.0.z * 7.0).round());
        let texture = upload(&context, &volume).unwrap();
        let plane = Plane::axial(Point::new(0., 0., 3.));
        let request = SliceRequest::thin(plane, 1.0, 44, 33);
        for invert in [false, true] {
            let display = Display {
                table: table.clone(),
                invert,
                background: 31,
                ..Display::default()
            };
            let found = offscreen_greys(&context, &texture, &request, &display).unwrap();
            let wanted = render_greys(&volume, &request, &display, &|| false).unwrap();
            assert_eq!(found, wanted, "{slope} {intercept} {invert}");
            let distinct: std::collections::BTreeSet<u8> = found.into_iter().collect();
            assert!(distinct.len() > 50, "{} greys", distinct.len());
        }
    }
}
