//! The broker: inputs, commands, outputs.

mod authenticate;
mod connect;
mod connect_limits;
mod end;
mod inbound;
mod limits;
mod pending_connect;
mod persisted;
mod publish;
mod replay;
mod restore;
mod route;
mod subscribe;
mod timeout;
mod will;

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Limits, TopicNameBuf, Version};
use mqtt_session::{CloseReason, Connection, Instant, Negotiated, Role, TxBuffer};

use crate::access::Peer;
use crate::action::Action;
use crate::config::Config;
use crate::counters::{Counters, Gauges};
use crate::hub::Hub;
use crate::link::Link;
use crate::link_id::LinkId;
use crate::matching::{CacheLimits, KeyedState, SessionKey, Subscriptions};
use crate::message::Message;
use crate::retained::Retained;
use crate::session::Sessions;
use crate::timer::Timer;

pub(crate) use pending_connect::PendingConnect;

/// One shard of a broker: links, sessions, subscriptions, retained messages and timers, as one state machine.
///
/// # Contract
///
/// 1. After an input or a command, call [`poll_action`](Self::poll_action) until `None`, then read
///    [`poll_timeout`](Self::poll_timeout). Several inputs before that lose nothing.
/// 2. `now` never goes back. The broker reads no clock, socket, thread or random number: the key of its hashing and the
///    Client Identifiers that it assigns are arguments.
/// 3. The caller owns the read buffers. [`handle_bytes`](Self::handle_bytes) consumes whole packets from the front and says
///    how much; the caller keeps the rest.
/// 4. [`handle_timeout`](Self::handle_timeout) may come early, late or twice. After `handle_timeout(now)` and
///    `poll_action` until `None`, `poll_timeout` is `None` or later than `now`.
/// 5. The same inputs give the same actions.
/// 6. Every queue has a limit in [`Config`].
/// 7. After [`Action::Close`] of a link nothing follows for it. [`handle_closed`](Self::handle_closed) is answered by
///    `Close` unless it was given already, and then the link is gone.
#[derive(Debug)]
pub struct Broker {
    pub(crate) hub: Hub,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) retained: Retained<Message>,
    /// The bytes of topic and payload of all retained messages.
    retained_bytes: usize,
    /// When retained messages expire.
    retained_expiry: BTreeSet<(Instant, TopicNameBuf)>,
    /// Wills that wait for their turn.
    due_wills: VecDeque<will::DueWill>,
    /// Sessions whose time is over, with their epochs.
    due_sessions: VecDeque<(SessionKey, u32)>,
    /// How many wills were published at which moment.
    wills_at: (Instant, usize),
    next_message: u64,
    incarnation: u32,
    state: State,
}

/// Whether connections are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    ShuttingDown,
}

impl Broker {
    /// An empty broker. `key` is of the hashing that withstands floods: random for each process, fixed in tests.
    #[must_use]
    pub fn new(config: Config, key: [u8; 16], now: Instant) -> Self {
        let cache = CacheLimits {
            topics: config.match_cache_topics,
            targets: config.match_cache_targets,
        };
        Self {
            hub: Hub::new(config, Sessions::new(KeyedState::new(key))),
            subscriptions: Subscriptions::new(key, cache),
            retained: Retained::new(),
            retained_bytes: 0,
            retained_expiry: BTreeSet::new(),
            due_wills: VecDeque::new(),
            due_sessions: VecDeque::new(),
            wills_at: (now, 0),
            next_message: 1,
            incarnation: 0,
            state: State::Open,
        }
    }

    /// A network connection on which a CONNECT has arrived, which `handle_bytes` or `handle_packet` presents first.
    ///
    /// `None` when there is no number left for it, with four thousand million links: close it.
    #[must_use = "a link that is there is presented bytes, and closed at its end"]
    pub fn handle_connected(&mut self, now: Instant, peer: Peer) -> Option<LinkId> {
        let limits = Limits {
            packet_size: self.hub.config.maximum_packet_size,
        };
        let connection = Connection::new(Negotiated::new(Version::V5_0, Role::Server));
        let deadline = peer.connect_deadline;
        let link = self
            .hub
            .links
            .insert(|id| Link::new(id, peer, limits, connection, now))?;
        self.hub.timers.set(Timer::Authentication(link), deadline);
        self.hub.tidy_timers();
        if self.state == State::ShuttingDown {
            self.end_link(now, link, CloseReason::ServerShuttingDown);
        }
        Some(link)
    }

    /// `n` bytes of the link's send buffer are on their way.
    pub fn handle_written(&mut self, now: Instant, link: LinkId, n: usize) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        at.tx.advance(n, &mut self.hub.pool);
        self.hub.counters.bytes_sent += n as u64;
        if n > 0 {
            at.last_progress = now;
        }
        if at.tx.is_empty() {
            at.announced = false;
        }
        if at.flushing && at.tx.len() <= self.hub.config.send_buffer / 2 {
            at.flushing = false;
        }
        if at.wants_room && at.tx.len() <= self.hub.config.send_buffer / 2 {
            if let Some(session) = at.connected_session() {
                self.refill(now, session);
            }
        }
        self.hub.unchoke(now, link);
    }

    /// The connection is gone: the peer closed it, it broke, or the caller carried out [`Action::Close`].
    pub fn handle_closed(&mut self, now: Instant, link: LinkId) {
        self.end_link(now, link, CloseReason::ConnectionLost);
        if let Some(mut gone) = self.hub.links.remove(link) {
            gone.tx.clear(&mut self.hub.pool);
        }
    }

    /// Closes a link for a reason of the caller's.
    pub fn disconnect(&mut self, now: Instant, link: LinkId, reason: DisconnectReasonCode) {
        self.end_link(now, link, CloseReason::Disconnected { reason });
    }

    /// Closes every link, with DISCONNECT 0x8B where the version has it, and lets nobody in any more.
    pub fn shutdown(&mut self, now: Instant) {
        self.state = State::ShuttingDown;
        let links: Vec<LinkId> = self.hub.links.ids().collect();
        for link in links {
            self.end_link(now, link, CloseReason::ServerShuttingDown);
        }
        self.publish_due_wills(now, usize::MAX);
    }

    /// The next thing to do; `None` when there is nothing left.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.hub.actions.is_empty() {
            self.hub.hand_out_batch();
        }
        self.hub.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` means not before another input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.hub.timers.next()
    }

    /// What waits to be written to a link; `None` when the link is gone.
    #[must_use]
    pub fn tx(&self, link: LinkId) -> Option<&TxBuffer> {
        self.hub.links.get(link).map(|link| &link.tx)
    }

    /// The largest packet taken from clients, in bytes with its fixed header.
    #[must_use]
    pub fn maximum_packet_size(&self) -> u32 {
        self.hub.config.maximum_packet_size
    }

    /// What was counted since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.hub.counters
    }

    /// How much there is of everything now.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        Gauges {
            links: self.hub.links.len(),
            connected: self.hub.connected,
            sessions: self.hub.sessions.len(),
            subscriptions: self.subscriptions.len(),
            retained_messages: self.retained.len(),
            memory_bytes: self.memory(),
        }
    }

    /// The memory that is counted, in bytes: kept messages and wills, sessions, subscriptions, the topics of retained messages,
    /// and what waits in send buffers.
    pub(crate) fn memory(&self) -> usize {
        self.hub.kept.bytes()
            + self.hub.pool.lent()
            + self.hub.sessions.len() * SESSION_BYTES
            + self.subscriptions.bytes()
            + self.retained.bytes()
    }
}

/// What a session takes beside its queue and its subscriptions, about.
pub(crate) const SESSION_BYTES: usize = 512;
