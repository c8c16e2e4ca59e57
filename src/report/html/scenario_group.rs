//! Records sorted for a reader: one scene a scenario, in it one group a load, in it the contestants.

use crate::findings::units::{count, some};
use crate::findings::warnings::warnings;
use crate::findings::{Summary, load_line};
use crate::record::{Cell, LoadInfo, Mode, RateChangeInfo, Record};
use crate::report::chart::data::Look;

/// A record with the name that it goes by beside others.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// Its name.
    pub label: String,
    /// What was measured.
    pub record: &'a Record,
}

/// All records of a page.
pub(crate) struct Study<'a> {
    pub(crate) sources: &'a [Source<'a>],
    pub(crate) scenes: Vec<ScenarioGroup<'a>>,
    series: Vec<(String, Look)>,
}

/// A scenario, or loads that differ by clients and rate only.
pub(crate) struct ScenarioGroup<'a> {
    /// For file names and anchors.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) about: Option<&'a str>,
    pub(crate) reads: Option<&'a str>,
    /// Of each record in turn, in the order of clients and rates.
    pub(crate) groups: Vec<LoadGroup<'a>>,
    key: Key<'a>,
}

/// Contestants of one record under one load.
pub(crate) struct LoadGroup<'a> {
    /// Which record.
    pub(crate) source: usize,
    pub(crate) load: &'a LoadInfo,
    pub(crate) summaries: Vec<Summary<'a>>,
}

/// What loads of one scene have in common: all but clients (of an open loop: rates) and times.
#[derive(PartialEq)]
struct Key<'a> {
    scenario: Option<&'a str>,
    load: LoadInfo,
}

impl<'a> Key<'a> {
    fn of(cell: &'a Cell) -> Key<'a> {
        let open = cell.load.mode != Mode::Closed;
        let load = LoadInfo {
            clients: if open { cell.load.clients } else { 0 },
            rate_rps: None,
            duration_s: 0.0,
            warmup_s: 0.0,
            // Both its time and its rate depend on the rest.
            then: cell.load.then.map(|_| RateChangeInfo {
                after_s: 0.0,
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

impl<'a> Study<'a> {
    pub(crate) fn of(sources: &'a [Source<'a>]) -> Study<'a> {
        let mut study = Study {
            sources,
            scenes: Vec::new(),
            series: Vec::new(),
        };
        for (at, source) in sources.iter().enumerate() {
            for cell in &source.record.cells {
                study.enter(at, source.record, cell);
            }
        }
        for scene in &mut study.scenes {
            // Stable: what the record has first stays first.
            scene.groups.sort_by(|a, b| {
                let rate = |group: &LoadGroup<'_>| group.load.rate_rps.unwrap_or(0.0);
                (a.source, a.load.clients)
                    .cmp(&(b.source, b.load.clients))
                    .then(rate(a).total_cmp(&rate(b)))
            });
        }
        study
    }

    fn enter(&mut self, source: usize, record: &'a Record, cell: &'a Cell) {
        let Some(summary) = Summary::of(cell) else {
            return;
        };
        let name = self.name(source, &summary);
        if self.series.iter().all(|(known, _)| *known != name) {
            let look = self.look(source, &summary);
            self.series.push((name, look));
        }
        let scene = self.scene(record, cell);
        let fellow =
            |group: &&mut LoadGroup<'_>| group.source == source && *group.load == cell.load;
        match scene.groups.iter_mut().find(fellow) {
            Some(group) => group.summaries.push(summary),
            None => scene.groups.push(LoadGroup {
                source,
                load: &cell.load,
                summaries: vec![summary],
            }),
        }
    }

    fn scene(&mut self, record: &'a Record, cell: &'a Cell) -> &mut ScenarioGroup<'a> {
        let key = Key::of(cell);
        if let Some(at) = self.scenes.iter().position(|scene| scene.key == key) {
            return &mut self.scenes[at];
        }
        let info = key
            .scenario
            .and_then(|name| record.scenarios.iter().find(|info| info.name == name));
        let title = self.title(&key, cell);
        let at = self.scenes.len();
        let id = plain(&title);
        let id = match self.scenes.iter().any(|scene| scene.id == id) {
            true => format!("{id}-{}", at + 1),
            false => id,
        };
        self.scenes.push(ScenarioGroup {
            id,
            title,
            about: info.map(|info| info.about.as_str()),
            reads: info.map(|info| info.reads.as_str()),
            groups: Vec::new(),
            key,
        });
        &mut self.scenes[at]
    }

    /// The scenario's name or the method; with the clients, or the whole load, where that is taken.
    fn title(&self, key: &Key<'_>, cell: &Cell) -> String {
        let name = key.scenario.unwrap_or(&cell.load.method).to_owned();
        let clients = some(cell.load.clients as u64, "client");
        let candidates = [
            name.clone(),
            format!("{name}, {clients}"),
            format!("{name}: {}", load_line(cell)),
        ];
        let is_free = |title: &&String| self.scenes.iter().all(|scene| scene.title != **title);
        let free = candidates.iter().find(is_free).cloned();
        free.unwrap_or_else(|| format!("{name} ({})", self.scenes.len() + 1))
    }

    /// What a contestant's series is called.
    pub(crate) fn name(&self, source: usize, summary: &Summary<'_>) -> String {
        let role = summary.cell.contestant.role.as_ref();
        let role = role.map_or(String::new(), |role| format!(" {role}"));
        let name = summary.name();
        match self.sources {
            [_] => format!("{name}{role}"),
            several => format!("{name}{role} · {}", several[source].label),
        }
    }

    /// One colour a contestant; where there are several records, one dash and marker a record.
    fn look(&self, source: usize, summary: &Summary<'_>) -> Look {
        let mut names: Vec<String> = Vec::new();
        for source in self.sources {
            for cell in &source.record.cells {
                let role = cell.contestant.role.clone().unwrap_or_default();
                let name = format!("{} {role}", cell.contestant.name);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let role = summary.cell.contestant.role.clone().unwrap_or_default();
        let own = format!("{} {role}", summary.name());
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

    /// Whether some record is of a check, which has a verdict of its own.
    pub(crate) fn is_check(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| source.record.check.is_some())
    }

    /// The series of all charts.
    pub(crate) fn series(&self) -> &[(String, Look)] {
        &self.series
    }

    /// The series of a contestant.
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

    /// Of each record the group in the middle, which stands for the scene where only one load is shown.
    pub(crate) fn middle(&self) -> Vec<&LoadGroup<'a>> {
        let sources = self.groups.iter().map(|group| group.source).max();
        let middle = |source| {
            let groups: Vec<&LoadGroup<'a>> = self.of_source(source).collect();
            groups.get(groups.len() / 2).copied()
        };
        (0..=sources.unwrap_or(0)).filter_map(middle).collect()
    }
}

impl<'a> Study<'a> {
    /// What speaks against the trials of these groups, record by record.
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
        let told = |(at, summaries): (usize, &Vec<Summary<'a>>)| {
            let prefix = self.prefix(at);
            let sentences = warnings(summaries).into_iter();
            sentences
                .map(|doubt| format!("{prefix}{}", doubt.sentence(true)))
                .collect::<Vec<_>>()
        };
        by_source.iter().enumerate().flat_map(told).collect()
    }

    /// `before: `, where there are several records.
    pub(crate) fn prefix(&self, source: usize) -> String {
        match self.sources {
            [_] => String::new(),
            several => format!("{}: ", several[source].label),
        }
    }

    /// What these groups, one a record, have as their load; each record's where they differ.
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
    /// What tells it from the others of its scene: `64 clients`, `20,000/s`.
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

/// A name for files and anchors.
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
