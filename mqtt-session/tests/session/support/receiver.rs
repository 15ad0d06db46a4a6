//! Both machines by who sends to them, in the state in which they expect a packet.

use super::packets::*;
use super::*;
use crate::tables::{Place, Sender};
use mqtt_codec::packet::SubscribeProperties;
use mqtt_codec::property::UserProperties;
use mqtt_codec::{QoS, ReasonCode, Text};
use mqtt_session::client::InitialAuthentication;

/// A machine of 5.0 that receives.
pub(crate) struct Receiver {
    machine: Either,
    /// Whether CONNACK is still to be sent or to come.
    is_early: bool,
}

enum Either {
    Client(Client),
    Server(Server),
}

const V5: Version = Version::V5_0;

impl Receiver {
    /// That takes this packet from this side as the next one. With an Authentication Method, where there is one.
    pub(crate) fn taking(peer: Sender, place: Place, method: Option<&str>) -> Self {
        let is_early = matches!(
            place,
            Place::Connect | Place::Will | Place::Connack | Place::Auth
        );
        let machine = match peer {
            Sender::Client => Either::Server(server(place, method)),
            Sender::Server => Either::Client(client(place, method)),
            Sender::Both => panic!("one side sends"),
        };
        Self { machine, is_early }
    }

    /// Connected, with nothing under way.
    pub(crate) fn connected(peer: Sender, method: Option<&str>) -> Self {
        Self::taking(peer, Place::Disconnect, method)
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Out> {
        match &mut self.machine {
            Either::Client(client) => client.receive_bytes(bytes),
            Either::Server(server) => server.receive_bytes(bytes),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        match &self.machine {
            Either::Client(client) => client.machine.in_flight(),
            Either::Server(server) => server.machine.state().in_flight(),
        }
    }

    /// The last packet that it sends to who breaks a rule, and the close.
    pub(crate) fn refusal(&self, code: ReasonCode, reason: CloseReason) -> [Out; 2] {
        let is_server = matches!(self.machine, Either::Server(_));
        let goodbye = if is_server && self.is_early {
            let reason_code = ConnectReasonCode::from_byte(code.byte()).unwrap();
            let connack = Connack {
                reason_code,
                ..accepted()
            };
            send(V5, connack)
        } else {
            send(V5, disconnect(self::code(code.byte())))
        };
        [goodbye, Out::Close(reason)]
    }

    /// The client begins to authenticate again.
    pub(crate) fn reauthenticate(&mut self) {
        if let Either::Client(client) = &mut self.machine {
            client.machine.reauthenticate(client.now, None).unwrap();
            client.drain();
        }
    }
}

impl From<Client> for Receiver {
    /// That is connected.
    fn from(client: Client) -> Self {
        Self {
            machine: Either::Client(client),
            is_early: false,
        }
    }
}

impl From<Server> for Receiver {
    /// That is connected.
    fn from(server: Server) -> Self {
        Self {
            machine: Either::Server(server),
            is_early: false,
        }
    }
}

/// Ready for that packet of a server's.
fn client(place: Place, method: Option<&str>) -> Client {
    let authentication = method.map(|method| InitialAuthentication {
        method: text(method),
        data: None,
    });
    let mut client = Client::new(client::Config {
        authentication,
        topic_alias_maximum: u16::MAX,
        ..client_config(V5)
    });
    client.connect();
    if matches!(place, Place::Connack | Place::Auth) {
        return client;
    }
    client.receive(connack(ConnackProperties {
        authentication_method: method.map(|method| Text::new(method).unwrap()),
        ..ConnackProperties::default()
    }));
    let now = client.now;
    match place {
        Place::Suback => {
            let subscriptions = [subscription("a", QoS::AtMostOnce)];
            let properties = SubscribeProperties::default();
            let machine = &mut client.machine;
            machine.subscribe(now, &subscriptions, properties).unwrap();
        }
        Place::Unsuback => {
            let machine = &mut client.machine;
            let user_properties = UserProperties::default();
            machine
                .unsubscribe(now, &[filter("a")], user_properties)
                .unwrap();
        }
        _ => exchange(&mut client, place),
    }
    client.drain();
    client
}

/// Ready for that packet of a client's.
fn server(place: Place, method: Option<&str>) -> Server {
    let mut server = Server::new(
        server::Config {
            topic_alias_maximum: u16::MAX,
            ..server::Config::default()
        },
        V5,
    );
    if matches!(place, Place::Connect | Place::Will) {
        server.machine.handle_connected(server.now);
        return server;
    }
    server.open(&Connect {
        properties: ConnectProperties {
            session_expiry_interval: Some(1),
            authentication_method: method.map(|method| Text::new(method).unwrap()),
            ..ConnectProperties::default()
        },
        ..connect(V5)
    });
    if place == Place::Auth {
        server.machine.authenticate(server.now, None).unwrap();
    } else {
        server.accept(Accept::default());
        exchange(&mut server, place);
    }
    server.drain();
    server
}

/// An exchange with Packet Identifier 1, up to that packet.
fn exchange<M: Machine>(side: &mut Side<M>, place: Place) {
    match place {
        Place::Puback => drop(side.publish(message(QoS::AtLeastOnce, "a", "x"))),
        Place::Pubrec => drop(side.publish(message(QoS::ExactlyOnce, "a", "x"))),
        Place::Pubcomp => {
            side.publish(message(QoS::ExactlyOnce, "a", "x"));
            side.receive(pubrec(1));
        }
        Place::Pubrel => drop(side.receive(qos2(1, "a", "x"))),
        _ => {}
    }
}

/// What a machine gives out, with no more of an event than its name.
pub(crate) fn shapes(outs: &[Out]) -> Vec<String> {
    let name = |event: String| event.split(['(', ' ']).next().unwrap().to_owned();
    outs.iter()
        .map(|out| match out {
            Out::Client(event) => name(format!("{event:?}")),
            Out::Server(event) => name(format!("{event:?}")),
            other => format!("{other:?}"),
        })
        .collect()
}
