use alloc::string::String;

use mqtt_codec::{TopicFilter, TopicName};

/// What a Topic Name is to a filter, in a walk through all names in the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It matches.
    Match,
    /// It does not, and the next name may.
    Next,
    /// Neither does any name before this one, which is behind it.
    Seek,
    /// Neither does any name behind it.
    End,
}

/// Compares a name with a filter that is not shared. `target` receives the name to seek.
pub(super) fn step(filter: TopicFilter<'_>, topic: TopicName<'_>, target: &mut String) -> Step {
    let name = topic.as_str();
    let mut levels = topic.levels();
    // Where the current level of the name begins.
    let mut start = 0;
    for (depth, wanted) in filter.levels().enumerate() {
        if matches!(wanted, "+" | "#") && depth == 0 && topic.is_dollar() {
            // [MQTT-4.7.2-1]: the names that begin with `$` stand together.
            return seek(target, &[AFTER_DOLLAR]);
        }
        let level = match (wanted, levels.next()) {
            ("#", _) => return Step::Match,
            (_, None) => return Step::Next,
            ("+", Some(level)) => level,
            (text, Some(level)) if text == level => level,
            (text, Some(_)) => return seek_text(name, start, text, target),
        };
        start += level.len() + 1;
    }
    match levels.next() {
        None => Step::Match,
        // Nothing below this name's beginning is short enough.
        Some(_) => seek_behind(name, start, target),
    }
}

/// The name differs from the filter in a level that begins at `start` and should be `text`.
fn seek_text(name: &str, start: usize, text: &str, target: &mut String) -> Step {
    let (before, rest) = name.split_at_checked(start).unwrap_or((name, ""));
    // What is wanted is `text` alone and then all that begins with `text/`; other names stand between the two.
    if rest < text {
        return seek(target, &[before, text]);
    }
    let below = rest
        .strip_prefix(text)
        .map_or(rest > text, |after| after > "/");
    if !below {
        return seek(target, &[before, text, "/"]);
    }
    seek_behind(name, start, target)
}

/// To the first name behind all those that begin with the levels of the name before `start`.
fn seek_behind(name: &str, start: usize, target: &mut String) -> Step {
    match start.checked_sub(1).and_then(|end| name.get(..end)) {
        Some(above) => seek(target, &[above, AFTER_SEPARATOR]),
        None => Step::End,
    }
}

fn seek(target: &mut String, parts: &[&str]) -> Step {
    target.clear();
    target.extend(parts.iter().copied());
    Step::Seek
}

/// The character behind `/`.
const AFTER_SEPARATOR: &str = "0";

/// The character behind `$`.
const AFTER_DOLLAR: &str = "%";
