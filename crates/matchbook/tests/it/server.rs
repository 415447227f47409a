//! The server's connections, and how it stops.

use std::process::Stdio;
use std::time::Duration;

use matchbook::routes;
use matchbook::server::{Limits, serve};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::{Engine, TestApp};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3600);

/// A server with these limits: its address, what stops it, and its end.
async fn start(limits: Limits) -> (TestApp, String, CancellationToken, tokio::task::JoinHandle<()>) {
    let test = TestApp::spawn(Engine::Sqlite).await.expect("SQLite is always here");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let stop = CancellationToken::new();
    let router = routes::router(std::sync::Arc::clone(&test.app));
    let serving = tokio::spawn(serve(listener, router, limits, stop.clone()));
    (test, address, stop, serving)
}

async fn connect(address: &str, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("the server ends the connection");
    text
}

#[tokio::test]
async fn a_request_whose_headers_never_end_is_cut_off() {
    let (_test, address, ..) = start(Limits { reading: SHORT, stopping: LONG }).await;
    let stream = connect(&address, "GET /health HTTP/1.1\r\nHost: x\r\n").await;
    assert!(!rest(stream).await.contains(" 200 "), "there was no whole request to answer");
}

#[tokio::test]
async fn a_request_whose_body_never_ends_is_told_so() {
    let (_test, address, ..) = start(Limits { reading: SHORT, stopping: LONG }).await;
    let head = "POST /webhooks/calcom HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc";
    let answer = rest(connect(&address, head).await).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("not in time"), "{answer}");
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    let (_test, address, stop, serving) = start(Limits { reading: LONG, stopping: SHORT }).await;
    let idle = connect(&address, "").await;
    let slow = connect(&address, "POST /webhooks/calcom HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").await;
    stop.cancel();
    serving.await.expect("the server stops");
    assert!(TcpStream::connect(&address).await.is_err(), "nobody listens any more");
    drop((idle, slow));
}

#[cfg(unix)]
#[tokio::test]
async fn the_first_signal_stops_the_server_and_a_second_one_ends_it_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_matchbook"))
        .args(["serve", "--listen", "127.0.0.1:0", "--database"])
        .arg(folder.path().join("m.db"))
        .env_clear()
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts");
    let id = server.id().expect("it runs").to_string();
    let mut log = BufReader::new(server.stderr.take().expect("a pipe")).lines();
    let listening: serde_json::Value = serde_json::from_str(&line(&mut log, "listening").await).expect("JSON");
    let address = listening["fields"]["address"].as_str().expect("an address").to_owned();
    let head = "POST /webhooks/calcom HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
    let mut slow = connect(&address, head).await;
    let mut begun = [0; 12];
    slow.read_exact(&mut begun).await.expect("the server asks for the body");
    signal(&id).await;
    line(&mut log, "stopping").await;
    signal(&id).await;
    let ended = server.wait().await.expect("it ends");
    assert_eq!(ended.code(), Some(1), "it says by its code that it did not wait");
    line(&mut log, "stopped at once").await;
    drop(slow);
}

/// The next line of the log that holds these words.
#[cfg(unix)]
async fn line(log: &mut tokio::io::Lines<BufReader<tokio::process::ChildStderr>>, words: &str) -> String {
    loop {
        let line = log.next_line().await.expect("a text").unwrap_or_else(|| panic!("the log never says {words:?}"));
        if line.contains(words) {
            return line;
        }
    }
}

#[cfg(unix)]
async fn signal(id: &str) {
    let sent = tokio::process::Command::new("kill").args(["-TERM", id]).status().await;
    assert!(sent.expect("kill runs").success());
}
