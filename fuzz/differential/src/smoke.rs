//! A few questions of every kind: that the program works, not that nothing differs.

use crate::modes::{MODES, Source};
use crate::{Session, program};
use helmd_fuzz::random::Random;
use serde_json::Value as Json;

#[test]
fn questions_are_the_same_for_the_same_seed() {
    for mode in MODES {
        let make = || (0..50).map(|i| (mode.question)(&mut Random::of_case(1, mode.name, i))).collect::<Vec<Json>>();
        assert_eq!(make(), make(), "{}", mode.name);
    }
}

#[test]
fn the_real_helm_answers_alike() {
    if program(Source::Oracle).is_none() {
        assert!(std::env::var_os("CI").is_none(), "HELMD_TOOLS names no folder with oracle");
        println!("skipped: no oracle (HELMD_TOOLS)");
        return;
    }
    let differing = helmd_engine::with_render_stack(|| {
        let mut session = Session::new(false);
        let mut differing = Vec::new();
        for mode in MODES.iter().filter(|m| program(m.source).is_some()) {
            session.use_source(mode.source).expect("the oracle starts");
            let questions: Vec<Json> =
                (0..40).map(|i| (mode.question)(&mut Random::of_case(1, mode.name, i))).collect();
            let compared = session.compare(&questions).expect("the oracle answers");
            differing.extend(questions.into_iter().zip(compared).filter_map(|(question, compared)| match compared {
                crate::Compared::Differs(difference) => Some(crate::report(&question, &difference, mode.name)),
                _ => None,
            }));
        }
        differing
    });
    let differing = differing.expect("no panic");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
