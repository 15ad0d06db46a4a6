//! The time of each decode and encode, ours beside the peers'.
//!
//! ```text
//! cargo bench --bench codec [-- FILTER]
//! ```

use criterion::measurement::WallTime;
use criterion::{BatchSize, Criterion};
use mqttd_benches::{Case, Harness, all};

struct Time(Criterion<WallTime>);

impl Harness for Time {
    fn bench<I>(
        &mut self,
        case: Case,
        peer: &'static str,
        mut setup: impl FnMut() -> I,
        mut run: impl FnMut(&mut I),
    ) {
        self.0.bench_function(&format!("{case}/{peer}"), |bencher| {
            bencher.iter_batched_ref(&mut setup, |input| run(input), BatchSize::SmallInput);
        });
    }
}

fn main() {
    let mut time = Time(Criterion::default().configure_from_args());
    all(&mut time);
    time.0.final_summary();
}
