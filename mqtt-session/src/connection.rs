use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::property::UserProperties;
use mqtt_codec::{Limits, Packet, PacketId, Text, Version};

use crate::held::HeldAcknowledgements;
use crate::topic_aliases::InboundAliases;
use crate::{AcknowledgedQoS, PacketIdSet};

/// Which side of a connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We sent CONNECT.
    Client,
    /// We answered it.
    Server,
}

/// Request Problem Information: whether the client wants Reason Strings and User Properties in all packets.
/// Standard: MQTT 5.0 §3.1.2.11.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ProblemInformation {
    /// 1, also when absent.
    #[default]
    Wanted,
    /// 0: on PUBLISH, CONNACK and DISCONNECT only [MQTT-3.1.2-29].
    Unwanted,
}

/// What both ends have said in CONNECT and CONNACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Of the protocol.
    pub version: Version,
    /// Which side we are.
    pub role: Role,
    /// The peer's Receive Maximum, or fewer: how many QoS 1 and 2 PUBLISHes we have open at most, at least 1.
    pub send_maximum: u16,
    /// Our Receive Maximum. In 3.x, which does not announce it: what we bear.
    pub receive_maximum: u16,
    /// The peer's Maximum Packet Size; [`Limits::MAX_PACKET_SIZE`] when it has none.
    pub packet_size_out: u32,
    /// Ours.
    pub packet_size_in: u32,
    /// Our Topic Alias Maximum: what the peer may use.
    pub topic_alias_maximum_in: u16,
    /// The peer's: what we may use.
    pub topic_alias_maximum_out: u16,
    /// What the client asked for.
    pub problem_information: ProblemInformation,
}

impl Negotiated {
    /// What holds when nobody said anything: no limit but the protocol's, no aliases.
    #[must_use]
    pub const fn new(version: Version, role: Role) -> Self {
        Self {
            version,
            role,
            send_maximum: u16::MAX,
            receive_maximum: u16::MAX,
            packet_size_out: Limits::MAX_PACKET_SIZE,
            packet_size_in: Limits::MAX_PACKET_SIZE,
            topic_alias_maximum_in: 0,
            topic_alias_maximum_out: 0,
            problem_information: ProblemInformation::Wanted,
        }
    }
}

/// What belongs to one network connection and ends with it. An idle one owns no memory beside itself.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) negotiated: Negotiated,
    pub(crate) phase: Phase,
    pub(crate) aliases_in: InboundAliases,
    pub(crate) pubacks: HeldAcknowledgements,
    pub(crate) pubrecs: HeldAcknowledgements,
    /// Identifiers whose PUBREL came and whose PUBCOMP has not left; their PUBLISH came on this connection.
    pub(crate) completing: PacketIdSet,
    /// The PUBLISH that `receive` returned last, until it is acknowledged or held.
    pub(crate) unanswered: Option<(AcknowledgedQoS, PacketId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// We are a client that waits for CONNACK.
    Connecting,
    Connected,
}

impl Connection {
    /// A connection whose CONNECT was accepted.
    #[must_use]
    pub const fn new(negotiated: Negotiated) -> Self {
        Self {
            negotiated,
            phase: Phase::Connected,
            aliases_in: InboundAliases::new(),
            pubacks: HeldAcknowledgements::new(),
            pubrecs: HeldAcknowledgements::new(),
            completing: PacketIdSet::new(),
            unanswered: None,
        }
    }

    /// A client's connection on which CONNACK has not come. It receives CONNACK and AUTH only; from CONNACK on use
    /// [`new`](Self::new).
    #[must_use]
    pub fn connecting(version: Version) -> Self {
        Self {
            phase: Phase::Connecting,
            ..Self::new(Negotiated::new(version, Role::Client))
        }
    }

    /// Of the protocol.
    #[must_use]
    #[inline]
    pub const fn version(&self) -> Version {
        self.negotiated.version
    }

    /// Which side we are.
    #[must_use]
    #[inline]
    pub const fn role(&self) -> Role {
        self.negotiated.role
    }

    /// What both ends have said.
    #[must_use]
    pub const fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// What the decoder accepts from the peer.
    #[must_use]
    #[inline]
    pub const fn limits(&self) -> Limits {
        Limits {
            packet_size: self.negotiated.packet_size_in,
        }
    }

    /// Whether the peer takes a packet of so many bytes, fixed header included [MQTT-3.1.2-24] [MQTT-3.2.2-15].
    #[must_use]
    #[inline]
    pub const fn fits(&self, packet_len: usize) -> bool {
        packet_len <= self.negotiated.packet_size_out as usize
    }

    /// How many PUBLISHes of this connection are held back from being acknowledged, PUBCOMPs not counted.
    #[must_use]
    pub fn held(&self) -> usize {
        self.pubacks.len() + self.pubrecs.len()
    }

    /// A packet as it may be sent: without User Properties, and then without Reason String, if it would be larger than
    /// the peer takes, and without both where the client does not want them [MQTT-3.1.2-29]. `None` when it does not fit
    /// even so, or the version has no such packet.
    ///
    /// Other properties stay: a PUBLISH or CONNECT is never changed.
    #[must_use]
    pub fn trim<'a>(&self, mut packet: Packet<'a>) -> Option<Packet<'a>> {
        if self.withholds(&packet) {
            clear_user_properties(&mut packet);
            clear_reason_string(&mut packet);
        }
        if self.sendable(&packet) {
            return Some(packet);
        }
        clear_user_properties(&mut packet);
        if self.sendable(&packet) {
            return Some(packet);
        }
        clear_reason_string(&mut packet);
        self.sendable(&packet).then_some(packet)
    }

    fn sendable(&self, packet: &Packet<'_>) -> bool {
        packet
            .encoded_len(self.version())
            .is_some_and(|len| self.fits(len))
    }

    /// [MQTT-3.1.2-29]: on PUBLISH, CONNACK and DISCONNECT they are allowed nevertheless.
    fn withholds(&self, packet: &Packet<'_>) -> bool {
        let exempt = matches!(
            packet,
            Packet::Publish(_) | Packet::Connack(_) | Packet::Disconnect(_)
        );
        self.role() == Role::Server
            && self.negotiated.problem_information == ProblemInformation::Unwanted
            && !exempt
    }
}

/// What a receiver may do without, of the packets that have it.
pub(crate) fn problem_information<'a>(
    packet: &Packet<'a>,
) -> Option<(Option<Text<'a>>, UserProperties<'a>)> {
    let both = |properties: &AcknowledgementProperties<'a>| {
        (properties.reason_string, properties.user_properties)
    };
    match packet {
        Packet::Puback(it) => Some(both(&it.properties)),
        Packet::Pubrec(it) => Some(both(&it.properties)),
        Packet::Pubrel(it) => Some(both(&it.properties)),
        Packet::Pubcomp(it) => Some(both(&it.properties)),
        Packet::Suback(it) => Some(both(&it.properties)),
        Packet::Unsuback(it) => Some(both(&it.properties)),
        Packet::Auth(it) => Some((it.properties.reason_string, it.properties.user_properties)),
        Packet::Connack(_)
        | Packet::Disconnect(_)
        | Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => None,
    }
}

fn clear_user_properties(packet: &mut Packet<'_>) {
    let user_properties = match packet {
        Packet::Connack(it) => &mut it.properties.user_properties,
        Packet::Puback(it) => &mut it.properties.user_properties,
        Packet::Pubrec(it) => &mut it.properties.user_properties,
        Packet::Pubrel(it) => &mut it.properties.user_properties,
        Packet::Pubcomp(it) => &mut it.properties.user_properties,
        Packet::Suback(it) => &mut it.properties.user_properties,
        Packet::Unsuback(it) => &mut it.properties.user_properties,
        Packet::Disconnect(it) => &mut it.properties.user_properties,
        Packet::Auth(it) => &mut it.properties.user_properties,
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => return,
    };
    *user_properties = UserProperties::EMPTY;
}

fn clear_reason_string(packet: &mut Packet<'_>) {
    let reason_string = match packet {
        Packet::Connack(it) => &mut it.properties.reason_string,
        Packet::Puback(it) => &mut it.properties.reason_string,
        Packet::Pubrec(it) => &mut it.properties.reason_string,
        Packet::Pubrel(it) => &mut it.properties.reason_string,
        Packet::Pubcomp(it) => &mut it.properties.reason_string,
        Packet::Suback(it) => &mut it.properties.reason_string,
        Packet::Unsuback(it) => &mut it.properties.reason_string,
        Packet::Disconnect(it) => &mut it.properties.reason_string,
        Packet::Auth(it) => &mut it.properties.reason_string,
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => return,
    };
    *reason_string = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(
            size_of::<Connection>() <= 160,
            "{}",
            size_of::<Connection>()
        );
        assert!(
            size_of::<crate::Session<usize>>() <= 176,
            "{}",
            size_of::<crate::Session<usize>>()
        );
    }
}
