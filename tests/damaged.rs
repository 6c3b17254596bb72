//! No damaged Parquet file leads to a panic, an abort, a hang or an allocation beyond what its size lets expect: each
//! gives an error with a name, or the right answer.
//!
//! Small files of every page type, encoding and codec are changed in one place each: every byte of their headers and
//! footers to others, every number in those to 0, 1, huge and negative (the varint written anew, what lies behind it moved),
//! pages swapped, dropped and doubled, files cut at every boundary of their parts, and bytes of their data flipped.
//!
//! What can be said of an answer in spite of a change:
//! - A file whose pages have checksums and whose footer is whole never gives another answer.
//! - A footer that is taken has the rows that the file has, and every series has as many values and nulls.
//! - A change to a page's header, or to the number and order of a chunk's pages, never changes the answer.
//! - A change to the schema, which a footer has only once, can name another name, type or repetition: then the file is another
//!   valid one. A change to the rest of the footer never changes the answer.
//!
//! The parquet crate alone (59.3) panics on 483 of these mutants, reserves more than 64 MiB for 68, works for more than 8 seconds
//! on 6 and aborts on 33, and gives other numbers for many. Mutants of each kind are kept by name in `seeds`.

#[path = "damaged/allocator.rs"]
mod allocator;
#[path = "damaged/files.rs"]
mod files;
#[path = "damaged/mutants.rs"]
mod mutants;
#[path = "damaged/seeds.rs"]
mod seeds;
#[path = "damaged/thrift.rs"]
mod thrift;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use files::Base;
use mutants::{Mutant, Place};
use rstats::parquet::{Dataset, Progress, Request};
use rstats::{Columns, Error, Interrupt, Spec, Statistic, Summaries};

/// No file here has a page of more than a few KiB.
const LARGEST: usize = 64 << 20;
const PEAK: usize = 128 << 20;

/// A mutant is interrupted after the first, and the test ends after the second.
const SLOW: Duration = Duration::from_secs(5);
const HUNG: Duration = Duration::from_secs(10);

/// What a file tells of itself: its rows, and of every column its name, its counts and the bits of its statistics.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    rows: u64,
    series: Vec<Series>,
}

type Series = (Option<String>, [u64; 3], Vec<Option<u64>>);

fn describe(path: &Path, interrupt: &Interrupt) -> Result<Answer, Error> {
    let everything = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    let dataset = Dataset::open([path])?;
    let rows = dataset.rows();
    let ask = |columns: Columns| -> Result<Summaries, Error> {
        let request = Request { columns, memory_limit: 256 << 20, ..Request::default() };
        Ok(dataset.plan(&request, &everything)?.run(interrupt, &Progress::default())?.series)
    };
    let mut summaries = ask(Columns::Numeric)?;
    if summaries.is_empty() {
        // Booleans are described when they are named.
        summaries = ask(Columns::Named(vec!["b".to_owned()]))?;
    }
    let series = (0..summaries.len()).map(|row| {
        let bits = summaries.statistics(row).map(|(_, value)| value.map(f64::to_bits)).collect();
        (summaries.column(row).map(str::to_owned), summaries.counts(row).unwrap_or_default(), bits)
    });
    Ok(Answer { rows, series: series.collect() })
}

/// What became of the mutants of one kind.
#[derive(Debug, Default)]
struct Outcomes {
    refused: usize,
    same: usize,
    other: usize,
    /// Refused by a panic in a decoder, which was caught.
    panics: usize,
}

/// One worker's mutant, for the watchdog.
type Watched = Mutex<Option<(Instant, String, Interrupt)>>;

#[test]
fn mutants_give_an_error_or_the_right_answer() {
    let bases = files::all();
    let next = AtomicUsize::new(0);
    let mutants: Vec<(usize, Mutant)> = bases
        .iter()
        .enumerate()
        .flat_map(|(base, file)| mutants::of(file).into_iter().map(move |mutant| (base, mutant)))
        .collect();
    assert!(mutants.len() >= 2000, "{} mutants", mutants.len());
    let outcomes: Mutex<BTreeMap<Place, Outcomes>> = Mutex::default();
    let watched: [Watched; 2] = Default::default();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&watched, &done));
        let workers: Vec<_> = watched
            .iter()
            .map(|watched| {
                scope.spawn(|| {
                    alone(|| {
                        let worker = Worker::new(&bases, watched);
                        while let Some((base, mutant)) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                            worker.judge(*base, mutant, &outcomes);
                        }
                    });
                })
            })
            .collect();
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        done.store(true, Ordering::Relaxed);
        for end in ends {
            end.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    println!("{} mutants: {outcomes:#?}", mutants.len());
    assert!(outcomes[&Place::Header].refused > outcomes[&Place::Header].same, "headers are checked at all");
}

/// Runs all that is asked of rayon on one thread, whose allocations are counted.
fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(work)
}

fn watch(watched: &[Watched], done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
        for watched in watched {
            let now = watched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((began, name, interrupt)) = now.as_ref() {
                if began.elapsed() > SLOW {
                    interrupt.stop();
                }
                if began.elapsed() > HUNG {
                    eprintln!("{name}: it hangs, and does not hear that it is interrupted");
                    std::process::exit(1);
                }
            }
        }
    }
}

/// Judges mutants, one after the other, in a file of its own.
struct Worker<'a> {
    bases: &'a [Base],
    answers: Vec<Answer>,
    folder: tempfile::TempDir,
    watched: &'a Watched,
}

impl<'a> Worker<'a> {
    fn new(bases: &'a [Base], watched: &'a Watched) -> Self {
        let mut worker = Worker { bases, answers: Vec::new(), folder: tempfile::tempdir().unwrap(), watched };
        for base in bases {
            let answer = worker.run(base.name, &base.bytes).unwrap_or_else(|error| panic!("{}: {error}", base.name));
            assert_eq!(answer.rows, files::ROWS as u64, "{}", base.name);
            assert!(!answer.series.is_empty(), "{}", base.name);
            worker.answers.push(answer);
        }
        worker
    }

    /// Describes a file of these bytes, under the eyes of the watchdog and the allocator.
    fn run(&self, name: &str, bytes: &[u8]) -> Result<Answer, Error> {
        let path = self.folder.path().join("mutant.parquet");
        std::fs::write(&path, bytes).unwrap();
        let interrupt = Interrupt::default();
        let set = |now| *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = now;
        set(Some((Instant::now(), name.to_owned(), interrupt.clone())));
        allocator::begin();
        let answer = describe(&path, &interrupt);
        let (largest, peak) = allocator::end();
        set(None);
        assert!(largest <= LARGEST, "{name}: an allocation of {largest} bytes");
        assert!(peak <= PEAK, "{name}: {peak} bytes at a time");
        assert!(!matches!(answer, Err(Error::Interrupted)), "{name}: takes longer than {SLOW:?}");
        answer
    }

    fn judge(&self, base: usize, mutant: &Mutant, outcomes: &Mutex<BTreeMap<Place, Outcomes>>) {
        let (base, right) = (&self.bases[base], &self.answers[base]);
        let name = format!("{}: {}", base.name, mutant.name);
        let bytes = mutant.apply(base);
        if bytes == base.bytes {
            return;
        }
        let answer = self.run(&name, &bytes);
        let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = outcomes.entry(mutant.place).or_default();
        match answer {
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() > 20, "{name}: {message}");
                if let Error::File { path, .. } = &error {
                    assert!(path.ends_with("mutant.parquet"), "{name}: {message}");
                }
                outcome.refused += 1;
                outcome.panics += usize::from(message.contains("its decoder gave up"));
            }
            Ok(answer) if answer == *right => outcome.same += 1,
            Ok(answer) => {
                outcome.other += 1;
                drop(outcomes);
                assert_eq!(answer.rows, right.rows, "{name}");
                for (column, [count, nulls, _], _) in &answer.series {
                    assert_eq!(count + nulls, answer.rows, "{name}: column {column:?}");
                }
                assert!(mutant.may_change_the_answer(base), "{name}: {answer:?} where {right:?} was right");
            }
        }
    }
}

#[test]
fn every_seed_is_refused() {
    let watched = Watched::default();
    let bases = files::all();
    alone(|| {
        let worker =
            Worker { bases: &bases, answers: Vec::new(), folder: tempfile::tempdir().unwrap(), watched: &watched };
        let wrong: Vec<String> = seeds::all(&bases)
            .into_iter()
            .filter_map(|(name, bytes, message)| match worker.run(name, &bytes) {
                Err(error) if error.to_string().contains(message) => None,
                other => Some(format!("{name}: {other:?} where '{message}' was expected")),
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// What a file says of all its rows, nothing goes by: some writers say another number.
#[test]
fn a_wrong_number_of_rows_is_no_damage() {
    let bases = files::all();
    alone(|| {
        let watched = Watched::default();
        let worker =
            Worker { bases: &bases, answers: Vec::new(), folder: tempfile::tempdir().unwrap(), watched: &watched };
        let right = worker.run("as it was", &seeds::with_rows(&bases, 300)).unwrap();
        for rows in [0, 301, i64::MAX] {
            assert_eq!(worker.run("another number", &seeds::with_rows(&bases, rows)).unwrap(), right, "{rows}");
        }
    });
}

/// fastparquet writes 8 zeros after the values of a page.
#[test]
fn padding_is_no_damage() {
    let bases = files::all();
    let base = bases.iter().find(|base| base.name == "plain v1").unwrap();
    let watched = Watched::default();
    alone(|| {
        let worker = Worker::new(&bases, &watched);
        let right = worker.run(base.name, &base.bytes).unwrap();
        // Of the column that has no nulls, whose pages are nothing but values.
        let page = base.pages.iter().rfind(|page| page.chunk == 1).unwrap();
        for (padding, is_right) in [(8, true), (7, false), (16, false)] {
            let mut with = Vec::new();
            let mut at = page.header;
            for token in page.tokens.iter().filter(|token| matches!(token.path[..], [2 | 3])) {
                with.extend(&base.bytes[at..token.start]);
                with.extend(token.encode(token.value + padding));
                at = token.end;
            }
            with.extend(&base.bytes[at..page.end]);
            with.extend(vec![0; padding as usize]);
            let answer = worker.run("padded", &base.splice(page.header, page.end, &with));
            assert_eq!(answer.ok().as_ref() == Some(&right), is_right, "{padding} bytes");
        }
    });
}

/// A page of some kilobytes took 8.2 GB and 28 s: the crate follows such streams to their end, whatever the header says.
#[test]
fn decompression_stops_where_the_header_says() {
    const ZEROS: usize = 96 << 20;
    let bases = files::all();
    let watched = Watched::default();
    // Behind the page's own bytes: another member of a gzip stream, or more of a Brotli stream.
    let gzip = |page: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(page.to_vec(), flate2::Compression::fast());
        std::io::copy(&mut std::io::repeat(0).take(ZEROS as u64), &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let brotli = |page: &[u8]| {
        let mut whole = Vec::new();
        {
            let mut encoder = brotli::CompressorWriter::new(&mut whole, 1 << 16, 1, 22);
            std::io::copy(&mut brotli::Decompressor::new(page, 1 << 12), &mut encoder).unwrap();
            std::io::copy(&mut std::io::repeat(0).take(ZEROS as u64), &mut encoder).unwrap();
        }
        whole
    };
    type Bomb<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    for (name, bomb) in [("delta v2 gzip", &gzip as Bomb<'_>), ("split v2 brotli", &brotli)] {
        let base = bases.iter().find(|base| base.name == name).unwrap();
        for page in base.pages.iter().take(2) {
            // The levels of a v2 page come first, as they are.
            let levels =
                |field: usize| page.tokens.iter().find(|token| token.path == [8, field]).map_or(0, |t| t.value);
            let levels = (levels(5) + levels(6)) as usize;
            let (levels, body) = base.bytes[page.body..page.end].split_at(levels);
            let body = bomb(body);
            let mut with = Vec::new();
            let mut at = page.header;
            for token in page.tokens.iter().filter(|token| token.path == [3]) {
                with.extend(&base.bytes[at..token.start]);
                with.extend(token.encode((levels.len() + body.len()) as i64));
                at = token.end;
            }
            with.extend(&base.bytes[at..page.body]);
            with.extend(levels);
            with.extend(&body);
            let file = base.splice(page.header, page.end, &with);
            alone(|| {
                let worker = Worker::new(&bases, &watched);
                let error = worker.run(name, &file).unwrap_err().to_string();
                assert!(error.contains("hold more than the "), "{error}");
            });
        }
    }
}
