// What all tabs of the page do alike: languages, keys, requests, and what is said meanwhile.
import { TEXTS } from "./texts.js";

export const box = (id) => document.getElementById(id);

// As the API chooses the language of its errors.
export const spoken = navigator.languages.map((asked) => /^en\b/i.test(asked) ? "en"
  : /^ko\b/i.test(asked) ? "ko" : /^zh-(tw|hk|hant)\b/i.test(asked) ? "zh-TW" : "")
  .find(Boolean) ?? "en";
const AGAIN = /again|다시|再試/;
const LONGEST_WAIT_MS = 35000;
// So long nothing is shown, because most answers come sooner.
const QUIET_MS = 400;

export function words(english, values = {}) {
  const text = TEXTS[spoken]?.[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function speak() {
  if (spoken === "en") return;
  document.documentElement.lang = spoken;
  document.title = words(document.title);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    if (text) walker.currentNode.data = walker.currentNode.data.replace(text, () => words(text));
  }
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) {
      one.setAttribute(name, words(one.getAttribute(name)));
    }
  }
}

// An element; whatever stands in it is text. Names with a hyphen and `for` are attributes.
export function make(kind, values = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(values)) {
    if (name.includes("-") || name === "for" || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function say(text, bad = false) {
  box("message").textContent = text;
  box("message").classList.toggle("bad", bad);
}

export function number(value, most = 4) {
  const large = Math.abs(value) >= 1000;
  const chosen = large ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: most };
  return new Intl.NumberFormat(spoken, chosen).format(value);
}

export function moment(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat(spoken, { dateStyle: "medium", timeStyle: "short" }).format(time);
}

// --- Keys: one per purpose, in the memory of this tab alone.

export const PURPOSES = ["translate", "predict", "datasets"];
const nameOf = (purpose) => `key ${purpose}`;
let wanted = PURPOSES[0];

export function keyOf(purpose) {
  return sessionStorage.getItem(nameOf(purpose));
}

export function keep(purpose, key) {
  sessionStorage.setItem(nameOf(purpose), key);
}

// On this machine the address that `codefree up` prints holds the keys: `#keys/a/b/c`.
export const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

export function takeKeys() {
  const [what, ...keys] = location.hash.slice(1).split("/");
  if (what !== "keys" || !isLocal) return;
  PURPOSES.forEach((purpose, place) => {
    if (keys[place]) keep(purpose, keys[place]);
  });
  history.replaceState(null, "", location.pathname);
}

// For whom the form asks; shown unless there is a key.
export function wantKey(purpose) {
  wanted = purpose;
  const has = keyOf(purpose) !== null;
  box("key-form").hidden = has;
  box("forget").hidden = !has;
  box("key-what").textContent = {
    translate: words("This tab needs the key for translations."),
    predict: words("This tab needs the key for predictions."),
    datasets: words("This tab needs the key for datasets."),
  }[purpose];
  return has;
}

export function askForKey(purpose, reason, bad = true) {
  sessionStorage.removeItem(nameOf(purpose));
  wantKey(purpose);
  box("key").value = "";
  box("key").focus();
  say(reason, bad);
}

export function wireKeys(use, clear) {
  box("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keep(wanted, box("key").value.trim());
    box("key").value = "";
    wantKey(wanted);
    say("");
    use();
  });
  box("forget").addEventListener("click", () => {
    clear(wanted);
    askForKey(wanted, words("The key is forgotten."), false);
  });
}

// --- Requests.

export class Refusal extends Error {
  constructor(text, status, field, code) {
    super(text);
    Object.assign(this, { status, field, code });
  }
}

// A Response that is good; throws a Refusal in words, or an AbortError of the caller's signal.
export async function ask(purpose, path, { signal, headers = {}, ...options } = {}) {
  const key = keyOf(purpose);
  if (!key) {
    askForKey(purpose, words("Enter your API key first."));
    throw new Refusal(words("Enter your API key first."), 403);
  }
  const patience = AbortSignal.timeout(LONGEST_WAIT_MS);
  const either = signal ? AbortSignal.any([signal, patience]) : patience;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { "X-Api-Key": key, ...headers }, signal: either });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(patience.aborted
      ? words("The service did not answer in time; try again.")
      : words("The service cannot be reached; check your connection and try again."), 0);
  }
  if (answer.ok) return answer;
  const refusal = await refused(answer);
  if (answer.status === 403) {
    askForKey(purpose, refusal.code ? refusal.message
      : words("This API key is invalid; enter it again."));
  }
  throw refusal;
}

async function refused(answer) {
  let said = {};
  try { said = await answer.json(); } catch { /* not from this API */ }
  const wait = answer.headers.get("Retry-After");
  const reason = said.error || words("The service answered with {status}.", { status: answer.status });
  const text = wait && wait < 120 && !AGAIN.test(reason)
    ? `${reason} ${words("Try again in {seconds} s.", { seconds: wait })}` : reason;
  return new Refusal(text, answer.status, said.field, said.code);
}

// Shows what is waited for, and for how long already.
const waiting = new Map();
let clock = 0;

export async function working(what, promise) {
  const entry = { what, since: Date.now() };
  waiting.set(entry, entry);
  clock ||= setInterval(showWaiting, 200);
  try {
    return await promise;
  } finally {
    waiting.delete(entry);
    showWaiting();
  }
}

function showWaiting() {
  const [oldest] = [...waiting.values()].filter((one) => Date.now() - one.since > QUIET_MS);
  box("busy").hidden = !oldest;
  if (oldest) {
    const seconds = Math.floor((Date.now() - oldest.since) / 1000);
    box("busy-what").textContent = seconds < 2 ? oldest.what
      : words("{what} {seconds} s", { what: oldest.what, seconds });
  }
  if (!waiting.size) {
    clearInterval(clock);
    clock = 0;
  }
}

export function put(input, file) {
  const held = new DataTransfer();
  held.items.add(file);
  input.files = held.files;
  input.dispatchEvent(new Event("change"));
}

// A place where files can be dropped, beside the field that chooses one.
export function dropsInto(place, take) {
  const mark = (event, on) => {
    event.preventDefault();
    place.classList.toggle("over", on);
  };
  place.addEventListener("dragenter", (event) => mark(event, true));
  place.addEventListener("dragover", (event) => mark(event, true));
  place.addEventListener("dragleave", (event) => mark(event, false));
  place.addEventListener("drop", (event) => {
    mark(event, false);
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
}
