"use strict";

const KEY = "api-key";
// What the page says in the languages of the stack; English is the key, and the text of the page.
const TEXTS = {
  ko: {
    "Translate": "번역",
    "API key": "API 키",
    "Use this key": "이 키 사용",
    "Ask your administrator for a key. It stays in this tab and is gone when you close it.":
      "키는 관리자에게 요청하세요. 이 탭에만 저장되며 탭을 닫으면 사라집니다.",
    "Languages": "언어",
    "From": "원문 언어",
    "Into": "번역 언어",
    "Swap the languages": "언어 바꾸기",
    "Text to translate": "번역할 글",
    "Type or paste a text": "글을 입력하거나 붙여 넣으세요",
    "Clear": "지우기",
    "Translation": "번역 결과",
    "Copy": "복사",
    "Forget the key": "키 지우기",
    "Detect the language": "언어 감지",
    "{count} characters": "{count}자",
    "{count} character": "{count}자",
    "{bytes} bytes, {most} fit": "{bytes}바이트(최대 {most}바이트)",
    "The service answered with {status}.": "서비스가 {status}(으)로 응답했습니다.",
    "Try again in {seconds} s.": "{seconds}초 뒤 다시 시도하세요.",
    "Enter your API key first.": "먼저 API 키를 입력하세요.",
    "Translating …": "번역 중 …",
    "This API key is invalid; enter it again.": "올바르지 않은 API 키입니다. 다시 입력하세요.",
    "The service did not answer in time; try again.": "서비스가 제때 응답하지 않았습니다. 다시 시도하세요.",
    "The service cannot be reached; check your connection and try again.":
      "서비스에 연결할 수 없습니다. 연결을 확인하고 다시 시도하세요.",
    "The service cannot be reached; reload the page.":
      "서비스에 연결할 수 없습니다. 페이지를 새로 고치세요.",
    "own translator": "자체 번역기",
    "Translated.": "번역했습니다.",
    "Copied.": "복사했습니다.",
    "Press Ctrl + C to copy.": "Ctrl + C를 눌러 복사하세요.",
    "The key is forgotten.": "키를 지웠습니다.",
  },
  "zh-TW": {
    "Translate": "翻譯",
    "API key": "API 金鑰",
    "Use this key": "使用此金鑰",
    "Ask your administrator for a key. It stays in this tab and is gone when you close it.":
      "請向管理員索取金鑰。金鑰只保存在此分頁，關閉後即消失。",
    "Languages": "語言",
    "From": "原文語言",
    "Into": "譯文語言",
    "Swap the languages": "交換語言",
    "Text to translate": "要翻譯的文字",
    "Type or paste a text": "請輸入或貼上文字",
    "Clear": "清除",
    "Translation": "譯文",
    "Copy": "複製",
    "Forget the key": "清除金鑰",
    "Detect the language": "偵測語言",
    "{count} characters": "{count} 個字元",
    "{count} character": "{count} 個字元",
    "{bytes} bytes, {most} fit": "{bytes} 位元組（最多 {most} 位元組）",
    "The service answered with {status}.": "服務回應 {status}。",
    "Try again in {seconds} s.": "請在 {seconds} 秒後再試。",
    "Enter your API key first.": "請先輸入 API 金鑰。",
    "Translating …": "翻譯中 …",
    "This API key is invalid; enter it again.": "API 金鑰無效，請重新輸入。",
    "The service did not answer in time; try again.": "服務未及時回應，請再試一次。",
    "The service cannot be reached; check your connection and try again.":
      "無法連線至服務，請檢查連線後再試一次。",
    "The service cannot be reached; reload the page.": "無法連線至服務，請重新載入頁面。",
    "own translator": "自有翻譯模型",
    "Translated.": "已翻譯。",
    "Copied.": "已複製。",
    "Press Ctrl + C to copy.": "請按 Ctrl + C 複製。",
    "The key is forgotten.": "已清除金鑰。",
  },
};
// As the API chooses the language of its errors.
const spoken = navigator.languages.map((asked) => /^en\b/i.test(asked) ? "en"
  : /^ko\b/i.test(asked) ? "ko" : /^zh-(tw|hk|hant)\b/i.test(asked) ? "zh-TW" : "")
  .find(Boolean) ?? "en";
const AGAIN = /again|다시|再試/;
const box = (id) => document.getElementById(id);
const names = new Intl.DisplayNames([navigator.language, "en"], { type: "language" });
const COMMON = ["ar", "zh", "zh-TW", "nl", "en", "fr", "de", "hi", "id", "it", "ja", "ko", "pl",
  "pt", "ru", "es", "sv", "th", "tr", "uk", "vi"];
let known = { pairs: [], others: false, max_bytes: Infinity };
let running = null;

function words(english, values = {}) {
  const text = TEXTS[spoken]?.[english] ?? english;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function speak() {
  if (spoken === "en") return;
  document.documentElement.lang = spoken;
  document.title = words(document.title);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = words(walker.currentNode.data);
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) {
      one.setAttribute(name, words(one.getAttribute(name)));
    }
  }
}

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
    ? words("{bytes} bytes, {most} fit",
      { bytes: bytes.toLocaleString(), most: known.max_bytes.toLocaleString() })
    : words(characters === 1 ? "{count} character" : "{count} characters",
      { count: characters.toLocaleString() });
  box("count").classList.toggle("over", over);
  box("translate").disabled = over || !text.trim() || running !== null;
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
  reason ||= words("The service answered with {status}.", { status: answer.status });
  return wait && wait < 120 && !AGAIN.test(reason)
    ? `${reason} ${words("Try again in {seconds} s.", { seconds: wait })}` : reason;
}

async function translate() {
  const text = box("text").value;
  const key = sessionStorage.getItem(KEY);
  if (!text.trim() || running) return;
  if (!key) return askForKey(words("Enter your API key first."));
  running = new AbortController();
  const patience = setTimeout(() => running?.abort(), 35000);
  count();
  say(words("Translating …"));
  try {
    const answer = await fetch("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Api-Key": key },
      body: JSON.stringify({ text, source: box("source").value, target: box("target").value }),
      signal: running.signal,
    });
    if (answer.status === 403) return askForKey(words("This API key is invalid; enter it again."));
    if (!answer.ok) return say(await refusal(answer), true);
    show((await answer.json()).translations[0]);
  } catch (error) {
    say(words(error.name === "AbortError" ? "The service did not answer in time; try again."
      : "The service cannot be reached; check your connection and try again."), true);
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
  box("engine").textContent = translated.engine === "sagemaker" ? words("own translator")
    : "Amazon Translate";
  box("copy").disabled = false;
  say(words("Translated."));
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
    say(words("Copied."));
  } catch {
    box("translation").select();
    say(words("Press Ctrl + C to copy."));
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
box("forget").addEventListener("click", () => askForKey(words("The key is forgotten.")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) translate();
});

speak();
const remembered = sessionStorage.getItem(KEY) !== null;
box("key-form").hidden = remembered;
box("forget").hidden = !remembered;
count();
loadLanguages().catch(() => say(words("The service cannot be reached; reload the page."), true));
