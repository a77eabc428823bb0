// Answers that the service has not confirmed yet. They lie in the browser's storage, one entry each, so that two open
// pages do not overwrite each other's, and are sent in their order until the service has kept them; their keys make sure
// that it keeps each one once.
import { send } from "/static/shared.js";

const PREFIX = "crisisflow.outbox.";
const FINAL = [400, 404, 409, 413, 422]; // sending these again would change nothing
const memory = new Map();
let storage = localStorage;
try {
  storage.setItem(`${PREFIX}try`, "");
  storage.removeItem(`${PREFIX}try`);
} catch {
  storage = null;
}

export const keeps = storage !== null; // whether answers outlive the page

export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

let count = 0;
export function put(address, body) {
  const name = `${PREFIX}${String(Date.now()).padStart(15, "0")}.${String(count++).padStart(6, "0")}.${body.key}`;
  const text = JSON.stringify({ address, body });
  if (keeps) storage.setItem(name, text);
  else memory.set(name, text);
}

// The entries of this annotator in their order, as [name, { address, body }].
export function unsent(annotator) {
  const names = keeps ? Object.keys(storage).filter((name) => name.startsWith(PREFIX)) : [...memory.keys()];
  const entries = names.sort().map((name) => [name, JSON.parse(keeps ? storage.getItem(name) : memory.get(name))]);
  return entries.filter(([, entry]) => entry.body.annotator === annotator);
}

function remove(name) {
  if (keeps) storage.removeItem(name);
  else memory.delete(name);
}

// Send all entries; `sent` is told of each answer, `refused` of each that will never be kept. Throws when the service is away.
export async function sendAll(annotator, sent, refused) {
  for (let entries = unsent(annotator); entries.length; entries = unsent(annotator)) {
    const [name, { address, body }] = entries[0];
    try {
      sent(await send(address, body), body);
      remove(name);
    } catch (error) {
      if (!FINAL.includes(error.status)) throw error;
      remove(name);
      refused(error, body);
      // An undo of what was never kept would be refused as well.
      for (const [later, entry] of unsent(annotator)) if (entry.body.answer === body.key) remove(later);
    }
  }
}
