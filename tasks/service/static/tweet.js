// Ask about one tweet, and show what the model says and why.
import { byId, draw, fault, make, percent, send } from "/static/shared.js";

const STRONGEST = 8, NOTHING = 0.1;
const form = byId("tweet"), answer = byId("answer"), button = form.querySelector("button");
let latest = 0;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const turn = ++latest, keyword = byId("keyword").value.trim();
  const tweet = { text: byId("text").value };
  if (keyword) tweet.keyword = keyword;
  button.disabled = true;
  try {
    const said = await send("/explain", tweet);
    if (turn === latest) answer.replaceChildren(...shown(said));
  } catch (error) {
    if (turn === latest) answer.replaceChildren(fault(error.message));
  } finally {
    button.disabled = false;
  }
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

function shown(said) {
  if (said.probability === null) return [fault("There is no text to judge.")];
  const called = said.label === 1;
  const by = make("span", { class: "hint" }, `By ${said.model}${said.version ? `, version ${said.version}` : ""}.`);
  const parts = said.classes ? [
    make("p", { class: "negative" }, make("b", { class: "verdict" }, make("bdi", {}, said.label)), `: probability ${percent(said.probability)}, the likeliest of ${said.explained_classes.length} classes. `, by),
    classes(said.explained_classes),
  ] : [
    make("p", { class: called ? "positive" : "negative" }, make("b", { class: "verdict" }, called ? "Disaster" : "No disaster"),
      `: probability ${percent(said.probability)}, called a disaster from ${percent(said.threshold)} on. `, by),
    scale(said),
  ];
  if (said.kinds) parts.push(kinds(said.kinds, said.explained_kinds ?? {}));
  if (said.doubt) parts.push(make("p", { class: "doubt" }, `In doubt: ${said.doubt}. The model did not learn from such texts.`));
  if (said.lacking) parts.push(make("p", { class: "hint" }, "The model learned with keywords; with one the answer may be another."));
  return [...parts, ...words(said), ...twins(said.twins)];
}

function scale(said) {
  const at = (share) => (100 * share).toFixed(2);
  return draw("svg", { class: `scale ${said.label ? "positive" : "negative"}`, viewBox: "0 0 100 8", preserveAspectRatio: "none",
    role: "img", "aria-label": `probability ${percent(said.probability)}, threshold ${percent(said.threshold)}` },
    draw("rect", { class: "whole", width: 100, height: 8 }),
    draw("rect", { class: "part", width: at(said.probability), height: 8 }),
    draw("line", { class: "mark", x1: at(said.threshold), x2: at(said.threshold), y1: 0, y2: 8, "vector-effect": "non-scaling-stroke", "stroke-width": 2 }));
}

function kinds(found, explained) {
  const list = make("ul", { class: "kinds" });
  for (const [name, said] of Object.entries(found)) {
    const item = make("li", {}, make("bdi", {}, name.replaceAll("_", " ")), ": ", make("b", {}, make("bdi", {}, said.label)), ` (${percent(said.probability)})`);
    if (explained[name]) item.append(classes(explained[name]));
    list.append(item);
  }
  return list;
}

// Every class with its probability; opened, the words that speak for it and against it.
function classes(found) {
  const list = make("ul", { class: "kinds" });
  for (const each of found) {
    const telling = each.tokens.filter((word) => Math.abs(word.log_odds) >= NOTHING).sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds)).slice(0, STRONGEST);
    const details = make("details", {}, make("summary", {}, make("bdi", {}, each.label), ` ${percent(each.probability)}`),
      make("p", { class: "words", dir: "auto" }, ...telling.flatMap((word) => [make("span", { class: `word ${word.kind} strength-${word.strength}` }, `${word.token} ${figure(word.log_odds)}`), " "]), telling.length ? "" : "No word moves it."));
    list.append(make("li", {}, details));
  }
  return list;
}

const figure = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

function words(said) {
  const read = make("p", { class: "words", dir: "auto" });
  for (const each of said.tokens) {
    const word = each.known ? each.token : make("s", {}, each.token);
    read.append(make("span", { class: `word ${each.kind} strength-${each.strength}`, title: figure(each.log_odds) }, word), " ");
  }
  if (said.unexplained) read.append(make("em", {}, `and ${said.unexplained} more`));
  const counted = said.tokens.filter((each) => Math.abs(each.log_odds) >= NOTHING);
  counted.sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds));
  return [
    make("h3", {}, "As the model read it"), read,
    make("div", { class: "two" },
      side(said.classes ? `For ${said.label}` : "For a disaster", "positive", counted.filter((each) => each.log_odds > 0)),
      side("Against", "negative", counted.filter((each) => each.log_odds < 0))),
    make("p", { class: "note" }, "Each figure: by how much the log-odds fall when that word alone is left out. They need not add " +
      "up: words that say the same cover for each other. Struck out: words that the model does not know."),
  ];
}

function side(title, kind, found) {
  const list = make("ul", { class: kind });
  for (const each of found.slice(0, STRONGEST)) list.append(make("li", {}, make("bdi", {}, each.token), ` ${figure(each.log_odds)}`));
  return make("div", {}, make("h3", {}, title), found.length ? list : make("p", { class: "hint" }, "No word."));
}

function twins(found) {
  const title = make("h3", {}, "Twins in the training data");
  if (!found) return [title, make("p", { class: "hint" }, "The tweets of this model are not in the store.")];
  if (!found.count) return [title, make("p", { class: "hint" }, "None: no tweet there differs from this one in nothing but case, addresses, mentions and digits.")];
  const list = make("ul");
  for (const each of found.shown) {
    const label = each.label === null ? "no label" : typeof each.label === "string" ? each.label : each.label ? "disaster" : "no disaster";
    list.append(make("li", {}, make("bdi", {}, each.text), make("small", {}, ` ${label}, ${each.split}`)));
  }
  const more = found.count - found.shown.length;
  return [title, list, ...(more ? [make("p", { class: "hint" }, `and ${more} more`)] : [])];
}
