//! How long a client may take to connect and to authenticate. How long it may not read is in `slow_consumers.rs`.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::time::Duration;

use crate::harness::{MICRO, SECOND, Saw, VERSIONS, World, connect, connect_as};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{Packet, Text};
use mqtt_session::CloseReason;

/// Bytes of it do not put it off.
#[test]
fn a_connect_has_to_be_whole_in_time() {
    for version in VERSIONS {
        for in_time in [false, true] {
            let mut world = World::new(Config::default());
            let link = world.link();
            world.speaks(link, version);
            let connect = Packet::from(connect_as(version, "client"));
            let mut bytes = vec![0; connect.encoded_len(version).unwrap()];
            connect.encode(version, &mut bytes);
            for byte in &bytes[..9] {
                world.advance(SECOND);
                world.send_bytes(link, &[*byte]);
            }
            world.advance_until_just_before(SECOND);
            assert_eq!(world.take(link).all(), []);
            if in_time {
                world.send_bytes(link, &bytes[9..]);
            }
            world.advance(MICRO);
            let outcome = world.take(link);
            if in_time {
                assert!(matches!(outcome.packets()[..], [Packet::Connack(_)]));
                assert_eq!(world.broker.gauges().connected, 1);
            } else {
                assert_eq!(outcome.all(), [TOO_LATE]);
            }
        }
    }
}

/// What is left of the time for CONNECT is the time for the answer. One that comes later is for nobody.
#[test]
fn a_client_whose_authentication_takes_too_long_is_closed() {
    for version in VERSIONS {
        for in_time in [false, true] {
            let mut world = World::new(Config::default());
            let link = world.link_from(Authentication::Ask);
            world.advance(4 * SECOND);
            world.send(link, connect_as(version, "a"));
            world.forget();
            world.advance_until_just_before(6 * SECOND);
            assert_eq!(world.take(link).all(), []);
            if in_time {
                world.authenticated(link, ACCEPTED);
                world.forget();
            }
            world.advance(MICRO);
            if in_time {
                assert_eq!(world.take(link).all(), []);
            } else {
                assert_eq!(world.take(link).all(), [TOO_LATE]);
                world.authenticated(link, ACCEPTED);
                assert_eq!(world.take(link).all(), []);
            }
            assert_eq!(world.broker.gauges().sessions, usize::from(in_time));
        }
    }
}

/// The steps of the exchange share that time, whoever is to take the next one.
#[test]
fn a_client_that_does_not_answer_auth_in_time_is_closed() {
    for clients_turn in [true, false] {
        let mut world = World::new(Config::default());
        let link = asked_for_auth(&mut world);
        if !clients_turn {
            world.send(link, auth());
        }
        world.forget();
        world.advance_until_just_before(5 * SECOND);
        assert_eq!(world.take(link).all(), []);
        world.advance(MICRO);
        assert_eq!(world.take(link).all(), [TOO_LATE]);
    }
}

/// A timer that comes late is too late for nobody whose CONNECT was taken meanwhile.
#[test]
fn a_client_that_is_in_is_not_closed_by_a_late_time_out() {
    let mut world = World::new(Config::default());
    let (waits, comes) = (world.link(), world.link());
    world.now = world.now + Duration::from_secs(60);
    world.send(comes, connect("comes"));
    world.forget();
    world.time_out();
    assert_eq!(world.take(waits).all(), [TOO_LATE]);
    assert_eq!(world.take(comes).all(), []);
}

const TOO_LATE: Saw<'static> = Saw::Closed(CloseReason::ConnectTimeout);

const ACCEPTED: AuthenticationOutcome = AuthenticationOutcome::Accepted {
    principal: None,
    data: None,
};

/// A client that was asked for a further step, 5 s before its time is over.
fn asked_for_auth(world: &mut World) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    let mut connect = connect("a");
    connect.properties.authentication_method = Text::new("m").ok();
    world.send(link, connect);
    world.advance(5 * SECOND);
    let go_on = AuthenticationOutcome::Continue { data: "1".into() };
    world.authenticated(link, go_on);
    link
}

fn auth() -> Packet<'static> {
    Packet::Auth(Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties: AuthProperties {
            authentication_method: Text::new("m").ok(),
            ..AuthProperties::default()
        },
    })
}
