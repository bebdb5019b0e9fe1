// Chosen models side by side.

async function comparisonView(ids) {
  const compared = ids.map((id) => models.get(id)).filter(Boolean);
  const heading = el("h2", { tabindex: "-1" }, "Comparison");
  if (!compared.length) {
    return [heading, el("p", null, "Tick models in the ", inside("ranking", "ranking"), " to see them side by side, at most " + MOST_CHOSEN + ".")];
  }
  chosen.clear();
  compared.slice(0, MOST_CHOSEN).forEach((model) => chosen.add(model.group_id));
  const found = await details();
  const heads = () => ["", ...compared.map((model) => inside("model/" + encodeURIComponent(model.group_id), theirs(model.display_name)))];
  const each = (title, cell) => [title, ...compared.map(cell)];
  return [
    heading,
    tableOf("What they are", heads(), [
      each("Maker", (model) => theirs(model.maker ?? UNKNOWN)),
      each("Size", sizeOf),
      each("Context", (model) => known(model.context_length, inShort)),
      each("Memory for 8k tokens", (model) => known(model.serving_bytes_8k, gigabytes)),
      each("Weights", openness),
      each("License", (model) => theirs(licenseOf(model))),
      each("May earn money", (model) => VALUES[model.commercial_use] ?? model.commercial_use),
      each("Security verdict", verdictOf),
      each("Price per million tokens", priceInWords),
    ], "even"),
    tableOf(
      "Where they stand: rank, score, 90 % interval",
      heads(),
      scopes
        .map((scope) => each(inWords(scope), (model) => places[scope].find((place) => place.group_id === model.group_id)))
        .filter(([, ...at]) => at.some(Boolean))
        .map(([scope, ...at]) => [scope, ...at.map((place) => (place ? (place.rank ?? "no rank") + ": " + scoreOf(place) : "–"))]),
      "even",
    ),
    tableOf("What was seen, from 0 to 100, more is better", heads(), seen(found, compared), "even"),
    el("p", { class: "hint" }, "Bold is the best of a row. A dash says that nobody measured it."),
  ];
}

/** A row for each benchmark that one of them has, those that all have first. */
function seen(found, compared) {
  const titles = new Map(found.all("benchmarks").map((row) => [row.benchmark_id, row.benchmark_title]));
  const table = new Map();
  compared.forEach((model, at) => {
    for (const row of found.of("evidence", "group_id", model.group_id)) {
      if (!table.has(row.benchmark_id)) table.set(row.benchmark_id, Array(compared.length).fill(null));
      table.get(row.benchmark_id)[at] = row.seen;
    }
  });
  const missing = (values) => values.filter((value) => value === null).length;
  return [...table]
    .sort(([one, left], [other, right]) => missing(left) - missing(right) || one.localeCompare(other))
    .map(([benchmark, values]) => {
      const best = Math.max(...values.filter((value) => value !== null));
      return [
        theirs(titles.get(benchmark) ?? benchmark),
        ...values.map((value) => (value === null ? "–" : value === best ? el("strong", null, percent(value)) : percent(value))),
      ];
    });
}
