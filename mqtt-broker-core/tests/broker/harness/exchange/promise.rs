//! What the standard promises, from what has arrived and what both ends remember.

use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{PacketType, QoS, Version};
use mqtt_session::{AbandonCause, PublishOutcome, PublishToken};

use super::{Back, READER, Run, WRITER};
use crate::harness::network::message;

/// What is promised when a client comes back.
pub(super) struct Promise {
    /// What goes over its connection: from who publishes there, and from who receives.
    pub(super) sent: Vec<String>,
    pub(super) answered: Vec<String>,
    /// Whether the publisher gets its acknowledgement.
    is_acknowledged: bool,
    /// Whether each PUBLISH that arrives but the first one is delivered to nobody.
    pub(super) is_once: bool,
}

impl Run {
    /// What goes over the client's connection that begins now: what who publishes sends, and what is answered.
    pub(super) fn promise(&self, client: usize, back: Back) -> Promise {
        let (publisher, receiver) = match client {
            WRITER => (self.client_remembers(back), self.broker_remembers(back)),
            _ => (self.broker_remembers(back), self.client_remembers(back)),
        };
        let progress = self.progress[client];
        let unknown = progress > 2 || !receiver;
        let pubcomp = match self.case.version {
            Version::V5_0 if unknown => "PUBCOMP 1 0x92",
            Version::V3_1 | Version::V3_1_1 | Version::V5_0 => "PUBCOMP 1",
        };
        let is_over = progress == self.exchange().len();
        let (sent, answered): (&[&str], &[&str]) = match (self.case.qos, progress) {
            _ if is_over || !publisher => (&[], &[]),
            (QoS::AtMostOnce | QoS::AtLeastOnce, _) => (&["PUBLISH 1 x again"], &["PUBACK 1"]),
            (QoS::ExactlyOnce, 0 | 1) => (
                &["PUBLISH 1 x again", "PUBREL 1"],
                &["PUBREC 1", "PUBCOMP 1"],
            ),
            (QoS::ExactlyOnce, _) => (&["PUBREL 1"], &[pubcomp]),
        };
        let owned = |words: &[&str]| words.iter().map(|it| it.to_string()).collect();
        Promise {
            sent: owned(sent),
            answered: owned(answered),
            is_acknowledged: client == READER || is_over || publisher,
            // Each PUBLISH that arrives, but of QoS 2 the first one only, if the receiver knows about it.
            is_once: self.case.qos == QoS::ExactlyOnce && receiver,
        }
    }

    /// What the publisher gets to know.
    pub(super) fn outcome(&self, promise: &Promise, back: Back) -> Option<PublishOutcome> {
        if promise.is_acknowledged {
            return Some(acknowledged(self.token));
        }
        let message = message(self.case.qos, "a", "x");
        // A program that ended asks for nothing any more.
        (back != Back::CleanStart).then(|| PublishOutcome::Abandoned {
            token: self.token,
            message: (self.progress[WRITER] < 2).then(|| message.into()),
            cause: AbandonCause::SessionEnded,
        })
    }

    /// Whether the client that comes back goes on with what it knew.
    fn client_remembers(&self, back: Back) -> bool {
        match back {
            Back::Resumed | Back::Restarted => true,
            // Nobody tells a client of 3.1.
            Back::Expired => self.case.version == Version::V3_1,
            Back::CleanStart => false,
        }
    }

    pub(super) fn broker_remembers(&self, back: Back) -> bool {
        matches!(back, Back::Resumed | Back::Restarted)
    }

    /// Whether another member of the group gets the message: of QoS 1, whose member has not acknowledged it and is gone
    /// for good. What was half-delivered of QoS 2 goes to nobody else, see MQTT-4.8.2-5.
    pub(super) fn goes_to_another(&self, client: usize, back: Back) -> bool {
        let is_open = self.progress[READER] < self.exchange().len();
        let is_gone = client == READER && !self.broker_remembers(back);
        self.case.qos == QoS::AtLeastOnce && is_gone && is_open
    }

    /// Whether the subscriber waits for a PUBREL that nobody will send.
    pub(super) fn waits_for_nobody(&self, back: Back) -> bool {
        let is_open = self.case.qos == QoS::ExactlyOnce && matches!(self.progress[READER], 1 | 2);
        is_open && self.client_remembers(back) && !self.broker_remembers(back)
    }

    pub(super) const fn exchange(&self) -> &'static [PacketType] {
        match self.case.qos {
            QoS::AtMostOnce | QoS::AtLeastOnce => &[PacketType::Publish, PacketType::Puback],
            QoS::ExactlyOnce => &[
                PacketType::Publish,
                PacketType::Pubrec,
                PacketType::Pubrel,
                PacketType::Pubcomp,
            ],
        }
    }
}

pub(super) fn acknowledged(token: PublishToken) -> PublishOutcome {
    let reason = PublishReasonCode::Success;
    PublishOutcome::Acknowledged { token, reason }
}
