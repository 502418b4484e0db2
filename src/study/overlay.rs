//! Overlay planes: one-bit drawings over an image (PS3.3 C.9.2).

/// Overlay Type (60xx,0040).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayKind {
    /// `G`: lines and text.
    Graphics,
    /// `R`: a region of interest.
    Region,
}

/// Where the bits of an overlay lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlaySource {
    /// In Overlay Data (60xx,3000).
    Data,
    /// In a bit of the Pixel Data words that the image does not use (retired, PS3.3-2004 C.9.2).
    PixelBit(u16),
}

/// One overlay group of a header, without its bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayPlane {
    /// Group number, 0x6000 to 0x601E, even.
    pub group: u16,
    /// Overlay Rows (60xx,0010).
    pub rows: usize,
    /// Overlay Columns (60xx,0011).
    pub columns: usize,
    /// Overlay Origin (60xx,0050): row and column of the image's pixels that the first overlay
    /// pixel lies on, the image's own first is 1\\1; may lie outside the image.
    pub origin: [i32; 2],
    /// First image frame it lies over, 0-based (Image Frame Origin (60xx,0051) less 1).
    pub first_frame: usize,
    /// Image frames it lies over (Number of Frames in Overlay (60xx,0015)); `None` for one bitmap
    /// that lies over all.
    pub frames: Option<usize>,
    /// Graphics or region.
    pub kind: OverlayKind,
    /// Overlay Label (60xx,1500), else Overlay Description (60xx,0022), else empty.
    pub label: String,
    /// Where its bits are.
    pub source: OverlaySource,
}

impl OverlayPlane {
    /// Number of its bitmap that lies over image frame `frame` (both 0-based).
    pub fn bitmap_over(&self, frame: usize) -> Option<usize> {
        match (self.frames, self.source) {
            // Bits in the pixels of a frame belong to it.
            (_, OverlaySource::PixelBit(_)) => Some(frame),
            (None, OverlaySource::Data) => Some(0),
            (Some(frames), OverlaySource::Data) => frame
                .checked_sub(self.first_frame)
                .filter(|&index| index < frames),
        }
    }
}

/// The bits of an overlay over one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayBitmap {
    /// Its group.
    pub group: u16,
    /// Graphics or region.
    pub kind: OverlayKind,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// See [`OverlayPlane::origin`].
    pub origin: [i32; 2],
    /// 1 where it is drawn, `rows × columns`, row by row.
    pub bits: Vec<u8>,
}

impl OverlayBitmap {
    /// Whether anything is drawn.
    pub fn is_blank(&self) -> bool {
        !self.bits.contains(&1)
    }

    /// Pixels that are drawn.
    pub fn drawn_pixels(&self) -> usize {
        self.bits.iter().map(|&bit| usize::from(bit)).sum()
    }

    /// Whether it is drawn over a pixel of the image (row, column from 0).
    pub fn covers(&self, row: usize, column: usize) -> bool {
        let index = |at: usize, origin: i32, most: usize| {
            i64::try_from(at)
                .ok()
                .and_then(|at| {
                    usize::try_from(at.checked_add(1)?.checked_sub(i64::from(origin))?).ok()
                })
                .filter(|&index| index < most)
        };
        let [first_row, first_column] = self.origin;
        index(row, first_row, self.rows)
            .zip(index(column, first_column, self.columns))
            .and_then(|(row, column)| self.bits.get(row * self.columns + column))
            == Some(&1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(frames: Option<usize>, first_frame: usize) -> OverlayPlane {
        OverlayPlane {
            group: 0x6000,
            rows: 1,
            columns: 1,
            origin: [1, 1],
            first_frame,
            frames,
            kind: OverlayKind::Graphics,
            label: String::new(),
            source: OverlaySource::Data,
        }
    }

    #[test]
    fn frames_of_an_overlay_begin_at_its_frame_origin() {
        // C.9.2.1.4 by hand: two overlay frames from image frame 2 on.
        let two = plane(Some(2), 1);
        assert_eq!(
            [0, 1, 2, 3].map(|f| two.bitmap_over(f)),
            [None, Some(0), Some(1), None]
        );
        assert_eq!(plane(None, 0).bitmap_over(7), Some(0));
        let embedded = OverlayPlane {
            source: OverlaySource::PixelBit(12),
            ..plane(None, 0)
        };
        assert_eq!(embedded.bitmap_over(7), Some(7));
    }

    #[test]
    fn the_origin_may_lie_inside_and_outside_the_image() {
        let bitmap = |origin| OverlayBitmap {
            group: 0x6000,
            kind: OverlayKind::Graphics,
            rows: 2,
            columns: 2,
            origin,
            bits: vec![1, 0, 0, 1],
        };
        assert!(bitmap([1, 1]).covers(0, 0) && bitmap([1, 1]).covers(1, 1));
        assert!(bitmap([3, 4]).covers(2, 3) && !bitmap([3, 4]).covers(0, 0));
        // Origin 0\0 is one pixel above and left of the image: only its last bit is seen.
        assert!(bitmap([0, 0]).covers(0, 0) && !bitmap([0, 0]).covers(1, 1));
        assert!(!bitmap([1, 1]).covers(usize::MAX / 2, 0));
        assert!(!bitmap([1, 1]).is_blank());
        assert_eq!(bitmap([1, 1]).drawn_pixels(), 2);
    }
}
