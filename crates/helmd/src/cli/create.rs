//! `helmd create`: helm create.

use super::command::{Call, Command, Count, disk};
use super::flags::{Flag, Kind};
use crate::environment;
use helmd_action::{Create, Outside as _, System, helm_text};
use helmd_chart::{HelmMajor, Saving};
use helmd_repo::local::{Detection, clean};
use std::path::Path;

/// The command.
pub const COMMAND: Command = Command {
    name: "create",
    words: "NAME",
    count: Count::Exactly(1),
    about: "Create a chart: a folder with all that a first chart needs, ready to be installed and to be changed.\n\n\
            NAME may be a path that ends with the chart's name; the folder above must be there. Files that are there\n\
            are overwritten, others are left alone.\n\n\
            The chart is a deployment with a service, an ingress, a route for a gateway, an autoscaler, an account, notes\n\
            and a test. A starter of your own is another chart, in whose templates and values.yaml <CHARTNAME> stands for\n\
            the name.",
    flags,
    run: create,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let starter = "another chart to begin with: a name in helm's folder for starters, or an absolute path";
    let mut flags = vec![Flag::new("starter", Kind::Text, starter).short('p')];
    if helm == HelmMajor::Helm4 {
        flags.push(Flag::new("chart-api-version", Kind::Text, ""));
    }
    flags
}

fn create(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    let name = matches.words.first().cloned().unwrap_or_default();
    call.print(format!("Creating {name}\n").as_bytes())?;
    match matches.text("chart-api-version") {
        "" | "v2" => {}
        "v3" => return Err(experimental()),
        other => return Err(format!("unsupported chart API version: {other} (supported: v2, v3)")),
    }
    let starter = Some(matches.text("starter")).filter(|starter| !starter.is_empty()).map(|starter| {
        let starter = Path::new(starter);
        // HELM: an absolute path stays as it was given.
        if starter.is_absolute() {
            return starter.to_owned();
        }
        clean(&Path::new(&environment::data_folder()).join("starters").join(starter))
    });
    let create = Create { name, starter, saving: Saving { helm, now: System.now().as_second(), stamp: None } };
    let loader = call.loader()?;
    let (mut log, mut warnings) = (Vec::new(), String::new());
    let done = create.run(&disk(&loader, Detection::Skip), &mut log, |line| {
        warnings.push_str(&line);
        warnings.push('\n');
    });
    call.log(&log);
    call.print(warnings.as_bytes())?;
    done.map_err(|e| helm_text(&e))
}

fn experimental() -> String {
    const GATE: &str = "HELM_EXPERIMENTAL_CHART_V3";
    if environment::variable(GATE).is_some() {
        return "charts of version 3 are not there yet".to_owned();
    }
    "this feature has been marked as experimental and is not enabled by default. ".to_owned()
        + &format!("Please set {GATE}=1 in your environment to use this feature")
}
