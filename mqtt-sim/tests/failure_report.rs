//! What a person sees of a failure.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

extern crate alloc;

use alloc::boxed::Box;
use core::time::Duration;

use mqtt_codec::QoS;
use mqtt_sim::{
    Broken, Check, Context, FailureReport, GuardedRun, Observation, Plan, Rerun, Rule, Scenario,
    World,
};

#[test]
fn a_report_says_how_to_repeat_the_failure_what_it_needs_and_what_happened() {
    let scenario = Scenario {
        clients: 20,
        span: Duration::from_secs(3),
        ..Scenario::default()
    };
    let checks = || -> Vec<Box<dyn Check>> { vec![Box::new(NoQoS2Forwarded)] };
    let run = GuardedRun::new(1, || World::new(Plan::new(1, &scenario), checks()));
    let failure = run.outcome.unwrap_err();
    let rerun = Rerun {
        checks: &checks,
        sabotage: None,
    };
    let report = FailureReport::new(&scenario, failure.clone(), &rerun);

    // A publisher and a subscriber, which begin, and a message.
    let steps = &report.minimal.plan.steps;
    assert!((3..=4).contains(&steps.len()), "{report}");
    let broken = &report.minimal.failure.broken;
    let (receiver, what) = (broken.clients[0], broken.to_string());
    let text = report.to_string();
    let expected = [
        format!("seed 1 breaks a rule at step {}, after ", failure.step),
        format!("    {}\n", failure.broken),
        "    cargo run -p mqtt-sim --release -- --from 1 --clients 20 --secs 3\n".into(),
        format!("{} of ", steps.len()),
        " of 20 clients, ".into(),
        format!("c{receiver} begins\n"),
        format!("    {what}\n"),
        "      server     disk\n".into(),
        "------>|         |    PUBLISH qos2 id ".into(),
        format!(" !! {what}\n"),
        format!(
            "    (\"--from 1 --clients 20 --secs 3\", {:?}),\n",
            failure.broken.to_string()
        ),
    ];
    let mut rest = text.as_str();
    for part in &expected {
        let at = rest.find(part.as_str());
        assert!(at.is_some(), "{part:?} is not in its place:\n{text}");
        rest = &rest[at.unwrap_or(0)..];
    }
}

/// A rule that every world breaks.
#[derive(Debug)]
struct NoQoS2Forwarded;

impl Check for NoQoS2Forwarded {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        // What comes to the observer comes in every world.
        let observer = context.setting.clients.len() - 1;
        if let Observation::Delivered {
            client,
            message,
            qos: QoS::ExactlyOnce,
            ..
        } = *observation
        {
            if client == observer {
                return Ok(());
            }
            let what = format!("m{} came to c{client}", message.index());
            let broken = Broken::new(Rule::DeliveredOnce, what);
            return Err(broken.of_client(client).of_message(message));
        }
        Ok(())
    }
}
