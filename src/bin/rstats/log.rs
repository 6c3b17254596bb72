//! What is done, on standard error, for those who ask: -v tells of files, -vv of passes and requests, -vvv everything.

use std::io::{self, Write};

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
        let filter = EnvFilter::new(asked);
        // Colours would be escapes, and those of others are not let through.
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(|| Lines).init();
    }
}

/// Standard error, for lines with names from outside in them.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        writeln!(io::stderr(), "{}", rstats::internal::shown(line, rstats::internal::MESSAGE))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
