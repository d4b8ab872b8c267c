//! What was found before: each question once more, with the real answers as they were recorded.

use crate::answer::{Answer, Difference};
use crate::ours;
use helmd_chart::HelmMajor;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Found {
    question: Json,
    answer: Box<RawValue>,
}

#[test]
fn what_was_found_is_answered_alike() {
    let differing = helmd_engine::with_render_stack(|| {
        let lines = include_str!("../found.jsonl").lines();
        let all: Vec<Found> =
            lines.map(|line| serde_json::from_str(line).expect("a question and its answer")).collect();
        let sides = [HelmMajor::Helm4, HelmMajor::Helm3];
        all.iter()
            .flat_map(|found| sides.map(|helm| (found, helm)))
            .filter_map(|(found, helm)| {
                let want = Answer::parse(found.answer.get(), helm == HelmMajor::Helm3).expect("an answer");
                let difference = Difference::between(want, ours::answer(&found.question, helm))?;
                Some(crate::report(&found.question, &difference, &format!("{helm:?}")))
            })
            .collect::<Vec<_>>()
    });
    let differing = differing.expect("no panic");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
