//! Points and vectors that know their space, and the affine maps between spaces.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Neg, Sub};

use glam::{DAffine3, DMat3, DVec3};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// DICOM patient space in mm: +x left, +y posterior, +z head (PS3.3 C.7.6.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lps;

/// Voxel indices of one volume: column, row, slice; integers are voxel centres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Voxel;

/// A position in space `S`.
pub struct Point<S>(pub DVec3, PhantomData<S>);

/// A displacement in space `S`.
pub struct Vector<S>(pub DVec3, PhantomData<S>);

macro_rules! common {
    ($name:ident) => {
        impl<S> $name<S> {
            /// From the three components, in the unit of the space.
            pub const fn new(x: f64, y: f64, z: f64) -> Self {
                Self(DVec3::new(x, y, z), PhantomData)
            }

            /// From bare components.
            pub const fn from_vec(vec: DVec3) -> Self {
                Self(vec, PhantomData)
            }

            /// The components as an array.
            pub fn to_array(self) -> [f64; 3] {
                self.0.to_array()
            }

            /// False where a component is NaN or infinite.
            pub fn is_finite(self) -> bool {
                self.0.is_finite()
            }
        }

        impl<S> Clone for $name<S> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S> Copy for $name<S> {}
        impl<S> PartialEq for $name<S> {
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }
        impl<S> fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "({}, {}, {})", self.0.x, self.0.y, self.0.z)
            }
        }
        impl<S> From<[f64; 3]> for $name<S> {
            fn from(xyz: [f64; 3]) -> Self {
                Self::from_vec(DVec3::from_array(xyz))
            }
        }
        impl<S> Serialize for $name<S> {
            fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
                self.to_array().serialize(serializer)
            }
        }
        impl<'de, S> Deserialize<'de> for $name<S> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <[f64; 3]>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
common!(Point);
common!(Vector);

impl<S> Vector<S> {
    /// Length in the unit of the space.
    pub fn length(self) -> f64 {
        self.0.length()
    }

    /// Unit vector, `None` for a vector shorter than 1e-9 or not finite.
    pub fn direction(self) -> Option<Self> {
        let length = self.0.length();
        (length.is_finite() && length > 1e-9).then(|| Self::from_vec(self.0 / length))
    }

    /// Scalar product.
    pub fn dot(self, other: Self) -> f64 {
        self.0.dot(other.0)
    }

    /// Vector product, right-handed.
    pub fn cross(self, other: Self) -> Self {
        Self::from_vec(self.0.cross(other.0))
    }
}

impl<S> Point<S> {
    /// Distance in the unit of the space.
    pub fn distance(self, other: Self) -> f64 {
        self.0.distance(other.0)
    }

    /// The point a fraction `t` of the way to `other`.
    pub fn lerp(self, other: Self, t: f64) -> Self {
        Self::from_vec(self.0.lerp(other.0, t))
    }
}

impl<S> Sub for Point<S> {
    type Output = Vector<S>;
    fn sub(self, other: Self) -> Vector<S> {
        Vector::from_vec(self.0 - other.0)
    }
}
impl<S> Add<Vector<S>> for Point<S> {
    type Output = Self;
    fn add(self, by: Vector<S>) -> Self {
        Self::from_vec(self.0 + by.0)
    }
}
impl<S> Sub<Vector<S>> for Point<S> {
    type Output = Self;
    fn sub(self, by: Vector<S>) -> Self {
        Self::from_vec(self.0 - by.0)
    }
}
impl<S> Add for Vector<S> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from_vec(self.0 + other.0)
    }
}
impl<S> Sub for Vector<S> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from_vec(self.0 - other.0)
    }
}
impl<S> Mul<f64> for Vector<S> {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Self::from_vec(self.0 * by)
    }
}
impl<S> Neg for Vector<S> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from_vec(-self.0)
    }
}

/// The affine map that turns coordinates of `Src` into those of `Dst`.
///
/// Named `dst_from_src`, so that `lps_from_voxel * voxel` reads from right to left.
pub struct Transform<Dst, Src>(pub DAffine3, PhantomData<(Dst, Src)>);

impl<Dst, Src> Transform<Dst, Src> {
    /// From the images of the three unit vectors and of the origin.
    pub fn from_columns(x: DVec3, y: DVec3, z: DVec3, origin: DVec3) -> Self {
        let matrix = DMat3::from_cols(x, y, z);
        Self(DAffine3::from_mat3_translation(matrix, origin), PhantomData)
    }

    /// The opposite map, `None` where this one is flat or not finite.
    pub fn inverse(&self) -> Option<Transform<Src, Dst>> {
        let determinant = self.0.matrix3.determinant();
        if !determinant.is_finite() || determinant.abs() < 1e-12 || !self.0.is_finite() {
            return None;
        }
        Some(Transform(self.0.inverse(), PhantomData))
    }

    /// Maps a displacement (no translation).
    pub fn vector(&self, vector: Vector<Src>) -> Vector<Dst> {
        Vector::from_vec(self.0.transform_vector3(vector.0))
    }
}

impl<Dst, Src> Clone for Transform<Dst, Src> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Dst, Src> Copy for Transform<Dst, Src> {}
impl<Dst, Src> PartialEq for Transform<Dst, Src> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<Dst, Src> fmt::Debug for Transform<Dst, Src> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
impl<Dst, Src> Mul<Point<Src>> for Transform<Dst, Src> {
    type Output = Point<Dst>;
    fn mul(self, point: Point<Src>) -> Point<Dst> {
        Point::from_vec(self.0.transform_point3(point.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lps_from_voxel() -> Transform<Lps, Voxel> {
        Transform::from_columns(
            DVec3::new(-0.5, 0.0, 0.0),
            DVec3::new(0.0, -0.5, 0.0),
            DVec3::new(0.0, 0.0, 2.0),
            DVec3::new(100.0, 50.0, -20.0),
        )
    }

    #[test]
    fn a_voxel_maps_to_patient_space_as_in_ps3_3_c_7_6_2_1_1() {
        // P = IPP + col*dcol*IOP[0:3] + row*drow*IOP[3:6], by hand for a prone axial slice.
        let at = lps_from_voxel() * Point::<Voxel>::new(10.0, 20.0, 3.0);
        assert_eq!(at, Point::new(95.0, 40.0, -14.0));
    }

    #[test]
    fn the_inverse_undoes_the_map_and_a_flat_map_has_none() {
        let map = lps_from_voxel();
        let back = map.inverse().unwrap() * Point::<Lps>::new(95.0, 40.0, -14.0);
        assert!(back.distance(Point::new(10.0, 20.0, 3.0)) < 1e-12);
        let flat = Transform::<Lps, Voxel>::from_columns(DVec3::X, DVec3::X, DVec3::Z, DVec3::ZERO);
        assert!(flat.inverse().is_none());
        let nan = Transform::<Lps, Voxel>::from_columns(
            DVec3::splat(f64::NAN),
            DVec3::Y,
            DVec3::Z,
            DVec3::ZERO,
        );
        assert!(nan.inverse().is_none());
    }

    #[test]
    fn vectors_ignore_the_translation() {
        let moved = lps_from_voxel().vector(Vector::new(2.0, 0.0, 1.0));
        assert_eq!(moved, Vector::new(-1.0, 0.0, 2.0));
    }

    #[test]
    fn lengths_products_and_directions_by_hand() {
        let a = Vector::<Lps>::new(3.0, 4.0, 0.0);
        assert_eq!(a, Vector::from_vec(DVec3::new(3.0, 4.0, 0.0)));
        assert_eq!(a.length(), 5.0);
        assert_eq!(a.direction(), Some(Vector::new(0.6, 0.8, 0.0)));
        assert_eq!(Vector::<Lps>::new(0.0, 0.0, 0.0).direction(), None);
        assert_eq!(Vector::<Lps>::new(f64::NAN, 0.0, 0.0).direction(), None);
        assert_eq!(a.dot(Vector::new(1.0, 2.0, 9.0)), 11.0);
        assert_eq!(
            Vector::<Lps>::new(1.0, 0.0, 0.0).cross(Vector::new(0.0, 1.0, 0.0)),
            Vector::new(0.0, 0.0, 1.0)
        );
        let p = Point::<Lps>::new(0.0, 0.0, 1.0);
        assert_eq!(p.distance(Point::new(0.0, 3.0, 5.0)), 5.0);
        assert_eq!(
            p.lerp(Point::new(2.0, 0.0, 1.0), 0.25),
            Point::new(0.5, 0.0, 1.0)
        );
    }

    #[test]
    fn a_point_is_three_numbers_in_json() {
        let text = serde_json::to_string(&Point::<Lps>::new(-68.0, 150.0, -12.5)).unwrap();
        assert_eq!(text, "[-68.0,150.0,-12.5]");
        let back: Point<Lps> = serde_json::from_str("[-68,150,-12.5]").unwrap();
        assert_eq!(back.to_array(), [-68.0, 150.0, -12.5]);
        assert!(back.is_finite() && !Point::<Lps>::new(f64::INFINITY, 0., 0.).is_finite());
    }
}
