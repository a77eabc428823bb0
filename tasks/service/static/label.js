// The label queue by keys: 1, 0 or, of several classes, 1 to 9; s(kip), u(ndo). Nothing waits for the service: answers go into the outbox.
import { ask, byId, fault } from "/static/shared.js";
import { keeps, newKey, put, sendAll, unsent } from "/static/outbox.js";

const AHEAD = 8, LEAST = 3, RETRY = [1000, 2000, 5000, 10000];
const GIVEN = "crisisflow.given.", MOST_GIVEN = 50; // for undo, also when the page was loaded anew
const TWO = [["1", 1, "Disaster"], ["0", 0, "No disaster"]], MOST_KEYS = 9; // key, label, words
const desk = byId("desk"), who = byId("who"), name = byId("name");
let annotator = "", waiting = [], given = [], open = null, failures = 0, sending = false, asking = false, skipped = false, timer = null;
const answered = new Set();

who.addEventListener("submit", (event) => {
  event.preventDefault();
  begin(name.value.trim());
});

function begin(chosen) {
  if (!chosen) return;
  annotator = chosen;
  if (keeps && !name.readOnly) localStorage.setItem("crisisflow.annotator", annotator);
  document.querySelector(".who").hidden = true;
  desk.hidden = false;
  const kept = unsent(annotator).map(([, { body }]) => body), undone = new Set(kept.map((body) => body.answer));
  for (const body of kept) if (body.question && !undone.has(body.key)) answered.add(body.question);
  if (keeps) given = JSON.parse(sessionStorage.getItem(`${GIVEN}${annotator}`) ?? "[]");
  if (!keeps) byId("trouble").replaceChildren(fault("This browser keeps nothing for the page: leave it open until all answers are sent."));
  flush();
  refill();
}

async function refill() {
  if (asking) return;
  asking = true;
  try {
    const found = await ask(`/labels/next?${new URLSearchParams({ annotator, count: AHEAD })}`);
    open = found.open;
    skipped = found.tweets.length > 0 && found.tweets.every((each) => answered.has(each.number));
    const known = new Set(waiting.map((each) => each.number));
    waiting.push(...found.tweets.filter((each) => !known.has(each.number) && !answered.has(each.number)));
  } catch (error) {
    later(error);
  } finally {
    asking = false;
    show();
  }
}

function answer(key) {
  if (key === "u") return undo();
  const tweet = waiting.shift();
  if (!tweet) return;
  const chosen = choicesOf(tweet).find(([each]) => each === key);
  if (!chosen && key !== "s") return void waiting.unshift(tweet);
  const body = { key: newKey(), annotator, question: tweet.number, label: chosen ? chosen[1] : null };
  answered.add(tweet.number);
  given.push({ tweet, key: body.key });
  put("/labels", body);
  after();
}

// What can be answered to a tweet: the key of each answer, the label, the words. Beyond the ninth class there is no key to
// press: "#10" is the name of a button alone.
function choicesOf(tweet) {
  if (!tweet || !tweet.classes) return TWO;
  return tweet.classes.map((each, place) => [place < MOST_KEYS ? `${place + 1}` : `#${place + 1}`, each, each]);
}

function offer(tweet) {
  const choices = choicesOf(tweet), box = byId("choices"), offered = JSON.stringify(choices);
  if (box.dataset.offered === offered) return;
  box.dataset.offered = offered;
  box.replaceChildren(...choices.map(([key, , words]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.append(`${words} `);
    if (!key.startsWith("#")) button.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    return button;
  }));
}

function undo() {
  const last = given.pop();
  if (!last) return say("There is no answer on this page to undo.");
  put("/labels/undo", { key: newKey(), annotator, answer: last.key });
  answered.delete(last.tweet.number);
  waiting.unshift(last.tweet);
  after();
}

function after() {
  given = given.slice(-MOST_GIVEN);
  if (keeps) sessionStorage.setItem(`${GIVEN}${annotator}`, JSON.stringify(given));
  show();
  flush();
  if (waiting.length < LEAST) refill();
}

async function flush() {
  if (sending) return;
  sending = true;
  try {
    await sendAll(annotator, (kept) => { open = kept.open; failures = 0; show(); }, (error) => byId("trouble").replaceChildren(fault(`Not kept: ${error.message}`)));
  } catch (error) {
    later(error);
  } finally {
    sending = false;
    show();
  }
  if (!waiting.length && !unsent(annotator).length && open) later(null);
}

// Try again after a while: the service is away, or the tweets that are left are before others.
function later(error) {
  if (error) failures += 1;
  clearTimeout(timer);
  timer = setTimeout(() => { flush(); if (waiting.length < LEAST) refill(); }, RETRY[Math.min(failures, RETRY.length - 1)]);
}

function show() {
  const tweet = waiting[0], kept = unsent(annotator).length;
  byId("question").textContent = tweet ? tweet.text : empty();
  byId("keyword").textContent = tweet && tweet.keyword ? `Keyword: ${tweet.keyword}` : "";
  offer(tweet);
  for (const button of desk.querySelectorAll("[data-key]")) button.disabled = button.dataset.key === "u" ? !given.length : !tweet;
  const left = open === null ? "" : `${open} to label. `;
  const unkept = kept === 1 ? "1 answer is" : `${kept} answers are`;
  say(left + (kept && failures ? `${unkept} not sent yet: kept in this browser, and sent again.` : kept ? "Sending." : "Every answer is kept."));
}

function empty() {
  if (open === null) return failures ? "The service does not answer: trying again." : "";
  if (open && skipped) return "You have skipped those that are left: load the page anew to see them again.";
  return open ? "The tweets that are left are before other annotators: waiting." : "The queue is empty: crisisflow label queue fills it.";
}

function say(text) {
  if (byId("state").textContent !== text) byId("state").textContent = text;
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (button) answer(button.dataset.key);
});
document.addEventListener("keydown", (event) => {
  if (desk.hidden || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const keys = [...choicesOf(waiting[0]).map(([key]) => key), "s", "u"];
  if (keys.includes(event.key.toLowerCase())) { event.preventDefault(); answer(event.key.toLowerCase()); }
});
addEventListener("online", () => annotator && flush());
const before = name.readOnly ? name.value : keeps ? localStorage.getItem("crisisflow.annotator") : "";
if (before) { name.value = before; if (name.readOnly) begin(before); }
