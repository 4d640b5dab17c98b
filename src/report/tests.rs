//! Tests of the reports: their bytes, and that the books balance.

use super::*;
use crate::domain::{JobId, Span};

fn row(instance: &str, model: &str, account: Account) -> Row {
    let (set, instance, model) = (
        "phase8".parse().unwrap(),
        instance.parse().unwrap(),
        model.parse().unwrap(),
    );
    let at_home = account == Account::Succeeded;
    Row {
        job: JobId::derive(&set, &instance, &model, 1),
        set,
        instance,
        model,
        run: 1,
        task: None,
        account,
        attempt: Some(1),
        host: Some("eval1".parse().unwrap()),
        phase: None,
        how: None,
        excerpt: None,
        phases: vec![PhaseTime {
            phase: "image".parse().unwrap(),
            took: Span(1500),
        }],
        files: if at_home { 3 } else { 0 },
        bytes: if at_home { 4096 } else { 0 },
        path: at_home.then(|| "phase8/x".to_owned()),
        verified: at_home,
    }
}

fn rows() -> Vec<Row> {
    let mut failed = row("b", "gpt", Account::Failed);
    failed.phase = Some("evaluation".parse().unwrap());
    failed.how = Some("exit code 2".to_owned());
    failed.excerpt = Some("=HYPERLINK(\"http://x\"), or so".to_owned());
    failed.phases.push(PhaseTime {
        phase: "evaluation".parse().unwrap(),
        took: Span(60_000),
    });
    vec![
        row("c", "kimi", Account::Waiting),
        failed,
        row("a", "gpt", Account::Succeeded),
    ]
}

#[test]
fn the_same_rows_in_any_order_give_the_same_bytes() {
    let one = Books::close(rows(), 3).unwrap();
    let other = Books::close(rows().into_iter().rev().collect(), 3).unwrap();
    assert_eq!(one.summary_json().unwrap(), other.summary_json().unwrap());
    assert_eq!(one.results_jsonl().unwrap(), other.results_jsonl().unwrap());
    assert_eq!(one.results_csv(), other.results_csv());
    assert_eq!(one.summary_table(None), other.summary_table(None));
}

#[test]
fn books_that_do_not_balance_are_refused() {
    assert_eq!(Books::close(rows(), 4), Err(OpenBooks::Sum { asked: 4, told: 3 }));
    let mut twice = rows();
    twice.push(twice[0].clone());
    assert_eq!(Books::close(twice, 4), Err(OpenBooks::Twice(rows()[0].job)));
}

#[test]
fn the_accounts_of_every_group_add_up() {
    let books = Books::close(rows(), 3).unwrap();
    let total = books.total();
    assert_eq!(
        total.jobs,
        Account::ALL
            .iter()
            .map(|account| total.get(*account))
            .sum::<usize>()
    );
    assert_eq!(
        total.jobs,
        books.by_set().values().map(|tally| tally.jobs).sum::<usize>()
    );
    assert_eq!(
        total.jobs,
        books.by_model().values().map(|tally| tally.jobs).sum::<usize>()
    );
}

#[test]
fn the_table_has_a_line_for_each_set_and_model_and_one_for_all() {
    let books = Books::close(rows(), 3).unwrap();
    insta::assert_snapshot!(books.summary_table(None), @"
    set     model  jobs  waiting  running  succeeded  failed  cancelled  given-up  at home    size
    phase8  gpt       2        0        0          1       1          0         0        1  4.0 kB
    phase8  kimi      1        1        0          0       0          0         0        0     0 B
    all               3        1        0          1       1          0         0        1  4.0 kB
    ");
}

#[test]
fn the_summary_has_counts_by_set_and_model() {
    let books = Books::close(rows().into_iter().take(1).collect(), 1).unwrap();
    insta::assert_snapshot!(books.summary_json().unwrap(), @r#"
    {
      "version": 1,
      "total": {
        "jobs": 1,
        "waiting": 1,
        "running": 0,
        "succeeded": 0,
        "failed": 0,
        "cancelled": 0,
        "given_up": 0,
        "at_home": 0,
        "verified": 0,
        "files": 0,
        "bytes": 0,
        "work_ms": 1500
      },
      "sets": [
        {
          "set": "phase8",
          "jobs": 1,
          "waiting": 1,
          "running": 0,
          "succeeded": 0,
          "failed": 0,
          "cancelled": 0,
          "given_up": 0,
          "at_home": 0,
          "verified": 0,
          "files": 0,
          "bytes": 0,
          "work_ms": 1500,
          "models": [
            {
              "model": "kimi",
              "jobs": 1,
              "waiting": 1,
              "running": 0,
              "succeeded": 0,
              "failed": 0,
              "cancelled": 0,
              "given_up": 0,
              "at_home": 0,
              "verified": 0,
              "files": 0,
              "bytes": 0,
              "work_ms": 1500
            }
          ]
        }
      ],
      "models": [
        {
          "model": "kimi",
          "jobs": 1,
          "waiting": 1,
          "running": 0,
          "succeeded": 0,
          "failed": 0,
          "cancelled": 0,
          "given_up": 0,
          "at_home": 0,
          "verified": 0,
          "files": 0,
          "bytes": 0,
          "work_ms": 1500
        }
      ]
    }
    "#);
}

#[test]
fn a_cell_is_quoted_where_needed_and_never_a_formula() {
    let books = Books::close(rows(), 3).unwrap();
    insta::assert_snapshot!(books.results_csv().replace('\r', "␍"), @r#"
    set,instance,model,run,task,job,account,attempt,host,phase,how,excerpt,files,bytes,path,verified,image_ms,evaluation_ms␍
    phase8,a,gpt,1,,vy87dmjvhb1p,succeeded,1,eval1,,,,3,4096,phase8/x,true,1500,␍
    phase8,b,gpt,1,,2djv5snqvx2e,failed,1,eval1,evaluation,exit code 2,"'=HYPERLINK(""http://x""), or so",0,0,,false,1500,60000␍
    phase8,c,kimi,1,,zqkzn8n5zmb7,waiting,1,eval1,,,,0,0,,false,1500,␍
    "#);
}

#[test]
fn each_line_reads_back_as_the_row_that_it_was() {
    let books = Books::close(rows(), 3).unwrap();
    let back: Vec<Row> = books
        .results_jsonl()
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(back, books.rows());
}
