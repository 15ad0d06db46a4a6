//! Checks a string's bytes sixteen at a time: a loop over two arrays becomes a few vector instructions where there are some.
//! Nearly all strings are ASCII; what is not plain gets a closer look elsewhere.

/// Whether it is ASCII without U+0000.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    none(bytes, bytes, |byte, _| is_null_or_not_ascii(byte))
}

/// Whether U+0000, `+` or `#` is in it.
#[inline]
pub(crate) fn has_null_or_wildcard(bytes: &[u8]) -> bool {
    !none(bytes, bytes, |byte, _| (byte == 0) | is_wildcard(byte))
}

/// Whether it is a Topic Filter that is not shared, in ASCII. A leading `$share/` is not looked at.
#[inline]
pub(crate) fn is_plain_filter(bytes: &[u8]) -> bool {
    let (Some((last, but_last)), Some((_, but_first))) = (bytes.split_last(), bytes.split_first())
    else {
        return false;
    };
    // Each byte with the next one. `#` has none, `+` has none or `/`, and before both is none or `/`.
    !is_null_or_not_ascii(*last)
        && none(but_last, but_first, |byte, next| {
            is_null_or_not_ascii(byte)
                | (byte == b'#')
                | ((byte == b'+') & (next != b'/'))
                | ((byte != b'/') & is_wildcard(next))
        })
}

/// No other byte is below 1 when it is taken as signed.
#[inline(always)]
fn is_null_or_not_ascii(byte: u8) -> bool {
    i8::from_ne_bytes([byte]) < 1
}

/// `+` and `#` differ in one bit.
#[inline(always)]
fn is_wildcard(byte: u8) -> bool {
    byte | (b'+' ^ b'#') == b'+'
}

/// Whether nothing is found in two slices of the same length, byte by byte.
#[inline(always)]
fn none(left: &[u8], right: &[u8], found: impl Fn(u8, u8) -> bool) -> bool {
    let (Some(last_left), Some(last_right)) = (left.last_chunk::<16>(), right.last_chunk::<16>())
    else {
        return none_in_short(left, right, found);
    };
    let (mut left, mut right) = (left, right);
    while let (Some((chunk_left, rest_left)), Some((chunk_right, rest_right))) = (
        left.split_first_chunk::<16>(),
        right.split_first_chunk::<16>(),
    ) {
        if any_in(chunk_left, chunk_right, &found) {
            return false;
        }
        (left, right) = (rest_left, rest_right);
    }
    // What is left, with some that were seen before.
    !any_in(last_left, last_right, found)
}

/// Below sixteen.
#[inline(always)]
fn none_in_short(left: &[u8], right: &[u8], found: impl Fn(u8, u8) -> bool) -> bool {
    if let (Some(first_left), Some(first_right), Some(last_left), Some(last_right)) = (
        left.first_chunk::<8>(),
        right.first_chunk::<8>(),
        left.last_chunk::<8>(),
        right.last_chunk::<8>(),
    ) {
        return !(any_in(first_left, first_right, &found) | any_in(last_left, last_right, &found));
    }
    !left
        .iter()
        .zip(right)
        .any(|(&left, &right)| found(left, right))
}

#[inline(always)]
fn any_in<const N: usize>(left: &[u8; N], right: &[u8; N], found: impl Fn(u8, u8) -> bool) -> bool {
    left.iter()
        .zip(right)
        .fold(0, |hit, (&left, &right)| hit | u8::from(found(left, right)))
        != 0
}

#[cfg(test)]
mod tests {
    use super::{has_null_or_wildcard, is_plain, is_plain_filter};
    use crate::TopicFilter;

    #[test]
    fn each_byte_in_each_place_of_each_length_is_seen() {
        for len in 0..40 {
            let mut bytes = [b'a'; 40];
            assert!(
                is_plain(&bytes[..len]) && !has_null_or_wildcard(&bytes[..len]),
                "{len}"
            );
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    bytes[at] = byte;
                    let plain = byte != 0 && byte.is_ascii();
                    let hit = matches!(byte, 0 | b'+' | b'#');
                    assert_eq!(is_plain(&bytes[..len]), plain, "{byte} at {at} of {len}");
                    assert_eq!(
                        has_null_or_wildcard(&bytes[..len]),
                        hit,
                        "{byte} at {at} of {len}"
                    );
                }
                bytes[at] = b'a';
            }
        }
    }

    /// Against the plain loop that names the fault.
    #[test]
    fn filters_are_judged_as_by_the_slow_check() {
        const BYTES: [u8; 6] = [b'a', b'/', b'+', b'#', 0, 0x80];
        for len in 0..=36 {
            for place in 0..len {
                for choice in 0..BYTES.len().pow(3) {
                    let mut bytes = [b'/'; 36];
                    for (digit, byte) in bytes[..len].iter_mut().skip(place).take(3).enumerate() {
                        *byte = BYTES
                            [choice / BYTES.len().pow(u32::try_from(digit).unwrap()) % BYTES.len()];
                    }
                    let bytes = &bytes[..len];
                    let slow = core::str::from_utf8(bytes)
                        .is_ok_and(|filter| TopicFilter::new(filter).is_ok());
                    assert_eq!(is_plain_filter(bytes), slow, "{bytes:?}");
                }
            }
        }
    }
}
