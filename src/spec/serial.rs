//! A question as text and numbers: its names are those of every interface.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::question::Spec;
use super::{Bias, BinCount, Probability, Statistic};
use crate::error::Error;

/// A [`Spec`] as it is written.
#[derive(Serialize, Deserialize)]
struct WrittenSpec {
    statistics: Vec<String>,
    quantiles: Vec<f64>,
    method: String,
    ddof: u64,
    nan: String,
    null: String,
    min_count: u64,
    level: f64,
    trim: f64,
    keeps_bias: bool,
}

impl From<&Spec> for WrittenSpec {
    fn from(spec: &Spec) -> Self {
        Self {
            statistics: spec.statistics().iter().map(|statistic| written_name(*statistic, spec)).collect(),
            quantiles: spec.quantiles().iter().map(Probability::value).collect(),
            method: spec.method().to_string(),
            ddof: spec.ddof(),
            nan: spec.nan().name().to_owned(),
            null: spec.null().name().to_owned(),
            min_count: spec.min_count(),
            level: spec.level(),
            trim: spec.trim(),
            keeps_bias: spec.bias() == Bias::Kept,
        }
    }
}

/// The name of a statistic; of a histogram with the number of its bins behind it: the format is older than histograms.
fn written_name(statistic: Statistic, spec: &Spec) -> String {
    match statistic {
        Statistic::Histogram => format!("{HISTOGRAM}{}", spec.bins()),
        statistic => statistic.name().to_owned(),
    }
}

const HISTOGRAM: &str = "histogram:";

impl WrittenSpec {
    fn read(self) -> Result<Spec, Error> {
        let mut written = self;
        let bins = written.statistics.last().and_then(|name| name.strip_prefix(HISTOGRAM)).map(str::to_owned);
        let bins: Option<BinCount> = bins.map(|bins| bins.parse()).transpose()?;
        if bins.is_some() {
            written.statistics.pop();
        }
        let spec = Spec::default()
            .with_statistics([])
            .with_bias(if written.keeps_bias { Bias::Kept } else { Bias::Corrected })
            .with_method(written.method.parse().map_err(Error::Data)?)
            .with_nan(written.nan.parse().map_err(Error::Data)?)
            .with_null(written.null.parse().map_err(Error::Data)?)
            .with_min_count(written.min_count)
            .with_ddof(written.ddof)
            .with_level(written.level)?
            .with_trim(written.trim)?
            .with_quantiles(&written.quantiles)?
            .with_statistics_named(&written.statistics)?;
        Ok(match bins {
            Some(bins) => spec.with_histogram(bins),
            None => spec,
        })
    }
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WrittenSpec::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        WrittenSpec::deserialize(deserializer)?.read().map_err(serde::de::Error::custom)
    }
}
