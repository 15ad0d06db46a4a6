//! Limits on what a packet carries.

use mqtt_codec::property::UserProperties;
use mqtt_codec::{Packet, TopicFilter, TopicName};

use crate::config::Config;

/// Whether a Topic Name keeps to the limits.
#[inline]
pub(super) fn topic_name(config: &Config, topic: TopicName<'_>) -> bool {
    levels_and_bytes(config, topic.as_str())
}

/// Whether a Topic Filter keeps to the limits.
pub(super) fn topic_filter(config: &Config, filter: TopicFilter<'_>) -> bool {
    levels_and_bytes(config, filter.as_str())
}

#[inline]
fn levels_and_bytes(config: &Config, text: &str) -> bool {
    // A text has at most one level more than bytes: short ones need not be looked through.
    text.len() <= config.topic_bytes
        && (text.len() < config.topic_levels || text.split('/').count() <= config.topic_levels)
}

/// Whether a packet's User Properties keep to the limits.
#[inline]
pub(super) fn user_properties(config: &Config, properties: &UserProperties<'_>) -> bool {
    properties.is_empty() || counted(config, properties)
}

fn counted(config: &Config, properties: &UserProperties<'_>) -> bool {
    let mut count = 0;
    let mut bytes = 0;
    for (name, value) in properties.iter() {
        count += 1;
        bytes += name.as_str().len() + value.as_str().len();
        if count > config.user_properties || bytes > config.user_property_bytes {
            return false;
        }
    }
    true
}

/// The User Properties of packets that have no acknowledgement of their own with a fitting code.
pub(super) fn of_packet<'a>(packet: &Packet<'a>) -> Option<UserProperties<'a>> {
    match packet {
        Packet::Puback(packet) => Some(packet.properties.user_properties),
        Packet::Pubrec(packet) => Some(packet.properties.user_properties),
        Packet::Pubrel(packet) => Some(packet.properties.user_properties),
        Packet::Pubcomp(packet) => Some(packet.properties.user_properties),
        Packet::Unsubscribe(packet) => Some(packet.user_properties),
        Packet::Disconnect(packet) => Some(packet.properties.user_properties),
        Packet::Auth(packet) => Some(packet.properties.user_properties),
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp => None,
    }
}
