//! What an agent leaves, however it leaves it.

use super::*;

#[test]
fn a_trajectory_is_counted_and_not_kept() {
    let read = read(LINE).unwrap();
    assert_eq!(read.instance_id.as_deref(), Some("1319"));
    assert_eq!(read.patch, "diff --git a/x b/x\n+café\n");
    assert_eq!((read.history, read.error), (5, None));
    let metrics = read.metrics;
    assert_eq!(metrics.cost_microusd, Some(440_000));
    assert_eq!(
        (metrics.prompt_tokens, metrics.completion_tokens),
        (Some(1200), Some(34))
    );
    assert_eq!(metrics.iterations, Some(2));
    assert_eq!(metrics.model.as_deref(), Some("gpt-5"));
}

#[test]
fn the_last_whole_line_counts() {
    let second = LINE.replace("caf", "tea");
    let whole = format!("\u{feff}{LINE}\n\n{second}\n");
    assert!(read(&whole).unwrap().patch.contains("teaé"));
    let torn = format!("{LINE}\n{}", &second[..second.len() / 2]);
    assert!(read(&torn).unwrap().patch.contains("café"));
    let pretty = LINE.replace("},", "},\n  ").replace('{', "{\n");
    assert!(read(&pretty).unwrap().patch.contains("café"));
}

#[test]
fn what_is_not_there_is_not_there() {
    let read_one = |text| read(text).unwrap();
    let failed = read_one(r#"{"instance_id":1319,"test_result":{},"error":"NotFoundError: x","history":[]}"#);
    assert_eq!(
        (failed.patch.as_str(), failed.error.as_deref()),
        ("", Some("NotFoundError: x"))
    );
    assert_eq!(failed.instance_id.as_deref(), Some("1319"));
    assert_eq!(failed.metrics, trajectory::Metrics::default());
    let odd =
        read_one(r#"{"test_result":null,"metrics":[],"history":{},"error":{"a":1},"instance_id":null}"#);
    assert_eq!((odd.history, odd.error.as_deref()), (0, Some(r#"{"a":1}"#)));
    let prediction = read_one(r#"{"instance_id":"a","model_patch":"diff"}"#);
    assert_eq!(prediction.patch, "diff");
    let twice = read_one(r#"{"instance_id":"a","error":"x","error":null}"#);
    assert_eq!(twice.error, None);
}

#[test]
fn what_only_python_calls_json_is_read_all_the_same() {
    let line = r#"{"instance_id":"a","instance":{"v":NaN,"w":[-Infinity,Infinity],"s":"NaN \" NaN"},"test_result":{"git_patch":"+\udc80\n"}}"#;
    let one = read(line).unwrap();
    assert_eq!(one.patch.trim_end().chars().next(), Some('+'));
    let fields = one.fields().unwrap();
    assert_eq!(fields[1].1, r#"{"v":null,"w":[null,null],"s":"NaN \" NaN"}"#);
    let costs = ["-1", "1e300", "\"x\"", "4.4e-05"].map(|cost| {
        let line = format!(r#"{{"instance_id":"a","metrics":{{"accumulated_cost":{cost}}}}}"#);
        read(&line).unwrap().metrics.cost_microusd
    });
    assert_eq!(costs, [None, None, None, Some(44)]);
}

#[test]
fn a_text_that_is_no_trajectory_says_where_it_breaks() {
    assert_eq!(read(" \n\n"), Err(BadTrajectory::Empty));
    let message = |text| read(text).unwrap_err().to_string();
    insta::assert_snapshot!(message("{\"instance_id\":\"a\"\n{\"instance_id\": tru"), @"output.jsonl has no complete line with an instance_id or a test_result; its last line (2) breaks at column 19: EOF while parsing a value");
    insta::assert_snapshot!(message("{\"a\":1}\n"), @"output.jsonl has no complete line with an instance_id or a test_result; its last line (1) breaks at column 1: neither field is there");
    insta::assert_snapshot!(message(r#"{"instance_id":"a","test_result":{"git_patch":4}}"#), @"the patch in output.jsonl (test_result.git_patch) is not a text; without it nothing can be evaluated");
}

#[test]
fn very_deep_and_very_long_lines_are_read_in_linear_time() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let line = format!(
        r#"{{"instance_id":"a","history":[{}0],"x":{deep}}}"#,
        "0,".repeat(500_000)
    );
    assert_eq!(read(&line).unwrap().history, 500_001);
    assert!(read(&"{\n".repeat(100_000)).is_err());
}
