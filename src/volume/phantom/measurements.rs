//! Proves on fine blocks of the label map that bones, canal, discs and joints
//! measure what the tables say, within the stated tolerances.

use std::ops::ControlFlow;

use glam::DVec3;

use super::anatomy::{L5, MOBILE, PerLevel, Tables};
use super::scene::Scene;
use super::voxelize::{GridSpace, voxelize};
use super::*;

/// Labels of a small block of fine voxels around a patient point.
struct Crop {
    space: GridSpace,
    labels: Vec<u8>,
    hu: Vec<i16>,
}

impl Crop {
    fn new(scene: &Scene, centre_lps_mm: DVec3, size_mm: [f64; 3], spacing_mm: f64) -> Self {
        let count = size_mm.map(|s| (s / spacing_mm).ceil().max(1.0) as usize);
        let grid = PhantomGrid {
            columns: count[0],
            rows: count[1],
            slices: count[2],
            spacing_mm: [spacing_mm; 3],
        };
        let space = GridSpace {
            origin_lps_mm: centre_lps_mm + DVec3::new(size_mm[0], size_mm[1], -size_mm[2]) * 0.5,
            grid,
            column_direction: -DVec3::X,
            row_direction: -DVec3::Y,
            slice_direction: DVec3::Z,
            model_origin_lps_mm: MODEL_ORIGIN_LPS_MM,
        };
        let tissues = scene.tissues().unwrap();
        let run = |_: f64| ControlFlow::Continue(());
        let (hu, labels) = voxelize(&space, &tissues, (&scene.warp, &scene.scanner), &run).unwrap();
        Self { space, labels, hu }
    }

    fn index(&self, p_lps_mm: DVec3) -> usize {
        let d = (p_lps_mm - self.space.origin_lps_mm) / self.space.grid.spacing_mm[0];
        let (c, r, s) = (
            (-d.x).round() as usize,
            (-d.y).round() as usize,
            d.z.round() as usize,
        );
        (s * self.space.grid.rows + r) * self.space.grid.columns + c
    }

    fn label(&self, p_lps_mm: DVec3) -> u8 {
        self.labels[self.index(p_lps_mm)]
    }

    fn points(&self, wanted: impl Fn(u8) -> bool) -> Vec<DVec3> {
        let grid = &self.space.grid;
        (0..self.labels.len())
            .filter(|i| wanted(self.labels[*i]))
            .map(|i| {
                let (c, r, s) = (
                    i % grid.columns,
                    i / grid.columns % grid.rows,
                    i / grid.columns / grid.rows,
                );
                self.space.lps_mm(c as f64, r as f64, s as f64)
            })
            .collect()
    }

    /// Length of the unbroken run of a label through a point along a direction.
    fn run_mm(&self, p_lps_mm: DVec3, direction: DVec3, wanted: impl Fn(u8) -> bool) -> f64 {
        let step = 0.1;
        let reach = |sign: f64| {
            let mut length = 0.0;
            while wanted(self.label(p_lps_mm + direction * (sign * (length + step)))) {
                length += step;
            }
            length
        };
        reach(1.0) + reach(-1.0)
    }
}

fn lps(scene: &Scene, p_mm: DVec3) -> DVec3 {
    scene.warp.unwarp_mm(p_mm) + MODEL_ORIGIN_LPS_MM
}

#[test]
fn bodies_measure_as_the_tables_say() {
    let scene = Scene::new(0).unwrap();
    let tables = Tables::load(0).unwrap();
    let row = |section: &str, name: &str| -> PerLevel { tables.list(section, name).unwrap() };
    let (width, depth) = (
        row("vertebra", "waist_width_mm"),
        row("vertebra", "waist_depth_mm"),
    );
    let (front, back) = (
        row("vertebra", "anterior_height_mm"),
        row("vertebra", "posterior_height_mm"),
    );
    for level in [2, 4, L5] {
        let vertebra = &scene.vertebrae[level];
        let crop = Crop::new(
            &scene,
            lps(&scene, vertebra.frame.origin_mm),
            [64.0, 52.0, 44.0],
            0.7,
        );
        let bone = |l: u8| l == label::vertebra(level) || l == label::BASIVERTEBRAL_VEIN;
        let measure = |q: DVec3, direction: DVec3| {
            crop.run_mm(
                lps(&scene, vertebra.frame.model(q)),
                vertebra.frame.turn(direction),
                bone,
            )
        };
        // A little in front of and below the pedicles, at the waist.
        let across = measure(DVec3::new(0.0, -3.0, -1.5), DVec3::X);
        assert!(
            (across - width[level]).abs() < 1.8,
            "width {across} of {}",
            width[level]
        );
        let along = measure(DVec3::new(0.5, 0.0, 4.5), DVec3::Y);
        assert!(
            (along - depth[level]).abs() < 2.2,
            "depth {along} of {}",
            depth[level]
        );
        let high = measure(DVec3::new(0.0, 1.0, 0.0), DVec3::Z);
        let rims = 0.5 * (front[level] + back[level]);
        assert!(
            high < rims && high > rims - 4.5,
            "height {high} between concave end-plates of {rims}"
        );
    }
}

#[test]
fn pedicles_and_canal_measure_as_the_tables_say() {
    let scene = Scene::new(0).unwrap();
    let tables = Tables::load(0).unwrap();
    let row = |section: &str, name: &str| -> PerLevel { tables.list(section, name).unwrap() };
    let (width, height) = (row("pedicle", "width_mm"), row("pedicle", "height_mm"));
    let (ap, ipd) = (
        row("canal", "anteroposterior_mm"),
        row("canal", "interpedicular_mm"),
    );
    for level in 2..MOBILE {
        let vertebra = &scene.vertebrae[level];
        let isthmus = vertebra.pedicle.isthmus_mm;
        let crop = Crop::new(
            &scene,
            lps(&scene, vertebra.frame.model(isthmus - DVec3::X * isthmus.x)),
            [78.0, 70.0, 36.0],
            0.7,
        );
        let bone = |l: u8| l == label::vertebra(level);
        for sign in [-1.0, 1.0] {
            let at = lps(
                &scene,
                vertebra
                    .frame
                    .model(DVec3::new(sign * isthmus.x, isthmus.y - 1.5, isthmus.z)),
            );
            let axis = vertebra.pedicle.axis;
            let across = DVec3::new(axis.y, -sign * axis.x, 0.0);
            let wide = crop.run_mm(at, across, bone);
            // Within the least SD of the table, 2.1 mm, and the grain of the voxels.
            assert!(
                (wide - width[level]).abs() < 2.3,
                "pedicle width {wide} of {} at {level}",
                width[level]
            );
            let high = crop.run_mm(at, vertebra.frame.turn(DVec3::Z), bone);
            assert!(
                (high - height[level]).abs() < 3.0,
                "pedicle height {high} of {} at {level}",
                height[level]
            );
        }
        let wall = vertebra.posterior_wall_mm(isthmus.z);
        let middle = lps(
            &scene,
            vertebra
                .frame
                .model(DVec3::new(0.0, wall + 0.5 * ap[level], isthmus.z)),
        );
        let deep = crop.run_mm(middle, vertebra.frame.turn(DVec3::Y), |l| !bone(l));
        assert!(
            (deep - ap[level]).abs() < 2.0,
            "canal depth {deep} of {} at {level}",
            ap[level]
        );
        let beside = lps(
            &scene,
            vertebra.frame.model(DVec3::new(0.0, wall + 4.0, isthmus.z)),
        );
        let wide = crop.run_mm(beside, DVec3::X, |l| !bone(l));
        assert!(
            (wide - ipd[level]).abs() < 2.2,
            "interpedicular {wide} of {} at {level}",
            ipd[level]
        );
    }
}

#[test]
fn facet_clefts_have_the_angles_of_the_table() {
    let scene = Scene::new(0).unwrap();
    let tables = Tables::load(0).unwrap();
    let angle: PerLevel = tables.list("facet", "angle_to_sagittal_deg").unwrap();
    for (gap, wanted_deg) in angle.iter().enumerate().skip(2) {
        for side in Side::BOTH {
            let truth = scene.facets[gap].model(
                side,
                facet::JointPoint {
                    depth_mm: 0.0,
                    arc_mm: 0.0,
                    z_mm: 0.0,
                },
            );
            let crop = Crop::new(&scene, lps(&scene, truth), [22.0, 22.0, 1.8], 0.6);
            let points = crop.points(|l| l == label::facet(gap, side));
            assert!(points.len() > 30, "cleft of gap {gap} is open");
            let mean = points.iter().copied().sum::<DVec3>() / points.len() as f64;
            let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
            for p in &points {
                let d = *p - mean;
                xx += d.x * d.x;
                xy += d.x * d.y;
                yy += d.y * d.y;
            }
            let major = 0.5 * (2.0 * xy).atan2(xx - yy);
            let found = (90.0 - major.to_degrees().abs()).abs();
            assert!(
                (found - wanted_deg).abs() < 6.0,
                "gap {gap} {side:?}: {found} of {wanted_deg}"
            );
        }
    }
}

#[test]
fn disc_heights_follow_the_design() {
    let scene = Scene::new(0).unwrap();
    let tables = Tables::load(0).unwrap();
    let anterior: PerLevel = tables.list("disc", "anterior_height_mm").unwrap();
    let posterior: PerLevel = tables.list("disc", "posterior_height_mm").unwrap();
    let middle: PerLevel = tables.list("disc", "middle_height_mm").unwrap();
    for gap in 2..MOBILE {
        let disc = &scene.discs[gap];
        let crop = Crop::new(
            &scene,
            lps(&scene, disc.frame.origin_mm),
            [8.0, 50.0, 44.0],
            0.5,
        );
        let tissue = |l: u8| l == label::annulus(gap) || l == label::nucleus(gap);
        let at = |y: f64| {
            crop.run_mm(
                lps(&scene, disc.frame.model(DVec3::new(0.0, y, 0.0))),
                disc.frame.turn(DVec3::Z),
                tissue,
            )
        };
        let reach = disc.half.y - 4.0;
        let centre = at(1.5);
        assert!(
            (centre - middle[gap]).abs() < 2.0,
            "gap {gap} middle {centre} of {}",
            middle[gap]
        );
        let difference = at(-reach) - at(reach);
        // The wedge follows from the prone lordosis; the table's own differs by up to 2.2 mm at L5-S1.
        let wanted = 2.0 * reach * scene.pose.disc_wedge_rad[gap].tan();
        assert!(
            (difference - wanted).abs() < 2.0,
            "gap {gap} wedge {difference} of {wanted}"
        );
        let table = anterior[gap] - posterior[gap];
        let rims = 2.0 * disc.half.y * scene.pose.disc_wedge_rad[gap].tan();
        assert!(
            (rims - table).abs() < 2.6,
            "gap {gap} rims differ by {rims}, table {table}"
        );
    }
}

#[test]
fn tissues_have_the_ct_numbers_of_the_table() {
    let scene = Scene::new(0).unwrap();
    let vertebra = &scene.vertebrae[4];
    let crop = Crop::new(
        &scene,
        lps(&scene, vertebra.frame.origin_mm),
        [150.0, 90.0, 8.0],
        0.7,
    );
    let mean = |number: u8| {
        let values: Vec<f64> = (0..crop.labels.len())
            .filter(|i| crop.labels[*i] == number)
            .map(|i| f64::from(crop.hu[i]))
            .collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!(
        (45.0..62.0).contains(&mean(label::psoas(Side::Left))),
        "{}",
        mean(label::psoas(Side::Left))
    );
    assert!(
        (-115.0..-60.0).contains(&mean(label::VISCERAL_FAT)),
        "{}",
        mean(label::VISCERAL_FAT)
    );
    assert!((30.0..55.0).contains(&mean(label::AORTA)) || !crop.labels.contains(&label::AORTA));
}
