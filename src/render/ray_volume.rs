//! A volume made ready for ray casting with one transfer function.

use std::sync::Arc;

use super::eye::Eye;
use super::leap_map::LeapMap;
use super::mesh_scene::MeshScene;
use super::ray_frame::RayRequest;
use super::transfer_function::TransferFunction;
use super::transfer_table::TransferTable;
use crate::geometry::{Lps, Plane, Point};
use crate::volume::Volume;
use crate::volume::block_ranges::BlockRanges;

/// A volume in a picture, and where it is cut open. Equal only for the very same one.
#[derive(Debug, Clone)]
pub struct SeenVolume {
    /// The volume and its colours.
    pub source: Arc<RayVolume>,
    /// A plane that takes away what lies on the side that its normal points away from.
    pub cut: Option<Plane>,
}

impl PartialEq for SeenVolume {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.cut == other.cut
    }
}

impl SeenVolume {
    /// Its picture among the surfaces of a scene, with steps so many times as long as the finest.
    pub fn request(&self, scene: &MeshScene, eye: &Eye, coarse: f64) -> RayRequest {
        let farthest_mm = self.source.farthest_mm(eye.target);
        RayRequest {
            eye: *eye,
            reach_mm: scene.reach_with_mm(eye, farthest_mm),
            step_mm: coarse * self.source.finest_step_mm(),
            cut: self.cut,
        }
    }
}

/// A volume, what of it is seen and in which colours.
#[derive(Debug)]
pub struct RayVolume {
    volume: Arc<Volume>,
    ranges: Arc<BlockRanges>,
    function: TransferFunction,
    table: TransferTable,
    leaps: LeapMap,
}

impl RayVolume {
    /// Makes the tables of a function. `None` for a volume that is a plane or a line, or whose
    /// blocks are another volume's.
    pub fn new(
        volume: Arc<Volume>,
        ranges: Arc<BlockRanges>,
        function: TransferFunction,
    ) -> Option<Self> {
        let solid = volume.size.iter().all(|&n| n >= 2);
        let blocks = ranges.size.iter().product::<usize>();
        if !solid || ranges.ranges.len() != blocks {
            return None;
        }
        let table = TransferTable::new(&function, ranges.whole);
        let leaps = LeapMap::new(&ranges, &table);
        Some(Self {
            volume,
            ranges,
            function,
            table,
            leaps,
        })
    }

    /// The same volume seen with another function.
    pub fn with(&self, function: TransferFunction) -> Option<Self> {
        let (volume, ranges) = (Arc::clone(&self.volume), Arc::clone(&self.ranges));
        Self::new(volume, ranges, function)
    }

    /// The volume.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// Ranges of its blocks.
    pub fn ranges(&self) -> &Arc<BlockRanges> {
        &self.ranges
    }

    /// What is seen of it.
    pub fn function(&self) -> &TransferFunction {
        &self.function
    }

    /// The function as a table.
    pub fn table(&self) -> &TransferTable {
        &self.table
    }

    /// Where nothing is seen.
    pub fn leaps(&self) -> &LeapMap {
        &self.leaps
    }

    /// The farthest that any voxel lies from a point, mm.
    pub fn farthest_mm(&self, from: Point<Lps>) -> f64 {
        let corners = self.volume.corners_lps().into_iter();
        corners.map(|at| at.distance(from)).fold(0.0, f64::max)
    }

    /// Step along the rays that gives up nothing: the finest spacing of the voxels, within reason.
    pub fn finest_step_mm(&self) -> f64 {
        self.volume.finest_spacing_mm().clamp(0.25, 2.0)
    }
}
