// What the place of a model stands on, benchmark by benchmark, and how these scores changed.

const percent = (value) => share.format(100 * value);

function evidenceTable(rows, titles) {
  const surprising = [...rows].sort((one, other) => Math.abs(other.seen - other.predicted) - Math.abs(one.seen - one.predicted));
  return tableOf(
    "Evidence, the greatest surprise first",
    ["Benchmark", "Seen", "Expected", "Difference", "Run", "Vouched for", "Source"],
    surprising.map((row) => [
      theirs(titles.get(row.benchmark_id) ?? row.benchmark_id),
      percent(row.seen),
      percent(row.predicted),
      difference(row.seen - row.predicted),
      [theirs(row.published_name), row.variant ? el("small", null, " ", theirs(row.variant)) : null],
      inWords(row.standing) + ", run by " + inWords(row.run_by),
      [inside("sources/" + encodeURIComponent(row.source), row.source), el("small", null, " " + row.metric_id.slice(row.source.length + 1))],
    ]),
  );
}

function difference(value) {
  const text = (value > 0 ? "+" : "") + percent(value);
  return el("span", { class: Math.abs(value) > 0.1 ? "surprise" : null }, text);
}

/** The places of a model, and below them what the chosen one stands on. */
function evidenceOf(found, model) {
  const at = scopes.map((scope) => [scope, places[scope].find((place) => place.group_id === model.group_id)]).filter(([, place]) => place);
  const titles = new Map(found.all("benchmarks").map((row) => [row.benchmark_id, row.benchmark_title]));
  const mine = found.of("evidence", "group_id", model.group_id);
  const below = el("div");
  const show = (scope) => below.replaceChildren(evidenceTable(mine.filter((row) => row.scope === scope), titles));
  show(at[0][0]);
  return [
    tableOf(
      "Places",
      ["Domain", "Rank", "Tier", "Score, 90 % interval", "Benchmarks"],
      at.map(([scope, place]) => [
        inWords(scope),
        place.rank === null ? "none, with fewer than 3 benchmarks" : place.rank + " of " + places[scope].filter((one) => one.rank !== null).length,
        place.tier ?? "–",
        scoreOf(place),
        benchmarksOf(place),
      ]),
    ),
    labelled(
      "What it stands on in",
      el("select", { onchange: (event) => show(event.target.value) }, at.map(([scope]) => el("option", { value: scope }, inWords(scope)))),
    ),
    below,
    el(
      "p",
      { class: "hint" },
      "Seen and expected are from 0 to 100 with more being better: shares as they are, points between their bounds, ",
      "Elo as the probability to win against the middle model of its board.",
    ),
  ];
}

/** The scores that spoke for a model, each from when to when it stood. */
function historyOf(found, model) {
  const rows = found.of("history", "group_id", model.group_id);
  if (!rows.length) return el("p", null, "No source has dated scores of it.");
  const runs = Map.groupBy(rows, (row) => [row.metric_id, row.published_name, row.variant].join("\n"));
  const several = [...runs.values()].filter((run) => run.length > 1);
  return [
    several.slice(0, 6).map(curve),
    tableOf(
      "Scores in time",
      ["Metric", "Run", "Score", "From", "Until", "What happened", "Publisher's date"],
      [...runs.values()].flat().map((row) => [
        row.metric_id,
        [theirs(row.published_name), row.variant ? el("small", null, " ", theirs(row.variant)) : null],
        exact.format(row.score) + " " + row.unit + (row.lower === null ? "" : " (" + exact.format(row.lower) + "–" + exact.format(row.upper) + ")"),
        day(row.valid_from),
        row.valid_to === null ? "now" : day(row.valid_to),
        inWords(row.kind) + (row.origin === "live" ? "" : " (" + row.origin + ")") + (row.more ? "; " + row.more + " earlier periods" : ""),
        row.as_of === null ? UNKNOWN : day(row.as_of),
      ]),
    ),
  ];
}

/** A run that was scored more than once, as a line; the table says the same in figures. */
function curve(run) {
  const until = Math.max(...run.map((row) => Date.parse(row.valid_to ?? report.made_at)));
  const from = Math.min(...run.map((row) => Date.parse(row.valid_from)));
  const scores = run.map((row) => row.score);
  const x = (moment) => 6 + (288 * (Date.parse(moment ?? report.made_at) - from)) / (until - from || 1);
  const y = (score) => 10 + (60 * (Math.max(...scores) - score)) / (Math.max(...scores) - Math.min(...scores) || 1);
  const steps = [...run].reverse().map((row) => x(row.valid_from) + "," + y(row.score) + "H" + x(row.valid_to));
  return el(
    "figure",
    null,
    el("figcaption", null, run[0].metric_id + ", ", theirs(run[0].published_name)),
    el("svg:svg", { viewBox: "0 0 300 80", role: "img", "aria-label": "Its scores in time, as in the table below" }, el("svg:path", { class: "frontier", d: "M" + steps.join("L") })),
  );
}
