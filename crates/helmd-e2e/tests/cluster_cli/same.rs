//! What differs between two runs of the same commands: times, ages, addresses, names that the cluster makes.

use serde_json::Value as Json;

/// Fields of objects that each have their own.
const OWN: [&str; 18] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "time",
    "updated",
    "first_deployed",
    "last_deployed",
    "started_at",
    "completed_at",
    "deployedAt",
    "createdAt",
    "modifiedAt",
    "lastTransitionTime",
    "lastUpdateTime",
    "startTime",
    "startedAt",
    "nodeName",
    "managedFields",
];

/// The text without what differs.
pub fn text(text: &str, namespace: &str) -> String {
    let text = match serde_json::from_str::<Json>(text) {
        Ok(mut value) if text.starts_with(['{', '[']) => {
            scrub(&mut value);
            serde_json::to_string_pretty(&value).unwrap_or_default()
        }
        _ => text.lines().filter(|line| !is_own(line) && !is_noise(line)).map(|line| format!("{line}\n")).collect(),
    };
    let text = plain(&text.replace(namespace, "NAMESPACE"));
    let lines: Vec<String> = text.split('\n').map(|line| squeezed(line.trim_end())).collect();
    sorted(&lines.join("\n"))
}

fn scrub(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(scrub),
        Json::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                // The state of a release is a text, that of an object is how far it has come.
                let own = OWN.contains(&key.as_str()) || (key == "status" && value.is_object());
                if own { *value = Json::Null } else { scrub(value) }
            }
        }
        _ => {}
    }
}

/// A line of YAML with a field of [`OWN`], or below one.
fn is_own(line: &str) -> bool {
    let field = line.trim_start().trim_start_matches("- ");
    OWN.iter().any(|own| field.strip_prefix(own).is_some_and(|rest| rest.starts_with(": ")))
}

/// HELM: a wait that ends in the middle of an answer.
fn is_noise(line: &str) -> bool {
    line.contains("] \"Unexpected error when reading response body\" err=\"context canceled\"")
}

/// Whether the bytes are as the pattern: `9` a digit, `A` a letter, `_` a digit or a blank, `T` a `T` or a blank.
fn fits(bytes: &[u8], pattern: &str) -> bool {
    let one = |(b, p): (&u8, u8)| match p {
        b'9' => b.is_ascii_digit(),
        b'A' => b.is_ascii_alphabetic(),
        b'_' => b.is_ascii_digit() || *b == b' ',
        b'T' => matches!(b, b'T' | b' '),
        p => *b == p,
    };
    bytes.len() >= pattern.len() && bytes.iter().zip(pattern.bytes()).all(one)
}

fn fits_uuid(bytes: &[u8]) -> bool {
    let digit = |(place, b): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    bytes.get(..36).is_some_and(|bytes| bytes.iter().enumerate().all(digit))
}

fn count(bytes: &[u8], fit: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| fit(**b)).count()
}

/// What stands here that differs: how long it is, and what it is.
fn own(bytes: &[u8], before: Option<u8>) -> Option<(usize, &'static str)> {
    let digits = |from: usize| count(bytes.get(from..).unwrap_or_default(), |b| b.is_ascii_digit());
    let starts = |from: usize, text: &str| bytes.get(from..).is_some_and(|rest| rest.starts_with(text.as_bytes()));
    if fits(bytes, "9999-99-99T99:99:99") {
        let mut end = 19;
        if starts(end, ".") {
            end += 1 + digits(end + 1);
        }
        end += ["Z", " +0000 UTC"].iter().find(|zone| starts(end, zone)).map_or(0, |zone| zone.len());
        return Some((end, "TIME"));
    }
    if fits(bytes, "AAA AAA _9 99:99:99 9999") {
        return Some((24, "TIME"));
    }
    if fits(bytes, "I9999 99:99:99.999999 ") {
        let blanks = count(bytes.get(22..)?, |b| b == b' ');
        return Some((22 + blanks + digits(22 + blanks), "KLOG"));
    }
    if fits(bytes, "-9999999999") && digits(1) == 10 {
        return Some((11, "-UNIX"));
    }
    if starts(0, "10.") && bytes.get(3).is_some_and(u8::is_ascii_digit) {
        let end = count(bytes, |b| b.is_ascii_digit() || b == b'.');
        return (bytes.get(..end)?.iter().filter(|b| **b == b'.').count() == 3).then_some((end, "IP"));
    }
    for label in ["createdAt=", "modifiedAt="] {
        if starts(0, label) {
            return Some((label.len() + digits(label.len()), "TIMED"));
        }
    }
    if fits_uuid(bytes) {
        return Some((36, "UUID"));
    }
    if starts(0, "kube-api-access-") {
        return Some((21, "kube-api-access"));
    }
    if bytes.first() == Some(&b'-') {
        let hash = count(bytes.get(1..)?, |b| b.is_ascii_hexdigit());
        let own = bytes.get(hash + 2..).map(|rest| count(rest, |b| b.is_ascii_alphanumeric()));
        if (8..=10).contains(&hash) && bytes.get(hash + 1) == Some(&b'-') && own == Some(5) {
            return Some((hash + 7, "-POD"));
        }
    }
    let alone = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
    let mut age = 0;
    // `2m7s`
    while digits(age) > 0 && bytes.get(age + digits(age)).is_some_and(|b| matches!(b, b's' | b'm' | b'h' | b'd')) {
        age += digits(age) + 1;
    }
    (age > 0 && alone(before.as_ref()) && alone(bytes.get(age))).then_some((age, "AGE"))
}

fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before).copied());
        match own(rest, before) {
            Some((length, name)) => {
                out.extend_from_slice(name.as_bytes());
                at += length;
            }
            None => {
                out.extend(rest.first());
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Columns are as wide as what was taken out of them: several blanks count as two, none before a tab.
fn squeezed(line: &str) -> String {
    let mut text = line.to_owned();
    while text.contains("   ") {
        text = text.replace("   ", "  ");
    }
    text.replace("  \t", "\t").replace(" \t", "\t")
}

/// HELM: the kinds of a status come in Go's order of maps, which is none.
fn sorted(text: &str) -> String {
    let Some((head, rest)) = text.split_once("RESOURCES:\n") else { return text.to_owned() };
    let Some((objects, tail)) = rest.split_once("\n\n\n") else { return text.to_owned() };
    let mut kinds: Vec<&str> = objects.split("\n\n").collect();
    kinds.sort_unstable();
    format!("{head}RESOURCES:\n{}\n\n\n{tail}", kinds.join("\n\n"))
}
