//! Where hostile clients stop: what would be seen behind their connection, or take part in the world.

use mqtt_codec::packet::{Connect, Publish, Subscribe};
use mqtt_codec::{Limits, Packet, Version, decode};

use crate::messages::MessageNumber;
use crate::profile::Profile;

/// How many of these bytes, the first on a connection, may be sent. Random bytes can mean anything, if seldom: a message of
/// the world, a retained one, a session that stays, or a place in a group of subscribers.
pub(super) fn admissible(bytes: &[u8]) -> usize {
    let limits = Limits {
        packet_size: Limits::MAX_PACKET_SIZE,
    };
    let mut version = Version::V5_0;
    let mut rest = bytes;
    while let Ok(Some((packet, len))) = decode(version, &limits, rest) {
        if !is_admissible(&packet) {
            return bytes.len() - rest.len();
        }
        if let Packet::Connect(connect) = packet {
            version = connect.version;
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    // No server understands what comes now.
    bytes.len()
}

fn is_admissible(packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Connect(connect) => leaves_nothing(connect),
        Packet::Publish(publish) => is_no_message_of_the_world(publish),
        Packet::Subscribe(subscribe) => takes_nothing_away(subscribe),
        Packet::Connack(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => true,
    }
}

fn leaves_nothing(connect: &Connect<'_>) -> bool {
    let expiry = connect.properties.session_expiry_interval.unwrap_or(0);
    let is_ours = Profile::client(connect.client_id.as_str()).is_some();
    let will_is_quiet = connect
        .will
        .is_none_or(|will| !will.retain && MessageNumber::of(will.payload.as_bytes()).is_none());
    connect.clean_start && expiry == 0 && !is_ours && will_is_quiet
}

fn is_no_message_of_the_world(publish: &Publish<'_>) -> bool {
    !publish.retain && MessageNumber::of(publish.payload).is_none()
}

fn takes_nothing_away(subscribe: &Subscribe<'_>) -> bool {
    let mut subscriptions = subscribe.subscriptions.iter();
    subscriptions.all(|subscription| subscription.filter.shared().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::packets;

    #[test]
    fn a_connection_ends_before_what_is_not_admissible() {
        let connect = packets::connect(Version::V3_1_1, 7, 10, None);
        let publish = packets::publish(Version::V3_1_1, 7, 1, mqtt_codec::QoS::AtLeastOnce, 10);
        let mut bytes = [connect.clone(), publish.clone()].concat();
        assert_eq!(admissible(&bytes), bytes.len());
        bytes[connect.len()] |= 1;
        assert_eq!(admissible(&bytes), connect.len());
        // What no server understands may be anything.
        bytes[connect.len()] = 0;
        assert_eq!(admissible(&bytes), bytes.len());
    }

    #[test]
    fn no_session_of_the_world_is_taken() {
        let connect = packets::connect(Version::V3_1_1, 7, 10, None);
        let ours = String::from_utf8_lossy(&connect)
            .replace("x-7", "c07")
            .into_bytes();
        assert_eq!(admissible(&ours), 0);
        let mut lasting = connect;
        // The flags of CONNECT: Clean Session.
        lasting[9] &= !0x02;
        assert_eq!(admissible(&lasting), 0);
    }
}
