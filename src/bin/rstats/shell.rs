//! What shells and manuals take of the command: completions and man pages.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man};
use crate::run::Failure;

pub fn completions(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rstats", &mut script);
    print(&script)
}

pub fn man(args: &Man) -> Result<(), Failure> {
    let mut cli = Cli::command().name("rstats").bin_name("rstats");
    cli.build();
    let command = match &args.command {
        None => cli,
        Some(name) => {
            let found = cli.find_subcommand(name).cloned();
            let names: Vec<&str> = cli.get_subcommands().map(|command| command.get_name()).collect();
            found.ok_or_else(|| {
                let names = names.join(", ");
                Failure::Usage(rstats::Error::Invalid(format!("there is no command '{name}'; it is one of {names}")))
            })?
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| Failure::Other(error.to_string()))?;
    print(&page)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    io::stdout().write_all(text).and_then(|()| io::stdout().flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::Other(format!("cannot write to standard output: {error}")),
    })
}
