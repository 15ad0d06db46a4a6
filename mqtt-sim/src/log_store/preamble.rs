//! How a log begins, in every format: eight bytes that say what it is, the format, and the CRC-32 of both.

use mqtt_broker_core::{Damage, StoreError};

use crate::log_store::frame::take;
use crate::log_store::recovery::damaged;

/// The format that is written, and the newest that is known here.
const FORMAT: u32 = 1;

const MAGIC: [u8; 8] = *b"mqtt-log";

/// The first bytes of a log.
pub(super) fn preamble() -> [u8; 16] {
    of_format(FORMAT)
}

fn of_format(format: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    if let Some((magic, rest)) = bytes.split_first_chunk_mut::<8>() {
        *magic = MAGIC;
        if let Some((number, _)) = rest.split_first_chunk_mut::<4>() {
            *number = format.to_be_bytes();
        }
    }
    if let Some((fields, checksum)) = bytes.split_last_chunk_mut::<4>() {
        *checksum = crc32fast::hash(fields).to_be_bytes();
    }
    bytes
}

/// Says where the first frame begins, if the file has a format that is known here.
pub(super) fn check(name: &str, file: &[u8]) -> Result<usize, StoreError> {
    let mut rest = file;
    let (magic, format) = (take::<8>(&mut rest), take::<4>(&mut rest));
    let format = u32::from_be_bytes(format.unwrap_or_default());
    let bytes = of_format(format);
    if magic != Some(MAGIC) || !file.starts_with(&bytes) {
        return Err(damaged(name, 0, Damage::Checksum));
    }
    if format > FORMAT {
        return Err(StoreError::NewerVersion {
            found: format,
            supported: FORMAT,
        });
    }
    Ok(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_named_and_another_bit_is_damage() {
        assert_eq!(check("log", &preamble()), Ok(16));
        let (found, supported) = (FORMAT + 1, FORMAT);
        let newer = StoreError::NewerVersion { found, supported };
        assert_eq!(check("log", &of_format(found)), Err(newer));
        let damage = Err(damaged("log", 0, Damage::Checksum));
        assert_eq!(check("log", &preamble()[..15]), damage);
        for bit in 0..16 * 8 {
            let mut bytes = preamble();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(check("log", &bytes), damage, "bit {bit}");
        }
    }
}
