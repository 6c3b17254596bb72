//! Takes the docstrings of the stub, so that `help()` shows what editors show: `rstats/_rstats.pyi` is the one place where they are
//! written. Each becomes a file in `OUT_DIR`, `describe.txt` or `Description.to_dicts.txt`, which the bindings include.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

const STUB: &str = "rstats/_rstats.pyi";

fn main() {
    println!("cargo::rerun-if-changed={STUB}");
    println!("cargo::rerun-if-changed=build.rs");
    let stub = fs::read_to_string(STUB).expect("the stub is beside the bindings");
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    for (name, text) in docstrings(&stub) {
        fs::write(Path::new(&folder).join(format!("{name}.txt")), text).expect("OUT_DIR can be written to");
    }
}

/// The docstrings by the names of what they belong to.
fn docstrings(stub: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut class = String::new();
    let mut owner = None;
    let mut lines = stub.lines();
    while let Some(line) = lines.next() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let name = |rest: &str| rest.split(['(', ':']).next().unwrap_or_default().to_owned();
        if let Some(rest) = code.strip_prefix("class ") {
            class = name(rest);
            owner = Some(class.clone());
        } else if let Some(rest) = code.strip_prefix("def ") {
            owner = Some(if indent == 0 { name(rest) } else { format!("{class}.{}", name(rest)) });
        }
        let (Some(start), Some(name)) = (code.strip_prefix("\"\"\""), owner.take_if(|_| code.starts_with("\"\"\"")))
        else {
            continue;
        };
        let mut text = vec![start];
        while !text[text.len() - 1].ends_with("\"\"\"") {
            let line = lines.next().expect("a docstring ends");
            // Blank lines have no indentation of their own.
            text.push(line.get(indent..).unwrap_or(""));
        }
        let text = text.join("\n");
        found.insert(name, text.trim_end_matches("\"\"\"").trim_end().to_owned());
    }
    found
}
