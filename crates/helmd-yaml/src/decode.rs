//! Nodes to plain data, as go-yaml decodes into an `interface{}`.

use crate::base64;
use crate::compose::{Document, Node, NodeId, NodeKind};
use crate::error::YamlError;
use crate::go_syntax;
use crate::parse::{ParseLimits, budgets, too_long};
use crate::resolve::{Dates, Scalar, Schema, resolve};
use gotmpl::exec::Exceeded;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

/// Decoded data. Mappings are sorted by key and have no key twice.
#[derive(Debug, Clone)]
pub(crate) enum Data<'n> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(Cow<'n, str>),
    /// A string that is not UTF-8 (only `!!binary` makes one).
    Bytes(Vec<u8>),
    List(Vec<Data<'n>>),
    Map(Vec<(Data<'n>, Data<'n>)>),
}

/// Whether a key may be set twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// The last one counts.
    Allowed,
    /// All are reported.
    Refused,
}

/// What decoding found.
pub(crate) struct Decoded<'n> {
    pub data: Data<'n>,
    /// Whether a key is not a string.
    pub odd_keys: bool,
}

const NULL: &str = "tag:yaml.org,2002:null";
const BOOL: &str = "tag:yaml.org,2002:bool";
const INT: &str = "tag:yaml.org,2002:int";
const FLOAT: &str = "tag:yaml.org,2002:float";
const STR: &str = "tag:yaml.org,2002:str";
const TIMESTAMP: &str = "tag:yaml.org,2002:timestamp";
const BINARY: &str = "tag:yaml.org,2002:binary";
const MERGE: &str = "tag:yaml.org,2002:merge";

/// Decodes a document.
pub(crate) fn decode<'n>(
    document: &'n Document<'_>,
    duplicates: Duplicates,
    limits: ParseLimits,
) -> Result<Decoded<'n>, YamlError> {
    let mut decoder = Decoder {
        document,
        duplicates,
        limits,
        bytes: 0,
        depth: 0,
        steps: 0,
        alias_steps: 0,
        open_aliases: Vec::new(),
        repeated: Vec::new(),
        odd_keys: false,
    };
    let data = if document.node(0).is_some() { decoder.node(0)? } else { Data::Null };
    if !decoder.repeated.is_empty() {
        return Err(YamlError::Duplicates(decoder.repeated));
    }
    Ok(Decoded { data, odd_keys: decoder.odd_keys })
}

struct Decoder<'n, 'a> {
    document: &'n Document<'a>,
    duplicates: Duplicates,
    limits: ParseLimits,
    /// Of scalars that aliases repeat.
    bytes: usize,
    depth: usize,
    /// Nodes decoded, and how many of them through aliases.
    steps: u64,
    alias_steps: u64,
    open_aliases: Vec<NodeId>,
    repeated: Vec<String>,
    odd_keys: bool,
}

type Entries<'n> = Vec<(Data<'n>, Data<'n>)>;

impl<'n, 'a: 'n> Decoder<'n, 'a> {
    /// The node; documents hold every node they name.
    fn get(&self, id: NodeId) -> Result<&'n Node<'a>, YamlError> {
        self.document.node(id).ok_or_else(|| YamlError::Decode("unknown node".to_owned()))
    }

    fn node(&mut self, id: NodeId) -> Result<Data<'n>, YamlError> {
        self.count()?;
        let node = self.get(id)?;
        match &node.kind {
            NodeKind::Scalar { text, implicit } => self.scalar(node, text, *implicit),
            NodeKind::Sequence { first, len } => {
                self.enter()?;
                let mut items = Vec::with_capacity(*len as usize);
                let mut next = *first;
                while let Some(child) = self.document.node(next) {
                    items.push(self.node(next)?);
                    next = child.next;
                }
                self.depth -= 1;
                Ok(Data::List(items))
            }
            NodeKind::Mapping { first, len } => {
                let mut entries = Vec::with_capacity(*len as usize / 2);
                self.mapping(*first, &mut entries, &mut HashSet::new())?;
                Ok(Data::Map(unique(entries)))
            }
            NodeKind::Alias { name, target } => {
                self.open_alias(id, name)?;
                let data = self.node(*target)?;
                self.open_aliases.pop();
                Ok(data)
            }
        }
    }

    fn open_alias(&mut self, id: NodeId, name: &str) -> Result<(), YamlError> {
        if self.open_aliases.contains(&id) {
            return Err(YamlError::Decode(format!("anchor '{name}' value contains itself")));
        }
        self.open_aliases.push(id);
        Ok(())
    }

    fn enter(&mut self) -> Result<(), YamlError> {
        self.depth += 1;
        let limit = self.limits.depth.min(ParseLimits::MAX_DEPTH);
        if self.depth > limit {
            return Err(Exceeded::up_to(budgets::DEPTH, limit, ParseLimits::MAX_DEPTH, "levels of YAML").into());
        }
        Ok(())
    }

    /// Counts what aliases copy.
    fn repeated_text(&mut self, text: &str) -> Result<(), YamlError> {
        if !self.open_aliases.is_empty() {
            self.bytes = self.bytes.saturating_add(text.len());
            if self.bytes > self.limits.bytes {
                return Err(too_long(self.limits));
            }
        }
        Ok(())
    }

    /// Counts a step and refuses documents that are mostly copies. HELM: go-yaml's guard and numbers.
    fn count(&mut self) -> Result<(), YamlError> {
        const LOW: u64 = 400_000;
        const HIGH: u64 = 4_000_000;
        self.steps += 1;
        if self.steps > self.limits.nodes {
            return Err(Exceeded::new(budgets::NODES, self.limits.nodes, "YAML nodes, aliases followed").into());
        }
        if self.open_aliases.is_empty() {
            return Ok(());
        }
        self.alias_steps += 1;
        if self.alias_steps > 100 && self.steps > 1000 {
            let allowed = match self.steps {
                ..=LOW => 0.99,
                HIGH.. => 0.10,
                n => 0.99 - 0.89 * ((n - LOW) as f64 / (HIGH - LOW) as f64),
            };
            if self.alias_steps as f64 / self.steps as f64 > allowed {
                return Err(YamlError::Decode("document contains excessive aliasing".to_owned()));
            }
        }
        Ok(())
    }

    /// Adds a mapping's entries in the order of the text; merges come in where they stand.
    fn mapping(
        &mut self,
        first: NodeId,
        entries: &mut Entries<'n>,
        seen: &mut HashSet<String>,
    ) -> Result<(), YamlError> {
        self.enter()?;
        let mut next = first;
        while let Some(key_node) = self.document.node(next) {
            let value_id = key_node.next;
            let value_node = self.get(value_id)?;
            if is_merge(key_node) {
                self.merge(value_id, entries, seen)?;
            } else {
                let key = self.node(next)?;
                match key {
                    Data::Str(_) => {}
                    Data::List(_) | Data::Map(_) => {
                        let key = go_syntax::format(&key);
                        return Err(YamlError::Decode(format!("invalid map key: {key}")));
                    }
                    _ => self.odd_keys = true,
                }
                let value = self.node(value_id)?;
                if self.duplicates == Duplicates::Allowed || self.is_new(&key, value_node.line, seen) {
                    entries.push((key, value));
                }
            }
            next = value_node.next;
        }
        self.depth -= 1;
        Ok(())
    }

    fn is_new(&mut self, key: &Data<'_>, line: u32, seen: &mut HashSet<String>) -> bool {
        let shown = go_syntax::format(key);
        // Keys of different types never are the same key, even when they look alike.
        let new = match key {
            Data::Float(f) if f.is_nan() => true,
            _ => seen.insert(format!("{}{shown}", rank(key))),
        };
        if !new {
            self.repeated.push(format!("line {}: key {shown} already set in map", line + 1));
        }
        new
    }

    fn merge(&mut self, id: NodeId, entries: &mut Entries<'n>, seen: &mut HashSet<String>) -> Result<(), YamlError> {
        let node = self.get(id)?;
        match &node.kind {
            NodeKind::Sequence { first, .. } => {
                let mut children = Vec::new();
                let mut next = *first;
                while let Some(child) = self.document.node(next) {
                    children.push(next);
                    next = child.next;
                }
                // The first of several takes precedence, so it is merged last.
                for child in children.into_iter().rev() {
                    self.merge_one(child, entries, seen)?;
                }
                Ok(())
            }
            _ => self.merge_one(id, entries, seen),
        }
    }

    fn merge_one(
        &mut self,
        id: NodeId,
        entries: &mut Entries<'n>,
        seen: &mut HashSet<String>,
    ) -> Result<(), YamlError> {
        const WANTED: &str = "map merge requires map or sequence of maps as the value";
        let node = self.get(id)?;
        match &node.kind {
            NodeKind::Mapping { first, .. } => {
                self.count()?;
                self.mapping(*first, entries, seen)
            }
            NodeKind::Alias { name, target } => {
                let NodeKind::Mapping { first, .. } = &self.get(*target)?.kind else {
                    return Err(YamlError::Decode(WANTED.to_owned()));
                };
                self.count()?;
                self.open_alias(id, name)?;
                self.count()?;
                self.mapping(*first, entries, seen)?;
                self.open_aliases.pop();
                Ok(())
            }
            _ => Err(YamlError::Decode(WANTED.to_owned())),
        }
    }

    fn scalar(&mut self, node: &Node<'_>, text: &'n str, implicit: bool) -> Result<Data<'n>, YamlError> {
        self.repeated_text(text)?;
        let tag = &*node.tag;
        let wanted = match tag {
            "" if implicit => None,
            "" | STR => return Ok(Data::Str(Cow::Borrowed(text))),
            BINARY => return binary(text),
            NULL => Some("!!null"),
            BOOL => Some("!!bool"),
            INT => Some("!!int"),
            FLOAT => Some("!!float"),
            TIMESTAMP => Some("!!timestamp"),
            // A tag that go-yaml does not know says nothing.
            _ => return Ok(Data::Str(Cow::Borrowed(text))),
        };
        let dates = if wanted == Some("!!timestamp") { Dates::Yes } else { Dates::No };
        let mut found = resolve(text, Schema::V2, dates);
        if wanted == Some("!!float")
            && let Scalar::Int(i) = found
        {
            found = Scalar::Float(i as f64);
        }
        if let Some(wanted) = wanted
            && wanted != found.tag()
        {
            return Err(YamlError::Decode(format!("cannot decode {} `{text}` as a {wanted}", found.tag())));
        }
        Ok(match found {
            Scalar::Null => Data::Null,
            Scalar::Bool(b) => Data::Bool(b),
            Scalar::Int(i) => Data::Int(i),
            Scalar::Uint(u) => Data::Uint(u),
            Scalar::Float(f) => Data::Float(f),
            Scalar::Timestamp | Scalar::Str => Data::Str(Cow::Borrowed(text)),
        })
    }
}

fn is_merge(node: &Node<'_>) -> bool {
    match &node.kind {
        NodeKind::Scalar { text, implicit } => text == "<<" && (*implicit || &*node.tag == MERGE),
        _ => false,
    }
}

/// Orders keys of different types. HELM: Go's `fmt` sorts by the address of the type; this is what the real program shows.
fn rank(data: &Data<'_>) -> u8 {
    match data {
        Data::Null => 0,
        Data::Str(_) | Data::Bytes(_) => 1,
        Data::Uint(_) => 2,
        Data::Int(_) => 3,
        Data::Float(_) => 4,
        Data::Bool(_) => 5,
        Data::List(_) | Data::Map(_) => 6,
    }
}

/// Orders keys by type, then by value.
fn compare(a: &Data<'_>, b: &Data<'_>) -> Ordering {
    match (a, b) {
        (Data::Str(a), Data::Str(b)) => a.cmp(b),
        (Data::Str(a), Data::Bytes(b)) => a.as_bytes().cmp(b),
        (Data::Bytes(a), Data::Str(b)) => a.as_slice().cmp(b.as_bytes()),
        (Data::Bytes(a), Data::Bytes(b)) => a.cmp(b),
        (Data::Int(a), Data::Int(b)) => a.cmp(b),
        (Data::Uint(a), Data::Uint(b)) => a.cmp(b),
        (Data::Bool(a), Data::Bool(b)) => a.cmp(b),
        (Data::Float(a), Data::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// Sorts by key; of equal keys the last one stays. NaN is not equal to itself, as a key neither.
fn unique<'n>(mut entries: Entries<'n>) -> Entries<'n> {
    let sorted = entries.windows(2).all(|w| matches!(w, [a, b] if compare(&a.0, &b.0) == Ordering::Less));
    if sorted {
        return entries;
    }
    // Stable, so the last of equal keys is the last of its run.
    entries.sort_by(|a, b| compare(&a.0, &b.0));
    entries.reverse();
    entries.dedup_by(|a, b| compare(&a.0, &b.0) == Ordering::Equal && !matches!(a.0, Data::Float(f) if f.is_nan()));
    entries.reverse();
    entries
}

/// Standard base64; line breaks are skipped.
fn binary<'n>(text: &str) -> Result<Data<'n>, YamlError> {
    let bytes = base64::decode(text)
        .ok_or_else(|| YamlError::Decode("!!binary value contains invalid base64 data".to_owned()))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Data::Str(Cow::Owned(text)),
        Err(broken) => Data::Bytes(broken.into_bytes()),
    })
}
