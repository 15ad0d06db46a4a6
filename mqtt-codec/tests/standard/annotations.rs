//! What the annotations say of packets, whole, cut and malformed.

use mqtt_codec::annotate::{Outcome, annotate};
use mqtt_codec::{DecodeError as E, PacketType, Version, decode};

use crate::harness::{UNLIMITED, VERSIONS, bytes};

#[test]
fn every_byte_of_a_connect_is_named() {
    let hex = "10 2C 00 04 4D 51 54 54 05 CE 00 3C 05 11 00 00 00 0A 00 01 63 05 18 00 00 00 05 00 01 77 00 02 00 FF \
               00 04 6E 61 6D 65 00 04 77 6F 72 64";
    assert_eq!(
        table(Version::V3_1_1, hex),
        "\
\x20    0  10                       Packet Type and Flags: CONNECT
\x20    1  2C                       Remaining Length: 44
\x20    2  00 04                    length of Protocol Name: 4
\x20    4  4D 51 54 54              Protocol Name: \"MQTT\"
\x20    8  05                       Protocol Version: 5
\x20    9  CE                       Connect Flags: User Name, Password, Will QoS 1, Will, Clean Start
\x20   10  00 3C                    Keep Alive: 60
\x20   12  05                       Property Length: 5
\x20   13  11                       Property Identifier: Session Expiry Interval
\x20   14  00 00 00 0A              Session Expiry Interval: 10
\x20   18  00 01                    length of Client Identifier: 1
\x20   20  63                       Client Identifier: \"c\"
\x20   21  05                       Property Length: 5
\x20   22  18                       Property Identifier: Will Delay Interval
\x20   23  00 00 00 05              Will Delay Interval: 5
\x20   27  00 01                    length of Will Topic: 1
\x20   29  77                       Will Topic: \"w\"
\x20   30  00 02                    length of Will Payload: 2
\x20   32  00 FF                    Will Payload: 2 bytes
\x20   34  00 04                    length of User Name: 4
\x20   36  6E 61 6D 65              User Name: \"name\"
\x20   40  00 04                    length of Password: 4
\x20   42  77 6F 72 64              Password: \"word\"
"
    );
}

#[test]
fn long_fields_go_over_several_rows() {
    let hex = "3B 16 00 0A 73 65 6E 73 6F 72 73 2F 32 31 00 07 05 01 01 23 00 04 32 00";
    assert_eq!(
        table(Version::V5_0, hex),
        "\
\x20    0  3B                       Packet Type and Flags: PUBLISH, QoS 1, DUP, RETAIN
\x20    1  16                       Remaining Length: 22
\x20    2  00 0A                    length of Topic Name: 10
\x20    4  73 65 6E 73 6F 72 73 2F  Topic Name: \"sensors/21\"
\x20   12  32 31
\x20   14  00 07                    Packet Identifier: 7
\x20   16  05                       Property Length: 5
\x20   17  01                       Property Identifier: Payload Format Indicator
\x20   18  01                       Payload Format Indicator: 1
\x20   19  23                       Property Identifier: Topic Alias
\x20   20  00 04                    Topic Alias: 4
\x20   22  32 00                    Payload: 2 bytes
"
    );
}

#[test]
fn codes_and_options_have_their_names() {
    let last = |version, hex| {
        table(version, hex)
            .lines()
            .last()
            .unwrap()
            .get(33..)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        last(Version::V5_0, "82 07 00 01 00 00 01 61 2E"),
        "Subscription Options: QoS 2, No Local, Retain As Published, Retain Handling 2"
    );
    assert_eq!(
        last(Version::V3_1_1, "82 06 00 01 00 01 61 01"),
        "Subscription Options: QoS 1"
    );
    assert_eq!(
        last(Version::V5_0, "40 03 00 01 97"),
        "Reason Code: Quota exceeded"
    );
    assert_eq!(
        last(Version::V3_1_1, "20 02 00 05"),
        "Reason Code: Not authorized"
    );
    assert_eq!(
        last(Version::V3_1_1, "90 03 00 01 00"),
        "Reason Code: Granted QoS 0"
    );
    assert_eq!(
        last(Version::V5_0, "E0 01 00"),
        "Reason Code: Normal disconnection"
    );
}

#[test]
fn the_broken_statement_is_named_in_the_version_of_the_packet() {
    let end = |version, hex| table(version, hex).lines().last().unwrap().to_owned();
    assert_eq!(
        end(Version::V5_0, "36 05 00 01 61 00 01"),
        "malformed: QoS 3 in Packet Type and Flags [MQTT-3.3.1-4], Malformed Packet (0x81)"
    );
    // A CONNECT of 3.1.1 on a connection of which nothing is known.
    let without_user = "10 0D 00 04 4D 51 54 54 04 82 00 3C 00 01 63";
    assert_eq!(
        end(Version::V5_0, without_user),
        "malformed: User Name at byte 15 is not there or runs past the end [MQTT-3.1.2-19]"
    );
    assert_eq!(
        end(Version::V5_0, "82 06 00 01 00 00 01 61"),
        "malformed: Subscription Options at byte 8 is not there or runs past the end, Malformed Packet (0x81)"
    );
}

#[test]
fn what_is_not_complete_says_how_much_is_there() {
    assert_eq!(
        table(Version::V5_0, "30 82 01 00 01"),
        "\
\x20    0  30                       Packet Type and Flags: PUBLISH, QoS 0
\x20    1  82 01                    Remaining Length: 130
\x20    3  00 01                    not read
incomplete: 5 of 133 bytes
"
    );
    assert_eq!(
        table(Version::V5_0, "30"),
        "\x20    0  30                       not read\nincomplete\n"
    );
    assert_eq!(table(Version::V5_0, ""), "incomplete\n");
}

/// Each byte has a line, in order, and the outcome is the decoder's, for each cut and each wrong byte of some packets.
#[test]
fn annotations_leave_no_gap_and_agree_with_the_decoder() {
    let packets = [
        "10 16 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 77 00 01 78",
        "34 0D 00 01 61 00 01 05 02 00 00 00 01 68 69",
        "82 0F 00 01 00 00 01 61 00 00 06 24 73 68 61 72 65",
        "E0 07 9D 05 1C 00 02 61 62",
    ];
    for hex in packets {
        let good = bytes(hex);
        for at in 0..good.len() {
            for byte in 0..=u8::MAX {
                let mut packet = good.clone();
                packet[at] = byte;
                for version in VERSIONS {
                    assert_agrees(version, &packet);
                    assert_agrees(version, &packet[..at]);
                }
            }
        }
    }
}

fn assert_agrees(version: Version, packet: &[u8]) {
    let annotation = annotate(version, packet);
    let mut at = 0;
    for line in &annotation.lines {
        assert_eq!(line.at, at);
        assert_eq!(packet.get(at..at + line.bytes.len()), Some(line.bytes));
        at += line.bytes.len();
    }
    match decode(version, &UNLIMITED, packet) {
        Ok(Some((_, len))) => {
            assert_eq!(annotation.outcome, Outcome::Packet { len });
            assert_eq!(at, len);
        }
        Ok(None) => {
            assert!(matches!(annotation.outcome, Outcome::Incomplete { .. }));
            assert_eq!(at, packet.len());
        }
        Err(error) => {
            assert_eq!(annotation.outcome, Outcome::Malformed(error));
            assert!(at <= packet.len());
        }
    }
}

#[test]
fn an_annotation_of_a_malformed_packet_ends_with_it() {
    let packet_type = PacketType::Subscribe;
    let stream = bytes("80 02 00 01 C0 00");
    let annotation = annotate(Version::V5_0, &stream);
    assert_eq!(
        annotation.outcome,
        Outcome::Malformed(E::FixedHeaderFlags {
            packet_type,
            flags: 0
        })
    );
    assert_eq!(
        annotation
            .lines
            .iter()
            .map(|line| line.bytes.len())
            .sum::<usize>(),
        4
    );
}

/// An adapter may hand it on as an error of the connection.
#[test]
fn a_decode_error_is_an_io_error_of_invalid_data() {
    let error = E::DupAtMostOnce;
    let io = std::io::Error::from(error);
    assert_eq!(io.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(io.to_string(), error.to_string());
}

fn table(version: Version, hex: &str) -> String {
    annotate(version, &bytes(hex)).to_string()
}
