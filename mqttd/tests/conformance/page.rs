//! `docs/conformance.md`.

use std::fmt::Write as _;

use crate::marks::{Mark, Marks};
use crate::statement::{State, Statement};

/// The page.
pub(crate) fn render(statements: &[Statement], marks: &Marks) -> String {
    let mut page = String::from(INTRODUCTION);
    summary(&mut page, statements);
    contents(&mut page, statements);
    for (version, heading) in PARTS {
        writeln!(page, "\n## {heading}").unwrap();
        let mut section = String::new();
        for statement in statements.iter().filter(|s| s.version == version) {
            let of = section_of(statement);
            if of != section {
                write!(page, "\n### {}\n\n{TABLE}", heading_of(statement)).unwrap();
                section = of;
            }
            row(&mut page, statement, &marks.most_specific_first(statement));
        }
    }
    page
}

/// `(version, heading)` of each part, in order.
const PARTS: [(&str, &str); 3] = [
    ("5.0", "MQTT 5.0"),
    ("3.1.1", "MQTT 3.1.1"),
    ("", "Rules without a number"),
];

const INTRODUCTION: &str = "\
# Conformance

Every normative statement of MQTT 5.0 and 3.1.1, every rule that we know of that has no number there, and the tests that
show them. The machines that keep the rules do no I/O, so their tests are deterministic; those that draw examples have a
fixed seed. Three statements about the transport itself have tests with real sockets. The statements are in our own words;
[`docs/standard/`](standard/) has them as data.

`cargo test -p mqttd --test conformance` makes this page from the sources and fails when a statement has no test, when a rule
that binds both ends has a test of only one (what the codec keeps for both, and what is about transports, needs one test), or
when the page is out of date. `UPDATE_CONFORMANCE=1` before that command writes it anew. [testing.md](testing.md) tells how the
tests are built and what they found.

The second column says whom a statement binds: `wire` is the form of a packet, for both ends. The client's side is tested in
`mqtt-session`, beside the server's end of a single connection, and the broker's in `mqtt-broker-core`. Of several tests the
most specific stands first: the one that shows the fewest other statements.
";

const TABLE: &str = "| statement | binds | what it says | state | tests |\n|---|---|---|---|---|\n";

fn summary(page: &mut String, statements: &[Statement]) {
    page.push_str(
        "\n| | statements | tested | not applicable | later |\n|---|---:|---:|---:|---:|\n",
    );
    for (version, heading) in PARTS {
        let of = || statements.iter().filter(|s| s.version == version);
        let tested = of().filter(|s| s.state == State::Tested).count();
        let not_applicable = of().filter(|s| s.state == State::NotApplicable).count();
        let all = of().count();
        let later = all - tested - not_applicable;
        writeln!(
            page,
            "| {heading} | {all} | {tested} | {not_applicable} | {later} |"
        )
        .unwrap();
    }
}

/// The section of the standard with its number, or the kind of a rule without one.
fn section_of(statement: &Statement) -> String {
    if statement.version.is_empty() {
        return statement.title.clone();
    }
    let (section, _) = statement.id["MQTT-".len()..].rsplit_once('-').unwrap();
    let mut numbers: Vec<&str> = section.split('.').collect();
    if numbers.last() == Some(&"0") {
        numbers.pop();
    }
    format!("§{}", numbers.join("."))
}

/// With the version, so that no two headings of the page are alike.
fn heading_of(statement: &Statement) -> String {
    let section = section_of(statement);
    match statement.version {
        "" => section,
        version => format!("MQTT {version} {section}"),
    }
}

/// A line for each part, with links to its sections.
fn contents(page: &mut String, statements: &[Statement]) {
    for (version, heading) in PARTS {
        let mut links = Vec::new();
        for statement in statements.iter().filter(|s| s.version == version) {
            let anchor: String = heading_of(statement)
                .to_lowercase()
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    c if c.is_alphanumeric() || c == '-' => Some(c),
                    _ => None,
                })
                .collect();
            let link = format!("[{}](#{anchor})", section_of(statement));
            if links.last() != Some(&link) {
                links.push(link);
            }
        }
        writeln!(page, "\n{heading}: {}", links.join(", ")).unwrap();
    }
}

fn row(page: &mut String, statement: &Statement, tests: &[&Mark]) {
    let state = match &statement.state {
        State::Tested => "tested".to_owned(),
        State::NotApplicable => "not applicable".to_owned(),
        State::Later(what) => format!("later: {what}"),
    };
    let shown = if tests.is_empty() {
        statement.reason.clone()
    } else {
        let links: Vec<String> = tests.iter().map(|test| link(test)).collect();
        links.join("<br>")
    };
    let title = if statement.version.is_empty() {
        String::new()
    } else {
        format!("*{}*: ", statement.title)
    };
    let (id, role, text) = (statement.mark(), statement.role, escaped(&statement.text));
    writeln!(
        page,
        "| {id} | {role} | {title}{text} | {state} | {shown} |"
    )
    .unwrap();
}

fn link(test: &Mark) -> String {
    format!("{}: [{}](../{})", test.part(), test.test, test.file)
}

/// As Markdown has it in the cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('*', "\\*")
        .replace('<', "&lt;")
}
