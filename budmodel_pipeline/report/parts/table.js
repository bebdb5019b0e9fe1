// A table of any length of which only what is in sight is there. Rows are of one height, which the style sheet gives.

const BEYOND_SIGHT = 8;

/**
 * `columns` have a title, `cell(row)`, a class, and `value(row)` where one may sort by them; `key(row)` tells rows apart.
 * Up, Down, Page Up, Page Down, Home and End lead from row to row; the first link of a row is where one arrives.
 */
function longTable(caption, columns, key) {
  let rows = [];
  let sorted = { column: null, descending: false };
  let first = 0;
  const bodies = [el("tbody", { "aria-hidden": "true" }), el("tbody"), el("tbody", { "aria-hidden": "true" })];
  const [above, shown, below] = bodies;
  const heads = columns.map((column) => el("th", { scope: "col", class: column.class }, column.value ? sorter(column) : column.title));
  const table = el("table", null, el("caption", { class: "unseen" }, caption), el("thead", null, el("tr", { "aria-rowindex": 1 }, heads)), bodies);
  const box = el("div", { class: "long", role: "region", "aria-label": caption, tabindex: "0", onscroll: draw, onkeydown: walk }, table);
  new ResizeObserver(() => draw()).observe(box);

  function sorter(column) {
    return el("button", { type: "button", onclick: () => sortBy(column) }, column.title);
  }

  function sortBy(column) {
    sorted = { column, descending: sorted.column === column ? !sorted.descending : Boolean(column.greatFirst) };
    columns.forEach((one, at) => {
      if (one.value) heads[at].setAttribute("aria-sort", one === column ? (sorted.descending ? "descending" : "ascending") : "none");
    });
    show(rows);
    say("Sorted by " + column.title);
  }

  function inOrder(unsorted) {
    const { column, descending } = sorted;
    if (!column) return unsorted;
    const sign = descending ? -1 : 1;
    return [...unsorted].sort((one, other) => {
      const [left, right] = [column.value(one), column.value(other)];
      // What is not known is last, whichever end is first.
      if (left === null || right === null) return (left === null) - (right === null);
      return left < right ? -sign : left > right ? sign : 0;
    });
  }

  function show(unsorted) {
    rows = inOrder(unsorted);
    table.setAttribute("aria-rowcount", rows.length + 1);
    box.scrollTop = 0;
    draw(true);
  }

  function draw(anew) {
    const height = rowHeight();
    const inSight = Math.ceil((box.clientHeight || innerHeight) / height);
    const from = Math.max(0, Math.min(Math.floor(box.scrollTop / height) - BEYOND_SIGHT, rows.length - 1));
    const until = Math.min(rows.length, from + inSight + 2 * BEYOND_SIGHT);
    if (anew !== true && from === first && shown.childElementCount === until - from) return;
    const held = shown.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.key : null;
    first = from;
    shown.replaceChildren(...rows.slice(from, until).map(line));
    space(above, from * height);
    space(below, (rows.length - until) * height);
    if (held !== null) (rowOf(held)?.querySelector("a") ?? box).focus({ preventScroll: true });
  }

  function line(row, at) {
    return el(
      "tr",
      { "aria-rowindex": first + at + 2, "data-key": key(row), class: row.tier ? "tier" + (row.tier % 2) : null },
      columns.map((column) =>
        el(column.isHead ? "th" : "td", { class: column.class, scope: column.isHead ? "row" : null }, column.cell(row)),
      ),
    );
  }

  function space(body, height) {
    if (!body.firstChild) body.append(el("tr", null, el("td")));
    body.firstChild.style.setProperty("height", height + "px");
    body.hidden = height <= 0;
  }

  const rowOf = (held) => [...shown.children].find((one) => one.dataset.key === held);
  // In pixels; the style sheet gives it in the size of letters.
  const rowHeight = () => {
    const root = getComputedStyle(document.documentElement);
    return parseFloat(root.getPropertyValue("--row")) * parseFloat(root.fontSize);
  };

  function walk(event) {
    if (event.target.closest("input, select") && event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const page = Math.max(1, Math.floor(box.clientHeight / rowHeight()) - 2);
    const here = rows.findIndex((row) => key(row) === document.activeElement.closest("tr")?.dataset.key);
    const steps = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page, PageUp: here - page, Home: 0, End: rows.length - 1 };
    if (!(event.key in steps) || !rows.length) return;
    event.preventDefault();
    arrive(Math.max(0, Math.min(rows.length - 1, steps[event.key])));
  }

  function arrive(at) {
    const height = rowHeight();
    // The heads of the columns stay in sight and hide as much.
    const sight = box.clientHeight - table.tHead.offsetHeight;
    const top = at * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + sight) box.scrollTop = top + height - sight;
    draw();
    rowOf(key(rows[at]))?.querySelector("a")?.focus();
  }

  return { box, show };
}
