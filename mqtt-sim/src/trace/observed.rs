//! Observations in a few words.

use alloc::format;
use alloc::string::String;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::{Packet, QoS};

use super::packet_text::{number, packet_id, packet_text, packet_type};
use super::{Entry, Kind, Way};
use crate::messages::MessageNumber;
use crate::names::Filter;
use crate::observation::{Answer, ConnectionNumber, Context, Kept, Observation};

/// An observation as an entry without its time.
pub(super) fn entry(context: &Context<'_>, observation: &Observation<'_>) -> Entry {
    match *observation {
        Observation::Published { client, message } => published(context, client, message),
        Observation::Acknowledged {
            client,
            message,
            answer,
        } => acknowledged(client, message, answer),
        Observation::Abandoned { client, message } => of_message(client, message, "is abandoned"),
        Observation::Delivered {
            client,
            message,
            qos,
            dup,
            retain,
        } => delivered(client, message, qos, &[(dup, "dup"), (retain, "retain")]),
        Observation::Subscribing {
            client,
            filter,
            options,
        } => subscribing(context, client, filter, options),
        Observation::Subscribed {
            client,
            filter,
            granted,
        } => subscribed(context, client, filter, granted),
        Observation::Unsubscribing { client, filter } => {
            of_filter(context, client, filter, "gives up")
        }
        Observation::Unsubscribed { client, filter } => {
            of_filter(context, client, filter, "has given up")
        }
        Observation::Connecting { .. }
        | Observation::Connected { .. }
        | Observation::Leaving { .. }
        | Observation::Closed { .. }
        | Observation::Restarted { .. } => of_session(observation),
        Observation::Received {
            connection,
            client,
            packet,
            bytes,
        } => of_packet(Way::Up, (connection, client), packet, bytes),
        Observation::Sent {
            connection,
            client,
            packet,
            bytes,
        } => of_packet(Way::Down, (connection, client), packet, bytes),
        Observation::Ended { .. }
        | Observation::Lost { .. }
        | Observation::TimedOut
        | Observation::HandedOut { .. }
        | Observation::Durable { .. }
        | Observation::Dropped { .. }
        | Observation::Crashed
        | Observation::Started { .. } => of_server(observation),
    }
}

fn published(context: &Context<'_>, client: usize, message: MessageNumber) -> Entry {
    let mut text = format!("publishes {}", number(message));
    if let Some(published) = context.messages.get(message) {
        text += &format!(" qos{}", published.qos as u8);
        if published.retain {
            text += " retain";
        }
        if let Some(topic) = context.setting.names.topic(published.topic) {
            text += &format!(" {topic}");
        }
    }
    Entry {
        client: Some(client),
        message: Some(message),
        ..Entry::new(Way::Client, Kind::Message, text)
    }
}

fn acknowledged(client: usize, message: MessageNumber, answer: Answer) -> Entry {
    let how = match answer {
        Answer::Taken => "is acknowledged",
        Answer::Refused => "is refused",
    };
    of_message(client, message, how)
}

fn delivered(
    client: usize,
    message: MessageNumber,
    qos: QoS,
    flags: &[(bool, &'static str)],
) -> Entry {
    let mut how = format!("is delivered qos{}", qos as u8);
    for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
        how += " ";
        how += flag;
    }
    of_message(client, message, &how)
}

fn of_message(client: usize, message: MessageNumber, how: &str) -> Entry {
    let text = format!("{} {how}", number(message));
    Entry {
        client: Some(client),
        message: Some(message),
        ..Entry::new(Way::Client, Kind::Message, text)
    }
}

fn subscribing(
    context: &Context<'_>,
    client: usize,
    filter: Filter,
    options: SubscriptionOptions,
) -> Entry {
    let mut entry = of_filter(context, client, filter, "subscribes to");
    entry.text += &format!(" qos{}", options.maximum_qos as u8);
    if options.no_local {
        entry.text += " no local";
    }
    if options.retain_as_published {
        entry.text += " retain as published";
    }
    entry
}

fn subscribed(context: &Context<'_>, client: usize, filter: Filter, granted: Option<QoS>) -> Entry {
    match granted {
        Some(qos) => {
            let mut entry = of_filter(context, client, filter, "is subscribed to");
            entry.text += &format!(" qos{}", qos as u8);
            entry
        }
        None => of_filter(context, client, filter, "is refused"),
    }
}

fn of_filter(context: &Context<'_>, client: usize, filter: Filter, what: &str) -> Entry {
    let filter = context.setting.names.filter(filter);
    let text = format!("{what} {}", filter.map_or("?", |it| it.as_str()));
    Entry {
        client: Some(client),
        ..Entry::new(Way::Client, Kind::Subscription, text)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other packet has a message"
)]
fn of_packet(
    way: Way,
    (connection, client): (ConnectionNumber, Option<usize>),
    packet: &Packet<'_>,
    bytes: usize,
) -> Entry {
    let message = match packet {
        Packet::Publish(publish) => MessageNumber::of(publish.payload),
        Packet::Connect(connect) => connect
            .will
            .and_then(|will| MessageNumber::of(will.payload.as_bytes())),
        _ => None,
    };
    let kind = Kind::Packet(packet_type(packet), packet_id(packet));
    Entry {
        client,
        connection: Some(connection),
        message,
        ..Entry::new(way, kind, packet_text(packet, bytes))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`entry` sorts them")]
fn of_session(observation: &Observation<'_>) -> Entry {
    let (client, text) = match *observation {
        Observation::Connecting {
            client,
            clean_start,
            expiry,
            will,
            ..
        } => (Some(client), connecting(clean_start, expiry, will)),
        Observation::Connected {
            client,
            session_present: true,
            ..
        } => (Some(client), "is connected, session present".into()),
        Observation::Connected { client, .. } => (Some(client), "is connected".into()),
        Observation::Leaving {
            client,
            expiry,
            drops_will,
        } => (Some(client), leaving(expiry, drops_will)),
        Observation::Closed { client, reason } => (Some(client), format!("closes: {reason}")),
        Observation::Restarted {
            client,
            state: Kept::State,
        } => (Some(client), "is restarted with its state".into()),
        Observation::Restarted { client, .. } => {
            (Some(client), "is restarted and knows nothing".into())
        }
        _ => (None, String::new()),
    };
    let connection = match *observation {
        Observation::Connecting { connection, .. } | Observation::Connected { connection, .. } => {
            Some(connection)
        }
        _ => None,
    };
    let message = match *observation {
        Observation::Connecting { will, .. } => will,
        _ => None,
    };
    Entry {
        client,
        connection,
        message,
        ..Entry::new(Way::Client, Kind::Connection, text)
    }
}

fn connecting(clean_start: bool, expiry: u32, will: Option<MessageNumber>) -> String {
    let mut text = String::from("connects");
    if clean_start {
        text += " clean";
    }
    text += &match expiry {
        u32::MAX => ", session for ever".into(),
        _ => format!(", session for {expiry} s"),
    };
    if let Some(will) = will {
        text += &format!(", will {}", number(will));
    }
    text
}

fn leaving(expiry: Option<u32>, drops_will: bool) -> String {
    let mut text = String::from("leaves");
    if let Some(expiry) = expiry {
        text += &format!(", session for {expiry} s");
    }
    if !drops_will {
        text += ", will published";
    }
    text
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`entry` sorts them")]
fn of_server(observation: &Observation<'_>) -> Entry {
    let of_process = |kind, text| Entry::new(Way::Process, kind, text);
    match *observation {
        Observation::Ended {
            connection,
            client,
            reason,
        } => ended(connection, client, format!("ends the connection: {reason}")),
        Observation::Lost { connection, client } => ended(
            connection,
            client,
            "hears that the connection is gone".into(),
        ),
        Observation::HandedOut { position } => of_process(
            Kind::HandedOut(position),
            format!("hands out batch {}", position.0),
        ),
        Observation::Durable { position } => of_process(
            Kind::Durable(position),
            format!("batch {} is durable", position.0),
        ),
        Observation::Dropped { count } => {
            of_process(Kind::Deadline, format!("has dropped {count} messages"))
        }
        Observation::Crashed => of_process(Kind::Process, "the process ends".into()),
        Observation::Started { recovered } => of_process(
            Kind::Process,
            format!("a process starts with batch {}", recovered.0),
        ),
        _ => of_process(Kind::Deadline, "a deadline has come".into()),
    }
}

fn ended(connection: ConnectionNumber, client: Option<usize>, text: String) -> Entry {
    Entry {
        client,
        connection: Some(connection),
        ..Entry::new(Way::Server, Kind::Connection, text)
    }
}
