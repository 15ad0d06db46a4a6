//! A client: an application of our own around a `ClientSession`.

mod connect;
mod publish;
mod subscriptions;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::QoS;
use mqtt_codec::property::PayloadFormat;
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_session::client::{Action, Event as SessionEvent};
use mqtt_session::{ClientSession, CloseReason, Delivered, Instant, PublishToken};

use crate::check::{Broken, Rule};
use crate::events::Event;
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Topic;
use crate::network::{Arrived, Direction, End};
use crate::observation::{ConnectionNumber, Kept, Observation};
use crate::profile::{Profile, Server};
use crate::random::Random;
use crate::sabotage::Sabotage;
use crate::stage::Stage;
use subscriptions::Subscriptions;

/// A client's program, one after the other, with what it stores.
#[derive(Debug)]
pub(crate) struct Client {
    number: usize,
    profile: Profile,
    session: ClientSession,
    link: Link,
    /// What arrived and is no whole packet yet.
    unread: Vec<u8>,
    subscriptions: Subscriptions,
    /// The messages without outcome. What removes a retained message has no number.
    waiting: BTreeMap<PublishToken, Option<MessageNumber>>,
    /// When the next `ClientTimer` comes.
    timer: Option<Instant>,
    /// It does not connect before.
    away_until: Instant,
    begun: Begun,
    purpose: Purpose,
    random: Random,
}

/// Whether a client takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Yes,
    No,
}

/// The client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// There is none. Whether a `Connect` will come.
    Away(Waiting),
    /// CONNACK has not come.
    Connecting(ConnectionNumber),
    /// CONNACK has come.
    Online(ConnectionNumber),
}

/// Whether an event is known that makes a client connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// Yes.
    ForConnect,
    /// No.
    ForNothing,
}

/// What the client connects for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To work.
    Work,
    /// Its program knows nothing: it ends the session that there may be, and begins another one.
    BeginAnew,
    /// It ends its session and does not come back.
    End,
    /// It has ended its session.
    Ended,
}

impl Client {
    /// Its connection, when it has one.
    pub(crate) const fn connection(&self) -> Option<ConnectionNumber> {
        match self.link {
            Link::Away(_) => None,
            Link::Connecting(connection) | Link::Online(connection) => Some(connection),
        }
    }

    /// Bytes arrive, or the end.
    pub(crate) fn handle_arrival(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if self.connection() != Some(connection) {
            return;
        }
        let at = (connection, Direction::Down);
        match stage
            .network
            .arrive(stage.now, &mut stage.events, at, &mut self.unread)
        {
            Arrived::Nothing => {}
            Arrived::Bytes => {
                let used = self.session.handle_bytes(stage.now, &self.unread);
                self.unread.drain(..used);
                self.settle(stage);
            }
            Arrived::End => self.handle_lost(stage, connection),
        }
    }

    /// The connection is gone.
    pub(crate) fn handle_lost(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if self.connection() == Some(connection) {
            self.session.handle_closed(stage.now);
            self.settle(stage);
        }
    }

    /// There is room on the connection again.
    pub(crate) fn handle_room(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if self.connection() == Some(connection) && !self.session.tx().is_empty() {
            self.settle(stage);
        }
    }

    pub(crate) fn handle_timeout(&mut self, stage: &mut Stage) {
        // Another event comes for a later one.
        if self.timer.is_none_or(|at| at > stage.now) {
            return;
        }
        self.timer = None;
        if self
            .session
            .poll_timeout()
            .is_some_and(|at| at <= stage.now)
        {
            self.session.handle_timeout(stage.now);
        }
        self.settle(stage);
    }

    /// Ends the client's program and starts it anew.
    pub(crate) fn restart(&mut self, stage: &mut Stage, kept: Kept, away: Duration) {
        if self.purpose != Purpose::Work {
            return;
        }
        self.away_until = stage.now + away;
        if let Some(connection) = self.connection() {
            self.handle_lost(stage, connection);
        }
        if kept == Kept::Nothing {
            self.purpose = Purpose::BeginAnew;
        }
        self.rebuild(None);
        let client = self.number;
        stage.observe(&Observation::Restarted {
            client,
            state: kept,
        });
    }

    /// Does what the session asks for.
    fn settle(&mut self, stage: &mut Stage) {
        loop {
            while let Some(action) = self.session.poll_action() {
                match action {
                    Action::Transmit => {}
                    Action::Deliver(delivered) => self.deliver(stage, &delivered),
                    Action::Notify(event) => self.notify(stage, event),
                    Action::Close(reason) => self.close(stage, reason),
                }
            }
            if !self.transmit(stage) {
                break;
            }
        }
        self.set_timer(stage);
    }

    /// Sends what there is room for. False when nothing was sent.
    fn transmit(&mut self, stage: &mut Stage) -> bool {
        let Some(connection) = self.connection() else {
            return false;
        };
        let at = (connection, Direction::Up);
        let mut sent = 0;
        for segment in self.session.tx().segments() {
            let n = stage
                .network
                .write(stage.now, &mut stage.events, at, segment);
            sent += n;
            if n < segment.len() {
                break;
            }
        }
        self.session.handle_written(stage.now, sent);
        sent > 0
    }

    fn set_timer(&mut self, stage: &mut Stage) {
        let Some(at) = self.session.poll_timeout() else {
            return;
        };
        if self.timer.is_none_or(|timer| at < timer) {
            self.timer = Some(at);
            stage.events.add(at, Event::ClientTimer(self.number));
        }
    }

    fn deliver(&mut self, stage: &mut Stage, delivered: &Delivered) {
        let message = &delivered.message;
        // What hostile clients publish has no number.
        let Some(number) = MessageNumber::of(&message.payload) else {
            return;
        };
        let client = self.number;
        if let Err(broken) = self.is_as_published(stage, number, delivered) {
            stage.break_rule(broken.of_client(client).of_message(number));
        }
        let times = match (stage.sabotage, message.qos) {
            (Some(Sabotage::RepeatDelivery), _) => 2,
            (Some(Sabotage::LoseDelivery), QoS::AtMostOnce) => 0,
            _ => 1,
        };
        for _ in 0..times {
            stage.observe(&Observation::Delivered {
                client,
                message: number,
                qos: message.qos,
                dup: delivered.dup,
                retain: message.retain,
            });
        }
    }

    /// The message is what was published.
    fn is_as_published(
        &self,
        stage: &Stage,
        number: MessageNumber,
        delivered: &Delivered,
    ) -> Result<(), Broken> {
        let message = &delivered.message;
        let published = stage.messages.get(number);
        let is_same = published.is_some_and(|published| {
            stage.setting.names.topic(published.topic) == Some(&message.topic)
                && message.payload == number.payload(published.bytes)
                && message.qos <= published.qos
                && self.is_identified(stage, published.topic, delivered)
                && message.properties.payload_format_indicator
                    == self.format(stage, number, published)
        });
        if is_same {
            return Ok(());
        }
        let what = alloc::format!("message {} is not what was published", number.index());
        Err(Broken::new(Rule::Unchanged, what))
    }

    /// The Payload Format Indicator with which a message has to come.
    fn format(
        &self,
        stage: &Stage,
        number: MessageNumber,
        published: &PublishedMessage,
    ) -> Option<PayloadFormat> {
        let publisher = stage.setting.clients.get(published.client)?;
        let keeps_it = self.profile.version.has_properties()
            && publisher.version.has_properties()
            && published.origin == Origin::Application;
        number.format().filter(|_| keeps_it)
    }

    /// It has the identifiers of subscriptions that match. Each subscription of a client of 5.0 at the broker has one.
    fn is_identified(&self, stage: &Stage, topic: Topic, delivered: &Delivered) -> bool {
        let identifiers = &delivered.subscription_identifiers;
        let has_some = self.profile.version.has_properties() && self.server() == Server::Broker;
        let matching = stage.setting.names.matching(topic);
        let matches = |it| {
            matching
                .iter()
                .any(|filter| subscriptions::identifier(*filter) == Some(it))
        };
        identifiers.is_empty() != has_some && identifiers.iter().all(|it| matches(*it))
    }

    fn notify(&mut self, stage: &mut Stage, event: SessionEvent) {
        let client = self.number;
        match event {
            SessionEvent::Connected(connected) => self.connected(stage, connected.session_present),
            SessionEvent::Published(outcome) => self.published(stage, &outcome),
            SessionEvent::Subscribed {
                token,
                reason_codes,
                ..
            } => {
                let granted = reason_codes.first().and_then(granted);
                self.subscriptions.subscribed(stage, client, token, granted);
            }
            SessionEvent::Unsubscribed { token, .. } => {
                self.subscriptions.unsubscribed(stage, client, token);
            }
            SessionEvent::Unanswered { token } => self.subscriptions.unanswered(token),
            SessionEvent::Refused(_)
            | SessionEvent::Authenticate { .. }
            | SessionEvent::Reauthenticated { .. }
            | SessionEvent::Disconnected(_) => {}
        }
    }

    /// Lets go of the connection. Another one follows.
    fn close(&mut self, stage: &mut Stage, reason: CloseReason) {
        let client = self.number;
        stage.observe(&Observation::Closed { client, reason });
        let Some(connection) = self.connection() else {
            return;
        };
        self.link = Link::Away(Waiting::ForNothing);
        self.unread.clear();
        let tx: Vec<u8> = self.session.tx().segments().flatten().copied().collect();
        self.session.handle_written(stage.now, tx.len());
        let at = (connection, Direction::Up);
        stage.network.finish(stage.now, &mut stage.events, at, &tx);
        stage
            .network
            .release(stage.now, &mut stage.events, connection, End::Client);
        self.come_back(stage);
    }
}

/// The QoS that was granted; `None` for a refusal.
fn granted(code: &SubscribeReasonCode) -> Option<QoS> {
    let granted = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    granted
        .into_iter()
        .find(|qos| SubscribeReasonCode::granted(*qos) == *code)
}
