//! Who may connect now: decided from numbers, without a clock and without a socket.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use core::cell::RefCell;
use core::net::{IpAddr, SocketAddr};

use mqtt_session::Instant;
use tokio::sync::Notify;

use super::event::Refusal;
use super::limits::{ConnectionLimits, Loopback, Rate};

/// The connections of a shard, against their limits.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: ConnectionLimits,
    connections: usize,
    state: RefCell<State>,
    /// Rung when a connection ends.
    pub(crate) left: Notify,
}

#[derive(Debug, Default)]
struct State {
    open: usize,
    /// Connections that are not logged in, without those that have no limits.
    before_login: usize,
    listeners: Vec<Bucket>,
    addresses: BTreeMap<IpAddr, Address>,
}

#[derive(Debug, Default)]
struct Address {
    open: usize,
    bucket: Bucket,
}

/// A place among the connections. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Rc<Admission>,
    address: SocketAddr,
    login: Login,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Login {
    Before,
    Done,
}

impl Admission {
    /// At most `connections` at a time, whatever `limits` says of them.
    pub(crate) fn new(limits: ConnectionLimits, connections: usize, listeners: usize) -> Rc<Self> {
        let listeners = vec![Bucket::default(); listeners];
        let state = RefCell::new(State {
            listeners,
            ..State::default()
        });
        Rc::new(Self {
            limits,
            connections,
            state,
            left: Notify::new(),
        })
    }

    /// Takes a place for a connection from `address` to the listener of that number.
    pub(crate) fn enter(
        self: &Rc<Self>,
        now: Instant,
        listener: usize,
        address: SocketAddr,
    ) -> Result<Permit, Refusal> {
        let mut state = self.state.borrow_mut();
        if state.open >= self.connections {
            return Err(Refusal::Connections);
        }
        if self.is_limited(address.ip()) {
            state.enter(&self.limits, now, listener, address.ip())?;
        }
        state.open += 1;
        Ok(Permit {
            admission: Rc::clone(self),
            address,
            login: Login::Before,
        })
    }

    /// How many places are taken.
    pub(crate) fn open(&self) -> usize {
        self.state.borrow().open
    }

    fn is_limited(&self, address: IpAddr) -> bool {
        self.limits.loopback == Loopback::Limited || !address.is_loopback()
    }
}

impl State {
    fn enter(
        &mut self,
        limits: &ConnectionLimits,
        now: Instant,
        listener: usize,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        self.forget_idle(now);
        let of = self.addresses.entry(address).or_default();
        if of.open >= limits.per_address {
            return Err(Refusal::PerAddress);
        }
        if self.before_login >= limits.before_login {
            return Err(Refusal::BeforeLogin);
        }
        if !of.bucket.take(now, limits.rate_per_address) {
            return Err(Refusal::RatePerAddress);
        }
        if !self
            .listeners
            .get_mut(listener)
            .is_none_or(|bucket| bucket.take(now, limits.rate))
        {
            return Err(Refusal::Rate);
        }
        of.open += 1;
        self.before_login += 1;
        Ok(())
    }

    /// Addresses without a connection are remembered for their rate; those that are at rest go when they are many.
    fn forget_idle(&mut self, now: Instant) {
        if self.addresses.len() > 2 * self.open + 1_024 {
            self.addresses
                .retain(|_, of| of.open > 0 || !of.bucket.is_full(now));
        }
    }
}

impl Permit {
    /// From where.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection has logged in.
    pub(crate) fn logged_in(&mut self) {
        if self.login == Login::Before {
            self.login = Login::Done;
            if self.admission.is_limited(self.address.ip()) {
                self.admission.state.borrow_mut().before_login -= 1;
            }
        }
    }

    fn of_address(&self, change: impl FnOnce(&mut Address)) {
        let address = self.address.ip();
        if self.admission.is_limited(address) {
            if let Some(of) = self
                .admission
                .state
                .borrow_mut()
                .addresses
                .get_mut(&address)
            {
                change(of);
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.logged_in();
        self.of_address(|of| of.open = of.open.saturating_sub(1));
        self.admission.state.borrow_mut().open -= 1;
        self.admission.left.notify_waiters();
    }
}

/// A bucket that fills with its rate: the moment at which it is full again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: u64,
}

impl Bucket {
    fn take(&mut self, now: Instant, rate: Rate) -> bool {
        let now = now.as_micros();
        let each = 1_000_000 / u64::from(rate.per_second.get());
        let full_at = self.full_at.max(now) + each;
        if full_at - now > each * u64::from(rate.burst.get()) {
            return false;
        }
        self.full_at = full_at;
        true
    }

    fn is_full(self, now: Instant) -> bool {
        self.full_at <= now.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_connections_holds_for_everybody() {
        let admission = Admission::new(ConnectionLimits::default(), 2, 1);
        let first = admission.enter(at(0), 0, from(LOOPBACK)).unwrap();
        let _second = admission.enter(at(0), 0, from(FAR)).unwrap();
        assert_eq!(
            admission.enter(at(0), 0, from(LOOPBACK)).unwrap_err(),
            Refusal::Connections
        );
        drop(first);
        assert_eq!(admission.open(), 1);
        assert!(admission.enter(at(0), 0, from(FAR)).is_ok());
    }

    #[test]
    fn an_address_has_so_many_connections_and_not_one_more() {
        let limits = ConnectionLimits {
            per_address: 3,
            ..ConnectionLimits::default()
        };
        let admission = Admission::new(limits, usize::MAX, 1);
        let mut permits: Vec<_> = (0..3)
            .map(|_| admission.enter(at(0), 0, from(FAR)).unwrap())
            .collect();
        assert_eq!(
            admission.enter(at(0), 0, from(FAR)).unwrap_err(),
            Refusal::PerAddress
        );
        assert!(admission.enter(at(0), 0, from(OTHER)).is_ok());
        permits.pop();
        assert!(admission.enter(at(0), 0, from(FAR)).is_ok());
    }

    #[test]
    fn so_many_connections_of_all_addresses_are_not_logged_in() {
        let limits = ConnectionLimits {
            before_login: 2,
            ..ConnectionLimits::default()
        };
        let admission = Admission::new(limits, usize::MAX, 2);
        let mut first = admission.enter(at(0), 0, from(FAR)).unwrap();
        let second = admission.enter(at(0), 1, from(OTHER)).unwrap();
        let enter = || admission.enter(at(0), 0, from(THIRD));
        assert_eq!(enter().unwrap_err(), Refusal::BeforeLogin);
        first.logged_in();
        first.logged_in();
        let _third = enter().unwrap();
        assert_eq!(enter().unwrap_err(), Refusal::BeforeLogin);
        drop(first);
        assert_eq!(enter().unwrap_err(), Refusal::BeforeLogin);
        drop(second);
        assert!(enter().is_ok());
    }

    /// No single address meets this limit: the one of addresses and its rate come first.
    #[test]
    fn the_limit_before_login_is_met_with_the_numbers_of_the_start() {
        let admission = Admission::new(ConnectionLimits::default(), usize::MAX, 1);
        let enter = |n: usize| {
            let address = IpAddr::V4((0xC000_0200 + u32::try_from(n / 50).unwrap()).into());
            admission.enter(at(0), 0, SocketAddr::new(address, 40_000))
        };
        let _permits: Vec<_> = (0..1_000).map(|n| enter(n).unwrap()).collect();
        assert_eq!(enter(1_000).unwrap_err(), Refusal::BeforeLogin);
        assert!(admission.enter(at(0), 0, from(LOOPBACK)).is_ok());
    }

    #[test]
    fn a_listener_takes_its_burst_and_then_its_rate() {
        let limits = ConnectionLimits {
            rate: Rate::new(2_000, 3),
            ..ConnectionLimits::default()
        };
        let admission = Admission::new(limits, usize::MAX, 2);
        let enter = |micros, listener| admission.enter(at(micros), listener, from(FAR)).map(drop);
        assert_eq!([0; 3].map(|micros| enter(micros, 0)), [Ok(()); 3]);
        assert_eq!(enter(0, 0), Err(Refusal::Rate));
        assert_eq!(enter(499, 0), Err(Refusal::Rate));
        assert_eq!(enter(500, 0), Ok(()));
        assert_eq!(enter(500, 0), Err(Refusal::Rate));
        assert_eq!(enter(500, 1), Ok(()));
    }

    #[test]
    fn an_address_has_a_rate() {
        let limits = ConnectionLimits {
            rate_per_address: Rate::new(50, 2),
            ..ConnectionLimits::default()
        };
        let admission = Admission::new(limits, usize::MAX, 1);
        let enter = |micros, address| admission.enter(at(micros), 0, from(address)).map(drop);
        assert_eq!((enter(0, FAR), enter(0, FAR)), (Ok(()), Ok(())));
        assert_eq!(enter(19_999, FAR), Err(Refusal::RatePerAddress));
        assert_eq!(enter(19_999, OTHER), Ok(()));
        assert_eq!(enter(20_000, FAR), Ok(()));
    }

    #[test]
    fn this_machine_is_exempt_unless_told_otherwise() {
        let one = Rate::new(1, 1);
        let mut limits = ConnectionLimits {
            per_address: 1,
            before_login: 1,
            rate: one,
            rate_per_address: one,
            ..ConnectionLimits::default()
        };
        let admission = Admission::new(limits.clone(), usize::MAX, 1);
        let _permits: Vec<_> = (0..10)
            .map(|_| admission.enter(at(0), 0, from(LOOPBACK)).unwrap())
            .collect();
        limits.loopback = Loopback::Limited;
        let admission = Admission::new(limits, usize::MAX, 1);
        let _permit = admission.enter(at(0), 0, from(LOOPBACK)).unwrap();
        assert_eq!(
            admission.enter(at(0), 0, from(LOOPBACK)).unwrap_err(),
            Refusal::PerAddress
        );
    }

    #[test]
    fn addresses_at_rest_are_forgotten() {
        let admission = Admission::new(ConnectionLimits::default(), usize::MAX, 0);
        for n in 0..10_000_u32 {
            let address = SocketAddr::new(IpAddr::V4(n.into()), 1);
            drop(
                admission
                    .enter(at(u64::from(n) * 1_000_000), 0, address)
                    .unwrap(),
            );
        }
        assert!(admission.state.borrow().addresses.len() <= 1_026);
    }

    const LOOPBACK: &str = "127.0.0.1";
    const FAR: &str = "192.0.2.1";
    const OTHER: &str = "192.0.2.2";
    const THIRD: &str = "192.0.2.3";

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    fn from(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 40_000)
    }
}
