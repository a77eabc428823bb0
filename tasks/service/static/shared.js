// What the pages share. Texts of strangers become text nodes and nothing else.

export const byId = (id) => document.getElementById(id);

// An element with attributes and children; a child that is no node becomes text.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function draw(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const fault = (message) => make("p", { class: "fault" }, message);

// The service's answer as an object. Throws an error whose message is the service's own; `status` is 0 without an answer.
export async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw Object.assign(new Error("The service does not answer."), { status: 0 });
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const message = body.error ? body.error.message : `The service answers ${response.status}.`;
  if (response.status === 401) location.assign("/login");
  throw Object.assign(new Error(message), { status: response.status });
}

export const send = (address, body) =>
  ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
