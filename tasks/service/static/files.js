// Send a file, follow how far it is, and look at its rows: sorted and filtered by the service.
import { ask, byId, fault, make, percent } from "/static/shared.js";

const COLUMNS = [["row", "Id"], ["probability", "Probability"], ["label", "Called"]], TWEET = ["text", "Tweet"];
const PAGE = 100, POLL = 400, LONGEST = 600; // characters of a tweet; the download has them all
const progress = byId("progress"), scored = byId("scored"), drop = byId("drop"), input = byId("file");
const most = Number(byId("upload").dataset.most);
let file = null, view = {}, asked = 0;

input.addEventListener("change", () => input.files.length && start(input.files[0]));
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) start(event.dataTransfer.files[0]);
  });
}

async function start(chosen) {
  forget();
  const mine = {};
  file = mine;
  try {
    if (chosen.size > most) throw new Error(`${chosen.name} has ${chosen.size.toLocaleString("en")} bytes; at most ${most.toLocaleString("en")} are taken here: score it with crisisflow score.`);
    const names = new URLSearchParams({ name: chosen.name });
    for (const each of ["text", "keyword", "id"]) if (byId(`column-${each}`).value.trim()) names.set(each, byId(`column-${each}`).value.trim());
    Object.assign(mine, await upload(`/files?${names}`, chosen));
    await follow(mine);
  } catch (error) {
    if (file === mine) progress.replaceChildren(fault(error.message));
  } finally {
    input.value = "";
  }
}

// With XMLHttpRequest, since fetch does not tell how much is sent.
function upload(address, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "json";
    request.upload.onprogress = (event) => show("Sending", event.loaded, event.total);
    request.onerror = () => reject(new Error("The connection ended before the file was sent: send it again."));
    request.onload = () => request.status === 202 ? resolve(request.response)
      : reject(new Error(request.response?.error?.message ?? `The service answers ${request.status}.`));
    request.open("POST", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(body);
  });
}

async function follow(mine) {
  while (file === mine && !["done", "failed"].includes(mine.state)) {
    if (mine.state === "waiting" && mine.ahead) show(`Waiting for ${mine.ahead === 1 ? "a file" : `${mine.ahead} files`} before it`, 0, null);
    else show("Scoring", mine.rows, mine.expected);
    await new Promise((resolve) => setTimeout(resolve, POLL));
    try {
      Object.assign(mine, await ask(`/files/${mine.id}`));
    } catch (error) {
      if (error.status) throw error; // else the service is away for the moment
    }
  }
  if (file !== mine) return;
  if (mine.state === "failed") throw new Error(mine.message);
  summarise(mine);
  await look({ sort: "row", descending: false, start: 0 });
}

function show(what, done, whole) {
  const far = whole ? Math.min(1, done / whole) : null;
  const bar = make("progress", { "aria-label": what, max: 1, value: far });
  progress.replaceChildren(make("p", {}, `${what}${far === null ? (done ? `: ${done.toLocaleString("en")} rows` : "") : `: ${Math.round(100 * far)} %`}`), bar);
}

function summarise(mine) {
  const { rows, positives, classes, in_doubt, not_scored } = mine.counts;
  const called = classes ? Object.entries(classes).map(([name, number]) => `${number.toLocaleString("en")} ${name}`).join(", ") : `${positives.toLocaleString("en")} called a disaster`;
  const parts = [`${mine.name}: ${rows.toLocaleString("en")} rows, ${called}`];
  if (in_doubt) parts.push(`${in_doubt.toLocaleString("en")} in doubt`);
  if (not_scored) parts.push(`${not_scored.toLocaleString("en")} not scored`);
  progress.replaceChildren(make("p", {}, `${parts.join(", ")}. By ${mine.model}${mine.version ? `, version ${mine.version}` : ""}.`),
    ...mine.doubts.map((each) => make("p", { class: "doubt" }, each)));
  byId("download").href = `/files/${mine.id}/scored.csv`;
  scored.hidden = false;
}

async function look(change) {
  view = { ...view, ...change, contains: byId("contains").value, called: byId("called").value };
  const turn = ++asked;
  try {
    const found = await ask(`/files/${file.id}/rows?${new URLSearchParams({ ...view, count: PAGE })}`);
    if (turn === asked) table(found);
  } catch (error) {
    if (turn === asked) byId("shown").replaceChildren(fault(error.message));
  }
}

function table(found) {
  const head = make("tr", { role: "row" });
  const kinds = Object.keys(found.rows[0]?.kinds ?? {});
  for (const [name, title] of [...COLUMNS, ...kinds.map((kind) => [null, kind.replaceAll("_", " ")]), TWEET]) {
    if (name === null) { // of a kind of information: shown, not sorted by
      head.append(make("th", { scope: "col", role: "columnheader" }, make("bdi", {}, title)));
      continue;
    }
    const sorted = view.sort === name;
    const button = make("button", { type: "button", "data-sort": name }, `${title}${sorted ? (view.descending ? " ▼" : " ▲") : ""}`);
    button.addEventListener("click", async () => {
      await look({ sort: name, descending: sorted ? !view.descending : name === "probability", start: 0 });
      byId("rows").querySelector(`[data-sort=${name}]`).focus();
    });
    head.append(make("th", { scope: "col", role: "columnheader", "aria-sort": sorted ? (view.descending ? "descending" : "ascending") : "none" }, button));
  }
  byId("rows").tHead.replaceChildren(head);
  byId("rows").tBodies[0].replaceChildren(...found.rows.map(row));
  const last = found.start + found.rows.length;
  byId("shown").textContent = found.matching ? `${(found.start + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${found.matching.toLocaleString("en")}` : "No row is like that.";
  byId("before").disabled = found.start === 0;
  byId("after").disabled = last >= found.matching;
}

function row(each) {
  const called = each.label === null ? "not scored" : typeof each.label === "string" ? each.label : each.label ? "disaster" : "no disaster";
  const tweet = make("td", { class: "tweet", role: "cell" }, make("bdi", {}, cut(each.text ?? "")));
  for (const note of [each.doubt && `in doubt: ${each.doubt}`, each.reason]) if (note) tweet.append(make("small", {}, note));
  const cell = (kind, text) => make("td", { class: kind, role: "cell" }, text); // narrow screens show rows as blocks
  return make("tr", { role: "row" }, cell("id", each.id ?? ""), cell("number", each.probability === null ? "–" : percent(each.probability)),
    cell("called", called), ...Object.values(each.kinds).map((kind) => cell("kind", kind ?? "")), tweet);
}

const cut = (text) => text.length <= LONGEST ? text : `${[...text].slice(0, LONGEST).join("")}… (${text.length.toLocaleString("en")} characters)`;

function forget() {
  if (file?.id) ask(`/files/${file.id}`, { method: "DELETE" }).catch(() => {}); // it goes by itself after a while
  file = null;
  scored.hidden = true;
  progress.replaceChildren();
}

let typing;
byId("contains").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => look({ start: 0 }), 200);
});
byId("view").addEventListener("submit", (event) => event.preventDefault());
byId("upload").addEventListener("submit", (event) => event.preventDefault());
byId("called").addEventListener("change", () => look({ start: 0 }));
byId("before").addEventListener("click", () => look({ start: Math.max(0, view.start - PAGE) }));
byId("after").addEventListener("click", () => look({ start: view.start + PAGE }));
byId("forget").addEventListener("click", () => { forget(); input.focus(); });
