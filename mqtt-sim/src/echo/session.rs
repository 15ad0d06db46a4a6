use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{QoS, TopicFilterBuf};
use mqtt_session::{Instant, Message, SessionState};

use crate::observation::ConnectionNumber;

/// What the echo server knows of a client, from one connection to the next.
#[derive(Debug)]
pub(super) struct EchoSession {
    pub(super) presence: Presence,
    /// The Session Expiry Interval in seconds.
    pub(super) expiry: u32,
    subscriptions: BTreeMap<TopicFilterBuf, SubscriptionOptions>,
    /// What goes back to the client, in its order.
    waiting: VecDeque<Waiting>,
}

/// Where a client is.
#[derive(Debug)]
pub(super) enum Presence {
    /// It is connected: the state is with the connection.
    Connected(ConnectionNumber),
    /// It is not.
    Away {
        state: Box<SessionState>,
        /// When the session ends.
        until: Instant,
    },
}

/// A message that is to go back.
#[derive(Debug)]
struct Waiting {
    message: Message,
    since: Instant,
}

impl EchoSession {
    /// One that begins on this connection.
    pub(super) fn new(connection: ConnectionNumber) -> Self {
        Self {
            presence: Presence::Connected(connection),
            expiry: 0,
            subscriptions: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn subscribe(
        &mut self,
        filter: TopicFilterBuf,
        options: SubscriptionOptions,
    ) -> SubscribeReasonCode {
        self.subscriptions.insert(filter, options);
        match options.maximum_qos {
            QoS::AtMostOnce => SubscribeReasonCode::Success,
            QoS::AtLeastOnce => SubscribeReasonCode::GrantedQoS1,
            QoS::ExactlyOnce => SubscribeReasonCode::GrantedQoS2,
        }
    }

    pub(super) fn unsubscribe(&mut self, filter: &TopicFilterBuf) -> UnsubscribeReasonCode {
        match self.subscriptions.remove(filter) {
            Some(_) => UnsubscribeReasonCode::Success,
            None => UnsubscribeReasonCode::NoSubscriptionExisted,
        }
    }

    /// The client has published a message: it is to go back, if the client is subscribed to it. The newest is dropped where
    /// `bound` messages wait already, as by the broker.
    pub(super) fn echo(&mut self, now: Instant, message: Message, bound: usize) {
        let matching = self.subscriptions.iter().filter(|(filter, options)| {
            // [MQTT-3.8.3-3]: who publishes and who is subscribed are the same here.
            !options.no_local && filter.borrowed().matches(message.topic.borrowed())
        });
        let Some(granted) = matching.map(|(_, options)| options.maximum_qos).max() else {
            return;
        };
        if self.waiting.len() < bound {
            self.waiting.push_back(Waiting {
                message: Message {
                    qos: message.qos.min(granted),
                    retain: false,
                    ..message
                },
                since: now,
            });
        }
    }

    /// The message that goes back next, with what is left of its lifetime. Those whose lifetime is over are dropped.
    pub(super) fn next(&mut self, now: Instant) -> Option<Message> {
        loop {
            let Waiting { message, since } = self.waiting.front()?;
            let lifetime = message.properties.message_expiry_interval;
            // [MQTT-3.3.2-6]
            let left = lifetime.map(|seconds| seconds.checked_sub(whole_seconds(now - *since)));
            match left {
                None => return Some(message.clone()),
                Some(Some(left)) if left > 0 => {
                    let mut message = message.clone();
                    message.properties.message_expiry_interval = Some(left);
                    return Some(message);
                }
                Some(_) => self.sent(),
            }
        }
    }

    /// The message that goes back next is on its way.
    pub(super) fn sent(&mut self) {
        self.waiting.pop_front();
    }

    /// The connection has ended. Messages of QoS 0 do not wait for the next.
    pub(super) fn leave(&mut self, now: Instant, state: SessionState) {
        self.waiting
            .retain(|waiting| waiting.message.qos != QoS::AtMostOnce);
        self.presence = Presence::Away {
            state: Box::new(state),
            until: now + Duration::from_secs(self.expiry.into()),
        };
    }

    /// Whether it has not ended.
    pub(super) fn is_alive(&self, now: Instant) -> bool {
        match self.presence {
            Presence::Connected(_) => true,
            Presence::Away { until, .. } => now < until,
        }
    }

    /// How many messages are to go back.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use mqtt_codec::TopicNameBuf;

    use super::*;

    const BOUND: usize = 3;

    #[test]
    fn a_message_goes_back_with_the_lower_qos_and_never_retained() {
        let granted = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
        for maximum_qos in granted {
            let mut session = subscribed(options(maximum_qos));
            for qos in granted {
                let published = Message {
                    retain: true,
                    ..message("echo/1", qos)
                };
                session.echo(at(0), published, BOUND);
                let expected = message("echo/1", qos.min(maximum_qos));
                assert_eq!(session.next(at(0)), Some(expected));
                session.sent();
            }
        }
    }

    #[test]
    fn what_nobody_is_subscribed_to_does_not_go_back() {
        let mut session = subscribed(SubscriptionOptions {
            no_local: true,
            ..options(QoS::AtLeastOnce)
        });
        session.echo(at(0), message("echo/1", QoS::AtLeastOnce), BOUND);
        session.subscribe(filter(), options(QoS::AtLeastOnce));
        session.echo(at(0), message("echo/2", QoS::AtLeastOnce), BOUND);
        assert_eq!(
            session.unsubscribe(&filter()),
            UnsubscribeReasonCode::Success
        );
        assert_eq!(
            session.unsubscribe(&filter()),
            UnsubscribeReasonCode::NoSubscriptionExisted
        );
        session.echo(at(0), message("echo/1", QoS::AtLeastOnce), BOUND);
        assert_eq!(session.next(at(0)), None);
    }

    #[test]
    fn what_waits_keeps_its_order_and_its_bound() {
        let mut session = subscribed(options(QoS::AtLeastOnce));
        for payload in ["a", "b", "c", "d"] {
            let published = Message {
                payload: payload.into(),
                ..message("echo/1", QoS::AtLeastOnce)
            };
            session.echo(at(0), published, BOUND);
        }
        let mut went = Vec::new();
        while let Some(message) = session.next(at(0)) {
            went.push(message.payload);
            session.sent();
        }
        assert_eq!(went, ["a", "b", "c"]);
    }

    #[test]
    fn only_acknowledged_messages_wait_for_the_next_connection() {
        let mut session = subscribed(options(QoS::ExactlyOnce));
        for qos in [QoS::AtMostOnce, QoS::ExactlyOnce] {
            session.echo(at(0), message("echo/1", qos), BOUND);
        }
        session.expiry = 10;
        session.leave(at(5), SessionState::new());
        assert_eq!(session.waiting(), 1);
        assert_eq!(
            session.next(at(6)),
            Some(message("echo/1", QoS::ExactlyOnce))
        );
        assert_eq!(
            [at(14), at(15)].map(|now| session.is_alive(now)),
            [true, false]
        );
    }

    #[test]
    fn a_message_takes_along_what_is_left_of_its_lifetime() {
        let mut session = subscribed(options(QoS::AtLeastOnce));
        let mut published = message("echo/1", QoS::AtLeastOnce);
        published.properties.message_expiry_interval = Some(3);
        session.echo(at(1), published.clone(), BOUND);
        published.properties.message_expiry_interval = Some(1);
        assert_eq!(session.next(at(3)), Some(published));
        assert_eq!(session.next(at(4)), None);
        assert_eq!(session.waiting(), 0);
    }

    fn subscribed(options: SubscriptionOptions) -> EchoSession {
        let mut session = EchoSession::new(ConnectionNumber(1));
        session.subscribe(filter(), options);
        session
    }

    fn options(maximum_qos: QoS) -> SubscriptionOptions {
        SubscriptionOptions {
            maximum_qos,
            ..SubscriptionOptions::default()
        }
    }

    fn filter() -> TopicFilterBuf {
        TopicFilterBuf::new("echo/1").unwrap()
    }

    fn message(topic: &str, qos: QoS) -> Message {
        Message {
            qos,
            ..Message::new(TopicNameBuf::new(topic).unwrap(), "payload")
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }
}
