// Where each number comes from, what its publisher allows, and whom to name.

async function sourcesView(wanted) {
  const found = await details();
  return [
    el("h2", { tabindex: "-1" }, "Sources and terms"),
    el("p", { class: "lead" }, "Every number leads back to stored bytes: the files below, by their hashes, as they came from these addresses."),
    report.kept_out.length
      ? el("p", { class: "warning" }, "Left out, since their publishers do not permit it to be passed on like this: " + report.kept_out.join(", ") + ".")
      : null,
    found.all("sources").map((source) => sourceOf(source, source.source === wanted)),
    el("h3", null, "Data terms and attributions"),
    tableOf(
      "What publishers allow",
      ["Whom to name", "To pass on", "For money", "Where it says so", "Read on"],
      found.all("terms")
        .filter((terms) => !report.kept_out.includes(terms.source))
        .map((terms) => [
          [theirs(terms.attribution || terms.title), terms.benchmark_id ? el("small", null, " " + terms.benchmark_id) : null],
          SAID[terms.allowed],
          SAID[terms.commercial],
          theirs(terms.evidence),
          terms.verified_on ?? "nobody did",
        ]),
    ),
    el("h3", null, "Benchmarks that tell little or take no part"),
    tableOf(
      "Benchmarks and what is to be said of them",
      ["Benchmark", "Domain", "Models", "Remark"],
      found.all("benchmarks")
        .filter((row) => row.is_saturated || row.is_thin || !row.is_used)
        .map((row) => [
          theirs(row.benchmark_title),
          inWords(row.scope),
          number.format(row.groups),
          [row.is_saturated ? "saturated: the best cannot be told apart" : null, row.is_thin ? "thin: fewer than 10 models" : null, row.reason]
            .filter(Boolean)
            .join("; "),
        ]),
    ),
  ];
}

function sourceOf(source, isOpen) {
  return el(
    "details",
    { open: isOpen, id: "source-" + source.source },
    el("summary", null, theirs(source.title), " – " + counted(source.scores, "score") + ", " + (source.as_of === null ? "the publisher gives no date" : "as of " + source.as_of)),
    pairsOf([
      ["Publisher", outside(source.homepage, source.publisher)],
      ["Origin", source.origin === "live" ? "live" : source.origin + ", not the live site"],
      ["Fetched", day(source.changed_at) + (source.status === "ok" ? "" : " (" + source.status + ")")],
      ["Rows", number.format(source.rows_read) + " read, " + number.format(source.rows_rejected) + " rejected"],
      ["Models", number.format(source.models)],
      ...(source.last_error ? [["Last failure", theirs(source.last_error)]] : []),
    ]),
    tableOf(
      "Files",
      ["File", "Address", "SHA-256", "Fetched"],
      source.files.map(([endpoint, url, hash, fetched]) => [theirs(endpoint), outside(url), el("code", null, hash), day(fetched)]),
    ),
  );
}
