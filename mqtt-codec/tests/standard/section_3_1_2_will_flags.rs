//! MQTT 5.0 §3.1.2.3 to §3.1.2.7, MQTT 3.1.1 §3.1.2.3 to §3.1.2.7: the Connect Flags, those of the Will.

use crate::harness::{accepted, assert_breaks, assert_same, connect, refused, will};
use mqtt_codec::packet::{Connect, Will, WillProperties};
use mqtt_codec::{DecodeError as E, Field, Packet, QoS, ReasonCode, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.1.2-3] Bit 0 of the Connect Flags is checked.
#[test]
fn the_reserved_connect_flag_of_5_0_is_0() {
    assert_same(
        V5_0,
        "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        connect(V5_0),
    );
    let error = E::ReservedBits {
        field: Field::ConnectFlags,
        value: 0x03,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-3",
        "10 0E 00 04 4D 51 54 54 05 03 00 3C 00 00 01 63",
        error,
    );
    assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
}

/// [v3.1.1 MQTT-3.1.2-3] Bit 0 of the Connect Flags is checked. 3.1 disregards it.
#[test]
fn the_reserved_connect_flag_of_3_1_1_is_0() {
    assert_same(
        V3_1_1,
        "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63",
        connect(V3_1_1),
    );
    let error = E::ReservedBits {
        field: Field::ConnectFlags,
        value: 0x03,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-3",
        "10 0D 00 04 4D 51 54 54 04 03 00 3C 00 01 63",
        error,
    );
    let of_3_1 = accepted(
        Version::V3_1,
        "10 0F 00 06 4D 51 49 73 64 70 03 03 00 3C 00 01 63",
    );
    assert_eq!(of_3_1, Packet::from(connect(Version::V3_1)));
}

/// [MQTT-3.1.2-9] With the Will Flag the payload has Will Properties, Will Topic and Will Payload.
#[test]
fn the_will_flag_of_5_0_brings_the_fields_of_the_will() {
    let properties = WillProperties {
        will_delay_interval: Some(5),
        ..WillProperties::default()
    };
    let with_will = Connect {
        will: Some(Will {
            properties,
            ..will("w", "gone")
        }),
        ..connect(V5_0)
    };
    assert_same(
        V5_0,
        "10 1D 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 05 18 00 00 00 05 00 01 77 00 04 67 6F 6E 65",
        with_will,
    );
    let truncated = |field, at| E::Truncated { field, at };
    let statement = "MQTT-3.1.2-9";
    let topic = truncated(Field::WillTopic, 17);
    assert_breaks(
        V5_0,
        statement,
        "10 0F 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00",
        topic,
    );
    let payload = truncated(Field::WillPayload, 20);
    assert_breaks(
        V5_0,
        statement,
        "10 12 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 77",
        payload,
    );
    let error = truncated(Field::PropertyLength, 16);
    assert_eq!(
        refused(V5_0, "10 0E 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63"),
        error
    );
}

/// [v3.1.1 MQTT-3.1.2-9] With the Will Flag its QoS and RETAIN count, and the payload has Will Topic and Will Message.
#[test]
fn the_will_flag_of_3_1_1_brings_the_fields_of_the_will() {
    let last = Will {
        qos: QoS::ExactlyOnce,
        retain: true,
        ..will("w", "gone")
    };
    let with_will = Connect {
        will: Some(last),
        ..connect(V3_1_1)
    };
    assert_same(
        V3_1_1,
        "10 16 00 04 4D 51 54 54 04 36 00 3C 00 01 63 00 01 77 00 04 67 6F 6E 65",
        with_will,
    );
    let statement = "MQTT-3.1.2-9";
    let error = E::Truncated {
        field: Field::WillTopic,
        at: 15,
    };
    assert_breaks(
        V3_1_1,
        statement,
        "10 0D 00 04 4D 51 54 54 04 06 00 3C 00 01 63",
        error,
    );
    let error = E::Truncated {
        field: Field::WillPayload,
        at: 18,
    };
    assert_breaks(
        V3_1_1,
        statement,
        "10 10 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 77",
        error,
    );
}

/// [MQTT-3.1.2-11] Without the Will Flag the Will QoS is 0.
#[test]
fn will_qos_without_a_will_is_malformed_in_5_0() {
    let packets = [
        "10 0E 00 04 4D 51 54 54 05 0A 00 3C 00 00 01 63",
        "10 0E 00 04 4D 51 54 54 05 12 00 3C 00 00 01 63",
        "10 0E 00 04 4D 51 54 54 05 1A 00 3C 00 00 01 63",
    ];
    for hex in packets {
        assert_breaks(V5_0, "MQTT-3.1.2-11", hex, E::WillQoSWithoutWill);
    }
}

/// [v3.1.1 MQTT-3.1.2-11] [v3.1.1 MQTT-3.1.2-13] Without the Will Flag the Will QoS is 0, Will Retain too, and the payload
/// has neither Will Topic nor Will Message.
#[test]
fn will_qos_and_fields_without_a_will_are_malformed_in_3_1_1() {
    let packets = [
        "10 0D 00 04 4D 51 54 54 04 0A 00 3C 00 01 63",
        "10 0D 00 04 4D 51 54 54 04 12 00 3C 00 01 63",
        "10 0D 00 04 4D 51 54 54 04 1A 00 3C 00 01 63",
    ];
    for hex in packets {
        assert_breaks(V3_1_1, "MQTT-3.1.2-13", hex, E::WillQoSWithoutWill);
    }
    assert_eq!(
        refused(V3_1_1, "10 0D 00 04 4D 51 54 54 04 22 00 3C 00 01 63"),
        E::WillRetainWithoutWill
    );
    let after = Field::ClientIdentifier;
    let error = E::TrailingBytes { after, at: 15 };
    assert_eq!(
        refused(
            V3_1_1,
            "10 16 00 04 4D 51 54 54 04 02 00 3C 00 01 63 00 01 77 00 04 67 6F 6E 65"
        ),
        error
    );
}

/// [MQTT-3.1.2-12] Will QoS is 0, 1 or 2.
#[test]
fn will_qos_of_5_0_is_0_1_or_2() {
    let packets = [
        (
            QoS::AtMostOnce,
            "10 14 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 77 00 00",
        ),
        (
            QoS::AtLeastOnce,
            "10 14 00 04 4D 51 54 54 05 0E 00 3C 00 00 01 63 00 00 01 77 00 00",
        ),
        (
            QoS::ExactlyOnce,
            "10 14 00 04 4D 51 54 54 05 16 00 3C 00 00 01 63 00 00 01 77 00 00",
        ),
    ];
    for (qos, hex) in packets {
        let last = Some(Will {
            qos,
            ..will("w", "")
        });
        assert_same(
            V5_0,
            hex,
            Connect {
                will: last,
                ..connect(V5_0)
            },
        );
    }
    let error = E::QoS3 {
        field: Field::ConnectFlags,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-12",
        "10 14 00 04 4D 51 54 54 05 1E 00 3C 00 00 01 63 00 00 01 77 00 00",
        error,
    );
    assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
}

/// [v3.1.1 MQTT-3.1.2-14] Will QoS is 0, 1 or 2.
#[test]
fn will_qos_of_3_1_1_is_0_1_or_2() {
    let packets = [
        (
            QoS::AtMostOnce,
            "10 12 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 77 00 00",
        ),
        (
            QoS::AtLeastOnce,
            "10 12 00 04 4D 51 54 54 04 0E 00 3C 00 01 63 00 01 77 00 00",
        ),
        (
            QoS::ExactlyOnce,
            "10 12 00 04 4D 51 54 54 04 16 00 3C 00 01 63 00 01 77 00 00",
        ),
    ];
    for (qos, hex) in packets {
        let last = Some(Will {
            qos,
            ..will("w", "")
        });
        assert_same(
            V3_1_1,
            hex,
            Connect {
                will: last,
                ..connect(V3_1_1)
            },
        );
    }
    let error = E::QoS3 {
        field: Field::ConnectFlags,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-14",
        "10 12 00 04 4D 51 54 54 04 1E 00 3C 00 01 63 00 01 77 00 00",
        error,
    );
    assert_eq!(
        refused(
            Version::V3_1,
            "10 14 00 06 4D 51 49 73 64 70 03 1E 00 3C 00 01 63 00 01 77 00 00"
        ),
        error
    );
}

/// [MQTT-3.1.2-13] Without the Will Flag the Will Retain bit is 0.
#[test]
fn will_retain_without_a_will_is_malformed_in_5_0() {
    let last = Some(Will {
        retain: true,
        ..will("w", "")
    });
    assert_same(
        V5_0,
        "10 14 00 04 4D 51 54 54 05 26 00 3C 00 00 01 63 00 00 01 77 00 00",
        Connect {
            will: last,
            ..connect(V5_0)
        },
    );
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-13",
        "10 0E 00 04 4D 51 54 54 05 22 00 3C 00 00 01 63",
        E::WillRetainWithoutWill,
    );
}

/// [v3.1.1 MQTT-3.1.2-15] Without the Will Flag the Will Retain bit is 0.
#[test]
fn will_retain_without_a_will_is_malformed_in_3_1_1() {
    let last = Some(Will {
        retain: true,
        ..will("w", "")
    });
    assert_same(
        V3_1_1,
        "10 12 00 04 4D 51 54 54 04 26 00 3C 00 01 63 00 01 77 00 00",
        Connect {
            will: last,
            ..connect(V3_1_1)
        },
    );
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-15",
        "10 0D 00 04 4D 51 54 54 04 22 00 3C 00 01 63",
        E::WillRetainWithoutWill,
    );
}

/// Bits of a Will that is not there mean nothing in 3.1.
#[test]
fn bits_of_a_will_that_is_not_there_are_taken_in_3_1() {
    let packets = [
        "10 0F 00 06 4D 51 49 73 64 70 03 0A 00 3C 00 01 63",
        "10 0F 00 06 4D 51 49 73 64 70 03 1A 00 3C 00 01 63",
        "10 0F 00 06 4D 51 49 73 64 70 03 22 00 3C 00 01 63",
    ];
    for hex in packets {
        assert_eq!(
            accepted(Version::V3_1, hex),
            Packet::from(connect(Version::V3_1))
        );
    }
}
