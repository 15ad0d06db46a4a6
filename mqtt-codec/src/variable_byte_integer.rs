//! Variable Byte Integers. Standard: MQTT 5.0 §1.5.5.

use crate::DecodeError;

/// The largest value, which takes four bytes.
pub const MAX: u32 = 268_435_455;

/// Reads a Variable Byte Integer, 0 to 268,435,455, from the front of `bytes`: its value and its length, 1 to 4.
///
/// `Ok(None)` means that it is not complete yet.
///
/// # Errors
///
/// [`DecodeError::VariableByteInteger`] when a fourth byte asks for a fifth, or when a shorter encoding exists.
/// Standard: MQTT 5.0 §1.5.5, [MQTT-1.5.5-1].
///
/// ```
/// assert_eq!(mqtt_codec::variable_byte_integer(&[0x80, 0x01, 0xFF]), Ok(Some((128, 2))));
/// ```
#[inline]
pub const fn read(bytes: &[u8]) -> Result<Option<(u32, usize)>, DecodeError> {
    match bytes {
        [a @ ..0x80, ..] => Ok(Some((*a as u32, 1))),
        [a, b @ 1..0x80, ..] => Ok(Some((low(*a, 0) | low(*b, 7), 2))),
        _ => read_long(bytes),
    }
}

/// The seven bits of a byte that count.
#[inline]
const fn low(byte: u8, shift: u32) -> u32 {
    ((byte & 0x7F) as u32) << shift
}

/// Whatever is not of one or two bytes.
const fn read_long(bytes: &[u8]) -> Result<Option<(u32, usize)>, DecodeError> {
    match *bytes {
        [] | [_] | [_, 0x80..=0xFF] | [_, 0x80..=0xFF, 0x80..=0xFF] => Ok(None),
        [_, 0, ..]
        | [_, 0x80..=0xFF, 0, ..]
        | [_, 0x80..=0xFF, 0x80..=0xFF, 0 | 0x80..=0xFF, ..] => {
            Err(DecodeError::VariableByteInteger { at: 0 })
        }
        [a, b @ ..0x80, ..] => Ok(Some((low(a, 0) | low(b, 7), 2))),
        [a, b, c @ ..0x80, ..] => Ok(Some((low(a, 0) | low(b, 7) | low(c, 14), 3))),
        [a, b, c, d, ..] => Ok(Some((low(a, 0) | low(b, 7) | low(c, 14) | low(d, 21), 4))),
    }
}

/// How many bytes a value takes, 1 to 4; `None` above [`MAX`].
///
/// ```
/// assert_eq!(mqtt_codec::variable_byte_integer::len(127), Some(1));
/// assert_eq!(mqtt_codec::variable_byte_integer::len(128), Some(2));
/// ```
#[must_use]
#[inline]
pub const fn len(value: u32) -> Option<usize> {
    match value {
        0..0x80 => Some(1),
        0x80..0x4000 => Some(2),
        0x4000..0x20_0000 => Some(3),
        0x20_0000..=MAX => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX, len, read};
    use crate::DecodeError;

    const MALFORMED: Result<Option<(u32, usize)>, DecodeError> =
        Err(DecodeError::VariableByteInteger { at: 0 });

    #[test]
    fn the_borders_of_each_length_are_read() {
        assert_eq!(read(&[0x00]), Ok(Some((0, 1))));
        assert_eq!(read(&[0x7F]), Ok(Some((127, 1))));
        assert_eq!(read(&[0x80, 0x01]), Ok(Some((128, 2))));
        assert_eq!(read(&[0xFF, 0x7F]), Ok(Some((16_383, 2))));
        assert_eq!(read(&[0x80, 0x80, 0x01]), Ok(Some((16_384, 3))));
        assert_eq!(read(&[0xFF, 0xFF, 0x7F]), Ok(Some((2_097_151, 3))));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x01]), Ok(Some((2_097_152, 4))));
        assert_eq!(read(&[0xFF, 0xFF, 0xFF, 0x7F, 0xFF]), Ok(Some((MAX, 4))));
    }

    #[test]
    fn an_incomplete_one_is_none() {
        for bytes in [&[][..], &[0x80], &[0xFF, 0x80], &[0xFF, 0xFF, 0x80]] {
            assert_eq!(read(bytes), Ok(None), "{bytes:02X?}");
        }
    }

    #[test]
    fn a_fifth_byte_and_padding_are_malformed() {
        for bytes in [
            &[0x80, 0x80, 0x80, 0x80][..],
            &[0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            &[0x80, 0x00],
            &[0xFF, 0x80, 0x00],
            &[0xFF, 0xFF, 0x80, 0x00],
        ] {
            assert_eq!(read(bytes), MALFORMED, "{bytes:02X?}");
        }
    }

    #[test]
    fn the_length_grows_at_the_borders() {
        let lengths = [
            (0, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (2_097_151, 3),
            (2_097_152, 4),
            (MAX, 4),
        ];
        for (value, expected) in lengths {
            assert_eq!(len(value), Some(expected), "{value}");
        }
        assert_eq!(len(MAX + 1), None);
    }
}
