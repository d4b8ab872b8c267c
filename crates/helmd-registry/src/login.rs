//! Logging in.

use crate::ask::{Registry, refusal_of};
use crate::error::RegistryError;
use crate::logins::{Login, Logins};
use helmd_http::Request;
use helmd_index::oci::ReferenceError;
use http::Method;

impl Registry {
    /// Asks whether the registry knows us, and keeps name and password if it does.
    ///
    /// # Errors
    /// It does not, or cannot be asked; the file cannot be written.
    pub async fn login(&self, host: &str, login: Login) -> Result<(), RegistryError> {
        self.probe(host, login.clone()).await?;
        self.options().logins.put(host, &login)
    }

    /// As [`Registry::login`], without keeping anything.
    ///
    /// # Errors
    /// It does not know us, or cannot be asked.
    pub async fn probe(&self, host: &str, login: Login) -> Result<(), RegistryError> {
        // HELM: a host without a slash is one if a URL of it is.
        if !helmd_index::oci::is_host(host) {
            return Err(ReferenceError::Registry(host.to_owned()).into());
        }
        let registry = self.with_login(login);
        let first = registry.forcing_form().ping(host).await;
        if first.is_ok() {
            return Ok(());
        }
        let second = registry.ping(host).await;
        second.map_err(|source| RegistryError::Login { host: host.to_owned(), source: Box::new(source) })
    }

    /// Whether the registry answers, and knows us if it wants to.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self, host: &str) -> Result<(), RegistryError> {
        let answer = self.ask(Logins::machine(host), "", |base| Request::get(format!("{base}/v2/"))).await?;
        match answer.status.as_u16() {
            200 => Ok(()),
            404 => Err(RegistryError::NotFound(String::new())),
            _ => Err(refusal_of(&Method::GET, answer).await),
        }
    }
}
