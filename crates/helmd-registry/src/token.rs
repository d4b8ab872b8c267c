//! Tokens for registries that want one of somebody else.

use crate::ask::{Registry, refusal_of};
use crate::error::{Refusal, RegistryError};
use crate::logins::Login;
use helmd_http::{Credentials, Request};
use http::Method;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// oras-go's name to those who give tokens.
const CLIENT: &str = "oras-go";
/// Largest answer of those who give tokens.
const LIMIT_BYTES: u64 = 128 << 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    token: String,
    access_token: String,
}

impl Registry {
    /// A token for these scopes.
    pub(crate) async fn token(
        &self,
        realm: &Url,
        parameters: &BTreeMap<String, String>,
        scopes: &[String],
        login: &Login,
    ) -> Result<String, RegistryError> {
        if !login.access_token.is_empty() {
            return Ok(login.access_token.clone());
        }
        let service = parameters.get("service").map(String::as_str).unwrap_or_default();
        let by_form = !login.refresh_token.is_empty() || (self.forces_form() && !login.is_empty());
        let request = if by_form { form(realm, service, scopes, login)? } else { query(realm, service, scopes, login) };
        let request = Request { limit_bytes: LIMIT_BYTES, ..self.with_tls(request) };
        let (method, url) = (request.method.clone(), request.url.clone());
        let answer = self.http().send(request).await?;
        if !answer.status.is_success() {
            return Err(refusal_of(&method, answer).await);
        }
        let failed = |text: String| {
            let refusal = Refusal::Token(text);
            RegistryError::Answer { method: method.to_string(), url: helmd_http::shown(&url), refusal }
        };
        let bytes = answer.bytes().await?;
        let given: Given =
            serde_json::from_slice(&bytes).map_err(|e| failed(format!("failed to decode response: {e}")))?;
        let texts = if by_form { [given.access_token, String::new()] } else { [given.access_token, given.token] };
        texts.into_iter().find(|text| !text.is_empty()).ok_or_else(|| failed("empty token returned".to_owned()))
    }
}

/// The question as the distribution's specification has it.
fn query(realm: &Url, service: &str, scopes: &[String], login: &Login) -> Request {
    let mut url = realm.clone();
    {
        let mut pairs = url.query_pairs_mut();
        if !service.is_empty() {
            pairs.append_pair("service", service);
        }
        for scope in scopes {
            pairs.append_pair("scope", scope);
        }
    }
    let credentials = Credentials::basic(&login.username, &login.password, url.as_str(), false);
    Request { credentials, ..Request::get(url) }
}

/// The question as OAuth2 has it.
fn form(realm: &Url, service: &str, scopes: &[String], login: &Login) -> Result<Request, RegistryError> {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("client_id", CLIENT);
    if !login.refresh_token.is_empty() {
        pairs.append_pair("grant_type", "refresh_token").append_pair("refresh_token", &login.refresh_token);
    } else if !login.username.is_empty() && !login.password.is_empty() {
        pairs.append_pair("grant_type", "password");
        pairs.append_pair("username", &login.username).append_pair("password", &login.password);
    } else {
        let refusal = Refusal::HalfCredential("bearer");
        return Err(RegistryError::Answer { method: "POST".to_owned(), url: realm.to_string(), refusal });
    }
    pairs.append_pair("service", service);
    if !scopes.is_empty() {
        pairs.append_pair("scope", &scopes.join(" "));
    }
    let request = Request { body: pairs.finish().into(), ..Request::new(Method::POST, realm.as_str()) };
    Ok(request.header("content-type", "application/x-www-form-urlencoded"))
}
