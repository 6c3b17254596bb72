//! A question as text and numbers: its names are those of every interface.

use std::fmt;
use std::str::FromStr;

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
            statistics: written_names(spec),
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

/// The names of the statistics; of a histogram with the number of its bins behind it, and last how many of the most frequent texts are wanted:
/// the format is older than these.
fn written_names(spec: &Spec) -> Vec<String> {
    let name = |statistic: &Statistic| match statistic {
        Statistic::Histogram => format!("{HISTOGRAM}{}", spec.bins()),
        statistic => statistic.name().to_owned(),
    };
    let top = spec.top().map(|top| format!("{TOP}{top}"));
    let of_kinds = spec.of_kinds().iter().map(|statistic| statistic.name().to_owned());
    of_kinds.chain(spec.statistics().iter().map(name)).chain(top).collect()
}

const HISTOGRAM: &str = "histogram:";
const TOP: &str = "top:";

/// What stands behind this in the last name, which is taken off.
fn pop_behind<T: FromStr<Err: fmt::Display>>(names: &mut Vec<String>, prefix: &str) -> Result<Option<T>, Error> {
    let Some(text) = names.last().and_then(|name| name.strip_prefix(prefix)) else { return Ok(None) };
    let value = text.parse().map_err(|error| Error::Data(format!("'{prefix}{text}': {error}")))?;
    names.pop();
    Ok(Some(value))
}

impl WrittenSpec {
    fn read(self) -> Result<Spec, Error> {
        let mut written = self;
        let top: Option<u64> = pop_behind(&mut written.statistics, TOP)?;
        let bins: Option<BinCount> = pop_behind(&mut written.statistics, HISTOGRAM)?;
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
        let spec = match bins {
            Some(bins) => spec.with_histogram(bins),
            None => spec,
        };
        top.map_or(Ok(spec.clone()), |top| spec.with_top(top))
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
