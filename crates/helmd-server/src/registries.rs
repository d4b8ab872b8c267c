//! The registries of the config file, and how requests ask registries.

use helmd_index::oci;
use helmd_index::repositories::Repository;
use helmd_kube::helm_text;
use helmd_registry::{Insecure, Login};
use helmd_repo::Repos;
use helmd_repo::repositories::ChartOptions;
use std::collections::BTreeSet;

/// The registries that the config file names.
#[derive(Debug, Clone, Default)]
pub struct RegistrySettings {
    /// Name, URL (`oci://host/folder`), login and certificates of each.
    pub list: Vec<Repository>,
    /// The hosts among them that are talked to without TLS (`plain_http: true`).
    pub plain: BTreeSet<String>,
}

/// Who we are to which registry.
pub(crate) struct Registries(RegistrySettings);

impl Registries {
    /// Also tells `repos` how registries are talked to.
    pub(crate) fn new(settings: RegistrySettings, repos: &mut Repos, anywhere: bool) -> Registries {
        // HELM-WRAPPER: the client that it links talks to this machine without TLS.
        repos.registries.insecure = if anywhere { Insecure::Unverified } else { Insecure::Never };
        repos.registries.plain = settings.plain.clone();
        repos.registries.as_repositories = true;
        Registries(settings)
    }

    /// The hosts, as names of machines that requests may lead to.
    pub(crate) fn hosts(settings: &RegistrySettings) -> impl Iterator<Item = String> + '_ {
        settings.list.iter().filter_map(|registry| Some(oci::host(&registry.url)?.to_owned()))
    }

    /// What a request says of how to get a chart, with what the config file says of its registry. Who names a login is that one.
    pub(crate) fn options(&self, reference: &str, given: &ChartOptions) -> ChartOptions {
        let mut options = given.clone();
        let Some(host) = oci::host(reference) else { return options };
        options.plain_http |= self.0.plain.contains(host);
        let own = |registry: &&Repository| oci::host(&registry.url) == Some(host);
        let Some(registry) = self.0.list.iter().find(own) else { return options };
        if options.username.is_empty() && options.password.is_empty() {
            options.username.clone_from(&registry.username);
            options.password.clone_from(&registry.password);
        }
        if [&options.cert_file, &options.key_file, &options.ca_file].iter().all(|file| file.is_empty()) {
            options.cert_file.clone_from(&registry.cert_file);
            options.key_file.clone_from(&registry.key_file);
            options.ca_file.clone_from(&registry.ca_file);
        }
        options.insecure_skip_tls_verify |= registry.insecure_skip_tls_verify;
        options
    }

    /// Asks each registry whether it knows us, and tells it in the log. Nothing depends on the answer: a registry that is away is
    /// asked again by whoever wants a chart of it.
    pub(crate) async fn start(&self, repos: &Repos) {
        for registry in &self.0.list {
            let Repository { name, url, username, password, .. } = registry;
            let Some(host) = oci::host(url) else { continue };
            if username.is_empty() || password.is_empty() {
                continue;
            }
            let asked = repos.registry(&self.options(url, &ChartOptions::default()));
            match asked.probe(host, Login::basic(username, password)).await {
                Ok(()) => tracing::info!(registry = %name, "the registry knows us"),
                Err(error) => {
                    tracing::error!(registry = %name, error = %helm_text(&error), "login failed: the server goes on without it");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_for_their_registry() {
        let registry = Repository {
            name: "r".to_owned(),
            url: "oci://r.example:5000/charts".to_owned(),
            username: "me".to_owned(),
            password: "secret".to_owned(),
            ..Repository::default()
        };
        let plain = BTreeSet::from(["r.example:5000".to_owned()]);
        let registries = Registries(RegistrySettings { list: vec![registry], plain });
        let given = ChartOptions::default();
        let own = registries.options("oci://r.example:5000/other/demo", &given);
        assert_eq!((own.username.as_str(), own.password.as_str(), own.plain_http), ("me", "secret", true));
        for other in ["oci://r.example/charts/demo", "oci://r.example:5000.evil.example/demo", "r.example:5000/demo"] {
            let other = registries.options(other, &given);
            assert_eq!((other.username.as_str(), other.plain_http), ("", false));
        }
        let named = ChartOptions { username: "you".to_owned(), ..ChartOptions::default() };
        assert_eq!(registries.options("oci://r.example:5000/x", &named).username, "you");
        assert_eq!(registries.options("oci://r.example:5000/x", &named).password, "");
    }
}
