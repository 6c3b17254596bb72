//! Globs over folders and over the keys of buckets.
//!
//! `*`, `?`, `[ab]`, `{a,b}` within a name, as globset has them, and `**` for any number of folders. Names that start
//! with `.` or `_` are matched only where the pattern's name starts so, too: writers' own folders (`_temporary`,
//! `_delta_log`) are no data. A match that is a folder stands for the Parquet files below it.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::walk::{here, is_hidden, is_parquet, search};
use super::{refused, unreadable};
use crate::error::Result;

/// Whether a text is a glob.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// A glob, name by name.
pub struct Pattern {
    names: Vec<Name>,
}

enum Name {
    /// Itself.
    Literal(String),
    /// One name.
    One { matcher: GlobMatcher, hidden: bool },
    /// `**`: any number of folders.
    Any,
}

impl Name {
    fn matches(&self, name: &Path) -> bool {
        match self {
            Self::Literal(literal) => name == Path::new(literal),
            Self::One { matcher, hidden } => (*hidden || !is_hidden(name.as_os_str())) && matcher.is_match(name),
            Self::Any => !is_hidden(name.as_os_str()),
        }
    }
}

/// How a pattern matches the key of an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Match {
    /// The key itself.
    File,
    /// A folder that it is in.
    Folder,
}

impl Pattern {
    /// Compiles the names of a glob that has no leading slash. `input` is what was typed, for messages.
    pub fn new(glob: &str, input: &str) -> Result<Self> {
        let mut names: Vec<Name> = Vec::new();
        for name in split(glob) {
            let name = match name {
                "" => continue,
                "**" if matches!(names.last(), Some(Name::Any)) => continue,
                "**" => Name::Any,
                name if is_glob(name) => {
                    if name.contains('/') {
                        return Err(refused(
                            input,
                            "the brackets and braces of a glob must end within one folder's name",
                        ));
                    }
                    let glob = GlobBuilder::new(name).literal_separator(true).build();
                    let glob = glob.map_err(|error| refused(input, format!("not a glob: {}", error.kind())))?;
                    Name::One { matcher: glob.compile_matcher(), hidden: name.starts_with(['.', '_']) }
                }
                name => Name::Literal(name.to_owned()),
            };
            names.push(name);
        }
        Ok(Self { names })
    }

    /// How many of the first names are literal: the folder that a search starts in. The last name never is.
    #[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "local folders are walked from their root"))]
    pub fn literals(&self) -> Vec<&str> {
        let literal = |name: &&Name| matches!(name, Name::Literal(_));
        let literals = self.names[..self.names.len().saturating_sub(1)].iter().take_while(literal);
        literals.filter_map(|name| if let Name::Literal(text) = name { Some(text.as_str()) } else { None }).collect()
    }

    /// How the names of a key match, if they do.
    #[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "only buckets have keys"))]
    pub fn matches(&self, key: &[&str]) -> Option<Match> {
        // Of which names, after how many of the key's, a match may still come: the usual simulation of an automaton.
        let mut states = HashSet::from([0]);
        self.skip_any(&mut states);
        let mut matched = (states.contains(&self.names.len()) && below(key)).then_some(Match::Folder);
        for (depth, name) in key.iter().enumerate() {
            let last = depth + 1 == key.len();
            let mut next = HashSet::new();
            for state in states {
                match self.names.get(state) {
                    Some(Name::Any) if !last && Name::Any.matches(Path::new(name)) => {
                        next.insert(state);
                    }
                    Some(Name::Any) | None => {}
                    Some(pattern) if pattern.matches(Path::new(name)) => {
                        next.insert(state + 1);
                    }
                    Some(_) => {}
                }
            }
            let complete = next.contains(&self.names.len());
            if complete && last {
                return Some(Match::File);
            }
            self.skip_any(&mut next);
            // All that is below a folder: its names must be those that a folder is searched for.
            let folder = next.contains(&self.names.len()) && !last;
            if folder && below(&key[depth + 1..]) {
                matched = Some(Match::Folder);
            }
            states = next;
        }
        matched
    }

    /// `**` also stands for no folder.
    fn skip_any(&self, states: &mut HashSet<usize>) {
        for (index, name) in self.names.iter().enumerate() {
            if matches!(name, Name::Any) && states.contains(&index) {
                states.insert(index + 1);
            }
        }
    }

    /// The local files that match below `root`, in the order of their names.
    pub fn files(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut walk = Walk { names: &self.names, visited: HashSet::new(), found: BTreeMap::new() };
        walk.at(root, 0)?;
        Ok(walk.found.into_keys().collect())
    }
}

/// Whether a folder's search would come to this path below it.
#[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "only buckets have keys"))]
pub fn below(names: &[&str]) -> bool {
    let parquet = names.last().is_some_and(|name| is_parquet(Path::new(name)));
    parquet && !names.iter().any(|name| is_hidden(name.as_ref()))
}

struct Walk<'a> {
    names: &'a [Name],
    /// The folders that a `**` has been in, links resolved: a link must not lead in a circle.
    visited: HashSet<(usize, PathBuf)>,
    /// Paths in the order of their names.
    found: BTreeMap<PathBuf, ()>,
}

impl Walk<'_> {
    /// What the names from `index` on match below a folder (or what a path is itself, after the last one).
    fn at(&mut self, path: &Path, index: usize) -> Result<()> {
        let Some(name) = self.names.get(index) else {
            return self.end(path);
        };
        match name {
            Name::Literal(name) => {
                let path = path.join(name);
                if path.exists() {
                    self.at(&path, index + 1)?;
                }
            }
            Name::One { .. } => {
                for entry in entries(path)? {
                    if name.matches(Path::new(&entry)) {
                        let path = path.join(entry);
                        // A link that leads nowhere is passed over, unless it is what was looked for.
                        if index + 1 == self.names.len() || path.is_dir() {
                            self.at(&path, index + 1)?;
                        }
                    }
                }
            }
            Name::Any => {
                let folder = here(path);
                if !folder.is_dir() {
                    return Ok(());
                }
                let canonical = fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
                if !self.visited.insert((index, canonical)) {
                    return Ok(());
                }
                self.at(path, index + 1)?;
                for entry in entries(path)? {
                    let path = path.join(&entry);
                    if name.matches(Path::new(&entry)) && path.is_dir() {
                        self.at(&path, index)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, path: &Path) -> Result<()> {
        // What is no folder, be it that it leads nowhere, is told of when it is opened.
        if here(path).is_dir() {
            let mut below = Vec::new();
            search(path, &mut HashSet::new(), &mut below)?;
            self.found.extend(below.into_iter().map(|path| (path, ())));
        } else {
            self.found.insert(path.to_owned(), ());
        }
        Ok(())
    }
}

/// The names in a folder, in their order, which decides by which of several links a `**` gets to a folder; none for
/// what is no folder.
fn entries(path: &Path) -> Result<Vec<OsString>> {
    let folder = here(path);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let names = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<OsString> = names.map_err(|error| unreadable(folder, error))?;
    names.sort_unstable();
    Ok(names)
}

/// The names between a glob's slashes; one within braces or brackets does not part.
fn split(glob: &str) -> impl Iterator<Item = &str> {
    let (mut braces, mut bracket, mut escaped) = (0usize, false, false);
    glob.split(move |character: char| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match character {
            '\\' if !cfg!(windows) => escaped = true,
            '[' => bracket = true,
            ']' => bracket = false,
            '{' if !bracket => braces += 1,
            '}' if !bracket => braces = braces.saturating_sub(1),
            '/' => return braces == 0 && !bracket,
            '\\' => return braces == 0 && !bracket,
            _ => {}
        }
        false
    })
}
