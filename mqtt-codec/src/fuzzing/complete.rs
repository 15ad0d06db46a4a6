//! Packets with all that they may have, and what becomes of them when a byte is changed, missing or too much.

use alloc::vec;
use alloc::vec::Vec;

use super::LIMITS;
use crate::{Packet, Version, decode, fixed_header};

/// A packet of 5.0: its first byte and its parts; every second one is a property block, whose length is left out.
type Parts = (u8, &'static [&'static [u8]]);

/// Each type without and with all that it may have.
const PACKETS: [Parts; 37] = [
    (0x10, &[b"\0\x04MQTT\x05\x02\0\x3c", b"", b"\0\x02me"]),
    (
        0x10,
        &[
            b"\0\x04MQTT\x05\xee\0\x3c",
            b"\x11\0\0\0\x05\x21\0\x09\x27\0\x01\0\0\x22\0\x04\x19\x01\x17\0\x26\0\x01a\0\x01b\x15\0\x01X\x16\0\x01y",
            b"\0\x02me",
            b"\x18\0\0\0\x01\x01\x01\x02\0\0\0\x09\x03\0\x01t\x08\0\x01r\x09\0\x01c\x26\0\x01a\0\x01b",
            b"\0\x04will\0\x04gone\0\x04user\0\x06secret",
        ],
    ),
    (0x20, &[b"\0\0", b""]),
    (
        0x20,
        &[
            b"\0\0",
            b"\x11\0\0\0\x05\x21\0\x09\x24\x01\x25\0\x27\0\x01\0\0\x12\0\x01i\x22\0\x04\x1f\0\x01w\x26\0\x01a\0\x01b\
                \x28\0\x29\0\x2a\0\x13\0\x3c\x1a\0\x01r\x1c\0\x01s\x15\0\x01X\x16\0\x01y",
        ],
    ),
    (0x20, &[b"\0\x87", b"\x1f\0\x01w\x1c\0\x01s"]),
    (0x30, &[b"\0\x01a", b"", b"x"]),
    (0x31, &[b"\0\x01a", b""]),
    (0x32, &[b"\0\x01a\0\x07", b"", b"x"]),
    (
        0x3d,
        &[
            b"\0\x01a\0\x07",
            b"\x01\x01\x02\0\0\0\x09\x23\0\x03\x08\0\x01r\x09\0\x01c\x26\0\x01a\0\x01b\x03\0\x01t",
            b"x",
        ],
    ),
    (0x30, &[b"\0\0", b"\x23\0\x03", b"x"]),
    (0x30, &[b"\0\x01a", b"\x0b\x07\x0b\x08", b"x"]),
    (0x40, &[b"\0\x07"]),
    (0x40, &[b"\0\x07\x10"]),
    (0x40, &[b"\0\x07\x97", b"\x1f\0\x01w\x26\0\x01a\0\x01b"]),
    (0x50, &[b"\0\x07"]),
    (0x50, &[b"\0\x07\x10"]),
    (0x50, &[b"\0\x07\x97", b"\x1f\0\x01w\x26\0\x01a\0\x01b"]),
    (0x62, &[b"\0\x07"]),
    (0x62, &[b"\0\x07\x92"]),
    (0x62, &[b"\0\x07\x92", b"\x1f\0\x01w\x26\0\x01a\0\x01b"]),
    (0x70, &[b"\0\x07"]),
    (0x70, &[b"\0\x07\x92"]),
    (0x70, &[b"\0\x07\x92", b"\x1f\0\x01w\x26\0\x01a\0\x01b"]),
    (0x82, &[b"\0\x07", b"", b"\0\x01a\x01"]),
    (
        0x82,
        &[
            b"\0\x07",
            b"\x0b\x07\x26\0\x01a\0\x01b",
            b"\0\x03a/+\x02\0\x01#\x2c\0\x0a$share/g/a\x01",
        ],
    ),
    (0x90, &[b"\0\x07", b"", b"\x01"]),
    (0x90, &[b"\0\x07", b"\x1f\0\x01w\x26\0\x01a\0\x01b", b"\0\x01\x02\x80"]),
    (0xa2, &[b"\0\x07", b"", b"\0\x01a"]),
    (0xa2, &[b"\0\x07", b"\x26\0\x01a\0\x01b", b"\0\x03a/+\0\x0a$share/g/a"]),
    (0xb0, &[b"\0\x07", b"", b"\0"]),
    (0xb0, &[b"\0\x07", b"\x1f\0\x01w\x26\0\x01a\0\x01b", b"\0\x11\x80"]),
    (0xc0, &[]),
    (0xd0, &[]),
    (0xe0, &[]),
    (0xe0, &[b"\x04"]),
    (0xe0, &[b"\x81", b"\x11\0\0\0\x05\x1f\0\x01w\x26\0\x01a\0\x01b\x1c\0\x01s"]),
    (0xf0, &[b"\x18", b"\x15\0\x01X\x16\0\x01y\x1f\0\x01w\x26\0\x01a\0\x01b"]),
];

/// Complete packets of a version: those of 5.0 without what the version does not have.
#[must_use]
pub fn complete_packets(version: Version) -> Vec<Vec<u8>> {
    let mut packets: Vec<Vec<u8>> = PACKETS
        .iter()
        .map(|(first, parts)| packet(*first, parts))
        .filter_map(|bytes| in_version(bytes, version))
        .collect();
    packets.dedup();
    packets
}

/// The packet with each byte changed in six ways, and with each number of bytes less, and one more, than it has.
#[must_use]
pub fn spoiled(packet: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (at, &byte) in packet.iter().enumerate() {
        let (more, less) = (byte.wrapping_add(1), byte.wrapping_sub(1));
        for other in [0x00, 0xFF, byte ^ 0x01, byte ^ 0x80, more, less] {
            if other != byte {
                let changed = packet.iter().enumerate();
                all.push(
                    changed
                        .map(|(n, &it)| if n == at { other } else { it })
                        .collect(),
                );
            }
        }
    }
    let Ok(Some(header)) = fixed_header(packet) else {
        return all;
    };
    let first = packet.iter().copied().take(1);
    let body = packet.get(header.header_len..).unwrap_or_default();
    let shorter = (0..body.len()).filter_map(|len| body.get(..len));
    for body in shorter.map(<[u8]>::to_vec).chain([[body, &[0]].concat()]) {
        all.extend(first.clone().map(|first| with_length(first, &body)));
    }
    all
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        if n % 2 == 1 {
            body.extend(u8::try_from(part.len()));
        }
        body.extend_from_slice(part);
    }
    with_length(first, &body)
}

/// A packet of this first byte and body, which is shorter than 16,384 bytes.
fn with_length(first: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    let length = match body.len() {
        0..0x80 => vec![low],
        _ => vec![low | 0x80, high << 1 | low >> 7],
    };
    [&[first], length.as_slice(), body].concat()
}

/// `None` when the version has no such packet.
fn in_version(bytes: Vec<u8>, version: Version) -> Option<Vec<u8>> {
    if version == Version::V5_0 {
        // Not encoded anew: there may be a shorter form.
        return Some(bytes);
    }
    let (mut packet, _) = decode(Version::V5_0, &LIMITS, &bytes).ok()??;
    if let Packet::Connect(connect) = &mut packet {
        connect.version = version;
    }
    let mut encoded = vec![0; packet.encoded_len(version)?];
    packet.encode(version, &mut encoded);
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_packets_are_packets() {
        for (version, expected) in [
            (Version::V3_1, 23),
            (Version::V3_1_1, 23),
            (Version::V5_0, 37),
        ] {
            let packets = complete_packets(version);
            for bytes in &packets {
                let decoded = decode(version, &LIMITS, bytes);
                assert!(
                    matches!(decoded, Ok(Some((_, len))) if len == bytes.len()),
                    "{bytes:02x?}"
                );
            }
            assert_eq!(packets.len(), expected);
        }
    }

    #[test]
    fn a_spoiled_packet_is_another_one() {
        let ping = [0xC0, 0x00];
        let expected: [&[u8]; 10] = [
            b"\x00\x00",
            b"\xff\x00",
            b"\xc1\x00",
            b"\x40\x00",
            b"\xc1\x00",
            b"\xbf\x00",
            b"\xc0\xff",
            b"\xc0\x01",
            b"\xc0\x80",
            b"\xc0\x01",
        ];
        let more: [&[u8]; 2] = [b"\xc0\xff", b"\xc0\x01\0"];
        assert_eq!(spoiled(&ping), [&expected[..], &more].concat());
        assert_eq!(with_length(0x30, &[0; 200])[..3], [0x30, 200, 1]);
    }
}
