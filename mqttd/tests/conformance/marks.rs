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
            for mark in of_tests(&file, &text) {
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
}

/// The marks of the tests in a source file. A test is a function under `#[test]`, also within `proptest!`.
pub(crate) fn of_tests(file: &str, source: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut doc = String::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push_str(text);
            // A mark is never broken over two lines.
            doc.push('\n');
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[") {
            // Another attribute belongs to the same function.
        } else {
            if let (true, Some(test)) = (is_test, function_name(line)) {
                marks.extend(in_text(&doc).into_iter().map(|statement| Mark {
                    statement,
                    file: file.to_owned(),
                    test: test.to_owned(),
                }));
            }
            doc.clear();
            is_test = false;
        }
    }
    marks
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = line.strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// What stands in brackets and has the form of a mark.
pub(crate) fn in_text(text: &str) -> Vec<String> {
    let mut marks = Vec::new();
    for part in text.split('[').skip(1) {
        if let Some((inside, _)) = part.split_once(']') {
            if is_mark(inside) {
                marks.push(inside.to_owned());
            }
        }
    }
    marks
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
