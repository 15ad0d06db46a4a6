//! The bodies of the fuzz targets, so that tests on stable can replay what was found.
//!
//! The first byte of the input chooses the version of the connection; the rest is what a peer sent on it.

use alloc::vec;

use crate::{Limits, Packet, Version, decode as decode_packet};

/// Decodes whatever there is: nothing panics, and a packet never ends beyond its input.
pub fn decode(data: &[u8]) {
    for_each_packet(data, |_, _, bytes| {
        // What is incomplete without its last byte says so, and never something else.
        let limits = Limits {
            packet_size: Limits::MAX_PACKET_SIZE,
        };
        if let Some((_, shorter)) = bytes.split_last() {
            for version in [Version::V3_1, Version::V3_1_1, Version::V5_0] {
                if let Ok(Some((_, len))) = decode_packet(version, &limits, shorter) {
                    assert!(len <= shorter.len());
                }
            }
        }
    });
}

/// What was decoded encodes, with the length that it says, to bytes that decode to the same.
pub fn decode_encode_decode(data: &[u8]) {
    for_each_packet(data, |version, packet, _| {
        // CONNECT brings its own version, and some packets of 3.1 have no other.
        let Some(len) = packet.encoded_len(version) else {
            return;
        };
        let mut encoded = vec![0; len];
        assert_eq!(packet.encode(version, &mut encoded), len);
        let limits = Limits {
            packet_size: Limits::MAX_PACKET_SIZE,
        };
        assert_eq!(
            decode_packet(version, &limits, &encoded),
            Ok(Some((*packet, len)))
        );
    });
}

fn for_each_packet(data: &[u8], mut each: impl FnMut(Version, &Packet<'_>, &[u8])) {
    let Some((first, mut rest)) = data.split_first() else {
        return;
    };
    let version = match first % 3 {
        0 => Version::V3_1,
        1 => Version::V3_1_1,
        _ => Version::V5_0,
    };
    while let Ok(Some((packet, len))) = decode_packet(version, &Limits::default(), rest) {
        let Some((bytes, behind)) = rest.split_at_checked(len) else {
            return;
        };
        each(version, &packet, bytes);
        rest = behind;
    }
}
