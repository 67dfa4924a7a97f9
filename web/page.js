"use strict";

const KEY = "api-key";
const box = (id) => document.getElementById(id);
const names = new Intl.DisplayNames([navigator.language, "en"], { type: "language" });
const COMMON = ["ar", "zh", "zh-TW", "nl", "en", "fr", "de", "hi", "id", "it", "ja", "ko", "pl",
  "pt", "ru", "es", "sv", "th", "tr", "uk", "vi"];
let known = { pairs: [], others: false, max_bytes: Infinity };
let running = null;

function say(text, bad = false) {
  box("message").textContent = text;
  box("message").classList.toggle("bad", bad);
}

function count() {
  const text = box("text").value;
  const bytes = new TextEncoder().encode(text).length;
  const over = bytes > known.max_bytes;
  const characters = [...text].length;
  box("count").textContent = over
    ? `${bytes.toLocaleString()} bytes, ${known.max_bytes.toLocaleString()} fit`
    : `${characters.toLocaleString()} ${characters === 1 ? "character" : "characters"}`;
  box("count").classList.toggle("over", over);
  box("translate").disabled = over || !text.trim() || running !== null;
}

function fill(select, codes, chosen) {
  select.replaceChildren(...codes.map((code) => {
    let label = code;
    try { label = code === "auto" ? "Detect the language" : names.of(code); } catch { /* the code itself */ }
    return new Option(label, code, false, code === chosen);
  }));
}

function targetsOf(source) {
  const own = known.pairs.filter((pair) => pair.source === source).map((pair) => pair.target);
  return known.others ? [...new Set([...own, ...COMMON])].filter((code) => code !== source) : own;
}

function offerSources(chosen) {
  const own = known.pairs.map((pair) => pair.source);
  const all = known.others ? [...own, "auto", ...COMMON] : own;
  fill(box("source"), [...new Set(all)], chosen);
  offerTargets();
}

function offerTargets(chosen = box("target").value) {
  const targets = targetsOf(box("source").value);
  fill(box("target"), targets, targets.includes(chosen) ? chosen : targets[0]);
  const back = targetsOf(box("target").value).includes(box("source").value);
  box("swap").disabled = !back || box("source").value === "auto";
}

async function loadLanguages() {
  const answer = await fetch("languages");
  if (!answer.ok) throw new Error();
  known = await answer.json();
  offerSources(known.pairs[0]?.source ?? "en");
  count();
}

function askForKey(reason) {
  sessionStorage.removeItem(KEY);
  box("key-form").hidden = false;
  box("forget").hidden = true;
  box("key").value = "";
  box("key").focus();
  say(reason, true);
}

async function refusal(answer) {
  let reason = "";
  try { reason = (await answer.json()).error; } catch { /* not from this API */ }
  const wait = answer.headers.get("Retry-After");
  reason ||= `The service answered with ${answer.status}.`;
  return wait && wait < 120 && !/again/.test(reason) ? `${reason} Try again in ${wait} s.` : reason;
}

async function translate() {
  const text = box("text").value;
  const key = sessionStorage.getItem(KEY);
  if (!text.trim() || running) return;
  if (!key) return askForKey("Enter your API key first.");
  running = new AbortController();
  const patience = setTimeout(() => running?.abort(), 35000);
  count();
  say("Translating …");
  try {
    const answer = await fetch("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Api-Key": key },
      body: JSON.stringify({ text, source: box("source").value, target: box("target").value }),
      signal: running.signal,
    });
    if (answer.status === 403) return askForKey("This API key is not right; enter it again.");
    if (!answer.ok) return say(await refusal(answer), true);
    show((await answer.json()).translations[0]);
  } catch (error) {
    say(error.name === "AbortError" ? "The service did not answer in time; try again."
      : "The service cannot be reached; check your connection and try again.", true);
  } finally {
    clearTimeout(patience);
    running = null;
    count();
  }
}

function show(translated) {
  if (translated.error) return say(translated.error, true);
  box("translation").value = translated.translation;
  box("translation").lang = box("target").value;
  box("engine").textContent = translated.engine === "sagemaker" ? "own translator" : "Amazon Translate";
  box("copy").disabled = false;
  say("Translated.");
}

function clearTranslation() {
  box("translation").value = "";
  box("engine").textContent = "";
  box("copy").disabled = true;
}

box("text").addEventListener("input", count);
box("source").addEventListener("change", () => offerTargets());
box("target").addEventListener("change", () => offerTargets());
box("translate").addEventListener("click", translate);
box("clear").addEventListener("click", () => {
  box("text").value = "";
  clearTranslation();
  say("");
  count();
  box("text").focus();
});
box("swap").addEventListener("click", () => {
  const [source, target] = [box("source").value, box("target").value];
  const translation = box("translation").value;
  offerSources(target);
  offerTargets(source);
  if (translation) box("text").value = translation;
  clearTranslation();
  count();
});
box("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(box("translation").value);
    say("Copied.");
  } catch {
    box("translation").select();
    say("Press Ctrl + C to copy.");
  }
});
box("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, box("key").value.trim());
  box("key-form").hidden = true;
  box("forget").hidden = false;
  say("");
  box("text").focus();
  translate();
});
box("forget").addEventListener("click", () => askForKey("The key is forgotten."));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) translate();
});

const remembered = sessionStorage.getItem(KEY) !== null;
box("key-form").hidden = remembered;
box("forget").hidden = !remembered;
count();
loadLanguages().catch(() => say("The service cannot be reached; reload the page.", true));
