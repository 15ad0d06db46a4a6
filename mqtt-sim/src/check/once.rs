use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::{Packet, QoS};

use super::causality::Causality;
use super::lives::Life;
use super::message_set::MessageSet;
use super::subscriptions::at;
use super::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Filter;
use crate::observation::{Context, Kept, Observation};

/// A message that was published with QoS 0 or 2 comes to a session once, by QoS 0 or 2. What was published with QoS 2 and
/// comes by QoS 1 comes once on a connection, but for repeats that say so.
///
/// It may come once more for each shared subscription of the client, and when it is retained for each SUBSCRIBE. What a
/// crash undid its publisher sends again, and what came by QoS 0 before the crash comes again then: only QoS 2 waits for
/// the store. A publisher of 3.1 sends again in a new session, too, that it is not told of.
#[derive(Debug, Default)]
pub struct Once {
    causality: Causality,
    clients: Vec<Client>,
    /// How often the broker has crashed.
    crashes: u64,
}

#[derive(Clone, Debug, Default)]
struct Client {
    life: Option<Life>,
    /// What nothing excuses.
    exact: Came,
    /// What a crash may undo behind its delivery.
    hasty: Came,
    /// What was published with QoS 2 and came by QoS 1 on this connection.
    downgraded: Came,
    /// How often it asked for each filter.
    asked: BTreeMap<Filter, usize>,
    /// Behind how many crashes the broker was that let it in last, and on the connection that it knows of.
    let_in: u64,
    connected: u64,
}

/// Messages that came, and how often they came again.
#[derive(Clone, Debug, Default)]
struct Came {
    once: MessageSet,
    again: BTreeMap<MessageNumber, usize>,
}

impl Once {
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
        coming: Coming,
    ) -> Result<(), Broken> {
        let Some(message) = context.messages.get(number) else {
            return Ok(());
        };
        let known = at(&mut self.clients, client);
        let is_elsewhere = match coming.qos {
            QoS::AtMostOnce => known.exact.once.contains(number),
            QoS::AtLeastOnce => false,
            QoS::ExactlyOnce => known.hasty.once.contains(number),
        };
        let came = match (message.qos, coming.qos) {
            (QoS::AtLeastOnce, _) | (QoS::AtMostOnce, QoS::AtLeastOnce) => return Ok(()),
            (QoS::ExactlyOnce, QoS::AtLeastOnce) => &mut known.downgraded,
            (QoS::ExactlyOnce, QoS::AtMostOnce) => &mut known.hasty,
            (QoS::AtMostOnce, QoS::AtMostOnce) if message.origin == Origin::Will => {
                &mut known.hasty
            }
            (QoS::AtMostOnce | QoS::ExactlyOnce, QoS::AtMostOnce | QoS::ExactlyOnce) => {
                &mut known.exact
            }
        };
        let is_new = came.once.insert(number) && !is_elsewhere;
        if is_new || (coming.dup && coming.qos == QoS::AtLeastOnce) {
            return Ok(());
        }
        let repeats = came.again.entry(number).or_insert(0);
        *repeats += 1;
        let repeats = *repeats;
        let published = self.causality.published(number);
        let was_sent_twice = published.is_some_and(|published| {
            let causality = &self.causality;
            causality.may_be_in_two_sessions(context, message.client, published)
        });
        if repeats <= known.more(context, message) || was_sent_twice {
            return Ok(());
        }
        let what = format!(
            "a message of client {} came to client {client} {} times",
            message.client,
            repeats + 1
        );
        let broken = Broken::new(Rule::DeliveredOnce, what);
        Err(broken
            .of_client(client)
            .of_client(message.client)
            .of_message(number))
    }
}

/// How a message came.
#[derive(Clone, Copy, Debug)]
struct Coming {
    qos: QoS,
    dup: bool,
}

impl Check for Once {
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
            dup,
            ..
        } = *observation
        {
            return self.delivered(context, client, message, Coming { qos, dup });
        } else if let Observation::Connected { client, .. } = *observation {
            let life = self.causality.life(client);
            at(&mut self.clients, client).connected(life);
        } else if let Observation::Sent {
            client: Some(client),
            packet: Packet::Connack(_),
            ..
        } = *observation
        {
            // It may arrive behind a crash, and what follows it on that connection, too.
            at(&mut self.clients, client).let_in = self.crashes;
        } else if let Observation::Subscribing { client, filter, .. } = *observation {
            let asked = &mut at(&mut self.clients, client).asked;
            *asked.entry(filter).or_insert(0) += 1;
        } else if let Observation::Restarted {
            client,
            state: Kept::Nothing,
        } = *observation
        {
            at(&mut self.clients, client).begin();
        } else if matches!(observation, Observation::Crashed) {
            self.crashes += 1;
        }
        Ok(())
    }
}

impl Came {
    fn clear(&mut self) {
        self.once.clear();
        self.again.clear();
    }
}

impl Client {
    fn connected(&mut self, life: Option<Life>) {
        if self.life != life {
            self.life = life;
            self.begin();
        }
        if core::mem::replace(&mut self.connected, self.let_in) != self.let_in {
            self.hasty.clear();
        }
        self.downgraded.clear();
    }

    fn begin(&mut self) {
        self.exact.clear();
        self.hasty.clear();
        self.downgraded.clear();
    }

    /// How often a message may come beside the first time.
    fn more(&self, context: &Context<'_>, message: &PublishedMessage) -> usize {
        let names = &context.setting.names;
        let asked = |filter: &Filter| self.asked.get(filter).copied().unwrap_or(0);
        let more_by = |filter: &Filter| match (names.is_shared(*filter), message.retain) {
            (true, _) => asked(filter).min(1),
            (false, true) => asked(filter),
            (false, false) => 0,
        };
        names.matching(message.topic).iter().map(more_by).sum()
    }
}

#[cfg(test)]
mod tests;
