//! The rules of matching, and the tree, the groups and the cache beside a naive model.

mod caching;
mod leftovers;
mod overlap;
mod properties;
mod reference;
mod rules;

use alloc::vec::Vec;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{QoS, TopicFilter, TopicName};

use super::{CacheLimits, SessionKey, Subscription, Subscriptions};

const ROOMY: CacheLimits = CacheLimits {
    topics: 1_000,
    targets: 1_000_000,
};

fn subscriptions(limits: CacheLimits) -> Subscriptions {
    Subscriptions::new([7; 16], limits)
}

fn filter(text: &str) -> TopicFilter<'_> {
    TopicFilter::new(text).unwrap()
}

fn topic(text: &str) -> TopicName<'_> {
    TopicName::new(text).unwrap()
}

/// With QoS 0, without options.
fn plain() -> Subscription {
    Subscription {
        options: SubscriptionOptions::default(),
        identifier: None,
    }
}

fn with_qos(maximum_qos: QoS) -> Subscription {
    Subscription {
        options: SubscriptionOptions {
            maximum_qos,
            ..SubscriptionOptions::default()
        },
        ..plain()
    }
}

fn with_no_local() -> Subscription {
    Subscription {
        options: SubscriptionOptions {
            no_local: true,
            ..SubscriptionOptions::default()
        },
        ..plain()
    }
}

fn with_identifier(number: u32) -> Subscription {
    Subscription {
        identifier: SubscriptionIdentifier::new(number),
        ..plain()
    }
}

const A: SessionKey = SessionKey(1);
const B: SessionKey = SessionKey(2);
const C: SessionKey = SessionKey(3);
