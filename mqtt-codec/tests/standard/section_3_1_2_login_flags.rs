//! MQTT 5.0 §3.1.2.8, §3.1.2.9, MQTT 3.1.1 §3.1.2.8, §3.1.2.9: the flags of User Name and Password.

use crate::harness::{VERSIONS, assert_breaks, assert_same, binary, connect, text};
use mqtt_codec::packet::Connect;
use mqtt_codec::{DecodeError as E, Field, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.1.2-16] Without the User Name Flag there is no User Name.
#[test]
fn a_user_name_without_its_flag_is_malformed_in_5_0() {
    assert_same(
        V5_0,
        "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        connect(V5_0),
    );
    let error = E::TrailingBytes {
        after: Field::ClientIdentifier,
        at: 16,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-16",
        "10 11 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63 00 01 75",
        error,
    );
}

/// [v3.1.1 MQTT-3.1.2-18] Without the User Name Flag there is no User Name.
#[test]
fn a_user_name_without_its_flag_is_malformed_in_3_1_1() {
    assert_same(
        V3_1_1,
        "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63",
        connect(V3_1_1),
    );
    let error = E::TrailingBytes {
        after: Field::ClientIdentifier,
        at: 15,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-18",
        "10 10 00 04 4D 51 54 54 04 02 00 3C 00 01 63 00 01 75",
        error,
    );
}

/// [MQTT-3.1.2-17] With the User Name Flag there is a User Name.
#[test]
fn the_user_name_flag_of_5_0_without_a_user_name_is_malformed() {
    let user_name = Some(text("u"));
    assert_same(
        V5_0,
        "10 11 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 75",
        Connect {
            user_name,
            ..connect(V5_0)
        },
    );
    let error = E::Truncated {
        field: Field::UserName,
        at: 16,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-17",
        "10 0E 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63",
        error,
    );
}

/// [v3.1.1 MQTT-3.1.2-19] With the User Name Flag there is a User Name.
#[test]
fn the_user_name_flag_of_3_1_1_without_a_user_name_is_malformed() {
    let user_name = Some(text(""));
    assert_same(
        V3_1_1,
        "10 0F 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 00",
        Connect {
            user_name,
            ..connect(V3_1_1)
        },
    );
    let error = E::Truncated {
        field: Field::UserName,
        at: 15,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-19",
        "10 0D 00 04 4D 51 54 54 04 82 00 3C 00 01 63",
        error,
    );
}

/// [MQTT-3.1.2-18] Without the Password Flag there is no Password.
#[test]
fn a_password_without_its_flag_is_malformed_in_5_0() {
    let error = E::TrailingBytes {
        after: Field::UserName,
        at: 19,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-18",
        "10 14 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 75 00 01 70",
        error,
    );
}

/// [v3.1.1 MQTT-3.1.2-20] Without the Password Flag there is no password.
#[test]
fn a_password_without_its_flag_is_malformed_in_3_1_1() {
    let error = E::TrailingBytes {
        after: Field::UserName,
        at: 18,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-20",
        "10 13 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 01 75 00 01 70",
        error,
    );
}

/// [MQTT-3.1.2-19] With the Password Flag there is a Password, with or without a User Name.
#[test]
fn the_password_flag_of_5_0_without_a_password_is_malformed() {
    let alone = Connect {
        password: Some(binary(b"\0\xFF")),
        ..connect(V5_0)
    };
    assert_same(
        V5_0,
        "10 12 00 04 4D 51 54 54 05 42 00 3C 00 00 01 63 00 02 00 FF",
        alone,
    );
    let both = Connect {
        user_name: Some(text("u")),
        ..alone
    };
    assert_same(
        V5_0,
        "10 15 00 04 4D 51 54 54 05 C2 00 3C 00 00 01 63 00 01 75 00 02 00 FF",
        both,
    );
    let truncated = |at| E::Truncated {
        field: Field::Password,
        at,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-19",
        "10 0E 00 04 4D 51 54 54 05 42 00 3C 00 00 01 63",
        truncated(16),
    );
    assert_breaks(
        V5_0,
        "MQTT-3.1.2-19",
        "10 11 00 04 4D 51 54 54 05 C2 00 3C 00 00 01 63 00 01 75",
        truncated(19),
    );
}

/// [v3.1.1 MQTT-3.1.2-21] With the Password Flag there is a password.
#[test]
fn the_password_flag_of_3_1_1_without_a_password_is_malformed() {
    let both = Connect {
        user_name: Some(text("u")),
        password: Some(binary(b"\0\xFF")),
        ..connect(V3_1_1)
    };
    assert_same(
        V3_1_1,
        "10 14 00 04 4D 51 54 54 04 C2 00 3C 00 01 63 00 01 75 00 02 00 FF",
        both,
    );
    let error = E::Truncated {
        field: Field::Password,
        at: 18,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.2-21",
        "10 10 00 04 4D 51 54 54 04 C2 00 3C 00 01 63 00 01 75",
        error,
    );
}

/// [v3.1.1 MQTT-3.1.2-22] No password without a user name: refused when it comes, and not to be sent.
#[test]
fn a_password_without_a_user_name_is_malformed_in_3_1_1() {
    let hex = "10 10 00 04 4D 51 54 54 04 42 00 3C 00 01 63 00 01 70";
    assert_breaks(V3_1_1, "MQTT-3.1.2-22", hex, E::PasswordWithoutUserName);
    for version in VERSIONS {
        let alone = Connect {
            password: Some(binary(b"p")),
            ..connect(version)
        };
        let len = version.has_properties().then_some(19);
        assert_eq!(alone.encoded_len(version), len, "{version}");
    }
}
