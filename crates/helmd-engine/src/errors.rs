//! Template failures in Helm's words.

use gotmpl::FuncError;
use gotmpl::exec::{ExecError, Stopped};
use gotmpl::parse::ParseError;
use helmd_chart::HelmMajor;

/// Why a chart could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A file is no template.
    #[error("{text}")]
    Parse {
        /// Helm's sentence.
        text: String,
        /// Place and reason.
        error: ParseError,
    },
    /// A template failed while it ran.
    #[error("{text}")]
    Exec {
        /// Helm's sentence: one line for helm 3, indented lines for helm 4.
        text: String,
        /// Place and reason.
        error: Box<ExecError>,
    },
    /// Somebody cancelled the render before a template ran.
    #[error("render cancelled")]
    Cancelled,
    /// The thread of the render could not be started, or ended by a fault of this program.
    #[error("rendering stopped: {0}")]
    Stopped(String),
}

impl RenderError {
    /// The budget that ran out, or the cancellation, when it was one.
    pub fn stopped(&self) -> Option<Stopped> {
        match self {
            RenderError::Exec { error, .. } => error.stopped,
            RenderError::Cancelled => Some(Stopped::Cancelled),
            RenderError::Parse { .. } | RenderError::Stopped(_) => None,
        }
    }

    /// The place at which the render was stopped, as `file:line:column`.
    pub fn place(&self) -> Option<String> {
        match self {
            RenderError::Exec { error, .. } => Some(format!("{}:{}:{}", error.template, error.line, error.column)),
            _ => None,
        }
    }
}

const WARN_START: &str = "HELM_ERR_START";
const WARN_END: &str = "HELM_ERR_END";

/// Marks the message of `required` and `fail`, so that it can be told from the executor's words around it.
pub(crate) fn mark(message: &str) -> String {
    format!("{WARN_START}{message}{WARN_END}")
}

/// What was marked: from the first start mark to the last end mark.
fn marked(text: &str) -> Option<&str> {
    let start = text.find(WARN_START)? + WARN_START.len();
    let end = text.rfind(WARN_END)?;
    text.get(start..end)
}

/// Helm's sentence for a parse error: the place, and only the last part of the message.
pub(crate) fn parse_error(filename: &str, error: ParseError) -> RenderError {
    let whole = error.to_string();
    let parts: Vec<&str> = whole.split(": ").collect();
    let text = match parts.as_slice() {
        [_, place, .., last] => format!("parse error at ({place}): {last}"),
        // HELM: with two parts the place is the message as well
        [_, last] => format!("parse error at ({last}): {last}"),
        _ => format!("parse error in ({filename}): {whole}"),
    };
    RenderError::Parse { text, error }
}

/// Helm's sentence for an execution error.
pub(crate) fn exec_error(filename: &str, error: ExecError, helm: HelmMajor) -> RenderError {
    let whole = error.to_string();
    let mut parts = whole.splitn(3, ": ");
    let text = match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(place), Some(rest)) => match marked(rest) {
            Some(message) => format!("execution error at ({place}): {message}"),
            None if helm == HelmMajor::Helm3 => whole,
            None => trace(&error).unwrap_or(whole),
        },
        _ => format!("execution error in ({filename}): {whole}"),
    };
    RenderError::Exec { text, error: Box::new(error) }
}

/// Helm 4's form over several lines: one block for each nested execution. `None` when a link of the chain is no template
/// error; then the one-line form stays.
fn trace(error: &ExecError) -> Option<String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut add = |text: &str| -> Option<()> {
        let block = Block::read(text)?;
        if blocks.last() != Some(&block) {
            blocks.push(block);
        }
        Some(())
    };
    let mut current = error;
    loop {
        add(&current.to_string())?;
        match &current.cause {
            None => break,
            Some(FuncError::Exec(inner)) => current = inner,
            Some(other) => {
                add(&other.to_string())?;
                break;
            }
        }
    }
    let text: String = blocks.iter().map(Block::print).collect();
    Some(text.trim().to_owned())
}

#[derive(PartialEq, Default)]
struct Block {
    place: String,
    executing: String,
    message: String,
}

impl Block {
    /// Reads Go's one-line form. HELM: by text, as Helm does, so that odd names are cut in the same places.
    fn read(text: &str) -> Option<Block> {
        let rest = text.strip_prefix("template: ")?;
        if rest.starts_with("no template ") {
            return Some(Block { message: text.to_owned(), ..Block::default() });
        }
        Block::executing(rest).or_else(|| {
            let (place, message) = rest.rsplit_once(": ")?;
            Some(Block { place: place.to_owned(), message: cut_chain(message), executing: String::new() })
        })
    }

    fn executing(rest: &str) -> Option<Block> {
        let (place, after) = rest.split_once(": executing ")?;
        let (function, after) = after.strip_prefix('"')?.split_once('"')?;
        let (node, message) = after.strip_prefix(" at <")?.split_once(">: ")?;
        Some(Block {
            place: place.to_owned(),
            executing: format!("executing \"{function}\" at <{node}>:"),
            message: cut_chain(message),
        })
    }

    fn print(&self) -> String {
        let mut out = String::new();
        for (text, indent) in [(&self.place, "\n  "), (&self.executing, "\n    "), (&self.message, "\n")] {
            if !text.is_empty() {
                out.push_str(text);
                out.push_str(indent);
            }
        }
        out
    }
}

/// The message up to a chained template error.
fn cut_chain(message: &str) -> String {
    message.find(" template:").map_or(message, |cut| &message[..cut]).to_owned()
}
