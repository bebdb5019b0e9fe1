// What the page holds: rows as objects, models by their id, and the details, which are unpacked when they are first needed.

/** Rows of a table of the page, as objects. */
const rowsOf = ({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));

const report = JSON.parse(document.getElementById("ranking-data").textContent);
const models = new Map(rowsOf(report.models).map((model) => [model.group_id, model]));
const scopes = Object.keys(report.places);
const places = Object.fromEntries(
  Object.entries(report.places).map(([scope, table]) => [
    scope,
    rowsOf(table).map((place) => ({ ...place, model: models.get(place.group_id) })),
  ]),
);

let unpacked;

/** The details, by a promise: `all` rows of a table, or those `of` one thing. Only what is asked for becomes objects. */
function details() {
  unpacked ??= unpack(document.getElementById("details-data").textContent).then((tables) => {
    const found = new Map();
    const of = (title, key, value) => {
      const { columns, rows } = tables[title];
      const index = title + " " + key;
      if (!found.has(index)) found.set(index, Map.groupBy(rows, (row) => row[columns.indexOf(key)]));
      return rowsOf({ columns, rows: found.get(index).get(value) ?? [] });
    };
    return { of, all: (title) => rowsOf(tables[title]), questions: tables.questions };
  });
  return unpacked;
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const chosen = new Set();
const MOST_CHOSEN = 5;
