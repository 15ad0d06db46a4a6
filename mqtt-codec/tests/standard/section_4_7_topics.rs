//! MQTT 5.0 §4.7, §4.8.2, MQTT 3.1.1 §4.7: Topic Names, Topic Filters and shared subscriptions.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, counted, filter, framed, hex, publish, refused,
    unsubscribe,
};
use mqtt_codec::{
    DecodeError as E, Field, TextError, TopicFilter, TopicFilterError, TopicName, TopicNameError,
    Version,
};

/// [MQTT-4.7.0-1] [v3.1.1 MQTT-4.7.1-1] Wildcards stand in Topic Filters and not in Topic Names, that of the Will either.
#[test]
fn wildcards_are_for_filters() {
    for name in ["+", "#", "a/+", "a+", "+/a", "a/#", "#a", "é#"] {
        let at = name.find(['+', '#']).unwrap();
        assert_eq!(
            TopicName::new(name),
            Err(TopicNameError::Wildcard { at }),
            "{name}"
        );
        let at = u32::try_from(4 + at).unwrap();
        for (version, packet) in publishes(name) {
            let field = Field::TopicName;
            let error = E::TopicWildcard { field, at };
            assert_eq!(refused(version, &packet), error, "{name} in {version}");
        }
    }
    for good in ["+", "#", "a/+", "+/a", "a/#", "a/+/b", "+/+/#"] {
        assert_eq!(TopicFilter::new(good).map(TopicFilter::as_str), Ok(good));
    }
    let error = |at| E::TopicWildcard {
        field: Field::WillTopic,
        at,
    };
    let connect = "10 16 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 03 61 2F 23 00 00";
    assert_breaks(Version::V5_0, "MQTT-4.7.0-1", connect, error(21));
    let connect = "10 14 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 03 61 2F 23 00 00";
    assert_breaks(Version::V3_1_1, "MQTT-4.7.1-1", connect, error(19));
}

/// [MQTT-4.7.1-1] [v3.1.1 MQTT-4.7.1-2] `#` is alone or behind a separator, and always last.
#[test]
fn a_multi_level_wildcard_is_the_last_level() {
    for good in ["#", "/#", "a/#", "a//#", "+/#", "$SYS/#", "é/#"] {
        assert_filter_is_taken(good);
    }
    for (bad, index) in [
        ("a#", 1),
        ("#/", 0),
        ("#/a", 0),
        ("a/#/b", 2),
        ("##", 0),
        ("a/#b", 2),
        ("é#", 2),
    ] {
        assert_eq!(
            TopicFilter::new(bad),
            Err(TopicFilterError::MultiLevelWildcard { at: index })
        );
        let statements = ("MQTT-4.7.1-1", "MQTT-4.7.1-2");
        assert_filter_is_refused(bad, statements, |at| E::MultiLevelWildcard {
            at: at + u32::try_from(index).unwrap(),
        });
    }
}

/// [MQTT-4.7.1-2] [v3.1.1 MQTT-4.7.1-3] `+` stands at any level and fills it.
#[test]
fn a_single_level_wildcard_fills_its_level() {
    for good in ["+", "+/a", "a/+", "a/+/b", "+/+", "/+", "+/", "+/+/#"] {
        assert_filter_is_taken(good);
    }
    for (bad, index) in [
        ("a+", 1),
        ("+a", 0),
        ("a/b+/c", 3),
        ("a/+b", 2),
        ("++", 0),
        ("é+", 2),
    ] {
        assert_eq!(
            TopicFilter::new(bad),
            Err(TopicFilterError::SingleLevelWildcard { at: index })
        );
        let statements = ("MQTT-4.7.1-2", "MQTT-4.7.1-3");
        assert_filter_is_refused(bad, statements, |at| E::SingleLevelWildcard {
            at: at + u32::try_from(index).unwrap(),
        });
    }
}

/// [MQTT-4.7.3-1] [v3.1.1 MQTT-4.7.3-1] Topic Names and Topic Filters have at least one character; a separator is one.
#[test]
fn a_topic_has_a_character() {
    for (version, plain, slash) in [
        (Version::V5_0, "30 03 00 00 00", "30 04 00 01 2F 00"),
        (Version::V3_1_1, "30 02 00 00", "30 03 00 01 2F"),
    ] {
        let error = refused(version, plain);
        assert_eq!(error.statement(version), Some("MQTT-4.7.3-1"), "{error:?}");
        assert_same(version, slash, publish("/", ""));
    }
    assert_eq!(
        refused(Version::V3_1_1, "30 02 00 00"),
        E::EmptyTopic {
            field: Field::TopicName
        }
    );
    assert_eq!(TopicName::new(""), Err(TopicNameError::Empty));
    assert_eq!(TopicFilter::new(""), Err(TopicFilterError::Empty));
    assert_filter_is_taken("/");
    assert_filter_is_refused("", ("MQTT-4.7.3-1", "MQTT-4.7.3-1"), |at| {
        E::EmptyTopicFilter { at }
    });
}

/// [MQTT-4.7.3-2] [v3.1.1 MQTT-4.7.3-2] No U+0000 in Topic Names and Topic Filters.
#[test]
fn a_topic_has_no_u_0000() {
    let null = TextError::NullCharacter { at: 1 };
    assert_eq!(TopicName::new("a\0"), Err(null.into()));
    assert_eq!(TopicFilter::new("a\0"), Err(null.into()));
    let field = Field::TopicFilter;
    let statements = ("MQTT-1.5.4-2", "MQTT-1.5.3-2");
    for filter in ["a/\0", "é\0", "\0"] {
        let place = u32::try_from(filter.find('\0').unwrap()).unwrap();
        assert_filter_is_refused(filter, statements, |at| E::NullCharacter {
            field,
            at: at + place,
        });
        for (version, packet) in publishes(filter) {
            let statement = match version {
                Version::V5_0 => statements.0,
                Version::V3_1 | Version::V3_1_1 => statements.1,
            };
            let error = E::NullCharacter {
                field: Field::TopicName,
                at: 4 + place,
            };
            assert_breaks(version, statement, &packet, error);
        }
    }
}

/// [MQTT-4.7.3-3] [v3.1.1 MQTT-4.7.3-3] Topic Names and Topic Filters have at most 65,535 bytes.
#[test]
fn a_topic_has_at_most_65535_bytes() {
    // Two bytes a character.
    let longest = format!("{}/", "é".repeat(32_767));
    let too_long = format!("{longest}a");
    assert_eq!(longest.len(), 65_535);
    assert_eq!(
        TopicName::new(&longest).map(TopicName::as_str),
        Ok(longest.as_str())
    );
    let error = TextError::TooLong { len: 65_536 };
    assert_eq!(TopicName::new(&too_long), Err(error.into()));
    assert_eq!(TopicFilter::new(&too_long), Err(error.into()));
    let filters = [TopicFilter::new(&longest).unwrap()];
    let packet = unsubscribe(&filters).into();
    for version in VERSIONS {
        let bytes = crate::harness::encoded(version, &packet);
        assert_eq!(accepted(version, &hex(&bytes)), packet);
    }
}

/// [MQTT-4.8.2-1] A shared filter is `$share/`, a ShareName of at least one character, and more.
#[test]
fn a_share_name_has_a_character() {
    for (shared, name, rest) in [
        ("$share/g/a", "g", "a"),
        ("$share/g//", "g", "/"),
        ("$share/group é/+/#", "group é", "+/#"),
        ("$share/$share/$SYS/a", "$share", "$SYS/a"),
    ] {
        assert_filter_is_taken(shared);
        assert_eq!(filter(shared).shared(), Some((name, filter(rest))));
    }
    for plain in [
        "$share",
        "$SHARE/g/a",
        "share/g/a",
        "$shared/g/a",
        "/$share/g/a",
    ] {
        assert_filter_is_taken(plain);
        assert_eq!(filter(plain).shared(), None);
    }
    assert_eq!(
        TopicFilter::new("$share//a"),
        Err(TopicFilterError::ShareName)
    );
    assert_filter_is_refused("$share//a", ("MQTT-4.8.2-1", ""), |at| E::EmptyShareName {
        at,
    });
    assert_filter_is_refused("$share//", ("MQTT-4.8.2-1", ""), |at| E::EmptyShareName {
        at,
    });
}

/// [MQTT-4.8.2-2] The ShareName has no `/`, `+` or `#`, and `/` and a Topic Filter follow it.
#[test]
fn a_share_name_has_no_wildcard_and_a_filter_follows() {
    for bad in ["$share/+/a", "$share/#/a", "$share/a+b/c", "$share/g#/a"] {
        assert_eq!(TopicFilter::new(bad), Err(TopicFilterError::ShareName));
        assert_filter_is_refused(bad, ("MQTT-4.8.2-2", ""), |at| E::ShareNameWildcard { at });
    }
    for bad in ["$share/", "$share/g"] {
        assert_eq!(
            TopicFilter::new(bad),
            Err(TopicFilterError::ShareWithoutFilter)
        );
        assert_filter_is_refused(bad, ("MQTT-4.8.2-2", ""), |at| E::ShareWithoutFilter { at });
    }
    // What follows is a Topic Filter with all its rules.
    assert_filter_is_refused("$share/g/", ("MQTT-4.7.3-1", "MQTT-4.7.3-1"), |at| {
        E::EmptyTopicFilter { at }
    });
    let statements = ("MQTT-4.7.1-1", "MQTT-4.7.1-2");
    assert_filter_is_refused("$share/g/#/a", statements, |at| E::MultiLevelWildcard {
        at: at + 9,
    });
    let statements = ("MQTT-4.7.1-2", "MQTT-4.7.1-3");
    assert_filter_is_refused("$share/g/a+", statements, |at| E::SingleLevelWildcard {
        at: at + 10,
    });
}

/// A PUBLISH to this name.
fn publishes(name: &str) -> [(Version, String); 2] {
    let name = counted(name.as_bytes());
    let with_properties = [name.as_slice(), &[0]].concat();
    [
        (Version::V3_1_1, hex(&framed(0x30, &name))),
        (Version::V5_0, hex(&framed(0x30, &with_properties))),
    ]
}

/// In SUBSCRIBE and UNSUBSCRIBE of each version, after another one.
fn assert_filter_is_taken(name: &str) {
    for version in VERSIONS {
        let packets = packets(version, name);
        accepted(version, &hex(&packets[0].0));
        assert_same(
            version,
            &hex(&packets[1].0),
            unsubscribe(&[filter("a"), filter(name)]),
        );
    }
}

/// `error` is told where the filter begins. The statements are those of 5.0 and 3.1.1.
fn assert_filter_is_refused(name: &str, statements: (&str, &str), error: impl Fn(u32) -> E) {
    for version in VERSIONS {
        let statement = match version {
            Version::V5_0 => statements.0,
            Version::V3_1_1 => statements.1,
            Version::V3_1 => "",
        };
        for (packet, at) in packets(version, name) {
            let found = refused(version, &hex(&packet));
            assert_eq!(found, error(at), "{name} in {version}");
            assert_eq!(
                found.statement(version).unwrap_or_default(),
                statement,
                "{found:?}"
            );
        }
    }
}

/// A SUBSCRIBE and an UNSUBSCRIBE with `a` and this filter, and where it begins.
fn packets(version: Version, name: &str) -> [(Vec<u8>, u32); 2] {
    let head: &[u8] = if version.has_properties() {
        &[0, 1, 0]
    } else {
        &[0, 1]
    };
    let name = counted(name.as_bytes());
    let at = u32::try_from(2 + head.len() + 3 + 2).unwrap();
    let subscribe = [head, &counted(b"a"), &[1], &name, &[1]].concat();
    let unsubscribe = [head, &counted(b"a"), &name].concat();
    [
        (framed(0x82, &subscribe), at + 1),
        (framed(0xA2, &unsubscribe), at),
    ]
}
