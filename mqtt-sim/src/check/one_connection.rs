use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::Packet;
use mqtt_codec::reason_code::ConnectReasonCode;

use crate::check::{Broken, Check, Rule};
use crate::model::is_of_broker;
use crate::observation::{ConnectionNumber, Context, Observation};

/// [`Rule::OneConnection`]: when a client is let in, its earlier connections have ended [MQTT-3.1.4-3], and nothing is
/// sent on a connection that was ended.
#[derive(Debug, Default)]
pub struct OneConnection {
    /// The connections on which CONNECT came, by their clients, in its order.
    open: BTreeMap<usize, Vec<ConnectionNumber>>,
    ended: BTreeSet<ConnectionNumber>,
}

impl OneConnection {
    /// Nobody is connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn close(&mut self, client: Option<usize>, connection: ConnectionNumber) {
        if let Some(open) = client.and_then(|client| self.open.get_mut(&client)) {
            open.retain(|it| *it != connection);
        }
    }

    fn sent(
        &mut self,
        client: Option<usize>,
        connection: ConnectionNumber,
        packet: &Packet<'_>,
    ) -> Result<(), Broken> {
        if self.ended.contains(&connection) {
            let what = format!(
                "{:?} on connection {}, which was ended",
                packet.packet_type(),
                connection.0
            );
            let broken = Broken::new(Rule::OneConnection, what);
            return Err(match client {
                Some(client) => broken.of_client(client),
                None => broken,
            });
        }
        let (Packet::Connack(connack), Some(client)) = (packet, client) else {
            return Ok(());
        };
        let Some(open) = self.open.get(&client) else {
            return Ok(());
        };
        match open.first() {
            Some(&earlier)
                if connack.reason_code == ConnectReasonCode::Success && earlier != connection =>
            {
                let what = format!(
                    "client {client} is let in on connection {}, and connection {} goes on",
                    connection.0, earlier.0
                );
                Err(Broken::new(Rule::OneConnection, what).of_client(client))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Check for OneConnection {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it takes note of a few observations only"
    )]
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        match *observation {
            Observation::Received {
                connection,
                client: Some(client),
                packet: Packet::Connect(_),
                ..
            } if is_of_broker(context, client) => {
                self.open.entry(client).or_default().push(connection);
            }
            // It is over with DISCONNECT, also when the network connection is closed later.
            Observation::Received {
                connection,
                client,
                packet: Packet::Disconnect(_),
                ..
            } => self.close(client, connection),
            Observation::Sent {
                connection,
                client,
                packet,
                ..
            } => return self.sent(client, connection, packet),
            Observation::Ended {
                connection, client, ..
            } => {
                self.close(client, connection);
                self.ended.insert(connection);
            }
            Observation::Lost { connection, client } => self.close(client, connection),
            Observation::Crashed => self.open.clear(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mqtt_codec::reason_code::DisconnectReasonCode;

    use super::*;
    use crate::check::wire_scene::{LASTING, Scene, assert_broken};

    fn scene() -> Scene<OneConnection> {
        Scene::new(2)
    }

    #[test]
    fn a_client_is_let_in_when_its_earlier_connections_are_over() {
        let mut scene = scene();
        for connection in 1..5 {
            scene.connect(0, connection, LASTING).unwrap();
            match connection {
                2 => scene.end(0, 1).unwrap(),
                3 => scene.lose(0, 2).unwrap(),
                4 => scene.crash(0).unwrap(),
                _ => {}
            }
            if connection < 4 {
                scene.connack(0, connection, false).unwrap();
            }
        }
        scene.connect(0, 5, LASTING).unwrap();
        scene.connack(0, 5, false).unwrap();
        // Another client is not in its way.
        scene.connect(1, 6, LASTING).unwrap();
        scene.connack(1, 6, false).unwrap();
    }

    #[test]
    fn a_connection_is_over_with_disconnect() {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        scene.connack(0, 1, false).unwrap();
        let code = DisconnectReasonCode::Success;
        scene.disconnect(0, 1, code, None).unwrap();
        scene.connect(0, 2, LASTING).unwrap();
        scene.connack(0, 2, true).unwrap();
    }

    #[test]
    fn a_client_is_not_let_in_beside_an_earlier_connection() {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        scene.connack(0, 1, false).unwrap();
        scene.connect(0, 2, LASTING).unwrap();
        let result = scene.connack(0, 2, false);
        assert_broken(
            result,
            Rule::OneConnection,
            &[0],
            None,
            "let in on connection 2, and connection 1 goes on",
        );
    }

    /// A connection that was opened before may be the one whose CONNECT comes later.
    #[test]
    fn the_order_is_that_in_which_connect_comes() {
        let mut scene = scene();
        scene.connect(0, 2, LASTING).unwrap();
        scene.connack(0, 2, false).unwrap();
        scene.connect(0, 1, LASTING).unwrap();
        scene.end(0, 2).unwrap();
        scene.connack(0, 1, true).unwrap();
    }

    #[test]
    fn nothing_is_sent_on_a_connection_that_was_ended() {
        let mut scene = scene();
        scene.connect(0, 1, LASTING).unwrap();
        scene.send(0, 1, Packet::Pingresp).unwrap();
        scene.end(0, 1).unwrap();
        let result = scene.send(0, 1, Packet::Pingresp);
        assert_broken(
            result,
            Rule::OneConnection,
            &[0],
            None,
            "Pingresp on connection 1, which was ended",
        );
    }
}
