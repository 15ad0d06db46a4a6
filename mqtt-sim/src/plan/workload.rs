//! What applications do.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::QoS;

use super::clients;
use super::grid::Grid;
use super::step::{Planned, Publication, Step, Will};
use crate::names::Names;
use crate::observation::Setting;
use crate::profile::Server;
use crate::random::Random;
use crate::scenario::Scenario;

/// The life of a client: it begins soon, publishes, and changes its subscriptions now and then.
pub(super) fn add(
    random: &mut Random,
    scenario: &Scenario,
    setting: &mut Setting,
    client: usize,
    steps: &mut Vec<Planned>,
) {
    let Some(profile) = setting.clients.get(client) else {
        return;
    };
    let server = profile.server;
    let grid = Grid::new(scenario.clients, profile.receive_maximum.get());
    let begin = random.span(Duration::ZERO..=BEGIN);
    let begin = if client == clients::WATCHER {
        Duration::ZERO
    } else {
        begin
    };
    steps.push(Planned {
        at: begin,
        step: Step::Begin { client },
    });
    for at in times(random, begin, scenario.publish_every, scenario.span) {
        let Some(publication) = publication(random, &setting.names, grid, (client, server)) else {
            continue;
        };
        let step = if publication.retain && random.percent(20) {
            let Publication { topic, qos, .. } = publication;
            Step::Remove { client, topic, qos }
        } else {
            Step::Publish {
                client,
                publication,
            }
        };
        steps.push(Planned { at, step });
    }
    // The watcher sees all wills, and echo clients themselves.
    if client == clients::WATCHER || server == Server::Echo {
        return;
    }
    add_subscriptions(random, scenario, setting, (client, begin), steps);
    for at in times(random, begin, LEAVE_EVERY, scenario.span) {
        let will = if random.percent(50) {
            Will::Dropped
        } else {
            Will::Published
        };
        let away = random.span(Duration::ZERO..=AWAY);
        steps.push(Planned {
            at,
            step: Step::Leave { client, will, away },
        });
    }
}

/// What a client subscribes to and unsubscribes from.
fn add_subscriptions(
    random: &mut Random,
    scenario: &Scenario,
    setting: &mut Setting,
    (client, begin): (usize, Duration),
    steps: &mut Vec<Planned>,
) {
    let Some(profile) = setting.clients.get(client) else {
        return;
    };
    let grid = Grid::new(scenario.clients, profile.receive_maximum.get());
    let mut current: Vec<_> = profile
        .subscriptions
        .iter()
        .map(|(filter, _)| *filter)
        .collect();
    for at in times(random, begin, scenario.subscribe_every, scenario.span) {
        let place = random.below(current.len());
        if current.len() > 2 || (random.percent(30) && !current.is_empty()) {
            let filter = current.remove(place);
            steps.push(Planned {
                at,
                step: Step::Unsubscribe { client, filter },
            });
        } else if let Some((filter, options)) = grid.subscription(random, &mut setting.names) {
            if !current.contains(&filter) {
                current.push(filter);
            }
            steps.push(Planned {
                at,
                step: Step::Subscribe {
                    client,
                    filter,
                    options,
                },
            });
        }
    }
}

fn publication(
    random: &mut Random,
    names: &Names,
    grid: Grid,
    (client, server): (usize, Server),
) -> Option<Publication> {
    let topic = match server {
        Server::Broker => grid.topic(random, names)?,
        Server::Echo => names.find_topic(&format!("echo/{client}"))?,
    };
    let qos = match random.below(10) {
        0..=3 => QoS::AtMostOnce,
        4..=6 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    };
    let bytes = match random.below(100) {
        0 => 5_000,
        1..=4 => 700,
        _ => 16 + random.below(100),
    };
    Some(Publication {
        topic,
        qos,
        retain: random.percent(5) && server == Server::Broker,
        expiry: random
            .percent(5)
            .then(|| 1 + u32::try_from(random.below(4)).unwrap_or(0))
            // The clock of the echo server is not the broker's.
            .filter(|_| server == Server::Broker),
        bytes,
    })
}

/// Moments behind `begin` with `every` between them, on average; none when that is zero.
pub(super) fn times(
    random: &mut Random,
    begin: Duration,
    every: Duration,
    span: Duration,
) -> Vec<Duration> {
    let mut times = Vec::new();
    if every.is_zero() {
        return times;
    }
    let mut at = begin;
    loop {
        at += random.span(Duration::from_micros(1)..=2 * every);
        if at >= span {
            return times;
        }
        times.push(at);
    }
}

/// When the last client begins.
const BEGIN: Duration = Duration::from_millis(500);
/// How much time passes between two orderly disconnections of a client, on average.
const LEAVE_EVERY: Duration = Duration::from_secs(30);
/// For how long a client stays away at most.
const AWAY: Duration = Duration::from_secs(2);
