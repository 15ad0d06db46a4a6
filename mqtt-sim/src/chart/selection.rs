use alloc::collections::{BTreeMap, VecDeque};

use mqtt_broker_core::Position;
use mqtt_codec::{PacketId, PacketType};

use crate::messages::MessageNumber;
use crate::trace::{Entry, Kind, Way};

/// Chooses what a chart shows. It is asked for each entry in turn.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    clients: &'a [usize],
    /// Without one, all messages matter.
    message: Option<MessageNumber>,
    /// Whose a Packet Identifier is, in this way, and whether its message matters.
    exchanges: BTreeMap<(usize, Sender, PacketId), Matters>,
    /// Something that matters came, and the next batch has it.
    next_batch: Matters,
    /// The batches that matter and are not durable.
    batches: VecDeque<Position>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matters {
    Yes,
    No,
}

/// Who sent the PUBLISH of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Client,
    Server,
}

impl<'a> Selection<'a> {
    pub(super) const fn new(clients: &'a [usize], message: Option<MessageNumber>) -> Self {
        Self {
            clients,
            message,
            exchanges: BTreeMap::new(),
            next_batch: Matters::No,
            batches: VecDeque::new(),
        }
    }

    /// Whether the chart shows the next entry.
    pub(super) fn takes(&mut self, entry: &Entry) -> bool {
        let client = entry.client.filter(|client| self.clients.contains(client));
        match entry.kind {
            Kind::Packet(packet_type, packet_id) => client.is_some_and(|client| {
                let matters = self.packet(client, entry, packet_type, packet_id);
                if matters == Matters::Yes && entry.way == Way::Up && packet_id.is_some() {
                    self.next_batch = Matters::Yes;
                }
                matters == Matters::Yes
            }),
            Kind::Message => client.is_some() && self.is_of_message(entry),
            Kind::Subscription | Kind::Connection => client.is_some(),
            Kind::Fault => client.is_some() || entry.client.is_none(),
            Kind::HandedOut(position) => {
                let matters = core::mem::replace(&mut self.next_batch, Matters::No);
                if matters == Matters::Yes {
                    self.batches.push_back(position);
                }
                matters == Matters::Yes
            }
            Kind::Durable(position) => {
                let before = self.batches.len();
                self.batches.retain(|batch| *batch > position);
                self.batches.len() < before
            }
            Kind::Process => {
                self.batches.clear();
                self.next_batch = Matters::No;
                true
            }
            Kind::Deadline => false,
        }
    }

    fn is_of_message(&self, entry: &Entry) -> bool {
        self.message.is_none() || entry.message == self.message
    }

    fn packet(
        &mut self,
        client: usize,
        entry: &Entry,
        packet_type: PacketType,
        packet_id: Option<PacketId>,
    ) -> Matters {
        let (sender, receiver) = match entry.way {
            Way::Up => (Sender::Client, Sender::Server),
            Way::Down | Way::Client | Way::Server | Way::Process | Way::Outside => {
                (Sender::Server, Sender::Client)
            }
        };
        match packet_type {
            PacketType::Publish => {
                let matters = match self.is_of_message(entry) {
                    true => Matters::Yes,
                    false => Matters::No,
                };
                if let Some(packet_id) = packet_id {
                    self.exchanges.insert((client, sender, packet_id), matters);
                }
                matters
            }
            PacketType::Pubrel => self.exchange(client, sender, packet_id),
            PacketType::Puback | PacketType::Pubrec | PacketType::Pubcomp => {
                self.exchange(client, receiver, packet_id)
            }
            PacketType::Connect
            | PacketType::Connack
            | PacketType::Subscribe
            | PacketType::Suback
            | PacketType::Unsubscribe
            | PacketType::Unsuback
            | PacketType::Disconnect
            | PacketType::Auth => Matters::Yes,
            PacketType::Pingreq | PacketType::Pingresp => Matters::No,
        }
    }

    fn exchange(&self, client: usize, sender: Sender, packet_id: Option<PacketId>) -> Matters {
        let of = packet_id.and_then(|packet_id| self.exchanges.get(&(client, sender, packet_id)));
        of.copied().unwrap_or(Matters::No)
    }
}
