//! Links and sessions together: what gets a message, a packet or a close to a client.

use alloc::collections::VecDeque;

use mqtt_codec::packet::{Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{ClientIdBuf, Packet, Version};
use mqtt_session::{ChunkPool, CloseReason, Instant, Tx};

use crate::action::Action;
use crate::config::Config;
use crate::counters::{Cause, Counters};
use crate::durable::Durable;
use crate::event::Event;
use crate::kept_will::KeptWill;
use crate::link::{Link, LinkState, Reading};
use crate::link_id::LinkId;
use crate::links::Links;
use crate::matching::SessionKey;
use crate::memory::MemoryGauge;
use crate::outgoing::Variants;
use crate::session::Sessions;
use crate::timer::Timer;
use crate::timers::Timers;

/// All of a broker but its subscriptions and its retained messages.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) config: Config,
    pub(crate) links: Links,
    pub(crate) sessions: Sessions,
    pub(crate) pool: ChunkPool,
    pub(crate) variants: Variants,
    pub(crate) timers: Timers<Timer>,
    pub(crate) durable: Durable,
    pub(crate) counters: Counters,
    pub(crate) actions: VecDeque<Action>,
    /// Kept messages and wills, by their bytes.
    pub(crate) kept: MemoryGauge,
    /// Links that are not read because the store is behind.
    pub(crate) waiting_for_store: VecDeque<LinkId>,
    /// How many clients are let in.
    pub(crate) connected: usize,
    next_epoch: u32,
}

impl Hub {
    pub(crate) fn new(config: Config, sessions: Sessions) -> Self {
        Self {
            links: Links::default(),
            sessions,
            pool: ChunkPool::new(POOL_BYTES),
            variants: Variants::default(),
            timers: Timers::new(),
            durable: Durable::new(config.persistence),
            counters: Counters::default(),
            actions: VecDeque::new(),
            kept: MemoryGauge::default(),
            waiting_for_store: VecDeque::new(),
            connected: 0,
            next_epoch: 0,
            config,
        }
    }

    /// A number for the timers of a session's next stretch, connected or not.
    pub(crate) fn next_epoch(&mut self) -> u32 {
        self.next_epoch = self.next_epoch.wrapping_add(1);
        self.next_epoch
    }

    /// Lets go of timers of links and sessions that are gone or went on meanwhile, when they have become many.
    pub(crate) fn tidy_timers(&mut self) {
        let Self {
            timers,
            links,
            sessions,
            ..
        } = self;
        timers.tidy(|timer| match timer {
            Timer::Authentication(link)
            | Timer::KeepAlive(link)
            | Timer::Stall(link)
            | Timer::Replay(link) => links.get(link).is_some(),
            Timer::SessionExpiry(key, epoch)
            | Timer::WillDelay(key, epoch)
            | Timer::QueueExpiry(key, epoch) => sessions
                .get(key)
                .is_some_and(|session| session.epoch == epoch),
            Timer::RetainedExpiry | Timer::SessionsDue | Timer::Work => true,
        });
    }

    pub(crate) fn session_of(&self, link: LinkId) -> Option<SessionKey> {
        self.links.get(link)?.connected_session()
    }

    /// Counts a refusal and tells of it.
    pub(crate) fn refuse(&mut self, link: LinkId, cause: Cause) {
        self.counters.count(cause);
        let client_id = self.links.get(link).and_then(|link| link.client_id.clone());
        self.actions.push_back(Action::Notify(Event::Refused {
            link: Some(link),
            client_id,
            cause,
        }));
    }

    /// The same for a client that is gone.
    pub(crate) fn refuse_will(&mut self, client_id: ClientIdBuf, cause: Cause) {
        self.counters.count(cause);
        self.actions.push_back(Action::Notify(Event::Refused {
            link: None,
            client_id: Some(client_id),
            cause,
        }));
    }

    /// Whether a link's client takes a packet of so many bytes [MQTT-3.1.2-24].
    pub(crate) fn fits(&self, link: LinkId, packet_len: usize) -> bool {
        self.links
            .get(link)
            .is_some_and(|at| at.connection.fits(packet_len))
    }

    /// Puts a packet that is not a PUBLISH into a link's send buffer, if its client takes one of that size. Only a CONNACK that
    /// refuses may be too large, since who is let in takes its CONNACK, and nothing else here is larger. That is not counted:
    /// what it tells of is.
    pub(crate) fn send(&mut self, now: Instant, link: LinkId, packet: &Packet<'_>) {
        let Some(version) = self.links.get(link).map(|at| at.version) else {
            return;
        };
        let len = packet.encoded_len(version).unwrap_or(usize::MAX);
        if !self.fits(link, len) {
            return;
        }
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        Tx {
            buffer: &mut at.tx,
            pool: &mut self.pool,
        }
        .put(version, packet);
        self.counters.packets_sent += 1;
        self.announce(now, link);
    }

    /// The same with an encoded packet, of which it is known that it [fits](Self::fits).
    pub(crate) fn send_encoded(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        Tx {
            buffer: &mut at.tx,
            pool: &mut self.pool,
        }
        .put_slice(bytes);
        self.counters.packets_sent += 1;
        self.announce(now, link);
    }

    /// Tells the caller that a link's send buffer has something in it.
    #[inline]
    pub(crate) fn announce(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        announce(at, &self.config, now, &mut self.timers, &mut self.actions);
    }

    /// Ends a link. What `tx` holds is still written. Its session goes on elsewhere: see `Broker::end_link`.
    pub(crate) fn close(&mut self, link: LinkId, reason: CloseReason) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        if matches!(at.state, LinkState::Closing) {
            return;
        }
        at.state = LinkState::Closing;
        at.reading = Reading::On;
        at.resend = None;
        self.actions.push_back(Action::Close { link, reason });
    }

    /// The DISCONNECT of 5.0 to a client that has its CONNACK [MQTT-3.14.0-1]; nothing to others.
    pub(crate) fn send_disconnect(
        &mut self,
        now: Instant,
        link: LinkId,
        reason_code: DisconnectReasonCode,
    ) {
        let Some(at) = self.links.get(link) else {
            return;
        };
        if at.version != Version::V5_0 || !matches!(at.state, LinkState::Connected { .. }) {
            return;
        }
        let packet = Packet::Disconnect(Disconnect {
            reason_code,
            properties: DisconnectProperties::default(),
        });
        self.send(now, link, &packet);
    }

    pub(crate) fn pause(&mut self, link: LinkId) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        if at.reading == Reading::On {
            at.reading = Reading::Paused;
            self.actions.push_back(Action::Pause { link });
        }
    }

    pub(crate) fn resume(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        if at.reading == Reading::Paused {
            self.read_on(now, link);
        }
    }

    /// Stops reading from a link whose send buffer is at twice its bound: PUBLISH packets are not admitted there, so these
    /// are the answers to what it sends. True when it is not read now.
    #[inline]
    pub(crate) fn choke(&mut self, link: LinkId) -> bool {
        let Some(at) = self.links.get_mut(link) else {
            return true;
        };
        if at.reading == Reading::On && at.tx.len() / 2 >= self.config.send_buffer {
            at.reading = Reading::Choked;
            self.actions.push_back(Action::Pause { link });
        }
        at.reading != Reading::On
    }

    /// Reads on from a link that has taken enough of its answers.
    pub(crate) fn unchoke(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        if at.reading == Reading::Choked && at.tx.len() <= self.config.send_buffer / 2 {
            self.read_on(now, link);
        }
    }

    fn read_on(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.links.get_mut(link) else {
            return;
        };
        at.reading = Reading::On;
        // The client was not silent: it was not listened to.
        at.last_packet = now;
        self.actions.push_back(Action::Resume { link });
    }

    /// Stops reading from a link until the store has caught up, when it is behind.
    #[inline]
    pub(crate) fn pause_for_store(&mut self, link: LinkId) {
        if self.durable.backlog() <= self.config.persist_backlog {
            return;
        }
        let goes_on = self.links.get(link).is_some_and(|at| {
            // Others are paused already, until they have an answer of their own, or are not read any more.
            matches!(at.state, LinkState::Connected { .. }) && at.reading == Reading::On
        });
        if goes_on {
            self.pause(link);
            self.waiting_for_store.push_back(link);
        }
    }

    /// The will of a session, taken out of it.
    pub(crate) fn take_will(&mut self, session: SessionKey) -> Option<KeptWill> {
        self.sessions.get_mut(session)?.will.take()
    }
}

/// Tells the caller once that `link` has something to write, and sooner when its buffer passes half of its bound.
#[inline]
pub(crate) fn announce(
    link: &mut Link,
    config: &Config,
    now: Instant,
    timers: &mut Timers<Timer>,
    actions: &mut VecDeque<Action>,
) {
    if !link.announced {
        link.announced = true;
        link.last_progress = now;
        actions.push_back(Action::Transmit { link: link.id });
        if !link.stall_armed {
            link.stall_armed = true;
            timers.set(Timer::Stall(link.id), now + config.stall_limit);
        }
    }
    if !link.flushing && link.tx.len() > config.send_buffer / 2 {
        link.flushing = true;
        actions.push_back(Action::Flush { link: link.id });
    }
}

/// How much memory for send buffers is kept for reuse.
const POOL_BYTES: usize = 4 * 1024 * 1024;
