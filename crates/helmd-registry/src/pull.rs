//! Getting charts out of a registry.

use crate::ask::{Registry, refusal_of};
use crate::error::RegistryError;
use crate::manifest::{ACCEPT, CHART, CONFIG, Descriptor, INDEX, LEGACY_CHART, MANIFEST, Manifest, PROVENANCE};
use crate::scope;
use bytes::Bytes;
use helmd_chart::{HelmMajor, Metadata};
use helmd_http::Request;
use helmd_index::oci::{self, ChartReference, Choice, OciError, Reference, Target};
use http::Method;
use serde::Deserialize;

/// Largest manifest.
const MANIFEST_BYTES: u64 = 4 << 20;
/// Largest metadata of a chart.
const CONFIG_BYTES: u64 = 4 << 20;
/// Largest signature.
const PROVENANCE_BYTES: u64 = 4 << 20;
/// More manifests than these are no chart's.
const MOST_MANIFESTS: usize = 32;

const SOURCE: &str = "source";
const FETCH_REFERENCE: &str = "FetchReference";
const FETCH: &str = "Fetch";

/// What of a chart is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layers {
    /// The archive.
    Chart,
    /// The signature.
    Provenance,
}

/// What a registry has of a chart.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Archive or signature.
    pub bytes: Bytes,
    /// `registry/repository:tag`, or with a digest.
    pub reference: String,
    /// Of the manifest.
    pub digest: String,
    /// Whether the archive has a media type of old.
    pub is_legacy: bool,
}

/// HELM: what is said of tags with an underscore.
const UNDERSCORE: &str = "
OCI artifact references (e.g. tags) do not support the plus sign (+). To support
storing semantic versions, Helm adopts the convention of changing plus (+) to
an underscore (_) in chart version tags when pushing to a registry and back to
a plus (+) when pulling from a registry.
";

/// What Helm prints of something that was pulled or pushed.
pub(crate) fn told(done: &str, reference: &str, digest: &str, underscore: bool) -> String {
    let mut text = format!("{done}: {reference}\nDigest: {digest}\n");
    if underscore {
        text.push_str(&format!("{reference} contains an underscore.\n{UNDERSCORE}"));
    }
    text
}

impl Pulled {
    /// What Helm prints.
    #[must_use]
    pub fn text(&self) -> String {
        let legacy = format!("Warning: chart media type {LEGACY_CHART} is deprecated\n");
        let told = told("Pulled", &self.reference, &self.digest, self.reference.contains('_'));
        if self.is_legacy { legacy + &told } else { told }
    }
}

/// Where a manifest lies, and what it says.
struct Fetched {
    descriptor: Descriptor,
    manifest: Manifest,
}

impl Registry {
    /// The URL of the version that a reference (`oci://…`) and a version or range mean.
    ///
    /// # Errors
    /// In Helm's words.
    pub async fn resolve(&self, reference: &str, version: &str) -> Result<String, RegistryError> {
        let chart = ChartReference::parse(reference)?;
        let place = format!("{}{}/{}", oci::SCHEME, chart.reference.registry, chart.reference.repository);
        let version = match oci::choose(reference, version)? {
            Choice::Tag(version) => version,
            Choice::OneOf(version) => {
                // HELM: here the reference is taken as it is written, a `+` in its tag too.
                let written = Reference::parse(reference.strip_prefix(oci::SCHEME).unwrap_or(reference))?;
                let tags = self.tags(&written).await?;
                if tags.is_empty() {
                    return Err(RegistryError::NoTags(reference.to_owned()));
                }
                self.pick(&tags, &version)?
            }
            Choice::Digest { digest, version } => {
                if !version.is_empty() {
                    self.check_tag(&chart.reference, &version, &digest).await?;
                }
                return Ok(format!("{place}@{digest}"));
            }
        };
        Ok(format!("{place}:{version}"))
    }

    fn pick(&self, tags: &[String], version: &str) -> Result<String, RegistryError> {
        match oci::pick(tags, version) {
            Ok(version) => Ok(version.to_owned()),
            Err(OciError::NoMatch(version)) if self.options().helm == HelmMajor::Helm3 => {
                Err(RegistryError::NoMatch3(version))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// HELM: a tag that is there must stand for the digest; it need not be there.
    async fn check_tag(&self, reference: &Reference, version: &str, want: &str) -> Result<(), RegistryError> {
        let target = Target::Tag(oci::tag_of_version(version));
        let tagged = Reference { target, ..reference.clone() };
        match self.digest_of(&tagged).await {
            Ok(got) if got != want => Err(RegistryError::DigestMismatch { got, want: want.to_owned() }),
            _ => Ok(()),
        }
    }

    /// The digest of what a tag stands for.
    ///
    /// # Errors
    /// There is none, or the registry cannot be asked.
    pub async fn digest_of(&self, reference: &Reference) -> Result<String, RegistryError> {
        let path = Registry::path(reference, "manifests", &target(reference));
        let scope = scope::of_repository(&reference.repository, false);
        let make = |base: &str| Request::new(Method::HEAD, format!("{base}{path}")).header("accept", ACCEPT);
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Err(RegistryError::NotFound(reference.to_string())),
            _ => return Err(refusal_of(&Method::HEAD, answer).await),
        }
        match answer.header("docker-content-digest") {
            "" => Ok(self.manifest(reference).await?.descriptor.digest),
            digest => Ok(digest.to_owned()),
        }
    }

    /// The versions among a repository's tags, the newest first.
    ///
    /// # Errors
    /// The registry cannot be asked, or does not know the repository.
    pub async fn tags(&self, reference: &Reference) -> Result<Vec<String>, RegistryError> {
        /// More are no versions of one chart.
        const MOST_TAGS: usize = 1_000_000;
        #[derive(Deserialize)]
        struct Page {
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let scope = scope::of_repository(&reference.repository, false);
        let path = format!("/v2/{}/tags/list", reference.repository);
        let page = |bytes: &[u8]| {
            let page: Page = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MOST_TAGS { Err(format!("more than {MOST_TAGS} tags")) } else { Ok(()) }
        };
        self.pages((reference.host(), &scope), path, page).await?;
        Ok(oci::versions_of_tags(tags.iter().map(String::as_str)))
    }

    /// The repositories of a registry, where it tells them.
    ///
    /// # Errors
    /// It does not, or cannot be asked.
    pub async fn catalog(&self, host: &str) -> Result<Vec<String>, RegistryError> {
        #[derive(Deserialize)]
        struct Page {
            repositories: Option<Vec<String>>,
        }
        let mut all = Vec::new();
        let page = |bytes: &[u8]| {
            let page: Page = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
            all.extend(page.repositories.unwrap_or_default());
            Ok(())
        };
        let host = crate::logins::Logins::machine(host);
        self.pages((host, "registry:catalog:*"), "/v2/_catalog?n=1000".to_owned(), page).await?;
        Ok(all)
    }

    /// The archive or the signature of a chart, by a reference with tag or digest, with or without `oci://`.
    ///
    /// # Errors
    /// In Helm's words; what came is not what its digest says.
    pub async fn pull(&self, reference: &str, layers: Layers) -> Result<Pulled, RegistryError> {
        let chart = ChartReference::parse(reference)?;
        let mut reference = chart.reference;
        if reference.target == Target::Nothing && !chart.digest.is_empty() {
            reference = Reference::parse(&format!("{reference}@{}", chart.digest))?;
        }
        let fetched = self.manifest(&reference).await.map_err(|e| e.performing(FETCH_REFERENCE, SOURCE))?;
        let (digest, config, contents, found) = self.flattened(&reference, fetched).await?;
        let wanted: Vec<&Descriptor> = contents.iter().filter(|layer| layers.are(&layer.media_type)).collect();
        let found = found + wanted.len() + usize::from(config.is_some());
        // HELM: the manifest counts, too.
        if found < 2 {
            return Err(RegistryError::Descriptors { want: 2, found });
        }
        let config = config.ok_or(RegistryError::NoConfig(CONFIG))?;
        let layer = wanted.last().ok_or(RegistryError::NoLayer(layers.media_type()))?;
        let limit = match layers {
            Layers::Chart => self.options().limit_bytes,
            Layers::Provenance => PROVENANCE_BYTES,
        };
        let fetching = |e: RegistryError| e.performing(FETCH, SOURCE);
        self.blob(&reference, &config, CONFIG_BYTES).await.map_err(fetching)?;
        let bytes = self.blob(&reference, layer, limit).await.map_err(fetching)?;
        let is_legacy = layer.media_type == LEGACY_CHART;
        Ok(Pulled { bytes, reference: reference.to_string(), digest, is_legacy })
    }

    /// The metadata of a chart, by a reference with tag or digest.
    ///
    /// # Errors
    /// There is no such chart; what is there is none.
    pub async fn metadata(&self, reference: &Reference) -> Result<Metadata, RegistryError> {
        let fetched = self.manifest(reference).await.map_err(|e| e.performing(FETCH_REFERENCE, SOURCE))?;
        let (_, config, ..) = self.flattened(reference, fetched).await?;
        let config = config.ok_or(RegistryError::NoConfig(CONFIG))?;
        let bytes = self.blob(reference, &config, CONFIG_BYTES).await.map_err(|e| e.performing(FETCH, SOURCE))?;
        let decode =
            |e: serde_json::Error| RegistryError::Decode { what: config.digest.clone(), reason: e.to_string() };
        serde_json::from_slice(&bytes).map_err(decode)
    }

    /// The parts of a manifest, or of those of an index; and how many manifests there are.
    async fn flattened(
        &self,
        reference: &Reference,
        fetched: Fetched,
    ) -> Result<(String, Option<Descriptor>, Vec<Descriptor>, usize), RegistryError> {
        let Fetched { descriptor, manifest } = fetched;
        let digest = descriptor.digest;
        let is_config = |manifest: &Manifest| (manifest.config.media_type == CONFIG).then(|| manifest.config.clone());
        if descriptor.media_type != INDEX {
            return Ok((digest, is_config(&manifest), manifest.layers, 1));
        }
        let (mut config, mut layers, mut found) = (None, Vec::new(), 1);
        for child in manifest.manifests.iter().filter(|child| child.media_type == MANIFEST).take(MOST_MANIFESTS) {
            let target = Target::Digest(child.digest.clone());
            let child = self.manifest(&Reference { target, ..reference.clone() }).await;
            let child = child.map_err(|e| e.performing(FETCH, SOURCE))?;
            config = is_config(&child.manifest).or(config);
            layers.extend(child.manifest.layers);
            found += 1;
        }
        Ok((digest, config, layers, found))
    }

    /// What a tag or a digest stands for, and its digest.
    ///
    /// # Errors
    /// There is none, or the registry cannot be asked.
    pub async fn manifest_of(&self, reference: &Reference) -> Result<(String, Manifest), RegistryError> {
        let Fetched { descriptor, manifest } = self.manifest(reference).await?;
        Ok((descriptor.digest, manifest))
    }

    async fn manifest(&self, reference: &Reference) -> Result<Fetched, RegistryError> {
        let path = Registry::path(reference, "manifests", &target(reference));
        let scope = scope::of_repository(&reference.repository, false);
        let make = |base: &str| {
            let request = Request::get(format!("{base}{path}")).header("accept", ACCEPT);
            Request { limit_bytes: MANIFEST_BYTES, ..request }
        };
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Err(RegistryError::NotFound(reference.to_string())),
            _ => return Err(refusal_of(&Method::GET, answer).await),
        }
        let media_type = answer.header("content-type").split(';').next().unwrap_or_default().trim().to_owned();
        let announced = answer.header("docker-content-digest").to_owned();
        let what = format!("GET {:?}", answer.url);
        let bytes = answer.bytes().await?;
        let digest = digest_like(&announced, &reference.target, &bytes, &what)?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|e| RegistryError::Decode { what: what.clone(), reason: e.to_string() })?;
        Ok(Fetched { descriptor: Descriptor { media_type, digest, size: bytes.len() as u64 }, manifest })
    }

    /// What a descriptor names.
    async fn blob(&self, reference: &Reference, wanted: &Descriptor, limit: u64) -> Result<Bytes, RegistryError> {
        let what = format!("{}/{}@{}", reference.registry, reference.repository, wanted.digest);
        oci::check_digest(&wanted.digest)
            .map_err(|reason| RegistryError::Decode { what: what.clone(), reason: reason.to_owned() })?;
        if wanted.size > limit {
            let size = RegistryError::Size { what, got: wanted.size, want: limit };
            return Err(size);
        }
        let path = Registry::path(reference, "blobs", &wanted.digest);
        let scope = scope::of_repository(&reference.repository, false);
        let make = |base: &str| Request { limit_bytes: wanted.size, ..Request::get(format!("{base}{path}")) };
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Err(RegistryError::NotFound(wanted.digest.clone())),
            _ => return Err(refusal_of(&Method::GET, answer).await),
        }
        let bytes = answer.bytes().await?;
        if bytes.len() as u64 != wanted.size {
            return Err(RegistryError::Size { what, got: bytes.len() as u64, want: wanted.size });
        }
        checked(&bytes, &wanted.digest, &what)?;
        Ok(bytes)
    }
}

impl Layers {
    fn are(self, media_type: &str) -> bool {
        match self {
            Layers::Chart => matches!(media_type, CHART | LEGACY_CHART),
            Layers::Provenance => media_type == PROVENANCE,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Layers::Chart => CHART,
            Layers::Provenance => PROVENANCE,
        }
    }
}

fn target(reference: &Reference) -> String {
    match &reference.target {
        Target::Tag(text) | Target::Digest(text) => text.clone(),
        // oras-go's tag for references without one.
        Target::Nothing => "latest".to_owned(),
    }
}

/// The digest of a manifest, which must be the one that was asked for and the one that was announced.
fn digest_like(announced: &str, target: &Target, bytes: &[u8], what: &str) -> Result<String, RegistryError> {
    if let Target::Digest(want) = target {
        checked(bytes, want, what)?;
        return Ok(want.clone());
    }
    if announced.is_empty() {
        return Ok(crate::digest(bytes));
    }
    checked(bytes, announced, what)?;
    Ok(announced.to_owned())
}

fn checked(bytes: &[u8], want: &str, what: &str) -> Result<(), RegistryError> {
    use sha2::Digest as _;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let got = match want.split_once(':') {
        Some(("sha384", _)) => format!("sha384:{}", hex(&sha2::Sha384::digest(bytes))),
        Some(("sha512", _)) => format!("sha512:{}", hex(&sha2::Sha512::digest(bytes))),
        _ => crate::digest(bytes),
    };
    if got == want { Ok(()) } else { Err(RegistryError::Content { what: what.to_owned(), got, want: want.to_owned() }) }
}
