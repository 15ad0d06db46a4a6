use mqtt_codec::Version;

use super::lives::{Lives, Presence};
use super::{Broken, Check, Rule};
use crate::observation::{Context, Observation};
use crate::profile::Server;

/// A session is there for as long as its expiry says, across crashes of the broker too, and no longer.
///
/// It judges what CONNACK says by what there was when CONNECT came. Where the broker may have either, both are right:
/// [`Lives`] says when. 3.1 has no such flag.
#[derive(Debug, Default)]
pub struct Lifetime {
    lives: Lives,
}

impl Lifetime {
    /// Nothing was observed yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Check for Lifetime {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.lives.observe(context, observation);
        let Observation::Connected {
            client,
            connection,
            session_present,
        } = *observation
        else {
            return Ok(());
        };
        let Some(profile) = context.setting.clients.get(client) else {
            return Ok(());
        };
        let Some(arrival) = self.lives.arrival(client, connection) else {
            return Ok(());
        };
        if profile.server != Server::Broker || profile.version == Version::V3_1 {
            return Ok(());
        }
        let what = match (session_present, arrival.clean_start, arrival.older) {
            (true, true, _) => "a session is present after a clean start",
            (true, false, Presence::Gone) => "a session is present that has ended",
            (false, false, Presence::Alive) => "a session is not present that goes on",
            (true, false, Presence::Alive | Presence::Unsure)
            | (false, true, _)
            | (false, false, Presence::Unsure | Presence::Gone) => return Ok(()),
        };
        Err(Broken::new(Rule::SessionLifetime, what).of_client(client))
    }
}

#[cfg(test)]
mod tests {
    use mqtt_broker_core::Persistence;
    use mqtt_broker_core::Position;
    use mqtt_codec::reason_code::ConnectReasonCode;

    use super::*;
    use crate::check::stage::{Connecting, Stage, assert_broken, resuming};

    const CLEAN: Connecting = Connecting {
        clean_start: true,
        ..resuming(0)
    };

    #[test]
    fn a_session_is_present_until_its_expiry_has_passed() {
        for (seconds, present, absent) in [
            (0, true, false),
            (99, true, false),
            (100, true, true),
            (101, true, true),
        ] {
            let after = |session_present| {
                let (mut stage, mut check) = (Stage::default(), Lifetime::new());
                let first = stage.begin(&mut check, 0);
                stage.pass(1_000);
                stage.cut(&mut check, 0, first);
                stage.pass(seconds);
                stage
                    .connect(&mut check, resuming(0), session_present)
                    .map(|_| ())
            };
            // At its end until the timer has come, it may still be there.
            assert_eq!(after(true).is_ok(), present, "{seconds}");
            assert_eq!(after(false).is_ok(), absent, "{seconds}");
        }
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        let first = stage.begin(&mut check, 0);
        stage.cut(&mut check, 0, first);
        stage.pass(99);
        let connected = stage.connect(&mut check, resuming(0), false).map(|_| ());
        assert_broken(connected, Rule::SessionLifetime, 0, None);
    }

    #[test]
    fn a_session_whose_time_is_over_when_the_timer_came_is_gone() {
        for (timer, is_fine) in [(99, true), (100, false)] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.cut(&mut check, 0, first);
            stage.pass(timer);
            stage.times_out(&mut check);
            stage.pass(100);
            let connected = stage.connect(&mut check, resuming(0), true).map(|_| ());
            match is_fine {
                true => assert_eq!(connected, Ok(())),
                false => assert_broken(connected, Rule::SessionLifetime, 0, None),
            }
        }
    }

    #[test]
    fn a_client_that_was_never_there_has_no_session() {
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        let connected = stage.connect(&mut check, resuming(0), true).map(|_| ());
        assert_broken(connected, Rule::SessionLifetime, 0, None);
    }

    #[test]
    fn a_clean_start_ends_the_session() {
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        let first = stage.begin(&mut check, 0);
        stage.cut(&mut check, 0, first);
        let connected = stage.connect(&mut check, CLEAN, false);
        stage.cut(&mut check, 0, connected.unwrap());
        let connected = stage.connect(&mut check, CLEAN, true).map(|_| ());
        assert_broken(connected, Rule::SessionLifetime, 0, None);
    }

    #[test]
    fn a_session_whose_connack_was_lost_is_present_the_next_time() {
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        for session_present in [true, false] {
            let lost = stage.connecting(&mut check, CLEAN);
            stage.arrives(&mut check, CLEAN, lost);
            stage.answers(&mut check, 0, lost);
            // The next connection takes it over, before the broker knows.
            let next = stage.connecting(&mut check, resuming(0));
            stage.arrives(&mut check, resuming(0), next);
            stage.lost(&mut check, 0, lost);
            stage.answers(&mut check, 0, next);
            let connected = stage.connected(&mut check, 0, next, session_present);
            match session_present {
                true => assert_eq!(connected, Ok(())),
                false => assert_broken(connected, Rule::SessionLifetime, 0, None),
            }
        }
    }

    #[test]
    fn a_connect_that_never_came_ends_nothing_and_a_late_one_does() {
        for is_late in [true, false] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.cut(&mut check, 0, first);
            let late = stage.connecting(&mut check, CLEAN);
            let second = stage.connect(&mut check, resuming(0), true).unwrap();
            if is_late {
                stage.arrives(&mut check, CLEAN, late);
                stage.lost(&mut check, 0, late);
                stage.pass(101);
                stage.times_out(&mut check);
            }
            stage.cut(&mut check, 0, second);
            let connected = stage.connect(&mut check, resuming(0), false).map(|_| ());
            match is_late {
                true => assert_eq!(connected, Ok(())),
                false => assert_broken(connected, Rule::SessionLifetime, 0, None),
            }
        }
    }

    #[test]
    fn disconnect_sets_the_expiry_anew() {
        for (expiry, seconds, session_present, is_fine) in [
            (Some(0), 0, false, true),
            (Some(0), 0, true, false),
            (Some(10), 9, false, false),
            (Some(10), 11, false, true),
            (Some(200), 150, false, false),
            (None, 99, false, false),
        ] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.leave(&mut check, 0, first, expiry);
            stage.pass(seconds);
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert_eq!(connected.is_ok(), is_fine, "{expiry:?} {seconds}");
        }
    }

    #[test]
    fn the_broker_has_a_longest_expiry_and_never_means_never() {
        let forever = Connecting {
            expiry: u32::MAX,
            ..resuming(0)
        };
        for (maximum, is_fine) in [(u32::MAX, false), (50, true)] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            stage.setting.broker.maximum_session_expiry = maximum;
            let first = stage.connect(&mut check, forever, false).unwrap();
            stage.cut(&mut check, 0, first);
            stage.pass(1_000_000);
            stage.times_out(&mut check);
            let connected = stage.connect(&mut check, forever, false);
            assert_eq!(connected.is_ok(), is_fine);
        }
    }

    #[test]
    fn clean_sessions_of_3_x_end_with_their_connection_and_others_do_not() {
        let clean = Connecting { expiry: 0, ..CLEAN };
        for (connecting, session_present, is_fine) in [
            (clean, false, true),
            (resuming(0), false, false),
            (resuming(0), true, true),
        ] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            stage.setting.clients[0].version = Version::V3_1_1;
            let first = stage.connect(&mut check, connecting, false).unwrap();
            stage.cut(&mut check, 0, first);
            stage.pass(101);
            let connected = stage.connect(&mut check, connecting, session_present);
            assert_eq!(connected.is_ok(), is_fine);
        }
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        stage.setting.clients[0].version = Version::V3_1;
        let first = stage.begin(&mut check, 0);
        stage.cut(&mut check, 0, first);
        assert!(stage.connect(&mut check, resuming(0), false).is_ok());
    }

    #[test]
    fn a_session_that_connack_confirmed_survives_a_crash() {
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        stage.begin(&mut check, 0);
        stage.crash(&mut check);
        stage.pass(1_000);
        // Its connection ended now.
        stage.start(&mut check, 0);
        stage.pass(99);
        let connected = stage.connect(&mut check, resuming(0), false).map(|_| ());
        assert_broken(connected, Rule::SessionLifetime, 0, None);
    }

    #[test]
    fn a_broker_without_a_store_forgets_all_sessions() {
        for session_present in [true, false] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            stage.setting.broker.persistence = Persistence::None;
            stage.begin(&mut check, 0);
            stage.crash(&mut check);
            stage.start(&mut check, 0);
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert_eq!(connected.is_ok(), !session_present);
        }
    }

    #[test]
    fn a_crash_before_connack_brings_the_older_session_back_or_not() {
        for session_present in [true, false] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.cut(&mut check, 0, first);
            let lost = stage.connecting(&mut check, CLEAN);
            stage.arrives(&mut check, CLEAN, lost);
            stage.lost(&mut check, 0, lost);
            stage.crash(&mut check);
            stage.start(&mut check, 0);
            // Either one is there, so one has to be.
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert_eq!(connected.is_ok(), session_present);
        }
        for session_present in [true, false] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let lost = stage.connecting(&mut check, CLEAN);
            stage.arrives(&mut check, CLEAN, lost);
            stage.crash(&mut check);
            stage.start(&mut check, 0);
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert!(connected.is_ok());
        }
    }

    #[test]
    fn what_was_recovered_is_not_undone() {
        // The end of the session was in batch 1.
        for (recovered, is_fine) in [(0, true), (1, false)] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.leave(&mut check, 0, first, Some(0));
            let position = Position(1);
            stage.fine(&mut check, &Observation::HandedOut { position });
            stage.crash(&mut check);
            stage.start(&mut check, recovered);
            let connected = stage.connect(&mut check, resuming(0), true);
            assert_eq!(connected.is_ok(), is_fine, "{recovered}");
        }
    }

    #[test]
    fn a_clock_that_jumps_between_processes_is_believed() {
        let down = |from: u64, to: u64, session_present| {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let first = stage.begin(&mut check, 0);
            stage.cut(&mut check, 0, first);
            let position = Position(1);
            stage.fine(&mut check, &Observation::HandedOut { position });
            stage.pass(from);
            stage.times_out(&mut check);
            stage.crash(&mut check);
            stage.broker_now = 1_000 + to;
            stage.start(&mut check, 1);
            stage.times_out(&mut check);
            stage
                .connect(&mut check, resuming(0), session_present)
                .is_ok()
        };
        // Forward: its time is over.
        assert_eq!((down(10, 150, true), down(10, 150, false)), (false, true));
        // Back: it was not over, and is not.
        assert_eq!((down(90, 20, true), down(90, 20, false)), (true, false));
        // Back: it was over, and may be so for good.
        assert_eq!((down(150, 20, true), down(150, 20, false)), (true, true));
    }

    #[test]
    fn a_refusal_and_a_client_without_rules_leave_both_possible() {
        for session_present in [true, false] {
            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            let refused = stage.connecting(&mut check, resuming(0));
            stage.arrives(&mut check, resuming(0), refused);
            let reason = ConnectReasonCode::ServerBusy;
            stage.answers_with(&mut check, 0, refused, reason);
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert!(connected.is_ok());

            let (mut stage, mut check) = (Stage::default(), Lifetime::new());
            stage.begin(&mut check, 0);
            stage.arrives_from_nobody(&mut check, CLEAN);
            let connected = stage.connect(&mut check, resuming(0), session_present);
            assert!(connected.is_ok());
        }
    }

    #[test]
    fn a_connect_on_a_connection_that_is_over_does_nothing() {
        let (mut stage, mut check) = (Stage::default(), Lifetime::new());
        let first = stage.begin(&mut check, 0);
        stage.cut(&mut check, 0, first);
        let over = stage.connecting(&mut check, CLEAN);
        stage.lost(&mut check, 0, over);
        stage.arrives(&mut check, CLEAN, over);
        stage.pass(101);
        stage.times_out(&mut check);
        let connected = stage.connect(&mut check, resuming(0), true).map(|_| ());
        assert_broken(connected, Rule::SessionLifetime, 0, None);
    }
}
