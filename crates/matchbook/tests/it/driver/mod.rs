//! Random schedules by seed: bookings, faults, crashes and people in Salesforce in any order, and in the end Salesforce must
//! show what was booked. `MATCHBOOK_SEED=n cargo test --workspace --test it driver` repeats one seed;
//! `MATCHBOOK_SEEDS_SQLITE=1000 MATCHBOOK_SEEDS_FROM=1000` runs others than usual.
//!
//! A seed fixes every step, every fault and the clock. Only where a crash falls between two awaits of the database is left to
//! the operating system.

mod dice;
mod model;
mod persons;
mod schedule;
mod settings;
mod world;

use std::env;
use std::sync::Arc;

use matchbook::sync;
use rstest::rstest;

use crate::support::{Engine, TestApp};
use schedule::Schedule;
use world::{World, second_engine};

/// Runs seeds one after the other on one installation, and tells the first that fails.
async fn run_seeds(engine: Engine, seeds: impl Iterator<Item = u64>) {
    let Some(test) = TestApp::spawn(engine).await else { return };
    let engines = [Arc::clone(&test.app.engine), second_engine(&test)];
    for seed in seeds {
        run(&test, &engines, Schedule::of(seed)).await;
    }
}

/// Runs one schedule.
async fn run_only(schedule: Schedule) {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    let engines = [Arc::clone(&test.app.engine), second_engine(&test)];
    run(&test, &engines, schedule).await;
}

async fn run(test: &TestApp, engines: &[Arc<sync::Engine>; 2], schedule: Schedule) {
    let seed = schedule.seed;
    let mut world = World::build(test, engines, &schedule).await;
    if let Err(wrong) = carry_out(&mut world, &schedule).await {
        let told = world.told.join("\n");
        let runs = world.runs().await;
        panic!("MATCHBOOK_SEED={seed}\n{schedule}\nsteps:\n{told}\n\nruns:\n{runs}\n\n{wrong}");
    }
}

async fn carry_out(world: &mut World<'_>, schedule: &Schedule) -> Result<(), String> {
    for step in &schedule.steps {
        world.take(step).await?;
    }
    world.come_to_rest().await?;
    world.check().await
}

/// The tests that share the seeds of a database among them, so that they run side by side.
const SHARDS: u64 = 4;

/// The seeds of one shard: the one that is asked for, else so many in all, from 1 or from where the environment says.
fn seeds(count: &str, usual: u64, shard: u64) -> impl Iterator<Item = u64> {
    let number = |name: &str| env::var(name).ok().map(|n| n.parse::<u64>().expect("a number"));
    let (first, count) = match number("MATCHBOOK_SEED") {
        Some(seed) => (seed, 1),
        None => (number("MATCHBOOK_SEEDS_FROM").unwrap_or(1), number(count).unwrap_or(usual)),
    };
    (first..first + count).filter(move |seed| seed % SHARDS == shard)
}

#[rstest]
#[tokio::test]
async fn seeds_on_sqlite(#[values(0, 1, 2, 3)] shard: u64) {
    run_seeds(Engine::Sqlite, seeds("MATCHBOOK_SEEDS_SQLITE", 1_000, shard)).await;
}

#[rstest]
#[tokio::test]
async fn seeds_on_postgres(#[values(0, 1, 2, 3)] shard: u64) {
    run_seeds(Engine::Postgres, seeds("MATCHBOOK_SEEDS_POSTGRES", 240, shard)).await;
}

/// A late update had made the Event be with a guest, whom a later change had left out.
#[tokio::test]
async fn seed_683_guest_of_a_late_update() {
    run_only(Schedule::without_settings(683)).await;
}

/// An Event whose answer had been lost was found without its person, whom somebody had deleted meanwhile.
#[tokio::test]
async fn seed_1209_person_deleted_before_the_event_was_found() {
    run_only(Schedule::without_settings(1209)).await;
}

/// A late update had been forgotten before the change that overwrites it had succeeded.
#[tokio::test]
async fn seed_46_wrong_time_after_a_refused_change() {
    run_only(Schedule::plain(46)).await;
}

/// The change that overwrites a late update was lost itself, and counted as done.
#[tokio::test]
async fn seed_7098_wrong_time_after_a_lost_change() {
    run_only(Schedule::plain(7098)).await;
}
