//! Who a client is: `Action::Authenticate` and its answers. MQTT 5.0 §4.12. How long that may take is in `time_limits.rs`.
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
use crate::harness::{
    Saw, VERSIONS, World, auth, connack, connect_as, encoded, qos0, refused, suback, subscribe,
    text, with_method,
};
use mqtt_broker_core::{
    Authentication, AuthenticationOutcome, AuthenticationRequest, Cause, Config, EnhancedData,
    LinkId,
};
use mqtt_codec::packet::Connect;
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Binary, ClientIdBuf, Packet, QoS, TextBuf, Version};
use mqtt_session::{CloseReason, Password};

#[test]
fn user_name_and_password_are_asked_about_and_connack_waits_for_the_answer() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        world.send(link, with_password(version, "a"));
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        let request = AuthenticationRequest {
            client_id: ClientIdBuf::new("a").unwrap(),
            version,
            address: None,
            user_name: Some(TextBuf::from(text("user"))),
            password: Password::new(b"secret".as_slice()).ok(),
            enhanced: None,
            again: false,
        };
        assert_eq!(world.asked, [(link, request)]);
        assert_eq!(world.broker.gauges().connected, 0);

        world.authenticated(link, accepted("user"));
        let outcome = world.take(link);
        assert_eq!(outcome.all().len(), 2, "Resume and CONNACK");
        assert!(outcome.all().contains(&Saw::Resumed));
        assert_eq!(world.broker.gauges().connected, 1);
        // A second answer is nobody's.
        world.authenticated(link, accepted("other"));
        assert_eq!(world.take(link).all(), []);
    }
}

#[test]
fn a_refused_client_gets_the_reason_and_the_close() {
    for version in VERSIONS {
        for code in [
            ConnectReasonCode::BadUserNameOrPassword,
            ConnectReasonCode::NotAuthorized,
        ] {
            let mut world = World::new(Config::default());
            let link = asked(&mut world, with_password(version, "a"));
            world.authenticated(link, AuthenticationOutcome::Refused(code));
            let expected = [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code)),
            ];
            assert_eq!(world.take(link).all(), expected);
            assert_eq!(world.refused(Cause::Authentication), 1);
            assert_eq!(world.broker.gauges().sessions, 0);
            world.authenticated(link, accepted("user"));
            assert_eq!(world.take(link).all(), [], "too late");
        }
    }
}

/// What a careless answerer says cannot let anybody in.
#[test]
fn a_refusal_with_a_code_of_success_is_a_refusal() {
    let mut world = World::new(Config::default());
    let link = asked(&mut world, with_password(Version::V5_0, "a"));
    world.authenticated(
        link,
        AuthenticationOutcome::Refused(ConnectReasonCode::Success),
    );
    let code = ConnectReasonCode::NotAuthorized;
    let expected = [
        Saw::Packet(refused(code)),
        Saw::Closed(CloseReason::Refused(code)),
    ];
    assert_eq!(world.take(link).all(), expected);
}

/// Nothing behind CONNECT is looked at before the answer, whatever it is.
#[test]
fn packets_behind_connect_are_handled_after_the_answer() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.link_from(Authentication::Ask);
        let mut bytes = encoded(version, with_password(version, "a"));
        let connect_len = bytes.len();
        bytes.extend(encoded(version, subscribe(1, "t", QoS::AtMostOnce)));
        bytes.extend(encoded(version, qos0("t", "x")));
        let version_of = with_password(version, "a");
        world.send(link, version_of);
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        world.send_bytes(link, &bytes[connect_len..]);
        assert_eq!(world.take(link).all(), []);
        assert_eq!(world.unread(link), bytes.len() - connect_len);
        assert_eq!(world.broker.counters().packets_received, 1);

        world.authenticated(link, accepted("user"));
        let outcome = world.take(link);
        let rest: Vec<_> = outcome
            .all()
            .into_iter()
            .filter(|saw| *saw != Saw::Resumed)
            .skip(1)
            .collect();
        let suback = suback(1, &[SubscribeReasonCode::Success]);
        let message = Packet::Publish(qos0("t", "x"));
        assert_eq!(rest, [Saw::Packet(suback), Saw::Packet(message)]);
        assert_eq!(world.unread(link), 0);
    }
}

#[test]
fn a_packet_of_its_own_buffer_is_not_taken_before_the_answer() {
    let mut world = World::new(Config::default());
    let link = asked(&mut world, with_password(Version::V5_0, "a"));
    assert!(!world.send_whole(link, Packet::Pingreq));
    world.authenticated(link, accepted("user"));
    world.forget();
    assert!(world.send_whole(link, Packet::Pingreq));
    assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
}

#[test]
fn debug_output_does_not_show_what_a_client_proves_itself_with() {
    let mut world = World::new(Config::default());
    let mut connect = with_method("a", "SCRAM");
    connect.password = Some(Binary::new(b"secret").unwrap());
    connect.properties.authentication_data = Some(Binary::new(b"secret").unwrap());
    asked(&mut world, connect);
    let (_, request) = world.asked.pop().unwrap();
    assert_eq!(request.password.as_ref().unwrap().as_bytes(), b"secret");
    let enhanced = request.enhanced.as_ref().unwrap();
    assert_eq!(enhanced.data.as_deref(), Some(b"secret".as_slice()));
    let shown = format!("{request:?}");
    assert!(shown.contains("SCRAM"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(!shown.contains("115, 101, 99"), "{shown}");
}

/// [MQTT-4.12.0-2] [MQTT-4.12.0-5] [often-wrong-36] AUTH goes back and forth until CONNACK, all with the method of CONNECT.
#[test]
fn enhanced_authentication_takes_as_many_steps_as_it_needs() {
    let mut world = World::new(Config::default());
    let mut connect = with_method("a", "SCRAM");
    connect.properties.authentication_data = Some(Binary::new(b"0").unwrap());
    let link = asked(&mut world, connect);
    for step in ["1", "2"] {
        let (_, request) = world.asked.pop().unwrap();
        let method = TextBuf::from(text("SCRAM"));
        let given = request.enhanced.unwrap();
        assert_eq!(given.method, method);
        world.forget();
        world.authenticated(link, go_on(step));
        let challenge = auth(AuthReasonCode::ContinueAuthentication, "SCRAM", step);
        assert_all_but_resume(&mut world, link, &[Saw::Packet(challenge)]);
        world.send(
            link,
            auth(AuthReasonCode::ContinueAuthentication, "SCRAM", step),
        );
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        let expected = EnhancedData {
            method,
            data: Some(step.into()),
        };
        assert_eq!(world.asked.last().unwrap().1.enhanced, Some(expected));
    }
    let outcome = AuthenticationOutcome::Accepted {
        principal: Some(TextBuf::from(text("user"))),
        data: Some(b"last".to_vec()),
    };
    world.authenticated(link, outcome);
    let mut expected = connack();
    if let Packet::Connack(connack) = &mut expected {
        connack.properties.authentication_method = Some(text("SCRAM"));
        connack.properties.authentication_data = Some(Binary::new(b"last").unwrap());
    }
    assert_all_but_resume(&mut world, link, &[Saw::Packet(expected)]);
}

/// [MQTT-4.12.0-3] [MQTT-4.12.0-5] Before CONNACK the answer to a wrong AUTH is a CONNACK.
#[test]
fn an_auth_of_another_method_or_code_is_refused() {
    let wrong = [
        auth(AuthReasonCode::ContinueAuthentication, "other", ""),
        auth(AuthReasonCode::ReAuthenticate, "m", ""),
        auth(AuthReasonCode::Success, "m", ""),
    ];
    for packet in wrong {
        let mut world = World::new(Config::default());
        let link = asked(&mut world, with_method("a", "m"));
        world.authenticated(link, go_on("1"));
        world.forget();
        world.send(link, packet);
        let code = ConnectReasonCode::ProtocolError;
        let expected = [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code)),
        ];
        assert_eq!(world.take(link).all(), expected);
    }
}

#[test]
fn an_auth_before_connack_keeps_to_the_limit_of_user_properties() {
    let pair = (text("a"), text("b"));
    for (pairs, accepted) in [(1, true), (2, false)] {
        let mut world = World::new(Config {
            user_properties: 1,
            ..Config::default()
        });
        let link = asked(&mut world, with_method("a", "m"));
        world.authenticated(link, go_on("1"));
        world.forget();
        let mut packet = auth(AuthReasonCode::ContinueAuthentication, "m", "");
        if let Packet::Auth(auth) = &mut packet {
            auth.properties.user_properties = UserProperties::new(vec![pair; pairs].leak());
        }
        world.send(link, packet);
        let code = ConnectReasonCode::QuotaExceeded;
        let expected = match accepted {
            true => vec![Saw::Paused],
            false => vec![
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code)),
            ],
        };
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.refused(Cause::UserProperties), u64::from(!accepted));
    }
}

/// [MQTT-4.12.0-1] Who lets everybody in knows no method.
#[test]
fn a_method_on_an_anonymous_listener_is_a_bad_one() {
    let mut world = World::new(Config::default());
    let (_, outcome) = world.offer(with_method("a", "m"));
    let code = ConnectReasonCode::BadAuthenticationMethod;
    let expected = [
        Saw::Packet(refused(code)),
        Saw::Closed(CloseReason::Refused(code)),
    ];
    assert_eq!(outcome.all(), expected);
    assert_eq!(world.refused(Cause::Authentication), 1);
    assert_eq!(world.asked, []);
}

/// [MQTT-4.12.0-4] Also when the exchange has gone some way.
#[test]
fn an_exchange_can_end_with_a_refusal() {
    for steps in [0, 1, 3] {
        let mut world = World::new(Config::default());
        let link = asked(&mut world, with_method("a", "m"));
        for _ in 0..steps {
            world.authenticated(link, go_on("1"));
            world.send(link, auth(AuthReasonCode::ContinueAuthentication, "m", "2"));
        }
        world.forget();
        let code = ConnectReasonCode::NotAuthorized;
        world.authenticated(link, AuthenticationOutcome::Refused(code));
        let expected = [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code)),
        ];
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// [MQTT-4.12.0-6] Whatever a careless answerer gives.
#[test]
fn without_a_method_connack_has_neither_method_nor_data() {
    let mut world = World::new(Config::default());
    let link = asked(&mut world, with_password(Version::V5_0, "a"));
    let outcome = AuthenticationOutcome::Accepted {
        principal: None,
        data: Some(b"data".to_vec()),
    };
    world.authenticated(link, outcome);
    assert_all_but_resume(&mut world, link, &[Saw::Packet(connack())]);
}

/// [MQTT-4.12.0-6] Without a method there is no AUTH: the answer of a careless answerer refuses.
#[test]
fn a_further_step_without_a_method_is_a_refusal() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = asked(&mut world, with_password(version, "a"));
        world.authenticated(link, go_on("1"));
        let code = ConnectReasonCode::NotAuthorized;
        let expected = [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code)),
        ];
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.refused(Cause::Authentication), 1);
    }
}

fn with_password(version: Version, client_id: &'static str) -> Connect<'static> {
    Connect {
        user_name: Some(text("user")),
        password: Some(Binary::new(b"secret").unwrap()),
        ..connect_as(version, client_id)
    }
}

/// A link on which CONNECT was asked about.
fn asked(world: &mut World, connect: Connect<'static>) -> LinkId {
    let link = world.link_from(Authentication::Ask);
    world.send(link, connect);
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    assert_eq!(world.asked.last().map(|(link, _)| *link), Some(link));
    link
}

fn go_on(data: &str) -> AuthenticationOutcome {
    AuthenticationOutcome::Continue { data: data.into() }
}

/// Resume stands somewhere among what was seen, once.
fn assert_all_but_resume(world: &mut World, link: LinkId, expected: &[Saw<'_>]) {
    let outcome = world.take(link);
    let all = outcome.all();
    let rest: Vec<_> = all.iter().filter(|saw| **saw != Saw::Resumed).collect();
    assert_eq!(rest, expected.iter().collect::<Vec<_>>());
    assert_eq!(all.len(), expected.len() + 1);
}
