//! The statements of the standards, each with the tests that show it.
//!
//! `docs/standard/` has the statements as data. A test says in its doc comment which of them it shows: `[MQTT-3.1.0-2]` for
//! 5.0, `[v3.1.1 MQTT-3.1.0-2]` for 3.1.1, and `[often-wrong-7]` for a rule that has no number in the standard. Here the
//! sources are searched for these marks, and `docs/conformance.md` is made of them.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

mod marks;
mod page;
mod sources;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use marks::{Found, Mark, Marks};
use statement::{State, Statement};

/// Makes `docs/conformance.md` anew instead of comparing it.
const UPDATE: &str = "UPDATE_CONFORMANCE";

/// Where a rule binds both ends, there is a test of each.
#[test]
fn every_statement_is_tested_on_each_side_that_it_binds() {
    let marks = Marks::read();
    let mut missing = Vec::new();
    for statement in statement::all() {
        if statement.state == State::Tested {
            let tests = marks.of(&statement);
            missing.extend(
                statement
                    .sides()
                    .into_iter()
                    .filter(|side| !tests.iter().any(|test| side.is_shown_by(test)))
                    .map(|side| format!("{}: no test {side}", statement.mark())),
            );
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_mark_names_a_statement() {
    let known: BTreeSet<String> = statement::all().iter().map(Statement::mark).collect();
    let unknown: Vec<String> = Marks::everywhere()
        .into_iter()
        .filter(|(mark, _)| !known.contains(mark))
        .map(|(mark, place)| format!("{mark} in {place}"))
        .collect();
    assert_eq!(unknown, Vec::<String>::new());
}

/// A mark on what is no test, or that has a slip in it, shows nothing.
#[test]
fn no_mark_goes_astray() {
    assert_eq!(Marks::astray(), Vec::<String>::new());
}

/// Few statements are without a test, and each of those says why.
#[test]
fn what_is_not_tested_has_a_reason() {
    let marks = Marks::read();
    let mut not_applicable = BTreeMap::new();
    for statement in statement::all() {
        match &statement.state {
            State::Tested => continue,
            State::Later(what) => {
                assert!(statement.id.starts_with("MQTT-6.0.0-"), "{}", statement.id);
                assert_eq!(what, "WebSocket");
            }
            State::NotApplicable => *not_applicable.entry(statement.version).or_insert(0) += 1,
        }
        assert!(!statement.reason.is_empty(), "{}: why?", statement.mark());
        let tests = marks.of(&statement);
        assert_eq!(
            tests,
            Vec::<&Mark>::new(),
            "{} has a test",
            statement.mark()
        );
    }
    assert!(
        not_applicable.values().all(|&count| count <= 12),
        "{not_applicable:?}"
    );
}

/// None of the statements has been lost from the data.
#[test]
fn the_data_are_complete() {
    let mut counts = BTreeMap::new();
    for statement in statement::all() {
        *counts.entry(statement.version).or_insert(0) += 1;
    }
    assert_eq!((counts["3.1.1"], counts["5.0"]), (141, 251));
    let marks: BTreeSet<String> = statement::all().iter().map(Statement::mark).collect();
    assert_eq!(marks.len(), statement::all().len(), "an id stands once");
}

/// A file that no program of tests includes shows nothing.
#[test]
fn every_file_of_tests_is_part_of_a_program() {
    assert_eq!(sources::orphans(), Vec::<String>::new());
}

#[test]
fn the_page_is_up_to_date() {
    let path = sources::root().join("docs/conformance.md");
    let page = page::render(&statement::all(), &Marks::read());
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = page
        .lines()
        .zip(found.lines())
        .find(|(expected, found)| expected != found);
    assert!(
        page == found,
        "docs/conformance.md is out of date ({differs:?}): {UPDATE}=1 cargo test -p mqttd --test conformance"
    );
}

/// What finds the marks finds these, and says which count for nothing.
#[test]
fn marks_are_found_in_the_doc_comments_of_tests() {
    // The brackets are put in here, so that this file is not taken for a test of these statements.
    let source = "
/// ⟦MQTT-1.2.3-4⟧ ⟦v3.1.1 MQTT-1.2.3-5⟧ It is so.
/// ⟦often-wrong-7⟧ And so.
#[test]
fn it_is_so() {
    helper();
}

proptest! {
    /// ⟦3.1-2⟧ Whatever comes.
    #[test]
    #[expect(
        clippy::panic,
        reason = \"it may\"
    )]
    fn always(x in any::<u8>()) {}
}

/// ⟦MQTT-1.2.3-6⟧ Not a test.
fn helper() {
    a_client();
}

/// ⟦MQTT-1.2.3-7⟧ Not always built.
#[cfg(unix)]
#[test]
fn on_unix() {}

/// ⟦MQTT 1.2.3-8⟧ With a slip.
#[test]
fn with_a_slip() {}
"
    .replace('⟦', "[")
    .replace('⟧', "]");
    let found = Found::in_source("a/tests/b.rs", &source);
    let tests: Vec<_> = found
        .tests
        .iter()
        .map(|mark| (&mark.statement[..], &mark.test[..], mark.names_a_client))
        .collect();
    let expected = [
        ("MQTT-1.2.3-4", "it_is_so", true),
        ("v3.1.1 MQTT-1.2.3-5", "it_is_so", true),
        ("often-wrong-7", "it_is_so", true),
        ("3.1-2", "always", false),
    ];
    assert_eq!(tests, expected);
    let astray: Vec<_> = found
        .astray
        .iter()
        .map(|it| it.split_once(": ").unwrap().1)
        .collect();
    let expected = ["MQTT-1.2.3-6", "MQTT-1.2.3-7", "MQTT 1.2.3-8"].map(|it| format!("[{it}]"));
    assert_eq!(astray, expected);
    assert_eq!(marks::in_text(&source).len(), 6);
}
