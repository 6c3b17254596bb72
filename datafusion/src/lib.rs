//! Aggregates of [DataFusion](https://datafusion.apache.org) with the bits of rstats: the same however rows are partitioned, ordered or merged.
//!
//! | aggregate | answer |
//! | --- | --- |
//! | `exact_sum(x)` | the sum, rounded once |
//! | `exact_mean(x)` | the mean, rounded once |
//! | `exact_variance(x)`, `exact_stddev(x)` | those of a sample (n − 1), rounded once |
//! | `exact_quantile(x, p)` | the quantile at the probability p, interpolated as NumPy does by default, of all values |
//!
//! `x` is of any type of numbers; decimals and wide integers are not rounded on the way. The answer is a float; NULL of no rows, and a variance of one row
//! is NULL. Nulls are left out, and a NaN makes the answer NaN. They work with `GROUP BY` and `FILTER`, and over sliding windows
//! (`OVER (ORDER BY t ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)`): a value that has left a window is as if it had never been there, which sums of
//! floats that are subtracted again are not. A window's quantile is found anew for each row.
//!
//! ```
//! use datafusion::prelude::SessionContext;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> datafusion::error::Result<()> {
//! let mut context = SessionContext::new();
//! rstats_datafusion::register_all(&mut context)?;
//! let rows = context.sql("SELECT exact_mean(x) AS mean FROM (VALUES (1e17), (1.0), (-1e17)) AS t(x)").await?;
//! let rows = rows.collect().await?;
//! assert_eq!(rows[0].column(0).as_ref(), &datafusion::arrow::array::Float64Array::from(vec![1.0 / 3.0]));
//! # Ok(())
//! # }
//! ```

mod moments;
mod quantile;

use std::sync::Arc;

use datafusion_common::{DataFusionError, Result, plan_err};
use datafusion_expr::AggregateUDF;
use datafusion_expr::registry::FunctionRegistry;

use crate::moments::{Moment, Moments};
use crate::quantile::Quantile;

/// `exact_sum(x)`.
pub fn exact_sum() -> AggregateUDF {
    Moments::new(Moment::Sum).into()
}

/// `exact_mean(x)`.
pub fn exact_mean() -> AggregateUDF {
    Moments::new(Moment::Mean).into()
}

/// `exact_variance(x)`: of a sample.
pub fn exact_variance() -> AggregateUDF {
    Moments::new(Moment::Variance).into()
}

/// `exact_stddev(x)`: of a sample.
pub fn exact_stddev() -> AggregateUDF {
    Moments::new(Moment::Stddev).into()
}

/// `exact_quantile(x, p)`.
pub fn exact_quantile() -> AggregateUDF {
    Quantile::new().into()
}

/// Registers all of them, in a session or any other registry.
///
/// # Errors
///
/// What the registry says.
pub fn register_all(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for aggregate in [exact_sum(), exact_mean(), exact_variance(), exact_stddev(), exact_quantile()] {
        registry.register_udaf(Arc::new(aggregate))?;
    }
    Ok(())
}

/// What rstats says, as DataFusion has it.
fn failed(error: rstats::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// A type whose values are read as they are; text is not made to numbers.
fn numeric(name: &str, data_type: &datafusion_common::arrow::datatypes::DataType) -> Result<()> {
    match data_type.is_numeric() || data_type.is_null() {
        true => Ok(()),
        false => plan_err!("{name} takes numbers, and this is {data_type}; cast it"),
    }
}
