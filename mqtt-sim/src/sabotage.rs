use alloc::vec::Vec;

use mqtt_broker_core::{Config, Loaded, Record};
use mqtt_codec::fixed_header;

/// A rule that a world breaks on purpose, to see that its check notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// The broker is told that batches are durable before they are synced.
    AcknowledgeEarly,
    /// Which messages are in which queue is not stored.
    LoseQueued,
    /// Which QoS 2 messages have come is not stored.
    LoseUnreleased,
    /// Sessions that are stored are not restored.
    LoseSessions,
    /// What replaces a retained message is not stored.
    LoseRetained,
    /// The ends of subscriptions are not stored.
    LoseUnsubscribed,
    /// Retained messages are not removed at the end.
    KeepRetained,
    /// Packets to a client change their places.
    SwapPackets,
    /// A message comes to the application twice.
    RepeatDelivery,
    /// A message of QoS 0 does not come to the application.
    LoseDelivery,
    /// A packet to a client goes to others, too.
    Misdeliver,
    /// The broker hears a DISCONNECT of clients whose connection is lost.
    ForgeDisconnect,
    /// The broker's clock goes at half the speed.
    SlowClock,
    /// A connection whose client has another one is ended late.
    EndLate,
    /// The broker reads larger limits in CONNECT than clients of 5.0 have sent.
    RaiseLimits,
    /// The broker lets clients of 3.x have more messages at once than it should.
    WideWindows,
    /// The broker has larger send buffers than it should.
    WideSendBuffers,
    /// The broker has longer queues than it should.
    LongQueues,
    /// A byte of a payload is changed.
    ChangeBytes,
    /// A reserved bit of what the broker sends is set.
    SpoilPackets,
    /// A byte of what is stored is changed.
    DamageDisk,
    /// The broker is not told that batches are durable.
    NeverDurable,
}

impl Sabotage {
    /// Whether a record is stored.
    pub(crate) const fn stores(self, record: &Record) -> bool {
        let is_lost = match record {
            Record::Queued { .. }
            | Record::Sent { .. }
            | Record::Received { .. }
            | Record::Settled { .. } => matches!(self, Self::LoseQueued),
            Record::Unreleased { .. } | Record::Released { .. } => {
                matches!(self, Self::LoseUnreleased)
            }
            Record::Retained { .. } => matches!(self, Self::LoseRetained),
            Record::Unsubscribed { .. } => matches!(self, Self::LoseUnsubscribed),
            Record::Session(_)
            | Record::SessionEnded { .. }
            | Record::Subscribed { .. }
            | Record::Message(_)
            | Record::RetainedCleared { .. } => false,
        };
        !is_lost
    }

    /// Whether what is stored is restored.
    pub(crate) const fn restores(self, loaded: &Loaded) -> bool {
        !matches!((self, loaded), (Self::LoseSessions, Loaded::Session(_)))
    }

    /// What the broker is started with.
    pub(crate) fn config(self, mut config: Config) -> Config {
        if self == Self::WideWindows {
            config.send_maximum_v3 = u16::MAX;
        } else if self == Self::WideSendBuffers {
            config.send_buffer *= 64;
        } else if self == Self::LongQueues {
            config.queue_messages *= 100;
        }
        config
    }

    /// What the broker reads of what a client has sent.
    pub(crate) fn received(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        // Receive Maximum and Maximum Packet Size, in a CONNECT of 5.0.
        if self == Self::RaiseLimits && bytes.first() == Some(&0x10) {
            for at in 10..bytes.len().min(40) {
                match bytes.get_mut(at..) {
                    Some([0x21, high, ..]) => *high = 4,
                    Some([0x27, 0, high, 2, 88, ..]) => *high = 4,
                    Some(_) | None => {}
                }
            }
        }
        bytes
    }

    /// Changes what is on its way to a client: whole packets.
    pub(crate) fn tamper(self, packets: &mut [u8]) {
        let is_publish = matches!(packets.first(), Some(0x30..0x40));
        if self == Self::SwapPackets {
            swap(packets);
        } else if let (Self::ChangeBytes, true, Some(last)) = (self, is_publish, packets.last_mut())
        {
            *last ^= 1;
        } else if let (Self::SpoilPackets, Some(first @ 0x40..0x60)) = (self, packets.first_mut()) {
            *first |= 1;
        }
    }
}

/// The last packet goes before the one before it.
fn swap(packets: &mut [u8]) {
    let mut begins = Vec::new();
    let mut at = 0;
    while let Ok(Some(header)) = fixed_header(packets.get(at..).unwrap_or_default()) {
        begins.push(at);
        at += header.packet_len();
    }
    if let [.., first, second] = begins.as_slice() {
        let is_publish = |at: &usize| matches!(packets.get(*at), Some(0x30..0x40));
        if !is_publish(first) || !is_publish(second) {
            return;
        }
        let len = second - first;
        if let Some(two) = packets.get_mut(*first..) {
            two.rotate_left(len);
        }
    }
}
