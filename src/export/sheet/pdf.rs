//! A page as a PDF file (ISO 32000-1): vector lines, embedded subset fonts, grey pictures.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{
    CidFontType, FontFlags, LineJoinStyle, SystemInfo, TextRenderingMode, UnicodeCmap,
};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use super::SheetError;
use super::page::Page;
use super::text::MM_PER_PT;
use crate::export::drawing::{Grey, Item, Label, Pen, Xy};
use crate::export::figure::Figure;
use crate::export::typeface::{self, CAP_HEIGHT_EM, DESCENT_EM, Weight};

/// Points in a millimetre.
const PT_PER_MM: f64 = 1.0 / MM_PER_PT;

/// Control point of a quarter circle by one Bézier curve, in radii.
const CIRCLE: f64 = 0.552_284_749_8;

const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The file; `figures` are what the page's pictures number.
pub fn write(page: &Page, figures: &[Figure], program: &str) -> Result<Vec<u8>, SheetError> {
    let mut fonts = Weight::ALL.map(UsedGlyphs::new);
    let content = content_of(page, &mut fonts);

    let mut next = 0;
    let mut id = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, leaf, stream, info) = (id(), id(), id(), id(), id());
    let font_ids = Weight::ALL.map(|_| FontIds {
        font: id(),
        descendant: id(),
        descriptor: id(),
        file: id(),
        unicode: id(),
    });
    let pictures: Vec<Ref> = figures.iter().map(|_| id()).collect();

    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
    pdf.pages(tree).kids([leaf]).count(1);
    let [width, height] = page.size.map(|mm| (mm * PT_PER_MM) as f32);
    let mut sheet = pdf.page(leaf);
    sheet.media_box(Rect::new(0.0, 0.0, width, height));
    sheet.parent(tree).contents(stream);
    let mut resources = sheet.resources();
    let mut dictionary = resources.fonts();
    for (weight, ids) in Weight::ALL.into_iter().zip(&font_ids) {
        dictionary.pair(font_name(weight), ids.font);
    }
    dictionary.finish();
    let mut dictionary = resources.x_objects();
    for (number, picture) in pictures.iter().enumerate() {
        dictionary.pair(Name(picture_name(number).as_bytes()), *picture);
    }
    dictionary.finish();
    resources.finish();
    sheet.finish();

    let packed = packed(&content);
    pdf.stream(stream, &packed).filter(Filter::FlateDecode);
    for (glyphs, ids) in fonts.iter().zip(&font_ids) {
        write_font(&mut pdf, glyphs, ids)?;
    }
    for (figure, picture) in figures.iter().zip(&pictures) {
        write_picture(&mut pdf, figure, *picture);
    }
    pdf.document_info(info)
        .title(TextStr("Procedure sheet"))
        .creator(TextStr(program));
    Ok(pdf.finish())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    if let Err(error) = encoder.write_all(bytes) {
        log::error!("deflate: {error}");
    }
    encoder.finish().unwrap_or_default()
}

fn font_name(weight: Weight) -> Name<'static> {
    match weight {
        Weight::Regular => Name(b"F0"),
        Weight::Bold => Name(b"F1"),
    }
}

fn picture_name(number: usize) -> String {
    format!("P{number}")
}

/// The glyphs of one font that the page uses.
struct UsedGlyphs {
    weight: Weight,
    remapper: GlyphRemapper,
    /// Number in the subset → character and advance in thousandths of the type size.
    letters: BTreeMap<u16, (char, f32)>,
}

impl UsedGlyphs {
    fn new(weight: Weight) -> Self {
        Self {
            weight,
            remapper: GlyphRemapper::new(),
            letters: BTreeMap::new(),
        }
    }

    /// The text as two bytes a glyph of the subset.
    fn encode(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * text.len());
        for letter in text.chars() {
            let Some(glyph) = typeface::glyph(self.weight, letter) else {
                continue;
            };
            let Ok(number) = u16::try_from(glyph.to_u32()) else {
                continue;
            };
            let subset = self.remapper.remap(number);
            let advance = typeface::advance_em(self.weight, glyph) * 1000.0;
            self.letters.insert(subset, (letter, advance as f32));
            bytes.extend(subset.to_be_bytes());
        }
        bytes
    }
}

struct FontIds {
    font: Ref,
    descendant: Ref,
    descriptor: Ref,
    file: Ref,
    unicode: Ref,
}

/// A composite font with Identity-H encoding (ISO 32000-1, 9.7) and its way back to characters.
fn write_font(pdf: &mut Pdf, glyphs: &UsedGlyphs, ids: &FontIds) -> Result<(), SheetError> {
    let subset = subsetter::subset(glyphs.weight.file(), 0, &glyphs.remapper)
        .map_err(|error| SheetError::Typeface(error.to_string()))?;
    // Six capitals mark a subset (9.6.4); one font of a kind needs only one mark.
    let name = format!("STYLET+{}", glyphs.weight.name());
    let name = Name(name.as_bytes());
    pdf.type0_font(ids.font)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(ids.descendant)
        .to_unicode(ids.unicode);
    let mut descendant = pdf.cid_font(ids.descendant);
    descendant
        .subtype(CidFontType::Type2)
        .base_font(name)
        .system_info(SYSTEM)
        .font_descriptor(ids.descriptor)
        .default_width(0.0)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = descendant.widths();
    for (number, (_, advance)) in &glyphs.letters {
        widths.same(*number, *number, *advance);
    }
    widths.finish();
    descendant.finish();
    pdf.font_descriptor(ids.descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-918.0, -463.0, 1614.0, 1232.0))
        .italic_angle(0.0)
        .ascent(928.0)
        .descent(-(DESCENT_EM * 1000.0) as f32)
        .cap_height((CAP_HEIGHT_EM * 1000.0) as f32)
        .stem_v(if glyphs.weight == Weight::Bold {
            165.0
        } else {
            81.0
        })
        .font_file2(ids.file);
    let packed_file = packed(&subset);
    pdf.stream(ids.file, &packed_file)
        .filter(Filter::FlateDecode)
        .pair(
            Name(b"Length1"),
            i32::try_from(subset.len()).unwrap_or(i32::MAX),
        );
    let mut unicode = UnicodeCmap::<u16>::new(Name(b"Stylet-UCS"), SYSTEM);
    for (number, (letter, _)) in &glyphs.letters {
        unicode.pair(*number, *letter);
    }
    pdf.cmap(ids.unicode, &unicode.finish());
    Ok(())
}

fn write_picture(pdf: &mut Pdf, figure: &Figure, id: Ref) {
    let packed = packed(&figure.greys);
    let side = |side: usize| i32::try_from(side).unwrap_or(i32::MAX);
    let mut picture = pdf.image_xobject(id, &packed);
    picture.filter(Filter::FlateDecode);
    picture.width(side(figure.size[0]));
    picture.height(side(figure.size[1]));
    picture.color_space().device_gray();
    picture.bits_per_component(8).interpolate(true);
}

/// Millimetres from the upper left corner to points from the lower left one.
struct Paper {
    height_mm: f64,
}

impl Paper {
    fn at(&self, [x, y]: Xy) -> (f32, f32) {
        (points(x), points(self.height_mm - y))
    }
}

fn points(mm: f64) -> f32 {
    (mm * PT_PER_MM) as f32
}

fn content_of(page: &Page, fonts: &mut [UsedGlyphs; 2]) -> Vec<u8> {
    let paper = Paper {
        height_mm: page.size[1],
    };
    let mut out = Content::new();
    out.set_line_join(LineJoinStyle::MiterJoin);
    for item in &page.items {
        match item {
            Item::Line(corners, pen) => {
                set_pen(&mut out, *pen);
                path(&mut out, &paper, corners);
                out.stroke();
            }
            Item::Shape {
                corners,
                fill,
                edge,
            } => {
                set_colors(&mut out, *fill, *edge);
                path(&mut out, &paper, corners);
                out.close_path();
                finish_shape(&mut out, *fill, *edge);
            }
            Item::Circle {
                center,
                radius,
                fill,
                edge,
            } => {
                set_colors(&mut out, *fill, *edge);
                circle(&mut out, &paper, *center, *radius);
                finish_shape(&mut out, *fill, *edge);
            }
            Item::Text(label) => text(&mut out, &paper, label, fonts),
            Item::Picture { number, at, size } => {
                let (left, bottom) = paper.at([at[0], at[1] + size[1]]);
                out.save_state();
                out.transform([points(size[0]), 0.0, 0.0, points(size[1]), left, bottom]);
                out.x_object(Name(picture_name(*number).as_bytes()));
                out.restore_state();
            }
        }
    }
    out.finish().to_vec()
}

fn set_pen(out: &mut Content, pen: Pen) {
    out.set_line_width(points(pen.width));
    out.set_stroke_gray(pen.grey as f32);
    match pen.dash {
        Some(dash) => out.set_dash_pattern(dash.map(points), 0.0),
        None => out.set_dash_pattern([], 0.0),
    };
}

fn path(out: &mut Content, paper: &Paper, corners: &[Xy]) {
    for (index, corner) in corners.iter().enumerate() {
        let (x, y) = paper.at(*corner);
        if index == 0 {
            out.move_to(x, y);
        } else {
            out.line_to(x, y);
        }
    }
}

fn circle(out: &mut Content, paper: &Paper, [x, y]: Xy, radius: f64) {
    let at = |right: f64, down: f64| paper.at([x + right * radius, y + down * radius]);
    let start = at(1.0, 0.0);
    out.move_to(start.0, start.1);
    // Each quarter: its end, and the directions of its two control points.
    for [a, b] in [
        [[1.0, 0.0], [0.0, 1.0]],
        [[0.0, 1.0], [-1.0, 0.0]],
        [[-1.0, 0.0], [0.0, -1.0]],
        [[0.0, -1.0], [1.0, 0.0]],
    ] {
        let first = at(a[0] + CIRCLE * b[0], a[1] + CIRCLE * b[1]);
        let second = at(b[0] + CIRCLE * a[0], b[1] + CIRCLE * a[1]);
        let end = at(b[0], b[1]);
        out.cubic_to(first.0, first.1, second.0, second.1, end.0, end.1);
    }
    out.close_path();
}

/// Colours are set before a path begins: none may change within it (ISO 32000-1, 8.2).
fn set_colors(out: &mut Content, fill: Option<Grey>, edge: Option<Pen>) {
    if let Some(grey) = fill {
        out.set_fill_gray(grey as f32);
    }
    if let Some(pen) = edge {
        set_pen(out, pen);
    }
}

fn finish_shape(out: &mut Content, fill: Option<Grey>, edge: Option<Pen>) {
    match (fill, edge) {
        (Some(_), Some(_)) => out.fill_nonzero_and_stroke(),
        (Some(_), None) => out.fill_nonzero(),
        (None, Some(_)) => out.stroke(),
        (None, None) => out.end_path(),
    };
}

fn text(out: &mut Content, paper: &Paper, label: &Label, fonts: &mut [UsedGlyphs; 2]) {
    let Some(font) = fonts.iter_mut().find(|font| font.weight == label.weight) else {
        return;
    };
    let bytes = font.encode(&label.text);
    let (x, y) = paper.at(label.at);
    // The rim is drawn first, so that the letters stay as strong as elsewhere.
    if let Some((width, grey)) = label.rim {
        set_pen(out, Pen::new(width, grey));
        out.set_line_join(LineJoinStyle::RoundJoin);
    }
    out.set_fill_gray(label.grey as f32);
    let mut draw = |mode: TextRenderingMode| {
        out.begin_text();
        out.set_font(font_name(label.weight), points(label.size));
        out.set_text_rendering_mode(mode);
        out.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
        out.show(Str(&bytes));
        out.end_text();
    };
    if label.rim.is_some() {
        draw(TextRenderingMode::Stroke);
    }
    draw(TextRenderingMode::Fill);
}
