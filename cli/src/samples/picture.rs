//! PNG pictures as samples. They are never resized, and converted only if no guess is needed.

use super::refuse;
use curt::graph::InputSpec;
use curt::{Defect, Dtype, Error, ErrorKind, Result, Shape};
use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};
use std::io::Cursor;

/// The bytes that the decoder may allocate besides the pixels. The model bounds the pixels.
const DECODER_BYTES: usize = 16 << 20;

/// The input of the model: height and width (`None` for a vector), and channels.
struct Wanted {
    size: Option<(usize, usize)>,
    channels: usize,
    elements: usize,
}

/// Whether a file starts with the signature of a PNG.
pub(super) fn is_one(file: &[u8]) -> bool {
    file.starts_with(b"\x89PNG")
}

/// The dimensions of the picture in `file` as a sample.
pub(super) fn dims(file: &[u8], input: InputSpec) -> Result<Vec<usize>> {
    let (mut decoder, wanted) = (decoder(file), wanted(input)?);
    let info = decoder.read_header_info().map_err(undecodable)?;
    let (height, width) = (side(info.height)?, side(info.width)?);
    Ok(if wanted.channels == 1 { vec![height, width] } else { vec![wanted.channels, height, width] })
}

/// The picture in `file` as a sample for a model that reads `input`: bytes in the order channel, row, column.
///
/// A gray picture has one channel, even if it is stored as equal red, green and blue or as a palette of grays. A picture in colour has three.
/// 16-bit values become the nearest 8-bit values. An alpha channel must be fully opaque.
pub(super) fn read(file: &[u8], input: InputSpec) -> Result<Vec<u8>> {
    let wanted = wanted(input)?;
    let mut decoder = decoder(file);
    // The size is checked before anything of that size is allocated, so the model bounds the memory that a picture takes.
    let info = decoder.read_header_info().map_err(undecodable)?;
    let found = describe(info);
    let size = (side(info.height)?, side(info.width)?);
    let size_fits = wanted.size.map_or(size.0.checked_mul(size.1) == Some(wanted.elements), |wanted| wanted == size);
    let stored_gray = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let does_not_fit = || refuse(&format!("the picture is {found}; the model takes {}", describe_wanted(&wanted)));
    if !size_fits || (stored_gray && wanted.channels == 3) {
        return Err(does_not_fit());
    }
    let is_indexed = info.color_type == ColorType::Indexed;
    let mut reader = decoder.read_info().map_err(undecodable)?;
    if reader.info().animation_control.is_some() {
        return Err(refuse("an animation; one picture is wanted"));
    }
    let bytes = reader.output_buffer_size().ok_or_else(|| refuse("it is too large for this machine"))?;
    let mut pixels = vec![0; bytes];
    let frame = reader.next_frame(&mut pixels).map_err(undecodable)?;
    reader.finish().map_err(undecodable)?;
    if is_indexed {
        check_palette(file)?;
    }
    let samples = if frame.bit_depth == BitDepth::Sixteen { to_8_bits(&pixels) } else { pixels };
    let colours = opaque(samples, frame.color_type)?;
    if frame.color_type.samples() <= 2 {
        return Ok(colours);
    }
    match wanted.channels {
        3 => Ok((0..3).flat_map(|channel| colours.iter().skip(channel).step_by(3).copied()).collect()),
        _ if colours.chunks_exact(3).all(|rgb| rgb[0] == rgb[1] && rgb[1] == rgb[2]) => {
            Ok(colours.into_iter().step_by(3).collect())
        }
        _ => Err(does_not_fit()),
    }
}

fn decoder(file: &[u8]) -> Decoder<Cursor<&[u8]>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: DECODER_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true); // the model was trained on the stored values, not on device colours
    decoder.set_transformations(Transformations::EXPAND);
    decoder
}

/// Refuses pixels whose colour is not in the palette: the decoder makes them black.
fn check_palette(file: &[u8]) -> Result<()> {
    let mut decoder = decoder(file);
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(undecodable)?;
    let colours = reader.info().palette.as_ref().map_or(0, |palette| palette.len() / 3);
    let (width, depth) = (side(reader.info().width)?, usize::from(reader.info().bit_depth as u8));
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    let frame = reader.next_frame(&mut pixels).map_err(undecodable)?;
    // Pixels of fewer than 8 bits lie in a byte from its high bits down; a row begins with a byte of its own.
    let index = |row: &[u8], x: usize| row[x * depth / 8] >> (8 - depth - x * depth % 8) & (u8::MAX >> (8 - depth));
    for (y, row) in pixels.chunks_exact(frame.line_size.max(1)).enumerate() {
        if let Some(x) = (0..width).find(|&x| usize::from(index(row, x)) >= colours) {
            let number = index(row, x);
            return Err(refuse(&format!(
                "the pixel at {x}, {y} has colour {number} of a palette of {colours}; the picture is damaged"
            )));
        }
    }
    Ok(())
}

fn wanted(input: InputSpec) -> Result<Wanted> {
    let (size, channels) = match input.shape {
        Shape::Image { channels, height, width } => (Some((height, width)), channels),
        Shape::Vector(_) => (None, 1),
    };
    let wanted = Wanted { size, channels, elements: input.shape.elements() };
    if input.dtype != Dtype::U8 {
        let takes = describe_wanted(&wanted).replace("(u8)", "(f32)");
        return Err(refuse(&format!("a PNG holds bytes; the model takes {takes}: convert it as the training did, to .npy")));
    }
    if channels != 1 && channels != 3 {
        return Err(refuse(&format!("a PNG has 1 channel or 3; the model takes {}", describe_wanted(&wanted))));
    }
    Ok(wanted)
}

/// A text such as "28 x 28, 1 channel (u8)".
fn describe_wanted(wanted: &Wanted) -> String {
    let channels = if wanted.channels == 1 { "1 channel".to_owned() } else { format!("{} channels", wanted.channels) };
    match wanted.size {
        Some((height, width)) => format!("{width} x {height}, {channels} (u8)"),
        None => format!("{} pixels in all, {channels} (u8)", wanted.elements),
    }
}

/// A text such as "32 x 32, RGB". It does not mention a depth of 8 bits.
fn describe(info: &Info<'_>) -> String {
    let colours = match info.color_type {
        ColorType::Grayscale => "gray",
        ColorType::GrayscaleAlpha => "gray with alpha",
        ColorType::Rgb => "RGB",
        ColorType::Rgba => "RGB with alpha",
        ColorType::Indexed => "a palette of colours",
    };
    let depth = if info.bit_depth == BitDepth::Sixteen { " of 16 bits" } else { "" };
    format!("{} x {}, {colours}{depth}", info.width, info.height)
}

/// Big-endian 16-bit values, rounded to the nearest 8-bit values (PNG specification, section 13.12).
fn to_8_bits(bytes: &[u8]) -> Vec<u8> {
    let nearest = |pair: &[u8]| {
        let value = u32::from(u16::from_be_bytes([pair[0], pair[1]]));
        u8::try_from((value * 255 + 32767) / 65535).expect("invariant: at most 255")
    };
    bytes.chunks_exact(2).map(nearest).collect()
}

/// The colours without their alpha channel, which must be 255.
fn opaque(samples: Vec<u8>, color_type: ColorType) -> Result<Vec<u8>> {
    let (colours, with_alpha) = match color_type {
        ColorType::GrayscaleAlpha => (1, 2),
        ColorType::Rgba => (3, 4),
        _ => return Ok(samples),
    };
    if samples.chunks_exact(with_alpha).any(|pixel| pixel[colours] != 255) {
        return Err(refuse(
            "it has transparent pixels, and what lies behind them is not known; save it without an alpha channel",
        ));
    }
    Ok(samples.chunks_exact(with_alpha).flat_map(|pixel| &pixel[..colours]).copied().collect())
}

fn side(side: u32) -> Result<usize> {
    usize::try_from(side).map_err(|_| refuse("its size exceeds this machine"))
}

fn undecodable(error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::new(Defect::Truncated, "the picture ends before its end: it was cut off; transfer it again")
        }
        DecodingError::LimitsExceeded => Error::new(ErrorKind::Limit, "the picture needs more memory than one of its size may"),
        error => refuse(&format!("a PNG that cannot be decoded: {error}")),
    }
}
