//! Templates and the small languages inside of them.

use crate::parts;
use gotmpl::Value;
use gotmpl::exec::Limits;
use gotmpl::parse::TemplateSet;
use helmd_chart::{File, HelmMajor};
use helmd_engine::{Budgets, Engine};
use helmd_values::{Capabilities, ReleaseOptions, RenderValues, SchemaCheck, render_values};
use sprig::regex::{Bounds, GoRegex};
use sprig::time::{Zone, parse_in};
use std::rc::Rc;
use std::time::Duration;

/// A text is parsed as a template.
pub(crate) fn template(data: &[u8]) {
    let mut set = TemplateSet::default();
    let _may_fail = set.parse("t", data, &|_| true);
}

/// A template is rendered with values (JSON behind the first zero byte), within small budgets.
pub(crate) fn render(data: &[u8]) {
    let [text, values] = parts(data);
    let values = serde_json::from_slice::<serde_json::Map<_, _>>(values).unwrap_or_default();
    let file = |name: &str, text: &[u8]| File::new(name, text.to_vec());
    let about = b"apiVersion: v2\nname: c\nversion: 0.1.0\n";
    let files = vec![file("Chart.yaml", about), file("templates/t.yaml", text), file("f.txt", b"a\nb")];
    let Ok(chart) = helmd_chart::load_files(files, HelmMajor::Helm4) else { return };
    let release = ReleaseOptions {
        name: "r".to_owned(),
        namespace: "n".to_owned(),
        revision: 1,
        is_install: true,
        is_upgrade: false,
    };
    let capabilities = Capabilities::default_for(HelmMajor::Helm4);
    let checked = render_values(&chart, &values, SchemaCheck::Validate, HelmMajor::Helm4, &mut Vec::new());
    let Ok(values) = checked else { return };
    let engine = Engine { budgets: budgets(), lint: text.len().is_multiple_of(7), ..Engine::new(HelmMajor::Helm4) };
    let values = RenderValues { values, release, capabilities };
    let _may_fail = engine.render(&chart, values, Rc::new(sprig::FixedHost::default()));
}

/// Budgets that end any render soon. Threads of tests have 2 MiB of stack, and a sanitizer takes its part.
fn budgets() -> Budgets {
    Budgets {
        steps: 20_000,
        output_bytes: 1 << 20,
        stack_bytes: 512 << 10,
        text_bytes: 1 << 20,
        items: 20_000,
        comparisons: 20_000,
        memory_bytes: 64 << 20,
        regex_bytes: 1 << 20,
        regex_work: 20_000_000,
        crypto_work: 0,
        render_time: Duration::from_secs(5),
        ..Budgets::default()
    }
}

/// A pattern, a text, a replacement.
pub(crate) fn regex(data: &[u8]) {
    let [pattern, text, replacement] = parts(data);
    let Ok(regex) = GoRegex::from_bytes(pattern) else { return };
    let found = regex.find(text);
    assert_eq!(found.is_some(), regex.is_match(text), "find and is_match disagree");
    let limits = Limits::default();
    let bounds = || Bounds::new(&limits, 50_000_000);
    let Ok(all) = regex.find_all(text, -1, bounds()) else { return };
    assert_eq!(all.is_empty(), found.is_none(), "find and find_all disagree");
    let _may_fail = (regex.split(text, -1, bounds()), regex.replace_all(text, replacement, bounds()));
    let quoted = sprig::regex::quote_meta(text);
    if let Ok(literal) = GoRegex::from_bytes(&quoted) {
        assert!(std::str::from_utf8(text).is_err() || literal.is_match(text), "a quoted text matches itself");
    }
}

/// A format and its arguments (a JSON list).
pub(crate) fn printf(data: &[u8]) {
    let [format, arguments] = parts(data);
    let arguments: Vec<serde_json::Value> = serde_json::from_slice(arguments).unwrap_or_default();
    let arguments: Vec<Value> = arguments.iter().map(Value::from_json).collect();
    let _text = gotmpl::fmt::sprintf_within(format, &arguments, 1 << 20);
}

/// A layout and a time; a duration.
pub(crate) fn dates(data: &[u8]) {
    let [layout, time] = parts(data);
    if let Ok(moment) = parse_in(layout, time, &Zone::Utc) {
        let _text = moment.format(layout);
        let shown = moment.format(b"2006-01-02T15:04:05.999999999Z07:00");
        let again = parse_in(b"2006-01-02T15:04:05.999999999Z07:00", &shown, &Zone::Utc);
        assert!(again.is_ok_and(|m| m.unix() == moment.unix()) || !(0..=9999).contains(&year(&moment)), "{shown:?}");
    }
    let _may_fail = sprig::time::parse_duration(time);
}

fn year(moment: &sprig::time::Moment) -> i64 {
    String::from_utf8_lossy(&moment.format(b"2006")).parse().unwrap_or(-1)
}
