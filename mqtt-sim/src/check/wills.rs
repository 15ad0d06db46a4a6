use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use mqtt_broker_core::Position;
use mqtt_codec::QoS;

use crate::check::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Origin};
use crate::model::{Effect, Model};
use crate::names::Topic;
use crate::observation::{Context, Kept, Observation, Quiet, Setting};
use crate::profile::{Lasting, Profile, Server};

/// [`Rule::Wills`]: each will that was published comes to the watchers, once, and no other will comes to anybody.
///
/// A watcher is a client with a lasting session whose subscriptions are to all topics of wills with QoS 2, and to nothing
/// else.
#[derive(Debug, Default)]
pub struct Wills {
    model: Model,
    watchers: Option<Vec<usize>>,
    /// How often each will was published, what a crash took back included.
    published: BTreeMap<MessageNumber, usize>,
    dropped: BTreeSet<MessageNumber>,
    /// Who has a session of which it was not told that it is new. When its CONNACK is lost, the next one says that a session
    /// is present, and what the client knows of an earlier one meets what the server has of this one: with an old Packet
    /// Identifier a new message is taken for a known one.
    untold: BTreeSet<usize>,
    /// The wills that watchers are to get and did not get yet.
    owed: BTreeMap<usize, BTreeSet<MessageNumber>>,
    /// What was published in which batch, as long as that is not durable.
    uncertain: Vec<(Option<Position>, MessageNumber)>,
    /// How often watchers got a will.
    delivered: BTreeMap<(usize, MessageNumber), usize>,
}

impl Wills {
    /// Nobody has a will yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn take_note(&mut self, context: &Context<'_>) {
        for at in 0..self.model.effects().len() {
            match self.model.effects().get(at) {
                Some(&Effect::WillPublished { client, message }) => {
                    self.published(context, client, message);
                }
                Some(&Effect::WillDropped { message, .. }) => _ = self.dropped.insert(message),
                Some(&Effect::SessionStarted { client }) => _ = self.untold.insert(client),
                Some(&Effect::SessionEnded { client }) => _ = self.owed.remove(&client),
                Some(
                    Effect::Subscribed { .. }
                    | Effect::Unsubscribed { .. }
                    | Effect::Retained { .. }
                    | Effect::Unretained { .. },
                )
                | None => {}
            }
        }
    }

    fn published(&mut self, context: &Context<'_>, publisher: usize, number: MessageNumber) {
        *self.published.entry(number).or_default() += 1;
        self.uncertain.push((None, number));
        let Some(message) = context.messages.get(number) else {
            return;
        };
        // QoS 0 may be lost, and what expires may be dropped.
        if message.qos == QoS::AtMostOnce || message.expiry.is_some() {
            return;
        }
        for &watcher in self.watchers.iter().flatten() {
            let filters = context.setting.names.matching(message.topic).iter();
            let state = self.model.state();
            let is_subscribed = filters
                .filter_map(|&filter| state.subscriptions.get(&(filter, watcher)))
                .any(|it| it.maximum_qos >= message.qos && !(it.no_local && watcher == publisher));
            if !is_subscribed {
                continue;
            }
            let owed = self.owed.entry(watcher).or_default();
            owed.insert(number);
            if owed.len() > context.setting.broker.queue_messages {
                // A full queue drops some.
                owed.clear();
            }
        }
    }

    /// That a will was published that somebody got.
    fn is_due(
        &mut self,
        context: &Context<'_>,
        client: usize,
        number: MessageNumber,
    ) -> Result<(), Broken> {
        if self.published.contains_key(&number) {
            if let Some(owed) = self.owed.get_mut(&client) {
                owed.remove(&number);
            }
            return Ok(());
        }
        let why = match self.dropped.contains(&number) {
            true => "was cancelled",
            false => "is not due",
        };
        Err(broken(
            context,
            client,
            number,
            &format!("got {{}}, which {why}"),
        ))
    }

    /// That a watcher did not get a will too often. A retained one comes with each SUBSCRIBE, too, and is not counted.
    fn count(
        &mut self,
        context: &Context<'_>,
        client: usize,
        number: MessageNumber,
        qos: QoS,
    ) -> Result<(), Broken> {
        if !self.watchers.iter().flatten().any(|it| *it == client) {
            return Ok(());
        }
        let times = self.delivered.entry((client, number)).or_default();
        *times += 1;
        let most = match qos {
            // A crash takes it back behind the back of who got it.
            QoS::AtMostOnce => self.published.get(&number).copied().unwrap_or(0),
            QoS::AtLeastOnce => usize::MAX,
            QoS::ExactlyOnce => 1,
        };
        if *times > most {
            let what = format!("got {{}} {times} times");
            return Err(broken(context, client, number, &what));
        }
        Ok(())
    }

    /// A crash took back what came behind a batch: nobody knows whether it was delivered.
    fn take_back(&mut self, recovered: Position) {
        for (position, message) in core::mem::take(&mut self.uncertain) {
            if position.is_none_or(|position| position > recovered) {
                for owed in self.owed.values_mut() {
                    owed.remove(&message);
                }
            }
        }
    }
}

impl Check for Wills {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it takes note of a few observations only"
    )]
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        if self.watchers.is_none() {
            self.watchers = Some(watchers(context.setting));
        }
        self.model.observe(context, observation);
        if !self.model.effects().is_empty() {
            self.take_note(context);
        }
        match *observation {
            Observation::Delivered {
                client,
                message,
                qos,
                retain,
                ..
            } if is_will(context, message) => {
                self.is_due(context, client, message)?;
                if !retain {
                    self.count(context, client, message, qos)?;
                }
            }
            Observation::HandedOut { position } => {
                for (of, _) in self.uncertain.iter_mut().rev() {
                    if of.is_some() {
                        break;
                    }
                    *of = Some(position);
                }
            }
            Observation::Durable { position } => {
                let is_durable = |of: &Option<Position>| of.is_some_and(|of| of <= position);
                self.uncertain.retain(|(of, _)| !is_durable(of));
            }
            Observation::Connected {
                client,
                session_present: false,
                ..
            } => _ = self.untold.remove(&client),
            Observation::Started { recovered } => self.take_back(recovered),
            Observation::Restarted {
                client,
                state: Kept::Nothing,
            } => _ = self.owed.remove(&client),
            _ => {}
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, _quiet: &Quiet<'_>) -> Result<(), Broken> {
        let mut owed = self
            .owed
            .iter()
            .filter(|(watcher, _)| !self.untold.contains(watcher));
        let first = owed.find_map(|(&watcher, owed)| Some((watcher, *owed.first()?)));
        match first {
            Some((watcher, number)) => Err(broken(context, watcher, number, "did not get {}")),
            None => Ok(()),
        }
    }
}

fn is_will(context: &Context<'_>, number: MessageNumber) -> bool {
    let message = context.messages.get(number);
    message.is_some_and(|message| message.origin == Origin::Will)
}

/// What became of a will at a client; `{}` stands for the will.
fn broken(context: &Context<'_>, client: usize, number: MessageNumber, what: &str) -> Broken {
    let publisher = context.messages.get(number).map_or(client, |it| it.client);
    let will = format!("will {} of client {publisher}", number.index());
    let what = format!("client {client} {}", what.replace("{}", &will));
    Broken::new(Rule::Wills, what)
        .of_client(publisher)
        .of_client(client)
        .of_message(number)
}

/// The clients that get all wills and nothing else.
fn watchers(setting: &Setting) -> Vec<usize> {
    let of_broker = |profile: &&Profile| profile.server == Server::Broker;
    let with_wills = setting.clients.iter().filter(of_broker);
    let topics: BTreeSet<Topic> = with_wills
        .filter_map(|profile| profile.will.map(|will| will.topic))
        .collect();
    let clients = setting.clients.iter().enumerate();
    clients
        .filter(|(_, profile)| of_broker(profile) && profile.session != Lasting::Clean)
        .filter(|(_, profile)| watches(setting, profile, &topics))
        .map(|(client, _)| client)
        .collect()
}

fn watches(setting: &Setting, profile: &Profile, wills: &BTreeSet<Topic>) -> bool {
    let names = &setting.names;
    names.topics().all(|topic| {
        let matching = names.matching(topic);
        let subscriptions = profile.subscriptions.iter();
        let mut fitting = subscriptions.filter(|(filter, _)| matching.contains(filter));
        match wills.contains(&topic) {
            true => fitting.any(|(filter, options)| {
                options.maximum_qos == QoS::ExactlyOnce && !names.is_shared(*filter)
            }),
            false => fitting.next().is_none(),
        }
    })
}

#[cfg(test)]
mod tests;
