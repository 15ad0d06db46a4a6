//! How many descriptors the process may have.

use std::io;

/// How many connections the process can hold: 80 % of its descriptors, of which 32 are kept for files. The limit is raised
/// to the hard limit first.
pub(crate) fn connections() -> usize {
    // Without a known limit that of a small system counts.
    connections_of(raise().unwrap_or(1_024))
}

fn connections_of(descriptors: usize) -> usize {
    (descriptors / 5 * 4)
        .min(descriptors.saturating_sub(32))
        .max(1)
}

/// Raises the limit of open descriptors to the hard limit, and says what it is then.
#[cfg(unix)]
fn raise() -> io::Result<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // A system may have a lower limit of its own, which the hard limit does not show.
    let current = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    Ok(current
        .and_then(|current| usize::try_from(current).ok())
        .map_or(MOST, |current| current.min(MOST)))
}

#[cfg(not(unix))]
fn raise() -> io::Result<usize> {
    Ok(MOST)
}

/// Systems that say "no limit" have about this one.
const MOST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_and_at_least_32_descriptors_are_kept() {
        assert_eq!(connections_of(1_000_000), 800_000);
        assert_eq!(connections_of(1_000), 800);
        assert_eq!(connections_of(160), 128);
        assert_eq!(connections_of(100), 68);
        assert_eq!(connections_of(10), 1);
    }

    #[test]
    fn the_process_can_hold_connections() {
        assert!((1..=MOST).contains(&connections()));
    }
}
