//! What is asked of each series.

use clap::Args;
use clap::builder::PossibleValuesParser;
use rstats::{Bias, BinCount, Columns, Method, NanPolicy, NullPolicy, Spec, Statistic};

use super::names::Names;

/// What is asked of each series.
#[derive(Args)]
pub struct Question {
    /// Columns to describe, by name or by * ? [ab] for several [default: all; of windows, those of numbers]; booleans that are named are
    /// numbers, 0 and 1. A name with a comma stands in double quotes: -c '"a,b",temp_*'
    #[arg(short, long, value_name = "A,B", value_parser = Names::parse)]
    columns: Option<Names>,

    /// A group for each distinct value of these columns, or of the names of folders (KEY=value/). Beside lists these columns are carried
    /// along, row by row
    #[arg(short = 'g', long, value_name = "KEY,...", value_parser = Names::parse)]
    by: Vec<Names>,

    /// Statistics, of min, max, range, sum, mean, variance, stddev, mean_ci, sem, iqr, skewness, kurtosis, mad, mode, n_unique,
    /// n_zero, n_negative, geometric_mean, harmonic_mean, cv, trimmed_mean, fences, outliers, histogram, q1, median, q3, p95, 95%; '' for none. The quantiles of -q
    /// are there as well [default: min,max,range,mean,stddev]
    #[arg(short = 'a', long, value_name = "NAME,...", value_delimiter = ',')]
    stats: Option<Vec<String>>,

    /// All statistics
    #[arg(short = 'A', long, conflicts_with = "stats")]
    all: bool,

    /// Quantiles: probabilities from 0 to 1; '' for none [default: 0.25,0.5,0.75 if no statistics are named]
    #[arg(short, long, value_name = "P,...", conflicts_with = "cut_points")]
    quantiles: Option<String>,

    /// The quantiles that cut the values into N groups of equal probability: 4 for quartiles, 100 for percentiles
    #[arg(long, value_name = "N")]
    cut_points: Option<u64>,

    /// A histogram of N bins, or of as many as NumPy's auto finds, beside each column [default: 10 if -a histogram]
    #[arg(long, value_name = "N|auto", value_parser = str::parse::<BinCount>)]
    bins: Option<BinCount>,

    /// How a quantile is defined
    ///
    /// One of exclusive, inclusive, inverted_cdf, averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen,
    /// weibull, linear, median_unbiased, normal_unbiased, lower, higher, midpoint, nearest, nearest_half_up; or any plotting position,
    /// like alphap=0.4,betap=0.4
    #[arg(short, long, default_value = "linear", value_parser = parse_method)]
    method: Method,

    /// Divide variance and stddev by n - DDOF: 1 for a sample, 0 for a population
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    ddof: u64,

    /// What a NaN does: make its series' statistics NaN, be left out, or be an error
    #[arg(long, default_value = "propagate", value_parser = PossibleValuesParser::new(NanPolicy::ALL.map(|(_, name)| name)))]
    nan: String,

    /// What a null does: be skipped, leave its series' statistics undefined, or be an error
    #[arg(long, default_value = "skip", value_parser = PossibleValuesParser::new(NullPolicy::ALL.map(|(_, name)| name)))]
    null: String,

    /// Leave the sum of fewer than N values undefined; 0: the sum of nothing is 0, unlike in SQL
    #[arg(long, default_value_t = 0, value_name = "N")]
    min_count: u64,

    /// The confidence level of mean_ci
    #[arg(long, default_value_t = 0.95)]
    level: f64,

    /// The share of the values that trimmed_mean leaves out at each end
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    trim: f64,

    /// Leave skewness and kurtosis uncorrected for the bias of a sample, as SciPy does
    #[arg(long)]
    bias: bool,
}

impl Question {
    /// The names of the columns that are described, if any were named.
    pub fn named(&self) -> Option<Vec<String>> {
        self.columns.as_ref().map(|names| names.0.clone())
    }

    /// The columns that are described.
    pub fn columns(&self) -> Columns {
        match &self.columns {
            None => Columns::Numeric,
            Some(names) => Columns::Named(names.0.clone()),
        }
    }

    /// The keys of groups.
    pub fn by(&self) -> Vec<String> {
        self.by.iter().flat_map(|names| names.0.clone()).collect()
    }

    /// What is asked, or what is wrong with it.
    pub fn spec(&self) -> rstats::Result<Spec> {
        let invalid = rstats::Error::Invalid;
        let spec = Spec::default()
            .with_method(self.method)
            .with_nan(self.nan.parse().map_err(invalid)?)
            .with_null(self.null.parse().map_err(invalid)?)
            .with_min_count(self.min_count)
            .with_ddof(self.ddof)
            .with_bias(if self.bias { Bias::Kept } else { Bias::Corrected })
            .with_level(self.level)?
            .with_trim(self.trim)?;
        let spec = self.with_quantiles(spec)?;
        let spec = match &self.stats {
            _ if self.all => spec.with_statistics(Statistic::ALL.map(|(statistic, _)| statistic)),
            None => spec,
            Some(stats) => {
                spec.with_statistics_named(stats.iter().map(|name| name.trim()).filter(|name| !name.is_empty()))?
            }
        };
        Ok(match self.bins {
            Some(bins) => spec.with_histogram(bins),
            None => spec,
        })
    }

    fn with_quantiles(&self, spec: Spec) -> rstats::Result<Spec> {
        if let Some(groups) = self.cut_points {
            return spec.with_cut_points(groups);
        }
        let Some(text) = &self.quantiles else {
            // The quartiles belong to the default statistics, and to all of them.
            return if self.stats.is_some() { spec.with_quantiles(&[]) } else { Ok(spec) };
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let probabilities = parts.map(|part| {
            let percent = part.parse().ok().filter(|percent: &u32| (2..=100).contains(percent));
            if let Some(percent) = percent {
                let meant = format!("{}", f64::from(percent) / 100.0);
                return Err(rstats::Error::Invalid(format!(
                    "a probability is from 0 to 1, not {part}: write -q {meant} for p{part}, or --cut-points {part} for {} \
                     cut points",
                    percent - 1
                )));
            }
            part.parse().map_err(|_| {
                rstats::Error::Invalid(format!("'{part}' is not a probability; write for example -q 0.5,0.99"))
            })
        });
        spec.with_quantiles(&probabilities.collect::<rstats::Result<Vec<f64>>>()?)
    }
}

fn parse_method(name: &str) -> Result<Method, String> {
    name.parse()
}
