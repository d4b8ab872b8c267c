//! Rules for names of releases, charts and Kubernetes objects.

/// The length of a release name that Helm allows: some Kubernetes names have 63 characters, ten are left for suffixes.
pub const MAX_RELEASE_NAME: usize = 53;
/// The length of a Kubernetes name.
pub const MAX_METADATA_NAME: usize = 253;
/// The length of a name for a new chart.
pub const MAX_CHART_NAME: usize = 250;

/// Why a name is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no release name.
    #[error("no name provided")]
    MissingRelease,
    /// The release name breaks the rule.
    #[error(
        r"invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    )]
    Release,
    /// The Kubernetes name breaks the rule.
    #[error(
        r"invalid metadata name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 253"
    )]
    Metadata,
    /// The chart name is empty or too long.
    #[error("chart name must be between 1 and {MAX_CHART_NAME} characters")]
    ChartLength,
    /// The chart name has characters that are not allowed.
    #[error(r#"chart name must match the regular expression "^[a-zA-Z0-9._-]+$""#)]
    Chart,
}

/// Checks the name of a release.
///
/// # Errors
/// It is empty, longer than 53 bytes, or no DNS subdomain.
pub fn validate_release_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::MissingRelease);
    }
    if name.len() > MAX_RELEASE_NAME || !is_subdomain(name) {
        return Err(NameError::Release);
    }
    Ok(())
}

/// Checks the name of a Kubernetes object as helm 3 did for all kinds.
///
/// # Errors
/// It is empty, longer than 253 bytes, or no DNS subdomain.
pub fn validate_metadata_name(name: &str) -> Result<(), NameError> {
    if name.len() > MAX_METADATA_NAME || !is_subdomain(name) {
        return Err(NameError::Metadata);
    }
    Ok(())
}

/// Checks the name of a chart that is to be created.
///
/// # Errors
/// It is empty, longer than 250 bytes, or has characters beyond letters, digits, `.`, `_` and `-`.
pub fn validate_chart_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > MAX_CHART_NAME {
        return Err(NameError::ChartLength);
    }
    if !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) {
        return Err(NameError::Chart);
    }
    Ok(())
}

/// Labels of lower case letters, digits and inner dashes, joined by points.
fn is_subdomain(name: &str) -> bool {
    let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.split('.').map(str::as_bytes).all(|label| {
        edge(label.first())
            && edge(label.last())
            && label.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-')
    })
}
