// What publishers changed in the newest week that has a change.

async function changesView() {
  const found = await details();
  const events = found.all("changes");
  const heading = el("h2", { tabindex: "-1" }, "The week's changes");
  if (!events.length) return [heading, el("p", null, "Nothing changed: of no source is there a second snapshot that differs from the first.")];
  const more = events.at(-1).more;
  return [
    heading,
    el("p", { class: "lead" }, "In the week of " + events[0].week + ". A rank that moves because others came is no change."),
    tableOf(
      "How much changed",
      ["Source", "Change", "Events"],
      found.all("changes_counted").map((row) => [inside("sources/" + encodeURIComponent(row.source), row.source), row.kind, number.format(row.events)]),
    ),
    tableOf("What changed", ["Model", "Change", "Metric", "Before", "Now", "Beyond its interval"], events.map(changeOf)),
    more ? el("p", null, "And " + counted(more, "more change") + "; marts.leaderboard_changes has all of them.") : null,
  ];
}

function changeOf(row) {
  const title = theirs(row.published_name ?? "");
  const value = (score) => (score === null ? "" : exact.format(score) + " " + (row.unit ?? ""));
  return [
    models.has(row.group_id) ? inside("model/" + encodeURIComponent(row.group_id), title) : title,
    row.kind + (row.kind === "redefined" ? ", " + counted(row.scores, "score") : ""),
    row.metric_id ?? row.source,
    row.kind === "renamed" || row.kind === "new best" ? [theirs(row.name_before ?? ""), " " + value(row.score_before)] : value(row.score_before),
    value(row.score),
    row.is_beyond_interval === null ? "" : row.is_beyond_interval ? "yes" : "no",
  ];
}
