//! What a token is for: `repository:NAME:pull,push`.

use std::collections::{BTreeMap, BTreeSet};

/// Reading, or also writing, a repository.
pub(crate) fn of_repository(repository: &str, push: bool) -> String {
    format!("repository:{repository}:{}", if push { "pull,push" } else { "pull" })
}

/// The scopes without repetition: actions on the same thing together, in order; what has another form stays as it is.
pub(crate) fn clean<'s>(scopes: impl IntoIterator<Item = &'s str>) -> Vec<String> {
    let mut actions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for scope in scopes.into_iter().filter(|scope| !scope.is_empty()) {
        match scope.rsplit_once(':').filter(|(thing, _)| thing.contains(':')) {
            Some((thing, of)) => actions.entry(thing).or_default().extend(of.split(',').filter(|a| !a.is_empty())),
            None => {
                others.insert(scope.to_owned());
            }
        }
    }
    let actions = actions.into_iter().filter(|(_, of)| !of.is_empty()).map(|(thing, of)| {
        let of = if of.contains("*") { "*".to_owned() } else { of.into_iter().collect::<Vec<_>>().join(",") };
        format!("{thing}:{of}")
    });
    let mut all: BTreeSet<String> = actions.collect();
    all.extend(others);
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_put_together() {
        let own = of_repository("c/demo", false);
        assert_eq!(clean([own.as_str(), "repository:c/demo:push,pull", "x"]), ["repository:c/demo:pull,push", "x"]);
        assert_eq!(clean(["registry:catalog:*", "registry:catalog:read", ""]), ["registry:catalog:*"]);
    }
}
