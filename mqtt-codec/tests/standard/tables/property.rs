//! `properties-v5.0.csv`.

use std::sync::LazyLock;

use super::csv::{clauses, rows};
use super::{Breach, General, Place, Rule, Sender, Violation, WireType};
use mqtt_codec::{Field, ReasonCode};

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) field: Field,
    pub(crate) wire_type: WireType,
    /// Where it may stand, and who sends it there.
    pub(crate) places: Vec<(Place, Sender)>,
    may_repeat: &'static str,
    pub(crate) rules: Vec<Rule>,
    pub(crate) violations: Vec<Violation>,
}

/// All rows.
pub(crate) fn properties() -> &'static [Property] {
    static ROWS: LazyLock<Vec<Property>> =
        LazyLock::new(|| table()[1..].iter().map(Property::parse).collect());
    &ROWS
}

/// The row of a property.
pub(crate) fn property(field: Field) -> &'static Property {
    properties().iter().find(|it| it.field == field).unwrap()
}

/// The row of all properties.
pub(crate) fn general() -> General {
    static ROW: LazyLock<General> = LazyLock::new(|| General::parse(general_row()[6]));
    *ROW
}

impl Property {
    fn parse(
        &[id, name, wire_type, packets, may_repeat, rules, violation]: &[&'static str; 7],
    ) -> Self {
        let id = u8::from_str_radix(id.strip_prefix("0x").unwrap(), 16).unwrap();
        let field = Field::from_property_identifier(id).unwrap();
        assert_eq!(field.name(), name);
        Self {
            field,
            wire_type: WireType::named(wire_type),
            places: clauses(packets).map(place).collect(),
            may_repeat,
            rules: clauses(rules).map(Rule::parse).collect(),
            violations: Violation::parse(violation),
        }
    }

    pub(crate) fn id(&self) -> u8 {
        self.field.property_identifier().unwrap()
    }

    /// Who sends it there, if somebody does.
    pub(crate) fn sender(&self, place: Place) -> Option<Sender> {
        let (_, sender) = self.places.iter().find(|(it, _)| *it == place)?;
        Some(*sender)
    }

    /// What is said when it stands twice there; nothing where it may.
    pub(crate) fn repeated(&self, place: Place) -> Option<ReasonCode> {
        let may_repeat = match self.may_repeat {
            "yes" => true,
            "no" => false,
            by_place => {
                let yes = |clause: &str| clause.strip_suffix(" yes") == Some(place.name());
                let no = |clause: &str| clause.strip_suffix(" no") == Some(place.name());
                assert!(clauses(by_place).any(|it| yes(it) || no(it)), "{self:?}");
                clauses(by_place).any(yes)
            }
        };
        let code = self
            .code(Breach::Repeated(Some(place)))
            .or(self.code(Breach::Repeated(None)));
        assert_eq!(code.is_none(), may_repeat, "{self:?}");
        code
    }

    /// What is said of a breach; nothing where the row does not have it.
    pub(crate) fn code(&self, breach: Breach) -> Option<ReasonCode> {
        let of_breach = |violation: &&Violation| violation.breach == breach;
        self.violations.iter().find(of_breach).map(|it| it.code)
    }

    /// The lowest and the highest value, where it is a number.
    pub(crate) fn range(&self) -> Option<(u32, u32)> {
        let stated = self.rules.iter().find_map(|rule| match *rule {
            Rule::Range(first, last) => Some((first, last)),
            _ => None,
        });
        stated.or(self.wire_type.maximum().map(|maximum| (0, maximum)))
    }

    /// Values that it may have, encoded: the limits and what stands beside them, or texts.
    pub(crate) fn good(&self) -> Vec<Vec<u8>> {
        if self.rules.contains(&Rule::TopicName) {
            return vec![b"\0\x01a".to_vec(), b"\0\x04a/\xC3\xA9".to_vec()];
        }
        let Some((first, last)) = self.range() else {
            return self.wire_type.texts();
        };
        [first, first + 1, 128.clamp(first, last), last]
            .map(|number| self.wire_type.number(number))
            .to_vec()
    }

    /// Numbers that it may not have, encoded, and as numbers: the limits minus and plus one, and the highest.
    pub(crate) fn bad(&self) -> Vec<(Vec<u8>, u32)> {
        let (Some((first, last)), Some(maximum)) = (self.range(), self.wire_type.maximum()) else {
            return vec![];
        };
        let below = first.checked_sub(1);
        let above = last.checked_add(1).filter(|&above| above <= maximum);
        let highest = above.map(|_| maximum);
        [below, above, highest]
            .into_iter()
            .flatten()
            .map(|number| (self.wire_type.number(number), number))
            .collect()
    }

    /// The identifier and a value.
    pub(crate) fn with(&self, value: &[u8]) -> Vec<u8> {
        [&[self.id()], value].concat()
    }

    /// What must stand before it in the block.
    pub(crate) fn prefix(&self, place: Place) -> &'static [u8] {
        match (self.field, place) {
            (Field::AuthenticationData, Place::Connect) => b"\x15\0\x01m",
            _ => b"",
        }
    }
}

/// The table as it is.
pub(crate) fn properties_table() -> &'static str {
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/standard/properties-v5.0.csv"
    ))
}

fn table() -> Vec<[&'static str; 7]> {
    let heading = [
        "id",
        "name",
        "type",
        "packets",
        "may_repeat",
        "value_rules",
        "violation",
    ];
    rows(properties_table(), heading)
}

fn general_row() -> [&'static str; 7] {
    let row = table()[0];
    let rules = "identifier is a Variable Byte Integer but all defined ones fit one byte; order between different identifiers has no meaning; Property Length counts the properties and not itself";
    assert_eq!(
        row[..6],
        [
            "any",
            "(all properties)",
            "see rows",
            "see rows",
            "see rows",
            rules
        ]
    );
    row
}

/// A packet, and who sends the property in it.
fn place(clause: &'static str) -> (Place, Sender) {
    let (name, note) = clause.split_once(" (").unwrap_or((clause, ""));
    let place = Place::named(name);
    let sender = match note {
        "" => place.sender(),
        "client)" | "client only)" => Sender::Client,
        "server)" | "server to client only)" => Sender::Server,
        other => panic!("who sends it: {other}"),
    };
    (place, sender)
}
