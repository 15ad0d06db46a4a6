use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::{PacketId, Version};
use mqtt_session::Instant;

use crate::messages::MessageNumber;
use crate::names::{Filter, Topic};
use crate::observation::ConnectionNumber;

/// What a broker knows at a moment. Clients are named by their numbers.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Connected or not.
    pub sessions: BTreeMap<usize, Session>,
    /// Of all sessions.
    pub subscriptions: BTreeMap<(Filter, usize), SubscriptionOptions>,
    /// The Packet Identifiers of QoS 2 messages from clients that wait for PUBREL.
    pub unreleased: BTreeSet<(usize, PacketId)>,
    /// The retained messages.
    pub retained: BTreeMap<Topic, Retained>,
}

/// The values of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Of the connection that came last.
    pub version: Version,
    /// The Session Expiry Interval in seconds that is in force; `u32::MAX` means never.
    pub expiry: u32,
    /// Whether it is, or was once, one that outlives its connection.
    pub kept: Keeping,
    /// Whether it is on a connection.
    pub place: Place,
    /// What is published when its connection is lost.
    pub will: Option<Will>,
}

/// Whether a session survives the end of the broker's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It is in the store.
    Stored,
    /// It is not, and its will neither.
    Unstored,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a connection.
    On(ConnectionNumber),
    /// On none.
    Off {
        /// When its last one ended, on the broker's clock.
        since: Instant,
        /// Rises from one such end to the next: what is due at one moment goes in this order.
        order: u64,
    },
}

/// A will that was not published yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Will {
    /// Which message.
    pub message: MessageNumber,
    /// Where.
    pub topic: Topic,
    /// Whether it is retained.
    pub retain: bool,
    /// The Will Delay Interval in seconds.
    pub delay: u32,
    /// The Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
}

/// A retained message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Which.
    pub message: MessageNumber,
    /// When it vanishes, on the broker's clock.
    pub expires_at: Option<Instant>,
}

/// One change of a state.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Session(usize, Session),
    SessionEnded(usize),
    Subscribed(usize, Filter, SubscriptionOptions),
    Unsubscribed(usize, Filter),
    Unreleased(usize, PacketId),
    Released(usize, PacketId),
    Retained(Topic, Retained),
    RetainedCleared(Topic),
}

impl State {
    /// Who is subscribed to a filter, and how.
    pub fn subscribers(
        &self,
        filter: Filter,
    ) -> impl Iterator<Item = (usize, SubscriptionOptions)> + '_ {
        self.subscriptions
            .range((filter, 0)..=(filter, usize::MAX))
            .map(|(&(_, client), &options)| (client, options))
    }

    /// What a client is subscribed to.
    pub fn subscriptions_of(
        &self,
        client: usize,
    ) -> impl Iterator<Item = (Filter, SubscriptionOptions)> + '_ {
        self.subscriptions
            .iter()
            .filter(move |((_, whose), _)| *whose == client)
            .map(|(&(filter, _), &options)| (filter, options))
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match *change {
            Change::Session(client, session) => _ = self.sessions.insert(client, session),
            Change::SessionEnded(client) => {
                self.sessions.remove(&client);
                self.subscriptions.retain(|(_, whose), _| *whose != client);
                self.unreleased.retain(|(whose, _)| *whose != client);
            }
            Change::Subscribed(client, filter, options) => {
                self.subscriptions.insert((filter, client), options);
            }
            Change::Unsubscribed(client, filter) => {
                self.subscriptions.remove(&(filter, client));
            }
            Change::Unreleased(client, packet_id) => {
                self.unreleased.insert((client, packet_id));
            }
            Change::Released(client, packet_id) => {
                self.unreleased.remove(&(client, packet_id));
            }
            Change::Retained(topic, retained) => _ = self.retained.insert(topic, retained),
            Change::RetainedCleared(topic) => _ = self.retained.remove(&topic),
        }
    }

    /// Whose sessions do not survive the end of the process.
    pub(super) fn unstored(&self) -> impl Iterator<Item = usize> + '_ {
        self.sessions
            .iter()
            .filter(|(_, session)| session.kept == Keeping::Unstored)
            .map(|(&client, _)| client)
    }
}

impl Session {
    /// Whether it is without a connection and its time has run out [MQTT-3.1.2-23].
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.ends_at().is_some_and(|at| at <= now)
    }

    /// When its time runs out.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        match self.place {
            Place::Off { since, .. } if self.expiry < u32::MAX => {
                Some(since + seconds(self.expiry))
            }
            Place::Off { .. } | Place::On(_) => None,
        }
    }

    /// When its will is published: after its delay, or when the session ends before that. Standard: MQTT 5.0 §3.1.3.2.2.
    pub(super) fn will_due_at(&self) -> Option<Instant> {
        match (self.will, self.place) {
            (Some(will), Place::Off { since, .. }) => {
                Some(since + seconds(will.delay.min(self.expiry)))
            }
            (Some(_), Place::On(_)) | (None, _) => None,
        }
    }

    /// The order among those that are due at the same moment.
    pub(super) fn order(&self) -> u64 {
        match self.place {
            Place::Off { order, .. } => order,
            Place::On(_) => 0,
        }
    }
}

pub(super) fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}
