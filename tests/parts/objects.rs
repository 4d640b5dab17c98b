//! The coordinator's side of the object store: what a store answers, and what that means. No credentials here; with
//! them, the lab's store is asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use fleet::domain::fault::Class;
use fleet::objects::{ObjectError, ObjectFacts, Settings, Store};

/// A store that answers each HEAD by its key: a status, or a size of 4242.
fn store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let key = head[0]
                .split(['/', '?', ' '])
                .nth(3)
                .unwrap_or_default()
                .to_owned();
            let answer = match key.parse::<u16>() {
                Ok(status) => {
                    format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                }
                Err(_) => {
                    "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 4242\r\nConnection: close\r\n\r\n"
                        .to_owned()
                }
            };
            // Who asked may be gone.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn open(endpoint: &str) -> (tokio::runtime::Runtime, Store) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let settings = Settings {
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".to_owned(),
        path_style: true,
        unsigned: true,
        expires: Duration::from_hours(1),
    };
    let store = runtime.block_on(Store::open(settings));
    (runtime, store)
}

#[test]
fn a_store_is_asked_whether_an_object_is_there_and_says_why_not() {
    let (runtime, store) = open(&store());
    let head = |key| runtime.block_on(store.head("bucket", key));
    let etag = "\"e\"".to_owned();
    assert_eq!(head("there"), Ok(ObjectFacts { size: 4242, etag }));
    assert_eq!(
        head("404"),
        Err(ObjectError::Missing("s3://bucket/404".to_owned()))
    );
    assert!(matches!(head("403"), Err(ObjectError::Denied { .. })));
    assert!(matches!(head("301"), Err(ObjectError::OtherRegion { .. })));
    assert!(matches!(head("503"), Err(ObjectError::Unreachable { .. })));
    let fault = head("404").unwrap_err().fault();
    assert_eq!(
        (fault.class, fault.name.as_str()),
        (Class::Image, "image-missing")
    );
}

#[test]
fn a_store_that_nobody_serves_is_unreachable_within_seconds() {
    let (runtime, store) = open("http://127.0.0.1:1");
    let error = runtime.block_on(store.head("bucket", "key")).unwrap_err();
    assert!(matches!(&error, ObjectError::Unreachable { .. }), "{error}");
}

#[test]
fn a_link_to_a_public_object_is_plain() {
    let (runtime, store) = open("http://store.example");
    let link = runtime.block_on(store.sign("bucket", "images/a_b-c d.tar"));
    assert_eq!(link.unwrap(), "http://store.example/bucket/images/a_b-c%20d.tar");
}
