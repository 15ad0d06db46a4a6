//! What becomes of a connection on which a Malformed Packet comes: MQTT 5.0 §4.13, MQTT 3.1.1 §4.8.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{Saw, World, connect_as, disconnect};
use mqtt_broker_core::Config;
use mqtt_codec::Version;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::CloseReason;

/// [v3.1.1 MQTT-1.5.3-1] [v3.1.1 MQTT-1.5.3-2] [v3.1.1 MQTT-2.2.2-2] [v3.1.1 MQTT-3.3.1-4] [MQTT-1.5.4-1] [MQTT-1.5.4-2]
/// [MQTT-2.1.3-1] [MQTT-3.3.1-4] Whatever is malformed in it; in 5.0 with 0x81.
#[test]
fn each_malformed_packet_ends_the_connection() {
    let malformed: &[(&[u8], &[u8])] = &[
        (b"\x30\x03\0\x01\xFF", b"\x30\x04\0\x01\xFF\0"), // ill-formed UTF-8
        (b"\x30\x03\0\x01\0", b"\x30\x04\0\x01\0\0"),     // U+0000
        (b"\xC1\0", b"\xC1\0"),                           // flags
        (b"\x36\x05\0\x01a\0\x01", b"\x36\x06\0\x01a\0\x01\0"), // QoS 3
    ];
    for &(of_3_1_1, of_5_0) in malformed {
        for (version, bytes) in [(Version::V3_1_1, of_3_1_1), (Version::V5_0, of_5_0)] {
            let mut world = World::new(Config::default());
            let link = world.connect(connect_as(version, "c"));
            world.send_bytes(link, bytes);
            let outcome = world.take(link);
            let seen = outcome.all();
            let Some((Saw::Closed(CloseReason::Malformed(_)), before)) = seen.split_last() else {
                panic!("{seen:?}")
            };
            let said = Saw::Packet(disconnect(DisconnectReasonCode::MalformedPacket));
            let said = (version == Version::V5_0).then_some(said);
            assert_eq!(before, Vec::from_iter(said));
        }
    }
}
