//! Checks a string's bytes sixteen at a time: a loop over an array becomes a few vector instructions where there are some.
//! Nearly all strings are ASCII; what is not plain gets a closer look elsewhere.

/// Whether it is ASCII without U+0000.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    none(bytes, is_null_or_not_ascii)
}

/// Whether U+0000, `+` or `#` is in it.
#[inline]
pub(crate) fn has_null_or_wildcard(bytes: &[u8]) -> bool {
    !none(bytes, |byte| (byte == 0) | is_wildcard(byte))
}

/// Whether it is a Topic Filter in ASCII, without a wildcard but at its end. A leading `$share/` is not looked at.
#[inline(always)]
pub(crate) fn is_plain_filter(bytes: &[u8]) -> bool {
    let Some((&last, but_last)) = bytes.split_last() else {
        return false;
    };
    if is_wildcard(last) && but_last.last().is_some_and(|&byte| byte != b'/') {
        return false;
    }
    !is_null_or_not_ascii(last)
        && none(but_last, |byte| {
            is_null_or_not_ascii(byte) | is_wildcard(byte)
        })
}

/// Where the next `+` or `#` stands, not before `from`.
#[inline]
pub(crate) fn next_wildcard(bytes: &[u8], from: usize) -> Option<usize> {
    const fn eight(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let mut at = from;
    let mut rest = bytes.get(from..)?;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let difference = (u64::from_le_bytes(*chunk) | eight(b'+' ^ b'#')) ^ eight(b'+');
        // The high bit of each byte that is 0: only these stay below 0x80 when 0x7F is added.
        let hits = !(((difference & eight(0x7F)) + eight(0x7F)) | difference) & eight(0x80);
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        (at, rest) = (at + 8, behind);
    }
    rest.iter()
        .position(|&byte| is_wildcard(byte))
        .map(|index| at + index)
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

/// Whether nothing is found.
#[inline(always)]
fn none(bytes: &[u8], found: impl Fn(u8) -> bool) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else {
        return none_in_short(bytes, found);
    };
    let mut rest = bytes;
    while let Some((chunk, behind)) = rest.split_first_chunk::<16>() {
        if any_in(chunk, &found) {
            return false;
        }
        rest = behind;
    }
    // What is left, with some that were seen before.
    !any_in(last, found)
}

/// Below sixteen.
#[inline(always)]
fn none_in_short(bytes: &[u8], found: impl Fn(u8) -> bool) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        return !(any_in(first, &found) | any_in(last, found));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return !(any_in(first, &found) | any_in(last, found));
    }
    !bytes.iter().any(|&byte| found(byte))
}

#[inline(always)]
fn any_in<const N: usize>(bytes: &[u8; N], found: impl Fn(u8) -> bool) -> bool {
    bytes
        .iter()
        .fold(0, |hit, &byte| hit | u8::from(found(byte)))
        != 0
}

#[cfg(test)]
mod tests {
    use super::{has_null_or_wildcard, is_plain, is_plain_filter, next_wildcard};

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

    /// With a shared one, or one with a wildcard before the end, left to the full check.
    #[test]
    fn plain_filters_are_filters() {
        for (filter, plain) in [
            ("", false),
            ("a", true),
            ("+", true),
            ("#", true),
            ("/+", true),
            ("a/b/#", true),
            ("a+", false),
            ("a/b#", false),
            ("a/+/b", false),
            ("a\0", false),
            ("\0a", false),
            ("Ü", false),
            ("a long one of more than sixteen bytes/and/#", true),
            ("a long one of more than + sixteen bytes/and/#", false),
        ] {
            assert_eq!(is_plain_filter(filter.as_bytes()), plain, "{filter}");
        }
    }

    #[test]
    fn the_next_wildcard_is_found_wherever_it_stands() {
        for len in 1..30 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    let mut bytes = [0xAB; 30];
                    bytes[at] = byte;
                    let expected = matches!(byte, b'+' | b'#').then_some(at);
                    assert_eq!(
                        next_wildcard(&bytes[..len], 0),
                        expected,
                        "{byte} at {at} of {len}"
                    );
                    assert_eq!(
                        next_wildcard(&bytes[..len], at),
                        expected,
                        "{byte} at {at} of {len}"
                    );
                    assert_eq!(
                        next_wildcard(&bytes[..len], at + 1),
                        None,
                        "{byte} at {at} of {len}"
                    );
                }
            }
        }
    }
}
