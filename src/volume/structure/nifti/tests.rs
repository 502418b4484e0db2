use std::io::Write as _;

use glam::DVec3;

use super::*;
use crate::geometry::{Point, Transform};
use crate::study::SeriesUid;
use crate::volume::structure::read;

/// A NIfTI-1 file of 4 × 3 × 2 voxels, 1 × 2 × 3 mm, from (-10, -20, 30) RAS.
struct Nifti(Vec<u8>);

impl Nifti {
    fn new(datatype: i16, values: &[u8]) -> Self {
        let mut file = Self(vec![0; 352]);
        file.put(0, &348_i32.to_le_bytes());
        for (index, dim) in [3_i16, 4, 3, 2, 1, 1, 1, 1].into_iter().enumerate() {
            file.put(40 + 2 * index, &dim.to_le_bytes());
        }
        file.put(70, &datatype.to_le_bytes());
        file.put(108, &352_f32.to_le_bytes());
        file.put(254, &1_i16.to_le_bytes());
        let rows = [1., 0., 0., -10., 0., 2., 0., -20., 0., 0., 3., 30.];
        for (index, value) in rows.into_iter().enumerate() {
            file.put(280 + 4 * index, &f32::to_le_bytes(value));
        }
        file.put(344, b"n+1\0");
        file.0.extend_from_slice(values);
        file
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn read(&self, name: &str) -> Result<Loaded, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, &self.0).unwrap();
        read::read(&path.into(), &planning(), &|| false).map_err(|error| error.to_string())
    }
}

fn planning() -> Planning {
    let to_lps = Transform::from_columns(
        DVec3::new(-1., 0., 0.),
        DVec3::new(0., -2., 0.),
        DVec3::new(0., 0., 3.),
        DVec3::new(10., 20., 30.),
    );
    Planning {
        grid: Arc::new(MaskGrid::new([4, 3, 2], to_lps).unwrap()),
        frame_of_reference: None,
        series: SeriesUid::new("1.2.3"),
    }
}

fn labels() -> [u8; 24] {
    std::array::from_fn(|index| [0, 0, 1, 1, 1, 27][index % 6])
}

#[test]
fn right_anterior_superior_becomes_left_posterior_superior() {
    let loaded = Nifti::new(2, &labels()).read("totalseg.nii").unwrap();
    let names: Vec<_> = loaded.structures.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["Spleen", "L5 vertebra"]);
    let vertebra = &loaded.structures[1];
    assert_eq!(vertebra.kind.as_deref(), Some("bone"));
    assert_eq!(vertebra.code.as_ref().unwrap().value, "49668003");
    // Voxel 5 is column 1, row 1, slice 0: RAS (-9, -18, 30).
    assert_eq!(vertebra.mask.count(), 4);
    assert!(vertebra.mask.contains_point(Point::new(9., 18., 30.)));
    assert!(Arc::ptr_eq(
        vertebra.mask.grid(),
        loaded.structures[0].mask.grid()
    ));
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
}

#[test]
fn every_type_and_scaling_gives_the_same_labels() {
    let wide = |bytes: &dyn Fn(u8) -> Vec<u8>| labels().iter().flat_map(|&l| bytes(l)).collect();
    let cases: [(i16, Vec<u8>); 5] = [
        (4, wide(&|l| i16::from(l).to_le_bytes().to_vec())),
        (8, wide(&|l| i32::from(l).to_le_bytes().to_vec())),
        (16, wide(&|l| f32::from(l).to_le_bytes().to_vec())),
        (64, wide(&|l| f64::from(l).to_le_bytes().to_vec())),
        (1280, wide(&|l| u64::from(l).to_le_bytes().to_vec())),
    ];
    for (datatype, values) in cases {
        let loaded = Nifti::new(datatype, &values).read("totalseg.nii").unwrap();
        assert_eq!(loaded.structures[0].mask.count(), 12, "{datatype}");
    }
    let mut halved = Nifti::new(4, &labels().map(|l| [l * 2, 0]).concat());
    halved.put(112, &0.5_f32.to_le_bytes());
    assert_eq!(
        halved.read("totalseg.nii").unwrap().structures[1]
            .mask
            .count(),
        4
    );
}

#[test]
fn packed_and_single_label_files_are_read() {
    let mut plain = Nifti::new(2, &[0, 0, 1, 0].repeat(6));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&plain.0).unwrap();
    plain.0 = packer.finish().unwrap();
    let loaded = plain.read("kidney_left.nii.gz").unwrap();
    assert_eq!(loaded.structures[0].name, "Left kidney");
    assert_eq!(loaded.structures[0].mask.count(), 6);
    plain.0.truncate(plain.0.len() / 2);
    assert!(plain.read("kidney_left.nii.gz").is_err());
}

#[test]
fn lies_of_the_header_are_refused_in_words() {
    let said = |change: &dyn Fn(&mut Nifti)| {
        let mut file = Nifti::new(2, &labels());
        change(&mut file);
        file.read("labels.nii").unwrap_err()
    };
    let huge = |file: &mut Nifti| file.put(42, &[0xFF, 0x7F, 0xFF, 0x7F, 2, 0]);
    assert!(
        said(&huge).contains("more than a file of"),
        "{}",
        said(&huge)
    );
    assert!(said(&|f| f.put(42, &[0xFF, 0xFF])).contains("-1 × 3 × 2"));
    assert!(said(&|f| f.put(40, &[9, 0])).contains("9 dimensions"));
    assert!(said(&|f| f.put(40, &[4, 0, 4, 0, 3, 0, 1, 0, 2, 0])).contains("2 volumes"));
    assert!(said(&|f| f.put(280, &f32::NAN.to_le_bytes())).contains("cannot be of a patient"));
    assert!(said(&|f| f.put(280, &[0; 4])).contains("cannot be of a patient"));
    assert!(said(&|f| f.put(254, &[0; 2])).contains("no sform"));
    assert!(said(&|f| f.put(70, &[128, 0])).contains("type 128"));
    assert!(said(&|f| f.put(344, b"ni1\0")).contains("pair"));
    assert!(said(&|f| f.put(108, &1e30_f32.to_le_bytes())).contains("more than a file"));
    assert!(said(&|f| f.put(292, &900_f32.to_le_bytes())).contains("nowhere near"));
    assert!(said(&|f| f.0.truncate(370)).contains("more than a file"));
    assert!(said(&|f| f.0.truncate(100)).contains("begin like a NIfTI"));
    let image = Nifti::new(
        4,
        &(-12_i16..12).flat_map(i16::to_le_bytes).collect::<Vec<_>>(),
    );
    assert!(image.read("ct.nii").unwrap_err().contains("the value -12"));
}

#[test]
fn a_quaternion_places_as_its_matrix_does() {
    // 90° about z, by hand: columns run along +y, rows along -x; slices are turned round.
    let mut file = Nifti::new(2, &labels());
    file.put(254, &0_i16.to_le_bytes());
    file.put(252, &1_i16.to_le_bytes());
    for (at, value) in [(76, -1.0), (80, 1.0), (84, 2.0), (88, 3.0)] {
        file.put(at, &f32::to_le_bytes(value));
    }
    for (at, value) in [
        (264, 0.5_f32.sqrt()),
        (268, -10.0),
        (272, -20.0),
        (276, 30.0),
    ] {
        file.put(at, &value.to_le_bytes());
    }
    let header = nifti_header::read(&file.0).unwrap();
    let at = header.lps_from_voxel * Point::new(1., 1., 1.);
    // RAS: (-10 - 2, -20 + 1, 30 - 3).
    assert!(at.distance(Point::new(12., 19., 27.)) < 1e-5, "{at:?}");
}
