//! A chart repository on this machine, with some that are broken.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Path and content of what is served.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What was asked: path, whether with a password, and the status of the answer.
pub type Asked = Arc<Mutex<Vec<(String, bool, u16)>>>;

/// Serves until the test ends. `/private` wants `me:secret`, `/moved` leads to `/charts`.
pub fn serve(listener: TcpListener, files: Files) -> Asked {
    let asked = Asked::default();
    let (files, log) = (Arc::new(files), Arc::clone(&asked));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (files, log) = (Arc::clone(&files), Arc::clone(&log));
            std::thread::spawn(move || answer(stream, &files, &log));
        }
    });
    asked
}

fn answer(mut stream: TcpStream, files: &Files, log: &Asked) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
        line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_owned())
    };
    let known = header("authorization");
    let file = files.get(path.split('?').next().unwrap_or_default());
    let etag = file.map(|file| format!("\"{}\"", file.len())).unwrap_or_default();
    let (status, extra, body): (&str, String, &[u8]) =
        if path.starts_with("/private/") && known.as_deref() != Some("Basic bWU6c2VjcmV0") {
            ("401 Unauthorized", String::new(), b"who are you?")
        } else if let Some(rest) = path.strip_prefix("/moved/") {
            ("302 Found", format!("Location: /charts/{rest}\r\n"), b"")
        } else {
            match file {
                None => ("404 Not Found", String::new(), b"nothing here"),
                Some(_) if header("if-none-match").is_some_and(|given| given == etag) => {
                    ("304 Not Modified", String::new(), b"")
                }
                Some(file) => ("200 OK", format!("ETag: {etag}\r\n"), file),
            }
        };
    let code = status.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default();
    if let Ok(mut log) = log.lock() {
        log.push((path, known.is_some(), code));
    }
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{extra}Connection: close\r\n\r\n", body.len());
    let _gone = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body));
}
