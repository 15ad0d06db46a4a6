mod routes;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mqtt_codec::packet::{Publish, RetainHandling, SubscriptionOptions};
use mqtt_codec::{Packet, QoS};

use crate::check::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::model::{Effect, Model, is_of_broker};
use crate::names::Filter;
use crate::observation::{Context, Observation, Quiet};

use routes::{Allowed, Routes, To};

/// [`Rule::Subscribed`]: what is sent to a client was routed to it, at most at the QoS that was granted, and with the
/// RETAIN flag that its subscription asks for.
///
/// To whom a message was routed is never taken back: it may be delivered before a crash takes its publication back, and
/// what is queued is delivered behind an UNSUBSCRIBE.
#[derive(Debug, Default)]
pub struct Subscribed {
    model: Model,
    /// How many observations there were.
    step: u64,
    routes: Routes,
    /// Who is or was in a shared group.
    members: BTreeMap<(Filter, usize), Member>,
    /// Who asked for retained messages.
    replays: BTreeMap<(Filter, usize), Replay>,
    /// When messages that were retained were replaced.
    unretained: BTreeMap<MessageNumber, u64>,
    /// Wills that were sent before the end of the connection was seen that is their cause.
    early: Vec<(usize, MessageNumber, Got)>,
}

/// The most that a member of a shared group was granted.
#[derive(Clone, Copy, Debug)]
struct Member {
    allowed: Allowed,
    /// When it left, if it did.
    left: Option<u64>,
}

/// Since when a client asks for retained messages, and at which QoS.
#[derive(Clone, Copy, Debug)]
struct Replay {
    since: u64,
    qos: QoS,
}

/// What a client was sent of a message.
#[derive(Clone, Copy, Debug)]
struct Got {
    qos: QoS,
    retain: bool,
}

impl Subscribed {
    /// Nobody is subscribed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take_note(&mut self, context: &Context<'_>) {
        let Self {
            model,
            members,
            replays,
            unretained,
            step,
            ..
        } = self;
        let names = &context.setting.names;
        for &effect in model.effects() {
            match effect {
                Effect::Subscribed {
                    client,
                    filter,
                    options,
                    ..
                } if names.is_shared(filter) => {
                    let member = members.entry((filter, client));
                    let allowed = Allowed::by(options);
                    let member = member.or_insert(Member {
                        allowed,
                        left: None,
                    });
                    member.left = None;
                    member.allowed = member.allowed.or(allowed);
                }
                Effect::Subscribed {
                    client,
                    filter,
                    options,
                    before,
                } if asks_for_retained(options, before) => {
                    let replay = replays.entry((filter, client)).or_insert(Replay {
                        since: *step,
                        qos: options.maximum_qos,
                    });
                    replay.qos = replay.qos.max(options.maximum_qos);
                }
                Effect::Unsubscribed { client, filter } => {
                    if let Some(member) = members.get_mut(&(filter, client)) {
                        member.left = Some(*step);
                    }
                }
                Effect::Retained { message } => _ = unretained.remove(&message),
                Effect::Unretained { message } => _ = unretained.insert(message, *step),
                Effect::Subscribed { .. }
                | Effect::WillPublished { .. }
                | Effect::WillDropped { .. }
                | Effect::SessionStarted { .. }
                | Effect::SessionEnded { .. } => {}
            }
        }
        for at in 0..self.model.effects().len() {
            if let Some(&Effect::WillPublished { message, .. }) = self.model.effects().get(at) {
                self.route(context, message);
            }
        }
    }

    /// Notes who is subscribed to a message's topic now.
    fn route(&mut self, context: &Context<'_>, number: MessageNumber) {
        let Some(message) = context.messages.get(number) else {
            return;
        };
        let names = &context.setting.names;
        self.routes.take(number, self.step);
        for &filter in names.matching(message.topic) {
            let mut subscribers = self.model.state().subscribers(filter);
            if names.is_shared(filter) {
                if let Some((_, options)) = subscribers.next() {
                    let to = To::Group(filter);
                    self.routes.add(number, to, Allowed::by(options));
                }
                continue;
            }
            for (client, options) in subscribers {
                // [MQTT-3.8.3-3]
                if !(options.no_local && client == message.client) {
                    self.routes
                        .add(number, To::Client(client), Allowed::by(options));
                }
            }
        }
    }

    fn sent(
        &mut self,
        context: &Context<'_>,
        client: usize,
        publish: &Publish<'_>,
    ) -> Result<(), Broken> {
        let Some(number) = MessageNumber::of(publish.payload) else {
            return Ok(());
        };
        let Some(message) = context.messages.get(number) else {
            return Ok(());
        };
        let copy = Got {
            qos: publish.delivery.qos(),
            retain: publish.retain,
        };
        let is_early = self.routes.taken_at(number).is_none() && message.origin == Origin::Will;
        if is_early {
            self.early.push((client, number, copy));
            return Ok(());
        }
        self.judge(context, client, number, copy)
    }

    fn judge(
        &mut self,
        context: &Context<'_>,
        client: usize,
        number: MessageNumber,
        copy: Got,
    ) -> Result<(), Broken> {
        let Some(message) = context.messages.get(number) else {
            return Ok(());
        };
        let broken = |what: String| {
            Broken::new(Rule::Subscribed, what)
                .of_client(client)
                .of_message(number)
        };
        let route = self.route_to(client, number);
        let live = route.filter(|it| !copy.retain || (message.retain && it.retain_as_published));
        let asked = self.replay_to(context, client, message, number);
        let asked = asked.filter(|_| copy.retain);
        let Some(granted) = live.map(|live| live.qos).max(asked) else {
            let why = match route {
                Some(_) => "with RETAIN, which it did not ask for",
                None => "which was not routed to it",
            };
            let number = number.index();
            return Err(broken(format!(
                "client {client} got message {number}, {why}"
            )));
        };
        if live.is_none_or(|live| live.qos < granted) {
            // It may be sent again when it is not the retained one any more.
            let allowed = Allowed {
                qos: granted,
                retain_as_published: true,
            };
            self.routes.add(number, To::Client(client), allowed);
        }
        let highest = granted.min(message.qos);
        if copy.qos > highest {
            return Err(broken(format!(
                "client {client} got message {} at {:?}, above {highest:?}",
                number.index(),
                copy.qos
            )));
        }
        Ok(())
    }

    /// With what a client may get a message that was routed to it.
    fn route_to(&self, client: usize, number: MessageNumber) -> Option<Allowed> {
        let taken_at = self.routes.taken_at(number)?;
        let routes = self.routes.of(number);
        let allowed = routes.filter_map(|(to, allowed)| match to {
            To::Client(to) => (to == client).then_some(allowed),
            To::Group(filter) => {
                let member = self.members.get(&(filter, client))?;
                let is_member = member.left.is_none_or(|left| left >= taken_at);
                is_member.then_some(member.allowed)
            }
        });
        allowed.reduce(Allowed::or)
    }

    /// At which QoS a client may get a message because it was retained when the client subscribed, or since.
    fn replay_to(
        &self,
        context: &Context<'_>,
        client: usize,
        message: &PublishedMessage,
        number: MessageNumber,
    ) -> Option<QoS> {
        if !message.retain {
            return None;
        }
        self.routes.taken_at(number)?;
        let until = self.unretained.get(&number).copied();
        let filters = context.setting.names.matching(message.topic).iter();
        filters
            .filter_map(|&filter| self.replays.get(&(filter, client)))
            .filter(|replay| until.is_none_or(|until| until >= replay.since))
            .map(|replay| replay.qos)
            .max()
    }

    /// What was sent before its cause was seen has to have one by now.
    fn judge_early(&mut self, context: &Context<'_>) -> Result<(), Broken> {
        for (client, message, copy) in core::mem::take(&mut self.early) {
            self.judge(context, client, message, copy)?;
        }
        Ok(())
    }
}

impl Check for Subscribed {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.step += 1;
        let is_output = matches!(
            observation,
            Observation::Sent { .. } | Observation::Ended { .. } | Observation::HandedOut { .. }
        );
        if !is_output && !self.early.is_empty() {
            self.judge_early(context)?;
        }
        self.model.observe(context, observation);
        if !self.model.effects().is_empty() {
            self.take_note(context);
        }
        if let Observation::Received {
            connection,
            client: Some(client),
            packet: Packet::Publish(publish),
            ..
        } = *observation
        {
            if self.model.is_on(client, connection) {
                if let Some(message) = MessageNumber::of(publish.payload) {
                    self.route(context, message);
                }
            }
        }
        if let Observation::Sent {
            client: Some(client),
            packet: Packet::Publish(publish),
            ..
        } = *observation
        {
            if is_of_broker(context, client) {
                return self.sent(context, client, publish);
            }
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, _quiet: &Quiet<'_>) -> Result<(), Broken> {
        self.judge_early(context)
    }
}

/// Whether a SUBSCRIBE brings retained messages.
fn asks_for_retained(options: SubscriptionOptions, before: Option<SubscriptionOptions>) -> bool {
    match options.retain_handling {
        RetainHandling::SendAtSubscribe => true,
        RetainHandling::SendIfNew => before.is_none(),
        RetainHandling::DoNotSend => false,
    }
}

#[cfg(test)]
mod tests;
