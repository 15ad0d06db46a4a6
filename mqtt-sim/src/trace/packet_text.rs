use alloc::format;
use alloc::string::String;
use core::fmt::{Display, Write as _};

use mqtt_codec::packet::{Connect, Publish, PublishTopic, Suback, Subscribe, Unsubscribe};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode, ReasonCode};
use mqtt_codec::{Packet, PacketId, PacketType};

use crate::messages::MessageNumber;

/// What people want to know of a packet, in a line: `PUBLISH qos2 id 7 dup m123 a3/s4 24 B`.
pub(super) fn packet_text(packet: &Packet<'_>, bytes: usize) -> String {
    let name = packet_type(packet).name();
    match packet {
        Packet::Connect(connect) => connect_text(connect),
        Packet::Connack(connack) if connack.session_present => format!("{name} session present"),
        Packet::Connack(connack) if connack.reason_code == ConnectReasonCode::Success => {
            name.into()
        }
        Packet::Connack(connack) => format!("{name} {}", connack.reason_code),
        Packet::Publish(publish) => publish_text(publish, bytes),
        Packet::Puback(it) => acknowledgement(name, it.packet_id, it.reason_code.into()),
        Packet::Pubrec(it) => acknowledgement(name, it.packet_id, it.reason_code.into()),
        Packet::Pubrel(it) => acknowledgement(name, it.packet_id, it.reason_code.into()),
        Packet::Pubcomp(it) => acknowledgement(name, it.packet_id, it.reason_code.into()),
        Packet::Subscribe(subscribe) => subscribe_text(subscribe),
        Packet::Suback(suback) => suback_text(suback),
        Packet::Unsubscribe(unsubscribe) => unsubscribe_text(unsubscribe),
        Packet::Unsuback(unsuback) => format!("{name} {}", unsuback.packet_id),
        Packet::Pingreq | Packet::Pingresp => name.into(),
        Packet::Disconnect(it) if it.reason_code == DisconnectReasonCode::Success => name.into(),
        Packet::Disconnect(it) => format!("{name} {}", it.reason_code),
        Packet::Auth(it) => format!("{name} {}", it.reason_code),
    }
}

pub(super) const fn packet_type(packet: &Packet<'_>) -> PacketType {
    match packet {
        Packet::Connect(_) => PacketType::Connect,
        Packet::Connack(_) => PacketType::Connack,
        Packet::Publish(_) => PacketType::Publish,
        Packet::Puback(_) => PacketType::Puback,
        Packet::Pubrec(_) => PacketType::Pubrec,
        Packet::Pubrel(_) => PacketType::Pubrel,
        Packet::Pubcomp(_) => PacketType::Pubcomp,
        Packet::Subscribe(_) => PacketType::Subscribe,
        Packet::Suback(_) => PacketType::Suback,
        Packet::Unsubscribe(_) => PacketType::Unsubscribe,
        Packet::Unsuback(_) => PacketType::Unsuback,
        Packet::Pingreq => PacketType::Pingreq,
        Packet::Pingresp => PacketType::Pingresp,
        Packet::Disconnect(_) => PacketType::Disconnect,
        Packet::Auth(_) => PacketType::Auth,
    }
}

pub(super) const fn packet_id(packet: &Packet<'_>) -> Option<PacketId> {
    match packet {
        Packet::Publish(it) => it.delivery.packet_id(),
        Packet::Puback(it) => Some(it.packet_id),
        Packet::Pubrec(it) => Some(it.packet_id),
        Packet::Pubrel(it) => Some(it.packet_id),
        Packet::Pubcomp(it) => Some(it.packet_id),
        Packet::Subscribe(it) => Some(it.packet_id),
        Packet::Suback(it) => Some(it.packet_id),
        Packet::Unsubscribe(it) => Some(it.packet_id),
        Packet::Unsuback(it) => Some(it.packet_id),
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Disconnect(_)
        | Packet::Auth(_) => None,
    }
}

fn connect_text(connect: &Connect<'_>) -> String {
    let mut text = format!("CONNECT {}", connect.version);
    if connect.clean_start {
        text.push_str(" clean");
    }
    if let Some(expiry) = connect.properties.session_expiry_interval {
        add(&mut text, format_args!("expiry {expiry} s"));
    }
    if let Some(will) = connect.will {
        match MessageNumber::of(will.payload.as_bytes()) {
            Some(message) => add(&mut text, format_args!("will {}", number(message))),
            None => text.push_str(" will"),
        }
    }
    text
}

fn publish_text(publish: &Publish<'_>, bytes: usize) -> String {
    let mut text = format!("PUBLISH qos{}", publish.delivery.qos() as u8);
    if let Some(packet_id) = publish.delivery.packet_id() {
        add(&mut text, format_args!("id {packet_id}"));
    }
    if publish.delivery.dup() {
        text.push_str(" dup");
    }
    if publish.retain {
        text.push_str(" retain");
    }
    if let Some(message) = MessageNumber::of(publish.payload) {
        add(&mut text, number(message));
    }
    match publish.topic {
        PublishTopic::Name(name) | PublishTopic::Both(name, _) => add(&mut text, name),
        PublishTopic::Alias(alias) => add(&mut text, format_args!("alias {}", alias.get())),
    }
    add(&mut text, format_args!("{bytes} B"));
    text
}

fn acknowledgement(name: &str, packet_id: PacketId, reason: ReasonCode) -> String {
    if reason == ReasonCode::Success {
        format!("{name} {packet_id}")
    } else {
        format!("{name} {packet_id} {reason}")
    }
}

fn subscribe_text(subscribe: &Subscribe<'_>) -> String {
    let mut text = format!("SUBSCRIBE {}", subscribe.packet_id);
    for subscription in subscribe.subscriptions.iter() {
        let qos = subscription.options.maximum_qos as u8;
        add(&mut text, format_args!("{} qos{qos}", subscription.filter));
    }
    text
}

fn suback_text(suback: &Suback<'_>) -> String {
    let mut text = format!("SUBACK {}", suback.packet_id);
    for code in suback.reason_codes.iter() {
        add(&mut text, code);
    }
    text
}

fn unsubscribe_text(unsubscribe: &Unsubscribe<'_>) -> String {
    let mut text = format!("UNSUBSCRIBE {}", unsubscribe.packet_id);
    for filter in unsubscribe.filters.iter() {
        add(&mut text, filter);
    }
    text
}

fn add(text: &mut String, word: impl Display) {
    // Writing to a String does not fail.
    let _ = write!(text, " {word}");
}

/// How a message is called everywhere.
pub(super) fn number(message: MessageNumber) -> String {
    format!("m{}", message.index())
}
