//! Secrets in every spelling, and what looks like one.

use super::*;
use crate::domain::Fault;
use crate::domain::fault::{Again, Class, FaultName};
use crate::domain::journal::{Ending, Entry, Outcome};

fn knowing(pairs: &[(&str, &str)]) -> Redactor {
    let pairs = pairs.iter();
    let secrets = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut redactor = Redactor::new();
    redactor.learn(&secrets.collect());
    redactor
}

fn hidden(text: &str) -> String {
    Redactor::new().hidden(text)
}

#[test]
fn a_value_is_hidden_in_every_spelling() {
    let value = "p+\"a/s\\s w&ö9";
    let redactor = knowing(&[("KEY", value)]);
    let json = serde_json::to_string(value).unwrap();
    let json = json.trim_matches('"');
    for spelling in [
        value,
        json,
        "p%2B%22a%2Fs%5Cs%20w%26%C3%B69",
        "p%2b%22a/s%5cs+w%26%c3%b69",
        "p+\\\"a\\/s\\\\s w\\u0026\\u00f69",
        "p+\"a/s\\s w&amp;ö9",
    ] {
        let text = format!("é <{spelling}> é");
        assert_eq!(redactor.hidden(&text), "é <[KEY]> é", "{text}");
    }
    assert_eq!(redactor.hidden("p+\"a/s\\s w&ö8"), "p+\"a/s\\s w&ö8");
}

#[test]
fn a_value_is_hidden_in_base64_whatever_stands_before_it() {
    let redactor = knowing(&[("KEY", "plain-value/with~signs?")]);
    for before in ["", "u", "us", "user:", "someone:"] {
        for after in ["", "x", "xy"] {
            let text = format!("{before}plain-value/with~signs?{after}");
            let engines = [
                base64::engine::general_purpose::STANDARD,
                base64::engine::general_purpose::STANDARD_NO_PAD,
                base64::engine::general_purpose::URL_SAFE,
            ];
            for engine in engines {
                let code = base64::Engine::encode(&engine, &text);
                assert_eq!(redactor.hidden(&format!("got {code}.")), "got [KEY].", "{text}");
            }
        }
    }
}

#[test]
fn the_longest_of_several_values_is_named_and_short_ones_are_not_looked_for() {
    let redactor = knowing(&[
        ("A", "abcdef"),
        ("B", "abcdef123"),
        ("C", "def1"),
        ("D", "xyz"),
        ("E", ""),
    ]);
    assert_eq!(redactor.hidden("abcdef123 abcdef12 xyz"), "[B] [A]12 xyz");
    assert_eq!(format!("{redactor:?}").matches("abc").count(), 0);
    let pair = ("KEY".to_owned(), "abcdef".to_owned());
    assert_eq!(format!("{:?}", Secrets::from([pair])), "{\"KEY\"}");
}

#[test]
fn of_a_signed_address_the_signature_alone_is_hidden_too_and_of_a_text_every_line() {
    let url = "https://s3.example/b/k.tar?X-Amz-Date=20260101T000000Z&X-Amz-Signature=0badc0de0badc0de";
    let redactor = knowing(&[("URL", url), ("PEM", "-----BEGIN-----\nAbCdEfGhIj\n")]);
    assert_eq!(redactor.hidden(&format!("get {url}: 403")), "get [URL]: 403");
    assert_eq!(
        redactor.hidden("<Sent>0badc0de0badc0de</Sent>"),
        "<Sent>[URL]</Sent>"
    );
    assert_eq!(
        redactor.hidden("https://s3.example/b/k.tar is gone"),
        "https://s3.example/b/k.tar is gone"
    );
    assert_eq!(redactor.hidden("line AbCdEfGhIj"), "line [PEM]");
}

#[test]
fn what_looks_like_a_secret_is_hidden_without_knowing_it() {
    for (text, shown) in [
        ("https://user:pw@host/x", "https://[hidden]@host/x"),
        ("https://ghp@host", "https://[hidden]@host"),
        (
            "git clone https://oauth2:x@y@host/r.git failed",
            "git clone https://[hidden]@host/r.git failed",
        ),
        (
            "GET http://h/k?a=1&X-Amz-Signature=5ec3e7&b=2",
            "GET http://h/k?a=1&X-Amz-Signature=[hidden]&b=2",
        ),
        (
            "http://h/k?X-Amz-Credential=AK%2F1&amp;X-Amz-Security-Token=t#f",
            "http://h/k?X-Amz-Credential=[hidden]&amp;X-Amz-Security-Token=[hidden]#f",
        ),
        (
            "\"http://h/?q=1\\u0026api_key=abc\"",
            "\"http://h/?q=1\\u0026api_key=[hidden]\"",
        ),
        ("http://h/?key=abc&sig=d", "http://h/?key=[hidden]&sig=[hidden]"),
        ("Authorization: Bearer abc", "Authorization: Bearer [hidden]"),
        (
            "{'authorization': 'Basic dXNlcjpwYXNz'}",
            "{'authorization': 'Basic [hidden]'}",
        ),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=A/1, Signature=9\nnext",
            "Authorization: AWS4-HMAC-SHA256[hidden]\nnext",
        ),
        ("x-api-key: a1b2c3d4e5", "x-api-key: [hidden]"),
        ("{\"api_key\": \"a1b2c3d4e5\"}", "{\"api_key\": \"[hidden]\"}"),
        (
            "OPENAI_API_KEY=a1b2c3d4e5 not accepted",
            "OPENAI_API_KEY=[hidden] not accepted",
        ),
        ("token bearer a1b2c3d4e5", "token bearer [hidden]"),
        ("no such key sk-proj-a1b2c3d4e5f6g7h8!", "no such key [hidden]!"),
        ("AKIAIOSFODNN7EXAMPLE1", "[hidden]"),
    ] {
        assert_eq!(hidden(text), shown);
        assert_eq!(hidden(shown), shown, "what is hidden stays as it is");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "ssh://ubuntu@10.0.0.1:22 is not there",
        "ubuntu@1.2.3.4: Permission denied (publickey).",
        "s3://bucket/mswebench/x.tar does not exist",
        "http://h/?page=2&sort=asc",
        "sorted(x, key=lambda pair: pair[0])",
        "max_tokens=12345678 and prompt tokens: 12345678a",
        "password: required, token: expired",
        "invalid token: unexpected",
        "authorization: denied by policy",
        "bearer of bad news",
        "task-1234567890abcdef1234",
        "https://host/a:b@c",
        "=:= ://@ ?= &= é=é: bearer ",
        "",
    ] {
        assert_eq!(hidden(text), text);
    }
}

#[test]
fn a_known_value_keeps_its_name_where_it_would_be_hidden_anyway() {
    let redactor = knowing(&[("MODEL_KEY", "a1b2c3d4e5")]);
    assert_eq!(
        redactor.hidden("https://user:a1b2c3d4e5@host/?api_key=a1b2c3d4e5"),
        "https://user:[MODEL_KEY]@host/?api_key=[MODEL_KEY]"
    );
}

#[test]
fn every_text_of_a_journal_entry_is_hidden() {
    let redactor = knowing(&[("KEY", "hunter22")]);
    let fault = Fault {
        class: Class::Unknown,
        name: FaultName::AgentError.into(),
        what: "hunter22".to_owned(),
        again: Again::Never,
    };
    let entries = [
        Entry::PhaseEnded {
            phase: "p".parse().unwrap(),
            ending: Ending::NotStarted("hunter22".to_owned()),
            took: crate::domain::Span(0),
            output: 0,
            excerpt: Some("hunter22".to_owned()),
            conclusion: Some(Box::new(crate::domain::conclusion::Conclusion {
                note: "hunter22".to_owned(),
                fault: Some(fault),
                ..Default::default()
            })),
        },
        Entry::Ended {
            outcome: Outcome::Lost {
                proof: "hunter22".to_owned(),
            },
            seal: None,
        },
    ];
    for mut entry in entries {
        entry.hide(&redactor);
        let text = serde_json::to_string(&entry).unwrap();
        assert!(text.contains("[KEY]") && !text.contains("hunter22"), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_a_value_in_it_is_not_left(
        before in "([a-z:/?&=@% é\\\\\"+\\[\\]-]|Bearer |key|token){0,20}", after in "[a-z:/?&=@% é\\\\\"+-]{0,20}"
    ) {
        let value = "hunter22-\\%é";
        let shown = knowing(&[("KEY", value)]).hidden(&format!("{before}{value}{after}"));
        assert!(!shown.contains(value), "{shown}");
    }
}
