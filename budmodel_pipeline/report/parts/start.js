// Which view is shown: the address after # says it, so that a view can be bookmarked and one can go back.

const VIEWS = [
  ["ranking", "Ranking", (rest, asked) => rankingView(asked, rememberer("ranking"))],
  ["plot", "Cost and capability", (rest, asked) => plotView(asked, rememberer("plot"))],
  ["compare", "Comparison", (rest) => comparisonView(rest ? rest.split(",").map(decoded) : [...chosen])],
  ["changes", "Changes", () => changesView()],
  ["sources", "Sources and terms", (rest) => sourcesView(decoded(rest))],
  ["model", null, (rest) => modelView(decoded(rest))],
];

const FROM = { live: "the live sites", mirror: "a mirror", sample: "the bundled samples (no live figures)", backfill: "older files" };

// What was asked for last stays, whatever one looks at between.
let filters = {};

/** Keeps the filters and writes them into the address; `anew` draws the view again. */
const rememberer = (view) => (asked, anew) => {
  filters = asked;
  history.replaceState(null, "", "#" + view + "?" + new URLSearchParams(asked));
  if (anew) return draw() ?? true;
};

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

let drawing = 0;

async function draw(event) {
  const [path, query] = location.hash.slice(1).split("?");
  const [first, ...rest] = path.split("/");
  const [view, title, make] = VIEWS.find(([id]) => id === first) ?? VIEWS[0];
  const asked = query ? Object.fromEntries(new URLSearchParams(query)) : filters;
  filters = scopes.includes(asked.scope) ? asked : { ...asked, scope: scopes[0] };
  const turn = (drawing += 1);
  const main = document.getElementById("main");
  const shown = scopes.length ? await made(() => make(rest.join("/"), filters)) : nothing();
  if (turn !== drawing) return;
  main.replaceChildren(...shown.flat(3).filter(Boolean));
  const heading = main.querySelector("h2");
  document.title = heading.textContent + " – which AI models are better";
  document.querySelectorAll("#views a").forEach((link) => {
    if (link.hash === "#" + view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  if (event) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
    main.querySelector("#main > details[open]")?.scrollIntoView();
  }
}

/** A view, or why it cannot be shown. */
async function made(make) {
  try {
    return await make();
  } catch (problem) {
    console.error(problem);
    return [el("h2", { tabindex: "-1" }, "This view cannot be shown"), el("p", null, String(problem), ". A browser of 2024 or later can.")];
  }
}

const nothing = () => [el("h2", { tabindex: "-1" }, "Nothing is ranked yet"), el("p", null, "Too few scores connect models for a ranking.")];

function head() {
  const from = report.origins.map((origin) => FROM[origin] ?? origin).join(" and ");
  document.getElementById("about").textContent = counted(models.size, "model") + ", by public evidence from " + from + ", on " + day(report.made_at) + ".";
  document.getElementById("views").append(
    ...VIEWS.filter(([, title]) => title).map(([id, title]) => inside(id, title)),
  );
  const notices = [];
  if (report.not_for_money.length) notices.push("Not to be used for money: " + report.not_for_money.join(", ") + ".");
  if (report.left_out) notices.push(counted(report.left_out, "ranked model is", "ranked models are") + " left out: their ranks stand on what may not be passed on.");
  notices.push("Every figure names its source, and whom to name for it stands under Sources and terms.");
  document.getElementById("notices").append(...notices.map((text) => el("p", null, text)));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("main").focus();
  });
}

head();
addEventListener("hashchange", draw);
draw();
