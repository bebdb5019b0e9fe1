"use strict";
// Making elements. Whatever comes from outside goes through `el` as a string, which becomes text and nothing else.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`onclick` and the like are listeners) and children; null children are left out. */
function el(tag, attributes, ...children) {
  const isDrawn = tag.startsWith("svg:");
  const node = isDrawn ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A name of somebody else: its direction of writing ends with it. */
const theirs = (text) => el("bdi", null, text);

/** A link to a place on this page. */
const inside = (address, ...children) => el("a", { href: "#" + address }, ...children);

/** A link to somebody's site where that is an address of the web, else its text. */
function outside(address, text) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return theirs(text ?? address);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return theirs(text ?? address);
  return el("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, theirs(text ?? address));
}

/** A table that scrolls by itself where it is too wide: `heads` are texts, `rows` lists of cells; a cell is text or elements.
 * The first cell of a row is its head. `kind` is a class of the table. */
function tableOf(caption, heads, rows, kind) {
  return el(
    "div",
    { class: "wide", role: "region", "aria-label": caption, tabindex: "0" },
    el(
      "table",
      { class: kind },
      el("caption", null, caption),
      el("thead", null, el("tr", null, heads.map((head) => el("th", { scope: "col" }, head)))),
      el(
        "tbody",
        null,
        rows.map(([first, ...rest]) =>
          el("tr", null, el("th", { scope: "row" }, first ?? ""), rest.map((cell) => el("td", null, cell ?? ""))),
        ),
      ),
    ),
  );
}

/** What one may look at: closed where a small screen has no room for it. */
const foldable = (title, ...children) =>
  el("details", { open: matchMedia("(min-width: 48rem)").matches }, el("summary", null, title), children);

let fields = 0;

/** A field of a form below its label. */
function labelled(label, input) {
  input.id = "field-" + (fields += 1);
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input);
}

/** A box to tick before its label. */
function ticked(label, input) {
  input.id = "field-" + (fields += 1);
  return el("div", { class: "check" }, input, el("label", { for: input.id }, label));
}

/** Names and what they stand for. */
const pairsOf = (pairs) =>
  el("dl", null, pairs.map(([term, ...told]) => el("div", null, el("dt", null, term), el("dd", null, ...told))));

/** Tells those who do not see the page what has become of it. */
function say(text) {
  document.getElementById("said").textContent = text;
}
