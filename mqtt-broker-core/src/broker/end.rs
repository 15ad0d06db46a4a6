//! The end of links and of sessions.

use core::time::Duration;

use mqtt_codec::QoS;
use mqtt_codec::packet::Disconnect;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::{CloseReason, Instant, OutboundExchange, ProtocolError, Role};

use super::Broker;
use crate::action::Action;
use crate::durable::Held;
use crate::event::Event;
use crate::hub::Hub;
use crate::link::LinkState;
use crate::link_id::LinkId;
use crate::matching::SessionKey;
use crate::outgoing::Source;
use crate::queue::Queued;
use crate::timer::Timer;

impl Broker {
    /// DISCONNECT. Standard: MQTT 5.0 §3.14.4.
    pub(super) fn handle_disconnect(
        &mut self,
        now: Instant,
        link: LinkId,
        key: SessionKey,
        packet: &Disconnect<'_>,
    ) {
        let mark = self.hub.durable.mark();
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        let may_change_expiry = at.may_change_expiry;
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        if let Some(interval) = packet.properties.session_expiry_interval {
            if interval > 0 && !may_change_expiry {
                // Not a valid DISCONNECT: the will stays. Standard: MQTT 5.0 §3.14.2.2.2.
                return self.fail_protocol(now, link, ProtocolError::SessionExpiryRaised);
            }
            session.expiry_interval = interval.min(self.hub.config.maximum_session_expiry);
        }
        if packet.reason_code == DisconnectReasonCode::Success {
            // [MQTT-3.14.4-3]
            session.will = None;
        }
        self.record_session(key);
        let reason = CloseReason::PeerDisconnected {
            reason: packet.reason_code,
        };
        match self.hub.durable.since(mark) {
            Some(position) => {
                self.detach(now, link, key);
                if let Some(at) = self.hub.links.get_mut(link) {
                    at.state = LinkState::Leaving { reason };
                }
                self.hub.durable.hold(position, Held::Leave { link });
            }
            None => self.end_link(now, link, reason),
        }
    }

    /// Ends a link for good. Its session is detached, and ended when it does not outlive its connection.
    pub(super) fn end_link(&mut self, now: Instant, link: LinkId, reason: CloseReason) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        let reason = match at.state {
            LinkState::Closing => return,
            // Its DISCONNECT came first, whatever ends it now.
            LinkState::Leaving { reason } => reason,
            LinkState::AwaitConnect
            | LinkState::Authenticating(_)
            | LinkState::AwaitAuth(_)
            | LinkState::AwaitStore { .. }
            | LinkState::Connected { .. } => reason,
        };
        if let Some(code) = reason.disconnect_reason_code(Role::Server) {
            self.hub.send_disconnect(now, link, code);
        }
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        let client_id = at.client_id.clone();
        let session = at.session().filter(|&key| {
            self.hub
                .sessions
                .get(key)
                .is_some_and(|session| session.link == Some(link))
        });
        self.hub
            .actions
            .push_back(Action::Notify(Event::Disconnected {
                link,
                client_id,
                reason,
            }));
        if let Some(key) = session {
            self.detach(now, link, key);
        }
        self.hub.close(link, reason);
    }

    /// Takes a session off its link: the connection is over, as far as MQTT is concerned.
    fn detach(&mut self, now: Instant, link: LinkId, key: SessionKey) {
        if matches!(
            self.hub.links.get(link).map(|at| &at.state),
            Some(LinkState::Connected { .. })
        ) {
            self.hub.connected -= 1;
        }
        let epoch = self.hub.next_epoch();
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        session.link = None;
        session.epoch = epoch;
        session.disconnected_at = Some(now);
        session.flows.disconnected();
        if let Some(rare) = &mut session.rare {
            rare.unsent.clear();
        }
        session.tidy();
        let expiry = session.expiry_interval;
        let will_due_at = session.will_due_at();
        if expiry == 0 {
            return self.end_session(now, key);
        }
        match will_due_at {
            Some(at) if at > now => self.hub.timers.set(Timer::WillDelay(key, epoch), at),
            Some(_) => self.publish_will(now, key),
            None => {}
        }
        if expiry < u32::MAX {
            let at = now + Duration::from_secs(u64::from(expiry));
            self.hub.timers.set(Timer::SessionExpiry(key, epoch), at);
        }
        self.hub.watch_queue_expiry(key);
        self.hub.tidy_timers();
        self.record_session(key);
    }

    /// Ends a session: its will goes out [MQTT-3.1.2-8], its subscriptions and its queue go, and what it did not take of
    /// shared groups goes to other members.
    pub(super) fn end_session(&mut self, now: Instant, key: SessionKey) {
        self.publish_last_will(now, key);
        let Some(mut session) = self.hub.sessions.remove(key) else {
            return;
        };
        for subscription in session.subscriptions.drain(..) {
            self.subscriptions.remove(key, subscription);
        }
        if session.is_stored {
            self.hub.durable.record_end(session.client_id.clone());
        }
        let in_flight = session.flows.drain_outbound();
        let unacknowledged = in_flight
            .into_iter()
            .filter_map(|(_, exchange)| match exchange {
                OutboundExchange::AwaitPuback(queued) => Some(queued),
                // [MQTT-4.8.2-5]: half-delivered, it goes to nobody else.
                OutboundExchange::AwaitPubrec(_) | OutboundExchange::AwaitPubcomp => None,
            });
        for queued in unacknowledged.chain(session.queue.drain()) {
            self.return_to_group(now, queued);
        }
    }

    /// Gives a message of a shared group to another member.
    fn return_to_group(&mut self, now: Instant, queued: Queued) {
        let Some(filter) = &queued.group else { return };
        let Some(group) = self.subscriptions.group(filter.borrowed()) else {
            return;
        };
        if queued.message.is_expired(now) {
            return;
        }
        let (hub, message) = (&self.hub, &queued.message);
        let Some(member) = self.subscriptions.pick(group, |member| {
            hub.usable(member, message.qos(), queued.bytes())
        }) else {
            return;
        };
        let qos = Hub::effective_qos(message.qos(), member.subscription.options.maximum_qos);
        let target = super::route::target_of(&member);
        // [MQTT-3.3.1-12] [MQTT-3.3.1-13]: as the subscription of this member asks.
        let retain = message.retain() && target.retain_as_published;
        self.hub.variants.start();
        if qos == QoS::AtMostOnce {
            self.hub.deliver_at_most_once(
                now,
                member.session,
                retain,
                target.identifiers.as_ref(),
                &Source::of(message, now),
                Some(message.payload()),
            );
            return;
        }
        let queued = Queued {
            qos,
            retain,
            identifiers: target.identifiers,
            ..queued
        };
        self.hub.deliver_kept(now, member.session, queued);
    }
}
