//! When a will is published: MQTT 5.0 §3.1.2.5, §3.1.3.2.2 and §3.1.4, MQTT 3.1.1 §3.1.2.5.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;
use std::time::Duration;

use crate::harness::{
    Came, MICRO, SECOND, Saw, World, connect_as, qos0, resuming, subscribe, will,
};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::packet::{Connect, Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, QoS, TextBuf, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;
const NEVER: u32 = u32::MAX;

/// [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.3-9] [MQTT-3.14.4-3] [5.0-7] [5.0-9] [often-wrong-9] [often-wrong-10]
/// [often-wrong-11] Every delay with every session expiry, ended in every way, whenever the client comes back: the will is
/// published at its moment, once, or never.
#[test]
fn a_will_is_published_after_its_delay_or_with_the_end_of_its_session_unless_that_goes_on_before() {
    for delay in [0, 9, 10, 11, NEVER] {
        for expiry in [0, 10, NEVER] {
            for ending in ENDINGS.into_iter().chain(ENDINGS_OF_V5) {
                let left = Left {
                    version: V5,
                    delay,
                    expiry,
                    ending,
                };
                left.assert_for_every_return();
            }
        }
    }
}

/// [v3.1.1 MQTT-3.1.2-8] [v3.1.1 MQTT-3.1.2-10] [v3.1.1 MQTT-3.14.4-3] 3.x has no delay, and every DISCONNECT deletes it.
#[test]
fn a_will_of_3_x_is_published_at_once_unless_disconnect_came() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for expiry in [0, NEVER] {
            for ending in ENDINGS {
                let left = Left {
                    version,
                    delay: 0,
                    expiry,
                    ending,
                };
                left.assert_for_every_return();
            }
        }
    }
}

/// [MQTT-3.1.2-8] What is announced is the end of the delay, or that of the session.
#[test]
fn the_moment_of_a_will_is_announced() {
    for (delay, expiry, due) in [(30, 600, 30), (30, 30, 30), (30, 20, 20), (1, NEVER, 1)] {
        let (mut world, watcher) = watched();
        let link = world.connect(with_will(V5, expiry, delay));
        world.cut(link);
        world.advance_until_just_before(due * SECOND);
        assert_eq!(world.take(watcher).packets(), []);
        world.advance(MICRO);
        assert_eq!(
            world.take(watcher).packets(),
            [Packet::Publish(qos0("gone", "c"))]
        );
    }
}

/// [MQTT-3.1.3-9] The delay of a will that the new connection brings begins with the loss of that one. Its old one's is
/// forgotten, whether it is over by then or not.
#[test]
fn the_delay_begins_anew_with_each_loss_of_a_connection() {
    for brings_a_will in [false, true] {
        for stays in [5 * SECOND, 1_000 * SECOND] {
            let (mut world, watcher) = watched();
            let link = world.connect(with_will(V5, 600, 30));
            world.cut(link);
            world.advance(10 * SECOND);
            let mut again = resuming(V5, "c", 600);
            again.will = with_will(V5, 600, 30).will.filter(|_| brings_a_will);
            let link = world.connect(again);
            world.advance(stays);
            assert_eq!(world.take(watcher).packets(), []);
            let lost = world.now;
            world.cut(link);
            let came = world.watch(watcher, lost, 1_000 * SECOND);
            let expected = brings_a_will.then(|| published(30 * SECOND));
            assert_eq!(came, Vec::from_iter(expected));
        }
    }
}

/// [MQTT-3.1.3-9] [often-wrong-9] Who only asks to come back has not come back.
#[test]
fn a_connect_that_is_not_let_in_cancels_no_will() {
    for (answered_after, outcome, cancels) in [
        (10 * SECOND - MICRO, accepted(None), true),
        // The client of another user.
        (9 * SECOND, accepted(Some("mallory")), false),
        (
            9 * SECOND,
            AuthenticationOutcome::Refused(ConnectReasonCode::NotAuthorized),
            false,
        ),
        // Too late.
        (10 * SECOND, accepted(None), false),
    ] {
        let (mut world, watcher) = watched();
        let link = world.connect(with_will(V5, 600, 10));
        let lost = world.now;
        world.cut(link);
        world.advance(5 * SECOND);
        let link = world.link_from(Authentication::Ask);
        world.send(link, resuming(V5, "c", 600));
        let mut came = world.watch(watcher, lost, answered_after - 5 * SECOND);
        world.authenticated(link, outcome);
        came.extend(world.watch(watcher, lost, 1_000 * SECOND));
        let expected = (!cancels).then(|| published(10 * SECOND));
        assert_eq!(came, Vec::from_iter(expected), "{answered_after:?}");
    }
}

/// [MQTT-3.1.2-8] A client that does not read what it is sent has lost its connection, too.
#[test]
fn a_stalled_client_leaves_its_will() {
    let (mut world, watcher) = watched();
    let link = world.connect(with_will(V5, 600, 0));
    world.send(link, subscribe(1, "t", QoS::AtMostOnce));
    let publisher = world.connect(connect_as(Version::V3_1_1, "publisher"));
    world.forget();
    world.draining = false;
    world.send(publisher, qos0("t", "x"));
    world.advance_until_just_before(30 * SECOND);
    world.write(watcher, usize::MAX);
    assert_eq!(world.take(watcher).packets(), []);
    world.advance(MICRO);
    world.write(watcher, usize::MAX);
    assert_eq!(
        world.take(watcher).packets(),
        [Packet::Publish(qos0("gone", "c"))]
    );
    assert_eq!(
        world.take(link).all().last(),
        Some(&Saw::Closed(CloseReason::SlowPeer))
    );
}

/// A connection with a will, and how it came to its end.
#[derive(Clone, Copy, Debug)]
struct Left {
    version: Version,
    /// Seconds, as those of `expiry`.
    delay: u32,
    expiry: u32,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Lost,
    Silence,
    Malformed,
    BrokenRule,
    Operator,
    /// With a Session Expiry Interval or without.
    Disconnect(DisconnectReasonCode, Option<u32>),
    /// It has not come to its end when the client comes back.
    TakenOver,
}

const ENDINGS: [Ending; 7] = [
    Ending::Lost,
    Ending::Silence,
    Ending::Malformed,
    Ending::BrokenRule,
    Ending::Operator,
    Ending::Disconnect(DisconnectReasonCode::Success, None),
    Ending::TakenOver,
];

const ENDINGS_OF_V5: [Ending; 7] = [
    Ending::Disconnect(DisconnectReasonCode::Success, Some(0)),
    Ending::Disconnect(DisconnectReasonCode::Success, Some(5)),
    Ending::Disconnect(DisconnectReasonCode::DisconnectWithWillMessage, None),
    Ending::Disconnect(DisconnectReasonCode::DisconnectWithWillMessage, Some(0)),
    Ending::Disconnect(DisconnectReasonCode::DisconnectWithWillMessage, Some(5)),
    Ending::Disconnect(DisconnectReasonCode::DisconnectWithWillMessage, Some(NEVER)),
    Ending::Disconnect(DisconnectReasonCode::UnspecifiedError, None),
];

/// When and how the client comes back.
#[derive(Clone, Copy, Debug)]
struct Return {
    after: Duration,
    clean_start: bool,
    /// Whether nobody called `handle_timeout` in between.
    overslept: bool,
}

impl Left {
    /// Whether DISCONNECT deletes the will. One that raises the Session Expiry Interval from 0 is an error.
    fn deletes_will(self) -> bool {
        let Ending::Disconnect(DisconnectReasonCode::Success, expiry) = self.ending else {
            return false;
        };
        self.expiry > 0 || expiry.unwrap_or(0) == 0
    }

    /// How long after the end the will is due, when nobody comes back.
    fn due(self) -> Duration {
        let expiry = match self.ending {
            Ending::Disconnect(_, Some(expiry)) if self.expiry > 0 => expiry,
            _ => self.expiry,
        };
        Duration::from_secs(self.delay.min(expiry).into())
    }

    /// When the will is published, if it is.
    fn expected(self, back: Option<Return>) -> Option<Duration> {
        let due = self.due();
        match back {
            _ if self.deletes_will() => None,
            None => Some(due),
            // With a due time of 0 it does not wait for a timer.
            Some(back) if due <= back.after && back.overslept && !due.is_zero() => Some(back.after),
            Some(back) if due <= back.after => Some(due),
            Some(back) if back.clean_start => Some(back.after),
            Some(_) => None,
        }
    }

    fn assert_for_every_return(self) {
        if self.ending != Ending::TakenOver {
            self.assert(None);
        }
        let due = self.due();
        for clean_start in [false, true] {
            let mut moments = vec![(Duration::ZERO, false)];
            if self.ending != Ending::TakenOver {
                for after in [MICRO, due.saturating_sub(MICRO), due, due + MICRO] {
                    moments.extend([(after, false), (after, true)]);
                }
            }
            for (after, overslept) in moments {
                self.assert(Some(Return {
                    after,
                    clean_start,
                    overslept,
                }));
            }
        }
    }

    fn assert(self, back: Option<Return>) {
        let (mut world, watcher) = watched();
        self.leave(&mut world);
        let lost = world.now;
        let mut came = world.came(watcher, lost);
        match back {
            None => came.extend(world.watch(watcher, lost, self.due())),
            Some(back) => {
                if back.overslept {
                    world.now = world.now + back.after;
                } else {
                    came.extend(world.watch(watcher, lost, back.after));
                }
                let mut connect = resuming(self.version, "c", 600);
                connect.clean_start = back.clean_start;
                world.connect(connect);
            }
        }
        came.extend(world.watch(watcher, lost, 1_000 * SECOND));
        let expected = self.expected(back).map(published);
        assert_eq!(came, Vec::from_iter(expected), "{self:?} {back:?}");
    }

    /// The client connects and its connection comes to its end.
    fn leave(self, world: &mut World) {
        let mut connect = with_will(self.version, self.expiry, self.delay);
        connect.keep_alive = 10;
        let link = world.connect(connect);
        match self.ending {
            Ending::Lost => world.cut(link),
            Ending::Silence => world.advance(15 * SECOND),
            // PUBLISH with QoS 3.
            Ending::Malformed => world.send_bytes(link, &[0x36, 5, 0, 1, b'a', 0, 1]),
            Ending::BrokenRule => world.send(link, connect),
            Ending::Operator => {
                let reason = DisconnectReasonCode::AdministrativeAction;
                world.broker.disconnect(world.now, link, reason);
                world.settle();
            }
            Ending::Disconnect(reason_code, session_expiry_interval) => {
                let properties = DisconnectProperties {
                    session_expiry_interval,
                    ..DisconnectProperties::default()
                };
                let disconnect = Disconnect {
                    reason_code,
                    properties,
                };
                world.send(link, Packet::Disconnect(disconnect));
            }
            Ending::TakenOver => {}
        }
    }
}

/// A watcher that is subscribed to the wills of these tests and stays for ever.
fn watched() -> (World, LinkId) {
    let mut world = World::new(Config {
        maximum_session_expiry: NEVER,
        maximum_keep_alive: NonZeroU16::MAX,
        idle_limit: Duration::MAX,
        ..Config::default()
    });
    let watcher = world.connect(connect_as(Version::V3_1_1, "watcher"));
    world.send(watcher, subscribe(1, "gone", QoS::ExactlyOnce));
    world.forget();
    (world, watcher)
}

/// In 3.x without a delay, which it has not, and with Clean Session for an expiry of 0.
fn with_will(version: Version, expiry: u32, delay: u32) -> Connect<'static> {
    let mut connect = resuming(version, "c", expiry);
    connect.clean_start = version != V5 && expiry == 0;
    let mut will = will("gone", "c");
    will.properties.will_delay_interval = (version == V5).then_some(delay);
    connect.will = Some(will);
    connect
}

fn published(at: Duration) -> Came {
    Came {
        at,
        payload: "c".into(),
        expiry: None,
    }
}

fn accepted(principal: Option<&str>) -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: principal.map(|name| TextBuf::new(name).unwrap()),
        data: None,
    }
}
