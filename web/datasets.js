// The tab of datasets: how each stands, its files, what it costs, and uploads.
import {
  ask, box, dropsInto, isLocal, make, moment, number, put, Refusal, say, spoken, words, working,
} from "./common.js";

const RUNNING_MS = 2000, IDLE_MS = 60000;
// After an upload it takes a while until the pipeline knows of the file.
const AWAITED_MS = 180000;
const COLORS = {
  completed: "good", refused: "bad", failed: "bad", stopped: "warn", waiting: "warn",
  training: "runs", predicting: "runs",
};
// A job may end well and leave a model that is not to be used.
const VERDICTS = { red: "bad", yellow: "warn" };
let shown = new Map(), uploads = null, timer = 0, newest = 0, isOpen = false;
// What was shown last, as it came.
let known = "";
let awaitedUntil = 0, isSending = false;

// --- The list.

export async function open() {
  isOpen = true;
  clearTimeout(timer);
  const own = newest += 1;
  try {
    const reading = readAll();
    const statuses = await (known === "" ? working(words("Loading the datasets …"), reading) : reading);
    // A later look may have been faster.
    if (own !== newest) return;
    const now = JSON.stringify([statuses, uploads]);
    if (now !== known) {
      known = now;
      show(statuses);
      readCosts();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 403) return;
    say(error.message, true);
  }
  if (isOpen && own === newest && !document.hidden) timer = setTimeout(open, pause());
}

export function close() {
  isOpen = false;
  clearTimeout(timer);
}

// What the forgotten key has shown.
export function clear() {
  close();
  newest += 1;
  shown = new Map();
  known = awaited = "";
  for (const id of ["upload", "datasets-empty", "costs"]) box(id).hidden = true;
  box("upload").reset();
  box("upload-said").textContent = "";
  box("datasets-list").replaceChildren();
  box("costs-table").tBodies[0].replaceChildren();
}

function pause() {
  const runs = [...shown.values()].some(({ status }) => COLORS[status.state] === "runs");
  return runs || Date.now() < awaitedUntil ? RUNNING_MS : IDLE_MS;
}

async function readAll() {
  const found = [];
  let after = "";
  do {
    const path = after ? `statuses?after=${encodeURIComponent(after)}` : "statuses";
    const page = await ask("datasets", path).then((answer) => answer.json());
    found.push(...page.statuses);
    after = page.next;
    uploads = page.uploads;
    // Which endpoint a local cloud has, the page cannot know for a terminal.
    box("datasets-terminal").hidden = isLocal;
    box("datasets-command").textContent = command(page.bucket);
  } while (after);
  return found.sort((one, other) => (other.updated > one.updated ? 1 : -1));
}

function command(bucket) {
  return ["test", "train"]
    .map((part) => `aws s3 cp samples/titanic_${part}.csv s3://${bucket}/data/`).join("\n");
}

function show(statuses) {
  box("upload").hidden = !uploads;
  if (uploads) {
    for (const id of ["train-file", "test-file"]) box(id).accept = uploads.endings.join(",");
  }
  box("datasets-empty").hidden = statuses.length > 0;
  // What has not changed stays as it is: what is open stays open, and what is focused keeps it.
  const before = shown;
  shown = new Map(statuses.map((status) => {
    const old = before.get(status.dataset);
    return [status.dataset, old ? renewed(old, status) : card(status)];
  }));
  const places = [...shown.values()].map((one) => one.place);
  const isSame = places.length === box("datasets-list").children.length
    && places.every((place, at) => place === box("datasets-list").children[at]);
  if (!isSame) box("datasets-list").replaceChildren(...places);
}

function card(status) {
  const place = make("article", { className: "card dataset" });
  const top = make("div");
  const files = make("ul", { className: "files" });
  const summary = make("summary");
  const details = make("details", {}, summary, files);
  details.addEventListener("toggle", () => {
    if (details.open) fill(status.dataset, files);
  });
  place.append(top, details);
  return renewed({ place, top, summary, details, files, status: null, said: "" }, status);
}

function renewed(old, status) {
  const said = JSON.stringify(status);
  if (old.said === said) return old;
  if (old.status && old.status.state !== status.state) {
    say(words("{dataset}: {state}", { dataset: status.dataset, state: status.state_text }),
      COLORS[status.state] === "bad");
    if (status.dataset === awaited) awaitedUntil = 0;
  }
  old.top.replaceChildren(...contents(status));
  if (status.dataset === awaited) box("upload-said").textContent = "";
  old.details.hidden = !status.has_files;
  old.summary.textContent = status.has_files && status.files_of !== status.job
    ? words("Files of the model before") : words("Files");
  if (old.details.open && old.status?.files_of !== status.files_of) fill(status.dataset, old.files);
  return Object.assign(old, { status, said });
}

function contents(status) {
  const color = VERDICTS[status.verdict] ?? COLORS[status.state] ?? "";
  const state = make("span", { className: `state ${color}`, textContent: status.state_text });
  const title = make("h2", { textContent: status.dataset, dir: "auto" });
  const found = [make("header", {}, title, state)];
  found.push(make("p", { className: "headline", textContent: status.headline }));
  if (status.against.length) {
    const findings = status.against.map((one) => make("li", { textContent: one }));
    found.push(make("ul", { className: `against ${status.verdict}` }, ...findings));
  }
  if (COLORS[status.state] === "runs") found.push(progress(status));
  const facts = factsOf(status);
  if (facts.length) {
    found.push(make("dl", { className: "facts" }, ...facts.map(([name, value]) => make("div", {},
      make("dt", { textContent: name }), make("dd", { textContent: value, dir: "auto" })))));
  }
  if (["refused", "failed", "waiting"].includes(status.state) && status.next.length) {
    found.push(make("ul", {}, ...status.next.map((one) => make("li", { textContent: one }))));
  }
  if (status.answers_requests) {
    const href = `#predict/${encodeURIComponent(status.dataset)}`;
    found.push(make("a", { className: "button", href, textContent: words("Predict with it") }));
  }
  return found;
}

function factsOf(status) {
  const { score, usd } = status;
  return [
    status.target !== null && [words("Predicts"), status.target],
    score && [score.metric_name, words("{score} on {count} rows",
      { score: number(score.score, 3), count: number(score.rows) })],
    status.uploaded && [words("Uploaded"), moment(status.uploaded)],
    usd && [words("Cost"), money(usd)],
    status.state === "completed" && !status.answers_requests
      && [words("Requests"), words("not answered")],
  ].filter(Boolean);
}

function progress({ dataset, progress: now }) {
  const bar = make("progress", { max: 100, "aria-label": words("Progress of {dataset}", { dataset }) });
  if (now) bar.value = now.percent;
  const left = now?.seconds_left
    ? words("about {seconds} s left for this step", { seconds: number(Math.round(now.seconds_left)) }) : "";
  const text = now ? [`${now.percent} %`, now.text, left].filter(Boolean).join(" · ")
    : words("The machine starts …");
  return make("div", {}, bar, make("p", { className: "soft", textContent: text }));
}

function money(usd) {
  const digits = usd < 1 ? 4 : 2;
  const form = { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits };
  return new Intl.NumberFormat(spoken, form).format(usd);
}

// --- Files.

async function fill(dataset, list) {
  try {
    const path = `datasets/${encodeURIComponent(dataset)}/files`;
    const asked = ask("datasets", path).then((answer) => answer.json());
    const { files, seconds } = await working(words("Loading the files …"), asked);
    list.replaceChildren(...files.map((file) => {
      const opened = { report: words("Open the report"), runs: words("Compare all runs") };
      const opens = Object.hasOwn(opened, file.name);
      const text = opens ? opened[file.name] : file.title;
      const link = make("a", { href: file.url, textContent: text, rel: "noopener noreferrer" });
      if (opens) link.target = "_blank";
      return make("li", {}, link, " ", make("span", { className: "soft", textContent: size(file.bytes) }));
    }));
    // The addresses are good for a while only.
    const again = () => {
      if (list.isConnected && list.parentElement.open) fill(dataset, list);
    };
    setTimeout(again, 900 * seconds);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status !== 403) list.replaceChildren(make("li", { textContent: error.message }));
  }
}

function size(bytes) {
  const [unit, share] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const form = { style: "unit", unit, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(spoken, form).format(bytes / share);
}

// --- Costs.

async function readCosts() {
  const own = newest;
  const costs = await ask("datasets", "costs").then((answer) => answer.json()).catch(() => null);
  if (own !== newest) return;
  box("costs").hidden = !costs?.datasets.length;
  if (!costs) return;
  const sum = words("{usd} for trainings that have ended.", { usd: money(costs.usd) });
  const open = costs.reserved_usd
    ? words("Running ones cost {usd} at most.", { usd: money(costs.reserved_usd) }) : "";
  box("costs-sum").textContent = costs.usd || costs.reserved_usd ? `${sum} ${open}`
    : words("Nothing: no machine was rented.");
  box("costs-table").tBodies[0].replaceChildren(...costs.datasets.map((one) => make("tr", {},
    make("th", { scope: "row", textContent: one.dataset, dir: "auto" }),
    make("td", { textContent: one.jobs === 1 ? words("{count} training", { count: 1 })
      : words("{count} trainings", { count: number(one.jobs) }) }),
    make("td", { textContent: money(one.usd) }))));
}

// --- Uploads.

let awaited = "";

const endingOf = (name) => uploads.endings.filter((one) => name.toLowerCase().endsWith(one))
  .sort((one, other) => other.length - one.length)[0];

// `customers_train.csv` and `customers.csv` are both of the dataset customers.
function datasetOf(name) {
  return name.slice(0, name.length - (endingOf(name) ?? "").length).replace(/_(train|test)$/i, "").trim();
}

// By their names, else by the box: a test file that is taken for train would be learned.
function drop(part, files) {
  const other = { train: "test", test: "train" };
  const parts = files.map(({ name }) => /_(train|test)(\.\w+)*$/i.exec(name)?.[1].toLowerCase());
  if (files.length === 1) parts[0] ??= part;
  else if (files.length === 2) [parts[0], parts[1]] = [parts[0] ?? other[parts[1]], parts[1] ?? other[parts[0]]];
  if (new Set(parts).size < files.length || parts.includes(undefined)) {
    note(`${part}-note`, words("Drop these files one at a time: _train and _test before the ending of their names say which is which."));
    return;
  }
  files.forEach((file, place) => put(box(`${parts[place]}-file`), file));
}

function note(id, text) {
  box(id).textContent = text;
  box(id).classList.toggle("bad", text !== "");
}

function chosen() {
  return ["train", "test"].map((part) => [part, box(`${part}-file`).files[0]])
    .filter(([, file]) => file);
}

function check() {
  for (const [part, file] of [["train", null], ["test", null], ...chosen()]) {
    const wrong = !file ? ""
      : !endingOf(file.name) ? words("Save it as one of {endings}.", { endings: uploads.endings.join(", ") })
      : file.size > uploads.largest_bytes ? words("It is too large for the page; upload it to the bucket.")
      : file.size === 0 ? words("The file is empty.") : "";
    note(`${part}-note`, wrong);
  }
  note("target-note", "");
  const [first] = chosen();
  if (first && !box("upload-name").dataset.own) box("upload-name").value = datasetOf(first[1].name);
  const exists = shown.has(box("upload-name").value.trim());
  box("name-note").classList.remove("bad");
  box("name-note").textContent = exists && box("train-file").files.length
    ? words("This dataset exists: its train file is replaced, and a new model is trained.")
    : exists ? words("The model of this dataset predicts the rows.") : "";
}

async function send(event) {
  event.preventDefault();
  if (isSending) return;
  box("upload-said").textContent = "";
  check();
  const name = box("upload-name").value.trim();
  const files = chosen();
  if (!files.length) {
    note("train-note", words("Choose a file first."));
    box("train-file").focus();
    return;
  }
  const wrong = files.find(([part]) => box(`${part}-note`).textContent);
  if (wrong) {
    box(`${wrong[0]}-file`).focus();
    return;
  }
  if (!name) {
    note("name-note", words("Give the dataset a name."));
    box("upload-name").focus();
    return;
  }
  const target = box("upload-target").value.trim();
  if (target && !files.some(([part]) => part === "train")) {
    note("target-note", words("It goes with a file to learn from."));
    box("upload-target").focus();
    return;
  }
  if (name.includes("/")) {
    note("name-note", words("A name has no slash."));
    box("upload-name").focus();
    return;
  }
  isSending = true;
  box("upload-now").disabled = true;
  try {
    // The train file last, so that the others are there when training starts.
    for (const [part, file] of files.reverse()) {
      if (part === "train" && target) {
        await sendOne(name, `${name}.json`, new Blob([JSON.stringify({ target })]));
      }
      await sendOne(name, `${name}_${part}${endingOf(file.name)}`, file);
    }
    awaited = name;
    awaitedUntil = Date.now() + AWAITED_MS;
    for (const part of ["train", "test"]) box(`${part}-file`).value = "";
    box("upload-name").value = box("upload-target").value = "";
    delete box("upload-name").dataset.own;
    check();
    box("upload-said").textContent = files.some(([part]) => part === "train")
      ? words("{name} is uploaded; training starts within a minute.", { name })
      : words("The rows to predict of {name} are uploaded.", { name });
    open();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    box("upload-said").textContent = "";
    if (error.field === "file") {
      note("name-note", error.message);
      box("upload-name").focus();
    } else if (error.status !== 403) {
      say(error.message, true);
    }
  } finally {
    isSending = false;
    box("upload-now").disabled = false;
    box("upload-progress").hidden = true;
  }
}

async function sendOne(dataset, key, file) {
  const form = await ask("datasets", `datasets/${encodeURIComponent(dataset)}/uploads`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ file: key }),
  }).then((answer) => answer.json());
  box("upload-said").textContent = words("Uploading {file} …", { file: key });
  box("upload-progress").value = 0;
  box("upload-progress").hidden = false;
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file);
  await new Promise((done, fail) => {
    // fetch does not tell how far it is.
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      box("upload-progress").value = 100 * loaded / total;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) done();
      else fail(new Refusal(words("The bucket did not take {file} ({status}).", { file: key, status: request.status }), request.status));
    });
    request.addEventListener("error", () => fail(new Refusal(
      words("The bucket cannot be reached; check your connection and try again."), 0)));
    request.open("POST", form.url);
    request.send(body);
  });
}

// --- Wires.

export function wire() {
  box("upload").addEventListener("submit", send);
  for (const part of ["train", "test"]) {
    box(`${part}-file`).addEventListener("change", check);
    dropsInto(box(`${part}-drop`), (files) => drop(part, files));
  }
  box("upload-target").addEventListener("input", () => note("target-note", ""));
  box("upload-name").addEventListener("input", () => {
    box("upload-name").dataset.own = "yes";
    check();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isOpen) open();
  });
}
