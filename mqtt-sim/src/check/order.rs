use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::QoS;

use super::causality::Causality;
use super::lives::Life;
use super::message_set::MessageSet;
use super::subscriptions::at;
use super::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Topic;
use crate::observation::{Context, Kept, Observation};

/// What a client publishes on a topic with one QoS comes to a session in that order, as far as it comes by one QoS. The
/// first time counts, where something comes more than once.
///
/// Retained messages, wills and what may have come by a shared subscription have no order. What a publisher may have sent
/// again counts only for who was subscribed when it was published: for others its first sending may have come too early. Nor
/// does it count where the broker has dropped something since: that may have been the first sending.
#[derive(Debug, Default)]
pub struct Order {
    causality: Causality,
    clients: Vec<Client>,
}

#[derive(Clone, Debug, Default)]
struct Client {
    life: Option<Life>,
    /// What came, in any session.
    seen: MessageSet,
    last: BTreeMap<Stream, MessageNumber>,
}

/// What has an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stream {
    publisher: usize,
    topic: Topic,
    published: u8,
    delivered: u8,
}

impl Order {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn delivered(
        &mut self,
        context: &Context<'_>,
        client: usize,
        number: MessageNumber,
        qos: QoS,
    ) -> Result<(), Broken> {
        let Some(message) = context.messages.get(number) else {
            return Ok(());
        };
        let has_order = !message.retain
            && message.origin == Origin::Application
            && self.causality.shared_of(context, client, message) == 0;
        let known = at(&mut self.clients, client);
        if !known.seen.insert(number) || !has_order {
            return Ok(());
        }
        let stream = Stream {
            publisher: message.client,
            topic: message.topic,
            published: message.qos.bits(),
            delivered: qos.bits(),
        };
        let last = known.last.entry(stream).or_insert(number);
        if *last <= number {
            *last = number;
            return Ok(());
        }
        let last = *last;
        if self.may_come_late(context, client, number, message, qos) {
            return Ok(());
        }
        let what = format!(
            "a message of client {} came to client {client} behind a later one, number {}",
            message.client,
            last.index()
        );
        let broken = Broken::new(Rule::Order, what);
        Err(broken
            .of_client(client)
            .of_client(message.client)
            .of_message(number))
    }

    /// Whether this may be the second sending of a message whose first one the subscriber was not there for.
    fn may_come_late(
        &self,
        context: &Context<'_>,
        client: usize,
        number: MessageNumber,
        message: &PublishedMessage,
        qos: QoS,
    ) -> bool {
        let Some(published) = self.causality.published(number) else {
            return true;
        };
        let was_sent_again = self
            .causality
            .has_reconnected_since(message.client, published);
        match message.qos {
            QoS::AtMostOnce => false,
            // Only what a crash undid is taken twice, what was refused, and what comes in another session.
            QoS::ExactlyOnce => {
                let publisher = message.client;
                let causality = &self.causality;
                let may_be_taken_again = causality.has_crashed_since(published)
                    || causality.has_dropped_since(published);
                was_sent_again && may_be_taken_again
                    || causality.may_be_in_two_sessions(context, publisher, published)
            }
            QoS::AtLeastOnce => {
                let names = &context.setting.names;
                let mut subscribers = names
                    .matching(message.topic)
                    .iter()
                    .flat_map(|filter| self.causality.subscribers(*filter));
                let was_there = qos > QoS::AtMostOnce
                    && message.expiry.is_none()
                    && !self.causality.has_dropped_since(published)
                    && subscribers
                        .any(|it| it.client == client && it.covers(published, message.client));
                was_sent_again && !was_there
            }
        }
    }
}

impl Check for Order {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.causality.observe(context, observation);
        if let Observation::Delivered {
            client,
            message,
            qos,
            ..
        } = *observation
        {
            return self.delivered(context, client, message, qos);
        } else if let Observation::Connected { client, .. } = *observation {
            let life = self.causality.life(client);
            let client = at(&mut self.clients, client);
            if client.life != life {
                client.life = life;
                client.last.clear();
            }
        } else if let Observation::Restarted {
            client,
            state: Kept::Nothing,
        } = *observation
        {
            at(&mut self.clients, client).last.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
