use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use mqtt_broker_core::{Loaded, Persistence, Store};
use mqtt_codec::{Packet, QoS};

use crate::check::{Broken, Check, Rule};
use crate::messages::{MessageNumber, PublishedMessage};
use crate::model::is_of_broker;
use crate::names::Topic;
use crate::observation::{Answer, Context, Observation, Quiet};

/// [`Rule::Retained`]: what is retained at the end was not replaced for sure.
///
/// This goes by cause alone and needs no model: what was acknowledged before another message was published is older than
/// that one. When the newer one was taken over, the older one is gone for good.
#[derive(Debug, Default)]
pub struct Retained {
    /// How many observations there were.
    step: u64,
    /// Of messages that are to be retained: when they were published, and when the server had them for sure.
    messages: BTreeMap<MessageNumber, Span>,
    topics: BTreeMap<Topic, Latest>,
    /// When a topic's retained message was removed last, as the server took it.
    removed: BTreeMap<Topic, u64>,
    /// Topics that had one with a lifetime.
    expiring: BTreeSet<Topic>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    published: u64,
    over: Option<u64>,
}

/// Of the messages that were taken over, the one that was published last.
#[derive(Clone, Copy, Debug)]
struct Latest {
    published: u64,
    message: MessageNumber,
}

impl Retained {
    /// Nothing is retained yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn is_over(&mut self, message: MessageNumber) {
        if let Some(span) = self.messages.get_mut(&message) {
            span.over.get_or_insert(self.step);
        }
    }

    fn taken(&mut self, number: MessageNumber, message: &PublishedMessage) {
        let Some(span) = self.messages.get(&number) else {
            return;
        };
        let latest = self.topics.entry(message.topic).or_insert(Latest {
            published: span.published,
            message: number,
        });
        if span.published > latest.published {
            latest.published = span.published;
            latest.message = number;
        }
    }

    fn received(&mut self, context: &Context<'_>, packet: &Packet<'_>) {
        let names = &context.setting.names;
        if let Packet::Publish(publish) = packet {
            if !publish.retain {
                return;
            }
            if publish.payload.is_empty() {
                let topic = publish
                    .topic
                    .name()
                    .and_then(|it| names.find_topic(it.as_str()));
                self.removed.extend(topic.map(|topic| (topic, self.step)));
            } else if publish.delivery.qos() == QoS::AtMostOnce {
                if let Some(message) = MessageNumber::of(publish.payload) {
                    self.is_over(message);
                }
            }
        } else if let Packet::Connect(connect) = packet {
            let Some(will) = connect.will.as_ref().filter(|will| will.retain) else {
                return;
            };
            let topic = names.find_topic(will.topic.as_str());
            if will.payload.as_bytes().is_empty() {
                self.removed.extend(topic.map(|topic| (topic, self.step)));
            }
            if will.properties.message_expiry_interval.is_some() {
                self.expiring.extend(topic);
            }
        }
    }

    fn published(&mut self, number: MessageNumber, message: &PublishedMessage) {
        if message.expiry.is_some() {
            self.expiring.insert(message.topic);
        }
        let span = Span {
            published: self.step,
            over: None,
        };
        self.messages.insert(number, span);
    }
}

impl Check for Retained {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.step += 1;
        if let Observation::Published { client, message } = *observation {
            let published = context.messages.get(message).filter(|it| it.retain);
            if let Some(published) = published.filter(|_| is_of_broker(context, client)) {
                self.published(message, published);
            }
        } else if let Observation::Acknowledged {
            message, answer, ..
        } = *observation
        {
            if let Some(published) = context.messages.get(message).filter(|it| it.retain) {
                self.is_over(message);
                if answer == Answer::Taken {
                    self.taken(message, published);
                }
            }
        } else if let Observation::Received {
            client: Some(client),
            packet,
            ..
        } = *observation
        {
            if is_of_broker(context, client) {
                self.received(context, packet);
            }
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, quiet: &Quiet<'_>) -> Result<(), Broken> {
        if context.setting.broker.persistence == Persistence::None {
            return Ok(());
        }
        let mut found = BTreeMap::new();
        let mut store = quiet.store.clone();
        let loaded = store.load(0, &mut |loaded| {
            if let Loaded::Retained(message) = loaded {
                let topic = context.setting.names.find_topic(message.topic().as_str());
                let number = MessageNumber::of(message.payload());
                found.extend(topic.map(|topic| (topic, number)));
            }
        });
        loaded.map_err(|error| {
            Broken::new(Rule::Retained, format!("the store cannot be read: {error}"))
        })?;
        for (topic, latest) in &self.topics {
            // What was published before may have come before the removal or behind it.
            if self
                .removed
                .get(topic)
                .is_some_and(|at| *at >= latest.published)
            {
                continue;
            }
            let name = context
                .setting
                .names
                .topic(*topic)
                .map_or("?", |it| it.as_str());
            let latest_number = latest.message.index();
            match found.get(topic) {
                None if self.expiring.contains(topic) => {}
                None => {
                    let what = format!("nothing at {name}, not even message {latest_number}");
                    return Err(Broken::new(Rule::Retained, what).of_message(latest.message));
                }
                Some(found) => {
                    let Some(found) = *found else { continue };
                    let over = self.messages.get(&found).and_then(|span| span.over);
                    if over.is_some_and(|over| over < latest.published) {
                        let (found, number) = (found, found.index());
                        let what = format!(
                            "message {number} at {name}, which message {latest_number} replaced"
                        );
                        return Err(Broken::new(Rule::Retained, what).of_message(found));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mqtt_broker_core::{Broker, MemoryStore, Message, MessageId, Record};

    use super::*;
    use crate::check::wire_scene::{LASTING, Scene, assert_broken};

    const QOS_1: QoS = QoS::AtLeastOnce;

    fn scene() -> Scene<Retained> {
        let mut scene = Scene::new(1);
        scene.connect(0, 1, LASTING).unwrap();
        scene
    }

    /// Publishes a new retained message to `a`.
    fn publish(scene: &mut Scene<Retained>, qos: QoS) -> MessageNumber {
        let message = scene.retained("a", qos);
        scene
            .see(Observation::Published { client: 0, message })
            .unwrap();
        message
    }

    fn acknowledge(scene: &mut Scene<Retained>, message: MessageNumber, answer: Answer) {
        let acknowledged = Observation::Acknowledged {
            client: 0,
            message,
            answer,
        };
        scene.see(acknowledged).unwrap();
    }

    /// Quiet with this message in the store.
    fn quiet(scene: &mut Scene<Retained>, retained: MessageNumber) -> Result<(), Broken> {
        let topic = scene.setting.names.topic(scene.topic("a")).unwrap().clone();
        let id = MessageId {
            sequence: 1,
            ..MessageId::default()
        };
        let payload: Bytes = retained.payload(8);
        let message = Message::builder(topic.clone(), payload).id(id).build();
        let mut store = MemoryStore::new();
        store
            .commit(&[
                Record::Message(message),
                Record::Retained { message: id, topic },
            ])
            .unwrap();
        let broker = Broker::new(scene.setting.broker.clone(), [0; 16], scene.broker_now);
        scene.quiet(&broker, &store)
    }

    #[test]
    fn one_of_those_that_nothing_orders_is_retained() {
        let mut scene = scene();
        let first = publish(&mut scene, QOS_1);
        let second = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, first, Answer::Taken);
        acknowledge(&mut scene, second, Answer::Taken);
        for message in [first, second] {
            quiet(&mut scene, message).unwrap();
        }
    }

    #[test]
    fn what_was_acknowledged_before_another_was_published_is_replaced() {
        let mut scene = scene();
        let first = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, first, Answer::Taken);
        let second = publish(&mut scene, QOS_1);
        quiet(&mut scene, first).unwrap();
        acknowledge(&mut scene, second, Answer::Taken);
        quiet(&mut scene, second).unwrap();
        let result = quiet(&mut scene, first);
        let what = "message 0 at a, which message 1 replaced";
        assert_broken(result, Rule::Retained, &[], Some(first), what);
    }

    #[test]
    fn what_was_refused_replaces_nothing() {
        let mut scene = scene();
        let first = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, first, Answer::Taken);
        let second = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, second, Answer::Refused);
        quiet(&mut scene, first).unwrap();
    }

    #[test]
    fn qos_0_is_over_when_the_server_has_taken_it() {
        let mut scene = scene();
        let taken = publish(&mut scene, QoS::AtMostOnce);
        let under_way = publish(&mut scene, QoS::AtMostOnce);
        scene.publish(0, 1, taken, 0).unwrap();
        let last = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, last, Answer::Taken);
        quiet(&mut scene, under_way).unwrap();
        let result = quiet(&mut scene, taken);
        assert_broken(result, Rule::Retained, &[], Some(taken), "replaced");
    }

    #[test]
    fn something_is_retained_when_one_was_taken_over_and_none_removed() {
        let mut scene = scene();
        let first = publish(&mut scene, QOS_1);
        scene.quiet_alone().unwrap();
        acknowledge(&mut scene, first, Answer::Taken);
        let result = scene.quiet_alone();
        assert_broken(result, Rule::Retained, &[], Some(first), "nothing at a");
        let expiring = scene.message_with("a", QOS_1, true, Some(1));
        let published = Observation::Published {
            client: 0,
            message: expiring,
        };
        scene.see(published).unwrap();
        scene.quiet_alone().unwrap();
    }

    #[test]
    fn a_topic_with_a_removal_is_not_judged() {
        let mut scene = scene();
        let first = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, first, Answer::Taken);
        let second = publish(&mut scene, QOS_1);
        acknowledge(&mut scene, second, Answer::Taken);
        scene.remove(0, 1, "a").unwrap();
        quiet(&mut scene, first).unwrap();
        scene.quiet_alone().unwrap();
    }
}
