//! The predicate against an oracle that evaluates it row by row over exact rationals, on random tables.

mod computed;
mod files;
mod language;
mod meaning;
mod oracle;
mod random;

use arrow_array::{Array, BooleanArray};
use oracle::{Table, Tree};
use proptest::prelude::*;
use random::Dice;

use super::{Bound, Bounds, Predicate, Pruning};

/// A predicate over a table, as text and as the oracle sees it.
struct Question {
    table: Table,
    tree: Tree,
    text: String,
}

impl Question {
    fn new(dice: &mut Dice, table: Table) -> Self {
        let (tree, text) = dice.predicate(&table, 3);
        Self { table, tree, text }
    }

    fn bound(&self) -> Bound {
        let predicate = Predicate::parse(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.text));
        assert_eq!(Predicate::parse(&predicate.to_string()).unwrap(), predicate, "{predicate}");
        predicate.bind(&|name| self.table.data_type(name)).unwrap_or_else(|error| panic!("{}: {error}", self.text))
    }

    /// What the oracle keeps of each row.
    fn expected(&self) -> Vec<bool> {
        (0..self.table.rows).map(|row| self.tree.answer(&self.table, row) == Some(true)).collect()
    }
}

fn kept(answer: &BooleanArray) -> Vec<bool> {
    assert_eq!(answer.null_count(), 0);
    answer.values().iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn it_keeps_the_rows_that_the_oracle_keeps(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let rows = dice.below(150);
        let table = dice.table(rows);
        let question = Question::new(&mut dice, table);
        let batch = question.table.batch();
        let bound = question.bound();
        let answer = kept(&bound.evaluate(&batch).unwrap());
        prop_assert_eq!(&answer, &question.expected(), "{}\n{:?}", question.text, batch);
        let from = dice.below(rows + 1);
        let count = dice.below(rows - from + 1);
        let part = kept(&bound.evaluate(&batch.slice(from, count)).unwrap());
        prop_assert_eq!(&part[..], &answer[from..from + count], "{}", question.text);
    }

    #[test]
    fn bounds_never_lie(seed in any::<u64>()) {
        prune_a_batch(seed);
    }
}

/// Bounds of random rows, some of them unknown: none kept means none, all means all.
fn prune_a_batch(seed: u64) -> Pruning {
    let mut dice = Dice(seed);
    let rows = 1 + dice.below(6);
    let table = dice.table(rows);
    let question = Question::new(&mut dice, table);
    let drops: Vec<usize> = (0..question.table.columns.len()).map(|_| dice.below(24)).collect();
    let bounds = |name: &str| {
        let index = question.table.index(name)?;
        let (min, max, null_count) = question.table.bounds(index);
        let drop = drops[index];
        (drop != 0).then_some(Bounds {
            min: min.filter(|_| drop != 1),
            max: max.filter(|_| drop != 2),
            null_count: Some(null_count).filter(|_| drop != 3),
            rows: rows as u64,
        })
    };
    let verdict = question.bound().prune(&bounds);
    let expected = question.expected();
    let kept = expected.iter().filter(|kept| **kept).count();
    let is_right = match verdict {
        Pruning::Skip => kept == 0,
        Pruning::Filter => true,
        Pruning::KeepAll => kept == rows,
    };
    assert!(is_right, "{verdict:?} of {}: {expected:?}\n{:?}", question.text, question.table.batch());
    verdict
}

#[test]
fn bounds_often_decide() {
    let verdicts: Vec<Pruning> = (0..2000).map(prune_a_batch).collect();
    for decided in [Pruning::Skip, Pruning::KeepAll] {
        let count = verdicts.iter().filter(|verdict| **verdict == decided).count();
        assert!(count > 200, "{decided:?} only {count} times of 2000");
    }
}
