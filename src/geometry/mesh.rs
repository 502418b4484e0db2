//! Triangle surfaces in patient space.

/// A surface of triangles, LPS mm; `f32`, since it is only drawn and never measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mesh {
    /// Corners, LPS mm.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals, outwards, one per corner.
    pub normals: Vec<[f32; 3]>,
    /// Corners of each triangle, counter-clockwise seen from outside.
    pub triangles: Vec<[u32; 3]>,
}

impl Mesh {
    /// Nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.triangles.is_empty()
    }
}
