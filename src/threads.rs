//! Work on the threads of the pool.
//!
//! Rayon's loops are called here alone, by functions that know no type: a loop written where it is needed would be compiled
//! for every type of value and of key, which was half of the library.

use std::cell::Cell;
use std::cmp::Ordering;
use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::unpoisoned::Unpoisoned;

/// Up to this many values, no other thread is asked: that would take longer than the work.
pub(crate) const FEW: usize = 1 << 12;

thread_local! {
    static IS_ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Does work on this thread, however much it is. Outside of a pool, other threads would be those of rayon's own pool, which a forked child
/// does not have.
pub fn alone<R>(work: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IS_ALONE.set(self.0);
        }
    }
    let _before = Before(IS_ALONE.replace(true));
    work()
}

/// Which threads share the parts of some work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// This one: it does one part after the other.
    This,
    /// All of the pool, each the next part.
    All,
}

impl Threads {
    /// All of them for more than a few values.
    pub fn for_values(values: usize) -> Self {
        Self::unless(values <= FEW)
    }

    /// This one if there is little to do, else all of them.
    pub fn unless(is_little: bool) -> Self {
        if is_little { Self::This } else { Self::All }
    }

    /// Whether there are others, unless the work is done [`alone`].
    fn are_several(self) -> bool {
        self == Self::All && !IS_ALONE.get()
    }

    /// Does the work for each number below `count`.
    fn each(self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        match self.are_several() {
            false => (0..count).for_each(work),
            true => (0..count).into_par_iter().for_each(work),
        }
    }

    /// Sorts items; equal ones in any order.
    pub fn sort_by<T: Send>(self, items: &mut [T], order: impl Fn(&T, &T) -> Ordering + Sync) {
        match self.are_several() {
            false => items.sort_unstable_by(order),
            true => items.par_sort_unstable_by(order),
        }
    }

    /// What the work makes of each number below `count`, in their order.
    pub fn map<R: Send>(self, count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
        let made: Vec<Mutex<Option<R>>> = (0..count).map(|_| Mutex::default()).collect();
        self.each(count, &|index| {
            let one = work(index);
            *made[index].lock().unpoisoned() = Some(one);
        });
        made.into_iter().filter_map(|one| one.into_inner().unpoisoned()).collect()
    }

    /// What the work makes of each item, in their order.
    pub fn map_items<T: Send, R: Send>(
        self,
        items: impl IntoIterator<Item = T>,
        work: impl Fn(T) -> R + Sync,
    ) -> Vec<R> {
        let made = self.try_map_items(items, |item| Ok::<R, Infallible>(work(item)));
        made.unwrap_or_else(|never| match never {})
    }

    /// As many zeros, which threads can write to.
    pub fn zeros<A: Default + Send>(self, count: usize) -> Vec<A> {
        match self.are_several() {
            false => (0..count).map(|_| A::default()).collect(),
            true => (0..count).into_par_iter().map(|_| A::default()).collect(),
        }
    }

    /// What the work makes of each number below `count`, in their order, until it fails: of several failures that of the lowest
    /// number, on every run.
    pub fn try_map<R: Send, E: Send>(
        self,
        count: usize,
        work: impl Fn(usize) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, E> {
        let first_failed = AtomicUsize::new(usize::MAX);
        let made = self.map(count, |index| {
            (index < first_failed.load(Relaxed)).then(|| {
                work(index).inspect_err(|_| {
                    first_failed.fetch_min(index, Relaxed);
                })
            })
        });
        // What was not done comes after the failure.
        made.into_iter().flatten().collect()
    }

    /// What the work makes of each item, in their order, until it fails.
    pub fn try_map_items<T: Send, R: Send, E: Send>(
        self,
        items: impl IntoIterator<Item = T>,
        work: impl Fn(T) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, E> {
        self.try_map_with(items, || (), |(), item| work(item))
    }

    /// What the work makes of each item, in their order, until it fails. Each thread makes a state for itself, and works with it
    /// item after item.
    pub fn try_map_with<S: Send, T: Send, R: Send, E: Send>(
        self,
        items: impl IntoIterator<Item = T>,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, T) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, E> {
        self.fold(items, state, work).map(|(made, _)| made)
    }

    /// The same, and the states in the end, in any order.
    pub fn fold<S: Send, T: Send, R: Send, E: Send>(
        self,
        items: impl IntoIterator<Item = T>,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, T) -> Result<R, E> + Sync,
    ) -> Result<(Vec<R>, Vec<S>), E> {
        if !self.are_several() {
            let mut state = state();
            let made = items.into_iter().map(|item| work(&mut state, item)).collect::<Result<_, E>>()?;
            return Ok((made, vec![state]));
        }
        let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
        let idle: Mutex<Vec<Box<S>>> = Mutex::default();
        let made = self.try_map(items.len(), |index| {
            let Some(item) = items[index].lock().unpoisoned().take() else { return Ok(None) };
            let taken = idle.lock().unpoisoned().pop();
            let mut state = taken.unwrap_or_else(|| Box::new(state()));
            let one = work(&mut state, item)?;
            idle.lock().unpoisoned().push(state);
            Ok(Some(one))
        })?;
        let states = idle.into_inner().unpoisoned().into_iter().map(|state| *state);
        Ok((made.into_iter().flatten().collect(), states.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_in_order_and_of_the_failures_the_first() {
        for threads in [Threads::This, Threads::All] {
            assert_eq!(threads.map(1000, |index| 2 * index), (0..1000).map(|index| 2 * index).collect::<Vec<_>>());
            assert!(threads.map(0, |index| index).is_empty());
            let fails = |index| if index % 100 == 99 { Err(index) } else { Ok(index) };
            assert_eq!(threads.try_map(99, fails).as_deref().map(<[_]>::len), Ok(99));
            assert_eq!(threads.try_map(1000, fails), Err(99));
            let texts = ["a", "b", "c"].map(str::to_owned);
            assert_eq!(threads.try_map_items(texts.clone(), Ok::<_, ()>).as_deref(), Ok(&texts[..]));
        }
    }

    #[test]
    fn states_see_each_item_once() {
        for threads in [Threads::This, Threads::All] {
            let add = |sum: &mut usize, item: usize| {
                *sum += item;
                Ok::<_, ()>(item)
            };
            let (items, states) = threads.fold(0..1000, || 0, add).expect("nothing fails");
            assert_eq!((items.len(), states.iter().sum::<usize>()), (1000, 499_500));
        }
    }
}
