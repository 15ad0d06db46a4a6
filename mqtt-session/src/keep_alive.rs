use core::time::Duration;

use crate::Instant;

/// The server's side of Keep Alive: how long a client may be silent. Standard: MQTT 5.0 §3.1.2.10.
///
/// A packet only notes the time; the timer looks when it fires.
///
/// ```
/// use mqtt_session::{Instant, KeepAlive};
///
/// let at = |seconds: f64| Instant::from_micros((seconds * 1e6) as u64);
/// let mut keep_alive = KeepAlive::new(10, at(0.0));
/// keep_alive.note_packet(at(7.0));
/// // The timer of the first deadline fires: not yet.
/// assert!(!keep_alive.is_over(at(15.0)));
/// assert_eq!(keep_alive.deadline(), Some(at(22.0)));
/// assert!(keep_alive.is_over(at(22.0)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Seconds; 0 turns it off.
    interval: u16,
    last_packet: Instant,
}

impl KeepAlive {
    /// From CONNECT on. `interval` is in seconds, as in CONNECT or CONNACK; 0 means that the client may be silent.
    #[must_use]
    pub const fn new(interval: u16, now: Instant) -> Self {
        Self {
            interval,
            last_packet: now,
        }
    }

    /// A whole packet came.
    #[inline]
    pub fn note_packet(&mut self, now: Instant) {
        self.last_packet = now;
    }

    /// One and a half times the interval after the last packet [MQTT-3.1.2-22], to the microsecond; `None` for never.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        (self.interval > 0).then(|| self.last_packet + Self::allowed_silence(self.interval))
    }

    /// Whether the client was silent for too long.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// One and a half times an interval in seconds.
    #[must_use]
    pub const fn allowed_silence(interval: u16) -> Duration {
        Duration::from_millis(interval as u64 * 1_500)
    }
}

/// The client's side of Keep Alive: when to send PINGREQ, and when its PINGRESP is overdue.
/// Standard: MQTT 5.0 §3.1.2.10, §3.12.
///
/// PINGREQ is due when nothing was sent for the interval [MQTT-3.1.2-20], and also when nothing came for so long: who
/// sends all the time would not notice otherwise that the server is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// `None` when Keep Alive is off.
    interval: Option<Duration>,
    patience: Duration,
    last_sent: Instant,
    last_received: Instant,
    /// When the PINGREQ was sent whose PINGRESP has not come.
    asked: Option<Instant>,
}

/// What [`Ping`] wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PingDue {
    /// Nothing yet.
    Nothing,
    /// Send PINGREQ, and call [`Ping::note_pingreq`].
    Pingreq,
    /// The server has not answered: close the connection.
    Overdue,
}

impl Ping {
    /// From CONNECT on, or from the last AUTH behind it. `interval` is in seconds, 0 turns it off; `patience` is how long
    /// PINGRESP may take, and at most the interval, since something has to be sent again by then.
    #[must_use]
    pub fn new(interval: u16, patience: Duration, now: Instant) -> Self {
        let interval = (interval > 0).then(|| Duration::from_secs(interval.into()));
        let patience = interval.map_or(patience, |interval| patience.min(interval));
        Self {
            interval,
            patience,
            last_sent: now,
            last_received: now,
            asked: None,
        }
    }

    /// A packet was sent.
    #[inline]
    pub fn note_sent(&mut self, now: Instant) {
        self.last_sent = now;
    }

    /// An answer was sent to what came: not before that.
    #[inline]
    pub fn note_answered(&mut self) {
        self.last_sent = self.last_sent.max(self.last_received);
    }

    /// A whole packet came, and with it the sign that the server is there.
    #[inline]
    pub fn note_received(&mut self, now: Instant) {
        self.last_received = now;
    }

    /// PINGREQ was sent.
    pub fn note_pingreq(&mut self, now: Instant) {
        self.note_sent(now);
        self.asked.get_or_insert(now);
    }

    /// PINGRESP came.
    pub fn note_pingresp(&mut self) {
        self.asked = None;
    }

    /// When to look at [`due`](Self::due) again; `None` for never.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let interval = self.interval?;
        Some(match self.overdue() {
            Some(overdue) => overdue.min(self.last_sent + interval),
            None => self.last_sent.min(self.last_received) + interval,
        })
    }

    /// What is to be done now.
    #[must_use]
    pub fn due(&self, now: Instant) -> PingDue {
        if self.overdue().is_some_and(|overdue| overdue <= now) {
            PingDue::Overdue
        } else if self.deadline().is_some_and(|deadline| deadline <= now) {
            PingDue::Pingreq
        } else {
            PingDue::Nothing
        }
    }

    /// When patience ends with a PINGREQ that was not answered. What comes in the meantime shows that the server is there:
    /// the answer stands behind it.
    fn overdue(&self) -> Option<Instant> {
        self.asked
            .map(|asked| asked.max(self.last_received) + self.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    #[test]
    fn a_client_may_be_silent_for_one_and_a_half_intervals() {
        let mut keep_alive = KeepAlive::new(1, at(0));
        assert!(!keep_alive.is_over(Instant::from_micros(1_499_999)));
        assert!(keep_alive.is_over(Instant::from_micros(1_500_000)));
        keep_alive.note_packet(Instant::from_micros(1));
        assert_eq!(keep_alive.deadline(), Some(Instant::from_micros(1_500_001)));
        assert_eq!(KeepAlive::new(0, at(0)).deadline(), None);
        assert_eq!(
            KeepAlive::allowed_silence(u16::MAX),
            Duration::from_micros(98_302_500_000)
        );
    }

    #[test]
    fn pingreq_is_due_when_either_direction_is_silent() {
        let mut ping = Ping::new(10, Duration::from_secs(3), at(0));
        ping.note_sent(at(9_000));
        assert_eq!(
            (ping.due(at(9_999)), ping.due(at(10_000))),
            (PingDue::Nothing, PingDue::Pingreq)
        );
        ping.note_received(at(9_500));
        assert_eq!(ping.deadline(), Some(at(19_000)));
        ping.note_pingreq(at(19_000));
        assert_eq!(
            (ping.due(at(21_999)), ping.due(at(22_000))),
            (PingDue::Nothing, PingDue::Overdue)
        );
        ping.note_pingresp();
        ping.note_received(at(21_000));
        assert_eq!(ping.deadline(), Some(at(29_000)));
    }

    #[test]
    fn an_answer_behind_a_long_transfer_is_waited_for() {
        let mut ping = Ping::new(10, Duration::from_secs(3), at(0));
        ping.note_pingreq(at(10_000));
        ping.note_received(at(12_000));
        assert_eq!(
            (ping.due(at(13_000)), ping.deadline()),
            (PingDue::Nothing, Some(at(15_000)))
        );
        ping.note_received(at(19_000));
        assert_eq!(
            (ping.due(at(20_000)), ping.deadline()),
            (PingDue::Pingreq, Some(at(20_000)))
        );
        ping.note_pingreq(at(20_000));
        assert_eq!(ping.due(at(22_000)), PingDue::Overdue);
    }

    #[test]
    fn pingresp_may_take_no_longer_than_the_interval() {
        let mut ping = Ping::new(5, Duration::from_secs(60), at(0));
        ping.note_pingreq(at(5_000));
        assert_eq!(ping.deadline(), Some(at(10_000)));
        assert_eq!(ping.due(at(10_000)), PingDue::Overdue);
        assert_eq!(
            Ping::new(0, Duration::from_secs(60), at(0)).deadline(),
            None
        );
    }
}
