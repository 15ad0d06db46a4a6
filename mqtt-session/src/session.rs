mod receive;
mod resend;
mod sender;
mod state;

use alloc::vec::Vec;

use mqtt_codec::packet::{AcknowledgementProperties, Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, PacketId, PacketType};

pub use resend::{Resend, ToResend};
pub use sender::check_disconnect;
pub use state::{Kept, RestoreError};
pub(crate) use state::{StateReader, put_counted};

use crate::held::{Details, HeldAcknowledgements, Ready};
use crate::outbound::{Outbound, OutboundIter};
use crate::{AcknowledgedQoS, Connection, Known, OutboundExchange, PacketIdSet, PacketIds, Tx};

/// What outlives connections: the exchanges under way in both directions. Standard: MQTT 5.0 §4.1, §4.3.
///
/// Both sides use it. `T` is what must be kept to send a message again. It holds no bytes to be written and no clock:
/// packets come in decoded, answers go into a [`Tx`], and what belongs to a connection is in the [`Connection`].
///
/// Outgoing, see [`OutboundExchange`]:
///
/// ```text
/// start ──▶ (caller sends PUBLISH) ──receive──▶ Settled                                       QoS 1, or refused
///                                  ──receive──▶ PubrecReceived, release ──receive──▶ Completed         QoS 2
/// ```
///
/// Incoming, QoS 2 only (QoS 1 leaves no state behind):
///
/// ```text
/// receive ──▶ Publish, acknowledge ──▶ unreleased ──receive──▶ Released, complete ──▶ done
///                                          │ receive ──▶ Duplicate, acknowledge
/// ```
///
/// ```
/// use mqtt_codec::{Packet, Version, packet::{Delivery, Puback, Publish}};
/// use mqtt_session::*;
///
/// let mut session = Session::new();
/// let mut connection = Connection::new(Negotiated::new(Version::V5_0, Role::Client));
/// let packet_id = session.start(&connection, AcknowledgedQoS::AtLeastOnce, "a message").unwrap();
/// assert_eq!(session.in_flight(), 1);
///
/// let puback = Packet::Puback(Puback::success(packet_id));
/// let received = session.receive(&mut connection, Instant::default(), puback)?;
/// assert!(matches!(received, Received::Settled { kept: "a message", .. }));
/// assert_eq!(session.in_flight(), 0);
/// # Ok::<(), ProtocolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session<T> {
    outbound: Outbound<T>,
    ids: PacketIds,
    /// QoS 2 PUBLISHes of the peer's that wait for PUBREL.
    unreleased: PacketIdSet,
    /// Those of `unreleased` that have not come on this connection: they are not counted against our Receive Maximum.
    earlier: PacketIdSet,
    /// Those of `unreleased` that no PUBREC has answered on the connection on which their PUBLISH came last: there is no
    /// PUBREL for them yet.
    unreceived: PacketIdSet,
}

/// Why [`Session::start`] did nothing. The session is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused<T> {
    /// The peer's Receive Maximum is in use [MQTT-4.9.0-2]; try again after the next acknowledgement.
    #[error("{limit} publishes already await acknowledgement")]
    QuotaExhausted {
        /// What was to be kept.
        kept: T,
        /// How many may be open.
        limit: u16,
    },
    /// All Packet Identifiers are in use.
    #[error("no Packet Identifier is free")]
    NoPacketId {
        /// What was to be kept.
        kept: T,
    },
}

impl<T> Refused<T> {
    /// What was to be kept.
    #[must_use]
    pub fn into_inner(self) -> T {
        match self {
            Self::QuotaExhausted { kept, .. } | Self::NoPacketId { kept } => kept,
        }
    }
}

impl<T> Default for Session<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Session<T> {
    /// A session with nothing under way. It owns no memory beside itself.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            outbound: Outbound::new(),
            ids: PacketIds::new(),
            unreleased: PacketIdSet::new(),
            earlier: PacketIdSet::new(),
            unreceived: PacketIdSet::new(),
        }
    }

    /// How many more QoS 1 and 2 PUBLISHes may be sent: the free places in the peer's Receive Maximum [MQTT-4.9.0-1].
    ///
    /// It is derived from what is in flight. A PUBREL of an earlier connection that waits for its PUBCOMP takes a place,
    /// too, so that a peer that counts it is not overrun.
    #[must_use]
    #[inline]
    pub fn send_quota(&self, connection: &Connection) -> u16 {
        let in_flight = u16::try_from(self.outbound.len()).unwrap_or(u16::MAX);
        connection.negotiated.send_maximum.saturating_sub(in_flight)
    }

    /// Begins an exchange: takes a free Packet Identifier and keeps `kept`. The caller then sends the PUBLISH, once
    /// everything of an earlier connection has gone again (see [`resend_next`](Self::resend_next)).
    ///
    /// # Errors
    ///
    /// [`Refused`], with `kept` in it: the window is full, or no identifier is free.
    #[inline]
    pub fn start(
        &mut self,
        connection: &Connection,
        qos: AcknowledgedQoS,
        kept: T,
    ) -> Result<PacketId, Refused<T>> {
        if self.send_quota(connection) == 0 {
            return Err(Refused::QuotaExhausted {
                kept,
                limit: connection.negotiated.send_maximum,
            });
        }
        let Some(packet_id) = self.ids.allocate() else {
            return Err(Refused::NoPacketId { kept });
        };
        self.outbound
            .push(packet_id, OutboundExchange::start(qos, kept));
        Ok(packet_id)
    }

    /// The exchanges that we started: PUBLISHes in the order first sent, then releases in the order of their PUBRECs.
    pub fn outbound(&self) -> OutboundIter<'_, T> {
        self.outbound.iter()
    }

    /// How many exchanges that we started are under way.
    #[must_use]
    #[inline]
    pub fn in_flight(&self) -> usize {
        self.outbound.len()
    }

    /// What is kept to send a PUBLISH again.
    #[must_use]
    pub fn kept(&self, packet_id: PacketId) -> Option<&T> {
        let (_, exchange) = self.outbound.find_publish(packet_id)?;
        exchange.publish().map(|(_, kept)| kept)
    }

    /// Takes away all exchanges that still hold a message, in the order first sent, and frees their identifiers: the
    /// session ends, or the peer has forgotten it.
    pub fn drain_outbound(&mut self) -> Vec<(PacketId, OutboundExchange<T>)> {
        let drained = self.outbound.take_publishes();
        for (packet_id, _) in &drained {
            self.ids.release(*packet_id);
        }
        drained
    }

    /// Ends an exchange whose PUBLISH cannot be sent to this peer, since it is larger than the peer takes: identifier and
    /// window are free again [MQTT-3.1.2-25]. `None` when no PUBLISH waits under this identifier.
    pub fn abandon(&mut self, packet_id: PacketId) -> Option<T> {
        let (at, _) = self.outbound.find_publish(packet_id)?;
        self.ids.release(packet_id);
        self.outbound.remove_publish(at)?.into_kept()
    }

    /// A Packet Identifier for a SUBSCRIBE or UNSUBSCRIBE; give it back with [`free_id`](Self::free_id). `None` when all
    /// are in use.
    pub fn take_id(&mut self) -> Option<PacketId> {
        self.ids.allocate()
    }

    /// Gives back what [`take_id`](Self::take_id) gave.
    pub fn free_id(&mut self, packet_id: PacketId) {
        self.ids.release(packet_id);
    }

    /// QoS 2 PUBLISHes of the peer's that wait for PUBREL, on whichever connection they came.
    #[must_use]
    pub const fn unreleased(&self) -> &PacketIdSet {
        &self.unreleased
    }

    /// The next PUBLISH with this identifier is a new message.
    pub(crate) fn forget_unreleased(&mut self, packet_id: PacketId) {
        self.unreleased.remove(packet_id);
        self.earlier.remove(packet_id);
        self.unreceived.remove(packet_id);
    }

    /// The network connection ended. What belonged to it is the [`Connection`]'s, which the caller drops; the state stays,
    /// and what is unacknowledged goes again on the next one.
    pub fn disconnected(&mut self) {
        self.outbound.end_connection();
        self.earlier = self.unreleased.clone();
    }

    /// Forgets everything: the session ended. Identifiers that [`take_id`](Self::take_id) gave are free again, too.
    pub fn clear(&mut self) {
        let next = self.ids.next();
        *self = Self::new();
        self.ids.set_next(next);
    }

    /// The answer to a PUBLISH that was received will come later, by [`acknowledge`](Self::acknowledge): it waits in its
    /// place in the order of PUBACKs, or PUBRECs.
    pub fn hold(&mut self, connection: &mut Connection, qos: AcknowledgedQoS, packet_id: PacketId) {
        if connection.unanswered == Some((qos, packet_id)) {
            connection.unanswered = None;
        }
        queue(connection, qos).hold(packet_id);
    }

    /// Answers a PUBLISH with PUBACK or PUBREC: the one that [`receive`](Self::receive) returned last, or else the oldest
    /// of this identifier that was held.
    ///
    /// The answer leaves when everything before it in its order has left: PUBACKs are one order, PUBRECs another. With a
    /// reason of 0x80 or above a QoS 2 exchange is over and its identifier means a new message [MQTT-4.3.3-9]. 3.x has no
    /// such reasons: there the answer is success, and the exchange goes on.
    #[inline]
    pub fn acknowledge(
        &mut self,
        connection: &mut Connection,
        qos: AcknowledgedQoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
        tx: &mut Tx<'_>,
    ) {
        let is_last = connection.unanswered == Some((qos, packet_id));
        let queue = queue(connection, qos);
        if is_last && queue.is_empty() && reason == PublishReasonCode::Success {
            connection.unanswered = None;
            self.note_left(qos, packet_id, reason);
            tx.put_acknowledgement(packet_type(qos), packet_id);
        } else {
            self.acknowledge_with(
                connection,
                qos,
                packet_id,
                reason,
                &AcknowledgementProperties::default(),
                tx,
            );
        }
    }

    /// As [`acknowledge`](Self::acknowledge), with a Reason String or User Properties. They are left out in 3.x, where the
    /// client wants none, and where the packet would be too large for the peer.
    pub fn acknowledge_with(
        &mut self,
        connection: &mut Connection,
        qos: AcknowledgedQoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
        properties: &AcknowledgementProperties<'_>,
        tx: &mut Tx<'_>,
    ) {
        let reason = self.settle_reason(connection, qos, packet_id, reason);
        let is_last = connection.unanswered == Some((qos, packet_id));
        if is_last {
            connection.unanswered = None;
        }
        let queue = queue(connection, qos);
        if is_last && queue.is_empty() {
            self.note_left(qos, packet_id, reason);
            return put_answer(connection, qos, packet_id, reason, *properties, tx);
        }
        let details = Details::new(properties);
        if is_last {
            queue.push(packet_id, reason, details);
        } else {
            let was_held = queue.answer(packet_id, reason, details);
            debug_assert!(was_held, "no PUBLISH {packet_id} waits for an answer");
        }
        self.put_ready(connection, qos, tx);
    }

    /// Answers a QoS 2 PUBLISH that was held, and all its repeats that were.
    pub(crate) fn acknowledge_repeats(
        &mut self,
        connection: &mut Connection,
        packet_id: PacketId,
        reason: PublishReasonCode,
        properties: &AcknowledgementProperties<'_>,
        tx: &mut Tx<'_>,
    ) {
        let qos = AcknowledgedQoS::ExactlyOnce;
        let reason = self.settle_reason(connection, qos, packet_id, reason);
        let details = Details::new(properties);
        let was_held = connection
            .pubrecs
            .answer_all(packet_id, reason, details.as_ref());
        debug_assert!(was_held, "no PUBLISH {packet_id} waits for an answer");
        self.put_ready(connection, qos, tx);
    }

    /// What the answer says in this version. A refusal ends the exchange.
    fn settle_reason(
        &mut self,
        connection: &Connection,
        qos: AcknowledgedQoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
    ) -> PublishReasonCode {
        if !connection.version().has_properties() {
            return PublishReasonCode::Success;
        }
        if qos == AcknowledgedQoS::ExactlyOnce && reason.is_error() {
            self.forget_unreleased(packet_id);
        }
        reason
    }

    /// Sends the answers that wait for nothing any longer.
    fn put_ready(&mut self, connection: &mut Connection, qos: AcknowledgedQoS, tx: &mut Tx<'_>) {
        while let Some(Ready {
            packet_id,
            reason,
            details,
        }) = queue(connection, qos).pop_ready()
        {
            let properties = details
                .as_deref()
                .map(Details::borrowed)
                .unwrap_or_default();
            self.note_left(qos, packet_id, reason);
            put_answer(connection, qos, packet_id, reason, properties, tx);
        }
    }

    /// From now on PUBREL may come. A refusal ended its exchange before: what has the identifier since is another message.
    #[inline]
    fn note_left(&mut self, qos: AcknowledgedQoS, packet_id: PacketId, reason: PublishReasonCode) {
        if qos == AcknowledgedQoS::ExactlyOnce && !reason.is_error() {
            self.unreceived.remove(packet_id);
        }
    }

    /// Sends PUBREL for an exchange whose PUBREC came [MQTT-4.3.3-4]: at once, or when it is durable that the PUBLISH must
    /// not be sent again. For no exchange that we know it says so [0x92 in 5.0], so that the peer can end its side.
    pub fn release(&mut self, connection: &Connection, packet_id: PacketId, tx: &mut Tx<'_>) {
        if self.outbound.find_release(packet_id).is_some() {
            tx.put_acknowledgement(PacketType::Pubrel, packet_id);
        } else {
            let pubrel = Pubrel::new(packet_id, ReleaseReasonCode::PacketIdentifierNotFound);
            tx.put(connection.version(), &Packet::Pubrel(pubrel));
        }
    }

    /// Sends PUBCOMP for a PUBREL that came [MQTT-4.3.3-11]: at once, or when it is durable that the identifier means a
    /// new message.
    ///
    /// Who keeps sessions durably lets `Known::No` wait as well, when an earlier PUBREL of the identifier is not durable:
    /// PUBCOMP allows the peer to use it again, whatever its reason code.
    pub fn complete(
        &mut self,
        connection: &mut Connection,
        packet_id: PacketId,
        known: Known,
        tx: &mut Tx<'_>,
    ) {
        connection.completing.remove(packet_id);
        match known {
            Known::Yes => tx.put_acknowledgement(PacketType::Pubcomp, packet_id),
            Known::No => {
                let pubcomp = Pubcomp::new(packet_id, ReleaseReasonCode::PacketIdentifierNotFound);
                tx.put(connection.version(), &Packet::Pubcomp(pubcomp));
            }
        }
    }
}

#[inline]
fn queue(connection: &mut Connection, qos: AcknowledgedQoS) -> &mut HeldAcknowledgements {
    match qos {
        AcknowledgedQoS::AtLeastOnce => &mut connection.pubacks,
        AcknowledgedQoS::ExactlyOnce => &mut connection.pubrecs,
    }
}

#[inline]
const fn packet_type(qos: AcknowledgedQoS) -> PacketType {
    match qos {
        AcknowledgedQoS::AtLeastOnce => PacketType::Puback,
        AcknowledgedQoS::ExactlyOnce => PacketType::Pubrec,
    }
}

fn put_answer(
    connection: &Connection,
    qos: AcknowledgedQoS,
    packet_id: PacketId,
    reason_code: PublishReasonCode,
    properties: AcknowledgementProperties<'_>,
    tx: &mut Tx<'_>,
) {
    let is_plain = properties.reason_string.is_none() && properties.user_properties.is_empty();
    if reason_code == PublishReasonCode::Success && is_plain {
        return tx.put_acknowledgement(packet_type(qos), packet_id);
    }
    let packet = match qos {
        AcknowledgedQoS::AtLeastOnce => Packet::Puback(Puback {
            packet_id,
            reason_code,
            properties,
        }),
        AcknowledgedQoS::ExactlyOnce => Packet::Pubrec(Pubrec {
            packet_id,
            reason_code,
            properties,
        }),
    };
    match connection.trim(packet) {
        Some(packet) => tx.put(connection.version(), &packet),
        // Who takes 4 bytes and not 5 could not have been sent a CONNACK, and a client leaves such a server.
        None => tx.put_acknowledgement(packet_type(qos), packet_id),
    }
}
