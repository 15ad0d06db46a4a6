//! MQTT 5.0 §2.1, MQTT 3.1.1 §2.2: the fixed header.

use crate::harness::{UNLIMITED, VERSIONS, accepted, assert_breaks, bytes, hex, refused};
use mqtt_codec::{
    DecodeError as E, FixedHeader, Limits, Packet, PacketType, ReasonCode, Version, decode,
    fixed_header,
};

/// A packet of each type but PUBLISH, for 5.0 and for 3.x.
const PACKETS: [(PacketType, &str, &str); 14] = [
    (
        PacketType::Connect,
        "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63",
    ),
    (PacketType::Connack, "20 03 00 00 00", "20 02 00 00"),
    (PacketType::Puback, "40 02 00 01", "40 02 00 01"),
    (PacketType::Pubrec, "50 02 00 01", "50 02 00 01"),
    (PacketType::Pubrel, "62 02 00 01", "62 02 00 01"),
    (PacketType::Pubcomp, "70 02 00 01", "70 02 00 01"),
    (
        PacketType::Subscribe,
        "82 07 00 01 00 00 01 61 00",
        "82 06 00 01 00 01 61 00",
    ),
    (PacketType::Suback, "90 04 00 01 00 00", "90 03 00 01 00"),
    (
        PacketType::Unsubscribe,
        "A2 06 00 01 00 00 01 61",
        "A2 05 00 01 00 01 61",
    ),
    (PacketType::Unsuback, "B0 04 00 01 00 00", "B0 02 00 01"),
    (PacketType::Pingreq, "C0 00", "C0 00"),
    (PacketType::Pingresp, "D0 00", "D0 00"),
    (PacketType::Disconnect, "E0 00", "E0 00"),
    (PacketType::Auth, "F0 00", ""),
];

/// [MQTT-2.1.3-1] Reserved flag bits are as the table says: 0010 in PUBREL, SUBSCRIBE and UNSUBSCRIBE, 0000 in all
/// others but PUBLISH; every other value is malformed.
#[test]
fn reserved_flags_of_5_0_are_as_tabulated_and_nothing_else() {
    for (packet_type, hex, _) in PACKETS {
        assert_flags(Version::V5_0, packet_type, hex, "MQTT-2.1.3-1");
    }
}

/// [v3.1.1 MQTT-2.2.2-1] Reserved flag bits are as the table says: 0010 in PUBREL, SUBSCRIBE and UNSUBSCRIBE, 0000 in
/// all others but PUBLISH.
#[test]
fn packets_of_3_1_1_go_out_with_the_flags_as_tabulated() {
    for (packet_type, _, hex) in PACKETS {
        if packet_type != PacketType::Auth {
            let packet = accepted(Version::V3_1_1, hex);
            assert_eq!(
                crate::harness::encoded(Version::V3_1_1, &packet)[0] & 0x0F,
                tabulated(packet_type)
            );
        }
    }
}

/// [v3.1.1 MQTT-2.2.2-2] A packet with other flags closes the connection.
#[test]
fn every_other_value_of_the_flags_is_refused_in_3_1_1() {
    for (packet_type, _, hex) in PACKETS {
        if packet_type != PacketType::Auth {
            assert_flags(Version::V3_1_1, packet_type, hex, "MQTT-2.2.2-2");
        }
    }
}

/// [3.1-3] In 3.1 the four bits are DUP, QoS and RETAIN for all types: clients set QoS 1, DUP on what they send again,
/// and stray bits anywhere, even in CONNECT.
#[test]
fn flags_in_all_packets_of_3_1_are_taken() {
    for (packet_type, _, hex_of_3) in PACKETS {
        if packet_type == PacketType::Auth {
            continue;
        }
        let hex_of_3 = if packet_type == PacketType::Connect {
            "10 0F 00 06 4D 51 49 73 64 70 03 02 00 3C 00 01 63"
        } else {
            hex_of_3
        };
        let plain = accepted(Version::V3_1, hex_of_3);
        for flags in 0..16 {
            let mut packet = bytes(hex_of_3);
            packet[0] = packet[0] & 0xF0 | flags;
            assert_eq!(accepted(Version::V3_1, &hex(&packet)), plain, "{flags:04b}");
        }
    }
}

/// The version of a CONNECT counts, not that of the connection, which is not known yet.
#[test]
fn flags_in_a_connect_are_judged_by_its_own_version() {
    for version in VERSIONS {
        accepted(
            version,
            "14 0F 00 06 4D 51 49 73 64 70 03 02 00 3C 00 01 63",
        );
        for connect in [
            "14 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63",
            "14 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        ] {
            let packet_type = PacketType::Connect;
            assert_eq!(
                refused(version, connect),
                E::FixedHeaderFlags {
                    packet_type,
                    flags: 4
                }
            );
        }
    }
}

/// Type 0 is reserved, and 15 in 3.x. Standard: MQTT 5.0 §2.1.2.
#[test]
fn reserved_packet_types_are_refused() {
    for version in VERSIONS {
        for flags in 0..16 {
            assert_eq!(
                fixed_header(&[flags, 0]),
                Err(E::ReservedPacketType { packet_type: 0 })
            );
            assert_eq!(
                refused(version, &hex(&[flags, 0])),
                E::ReservedPacketType { packet_type: 0 }
            );
        }
    }
    assert!(matches!(accepted(Version::V5_0, "F0 00"), Packet::Auth(_)));
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_eq!(
            refused(version, "F0 00"),
            E::ReservedPacketType { packet_type: 15 }
        );
    }
}

/// The length of a packet is known before it is complete. Standard: MQTT 5.0 §2.1.4.
#[test]
fn a_fixed_header_tells_the_length_of_its_packet() {
    let header = |hex| fixed_header(&bytes(hex));
    let publish = |flags, remaining_length, header_len| {
        let packet_type = PacketType::Publish;
        Ok(Some(FixedHeader {
            packet_type,
            flags,
            remaining_length,
            header_len,
        }))
    };
    assert_eq!(header("30 00"), publish(0, 0, 2));
    assert_eq!(header("3B 7F"), publish(0x0B, 127, 2));
    assert_eq!(header("30 80 01"), publish(0, 128, 3));
    assert_eq!(header("30 FF FF 7F"), publish(0, 2_097_151, 4));
    assert_eq!(header("30 FF FF FF 7F 00"), publish(0, 268_435_455, 5));
    assert_eq!(
        header("30 FF FF FF 7F").unwrap().unwrap().packet_len(),
        268_435_460
    );
    for incomplete in ["", "30", "30 80", "30 FF FF", "30 FF FF FF"] {
        assert_eq!(header(incomplete), Ok(None), "{incomplete}");
    }
    for overlong in ["30 FF FF FF FF", "30 80 80 80 80 01", "30 80 00"] {
        assert_eq!(
            header(overlong),
            Err(E::VariableByteInteger { at: 1 }),
            "{overlong}"
        );
    }
}

/// A packet as long as the limit is taken, a byte more is refused by the fixed header alone. The limit counts the whole
/// packet. Standard: MQTT 5.0 §3.1.2.11.4.
#[test]
fn a_packet_above_the_limit_is_refused_as_soon_as_its_length_is_known() {
    let packet = bytes("30 0A 00 01 61 70 61 79 6C 6F 61 64");
    let len = u32::try_from(packet.len()).unwrap();
    let limits = Limits { packet_size: len };
    let decoded = decode(Version::V3_1_1, &limits, &packet);
    assert_eq!(
        decoded.map(|done| done.map(|(_, len)| len)),
        Ok(Some(packet.len()))
    );
    assert_eq!(decode(Version::V3_1_1, &limits, &packet[..2]), Ok(None));

    let limit = len - 1;
    let limits = Limits { packet_size: limit };
    let error = E::PacketTooLarge { len, limit };
    assert_eq!(decode(Version::V3_1_1, &limits, &packet[..1]), Ok(None));
    for known in 2..=packet.len() {
        assert_eq!(
            decode(Version::V3_1_1, &limits, &packet[..known]),
            Err(error)
        );
    }
    assert_eq!(error.reason_code(), ReasonCode::PacketTooLarge);
    assert_eq!(Limits::default().packet_size, 2 * 1024 * 1024);
}

/// The same at the border of the default limit, whatever the type.
#[test]
fn the_default_limit_is_two_mebibytes() {
    // 2 MiB less a fixed header of five bytes: 2,097,147 is the last length of four bytes, so five bytes are not needed.
    let at_limit = [0x30, 0xFC, 0xFF, 0x7F];
    let above = [0x30, 0xFD, 0xFF, 0x7F];
    assert_eq!(
        fixed_header(&at_limit).unwrap().unwrap().packet_len(),
        2 * 1024 * 1024
    );
    assert_eq!(
        decode(Version::V5_0, &Limits::default(), &at_limit),
        Ok(None)
    );
    let error = E::PacketTooLarge {
        len: 2_097_153,
        limit: 2_097_152,
    };
    assert_eq!(
        decode(Version::V5_0, &Limits::default(), &above),
        Err(error)
    );
    assert_eq!(decode(Version::V5_0, &UNLIMITED, &above), Ok(None));
}

fn tabulated(packet_type: PacketType) -> u8 {
    let two = [
        PacketType::Pubrel,
        PacketType::Subscribe,
        PacketType::Unsubscribe,
    ];
    if two.contains(&packet_type) { 2 } else { 0 }
}

/// All sixteen values; some types have the rule again in their own section, under its number.
fn assert_flags(version: Version, packet_type: PacketType, good: &str, general: &str) {
    let statement = match packet_type {
        PacketType::Pubrel => "MQTT-3.6.1-1",
        PacketType::Subscribe => "MQTT-3.8.1-1",
        PacketType::Unsubscribe => "MQTT-3.10.1-1",
        PacketType::Disconnect => "MQTT-3.14.1-1",
        PacketType::Auth => "MQTT-3.15.1-1",
        PacketType::Connect
        | PacketType::Connack
        | PacketType::Publish
        | PacketType::Puback
        | PacketType::Pubrec
        | PacketType::Pubcomp
        | PacketType::Suback
        | PacketType::Unsuback
        | PacketType::Pingreq
        | PacketType::Pingresp => general,
    };
    for flags in 0..16 {
        let mut packet = bytes(good);
        packet[0] = packet[0] & 0xF0 | flags;
        if flags == tabulated(packet_type) {
            let packet = accepted(version, &hex(&packet));
            assert_eq!(packet.packet_type(), packet_type);
        } else {
            let error = E::FixedHeaderFlags { packet_type, flags };
            assert_breaks(version, statement, &hex(&packet), error);
            assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
        }
    }
}
