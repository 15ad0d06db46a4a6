//! How an enhanced authentication goes wrong: MQTT 5.0 §4.12.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{Saw, World, connack, connect, disconnect, refused};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, Text};
use mqtt_session::{CloseReason, ProtocolError};

const CONTINUE: AuthReasonCode = AuthReasonCode::ContinueAuthentication;

/// [MQTT-4.12.0-4] However many steps were taken: CONNACK with the reason, and the close.
#[test]
fn an_exchange_can_end_with_a_refusal() {
    for steps in 0..3 {
        for code in [
            ConnectReasonCode::NotAuthorized,
            ConnectReasonCode::BadAuthenticationMethod,
            ConnectReasonCode::Banned,
        ] {
            let (mut world, link) = asked("m");
            for _ in 0..steps {
                world.authenticated(link, go_on());
                world.send(link, auth(CONTINUE, Some("m")));
            }
            world.forget();
            world.authenticated(link, AuthenticationOutcome::Refused(code));
            assert_eq!(
                world.take(link).all(),
                [
                    Saw::Packet(refused(code)),
                    Saw::Closed(CloseReason::Refused(code))
                ]
            );
            assert_eq!(world.broker.gauges().sessions, 0);
        }
    }
}

/// [5.0-2] An AUTH without a method, or with another one than that of CONNECT, is a Protocol Error: CONNACK says so before
/// CONNACK, DISCONNECT behind it.
#[test]
fn an_auth_with_another_method_or_none_is_a_protocol_error() {
    for (method, error) in [
        (Some("other"), ProtocolError::AuthMethodChanged),
        (Some("M"), ProtocolError::AuthMethodChanged),
        (None, ProtocolError::AuthWithoutMethod),
    ] {
        let (mut world, link) = asked("m");
        world.authenticated(link, go_on());
        world.forget();
        world.send(link, auth(CONTINUE, method));
        let code = ConnectReasonCode::ProtocolError;
        assert_eq!(
            world.take(link).all(),
            [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code))
            ]
        );

        let (mut world, link) = asked("m");
        let accepted = AuthenticationOutcome::Accepted {
            principal: None,
            data: None,
        };
        world.authenticated(link, accepted);
        world.forget();
        world.send(link, auth(AuthReasonCode::ReAuthenticate, method));
        assert_eq!(
            world.take(link).all(),
            [
                Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
                Saw::Closed(CloseReason::Protocol(error))
            ]
        );
    }
}

/// [MQTT-4.12.0-6] Where CONNECT had no method there is no AUTH, and CONNACK has neither method nor data, whatever who
/// answers wants to say.
#[test]
fn without_a_method_nothing_is_said_of_authentication() {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    world.send(link, connect("c"));
    world.forget();
    let accepted = AuthenticationOutcome::Accepted {
        principal: None,
        data: Some(b"data".to_vec()),
    };
    world.authenticated(link, accepted);
    assert_eq!(world.take(link).sent(), [connack()]);

    let link = world.link_from(Authentication::Ask);
    world.send(link, connect("other"));
    world.forget();
    world.authenticated(link, go_on());
    let code = ConnectReasonCode::NotAuthorized;
    assert_eq!(
        world.take(link).all(),
        [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code))
        ]
    );
}

/// A link on which a CONNECT with that method was asked about.
fn asked(method: &'static str) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    let mut connect = connect("c");
    connect.properties.authentication_method = Text::new(method).ok();
    world.send(link, connect);
    (world, link)
}

fn go_on() -> AuthenticationOutcome {
    AuthenticationOutcome::Continue { data: Vec::new() }
}

fn auth(reason_code: AuthReasonCode, method: Option<&'static str>) -> Packet<'static> {
    let properties = AuthProperties {
        authentication_method: method.map(|method| Text::new(method).unwrap()),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth {
        reason_code,
        properties,
    })
}
