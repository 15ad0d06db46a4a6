//! What the standard promises, from what has arrived and what both ends remember.

use mqtt_codec::packet::Pubcomp;
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::{AbandonCause, PublishOutcome};

use super::{Case, Ending, Publisher, Run};
use crate::support::packets::*;
use crate::support::{Sent, encode};

/// What goes over the connection that there is now.
pub(super) struct Promise {
    pub(super) sent: Vec<Sent>,
    pub(super) answered: Vec<Sent>,
}

impl Run {
    /// What follows from the packets that have arrived, if both ends know what they have to.
    pub(super) fn promise(&self) -> Promise {
        let Case { version, qos, .. } = self.case;
        let sent = |packet: Packet<'static>| Sent {
            version,
            bytes: encode(version, &packet),
        };
        let (one, two) = (qos1(1, "a", "x"), qos2(1, "a", "x"));
        let dup = |publish| {
            if self.connections > 1 {
                again(publish)
            } else {
                publish
            }
        };
        let known = self.progress < 3 && self.remembers(self.receiver());
        let reason = match known || version != Version::V5_0 {
            true => ReleaseReasonCode::Success,
            false => ReleaseReasonCode::PacketIdentifierNotFound,
        };
        let is_over = self.progress == exchange(qos).len();
        let (sends, answers): (Vec<Packet<'_>>, Vec<Packet<'_>>) = match (qos, self.progress) {
            _ if is_over || !self.remembers(self.case.publisher) => (vec![], vec![]),
            (QoS::ExactlyOnce, 0 | 1) => (
                vec![dup(two).into(), pubrel(1).into()],
                vec![pubrec(1).into(), pubcomp(1).into()],
            ),
            (QoS::ExactlyOnce, _) => (
                vec![pubrel(1).into()],
                vec![Pubcomp::new(id(1), reason).into()],
            ),
            (QoS::AtMostOnce | QoS::AtLeastOnce, _) => {
                (vec![dup(one).into()], vec![puback(1).into()])
            }
        };
        Promise {
            sent: sends.into_iter().map(sent).collect(),
            answered: answers.into_iter().map(sent).collect(),
        }
    }

    /// What its publisher gets to know in the end.
    pub(super) fn outcome(&self) -> Option<PublishOutcome> {
        let Self {
            token, progress, ..
        } = *self;
        let reason = PublishReasonCode::Success;
        let is_over = progress == exchange(self.case.qos).len();
        if is_over || self.remembers(self.case.publisher) {
            return Some(PublishOutcome::Acknowledged { token, reason });
        }
        let forgot = matches!(self.ending, Ending::NewCleanClient | Ending::ClientForgot);
        let is_gone = forgot && self.case.publisher == Publisher::Client;
        let message = message(self.case.qos, "a", "x");
        (!is_gone).then(|| PublishOutcome::Abandoned {
            token,
            message: (progress < 2).then(|| message.into()),
            cause: AbandonCause::SessionEnded,
        })
    }

    /// Whether that end goes on with what it knew.
    pub(super) fn remembers(&self, end: Publisher) -> bool {
        match self.ending {
            _ if self.connections == 1 => true,
            Ending::Resumed | Ending::ClientRestarted | Ending::ServerRestarted => true,
            Ending::ClientForgot => end == Publisher::Server,
            // Nobody tells a client of 3.1.
            Ending::ServerForgot => self.case.version == Version::V3_1 && end == Publisher::Client,
            Ending::CleanStart | Ending::NewCleanClient => false,
        }
    }

    /// What was on the wire is the network's to know, and so is what arrived.
    pub(super) fn note_progress(&mut self) {
        for arrived in [&self.pair.client.arrived, &self.pair.server.arrived] {
            for packet_type in arrived {
                let at = exchange(self.case.qos)
                    .iter()
                    .position(|it| it == packet_type);
                self.progress = self.progress.max(at.map_or(0, |at| at + 1));
                self.publishes += usize::from(*packet_type == PacketType::Publish);
            }
        }
    }

    pub(super) fn receiver(&self) -> Publisher {
        match self.case.publisher {
            Publisher::Client => Publisher::Server,
            Publisher::Server => Publisher::Client,
        }
    }
}

const fn exchange(qos: QoS) -> &'static [PacketType] {
    match qos {
        QoS::AtMostOnce | QoS::AtLeastOnce => &[PacketType::Publish, PacketType::Puback],
        QoS::ExactlyOnce => &[
            PacketType::Publish,
            PacketType::Pubrec,
            PacketType::Pubrel,
            PacketType::Pubcomp,
        ],
    }
}
