//! What clients hear, and what they answer.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use mqtt_broker_core::LinkId;
use mqtt_codec::packet::{Delivery, Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::{Packet, PacketId, Version};
use mqtt_sim::{Answer, ConnectionNumber, MessageNumber, Observation};

use super::{WATCHER, World};

#[derive(Default)]
pub(super) struct Client {
    pub(super) link: Option<(LinkId, ConnectionNumber)>,
    pub(super) is_connected: bool,
    /// Answers that it has still to give.
    pub(super) answers: VecDeque<Answering>,
    /// Its messages of QoS 1 and 2 that are under way, and whether PUBREC came.
    pub(super) under_way: BTreeMap<PacketId, (MessageNumber, bool)>,
    pub(super) next_packet_id: u16,
    /// QoS 2 messages that wait for PUBREL.
    pub(super) received: BTreeSet<PacketId>,
}

pub(super) enum Answering {
    Packet(Packet<'static>),
    /// PUBLISH again.
    Again(PacketId, MessageNumber),
    /// The watcher's subscription.
    Subscribe,
}

impl World {
    /// A client hears of a packet.
    pub(super) fn hear(&mut self, client: usize, packet: &Packet<'_>) {
        let at = &mut self.clients[client];
        let mut acknowledged = None;
        match *packet {
            Packet::Connack(connack) => return self.hear_connack(client, connack.session_present),
            Packet::Publish(publish) => {
                let message = MessageNumber::of(publish.payload);
                let is_new = match publish.delivery {
                    Delivery::AtMostOnce => true,
                    Delivery::AtLeastOnce { packet_id, .. } => {
                        let puback = Packet::Puback(Puback::success(packet_id));
                        at.answers.push_back(Answering::Packet(puback));
                        true
                    }
                    Delivery::ExactlyOnce { packet_id, .. } => {
                        let pubrec = Packet::Pubrec(Pubrec::success(packet_id));
                        at.answers.push_back(Answering::Packet(pubrec));
                        at.received.insert(packet_id)
                    }
                };
                if let Some(message) = message.filter(|_| is_new) {
                    self.heard.push(Observation::Delivered {
                        client,
                        message,
                        qos: publish.delivery.qos(),
                        dup: publish.delivery.dup(),
                        retain: publish.retain,
                    });
                }
            }
            Packet::Pubrel(pubrel) => {
                at.received.remove(&pubrel.packet_id);
                let pubcomp = Packet::Pubcomp(Pubcomp::success(pubrel.packet_id));
                at.answers.push_back(Answering::Packet(pubcomp));
            }
            Packet::Pubrec(pubrec) => {
                if let Some((_, is_received)) = at.under_way.get_mut(&pubrec.packet_id) {
                    *is_received = true;
                    let pubrel = Packet::Pubrel(Pubrel::success(pubrec.packet_id));
                    at.answers.push_back(Answering::Packet(pubrel));
                }
            }
            Packet::Puback(puback) => acknowledged = at.under_way.remove(&puback.packet_id),
            Packet::Pubcomp(pubcomp) => acknowledged = at.under_way.remove(&pubcomp.packet_id),
            _ => {}
        }
        if let Some((message, _)) = acknowledged {
            self.heard.push(Observation::Acknowledged {
                client,
                message,
                answer: Answer::Taken,
            });
        }
    }

    fn hear_connack(&mut self, client: usize, session_present: bool) {
        let at = &mut self.clients[client];
        at.is_connected = true;
        let (_, connection) = at.link.unwrap();
        self.heard.push(Observation::Connected {
            client,
            connection,
            session_present,
        });
        if !session_present && self.setting.clients[client].version != Version::V3_1 {
            at.under_way.clear();
            at.received.clear();
        }
        for (&packet_id, &(message, is_received)) in &at.under_way {
            at.answers.push_back(match is_received {
                true => Answering::Packet(Packet::Pubrel(Pubrel::success(packet_id))),
                false => Answering::Again(packet_id, message),
            });
        }
        if client == WATCHER {
            at.answers.push_back(Answering::Subscribe);
        }
    }
}
