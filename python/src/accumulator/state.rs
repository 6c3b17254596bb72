//! What an `Accumulator` holds: one question, or the same for each group.

use rstats::parquet::{Plan, Progress};
use rstats::{Accumulator, Error, GroupedAccumulator, Interrupt, Part, Result, Spec, Summaries};

#[derive(Clone, Debug)]
pub enum State {
    One(Accumulator),
    Groups(GroupedAccumulator),
}

fn two_kinds() -> Error {
    Error::Invalid(
        "an accumulator of groups and one without groups do not go together: give both the same by=".to_owned(),
    )
}

fn no_groups(what: &str) -> Error {
    Error::Invalid(format!("only an accumulator of groups (by=) is {what}"))
}

impl State {
    pub fn spec(&self) -> &Spec {
        match self {
            Self::One(one) => one.spec(),
            Self::Groups(groups) => groups.spec(),
        }
    }

    pub fn wanted(&self) -> Option<&[String]> {
        match self {
            Self::One(one) => one.wanted(),
            Self::Groups(groups) => groups.wanted(),
        }
    }

    /// The columns of keys, of groups.
    pub fn by(&self) -> Option<&[String]> {
        match self {
            Self::One(_) => None,
            Self::Groups(groups) => Some(groups.by()),
        }
    }

    /// Whether a sample tells where quantiles are, and saves a pass.
    pub fn may_need_passes(&self) -> bool {
        match self {
            Self::One(one) => one.may_need_passes(),
            Self::Groups(_) => false,
        }
    }

    pub fn rows(&self) -> u64 {
        match self {
            Self::One(one) => one.rows(),
            Self::Groups(groups) => groups.rows(),
        }
    }

    pub fn bytes(&self) -> u64 {
        match self {
            Self::One(one) => one.bytes(),
            Self::Groups(groups) => groups.bytes(),
        }
    }

    pub fn clear(&mut self) {
        match self {
            Self::One(one) => one.clear(),
            Self::Groups(groups) => groups.clear(),
        }
    }

    /// With the rows of a plan that was made for it.
    pub fn update_plan(&mut self, plan: &Plan<'_>, interrupt: &Interrupt) -> Result<()> {
        let progress = Progress::default();
        match self {
            Self::One(one) => plan.accumulate(one, interrupt, &progress).map(drop),
            Self::Groups(groups) => plan.accumulate_groups(groups, interrupt, &progress).map(drop),
        }
    }

    pub fn merge(&mut self, other: &Self) -> Result<()> {
        match (self, other) {
            (Self::One(one), Self::One(other)) => one.merge(other),
            (Self::Groups(groups), Self::Groups(other)) => groups.merge(other),
            _ => Err(two_kinds()),
        }
    }

    pub fn another_pass(&mut self) -> Result<Option<Self>> {
        Ok(match self {
            Self::One(one) => one.another_pass()?.map(Self::One),
            Self::Groups(groups) => groups.another_pass()?.map(Self::Groups),
        })
    }

    pub fn settle(&mut self, pass: &Self) -> Result<()> {
        match (self, pass) {
            (Self::One(one), Self::One(pass)) => one.settle(pass),
            (Self::Groups(groups), Self::Groups(pass)) => groups.settle(pass),
            _ => Err(two_kinds()),
        }
    }

    pub fn split(self, buckets: u32) -> Result<Vec<Self>> {
        match self {
            Self::One(_) => Err(no_groups("split by its keys")),
            Self::Groups(groups) => Ok(groups.split(buckets)?.into_iter().map(Self::Groups).collect()),
        }
    }

    pub fn condense(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::One(_) => Err(no_groups("condensed")),
            Self::Groups(groups) => groups.condense(interrupt),
        }
    }

    /// The answers for columns of numbers, and for those of other kinds.
    pub fn answers(&mut self, interrupt: &Interrupt) -> Result<(Summaries, Vec<Part>)> {
        match self {
            Self::One(one) => {
                let summaries = one.summaries()?;
                Ok((Summaries::new(one.spec(), summaries), one.parts()?))
            }
            Self::Groups(groups) => groups.answers(interrupt),
        }
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::One(one) => one.to_bytes(),
            Self::Groups(groups) => groups.to_bytes(),
        }
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match GroupedAccumulator::are_bytes(bytes) {
            true => GroupedAccumulator::from_bytes(bytes).map(Self::Groups),
            false => Accumulator::from_bytes(bytes).map(Self::One),
        }
    }
}
