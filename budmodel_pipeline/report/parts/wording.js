// How values are written. What is not known is said to be so, and is never a zero.

const UNKNOWN = "unknown";
const UNITS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const share = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const known = (value, written) => (value === null || value === undefined ? UNKNOWN : written(value));

/** 32,762,123,264 as 32.8B. */
function inShort(value) {
  const [size, unit] = UNITS.find(([least]) => value >= least) ?? [1, ""];
  return Number((value / size).toPrecision(3)) + unit;
}

const money = (value) => "$" + (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
const gigabytes = (value) => share.format(value / 1e9) + " GB";
const day = (value) => String(value).slice(0, 10);
const inWords = (word) => String(word).replaceAll("_", " ");
const counted = (many, one, several) => number.format(many) + " " + (many === 1 ? one : several ?? one + "s");

/** Whatever a fact is: a text, a number, a list. */
function written(value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === "number") return exact.format(value);
  if (Array.isArray(value)) return value.map(written).join(", ") || "none";
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

const scoreOf = (place) => share.format(place.score) + " (" + share.format(place.lower) + "–" + share.format(place.upper) + ")";

const sizeOf = (model) =>
  known(model.parameters, inShort) + (model.parameters_basis === "stated" ? " (stated)" : "");

const licenseOf = (model) =>
  model.license_id === null ? UNKNOWN : model.license_id + (model.license_basis === "tag" ? " (by tag)" : "");

const openness = (model) => (model.open_weights === null ? UNKNOWN : model.open_weights ? "open" : "closed");

const SAID = { permitted: "permitted", unclear: "no terms found", forbidden: "forbidden" };
