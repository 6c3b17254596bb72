//! Sliding deviations in SQL: DataFusion's own, which keep what an outlier has rounded away, beside exact ones.
//!
//! `cargo run --example exact_sql` in `datafusion/`.

use datafusion::error::Result;
use datafusion::prelude::SessionContext;

#[tokio::main]
async fn main() -> Result<()> {
    let mut context = SessionContext::new();
    rstats_datafusion::register_all(&mut context)?;
    let rows = context
        .sql(
            "SELECT t, x, stddev(x) OVER w AS stddev, exact_stddev(x) OVER w AS exact_stddev, exact_quantile(x, 0.5) OVER w AS median
             FROM (VALUES (1, 1.5), (2, 2.5), (3, 1e9), (4, 2.0), (5, 1.5), (6, 2.5), (7, 2.0)) AS v(t, x)
             WINDOW w AS (ORDER BY t ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
             ORDER BY t",
        )
        .await?;
    rows.show().await
}
