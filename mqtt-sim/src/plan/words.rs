use alloc::format;
use alloc::string::String;

use super::step::{Crash, Publication, Step, Will};
use crate::disk::Loss;
use crate::names::{Filter, Names};
use crate::network::{Cut, Direction};
use crate::observation::Kept;

impl Step {
    /// The step in a few words, with the names of its world.
    #[must_use]
    pub fn words(&self, names: &Names) -> String {
        let filter_name = |filter: Filter| names.filter(filter).map_or("?", |it| it.as_str());
        let away = |span: core::time::Duration| match span.as_millis() {
            0 => String::new(),
            millis => format!(", away for {millis} ms"),
        };
        match *self {
            Self::Begin { client } => format!("c{client} begins"),
            Self::Publish {
                client,
                publication,
            } => format!(
                "c{client} publishes{}",
                publication_words(&publication, names)
            ),
            Self::Remove { client, topic, qos } => {
                let topic = names.topic(topic).map_or("?", |topic| topic.as_str());
                format!(
                    "c{client} removes what is retained at {topic} qos{}",
                    qos as u8
                )
            }
            Self::Subscribe {
                client,
                filter,
                options,
            } => {
                let qos = options.maximum_qos as u8;
                format!("c{client} subscribes to {} qos{qos}", filter_name(filter))
            }
            Self::Unsubscribe { client, filter } => {
                format!("c{client} unsubscribes from {}", filter_name(filter))
            }
            Self::Leave {
                client,
                will,
                away: span,
            } => format!("c{client} disconnects{}{}", will_words(will), away(span)),
            Self::Cut {
                client,
                cut,
                away: span,
            } => format!("c{client} is cut off{}{}", cut_words(cut), away(span)),
            Self::HalfClose { client } => format!("c{client} closes its half of the connection"),
            Self::Stall {
                client,
                direction,
                span,
            } => {
                let (way, millis) = (direction_words(direction), span.as_millis());
                format!("nothing arrives {way} c{client} for {millis} ms")
            }
            Self::Restart {
                client,
                kept,
                away: span,
            } => format!("c{client} is restarted{}{}", kept_words(kept), away(span)),
            Self::Crash(crash) => crash_words(crash),
            Self::FullDisk { span, room, .. } => {
                let millis = span.as_millis();
                format!("the disk is full but for {room} bytes for {millis} ms")
            }
            Self::FailedWrite => "the next write fails".into(),
            Self::FailedSync => "the next sync fails".into(),
            Self::ClockJump { micros } => format!("the clock on the wall is set by {micros} us"),
            Self::Hostile { hostile } => format!("hostile client {hostile} comes"),
        }
    }
}

fn publication_words(publication: &Publication, names: &Names) -> String {
    let mut words = format!(" qos{}", publication.qos as u8);
    if publication.retain {
        words += " retain";
    }
    if let Some(expiry) = publication.expiry {
        words += &format!(" expiry {expiry} s");
    }
    if let Some(topic) = names.topic(publication.topic) {
        words += &format!(" {topic}");
    }
    words + &format!(" {} B", publication.bytes)
}

const fn will_words(will: Will) -> &'static str {
    match will {
        Will::Dropped => "",
        Will::Published => " with its will",
    }
}

const fn kept_words(kept: Kept) -> &'static str {
    match kept {
        Kept::State => "",
        Kept::Nothing => " without its state",
    }
}

const fn direction_words(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "from",
        Direction::Down => "to",
    }
}

const fn cut_words(cut: Cut) -> &'static str {
    match cut {
        Cut::Both => "",
        Cut::ClientIsBlind => ", the client does not hear of it",
        Cut::ServerIsBlind => ", the server does not hear of it",
        Cut::BothAreBlind => ", neither end hears of it",
    }
}

fn crash_words(crash: Crash) -> String {
    let what = match crash.loss {
        Loss::Process => "the process ends",
        Loss::Power => "the power fails",
    };
    let again = match crash.again {
        0 => String::new(),
        again => format!(", and {again} times more at the start"),
    };
    format!("{what} for {} ms{again}", crash.down.as_millis())
}
