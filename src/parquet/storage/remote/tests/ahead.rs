//! What is fetched ahead, when, and when no more.

use super::super::super::{Prefetch, Task, held_bytes};
use super::*;

fn tasks(server: &Server, count: usize, length: usize) -> Vec<Task> {
    (0..count).for_each(|index| server.put(&format!("task {index}"), &bytes(length), "\"1\""));
    let task = |index| Task {
        reader: one(server, &format!("task {index}")).open().unwrap(),
        ranges: vec![0..length as u64 / 4, length as u64 / 2..length as u64],
    };
    (0..count).map(task).collect()
}

/// What is asked for, by its keys.
fn asked(server: &Server) -> Vec<String> {
    let state = server.state();
    let ranged = state.requests.iter().filter(|request| request.2.is_some());
    let mut keys: Vec<_> = ranged.map(|request| request.1.clone()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Just these tasks are asked for: soon, and still so a while after.
fn assert_asked(server: &Server, expected: &[usize]) {
    let expected: Vec<_> = expected.iter().map(|index| format!("task {index}")).collect();
    let from = Instant::now();
    while asked(server) != expected && from.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(asked(server), expected);
}

#[test]
fn what_is_ahead_stays_within_the_budget() {
    let server = Server::start();
    let tasks = tasks(&server, 9, 4000);
    assert_eq!(held_bytes(&tasks[0].ranges), 4000);
    let prefetch = Prefetch::new(tasks, 9000, 8, &Interrupt::default());
    assert_asked(&server, &[0, 1]);
    let reader = prefetch.take(0).unwrap();
    assert!(reader.get_bytes(2000, 2000).unwrap() == bytes(4000)[2000..]);
    assert_asked(&server, &[0, 1, 2]);
    // One that is not ahead yet is fetched when it is asked for, whoever holds the budget.
    assert!(prefetch.take(7).unwrap().get_bytes(0, 1000).unwrap() == bytes(4000)[..1000]);
    assert_asked(&server, &[0, 1, 2, 7]);
    prefetch.skip(1);
    prefetch.skip(4);
    assert_asked(&server, &[0, 1, 2, 3, 7]);
    for index in [2, 3, 5, 6, 8, 7, 0, 1] {
        assert!(prefetch.take(index).unwrap().get_bytes(0, 1000).unwrap() == bytes(4000)[..1000], "{index}");
    }
    assert!(!asked(&server).contains(&"task 4".to_owned()));
}

#[test]
fn a_task_that_alone_is_larger_than_the_budget_is_fetched_alone() {
    let server = Server::start();
    let prefetch = Prefetch::new(tasks(&server, 3, 4000), 10, 8, &Interrupt::default());
    assert_asked(&server, &[0]);
    prefetch.take(0).unwrap();
    assert_asked(&server, &[0, 1]);
    drop(prefetch);
}

#[test]
fn requests_in_flight_are_bounded_and_end_with_the_prefetch() {
    let server = Server::start();
    // More than are fetched while this thread waits for a busy processor: half a minute of them.
    let tasks = tasks(&server, 400, 400);
    server.state().delay = Duration::from_millis(200);
    server.state().most = 0;
    let prefetch = Prefetch::new(tasks.clone(), 1 << 20, 3, &Interrupt::default());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let prefetch = &prefetch;
            scope.spawn(move || {
                for index in (thread..12).step_by(4) {
                    assert!(prefetch.take(index).unwrap().get_bytes(0, 100).unwrap() == bytes(400)[..100]);
                }
            });
        }
    });
    assert_eq!(server.state().most, 3);
    drop(prefetch);
    // What was on its way comes to its end; those that are left do not begin.
    let from = Instant::now();
    let mut quiet = 0;
    // Four times as long as a request takes.
    while quiet < 8 && from.elapsed() < Duration::from_secs(60) {
        let before = asked(&server).len();
        std::thread::sleep(Duration::from_millis(100));
        quiet = if asked(&server).len() == before { quiet + 1 } else { 0 };
    }
    assert!(asked(&server).len() < 400);
}

#[test]
fn errors_come_where_they_belong() {
    let server = Server::start();
    let tasks = tasks(&server, 3, 400);
    server.put("task 1", &bytes(400), "\"2\"");
    let prefetch = Prefetch::new(tasks, 1 << 20, 4, &Interrupt::default());
    prefetch.take(0).unwrap();
    let error = message(prefetch.take(1));
    assert!(error.starts_with(&format!("{}/task 1: the file changed", server.bucket())), "{error}");
    prefetch.take(2).unwrap();
}

#[test]
fn an_interrupt_ends_every_wait() {
    let server = Server::start();
    let tasks = tasks(&server, 2, 400);
    server.state().delay = Duration::from_secs(20);
    let interrupt = Interrupt::default();
    let prefetch = Prefetch::new(tasks.clone(), 1 << 20, 4, &interrupt);
    let reader = &tasks[0].reader;
    std::thread::scope(|scope| {
        let taken = scope.spawn(|| prefetch.take(0));
        let fetched = scope.spawn(|| reader.fetch(&[0..9], &interrupt));
        let listed = scope.spawn(|| reader.footer(ArrowReaderOptions::new(), LIMIT, &interrupt));
        std::thread::sleep(Duration::from_millis(200));
        let from = Instant::now();
        interrupt.stop();
        assert!(matches!(taken.join().unwrap(), Err(Error::Interrupted)));
        assert!(matches!(fetched.join().unwrap(), Err(Error::Interrupted)));
        assert!(matches!(listed.join().unwrap(), Err(Error::Interrupted)));
        assert!(from.elapsed() < Duration::from_secs(1), "{:?}", from.elapsed());
    });
}
