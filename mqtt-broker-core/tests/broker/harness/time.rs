//! Deadlines, to the microsecond.

use std::time::Duration;

use mqtt_broker_core::LinkId;
use mqtt_codec::Packet;
use mqtt_session::Instant;

use super::World;

pub const MICRO: Duration = Duration::from_micros(1);
pub const SECOND: Duration = Duration::from_secs(1);

impl World {
    /// Time passes, but for the last microsecond of `span`. Its end is what the broker waits for then.
    pub fn advance_until_just_before(&mut self, span: Duration) {
        self.advance(span - MICRO);
        // Early, and twice.
        self.time_out();
        self.time_out();
        assert_eq!(
            self.broker.poll_timeout(),
            Some(self.now + MICRO),
            "the deadline is announced"
        );
    }

    /// Time passes, and nobody calls `handle_timeout` before `span` is over.
    pub fn oversleep(&mut self, span: Duration) {
        self.now = self.now + span;
        self.time_out();
    }

    /// `handle_timeout`, whether something is due or not.
    pub fn time_out(&mut self) {
        self.broker.handle_timeout(self.now);
        self.settle();
        let next = self.broker.poll_timeout();
        assert!(
            next.is_none_or(|next| next > self.now),
            "the next deadline is later than now"
        );
    }

    /// The PUBLISHes that a link gets while time passes, each with how long after `start` it came. Other packets are left
    /// out; a close fails the test.
    pub fn watch(&mut self, link: LinkId, start: Instant, span: Duration) -> Vec<Came> {
        let end = self.now + span;
        let mut came = self.came(link, start);
        while let Some(at) = self.broker.poll_timeout().filter(|at| *at <= end) {
            self.advance(at.saturating_duration_since(self.now));
            came.extend(self.came(link, start));
        }
        self.now = end;
        came
    }

    /// The PUBLISHes that a link has got by now.
    pub fn came(&mut self, link: LinkId, start: Instant) -> Vec<Came> {
        let at = self.now.saturating_duration_since(start);
        let outcome = self.take(link);
        let came = |packet: &Packet<'_>| match packet {
            Packet::Publish(publish) => Some(Came {
                at,
                payload: String::from_utf8(publish.payload.to_vec()).unwrap(),
                expiry: publish.properties.message_expiry_interval,
            }),
            _ => None,
        };
        outcome.packets().iter().filter_map(came).collect()
    }
}

/// A PUBLISH that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    pub at: Duration,
    pub payload: String,
    /// Its Message Expiry Interval.
    pub expiry: Option<u32>,
}
