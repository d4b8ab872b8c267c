//! The lines of the immunity checklist about the engine, one test for each: what the templates of a stranger's chart may
//! ask, use up and change. Each test names the class of holes it is about.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use helmd_action::{
    ActionError, Budgets, Cancel, CancelOnDrop, ErrorKind, Exceeded, Outside, Stopped, Template, budgets, helm_text,
};
use helmd_chart::{Chart, File, HelmMajor, Values, load_files};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

/// A machine that answers always the same and counts what it is asked.
#[derive(Default)]
struct Machine {
    names: AtomicUsize,
    random: AtomicU64,
    breaks: bool,
}

impl Outside for Machine {
    fn now(&self) -> Timestamp {
        assert!(!self.breaks, "the clock is broken");
        Timestamp::UNIX_EPOCH
    }
    fn local_zone(&self) -> TimeZone {
        TimeZone::UTC
    }
    fn random(&self, buf: &mut [u8]) {
        for chunk in buf.chunks_mut(8) {
            let n = self.random.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (n ^ (n >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 32)).to_le_bytes()[..chunk.len()]);
        }
    }
    fn resolve_host(&self, _: &str) -> Option<String> {
        self.names.fetch_add(1, Ordering::Relaxed);
        Some("10.1.2.3".to_owned())
    }
}

fn chart(files: &[(&str, &str)]) -> Chart {
    let mut all = vec![File::new("Chart.yaml", CHART)];
    all.extend(files.iter().map(|(name, text)| File::new(*name, *text)));
    load_files(all, HelmMajor::Helm4).unwrap()
}

/// A template of a chart with this text as its only template.
fn template(text: &str) -> Template {
    Template::new("r", "default", chart(&[("templates/x.yaml", text)]), Values::new())
}

fn with(text: &str, set: impl FnOnce(&mut Budgets)) -> Template {
    let mut template = template(text);
    set(&mut template.budgets);
    template
}

async fn run(template: Template) -> Result<String, ActionError> {
    template.run().await.map(|r| r.manifest).map_err(|failure| *failure.error)
}

async fn text_of(text: &str) -> String {
    match run(template(&format!("a: {{{{ {text} | quote }}}}"))).await {
        Ok(manifest) => manifest.lines().nth(2).unwrap_or_default().trim_start_matches("a: ").to_owned(),
        Err(e) => panic!("{}", helm_text(&e)),
    }
}

async fn error_of(template: Template) -> String {
    let started = Instant::now();
    let error = helm_text(&run(template).await.map(|text| text.len()).unwrap_err());
    assert!(started.elapsed() < Duration::from_secs(30), "took {:?}", started.elapsed());
    error
}

// --- what templates can ask -------------------------------------------------------------------------------------------

/// The environment holds tokens.
#[tokio::test]
async fn there_is_no_environment() {
    for function in ["env", "expandenv"] {
        let error = error_of(template(&format!("a: {{{{ {function} \"HOME\" }}}}"))).await;
        assert!(error.contains(&format!("function \"{function}\" not defined")), "{error}");
        let error = error_of(template(&format!("a: {{{{ tpl \"{{{{ {function} \\\"HOME\\\" }}}}\" . }}}}"))).await;
        assert!(error.contains(&format!("function \"{function}\" not defined")), "{error}");
    }
}

/// CVE-2023-25165: names that are looked up tell an outsider what a chart has seen.
#[tokio::test]
async fn names_are_not_looked_up_unless_allowed() {
    let machine = Arc::new(Machine::default());
    let ask = |enabled| {
        let mut template = template("a: {{ getHostByName \"canary.example.com\" | quote }}");
        template.outside = machine.clone();
        template.enable_dns = enabled;
        template
    };
    assert!(run(ask(false)).await.unwrap().contains("a: \"\""));
    assert_eq!(machine.names.load(Ordering::Relaxed), 0);
    assert!(run(ask(true)).await.unwrap().contains("a: \"10.1.2.3\""));
    assert_eq!(machine.names.load(Ordering::Relaxed), 1);
}

/// CVE-2020-11013: a lookup in the cluster where only a local rendering was wanted.
#[tokio::test]
async fn nothing_is_looked_up_in_a_cluster() {
    assert_eq!(text_of("lookup \"v1\" \"Secret\" \"kube-system\" \"\" | toJson").await, "\"{}\"");
}

/// Files of the machine, by any spelling.
#[tokio::test]
async fn files_are_the_charts_own() {
    for name in [
        "/etc/passwd",
        "../../../../etc/passwd",
        "templates/x.yaml",
        "Chart.yaml",
        "file:///etc/passwd",
        "/proc/self/environ",
    ] {
        for function in ["Get", "Lines", "GetBytes", "Glob"] {
            let found = text_of(&format!(".Files.{function} \"{name}\" | len")).await;
            assert_eq!(found, "\"0\"", "{function} {name}");
        }
    }
    // A subchart sees its own files only, and the parent's are not in the way of names.
    let subchart = "apiVersion: v2\nname: d\nversion: 0.1.0\n";
    let files = [
        ("charts/d/Chart.yaml", subchart),
        (
            "charts/d/templates/x.yaml",
            "a: {{ .Files.Get \"secret\" }}{{ .Files.Get \"../../secret\" }}{{ .Values.key }}.",
        ),
        ("secret", "canary"),
        ("values.yaml", "key: canary\n"),
    ];
    let manifest = run(Template::new("r", "default", chart(&files), Values::new())).await.unwrap();
    assert!(manifest.contains("a: .") && !manifest.contains("canary"), "{manifest}");
}

/// The clock's zone tells where the machine is; a zone's name is no path.
#[tokio::test]
async fn times_are_utc_and_zones_are_bundled() {
    let dated =
        |zone: &str| format!("dateInZone \"2006-01-02 15:04 MST\" (toDate \"2006-01-02\" \"2026-07-01\") \"{zone}\"");
    assert_eq!(text_of(&dated("Local")).await, "\"2026-07-01 00:00 UTC\"");
    assert_eq!(text_of(&dated("Europe/Berlin")).await, "\"2026-07-01 02:00 CEST\"");
    for zone in ["../../../etc/passwd", "/etc/localtime", "Europe/../Europe/Berlin", "posixrules/..", "localtime"] {
        assert_eq!(text_of(&dated(zone)).await, "\"2026-07-01 00:00 UTC\"", "{zone}");
    }
    assert!(text_of("date \"MST\" now").await.contains("UTC"));
}

/// What one render defines, another does not see; what `tpl` defines, nobody else does.
#[tokio::test]
async fn templates_do_not_reach_others() {
    assert!(run(template("{{ define \"secret\" }}canary{{ end }}a: 1")).await.is_ok());
    let error = error_of(template("a: {{ include \"secret\" . }}")).await;
    assert!(error.contains("no template \"secret\""), "{error}");
    let leak = "{{ $_ := tpl \"{{ define `made` }}x{{ end }}\" . }}a: {{ include \"made\" . }}";
    let error = error_of(template(leak)).await;
    assert!(error.contains("no template \"made\""), "{error}");
    for function in ["readFile", "getFile", "exec", "httpGet", "readDir", "osGetenv"] {
        let error = error_of(template(&format!("{{{{ {function} \"x\" }}}}"))).await;
        assert!(error.contains(&format!("function \"{function}\" not defined")), "{error}");
    }
}

// --- what templates can use up ----------------------------------------------------------------------------------------

/// Endless recursion ends, in Helm's words where Helm has them.
#[tokio::test]
async fn recursion_ends() {
    let error = error_of(template("{{ define \"d\" }}{{ include \"d\" . }}{{ end }}a: {{ include \"d\" . }}")).await;
    let words = "rendering template has a nested reference name: d: unable to execute template";
    assert!(error.contains(words), "{}", &error[error.len().saturating_sub(500)..]);
    let tpl = "{{ $_ := set . \"t\" \"{{ tpl .t . }}\" }}a: {{ tpl .t . }}";
    let error = error_of(with(tpl, |b| b.stack_bytes = 8 << 20)).await;
    assert!(error.contains("budget stack-bytes exceeded (at most 8388608 bytes"), "{error}");
    let define = "{{ define \"d\" }}{{ template \"d\" . }}{{ end }}a: {{ template \"d\" . }}";
    assert!(error_of(template(define)).await.contains("exceeded maximum template depth (100000)"));
    let two = "{{ define \"a\" }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}";
    let error = error_of(template(two)).await;
    assert!(error.contains("rendering template has a nested reference name"), "{}", &error[error.len() - 2000..]);
    let error = error_of(with("{{ define \"d\" }}{{ include \"d\" . }}{{ end }}{{ include \"d\" . }}", |b| {
        b.include_depth = 10
    }))
    .await;
    assert!(error.contains("budget include-depth exceeded (at most 10 levels"), "{error}");
    // Helm's limit is reached, not passed: a thousand levels are fine.
    let thousand =
        "{{ define \"d\" }}{{ if . }}{{ include \"d\" (sub . 1) }}{{ end }}{{ end }}a: {{ include \"d\" 999 }}1";
    assert!(run(template(thousand)).await.is_ok_and(|text| text.contains("a: 1")));
}

/// Budget, its setting, a template that goes beyond it, and what the error tells.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("steps", "1000", "{{ range until 1000 }}{{ end }}", "1000 template steps"),
    ("output-bytes", "1000", "{{ range until 200 }}abcdef{{ end }}", "1000 bytes of output"),
    (
        "include-depth",
        "5",
        "{{ define \"d\" }}{{ include \"d\" . }}{{ end }}{{ include \"d\" . }}",
        "5 levels of include",
    ),
    (
        "stack-bytes",
        "200000",
        "{{ define \"d\" }}{{ template \"d\" . }}{{ end }}{{ template \"d\" . }}",
        "200000 bytes of stack",
    ),
    ("text-bytes", "1000", "{{ repeat 1001 \"x\" }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ repeat 9223372036854775807 \"xx\" }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ indent 1001 \"x\" }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ printf \"%2000d\" 1 }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ printf \"%*d\" 2000 1 }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ printf \"%.2000f\" 1.0 }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ replace \"\" (repeat 50 \"x\") (repeat 50 \"y\") }}", "1000 bytes in one text"),
    (
        "text-bytes",
        "1000",
        "{{ regexReplaceAll \"x*\" (repeat 50 \"y\") (repeat 50 \"x\") }}",
        "1000 bytes in one text",
    ),
    ("text-bytes", "1000", "{{ join (repeat 50 \"x\") (until 50) }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ wrapWith 1 (repeat 50 \"x\") (repeat 50 \"y\") }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ until 500 | toJson }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ until 500 | toYaml }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ dict \"a\" (until 500) | toToml }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ until 500 | toPrettyJson }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ until 500 | quote }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ randAlphaNum 1001 }}", "1000 bytes in one text"),
    ("text-bytes", "1000", "{{ randBytes 1001 }}", "1000 bytes in one text"),
    ("items", "1000", "{{ until 1001 }}", "1000 items in one call"),
    ("items", "1000", "{{ untilStep 0 9223372036854775807 1 }}", "1000 items in one call"),
    ("items", "1000", "{{ seq 1 1001 }}", "1000 items in one call"),
    ("items", "1000", "{{ splitList \"\" (repeat 1001 \"x\") }}", "1000 items in one call"),
    ("items", "1000", "{{ regexFindAll \"x\" (repeat 1001 \"x\") -1 }}", "1000 items in one call"),
    ("items", "1000", "{{ concat (until 600) (until 600) }}", "1000 items in one call"),
    ("items", "1000", "{{ deepCopy (list (until 999) 1) }}", "1000 items in one call"),
    ("comparisons", "1000", "{{ uniq (until 100) }}", "1000 comparisons in one call"),
    ("comparisons", "1000", "{{ has -1 (until 1001) }}", "1000 comparisons in one call"),
    ("comparisons", "1000", "{{ without (until 1000) 1 2 }}", "1000 comparisons in one call"),
    ("comparisons", "1000", "{{ deepEqual (until 1001) (until 1001) }}", "1000 comparisons in one call"),
    (
        "memory-bytes",
        "1M",
        "{{ $l := list }}{{ range until 1000 }}{{ $l = append $l (repeat 2000 \"x\") }}{{ end }}",
        "1000000 bytes made",
    ),
    ("regex-bytes", "10k", "{{ regexMatch \"\\\\pL{500}\" \"x\" }}", "10000 bytes for one compiled"),
    ("regex-work", "1M", "{{ regexMatch \"a.{50}b\" (repeat 100000 \"a\") }}", "1000000 steps of one regular"),
    ("crypto-work", "100", "{{ range until 3 }}{{ bcrypt \"x\" }}{{ end }}", "100 milliseconds of making keys"),
    ("crypto-work", "100", "{{ genCA \"x\" 1 }}", "100 milliseconds of making keys"),
    ("crypto-work", "100", "{{ genPrivateKey \"rsa\" }}", "100 milliseconds of making keys"),
    ("crypto-work", "100", "{{ genPrivateKey \"dsa\" }}", "100 milliseconds of making keys"),
    ("crypto-work", "100", "{{ htpasswd \"u\" \"p\" }}{{ htpasswd \"u\" \"p\" }}", "100 milliseconds of making keys"),
    ("crypto-work", "100", "{{ derivePassword 1 \"long\" \"p\" \"u\" \"s\" }}", "100 milliseconds of making keys"),
    ("yaml-bytes", "100", "{{ fromYaml (repeat 101 \"x\") }}", "100 bytes of YAML"),
    (
        "yaml-depth",
        "10",
        "{{ fromYaml (printf \"a: %s%s\" (repeat 11 \"[\") (repeat 11 \"]\")) }}",
        "10 levels of YAML",
    ),
    ("yaml-nodes", "10", "{{ fromYamlArray (toJson (until 11)) }}", "10 YAML nodes"),
];

/// Every budget ends a render, names itself, its limit and how to raise it. One line for each setting.
#[tokio::test]
async fn every_budget_is_named() {
    for (budget, value, text, what) in CASES {
        let error = error_of(with(text, |b| b.set(budget, value).unwrap())).await;
        let sentence = format!("budget {budget} exceeded (at most {what}");
        assert!(error.contains(&sentence), "{text}: {error}");
        assert!(error.contains(&format!("allow more with --budget {budget}=N")), "{text}: {error}");
        // Within the defaults all of this is allowed, but what never ends.
        let endless = text.contains("922337") || text.contains("define");
        let allowed = run(template(text)).await.map_err(|e| helm_text(&e));
        assert!(endless || allowed.map_or_else(|e| !e.contains("budget"), |_| true), "{text}");
    }
    let error = error_of(with("{{ define \"d\" }}{{ template \"d\" . }}{{ end }}{{ template \"d\" . }}", |b| {
        b.template_depth = 9
    }))
    .await;
    assert!(error.contains("exceeded maximum template depth (9)"), "{error}");
}

/// The settings that other tests are about, so that none is forgotten.
#[test]
fn every_setting_has_a_test() {
    let (engine, input) = (include_str!("security_engine.rs"), include_str!("security_input.rs"));
    for setting in &budgets::SETTINGS {
        let named = |text: &str| {
            text.contains(&format!("\"{}\"", setting.name)) || text.contains(&format!("budget {} ", setting.name))
        };
        let field = setting.name.replace('-', "_");
        assert!(named(engine) || named(input) || engine.contains(&format!("b.{field} =")), "{}", setting.name);
    }
}

/// A few values that hold each other many times over, or themselves: short to make, endless to spell out.
#[tokio::test]
async fn values_that_hold_themselves_are_not_spelled_out() {
    let shared = "{{ $v := list 1 }}{{ range until 60 }}{{ $v = list $v $v }}{{ end }}";
    for use_of in [
        "toJson $v",
        "toYaml $v",
        "toYamlPretty $v",
        "toPrettyJson $v",
        "toRawJson $v",
        "mustToJson $v",
        "toToml (dict \"a\" $v)",
        "print $v",
        "printf \"%v\" $v",
        "printf \"%#v\" $v",
        "quote $v",
        "toString $v",
        "html $v",
        "cat $v",
        "sha256sum (toString $v)",
    ] {
        let error = error_of(with(&format!("{shared}a: {{{{ {use_of} }}}}"), |b| b.text_bytes = 1 << 20)).await;
        assert!(error.contains("budget text-bytes exceeded (at most 1048576 bytes in one text"), "{use_of}: {error}");
    }
    let error = error_of(with(&format!("{shared}{{{{ $v }}}}"), |b| b.text_bytes = 1 << 20)).await;
    assert!(error.contains("budget text-bytes exceeded"), "{error}");
    let both = format!("{shared}{}", shared.replace("$v", "$w"));
    let error = error_of(with(&format!("{both}{{{{ deepEqual $v $w }}}}"), |b| b.comparisons = 1 << 20)).await;
    assert!(error.contains("budget comparisons exceeded"), "{error}");
    let error = error_of(template(&format!("{shared}{{{{ deepCopy $v }}}}"))).await;
    assert!(error.contains("budget items exceeded (at most 1048576 items"), "{error}");
    let itself = "{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ $_ := set $d \"b\" $d }}";
    for use_of in ["toJson $d", "toYaml $d", "toPrettyJson $d", "toToml $d"] {
        let started = Instant::now();
        let _answer = run(with(&format!("{itself}a: {{{{ {use_of} | len }}}}"), |b| b.text_bytes = 1 << 20)).await;
        assert!(started.elapsed() < Duration::from_secs(20), "{use_of}: {:?}", started.elapsed());
    }
    let merged =
        "{{ $d := dict }}{{ $_ := set $d \"a\" $d }}{{ $e := dict }}{{ $_ := set $e \"a\" $e }}{{ merge $d $e }}";
    assert!(error_of(template(merged)).await.contains("nested deeper than 500 levels"));
    assert!(
        error_of(template(&format!("{itself}{{{{ deepCopy $d }}}}"))).await.contains("nested deeper than 500 levels")
    );
}

/// Texts and patterns that make a function take quadratic or exponential time, or overflow its stack.
#[tokio::test]
async fn functions_take_time_in_proportion() {
    for text in [
        "trimAll (printf \"%s%s\" (repeat 500000 \"é\") \"x\") (repeat 500000 \"x\") | len",
        "regexMatch \"(a*)*(a*)*(a*)*b\" (repeat 100000 \"a\")",
        "regexFind \"(x+x+)+y\" (repeat 100000 \"x\")",
        "contains (printf \"%sb\" (repeat 20000 \"a\")) (repeat 1000000 \"a\")",
        "splitList (printf \"%sb\" (repeat 20000 \"a\")) (repeat 1000000 \"a\") | len",
        "replace (printf \"%sb\" (repeat 20000 \"a\")) \"x\" (repeat 1000000 \"a\") | len",
        "semverCompare (repeat 400000 \"1.\") \"1.0.0\"",
        "fromToml (printf \"%sb = 1\" (repeat 100000 \"a.\")) | toJson | len",
        "fromJson (repeat 100000 \"[\") | toJson | len",
        "fromYaml (repeat 100000 \"[\") | toJson | len",
        "fromYaml (repeat 100000 \"- \") | toJson | len",
        "urlParse (repeat 100000 \"%41\") | toJson | len",
        "snakecase (repeat 100000 \"aB1_\") | len",
        ".Files.Glob (repeat 500 \"*a\") | len",
        "toDate (repeat 100000 \"2006\") (repeat 100000 \"2006\") | toString | len",
        "genCAWithKey \"x\" 1 (printf \"-----BEGIN RSA PRIVATE KEY-----\\n%s\\n-----END RSA PRIVATE KEY-----\" (b64enc (repeat 100000 \"0\"))) | toString",
    ] {
        let started = Instant::now();
        let _answer = run(template(&format!("a: {{{{ {text} }}}}"))).await;
        assert!(started.elapsed() < Duration::from_secs(20), "{text}: {:?}", started.elapsed());
    }
}

/// A key that a template brings along may not be as long as it likes: using it takes time with the cube of its length.
#[tokio::test]
async fn keys_of_templates_have_a_length() {
    // SEQUENCE of version, modulus and the rest, each an INTEGER of 3,000 bytes.
    let number: Vec<u8> = [&[2, 0x82, 0x0b, 0xb8, 0x7f][..], &[0xff; 2999]].concat();
    let body: Vec<u8> = [&[2, 1, 0][..], &number.repeat(5)].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let der = [&[0x30, 0x82][..], &length, &body].concat();
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", base64(&der));
    let mut values = Values::new();
    values.insert("key".to_owned(), pem.into());
    let files = [("templates/x.yaml", "a: {{ genCAWithKey \"x\" 1 .Values.key }}")];
    let error = error_of(Template::new("r", "default", chart(&files), values)).await;
    assert!(error.contains("budget key-bits exceeded (at most 16384 bits in an RSA key"), "{error}");
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * i)) as usize & 63]);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

// --- ending a render --------------------------------------------------------------------------------------------------

const FOREVER: &str = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}";

/// The budget of time: the render ends, the error names it and the place.
#[tokio::test]
async fn time_is_a_budget() {
    let started = Instant::now();
    let error = run(with(FOREVER, |b| b.render_time = Duration::from_secs(1))).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = helm_text(&error);
    assert!(
        text.starts_with("budget render-time exceeded (at most 1 seconds of rendering); allow more with"),
        "{text}"
    );
    assert!(text.contains("(stopped at c/templates/x.yaml:1:"), "{text}");
    let ActionError::Stopped { stopped: Stopped::Budget(Exceeded { budget, .. }), .. } = error else {
        panic!("{text}")
    };
    assert_eq!(budget, budgets::RENDER_TIME);
}

/// A token ends a render promptly wherever it is: in loops, between calls, in the search for a key, in a long function.
#[tokio::test(flavor = "multi_thread")]
async fn renders_can_be_cancelled() {
    for (text, promptly) in [
        (FOREVER, 2),
        ("{{ range until 1000000 }}{{ until 1000 | toJson | fromJsonArray | len }}{{ end }}", 2),
        ("{{ range until 1000 }}{{ genPrivateKey \"rsa\" }}{{ end }}", 5),
        ("{{ range until 1000 }}{{ genPrivateKey \"dsa\" }}{{ end }}", 5),
        ("{{ range until 1000 }}{{ genCA \"x\" 1 }}{{ end }}", 5),
        ("{{ range until 1000 }}{{ derivePassword 1 \"long\" \"p\" \"u\" \"s\" }}{{ end }}", 5),
        ("{{ range until 1000 }}{{ randAlphaNum 10000000 | len }}{{ end }}", 2),
        ("{{ range until 1000 }}{{ regexReplaceAll \"a\" (repeat 1000000 \"a\") \"b\" | len }}{{ end }}", 5),
        ("{{ range until 1000 }}{{ uniq (until 5000) | len }}{{ end }}", 2),
    ] {
        let template = template(text);
        let cancel = template.cancel.clone();
        let running = tokio::spawn(run(template));
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!running.is_finished(), "{text}");
        let asked = Instant::now();
        cancel.cancel();
        let error = running.await.unwrap().unwrap_err();
        assert!(asked.elapsed() < Duration::from_secs(promptly), "{text}: {:?}", asked.elapsed());
        assert!(
            helm_text(&error).starts_with("render cancelled (stopped at c/templates/x.yaml:1:"),
            "{}",
            helm_text(&error)
        );
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
}

/// Whoever goes away ends the render: the future is dropped, or a guard is.
#[tokio::test(flavor = "multi_thread")]
async fn renders_end_with_those_who_want_them() {
    let template = template(FOREVER);
    let cancel = template.cancel.clone();
    let gone = tokio::time::timeout(Duration::from_millis(200), run(template)).await;
    assert!(gone.is_err() && cancel.is_cancelled());
    let cancel = Cancel::new();
    drop(CancelOnDrop::new(cancel.clone()));
    assert!(cancel.is_cancelled());
    let cancel = Cancel::new();
    CancelOnDrop::new(cancel.clone()).disarm();
    assert!(!cancel.is_cancelled());
}

/// A fault of this program in one render is one failed request, and the next one is well.
#[tokio::test]
async fn a_panic_is_one_failed_render() {
    let broken = |breaks| {
        let mut template = template("a: {{ now | date \"2006\" }}");
        template.outside = Arc::new(Machine { breaks, ..Machine::default() });
        template
    };
    let error = helm_text(&run(broken(true)).await.unwrap_err());
    assert_eq!(error, "rendering stopped: an internal fault in the template engine");
    assert!(run(broken(false)).await.unwrap().contains("a: 1970"));
}

// --- what is promised to be the same ----------------------------------------------------------------------------------

/// The same chart, values and machine give the same bytes.
#[tokio::test]
async fn renders_are_deterministic() {
    let text = "{{ $d := dict \"b\" 1 \"a\" 2 \"c\" 3 }}keys: {{ keys $d | toJson }}\nvalues: {{ values $d | toJson }}\n\
        json: {{ $d | toJson }}\n{{ range $k, $v := $d }}{{ $k }}: {{ $v }}\n{{ end }}key: {{ genPrivateKey \"ed25519\" | quote }}\n\
        r: {{ randAlphaNum 20 }}\nu: {{ uuidv4 }}\nn: {{ now }}\nh: {{ htpasswd \"u\" \"p\" }}";
    let machine = || {
        let mut template = template(text);
        template.outside = Arc::new(Machine::default());
        template
    };
    let first = run(machine()).await.unwrap();
    assert!(first.contains("keys: [\"a\",\"b\",\"c\"]\nvalues: [2,1,3]"), "{first}");
    for _ in 0..3 {
        assert_eq!(run(machine()).await.unwrap(), first);
    }
}
