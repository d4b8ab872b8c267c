//! `chartStore` of the config file: where the server's own charts lie.

use super::{ConfigError, text_of, texts_of};
use helmd_chart::Loader;
use helmd_registry::{Login, Logins};
use helmd_store::{
    Backend, Bucket, BucketSettings, Folder, Keys, RegistryFolder, RegistrySettings, Store, StoreLimits,
};
use serde_json::Value as Json;
use std::path::Path;
use std::time::Duration;

/// As which repository a search shows the charts of the store, unless the config file says otherwise.
const NAME: &str = "uploads";
/// Archives and signatures that a store takes unless the config file says otherwise: the largest public repository has as many.
const MAX_FILES: usize = 20_000;
/// For how long a folder's list is taken for true.
const FRESH_FOLDER: Duration = Duration::from_secs(1);
/// The same for what is asked over the network.
const FRESH_REMOTE: Duration = Duration::from_secs(5);
/// The same for a registry, which is asked for each version.
const FRESH_REGISTRY: Duration = Duration::from_secs(30);

/// The server's own charts.
#[derive(Debug, Clone)]
pub struct ChartStoreSettings {
    /// Where they lie.
    pub place: StorePlace,
    /// Who may replace a version that is there.
    pub overwrite: Overwrite,
    /// Whether searches show them. helm-wrapper's do not, so that somebody has to say so.
    pub search: bool,
    /// Whether `POST /api/charts/upload` takes charts only.
    pub only_charts: bool,
    /// As which repository searches and references know them.
    pub name: String,
    /// Most files.
    pub max_files: usize,
}

/// Where the archives lie.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// In the upload folder.
    Uploads,
    /// In a bucket, which several servers may share.
    Bucket(Box<BucketSettings>),
    /// In a folder of a registry, which several servers may share.
    Registry(Box<RegistrySettings>),
}

/// What a section says of a place, before it says which.
#[derive(Default)]
struct Remote {
    bucket: BucketSettings,
    registry: RegistrySettings,
    username: String,
    password: String,
}

/// Who may replace a version that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Nobody.
    Never,
    /// Whoever asks for it (`?force`), as in ChartMuseum.
    Forced,
    /// Everybody.
    Always,
}

impl Default for ChartStoreSettings {
    fn default() -> Self {
        ChartStoreSettings {
            place: StorePlace::Uploads,
            overwrite: Overwrite::Forced,
            search: false,
            only_charts: false,
            name: NAME.to_owned(),
            max_files: MAX_FILES,
        }
    }
}

impl ChartStoreSettings {
    /// Reads the section. Whoever writes it wants the charts in searches, unless it says otherwise.
    ///
    /// # Errors
    /// A key that there is not, or a value that makes no sense.
    pub fn parse(section: &Json) -> Result<ChartStoreSettings, ConfigError> {
        let wrong = |field: &str, want| ConfigError::WrongType { field: format!("chartStore{field}"), want };
        let entries = section.as_object().ok_or_else(|| wrong("", "a mapping"))?;
        let mut store = ChartStoreSettings { search: true, ..ChartStoreSettings::default() };
        let (mut url, mut remote) = (String::new(), Remote::default());
        let bucket = &mut remote.bucket;
        let mut path_style = None;
        for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
            if key == "charts" {
                remote.registry.charts = texts_of("chartStore.charts", value)?;
                continue;
            }
            let text = text_of(&format!("chartStore.{key}"), value)?;
            let yes_or_no = || match text.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(wrong(&format!(".{key}"), "true or false")),
            };
            match key.as_str() {
                "url" => url = text,
                "endpoint" => bucket.endpoint = text,
                "region" => bucket.region = text,
                "accessKeyId" => bucket.keys.id = text,
                "secretAccessKey" => bucket.keys.secret = text,
                "sessionToken" => bucket.keys.token = text,
                "caFile" => (bucket.ca_file, remote.registry.ca_file) = (text.clone(), text),
                "username" => remote.username = text,
                "password" => remote.password = text,
                "plainHttp" => remote.registry.plain_http = yes_or_no()?,
                "pathStyle" => path_style = Some(yes_or_no()?),
                "search" => store.search = yes_or_no()?,
                "uploads" => {
                    store.only_charts = match text.as_str() {
                        "any" => false,
                        "charts" => true,
                        _ => return Err(wrong(".uploads", "any or charts")),
                    }
                }
                "overwrite" => {
                    store.overwrite = match text.as_str() {
                        "never" => Overwrite::Never,
                        "forced" => Overwrite::Forced,
                        "always" => Overwrite::Always,
                        _ => return Err(wrong(".overwrite", "never, forced or always")),
                    }
                }
                "name" if text.is_empty() || text.contains('/') => {
                    return Err(wrong(".name", "a word without slashes"));
                }
                "name" => store.name = text,
                "maxFiles" => {
                    store.max_files = text.parse().map_err(|_| wrong(".maxFiles", "a number"))?;
                }
                _ => return Err(ConfigError::UnknownKey { key: format!("chartStore.{key}") }),
            }
        }
        bucket.path_style = path_style.unwrap_or(!bucket.endpoint.is_empty());
        store.place = place(&url, remote)?;
        Ok(store)
    }

    /// The same in another place, as a flag names it.
    ///
    /// # Errors
    /// It is none.
    pub fn at(mut self, url: &str) -> Result<ChartStoreSettings, ConfigError> {
        let remote = match self.place {
            StorePlace::Bucket(bucket) => Remote { bucket: *bucket, ..Remote::default() },
            StorePlace::Registry(registry) => Remote { registry: *registry, ..Remote::default() },
            StorePlace::Uploads => Remote::default(),
        };
        self.place = place(url, remote)?;
        self.search = true;
        Ok(self)
    }

    /// The same with what S3's programs read in variables, where the config file says nothing.
    #[must_use]
    pub fn with_variables(mut self, variable: impl Fn(&str) -> Option<String>) -> ChartStoreSettings {
        if let StorePlace::Bucket(bucket) = &mut self.place {
            let given = |names: &[&str]| names.iter().find_map(|name| variable(name)).unwrap_or_default();
            // Keys belong together: never one from here and another from there.
            if bucket.keys.id.is_empty() {
                let [id, secret] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| given(&[name]));
                bucket.keys = Keys { id, secret, token: given(&["AWS_SESSION_TOKEN"]) };
            }
            if bucket.region.is_empty() {
                bucket.region = given(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
            }
            if bucket.endpoint.is_empty() {
                bucket.endpoint = given(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);
                bucket.path_style |= !bucket.endpoint.is_empty();
            }
        }
        self
    }

    /// The store. Nothing is asked yet.
    pub(crate) fn open(
        &self,
        uploads: &Path,
        loader: Loader,
        archive_bytes: u64,
        logins: Logins,
    ) -> Result<Store, ConfigError> {
        let failed = |source| ConfigError::ChartStore(Box::new(source));
        let (backend, fresh): (Box<dyn Backend>, _) = match &self.place {
            StorePlace::Uploads => (Box::new(Folder::new(uploads.to_owned(), self.max_files)), FRESH_FOLDER),
            StorePlace::Bucket(bucket) => {
                let settings = BucketSettings { most: self.max_files, ..BucketSettings::clone(bucket) };
                (Box::new(Bucket::new(settings).map_err(failed)?), FRESH_REMOTE)
            }
            StorePlace::Registry(registry) => {
                let registry = RegistrySettings::clone(registry);
                let settings = RegistrySettings { logins, archive_bytes, most: self.max_files, ..registry };
                (Box::new(RegistryFolder::new(settings).map_err(failed)?), FRESH_REGISTRY)
            }
        };
        Ok(Store::new(backend, loader, StoreLimits { archive_bytes, files: self.max_files, fresh }))
    }
}

/// What a URL names: nothing is the upload folder, `s3://BUCKET/PREFIX` a bucket, `oci://HOST/FOLDER` a registry.
fn place(url: &str, remote: Remote) -> Result<StorePlace, ConfigError> {
    if url.is_empty() {
        return Ok(StorePlace::Uploads);
    }
    let want = "s3://BUCKET/PREFIX, oci://HOST/FOLDER, or nothing for the upload folder";
    let wrong = || ConfigError::WrongType { field: "chartStore.url".to_owned(), want };
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (first, rest) = (first.to_owned(), rest.trim_matches('/').to_owned());
    if first.is_empty() {
        return Err(wrong());
    }
    let Remote { bucket, registry, username, password } = remote;
    match scheme {
        "s3" => {
            let prefix = if rest.is_empty() { rest } else { format!("{rest}/") };
            Ok(StorePlace::Bucket(Box::new(BucketSettings { bucket: first, prefix, ..bucket })))
        }
        "oci" => {
            let login = (!username.is_empty()).then(|| Login::basic(&username, &password));
            let registry = RegistrySettings { host: first, folder: rest, login: login.or(registry.login), ..registry };
            Ok(StorePlace::Registry(Box::new(registry)))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(yaml: &str) -> Result<ChartStoreSettings, String> {
        let json = helmd_yaml::parse(yaml.as_bytes(), helmd_yaml::Numbers::Json).unwrap();
        ChartStoreSettings::parse(&json).map_err(|e| e.to_string())
    }

    #[test]
    fn a_bucket_is_read() {
        let store =
            parse("{url: 's3://charts/team/a', endpoint: 'http://minio:9000', overwrite: never, maxFiles: 5}").unwrap();
        let given = |name: &str| {
            let value = match name {
                "AWS_ACCESS_KEY_ID" => "me",
                "AWS_SECRET_ACCESS_KEY" => "hidden",
                "AWS_REGION" => "eu",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let store = store.with_variables(given);
        let StorePlace::Bucket(bucket) = &store.place else { panic!("no bucket") };
        assert_eq!((bucket.bucket.as_str(), bucket.prefix.as_str(), bucket.path_style), ("charts", "team/a/", true));
        assert_eq!((bucket.region.as_str(), bucket.keys.id.as_str()), ("eu", "me"));
        assert!(store.search && store.overwrite == Overwrite::Never && store.max_files == 5);
        assert!(!format!("{store:?}").contains("hidden"));
        assert!(store.open(Path::new("/x"), Loader::default(), 1, Logins::default()).is_ok());
    }

    #[test]
    fn a_registry_is_read() {
        let text = "{url: 'oci://reg:5000/team/', username: me, password: hidden, plainHttp: true, charts: [a, b]}";
        let store = parse(text).unwrap();
        let StorePlace::Registry(registry) = &store.place else { panic!("no registry") };
        assert_eq!((registry.host.as_str(), registry.folder.as_str()), ("reg:5000", "team"));
        assert!(registry.plain_http && registry.charts == ["a", "b"] && registry.login.is_some());
        assert!(!format!("{store:?}").contains("hidden"));
        assert!(store.open(Path::new("/x"), Loader::default(), 1, Logins::default()).is_ok());
        let bad = parse("{url: 'oci://a b/c'}").unwrap().open(Path::new("/x"), Loader::default(), 1, Logins::default());
        assert_eq!(bad.unwrap_err().to_string(), "config file: chartStore");
    }

    #[test]
    fn keys_of_the_config_file_are_not_mixed_with_others() {
        let store = parse("{url: 's3://b', accessKeyId: file, secretAccessKey: file}").unwrap();
        let store = store.with_variables(|name| Some(format!("variable {name}")));
        let StorePlace::Bucket(bucket) = &store.place else { panic!("no bucket") };
        assert_eq!((bucket.keys.id.as_str(), bucket.keys.token.as_str()), ("file", ""));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (yaml, words) in [
            ("{overwrite: maybe}", "config file: chartStore.overwrite must be never, forced or always"),
            ("{search: 5}", "config file: chartStore.search must be true or false"),
            ("{url: 'ftp://x'}", "config file: chartStore.url must be s3://BUCKET"),
            ("{url: 's3:///x'}", "config file: chartStore.url must be s3://BUCKET"),
            ("{urll: x}", "config file: there is no setting \"chartStore.urll\""),
            ("{name: a/b}", "chartStore.name must be"),
            ("{maxFiles: many}", "chartStore.maxFiles must be a number"),
            ("5", "config file: chartStore must be a mapping"),
        ] {
            let error = parse(yaml).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let plain = parse("{}").unwrap();
        assert!(plain.search && matches!(plain.place, StorePlace::Uploads));
        assert!(!ChartStoreSettings::default().search);
        assert!(plain.at("s3://b").is_ok_and(|store| matches!(store.place, StorePlace::Bucket(_))));
    }
}
