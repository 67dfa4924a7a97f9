"use strict";
// What functions/portable does with numpy, for one row: as precise, step by step. A value of a row is
// a number, NaN where it is missing; of a category its place among the options, of a date
// milliseconds since 1970, and of several numbers a list.

const float = Math.fround, same = (value) => value;
const CLIPPED = 1e-7, LARGEST_POWER = float(88.7);
const MIX = 0x4906ba494954cb65n;
const SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR, FIRST_MONDAY = 4;
const KINDS = { f8: Float64Array, f4: Float32Array, u8: BigUint64Array, i4: Int32Array, u4: Uint32Array, i2: Int16Array, u2: Uint16Array, i1: Int8Array, u1: Uint8Array };

/** The description and the arrays of a model, from gzip in base64. */
async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content = await new Response(stream).arrayBuffer();
  // The length of the arrays, the arrays, and the description.
  const length = new DataView(content).getUint32(0, true);
  const described = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 8 + length)));
  const arrays = {};
  for (const [name, [kind, at, size]] of Object.entries(described.arrays))
    arrays[name] = new KINDS[kind](content, at, size);
  return new Model(described, arrays);
}

const modulo = (value, by) => ((value % by) + by) % by;
const PARTS = {
  days: (at, offset) => (1000 * at) / (1000 * DAY) - offset,
  hour: (at) => float(modulo(at, DAY) / HOUR),
  year: (at) => new Date(at).getUTCFullYear(),
  month: (at) => new Date(at).getUTCMonth() + 1,
  day: (at) => new Date(at).getUTCDate(),
  weekday: (at) => modulo(Math.floor(at / DAY) - FIRST_MONDAY, 7),
};

/** A feature of a row, from what its column says; as portable/features.py. */
function featureOf({ column, part, codes, is }, columns, row) {
  const about = columns[column];
  let value = row[column];
  if (about.kind === "category") {
    if (is !== undefined) return value === is ? 1 : 0;
    const code = codes[value];
    return code === undefined || code < 0 ? NaN : code;
  }
  if (about.kind === "numbers") value = value[part];
  else if (about.kind === "date") value = Number.isNaN(value) ? NaN : PARTS[part](value, about.offset);
  else if (about.rounded) value = float(value);
  return is === undefined ? value : value === is ? 1 : 0;
}

/** A row of JSON, which has no NaN. */
const rowOf = (values) => values.map((value) => (Array.isArray(value) ? rowOf(value) : value ?? NaN));

/** What a column says: the number of a field less its offset, and nothing where it marks that. */
function present(about, value) {
  if (about.kind === "numbers") return value.some(Number.isNaN) ? value.map(() => NaN) : value;
  if (about.kind === "number") value = (about.percent ? value / 100 : value) - about.offset;
  return about.marks.includes(value) ? NaN : value;
}

/** Whether a value goes left at a split; as portable/splits.py. */
function goesLeft(splits, place, value) {
  if (Number.isNaN(value)) return splits.missing_left[place] === 1;
  const first = splits.first_word[place];
  if (first < 0) return value <= splits.threshold[place];
  const word = value >> 5;
  return word < splits.n_words[place] && ((splits.words[first + word] >>> (value & 31)) & 1) === 1;
}

/** What the leaves of all trees add to scores, in the precision of `round`. */
function walked(arrays, inputs, start, round) {
  const { feature, left, right, value, score } = arrays;
  const scores = [...start];
  arrays.roots.forEach((root, tree) => {
    let at = root;
    while (left[at] !== at) at = goesLeft(arrays, at, inputs[feature[at]]) ? left[at] : right[at];
    scores[score[tree]] = round(scores[score[tree]] + value[at]);
  });
  return scores;
}

function lightgbm({ sigmoid, scores }, arrays, x) {
  return walked(arrays, x, new Array(scores).fill(0), same).map((score) => sigmoid * score);
}

/** Everything in float32; a zero is missing where the booster was given a sparse matrix. */
function xgboost({ start, zero_is_missing, categories }, arrays, x) {
  const inputs = x.map((value, feature) => {
    const rounded = float(value);
    return zero_is_missing && rounded === 0 && !categories[feature] ? NaN : rounded;
  });
  return walked(arrays, inputs, start.map(float), float);
}

/** The place of a key among sorted ones; -1 where it is not among them. */
function placeOf(keys, key) {
  let low = 0, high = keys.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (keys[middle] === key) return middle;
    if (keys[middle] < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function catboost({ statistics, scale, bias, sizes, oblivious }, arrays, x, part) {
  const { feature, threshold } = arrays, inputs = x.map(float);
  const answers = new Uint8Array(feature.length + 1);
  feature.forEach((one, place) => {
    if (one < inputs.length) answers[place] = goesLeft(arrays, place, inputs[one]) ? 0 : 1;
  });
  statistics.forEach(({ parts, unseen }, number) => {
    let mixed = 0n;
    for (const [what, place] of parts) {
      const code = Number.isNaN(inputs[place]) ? sizes[place] : inputs[place];
      const own = what === "split" ? BigInt(answers[place]) : part.hashes[code];
      mixed = BigInt.asUintN(64, MIX * (mixed + MIX * own));
    }
    const found = placeOf(part.keys[number], mixed);
    const value = found < 0 ? float(unseen) : part.values[number][found];
    feature.forEach((one, place) => {
      if (one === inputs.length + number) answers[place] = value > float(threshold[place]) ? 1 : 0;
    });
  });
  const places = oblivious ? obliviousLeaves(arrays, answers) : leavesByAnswer(part.tree, answers);
  const scores = bias.map(() => 0);
  for (const place of places)
    for (let score = 0; score < scores.length; score++)
      scores[score] += arrays.leaves[place * scores.length + score];
  return scores.map((score, n) => score * scale + bias[n]);
}

/** All nodes of a level ask the same; -1 asks nothing. */
function obliviousLeaves({ asked, first_leaf }, answers) {
  const depth = first_leaf.length ? asked.length / first_leaf.length : 0, none = answers.length - 1;
  return Array.from(first_leaf, (first, tree) => {
    let number = 0;
    for (let level = depth - 1; level >= 0; level--) {
      const place = asked[tree * depth + level];
      number = 2 * number + answers[place < 0 ? none : place];
    }
    return first + number;
  });
}

function leavesByAnswer({ feature, left, right, value, roots }, answers) {
  return Array.from(roots, (root) => {
    let at = root;
    while (left[at] !== at) at = answers[feature[at]] ? right[at] : left[at];
    return value[at];
  });
}

function linear({ columns }, { weights, intercepts }, x) {
  const inputs = columns.flatMap(({ feature, codes, usual, low, high, mean, scale }) => {
    const value = x[feature];
    if (codes) return codes.map((code) => ((Number.isNaN(value) ? -1 : value) === code ? 1 : 0));
    const missing = !Number.isFinite(value);
    const clipped = Math.min(Math.max(missing ? usual : value, low), high);
    return [(clipped - mean) / scale, missing ? 1 : 0];
  });
  return Array.from(intercepts, (start, score) =>
    inputs.reduce((sum, input, n) => sum + input * weights[n * intercepts.length + score], 0) + start);
}

/** The product's own forest: its trees are in preorder, the left child of a node is the next. */
function forest({ inputs, usual, share_of_usual }, arrays, x) {
  const { roots, columns, thresholds, right, leaf, values } = arrays;
  const given = inputs.map(({ feature, missing, numbers }) => {
    const value = x[feature];
    if (!numbers) return float(Number.isFinite(value) ? value : missing);
    return float(Number.isNaN(value) ? missing : numbers[value]);
  });
  const sums = usual.map(() => 0);
  for (const root of roots) {
    let at = root;
    while (columns[at] >= 0) at = given[columns[at]] <= thresholds[at] ? at + 1 : right[at];
    for (let score = 0; score < sums.length; score++)
      sums[score] += values[leaf[at] * sums.length + score];
  }
  return sums.map((sum, n) => (sum / roots.length) * (1 - share_of_usual) + usual[n] * share_of_usual);
}

const guess = ({ always }) => always;
const MEMBERS = { lightgbm, xgboost, catboost, linear, forest, guess };

/** From scores to probabilities; as portable/links.py. */
const added = (values) => values.reduce((sum, value) => sum + value, 0);
const LINKS = {
  number: (scores) => scores.map(float),
  binary: ([score]) => [float(1 / (1 + Math.exp(-score)))],
  multiclass: (scores) => {
    const most = Math.max(...scores), powers = scores.map((score) => Math.exp(score - most));
    const sum = added(powers);
    return powers.map((power) => float(power / sum));
  },
};
const FLOAT_LINKS = {
  number: LINKS.number,
  binary: ([score]) => {
    const power = float(Math.exp(Math.min(-score, LARGEST_POWER)));
    return [float(1 / float(float(power + 1) + float(1e-16)))];
  },
  multiclass: (scores) => {
    const most = Math.max(...scores);
    const powers = scores.map((score) => float(Math.exp(float(score - most))));
    const sum = float(added(powers));
    return powers.map((power) => float(power / sum));
  },
};

function linkOf(madeBy, problem) {
  if (madeBy === "forest") return LINKS.number;
  return (madeBy === "xgboost" ? FLOAT_LINKS : LINKS)[problem];
}

/** Probabilities as AutoGluon keeps them from 0 and 1. */
function clipped(values, round) {
  if (values.length === 1) {
    const [value] = values, most = round(1 - CLIPPED), least = round(CLIPPED);
    if (value > most) return [round(1 - round(least * round(Math.exp(-round(value - most)))))];
    return value < least ? [round(least * round(Math.exp(-round(least - value))))] : values;
  }
  if (Math.min(...values) >= round(CLIPPED)) return values;
  const kept = values.map((value) => Math.max(value, round(CLIPPED)));
  const sum = kept.reduce((total, value) => round(total + value), 0);
  return kept.map((value) => round(value / sum));
}

const sumOf = (a, b, round) => (a === null ? b : a.map((value, n) => round(value + b[n])));

class Model {
  constructor(described, arrays) {
    Object.assign(this, described);
    this.parts = this.members.map((member, number) => partsOf(member, number, arrays));
  }

  /** Numbers by class, or the only number. */
  said(row) {
    const read = row.map((value, place) => present(this.columns[place], value));
    const x = this.features.map((feature) => featureOf(feature, this.columns, read));
    let total = null;
    for (const { members, weight, clips } of this.models) {
      let sum = null;
      for (const place of members) {
        const member = this.members[place], { own, part } = this.parts[place];
        const scores = MEMBERS[member.made_by](member, own, x, part);
        let found = linkOf(member.made_by, this.problem)(scores);
        if (clips) found = clipped(found, float);
        sum = sumOf(sum, found, float);
      }
      const mean = sum.map((value) => float(value / members.length));
      const weighed = this.is_weighted ? mean.map((value) => value * weight) : mean;
      total = sumOf(total, weighed, this.is_weighted ? same : float);
    }
    if (this.clips) total = clipped(total, this.is_weighted ? same : float);
    return total.map(float);
  }

  /** The number, or the place of the label and the probability of each. */
  answer(row) {
    const said = this.said(row);
    if (this.problem === "number") return { number: said[0] };
    if (this.problem === "binary") {
      const probabilities = [float(1 - said[0]), said[0]];
      return { probabilities, place: said[0] >= this.threshold ? 1 : 0 };
    }
    const probabilities = new Array(this.labels.length).fill(0);
    this.learned.forEach((place, n) => { probabilities[place] = said[n]; });
    return { probabilities, place: probabilities.indexOf(Math.max(...probabilities)) };
  }
}

/** The arrays of a member by their short names, and those of its parts. */
function partsOf(member, number, arrays) {
  const below = (prefix) => Object.fromEntries(
    Object.entries(arrays).filter(([name]) => name.startsWith(prefix)).map(([name, array]) => [name.slice(prefix.length), array]));
  const own = below(`m${number}.`);
  const part = { hashes: arrays.hashes, tree: below(`m${number}.tree.`) };
  part.keys = (member.statistics ?? []).map((_, n) => own[`s${n}.keys`]);
  part.values = (member.statistics ?? []).map((_, n) => own[`s${n}.values`]);
  return { own, part };
}
