//! Verbs that act: said twice they do the same as once, and with `--dry-run` they change nothing, neither in the
//! database nor on the hosts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::support::{World, files};

const FILE: &str = "assignments/phase8.json";

/// Everything that a world remembers: each row of each table, and each file of each host.
#[derive(Debug, PartialEq, Eq)]
struct Memory {
    rows: BTreeMap<String, Vec<String>>,
    hosts: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    fn of(world: &World) -> Memory {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let rows = runtime.block_on(async {
            let path = world.path("state/fleet.sqlite");
            let options = SqliteConnectOptions::new().filename(path).read_only(true);
            let mut database = options.connect().await.unwrap();
            rows(&mut database).await
        });
        Memory {
            rows,
            hosts: files::regular(&world.path("hosts")),
        }
    }
}

async fn rows(database: &mut SqliteConnection) -> BTreeMap<String, Vec<String>> {
    let tables: Vec<String> =
        sqlx::query_scalar("select name from sqlite_master where type = 'table' order by name")
            .fetch_all(&mut *database)
            .await
            .unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let columns: String = sqlx::query_scalar(
            "select group_concat('quote(\"' || name || '\")', ' || char(10) || ') from pragma_table_info(?)",
        )
        .bind(&table)
        .fetch_one(&mut *database)
        .await
        .unwrap();
        let query = format!("select {columns} from \"{table}\"");
        let mut rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_all(&mut *database)
            .await
            .unwrap();
        rows.sort();
        all.insert(table, rows);
    }
    all
}

/// A verb first says what it would do, then does it, then finds nothing to do: each of these once.
#[track_caller]
fn thrice(world: &World, args: &[&str], does: &str, nothing: &str) {
    let before = Memory::of(world);
    let mut dry = args.to_vec();
    dry.push("--dry-run");
    world.fleet(&dry).ok().prints("would be").prints(does);
    assert!(before == Memory::of(world), "fleet {dry:?} has changed something");
    let told = world.fleet(&[&dry[..], &["--json"]].concat()).ok().json();
    assert_eq!(
        (&told["version"], &told["dry_run"]),
        (&1.into(), &true.into()),
        "{told}"
    );
    let what = told.get("what").or(told.get("cancelled"));
    assert_eq!(
        what.and_then(|what| what.as_array()).map(Vec::len),
        Some(1),
        "{told}"
    );
    assert!(
        before == Memory::of(world),
        "fleet {dry:?} --json has changed something"
    );

    world.fleet(args).ok();
    let once = Memory::of(world);
    assert!(before != once, "fleet {args:?} has changed nothing");
    world.fleet(args).ok().says(nothing);
    assert!(
        once == Memory::of(world),
        "fleet {args:?} has done more the second time"
    );
    world.fleet(&dry).ok().says(nothing);
    assert!(once == Memory::of(world), "fleet {dry:?} has changed something");
}

/// Three jobs, one of which has failed.
fn world() -> World {
    let world = World::local(2).script("[ $FLEET_INSTANCE != eval1-0 ] || exit 3");
    world.jobs("phase8", 1, 1);
    world.fleet(&["dispatch", FILE]).code(4);
    world
}

#[test]
fn pause_resume_and_drain_twice_are_once_and_dry_they_change_nothing() {
    let world = world();
    for subject in [["host", "eval1"], ["model", "gpt"], ["set", "phase8"]] {
        let verb = |verb| [&[verb], &subject[..]].concat();
        thrice(&world, &verb("pause"), "paused", "nothing to do: held already");
        thrice(&world, &verb("resume"), "may go on", "nothing to do: not held");
    }
    thrice(
        &world,
        &["drain", "eval2"],
        "host eval2 draining",
        "nothing to do: drained already",
    );
    thrice(
        &world,
        &["resume", "--all"],
        "host eval2 may go on",
        "nothing to do: not held",
    );
}

#[test]
fn retry_and_cancel_twice_are_once_and_dry_they_change_nothing() {
    let world = world();
    let job = "phase8/eval1-0";
    thrice(&world, &["retry", job], "open again", "nothing to do");
    thrice(&world, &["cancel", job], job, "nothing to stop");
    assert_eq!((world.count("succeeded"), world.count("cancelled")), (2, 1));
}

#[test]
fn beside_a_running_coordinator_they_are_the_same() {
    let world = World::local(1).script(&format!("echo x >> \"$LEDGER\"; {}", crate::support::GO));
    world.jobs("phase8", 1, 2);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    let held = || world.status()["held"].clone();
    for (verb, count) in [("pause", 1), ("resume", 0)] {
        let args = [verb, "host", "eval1"];
        world.fleet(&[&args[..], &["--dry-run"]].concat()).ok();
        assert_eq!(held().as_array().unwrap().len(), 1 - count);
        world.fleet(&args).ok();
        let once = held();
        assert_eq!(once.as_array().unwrap().len(), count);
        world.fleet(&args).ok().says("nothing to do");
        assert_eq!(held(), once);
    }
    world.go();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_eq!((world.ledger().len(), world.count("succeeded")), (3, 3));
}
