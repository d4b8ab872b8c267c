//! Putting charts into a registry.

use crate::ask::{Registry, refusal_of};
use crate::error::RegistryError;
use crate::manifest::{ACCEPT, CHART, CONFIG, Descriptor, MANIFEST, Manifest, PROVENANCE};
use crate::pull::told;
use crate::scope;
use bytes::Bytes;
use helmd_chart::Metadata;
use helmd_http::Request;
use helmd_index::oci::{ChartReference, Reference, Target};
use http::Method;
use std::collections::BTreeMap;
use url::Url;

const DESTINATION: &str = "destination";

/// A chart that is to be put into a registry.
#[derive(Clone, Debug)]
pub struct Push {
    /// The archive.
    pub archive: Bytes,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its signature.
    pub provenance: Option<Bytes>,
    /// When it was made, as `2006-01-02T15:04:05Z`.
    pub created: String,
}

/// What was put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// `registry/repository:tag`
    pub reference: String,
    /// Of the manifest.
    pub digest: String,
}

impl Pushed {
    /// What Helm prints.
    #[must_use]
    pub fn text(&self) -> String {
        let tag = self.reference.rsplit(':').next().unwrap_or_default();
        told("Pushed", &self.reference, &self.digest, tag.contains('_'))
    }
}

impl Push {
    /// The archive's, the metadata's and the signature's bytes with their descriptors, and the manifest.
    fn parts(&self) -> Result<(Vec<(Descriptor, Bytes)>, Bytes), RegistryError> {
        let failed =
            |e: gotmpl::json::JsonError| RegistryError::Decode { what: "chart".to_owned(), reason: e.to_string() };
        let config: Bytes = gotmpl::json::to_string(&self.metadata).map_err(failed)?.into();
        let mut layers = vec![(Descriptor::of(CHART, &self.archive), self.archive.clone())];
        if let Some(provenance) = &self.provenance {
            layers.push((Descriptor::of(PROVENANCE, provenance), provenance.clone()));
        }
        // HELM: by digest.
        layers.sort_by(|(a, _), (b, _)| a.digest.cmp(&b.digest));
        let config = (Descriptor::of(CONFIG, &config), config);
        let manifest = Manifest {
            schema_version: 2,
            config: config.0.clone(),
            layers: layers.iter().map(|(descriptor, _)| descriptor.clone()).collect(),
            annotations: annotations(&self.metadata, &self.created),
            ..Manifest::default()
        };
        let text = gotmpl::json::to_string(&manifest).map_err(failed)?;
        layers.insert(0, config);
        Ok((layers, text.into()))
    }
}

/// What a manifest says of its chart: Helm's annotations, and the chart's own.
#[must_use]
pub fn annotations(metadata: &Metadata, created: &str) -> BTreeMap<String, String> {
    const TITLE: &str = "org.opencontainers.image.title";
    const VERSION: &str = "org.opencontainers.image.version";
    let mut all = BTreeMap::new();
    let mut add = |name: &str, value: &str| {
        if !value.trim().is_empty() {
            all.insert(name.to_owned(), value.to_owned());
        }
    };
    add("org.opencontainers.image.description", &metadata.description);
    add(TITLE, &metadata.name);
    add(VERSION, &metadata.version);
    add("org.opencontainers.image.url", &metadata.home);
    add("org.opencontainers.image.created", created);
    add("org.opencontainers.image.source", metadata.sources.first().map(String::as_str).unwrap_or_default());
    let authors = metadata.maintainers.iter().map(|maintainer| match maintainer.email.as_str() {
        "" => maintainer.name.clone(),
        email => format!("{} ({email})", maintainer.name),
    });
    add("org.opencontainers.image.authors", &authors.collect::<Vec<_>>().join(", "));
    let own = metadata.annotations.iter().filter(|(name, _)| !matches!(name.as_str(), TITLE | VERSION));
    all.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    all
}

impl Registry {
    /// Puts a chart into a registry: `remote` is `oci://registry/folder`, to which name and version of the chart are added.
    ///
    /// # Errors
    /// In Helm's words. What was put there before a failure stays; no tag leads to it.
    pub async fn push(&self, remote: &str, push: &Push) -> Result<Pushed, RegistryError> {
        let Metadata { name, version, .. } = &push.metadata;
        let place = helmd_chart::clean_path(&format!("{}/{name}", remote.strip_prefix("oci://").unwrap_or(remote)));
        let ChartReference { reference, .. } = ChartReference::parse(&format!("{place}:{version}"))?;
        let (blobs, manifest) = push.parts()?;
        let digest = crate::digest(&manifest);
        let by_digest = Reference { target: Target::Digest(digest.clone()), ..reference.clone() };
        let performing = |step| move |e: RegistryError| e.performing(step, DESTINATION);
        if !self.exists(&by_digest, "manifests", &digest).await.map_err(performing("Exists"))? {
            for (descriptor, bytes) in &blobs {
                if !self.exists(&reference, "blobs", &descriptor.digest).await.map_err(performing("Exists"))? {
                    self.upload(&reference, descriptor, bytes).await.map_err(performing("Push"))?;
                }
            }
        }
        self.put_manifest(&reference, &manifest).await.map_err(performing("PushReference"))?;
        Ok(Pushed { reference: reference.to_string(), digest })
    }

    /// Whether the registry has a manifest or a blob.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn exists(&self, reference: &Reference, kind: &str, name: &str) -> Result<bool, RegistryError> {
        let path = Registry::path(reference, kind, name);
        let scope = scope::of_repository(&reference.repository, true);
        let make = |base: &str| Request::new(Method::HEAD, format!("{base}{path}")).header("accept", ACCEPT);
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(refusal_of(&Method::HEAD, answer).await),
        }
    }

    async fn upload(&self, reference: &Reference, descriptor: &Descriptor, bytes: &Bytes) -> Result<(), RegistryError> {
        let scope = scope::of_repository(&reference.repository, true);
        let path = format!("/v2/{}/blobs/uploads/", reference.repository);
        let begin = |base: &str| Request::new(Method::POST, format!("{base}{path}"));
        let answer = self.ask(reference.host(), &scope, begin).await?;
        if answer.status.as_u16() != 202 {
            return Err(refusal_of(&Method::POST, answer).await);
        }
        let place = upload_place(&answer.url, answer.header("location"), &descriptor.digest)?;
        let put = |_: &str| {
            let request = Request { body: bytes.clone(), ..Request::new(Method::PUT, place.as_str()) };
            request.header("content-type", "application/octet-stream")
        };
        let answer = self.ask(reference.host(), &scope, put).await?;
        match answer.status.as_u16() {
            201 => Ok(()),
            _ => Err(refusal_of(&Method::PUT, answer).await),
        }
    }

    async fn put_manifest(&self, reference: &Reference, manifest: &Bytes) -> Result<(), RegistryError> {
        let Target::Tag(tag) = &reference.target else { return Err(RegistryError::Strict) };
        let path = Registry::path(reference, "manifests", tag);
        let scope = scope::of_repository(&reference.repository, true);
        let make = |base: &str| {
            let request = Request { body: manifest.clone(), ..Request::new(Method::PUT, format!("{base}{path}")) };
            request.header("content-type", MANIFEST)
        };
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            201 => Ok(()),
            _ => Err(refusal_of(&Method::PUT, answer).await),
        }
    }

    /// Deletes a chart's version, where the registry allows that.
    ///
    /// # Errors
    /// It does not, there is no such version, or it cannot be asked.
    pub async fn delete(&self, reference: &Reference) -> Result<(), RegistryError> {
        let digest = self.digest_of(reference).await?;
        let scope = format!("repository:{}:delete,pull", reference.repository);
        let path = Registry::path(reference, "manifests", &digest);
        let make = |base: &str| Request::new(Method::DELETE, format!("{base}{path}"));
        let answer = self.ask(reference.host(), &scope, make).await?;
        match answer.status.as_u16() {
            200 | 202 => Ok(()),
            404 => Err(RegistryError::NotFound(reference.to_string())),
            _ => Err(refusal_of(&Method::DELETE, answer).await),
        }
    }
}

/// Where an upload goes: to the registry that we talk to, the same way.
fn upload_place(asked: &str, location: &str, digest: &str) -> Result<Url, RegistryError> {
    let failed = |reason: String| RegistryError::Decode { what: format!("POST {asked:?}"), reason };
    let asked = Url::parse(asked).map_err(|e| failed(e.to_string()))?;
    if location.is_empty() {
        return Err(failed("http: no Location header in response".to_owned()));
    }
    let mut place = asked.join(location).map_err(|e| failed(e.to_string()))?;
    if place.origin() != asked.origin() {
        let shown = |url: &Url| url.origin().ascii_serialization();
        return Err(RegistryError::UploadElsewhere { got: shown(&place), want: shown(&asked) });
    }
    place.query_pairs_mut().append_pair("digest", digest);
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_stay_with_their_registry() {
        let place =
            |location: &str| upload_place("http://h:1/v2/a/blobs/uploads/", location, "sha256:ab").map(String::from);
        assert_eq!(place("/up/1?s=2").unwrap(), "http://h:1/up/1?s=2&digest=sha256%3Aab");
        assert_eq!(place("http://h:1/up").unwrap(), "http://h:1/up?digest=sha256%3Aab");
        assert!(place("http://h:2/up").unwrap_err().to_string().contains("on a different host"));
        assert!(place("").is_err());
    }

    #[test]
    fn manifests_say_what_helms_say() {
        let yaml = b"apiVersion: v2\nname: demo\nversion: 1.0.0\ndescription: a <b>\nhome: http://h\nsources: [s1, s2]\n\
            maintainers: [{name: A, email: a@x}, {name: B}]\nannotations: {org.opencontainers.image.title: other, x: z}\n";
        let metadata = Metadata::from_yaml(yaml, helmd_chart::HelmMajor::Helm4).unwrap();
        let created = "2026-01-02T03:04:05Z".to_owned();
        let push = Push { archive: Bytes::from_static(b"abc"), metadata, provenance: None, created };
        let (parts, manifest) = push.parts().unwrap();
        assert_eq!(parts.len(), 2);
        let text = String::from_utf8(manifest.to_vec()).unwrap();
        assert!(text.starts_with(
            r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:"#
        ));
        assert!(text.ends_with(concat!(
            r#""size":3}],"annotations":{"org.opencontainers.image.authors":"A (a@x), B","org.opencontainers.image.created":"2026-01-02T03:04:05Z","#,
            r#""org.opencontainers.image.description":"a \u003cb\u003e","org.opencontainers.image.source":"s1","org.opencontainers.image.title":"demo","#,
            r#""org.opencontainers.image.url":"http://h","org.opencontainers.image.version":"1.0.0","x":"z"}}"#
        )), "{text}");
    }
}
