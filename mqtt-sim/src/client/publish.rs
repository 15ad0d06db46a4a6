//! What an application publishes, and what becomes of it.

use bytes::Bytes;
use mqtt_codec::packet::PublishPropertiesBuf;
use mqtt_codec::{QoS, TopicNameBuf};
use mqtt_session::{Message, PublishOutcome};

use super::Client;
use crate::check::{Broken, Rule};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Topic;
use crate::observation::{Answer, Observation};
use crate::plan::Publication;
use crate::stage::Stage;

impl Client {
    /// Publishes a message, if the session takes it.
    pub(crate) fn publish(&mut self, stage: &mut Stage, publication: &Publication) {
        let Some(topic) = stage.setting.names.topic(publication.topic).cloned() else {
            return;
        };
        let number = stage.add_message(PublishedMessage {
            client: self.number,
            origin: Origin::Application,
            topic: publication.topic,
            qos: publication.qos,
            retain: publication.retain,
            expiry: publication
                .expiry
                .filter(|_| self.profile.version.has_properties()),
            bytes: publication.bytes,
            at: stage.now,
        });
        match self
            .session
            .publish(stage.now, message(topic, number, publication))
        {
            Ok(token) => {
                if publication.qos != QoS::AtMostOnce {
                    self.waiting.insert(token, Some(number));
                }
                let client = self.number;
                stage.observe(&Observation::Published {
                    client,
                    message: number,
                });
                self.settle(stage);
            }
            Err(_) => stage.messages.take_back(number),
        }
    }

    /// Removes the retained message of a topic, if the session takes the message that does it.
    pub(crate) fn remove_retained(&mut self, stage: &mut Stage, topic: Topic, qos: QoS) {
        let Some(topic) = stage.setting.names.topic(topic).cloned() else {
            return;
        };
        let removal = Message {
            qos,
            retain: true,
            ..Message::new(topic, Bytes::new())
        };
        if let Ok(token) = self.session.publish(stage.now, removal) {
            if qos != QoS::AtMostOnce {
                self.waiting.insert(token, None);
            }
            self.settle(stage);
        }
    }

    /// The exchange of a message is over.
    pub(super) fn published(&mut self, stage: &mut Stage, outcome: &PublishOutcome) {
        let client = self.number;
        let (PublishOutcome::Acknowledged { token, .. } | PublishOutcome::Abandoned { token, .. }) =
            outcome;
        let Some(waiting) = self.waiting.remove(token) else {
            let broken = Broken::new(Rule::Protocol, "an outcome of what has one already");
            return stage.break_rule(broken.of_client(client));
        };
        let Some(message) = waiting else {
            return;
        };
        stage.observe(&match outcome {
            PublishOutcome::Acknowledged { reason, .. } => Observation::Acknowledged {
                client,
                message,
                answer: if reason.is_error() {
                    Answer::Refused
                } else {
                    Answer::Taken
                },
            },
            PublishOutcome::Abandoned { .. } => Observation::Abandoned { client, message },
        });
    }
}

fn message(topic: TopicNameBuf, number: MessageNumber, publication: &Publication) -> Message {
    let mut properties = PublishPropertiesBuf::default();
    properties.message_expiry_interval = publication.expiry;
    properties.payload_format_indicator = number.format();
    Message {
        qos: publication.qos,
        retain: publication.retain,
        properties,
        ..Message::new(topic, number.payload(publication.bytes))
    }
}
