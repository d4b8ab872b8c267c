//! Answers of both sides, and whether they are the same.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// What the real program says: JSON text, or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Out(String),
    Error(String),
}

#[derive(Deserialize)]
struct Side {
    out: Option<Box<RawValue>>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Sides {
    helm3: Side,
    helm4: Side,
}

impl Answer {
    /// Reads one line of the oracle.
    ///
    /// # Errors
    /// The line is no answer.
    pub fn parse(line: &str, helm3: bool) -> Result<Answer, serde_json::Error> {
        let side: Side = if line.starts_with("{\"helm") {
            let sides: Sides = serde_json::from_str(line)?;
            if helm3 { sides.helm3 } else { sides.helm4 }
        } else {
            serde_json::from_str(line)?
        };
        Ok(match side {
            Side { error: Some(error), .. } => Answer::Error(error),
            Side { out: Some(out), .. } => Answer::Out(out.get().to_owned()),
            Side { .. } => Answer::Out("null".to_owned()),
        })
    }
}

/// What this implementation says.
#[derive(Debug, Clone)]
pub enum Ours {
    /// Text, compared byte for byte.
    Text(Vec<u8>),
    /// A value, compared by value.
    Value(Json),
    /// JSON text, compared byte for byte.
    JsonText(String),
    Error(String),
    /// A fault of ours whatever the question was.
    Panic(String),
}

/// How an answer ended: a smaller question must end alike on both sides to be the same find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Out,
    Error,
    Panic,
}

/// Two answers that differ.
#[derive(Debug, Clone)]
pub struct Difference {
    pub want: Answer,
    pub got: Ours,
}

impl Difference {
    /// The difference between the two, if there is one that counts.
    pub fn between(want: Answer, got: Ours) -> Option<Difference> {
        if same(&want, &got) || excused(&want, &got) { None } else { Some(Difference { want, got }) }
    }

    pub fn endings(&self) -> (Ending, Ending) {
        let want = match &self.want {
            Answer::Out(_) => Ending::Out,
            Answer::Error(e) if e.starts_with("PANIC: ") => Ending::Panic,
            Answer::Error(_) => Ending::Error,
        };
        let got = match &self.got {
            Ours::Error(_) => Ending::Error,
            Ours::Panic(_) => Ending::Panic,
            Ours::Text(_) | Ours::Value(_) | Ours::JsonText(_) => Ending::Out,
        };
        (want, got)
    }
}

fn same(want: &Answer, got: &Ours) -> bool {
    match (want, got) {
        (_, Ours::Panic(_)) => false,
        // The library itself crashed: any clean error will do.
        (Answer::Error(want), Ours::Error(_)) if want.starts_with("PANIC: ") => true,
        (Answer::Error(want), Ours::Error(got)) => *want == go_utf8(got.as_bytes()),
        (Answer::Out(want), Ours::Text(got)) => {
            serde_json::from_str::<String>(want).is_ok_and(|want| want == go_utf8(got))
        }
        (Answer::Out(want), Ours::JsonText(got)) => want == got,
        (Answer::Out(want), Ours::Value(got)) => {
            serde_json::from_str::<Json>(want).is_ok_and(|want| same_value(&want, got))
        }
        _ => false,
    }
}

/// Differences that say nothing: Go prints where something lies in its memory; it notices somewhere else that a value holds
/// itself; and `slice` reaches into the room that Go left behind a list.
fn excused(want: &Answer, got: &Ours) -> bool {
    const CYCLE: &str = "encountered a cycle via";
    let (Answer::Out(want) | Answer::Error(want)) = want;
    if let Ours::Error(got) = got {
        let cycles = got.contains(CYCLE) && want.contains(CYCLE);
        let room = got.contains("reflect.Value.Slice: slice index out of bounds")
            || (got.contains("index out of range") && want.contains("invalid slice index"));
        if cycles || room {
            return true;
        }
    }
    let pointer = |text: &str| text.match_indices("0x").any(|(at, _)| is_address(&text[at + 2..]));
    !matches!(got, Ours::Panic(_)) && pointer(want)
}

/// Six or more hexadecimal digits: no number of the grammar is so large.
fn is_address(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_hexdigit).count() >= 6
}

/// As Go's JSON encoder writes bytes that are no UTF-8: each becomes U+FFFD.
fn go_utf8(bytes: &[u8]) -> String {
    gotmpl::strconv::utf8::to_text(bytes).into_owned()
}

/// Equal by value: numbers by their value, objects without order.
fn same_value(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x == y,
            _ => x.as_f64() == y.as_f64(),
        },
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same_value(a, b)),
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same_value(v, w)))
        }
        // Bytes that are no UTF-8 were lost on the way.
        (Json::String(x), Json::String(y)) => x == y || *x == go_utf8(y.as_bytes()),
        _ => a == b,
    }
}
