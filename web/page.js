// The tabs, and which one the address asks for.
import { box, say, speak, takeKeys, wantKey, wireKeys } from "./common.js";
import * as datasets from "./datasets.js";
import * as predict from "./predict.js";
import * as translate from "./translate.js";

const TABS = { datasets, predict, translate };
let shown = "";

// `#predict/titanic`: a tab, and what it is about.
function place() {
  const [tab, ...rest] = location.hash.slice(1).split("/");
  let about = rest.join("/");
  try { about = decodeURIComponent(about); } catch { /* as it stands there */ }
  return TABS[tab] ? [tab, about] : ["datasets", ""];
}

function go() {
  takeKeys();
  const [tab, about] = place();
  for (const name of Object.keys(TABS)) {
    box(`view-${name}`).hidden = name !== tab;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const name of Object.keys(TABS)) if (name !== tab) TABS[name].close?.();
  const hasKey = wantKey(tab);
  if (tab !== shown) {
    say("");
    // A screen reader says where the link has led.
    const first = hasKey ? document.querySelector(`#view-${tab} h1`) : box("key");
    if (shown) first.focus({ preventScroll: true });
    shown = tab;
  }
  if (hasKey || tab === "translate") TABS[tab].open(about);
}

// A file that misses its box would take the place of the page.
for (const kind of ["dragover", "drop"]) {
  window.addEventListener(kind, (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });
}

speak();
for (const tab of Object.values(TABS)) tab.wire();
wireKeys(() => {
  go();
  (shown === "translate" ? box("text") : document.querySelector(`#view-${shown} h1`)).focus();
}, (purpose) => TABS[purpose].clear());
window.addEventListener("hashchange", go);
go();
