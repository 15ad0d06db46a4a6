//! A connected client authenticates again. MQTT 5.0 §4.12.1.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::enhanced::accepted;
use crate::harness::{Saw, World, connect, disconnect, qos0};
use mqtt_broker_core::{AuthenticationOutcome, Cause, Config, LinkId};
use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, Text};
use mqtt_session::{CloseReason, ProtocolError};

const AGAIN: AuthReasonCode = AuthReasonCode::ReAuthenticate;
const CONTINUE: AuthReasonCode = AuthReasonCode::ContinueAuthentication;

/// [MQTT-4.12.1-1] Nothing else is read while it is asked; the last AUTH says 0x00.
#[test]
fn a_connected_client_authenticates_again_in_steps() {
    let (mut world, link) = connected();
    world.send(link, auth(AGAIN, "m"));
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    assert!(world.asked.last().unwrap().1.again);
    world.send(link, Packet::Pingreq);
    assert_eq!(world.take(link).all(), []);

    // Between the steps the connection goes on.
    world.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
    let outcome = world.take(link);
    assert!(outcome.all().contains(&Saw::Packet(Packet::Pingresp)));
    assert!(outcome.all().contains(&Saw::Packet(with_data(CONTINUE))));
    world.send(link, qos0("t", "x"));
    world.send(link, auth(CONTINUE, "m"));
    assert_eq!(world.take(link).all(), [Saw::Paused]);

    world.authenticated(link, accepted("alice"));
    let outcome = world.take(link);
    assert_eq!(outcome.all().len(), 2);
    assert!(
        outcome
            .all()
            .contains(&Saw::Packet(auth(AuthReasonCode::Success, "m")))
    );
    assert!(outcome.all().contains(&Saw::Resumed));
    // An answer to nothing does nothing.
    world.authenticated(link, accepted("alice"));
    world.authenticated(
        link,
        AuthenticationOutcome::Refused(ConnectReasonCode::Banned),
    );
    assert_eq!(world.take(link).all(), []);
}

/// [MQTT-4.12.1-2]
#[test]
fn a_refused_authentication_ends_the_connection() {
    let (mut world, link) = connected();
    world.send(link, auth(AGAIN, "m"));
    world.forget();
    world.authenticated(
        link,
        AuthenticationOutcome::Refused(ConnectReasonCode::Banned),
    );
    assert_closed(&mut world, link);
    assert_eq!(world.refused(Cause::Authentication), 1);
}

#[test]
fn a_client_cannot_become_somebody_else() {
    let (mut world, link) = connected();
    world.send(link, auth(AGAIN, "m"));
    world.forget();
    world.authenticated(link, accepted("bob"));
    assert_closed(&mut world, link);
    assert_eq!(world.refused(Cause::Principal), 1);
}

/// [MQTT-4.12.1-1] The method of CONNECT, and the code that fits the state.
#[test]
fn an_auth_that_does_not_fit_ends_the_connection() {
    let unexpected = ProtocolError::UnexpectedAuth;
    let bare = Packet::Auth(Auth {
        reason_code: AGAIN,
        properties: AuthProperties::default(),
    });
    for (packet, error) in [
        (auth(AGAIN, "other"), ProtocolError::AuthMethodChanged),
        (bare, ProtocolError::AuthWithoutMethod),
        (auth(CONTINUE, "m"), unexpected),
        (auth(AuthReasonCode::Success, "m"), unexpected),
    ] {
        let (mut world, link) = connected();
        world.send(link, packet);
        assert_eq!(world.take(link).all(), protocol_error(error));
    }
    // Nor does a second beginning in the middle.
    let (mut world, link) = connected();
    world.send(link, auth(AGAIN, "m"));
    world.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
    world.forget();
    world.send(link, auth(AGAIN, "m"));
    assert_eq!(world.take(link).all(), protocol_error(unexpected));
}

/// [MQTT-4.12.0-7]
#[test]
fn a_client_without_a_method_may_not_send_auth() {
    let mut world = World::new(Config::default());
    let link = world.connect(connect("a"));
    world.send(link, auth(AGAIN, "m"));
    let error = ProtocolError::AuthWithoutMethod;
    assert_eq!(world.take(link).all(), protocol_error(error));
}

#[test]
fn user_properties_above_the_limit_end_the_connection() {
    let (mut world, link) = connected();
    let mut packet = auth(AGAIN, "m");
    if let Packet::Auth(auth) = &mut packet {
        auth.properties.user_properties =
            UserProperties::new(vec![(text("a"), text("b")); 65].leak());
    }
    world.send(link, packet);
    let reason = DisconnectReasonCode::QuotaExceeded;
    let expected = [
        Saw::Packet(disconnect(reason)),
        Saw::Closed(CloseReason::Disconnected { reason }),
    ];
    assert_eq!(world.take(link).all(), expected);
    assert_eq!(world.refused(Cause::UserProperties), 1);
}

/// `alice` on a link with the method `m`.
fn connected() -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.connected_by("m");
    assert_eq!(world.broker.gauges().connected, 1);
    (world, link)
}

fn auth(reason_code: AuthReasonCode, method: &'static str) -> Packet<'static> {
    let properties = AuthProperties {
        authentication_method: Some(text(method)),
        ..AuthProperties::default()
    };
    Packet::Auth(Auth {
        reason_code,
        properties,
    })
}

fn with_data(reason_code: AuthReasonCode) -> Packet<'static> {
    let mut packet = auth(reason_code, "m");
    if let Packet::Auth(auth) = &mut packet {
        auth.properties.authentication_data = Some(mqtt_codec::Binary::new(b"").unwrap());
    }
    packet
}

fn text(text: &'static str) -> Text<'static> {
    Text::new(text).unwrap()
}

fn protocol_error(error: ProtocolError) -> Vec<Saw<'static>> {
    let code = CloseReason::Protocol(error).disconnect_reason_code(mqtt_session::Role::Server);
    vec![
        Saw::Packet(disconnect(code.unwrap())),
        Saw::Closed(CloseReason::Protocol(error)),
    ]
}

fn assert_closed(world: &mut World, link: LinkId) {
    let reason = DisconnectReasonCode::NotAuthorized;
    let expected = [
        Saw::Packet(disconnect(reason)),
        Saw::Closed(CloseReason::Disconnected { reason }),
    ];
    assert_eq!(world.take(link).all(), expected);
}
