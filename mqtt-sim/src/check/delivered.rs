mod inbox;

use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::{QoS, Version};

use super::causality::Causality;
use super::lives::Life;
use super::subscriptions::{Moment, Subscriber, at};
use super::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Filter;
use crate::observation::{Answer, Context, Observation, Quiet};
use crate::profile::Server;

use inbox::{Inbox, fits};

/// What was acknowledged is delivered to every session that was subscribed: from before the message was published until
/// it was acknowledged, and that goes on until the end. A crash excuses nothing.
///
/// Not owed is what has a lifetime, what is too large for the subscriber, what a full queue may have dropped, and what a
/// server may drop without a word to a publisher of 3.x. Of a shared group one member has to have it, when nobody came,
/// left or may have left since it was published.
#[derive(Debug, Default)]
pub struct Delivered {
    causality: Causality,
    inboxes: Vec<Inbox>,
    debts: Vec<Debt>,
    /// How many debts there may be until those that were paid are forgotten.
    enough: usize,
    scratch: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Debt {
    message: MessageNumber,
    to: Creditor,
}

#[derive(Clone, Copy, Debug)]
enum Creditor {
    Session(usize, Life),
    Group(Filter),
}

impl Delivered {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts what may wait in queues.
    fn published(&mut self, context: &Context<'_>, number: MessageNumber) {
        let Some(message) = context.messages.get(number) else {
            return;
        };
        if message.qos == QoS::AtMostOnce {
            return;
        }
        let queues =
            |it: &Subscriber| it.may_queue(message.client) && fits(context, it.client, message);
        self.collect(context, message, queues);
        for &client in &self.scratch {
            at(&mut self.inboxes, client).waits(context, number, message);
        }
    }

    fn acknowledged(&mut self, context: &Context<'_>, number: MessageNumber) {
        let Some(message) = context.messages.get(number) else {
            return;
        };
        let Some(published) = self.causality.published(number) else {
            return;
        };
        if !self.is_promised(context, message) {
            return;
        }
        let owed = |it: &Subscriber| {
            it.covers(published, message.client) && fits(context, it.client, message)
        };
        self.collect(context, message, owed);
        for &client in &self.scratch {
            let life = self.causality.life(client);
            let Some(life) = life.filter(|_| self.takes_for_new(client, message)) else {
                continue;
            };
            if !at(&mut self.inboxes, client).has(number) {
                let to = Creditor::Session(client, life);
                self.debts.push(Debt {
                    message: number,
                    to,
                });
            }
        }
        let names = &context.setting.names;
        for &filter in names.matching(message.topic) {
            if names.is_shared(filter) && self.causality.unchanged_since(published, filter) {
                let to = Creditor::Group(filter);
                self.debts.push(Debt {
                    message: number,
                    to,
                });
            }
        }
        if self.debts.len() >= self.enough.max(AT_LEAST) {
            let debts = core::mem::take(&mut self.debts);
            let is_open = |it: &Debt| !self.is_paid(it) && self.may_be_owed(it);
            self.debts = debts.into_iter().filter(is_open).collect();
            self.enough = 2 * self.debts.len();
        }
    }

    /// Whether the acknowledgement of a message says that it will be delivered.
    fn is_promised(&self, context: &Context<'_>, message: &PublishedMessage) -> bool {
        let publisher = context.setting.clients.get(message.client);
        // Another message with its Packet Identifier may have been acknowledged.
        let is_another =
            message.qos == QoS::ExactlyOnce && self.causality.is_forgetful(message.client);
        publisher.is_some_and(|it| it.server == Server::Broker)
            && message.qos > QoS::AtMostOnce
            && message.origin == Origin::Application
            && message.expiry.is_none()
            && !is_another
            && !is_dropped_in_silence(context, message)
    }

    /// Whether the queue of a client may have been full at some time. How much of a shared group waits for one member is not
    /// known.
    fn was_full(&self, context: &Context<'_>, client: usize) -> bool {
        let is_short = context.setting.broker.queue_messages < LONG_QUEUE;
        self.inboxes.get(client).is_some_and(Inbox::was_full)
            || (is_short && self.causality.has_shared(context, client))
    }

    /// Whether a client surely knows a message from those of an older session.
    fn takes_for_new(&self, client: usize, message: &PublishedMessage) -> bool {
        message.qos != QoS::ExactlyOnce || !self.causality.is_mistaken(client)
    }

    /// The clients with such a subscription of their own, each once, into `scratch`.
    fn collect(
        &mut self,
        context: &Context<'_>,
        message: &PublishedMessage,
        wanted: impl Fn(&Subscriber) -> bool,
    ) {
        let names = &context.setting.names;
        self.scratch.clear();
        for &filter in names.matching(message.topic) {
            if !names.is_shared(filter) {
                let subscribers = self.causality.subscribers(filter).iter();
                self.scratch
                    .extend(subscribers.filter(|it| wanted(it)).map(|it| it.client));
            }
        }
        self.scratch.sort_unstable();
        self.scratch.dedup();
    }

    /// The members of a shared group who owe it to a message that one of them has it.
    fn members(
        &self,
        context: &Context<'_>,
        published: Moment,
        filter: Filter,
        message: &PublishedMessage,
    ) -> Option<Vec<usize>> {
        if !self.causality.unchanged_since(published, filter) {
            return None;
        }
        let mut members = Vec::new();
        for subscriber in self.causality.subscribers(filter) {
            if !subscriber.may_be() {
                continue;
            }
            let client = subscriber.client;
            let is_sure = subscriber.is_sure()
                && self.causality.sure_life(client).is_some()
                && fits(context, client, message)
                && self.takes_for_new(client, message)
                && !self.was_full(context, client);
            if !is_sure {
                return None;
            }
            members.push(client);
        }
        (!members.is_empty()).then_some(members)
    }

    fn is_paid(&self, debt: &Debt) -> bool {
        let has_it = |client: usize| {
            let inbox = self.inboxes.get(client);
            inbox.is_some_and(|it| it.has(debt.message))
        };
        match debt.to {
            Creditor::Session(client, _) => has_it(client),
            Creditor::Group(filter) => {
                let subscribers = self.causality.subscribers(filter);
                subscribers.iter().any(|it| has_it(it.client))
            }
        }
    }

    /// Whether the session may be the same at the end, and the group too.
    fn may_be_owed(&self, debt: &Debt) -> bool {
        match debt.to {
            Creditor::Session(client, life) => self.causality.life(client) == Some(life),
            Creditor::Group(filter) => {
                let published = self.causality.published(debt.message);
                published.is_some_and(|it| self.causality.unchanged_since(it, filter))
            }
        }
    }

    /// How a debt is not paid, if it has to be.
    fn unpaid(&self, context: &Context<'_>, debt: &Debt) -> Option<Broken> {
        if self.is_paid(debt) {
            return None;
        }
        let broken =
            |what| Broken::new(Rule::AcknowledgedIsDelivered, what).of_message(debt.message);
        let publisher = |it: &PublishedMessage| format!("a message of client {}", it.client);
        let message = context.messages.get(debt.message)?;
        match debt.to {
            Creditor::Session(client, life) => {
                let is_owed = self.causality.sure_life(client) == Some(life)
                    && !self.was_full(context, client);
                is_owed.then(|| {
                    let what = format!(
                        "{} was acknowledged and did not come to client {client}",
                        publisher(message)
                    );
                    broken(what).of_client(client).of_client(message.client)
                })
            }
            Creditor::Group(filter) => {
                let published = self.causality.published(debt.message)?;
                let members = self.members(context, published, filter, message)?;
                let what = format!(
                    "{} was acknowledged and came to nobody of a shared group",
                    publisher(message)
                );
                let members = members.into_iter().chain([message.client]);
                Some(members.fold(broken(what), Broken::of_client))
            }
        }
    }
}

impl Check for Delivered {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.causality.observe(context, observation);
        if let Observation::Published { message, .. } = *observation {
            self.published(context, message);
        } else if let Observation::Delivered {
            client, message, ..
        } = *observation
        {
            at(&mut self.inboxes, client).gets(context, message);
        } else if let Observation::Acknowledged {
            message,
            answer: Answer::Taken,
            ..
        } = *observation
        {
            self.acknowledged(context, message);
        } else if let Observation::Connected {
            client,
            session_present: false,
            ..
        } = *observation
        {
            at(&mut self.inboxes, client).begin();
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, _quiet: &Quiet<'_>) -> Result<(), Broken> {
        let debts = core::mem::take(&mut self.debts);
        let broken = debts.iter().find_map(|debt| self.unpaid(context, debt));
        broken.map_or(Ok(()), Err)
    }
}

/// A server cannot tell a publisher of 3.x that it did not take a message [v3.1.1 MQTT-3.3.5-2].
fn is_dropped_in_silence(context: &Context<'_>, message: &PublishedMessage) -> bool {
    let broker = &context.setting.broker;
    let profile = context.setting.clients.get(message.client);
    let is_v5 = profile.is_some_and(|it| it.version == Version::V5_0);
    let topics = context.setting.names.topics().size_hint().0;
    let may_be_full = message.retain && broker.retained_messages < topics;
    !is_v5 && (may_be_full || broker.memory_bytes < usize::MAX)
}

/// A queue of so many messages never becomes full by a shared group.
const LONG_QUEUE: usize = 1_000;

/// As many debts are no burden.
const AT_LEAST: usize = 4_096;

#[cfg(test)]
mod tests;
