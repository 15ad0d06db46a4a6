//! The bodies of the fuzz targets, so that tests on stable can replay what was found, and packets that they and other tests
//! begin with.
//!
//! The first byte of the input chooses the version of the connection; the rest is what a peer sent on it.

mod complete;

use alloc::vec;

pub use complete::{complete_packets, spoiled};

use crate::annotate::{Outcome, annotate};
use crate::{Limits, Packet, Version, decode as decode_packet};

const LIMITS: Limits = Limits {
    packet_size: Limits::MAX_PACKET_SIZE,
};

/// Decodes whatever there is: nothing panics, a packet is none until it is whole, and an annotation covers each byte and
/// says what the decoder says.
pub fn decode(data: &[u8]) {
    let rest = for_each_packet(data, |version, _, bytes| {
        for (len, _) in bytes.iter().enumerate() {
            let prefix = bytes.split_at_checked(len).unwrap_or_default().0;
            assert_eq!(decode_packet(version, &LIMITS, prefix), Ok(None));
        }
        assert_annotated(version, bytes);
    });
    if let Some((version, rest)) = rest {
        assert_annotated(version, rest);
    }
}

/// What was decoded encodes, in no more bytes than it had and with the length that it says, to bytes that decode to the
/// same; and into less room it writes nothing.
pub fn decode_encode_decode(data: &[u8]) {
    for_each_packet(data, |version, packet, bytes| {
        let len = packet.encoded_len(version).unwrap_or(usize::MAX);
        assert!(len <= bytes.len(), "{packet:?} grows to {len}");
        let mut encoded = vec![0; len];
        assert_eq!(packet.encode(version, &mut encoded), len);
        let again = decode_packet(version, &LIMITS, &encoded);
        assert_eq!(again, Ok(Some((*packet, len))));
        if let Some((_, short)) = encoded.split_last_mut() {
            short.fill(0xAA);
            assert_eq!(packet.encode(version, short), 0);
            assert!(short.iter().all(|&byte| byte == 0xAA));
        }
    });
}

/// Gives the version and what is left at the first that is no packet.
fn for_each_packet(
    data: &[u8],
    mut each: impl FnMut(Version, &Packet<'_>, &[u8]),
) -> Option<(Version, &[u8])> {
    let (first, mut rest) = data.split_first()?;
    let version = match first % 3 {
        0 => Version::V3_1,
        1 => Version::V3_1_1,
        _ => Version::V5_0,
    };
    while let Ok(Some((packet, len))) = decode_packet(version, &LIMITS, rest) {
        let (bytes, behind) = rest.split_at_checked(len)?;
        each(version, &packet, bytes);
        rest = behind;
    }
    Some((version, rest))
}

fn assert_annotated(version: Version, bytes: &[u8]) {
    let annotation = annotate(version, bytes);
    let mut at = 0;
    for line in &annotation.lines {
        assert_eq!(line.at, at);
        at += line.bytes.len();
        assert_eq!(bytes.get(line.at..at), Some(line.bytes));
    }
    match decode_packet(version, &LIMITS, bytes) {
        Ok(Some((_, len))) => {
            assert_eq!(annotation.outcome, Outcome::Packet { len });
            assert_eq!(at, len);
        }
        Ok(None) => {
            assert!(matches!(annotation.outcome, Outcome::Incomplete { .. }));
            assert_eq!(at, bytes.len());
        }
        Err(error) => assert_eq!(annotation.outcome, Outcome::Malformed(error)),
    }
}
