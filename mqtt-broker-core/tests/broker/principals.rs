//! Sessions belong to principals: who may come back to one, and how many one may have.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{Saw, VERSIONS, World, connect_as, leak, refused, resuming, subscribe};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Cause, Config, LinkId};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{QoS, Text, TextBuf, Version};
use mqtt_session::CloseReason;

/// [MQTT-3.1.4-2] A session belongs to who created it, connected or not.
#[test]
fn another_principal_with_the_same_client_identifier_never_gets_the_session() {
    for version in VERSIONS {
        for connected in [true, false] {
            let mut world = World::new(Config::default());
            let first = asked(&mut world, resuming(version, "a", 100));
            world.authenticated(first, accepted("alice"));
            world.send(first, subscribe(1, "t", QoS::AtLeastOnce));
            world.forget();
            if !connected {
                world.cut(first);
            }
            for connect in [resuming(version, "a", 100), connect_as(version, "a")] {
                let second = asked(&mut world, connect);
                world.authenticated(second, accepted("bob"));
                let code = ConnectReasonCode::ClientIdentifierNotValid;
                let expected = [
                    Saw::Packet(refused(code)),
                    Saw::Closed(CloseReason::Refused(code)),
                ];
                assert_eq!(world.take(second).all(), expected);
            }
            assert_eq!(world.refused(Cause::Principal), 2);
            assert_eq!(world.broker.gauges().connected, usize::from(connected));
            assert_eq!(world.broker.gauges().subscriptions, 1);
            // Nor does an anonymous one.
            let (_, outcome) = world.offer(connect_as(version, "a"));
            let code = ConnectReasonCode::ClientIdentifierNotValid;
            let expected = [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code)),
            ];
            assert_eq!(outcome.all(), expected);
            let third = asked(&mut world, resuming(version, "a", 100));
            world.authenticated(third, accepted("alice"));
            assert_eq!(world.refused(Cause::Principal), 3);
            assert_eq!(world.broker.gauges().connected, 1);
        }
    }
}

#[test]
fn a_principal_has_its_own_limit_of_sessions_and_anonymous_clients_have_none() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            sessions_per_principal: 2,
            ..Config::default()
        });
        let mut come = |client_id, principal| {
            let link = asked(&mut world, connect_as(version, client_id));
            world.authenticated(link, accepted(principal));
            (
                world.broker.gauges().sessions,
                world.refused(Cause::SessionsPerPrincipal),
                link,
            )
        };
        let (.., first) = come("1", "alice");
        come("2", "alice");
        let (sessions, refusals, third) = come("3", "alice");
        assert_eq!((sessions, refusals), (2, 1));
        let (sessions, refusals, _) = come("4", "bob");
        assert_eq!((sessions, refusals), (3, 1));
        let (sessions, refusals, _) = come("2", "alice");
        assert_eq!((sessions, refusals), (3, 1), "that one was there");
        let code = ConnectReasonCode::QuotaExceeded;
        let said = match version {
            Version::V5_0 => code,
            Version::V3_1 | Version::V3_1_1 => ConnectReasonCode::ServerUnavailable,
        };
        let outcome = world.take(third);
        let expected = [
            Saw::Packet(refused(said)),
            Saw::Closed(CloseReason::Refused(code)),
        ];
        assert!(outcome.all().ends_with(&expected));
        world.cut(first);
        let link = asked(&mut world, connect_as(version, "3"));
        world.authenticated(link, accepted("alice"));
        assert_eq!(world.refused(Cause::SessionsPerPrincipal), 1);
        for number in 0..5 {
            world.connect(connect_as(version, leak(format!("anonymous {number}"))));
        }
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

fn accepted(principal: &'static str) -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: Some(TextBuf::from(text(principal))),
        data: None,
    }
}

fn text(text: &'static str) -> Text<'static> {
    Text::new(text).unwrap()
}
