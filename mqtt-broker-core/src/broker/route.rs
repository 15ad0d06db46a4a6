//! A message to everyone who subscribed.

use bytes::Bytes;
use mqtt_codec::packet::{Publish, PublishProperties, PublishPropertiesBuf};
use mqtt_codec::{QoS, TopicFilterBuf, TopicName, TopicNameBuf};
use mqtt_session::{COPY_LIMIT, Instant};

use super::Broker;
use crate::deliver::{Delivered, admits};
use crate::hub::Hub;
use crate::matching::{Matches, Member, NoLocal, SessionKey, Target, Usable};
use crate::memory::MemoryGauge;
use crate::message::{Message, MessageId, Publisher};
use crate::outgoing::Source;
use crate::queue::Queued;
use crate::session::BrokerSession;

/// A message that was published.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    /// With the alias resolved.
    pub(super) topic: TopicName<'a>,
    pub(super) publish: &'a Publish<'a>,
    pub(super) origin: Origin<'a>,
    pub(super) expires_at: Option<Instant>,
    /// The buffer that holds the payload, when a part of it may be kept.
    pub(super) whole: Option<&'a Bytes>,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    /// The broker itself, or who embeds it.
    Broker,
    /// A client.
    Client(SessionKey),
    /// A client that is gone.
    Will(&'a Publisher),
}

impl Origin<'_> {
    /// The session of the client that published it, for No Local: a will's by the Client Identifier, whose session may be
    /// another one by now.
    #[inline]
    fn session(self, hub: &Hub) -> Option<SessionKey> {
        match self {
            Self::Client(session) => Some(session),
            Self::Will(publisher) => hub.sessions.find(publisher.client_id.as_str()),
            Self::Broker => None,
        }
    }

    fn publisher(self, hub: &Hub) -> Option<Publisher> {
        match self {
            Self::Broker => None,
            Self::Client(session) => hub.sessions.get(session).map(BrokerSession::publisher),
            Self::Will(publisher) => Some(publisher.clone()),
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// At least one session took it, or there was one that is not owed QoS 0.
    Delivered,
    /// Nobody subscribed.
    NoSubscribers,
    /// Somebody subscribed, and for all of them a stated policy dropped it.
    AllRefused,
}

/// How a message is kept, made when it is first needed.
#[derive(Debug)]
struct Keeping<'a> {
    incoming: &'a Incoming<'a>,
    id: MessageId,
    message: Option<Message>,
    shared: Option<Bytes>,
}

impl Broker {
    /// A message of the broker's own or of who embeds it. It is routed and retained like a client's, without limits.
    pub fn publish(&mut self, now: Instant, message: &Message) {
        let properties = message
            .properties()
            .map(PublishPropertiesBuf::borrowed)
            .unwrap_or_default();
        let source = Source::of(message, now);
        let delivery = super::will::delivery(message.qos());
        let publish = Publish {
            delivery,
            retain: message.retain(),
            topic: mqtt_codec::packet::PublishTopic::Name(source.topic),
            properties: PublishProperties {
                message_expiry_interval: source.properties.message_expiry_interval,
                ..properties
            },
            payload: message.payload(),
        };
        let whole = Some(message.payload());
        self.route(
            now,
            &Incoming {
                topic: source.topic,
                publish: &publish,
                origin: Origin::Broker,
                // Its own moment, and not that of the whole seconds that are said of it.
                expires_at: message.expires_at(),
                whole,
            },
        );
    }

    #[inline]
    pub(super) fn route(&mut self, now: Instant, incoming: &Incoming<'_>) -> Outcome {
        let publish = incoming.publish;
        let id = MessageId {
            incarnation: self.incarnation,
            shard: 0,
            sequence: self.next_message,
        };
        self.next_message += 1;
        let mut keeping = Keeping {
            incoming,
            id,
            message: None,
            shared: None,
        };
        self.hub.variants.start();

        let Self {
            hub, subscriptions, ..
        } = self;
        let publisher = incoming.origin.session(hub);
        let mut routes = subscriptions.routes(incoming.topic);
        let matches = routes.matches;
        let (mut taken, mut dropped) = (0_usize, 0_usize);
        for target in &matches.targets {
            let own;
            let target = match is_own(target, publisher) {
                Own::No => target,
                Own::Yes => continue,
                Own::Partly => match routes.for_publisher(target.session) {
                    Some(target) => {
                        own = target;
                        &own
                    }
                    None => continue,
                },
            };
            match hub.deliver(now, target, matches, None, &mut keeping) {
                Delivered::Taken | Delivered::Absent => taken += 1,
                Delivered::Dropped => dropped += 1,
            }
        }
        for &group in &matches.groups {
            let qos = publish.delivery.qos();
            let bytes = incoming.topic.as_str().len() + publish.payload.len();
            let Some(member) = routes
                .groups
                .pick(group, |member| hub.usable(member, qos, bytes))
            else {
                continue;
            };
            let (target, group) = (target_of(&member), routes.groups.filter(group));
            match hub.deliver(now, &target, matches, group, &mut keeping) {
                Delivered::Taken | Delivered::Absent => taken += 1,
                Delivered::Dropped => dropped += 1,
            }
        }
        if publish.retain {
            self.retain(now, &mut keeping);
        }
        match (taken, dropped) {
            (0, 0) => Outcome::NoSubscribers,
            (0, _) => Outcome::AllRefused,
            (_, _) => Outcome::Delivered,
        }
    }

    /// Stores or clears the topic's retained message.
    fn retain(&mut self, now: Instant, keeping: &mut Keeping<'_>) {
        let topic = keeping.incoming.topic;
        if keeping.incoming.publish.payload.is_empty() {
            // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
            if self.clear_retained(topic) {
                self.record_cleared(TopicNameBuf::from(topic));
            }
            return;
        }
        let name = TopicNameBuf::from(topic);
        let message = keeping.message(&self.hub, &name);
        if self.hub.durable.is_on() && !topic.as_str().starts_with("$SYS/") {
            self.hub.durable.record_message(&message);
            let record = crate::record::Record::Retained {
                message: message.id(),
                topic: name,
            };
            self.hub.durable.record(record, topic.as_str().len());
        }
        self.set_retained(now, message);
    }
}

impl Hub {
    #[inline]
    fn deliver(
        &mut self,
        now: Instant,
        target: &Target,
        matches: &Matches,
        group: Option<&TopicFilterBuf>,
        keeping: &mut Keeping<'_>,
    ) -> Delivered {
        let publish = keeping.incoming.publish;
        // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
        let retain = publish.retain && target.retain_as_published;
        let qos = Self::effective_qos(publish.delivery.qos(), target.qos);
        if qos == QoS::AtMostOnce {
            if publish.payload.len() > COPY_LIMIT {
                keeping.share(&self.kept);
            }
            let (source, shared) = (keeping.source(), keeping.shared.as_ref());
            let identifiers = target.identifiers.as_ref();
            return self.deliver_at_most_once(
                now,
                target.session,
                retain,
                identifiers,
                &source,
                shared,
            );
        }
        let message = keeping.message(self, &matches.topic);
        let identifiers = target.identifiers.clone();
        let group = group.cloned();
        let queued = Queued {
            message,
            sequence: 0,
            qos,
            retain,
            identifiers,
            group,
        };
        self.deliver_kept(now, target.session, queued)
    }

    /// Whether a member of a shared group can take a message of `qos`, and how well. `bytes` are those of its topic and
    /// its payload.
    pub(super) fn usable(&self, member: &Member, qos: QoS, bytes: usize) -> Usable {
        let Some(session) = self.sessions.get(member.session) else {
            return Usable::No;
        };
        let link = session.link.and_then(|link| self.links.get(link));
        let online = link.filter(|link| link.connected_session().is_some());
        // [MQTT-4.8.2-3]: at what was granted to this member, and nobody keeps QoS 0 for who is not there.
        let qos = Self::effective_qos(qos, member.subscription.options.maximum_qos);
        if qos == QoS::AtMostOnce {
            return match online {
                Some(link) if admits(link, self.config.send_buffer) => Usable::Online,
                Some(_) => Usable::Full,
                None => Usable::No,
            };
        }
        if self.is_full(session, bytes)
            && !(session.queue.is_empty() && self.can_start(member.session))
        {
            return Usable::Full;
        }
        match online {
            Some(_) => Usable::Online,
            None => Usable::Offline,
        }
    }
}

impl Keeping<'_> {
    /// What subscribers get of it now. Subscription Identifiers of the publisher's side do not travel, and the whole of the
    /// lifetime is left.
    #[inline]
    fn source(&self) -> Source<'_> {
        let publish = self.incoming.publish;
        Source {
            topic: self.incoming.topic,
            properties: publish.properties,
            payload: publish.payload,
        }
    }

    /// The payload as one allocation that all subscribers share. A large one is counted once, for as long as somebody has
    /// it: the send buffers count what is copied into them, but not what they share.
    fn share(&mut self, gauge: &MemoryGauge) {
        if self.shared.is_some() {
            return;
        }
        let payload = self.incoming.publish.payload;
        let shared = match self.incoming.whole {
            Some(whole) => whole.slice_ref(payload),
            None => Bytes::copy_from_slice(payload),
        };
        self.shared = Some(if payload.len() > COPY_LIMIT {
            gauge.counted(shared)
        } else {
            shared
        });
    }

    fn message(&mut self, hub: &Hub, topic: &TopicNameBuf) -> Message {
        if let Some(message) = &self.message {
            return message.clone();
        }
        self.share(&hub.kept);
        let publish = self.incoming.publish;
        let payload = self.shared.clone().unwrap_or_default();
        let properties = PublishProperties {
            message_expiry_interval: None,
            ..publish.properties
        };
        let properties = PublishPropertiesBuf::from(&properties);
        // Only a retained message outlives what its publisher may do.
        let publisher = if publish.retain {
            self.incoming.origin.publisher(hub)
        } else {
            None
        };
        // `share` counts those that are above it.
        let counted = payload.len() > COPY_LIMIT;
        let message = Message::builder(topic.clone(), payload)
            .id(self.id)
            .qos(publish.delivery.qos())
            .retain(publish.retain)
            .expires_at(self.incoming.expires_at)
            .properties(properties)
            .publisher(publisher)
            .build();
        let message = if counted {
            message.charged_beside_payload(&hub.kept)
        } else {
            message.charged(&hub.kept)
        };
        self.message.insert(message).clone()
    }
}

/// When a message expires that was published at `now`. Standard: MQTT 5.0 §3.3.2.3.3.
#[inline]
pub(super) fn expires_at(now: Instant, publish: &Publish<'_>) -> Option<Instant> {
    let seconds = publish.properties.message_expiry_interval?;
    Some(now + core::time::Duration::from_secs(u64::from(seconds)))
}

/// Whether a target is the publisher itself and has No Local [MQTT-3.8.3-3].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    No,
    Yes,
    /// Some of its overlapping subscriptions have it.
    Partly,
}

#[inline]
fn is_own(target: &Target, publisher: Option<SessionKey>) -> Own {
    if publisher != Some(target.session) {
        return Own::No;
    }
    match target.no_local {
        NoLocal::Never => Own::No,
        NoLocal::Always => Own::Yes,
        NoLocal::Mixed => Own::Partly,
    }
}

/// A member of a shared group gets the message by that subscription alone.
pub(super) fn target_of(member: &Member) -> Target {
    let subscription = member.subscription;
    Target {
        session: member.session,
        qos: subscription.options.maximum_qos,
        retain_as_published: subscription.options.retain_as_published,
        no_local: NoLocal::Never,
        identifiers: subscription
            .identifier
            .map(|identifier| [identifier].as_slice().into()),
    }
}
