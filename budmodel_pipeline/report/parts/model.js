// Everything about one model.

const VALUES = { YES: "yes", NO: "no", CONDITIONAL: "on conditions", SILENT: "the license is silent", UNKNOWN, NOT_APPLICABLE: "does not arise" };

async function modelView(id) {
  const model = models.get(id);
  if (!model) return [el("h2", { tabindex: "-1" }, "No such model"), el("p", null, "This report holds no model ", theirs(id), ".")];
  const found = await details();
  const cards = found.of("cards", "group_id", id);
  const overall = places.overall?.find((place) => place.group_id === id);
  return [
    el("h2", { tabindex: "-1" }, theirs(model.display_name)),
    el("p", { class: "lead" }, theirs(model.maker ?? "maker unknown"), " · ", theirs(id)),
    pairsOf([
      ["Overall", overall ? known(overall.rank, (rank) => "rank " + rank + ", tier " + overall.tier) + ", " + scoreOf(overall) : "not ranked"],
      ["Size", sizeOf(model)],
      ["Context", known(model.context_length, (tokens) => number.format(tokens) + " tokens")],
      ["Memory to serve", known(model.serving_bytes_8k, (bytes) => gigabytes(bytes) + " for 8k tokens, " + known(model.serving_bytes_32k, gigabytes) + " for 32k")],
      ["Weights", openness(model)],
      ["License", theirs(licenseOf(model))],
      ["May earn money", VALUES[model.commercial_use] ?? model.commercial_use],
      ["Security verdict", verdictOf(model)],
      ["Price per million tokens", priceInWords(model)],
      ["Leaderboards", model.sources.map((source, at) => [at ? ", " : "", inside("sources/" + encodeURIComponent(source), source)])],
    ]),
    ticked("Compare it with others", chooser(model, () => say(chosen.size + " chosen to compare"))),
    el("h3", null, "Places and evidence"),
    evidenceOf(found, model),
    el("h3", null, "Scores in time"),
    historyOf(found, model),
    el("h3", null, "Card, license and security"),
    cards.length ? cards.map((card) => cardOf(found, card, cards.length === 1)) : el("p", null, "Nobody read a card of it: no source links to its files, and no catalog lists it."),
  ];
}

function priceInWords(model) {
  const free = model.free_providers ? "; " + counted(model.free_providers, "provider") + " for free" : "";
  if (model.input_usd_per_million_tokens === null) return UNKNOWN + free;
  const out = known(model.output_usd_per_million_tokens, money);
  const differ = model.contradicted_providers ? "; catalogs differ on what " + counted(model.contradicted_providers, "provider") + " asks" : "";
  return [
    money(model.input_usd_per_million_tokens) + " in, " + out + " out, at ",
    theirs(model.cheapest_provider),
    ", the cheapest of " + model.priced_providers + free + differ + " (" + model.price_catalog + ", " + day(model.prices_fetched_at) + ")",
  ];
}

/** What was read at one place. */
function cardOf(found, card, isOpen) {
  return el(
    "details",
    { open: isOpen },
    el("summary", null, theirs(card.target), " (" + card.origin + ", read " + day(card.extracted_at) + ")"),
    card.description ? el("p", null, theirs(card.description)) : null,
    foldable(
      "What its files and catalogs say",
      tableOf(
        "Card",
        ["Field", "Value", "How it is known", "Evidence, or why it is not known"],
        Object.entries(card.facts).map(([field, fact]) => [
          inWords(field),
          outside(written(fact.value)),
          theirs(fact.method ?? ""),
          theirs(fact.evidence || fact.reason || ""),
        ]),
      ),
    ),
    licenseTable(found, card),
    securityOf(found, card),
  );
}

function licenseTable(found, card) {
  const conflicts = found.of("conflicts", "target", card.target);
  const answers = card.document_id === null ? [] : found.of("answers", "document_id", card.document_id);
  return [
    el(
      "p",
      null,
      el("strong", null, "License: "),
      theirs(card.license_id ?? (card.license_tag ? "unknown; it is called " + card.license_tag : UNKNOWN)),
      ", known by " + { text: "its text", link: "the text that its card links to", tag: "its name alone", none: "nothing" }[card.license_evidence],
      card.license_state === "modified" ? ", with changes" : "",
      card.license_type ? "; " + card.license_type + ", suitability " + card.license_suitability : "",
      ".",
    ),
    conflicts.map((conflict) => el("p", { class: "warning" }, inWords(conflict.severity) + ": ", theirs(conflict.reason))),
    answers.length
      ? foldable(
          "What it permits: " + answers.length + " answers" + (answers.some((answer) => answer.quote) ? " with quotes" : ", without a text to quote"),
          tableOf(
            "What the license permits",
            ["Question", "Answer", "Quote"],
            answers.map((answer) => [
              found.questions[answer.question] ?? answer.question,
              [el("strong", null, VALUES[answer.value] ?? answer.value), ". ", theirs(answer.explanation ?? "")],
              answer.quote ? el("q", null, theirs(answer.quote)) : "none",
            ]),
          ),
        )
      : null,
  ];
}

function securityOf(found, card) {
  const findings = found.of("findings", "target", card.target);
  const when = card.scanned_at === null ? "nobody looked at its files" : "scanned " + day(card.scanned_at);
  const other = card.scanned_at !== null && card.scanned_revision !== card.revision ? ", at another revision than the card" : "";
  const more = findings.at(-1)?.more ?? 0;
  return [
    el("p", null, el("strong", null, "Security: "), card.security_verdict + ", " + when + other + "."),
    findings.length
      ? tableOf(
          "Findings",
          ["File", "Verdict", "Rule", "What was found", "Where"],
          findings.map((row) => [theirs(row.path), row.severity ?? row.file_verdict, row.rule ?? "", theirs(row.what ?? ""), theirs(row.place ?? "")]),
        )
      : null,
    more ? el("p", null, "And " + counted(more, "more finding") + "; marts.security_findings has all of them.") : null,
  ];
}
