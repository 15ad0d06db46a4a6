//! Limits on what CONNECT carries and on how many sessions there are.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    Saw, VERSIONS, World, connack, connect, connect_as, leak, refused, resuming, will,
};
use mqtt_broker_core::{Cause, Config, Event};
use mqtt_codec::packet::{Connack, Connect};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Binary, Packet, Text, Version};
use mqtt_session::CloseReason;

#[test]
fn a_client_identifier_above_the_limit_is_not_valid() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            client_id_bytes: 5,
            ..Config::default()
        });
        assert_accepted(&mut world, connect_as(version, "12345"));
        assert_refused(
            &mut world,
            connect_as(version, "123456"),
            Cause::ClientIdTooLong,
            ConnectReasonCode::ClientIdentifierNotValid,
        );
    }
}

#[test]
fn a_user_name_above_the_limit_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            user_name_bytes: 4,
            ..Config::default()
        });
        let with = |user_name| Connect {
            user_name: Some(text(user_name)),
            ..connect_as(version, "a")
        };
        assert_accepted(&mut world, with("1234"));
        assert_refused(
            &mut world,
            with("12345"),
            Cause::UserNameTooLong,
            ConnectReasonCode::BadUserNameOrPassword,
        );
    }
}

#[test]
fn a_password_above_the_limit_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            password_bytes: 4,
            ..Config::default()
        });
        let with = |password: &'static str| Connect {
            user_name: Some(text("u")),
            password: Some(Binary::new(password.as_bytes()).unwrap()),
            ..connect_as(version, "a")
        };
        assert_accepted(&mut world, with("1234"));
        assert_refused(
            &mut world,
            with("12345"),
            Cause::PasswordTooLong,
            ConnectReasonCode::BadUserNameOrPassword,
        );
    }
}

#[test]
fn user_properties_of_connect_above_the_count_or_the_bytes_are_refused() {
    let config = Config {
        user_properties: 2,
        user_property_bytes: 8,
        ..Config::default()
    };
    let with = |pairs: &'static [(&'static str, &'static str)]| {
        let mut connect = connect("a");
        connect.properties.user_properties = user_properties(pairs);
        connect
    };
    let code = ConnectReasonCode::QuotaExceeded;
    let mut world = World::new(config);
    assert_accepted(&mut world, with(&[("12", "34"), ("56", "78")]));
    assert_refused(
        &mut world,
        with(&[("", ""), ("", ""), ("", "")]),
        Cause::UserProperties,
        code,
    );
    assert_refused(
        &mut world,
        with(&[("12", "34"), ("56", "789")]),
        Cause::UserProperties,
        code,
    );
}

#[test]
fn user_properties_of_a_will_above_the_limit_are_refused() {
    let mut world = World::new(Config {
        user_properties: 1,
        ..Config::default()
    });
    let with = |pairs: &'static [(&'static str, &'static str)]| {
        let mut will = will("w", "");
        will.properties.user_properties = user_properties(pairs);
        Connect {
            will: Some(will),
            ..connect("a")
        }
    };
    assert_accepted(&mut world, with(&[("a", "b")]));
    assert_refused(
        &mut world,
        with(&[("a", "b"), ("c", "d")]),
        Cause::UserProperties,
        ConnectReasonCode::QuotaExceeded,
    );
}

#[test]
fn a_will_above_the_limit_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            will_bytes: 10,
            ..Config::default()
        });
        let with = |payload| Connect {
            will: Some(will("topic", payload)),
            ..connect_as(version, "a")
        };
        assert_accepted(&mut world, with("12345"));
        assert_refused(
            &mut world,
            with("123456"),
            Cause::Will,
            ConnectReasonCode::QuotaExceeded,
        );
    }
}

/// 3.x has no return code for it: the connection is closed without a CONNACK.
#[test]
fn a_will_topic_above_the_limits_is_refused() {
    for version in VERSIONS {
        for too_much in ["1/2/3/4", "12345678"] {
            let mut world = World::new(Config {
                topic_bytes: 7,
                topic_levels: 3,
                ..Config::default()
            });
            let with = |topic| Connect {
                will: Some(will(topic, "")),
                ..connect_as(version, "a")
            };
            assert_accepted(&mut world, with("1/2/3"));
            assert_accepted(&mut world, with("1234567"));
            let (_, outcome) = world.offer(with(too_much));
            let code = ConnectReasonCode::TopicNameInvalid;
            let closed = Saw::Closed(CloseReason::Refused(code));
            if version == Version::V5_0 {
                assert_eq!(outcome.all(), [Saw::Packet(refused(code)), closed]);
            } else {
                assert_eq!(outcome.all(), [closed]);
            }
            assert_eq!(world.refused(Cause::TopicName), 1);
        }
    }
}

#[test]
fn a_session_above_the_number_of_sessions_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            sessions: 2,
            ..Config::default()
        });
        assert_accepted(&mut world, resuming(version, "a", 60));
        let b = world.connect(connect_as(version, "b"));
        let code = ConnectReasonCode::QuotaExceeded;
        assert_refused(&mut world, connect_as(version, "c"), Cause::Sessions, code);

        // One that is there is resumed, or begun anew, at the limit too.
        assert_accepted(&mut world, resuming(version, "a", 60));
        assert_accepted(&mut world, connect_as(version, "a"));
        // One that ended makes room.
        world.cut(b);
        assert_accepted(&mut world, connect_as(version, "c"));
    }
}

#[test]
fn the_session_expiry_interval_is_capped_and_the_client_is_told() {
    let config = Config {
        maximum_session_expiry: 100,
        ..Config::default()
    };
    for (asked, told) in [
        (99, None),
        (100, None),
        (101, Some(100)),
        (u32::MAX, Some(100)),
    ] {
        let mut world = World::new(config.clone());
        let (_, outcome) = world.offer(resuming(Version::V5_0, "a", asked));
        let expected = connack_with(|connack| connack.properties.session_expiry_interval = told);
        assert_eq!(outcome.packets(), [expected]);
    }
}

#[test]
fn a_session_ends_when_the_cap_is_over() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            maximum_session_expiry: 100,
            ..Config::default()
        });
        let link = world.connect(resuming(version, "a", u32::MAX));
        world.cut(link);
        world.advance(seconds(100) - micros(1));
        assert_eq!(world.broker.gauges().sessions, 1);
        world.advance(micros(1));
        assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// Standard: MQTT 5.0 §3.14.2.2.2, which forbids the raising of 0 only; the cap holds in DISCONNECT too.
#[test]
fn a_session_expiry_interval_in_disconnect_is_capped_too() {
    let mut world = World::new(Config {
        maximum_session_expiry: 100,
        ..Config::default()
    });
    let link = world.connect(resuming(Version::V5_0, "a", 1));
    let mut leave = crate::harness::disconnect(DisconnectReasonCode::Success);
    if let Packet::Disconnect(disconnect) = &mut leave {
        disconnect.properties.session_expiry_interval = Some(u32::MAX);
    }
    world.send(link, leave);
    world.cut(link);
    world.advance(seconds(100) - micros(1));
    assert_eq!(world.broker.gauges().sessions, 1);
    world.advance(micros(1));
    assert_eq!(world.broker.gauges().sessions, 0);
}

#[test]
fn a_refusal_is_told_with_its_link_and_its_client() {
    let mut world = World::new(Config {
        client_id_bytes: 5,
        ..Config::default()
    });
    let (link, _) = world.offer(connect("123456"));
    let told = world.events.iter().find_map(|event| match event {
        Event::Refused {
            link,
            client_id,
            cause,
        } => Some((*link, client_id.as_ref()?.as_str(), *cause)),
        _ => None,
    });
    assert_eq!(told, Some((Some(link), "123456", Cause::ClientIdTooLong)));
}

#[test]
fn the_limits_bear_what_the_defaults_allow() {
    let mut world = World::new(Config::default());
    let connect = Connect {
        user_name: Some(text(leak("u".repeat(256)))),
        password: Some(Binary::new(leak("p".repeat(8_192)).as_bytes()).unwrap()),
        will: Some(will("w", leak("x".repeat(64 * 1024 - 1 - 2)))),
        ..connect(leak("c".repeat(256)))
    };
    assert_accepted(&mut world, connect);
}

fn assert_accepted(world: &mut World, connect: Connect<'static>) {
    let (_, outcome) = world.offer(connect);
    match outcome.packets().as_slice() {
        [Packet::Connack(connack)] => assert!(!connack.reason_code.is_error()),
        other => panic!("expected a CONNACK, saw {other:?}"),
    }
}

/// One more refusal for `cause`, and CONNACK with the code (3.x: what stands for it), and the close.
fn assert_refused(
    world: &mut World,
    connect: Connect<'static>,
    cause: Cause,
    code: ConnectReasonCode,
) {
    let said = match code {
        ConnectReasonCode::QuotaExceeded if connect.version != Version::V5_0 => {
            ConnectReasonCode::ServerUnavailable
        }
        code => code,
    };
    let (before, sessions) = (world.refused(cause), world.broker.gauges().sessions);
    let (_, outcome) = world.offer(connect);
    let expected = [
        Saw::Packet(refused(said)),
        Saw::Closed(CloseReason::Refused(code)),
    ];
    assert_eq!(outcome.all(), expected);
    assert_eq!(world.refused(cause), before + 1);
    assert_eq!(world.broker.gauges().sessions, sessions);
}

fn connack_with(change: impl FnOnce(&mut Connack<'static>)) -> Packet<'static> {
    match connack() {
        Packet::Connack(mut connack) => {
            change(&mut connack);
            Packet::Connack(connack)
        }
        other => other,
    }
}

fn text(text: &'static str) -> Text<'static> {
    Text::new(text).unwrap()
}

fn user_properties(pairs: &[(&'static str, &'static str)]) -> UserProperties<'static> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|&(name, value)| (text(name), text(value)))
        .collect();
    UserProperties::new(pairs.leak())
}

fn seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

fn micros(micros: u64) -> std::time::Duration {
    std::time::Duration::from_micros(micros)
}
