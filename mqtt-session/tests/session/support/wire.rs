//! A client and a server over a wire that loses what is on its way when it is cut.

use mqtt_codec::{PacketType, fixed_header};
use mqtt_session::client::{Config as ClientConfig, Event as ClientEvent};
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{
    ClientSession, CloseReason, Message, PublishError, PublishOutcome, PublishToken, ServerSession,
    SessionState,
};

use super::{Client, Machine, Out, Sent, Server, Side};

/// One end, and what its application and the network saw of it.
pub(crate) struct End<M> {
    pub(crate) side: Side<M>,
    /// On their way to the other end.
    pub(crate) wire: Vec<u8>,
    /// Came, and are no whole packet yet.
    partial: Vec<u8>,
    /// Whole packets that came on this connection.
    pub(crate) arrived: Vec<PacketType>,
    /// What it sent on this connection.
    pub(crate) sent: Vec<Sent>,
    /// Payloads.
    pub(crate) delivered: Vec<String>,
    pub(crate) outcomes: Vec<PublishOutcome>,
    pub(crate) closed: Vec<CloseReason>,
}

/// Whether the server still has the session when the client comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Kept,
    Lost,
}

pub(crate) struct Pair {
    pub(crate) client: End<ClientSession>,
    pub(crate) server: End<ServerSession>,
    /// The server's session between two connections.
    pub(crate) kept: Option<SessionState>,
}

impl<M: Machine> End<M> {
    fn new(side: Side<M>) -> Self {
        Self {
            side,
            wire: Vec::new(),
            partial: Vec::new(),
            arrived: Vec::new(),
            sent: Vec::new(),
            delivered: Vec::new(),
            outcomes: Vec::new(),
            closed: Vec::new(),
        }
    }

    /// A new connection: what there was of the last one is gone.
    fn begin(&mut self) {
        self.wire.clear();
        self.partial.clear();
        self.arrived.clear();
        self.sent.clear();
    }

    /// Its state, as it was stored before the last bytes left.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let mut stored = Vec::new();
        self.side.machine.encode_state(&mut stored);
        stored
    }

    pub(crate) fn publish(&mut self, message: Message) -> Result<PublishToken, PublishError> {
        self.side.machine.publish(self.side.now, message)
    }

    /// Bytes come. What they lead to is for `Pair::collect`.
    fn take(&mut self, bytes: &[u8]) {
        self.partial.extend(bytes);
        let mut rest = self.partial.as_slice();
        while let Ok(Some(header)) = fixed_header(rest) {
            let Some((_, behind)) = rest.split_at_checked(header.packet_len()) else {
                break;
            };
            self.arrived.push(header.packet_type);
            rest = behind;
        }
        let taken = self.side.machine.handle_bytes(self.side.now, &self.partial);
        self.partial.drain(..taken);
    }

    /// Does what the machine asks for; gives back what only one of the two has.
    fn collect(&mut self) -> Vec<Out> {
        let mut others = Vec::new();
        let outs = self.side.drain();
        for out in outs {
            match out {
                Out::Deliver(_, payload) => {
                    self.delivered.push(String::from_utf8(payload).unwrap());
                }
                Out::Send(sent) => {
                    self.wire.extend(&sent.bytes);
                    self.sent.push(sent);
                }
                Out::Close(reason) => self.closed.push(reason),
                Out::Client(ClientEvent::Published(outcome))
                | Out::Server(ServerEvent::Published(outcome)) => self.outcomes.push(outcome),
                out @ (Out::Client(_) | Out::Server(_) | Out::Pause | Out::Resume) => {
                    others.push(out);
                }
                out @ Out::DeliverManually(..) => panic!("{out:?}"),
            }
        }
        others
    }
}

impl Pair {
    /// Without a connection.
    pub(crate) fn new(client: ClientConfig, server: ServerConfig) -> Self {
        let version = client.version;
        Self {
            client: End::new(Client::new(client)),
            server: End::new(Server::new(server, version)),
            kept: None,
        }
    }

    /// A network connection: CONNECT is on its way.
    pub(crate) fn open(&mut self) {
        self.client.begin();
        self.server.begin();
        self.server
            .side
            .machine
            .handle_connected(self.server.side.now);
        self.client
            .side
            .machine
            .handle_connected(self.client.side.now);
        self.collect();
    }

    /// What came and went is of no interest any more.
    pub(crate) fn forget(&mut self) {
        for (arrived, sent) in [
            (&mut self.client.arrived, &mut self.client.sent),
            (&mut self.server.arrived, &mut self.server.sent),
        ] {
            arrived.clear();
            sent.clear();
        }
    }

    /// The connection is lost, and both ends get to know.
    pub(crate) fn cut(&mut self, memory: Memory) {
        self.client.side.machine.handle_closed(self.client.side.now);
        self.server.side.machine.handle_closed(self.server.side.now);
        self.collect();
        let state = match memory {
            Memory::Kept => self.server.side.machine.take_state(),
            // It is left where it is, to be replaced.
            Memory::Lost => None,
        };
        // Of a connection that was not accepted the machine has nothing.
        self.kept = self.kept.take().or(state);
    }

    /// `n` bytes of the client's arrive.
    pub(crate) fn up(&mut self, n: usize) {
        let n = n.min(self.client.wire.len());
        let bytes: Vec<u8> = self.client.wire.drain(..n).collect();
        self.server.take(&bytes);
    }

    /// `n` bytes of the server's arrive.
    pub(crate) fn down(&mut self, n: usize) {
        let n = n.min(self.server.wire.len());
        let bytes: Vec<u8> = self.server.wire.drain(..n).collect();
        self.client.take(&bytes);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.client.wire.is_empty() && self.server.wire.is_empty()
    }

    /// Everything arrives until nothing is on its way.
    pub(crate) fn settle(&mut self) {
        while !self.is_quiet() {
            self.up(usize::MAX);
            self.down(usize::MAX);
            self.collect();
        }
    }

    /// Does what both machines ask for. The server goes on with the session that it has, unless the client wants none.
    pub(crate) fn collect(&mut self) {
        self.client.collect();
        for out in self.server.collect() {
            let Out::Server(ServerEvent::Connect(request)) = out else {
                continue;
            };
            let session = self.kept.take().filter(|_| !request.clean_start);
            let accept = Accept {
                session,
                ..Accept::default()
            };
            self.server
                .side
                .machine
                .accept(self.server.side.now, accept)
                .unwrap();
            self.server.collect();
        }
    }
}
