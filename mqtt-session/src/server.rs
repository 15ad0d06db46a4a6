//! One connection's server side, for people who write a server or a test double of their own: see [`ServerSession`].

mod accept;
mod action;
mod answer;
mod authenticate;
mod close;
mod config;
mod connect;
mod receive;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::reason_code::PublishReasonCode;

pub use accept::{Accept, AcceptError, RefuseError};
pub use action::{
    Action, ConnectRequest, Disconnection, Event, RequestToken, SubscribeRequest,
    UnsubscribeRequest,
};
pub use answer::AnswerError;
pub use close::DisconnectError;
pub use config::Config;

use crate::endpoint::{Endpoint, Link};
use crate::{
    AcknowledgeError, Acknowledgement, Authentication, CloseReason, Counters, DeliveryToken,
    Instant, KeepAlive, Message, PublishError, PublishOutcome, PublishToken, SessionState,
    TxBuffer,
};
use answer::Request;
use connect::Deciding;

/// The server's side of one connection.
///
/// It keeps the rules of the connection and of its session; whom to let in, who subscribes to what and where messages go is
/// the caller's. (The broker of this family uses the flows of [`Session`](crate::Session) directly.)
///
/// ```text
///      handle_connected                CONNECT                accept
/// Idle ────────────────▶ AwaitConnect ─────────▶ Deciding ───────────▶ Connected
///   ▲                         │                    │ │ ▲                   │
///   │                         │                    │ └─┘ AUTH              │
///   └────────── Close ────────┴── refuse, Close ───┴──────── Close ────────┘
/// ```
///
/// # Contract
///
/// 1. After an input or a command, call [`poll_action`](Self::poll_action) until `None`, then read
///    [`poll_timeout`](Self::poll_timeout). Several inputs before that lose nothing.
/// 2. `now` never goes back. The session reads no clock, socket, thread or random number: an assigned Client Identifier is
///    an argument.
/// 3. The caller owns the read buffer. [`handle_bytes`](Self::handle_bytes) consumes whole packets from the front of `rx`
///    and says how many bytes; the caller keeps the rest and presents it again with more, or when told by
///    [`Action::Resume`]. Packets are encoded straight into [`tx`](Self::tx); encoding cannot fail.
/// 4. [`handle_timeout`](Self::handle_timeout) may come early, late or twice. After `handle_timeout(now)`, `poll_timeout` is
///    `None` or later than `now`, so no caller spins.
/// 5. The same inputs give the same actions.
/// 6. Every queue has a limit in [`Config`]. At the limit a command returns an error, and a peer that exceeds what was
///    announced is disconnected with the reason code the standard gives.
/// 7. After [`Action::Close`] nothing follows until [`handle_connected`](Self::handle_connected);
///    [`handle_closed`](Self::handle_closed) is answered by `Close`, unless it was given, so a loop has one exit. The
///    session's state is then there to be [taken](Self::take_state), and to be given to the next connection by
///    [`accept`](Self::accept).
///
/// # Example
///
/// ```
/// use mqtt_session::Instant;
/// use mqtt_session::server::{Accept, Action, Config, Event, ServerSession};
///
/// let now = Instant::default();
/// let mut session = ServerSession::new(Config::default());
/// session.handle_connected(now);
/// let connect = [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 2, b'm', b'e'];
/// assert_eq!(session.handle_bytes(now, &connect), connect.len());
/// let Some(Action::Notify(Event::Connect(request))) = session.poll_action() else { panic!("no CONNECT") };
/// assert_eq!(request.client_id.as_str(), "me");
/// assert_eq!(session.poll_action(), Some(Action::Pause));
///
/// session.accept(now, Accept::default())?;
/// assert_eq!(session.poll_action(), Some(Action::Resume));
/// assert_eq!(session.poll_action(), Some(Action::Transmit));
/// assert_eq!(session.tx().segments().next(), Some(&[0x20, 2, 0, 0][..]));
/// # Ok::<(), mqtt_session::server::AcceptError>(())
/// ```
#[derive(Debug)]
pub struct ServerSession {
    config: Config,
    state: State,
    endpoint: Endpoint,
    authentication: Authentication,
    requests: BTreeMap<RequestToken, Request>,
    next_request: u64,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum State {
    /// There is no connection.
    Idle,
    /// Nothing came yet.
    AwaitConnect { deadline: Instant },
    /// The caller decides about a CONNECT.
    Deciding(Box<Deciding>),
    /// CONNACK 0x00 was sent.
    Connected(Box<Online>),
}

#[derive(Debug)]
struct Online {
    link: Link,
    keep_alive: KeepAlive,
    /// Whether CONNECT had a Session Expiry Interval above 0: DISCONNECT may change it then only.
    may_change_expiry: bool,
}

impl ServerSession {
    /// A session without connection and state.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            state: State::Idle,
            endpoint: Endpoint::new(config.send_buffer),
            authentication: Authentication::new(crate::Role::Server, None),
            requests: BTreeMap::new(),
            next_request: 1,
            actions: VecDeque::new(),
            config,
        }
    }

    /// A client has opened a network connection. CONNECT has to come within
    /// [`connect_timeout`](Config::connect_timeout).
    pub fn handle_connected(&mut self, now: Instant) {
        if !matches!(self.state, State::Idle) {
            debug_assert!(false, "handle_connected while there is a connection");
            self.close(CloseReason::ConnectionLost);
        }
        self.endpoint.begin();
        self.state = State::AwaitConnect {
            deadline: now + self.config.connect_timeout,
        };
    }

    /// Bytes came. Consumes the whole packets at the front of `rx` and returns how many bytes those are; none behind
    /// [`Action::Pause`].
    ///
    /// Between connections everything is consumed and nothing done.
    pub fn handle_bytes(&mut self, now: Instant, rx: &[u8]) -> usize {
        let mut consumed = 0;
        while let Some(rest) = rx.get(consumed..) {
            match self.packet(now, rest, None) {
                Some(len) => consumed += len,
                None => break,
            }
        }
        if matches!(self.state, State::Idle) {
            rx.len()
        } else {
            consumed
        }
    }

    /// One whole packet came, in a buffer of its own: the payload of a message becomes a slice of it. False when it is not
    /// taken now: present it again after [`Action::Resume`].
    pub fn handle_packet(&mut self, now: Instant, packet: &Bytes) -> bool {
        self.packet(now, packet, Some(packet)).is_some() || matches!(self.state, State::Idle)
    }

    /// The first `n` bytes of [`tx`](Self::tx) are written.
    pub fn handle_written(&mut self, _now: Instant, n: usize) {
        self.endpoint.written(n);
        self.resend();
    }

    /// A deadline of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        let reason = match &self.state {
            State::Idle => return,
            State::AwaitConnect { .. } | State::Deciding(_) => CloseReason::ConnectTimeout,
            // [MQTT-3.1.2-22]
            State::Connected(_) => CloseReason::KeepAliveTimeout,
        };
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.close(reason);
        }
    }

    /// The network connection is gone. Answered by [`Action::Close`], unless that was given.
    pub fn handle_closed(&mut self, _now: Instant) {
        self.close(CloseReason::ConnectionLost);
    }

    /// Sends a message to the client. QoS 0 is done with it; for QoS 1 and 2 [`Event::Published`] will name the token.
    ///
    /// Properties are left out in 3.x.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing is sent then.
    pub fn publish(
        &mut self,
        _now: Instant,
        message: Message,
    ) -> Result<PublishToken, PublishError> {
        let State::Connected(online) = &mut self.state else {
            return Err(PublishError::NotConnected);
        };
        self.endpoint.publish(&mut online.link, message)
    }

    /// Acknowledges a message that was handed out with a token. A message of QoS 2 can be acknowledged on a later
    /// connection, too. In 3.x, which cannot refuse a message, every reason is success.
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError`].
    pub fn acknowledge(
        &mut self,
        _now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
        properties: &AcknowledgementProperties<'_>,
    ) -> Result<(), AcknowledgeError> {
        let link = match &mut self.state {
            State::Connected(online) => Some(&mut online.link),
            State::Idle | State::AwaitConnect { .. } | State::Deciding(_) => None,
        };
        self.endpoint.acknowledge(link, token, reason, properties)
    }

    /// What the caller must do next. With [`Acknowledgement::Automatic`] a message of QoS 1 or 2 is acknowledged by this.
    pub fn poll_action(&mut self) -> Option<Action> {
        match self.actions.pop_front() {
            Some(Action::Deliver(mut delivered)) => {
                if self.config.acknowledgement == Acknowledgement::Automatic {
                    if let Some(token) = delivered.token.take() {
                        let link = match &mut self.state {
                            State::Connected(online) => Some(&mut online.link),
                            State::Idle | State::AwaitConnect { .. } | State::Deciding(_) => None,
                        };
                        let properties = AcknowledgementProperties::default();
                        // Of a connection that is gone there is nothing to acknowledge: the message comes again.
                        let _ = self.endpoint.acknowledge(
                            link,
                            token,
                            PublishReasonCode::Success,
                            &properties,
                        );
                    }
                }
                Some(Action::Deliver(delivered))
            }
            Some(action) => Some(action),
            None => self.endpoint.announce().then_some(Action::Transmit),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` for never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::AwaitConnect { deadline } => Some(*deadline),
            State::Deciding(deciding) => Some(deciding.deadline),
            State::Connected(online) => online.keep_alive.deadline(),
        }
    }

    /// What waits to be written.
    #[must_use]
    pub const fn tx(&self) -> &TxBuffer {
        &self.endpoint.tx
    }

    /// The session's state, to be stored.
    #[must_use]
    pub const fn state(&self) -> &SessionState {
        &self.endpoint.state
    }

    /// Takes the session's state away, to be given to the client's next connection; `None` while there is a connection.
    pub fn take_state(&mut self) -> Option<SessionState> {
        matches!(self.state, State::Idle).then(|| self.endpoint.replace_state(SessionState::new()))
    }

    /// How many messages can be published with QoS 1 or 2 now.
    #[must_use]
    pub fn send_quota(&self) -> u16 {
        match &self.state {
            State::Connected(online) if online.link.resend.is_none() => self
                .endpoint
                .state
                .session
                .send_quota(&online.link.connection),
            State::Connected(_) | State::Idle | State::AwaitConnect { .. } | State::Deciding(_) => {
                0
            }
        }
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.endpoint.counters()
    }

    fn notify(&mut self, event: Event) {
        self.actions.push_back(Action::Notify(event));
    }

    fn notify_outcomes(&mut self, outcomes: Vec<PublishOutcome>) {
        self.actions.extend(
            outcomes
                .into_iter()
                .map(|outcome| Action::Notify(Event::Published(outcome))),
        );
    }

    /// Goes on with what an earlier connection left unacknowledged.
    fn resend(&mut self) {
        let State::Connected(online) = &mut self.state else {
            return;
        };
        if online.link.resend.is_some() {
            let abandoned = self.endpoint.resend(&mut online.link);
            self.notify_outcomes(abandoned);
        }
    }
}
