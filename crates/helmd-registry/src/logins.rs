//! Who we are to registries: Helm's and Docker's config files.

use crate::error::RegistryError;
use crate::helper::Helpers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

/// Who we are to a registry. Not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub username: String,
    /// Password.
    pub password: String,
    /// An identity token, which stands for both and gives tokens.
    pub refresh_token: String,
    /// A token for the registry itself.
    pub access_token: String,
}

impl Login {
    /// A name and a password.
    #[must_use]
    pub fn basic(username: &str, password: &str) -> Login {
        Login { username: username.to_owned(), password: password.to_owned(), ..Login::default() }
    }

    /// Whether we are nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Login::default()
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_empty() { "Login(nobody)" } else { "Login(***)" })
    }
}

/// The files that say who we are, and the programs that they name.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    /// Helm's file: the first that is looked at, and the one that is written.
    pub file: PathBuf,
    /// Docker's file, for what Helm's does not say.
    pub docker: Option<PathBuf>,
    /// Whether programs are asked that the files name.
    pub helpers: Helpers,
}

/// What a file says of one registry.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(skip_serializing_if = "String::is_empty")]
    auth: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    identitytoken: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    registrytoken: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    password: String,
}

struct File {
    path: PathBuf,
    content: Map<String, Json>,
}

const DOCKER_HUB: &str = "https://index.docker.io/v1/";
const AUTHS: &str = "auths";

impl Logins {
    /// The machine that a registry's name means.
    #[must_use]
    pub fn machine(registry: &str) -> &str {
        if registry == "docker.io" { "registry-1.docker.io" } else { registry }
    }

    /// The name under which the files know a registry.
    fn key(registry: &str) -> &str {
        if matches!(registry, "docker.io" | "registry-1.docker.io") { DOCKER_HUB } else { registry }
    }

    /// Who we are to a registry; nobody when no file says it.
    ///
    /// # Errors
    /// A file that cannot be read, or a program that fails.
    pub fn get(&self, registry: &str) -> Result<Login, RegistryError> {
        let key = Logins::key(registry);
        let login = File::read(&self.file)?.get(key, self.helpers)?;
        match &self.docker {
            Some(docker) if login.is_empty() => match File::read(docker) {
                Ok(file) => file.get(key, self.helpers),
                // HELM: Docker's own file is no matter of ours.
                Err(_) => Ok(login),
            },
            _ => Ok(login),
        }
    }

    /// Keeps who we are to a registry.
    ///
    /// # Errors
    /// The file cannot be read or written, or a program fails.
    pub fn put(&self, registry: &str, login: &Login) -> Result<(), RegistryError> {
        let key = Logins::key(registry);
        let mut file = File::read(&self.file)?;
        if let Some(helper) = file.helper(key) {
            return self.helpers.put(&helper, key, login);
        }
        let auth = match (login.username.is_empty(), login.password.is_empty()) {
            (true, true) => String::new(),
            _ => STANDARD.encode(format!("{}:{}", login.username, login.password)),
        };
        let entry = Entry {
            auth,
            identitytoken: login.refresh_token.clone(),
            registrytoken: login.access_token.clone(),
            ..Entry::default()
        };
        let entry = serde_json::to_value(entry).map_err(|e| file.bad(&e.to_string()))?;
        file.change(|auths| {
            auths.insert(key.to_owned(), entry);
            true
        })
    }

    /// Forgets who we are to a registry; nothing happens when nobody knows.
    ///
    /// # Errors
    /// As [`Logins::put`].
    pub fn remove(&self, registry: &str) -> Result<(), RegistryError> {
        let key = Logins::key(registry);
        let mut file = File::read(&self.file)?;
        if let Some(helper) = file.helper(key) {
            return self.helpers.remove(&helper, key);
        }
        file.change(|auths| auths.remove(key).is_some())
    }
}

impl File {
    fn read(path: &Path) -> Result<File, RegistryError> {
        let content = match std::fs::read(path) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Map::new(),
            Ok(bytes) => {
                // The text of a parser's error may hold what the file does.
                let read: Result<Map<String, Json>, _> = serde_json::from_slice(&bytes);
                let place = |e: serde_json::Error| format!("line {}, column {}", e.line(), e.column());
                read.map_err(|e| bad(path, &place(e)))?
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Map::new(),
            Err(e) => {
                let (path, reason) = (path.display(), helmd_http::go_text(&e));
                let text = format!("failed to open config file at {path}: open {path}: {reason}");
                return Err(RegistryError::Logins(text));
            }
        };
        Ok(File { path: path.to_owned(), content })
    }

    fn bad(&self, what: &str) -> RegistryError {
        bad(&self.path, what)
    }

    /// Changes the logins and writes the file, when `change` says so.
    fn change(&mut self, change: impl FnOnce(&mut Map<String, Json>) -> bool) -> Result<(), RegistryError> {
        let mut auths = match self.content.remove(AUTHS) {
            Some(Json::Object(auths)) => auths,
            _ => Map::new(),
        };
        let changed = change(&mut auths);
        self.content.insert(AUTHS.to_owned(), Json::Object(auths));
        if changed { self.write() } else { Ok(()) }
    }

    /// The program that keeps the login.
    fn helper(&self, key: &str) -> Option<String> {
        let named = self.content.get("credHelpers").and_then(|helpers| helpers.get(key));
        let helper = named.or_else(|| self.content.get("credsStore")).and_then(Json::as_str)?;
        (!helper.is_empty()).then(|| helper.to_owned())
    }

    fn get(&self, key: &str, helpers: Helpers) -> Result<Login, RegistryError> {
        if let Some(helper) = self.helper(key) {
            return helpers.get(&helper, key);
        }
        let Some(auths) = self.content.get(AUTHS).and_then(Json::as_object) else { return Ok(Login::default()) };
        let entry = auths.get(key).or_else(|| auths.iter().find(|(known, _)| host_of(known) == key).map(|(_, e)| e));
        let Some(entry) = entry else { return Ok(Login::default()) };
        let entry = Entry::deserialize(entry).map_err(|_| self.bad("an entry of \"auths\" has another form"))?;
        let mut login = Login {
            username: entry.username,
            password: entry.password,
            refresh_token: entry.identitytoken,
            access_token: entry.registrytoken,
        };
        if !entry.auth.is_empty() {
            let decoded = STANDARD.decode(&entry.auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
            let (username, password) = pair.ok_or_else(|| self.bad("an \"auth\" is no name:password in base64"))?;
            (login.username, login.password) = (username.to_owned(), password.to_owned());
        }
        Ok(login)
    }

    fn write(&self) -> Result<(), RegistryError> {
        let failed = |e: &dyn std::fmt::Display| RegistryError::Logins(format!("failed to save config file: {e}"));
        let text = gotmpl::json::to_string_indent(&self.content, "\t").map_err(|e| failed(&e))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_private(folder).map_err(|e| failed(&helmd_http::go_text(&e)))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&helmd_http::go_text(&e)))?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(|e| failed(&helmd_http::go_text(&e)))?;
        file.persist(&self.path).map_err(|e| failed(&helmd_http::go_text(&e.error)))?;
        Ok(())
    }
}

fn bad(path: &Path, what: &str) -> RegistryError {
    let path = path.display();
    RegistryError::Logins(format!("failed to decode config file {path}: invalid config format: {what}"))
}

/// A folder, and those above it, that are ours only.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The host of an address as old files have it.
fn host_of(address: &str) -> &str {
    let address = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).unwrap_or(address);
    address.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(folder: &Path) -> Logins {
        Logins {
            file: folder.join("below/registry/config.json"),
            docker: Some(folder.join("docker.json")),
            helpers: Helpers::Never,
        }
    }

    #[test]
    fn what_is_put_is_found_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let logins = logins(folder.path());
        assert!(logins.get("h:1").unwrap().is_empty());
        let me = Login::basic("me", "sec:ret");
        logins.put("h:1", &me).unwrap();
        logins.put("docker.io", &Login { refresh_token: "t".into(), ..Login::default() }).unwrap();
        let text = std::fs::read_to_string(&logins.file).unwrap();
        let want = "{\n\t\"auths\": {\n\t\t\"h:1\": {\n\t\t\t\"auth\": \"bWU6c2VjOnJldA==\"\n\t\t},\n\t\t\
                    \"https://index.docker.io/v1/\": {\n\t\t\t\"identitytoken\": \"t\"\n\t\t}\n\t}\n}";
        assert_eq!(text, want);
        assert_eq!(logins.get("h:1").unwrap(), me);
        assert_eq!(logins.get("registry-1.docker.io").unwrap().refresh_token, "t");
        logins.remove("h:1").unwrap();
        logins.remove("h:1").unwrap();
        assert!(logins.get("h:1").unwrap().is_empty());
        assert_eq!(format!("{me:?}"), "Login(***)");
    }

    #[test]
    fn dockers_file_says_what_helms_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let logins = logins(folder.path());
        std::fs::write(folder.path().join("docker.json"), r#"{"auths":{"https://h:1/v1/":{"auth":"YTpi"}},"x":1}"#)
            .unwrap();
        assert_eq!(logins.get("h:1").unwrap(), Login::basic("a", "b"));
        std::fs::write(folder.path().join("docker.json"), "{").unwrap();
        assert!(logins.get("h:1").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_without_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let logins = logins(folder.path());
        std::fs::create_dir_all(logins.file.parent().unwrap()).unwrap();
        for text in ["{\"auths\": {\"h:1\": {\"auth\": \"c2VjcmV0\"}}}", "{\"auths\":{\"h:1\":\"secret\"}}", "secret"] {
            std::fs::write(&logins.file, text).unwrap();
            let error = logins.get("h:1").unwrap_err().to_string();
            assert!(error.contains("invalid config format: ") && !error.contains("secret"), "{error}");
        }
        std::fs::write(&logins.file, r#"{"credsStore":"desktop"}"#).unwrap();
        let error = logins.get("h:1").unwrap_err().to_string();
        assert!(error.contains("docker-credential-desktop"), "{error}");
    }
}
