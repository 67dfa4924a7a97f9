// The form around the scorer. Texts come from the page; names and cells only ever become text.
{
  const MOST_DIFFERENCE = 1e-6, MOST_LABELS = 10, MINUS = "\u2212";
  const part = (name) => document.getElementById(`what_if_${name}`);
  const form = part("form"), state = part("state");
  const fields = [...form.querySelectorAll("[data-column]")].sort((a, b) => a.dataset.column - b.dataset.column);
  let model, first, pinned;

  /** The value of an input, NaN where it is empty, and undefined where it cannot be read. */
  const READERS = {
    number: (text) => (Number.isFinite(Number(text)) ? Number(text) : undefined),
    category: Number,
    date: (text) => {
      const found = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?)?$/.exec(text);
      if (!found || text.startsWith("0000")) return undefined;
      const at = Date.parse(`${text}${found[1] ? (found[2] ? "" : ":00") : "T00:00:00"}Z`);
      return Number.isNaN(at) ? undefined : at;
    },
    duration: (text, input) => {
      const found = /^(-?)(\d{1,7}):([0-5]\d)(?::([0-5]?\d(?:\.\d{1,9})?))?$/.exec(text);
      // 40:05 may be minutes.
      if (!found || (found[4] === undefined && input.dataset.seconds)) return undefined;
      const seconds = 3600 * found[2] + 60 * found[3] + Number(found[4] ?? 0);
      return found[1] ? -seconds : seconds;
    },
  };

  function read(input) {
    const text = input.value.trim();
    if (text === "") return input.validity.badInput ? undefined : NaN;
    return READERS[input.dataset.kind](text, input);
  }

  function valueOf(field) {
    const values = inputsOf(field).map((input) => read(input) ?? NaN);
    return field.dataset.several ? values : values[0];
  }

  const inputsOf = (field) => [...field.querySelectorAll("input, select")];

  /** What a field says, as people read it. */
  function textOf(field) {
    return inputsOf(field).map((input) => {
      if (Number.isNaN(read(input) ?? NaN)) return form.dataset.missing;
      if (input.selectedOptions) return input.selectedOptions[0].label;
      return input.dataset.kind === "date" ? input.value.replace("T", " ") : input.value;
    }).join(" \u00b7 ");
  }

  function saysMissing(input, value) {
    const field = input.closest("[data-column]");
    if (field.dataset.several) return Number.isNaN(value);
    return Number.isNaN(present(model.columns[field.dataset.column], value));
  }

  function hintOf(input) {
    const value = read(input), { low, high, below, above, unseen } = input.dataset;
    if (value === undefined) return form.dataset.unreadable;
    // A list says so itself; -999 may mean it, too.
    if (saysMissing(input, value)) return input.selectedOptions ? "" : form.dataset.missing;
    if (input.dataset.kind === "category") return value < 0 ? unseen : "";
    if (low !== undefined && value < Number(low)) return below;
    return high !== undefined && value > Number(high) ? above : "";
  }

  const rowNow = () => fields.map(valueOf);
  const percent = (share) => `${(100 * share).toFixed(1)}%`;

  function number(value) {
    const size = Math.abs(value);
    if (size >= 1e5 && size < 1e15) return Math.round(value).toLocaleString("en-US");
    return String(Number(value.toPrecision(6))).replace("-", MINUS);
  }

  function signed(value, text) {
    const size = text(Math.abs(value));
    if (Number(size.replaceAll(",", "")) === 0) return "0";
    return (value < 0 ? MINUS : "+") + size;
  }

  const points = (value) => signed(value, (size) => (100 * size).toFixed(1));
  const likely = ({ probabilities, place }) => (model.problem === "binary" ? 1 : place);

  /** An answer in one line: a number, or a label and a probability. */
  function inWords(answer) {
    if (model.problem === "number") return number(answer.number);
    const share = percent(answer.probabilities[likely(answer)]);
    const of = model.problem === "binary" ? `${form.dataset.likely}: ` : "";
    return `${model.labels[answer.place]} (${of}${share})`;
  }

  function difference(answer, from) {
    if (model.problem === "number") return signed(answer.number - from.number, number);
    const about = likely(from);
    return points(answer.probabilities[about] - from.probabilities[about]);
  }

  function fill(table, rows) {
    table.tBodies[0].replaceChildren(...rows.map((cells) => {
      const line = document.createElement("tr");
      line.append(...cells.map((text, place) => {
        const cell = document.createElement(place ? "td" : "th");
        if (!place) cell.scope = "row";
        cell.textContent = text;
        return cell;
      }));
      return line;
    }));
  }

  function shownLabels(answer) {
    const places = model.labels.map((_, place) => place);
    if (places.length <= MOST_LABELS) return places;
    return places.sort((a, b) => answer.probabilities[b] - answer.probabilities[a]).slice(0, MOST_LABELS);
  }

  function answerRows(now, before) {
    if (model.problem === "number")
      return [[form.dataset.target, number(now.number), number(before.number), difference(now, before)]];
    return shownLabels(now).map((place) => {
      const [after, earlier] = [now, before].map((one) => one.probabilities[place]);
      return [model.labels[place], percent(after), percent(earlier), points(after - earlier)];
    });
  }

  const differ = (a, b) => (Array.isArray(a) ? a.some((one, n) => differ(one, b[n])) : !Object.is(a, b));

  /** Each changed field, and what the pinned row would get with this change alone. */
  function changedRows(row, before) {
    return fields.flatMap((field, place) => {
      const changed = differ(row[place], pinned.row[place]);
      field.classList.toggle("changed", changed);
      if (!changed) return [];
      const alone = model.answer(pinned.row.map((value, n) => (n === place ? row[n] : value)));
      return [[field.dataset.name, pinned.texts[place], textOf(field), inWords(alone), difference(alone, before)]];
    });
  }

  function show() {
    for (const input of form.querySelectorAll("input, select")) {
      const hint = document.getElementById(input.getAttribute("aria-describedby"));
      const text = hintOf(input);
      if (hint.textContent !== text) hint.textContent = text;
    }
    const row = rowNow(), now = model.answer(row), before = model.answer(pinned.row);
    const changes = changedRows(row, before);
    part("said").textContent = inWords(now);
    part("difference").textContent = changes.length ? `${form.dataset.before}: ${inWords(before)}` : "";
    fill(part("answer"), answerRows(now, before));
    fill(part("changes"), changes);
    part("changed").hidden = !changes.length;
  }

  const pin = () => { pinned = { row: rowNow(), texts: fields.map(textOf) }; };

  /** Whether this browser says what the job has said of the same rows. */
  function agrees() {
    return model.checks.every(({ row, said, place }) => {
      const answer = model.answer(rowOf(row)), found = answer.probabilities ?? [answer.number];
      return answer.place === place && found.every((value, n) =>
        Math.abs(value - said[n]) <= MOST_DIFFERENCE * Math.max(1, Math.abs(said[n])));
    });
  }

  async function start() {
    try {
      model = await unpacked(part("model").textContent.trim());
      if (!agrees()) {
        state.textContent = state.dataset.differs;
        return;
      }
    } catch {
      state.textContent = state.dataset.failed;
      return;
    }
    form.reset();
    pin();
    first = pinned;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", show);
    part("pin").addEventListener("click", () => { pin(); show(); });
    part("reset").addEventListener("click", () => { form.reset(); pinned = first; show(); });
    show();
    state.hidden = true;
    form.hidden = false;
  }

  start();
}
