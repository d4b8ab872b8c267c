use super::*;
use crate::func::Function;
use crate::value::{GoType, Kind, Map, Object, types};
use std::any::Any;
use std::rc::Rc;

fn functions() -> FuncMap {
    let mut map = FuncMap::default();
    map.add(Function::new("include", &[types::STRING, types::INTERFACE], types::STRING, |exec, args| {
        let name = args[0].as_str().unwrap().to_text().into_owned();
        exec.execute(&name, &args[1]).map(Value::String)
    }));
    map.add(Function::new("tpl", &[types::STRING, types::INTERFACE], types::STRING, |exec, args| {
        let text = args[0].as_str().unwrap().clone();
        exec.execute_text("gotpl", &text, &args[1]).map(Value::String).map_err(|e| FuncError::text(e.to_string()))
    }));
    map.add(Function::new("upper", &[types::STRING], types::STRING, |_, args| {
        Ok(Value::str(args[0].as_str().unwrap().to_ascii_uppercase()))
    }));
    map.add(Function::new("wrap", &[types::INTERFACE], types::LIST_ANY, |_, args| Ok(Value::list(args.to_vec()))));
    map.add(Function::new("boom", &[], types::STRING, |_, _| Err(FuncError::Panic("index out of range".into()))));
    map
}

fn set(files: &[(&str, &str)]) -> TemplateSet {
    let functions = functions();
    let mut set = TemplateSet::default();
    for (name, text) in files {
        set.parse(name, *text, &|f| functions.get(f).is_some()).unwrap();
    }
    set
}

fn run_with(files: &[(&str, &str)], data: &Value, limits: Limits) -> Result<String, Stop> {
    let (set, functions) = (set(files), functions());
    let mut exec = Exec::new(&set, &functions, MissingKey::Zero, limits);
    let last = files.last().unwrap().0;
    exec.run(last, data).map(|out| String::from_utf8(out).unwrap()).map_err(|(e, _)| Box::new(e))
}

fn run(files: &[(&str, &str)], data: &Value) -> Result<String, Stop> {
    run_with(files, data, Limits::default())
}

fn text(template: &str, data: &Value) -> String {
    run(&[("x", template)], data).unwrap_or_else(|e| e.to_string())
}

#[test]
fn a_nested_failure_keeps_both_places() {
    let error = run(&[("b", "{{define \"b\"}}\n{{.x.y}}{{end}}"), ("a", "-{{include \"b\" .}}")], &Value::Nil);
    assert_eq!(run(&[("a", "ok")], &Value::Nil).unwrap(), "ok");
    assert!(error.is_ok(), "no value has no fields and no error");
    let data = Value::map([("x".into(), Value::int(1))]);
    let error = run(&[("b", "{{define \"b\"}}\n{{.x.y}}{{end}}"), ("a", "-{{include \"b\" .}}")], &data).unwrap_err();
    assert_eq!(
        error.to_string(),
        "template: a:1:3: executing \"a\" at <include \"b\" .>: error calling include: \
         template: b:2:4: executing \"b\" at <.x.y>: can't evaluate field y in type interface {}"
    );
    let Some(FuncError::Exec(inner)) = error.cause else { panic!("no inner error") };
    assert_eq!((inner.template.as_str(), inner.line, inner.column, inner.executing.as_str()), ("b", 2, 4, "b"));
}

#[test]
fn a_panic_is_the_functions_error() {
    assert_eq!(
        text("{{boom}}", &Value::Nil),
        "template: x:1:2: executing \"x\" at <boom>: error calling boom: index out of range"
    );
}

#[test]
fn arguments_are_checked_against_declared_types() {
    let data = Value::map([("n".into(), Value::Nil), ("f".into(), Value::float(1.5)), ("s".into(), Value::str("a"))]);
    for (template, want) in [
        ("{{upper .s}}", "A"),
        ("{{.s | upper}}", "A"),
        ("{{upper .f}}", "wrong type for value; expected string; got float64"),
        ("{{upper .n}}", "wrong type for value; expected string; got interface {}"),
        ("{{.n | upper}}", "invalid value; expected string"),
        ("{{upper nil}}", "cannot assign nil to string"),
        ("{{upper 1}}", "expected string; found 1"),
        ("{{upper}}", "wrong number of args for upper: want 1 got 0"),
    ] {
        let got = text(template, &data);
        assert!(got.ends_with(want), "{template}: {got}");
    }
}

#[test]
fn a_text_sees_its_own_definitions_only_while_it_runs() {
    let files = [("x", "{{tpl \"{{define \\\"d\\\"}}in{{end}}{{include \\\"d\\\" .}}\" .}} {{include \"d\" .}}")];
    let error = run(&files, &Value::Nil).unwrap_err();
    assert!(error.message.ends_with("no template \"d\" associated with template \"gotpl\""), "{error}");
    assert_eq!(text("{{tpl \"{{bad}}\" .}}", &Value::Nil).matches("function \"bad\" not defined").count(), 1);
}

#[test]
fn a_map_may_change_while_it_is_ranged_over() {
    let map = Map::from_entries(types::MAP_ANY, [("a".into(), Value::int(1)), ("b".into(), Value::int(2))]);
    let inner = map.clone();
    let mut functions = FuncMap::default();
    functions.add(Function::new("drop", &[types::STRING], types::STRING, move |_, args| {
        inner.remove(args[0].as_str().unwrap());
        Ok(Value::str(""))
    }));
    let mut set = TemplateSet::default();
    set.parse("x", "{{range $k, $v := .}}{{drop \"b\"}}{{$k}}{{end}}{{len .}}", &|_| true).unwrap();
    let mut exec = Exec::new(&set, &functions, MissingKey::Error, Limits::default());
    assert_eq!(exec.run("x", &Value::Map(map)).unwrap(), b"ab1");
}

struct Point;

static POINT: GoType = GoType { name: "geo.Point", kind: Kind::Struct, elem: None };
static POINTER: GoType = GoType { name: "*geo.Point", kind: Kind::Ptr, elem: Some(&POINT) };

impl Object for Point {
    fn go_type(&self) -> &'static GoType {
        &POINTER
    }
    fn field(&self, name: &str) -> Option<Value> {
        (name == "X").then(|| Value::int(3))
    }
    fn method(&self, name: &str) -> Option<Rc<Function>> {
        (name == "Add").then(|| {
            let add = Function::new("Add", &[types::INT], types::INT, |_, args| match args {
                [Value::Int(_, n)] => Ok(Value::int(3 + n)),
                _ => Err(FuncError::text("no number")),
            });
            Rc::new(add)
        })
    }
    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("X", Value::int(3))]
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[test]
fn objects_have_fields_and_methods() {
    let data = Value::map([("p".into(), Value::Object(Rc::new(Point)))]);
    for (template, want) in [
        ("{{.p.X}} {{.p.Add 4}} {{5 | .p.Add}} {{(.p).X}}", "3 7 8 3"),
        ("{{.p}}", "{3}"),
        ("{{.p.X 1}}", "X has arguments but cannot be invoked as function"),
        ("{{.p.Add}}", "at <.p.Add>: wrong number of args for Add: want 1 got 0"),
        ("{{.p.Add \"a\"}}", "at <\"a\">: expected integer; found \"a\""),
        ("{{.p.Y}}", "can't evaluate field Y in type interface {}"),
        ("{{(.p).Y}}", "can't evaluate field Y in type *geo.Point"),
        ("{{index .p 1}}", "can't index item of type geo.Point"),
        ("{{range .p}}{{end}}", "range can't iterate over &{3}"),
    ] {
        let got = text(template, &data);
        assert!(got.ends_with(want), "{template}: {got}");
    }
}

#[test]
fn every_budget_ends_the_run_and_is_named() {
    let forever = [("x", "{{define \"d\"}}{{template \"d\" .}}{{end}}{{template \"d\" .}}")];
    let include = [("x", "{{define \"d\"}}{{include \"d\" .}}{{end}}{{include \"d\" .}}")];
    let (bytes, d) = (Limits { text_bytes: 100, ..Limits::default() }, Limits::default);
    for (files, limits, budget, words) in [
        (&[("x", "{{range 1000000}}{{end}}")], Limits { steps: 500, ..d() }, "steps", "at most 500 template steps"),
        (
            &[("x", "{{range 1000}}abcdefgh{{end}}")],
            Limits { output_bytes: 100, ..d() },
            "output-bytes",
            "at most 100 bytes of output",
        ),
        (
            &forever,
            Limits { depth: 50, ..d() },
            "template-depth",
            "executing \"d\" at <{{template \"d\" .}}>: exceeded maximum template depth (50)",
        ),
        (&forever, d(), "stack-bytes", "bytes of stack"),
        (&include, Limits { stack_bytes: 100_000, ..d() }, "stack-bytes", "bytes of stack"),
        (&[("x", "{{printf \"%200d\" 1}}")], bytes.clone(), "text-bytes", "at most 100 bytes in one text"),
        (&[("x", "{{print .}}")], bytes.clone(), "text-bytes", "at most 100 bytes in one text"),
        (&[("x", "{{.}}")], bytes.clone(), "text-bytes", "at most 100 bytes in one text"),
        (&[("x", "{{html .}}")], bytes, "text-bytes", "at most 100 bytes in one text"),
        (
            &[("x", "{{range 100}}{{$x := upper \"abc\"}}{{end}}")],
            Limits { memory_bytes: 1000, ..d() },
            "memory-bytes",
            "at most 1000 bytes made by functions",
        ),
    ] {
        let error = run_with(files, &Value::list(vec![Value::int(7); 100]), limits).unwrap_err();
        assert_eq!(error.stopped.and_then(Stopped::budget), Some(budget), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        let advice = format!("allow more with --budget {budget}=N");
        assert!(budget == "template-depth" || error.to_string().contains(&advice), "{error}");
    }
}

#[test]
fn a_cancelled_run_ends_at_the_next_call_or_turn() {
    let cancel = Cancel::new();
    cancel.cancel();
    for template in ["{{range 9999}}{{end}}", "{{upper \"x\"}}", "{{len \"x\"}}"] {
        let limits = Limits { cancel: cancel.clone(), ..Limits::default() };
        let error = run_with(&[("x", template)], &Value::Nil, limits).unwrap_err();
        assert_eq!(error.stopped, Some(Stopped::Cancelled), "{error}");
        assert!(error.to_string().ends_with("render cancelled"), "{error}");
    }
}

/// A value that holds itself many times over: 2 to the 40th leaves in 40 lists.
fn shared_many_times() -> Value {
    (0..40).fold(Value::str("leaf"), |v, _| Value::list(vec![v.clone(), v]))
}

#[test]
fn values_that_share_values_are_not_spelled_out_beyond_the_budget() {
    for template in ["{{.}}", "{{print .}}", "{{printf \"%v %s\" . .}}", "{{println .}}", "{{html .}}"] {
        let limits = Limits { text_bytes: 1 << 20, ..Limits::default() };
        let error = run_with(&[("x", template)], &shared_many_times(), limits).unwrap_err();
        assert_eq!(error.stopped.and_then(Stopped::budget), Some("text-bytes"), "{template}: {error}");
    }
    let value = shared_many_times();
    let too_long = Err(crate::json::JsonError::TooLong { limit: 1 << 20 });
    assert_eq!(crate::json::marshal_within(&value, 1 << 20), too_long);
    assert_eq!(crate::json::marshal_indent_within(&value, ("", " "), 1 << 20), too_long);
    assert_eq!(crate::json::marshal_raw_within(&value, 1 << 20), too_long);
    let limits = Limits { comparisons: 100_000, ..Limits::default() };
    let equal = crate::value::deep_equal(&value, &shared_many_times(), &mut limits.comparing());
    assert_eq!(equal.unwrap_err().budget(), Some("comparisons"));
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    let parens = format!("{{{{{}1{}}}}}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(run(&[("x", &parens)], &Value::Nil).unwrap_err().stopped.and_then(Stopped::budget), Some("stack-bytes"));
    let more = format!("{{{{{}1{}}}}}", "(".repeat(10_001), ")".repeat(10_001));
    let error = TemplateSet::default().parse("x", &more, &|_| false).unwrap_err();
    assert_eq!(error.to_string(), "template: x:1: max expression depth exceeded");
    let ifs = format!("{}{}", "{{if true}}".repeat(50_000), "{{end}}".repeat(50_000));
    let error = run(&[("x", &ifs)], &Value::Nil).unwrap_err();
    assert_eq!(error.stopped.and_then(Stopped::budget), Some("stack-bytes"));
    let chain = format!("{{{{if false}}}}{}{{{{else}}}}last{{{{end}}}}", "{{else if false}}x".repeat(50_000));
    assert_eq!(run(&[("x", &chain)], &Value::Nil).unwrap(), "last");
    assert_eq!(text("{{$x := 1}}{{range 200000}}{{$x = wrap $x}}{{end}}{{len $x}}", &Value::Nil), "1");
}

#[test]
fn errors_do_not_grow_with_the_square_of_the_depth() {
    let error =
        run(&[("x", "{{define \"d\"}}{{include \"d\" .}}{{end}}{{include \"d\" .}}")], &Value::Nil).unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
    let deep = || {
        let files = [(
            "x",
            "{{define \"d\"}}{{if .}}{{include \"d\" (slice . 1)}}{{else}}{{boom}}{{end}}{{end}}{{include \"d\" .}}",
        )];
        let limits = Limits { stack_bytes: 60 << 20, ..Limits::default() };
        run_with(&files, &Value::str("a".repeat(2_500)), limits).unwrap_err().to_string()
    };
    let text = std::thread::Builder::new().stack_size(64 << 20).spawn(deep).unwrap().join().unwrap();
    assert!(text.starts_with("template: x:1:") && text.ends_with("error calling boom: index out of range"), "{text}");
    assert!(text.len() < 300 << 10, "{}", text.len());
}

#[test]
fn trees_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&set(&[("x", "{{upper \"a\"}}{{1}}{{.a.b}}")]));
}

#[test]
fn a_percent_in_a_name_takes_arguments_away_as_in_go() {
    let data = Value::map([("v".into(), Value::str("s"))]);
    assert_eq!(
        run(&[("%d%s", "{{ .v.w }}")], &data).unwrap_err().to_string(),
        "template: %!d(string=w)interface {}:1:5: executing \"%d%s\" at <.v.w>: \
         can't evaluate field %!s(MISSING) in type %!s(MISSING)"
    );
}

#[test]
fn the_else_of_a_loop_goes_on_with_the_loop_around() {
    let none = ("none".into(), Value::Nil);
    let two = ("two".into(), Value::list(vec![Value::int(1), Value::int(2)]));
    let data = Value::map([none, two]);
    let with =
        |word| text(&format!("{{{{range .two}}}}{{{{range $.none}}}}{{{{else}}}}{word}{{{{end}}}}x{{{{end}}}}"), &data);
    assert_eq!(with("{{continue}}"), "");
    assert_eq!(with("{{break}}"), "xx");
}
