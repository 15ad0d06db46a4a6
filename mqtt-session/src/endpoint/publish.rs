use alloc::boxed::Box;
use alloc::vec::Vec;

use mqtt_codec::packet::Delivery;
use mqtt_codec::{PacketId, QoS};

use super::{Endpoint, Link};
use crate::session_state::Outgoing;
use crate::topic_aliases::AliasUse;
use crate::{
    AbandonCause, AcknowledgedQoS, Capabilities, Connection, Message, PublishError, PublishOutcome,
    PublishToken, Refused, ToResend, Transmission, Tx,
};

impl Endpoint {
    /// Sends a message.
    pub(crate) fn publish(
        &mut self,
        link: &mut Link,
        message: Message,
    ) -> Result<PublishToken, PublishError> {
        check_capabilities(&link.capabilities, &message)?;
        if !self.admits() {
            return Err(PublishError::SendBufferFull {
                limit: self.send_buffer,
            });
        }
        let qos = AcknowledgedQoS::new(message.qos);
        if qos.is_some() && link.resend.is_some() {
            return Err(PublishError::Resuming);
        }
        let alias = choose_alias(link, &message)?;
        let token = PublishToken(self.state.next_token);
        let topic = message.topic.clone();
        let tx = &mut Tx {
            buffer: &mut self.tx,
            pool: &mut self.pool,
        };
        match qos {
            None => put(link, &message, Delivery::AtMostOnce, &alias, tx),
            Some(qos) => {
                let packet_id = self
                    .state
                    .session
                    .start(&link.connection, qos, Outgoing { token, message })
                    .map_err(publish_error)?;
                if let Some(kept) = self.state.session.kept(packet_id) {
                    put(
                        link,
                        &kept.message,
                        qos.delivery(packet_id, Transmission::First),
                        &alias,
                        tx,
                    );
                }
            }
        }
        if let (AliasUse::New(alias), Some(aliases)) = (alias, &mut link.aliases) {
            aliases.establish(alias, &topic);
        }
        self.state.next_token += 1;
        self.note_wanted();
        Ok(token)
    }

    /// Sends again what an earlier connection left unacknowledged, as far as the window and the send buffer allow
    /// [MQTT-4.4.0-1].
    pub(crate) fn resend(&mut self, link: &mut Link) -> Vec<PublishOutcome> {
        let mut abandoned = Vec::new();
        while self.admits() {
            let Some(cursor) = &mut link.resend else {
                break;
            };
            let tx = &mut Tx {
                buffer: &mut self.tx,
                pool: &mut self.pool,
            };
            match self.state.session.resend_next(cursor, &link.connection) {
                Some(ToResend::Publish {
                    packet_id,
                    qos,
                    kept,
                }) => {
                    let delivery = qos.delivery(packet_id, Transmission::Again);
                    match obstacle(link, &kept.message, delivery) {
                        None => put(link, &kept.message, delivery, &AliasUse::None, tx),
                        Some(cause) => {
                            let gone = self.state.session.abandon(packet_id);
                            abandoned.extend(gone.map(|Outgoing { token, message }| {
                                let message = Some(Box::new(message));
                                PublishOutcome::Abandoned {
                                    token,
                                    message,
                                    cause,
                                }
                            }));
                        }
                    }
                }
                Some(ToResend::Release { packet_id }) => {
                    self.state.session.release(&link.connection, packet_id, tx)
                }
                Some(ToResend::WindowFull) => break,
                None => link.resend = None,
            }
            self.note_wanted();
        }
        abandoned
    }
}

/// Why a message of an earlier connection cannot go again on this one.
fn obstacle(link: &Link, message: &Message, delivery: Delivery) -> Option<AbandonCause> {
    if check_capabilities(&link.capabilities, message).is_err() {
        return Some(AbandonCause::NotSupported);
    }
    let fits = fits(&link.connection, message, delivery, &AliasUse::None);
    fits.err().map(|_| AbandonCause::TooLarge)
}

fn check_capabilities(capabilities: &Capabilities, message: &Message) -> Result<(), PublishError> {
    if message.qos > capabilities.maximum_qos {
        return Err(PublishError::QoSNotSupported {
            maximum: capabilities.maximum_qos,
        });
    }
    if message.retain && !capabilities.retain {
        return Err(PublishError::RetainNotSupported);
    }
    Ok(())
}

/// An alias, if there is one that may be used and the packet fits with it.
fn choose_alias(link: &mut Link, message: &Message) -> Result<AliasUse, PublishError> {
    let delivery = match AcknowledgedQoS::new(message.qos) {
        None => Delivery::AtMostOnce,
        // Any identifier is as long as this one.
        Some(qos) => qos.delivery(PacketId::MIN, Transmission::First),
    };
    let alias = link
        .aliases
        .as_mut()
        .map_or(AliasUse::None, |aliases| aliases.choose(&message.topic));
    match fits(&link.connection, message, delivery, &alias) {
        Ok(()) => Ok(alias),
        Err(_) => {
            fits(&link.connection, message, delivery, &AliasUse::None).map(|()| AliasUse::None)
        }
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.2.2-15].
fn fits(
    connection: &Connection,
    message: &Message,
    delivery: Delivery,
    alias: &AliasUse,
) -> Result<(), PublishError> {
    let publish = message.publish(delivery, alias.topic(message.topic.borrowed()));
    match publish.encoded_len(connection.version()) {
        Some(len) if connection.fits(len) => Ok(()),
        len => Err(PublishError::TooLarge {
            len,
            maximum: connection.negotiated().packet_size_out,
        }),
    }
}

fn put(link: &Link, message: &Message, delivery: Delivery, alias: &AliasUse, tx: &mut Tx<'_>) {
    let publish = message.publish(delivery, alias.topic(message.topic.borrowed()));
    debug_assert_eq!(
        publish.delivery.qos() == QoS::AtMostOnce,
        delivery.packet_id().is_none()
    );
    tx.put_publish(link.connection.version(), &publish, &message.payload);
}

fn publish_error(refused: Refused<Outgoing>) -> PublishError {
    match refused {
        Refused::QuotaExhausted { limit, .. } => PublishError::QuotaExhausted { limit },
        Refused::NoPacketId { .. } => PublishError::NoPacketId,
    }
}
