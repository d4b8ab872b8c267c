//! Text and actions.

use super::table::Kind;
use super::{Variable, Writer};

impl Writer<'_> {
    /// Some statements, one after the other.
    pub fn body(&mut self, depth: usize) -> String {
        let known = self.variables.len();
        let out = (0..self.r.between(1, 3)).map(|_| self.statement(depth)).collect();
        self.variables.truncate(known);
        out
    }

    /// Templates that the body may call, each with its definition.
    pub fn definitions(&mut self) -> String {
        let mut out = String::new();
        for n in 0..self.r.weighted(&[50, 30, 20]) {
            let name = format!("t{n}");
            let body = self.body(1);
            out.push_str(&format!("{}{body}{}", self.action(&format!("define \"{name}\"")), self.action("end")));
            self.templates.push(name);
        }
        out
    }

    /// An action with its delimiters, spaces and trim markers.
    fn action(&mut self, inside: &str) -> String {
        let left = if self.r.chance(15) { "{{- " } else { self.r.pick(&["{{ ", "{{ ", "{{ ", "{{", "{{\n"]) };
        let right = if self.r.chance(15) { " -}}" } else { self.r.pick(&[" }}", " }}", " }}", "}}", "\n}}"]) };
        // `{{-1` is no number after a marker, but one behind plain braces.
        format!("{left}{inside}{right}")
    }

    fn statement(&mut self, depth: usize) -> String {
        let deep = if depth == 0 { 0 } else { 10 };
        match self.r.weighted(&[25, 35, deep, deep, deep, 8, 4, 4, 3]) {
            0 => {
                self.r.pick(&["x", " ", "\n", "key: ", "- a\n", "  ", "\t", "é", "}}", "{ x", "\"", " \n "]).to_owned()
            }
            1 => {
                let pipeline = self.pipeline(Kind::Any, 2);
                self.action(&pipeline)
            }
            2 => self.conditional("if", depth),
            3 => self.conditional("with", depth),
            4 => self.range(depth),
            5 => self.declaration(),
            6 => self
                .r
                .pick(&["{{/* c */}}", "{{- /* c */ -}}", "{{/* a\nb */}}", "{{/**/}}", "{{/* }} */}}"])
                .to_owned(),
            7 => self.template_call(),
            _ if self.in_loop => self
                .r
                .pick(&["{{ break }}", "{{ continue }}", "{{- break -}}", "{{ if true }}{{ break }}{{ end }}"])
                .to_owned(),
            _ => self.assignment(),
        }
    }

    fn conditional(&mut self, word: &str, depth: usize) -> String {
        let kind = [Kind::Any, Kind::Bool, Kind::Str, Kind::Num, Kind::Dict, Kind::List][self.r.below(6)];
        let mut condition = self.pipeline(kind, 1);
        let known = self.variables.len();
        if self.r.chance(15) {
            condition = format!("{} := {condition}", self.new_variable(kind));
        }
        let mut out = self.action(&format!("{word} {condition}"));
        let dot = if word == "with" { self.dot.replace(kind) } else { self.dot };
        out.push_str(&self.body(depth - 1));
        self.dot = dot;
        if self.r.chance(30) {
            let condition = self.pipeline(Kind::Any, 1);
            out.push_str(&self.action(&format!("else {word} {condition}")));
            let dot = if word == "with" { self.dot.replace(Kind::Any) } else { self.dot };
            out.push_str(&self.body(depth - 1));
            self.dot = dot;
        }
        if self.r.chance(40) {
            out.push_str(&self.action("else"));
            out.push_str(&self.body(depth - 1));
        }
        self.variables.truncate(known);
        out + &self.action("end")
    }

    fn range(&mut self, depth: usize) -> String {
        let known = self.variables.len();
        // Never a number that may be large: Go counts up to it.
        let kind = [Kind::List, Kind::Dict, Kind::Strs, Kind::Small, Kind::Str][self.r.weighted(&[45, 25, 10, 8, 5])];
        let over =
            if self.r.chance(50) && kind != Kind::Small { self.exact_call(kind) } else { self.path_or_small(kind) };
        let (index, item) = match kind {
            Kind::Dict => (Kind::Str, Kind::Any),
            Kind::Strs => (Kind::Int, Kind::Str),
            Kind::Small => (Kind::Int, Kind::Int),
            _ => (Kind::Int, Kind::Any),
        };
        let head = match self.r.below(10) {
            0..=4 => format!("range {over}"),
            5..=6 => format!("range {} := {over}", self.new_variable(item)),
            _ => format!("range {}, {} := {over}", self.new_variable(index), self.new_variable(item)),
        };
        let mut out = self.action(&head);
        let (dot, in_loop) = (self.dot.replace(item), std::mem::replace(&mut self.in_loop, true));
        out.push_str(&self.body(depth - 1));
        (self.dot, self.in_loop) = (dot, in_loop);
        if self.r.chance(30) {
            out.push_str(&self.action("else"));
            out.push_str(&self.body(depth - 1));
        }
        self.variables.truncate(known);
        out + &self.action("end")
    }

    fn new_variable(&mut self, kind: Kind) -> String {
        let name = format!("${}", self.r.pick(&["x", "y", "i", "v", "k", "é", "_a1"]));
        self.variables.push(Variable { name: name.clone(), kind: kind.wide() });
        name
    }

    fn declaration(&mut self) -> String {
        let kind = [Kind::Any, Kind::Str, Kind::Num, Kind::List, Kind::Dict, Kind::Bool, Kind::Strs][self.r.below(7)];
        let value = self.pipeline(kind, 2);
        let name = self.new_variable(kind);
        self.action(&format!("{name} := {value}"))
    }

    fn assignment(&mut self) -> String {
        let Some(at) = self.variables.len().checked_sub(1) else { return String::new() };
        let at = self.r.below(at + 1);
        let (name, kind) = (self.variables[at].name.clone(), self.variables[at].kind);
        let value = self.pipeline(kind, 1);
        self.action(&format!("{name} = {value}"))
    }

    fn template_call(&mut self) -> String {
        if self.r.chance(15) {
            let name = format!("b{}", self.r.below(3));
            let argument = self.operand(Kind::Any, 0);
            let dot = self.dot.replace(Kind::Any);
            let variables = std::mem::take(&mut self.variables);
            let body = self.pipeline(Kind::Any, 1);
            (self.dot, self.variables) = (dot, variables);
            let head = self.action(&format!("block \"{name}\" {argument}"));
            return format!("{head}{}{}", self.action(&body), self.action("end"));
        }
        let name = match self.templates.len() {
            0 => "none".to_owned(),
            n => self.templates[self.r.below(n)].clone(),
        };
        let argument = if self.r.chance(85) { self.template_argument(1) } else { String::new() };
        self.action(&format!("template \"{name}\" {argument}"))
    }
}
