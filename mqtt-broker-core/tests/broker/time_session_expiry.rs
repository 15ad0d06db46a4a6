//! When a session ends: MQTT 5.0 §3.1.2.11.2, §3.14.2.2.2 and §4.1, MQTT 3.1.1 §3.1.2.4.
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

use crate::harness::store::Durable;
use crate::harness::{
    MICRO, SECOND, Saw, World, connect, connect_as, disconnect, qos1, resuming, subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Connect, Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;
const NEVER: u32 = u32::MAX;

/// [MQTT-4.1.0-2] [MQTT-3.1.2-23] [5.0-9] [often-wrong-27] [choice-2] Every interval under every cap of the server's, ended in
/// every way, whenever the client comes back: the session goes on until its last microsecond, and not at its end.
#[test]
fn a_session_goes_on_until_its_interval_is_over_and_ends_then() {
    for asked in [None, Some(0), Some(10), Some(NEVER)] {
        for cap in [0, 15, NEVER] {
            for ending in ENDINGS.into_iter().chain(ENDINGS_OF_V5) {
                let left = Left {
                    version: V5,
                    asked,
                    cap,
                    ending,
                };
                left.assert_for_every_return();
            }
        }
    }
}

/// [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-3.1.2-6] In 3.x it ends with its connection, or is kept as long as the server keeps any.
#[test]
fn a_session_of_3_x_is_kept_as_long_as_any() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for asked in [Some(0), Some(NEVER)] {
            for cap in [0, 15, NEVER] {
                for ending in ENDINGS {
                    let left = Left {
                        version,
                        asked,
                        cap,
                        ending,
                    };
                    left.assert_for_every_return();
                }
            }
        }
    }
}

/// [MQTT-4.1.0-2] Its end is announced, and nothing is left of it then.
#[test]
fn the_end_of_a_session_is_announced() {
    for version in [Version::V3_1, Version::V3_1_1, V5] {
        let mut world = World::new(Config {
            maximum_session_expiry: 10,
            ..Config::default()
        });
        let link = world.connect(resuming(version, "c", 10));
        world.send(link, subscribe(1, "a", QoS::AtLeastOnce));
        world.advance(5 * SECOND);
        world.cut(link);
        world.advance_until_just_before(10 * SECOND);
        let gauges = world.broker.gauges();
        assert_eq!((gauges.sessions, gauges.subscriptions), (1, 1));
        world.advance(MICRO);
        let gauges = world.broker.gauges();
        assert_eq!((gauges.sessions, gauges.subscriptions), (0, 0));
    }
}

/// [MQTT-4.1.0-2] What the last CONNECT said counts, from the end of its connection on.
#[test]
fn each_connection_says_anew_how_long_its_session_lives() {
    for (second, lives) in [(0, 0), (3, 3), (100, 100), (NEVER, 1_000_000)] {
        let mut world = forever();
        let link = world.connect(resuming(V5, "c", 10));
        world.cut(link);
        world.advance(10 * SECOND - MICRO);
        let link = world.connect(resuming(V5, "c", second));
        // The end that the first connection left is past.
        world.advance(60 * SECOND);
        assert_eq!(world.broker.gauges().sessions, 1);
        world.cut(link);
        if lives > 0 {
            world.advance(lives * SECOND - MICRO);
            assert_eq!(world.broker.gauges().sessions, 1);
            world.advance(MICRO);
        }
        assert_eq!(world.broker.gauges().sessions, usize::from(second == NEVER));
    }
}

/// [MQTT-4.1.0-2] Also when the broker was started anew in between, once or twice.
#[test]
fn a_restart_does_not_move_the_end_of_a_session() {
    for restarts in [1, 2] {
        let mut world = Durable::new(Config::default());
        let (link, _) = world.connect(resuming(V5, "c", 10));
        world.cut(link);
        world.commit_all();
        for _ in 0..restarts {
            world.now = world.now + SECOND;
            world.crash();
        }
        world.advance_until_just_before((10 - restarts) * SECOND);
        assert_eq!(world.broker.gauges().sessions, 1);
        world.advance(MICRO);
        assert_eq!(world.broker.gauges().sessions, 0);
        world.commit_all();
        assert_eq!(world.store.store().sessions(), 0);
    }
}

/// [often-wrong-27] [choice-2] A DISCONNECT that raises what was 0 is no DISCONNECT; 0 after 0 is one.
#[test]
fn disconnect_may_not_raise_the_session_expiry_interval_from_0() {
    for asked in [None, Some(0)] {
        for (said, refused) in [
            (Some(1), true),
            (Some(NEVER), true),
            (Some(0), false),
            (None, false),
        ] {
            let mut world = World::new(Config::default());
            let mut connect = connect("c");
            connect.properties.session_expiry_interval = asked;
            let link = world.connect(connect);
            world.send(link, leaving(said));
            let outcome = world.take(link);
            if refused {
                let error = ProtocolError::SessionExpiryRaised;
                assert_eq!(
                    outcome.all(),
                    [
                        Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
                        Saw::Closed(CloseReason::Protocol(error)),
                    ]
                );
            } else {
                assert_eq!(outcome.all(), [Saw::Closed(LEFT)]);
            }
        }
    }
}

/// [often-wrong-27] What counts is what CONNECT said, not what the server made of it.
#[test]
fn disconnect_may_say_an_interval_after_one_that_the_server_made_0() {
    for (asked, is_taken) in [(Some(10), true), (Some(0), false), (None, false)] {
        let mut world = World::new(Config {
            maximum_session_expiry: 0,
            ..Config::default()
        });
        let mut connect = connect("c");
        connect.properties.session_expiry_interval = asked;
        let link = world.connect(connect);
        world.send(link, leaving(Some(5)));
        let error = ProtocolError::SessionExpiryRaised;
        let expected = match is_taken {
            true => vec![Saw::Closed(LEFT)],
            false => vec![
                Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
                Saw::Closed(CloseReason::Protocol(error)),
            ],
        };
        assert_eq!(world.take(link).all(), expected, "{asked:?}");
        assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// A connection and how it came to its end.
#[derive(Clone, Copy, Debug)]
struct Left {
    version: Version,
    /// The Session Expiry Interval in CONNECT; in 3.x Clean Session for 0.
    asked: Option<u32>,
    /// The longest that the server keeps any.
    cap: u32,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Lost,
    Silence,
    Operator,
    Disconnect(Option<u32>),
    /// It has not come to its end when the client comes back.
    TakenOver,
}

const ENDINGS: [Ending; 5] = [
    Ending::Lost,
    Ending::Silence,
    Ending::Operator,
    Ending::Disconnect(None),
    Ending::TakenOver,
];

const ENDINGS_OF_V5: [Ending; 4] = [
    Ending::Disconnect(Some(0)),
    Ending::Disconnect(Some(5)),
    Ending::Disconnect(Some(20)),
    Ending::Disconnect(Some(NEVER)),
];

impl Left {
    fn asked(self) -> u32 {
        self.asked.unwrap_or(0)
    }

    /// For how long the session is there when the connection has ended; `None` is for ever.
    fn lives(self) -> Option<Duration> {
        let wanted = match self.ending {
            Ending::Disconnect(Some(said)) if self.asked() > 0 => said,
            _ => self.asked(),
        };
        let seconds = wanted.min(self.cap);
        (seconds < NEVER).then(|| Duration::from_secs(seconds.into()))
    }

    fn assert_for_every_return(self) {
        self.assert(Duration::ZERO, false);
        if self.ending == Ending::TakenOver {
            return;
        }
        let ends = self.lives().unwrap_or(Duration::from_secs(NEVER.into()));
        for after in [ends.saturating_sub(MICRO), ends, ends + MICRO] {
            self.assert(after, false);
            self.assert(after, true);
        }
    }

    /// The client comes back. Its session is there or not, with its subscription and its queue.
    fn assert(self, after: Duration, overslept: bool) {
        let mut world = World::new(Config {
            maximum_session_expiry: self.cap,
            ..forever_config()
        });
        let publisher = world.connect(connect_as(Version::V3_1_1, "publisher"));
        self.leave(&mut world);
        if self.ending != Ending::TakenOver {
            world.send(publisher, qos1(1, "a", "kept"));
        }
        if overslept {
            world.now = world.now + after;
        } else {
            world.advance(after);
        }
        let goes_on = self.lives().is_none_or(|lives| after < lives);
        if !overslept && self.ending != Ending::TakenOver {
            assert_eq!(world.broker.gauges().sessions, 1 + usize::from(goes_on));
        }
        let (link, outcome) = world.offer(resuming(V5, "c", 600));
        let packets = outcome.packets();
        let Some(Packet::Connack(connack)) = packets.first() else {
            panic!("expected CONNACK first: {packets:?}")
        };
        let what = || format!("{self:?} {after:?} {overslept}");
        assert_eq!(connack.session_present, goes_on, "{}", what());
        let queued = goes_on && self.ending != Ending::TakenOver;
        let expected = queued.then(|| Packet::Publish(qos1(1, "a", "kept")));
        assert_eq!(packets[1..], Vec::from_iter(expected), "{}", what());
        world.send(publisher, qos1(1, "a", "live"));
        let expected = goes_on.then(|| Packet::Publish(qos1(1 + u16::from(queued), "a", "live")));
        assert_eq!(
            world.take(link).packets(),
            Vec::from_iter(expected),
            "{}",
            what()
        );
    }

    /// The client connects and subscribes, and its connection comes to its end.
    fn leave(self, world: &mut World) {
        let (link, outcome) = world.offer(self.connect());
        let [Packet::Connack(connack)] = outcome.packets()[..] else {
            panic!("CONNACK alone")
        };
        let told = self.version == V5 && self.asked() > self.cap;
        let expected = told.then_some(self.cap);
        assert_eq!(
            connack.properties.session_expiry_interval, expected,
            "{self:?}"
        );
        world.send(link, subscribe(1, "a", QoS::AtLeastOnce));
        match self.ending {
            Ending::Lost => world.cut(link),
            Ending::Silence => world.advance(15 * SECOND),
            Ending::Operator => operator_closes(world, link),
            Ending::Disconnect(said) => world.send(link, leaving(said)),
            Ending::TakenOver => {}
        }
    }

    fn connect(self) -> Connect<'static> {
        let mut connect = resuming(self.version, "c", 0);
        connect.clean_start = self.version != V5 && self.asked() == 0;
        connect.keep_alive = 10;
        connect.properties.session_expiry_interval = self.asked.filter(|_| self.version == V5);
        connect
    }
}

const LEFT: CloseReason = CloseReason::PeerDisconnected {
    reason: DisconnectReasonCode::Success,
};

fn operator_closes(world: &mut World, link: LinkId) {
    let reason = DisconnectReasonCode::AdministrativeAction;
    world.broker.disconnect(world.now, link, reason);
    world.settle();
}

fn forever() -> World {
    World::new(Config {
        maximum_session_expiry: NEVER,
        ..forever_config()
    })
}

/// Nobody is closed for being silent.
fn forever_config() -> Config {
    Config {
        maximum_keep_alive: NonZeroU16::MAX,
        idle_limit: Duration::MAX,
        ..Config::default()
    }
}

fn leaving(session_expiry_interval: Option<u32>) -> Packet<'static> {
    let properties = DisconnectProperties {
        session_expiry_interval,
        ..DisconnectProperties::default()
    };
    Packet::Disconnect(Disconnect {
        reason_code: DisconnectReasonCode::Success,
        properties,
    })
}
