// The tab that predicts: a form made from the model's columns, the answer, and what moves it.
import {
  ask, box, dropsInto, make, moment, number, put, Refusal, say, spoken, words, working,
} from "./common.js";

const PAUSE_MS = 250;
// More categories than these are typed, with suggestions.
const MOST_CHOICES = 20;
const MOST_REASONS = 8, MOST_LABELS = 8, MOST_PREVIEWED = 10, MOST_ODD = 5;
const PARTS = ["predict-work", "predict-batch"];
const MOST_BATCH_BYTES = 2_500_000;

let hasFailed = false;
let model = null, opened = 0, fields = new Map();
let timer = 0, running = null, newest = 0;
// A row, and what was predicted of it.
let current = null, before = null, pinned = null;

// --- Which dataset.

export async function open(about) {
  const own = opened += 1;
  try {
    const datasets = await loadDatasets();
    if (own !== opened) return;
    offer(datasets);
    const usable = datasets.filter((one) => one.answers_requests);
    const asked = about || model?.dataset;
    const chosen = datasets.find((one) => one.dataset === asked) ?? usable[0] ?? datasets[0];
    box("predict-empty").hidden = datasets.length > 0;
    box("predict-choice").hidden = !datasets.length;
    if (about && chosen?.dataset !== about) {
      say(words("There is no model of {dataset}.", { dataset: about }), true);
    }
    if (!chosen) forget();
    else if (chosen.dataset === model?.dataset && chosen.job === model.job) box("dataset").value = chosen.dataset;
    else await choose(chosen.dataset);
  } catch (error) {
    refuse(error);
  }
}

async function loadDatasets() {
  const found = [];
  let after = "";
  do {
    const path = after ? `datasets?after=${encodeURIComponent(after)}` : "datasets";
    const page = await working(words("Loading the datasets …"), ask("predict", path).then((answer) => answer.json()));
    found.push(...page.datasets);
    after = page.next;
  } while (after);
  return found;
}

function offer(datasets) {
  box("dataset").replaceChildren(...datasets.map((one) => {
    const label = one.answers_requests ? one.dataset
      : words("{dataset} (answers no requests)", { dataset: one.dataset });
    return make("option", { value: one.dataset, textContent: label });
  }));
}

async function choose(dataset) {
  box("dataset").value = dataset;
  forget();
  const path = `datasets/${encodeURIComponent(dataset)}`;
  const loading = ask("predict", path).then((answer) => answer.json());
  let found;
  try {
    found = await working(words("Loading the model …"), loading);
  } catch (error) {
    if (error.status !== 409) throw error;
    found = { dataset, refusal: error.message };
  }
  if (box("dataset").value !== found.dataset) return;
  if (found.refusal) {
    // In the API's own words; a form would lead nowhere.
    box("predict-refusal").textContent = found.refusal;
    box("predict-refusal").hidden = false;
    return;
  }
  model = found;
  const values = { target: model.target, time: moment(model.uploaded) };
  const about = [words("Predicts {target}. Trained on the file of {time}.", values)];
  if (model.score) {
    about.push(words("{metric} {score}, on {count} rows.", {
      metric: model.score.metric_name,
      score: number(model.score.score, 3),
      count: number(model.score.rows),
    }));
  }
  box("dataset-about").textContent = about.join(" ");
  showVerdict(model.verdict);
  for (const part of PARTS) box(part).hidden = false;
  build();
  predict();
}

function showVerdict(verdict) {
  const isUnfit = verdict !== null && verdict.color !== "green";
  box("predict-verdict").hidden = !isUnfit;
  if (!isUnfit) return;
  box("predict-verdict").className = `card against ${verdict.color}`;
  box("predict-verdict").replaceChildren(
    make("p", {}, make("strong", { textContent: verdict.text })),
    make("ul", {}, ...verdict.against.map((one) => make("li", { textContent: one }))),
  );
}

// What the forgotten key has shown.
export function clear() {
  opened += 1;
  forget();
  box("predict-choice").hidden = box("predict-empty").hidden = true;
  for (const id of ["dataset", "fields", "said", "moved", "changed"]) box(id).replaceChildren();
  for (const id of ["batch-table", "probabilities", "reasons"]) box(id).tBodies[0].replaceChildren();
}

function forget() {
  running?.abort();
  clearTimeout(timer);
  model = current = before = pinned = null;
  fields = new Map();
  for (const part of PARTS) box(part).hidden = true;
  box("predict-refusal").hidden = box("predict-verdict").hidden = true;
  box("dataset-about").textContent = "";
  box("batch-found").hidden = true;
  box("batch").value = "";
  sayOfBatch("");
  box("pin").setAttribute("aria-pressed", "false");
}

// --- The form.

function build() {
  fields = new Map(model.columns.map((column, place) => [column.name, field(column, place)]));
  box("fields").replaceChildren(...[...fields.values()].map((one) => one.place));
}

// How a value is entered, what it may be, and what is odd about it.
function field(column, place) {
  const id = `column-${place}`;
  const { input, hint, start, extra } = widget(column, id);
  input.id = id;
  input.classList.add("value");
  input.setAttribute("aria-describedby", `${id}-hint ${id}-note`);
  const note = make("span", { id: `${id}-note`, className: "note" });
  const label = make("label", { textContent: column.name, for: id });
  const hinted = make("span", { id: `${id}-hint`, className: "hint", textContent: hint });
  const box = make("div", { className: "field" }, label, input, extra, hinted, note);
  if (input.type === "textarea") box.classList.add("wide");
  const one = {
    place: box,
    input,
    start: column.missing_share > 0.5 ? "" : start,
    read: () => valueOf(column, input.value),
    note: (text, bad = false) => {
      note.textContent = text;
      note.classList.toggle("bad", bad);
      if (bad) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
  input.value = one.start;
  return one;
}

function widget(column, id) {
  if (column.kind === "number" && column.low !== null) return numberField(column);
  if (column.kind === "date" && column.low !== null) return dateField(column);
  if (column.kind === "category" && column.categories.length) return choiceField(column, id);
  if (column.kind === "text") {
    return { input: make("textarea", { rows: 2, dir: "auto" }), hint: words("any text"), start: "" };
  }
  const hint = column.kind === "category" ? words("a word") : {
    duration: words("a duration, such as 1:30:00"),
    numbers: words("several numbers in one field"),
  }[column.kind] ?? "";
  const input = make("input", { type: "text", autocomplete: "off", dir: "auto" });
  return { input, hint: several(column) ?? hint, start: "" };
}

function several({ kind, low, high }) {
  if (kind !== "numbers" || !Array.isArray(low)) return null;
  const ranges = low.map((one, place) => `${number(one)} – ${number(high[place])}`);
  return words("several numbers: {ranges}", { ranges: ranges.join(", ") });
}

function numberField({ low, high }) {
  const whole = Number.isInteger(low) && Number.isInteger(high) && high > low;
  const step = whole ? 1 : 10 ** Math.floor(Math.log10((high - low || 1) / 50));
  // From 0 to 1 there may be shares, or nothing but 0 and 1.
  const shown = whole && high - low === 1 ? "any" : String(step);
  const input = make("input", { type: "number", step: shown, inputMode: "decimal" });
  const hint = words("{low} to {high}", { low: number(low), high: number(high) });
  return { input, hint, start: String(between(low, high, step)) };
}

// A usual value: counts are mostly 0, and where the greatest value is far away most are near the least.
function between(low, high, step) {
  if (step === 1 && low === 0 && high <= 20) return low;
  const isLopsided = low >= 0 && high > 100 && low < high / 100;
  const middle = isLopsided ? Math.sqrt(Math.max(low, 1) * high) : (low + high) / 2;
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  return Number((Math.round(middle / step) * step).toFixed(Math.min(decimals, 20)));
}

function dateField({ low, high }) {
  const isTimed = ![low, high].every((one) => one.slice(11, 19) === "00:00:00");
  const kind = isTimed ? "datetime-local" : "date";
  const form = { dateStyle: "medium", timeZone: "UTC", ...(isTimed && { timeStyle: "short" }) };
  const format = new Intl.DateTimeFormat(spoken, form);
  const shown = (iso) => format.format(new Date(`${iso.slice(0, 19)}Z`));
  const hint = words("{low} to {high}", { low: shown(low), high: shown(high) });
  return { input: make("input", { type: kind }), hint, start: high.slice(0, isTimed ? 16 : 10) };
}

function choiceField({ categories, missing_share: share }, id) {
  const [first] = categories;
  if (categories.length <= MOST_CHOICES) {
    const options = categories.map((one) => make("option", { value: one, textContent: one }));
    const missing = make("option", { value: "", textContent: words("(missing)") });
    return { input: make("select", {}, missing, ...options), hint: "", start: first };
  }
  const options = categories.map((one) => make("option", { value: one }));
  const list = make("datalist", { id: `${id}-list` }, ...options);
  const input = make("input", { type: "text", autocomplete: "off", dir: "auto" });
  input.setAttribute("list", `${id}-list`);
  const hint = words("one of {count} values", { count: number(categories.length) });
  return { input, hint, start: share ? "" : first, extra: list };
}

// As the API takes it: a number where it is one and no digit is lost, else the text.
function valueOf(column, text) {
  if (text.trim() === "") return null;
  const found = Number(text);
  const isExact = Number.isFinite(found) && (!Number.isInteger(found) || Number.isSafeInteger(found));
  return column.kind === "number" && column.low !== null && isExact ? found : text;
}

function rowNow() {
  return Object.fromEntries([...fields].map(([name, one]) => [name, one.read()]));
}

// --- The answer.

function later() {
  clearTimeout(timer);
  timer = setTimeout(predict, PAUSE_MS);
}

async function predict() {
  clearTimeout(timer);
  if (!model) return;
  running?.abort();
  const own = newest += 1;
  if (!areReadable()) {
    box("answer").setAttribute("aria-busy", "false");
    return;
  }
  running = new AbortController();
  const asked = { row: rowNow(), dataset: model.dataset };
  box("answer").setAttribute("aria-busy", "true");
  try {
    const path = `predict/${encodeURIComponent(model.dataset)}?reasons=true`;
    const body = JSON.stringify(asked.row);
    const headers = { "Content-Type": "application/json" };
    const sent = ask("predict", path, { method: "POST", headers, body, signal: running.signal });
    const answer = await working(words("Predicting …"), sent.then((found) => found.json()));
    if (own !== newest || asked.dataset !== model?.dataset) return;
    take({ row: asked.row, found: answer.predictions[0], job: answer.job });
  } catch (error) {
    if (own === newest) refuse(error);
  } finally {
    if (own === newest) box("answer").setAttribute("aria-busy", "false");
  }
}

// What a browser cannot read it does not hand over; it would count as missing.
function areReadable() {
  const odd = [...fields.values()].filter(({ input }) => input.validity.badInput);
  if (!odd.length) return true;
  for (const one of fields.values()) one.note("");
  for (const one of odd) {
    one.note(one.input.type === "number" ? words("This is no number, so nothing is predicted.")
      : words("This is no complete date of the calendar, so nothing is predicted."), true);
  }
  return false;
}

function take(answered) {
  if (hasFailed) say("");
  hasFailed = false;
  if (current && JSON.stringify(current.row) !== JSON.stringify(answered.row)) before = current;
  current = answered;
  showWarnings(answered.found.warnings ?? []);
  showPrediction(answered);
  showProbabilities(answered.found);
  showMoved(pinned ?? before);
  showReasons(answered);
}

// In words, at the field that is named.
function refuse(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Refusal)) throw error;
  const named = fields.get(error.field);
  if (named) {
    for (const one of fields.values()) one.note("");
    named.note(error.message, true);
    named.input.focus();
  }
  if (error.status === 403) return;
  hasFailed = true;
  say(error.message, true);
}

function showWarnings(warnings) {
  for (const one of fields.values()) one.note("");
  for (const { column, text } of warnings) fields.get(column)?.note(text);
}

function showPrediction({ found: { prediction, reasons }, job }) {
  const values = { target: model.target, prediction: shownAs(prediction) };
  box("said").replaceChildren(
    make("span", { className: "soft", textContent: `${values.target} ` }),
    make("strong", { textContent: values.prediction }),
  );
  box("brief").textContent = `${values.target}: ${values.prediction}`;
  // During a trial another version may answer, with a threshold of its own.
  const hasRule = job === model.job && model.threshold !== null && model.threshold !== 0.5 && reasons?.of !== undefined;
  box("rule").hidden = !hasRule;
  if (hasRule) {
    box("rule").textContent = words("From a probability of {share} on, a row is predicted as {label}.",
      { share: percent(model.threshold), label: reasons.of });
  }
}

function shownAs(prediction) {
  return typeof prediction === "number" ? number(prediction, 6) : prediction;
}

function percent(share, digits = 1) {
  const form = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(spoken, form).format(share);
}

function showProbabilities({ probabilities, prediction }) {
  box("probabilities").hidden = !probabilities;
  if (!probabilities) return;
  let shown = Object.entries(probabilities);
  if (shown.length > 2) shown.sort(([, one], [, other]) => other - one);
  const rest = shown.slice(MOST_LABELS).reduce((sum, [, share]) => sum + share, 0);
  const hidden = shown.length - MOST_LABELS;
  shown = shown.slice(0, MOST_LABELS);
  if (hidden > 0) shown.push([words("{count} more", { count: number(hidden) }), rest]);
  box("probabilities").tBodies[0].replaceChildren(...shown.map(([label, share]) => {
    const row = barRow(label, "", percent(share), 0, share, "fill");
    row.classList.toggle("chosen", label === prediction);
    return row;
  }));
}

// One line of a table of bars; the bar goes from one share of its width to another.
function barRow(label, value, amount, from, to, kind) {
  const bar = make("span", { className: `bar-of ${kind}` });
  bar.style.setProperty("margin-inline-start", `${100 * Math.min(from, to)}%`);
  bar.style.setProperty("width", `${100 * Math.abs(to - from)}%`);
  const name = make("th", { scope: "row" }, make("span", { textContent: label }));
  if (value) name.append(" ", make("small", { textContent: value }));
  const drawn = make("td", { "aria-hidden": "true", className: "drawn" }, bar);
  return make("tr", {}, name, drawn, make("td", { className: "amount", textContent: amount }));
}

// --- What if.

// The probability of one label, or the number.
function levelOf({ prediction, probabilities }, label) {
  return probabilities ? probabilities[label] : prediction;
}

function showMoved(base) {
  box("whatif").hidden = false;
  const { found, row } = current;
  const label = found.reasons?.of ?? found.prediction;
  const names = base ? Object.keys(row).filter((name) => row[name] !== base.row[name]) : [];
  if (!base || !names.length) {
    box("moved").textContent = base ? words("This is the row that you compare with.")
      : words("Change a value: what it does to the prediction appears here.");
    box("changed").replaceChildren();
    return;
  }
  if (base.job !== current.job) {
    box("moved").textContent = words("Another version of the model has answered this row, so the two predictions cannot be compared. While a new model is on trial, it answers some of the rows.");
    box("changed").replaceChildren();
    return;
  }
  const from = levelOf(base.found, label), to = levelOf(found, label);
  const scale = scaleOf([from, to], Boolean(found.probabilities));
  const by = scale.change(from, to);
  const values = {
    label: found.probabilities ? label : model.target,
    from: scale.level(from),
    to: scale.level(to),
    by: found.probabilities ? words("{points} points", { points: by }) : by,
  };
  const moved = found.probabilities
    ? words("Probability of {label}: {from} → {to} ({by})", values)
    : words("{label}: {from} → {to} ({by})", values);
  const kind = pinned ? words("Against the row that you keep:") : words("Against the row before:");
  box("brief").textContent = moved;
  box("moved").replaceChildren(`${kind} `, make("strong", { textContent: moved }));
  box("changed").replaceChildren(...names.map((name) => make("li", {
    textContent: `${name}: ${cell(base.row[name])} → ${cell(row[name])}`,
  })));
}

function cell(value) {
  return value === null ? words("(missing)") : String(value);
}

// --- Why: the bars begin where the one before ends, and the amounts as they are written add up.

function showReasons({ found, row }) {
  box("why").hidden = !found.reasons;
  if (!found.reasons) return;
  const { base, columns, rest, of } = found.reasons;
  box("why-what").textContent = of === undefined
    ? words("What moves the model's start to the prediction:")
    : words("What moves the model's start for {label} to the probability of this row:", { label: of });
  const few = columns.length > MOST_REASONS + 1 ? columns.slice(0, MOST_REASONS) : columns;
  const others = columns.slice(few.length);
  const steps = few.map(({ column, amount }) => [column, cell(row[column]), amount]);
  if (others.length) {
    const name = words("{count} other columns", { count: number(others.length) });
    steps.push([name, "", others.reduce((sum, one) => sum + one.amount, 0)]);
  }
  if (rest) steps.push([words("not explained"), "", rest]);
  const levels = [base];
  for (const [, , amount] of steps) levels.push(levels.at(-1) + amount);
  const scale = scaleOf(levels, of !== undefined);
  const shown = steps.map(([name, value, amount], place) => {
    const kind = amount < 0 ? "down" : "up";
    return [name, value, scale.change(levels[place], levels[place + 1]),
      scale.place(levels[place]), scale.place(levels[place + 1]), kind];
  }).filter(([name, , change]) => name !== words("not explained") || /[1-9]/.test(change));
  box("reasons").tBodies[0].replaceChildren(
    barRow(words("start"), "", scale.level(base), scale.place(base) - 0.006, scale.place(base), "mark"),
    ...shown.map((one) => barRow(...one)),
  );
  const total = barRow(words("prediction"), "", scale.level(levels.at(-1)),
    scale.place(levels.at(-1)) - 0.006, scale.place(levels.at(-1)), "mark");
  total.classList.add("chosen");
  box("reasons").tBodies[0].append(total);
}

// Amounts are differences of rounded levels, so what is read adds up to the last digit.
function scaleOf(levels, isShare) {
  const least = Math.min(...levels), most = Math.max(...levels);
  const span = most - least || 1;
  const unit = isShare ? 100 : 1;
  const greatest = Math.max(...levels.map((one) => Math.abs(one * unit)), span * unit);
  const decimals = isShare ? 1 : Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(greatest || 1))));
  const rounded = (level) => Math.round(level * unit * 10 ** decimals);
  const form = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const plain = new Intl.NumberFormat(spoken, form);
  const change = new Intl.NumberFormat(spoken, { ...form, signDisplay: "exceptZero" });
  const written = (format, digits) => format.format(digits / 10 ** decimals);
  return {
    level: (one) => isShare ? percent(rounded(one) / 1000) : written(plain, rounded(one)),
    change: (from, to) => written(change, rounded(to) - rounded(from)),
    place: (one) => 0.006 + 0.994 * (one - least) / span,
  };
}

// --- Many rows.

async function batch() {
  const [file] = box("batch").files;
  box("batch-found").hidden = true;
  if (!file || !model) return;
  const { dataset } = model;
  if (file.size > MOST_BATCH_BYTES) {
    sayOfBatch(toTheBucket(words("{file} is larger than 2.5 MB.", { file: file.name })), true);
    return;
  }
  sayOfBatch(words("Predicting the rows of {file} …", { file: file.name }));
  const body = await readText(file);
  if (body === null) {
    sayOfBatch(words("{file} is not in UTF-8, so its letters may be misread. Save it as “CSV UTF-8”, or upload it to the bucket as {key}: there its encoding is found out, and its predictions come as a file.",
      { file: file.name, key: `data/${dataset}_test.csv` }), true);
    return;
  }
  try {
    const found = await working(words("Predicting …"), predictRows(dataset, body));
    if (dataset === model?.dataset && file === box("batch").files[0]) showBatch(found, file.name);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    sayOfBatch(error.status === 413 ? toTheBucket(error.message) : error.message, true);
  }
}

// The text, or null for a file that is not in UTF-8: a guessed encoding misreads some letters.
async function readText(file) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return null;
  }
}

// A table with a header, and the odd cells; null where an answer has no room for them.
async function predictRows(dataset, body) {
  const path = `predict/${encodeURIComponent(dataset)}`;
  const sent = (kind) => ask("predict", path,
    { method: "POST", headers: { "Content-Type": "text/csv", Accept: kind }, body });
  try {
    const { predictions } = await sent("application/json").then((answer) => answer.json());
    const labels = Object.keys(predictions[0]?.probabilities ?? {});
    const isKnown = labels.every((label) => model?.labels.includes(label));
    const ordered = isKnown && model ? model.labels.filter((label) => labels.includes(label)) : labels;
    return {
      header: ["prediction", ...ordered.map((label) => `probability_${label}`)],
      rows: predictions.map(({ prediction, probabilities }) => [prediction,
        ...ordered.map((label) => probabilities[label])].map(String)),
      odd: predictions.flatMap(({ warnings }, row) => (warnings ?? []).map((one) => ({ ...one, row }))),
    };
  } catch (error) {
    if (error.code !== "api.answer_too_long") throw error;
    const [header, ...rows] = cells(await sent("text/csv").then((answer) => answer.text()));
    return { header, rows, odd: null };
  }
}

function toTheBucket(reason) {
  const key = `data/${model.dataset}_test.csv`;
  return `${reason} ${words("Upload the file to the bucket as {key}; its predictions come as a file.", { key })}`;
}

function sayOfBatch(text, bad = false) {
  box("batch-said").textContent = text;
  box("batch-said").classList.toggle("bad", bad);
}

function showBatch({ header, rows, odd }, name) {
  const count = rows.length;
  sayOfBatch(count === 1 ? words("1 row of {name} is predicted.", { name })
    : words("{count} rows of {name} are predicted.", { count: number(count), name }));
  showOdd(odd);
  box("batch-sum").textContent = summed(rows.map(([first]) => first));
  const head = [words("Row"), ...header].map((one) => make("th", { scope: "col", textContent: one }));
  box("batch-table").tHead.replaceChildren(make("tr", {}, ...head));
  const shown = rows.slice(0, MOST_PREVIEWED).map((row, place) => make("tr", {},
    make("th", { scope: "row", textContent: number(place + 1) }),
    ...row.map((one) => make("td", { textContent: one }))));
  box("batch-table").tBodies[0].replaceChildren(...shown);
  const text = [header, ...rows].map((row) => `${row.map(quoted).join(",")}\n`).join("");
  URL.revokeObjectURL(box("batch-save").href);
  box("batch-save").href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  box("batch-save").download = `${name.replace(/\.csv$/i, "")}_prediction.csv`;
  box("batch-found").hidden = false;
}

// How many in which columns, and the first few in words.
function showOdd(odd) {
  box("batch-odd").hidden = odd !== null && !odd.length;
  if (odd === null) {
    box("batch-odd-sum").textContent = words("Cells that cannot be read, or that are unlike train, are not listed: with them the answer would be too large.");
    box("batch-odd-first").replaceChildren();
    return;
  }
  const counts = new Map();
  for (const { column } of odd) counts.set(column, (counts.get(column) ?? 0) + 1);
  const most = [...counts].sort(([, one], [, other]) => other - one);
  const columns = most.slice(0, MOST_LABELS).map(([column, count]) => `${column}: ${number(count)}`);
  if (most.length > MOST_LABELS) columns.push(words("{count} more", { count: number(most.length - MOST_LABELS) }));
  box("batch-odd-sum").textContent = words("Odd cells: {count}. By column: {columns}.",
    { count: number(odd.length), columns: columns.join(" · ") });
  box("batch-odd-first").replaceChildren(...odd.slice(0, MOST_ODD).map(({ row, text }) => make("li", {
    textContent: words("Row {row}: {text}", { row: number(row + 1), text }),
  })));
}

function summed(predictions) {
  if (model.problem === "number") {
    const found = predictions.map(Number);
    const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
    const least = found.reduce((one, other) => Math.min(one, other), Infinity);
    const most = found.reduce((one, other) => Math.max(one, other), -Infinity);
    return words("From {low} to {high}, {mean} on average.",
      { low: number(least), high: number(most), mean: number(mean) });
  }
  const counts = new Map();
  for (const one of predictions) counts.set(one, (counts.get(one) ?? 0) + 1);
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, MOST_LABELS);
  return most.map(([label, count]) => `${label}: ${number(count)}`).join(" · ");
}

function quoted(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

// RFC 4180: quotes may stand around a cell, with commas, quotes and line ends in it.
function cells(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  const last = rows.at(-1);
  if (last.length === 0 || (last.length === 1 && last[0] === "")) rows.pop();
  return rows;
}

// --- Wires.

export function wire() {
  box("dataset").addEventListener("change", () => {
    location.hash = `#predict/${encodeURIComponent(box("dataset").value)}`;
  });
  box("fields").addEventListener("input", later);
  // Half a date is no input.
  box("fields").addEventListener("focusout", ({ target }) => {
    if (target.validity?.badInput) later();
  });
  box("row").addEventListener("submit", (event) => {
    event.preventDefault();
    predict();
  });
  box("reset").addEventListener("click", () => {
    for (const one of fields.values()) one.input.value = one.start;
    predict();
  });
  box("empty").addEventListener("click", () => {
    for (const one of fields.values()) one.input.value = "";
    predict();
  });
  box("pin").addEventListener("click", () => {
    pinned = pinned ? null : current;
    box("pin").setAttribute("aria-pressed", String(Boolean(pinned)));
    showMoved(pinned ?? before);
  });
  box("batch").addEventListener("change", batch);
  dropsInto(box("batch-drop"), ([file, ...others]) => {
    if (!others.length) put(box("batch"), file);
    else sayOfBatch(words("Drop one file at a time."), true);
  });
}
