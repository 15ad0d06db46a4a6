//! What the broker dropped on its way to subscribers, told once in a while.

use mqtt_broker_core::{Cause, Counters};

/// What was told of so far.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    told: Vec<u64>,
}

impl Drops {
    /// A line for each cause for which something was dropped since the last call.
    pub(crate) fn lines(&mut self, counters: &Counters) -> Vec<String> {
        self.told.resize(Cause::DROPS.len(), 0);
        let news = Cause::DROPS.iter().zip(&mut self.told);
        news.filter_map(|(cause, told)| {
            let all = counters.refused(*cause);
            let new = all - core::mem::replace(told, all);
            (new > 0).then(|| format!("{new} messages to clients were dropped: {}.", cause.name()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_drop_is_told_once() {
        let mut counters = Counters::default();
        let mut drops = Drops::default();
        assert_eq!(drops.lines(&counters), Vec::<String>::new());
        counters.refused[Cause::QueueFull as usize] = 3;
        counters.refused[Cause::Expired as usize] = 7;
        assert_eq!(
            drops.lines(&counters),
            ["3 messages to clients were dropped: queue full."]
        );
        assert_eq!(drops.lines(&counters), Vec::<String>::new());
        counters.refused[Cause::QueueFull as usize] = 4;
        counters.refused[Cause::SendBufferFull as usize] = 1;
        assert_eq!(
            drops.lines(&counters),
            [
                "1 messages to clients were dropped: send buffer full.",
                "1 messages to clients were dropped: queue full."
            ]
        );
    }
}
