//! Who there is.

use core::num::NonZeroU16;
use core::time::Duration;

use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::packet::{RetainHandling, SubscriptionOptions};
use mqtt_codec::{Limits, QoS, Version};

use super::grid::Grid;
use crate::names::{Filter, Names};
use crate::observation::Setting;
use crate::profile::{Lasting, Profile, Server, WillProfile};
use crate::random::{Random, Stream};
use crate::scenario::Scenario;

/// The clients of a seed, with all names. Behind them the observer, which no plan speaks of.
pub(super) fn setting(seed: u64, scenario: &Scenario) -> Setting {
    let mut names = Names::default();
    Grid::add_topics(scenario.clients, &mut names);
    let wants_echo = scenario.clients >= WORTH_ECHO && scenario.echo_percent > 0;
    let mut clients: Vec<Profile> = Vec::new();
    for client in 0..scenario.clients {
        let is_echo = |profile: &Profile| profile.server == Server::Echo;
        let is_last_chance = client + 1 == scenario.clients && !clients.iter().any(is_echo);
        let echo_percent = match wants_echo && is_last_chance {
            true => 100,
            false => scenario.echo_percent,
        };
        let mut random = Random::new(seed, Stream::Profile(client));
        clients.extend(profile(
            &mut random,
            &mut names,
            scenario,
            (client, echo_percent),
        ));
    }
    clients.extend(observer(&mut names));
    Setting {
        names,
        clients,
        broker: scenario.broker.clone(),
    }
}

fn profile(
    random: &mut Random,
    names: &mut Names,
    scenario: &Scenario,
    (client, echo_percent): (usize, u64),
) -> Option<Profile> {
    if client == WATCHER {
        return watcher(names);
    }
    let version = *random.pick(&VERSIONS)?;
    let server = if random.percent(echo_percent) {
        Server::Echo
    } else {
        Server::Broker
    };
    let session = match random.below(10) {
        0..=5 => Lasting::For(600),
        6 => Lasting::For(u32::try_from(random.between(1..=4)).ok()?),
        _ => Lasting::Clean,
    };
    // The clock of the echo server is not the broker's: no session ends there while somebody watches.
    let session = match session {
        Lasting::For(_) if server == Server::Echo => Lasting::For(600),
        Lasting::Clean | Lasting::For(_) => session,
    };
    let has_will = server == Server::Broker && random.percent(30);
    let will = has_will.then(|| will(random, names, client)).flatten();
    names.add_topic(&format!("echo/{client}"));
    // Clients of 3.x cannot say what they do not take.
    let is_v5 = version.has_properties();
    let receive_maximum = *random.pick(&[1, 2, 10, 100, 1_000])?;
    let is_small = random.percent(10);
    let grid = Grid::new(scenario.clients, receive_maximum);
    let subscriptions = match server {
        Server::Broker => subscriptions(random, names, grid),
        Server::Echo => Vec::from([(
            names.add_filter(&format!("echo/{client}"))?,
            // It is itself that it hears.
            SubscriptionOptions {
                no_local: false,
                ..options(random)
            },
        )]),
    };
    Some(Profile {
        version,
        server,
        session,
        receive_maximum: NonZeroU16::new(if is_v5 { receive_maximum } else { 1_000 })?,
        maximum_packet_size: if is_v5 && is_small {
            600
        } else {
            Limits::default().packet_size
        },
        keep_alive: Duration::from_secs(random.between(2..=6)),
        will,
        subscriptions,
    })
}

/// Who connects when everything is at rest, and gets all messages.
fn observer(names: &mut Names) -> Option<Profile> {
    let options = SubscriptionOptions {
        maximum_qos: QoS::ExactlyOnce,
        retain_as_published: true,
        ..SubscriptionOptions::default()
    };
    Some(Profile {
        session: Lasting::Clean,
        subscriptions: Vec::from([(names.add_filter("#")?, options)]),
        ..watcher(names)?
    })
}

/// Who gets all wills.
fn watcher(names: &mut Names) -> Option<Profile> {
    let options = SubscriptionOptions {
        maximum_qos: QoS::ExactlyOnce,
        ..SubscriptionOptions::default()
    };
    Some(Profile {
        version: Version::V5_0,
        server: Server::Broker,
        session: Lasting::For(600),
        receive_maximum: NonZeroU16::new(100)?,
        maximum_packet_size: Limits::default().packet_size,
        keep_alive: Duration::from_secs(5),
        will: None,
        subscriptions: Vec::from([(names.add_filter("will/+")?, options)]),
    })
}

fn will(random: &mut Random, names: &mut Names, client: usize) -> Option<WillProfile> {
    Some(WillProfile {
        topic: names.add_topic(&format!("will/{client}"))?,
        qos: *random.pick(&ALL_QOS)?,
        retain: random.percent(20),
        delay: u32::try_from(random.below(4)).ok()?,
    })
}

fn subscriptions(
    random: &mut Random,
    names: &mut Names,
    grid: Grid,
) -> Vec<(Filter, SubscriptionOptions)> {
    let count = 1 + random.below(3);
    (0..count)
        .filter_map(|_| grid.subscription(random, names))
        .collect()
}

pub(super) fn options(random: &mut Random) -> SubscriptionOptions {
    SubscriptionOptions {
        maximum_qos: random.pick(&ALL_QOS).copied().unwrap_or_default(),
        no_local: random.percent(10),
        retain_as_published: random.percent(20),
        retain_handling: match random.below(4) {
            0 => RetainHandling::SendIfNew,
            1 => RetainHandling::DoNotSend,
            _ => RetainHandling::SendAtSubscribe,
        },
    }
}

/// How many clients there are at least where one of them has to be the echo server's.
const WORTH_ECHO: usize = 20;
/// The client that is subscribed to all wills.
pub(super) const WATCHER: usize = 0;
const VERSIONS: [Version; 5] = [
    Version::V5_0,
    Version::V5_0,
    Version::V5_0,
    Version::V3_1_1,
    Version::V3_1,
];
pub(super) const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Topic;

    /// Else nobody would miss a will.
    #[test]
    fn the_watcher_is_subscribed_to_the_wills_that_there_are_and_to_nothing_else() {
        for seed in 0..20 {
            let scenario = Scenario {
                clients: 40,
                ..Scenario::default()
            };
            let setting = setting(seed, &scenario);
            let [(filter, options)] = setting.clients[WATCHER].subscriptions[..] else {
                panic!("one filter");
            };
            let names = &setting.names;
            let watched = |topic: &Topic| names.matching(*topic).contains(&filter);
            let mut watched: Vec<Topic> = names.topics().filter(watched).collect();
            let wills = setting.clients.iter().filter_map(|profile| profile.will);
            let mut wills: Vec<Topic> = wills.map(|will| will.topic).collect();
            watched.sort_unstable();
            wills.sort_unstable();
            assert_eq!(watched, wills);
            assert!(!wills.is_empty());
            assert_eq!(options.maximum_qos, QoS::ExactlyOnce);
        }
    }
}
