//! The broker of a thread with the connections around it.

use alloc::rc::{Rc, Weak};
use core::cell::{RefCell, RefMut};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::task::Waker;

use mqtt_broker_core::{Action, Broker, Event, LinkId, Message};
use mqtt_session::Instant;
use tokio::sync::Notify;
use tokio::task::spawn_local;

use super::admission::Admission;
use super::authenticate::{Authenticator, authenticate};
use super::closing::Farewell;
use super::connection::{Connections, Phase, Reading};
use super::event::ServerEvent;
use super::limits::ConnectionLimits;
use super::reading::Reader;
use super::statistics::{AcceptCounters, Statistics};
use super::store_thread::StoreRequest;
use super::unread::UnreadBytes;
use crate::clock::Clock;

/// One shard. Its tasks share it; none holds a borrow of it over an await.
pub(crate) struct Shard {
    state: RefCell<State>,
    pub(crate) admission: Rc<Admission>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) clock: Clock,
    /// Rung when a panic has passed by what changes.
    pub(crate) failed: Notify,
}

/// What changes of a shard.
pub(crate) struct State {
    pub(crate) broker: Broker,
    pub(crate) connections: Connections,
    /// What all connections are read into.
    pub(crate) scratch: Box<[u8]>,
    /// Links that have something to write.
    pub(crate) dirty: Vec<LinkId>,
    pub(crate) turn: TurnState,
    pub(crate) clock: Clock,
    pub(crate) accepts: AcceptCounters,
    pub(crate) unread: UnreadBytes,
    pub(crate) hooks: Hooks,
    me: Weak<Shard>,
}

/// What a shard calls.
pub(crate) struct Hooks {
    pub(crate) on_event: Box<dyn FnMut(ServerEvent<'_>) + Send>,
    pub(crate) authenticator: Option<Rc<Authenticator>>,
    pub(crate) store: Option<std::sync::mpsc::Sender<StoreRequest>>,
}

/// The task that runs behind all that were ready.
#[derive(Debug, Default)]
pub(crate) struct TurnState {
    pub(crate) waker: Option<Waker>,
    /// Whether it was woken and did not run yet.
    pub(crate) woken: bool,
    /// When it wakes by itself.
    pub(crate) armed: Option<Instant>,
}

impl Shard {
    pub(crate) fn new(
        broker: Broker,
        clock: Clock,
        hooks: Hooks,
        limits: ConnectionLimits,
        unread: UnreadBytes,
        admission: Rc<Admission>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| {
            let state = State {
                broker,
                connections: Connections::default(),
                scratch: vec![0; SCRATCH].into(),
                dirty: Vec::new(),
                turn: TurnState::default(),
                clock,
                accepts: AcceptCounters::default(),
                unread,
                hooks,
                me: Weak::clone(me),
            };
            Self {
                state: RefCell::new(state),
                admission,
                limits,
                clock,
                failed: Notify::new(),
            }
        })
    }

    /// What changes, to change it.
    #[inline]
    pub(crate) fn state(&self) -> Changing<'_> {
        Changing {
            state: self.state.borrow_mut(),
            failed: &self.failed,
        }
    }

    /// Gives the broker a command or an input, and does what follows.
    pub(crate) fn apply(&self, input: impl FnOnce(&mut Broker, Instant)) {
        let now = self.clock.now();
        let mut state = self.state();
        input(&mut state.broker, now);
        state.follow(now);
        state.wake_turn();
    }

    /// Publishes for this process.
    pub(crate) fn publish(&self, message: Message) {
        self.apply(|broker, now| broker.publish(now, &message));
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let state = self.state.borrow();
        Statistics {
            counters: *state.broker.counters(),
            gauges: state.broker.gauges(),
            accepts: state.accepts,
            closed_for_unread: state.unread.closed,
        }
    }

    pub(crate) fn tell(&self, event: ServerEvent<'_>) {
        (self.state().hooks.on_event)(event);
    }
}

/// What changes of a shard, borrowed. When a panic passes by, it says so: what the tasks share may be half changed then.
pub(crate) struct Changing<'a> {
    state: RefMut<'a, State>,
    failed: &'a Notify,
}

impl Deref for Changing<'_> {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Changing<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Changing<'_> {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.failed.notify_one();
        }
    }
}

impl State {
    /// Does what the broker wants done.
    #[inline]
    pub(crate) fn follow(&mut self, now: Instant) {
        while let Some(action) = self.broker.poll_action() {
            self.follow_one(now, action);
        }
    }

    #[inline]
    fn follow_one(&mut self, now: Instant, action: Action) {
        match action {
            Action::Transmit { link } => self.dirty.push(link),
            Action::Flush { link } => self.write(now, link),
            Action::Pause { link } => self.set_reading(link, Reading::Paused),
            Action::Resume { link } => self.set_reading(link, Reading::Present),
            Action::Close { link, reason } => self.close(now, link, Farewell::to(&reason)),
            Action::Authenticate { link, request } => {
                if let (Some(authenticator), Some(shard)) =
                    (&self.hooks.authenticator, self.me.upgrade())
                {
                    spawn_local(authenticate(shard, Rc::clone(authenticator), link, request));
                }
            }
            Action::Persist { records, position } => {
                self.ask_store(StoreRequest::Commit { records, position })
            }
            Action::Page {
                client_id,
                from,
                messages,
                bytes,
            } => {
                self.ask_store(StoreRequest::Page {
                    client_id,
                    from,
                    messages,
                    bytes,
                });
            }
            Action::Notify(event) => {
                let connection = event_link(&event).and_then(|link| self.connections.get_mut(link));
                let address = connection.map(|connection| {
                    if matches!(event, Event::Connected { .. }) {
                        connection.permit.logged_in();
                    }
                    connection.permit.address()
                });
                (self.hooks.on_event)(ServerEvent::Broker {
                    address,
                    event: &event,
                });
            }
        }
    }

    fn set_reading(&mut self, link: LinkId, reading: Reading) {
        if let Some(connection) = self.connections.get_mut(link) {
            connection.reading = reading;
            if reading == Reading::Present {
                connection.wake_reader();
            }
        }
    }

    fn ask_store(&self, request: StoreRequest) {
        if let Some(store) = &self.hooks.store {
            // The thread is gone only when the server is.
            let _ = store.send(request);
        }
    }

    /// Has the turn's task run if there is something for it.
    #[inline]
    pub(crate) fn wake_turn(&mut self) {
        if self.turn.woken || (self.dirty.is_empty() && !self.is_sooner()) {
            return;
        }
        self.turn.woken = true;
        if let Some(waker) = &self.turn.waker {
            waker.wake_by_ref();
        }
    }

    /// Whether the broker's next deadline is before the moment for which the turn's task is armed.
    #[inline]
    fn is_sooner(&self) -> bool {
        match (self.broker.poll_timeout(), self.turn.armed) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(deadline), Some(armed)) => deadline < armed,
        }
    }

    /// Starts the task that reads a connection.
    pub(crate) fn spawn_reader(&self, link: LinkId) {
        if let Some(shard) = self.me.upgrade() {
            spawn_local(Reader::new(shard, link));
        }
    }

    pub(crate) fn shard(&self) -> Option<Rc<Shard>> {
        self.me.upgrade()
    }

    /// Marks a connection on which nothing can be sent any more and tells the broker.
    pub(crate) fn lose(&mut self, now: Instant, link: LinkId) {
        if let Some(connection) = self.connections.get_mut(link) {
            connection.phase = Phase::Lost;
        }
        self.broker.handle_closed(now, link);
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard").finish_non_exhaustive()
    }
}

/// Of whom an event tells.
fn event_link(event: &Event) -> Option<LinkId> {
    match event {
        Event::Connected { link, .. } | Event::Disconnected { link, .. } => Some(*link),
        Event::Refused { link, .. } => *link,
        _ => None,
    }
}

/// How much is read at once.
const SCRATCH: usize = 256 * 1024;
