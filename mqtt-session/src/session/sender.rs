use mqtt_codec::packet::{Disconnect, Puback, Pubrec};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Packet, PacketType, ReasonCode};

use crate::close_reason::{is_from_client, is_from_server};
use crate::{ProtocolError, Role};

/// Whether the peer says only what is its side's to say, in the packets that both sides send. `role` is ours. For AUTH see
/// [`Authentication`](crate::Authentication).
pub(super) fn check_sender(role: Role, packet: &Packet<'_>) -> Result<(), ProtocolError> {
    match packet {
        // Standard: MQTT 5.0 §3.4.2.1, §3.5.2.1.
        Packet::Puback(Puback { reason_code, .. }) | Packet::Pubrec(Pubrec { reason_code, .. })
            if role == Role::Server && *reason_code == PublishReasonCode::NoMatchingSubscribers =>
        {
            Err(ProtocolError::UnexpectedReasonCode {
                packet_type: packet.packet_type(),
                reason_code: ReasonCode::NoMatchingSubscribers,
            })
        }
        Packet::Disconnect(disconnect) => check_disconnect(role, disconnect),
        Packet::Connect(_)
        | Packet::Connack(_)
        | Packet::Publish(_)
        | Packet::Puback(_)
        | Packet::Pubrec(_)
        | Packet::Pubrel(_)
        | Packet::Pubcomp(_)
        | Packet::Subscribe(_)
        | Packet::Suback(_)
        | Packet::Unsubscribe(_)
        | Packet::Unsuback(_)
        | Packet::Pingreq
        | Packet::Pingresp
        | Packet::Auth(_) => Ok(()),
    }
}

/// Whether a DISCONNECT says only what is the peer's to say. `role` is ours. Standard: MQTT 5.0 §3.14.2.
///
/// [`Session::receive`](crate::Session::receive) asks this itself. It is for who takes a DISCONNECT before there is a session:
/// while AUTH goes to and fro before CONNACK.
///
/// # Errors
///
/// [`ProtocolError`] for a reason code or property of the other side's.
pub fn check_disconnect(role: Role, disconnect: &Disconnect<'_>) -> Result<(), ProtocolError> {
    let properties = &disconnect.properties;
    let is_the_peers = match role {
        // [MQTT-3.14.2-2]
        Role::Client if properties.session_expiry_interval.is_some() => {
            return Err(ProtocolError::SessionExpiryFromServer);
        }
        Role::Server if properties.server_reference.is_some() => {
            return Err(ProtocolError::ServerReferenceFromClient);
        }
        Role::Client => is_from_server(disconnect.reason_code),
        Role::Server => is_from_client(disconnect.reason_code),
    };
    // This one stands in one of the standard's two tables only: it is taken from both sides, and neither sends it.
    if is_the_peers || disconnect.reason_code == DisconnectReasonCode::BadAuthenticationMethod {
        return Ok(());
    }
    Err(ProtocolError::UnexpectedReasonCode {
        packet_type: PacketType::Disconnect,
        reason_code: disconnect.reason_code.into(),
    })
}
