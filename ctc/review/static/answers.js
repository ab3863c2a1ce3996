// What is answered: the meaning of each key for an event.

let labels = [];

export function setLabels(given) {
  labels = given;
}

export const allLabels = () => labels;

export const mainLabel = () => labels.find((one) => one.is_predicted) ?? labels[0];

export const classOf = (label, name) => label.classes.find((one) => one.name === name);

export const blankOf = (label) => label.classes.find((one) => one.is_blank);

// Returns what the event is taken for: what is being given, one's own answer, that of others, else the model's.
export function shownAnswer(event, label) {
  const given = event.draft?.[label] ?? event.pending?.[label] ?? event.mine?.[label];
  if (given !== undefined) return given;
  if (event.mine || event.pending) return undefined;
  return event.answer?.[label] ?? predicted(event, label);
}

// Returns the model's classes of a label; [] where it names none.
export function predicted(event, name) {
  const label = labels.find((one) => one.name === name);
  const prediction = event.predictions[name];
  if (!prediction || !label) return undefined;
  const names = label.multi_label ? (prediction.present ?? [prediction.answer]) : [prediction.answer];
  return names.filter((one) => classOf(label, one));
}

// Whether an answer to the main label says that nothing is there.
export const isBlank = (names) => Boolean(names?.length && names.every((name) => classOf(mainLabel(), name)?.is_blank));

export const isDone = (event) => Boolean(event.mine || event.pending);

// Returns the answer of a key press: the model's, with what was given instead. Null if it names no class.
export function acceptedAnswer(event, given = {}) {
  const answer = {};
  for (const { name, multi_label } of labels) {
    const names = given[name] !== undefined ? given[name] : (event.draft?.[name] ?? predicted(event, name));
    if (names === undefined) continue;
    if (names?.length === 0 && !multi_label) continue;
    answer[name] = names;
  }
  const main = mainLabel();
  if (answer[main.name] === undefined) return null;
  return isBlank(answer[main.name]) ? { [main.name]: answer[main.name] } : answer; // nothing more to say of nothing
}

// Returns the classes that the keys 1 to 9 stand for: the model's guesses, or the first classes.
export function guessesOf(event, label) {
  const guesses = event.predictions[label.name]?.guesses ?? [];
  const known = guesses.filter(([name]) => classOf(label, name)).map(([name, share]) => ({ name, share }));
  const rest = label.classes.map(({ name }) => ({ name, share: null })).filter(({ name }) => !known.some((one) => one.name === name));
  return [...known, ...rest].slice(0, 9);
}

// Returns the class of a digit: that of its name, such as 3 animals, else the guess at that place.
export function classOfDigit(event, label, digit) {
  return classOf(label, digit)?.name ?? guessesOf(event, label)[Number(digit) - 1]?.name;
}

export function textOf(names) {
  if (names === null) return "not sure";
  if (names === undefined) return "—";
  return names.length ? names.join(" + ") : "none";
}

// Returns what is said of each label, in the order of the labels.
export const answerText = (answer) => labels.filter(({ name }) => name in answer).map(({ name }) => textOf(answer[name])).join(", ");
