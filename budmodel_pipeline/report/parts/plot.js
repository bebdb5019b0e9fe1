// What a score costs: every model with a price, and those that nothing cheaper beats.

const PLOT = { left: 44, right: 16, top: 16, bottom: 40, height: 460 };

/** The places that no cheaper one beats, from the cheapest on. */
function frontierOf(priced) {
  const best = [];
  for (const place of [...priced].sort((one, other) => priceOf(one) - priceOf(other) || other.score - one.score)) {
    if (!best.length || place.score > best.at(-1).score) best.push(place);
  }
  return best;
}

function plotView(asked, remember) {
  const told = el("p", { class: "found", role: "status" });
  const drawing = el("div", { class: "plot" });
  const best = el("div");
  let now = asked;
  const show = () => {
    const { found, maybe } = filtered(places[now.scope], now);
    const priced = found.filter((place) => priceOf(place) > 0);
    const more = maybe ? " " + counted(maybe, "more may fit", "more may fit") + ": what decides is not known of them." : "";
    told.textContent =
      counted(priced.length, "model") + " with a price of " + number.format(found.length) + " in " + inWords(now.scope) + "." + more;
    const frontier = frontierOf(priced);
    drawing.replaceChildren(priced.length ? drawn(priced, frontier, drawing.clientWidth || 800) : el("p", null, "No model has a price."));
    best.replaceChildren(frontierTable(frontier));
  };
  const form = filterForm(asked, (filters, anew) => {
    now = filters;
    remember(filters, anew) ?? show();
  });
  new ResizeObserver(show).observe(drawing);
  return [
    el("h2", { tabindex: "-1", class: "unseen" }, "Cost and capability"),
    el(
      "p",
      { class: "lead" },
      "The price is that of the cheapest usual offer, for a million tokens of which three quarters go in and one comes out. ",
      "The line joins the models that no cheaper one beats; the table below says which they are. ",
      "Filled: open weights; hollow: closed; grey: unknown.",
    ),
    form,
    told,
    drawing,
    best,
  ];
}

function frontierTable(frontier) {
  return tableOf(
    "Models that no cheaper one beats",
    ["Model", "US$ per M tokens", "Score, 90 % interval", "Provider"],
    frontier.map((place) => [
      inside("model/" + encodeURIComponent(place.group_id), theirs(nameOf(place.model))),
      money(priceOf(place)),
      scoreOf(place),
      theirs(place.model.cheapest_provider ?? UNKNOWN),
    ]),
  );
}

function drawn(priced, frontier, width) {
  const prices = priced.map(priceOf);
  const [cheapest, dearest] = [Math.log10(Math.min(...prices)) - 0.1, Math.log10(Math.max(...prices)) + 0.1];
  const [least, greatest] = endsOf(priced);
  const x = (price) => PLOT.left + ((Math.log10(price) - cheapest) / (dearest - cheapest)) * (width - PLOT.left - PLOT.right);
  const y = (score) => PLOT.top + ((greatest - score) / (greatest - least || 1)) * (PLOT.height - PLOT.top - PLOT.bottom);
  const point = (place) =>
    el(
      "svg:circle",
      {
        class: openness(place.model),
        cx: x(priceOf(place)),
        cy: y(place.score),
        r: 5,
        onclick: () => (location.hash = "model/" + encodeURIComponent(place.group_id)),
      },
      el("svg:title", null, place.model.display_name + ": " + scoreOf(place) + ", " + money(priceOf(place))),
    );
  const whisker = (place) =>
    el("svg:line", { class: "whisker", x1: x(priceOf(place)), x2: x(priceOf(place)), y1: y(place.lower), y2: y(place.upper) });
  return el(
    "svg:svg",
    {
      viewBox: "0 0 " + width + " " + PLOT.height,
      width,
      height: PLOT.height,
      role: "img",
      "aria-label": counted(priced.length, "model") + " by price and score. The table below has those that no cheaper one beats.",
    },
    ticks(cheapest, dearest).map((price) => upright(x(price), money(price))),
    [0, 20, 40, 60, 80, 100].filter((score) => score >= least && score <= greatest).map((score) => level(y(score), score, width)),
    frontier.map(whisker),
    el("svg:path", { class: "frontier", d: stairs(frontier.map((place) => [x(priceOf(place)), y(place.score)]), width - PLOT.right) }),
    priced.map(point),
    labels(frontier, x, y, width),
    el("svg:text", { class: "axis", x: width - PLOT.right, y: PLOT.height - 4, "text-anchor": "end" }, "US dollars per million tokens"),
    el("svg:text", { class: "axis", x: 4, y: 12 }, "Score"),
  );
}

/** 1, 2 and 5 times each power of ten; where that is too many, the powers alone. */
function ticks(from, until) {
  const steps = until - from > 2.5 ? [1] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(from); power <= until; power += 1) {
    found.push(...steps.map((step) => step * 10 ** power).filter((price) => Math.log10(price) >= from && Math.log10(price) <= until));
  }
  return found;
}

const upright = (x, text) => [
  el("svg:line", { class: "grid", x1: x, x2: x, y1: PLOT.top, y2: PLOT.height - PLOT.bottom }),
  el("svg:text", { x, y: PLOT.height - PLOT.bottom + 16, "text-anchor": "middle" }, text),
];

const level = (y, score, width) => [
  el("svg:line", { class: "grid", x1: PLOT.left, x2: width - PLOT.right, y1: y, y2: y }),
  el("svg:text", { x: PLOT.left - 6, y: y + 4, "text-anchor": "end" }, String(score)),
];

/** From the left to the right, up where a dearer one is better. */
function stairs(points, end) {
  const [[x, y], ...rest] = points;
  return "M" + x + "," + y + rest.map(([right, higher]) => "H" + right + "V" + higher).join("") + "H" + end;
}

/** The names of the frontier, as many as have room. */
function labels(frontier, x, y, width) {
  const taken = [];
  return [...frontier].reverse().map((place) => {
    const text = nameOf(place.model).slice(0, 28);
    const [across, down] = [x(priceOf(place)), y(place.score) - 10];
    const isLeft = across > width / 2;
    const box = { from: isLeft ? across - 7 * text.length : across, until: isLeft ? across : across + 7 * text.length, down };
    const hits = taken.some((one) => Math.abs(one.down - down) < 14 && one.from < box.until && box.from < one.until);
    if (hits || box.from < PLOT.left || box.until > width) return null;
    taken.push(box);
    return el("svg:text", { class: "name", x: across, y: down, "text-anchor": isLeft ? "end" : "start" }, text);
  });
}
