//! Records grouped by scenario, then by load; each load has the results of its servers.

use std::borrow::Cow;
use std::time::Duration;

use crate::findings::units::{count, some};
use crate::findings::warnings::warnings;
use crate::findings::{Summary, labelled, load_line};
use crate::record::{Cell, LoadSpec, Mode, RateChange, Record, Role};
use crate::report::chart::data::Look;

/// A record with its label.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The name of the record on the page.
    pub label: String,
    /// The record.
    pub record: &'a Record,
}

impl Source<'_> {
    /// Its record with labels as the names of servers.
    pub fn labelled(&self) -> Cow<'_, Record> {
        labelled(self.record)
    }

    /// This source with another form of its record.
    pub fn with<'a>(&self, record: &'a Record) -> Source<'a> {
        Source {
            label: self.label.clone(),
            record,
        }
    }
}

/// The records of a page, grouped by scenario.
pub(crate) struct PageData<'a> {
    pub(crate) sources: &'a [Source<'a>],
    pub(crate) scenarios: Vec<ScenarioGroup<'a>>,
    series: Vec<(String, Look)>,
}

/// A scenario, or loads that differ only in clients and rate.
pub(crate) struct ScenarioGroup<'a> {
    /// For file names and anchors.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) about: Option<&'a str>,
    pub(crate) reads: Option<&'a str>,
    /// Sorted by record, clients and rate.
    pub(crate) groups: Vec<LoadGroup<'a>>,
    key: Key<'a>,
}

/// Servers of one record under one load.
pub(crate) struct LoadGroup<'a> {
    /// The index of the record.
    pub(crate) source: usize,
    pub(crate) load: &'a LoadSpec,
    pub(crate) summaries: Vec<Summary<'a>>,
}

/// What loads of one scenario have in common: all but clients (open loop: rate) and times.
#[derive(PartialEq)]
struct Key<'a> {
    scenario: Option<&'a str>,
    load: LoadSpec,
}

impl<'a> Key<'a> {
    fn of(cell: &'a Cell) -> Key<'a> {
        let open = cell.load.mode != Mode::Closed;
        let load = LoadSpec {
            clients: if open { cell.load.clients } else { 0 },
            rate_rps: None,
            rate_share: None,
            duration: Duration::ZERO,
            warmup: Duration::ZERO,
            // Both fields depend on the other fields.
            then: cell.load.then.map(|_| RateChange {
                after: Duration::ZERO,
                rate_rps: 0.0,
            }),
            ..cell.load.clone()
        };
        Key {
            scenario: cell.scenario.as_deref(),
            load,
        }
    }
}

impl<'a> PageData<'a> {
    pub(crate) fn of(sources: &'a [Source<'a>]) -> PageData<'a> {
        let mut page = PageData {
            sources,
            scenarios: Vec::new(),
            series: Vec::new(),
        };
        for (at, source) in sources.iter().enumerate() {
            for cell in &source.record.cells {
                page.add(at, source.record, cell);
            }
        }
        for scenario in &mut page.scenarios {
            // A stable sort: loads that compare equal keep the order of the record.
            scenario.groups.sort_by(|a, b| {
                let rate = |group: &LoadGroup<'_>| group.load.rate_rps.unwrap_or(0.0);
                (a.source, a.load.clients)
                    .cmp(&(b.source, b.load.clients))
                    .then(rate(a).total_cmp(&rate(b)))
            });
        }
        page
    }

    fn add(&mut self, source: usize, record: &'a Record, cell: &'a Cell) {
        let Some(summary) = Summary::of(cell) else {
            return;
        };
        let name = self.name(source, &summary);
        if self.series.iter().all(|(known, _)| *known != name) {
            let look = self.look(source, &summary);
            self.series.push((name, look));
        }
        let scenario = self.scenario_of(record, cell);
        let same_load =
            |group: &&mut LoadGroup<'_>| group.source == source && *group.load == cell.load;
        match scenario.groups.iter_mut().find(same_load) {
            Some(group) => group.summaries.push(summary),
            None => scenario.groups.push(LoadGroup {
                source,
                load: &cell.load,
                summaries: vec![summary],
            }),
        }
    }

    fn scenario_of(&mut self, record: &'a Record, cell: &'a Cell) -> &mut ScenarioGroup<'a> {
        let key = Key::of(cell);
        if let Some(at) = self
            .scenarios
            .iter()
            .position(|scenario| scenario.key == key)
        {
            return &mut self.scenarios[at];
        }
        let info = key
            .scenario
            .and_then(|name| record.scenarios.iter().find(|info| info.name == name));
        let title = self.title(&key, cell);
        let at = self.scenarios.len();
        let id = plain(&title);
        let id = match self.scenarios.iter().any(|scenario| scenario.id == id) {
            true => format!("{id}-{}", at + 1),
            false => id,
        };
        self.scenarios.push(ScenarioGroup {
            id,
            title,
            about: info.map(|info| info.about.as_str()),
            reads: info.map(|info| info.reads.as_str()),
            groups: Vec::new(),
            key,
        });
        &mut self.scenarios[at]
    }

    /// The name of the scenario or the method; with the clients or the whole load if the name is taken.
    fn title(&self, key: &Key<'_>, cell: &Cell) -> String {
        let name = key.scenario.unwrap_or(&cell.load.method).to_owned();
        let clients = some(cell.load.clients as u64, "client");
        let at_rate = cell.load.mode != Mode::Closed && cell.load.rate_share.is_some();
        let candidates = [
            name.clone(),
            // The second load of a comparison.
            if at_rate {
                format!("{name} at one rate")
            } else {
                name.clone()
            },
            format!("{name}, {clients}"),
            format!("{name}: {}", load_line(cell)),
        ];
        let is_free = |title: &&String| {
            self.scenarios
                .iter()
                .all(|scenario| scenario.title != **title)
        };
        let free = candidates.iter().find(is_free).cloned();
        free.unwrap_or_else(|| format!("{name} ({})", self.scenarios.len() + 1))
    }

    /// The name of a server's series.
    pub(crate) fn name(&self, source: usize, summary: &Summary<'_>) -> String {
        let role = summary.cell.contestant.role;
        let role = role.map_or(String::new(), |role| format!(" {role}"));
        let name = summary.name();
        match self.sources {
            [_] => format!("{name}{role}"),
            several => format!("{name}{role} · {}", several[source].label),
        }
    }

    /// One colour per server; with several records, one dash and marker per record.
    fn look(&self, source: usize, summary: &Summary<'_>) -> Look {
        let mut names: Vec<(&str, Option<Role>)> = Vec::new();
        for source in self.sources {
            for cell in &source.record.cells {
                let name = (cell.contestant.name.as_str(), cell.contestant.role);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let own = (summary.name(), summary.cell.contestant.role);
        let colour = names.iter().position(|name| *name == own).unwrap_or(0);
        let style = if self.sources.len() > 1 {
            source
        } else {
            colour
        };
        Look {
            colour,
            marker: style,
            dash: style,
        }
    }

    /// Whether a record is a check.
    pub(crate) fn is_check(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| source.record.check.is_some())
    }

    /// The series of all charts.
    pub(crate) fn series(&self) -> &[(String, Look)] {
        &self.series
    }

    /// The name and look of a server's series.
    pub(crate) fn series_of(&self, source: usize, summary: &Summary<'_>) -> (String, Look) {
        let name = self.name(source, summary);
        let known = self.series.iter().find(|(known, _)| *known == name);
        let look = known.map_or(self.look(source, summary), |(_, look)| *look);
        (name, look)
    }
}

impl<'a> ScenarioGroup<'a> {
    /// The groups of one record.
    pub(crate) fn of_source(&self, source: usize) -> impl Iterator<Item = &LoadGroup<'a>> {
        self.groups
            .iter()
            .filter(move |group| group.source == source)
    }

    /// The middle group of each record, for charts that show only one load per scenario.
    pub(crate) fn middle(&self) -> Vec<&LoadGroup<'a>> {
        let sources = self.groups.iter().map(|group| group.source).max();
        let middle = |source| {
            let groups: Vec<&LoadGroup<'a>> = self.of_source(source).collect();
            groups.get(groups.len() / 2).copied()
        };
        (0..=sources.unwrap_or(0)).filter_map(middle).collect()
    }
}

impl<'a> PageData<'a> {
    /// Warnings about the trials of these groups, record by record.
    pub(crate) fn warnings<'g>(
        &self,
        groups: impl IntoIterator<Item = &'g LoadGroup<'a>>,
    ) -> Vec<String>
    where
        'a: 'g,
    {
        let mut by_source: Vec<Vec<Summary<'a>>> = vec![Vec::new(); self.sources.len()];
        for group in groups {
            by_source[group.source].extend(group.summaries.iter().cloned());
        }
        let sentences_of = |(at, summaries): (usize, &Vec<Summary<'a>>)| {
            let prefix = self.prefix(at);
            let sentences = warnings(summaries).into_iter();
            sentences
                .map(|warning| format!("{prefix}{}", warning.sentence(true)))
                .collect::<Vec<_>>()
        };
        by_source
            .iter()
            .enumerate()
            .flat_map(sentences_of)
            .collect()
    }

    /// `before: ` if there are several records, otherwise empty.
    pub(crate) fn prefix(&self, source: usize) -> String {
        match self.sources {
            [_] => String::new(),
            several => format!("{}: ", several[source].label),
        }
    }

    /// The load of these groups, one group per record; lists every record if the loads differ.
    pub(crate) fn label(&self, groups: &[&LoadGroup<'a>]) -> String {
        let labels: Vec<String> = groups.iter().map(|group| group.label()).collect();
        match labels.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => first.clone(),
            _ => {
                let each = groups.iter().zip(&labels);
                let each =
                    each.map(|(group, label)| format!("{}{label}", self.prefix(group.source)));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

impl LoadGroup<'_> {
    /// What distinguishes it from other loads of its scenario: `64 clients`, `20,000/s`.
    pub(crate) fn label(&self) -> String {
        match self.load.rate_rps {
            Some(rate) => format!(
                "{}, {}/s",
                some(self.load.clients as u64, "client"),
                count(rate.round() as u64)
            ),
            None => some(self.load.clients as u64, "client"),
        }
    }
}

/// A name that is safe in file names and anchors.
pub(crate) fn plain(name: &str) -> String {
    let plain = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    plain.take(40).collect()
}
