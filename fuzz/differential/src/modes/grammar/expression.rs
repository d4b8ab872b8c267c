//! Operands, calls and pipelines.

use super::leaf;
use super::table::{Kind, Signature};
use super::{Language, Writer};

impl Writer<'_> {
    /// A pipeline: what stands in an action.
    pub fn pipeline(&mut self, kind: Kind, depth: usize) -> String {
        if depth > 0 && self.r.chance(70) {
            let call = self.call(kind, depth);
            return if self.r.chance(15) { format!("{call} | {}", self.filter()) } else { call };
        }
        let operand = self.operand(kind, 0);
        if self.r.chance(30) { format!("{operand} | {}", self.filter()) } else { operand }
    }

    /// A call of any function of this writer's.
    pub fn any_call(&mut self, depth: usize) -> String {
        let function = self.functions[self.r.below(self.functions.len())];
        self.call_of(function, depth)
    }

    /// A function that shows its one argument.
    fn filter(&mut self) -> &'static str {
        match self.language {
            Language::Go => self.r.pick(&[
                "printf \"%v\"",
                "printf \"%q\"",
                "printf \"%#v\"",
                "print",
                "len",
                "html",
                "js",
                "not",
                "printf \"%T\"",
            ]),
            Language::Helm => self.r.pick(&[
                "quote",
                "toJson",
                "toYaml",
                "printf \"%v\"",
                "printf \"%#v\"",
                "typeOf",
                "kindOf",
                "toString",
                "default \"d\"",
                "int",
                "nindent 2",
                "squote",
                "toToml",
                "toYamlPretty",
            ]),
        }
    }

    /// One operand, in parentheses where it needs them.
    pub fn operand(&mut self, kind: Kind, depth: usize) -> String {
        if kind == Kind::Small {
            return leaf::literal(self.r, kind);
        }
        if kind == Kind::Fresh {
            return match self.r.below(3) {
                0 => leaf::literal(self.r, Kind::Dict),
                1 => "(dict)".to_owned(),
                _ => format!("(deepCopy {})", self.path(Kind::Dict)),
            };
        }
        // An argument of the wrong kind, now and then.
        let kind = if self.r.chance(4) {
            [Kind::Any, Kind::Str, Kind::Num, Kind::Bool, Kind::List, Kind::Dict, Kind::Strs][self.r.below(7)]
        } else {
            kind
        };
        if depth > 0 && self.r.chance(60) {
            return format!("({})", self.call(kind, depth - 1));
        }
        match self.r.weighted(&[30, 30, 30, 2]) {
            0 => self.variable(kind).unwrap_or_else(|| self.path(kind)),
            1 => self.path(kind),
            2 => self.literal(kind),
            _ => {
                let field = if self.r.chance(30) { self.r.pick(&[".a", ".s", ".a.b"]) } else { "" };
                format!("({}){field}", self.path(kind))
            }
        }
    }

    /// A call of a function whose result is of just this kind, or a path.
    pub fn exact_call(&mut self, kind: Kind) -> String {
        let fits: Vec<&'static Signature> = self.functions.iter().copied().filter(|f| f.result == kind).collect();
        match fits.get(self.r.below(fits.len())) {
            Some(function) => self.call_of(function, 1),
            None => self.path(kind),
        }
    }

    /// A path of this kind; a literal where it is a small number.
    pub fn path_or_small(&mut self, kind: Kind) -> String {
        if kind == Kind::Small { leaf::literal(self.r, kind) } else { self.path(kind) }
    }

    /// A literal that the language has: lists and maps need a function.
    fn literal(&mut self, kind: Kind) -> String {
        match (self.language, kind) {
            (Language::Go, Kind::List | Kind::Strs | Kind::Dict | Kind::Time) => self.path(kind),
            _ => leaf::literal(self.r, kind),
        }
    }

    fn variable(&mut self, kind: Kind) -> Option<String> {
        let fits: Vec<usize> = (0..self.variables.len())
            .filter(|at| {
                kind == Kind::Any || self.variables[*at].kind == kind.wide() || self.variables[*at].kind == Kind::Any
            })
            .collect();
        let at = *fits.get(self.r.below(fits.len()))?;
        let field = if self.r.chance(6) { self.r.pick(&[".a", ".s", ".a.b", ".Name", ".Values"]) } else { "" };
        Some(format!("{}{field}", self.variables[at].name))
    }

    /// A path from the values, or `.` where it fits.
    fn path(&mut self, kind: Kind) -> String {
        if let Some(dot) = self.dot
            && self.r.chance(35)
            && (dot == kind || kind == Kind::Any || self.r.chance(5))
        {
            return ".".to_owned();
        }
        let name = match kind.wide() {
            Kind::Str => self.r.pick(&["s", "t", "e.s", "s"]),
            Kind::Num => self.r.pick(&["n", "f", "i", "j", "e.n"]),
            Kind::Int => self.r.pick(&["i", "j", "n"]),
            Kind::Bool => self.r.pick(&["b", "bt"]),
            Kind::List => self.r.pick(&["l", "m", "ls", "li", "e.l"]),
            Kind::Strs => "ls",
            Kind::Dict => self.r.pick(&["d", "e", "e.d"]),
            _ if self.r.chance(85) => {
                self.r.pick(&["s", "n", "i", "b", "l", "d", "e", "t", "e.s", "e.n", "e.d", "m", "li", "ls"])
            }
            _ => self.r.pick(&["z", "q", "q.r", "d.a", "d.a.b", "e.d.s", "s.x", "n.x", "l.x", "d.s", "d.l", "e.d.a.b"]),
        };
        let root = if self.dot.is_some() || self.r.chance(5) { "$" } else { "" };
        match self.language {
            Language::Go => format!("{root}.{name}"),
            Language::Helm if kind == Kind::Any && self.r.chance(8) => format!("{root}{}", self.object()),
            Language::Helm => format!("{root}.Values.{name}"),
        }
    }

    /// What else a template of Helm sees.
    fn object(&mut self) -> &'static str {
        self.r.pick(&[
            ".Release.Name",
            ".Release",
            ".Chart.Name",
            ".Chart.AppVersion",
            ".Template.Name",
            ".Template",
            ".Capabilities.KubeVersion.Version",
            ".Capabilities.KubeVersion",
            ".Capabilities.HelmVersion.Version",
            ".Files",
            ".Values",
            ".Subcharts",
            ".Release.IsInstall",
            ".Chart.Missing",
            ".Capabilities.KubeVersion.Major",
            ".Chart.Keywords",
            ".Chart.Annotations",
            ".Release.Revision",
            ".Chart.IsRoot",
            ".Values.AsMap",
            ".Template.Name",
            "(.PathValue \"Release.Name\")",
            "(.Table \"Values\")",
        ])
    }

    /// A call that gives this kind, without parentheses.
    pub fn call(&mut self, kind: Kind, depth: usize) -> String {
        if self.language == Language::Helm && self.r.chance(6) {
            return self.special(depth);
        }
        let wide = kind.wide();
        let fits: Vec<&'static Signature> = self
            .functions
            .iter()
            .copied()
            .filter(|f| wide == Kind::Any || f.result == wide || f.result == Kind::Any && wide != Kind::Time)
            .collect();
        let Some(function) = fits.get(self.r.below(fits.len())).copied() else {
            return self.operand(kind, 0);
        };
        self.call_of(function, depth)
    }

    /// A call of this function.
    fn call_of(&mut self, function: &Signature, depth: usize) -> String {
        let mut arguments: Vec<String> = function.arguments.iter().map(|kind| self.operand(*kind, depth)).collect();
        if let Some(rest) = function.rest {
            for _ in 0..self.r.below(3) {
                arguments.push(self.operand(rest, depth));
            }
        }
        if self.r.chance(2) && function.name != "until" && function.name != "untilStep" {
            match self.r.below(2) {
                0 => drop(arguments.pop()),
                _ => arguments.push(self.operand(Kind::Any, 0)),
            }
        }
        // The last argument may come through a pipe.
        match arguments.pop() {
            Some(last) if self.r.chance(20) && last != "nil" => {
                let last = if last.starts_with('(') && last.ends_with(')') && balanced(&last) {
                    last[1..last.len() - 1].to_owned()
                } else {
                    last
                };
                format!("{last} | {} {}", function.name, arguments.join(" ")).trim_end().to_owned()
            }
            Some(last) => format!("{} {}", function.name, [arguments, vec![last]].concat().join(" ")),
            None => function.name.clone(),
        }
    }

    /// What a template gets: the root mostly, so that it finds the values.
    pub fn template_argument(&mut self, depth: usize) -> String {
        match self.r.below(10) {
            0..=1 => self.operand(Kind::Any, depth),
            2 if self.language == Language::Helm => {
                format!("(dict \"Values\" {} \"a\" {})", self.operand(Kind::Dict, depth), self.operand(Kind::Any, 0))
            }
            _ if self.dot.is_none() => ".".to_owned(),
            _ => "$".to_owned(),
        }
    }

    /// Calls that the table does not know: further templates, Helm's refusals, methods.
    fn special(&mut self, depth: usize) -> String {
        match self.r.below(9) {
            0..=1 if !self.templates.is_empty() => {
                let name = self.templates[self.r.below(self.templates.len())].clone();
                format!("include \"{name}\" {}", self.template_argument(depth))
            }
            2 => format!("required \"need it\" {}", self.operand(Kind::Any, depth)),
            3 => format!("fail {}", self.operand(Kind::Str, 0)),
            4 => format!("tpl {} $", self.operand(Kind::Str, depth)),
            5 => self
                .r
                .pick(&[
                    "tpl \"{{ .Values.s }}\" $",
                    "tpl \"{{ .Values.q.r }}\" .",
                    "tpl \"{{\" .",
                    "tpl \"{{ . | quote }}\" 1",
                    "include \"none\" .",
                    "tpl \"{{ fail .Values.s }}\" $",
                    "tpl \"{{ $x }}\" .",
                ])
                .to_owned(),
            6 => self
                .r
                .pick(&[
                    "lookup \"v1\" \"Pod\" \"\" \"\"",
                    "$.Files.Get \"f.txt\"",
                    "$.Files.Lines \"f.txt\"",
                    "($.Files.Glob \"*.txt\").AsConfig",
                    "($.Files.Glob \"**\").AsSecrets",
                    "$.Files.GetBytes \"f.txt\"",
                    "$.Files.Get 1",
                ])
                .to_owned(),
            7 => format!("keys {} | sortAlpha", self.operand(Kind::Dict, depth)),
            _ => self
                .r
                .pick(&[
                    "$.Capabilities.APIVersions.Has \"v1\"",
                    "$.Capabilities.APIVersions.Has \"x/v1\"",
                    "$.Capabilities.APIVersions.Has 1",
                    "($.Values.Table \"d\")",
                    "$.Values.YAML",
                    "(semver \"1.2.3-a+b\").Prerelease",
                    "((semver \"1.2.3\").Compare (semver \"1.3.0\"))",
                    "(toDate \"2006\" \"2024\").Year",
                    "(semver \"1.2.3\").IncMajor.String",
                ])
                .to_owned(),
        }
    }
}

/// Whether the first parenthesis closes at the end.
fn balanced(text: &str) -> bool {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at + 1 == text.len();
        }
    }
    false
}
