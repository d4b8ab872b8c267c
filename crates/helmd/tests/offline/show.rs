//! `show`

use crate::{Given, Place, compare};

const CHART: &str = "apiVersion: v2\nname: bare\nversion: 1.0.0\n\n";

#[test]
fn parts_of_a_chart() {
    let place = Place::new();
    assert_eq!(place.out(&["show", "chart", "bare"]), CHART);
    assert_eq!(place.out(&["inspect", "all", "bare"]), CHART);
    assert_eq!(place.out(&["show", "readme", "full"]), "# full\n\ntext é <&>\n");
    assert!(place.out(&["show", "values", "full"]).starts_with("# kept\nimage: {repository: r"));
    let crds = "---\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n\n---\nkind: CustomResourceDefinition\n\
                metadata: {name: c.d}\n---\nkind: CustomResourceDefinition\nmetadata: {name: e.f}\n\n";
    assert_eq!(place.out(&["show", "crds", "full"]), crds);
    let all = place.out(&["show", "all", "full"]);
    assert!(all.contains("\n---\n# kept\n") && all.contains("\n---\n# full\n") && all.ends_with(crds), "{all}");
    assert_eq!(
        place.out(&["show", "chart", "full/charts/packed-1.1.0.tgz"]),
        CHART.replace("bare", "packed").replace("1.0", "1.1")
    );
}

#[test]
fn values_by_jsonpath() {
    let place = Place::new();
    for (path, want) in [
        ("{.image.tag}", "1.0"),
        ("{.list[?(@.size>1.0)].name}", "b"),
        // HELM: numbers of values are floats, which are not compared with integers.
        ("{.list[?(@.size>1)].name}", ""),
        ("{range .list[*]}{.name}={.size};{end}", "a=1;b=2.5;"),
        ("{.nope}", ""),
    ] {
        assert_eq!(place.out(&["show", "values", "full", "--jsonpath", path]), want, "{path}");
    }
    let unclosed = Given::refused("error parsing jsonpath {.a: unclosed action");
    assert_eq!(place.helmd(&["show", "values", "full", "--jsonpath", "{.a"]), unclosed);
    assert_eq!(place.helmd(&["show", "chart", "full", "--jsonpath", "x"]), Given::refused("unknown flag: --jsonpath"));
}

#[test]
fn show_is_helms() {
    compare(
        &[
            &["show", "all", "full"],
            &["show", "all", "bare"],
            &["show", "all", "future"],
            &["show", "chart", "full"],
            &["show", "chart", "full/charts/packed-1.1.0.tgz"],
            &["show", "values", "full", "--devel", "--version", "1"],
            &["show", "values", "bare"],
            &["show", "readme", "full"],
            &["show", "readme", "bare"],
            &["show", "crds", "full"],
            &["show", "crds", "bare", "--verify"],
            &["show", "all", "nope"],
            &["show", "all", "./nope"],
            &["show", "all"],
            &["show", "chart", "a", "b"],
            &["show", "chart", "bare", "--nope"],
        ],
        &[],
    );
}

#[test]
fn jsonpath_is_helms() {
    let paths = [
        "{.image}",
        "{.big} {.yes}",
        "{['dotted.key']}",
        "image.tag",
        "{.list[-1:].name}",
        "{.list[?(@.size>1)].name}",
        "{.image.ports[5]}",
        "{..x",
        "{}",
    ];
    let cases: Vec<[&str; 5]> = paths.iter().map(|path| ["show", "values", "full", "--jsonpath", path]).collect();
    compare(&cases.iter().map(<[&str; 5]>::as_slice).collect::<Vec<_>>(), &[]);
}
