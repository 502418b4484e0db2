//! Ray-cast pictures of volumes: the processor's against a plain `f64` oracle that follows each
//! ray in tiny steps and leaps over nothing, and the graphics card's against the processor's.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly anywhere")]

use std::sync::Arc;

use glam::{DVec2, DVec3};
use stylet::geometry::{Lps, Plane, Point, Segment, Surface, Vector, solid};
use stylet::render::cpu::mesh::{Layer, render_layer};
use stylet::render::cpu::ray_cast::{Surroundings, render_rays};
use stylet::render::mesh_scene::{AMBIENT, DIFFUSE, EVEN, FADE, SHINE};
use stylet::render::offscreen::upload;
use stylet::render::ray_cast_pass::offscreen_rays;
use stylet::render::{
    Eye, MeshItem, MeshScene, RayRequest, RayTarget, RayVolume, RenderContext, RenderError,
    TransferPreset, checked,
};
use stylet::volume::Volume;
use stylet::volume::block_ranges::BlockRanges;
use stylet::volume::sample::{Interpolation, value_at};
use stylet::volume::synthetic::{StoredAs, SyntheticVolume};

const BACKGROUND: [u8; 3] = [14, 16, 20];

/// A body with skin, fat and muscle, a ring and a column of bone in it; slices at a slant.
fn body(stored_as: StoredAs) -> Volume {
    let slant = Vector::new(0., -0.17, 1.).direction().unwrap();
    SyntheticVolume::new([70, 80, 45], [1., 0.9, 1.6])
        .at(Point::new(-35., -36., -36.))
        .along(Vector::new(1., 0., 0.), Vector::new(0., 1., 0.), slant)
        .stored_as(stored_as)
        .rescaled(1.0, -1024.0)
        .build(|p| {
            let edge = |inside_mm: f64| (0.5 + inside_mm / 2.5).clamp(0.0, 1.0);
            let body = edge(30.0 - DVec2::new(p.0.x, p.0.y).length());
            let muscle = edge(24.0 - DVec2::new(p.0.x, p.0.y).length());
            let ring = DVec2::new(DVec2::new(p.0.x, p.0.z).length() - 15.0, p.0.y - 6.0);
            let column = DVec2::new(p.0.x + 6.0, p.0.y + 8.0);
            let bone = edge(4.0 - ring.length()).max(edge(6.0 - column.length()));
            1024.0 - 1000.0 + 900.0 * body + 150.0 * muscle + 600.0 * bone
        })
}

fn source(volume: Volume, preset: TransferPreset) -> RayVolume {
    let volume = Arc::new(volume);
    let ranges = Arc::new(BlockRanges::find(&volume, &|| false).unwrap());
    let function = preset.function(&|share| ranges.percentile(share)).unwrap();
    RayVolume::new(volume, ranges, function).unwrap()
}

fn eye(viewer_mm: Option<f64>) -> Eye {
    let forward = Vector::<Lps>::new(-0.5, -0.7, -0.4).direction().unwrap();
    let right = forward.cross(Vector::new(0., 0., 1.)).direction().unwrap();
    Eye {
        target: Point::new(1., 2., 3.),
        right,
        down: forward.cross(right),
        mm_per_pixel: 1.0,
        size: [90.0, 80.0],
        viewer_mm,
    }
}

fn shaft() -> Segment {
    Segment::new(Point::new(-50., 30., 10.), Point::new(-6., -8., 0.))
}

/// A needle into the column, and a ball that is seen through about the ring.
fn surfaces() -> MeshScene {
    let item = |mesh, color, opacity| MeshItem {
        surface: Arc::new(Surface::new(mesh)),
        color,
        opacity,
    };
    let needle = shaft();
    let ball = solid::sphere(Point::new(12., 6., 8.), 9.0, 4);
    MeshScene {
        items: vec![
            item(solid::tube(needle, [1.5, 1.5], 16), [77, 210, 255], 1.0),
            item(ball, [250, 200, 60], 0.5),
        ],
        background: BACKGROUND,
    }
}

fn request(source: &RayVolume, scene: &MeshScene, eye: Eye, cut: Option<Plane>) -> RayRequest {
    RayRequest {
        eye,
        reach_mm: scene.reach_with_mm(&eye, source.farthest_mm(eye.target)),
        step_mm: source.finest_step_mm(),
        cut,
    }
}

/// The plane through the needle, across the picture: the viewer's side is taken away.
fn along_needle() -> Plane {
    let eye = eye(None);
    let along = shaft().vector().direction().unwrap();
    let right = along.cross(eye.forward()).direction().unwrap();
    let plane = Plane {
        origin: shaft().end,
        right,
        down: along,
    };
    let away = plane.normal().dot(eye.forward()) > 0.0;
    let sign = if away { 1.0 } else { -1.0 };
    Plane {
        right: right * sign,
        ..plane
    }
}

struct Layers {
    opaque: Layer,
    veils: Vec<Layer>,
}

fn layers(scene: &MeshScene, request: &RayRequest) -> Layers {
    let layer = |items: &[&MeshItem]| {
        render_layer(items, &request.eye, request.reach_mm, &|| false).unwrap()
    };
    let opaque: Vec<&MeshItem> = scene.opaque().collect();
    let veils = scene.veils(&request.eye);
    Layers {
        opaque: layer(&opaque),
        veils: veils.iter().map(|items| layer(items)).collect(),
    }
}

fn picture(source: &RayVolume, request: &RayRequest, layers: &Layers) -> Vec<[u8; 3]> {
    let veils: Vec<&Layer> = layers.veils.iter().collect();
    let around = Surroundings {
        opaque: &[&layers.opaque],
        veils: &veils,
        background: BACKGROUND,
    };
    render_rays(source, request, around, &|| false).unwrap()
}

/// The picture by the book: no surfaces, no tables, no leaps, no jitter, tiny steps.
fn oracle(source: &RayVolume, request: &RayRequest) -> Vec<[u8; 3]> {
    let eye = &request.eye;
    let volume = source.volume();
    let function = source.function();
    let inside = |at: Point<Lps>| {
        let voxel = (volume.voxel_from_lps * at).0.to_array();
        let within = |(at, n): (f64, usize)| (0.0..=(n - 1) as f64).contains(&at);
        voxel.into_iter().zip(volume.size).all(within)
    };
    let value = |at: Point<Lps>| {
        let voxel = (volume.voxel_from_lps * at).0.to_array();
        let held: [f64; 3] =
            std::array::from_fn(|axis| voxel[axis].clamp(0.0, (volume.size[axis] - 1) as f64));
        let at = volume.lps_from_voxel * Point::from(held);
        value_at(volume, at, Interpolation::Linear).unwrap()
    };
    let gradient = |at: Point<Lps>| {
        // Per voxel along the axes of the grid, then per mm: the map is transposed.
        let steps = [DVec3::X, DVec3::Y, DVec3::Z].map(|axis| {
            let by = volume.lps_from_voxel.vector(Vector::from_vec(axis));
            (value(at + by) - value(at - by)) / 2.0
        });
        volume.voxel_from_lps.0.matrix3.transpose() * DVec3::from(steps)
    };
    let step_mm = 0.06;
    let bend = eye.viewer_mm.map_or(0.0, f64::recip);
    let near = eye
        .viewer_mm
        .map_or(-request.reach_mm, |mm| (-request.reach_mm).max(-0.9 * mm));
    let shown = |depth: f64| {
        let slope = (1.0 + request.reach_mm * bend) / (request.reach_mm - near);
        slope * (depth - near) / (1.0 + bend * depth)
    };
    let pixel = |column: usize, row: usize| {
        let at = DVec2::new(column as f64 + 0.5, row as f64 + 0.5);
        let (from, direction) = eye.ray(at, request.reach_mm);
        let (mut color, mut light) = (DVec3::ZERO, 1.0);
        // 60 mm before the target: outside the body.
        let start = eye.viewer_mm.unwrap_or(request.reach_mm) - 60.0;
        for number in 0..(120.0 / step_mm) as usize {
            let at = from + direction * (start + (number as f64 + 0.5) * step_mm);
            let kept = request
                .cut
                .is_none_or(|cut| cut.signed_distance_mm(at) >= 0.0);
            if !kept || !inside(at) || eye.depth_mm(at) < near {
                continue;
            }
            let extinction = function.extinction_at(value(at));
            if extinction == 0.0 || light < 1e-4 {
                continue;
            }
            let gradient = gradient(at);
            let length = gradient.length();
            let sharp = (length / function.edge_per_mm()).min(1.0);
            let facing = (gradient.dot(direction.0) / length.max(1e-12)).abs();
            let [ambient, diffuse, even] = [AMBIENT, DIFFUSE, EVEN].map(f64::from);
            let lit = ambient + diffuse * (even + sharp * (facing - even));
            let shine = f64::from(SHINE) * facing.powi(24) * sharp;
            let fade = 1.0 - f64::from(FADE) * shown(eye.depth_mm(at));
            let (base, _) = function.at(value(at));
            let opacity = 1.0 - (-extinction * step_mm).exp();
            color += (DVec3::from(base) * lit + shine) * fade * light * opacity;
            light *= 1.0 - opacity;
        }
        color += DVec3::from(BACKGROUND.map(|c| f64::from(c) / 255.0)) * light;
        color
            .to_array()
            .map(|n| (n.clamp(0.0, 1.0) * 255.0).round() as u8)
    };
    let [width, height] = eye.size.map(|n| n as usize);
    (0..height)
        .flat_map(|row| (0..width).map(move |column| (column, row)))
        .map(|(column, row)| pixel(column, row))
        .collect()
}

/// Mean difference of the colours, and the share of pixels that differ by more than `most`.
fn difference(a: &[[u8; 3]], b: &[[u8; 3]], most: u8) -> (f64, f64) {
    assert_eq!(a.len(), b.len());
    let (mut sum, mut far) = (0.0, 0);
    for (a, b) in a.iter().zip(b) {
        let largest = (0..3).map(|n| a[n].abs_diff(b[n])).max().unwrap();
        sum += f64::from(largest);
        far += usize::from(largest > most);
    }
    (sum / a.len() as f64, far as f64 / a.len() as f64)
}

#[test]
fn the_processor_draws_what_tiny_steps_would() {
    let nothing = MeshScene {
        items: Vec::new(),
        background: BACKGROUND,
    };
    for (preset, stored_as, viewer_mm) in [
        (TransferPreset::Bone, StoredAs::I16, Some(300.0)),
        (TransferPreset::BoneAndSkin, StoredAs::U16, None),
        (TransferPreset::Muscle, StoredAs::F32, Some(900.0)),
    ] {
        let source = source(body(stored_as), preset);
        let request = request(&source, &nothing, eye(viewer_mm), None);
        let wanted = oracle(&source, &request);
        let found = picture(&source, &request, &layers(&nothing, &request));
        let drawn = wanted.iter().filter(|pixel| **pixel != BACKGROUND).count();
        assert!(drawn > 800, "{drawn}");
        let (mean, far) = difference(&found, &wanted, 16);
        println!(
            "{}: mean {mean:.2}, {:.2} % beyond 16",
            preset.title(),
            100.0 * far
        );
        assert!(mean < 2.0 && far < 0.02, "{preset:?}: {mean} {far}");
    }
}

fn pixel(picture: &[[u8; 3]], eye: &Eye, at: Point<Lps>) -> [u8; 3] {
    let at = eye.pixel_of(at).unwrap();
    picture[at.y as usize * eye.size[0] as usize + at.x as usize]
}

fn is_blue([r, _, b]: [u8; 3]) -> bool {
    f64::from(b) > 1.3 * f64::from(r) && b > 70
}

#[test]
fn a_needle_is_seen_before_bone_and_hidden_in_it() {
    let source = source(body(StoredAs::I16), TransferPreset::Bone);
    let mut scene = surfaces();
    scene.items.truncate(1);
    let nothing = MeshScene {
        items: Vec::new(),
        background: BACKGROUND,
    };
    let eye = eye(Some(600.0)).finer(2.0);
    let whole = request(&source, &scene, eye, None);
    let found = picture(&source, &whole, &layers(&scene, &whole));
    let without = picture(&source, &whole, &layers(&nothing, &whole));
    let shaft = shaft();
    let outside = shaft.at(0.3);
    assert!(is_blue(pixel(&found, &eye, outside)));
    // In the middle of the column, 6 mm of bone before it: as if there were no needle.
    let within = pixel(&found, &eye, shaft.end);
    let alone = pixel(&without, &eye, shaft.end);
    assert!(
        (0..3).all(|n| within[n].abs_diff(alone[n]) <= 6),
        "{within:?} {alone:?}"
    );
    assert!(!is_blue(within));
    // Beside the needle nothing changes: no halo. Its picture is 3 mm wide, of 0.5 mm a pixel.
    let [from, to] = [shaft.start, shaft.end].map(|at| eye.pixel_of(at).unwrap());
    let along = (to - from).try_normalize().unwrap();
    let width = eye.size[0] as usize;
    let beside = (0..found.len()).filter(|index| {
        let at = DVec2::new((index % width) as f64 + 0.5, (index / width) as f64 + 0.5);
        let off = at - from;
        let near = (off - along * off.dot(along)).length();
        (4.5..9.0).contains(&near) && found[*index] != without[*index]
    });
    assert_eq!(beside.count(), 0);

    // Cut open along the needle its end is laid bare.
    let opened = request(&source, &scene, eye, Some(along_needle()));
    let found = picture(&source, &opened, &layers(&scene, &opened));
    let deep = shaft.at(0.97);
    assert!(
        is_blue(pixel(&found, &eye, deep)),
        "{:?}",
        pixel(&found, &eye, deep)
    );
}

#[test]
fn what_is_seen_through_lies_between_what_is_before_and_behind_it() {
    let source = source(body(StoredAs::I16), TransferPreset::Bone);
    let eye = eye(None);
    let color = |at: Point<Lps>, opacity: f32| {
        let scene = MeshScene {
            items: vec![MeshItem {
                surface: Arc::new(Surface::new(solid::sphere(at, 4.0, 4))),
                color: [0, 255, 0],
                opacity,
            }],
            background: BACKGROUND,
        };
        let request = request(&source, &scene, eye, None);
        let found = picture(&source, &request, &layers(&scene, &request));
        pixel(&found, &eye, at)
    };
    let column = Point::new(-6., -8., 0.);
    let toward = |mm: f64| column - eye.forward() * mm;
    let [before, behind] = [20.0, -20.0].map(|mm| color(toward(mm), 0.5));
    let bare = color(toward(20.0), 0.0);
    // Green over bone before it; nothing of it behind.
    assert!(
        before[1] > bare[1] / 2 && before[0] < bare[0],
        "{before:?} {bare:?}"
    );
    assert!(
        (0..3).all(|n| behind[n].abs_diff(bare[n]) <= 1),
        "{behind:?} {bare:?}"
    );
    assert!(bare[0] > 60, "{bare:?}");
}

#[test]
fn a_volume_with_missing_slices_and_odd_requests_are_drawn_as_far_as_they_can_be() {
    let volume = SyntheticVolume::new([20, 20, 20], [1., 1., 1.])
        .without_slice(9)
        .build(|_| 700.0);
    let source = source(volume, TransferPreset::Bone);
    let nothing = MeshScene {
        items: Vec::new(),
        background: BACKGROUND,
    };
    let eye = Eye {
        target: Point::new(10., 10., 10.),
        ..eye(None)
    };
    let good = request(&source, &nothing, eye, None);
    let found = picture(&source, &good, &layers(&nothing, &good));
    assert!(found.iter().any(|pixel| pixel[0] > 100));
    let veils: &[&Layer] = &[];
    let around = Surroundings {
        opaque: &[],
        veils,
        background: BACKGROUND,
    };
    let bad = RayRequest {
        step_mm: -1.0,
        ..good
    };
    assert_eq!(render_rays(&source, &bad, around, &|| false), None);
    assert_eq!(
        render_rays(&source, &good, around, &|| true),
        None,
        "cancelled"
    );
}

#[test]
fn the_graphics_card_draws_what_the_processor_draws() {
    let context = match RenderContext::offscreen() {
        Ok(context) => context,
        Err(error) => return println!("skipped, no graphics adapter: {error}"),
    };
    println!("adapter: {}", context.adapter_name());
    let scene = surfaces();
    for (preset, stored_as, viewer_mm, cut) in [
        (TransferPreset::Bone, StoredAs::I16, Some(600.0), None),
        (TransferPreset::BoneAndSkin, StoredAs::U16, None, None),
        (
            TransferPreset::Muscle,
            StoredAs::F32,
            Some(900.0),
            Some(along_needle()),
        ),
    ] {
        let source = Arc::new(source(body(stored_as), preset));
        let request = request(&source, &scene, eye(viewer_mm), cut);
        let wanted = picture(&source, &request, &layers(&scene, &request));
        let texture = upload(&context, source.volume()).unwrap();
        let found = offscreen_rays(&context, (&source, &texture), &scene, &request).unwrap();
        let (mean, far) = difference(&found, &wanted, 4);
        println!(
            "{}: mean {mean:.3}, {:.2} % beyond 4",
            preset.title(),
            100.0 * far
        );
        assert!(mean < 0.5 && far < 0.01, "{preset:?}: {mean} {far}");
    }
}

#[test]
fn what_a_driver_refuses_is_an_error_and_not_the_end_of_the_program() {
    let context = match RenderContext::offscreen() {
        Ok(context) => context,
        Err(error) => return println!("skipped, no graphics adapter: {error}"),
    };
    let device = &context.device;
    let shader = |source: &str| {
        let source = source.to_owned();
        checked(device, || {
            device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: None,
                source: wgpu::ShaderSource::Wgsl(source.into()),
            })
        })
    };
    let error = shader("this is no shader").unwrap_err();
    assert!(matches!(error, RenderError::Refused(_)), "{error}");
    assert!(shader("@compute @workgroup_size(1) fn main() {}").is_ok());
    let error = RayTarget::new(device, [1 << 20, 8], 1).unwrap_err();
    assert!(error.to_string().contains("1048576"), "{error}");
}
