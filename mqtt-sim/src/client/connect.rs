//! How a client makes connections, one after the other.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::packet::{Disconnect, DisconnectProperties, Will, WillBuf, WillProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Binary, ClientIdBuf};
use mqtt_session::ClientSession;
use mqtt_session::client::{CleanStart, Config, ConfigError, UnknownSession};

use super::{Begun, Client, Link, Purpose, Subscriptions, Waiting};
use crate::events::Event;
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::network::Party;
use crate::observation::{ConnectionNumber, Observation};
use crate::profile::{Lasting, Profile, Server};
use crate::random::{Random, Stream};
use crate::stage::Stage;

impl Client {
    /// A client that is not connected yet.
    pub(crate) fn new(seed: u64, number: usize, profile: &Profile) -> Result<Self, ConfigError> {
        Ok(Self {
            number,
            session: ClientSession::new(config(number, profile, Purpose::Work, None))?,
            profile: profile.clone(),
            link: Link::Away(Waiting::ForNothing),
            unread: Vec::new(),
            subscriptions: Subscriptions::new(&profile.subscriptions),
            waiting: alloc::collections::BTreeMap::new(),
            timer: None,
            away_until: crate::stage::BEGIN,
            begun: Begun::No,
            purpose: Purpose::Work,
            random: Random::new(seed, Stream::Client(number)),
        })
    }

    /// Which client it is.
    pub(crate) const fn number(&self) -> usize {
        self.number
    }

    /// Whether it takes part: its plan may leave it out.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun == Begun::Yes
    }

    /// It comes into being.
    pub(crate) fn begin(&mut self, stage: &mut Stage) {
        self.begun = Begun::Yes;
        self.come_back(stage);
    }

    /// Whom it talks to.
    pub(crate) const fn server(&self) -> Server {
        self.profile.server
    }

    /// Says when the client connects next.
    pub(crate) fn come_back(&mut self, stage: &mut Stage) {
        if self.purpose == Purpose::Ended || self.link != Link::Away(Waiting::ForNothing) {
            return;
        }
        self.link = Link::Away(Waiting::ForConnect);
        let delay = self.random.span(SOON..=LATER);
        let at = (stage.now + delay).max(self.away_until);
        stage.events.add(at, Event::Connect(self.number));
    }

    /// It stays away for so long, whenever it loses its connection before.
    pub(crate) fn stay_away(&mut self, stage: &Stage, span: Duration) {
        self.away_until = stage.now + span;
    }

    /// Opens a connection. `is_reachable` is false when nobody listens.
    pub(crate) fn connect(
        &mut self,
        stage: &mut Stage,
        is_reachable: bool,
    ) -> Option<ConnectionNumber> {
        if self.link != Link::Away(Waiting::ForConnect) {
            return None;
        }
        self.link = Link::Away(Waiting::ForNothing);
        if !is_reachable || stage.now < self.away_until {
            self.come_back(stage);
            return None;
        }
        let will = self.next_will(stage);
        self.rebuild_with(stage, will);
        let connection = stage
            .network
            .open(Party::Client(self.number), self.profile.server);
        self.link = Link::Connecting(connection);
        let (clean_start, expiry) = self.asks_for();
        stage.observe(&Observation::Connecting {
            client: self.number,
            connection,
            clean_start,
            expiry,
            will,
        });
        self.session.handle_connected(stage.now);
        self.settle(stage);
        Some(connection)
    }

    /// CONNACK has come.
    pub(super) fn connected(&mut self, stage: &mut Stage, session_present: bool) {
        let Link::Connecting(connection) = self.link else {
            return;
        };
        self.link = Link::Online(connection);
        let client = self.number;
        stage.observe(&Observation::Connected {
            client,
            connection,
            session_present,
        });
        match self.purpose {
            Purpose::Work => {
                let Self {
                    session,
                    subscriptions,
                    ..
                } = self;
                subscriptions.connected(stage, client, session, session_present);
            }
            // In 3.x the session that is cleaned ends with its connection: one that lasts is begun by the next.
            Purpose::BeginAnew => {
                self.purpose = Purpose::Work;
                if self.profile.version.has_properties() || self.profile.session == Lasting::Clean {
                    let Self {
                        session,
                        subscriptions,
                        ..
                    } = self;
                    subscriptions.connected(stage, client, session, session_present);
                } else {
                    self.leave(stage, None, DisconnectReasonCode::Success);
                }
            }
            Purpose::End => {
                self.purpose = Purpose::Ended;
                self.leave(stage, Some(0), DisconnectReasonCode::Success);
            }
            Purpose::Ended => {}
        }
    }

    /// Sends DISCONNECT, if there is a connection.
    pub(crate) fn leave(
        &mut self,
        stage: &mut Stage,
        expiry: Option<u32>,
        reason_code: DisconnectReasonCode,
    ) {
        let is_v5 = self.profile.version.has_properties();
        let may_set_expiry = is_v5 && matches!(self.profile.session, Lasting::For(_));
        let expiry = expiry.filter(|_| may_set_expiry);
        let disconnect = Disconnect {
            reason_code,
            properties: DisconnectProperties {
                session_expiry_interval: expiry,
                ..DisconnectProperties::EMPTY
            },
        };
        if !matches!(self.link, Link::Online(_))
            || self.session.disconnect(stage.now, disconnect).is_err()
        {
            return;
        }
        let drops_will = !is_v5 || reason_code == DisconnectReasonCode::Success;
        let client = self.number;
        stage.observe(&Observation::Leaving {
            client,
            expiry,
            drops_will,
        });
        self.settle(stage);
    }

    /// Ends the session for good: now, or with a connection that is made for that.
    pub(crate) fn end(&mut self, stage: &mut Stage) {
        if self.begun == Begun::No {
            return;
        }
        self.away_until = stage.now;
        let ends_by_disconnect =
            self.profile.version.has_properties() || self.profile.session == Lasting::Clean;
        match self.link {
            Link::Online(_) if ends_by_disconnect => {
                self.purpose = Purpose::Ended;
                self.leave(stage, Some(0), DisconnectReasonCode::Success);
            }
            Link::Online(_) => {
                self.purpose = Purpose::End;
                self.leave(stage, None, DisconnectReasonCode::Success);
            }
            Link::Connecting(_) => self.purpose = Purpose::End,
            Link::Away(_) => {
                self.purpose = Purpose::End;
                self.come_back(stage);
            }
        }
    }

    /// The client connects as soon as it can.
    pub(crate) fn hurry(&mut self, stage: &mut Stage) {
        if matches!(self.link, Link::Away(_)) && stage.now < self.away_until {
            self.away_until = stage.now;
            self.link = Link::Away(Waiting::ForNothing);
            self.come_back(stage);
        }
    }

    /// Why it is not at rest: connected, with all that it wants, and waiting for nothing.
    pub(crate) fn restless(&self) -> Option<String> {
        let number = self.number;
        match self.link {
            Link::Online(_) if self.purpose == Purpose::Work => {}
            Link::Online(_) | Link::Connecting(_) | Link::Away(_) => {
                return Some(format!("client {number} is not connected"));
            }
        }
        if self.session.in_flight() > 0 {
            let open = self.session.in_flight();
            return Some(format!(
                "client {number} has {open} messages without an outcome"
            ));
        }
        if !self.subscriptions.is_settled() {
            return Some(format!("client {number} has not all its subscriptions"));
        }
        let has_bytes = !self.session.tx().is_empty() || !self.unread.is_empty();
        has_bytes.then(|| format!("client {number} has bytes to read or to write"))
    }

    /// Whether it has ended its session and waits for nothing.
    pub(crate) fn has_ended(&self) -> bool {
        self.purpose == Purpose::Ended && matches!(self.link, Link::Away(_))
    }

    /// What its next CONNECT asks for: a clean start, and for how many seconds the session shall be kept.
    fn asks_for(&self) -> (bool, u32) {
        let clean = self.session.config().clean_start != CleanStart::Never;
        let is_v5 = self.profile.version.has_properties();
        let expiry = match self.profile.session {
            Lasting::Clean => 0,
            Lasting::For(_) if is_v5 => {
                let expiry = self.session.config().session_expiry.as_secs();
                u32::try_from(expiry).unwrap_or(u32::MAX)
            }
            Lasting::For(_) if clean => 0,
            Lasting::For(_) => u32::MAX,
        };
        (clean, expiry)
    }

    fn next_will(&self, stage: &mut Stage) -> Option<MessageNumber> {
        let will = self
            .profile
            .will
            .filter(|_| self.purpose == Purpose::Work)?;
        Some(stage.add_message(PublishedMessage {
            client: self.number,
            origin: Origin::Will,
            topic: will.topic,
            qos: will.qos,
            retain: will.retain,
            expiry: None,
            bytes: MessageNumber::PAYLOAD_BYTES,
            at: stage.now,
        }))
    }

    /// A program with another configuration goes on with the session. Only where the configuration changes: with wills,
    /// each of which is another message, and where the session is to begin or to end.
    fn rebuild_with(&mut self, stage: &Stage, will: Option<MessageNumber>) {
        let wants = config(self.number, &self.profile, self.purpose, None).clean_start;
        if will.is_none()
            && self.session.config().clean_start == wants
            && self.session.config().will.is_none()
        {
            return;
        }
        let will = will.and_then(|number| self.will(stage, number));
        self.rebuild(will);
    }

    /// A new program goes on with the session, or, where it is to begin anew, knows nothing.
    pub(super) fn rebuild(&mut self, will: Option<WillBuf>) {
        let config = config(self.number, &self.profile, self.purpose, will);
        let Ok(mut session) = ClientSession::new(config) else {
            return;
        };
        let goes_on = self.profile.session != Lasting::Clean && self.purpose == Purpose::Work;
        if goes_on {
            let mut state = Vec::new();
            self.session.encode_state(&mut state);
            if session.restore_state(&state).is_err() {
                return;
            }
        } else {
            self.waiting.clear();
        }
        self.session = session;
        self.timer = None;
    }

    fn will(&self, stage: &Stage, number: MessageNumber) -> Option<WillBuf> {
        let profile = self.profile.will?;
        let topic = stage.setting.names.topic(profile.topic)?;
        let payload = number.payload(MessageNumber::PAYLOAD_BYTES);
        let will = Will {
            topic: topic.borrowed(),
            payload: Binary::new(&payload).ok()?,
            qos: profile.qos,
            retain: profile.retain,
            properties: WillProperties {
                will_delay_interval: (profile.delay > 0).then_some(profile.delay),
                ..WillProperties::default()
            },
        };
        Some(WillBuf::from(&will))
    }
}

fn config(number: usize, profile: &Profile, purpose: Purpose, will: Option<WillBuf>) -> Config {
    let (clean_start, session_expiry) = match (profile.session, purpose) {
        (Lasting::Clean, _) => (CleanStart::Always, Duration::ZERO),
        (Lasting::For(_), Purpose::End | Purpose::Ended) => (CleanStart::Always, Duration::ZERO),
        (Lasting::For(seconds), Purpose::Work) => {
            (CleanStart::Never, Duration::from_secs(u64::from(seconds)))
        }
        (Lasting::For(seconds), Purpose::BeginAnew) => {
            (CleanStart::Always, Duration::from_secs(u64::from(seconds)))
        }
    };
    Config {
        version: profile.version,
        client_id: Profile::client_id(number)
            .unwrap_or_else(|| ClientIdBuf::from(mqtt_codec::ClientId::EMPTY)),
        clean_start,
        session_expiry,
        keep_alive: profile.keep_alive,
        ping_timeout: profile.keep_alive.min(Config::default().ping_timeout),
        connect_timeout: CONNECT_TIMEOUT,
        will,
        receive_maximum: profile.receive_maximum,
        maximum_packet_size: profile.maximum_packet_size,
        unknown_session: UnknownSession::Adopt,
        ..Config::default()
    }
}

/// How long a client waits before it connects again.
const SOON: Duration = Duration::from_millis(1);
const LATER: Duration = Duration::from_millis(300);
/// How long it waits for CONNACK.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
