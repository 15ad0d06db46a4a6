//! `$SYS/broker/`: the numbers of the broker as retained messages, by mosquitto's names.

use core::time::Duration;

use mqtt_broker_core::Message;
use mqtt_codec::{TopicName, TopicNameBuf};
use runtime_tokio::Statistics;

/// How often they are published.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// All of them.
pub(crate) fn messages(
    statistics: &Statistics,
    uptime: Duration,
) -> impl Iterator<Item = Message> + use<> {
    let Statistics {
        counters, gauges, ..
    } = statistics;
    let values = [
        (
            "$SYS/broker/version",
            format!("mqttd version {}", env!("CARGO_PKG_VERSION")),
        ),
        (
            "$SYS/broker/uptime",
            format!("{} seconds", uptime.as_secs()),
        ),
        (
            "$SYS/broker/clients/connected",
            gauges.connected.to_string(),
        ),
        ("$SYS/broker/clients/total", gauges.sessions.to_string()),
        (
            "$SYS/broker/messages/received",
            counters.packets_received.to_string(),
        ),
        (
            "$SYS/broker/messages/sent",
            counters.packets_sent.to_string(),
        ),
        (
            "$SYS/broker/subscriptions/count",
            gauges.subscriptions.to_string(),
        ),
        (
            "$SYS/broker/retained messages/count",
            gauges.retained_messages.to_string(),
        ),
    ];
    values.into_iter().filter_map(|(topic, value)| {
        let topic = TopicNameBuf::from(TopicName::new(topic).ok()?);
        Some(Message::builder(topic, value.into()).retain(true).build())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_mosquittos_names_and_are_retained() {
        let messages: Vec<_> =
            messages(&Statistics::default(), Duration::from_millis(12_900)).collect();
        let topics: Vec<_> = messages
            .iter()
            .map(|message| message.topic().as_str())
            .collect();
        assert_eq!(
            topics,
            [
                "$SYS/broker/version",
                "$SYS/broker/uptime",
                "$SYS/broker/clients/connected",
                "$SYS/broker/clients/total",
                "$SYS/broker/messages/received",
                "$SYS/broker/messages/sent",
                "$SYS/broker/subscriptions/count",
                "$SYS/broker/retained messages/count",
            ]
        );
        assert!(messages.iter().all(Message::retain));
        assert_eq!(messages[1].payload(), "12 seconds");
    }
}
