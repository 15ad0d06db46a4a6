use alloc::format;

use mqtt_codec::QoS;
use mqtt_codec::packet::SubscriptionOptions;

use super::clients;
use crate::names::{Filter, Names, Topic};
use crate::random::Random;

/// The topics that clients share, `a3/s7`: a square of areas and sensors, so large that a message has a few subscribers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    side: usize,
    /// How wide the filters of a client may be.
    width: u64,
}

impl Grid {
    /// The square in a world of so many clients, for one of them with this Receive Maximum: who takes one message after the
    /// other must not get all of them.
    pub(super) fn new(clients: usize, receive_maximum: u16) -> Self {
        Self {
            side: side(clients),
            width: match receive_maximum {
                0..10 => 79,
                10..100 => 98,
                100.. => 99,
            },
        }
    }

    /// Adds all its topics.
    pub(super) fn add_topics(clients: usize, names: &mut Names) {
        let side = side(clients);
        for area in 0..side {
            for sensor in 0..side {
                names.add_topic(&format!("a{area}/s{sensor}"));
            }
        }
    }

    /// A topic that a client publishes to.
    pub(super) fn topic(self, random: &mut Random, names: &Names) -> Option<Topic> {
        let (area, sensor) = (random.below(self.side), random.below(self.side));
        names.find_topic(&format!("a{area}/s{sensor}"))
    }

    /// A subscription: the wider the rarer.
    pub(super) fn subscription(
        self,
        random: &mut Random,
        names: &mut Names,
    ) -> Option<(Filter, SubscriptionOptions)> {
        let (area, sensor) = (random.below(self.side), random.below(self.side));
        let filter = match random.between(0..=self.width) {
            0..=79 => format!("a{area}/s{sensor}"),
            80..=84 => format!("a{area}/+"),
            85..=88 => format!("+/s{sensor}"),
            89..=91 => format!("a{area}/#"),
            92..=98 => format!("$share/g{}/a{area}/+", random.below(2)),
            _ => "#".into(),
        };
        let mut options = clients::options(random);
        // [MQTT-3.8.3-4]
        options.no_local &= !filter.starts_with("$share/");
        // All messages by QoS 2, each with its syncs, are more than some windows let through.
        if filter == "#" {
            options.maximum_qos = options.maximum_qos.min(QoS::AtLeastOnce);
        }
        Some((names.add_filter(&filter)?, options))
    }
}

fn side(clients: usize) -> usize {
    clients.isqrt().max(2)
}
