//! What a column is in each file: a struct or lists in one, and something else in another, do not fit together.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::{DataColumn, Shape, Unfit};
use crate::error::{Error, Position, Result};
use crate::escape::{NAME, shown};
use crate::parquet::dataset::Dataset;
use crate::parquet::predicate::Predicate;
use crate::series::type_names::type_text;

impl Dataset {
    /// Looks for structs that are something else in another file: among the columns that are asked for, and among those of the names
    /// `around`, in which they lie; of the latter also for lists.
    pub(super) fn check_shapes(
        &self,
        all: &[DataColumn],
        is_asked: &dyn Fn(&DataColumn) -> bool,
        around: &HashSet<&str>,
        unfit: Unfit<'_>,
    ) -> Result<()> {
        let shape = |(file, index): (usize, usize)| Shape::of(self.field(file, index).data_type());
        for column in all {
            let is_around = around.contains(column.name.as_str());
            let Some(first) = self.first(column).filter(|_| is_around || is_asked(column)) else { continue };
            for at in column.places() {
                let (Some(expected), Some(found)) = (shape(first), shape(at)) else { continue };
                if expected != found && (is_around || [expected, found].contains(&Shape::Struct)) {
                    unfit(at.0, self.clash(&column.name, first, at))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn clash(&self, column: &str, first: (usize, usize), second: (usize, usize)) -> Error {
        let path = |file: usize| PathBuf::from(self.files[file].name());
        let data_type = |(file, index): (usize, usize)| type_text(self.field(file, index).data_type());
        Error::Clash {
            column: column.to_owned(),
            first: path(first.0),
            first_type: data_type(first),
            second: path(second.0),
            second_type: data_type(second),
        }
    }

    /// The files in which a predicate cannot be asked, each with the reason, if it can be asked in others.
    pub(in crate::parquet) fn unfiltered(&self, predicate: &Predicate) -> BTreeMap<usize, Error> {
        let asked = predicate.columns();
        let has_any = |file: &usize| asked.iter().any(|name| self.files[*file].index_of(name).is_some());
        let files: Vec<usize> = (0..self.files.len()).filter(has_any).collect();
        let failures = files.iter().filter_map(|&file| Some((file, self.bind(file, predicate).err()?)));
        let failures: BTreeMap<usize, Error> = failures.collect();
        if failures.len() < files.len() { failures } else { BTreeMap::new() }
    }

    /// A name that one row of a file is to have one value of: an error if several columns of the file have it.
    pub(in crate::parquet) fn check_only(&self, file: usize, name: &str) -> Result<()> {
        let file = &self.files[file];
        match file.columns().iter().filter(|column| column.name == name).count() {
            0 | 1 => Ok(()),
            columns => Err(file.broken(
                Position::default(),
                &format!("{columns} columns are named '{}'; which of them is meant is not known", shown(name, NAME)),
            )),
        }
    }
}
