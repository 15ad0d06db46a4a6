//! Time.

use mqtt_session::{CloseReason, Instant};

use super::Broker;
use crate::link::LinkState;
use crate::link_id::LinkId;
use crate::matching::SessionKey;
use crate::timer::Timer;

impl Broker {
    /// Does what is due at `now`. It may be called early, late or twice.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.hub.timers.pop_expired(now) {
            match timer {
                Timer::Authentication(link) => self.authentication_timeout(now, link),
                Timer::KeepAlive(link) => self.keep_alive_timeout(now, link),
                Timer::Stall(link) => self.stall_timeout(now, link),
                Timer::SessionExpiry(session, epoch) => {
                    if self.due_sessions.is_empty() {
                        // Behind everything else that is due: its will, above all.
                        self.hub.timers.set(Timer::SessionsDue, now);
                    }
                    self.due_sessions.push_back((session, epoch));
                }
                Timer::WillDelay(session, epoch) => {
                    if self.is_current(session, epoch) {
                        self.publish_will(now, session);
                        self.record_session(session);
                    }
                }
                Timer::QueueExpiry(session, epoch) => {
                    if self.is_current(session, epoch) {
                        self.hub.expire_queue(now, session);
                    }
                }
                Timer::RetainedExpiry => self.expire_retained(now),
                Timer::Replay(link) => {
                    if let Some(session) = self.hub.session_of(link) {
                        self.refill(now, session);
                    }
                }
                Timer::SessionsDue => self.end_due_sessions(now),
                Timer::Work => self.publish_due_wills(now, self.hub.config.slice),
            }
        }
    }

    /// [MQTT-4.1.0-2]. Many at the same moment end slice by slice, so that everybody else is served between.
    fn end_due_sessions(&mut self, now: Instant) {
        for _ in 0..self.hub.config.slice {
            let Some((session, epoch)) = self.due_sessions.pop_front() else {
                return;
            };
            if self.is_current(session, epoch) {
                self.end_session(now, session);
            }
        }
        if !self.due_sessions.is_empty() {
            let next = now + core::time::Duration::from_micros(1);
            self.hub.timers.set(Timer::SessionsDue, next);
        }
    }

    pub(super) fn is_current(&self, session: SessionKey, epoch: u32) -> bool {
        self.hub
            .sessions
            .get(session)
            .is_some_and(|session| session.epoch == epoch)
    }

    fn authentication_timeout(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        match at.state {
            LinkState::AwaitConnect | LinkState::Authenticating(_) | LinkState::AwaitAuth(_) => {
                self.end_link(now, link, CloseReason::ConnectTimeout);
            }
            // The store's time is not the client's fault.
            LinkState::AwaitStore { .. }
            | LinkState::Connected { .. }
            | LinkState::Leaving { .. }
            | LinkState::Closing => {}
        }
    }

    /// [MQTT-3.1.2-22]. A packet only notes when it came; this looks at it.
    fn keep_alive_timeout(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        match at.state {
            LinkState::Connected { .. } | LinkState::AwaitStore { .. } => {}
            LinkState::AwaitConnect
            | LinkState::Authenticating(_)
            | LinkState::AwaitAuth(_)
            | LinkState::Leaving { .. }
            | LinkState::Closing => return,
        }
        let due = at.last_packet + at.silence;
        if due > now {
            self.hub.timers.set(Timer::KeepAlive(link), due);
        } else if at.reading != crate::link::Reading::On {
            // We do not read: that the client is silent cannot be said.
            self.hub
                .timers
                .set(Timer::KeepAlive(link), now + at.silence);
        } else {
            self.end_link(now, link, CloseReason::KeepAliveTimeout);
        }
    }

    /// A client that does not take what waits for it is closed.
    fn stall_timeout(&mut self, now: Instant, link: LinkId) {
        let limit = self.hub.config.stall_limit;
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        if at.tx.is_empty() || matches!(at.state, LinkState::Closing) {
            at.stall_armed = false;
            return;
        }
        let due = at.last_progress + limit;
        if due > now {
            self.hub.timers.set(Timer::Stall(link), due);
            return;
        }
        self.end_link(now, link, CloseReason::SlowPeer);
    }
}
