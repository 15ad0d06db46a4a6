use mqtt_codec::PacketId;

use crate::{AcknowledgedQoS, Connection, Session};

/// How far a session's unacknowledged packets were sent again on a connection. A new connection has a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Resend {
    publishes: u32,
    releases: u32,
}

impl Resend {
    /// Nothing was sent again.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            publishes: 0,
            releases: 0,
        }
    }
}

/// What goes again on a resumed session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToResend<'a, T> {
    /// A PUBLISH with DUP 1 [MQTT-3.3.1-1], which the caller encodes.
    Publish {
        /// The old identifier.
        packet_id: PacketId,
        /// At which QoS.
        qos: AcknowledgedQoS,
        /// What was kept.
        kept: &'a T,
    },
    /// A PUBREL; call [`Session::release`].
    Release {
        /// The old identifier.
        packet_id: PacketId,
    },
    /// PUBLISHes are left, and the peer's Receive Maximum is in use: ask again after the next acknowledgement.
    WindowFull,
}

impl<T> Session<T> {
    /// What goes next of what an earlier connection left unacknowledged [MQTT-4.4.0-1]; `None` when everything has gone,
    /// and new messages may follow.
    ///
    /// PUBLISHes (QoS 1 and 2) go in the order first sent [MQTT-4.6.0-1] and keep to the peer's Receive Maximum; PUBRELs go
    /// behind them, or while they wait for the window [MQTT-3.3.4-8], in the order of their PUBRECs [MQTT-4.6.0-4]. Each
    /// call is one packet, so that the caller can stop when its send buffer is full, and go on later with the same cursor.
    pub fn resend_next(
        &self,
        cursor: &mut Resend,
        connection: &Connection,
    ) -> Option<ToResend<'_, T>> {
        let publish = self.outbound.earlier_publish(cursor.publishes);
        if let Some((before, sequence, packet_id, exchange)) = publish {
            let open = before + self.outbound.releases();
            if open < usize::from(connection.negotiated.send_maximum) {
                cursor.publishes = sequence + 1;
                let (qos, kept) = exchange.publish()?;
                return Some(ToResend::Publish {
                    packet_id,
                    qos,
                    kept,
                });
            }
        }
        if let Some((sequence, packet_id)) = self.outbound.earlier_release(cursor.releases) {
            cursor.releases = sequence + 1;
            return Some(ToResend::Release { packet_id });
        }
        publish.map(|_| ToResend::WindowFull)
    }
}
