use super::*;
use crate::geometry::Vector;
use crate::volume::synthetic::{StoredAs, SyntheticVolume, ct_cylinder};

fn hu(mut volume: Volume) -> Volume {
    "HU".clone_into(&mut volume.modality_lut.unit);
    volume
}

#[test]
fn attenuation_follows_the_voxels_wherever_they_lie() {
    // An oblique, left-handed grid of slices that are stacked along x.
    let s = std::f64::consts::FRAC_1_SQRT_2;
    for stored_as in [StoredAs::I16, StoredAs::U16, StoredAs::F32] {
        let volume = hu(SyntheticVolume::new([12, 10, 9], [2., 1.5, 3.])
            .at(Point::new(10., 20., 30.))
            .along(
                Vector::new(0., s, s),
                Vector::new(0., s, -s),
                Vector::new(1., 0., 0.),
            )
            .stored_as(stored_as)
            .rescaled(1.0, -1000.0)
            .build(|p| 900. + p.0.x + 2. * p.0.y + 3. * p.0.z));
        let model = AttenuationModel::default();
        let attenuation = Attenuation::of(&volume, model).unwrap();
        for voxel in [[0., 0., 0.], [11., 9., 8.], [5., 3., 7.], [2., 8., 1.]] {
            let point = volume.lps_from_voxel * Point::from(voxel);
            let [column, row, slice] = voxel.map(|index| index as usize);
            let wanted = model.per_mm(volume.value_at_voxel(column, row, slice).unwrap());
            let found = attenuation.per_mm_at(point);
            assert!(
                (found - wanted).abs() < 1e-6,
                "{found} for {wanted} at {voxel:?}"
            );
        }
        let outside = volume.lps_from_voxel * Point::new(-1.5, 3.0, 3.0);
        assert_eq!(attenuation.per_mm_at(outside), 0.0);
    }
}

#[test]
fn the_air_around_the_patient_takes_no_memory() {
    let attenuation = Attenuation::of(&ct_cylinder(50.0, 0.0), Default::default()).unwrap();
    // 100 or 101 of the 200 columns and rows, all 40 slices, and the borders.
    let [slow, middle, fast] = attenuation.size;
    assert!(
        (104..=106).contains(&slow) && (104..=106).contains(&middle),
        "{slow} {middle}"
    );
    assert_eq!(fast, 44);
    let soft = AttenuationModel::default().per_mm(40.0);
    let middle = attenuation.per_mm_at(Point::new(0.0, 0.0, 0.0));
    assert!((middle - soft).abs() < 1e-6);
}

#[test]
fn padding_is_air_whatever_its_number() {
    let mut volume = hu(SyntheticVolume::new([20, 20, 20], [1.; 3])
        .build(|p| if p.0.x < 10.0 { 0.0 } else { 500.0 }));
    volume.padding = Some([500.0, 500.0]);
    let attenuation = Attenuation::of(&volume, Default::default()).unwrap();
    assert_eq!(attenuation.per_mm_at(Point::new(15., 5., 5.)), 0.0);
    assert!(attenuation.per_mm_at(Point::new(5., 5., 5.)) > 0.0);
}

#[test]
fn a_volume_of_air_is_empty_and_not_an_error() {
    let volume = hu(SyntheticVolume::new([20, 20, 20], [1.; 3]).build(|_| -1000.0));
    let attenuation = Attenuation::of(&volume, Default::default()).unwrap();
    assert_eq!(attenuation.per_mm_at(Point::new(5., 5., 5.)), 0.0);
}

#[test]
fn what_cannot_be_projected_is_refused_with_a_sentence() {
    let whole = || hu(SyntheticVolume::new([20, 20, 20], [1.; 3]).build(|_| 0.0));
    let refusal = |volume: &Volume| Attenuation::check(volume).unwrap_err().to_string();
    let mut mr = whole();
    mr.modality = "MR".to_owned();
    assert!(refusal(&mr).contains("needs a CT volume, and this series is MR"));
    let mut raw = whole();
    raw.modality_lut.unit = "US".to_owned();
    assert!(refusal(&raw).contains("values of this CT series are US"));
    let small = hu(SyntheticVolume::new([20, 20, 3], [1.; 3]).build(|_| 0.0));
    assert!(refusal(&small).contains("20 × 20 × 3 voxels, 20 × 20 × 3 mm, is too small"));
    let short = hu(SyntheticVolume::new([20, 20, 20], [1., 1., 0.1]).build(|_| 0.0));
    assert!(matches!(
        Attenuation::check(&short),
        Err(AttenuationError::TooSmall { .. })
    ));
    let gaps = hu(SyntheticVolume::new([20, 20, 20], [1.; 3])
        .without_slice(2)
        .without_slice(6)
        .without_slice(7)
        .build(|_| 0.0));
    assert!(refusal(&gaps).contains("3 of 20 slices of the CT volume are missing (3, 7–8)"));
}

/// A box of water of 40 × 40 × 40 voxels of 1 × 1 × 2 mm from the origin on.
fn water() -> Attenuation {
    let volume = hu(SyntheticVolume::new([40, 40, 40], [1., 1., 2.]).build(|p| p.0.x * 10.0));
    Attenuation::of(&volume, AttenuationModel::default()).unwrap()
}

#[test]
fn a_part_is_the_same_inside_its_box_and_empty_outside() {
    let whole = water();
    let part = whole
        .within(Point::new(30., 5., 10.), Point::new(10., 20., 41.))
        .unwrap()
        .unwrap();
    for inside in [[10., 5., 10.], [30., 20., 40.], [15.3, 12.7, 33.0]] {
        let at = Point::from(inside);
        assert!(
            (part.per_mm_at(at) - whole.per_mm_at(at)).abs() < 1e-12,
            "{at:?}"
        );
    }
    for outside in [[8.9, 10., 20.], [20., 21.1, 20.], [20., 10., 42.1]] {
        assert_eq!(part.per_mm_at(Point::from(outside)), 0.0);
    }
    assert!(part.bytes() < whole.bytes() / 8);
    let beside = whole.within(Point::new(100., 0., 0.), Point::new(120., 9., 9.));
    assert!(beside.unwrap().is_none());
}

#[test]
fn half_the_cells_show_the_same_gradient_in_the_same_place() {
    let (whole, half) = (water(), water().halved().unwrap());
    assert_eq!(half.spacing_mm, [2.0, 2.0, 4.0]);
    for at in [[10.0, 11.0, 20.0], [31.0, 7.5, 50.0], [2.5, 2.5, 6.0]] {
        let at = Point::from(at);
        let (found, wanted) = (half.per_mm_at(at), whole.per_mm_at(at));
        assert!(
            (found - wanted).abs() < 1e-3 * wanted,
            "{found} for {wanted}"
        );
    }
}
