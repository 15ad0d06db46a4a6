//! The client's side, for applications: see [`ClientSession`].

mod action;
mod authenticate;
mod close;
mod config;
mod connect;
mod receive;
mod state;
mod subscribe;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{ClientIdBuf, Packet, PacketId};

pub use action::{Action, Connected, Disconnection, Event, Refusal, RequestToken};
pub use close::{DisconnectError, NORMAL_DISCONNECTION};
pub use config::{CleanStart, Config, ConfigError, InitialAuthentication, UnknownSession};
pub use subscribe::{RequestError, SubscribeError};

use crate::endpoint::{Endpoint, Link};

use crate::{
    AcknowledgeError, Acknowledgement, Authentication, CloseReason, Counters, DeliveryToken,
    Instant, Message, Ping, PingDue, PublishError, PublishOutcome, PublishToken, TxBuffer,
};
use subscribe::Request;

/// One MQTT session of a client, over one network connection after another.
///
/// ```text
///      handle_connected               CONNACK 0x00
/// Idle ────────────────▶ Connecting ──────────────▶ Connected
///   ▲                        │                          │
///   └──────── Close ─────────┴────────── Close ─────────┘
/// ```
///
/// # Contract
///
/// 1. After an input or a command, call [`poll_action`](Self::poll_action) until `None`, then read
///    [`poll_timeout`](Self::poll_timeout). Several inputs before that lose nothing.
/// 2. `now` never goes back. The session reads no clock, socket, thread or random number.
/// 3. The caller owns the read buffer. [`handle_bytes`](Self::handle_bytes) consumes whole packets from the front of `rx`
///    and says how many bytes; the caller keeps the rest and presents it again with more. Packets are encoded straight into
///    [`tx`](Self::tx); encoding cannot fail.
/// 4. [`handle_timeout`](Self::handle_timeout) may come early, late or twice. After `handle_timeout(now)`, `poll_timeout` is
///    `None` or later than `now`, so no caller spins.
/// 5. The same inputs give the same actions.
/// 6. Every queue has a limit in [`Config`]. At the limit a command returns an error, and a peer that exceeds what was
///    announced is disconnected with the reason code the standard gives.
/// 7. After [`Action::Close`] nothing follows until [`handle_connected`](Self::handle_connected);
///    [`handle_closed`](Self::handle_closed) is answered by `Close`, unless it was given, so a loop has one exit. The
///    session's state lives on, see [`session_expiry`](Config::session_expiry).
///
/// A message is acknowledged when `poll_action` hands it out, or by [`acknowledge`](Self::acknowledge), see
/// [`Acknowledgement`].
///
/// # Example
///
/// Both ends of a connection are a few lines, since there is no network:
///
/// ```
/// use mqtt_codec::{QoS, TopicNameBuf};
/// use mqtt_session::client::{Action, ClientSession, Config, Event};
/// use mqtt_session::{Instant, Message};
///
/// let now = Instant::default();
/// let mut session = ClientSession::new(Config::default())?;
/// session.handle_connected(now);
/// assert_eq!(session.poll_action(), Some(Action::Transmit)); // CONNECT is in `tx`
/// session.handle_written(now, session.tx().len());
///
/// let connack = [0x20, 10, 0, 0, 7, 0x12, 0, 4, b'a', b'b', b'c', b'd'];
/// assert_eq!(session.handle_bytes(now, &connack), connack.len());
/// let Some(Action::Notify(Event::Connected(connected))) = session.poll_action() else { panic!("not connected") };
/// assert_eq!(connected.client_id.as_str(), "abcd");
///
/// session.publish(now, Message::new(TopicNameBuf::new("a")?, "b"))?;
/// assert_eq!(session.poll_action(), Some(Action::Transmit));
/// assert_eq!(session.tx().segments().next(), Some(&[0x30, 5, 0, 1, b'a', 0, b'b'][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClientSession {
    config: Config,
    /// The configured one, or what the server assigned.
    client_id: ClientIdBuf,
    state: State,
    /// Whether there was a connection that left a session behind.
    has_session: bool,
    has_connected: bool,
    endpoint: Endpoint,
    authentication: Authentication,
    requests: BTreeMap<PacketId, Request>,
    next_request: u64,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum State {
    /// There is no connection.
    Idle,
    /// CONNECT was sent.
    Connecting {
        link: Box<Link>,
        deadline: Instant,
        /// When CONNECT was sent, or the last AUTH.
        last_sent: Instant,
        clean_start: bool,
    },
    /// CONNACK has accepted it.
    Connected(Box<Online>),
}

#[derive(Debug)]
struct Online {
    link: Link,
    ping: Ping,
    /// Seconds for which the server keeps the session; `u32::MAX` means for ever.
    session_expiry: u32,
    /// What CONNECT said: DISCONNECT may not raise it from 0.
    announced_expiry: u32,
}

impl ClientSession {
    /// A session without connection and state.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when no CONNECT of that version can say what `config` wants.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            client_id: config.client_id.clone(),
            state: State::Idle,
            has_session: false,
            has_connected: false,
            endpoint: Endpoint::new(config.send_buffer),
            authentication: Authentication::new(crate::Role::Client, None),
            requests: BTreeMap::new(),
            next_request: 1,
            actions: VecDeque::new(),
            config,
        })
    }

    /// Bytes came. Consumes the whole packets at the front of `rx` and returns how many bytes those are.
    ///
    /// Between connections everything is consumed and nothing done.
    pub fn handle_bytes(&mut self, now: Instant, rx: &[u8]) -> usize {
        let mut consumed = 0;
        while let Some(rest) = rx.get(consumed..) {
            match self.next_packet(now, rest) {
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

    /// One whole packet came, in a buffer of its own: the payload of a message becomes a slice of it. As
    /// [`handle_bytes`](Self::handle_bytes) otherwise.
    pub fn handle_packet(&mut self, now: Instant, packet: &Bytes) {
        self.packet(now, packet, Some(packet));
    }

    /// The first `n` bytes of [`tx`](Self::tx) are written.
    pub fn handle_written(&mut self, now: Instant, n: usize) {
        self.endpoint.written(n);
        if let State::Connected(_) = self.state {
            self.resend(now);
        }
    }

    /// A deadline of [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Idle => {}
            State::Connecting { deadline, .. } => {
                if *deadline <= now {
                    self.close(now, CloseReason::ConnectTimeout);
                }
            }
            State::Connected(online) => match online.ping.due(now) {
                PingDue::Nothing => {}
                PingDue::Pingreq => {
                    online.ping.note_pingreq(now);
                    self.endpoint.put(&online.link.connection, Packet::Pingreq);
                }
                PingDue::Overdue => self.close(now, CloseReason::KeepAliveTimeout),
            },
        }
    }

    /// Publishes a message. QoS 0 is done with it; for QoS 1 and 2 [`Event::Published`] will name the token.
    ///
    /// Properties are left out in 3.x.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; nothing is sent then.
    pub fn publish(
        &mut self,
        now: Instant,
        message: Message,
    ) -> Result<PublishToken, PublishError> {
        let State::Connected(online) = &mut self.state else {
            return Err(PublishError::NotConnected);
        };
        let token = self.endpoint.publish(&mut online.link, message)?;
        online.ping.note_sent(now);
        Ok(token)
    }

    /// Acknowledges a message that was handed out with a token. A message of QoS 2 can be acknowledged on a later
    /// connection, too.
    ///
    /// The acknowledgement leaves when all of the same QoS before it have left [MQTT-4.6.0-2] [MQTT-4.6.0-3].
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError`].
    pub fn acknowledge(
        &mut self,
        now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
    ) -> Result<(), AcknowledgeError> {
        self.acknowledge_with(now, token, reason, &AcknowledgementProperties::default())
    }

    /// As [`acknowledge`](Self::acknowledge), with a Reason String or User Properties. They are left out where the packet
    /// would be larger than the server takes, and in 3.x.
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError`].
    pub fn acknowledge_with(
        &mut self,
        now: Instant,
        token: DeliveryToken,
        reason: PublishReasonCode,
        properties: &AcknowledgementProperties<'_>,
    ) -> Result<(), AcknowledgeError> {
        let link = match &mut self.state {
            State::Connected(online) => Some(&mut online.link),
            State::Idle | State::Connecting { .. } => None,
        };
        let before = self.endpoint.tx.len();
        self.endpoint.acknowledge(link, token, reason, properties)?;
        // It may wait for those before it.
        if self.endpoint.tx.len() > before {
            self.note_sent(now);
        }
        Ok(())
    }

    /// What the caller must do next. With [`Acknowledgement::Automatic`] a message of QoS 1 or 2 is acknowledged by this.
    pub fn poll_action(&mut self) -> Option<Action> {
        match self.actions.pop_front() {
            Some(Action::Deliver(mut delivered)) => {
                if self.config.acknowledgement == Acknowledgement::Automatic {
                    if let Some(token) = delivered.token.take() {
                        self.acknowledge_delivered(token);
                    }
                }
                Some(Action::Deliver(delivered))
            }
            Some(action) => Some(action),
            None => self.endpoint.announce().then_some(Action::Transmit),
        }
    }

    fn acknowledge_delivered(&mut self, token: DeliveryToken) {
        let link = match &mut self.state {
            State::Connected(online) => Some(&mut online.link),
            State::Idle | State::Connecting { .. } => None,
        };
        let properties = AcknowledgementProperties::default();
        let before = self.endpoint.tx.len();
        // Of a connection that is gone there is nothing to acknowledge: the message comes again.
        let _ = self
            .endpoint
            .acknowledge(link, token, PublishReasonCode::Success, &properties);
        if let State::Connected(online) = &mut self.state {
            if self.endpoint.tx.len() > before {
                online.ping.note_answered();
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` for never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Connecting { deadline, .. } => Some(*deadline),
            State::Connected(online) => online.ping.deadline(),
        }
    }

    /// What waits to be written.
    #[must_use]
    pub const fn tx(&self) -> &TxBuffer {
        &self.endpoint.tx
    }

    /// What was configured.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The Client Identifier: the configured one, or what the server has assigned.
    #[must_use]
    pub const fn client_id(&self) -> &ClientIdBuf {
        &self.client_id
    }

    /// How many messages that were published with QoS 1 or 2 have no outcome yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.endpoint.state.in_flight()
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
            State::Connected(_) | State::Idle | State::Connecting { .. } => 0,
        }
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.endpoint.counters()
    }

    /// A packet was sent, from CONNECT on.
    fn note_sent(&mut self, now: Instant) {
        match &mut self.state {
            State::Idle => {}
            State::Connecting { last_sent, .. } => *last_sent = now,
            State::Connected(online) => online.ping.note_sent(now),
        }
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
    fn resend(&mut self, now: Instant) {
        let State::Connected(online) = &mut self.state else {
            return;
        };
        if online.link.resend.is_none() {
            return;
        }
        let before = self.endpoint.tx.len();
        let abandoned = self.endpoint.resend(&mut online.link);
        if self.endpoint.tx.len() > before {
            online.ping.note_sent(now);
        }
        self.notify_outcomes(abandoned);
    }
}
