//! `repositories.yaml`: which repositories there are.

use crate::error::IndexError;
use crate::table::Table;
use helmd_chart::{DecodeError, Decoder, GoTime, HelmMajor, Slice};
use helmd_yaml::Numbers;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use std::fmt;

/// One repository. Its fields are in the order in which Go writes them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Repository {
    /// The name that the user chose.
    pub name: String,
    /// Where its index is, without `/index.yaml`.
    pub url: String,
    /// Who we are; may be empty.
    pub username: String,
    /// The password; may be empty.
    pub password: String,
    /// The path of a client certificate; may be empty.
    pub cert_file: String,
    /// The path of the certificate's key; may be empty.
    pub key_file: String,
    /// The path of the certificates to trust instead of the system's; may be empty.
    pub ca_file: String,
    /// Whether any certificate is trusted.
    #[serde(rename = "insecure_skip_tls_verify")]
    pub insecure_skip_tls_verify: bool,
    /// Whether name and password go to other hosts, too, if the index names them.
    #[serde(rename = "pass_credentials_all")]
    pub pass_credentials_all: bool,
}

/// The password is not shown.
impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// The file `repositories.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repositories {
    /// `v1` in files that Helm made anew.
    pub api_version: String,
    /// When the file was made.
    pub generated: Option<GoTime>,
    /// The repositories, in order. HELM: nil is written as `null`.
    pub list: Slice<Repository>,
}

impl Repositories {
    /// Reads the file; fields that nobody knows are passed over. What could be read is there also when there is an error.
    pub fn parse(bytes: &[u8], helm: HelmMajor) -> (Repositories, Result<(), DecodeError>) {
        let mut file = Repositories::default();
        let json = match helmd_yaml::parse(bytes, Numbers::Yaml) {
            Ok(json) => json,
            Err(error) => return (file, Err(error.into())),
        };
        let mut decoder = Decoder::new(helm);
        match &json {
            Json::Null => {}
            Json::Object(fields) => file.read(&mut decoder, fields),
            other => decoder.wrong(other, "repo.File"),
        }
        (file, decoder.finish())
    }

    fn read(&mut self, d: &mut Decoder, fields: &Map<String, Json>) {
        d.each_field("File", &["apiVersion", "generated", "repositories"], fields, |d, field, value| match field {
            "apiVersion" => d.text(value, &mut self.api_version),
            "generated" => d.time(value, &mut self.generated),
            _ => {
                let mut list: Slice<Option<Repository>> = Slice::nil();
                d.list(value, "[]*repo.Entry", &mut list, |d, v, slot| d.pointer(v, slot, "repo.Entry", read_entry));
                if !list.is_nil() {
                    // HELM: Helm crashes on a null; here there is none.
                    self.list = list.into_iter().flatten().collect::<Vec<_>>().into();
                }
            }
        });
    }

    /// The file as Helm writes it.
    ///
    /// # Errors
    /// When a text cannot be written.
    pub fn to_yaml(&self) -> Result<String, IndexError> {
        let json = serde_json::to_value(self).map_err(|e| IndexError::Write(e.to_string()))?;
        helmd_yaml::json_to_yaml(&json).map_err(|e| IndexError::Write(e.to_string()))
    }

    /// The repository with that name.
    pub fn get(&self, name: &str) -> Option<&Repository> {
        self.list.iter().find(|repository| repository.name == name)
    }

    /// Puts the repository in the place of the one with its name, or at the end.
    pub fn update(&mut self, repository: Repository) {
        match self.list.iter_mut().find(|other| other.name == repository.name) {
            Some(other) => *other = repository,
            None => self.list.push(repository),
        }
    }

    /// Takes out all repositories with that name; false when there is none.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.list.len();
        let list: Vec<Repository> = std::mem::take(&mut self.list).into_iter().filter(|r| r.name != name).collect();
        self.list = list.into();
        self.list.len() < before
    }

    /// The repositories as `helm repo list` prints them in a table.
    pub fn table(&self, with_headers: bool) -> String {
        let mut table = Table::new(0);
        if with_headers {
            table.row(["NAME", "URL"]);
        }
        for repository in &self.list {
            table.row([&repository.name, &repository.url]);
        }
        format!("{table}\n")
    }

    /// Names and URLs, as Helm gives them to programs.
    pub fn summary(&self) -> Json {
        self.list.iter().map(|r| json!({"name": r.name, "url": r.url})).collect()
    }
}

fn read_entry(d: &mut Decoder, fields: &Map<String, Json>, into: &mut Repository) {
    let names = [
        "name",
        "url",
        "username",
        "password",
        "certFile",
        "keyFile",
        "caFile",
        "insecure_skip_tls_verify",
        "pass_credentials_all",
    ];
    d.each_field("Entry", &names, fields, |d, field, value| match field {
        "name" => d.text(value, &mut into.name),
        "url" => d.text(value, &mut into.url),
        "username" => d.text(value, &mut into.username),
        "password" => d.text(value, &mut into.password),
        "certFile" => d.text(value, &mut into.cert_file),
        "keyFile" => d.text(value, &mut into.key_file),
        "caFile" => d.text(value, &mut into.ca_file),
        "insecure_skip_tls_verify" => d.boolean(value, &mut into.insecure_skip_tls_verify),
        _ => d.boolean(value, &mut into.pass_credentials_all),
    });
}

impl Serialize for Repositories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("File", 3)?;
        fields.serialize_field("apiVersion", &self.api_version)?;
        fields.serialize_field("generated", self.generated.as_ref().map_or(GoTime::ZERO, GoTime::as_str))?;
        fields.serialize_field("repositories", &self.list)?;
        fields.end()
    }
}

/// The name of a repository's index in the cache.
pub fn index_file(name: &str) -> String {
    in_cache(name, "index.yaml")
}

/// The name of the list of a repository's charts in the cache.
pub fn charts_file(name: &str) -> String {
    in_cache(name, "charts.txt")
}

fn in_cache(name: &str, file: &str) -> String {
    if name.is_empty() { file.to_owned() } else { format!("{name}-{file}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_and_written() {
        let text = "repositories:\n- name: a\n  url: http://x\n  password: 12\n- {name: b, URL: u, more: 1}\n";
        let (mut file, done) = Repositories::parse(text.as_bytes(), HelmMajor::Helm4);
        done.unwrap();
        assert_eq!(file.get("a").map(|r| r.password.as_str()), Some("12"));
        assert!(file.remove("a") && !file.remove("a"));
        let written = "apiVersion: \"\"\ngenerated: \"0001-01-01T00:00:00Z\"\nrepositories:\n- caFile: \"\"\n  certFile: \"\"\n  \
                       insecure_skip_tls_verify: false\n  keyFile: \"\"\n  name: b\n  pass_credentials_all: false\n  \
                       password: \"\"\n  url: u\n  username: \"\"\n";
        assert_eq!(file.to_yaml().unwrap(), written);
        file.remove("b");
        assert!(file.to_yaml().unwrap().ends_with("repositories: []\n"));
        assert!(Repositories::default().to_yaml().unwrap().ends_with("repositories: null\n"));
    }

    #[test]
    fn what_can_be_read_is_there_beside_the_error() {
        let text = "repositories:\n- name: a\n  url: [1]\n- x\n- name: c\n";
        let (file, done) = Repositories::parse(text.as_bytes(), HelmMajor::Helm4);
        let error = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field \
                     Entry.repositories.url of type string";
        assert_eq!(done.unwrap_err().to_string(), error);
        assert_eq!(file.list.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["a", "", "c"]);
    }
}
