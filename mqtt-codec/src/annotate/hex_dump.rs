use alloc::vec::Vec;

/// Why a text is no hex dump. Line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HexDumpError {
    /// Something else than two hex digits a byte.
    #[error("line {line}, column {column}: {found:?} is no hex digit")]
    NoDigit {
        /// Which line.
        line: usize,
        /// Which character of it.
        column: usize,
        /// What stands there.
        found: char,
    },
    /// An odd number of digits.
    #[error("line {line}, column {column}: one hex digit where a byte has two")]
    HalfAByte {
        /// Which line.
        line: usize,
        /// Where the digit stands.
        column: usize,
    },
}

/// The bytes of a hex dump: digits with or without blanks, commas and `0x`, or what `xxd` and `hexdump -C` print.
///
/// # Errors
///
/// [`HexDumpError`] says what stands where.
///
/// ```
/// use mqtt_codec::annotate::parse_hex_dump;
///
/// assert_eq!(parse_hex_dump("C0 00")?, [0xC0, 0x00]);
/// assert_eq!(parse_hex_dump("00000000: c000 d000   ....")?, [0xC0, 0x00, 0xD0, 0x00]);
/// assert_eq!(parse_hex_dump("c0 0x").unwrap_err().to_string(), "line 1, column 5: 'x' is no hex digit");
/// # Ok::<(), mqtt_codec::annotate::HexDumpError>(())
/// ```
pub fn parse_hex_dump(text: &str) -> Result<Vec<u8>, HexDumpError> {
    let mut bytes = Vec::new();
    // The last line of `hexdump -C` is an offset alone.
    let with_text = text.lines().any(|line| line.trim_end().ends_with('|'));
    for (index, line) in text.lines().enumerate() {
        let (digits, skipped) = digits_of(line, with_text);
        parse_line(digits, index + 1, skipped, &mut bytes)?;
    }
    Ok(bytes)
}

/// A line without its offset and its characters, and how much stood before.
fn digits_of(line: &str, with_text: bool) -> (&str, usize) {
    if with_text {
        // `00000000  c0 00  |..|`
        let dump = line.split('|').next().unwrap_or_default();
        return match dump.find(' ') {
            Some(offset) => (dump.get(offset..).unwrap_or_default(), offset),
            None => ("", 0),
        };
    }
    // `00000000: c000  ..`
    match line.split_once(": ") {
        Some((offset, dump)) if offset.len() >= 4 => (
            dump.split("  ").next().unwrap_or_default(),
            offset.len() + 2,
        ),
        Some(_) | None => (line, 0),
    }
}

fn parse_line(
    digits: &str,
    line: usize,
    skipped: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), HexDumpError> {
    let mut high = None;
    let mut characters = digits.chars().zip(skipped + 1..).peekable();
    while let Some((found, column)) = characters.next() {
        if found.is_whitespace() || matches!(found, ',' | ':') {
            if let Some((_, column)) = high {
                return Err(HexDumpError::HalfAByte { line, column });
            }
            continue;
        }
        if found == '0' && high.is_none() && matches!(characters.peek(), Some(('x' | 'X', _))) {
            let (x, column) = characters.next().unwrap_or((found, column));
            if !characters
                .peek()
                .is_some_and(|(next, _)| next.is_ascii_hexdigit())
            {
                return Err(HexDumpError::NoDigit {
                    line,
                    column,
                    found: x,
                });
            }
            continue;
        }
        let digit = found
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or(HexDumpError::NoDigit {
                line,
                column,
                found,
            })?;
        high = match high {
            None => Some((digit, column)),
            Some((high, _)) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    match high {
        Some((_, column)) => Err(HexDumpError::HalfAByte { line, column }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{HexDumpError, parse_hex_dump};

    #[test]
    fn digits_come_in_many_forms() {
        let forms = [
            "30050001616869",
            "30 05 00 01 61 68 69",
            " 3005 0001\n6168 69\n",
            "0x30, 0x05, 0x00, 0x01, 0x61, 0x68, 0x69",
            "30:05:00:01:61:68:69",
            "00000000: 3005 0001 6168 69                        0...ahi\n",
            "00000000: 3005 0001  0...\n00000004: 6168 69  ahi\n",
            "00000000  30 05 00 01 61 68 69                              |0...ahi|\n00000007\n",
            "00000000  30 05 00 01  |0..||\n00000004  61 68 69  |ahi|\n00000007\n",
        ];
        for form in forms {
            assert_eq!(
                parse_hex_dump(form),
                Ok([0x30, 5, 0, 1, b'a', b'h', b'i'].into()),
                "{form}"
            );
        }
        assert_eq!(parse_hex_dump(""), Ok([].into()));
    }

    #[test]
    fn what_is_no_hex_is_named_with_its_place() {
        let no_digit = |line, column, found| {
            Err(HexDumpError::NoDigit {
                line,
                column,
                found,
            })
        };
        assert_eq!(parse_hex_dump("30 0g"), no_digit(1, 5, 'g'));
        assert_eq!(parse_hex_dump("30\n05 é1"), no_digit(2, 4, 'é'));
        assert_eq!(parse_hex_dump("00000000: 30z5"), no_digit(1, 13, 'z'));
        assert_eq!(parse_hex_dump("0x"), no_digit(1, 2, 'x'));
        assert_eq!(
            parse_hex_dump("30 5"),
            Err(HexDumpError::HalfAByte { line: 1, column: 4 })
        );
        assert_eq!(
            parse_hex_dump("3 05"),
            Err(HexDumpError::HalfAByte { line: 1, column: 1 })
        );
        assert_eq!(
            parse_hex_dump("300"),
            Err(HexDumpError::HalfAByte { line: 1, column: 3 })
        );
    }
}
