//! Surfaces appear where the geometry says, shaded as the formula says, and alike on both back
//! ends.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly anywhere")]

use std::sync::Arc;

use glam::DVec2;
use stylet::geometry::{Lps, Mesh, Point, Segment, Surface, Vector, solid};
use stylet::render::cpu::mesh::{composite, render_layer, render_meshes};
use stylet::render::mesh_pass::offscreen_meshes;
use stylet::render::mesh_scene::{AMBIENT, DIFFUSE, FADE, SHINE};
use stylet::render::{Edges, Eye, MeshItem, MeshScene, RenderContext};

/// Largest difference of a colour between the back ends.
const TOLERANCE: u8 = 3;
/// Pixels that may differ more: edges, where a pixel's centre lies on a side.
const OUTLIER_SHARE: f64 = 0.002;

fn item(mesh: Mesh, color: [u8; 3], opacity: f32) -> MeshItem {
    MeshItem {
        surface: Arc::new(Surface::new(mesh)),
        color,
        opacity,
    }
}

fn ball(at: [f64; 3], radius_mm: f64, color: [u8; 3], opacity: f32) -> MeshItem {
    item(solid::sphere(Point::from(at), radius_mm, 5), color, opacity)
}

/// From behind the patient, patient right at picture right.
fn eye(viewer_mm: Option<f64>) -> Eye {
    Eye {
        target: Point::new(10., 20., 30.),
        right: Vector::new(-1., 0., 0.),
        down: Vector::new(0., 0., -1.),
        mm_per_pixel: 0.5,
        size: [240.0, 180.0],
        viewer_mm,
    }
}

/// Obliquely from the back, the left and above.
fn oblique(viewer_mm: Option<f64>) -> Eye {
    let forward = Vector::<Lps>::new(-0.5, -0.7, -0.4).direction().unwrap();
    let right = forward.cross(Vector::new(0., 0., 1.)).direction().unwrap();
    Eye {
        right,
        down: forward.cross(right),
        ..eye(viewer_mm)
    }
}

fn pixel(picture: &[[u8; 3]], eye: &Eye, at: DVec2) -> [u8; 3] {
    picture[at.y as usize * eye.size[0] as usize + at.x as usize]
}

/// Skin around a body, two organs in it, a painted plate, a needle.
fn scene() -> MeshScene {
    let plate = solid::disc(
        Point::new(0., 50., 45.),
        Vector::new(0.3, 1., 0.2),
        14.0,
        24,
    );
    let colors = (0..plate.positions.len() as u32)
        .map(|n| [(n * 37 % 256) as u8, (n * 91 % 256) as u8, 80, 255])
        .collect();
    let plate = MeshItem {
        surface: Arc::new(Surface::new(plate).with_colors(colors)),
        color: [255; 3],
        opacity: 1.0,
    };
    let needle = Segment::new(Point::new(-20., 75., 10.), Point::new(20., 15., 35.));
    MeshScene {
        items: vec![
            ball([10., 20., 30.], 42.0, [224, 172, 140], 0.25),
            ball([0., 25., 30.], 15.0, [230, 220, 190], 1.0),
            ball([25., 15., 40.], 12.0, [200, 60, 60], 0.6),
            item(solid::tube(needle, [1.4, 1.4], 16), [77, 210, 255], 1.0),
            plate,
        ],
        background: [12, 14, 18],
    }
}

#[test]
fn a_ball_covers_its_disc_and_is_brightest_where_it_faces_the_viewer() {
    let eye = eye(None);
    let scene = MeshScene {
        items: vec![ball([10., 20., 30.], 30.0, [200, 100, 50], 1.0)],
        background: [1, 2, 3],
    };
    let picture = render_meshes(&scene, &eye, &|| false).unwrap();
    // 30 mm at 0.5 mm a pixel: 60 pixels, an area of π · 60².
    let covered = picture.iter().filter(|pixel| **pixel != [1, 2, 3]).count();
    let wanted = std::f64::consts::PI * 3600.0;
    assert!((covered as f64 / wanted - 1.0).abs() < 0.01, "{covered}");
    // The nearest point lies 30 mm before the target, of 200 mm that the depth reaches each way.
    let depth = (200.0 - 30.0) / 400.0;
    let found = pixel(&picture, &eye, DVec2::new(120.5, 90.5));
    for (found, base) in found.into_iter().zip([200.0_f32, 100.0, 50.0]) {
        let light = (base / 255.0 * (AMBIENT + DIFFUSE) + SHINE) * (1.0 - FADE * depth);
        assert!((f32::from(found) - 255.0 * light).abs() <= 2.0, "{found}");
    }
    let edge = pixel(&picture, &eye, DVec2::new(120.5 + 57.0, 90.5));
    assert!(edge[0] < found[0] / 2 && edge[0] > 20, "{edge:?} {found:?}");
}

#[test]
fn nearer_things_hide_farther_ones_and_clear_ones_let_them_through() {
    let eye = eye(Some(900.0));
    let near = ball([10., 60., 30.], 8.0, [0, 255, 0], 1.0);
    let far = ball([10., -20., 30.], 20.0, [255, 0, 0], 1.0);
    let middle = DVec2::new(120.5, 90.5);
    let beside = DVec2::new(120.5 + 28.0, 90.5);
    let color = |items: Vec<MeshItem>, at| {
        let background = [0; 3];
        let scene = MeshScene { items, background };
        pixel(&render_meshes(&scene, &eye, &|| false).unwrap(), &eye, at)
    };
    let both = vec![far.clone(), near.clone()];
    let hidden = color(both.clone(), middle);
    assert!(hidden[1] > 100 && hidden[0] < 60, "{hidden:?}");
    assert!(color(both, beside)[0] > 60, "the far ball is larger");
    let clear = MeshItem {
        opacity: 0.3,
        ..near.clone()
    };
    // In whatever order they stand.
    let seen = color(vec![clear.clone(), far.clone()], middle);
    assert_eq!(seen, color(vec![far.clone(), clear], middle));
    assert!(seen[0] > 80 && seen[1] > 40, "{seen:?}");
    // Behind an opaque thing a clear one is not seen.
    let clear_behind = MeshItem {
        opacity: 0.3,
        ..far
    };
    let alone = color(vec![near.clone()], middle);
    assert_eq!(color(vec![clear_behind, near], middle), alone);
}

#[test]
fn neighbouring_triangles_leave_no_gap() {
    // A plate before a bright ground, cut into many slivers, at a slant.
    let mut plate = Mesh::default();
    let (across, along) = (97_u32, 61_u32);
    for i in 0..=across {
        for j in 0..=along {
            let (u, v) = (
                f64::from(i) / f64::from(across),
                f64::from(j) / f64::from(along),
            );
            let at = [120.0 * u - 50.0, 20.0 + 30.0 * u, 90.0 * v - 15.0 + 7.0 * u];
            plate.positions.push(at.map(|x| x as f32));
            plate.normals.push([0.0, 1.0, 0.0]);
        }
    }
    for i in 0..across {
        for j in 0..along {
            let n = |i: u32, j: u32| i * (along + 1) + j;
            let (a, b, c, d) = (n(i, j), n(i + 1, j), n(i + 1, j + 1), n(i, j + 1));
            plate.triangles.extend([[a, b, c], [a, c, d]]);
        }
    }
    let scene = MeshScene {
        items: vec![item(plate, [40, 40, 40], 1.0)],
        background: [255, 255, 255],
    };
    let eye = oblique(Some(800.0));
    let picture = render_meshes(&scene, &eye, &|| false).unwrap();
    let bright = |x: usize, y: usize| picture[y * 240 + x] == [255; 3];
    // No ground pixel stands alone between plate pixels.
    let holes = (1..239)
        .flat_map(|x| (1..179).map(move |y| (x, y)))
        .filter(|&(x, y)| {
            bright(x, y)
                && !bright(x - 1, y)
                && !bright(x + 1, y)
                && !bright(x, y - 1)
                && !bright(x, y + 1)
        });
    assert_eq!(holes.count(), 0);
    let covered = picture.iter().filter(|pixel| **pixel != [255; 3]).count();
    assert!(covered > 10_000, "{covered}");
}

#[test]
fn layers_put_together_are_the_whole_picture() {
    let (scene, eye) = (scene(), oblique(Some(700.0)));
    let whole = render_meshes(&scene, &eye, &|| false).unwrap();
    let reach_mm = scene.reach_mm(&eye);
    let layer = |items: &[&MeshItem]| render_layer(items, &eye, reach_mm, &|| false).unwrap();
    let opaque: Vec<_> = scene.opaque().map(|item| layer(&[item])).collect();
    let clear: Vec<_> = scene
        .translucent(&eye)
        .into_iter()
        .map(|item| layer(&[item]))
        .collect();
    let parts = composite(
        [240, 180],
        &opaque.iter().collect::<Vec<_>>(),
        &clear.iter().collect::<Vec<_>>(),
        scene.background,
    );
    assert_eq!(parts, whole);
    assert_eq!(
        render_layer(&[], &eye, reach_mm, &|| true),
        None,
        "cancelled"
    );
}

#[test]
fn odd_scenes_and_eyes_are_drawn_as_far_as_they_can_be() {
    let none = MeshScene {
        items: vec![
            item(Mesh::default(), [255; 3], 1.0),
            item(Mesh::default(), [255; 3], 0.5),
        ],
        background: [9; 3],
    };
    let picture = render_meshes(&none, &eye(None), &|| false).unwrap();
    assert!(picture.iter().all(|pixel| *pixel == [9; 3]));
    let flat = Eye {
        down: Vector::new(1., 0., 0.),
        ..eye(None)
    };
    assert!(render_meshes(&scene(), &flat, &|| false).is_none());
    let huge = Eye {
        size: [1e5, 1e5],
        ..eye(None)
    };
    assert!(render_meshes(&scene(), &huge, &|| false).is_none());
    // Right inside a surface, very close: whatever is behind the viewer is left out.
    let close = Eye {
        mm_per_pixel: 0.0004,
        viewer_mm: Some(12.0),
        ..eye(None)
    };
    assert!(render_meshes(&scene(), &close, &|| false).is_some());
}

fn context() -> Option<RenderContext> {
    match RenderContext::offscreen() {
        Ok(context) => Some(context),
        Err(error) => {
            println!("skipped, no graphics adapter: {error}");
            None
        }
    }
}

#[test]
fn the_graphics_card_draws_what_the_processor_draws() {
    let Some(context) = context() else { return };
    println!("adapter: {}", context.adapter_name());
    let scene = scene();
    for eye in [
        eye(None),
        eye(Some(600.0)),
        oblique(None),
        oblique(Some(300.0)),
    ] {
        let wanted = render_meshes(&scene, &eye, &|| false).unwrap();
        let found = offscreen_meshes(&context, &scene, &eye, Edges::Stepped).unwrap();
        let drawn = wanted.iter().filter(|pixel| **pixel != scene.background);
        assert!(drawn.count() > 15_000);
        let (mut outliers, mut largest) = (0, 0);
        for (found, wanted) in found.iter().zip(&wanted) {
            let difference = (0..3).map(|n| found[n].abs_diff(wanted[n])).max().unwrap();
            if difference > TOLERANCE {
                outliers += 1;
            } else {
                largest = largest.max(difference);
            }
        }
        println!(
            "{outliers} outliers of {}, else at most {largest}",
            wanted.len()
        );
        assert!(
            outliers <= (wanted.len() as f64 * OUTLIER_SHARE) as usize,
            "{outliers} outliers"
        );
    }
}

#[test]
fn smooth_edges_change_only_edges() {
    let Some(context) = context() else { return };
    let (scene, eye) = (scene(), oblique(Some(600.0)));
    let stepped = offscreen_meshes(&context, &scene, &eye, Edges::Stepped).unwrap();
    let smooth = offscreen_meshes(&context, &scene, &eye, Edges::Smooth).unwrap();
    let differ = stepped
        .iter()
        .zip(&smooth)
        .filter(|(a, b)| (0..3).any(|n| a[n].abs_diff(b[n]) > 8));
    let share = differ.count() as f64 / stepped.len() as f64;
    assert!((0.001..0.08).contains(&share), "{share}");
}
