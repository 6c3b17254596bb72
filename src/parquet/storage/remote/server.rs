//! A small object store for tests: listing, HEAD and GET as S3 has them, over a socket of this machine, and whatever can
//! go wrong with them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::super::partition::decode;
use super::Object;
use super::store::Stores;
use crate::unpoisoned::Unpoisoned;

/// What happens to one request, the next whose key ends as it says.
#[derive(Clone, Debug)]
pub enum Fault {
    /// A status, with an error as S3 words it.
    Status(u16),
    /// What S3 says of a bucket that is not there.
    NoBucket,
    /// Sends this many bytes of the body, then closes the connection.
    Cut(usize),
    /// An answer that says of itself that it is so much shorter than what was asked for.
    Short(usize),
    /// An answer that lets one wait.
    Slow(Duration),
    /// A page for browsers instead of the bytes.
    Page,
    /// The whole object, whatever part was asked for.
    Whole,
}

/// How a list goes on behind a key, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lists {
    #[default]
    AsS3,
    /// The key counts for the page, and is left out of it: what object_store makes of Azure's lists.
    WithOffset,
    /// From the first key again.
    WithoutOffset,
    /// As long as the server likes.
    Whole,
}

#[derive(Debug, Default)]
pub struct State {
    objects: BTreeMap<String, (Vec<u8>, Option<String>)>,
    faults: Vec<(String, Fault)>,
    /// Methods, keys and ranges, as they came.
    pub requests: Vec<(String, String, Option<Range<u64>>)>,
    /// Requests that wait for their answer, and the most that ever did. One counts no more before its answer is sent: who has it
    /// may ask for the next one at once.
    pub now: usize,
    pub most: usize,
    /// How long each GET takes.
    pub delay: Duration,
    pub lists: Lists,
}

/// Listens until the tests end.
#[derive(Clone, Debug)]
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// Keys of a page of a listing: few, so that tests come to the second one.
const PAGE: usize = 2;

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                std::thread::spawn(move || server.serve(&stream));
            }
        });
        server.configure(&[]);
        server
    }

    /// The root of its bucket, which is its own: stores are kept by it.
    pub fn bucket(&self) -> String {
        format!("s3://bucket-{}", self.address.port())
    }

    pub fn web(&self, key: &str) -> String {
        format!("http://{}/web/{key}", self.address)
    }

    /// Sets further options of the store.
    pub fn configure(&self, further: &[(&str, &str)]) {
        let endpoint = format!("http://{}", self.address);
        let mut options =
            vec![("AWS_ENDPOINT_URL", endpoint.as_str()), ("AWS_ALLOW_HTTP", "true"), ("AWS_SKIP_SIGNATURE", "true")];
        options.extend(further);
        Stores::configure(&Object::parse(&self.bucket()).unwrap(), &options).unwrap();
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unpoisoned()
    }

    pub fn put(&self, key: &str, bytes: &[u8], tag: &str) {
        self.put_with(key, bytes, Some(tag));
    }

    pub fn put_with(&self, key: &str, bytes: &[u8], tag: Option<&str>) {
        self.state().objects.insert(key.to_owned(), (bytes.to_vec(), tag.map(str::to_owned)));
    }

    /// The next requests for this key go wrong.
    pub fn fault(&self, key: &str, faults: &[Fault]) {
        self.state().faults.extend(faults.iter().map(|fault| (key.to_owned(), fault.clone())));
    }

    /// The ranges that were asked for.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        self.state().requests.iter().filter_map(|(_, _, range)| range.clone()).collect()
    }

    pub fn count(&self, method: &str) -> usize {
        self.state().requests.iter().filter(|request| request.0 == method).count()
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).ok()? == 0 {
                    return None;
                }
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_owned());
            }
            {
                let mut state = self.state();
                state.now += 1;
                state.most = state.most.max(state.now);
            }
            self.answer(&lines, stream)?;
        }
    }

    /// Answers one request; `None` ends the connection.
    fn answer(&self, lines: &[String], mut stream: &TcpStream) -> Option<()> {
        let header = |name: &str| {
            lines[1..].iter().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let mut words = lines.first()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decode(path.trim_start_matches('/'));
        let key = path.split_once('/').map_or("", |(_, key)| key).to_owned();
        let range = header("range").map(|range| {
            let range = range.strip_prefix("bytes=").expect("bytes");
            let (start, end) = range.split_once('-').expect("one range, with both its ends");
            start.parse().expect("a start")..end.parse::<u64>().expect("an end") + 1
        });
        let fault = {
            let mut state = self.state();
            state.requests.push((method.to_owned(), key.clone(), range.clone()));
            let index = state.faults.iter().position(|(end, _)| key.ends_with(end.as_str()));
            index.map(|index| state.faults.remove(index).1)
        };
        let mut send = |status: &str, headers: &str, body: &[u8]| -> Option<()> {
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
            self.state().now -= 1;
            stream.write_all(head.as_bytes()).ok()?;
            if method != "HEAD" { stream.write_all(body).ok() } else { Some(()) }
        };
        let error = |code: &str| {
            format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code>\n<Message>{code} it is</Message></Error>")
        };
        match &fault {
            Some(Fault::Status(status)) => return send(&format!("{status} Fault"), "", error("Injected").as_bytes()),
            Some(Fault::NoBucket) => return send("404 Not Found", "", error("NoSuchBucket").as_bytes()),
            Some(Fault::Slow(delay)) => std::thread::sleep(*delay),
            _ => {}
        }
        if query.contains("list-type=2") {
            return send("200 OK", "", self.list(query).as_bytes());
        }
        let delay = self.state().delay;
        if method == "GET" {
            std::thread::sleep(delay);
        }
        let Some((bytes, tag)) = self.state().objects.get(&key).cloned() else {
            return send("404 Not Found", "", error("NoSuchKey").as_bytes());
        };
        if header("if-match").is_some_and(|wanted| Some(wanted) != tag) {
            return send("412 Precondition Failed", "", error("PreconditionFailed").as_bytes());
        }
        let mut headers = "Last-Modified: Sun, 01 Nov 2026 10:00:00 GMT\r\nAccept-Ranges: bytes\r\n".to_owned();
        if let Some(tag) = &tag {
            headers += &format!("ETag: {tag}\r\n");
        }
        let size = bytes.len();
        let Some(range) = range.filter(|_| !matches!(fault, Some(Fault::Whole))) else {
            return send("200 OK", &headers, &bytes);
        };
        let (start, end) = (range.start as usize, size.min(range.end as usize));
        if start >= end {
            return send("416 Range Not Satisfiable", "", error("InvalidRange").as_bytes());
        }
        headers += &format!("Content-Range: bytes {start}-{}/{size}\r\n", end - 1);
        let body = &bytes[start..end];
        match fault {
            Some(Fault::Cut(after)) => {
                let head = format!("HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
                self.state().now -= 1;
                stream.write_all(head.as_bytes()).ok()?;
                stream.write_all(&body[..after.min(body.len())]).ok()?;
                stream.shutdown(std::net::Shutdown::Both).ok()?;
                None
            }
            Some(Fault::Short(by)) => send("206 Partial Content", &headers, &body[..body.len().saturating_sub(by)]),
            Some(Fault::Page) => send("502 Bad Gateway", "", b"<html><body>\nno <b>gateway</b>\n</body></html>"),
            _ => send("206 Partial Content", &headers, body),
        }
    }

    fn list(&self, query: &str) -> String {
        let argument = |name: &str| {
            let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            decode(&found.unwrap_or("").replace('+', " "))
        };
        let prefix = argument("prefix");
        let state = self.state();
        let offset = argument("start-after");
        let after = match state.lists {
            Lists::WithoutOffset => argument("continuation-token"),
            _ => argument("continuation-token").max(offset.clone()),
        };
        let page = match state.lists {
            Lists::Whole => usize::MAX,
            _ => argument("max-keys").parse().unwrap_or(PAGE).min(PAGE),
        };
        let is_after = |key: &String| *key > after || state.lists == Lists::WithOffset && *key == offset;
        let mut keys = state.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && is_after(key)).peekable();
        let mut xml = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
        let mut last = String::new();
        for (key, (bytes, tag)) in keys.by_ref().take(page) {
            last.clone_from(key);
            if *key == offset {
                continue;
            }
            let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            let tag = tag.as_deref().map(|tag| format!("<ETag>{}</ETag>", escape(tag))).unwrap_or_default();
            xml += &format!(
                "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2026-11-01T10:00:00.000Z</LastModified>{tag}</Contents>",
                escape(key),
                bytes.len()
            );
        }
        if keys.peek().is_some() {
            xml += &format!("<NextContinuationToken>{last}</NextContinuationToken>");
        }
        xml + "</ListBucketResult>"
    }
}
