//! MQTT 5.0 §4.12: whose turn it is in an enhanced authentication, step by step. See `authentication.rs` for the machines.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Auth, AuthProperties, ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{Text, Version};
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{AuthenticateError, Authentication, AuthenticationStep, ProtocolError, Role};

const V5: Version = Version::V5_0;
const SUCCESS: AuthReasonCode = AuthReasonCode::Success;
const CONTINUE: AuthReasonCode = AuthReasonCode::ContinueAuthentication;
const AGAIN: AuthReasonCode = AuthReasonCode::ReAuthenticate;

/// [MQTT-4.12.1-1] What is not in `PLACES` is refused on either side.
#[test]
fn each_step_is_for_one_side_in_its_turn() {
    for (role, steps, is_under_way, sends, receives) in PLACES {
        let here = after(role, steps);
        assert_eq!(here.is_under_way(), is_under_way, "{role:?} {steps:?}");
        for code in [SUCCESS, CONTINUE, AGAIN] {
            let place = format!("{role:?} {steps:?} {code:?}");
            let mut sent = here.clone();
            let expected = if sends.contains(&code) {
                Ok(())
            } else {
                Err(AuthenticateError::NotOurTurn)
            };
            assert_eq!(sent.send(code), expected, "{place}");

            let mut received = here.clone();
            let expected = if receives.contains(&code) {
                Ok(step(code))
            } else {
                Err(ProtocolError::UnexpectedAuth)
            };
            assert_eq!(received.receive(&auth(code)), expected, "{place}");
        }
    }
}

/// An exchange ends with CONNACK, or with 0x00.
#[test]
fn an_exchange_ends_with_its_success() {
    for (role, success) in [
        (Role::Client, Receive(SUCCESS)),
        (Role::Server, Send(SUCCESS)),
    ] {
        let begin = match role {
            Role::Client => Send(AGAIN),
            Role::Server => Receive(AGAIN),
        };
        for steps in [
            &[Connack][..],
            &[Connack, begin, success],
            &[Connack, begin, success, begin, success],
        ] {
            assert!(!after(role, steps).is_under_way(), "{role:?} {steps:?}");
        }
        assert!(!Authentication::new(role, None).is_under_way());
    }
}

/// Before CONNACK it is CONNACK that says Success: a server cannot say it in AUTH, and nothing is sent.
#[test]
fn a_server_says_success_in_connack_first() {
    let mut server = Server::new(ServerConfig::default(), V5);
    let properties = ConnectProperties {
        authentication_method: Text::new("X").ok(),
        ..ConnectProperties::default()
    };
    server.open(&Connect {
        properties,
        ..connect(V5)
    });
    assert_eq!(
        server.machine.reauthenticated(server.now, None),
        Err(AuthenticateError::NotOurTurn)
    );
    assert_eq!(server.drain(), []);
    server.accept(Accept::default());
    server.receive(auth(AGAIN));
    server.machine.reauthenticated(server.now, None).unwrap();
    assert_eq!(server.drain(), [send(V5, auth(SUCCESS))]);
}

/// A place in the exchange: the side, what it has done, whether an exchange is under way, and what it may send and receive.
type Place = (
    Role,
    &'static [Step],
    bool,
    &'static [AuthReasonCode],
    &'static [AuthReasonCode],
);

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(AuthReasonCode),
    Receive(AuthReasonCode),
    Connack,
}

use Step::{Connack, Receive, Send};

/// 0x18 is for whoever has the turn, 0x19 for a client that is connected, 0x00
/// for the server that was asked to authenticate again; before CONNACK it has none to give.
const PLACES: [Place; 10] = [
    (Role::Client, &[], true, &[], &[CONTINUE]),
    (Role::Client, &[Receive(CONTINUE)], true, &[CONTINUE], &[]),
    (Role::Client, &[Connack], false, &[AGAIN], &[]),
    (
        Role::Client,
        &[Connack, Send(AGAIN)],
        true,
        &[],
        &[CONTINUE, SUCCESS],
    ),
    (
        Role::Client,
        &[Connack, Send(AGAIN), Receive(CONTINUE)],
        true,
        &[CONTINUE],
        &[],
    ),
    (Role::Server, &[], true, &[CONTINUE], &[]),
    (Role::Server, &[Send(CONTINUE)], true, &[], &[CONTINUE]),
    (Role::Server, &[Connack], false, &[], &[AGAIN]),
    (
        Role::Server,
        &[Connack, Receive(AGAIN)],
        true,
        &[CONTINUE, SUCCESS],
        &[],
    ),
    (
        Role::Server,
        &[Connack, Receive(AGAIN), Send(CONTINUE)],
        true,
        &[],
        &[CONTINUE],
    ),
];

fn after(role: Role, steps: &[Step]) -> Authentication {
    let mut authentication = Authentication::new(role, Some(text("X")));
    for &step in steps {
        match step {
            Send(code) => authentication.send(code).unwrap(),
            Receive(code) => {
                authentication.receive(&auth(code)).unwrap();
            }
            Connack if role == Role::Server => authentication.connected(),
            Connack => {
                let properties = ConnackProperties {
                    authentication_method: Text::new("X").ok(),
                    ..ConnackProperties::default()
                };
                authentication.connack(&connack(properties)).unwrap();
            }
        }
    }
    authentication
}

const fn step(code: AuthReasonCode) -> AuthenticationStep {
    match code {
        AuthReasonCode::Success => AuthenticationStep::Success,
        AuthReasonCode::ContinueAuthentication => AuthenticationStep::Continue,
        AuthReasonCode::ReAuthenticate => AuthenticationStep::Reauthenticate,
    }
}

fn auth(reason_code: AuthReasonCode) -> Auth<'static> {
    let properties = AuthProperties {
        authentication_method: Text::new("X").ok(),
        ..AuthProperties::default()
    };
    Auth {
        reason_code,
        properties,
    }
}
