//! Links whose CONNECT had an Authentication Method.

use mqtt_broker_core::{Authentication, AuthenticationOutcome, LinkId};
use mqtt_codec::{Text, TextBuf};

use super::{World, with_method};

impl World {
    /// A link of the client `a` whose CONNECT was asked about.
    pub fn asked(&mut self, method: &'static str) -> LinkId {
        let link = self.link_from(Authentication::Ask);
        self.send(link, with_method("a", method));
        link
    }

    /// The same, and now AUTH was sent and the client's is awaited.
    pub fn awaiting_auth(&mut self, method: &'static str) -> LinkId {
        let link = self.asked(method);
        self.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
        self.take(link);
        link
    }

    /// The same, let in as `alice`.
    pub fn connected_by(&mut self, method: &'static str) -> LinkId {
        let link = self.asked(method);
        self.authenticated(link, accepted("alice"));
        self.take(link);
        link
    }
}

/// Let in under this name.
pub fn accepted(principal: &'static str) -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: Some(TextBuf::from(Text::new(principal).unwrap())),
        data: None,
    }
}
