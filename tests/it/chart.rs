//! Charts: the SVG that is drawn, also for unusual data.

use rpcbench::internal::report::{
    Axis, Chart, Kind, Look, Mark, Point, Scale, Series, Table, Unit,
};

fn axis(label: &str, scale: Scale, unit: Unit) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        unit,
        from_zero: scale == Scale::Linear,
    }
}

fn point(x: f64, y: f64) -> Point {
    Point {
        x,
        y,
        range: None,
        mark: Mark::Full,
        note: String::new(),
    }
}

fn series(name: &str, look: usize, points: Vec<Point>) -> Series {
    Series {
        name: name.to_owned(),
        look: Look {
            colour: look,
            marker: look,
            dash: look,
        },
        points,
    }
}

/// Throughput by number of clients; the last point of the second series is a lower bound.
fn throughput() -> Chart {
    let of = |rates: [f64; 3]| {
        let points = [1.0, 64.0, 1000.0].into_iter().zip(rates);
        points.map(|(clients, rate)| point(clients, rate)).collect()
    };
    let mut fast: Vec<Point> = of([20_500.0, 91_300.0, 119_000.0]);
    fast[1].range = Some((88_000.0, 93_000.0));
    fast[2].mark = Mark::Hollow;
    fast[2].note = "the load generator was the limit".to_owned();
    Chart {
        id: "throughput".to_owned(),
        title: "Throughput against clients".to_owned(),
        about: "Both grow with clients, async more.".to_owned(),
        kind: Kind::Lines,
        x: axis("Clients", Scale::Log, Unit::Count),
        y: axis("Requests per second", Scale::Linear, Unit::Rate),
        series: vec![
            series("single", 0, of([20_000.0, 40_000.0, 41_000.0])),
            series("async", 4, fast),
        ],
    }
}

/// Ratios around one, with one dot per pair.
fn ratios() -> Chart {
    let row = |ratio: f64| {
        let mut points = vec![point(ratio, 0.0)];
        points[0].range = Some((ratio * 0.98, ratio * 1.03));
        for pair in [0.99, 1.01] {
            points.push(Point {
                mark: Mark::Dot,
                ..point(ratio * pair, 0.0)
            });
        }
        points
    };
    Chart {
        id: "ratios".to_owned(),
        title: "Candidate against baseline".to_owned(),
        about: "One is slower.".to_owned(),
        kind: Kind::Rows {
            reference: Some(1.0),
        },
        x: axis(
            "CPU per request, candidate / baseline",
            Scale::Log,
            Unit::Ratio,
        ),
        y: axis("", Scale::Linear, Unit::Plain),
        series: vec![
            series("single", 0, row(1.0)),
            series("forking", 2, row(1.08)),
        ],
    }
}

/// Checks that elements are closed in the right order and that special characters are escaped.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut pieces = svg.split('<');
    assert_eq!(pieces.next(), Some(""), "starts with an element");
    for piece in pieces {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(
            !text.contains('>'),
            "unescaped character in the text {text}"
        );
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        for entity in piece.split('&').skip(1) {
            assert!(
                entity.split(';').next().is_some_and(|name| name.len() <= 4),
                "{piece}"
            );
        }
        let name = tag.split([' ', '/']).find(|name| !name.is_empty());
        let name = name.expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// The values of an attribute, of each element that has it.
fn attribute<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
    let key = format!(" {name}=\"");
    let values = svg.split(key.as_str()).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn lines_are_drawn() {
    let svg = throughput().svg();
    assert_well_formed(&svg);
    insta::assert_snapshot!("lines", svg);
}

#[test]
fn rows_are_drawn() {
    let svg = ratios().svg();
    assert_well_formed(&svg);
    insta::assert_snapshot!("rows", svg);
}

#[test]
fn a_chart_has_a_title_a_description_and_series_names() {
    for chart in [throughput(), ratios()] {
        let svg = chart.svg();
        let id = &chart.id;
        let expected = vec![format!("{id}-title"), format!("{id}-desc")];
        assert_eq!(attribute(&svg, "id"), expected);
        assert_eq!(attribute(&svg, "aria-labelledby"), [expected.join(" ")]);
        assert_eq!(attribute(&svg, "role"), ["img"]);
        let names: Vec<&str> = chart
            .series
            .iter()
            .map(|series| series.name.as_str())
            .collect();
        assert_eq!(attribute(&svg, "data-series"), names);
        let points: usize = chart.series.iter().map(|series| series.points.len()).sum();
        assert_eq!(attribute(&svg, "data-tip").len(), points);
        assert!(
            !svg.contains("#000000"),
            "text and axes take the colour of the page"
        );
    }
}

#[test]
fn hovering_shows_figures_range_and_note() {
    let svg = throughput().svg();
    let tips = attribute(&svg, "data-tip");
    assert_eq!(tips[4], "async: 64, 91,300/s (88,000/s – 93,000/s)");
    assert_eq!(
        tips[5],
        "async: 1,000, 119,000/s; the load generator was the limit"
    );
    let svg = ratios().svg();
    assert_eq!(
        attribute(&svg, "data-tip")[3],
        "forking: 1.08× (1.06× – 1.11×)"
    );
}

#[test]
fn ticks_are_round() {
    let ticks = |chart: &Chart| -> Vec<String> {
        let svg = chart.svg();
        let axis = svg.split("<g class=\"axis\">").nth(1).unwrap();
        let axis = axis.split("</g>").next().unwrap();
        let texts = axis
            .split("</text>")
            .filter_map(|text| text.split("<text ").nth(1));
        texts
            .map(|text| text.split_once('>').unwrap().1.trim().to_owned())
            .collect()
    };
    let mut chart = throughput();
    let wanted = "0/s 20k/s 40k/s 60k/s 80k/s 100k/s 120k/s 1 10 100 1,000";
    assert_eq!(ticks(&chart).join(" "), wanted);

    let xs = [0.0, 0.5, 0.99, 0.9999];
    let ys = [90_000.0, 2e5, 3e6, 2e7];
    let points = xs.into_iter().zip(ys).map(|(x, y)| point(x, y));
    chart.series = vec![series("one", 0, points.collect())];
    chart.x = axis("Percentile", Scale::Nines, Unit::Percent);
    chart.y = axis("Latency", Scale::Log, Unit::TimeNs);
    let wanted = "100 µs 1 ms 10 ms 0 % 90 % 99 % 99.9 % 99.99 %";
    assert_eq!(ticks(&chart).join(" "), wanted);

    // A range of less than a decade.
    chart.series = vec![series("one", 0, vec![point(0.0, 1.1e6), point(0.5, 6e6)])];
    assert_eq!(ticks(&chart).join(" "), "2 ms 4 ms 6 ms 0 % 90 %");
}

#[test]
fn unusual_points_give_a_valid_chart() {
    let hostile = "python3 'a<b>' & \"c\"\u{1b}\n</svg>";
    let unusual: Vec<(&str, Vec<Point>)> = vec![
        ("none", vec![]),
        ("one", vec![point(3.0, 5.0)]),
        ("constant", vec![point(1.0, 5.0), point(2.0, 5.0)]),
        ("zero", vec![point(0.0, 0.0), point(0.0, 0.0)]),
        ("negative", vec![point(-3.0, -5e6), point(4.0, -4e6)]),
        (
            "not numbers",
            vec![point(f64::NAN, 1.0), point(1.0, f64::INFINITY)],
        ),
        (
            "huge",
            vec![
                point(1e299, f64::MAX),
                point(-1e299, 1e300),
                point(2.0, 3e6),
            ],
        ),
        ("tiny", vec![point(1e-300, 5e-324), point(1.0, 1e-12)]),
        (
            "close",
            vec![point(1e15, 1e9), point(1e15 + 1.0, 1e9 + 1e-6)],
        ),
        (
            "quantiles",
            vec![point(0.5, 1.0), point(1.0, 2.0), point(1.0 - 1e-16, 3.0)],
        ),
    ];
    for (name, mut points) in unusual {
        for range in [
            None,
            Some((f64::NAN, 1.0)),
            Some((-1.0, 2.0)),
            Some((9.0, 1.0)),
        ] {
            points.iter_mut().for_each(|point| point.range = range);
            for scale in [Scale::Linear, Scale::Log, Scale::Nines] {
                for kind in [
                    Kind::Lines,
                    Kind::Rows {
                        reference: Some(0.0),
                    },
                ] {
                    for unit in [
                        Unit::Count,
                        Unit::Rate,
                        Unit::TimeNs,
                        Unit::Bytes,
                        Unit::Percent,
                    ] {
                        let mut chart = throughput();
                        chart.kind = kind;
                        chart.x = axis(name, scale, unit);
                        chart.y = axis(hostile, scale, unit);
                        chart.title = hostile.to_owned();
                        chart.series = vec![
                            series(hostile, 5, points.clone()),
                            series("", usize::MAX, vec![]),
                        ];
                        assert_well_formed(&chart.svg());
                        let table = chart.table();
                        assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
                    }
                }
            }
        }
    }
}

#[test]
fn a_chart_without_points_shows_no_data() {
    let mut chart = throughput();
    chart.series.clear();
    assert!(chart.svg().contains(">no data<"));
    chart.kind = Kind::Rows {
        reference: Some(1.0),
    };
    chart.series = vec![series("lost", 0, vec![point(f64::NAN, 0.0)])];
    assert!(chart.svg().contains(">no data<"));
}

#[test]
fn a_chart_with_many_points_stays_small() {
    let mut chart = throughput();
    let wave = |at: i32| (f64::from(at) * 0.7).sin() + 2.0;
    let line = |look: usize| {
        let points = (1..5000).map(|at| Point {
            mark: Mark::None,
            ..point(f64::from(at), wave(at) * (1 + look) as f64)
        });
        series("preforking-async, now", look, points.collect())
    };
    chart.series = (0..12).map(line).collect();
    chart.x.scale = Scale::Linear;
    let svg = chart.svg();
    assert_well_formed(&svg);
    assert!(svg.len() < 35_000, "{} bytes", svg.len());
    let table = chart.table();
    assert_eq!(table.rows.len(), 30);
    assert_eq!(table.rows[29][0], "4,999");
}

#[test]
fn series_names_that_do_not_fit_are_counted() {
    let mut chart = throughput();
    let name = |at: usize| series(&format!("server {at}"), at, vec![point(1.0, 5.0)]);
    chart.series = (0..40).map(name).collect();
    let svg = chart.svg();
    let shown = svg.matches(">server ").count() - attribute(&svg, "data-tip").len();
    assert!(
        shown > 10 && svg.contains(&format!(">and {} more<", 40 - shown)),
        "{shown}"
    );
}

#[test]
fn the_table_has_the_same_figures() {
    let Table { head, rows } = throughput().table();
    assert_eq!(head, ["Clients", "single", "async"]);
    assert_eq!(
        rows[1],
        ["64", "40,000/s", "91,300/s (88,000/s – 93,000/s)"]
    );
    assert_eq!(
        rows[2],
        [
            "1,000",
            "41,000/s",
            "119,000/s (the load generator was the limit)"
        ]
    );

    // A series without a point at one x.
    let mut chart = throughput();
    chart.series[0].points.remove(0);
    assert_eq!(chart.table().rows[0], ["1", "–", "20,500/s"]);

    // Series with different x values.
    for (at, point) in chart.series[0].points.iter_mut().enumerate() {
        point.x = 3.0 + at as f64;
    }
    chart
        .series
        .push(series("third", 2, vec![point(7.0, 1.0), point(8.0, 2.0)]));
    let table = chart.table();
    assert_eq!(table.head, ["", "Clients", "Requests per second"]);
    assert_eq!(table.rows[0], ["single", "3", "40,000/s"]);

    let Table { head, rows } = ratios().table();
    assert_eq!(head[0], "");
    assert_eq!(rows.len(), 2, "dots are not in the table");
    assert_eq!(rows[1], ["forking", "1.08×", "1.06× – 1.11×", ""]);
}
