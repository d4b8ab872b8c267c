//! Rules for the custom resource definitions in `crds/`. Helm 4 only.

use crate::documents::Documents;
use crate::folder::Place;
use crate::message::{Linter, Severity};

const FOLDER: &str = "crds/";

pub(crate) fn lint(linter: &mut Linter<'_>) {
    let is_folder = match &linter.folder.crds {
        Place::Missing => return,
        Place::Folder => Ok(()),
        Place::File => Err("not a directory".to_owned()),
        Place::Unknown(text) => Err(text.clone()),
    };
    if !linter.check(Severity::Error, FOLDER, is_folder) {
        return;
    }
    let chart = match linter.chart() {
        Ok(chart) => chart,
        Err(text) => {
            linter.check(Severity::Error, FOLDER, Err(text.to_owned()));
            return;
        }
    };
    for crd in chart.crd_objects() {
        for document in Documents::new(crd.file.data.as_bytes(), linter.helm()) {
            let object = match document {
                Ok(Some(object)) => object,
                Ok(None) => continue,
                Err(text) => {
                    linter.check(Severity::Error, &crd.name, Err(format!("unable to parse YAML: {text}")));
                    return;
                }
            };
            if !object.api_version.starts_with("apiextensions.k8s.io") {
                let text = "apiVersion is not in 'apiextensions.k8s.io'";
                linter.check(Severity::Error, &crd.name, Err(text.to_owned()));
            }
            if object.kind != "CustomResourceDefinition" {
                let text = "object kind is not 'CustomResourceDefinition'";
                linter.check(Severity::Error, &crd.name, Err(text.to_owned()));
            }
        }
    }
}
