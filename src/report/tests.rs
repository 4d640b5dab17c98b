//! Tests of the reports: their bytes, and that the books balance.

use super::*;
use crate::domain::fault::Class;
use crate::domain::verdict::{Decision, Outcome};
use crate::domain::{JobId, Sha256, Span};

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
        judgement: Judgement::default(),
        effort: Effort::default(),
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
        profile: None,
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
    set     model  jobs  waiting  succeeded  failed  at home    size
    phase8  gpt       2        0          1       1        1  4.0 kB
    phase8  kimi      1        1          0       0        0     0 B
    all               3        1          1       1        1  4.0 kB
    ");
}

#[test]
fn the_summary_has_counts_by_set_and_model() {
    let books = Books::close(rows().into_iter().take(1).collect(), 1).unwrap();
    insta::assert_snapshot!(books.summary_json().unwrap(), @r#"
    {
      "version": 2,
      "total": {
        "jobs": 1,
        "waiting": 1,
        "running": 0,
        "resolved": 0,
        "unresolved": 0,
        "undecided": 0,
        "excluded": 0,
        "cancelled": 0,
        "succeeded": 0,
        "failed": 0,
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
          "resolved": 0,
          "unresolved": 0,
          "undecided": 0,
          "excluded": 0,
          "cancelled": 0,
          "succeeded": 0,
          "failed": 0,
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
              "resolved": 0,
              "unresolved": 0,
              "undecided": 0,
              "excluded": 0,
              "cancelled": 0,
              "succeeded": 0,
              "failed": 0,
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
          "resolved": 0,
          "unresolved": 0,
          "undecided": 0,
          "excluded": 0,
          "cancelled": 0,
          "succeeded": 0,
          "failed": 0,
          "at_home": 0,
          "verified": 0,
          "files": 0,
          "bytes": 0,
          "work_ms": 1500
        }
      ],
      "rates": []
    }
    "#);
}

#[test]
fn a_cell_is_quoted_where_needed_and_never_a_formula() {
    let books = Books::close(rows(), 3).unwrap();
    insta::assert_snapshot!(books.results_csv().replace('\r', "␍"), @r#"
    set,instance,model,run,task,job,account,verdict,outcome,why,class,fault,attempt,host,phase,how,excerpt,findings,iterations,cost_usd,prompt_tokens,completion_tokens,patch_bytes,image,files,bytes,path,verified,profile,image_ms,evaluation_ms␍
    phase8,a,gpt,1,,vy87dmjvhb1p,succeeded,,,,,,1,eval1,,,,,,,,,,,3,4096,phase8/x,true,,1500,␍
    phase8,b,gpt,1,,2djv5snqvx2e,failed,,,,,,1,eval1,evaluation,exit code 2,"'=HYPERLINK(""http://x""), or so",,,,,,,,0,0,,false,,1500,60000␍
    phase8,c,kimi,1,,zqkzn8n5zmb7,waiting,,,,,,1,eval1,,,,,,,,,,,0,0,,false,,1500,␍
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

/// `runs` of one question, a letter each: `r`esolved, `u`nresolved, un`d`ecided, e`x`cluded, `w`aiting.
fn asked(instance: &str, model: &str, runs: &str) -> Vec<Row> {
    let one = |(i, letter): (usize, char)| {
        let account = match letter {
            'r' => Account::Resolved,
            'u' => Account::Unresolved,
            'd' => Account::Undecided,
            'x' => Account::Excluded,
            _ => Account::Waiting,
        };
        let mut row = row(instance, model, account);
        row.run = u32::try_from(i).unwrap() + 1;
        row.job = JobId::derive(&row.set, &row.instance, &row.model, row.run);
        row.effort.cost_microusd = (letter != 'w').then_some(1_234_567);
        row.effort.prompt_tokens = (letter != 'w').then_some(800_000);
        row
    };
    runs.chars().enumerate().map(one).collect()
}

fn balanced(rows: &[Vec<Row>]) -> Books {
    let rows = rows.concat();
    let n = rows.len();
    Books::close(rows, n).unwrap()
}

#[test]
fn a_rate_is_withheld_while_a_job_of_its_group_is_to_come() {
    let books = balanced(&[
        asked("a", "gpt", "r"),
        asked("b", "gpt", "u"),
        asked("a", "kimi", "r"),
        asked("b", "kimi", "w"),
    ]);
    let rates = books.rates();
    assert_eq!((rates[0].rate, rates[0].pass_at.len()), (Some(0.5), 1));
    assert_eq!((rates[1].rate, rates[1].interval), (None, None));
    assert!(rates[1].pass_at.is_empty());
    insta::assert_snapshot!(books.rates_table(Some(80)), @"
    set     model  solved    rate      95 %  waiting   cost  tokens
    phase8  gpt       1/2  50.0 %  9.5–90.5        0  $2.47    1.6M
    phase8  kimi             open                  1  $1.23    800k
    ");
}

#[test]
fn what_is_not_counted_stands_beside_the_rate() {
    let books = balanced(&[
        asked("a", "gpt", "rr"),
        asked("b", "gpt", "ud"),
        asked("c", "gpt", "xx"),
    ]);
    let rate = &books.rates()[0];
    assert_eq!(rate.rate, Some(0.666_667));
    assert_eq!(
        rate.tally.words(),
        "2 resolved, 1 unresolved, 1 undecided, 2 excluded"
    );
    assert_eq!(rate.spent.cost_microusd, 6 * 1_234_567);
    insta::assert_snapshot!(books.rates_table(Some(80)), @"
    set     model  solved    rate       95 %  undecided  excluded   cost  tokens
    phase8  gpt       2/3  66.7 %  20.8–93.9          1         2  $7.41    4.8M
    ");
}

#[test]
fn pass_at_k_is_the_mean_over_the_instances_with_enough_tries() {
    // a: 1 of 3. b: 0 of 2 (one says nothing). c: 3 of 3.
    let books = balanced(&[
        asked("a", "gpt", "ruu"),
        asked("b", "gpt", "uud"),
        asked("c", "gpt", "rrr"),
    ]);
    let pass_at = books.rates()[0].pass_at.clone();
    let at = |k, chance, instances| PassAt { k, chance, instances };
    assert_eq!(pass_at, [at(1, 0.444_444, 3), at(2, 0.555_556, 3), at(3, 1.0, 2)]);
    insta::assert_snapshot!(books.pass_table(Some(80)), @"
    set     model  instances  pass@1  pass@2  k        pass@k
    phase8  gpt            3  44.4 %  55.6 %  3  100.0 % of 2
    ");
}

#[test]
fn a_model_without_a_verdict_stands_in_the_table_beside_those_that_have_some() {
    let books = balanced(&[asked("a", "gpt", "r"), asked("a", "kimi", "xx")]);
    assert_eq!(books.rates().len(), 2);
    assert_eq!(books.rates()[1].rate, None);
    insta::assert_snapshot!(books.rates_table(Some(80)), @"
    set     model  solved     rate        95 %  excluded   cost  tokens
    phase8  gpt       1/1  100.0 %  20.7–100.0         0  $1.23    800k
    phase8  kimi      0/0     none                     2  $2.47    1.6M
    ");
}

#[test]
fn books_without_verdicts_have_no_rates() {
    let books = Books::close(rows(), 3).unwrap();
    assert_eq!(books.rates_table(None) + &books.pass_table(None), "");
}

#[test]
fn every_account_at_once_still_fits_eighty_columns() {
    let each = Account::ALL.iter().enumerate().map(|(i, account)| {
        let mut row = row(&format!("inst-{i}"), "claude", *account);
        row.judgement.verdict = Some(Decision::Unresolved);
        row.judgement.outcome = Some(Outcome::InfraFailed);
        row.judgement.class = Some(Class::Host);
        row.judgement.findings = vec!["no-tests".to_owned(), "patch-tiny".to_owned()];
        row.effort.cost_microusd = Some(440_001);
        vec![row]
    });
    let books = balanced(&each.collect::<Vec<_>>());
    for table in [books.summary_table(Some(80)), books.rates_table(Some(80))] {
        assert!(table.lines().all(|line| text::width(line) <= 80), "{table}");
    }
    insta::assert_snapshot!(books.summary_table(Some(80)), @"
    set     model   jobs  wait  run  res  unres  undec  excl  canc  succ  fail
    phase8  claude     9     1    1    1      1      1     1     1     1     1
    all                9     1    1    1      1      1     1     1     1     1
    ");
    let csv = books.results_csv();
    assert!(csv.contains(",unresolved,infra-failed,,host,,"), "{csv}");
    assert!(csv.contains(",no-tests patch-tiny,,0.440001,"), "{csv}");
}

#[test]
fn results_of_several_profiles_have_no_common_rate_unless_that_is_wanted() {
    let decided = |instance: &str, account, profile: Option<&str>, host: &str| Row {
        profile: profile.map(|text| Sha256::of(text.as_bytes())),
        host: Some(host.parse().unwrap()),
        ..row(instance, "gpt", account)
    };
    let rows = vec![
        decided("a", Account::Resolved, Some("old"), "eval1"),
        decided("b", Account::Unresolved, Some("old"), "eval2"),
        decided("c", Account::Unresolved, Some("new"), "eval3"),
        // What never was decided, and what no harness made, mixes with everything.
        decided("d", Account::Excluded, Some("third"), "eval3"),
        decided("e", Account::Resolved, None, "eval3"),
    ];
    let books = Books::close(rows.clone(), 5).unwrap();
    let rate = &books.rates()[0];
    assert_eq!((rate.rate, rate.interval, rate.pass_at.len()), (None, None, 0));
    let mut shares: Vec<(usize, usize)> = rate
        .profiles
        .iter()
        .map(|share| (share.jobs, share.hosts.len()))
        .collect();
    shares.sort_unstable();
    assert_eq!(shares, [(1, 1), (2, 2)]);
    assert_eq!(books.mixtures(), std::slice::from_ref(rate));
    assert!(books.rates_table(None).contains("mixed"));
    let mixed = books.mixing(true);
    assert_eq!(mixed.rates()[0].rate, Some(0.5));
    assert!(mixed.mixtures().is_empty());
    let one = Books::close(
        rows.into_iter()
            .filter(|row| row.instance.as_str() != "c")
            .collect(),
        4,
    )
    .unwrap();
    assert!(one.mixtures().is_empty() && one.rates()[0].rate.is_some());
}
