//! The marks of tests, found in the sources.

use std::collections::BTreeMap;

use crate::sources;
use crate::statement::Statement;

/// What the doc comment of a test says: it shows this statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) statement: String,
    /// The file, from the root.
    pub(crate) file: String,
    pub(crate) test: String,
    /// Whether the test, or a function of its file that it calls, speaks of a client.
    pub(crate) names_a_client: bool,
}

impl Mark {
    /// The folder of the crate that the test is in.
    pub(crate) fn part(&self) -> &str {
        self.file.split('/').next().unwrap_or_default()
    }
}

/// The marks of all tests, by statement.
pub(crate) struct Marks(BTreeMap<String, Vec<Mark>>);

impl Marks {
    pub(crate) fn read() -> Self {
        let mut marks = BTreeMap::<_, Vec<_>>::new();
        for (file, text) in sources::all() {
            for mark in Found::in_source(&file, &text).tests {
                marks.entry(mark.statement.clone()).or_default().push(mark);
            }
        }
        Self(marks)
    }

    /// The tests that show it.
    pub(crate) fn of(&self, statement: &Statement) -> Vec<&Mark> {
        let marks = self.0.get(&statement.mark());
        marks.into_iter().flatten().collect()
    }

    /// The same; those that show the fewest other statements stand first.
    pub(crate) fn most_specific_first(&self, statement: &Statement) -> Vec<&Mark> {
        let mut tests = self.of(statement);
        let all = || self.0.values().flatten();
        let is_same = |a: &Mark, b: &Mark| (&a.file, &a.test) == (&b.file, &b.test);
        tests.sort_by_cached_key(|test| all().filter(|other| is_same(test, other)).count());
        tests
    }

    /// Every mark in every source file, in comments of the code as well, with its place.
    pub(crate) fn everywhere() -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (file, text) in sources::all() {
            for (line, number) in text.lines().zip(1..) {
                let marks = in_text(line);
                found.extend(
                    marks
                        .into_iter()
                        .map(|mark| (mark, format!("{file}:{number}"))),
                );
            }
        }
        found
    }

    /// Marks in the documentation of what is no test, in the files of tests, and what was meant as a mark and is none.
    pub(crate) fn astray() -> Vec<String> {
        sources::all()
            .iter()
            .filter(|(file, _)| file.contains("/tests/"))
            .flat_map(|(file, text)| Found::in_source(file, text).astray)
            .collect()
    }
}

/// What a source file has.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tests: Vec<Mark>,
    /// Where marks stand that count for nothing.
    pub(crate) astray: Vec<String>,
}

impl Found {
    /// A test is a function under `#[test]` or `#[tokio::test]`, also within `proptest!`, that is always built and run.
    pub(crate) fn in_source(file: &str, source: &str) -> Self {
        let mut found = Self::default();
        let lines: Vec<&str> = source.lines().collect();
        let (mut doc, mut attributes) = (String::new(), String::new());
        for (at, line) in lines.iter().map(|line| line.trim()).enumerate() {
            if let Some(text) = line.strip_prefix("///") {
                doc.push_str(text);
                // A mark is never broken over two lines.
                doc.push('\n');
            } else if line.starts_with("#[") || is_open(&attributes) {
                attributes.push_str(line);
            } else {
                let marks = in_text(&doc);
                match function_name(line) {
                    Some(test) if is_run(&attributes) => {
                        let names_a_client = names_a_client(&lines, at);
                        found.tests.extend(marks.into_iter().map(|statement| Mark {
                            statement,
                            file: file.to_owned(),
                            test: test.to_owned(),
                            names_a_client,
                        }));
                    }
                    _ => found.astray.extend(
                        marks
                            .iter()
                            .map(|mark| format!("{file}:{}: [{mark}]", at + 1)),
                    ),
                }
                let near = near_misses(&doc).map(|near| format!("{file}:{}: [{near}]", at + 1));
                found.astray.extend(near);
                doc.clear();
                attributes.clear();
            }
        }
        found
    }
}

/// Whether an attribute goes on in the next line.
fn is_open(attributes: &str) -> bool {
    attributes.matches('[').count() > attributes.matches(']').count()
}

fn is_run(attributes: &str) -> bool {
    let is_test = ["#[test]", "#[tokio::test"]
        .iter()
        .any(|test| attributes.contains(test));
    is_test && !attributes.contains("ignore") && !attributes.contains("#[cfg")
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = line.strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

fn names_a_client(lines: &[&str], at: usize) -> bool {
    let body = body(lines, at);
    let speaks = |body: &[&str]| {
        body.iter()
            .any(|line| line.contains("client") || line.contains("Client"))
    };
    let called = lines.iter().enumerate().filter(|(_, line)| {
        function_name(line.trim()).is_some_and(|name| {
            let call = format!("{name}(");
            body.iter().skip(1).any(|line| line.contains(&call))
        })
    });
    speaks(body)
        || called
            .into_iter()
            .any(|(at, _)| speaks(self::body(lines, at)))
}

/// A function from its first line to the brace that closes it.
fn body<'a, 'b>(lines: &'b [&'a str], at: usize) -> &'b [&'a str] {
    let indent = lines[at].len() - lines[at].trim_start().len();
    let end = format!("{}}}", " ".repeat(indent));
    let len = lines[at..].iter().position(|line| *line == end);
    &lines[at..at + len.unwrap_or(0)]
}

/// What stands in brackets and has the form of a mark.
pub(crate) fn in_text(text: &str) -> Vec<String> {
    let marks = in_brackets(text).filter(|inside| is_mark(inside));
    marks.map(str::to_owned).collect()
}

/// What stands in brackets, names MQTT and a number, and is no mark.
fn near_misses(text: &str) -> impl Iterator<Item = &str> {
    in_brackets(text).filter(|inside| {
        let is_meant = inside.contains("MQTT") && inside.contains(|c: char| c.is_ascii_digit());
        is_meant && !is_mark(inside)
    })
}

fn in_brackets(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split('[').skip(1);
    parts.filter_map(|part| part.split_once(']').map(|(inside, _)| inside))
}

fn is_mark(text: &str) -> bool {
    let Some((kind, number)) = text.rsplit_once('-') else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_section = |text: &str| text.split('.').all(is_number);
    let numbered = kind.strip_prefix("v3.1.1 ").unwrap_or(kind);
    is_number(number)
        && match numbered.strip_prefix("MQTT-") {
            Some(section) => is_section(section),
            None => ["3.1", "5.0", "often-wrong", "choice"].contains(&kind),
        }
}
