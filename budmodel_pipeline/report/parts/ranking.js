// The first view: who is better, how sure that is, and what decides whether one can use it.

/** The interval of a place on the line from the least to the greatest of its scope. */
function bar(place, [least, greatest]) {
  const at = (score) => Math.max(0, Math.min(100, (100 * (score - least)) / (greatest - least || 1))) + "%";
  const span = el("span", { class: "span" });
  span.style.setProperty("left", at(place.lower));
  span.style.setProperty("right", "calc(100% - " + at(place.upper) + ")");
  const point = el("span", { class: "point" });
  point.style.setProperty("left", at(place.score));
  return el("span", { class: "bar", "aria-hidden": "true" }, span, point);
}

const endsOf = (all) => [Math.min(...all.map((place) => place.lower)), Math.max(...all.map((place) => place.upper))];

/** The line on which intervals are drawn: that of what is shown and has a rank, since few benchmarks make them long. */
const lineOf = (found) => endsOf(found.some((place) => place.rank) ? found.filter((place) => place.rank) : found);

/** What of a model a narrow screen has room for below its name. */
const inALine = (model) =>
  [
    model.maker,
    known(model.parameters, inShort) === UNKNOWN ? null : inShort(model.parameters),
    model.license_id,
    model.verdict === "unscanned" ? null : model.verdict,
  ]
    .filter(Boolean)
    .join(" · ");

function verdictOf(model) {
  return el("span", { class: "verdict " + model.verdict }, model.target === null ? UNKNOWN : model.verdict);
}

/** The box by which a model is chosen for a comparison. */
function chooser(model, changed) {
  return el("input", {
    type: "checkbox",
    "aria-label": "Compare " + model.display_name,
    checked: chosen.has(model.group_id),
    onchange: (event) => {
      if (event.target.checked && chosen.size >= MOST_CHOSEN) {
        event.target.checked = false;
        say("At most " + MOST_CHOSEN + " models are compared.");
      } else if (event.target.checked) chosen.add(model.group_id);
      else chosen.delete(model.group_id);
      changed();
    },
  });
}

function rankingView(asked, remember) {
  let ends = [0, 100];
  const told = el("p", { class: "found", role: "status" });
  const compare = el("p", { class: "chosen" });
  const columns = [
    { title: "Rank", class: "rank", value: (place) => place.rank, cell: (place) => place.rank ?? "–" },
    { title: "Tier", class: "tier", cell: (place) => place.tier ?? "–" },
    {
      title: "Model",
      class: "model",
      isHead: true,
      value: ({ model }) => nameOf(model).toLowerCase(),
      cell: ({ model }) => [
        inside("model/" + encodeURIComponent(model.group_id), el("bdi", { title: model.display_name }, nameOf(model))),
        el("small", { class: "maker" }, theirs(model.maker ?? "maker unknown")),
        el("small", { class: "line" }, theirs(inALine(model))),
      ],
    },
    {
      title: "Score, 90 % interval",
      class: "score",
      greatFirst: true,
      value: (place) => place.score,
      cell: (place) => [el("span", { class: "figures" }, scoreOf(place)), bar(place, ends)],
    },
    { title: "Benchmarks", class: "number benchmarks", greatFirst: true, value: (place) => place.benchmarks, cell: (place) => withRemark(place.benchmarks, number.format, place.self_reported && place.self_reported + " by maker") },
    { title: "Size", class: "number size", value: ({ model }) => model.parameters, cell: ({ model }) => withRemark(model.parameters, inShort, model.parameters_basis === "stated" && "stated") },
    {
      title: "Context",
      class: "number context",
      greatFirst: true,
      value: ({ model }) => model.context_length,
      cell: ({ model }) => withRemark(model.context_length, inShort),
    },
    { title: "License", class: "license", cell: ({ model }) => withRemark(model.license_id, theirs, model.license_basis === "tag" && "by tag") },
    { title: "Weights", class: "open", cell: ({ model }) => withRemark(model.open_weights, () => openness(model)) },
    { title: "Verdict", class: "verdicts", cell: ({ model }) => verdictOf(model) },
    { title: "US$ / M tokens", class: "number price", value: priceOf, cell: (place) => withRemark(priceOf(place), money, upTo(place)) },
    { title: "Compare", class: "compare", cell: ({ model }) => chooser(model, tellChosen) },
  ];
  const table = longTable("Ranking", columns, (place) => place.group_id);

  function tellChosen() {
    const link = inside("compare/" + [...chosen].map(encodeURIComponent).join(","), "Compare " + counted(chosen.size, "model"));
    compare.replaceChildren(chosen.size ? link : "Tick models to compare them.");
  }

  function show(now) {
    const all = places[now.scope];
    const { found, maybe } = filtered(all, now);
    ends = found.length ? lineOf(found) : ends;
    told.textContent = foundInWords(all, found.length, maybe, now.scope);
    table.show(found);
  }

  const form = filterForm(asked, (now, anew) => remember(now, anew) ?? show(now));
  tellChosen();
  show(asked);
  return [
    el("h2", { tabindex: "-1", class: "unseen" }, "Ranking"),
    el("p", { class: "lead" }, "Models of one tier cannot be told apart. A benchmark that a model did not take neither raises nor lowers it."),
    form,
    el("div", { class: "beside" }, told, compare),
    table.box,
    el("p", { class: "hint" }, "A score is what a model would have on average over all benchmarks of the domain, had it taken every one, in percent."),
    el("p", { class: "hint keys" }, "Up, Down, Page Up, Page Down, Home and End lead from model to model; Enter opens one."),
  ];
}

function foundInWords(all, found, maybe, scope) {
  const ranked = all.filter((place) => place.rank !== null).length;
  const few = all.length - ranked ? "; " + number.format(all.length - ranked) + " have too few benchmarks for a rank" : "";
  const more = maybe ? " " + counted(maybe, "more may fit", "more may fit") + ": what decides is not known of them." : "";
  const of = found === all.length ? "" : " of " + number.format(all.length);
  return counted(found, "model") + of + " in " + inWords(scope) + " (" + number.format(ranked) + " ranked" + few + ")." + more;
}

/** A cell: a value and below it a remark; what is not known is written small. */
const withRemark = (value, written, remark) =>
  value === null ? el("small", null, UNKNOWN) : [written(value), remark ? el("small", null, remark) : null];

const benchmarksOf = (place) =>
  number.format(place.benchmarks) + (place.self_reported ? " (" + place.self_reported + " by its maker)" : "");
