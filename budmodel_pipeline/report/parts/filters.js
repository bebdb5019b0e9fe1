// Which models are asked for. What decides about a model and is not known neither lets it in nor hides that it may belong.

const atMost = (of) => (row, most) => (of(row) === null ? null : of(row) <= most);
const atLeast = (of) => (row, least) => (of(row) === null ? null : of(row) >= least);
const priceOf = (place) => place.blended_usd_per_million_tokens;

/** What others ask for the same, so that nobody takes the cheapest for the price. */
const upTo = (place) => place.dearest_blended_usd_per_million_tokens > priceOf(place) && "to " + money(place.dearest_blended_usd_per_million_tokens);

/** A name without the account before it, where its maker stands beside it. */
const nameOf = (model) => (model.maker && /^[\w.-]+\/[\w.-]+$/.test(model.display_name) ? model.display_name.split("/")[1] : model.display_name);

/** Each with what it asks of a place in the ranking: true, false, or null for not known. */
const FILTERS = [
  { id: "license", label: "License class", of: "license_type", meets: (place, wanted) => is(place.model.license_type, wanted) },
  {
    id: "commercial",
    label: "May earn money",
    options: ["YES", "CONDITIONAL", "NO"],
    meets: (place, wanted) => is(place.model.commercial_use === "UNKNOWN" ? null : place.model.commercial_use, wanted),
  },
  {
    id: "open",
    label: "Weights",
    options: ["open", "closed"],
    meets: (place, wanted) => is(place.model.open_weights === null ? null : openness(place.model), wanted),
  },
  {
    id: "verdict",
    label: "Security verdict",
    options: ["safe", "suspicious", "malicious", "unscanned", "error"],
    meets: (place, wanted) => is(place.model.target === null ? null : place.model.verdict, wanted),
  },
  { id: "parameters", label: "Size, at most (B parameters)", meets: atMost((place) => over(place.model.parameters, 1e9)) },
  { id: "memory", label: "Memory at 8k, at most (GB)", meets: atMost((place) => over(place.model.serving_bytes_8k, 1e9)) },
  { id: "context", label: "Context, at least (k tokens)", meets: atLeast((place) => over(place.model.context_length, 1e3)) },
  { id: "price", label: "Price, at most (US$ / M tokens)", meets: atMost(priceOf) },
];

const is = (value, wanted) => (value === null ? null : value === wanted);
const over = (value, unit) => (value === null ? null : value / unit);

/** The places that meet every condition, and how many may: those of which something that decides is not known. */
function filtered(all, asked) {
  const conditions = FILTERS.filter(({ id }) => asked[id]).map(({ id, meets, options, of }) => {
    const wanted = options || of ? asked[id] : Number(asked[id]);
    return (place) => meets(place, wanted);
  });
  const words = (asked.words ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  let maybe = 0;
  for (const place of all) {
    if (asked.ranked && place.rank === null) continue;
    if (words.length && !words.every((word) => searched(place.model).includes(word))) continue;
    const answers = conditions.map((condition) => condition(place));
    if (answers.includes(false)) continue;
    if (answers.includes(null)) maybe += 1;
    else found.push(place);
  }
  return { found, maybe };
}

function searched(model) {
  model.searched ??= [model.display_name, model.maker, model.group_id].join(" ").toLowerCase();
  return model.searched;
}

/** The fields of the filters; `changed` is called with what is asked for. */
function filterForm(asked, changed) {
  const tell = () => {
    const data = new FormData(form);
    changed(Object.fromEntries([...data].filter(([, value]) => value !== "")));
  };
  const list = (id, options, first) =>
    el("select", { name: id }, first, options.map(([value, text]) => el("option", { value, selected: asked[id] === value }, text)));
  const any = el("option", { value: "" }, "any");
  const classes = [...new Set([...models.values()].map((model) => model.license_type).filter(Boolean))].sort();
  const form = el(
    "form",
    { role: "search", "aria-label": "Models", oninput: tell, onsubmit: (event) => event.preventDefault() },
    labelled("Domain", list("scope", scopes.map((scope) => [scope, inWords(scope)]))),
    labelled("Search", el("input", { type: "search", name: "words", value: asked.words, placeholder: "model or maker" })),
    el(
      "details",
      { open: FILTERS.some(({ id }) => asked[id]) || matchMedia("(min-width: 60rem)").matches },
      el("summary", null, "Filters"),
      el(
        "div",
        { class: "fields" },
        FILTERS.map(({ id, label, options, of }) => {
          const values = of ? classes : options;
          if (values) return labelled(label, list(id, values.map((value) => [value, inWords(value).toLowerCase()]), any.cloneNode(true)));
          return labelled(label, el("input", { type: "number", name: id, min: 0, step: "any", inputmode: "decimal", value: asked[id] }));
        }),
        ticked("Only models with a rank", el("input", { type: "checkbox", name: "ranked", value: "yes", checked: asked.ranked === "yes" })),
        el("button", { type: "button", onclick: () => changed({ scope: asked.scope }, true) }, "Clear the filters"),
      ),
    ),
  );
  return form;
}
