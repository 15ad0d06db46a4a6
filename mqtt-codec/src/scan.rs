//! Looks for bytes that a string may not have, eight at a time. Nearly all strings are ASCII; the others get a closer look.

/// `byte` in each of eight.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

const HIGH: u64 = eight(0x80);

/// Whether it is ASCII without U+0000.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    // A byte below 0x80 that is taken from 0x80 leaves the high bit only when it is 0, and never borrows.
    none(bytes, |word| word | HIGH.wrapping_sub(word))
}

/// Whether it is ASCII without U+0000, `+` and `#`.
#[inline]
pub(crate) fn is_plain_without_wildcard(bytes: &[u8]) -> bool {
    // `+` and `#` differ in one bit.
    let wildcard = |word: u64| (word | eight(b'+' ^ b'#')) ^ eight(b'+');
    none(bytes, |word| word | HIGH.wrapping_sub(word) | HIGH.wrapping_sub(wildcard(word)))
}

/// Whether `test` gives no high bit for any eight bytes.
#[inline(always)]
fn none(bytes: &[u8], test: impl Fn(u64) -> u64) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else { return none_in_short(bytes, test) };
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<16>() {
        if test_sixteen(chunk, &test) & HIGH != 0 {
            return false;
        }
        rest = behind;
    }
    // What is left, with some that were seen before.
    test_sixteen(last, test) & HIGH == 0
}

#[inline(always)]
fn test_sixteen(bytes: &[u8; 16], test: impl Fn(u64) -> u64) -> u64 {
    let (first, last) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>());
    first.map_or(0, |first| test(u64::from_le_bytes(*first))) | last.map_or(0, |last| test(u64::from_le_bytes(*last)))
}

/// Below sixteen.
#[inline(always)]
fn none_in_short(bytes: &[u8], test: impl Fn(u64) -> u64) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return (test(u64::from_le_bytes(*first)) | test(u64::from_le_bytes(*last))) & HIGH == 0;
    }
    // What is not there is as harmless as a letter.
    let mut word = eight(b'a');
    for &byte in bytes {
        word = word << 8 | u64::from(byte);
    }
    test(word) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::{is_plain, is_plain_without_wildcard};

    #[test]
    fn each_byte_in_each_place_of_each_length_is_seen() {
        for len in 0..40 {
            let mut bytes = [b'a'; 40];
            assert!(is_plain(&bytes[..len]) && is_plain_without_wildcard(&bytes[..len]), "{len}");
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    bytes[at] = byte;
                    let plain = byte != 0 && byte.is_ascii();
                    let wildcard = matches!(byte, b'+' | b'#');
                    assert_eq!(is_plain(&bytes[..len]), plain, "{byte} at {at} of {len}");
                    assert_eq!(is_plain_without_wildcard(&bytes[..len]), plain && !wildcard, "{byte} at {at} of {len}");
                }
                bytes[at] = b'a';
            }
        }
    }
}
