//! What the broker is started with.

use core::time::Duration;

use mqtt_broker_core::{Config, Persistence};

use crate::random::Random;

/// The limits of a seed: small ones, so that queues are paged, buffers are full and turns end, and large ones.
pub(super) fn limits(random: &mut Random, config: &Config) -> Config {
    let persistence = match random.percent(10) {
        true => Persistence::None,
        false => config.persistence,
    };
    let is_impatient = random.percent(30);
    let mut pick = |of: &[usize]| random.pick(of).copied().unwrap_or(1);
    Config {
        persistence,
        queue_head_messages: pick(&[1, 4, 16, 1_000]),
        send_buffer: pick(&[4, 16, 1_024]) * KIB,
        persist_backlog: pick(&[16, 64, 16_384]) * KIB,
        turn_bytes: pick(&[1, 16, 256]) * KIB,
        slice: pick(&[1, 16, 256]),
        match_cache_topics: pick(&[1, 64, 16_384]),
        receive_maximum: small(pick(&[4, 64, 1_024])),
        send_maximum: small(pick(&[16, 64, 1_024])),
        send_maximum_v3: small(pick(&[16, 128])),
        stall_limit: Duration::from_secs(if is_impatient { 2 } else { 30 }),
        queue_messages: pick(&[100, 10_000, 10_000, 10_000]),
        ..config.clone()
    }
}

fn small(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

const KIB: usize = 1_024;
