//! `dependency list`

use crate::{Given, Place, charts, compare, helmd, run, tools};

#[test]
fn states_of_dependencies() {
    let place = Place::new();
    let table = [
        "NAME    \tVERSION\tREPOSITORY                \tSTATUS          ",
        "sub     \t^0.1.0 \thttps://example.com/charts\tunpacked        ",
        "other   \t2.x    \t                          \twrong version   ",
        "packed  \t*      \t@r                        \tok              ",
        "lacking \t1.2.3  \tfile://../lacking         \tmissing         ",
        "twice   \t1.x    \t                          \ttoo many matches",
        "broken  \t1.x    \t                          \tmissing         ",
        "misnamed\t1.x    \t                          \tmisnamed        ",
        "bare    \tx.y    \t                          \tmissing         ",
        "",
        "WARNING: \"full/charts/misnamed-1.0.0.tgz\" is not in Chart.yaml.",
        "",
    ];
    assert_eq!(place.out(&["dependency", "list", "full"]), table.join("\n"));
    assert_eq!(place.out(&["dep", "ls", "bare"]), "WARNING: no dependencies at bare/charts\n");
    let missing = Given::refused("stat nope: no such file or directory");
    assert_eq!(place.helmd(&["dependency", "list", "nope"]), missing);
}

#[test]
fn dependency_list_is_helms() {
    compare(
        &[
            &["dependency", "list", "full"],
            &["dep", "ls", "./full/", "--max-col-width", "10"],
            &["dependencies", "list", "full", "--max-col-width", "0"],
            &["dependency", "list", "full", "--max-col-width", "-1"],
            &["dependency", "list", "good"],
            &["dependency", "list", "lacks"],
            &["dependency", "list", "bare"],
            &["dependency", "list", "full/charts/packed-1.1.0.tgz"],
            &["dependency", "list", "nope"],
            &["dependency", "list"],
            &["dependency", "list", "a", "b"],
        ],
        &[],
    );
}

#[test]
fn a_broken_archive_breaks_the_chart_in_helms_words() {
    let place = Place::new();
    charts::break_full(place.path());
    let args = ["dependency", "list", "full"];
    let ours = place.helmd(&args);
    assert!(ours.code == Some(1) && ours.err.contains("broken-1.0.0.tgz"), "{ours:?}");
    let Some(tools) = tools() else { return };
    assert_eq!(run(&tools.join("helm4"), &args, place.path(), &[]), ours);
    let ours = run(helmd(), &[&["--helm3"][..], &args].concat(), place.path(), &[]);
    assert_eq!(run(&tools.join("helm3"), &args, place.path(), &[]), ours);
}
