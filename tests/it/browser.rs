//! The page in a real browser: headless Chromium, controlled through its debugging pipe
//! (`--remote-debugging-pipe`: requests on descriptor 3, answers on 4, each ends with a zero byte).
//!
//! Without Chromium the tests say that they are skipped, and fail if `CI` is set.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rpcbench::internal::report::Source;
use rpcbench::internal::report::html::page::page;
use rpcbench::record::Outcome;
use serde_json::{Value, json};

use crate::support::skipped;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    last: u64,
    session: Option<String>,
    /// Messages that are not answers to a request.
    events: Vec<Value>,
}

impl Browser {
    /// `None` if this machine has no browser.
    fn start(profile: &Path) -> Option<Browser> {
        let name = NAMES.iter().find(|name| {
            let found = Command::new("which")
                .arg(name)
                .stdout(Stdio::null())
                .status();
            found.is_ok_and(|status| status.success())
        })?;
        // The shell moves the pipes to the descriptors that Chromium uses.
        let mut child = Command::new("sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<&0 4>&1 >/dev/null 2>&1 </dev/null")
            .arg(name)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-pipe",
            ])
            .args([
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-crash-reporter",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .env("HOME", profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (to, from) = (child.stdin.take()?, child.stdout.take()?);
        let mut browser = Browser {
            child,
            to,
            from: BufReader::new(from),
            last: 0,
            session: None,
            events: Vec::new(),
        };
        let target = browser.ask("Target.createTarget", &json!({"url": "about:blank"}));
        let to = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", &to);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.ask(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    fn receive(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser ended");
        serde_json::from_slice(&bytes).unwrap()
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut request = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        let text = format!("{request}\0");
        self.to.write_all(text.as_bytes()).unwrap();
        loop {
            let mut answer = self.receive();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// Opens the file in a window of this width, and waits until it has loaded.
    fn open(&mut self, file: &Path, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", &size);
        self.events.clear();
        self.ask(
            "Page.navigate",
            &json!({"url": format!("file://{}", file.display())}),
        );
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.receive();
            self.events.push(event);
        }
    }

    fn evaluate(&mut self, script: &str) -> Value {
        let params = json!({"expression": script, "returnByValue": true});
        let mut answer = self.ask("Runtime.evaluate", &params);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{script}: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// Requests other than for the page itself, and console messages.
    fn unexpected_events(&self, page: &Path) -> Vec<String> {
        let page = format!("file://{}", page.display());
        let other_request = |event: &Value| {
            let url = event["params"]["request"]["url"]
                .as_str()
                .unwrap_or_default();
            event["method"] == "Network.requestWillBeSent"
                && url != page
                && !url.starts_with("data:")
                && !url.starts_with("blob:")
        };
        let console = |event: &Value| {
            let method = event["method"].as_str().unwrap_or_default();
            [
                "Runtime.consoleAPICalled",
                "Runtime.exceptionThrown",
                "Log.entryAdded",
            ]
            .contains(&method)
        };
        let events = self
            .events
            .iter()
            .filter(|event| other_request(event) || console(event));
        events.map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close, it also ends its child processes; a kill would leave them running.
        self.session = None;
        let close = format!("{}\0", json!({"id": 0, "method": "Browser.close"}));
        let _ = self.to.write_all(close.as_bytes());
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut browser) = Browser::start(&folder.path().join("profile")) else {
        return skipped("Chromium", "chromium");
    };
    let record = crate::support::study();
    let label = "mine".to_owned();
    let html = page(&[Source {
        label,
        record: &record,
    }])
    .html;
    let file = folder.path().join("report.html");
    fs::write(&file, &html).unwrap();
    for width in [1280, 400] {
        browser.open(&file, width);
        let figures = html.matches("<figure ").count();
        let visible = browser.evaluate(
            "[...document.querySelectorAll('figure svg.chart')].filter((svg) => {
                const box = svg.getBoundingClientRect();
                return box.width > 300 && box.height > 60 && box.right <= innerWidth
                    && svg.querySelectorAll('.series').length > 0;
            }).length",
        );
        assert_eq!(
            visible, figures,
            "{width}: every chart is visible and inside the window"
        );
        let overflow = browser.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(
            overflow, 0,
            "{width}: the page itself does not scroll sideways"
        );
        // Text of a chart is never smaller than 9 pixels.
        let least = browser.evaluate(
            "Math.min(...[...document.querySelectorAll('figure svg.chart text')]
                .filter((text) => text.getBoundingClientRect().height > 0)
                .map((text) => parseFloat(getComputedStyle(text).fontSize)
                    * text.ownerSVGElement.getBoundingClientRect().width
                    / text.ownerSVGElement.viewBox.baseVal.width))",
        );
        assert!(
            least.as_f64().unwrap() >= 9.0,
            "{width}: text of {least} pixels"
        );
        let overlaps = browser.evaluate(OVERLAPS);
        assert_eq!(overlaps, json!([]), "{width}");
        let shown = "[...document.querySelectorAll('g.series[data-series=async]')]
            .filter((g) => g.getClientRects().length && getComputedStyle(g).display != 'none').length";
        let before = browser.evaluate(shown);
        assert!(before.as_u64().unwrap() > 5, "{before}");
        browser.evaluate("document.querySelector('[data-switch=async]').click()");
        assert_eq!(browser.evaluate(shown), 0, "hidden in all charts");
        let pressed = "document.querySelector('[data-switch=async]').getAttribute('aria-pressed')";
        assert_eq!(browser.evaluate(pressed), "false");
        // A click on a series in a chart also hides it; the button shows both series again.
        browser.evaluate(
            "document.querySelector('g.series[data-series=threaded]').dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        );
        let threaded =
            "document.querySelector('[data-switch=threaded]').getAttribute('aria-pressed')";
        assert_eq!(browser.evaluate(threaded), "false");
        browser.evaluate("document.querySelector('[data-switch=async]').click()");
        assert_eq!(browser.evaluate(shown), before);
        let tip = browser.evaluate(
            "(() => {
                const hit = document.querySelector('g.series[data-series=async] .hit');
                hit.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: 50, clientY: 50}));
                const tip = document.getElementById('tip');
                return tip.hidden ? null : tip.textContent;
            })()",
        );
        assert!(
            tip.as_str().is_some_and(|tip| tip.starts_with("async: ")),
            "{tip}"
        );
        assert_eq!(
            browser.unexpected_events(&file),
            Vec::<String>::new(),
            "{width}"
        );
    }
}

/// Other pages, in the dark colour scheme: a check, and two records compared.
#[test]
fn other_pages_work_in_a_browser_too() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut browser) = Browser::start(&folder.path().join("profile")) else {
        return skipped("Chromium", "chromium");
    };
    let (study, check) = (
        crate::support::study(),
        crate::support::checked(Outcome::Pass),
    );
    let source = |label: &str, record| Source {
        label: label.to_owned(),
        record,
    };
    let pages = [
        ("check", page(&[source("check", &check)])),
        (
            "overlay",
            page(&[source("before", &study), source("after", &study)]),
        ),
    ];
    let dark = json!({"features": [{"name": "prefers-color-scheme", "value": "dark"}]});
    browser.ask("Emulation.setEmulatedMedia", &dark);
    for (name, page) in pages {
        let file = folder.path().join(format!("{name}.html"));
        fs::write(&file, &page.html).unwrap();
        browser.open(&file, 1280);
        let charts = browser.evaluate("document.querySelectorAll('figure svg.chart').length");
        assert_eq!(charts, page.pictures.len(), "{name}");
        assert_eq!(browser.evaluate(OVERLAPS), json!([]), "{name}");
        let dim = browser.evaluate(
            "[...document.querySelectorAll('figure svg.chart text, main p, main td')].filter((text) => {
                const style = getComputedStyle(text);
                const ink = text.ownerSVGElement ? style.fill : style.color;
                const [r, g, b] = ink.match(/[0-9.]+/g).map(Number);
                return text.getClientRects().length && r + g + b < 300;
            }).map((text) => text.outerHTML.slice(0, 120))",
        );
        assert_eq!(dim, json!([]), "{name}: dark text on a dark page");
        browser.open(&file, 400);
        let overflow = browser.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert_eq!(
            overflow, 0,
            "{name}: the page scrolls sideways at 400 pixels"
        );
        // A series without a button cannot be hidden, because it could not be shown again.
        browser.evaluate(
            "document.querySelector('figure svg.chart g.series')
                .dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        );
        let hidden = browser.evaluate(
            "[...document.querySelectorAll('g.series[hidden]')]
                .filter((g) => !document.querySelector(`[data-switch='${g.dataset.series}']`)).length",
        );
        assert_eq!(hidden, 0, "{name}");
        assert_eq!(
            browser.unexpected_events(&file),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

/// Pairs of texts in one chart that overlap.
const OVERLAPS: &str = "[...document.querySelectorAll('figure svg.chart')].flatMap((svg) => {
    const texts = [...svg.querySelectorAll('text')]
        .map((text) => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0);
    const over = ([, a], [, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    return texts.flatMap((one, at) => texts.slice(at + 1)
        .filter((other) => over(one, other))
        .map((other) => `${svg.closest('figure').id}: ${one[0]} | ${other[0]}`));
})";
