//! `GET /metrics`, where the server was started with `--metrics`: what Prometheus reads.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The classes of statuses that are counted, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What has been counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    answers: [AtomicU64; CLASSES.len()],
    running: AtomicI64,
    microseconds: AtomicU64,
}

/// A request that is being answered; it counts as running until this is dropped, also when its client goes away.
pub(crate) struct Running<'m>(&'m Metrics);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    /// A request has come.
    pub(crate) fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Relaxed);
        Running(self)
    }

    /// A request was answered.
    pub(crate) fn answered(&self, status: u16, took: Duration) {
        if let Some(count) = self.answers.get(usize::from(status / 100).wrapping_sub(1)) {
            count.fetch_add(1, Relaxed);
        }
        self.microseconds.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// In Prometheus' text form.
    pub(crate) fn answer(&self) -> Response {
        let mut response = Response::new(Body::from(self.text()));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    fn text(&self) -> String {
        let mut text =
            String::from("# HELP helmd_requests_total Requests answered.\n# TYPE helmd_requests_total counter\n");
        let mut line = |line: std::fmt::Arguments<'_>| {
            // A String takes everything.
            let _taken = text.write_fmt(line);
            text.push('\n');
        };
        let mut total = 0;
        for (class, count) in CLASSES.iter().zip(&self.answers) {
            let count = count.load(Relaxed);
            total += count;
            line(format_args!("helmd_requests_total{{status=\"{class}\"}} {count}"));
        }
        let (name, running) = ("helmd_requests_running", self.running.load(Relaxed));
        line(format_args!("# HELP {name} Requests being answered.\n# TYPE {name} gauge\n{name} {running}"));
        let seconds = Duration::from_micros(self.microseconds.load(Relaxed)).as_secs_f64();
        let name = "helmd_request_duration_seconds";
        line(format_args!(
            "# HELP {name} Time to answer.\n# TYPE {name} summary\n{name}_sum {seconds}\n{name}_count {total}"
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::default();
        metrics.answered(200, Duration::from_millis(1500));
        metrics.answered(404, Duration::from_millis(500));
        let running = metrics.begin();
        let text = metrics.text();
        for line in [
            "helmd_requests_total{status=\"2xx\"} 1\n",
            "helmd_requests_total{status=\"5xx\"} 0\n",
            "\nhelmd_requests_running 1\n",
            "\nhelmd_request_duration_seconds_sum 2\nhelmd_request_duration_seconds_count 2\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        drop(running);
        assert!(metrics.text().contains("helmd_requests_running 0"));
    }
}
