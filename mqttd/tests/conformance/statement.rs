//! The statements as `docs/standard/` has them.

use std::collections::BTreeMap;
use std::fmt;

use crate::marks::Mark;
use crate::sources;

/// One statement of a standard, or a rule that has no number there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The version of the standard; empty for a rule without a number.
    pub(crate) version: &'static str,
    pub(crate) id: String,
    /// The heading of its section in the standard, or of its part of the page.
    pub(crate) title: String,
    pub(crate) role: Role,
    /// The layer that can break it.
    layer: Layer,
    /// The rule.
    pub(crate) text: String,
    pub(crate) state: State,
    /// Why it is not tested.
    pub(crate) reason: String,
}

/// Whom it binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Wire,
    Client,
    Server,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Codec,
    /// A session or the broker.
    Machine,
    /// Sockets, or nothing at all.
    Outside,
}

/// How it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Tested,
    NotApplicable,
    /// With what it will be.
    Later(String),
}

/// Where a test of a statement has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Anywhere,
    Client,
    Broker,
}

impl Statement {
    /// What a doc comment says of it, without the brackets.
    pub(crate) fn mark(&self) -> String {
        match self.version {
            "3.1.1" => format!("v3.1.1 {}", self.id),
            _ => self.id.clone(),
        }
    }

    pub(crate) fn sides(&self) -> Vec<Side> {
        match (self.layer, self.role) {
            (Layer::Codec | Layer::Outside, _) | (Layer::Machine, Role::Wire) => {
                vec![Side::Anywhere]
            }
            (Layer::Machine, Role::Client) => vec![Side::Client],
            (Layer::Machine, Role::Server) => vec![Side::Broker],
            (Layer::Machine, Role::Both) => vec![Side::Client, Side::Broker],
        }
    }
}

impl Side {
    pub(crate) fn is_shown_by(self, test: &Mark) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Client => test.part() == "mqtt-session" && test.names_a_client,
            Self::Broker => test.part() == "mqtt-broker-core",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anywhere => "at all",
            Self::Client => "of the client in mqtt-session",
            Self::Broker => "of the broker in mqtt-broker-core",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wire => "wire",
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both",
        })
    }
}

/// All of them, in the order of the page.
pub(crate) fn all() -> Vec<Statement> {
    let mut untested = untested();
    let mut statements = Vec::new();
    for (version, file) in [("5.0", "normative-v5.0"), ("3.1.1", "normative-v3.1.1")] {
        for row in rows(file) {
            let (state, reason) = untested
                .remove(&(version.to_owned(), row["id"].clone()))
                .unwrap_or((State::Tested, String::new()));
            statements.push(Statement {
                version,
                id: row["id"].clone(),
                title: row["section_title"].clone(),
                role: role(&row["role"]),
                layer: layer(&row["testable_in"]),
                text: row["statement"].clone(),
                state,
                reason,
            });
        }
    }
    assert!(untested.is_empty(), "untested.csv: unknown {untested:?}");
    statements.extend(rows("unnumbered").map(|row| Statement {
        version: "",
        title: unnumbered_title(&row["id"]).to_owned(),
        id: row["id"].clone(),
        role: role(&row["role"]),
        layer: if row["role"] == "wire" {
            Layer::Codec
        } else {
            Layer::Machine
        },
        text: row["statement"].clone(),
        state: State::Tested,
        reason: String::new(),
    }));
    statements
}

fn untested() -> BTreeMap<(String, String), (State, String)> {
    rows("untested")
        .map(|row| {
            let state = match row["state"].split_once(": ") {
                Some(("later", what)) => State::Later(what.to_owned()),
                None if row["state"] == "not applicable" => State::NotApplicable,
                _ => panic!("untested.csv: {}", row["state"]),
            };
            let key = (row["version"].clone(), row["id"].clone());
            (key, (state, row["reason"].clone()))
        })
        .collect()
}

fn unnumbered_title(id: &str) -> &'static str {
    match id.rsplit_once('-') {
        Some(("3.1", _)) => "MQTT 3.1",
        Some(("5.0", _)) => "MQTT 5.0 without a number",
        Some(("often-wrong", _)) => "Often got wrong",
        Some(("choice", _)) => "Where the standard leaves a choice",
        _ => panic!("unnumbered.csv: {id}"),
    }
}

fn role(name: &str) -> Role {
    match name {
        "wire" => Role::Wire,
        "client" => Role::Client,
        "server" => Role::Server,
        "both" => Role::Both,
        _ => panic!("no role {name}"),
    }
}

fn layer(name: &str) -> Layer {
    match name {
        "codec" => Layer::Codec,
        "session" | "broker" => Layer::Machine,
        "runtime" | "out-of-scope" => Layer::Outside,
        _ => panic!("no layer {name}"),
    }
}

/// The rows of a table of `docs/standard/`, by the names of their columns.
fn rows(name: &str) -> impl Iterator<Item = BTreeMap<String, String>> {
    let path = sources::root().join(format!("docs/standard/{name}.csv"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows: Vec<_> = reader.deserialize().map(Result::unwrap).collect();
    rows.into_iter()
}
