//! What is done, on standard error, for those who ask: -v tells of files, -vv of passes and requests, -vvv everything.

use std::io;

use tracing_subscriber::EnvFilter;

/// Starts to log, if it is asked for. `RSTATS_LOG` says it in tracing's own words, like `rstats=debug,object_store=info`.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => None,
        1 => Some("rstats=info"),
        2 => Some("rstats=debug"),
        _ => Some("trace"),
    };
    let asked = std::env::var("RSTATS_LOG").ok().or(level.map(str::to_owned));
    if let Some(asked) = asked {
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(asked)).with_writer(io::stderr).init();
    }
}
