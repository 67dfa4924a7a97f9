// The tab that translates.
import { ask, askForKey, box, keyOf, Refusal, say, words } from "./common.js";

const names = new Intl.DisplayNames([navigator.language, "en"], { type: "language" });
const COMMON = ["ar", "zh", "zh-TW", "nl", "en", "fr", "de", "hi", "id", "it", "ja", "ko", "pl",
  "pt", "ru", "es", "sv", "th", "tr", "uk", "vi"];
let known = { pairs: [], others: false, max_bytes: Infinity };
let running = false, loading = null;
// Whether a text waits for the right key.
let isPending = false;

function count() {
  const text = box("text").value;
  const bytes = new TextEncoder().encode(text).length;
  const over = bytes > known.max_bytes;
  const characters = [...text].length;
  const shown = { count: characters.toLocaleString() };
  const long = { bytes: bytes.toLocaleString(), most: known.max_bytes.toLocaleString() };
  box("count").textContent = over ? words("{bytes} bytes, {most} fit", long)
    : characters === 1 ? words("{count} character", shown) : words("{count} characters", shown);
  box("count").classList.toggle("over", over);
  box("translate-now").disabled = over || !text.trim() || running;
}

function fill(select, codes, chosen) {
  select.replaceChildren(...codes.map((code) => {
    let label = code;
    try { label = code === "auto" ? words("Detect the language") : names.of(code); } catch { /* the code itself */ }
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

async function translate() {
  const text = box("text").value;
  if (!text.trim() || running) return;
  isPending = true;
  if (!keyOf("translate")) {
    askForKey("translate", words("Enter your API key first."));
    return;
  }
  running = true;
  count();
  say(words("Translating …"));
  try {
    // Before that it is not known what is chosen.
    await loading;
    const answer = await ask("translate", "translate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, source: box("source").value, target: box("target").value }),
    });
    isPending = false;
    show((await answer.json()).translations[0]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status !== 403) say(error.message, true);
  } finally {
    running = false;
    count();
  }
}

function show(translated) {
  if (translated.error) {
    say(translated.error, true);
    return;
  }
  box("translation").value = translated.translation;
  box("translation").lang = box("target").value;
  box("engine").textContent = translated.engine === "sagemaker" ? words("own translator")
    : "Amazon Translate";
  box("copy").disabled = false;
  box("translation").classList.toggle("unsure", translated.unsure === true);
  if (translated.unsure) say(words("Not sure. {reason}", { reason: translated.reason }), true);
  else say(words("Translated."));
}

function clearTranslation() {
  box("translation").value = "";
  box("translation").classList.remove("unsure");
  box("engine").textContent = "";
  box("copy").disabled = true;
}

export function clear() {
  box("text").value = "";
  clearTranslation();
  count();
}

export function open() {
  count();
  loading ??= loadLanguages().catch(() => {
    loading = null;
    say(words("The service cannot be reached; reload the page."), true);
  });
  if (isPending && keyOf("translate")) translate();
}

export function wire() {
  box("text").addEventListener("input", count);
  box("source").addEventListener("change", () => offerTargets());
  box("target").addEventListener("change", () => offerTargets());
  box("translate-now").addEventListener("click", translate);
  box("clear").addEventListener("click", () => {
    clear();
    say("");
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
      say(words("Copied."));
    } catch {
      box("translation").select();
      say(words("Press Ctrl + C to copy."));
    }
  });
  box("view-translate").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) translate();
  });
}
