//! `vectors/deviations.toml`: what differs on purpose.

use gotmpl::Value;

/// The words by which each difference is known, as they are in the expected and in our answer.
pub struct Deviations(Vec<[String; 2]>);

impl Deviations {
    pub fn read() -> anyhow::Result<Deviations> {
        let map = helmd_yaml::toml::from_toml(include_str!("../../../../../vectors/deviations.toml"))?;
        let list = Value::Map(map).to_json();
        let list = list["deviation"].as_array().cloned().unwrap_or_default();
        let words = |key: &str, of: &serde_json::Value| of[key].as_str().map(str::to_owned);
        Ok(Deviations(list.iter().filter_map(|one| Some([words("want", one)?, words("got", one)?])).collect()))
    }

    /// Whether one of them is why the answers differ.
    pub fn explain(&self, want: &str, got: &str) -> bool {
        self.0.iter().any(|[recorded, ours]| want.contains(recorded) && got.contains(ours))
    }
}
