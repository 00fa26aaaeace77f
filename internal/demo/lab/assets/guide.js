// The guide of a tour: a question, its choices, and then what came out. It draws, and
// decides nothing: tour.js does what a step says, retell.js plays one that was recorded.
import { button, el, enable, put } from "./format.js";
import { speak } from "./speak.js";

const at = id => document.getElementById(id);
const guide = at("guide");

/** Shows the guide, or takes it away. */
export function open(is) {
  guide.hidden = !is;
  document.body.classList.toggle("touring", is);
}

/**
 * Makes the guide for a step, whose choices cannot be taken yet.
 * @param does {guess(i), again(), next(), leave()}; without leave there is no such button
 * @returns the card by which the other functions change it
 */
export function question({ id, steps }, number, does) {
  const s = steps[number], last = number + 1 === steps.length;
  const card = { s, title: el("h2", { tabindex: "-1" }, id, el("small", {}, steps.length > 1 ? `${number + 1} of ${steps.length}` : "")) };
  card.text = el("div", { class: "text" }, el("p", { class: "say" }, s.say), el("p", { class: "ask", id: "ask" }, s.ask));
  card.status = el("p", { class: "status" });
  card.buttons = s.choices.map((text, i) => button(text, { "aria-disabled": "true" }, () => { does.guess(i); }));
  card.side = el("div", { class: "side" }, el("div", { class: "choices", role: "group", "aria-labelledby": "ask" }, ...card.buttons));
  card.show = button("Show", { id: "tour-show", "aria-expanded": "false" }, () => fold(!guide.classList.contains("folded"), s));
  card.again = button("Play this step again", { id: "tour-again", hidden: true }, () => { does.again(); });
  card.next = button(last ? "To the end" : "Next", { id: "tour-next", class: "primary", "aria-disabled": "true" }, () => does.next());
  const leave = does.leave ? [button("Leave", { id: "tour-leave" }, does.leave)] : [];
  guide.replaceChildren(card.title, card.text, card.side, card.status, el("div", { class: "nav" }, card.show, ...leave, card.again, card.next));
  guide.classList.remove("told");
  foldTo(false);
  return card;
}

/** Lets the reader begin at the top of what there is. */
export function focus(card) {
  card.title.focus({ preventScroll: true });
  guide.scrollIntoView({ block: "nearest" });
}

/** Lets a guess be made. */
export function enableGuess(card, can) { for (const b of card.buttons) enable(b, can); }

/** A guess was made: on a small screen, one line is left while there is something to see. */
export function guessed(card, i) {
  enableGuess(card, false);
  card.buttons[i].setAttribute("aria-pressed", "true");
  guide.classList.remove("told");
  foldTo(true);
  toPlace(card.s);
}

export function say(card, text) {
  put(card.status, text);
  speak(text);
}

function foldTo(folded) {
  guide.classList.toggle("folded", folded);
  const show = at("tour-show");
  if (show) { put(show, folded ? "Show" : "Hide"); show.setAttribute("aria-expanded", String(!folded)); }
}

/** Shows what it is about, or all of the guide. */
function fold(folded, s) {
  foldTo(folded);
  if (folded) toPlace(s); else guide.scrollIntoView({ block: "start" });
}

/** Scrolls to what there is to see, unless it is seen already. */
function toPlace(s) {
  const small = getComputedStyle(at("tour-show")).display !== "none";
  (at(s.look) || guide).scrollIntoView({ block: small ? "start" : "nearest" });
}

/** Says why a step has not come to its end, and offers to go on all the same. */
export function breakOff(card, message) {
  enableGuess(card, false);
  card.status.classList.add("off");
  say(card, message);
  offerMore(card);
}

function offerMore(card) {
  guide.classList.add("told");
  card.again.hidden = false;
  enable(card.next, true);
}

/**
 * Puts what came out beside what was predicted, and says whether that is so.
 * @param guess the choice that was made, or null
 * @param came the one that came true, or -1; doubt, what is said where a number is off
 */
export function reveal(card, guess, { came, numbers }, doubt) {
  const { s } = card, off = numbers.filter(n => !n.ok).length;
  card.side.replaceChildren(table(numbers));
  card.text.replaceChildren(el("p", { class: "why" }, s.why), el("p", { class: "ask" }, s.ask), el("p", { class: "came" }, ...verdict(s, guess, came)));
  card.status.classList.toggle("off", off > 0);
  say(card, off === 0 ? `✓ ${numbers.length > 1 ? "Every number is" : "The number is"} as predicted.` : `✗ ${off} of ${numbers.length} not as predicted.${doubt}`);
  offerMore(card);
  (card.show.offsetParent ? card.show : card.next).focus({ preventScroll: true });
}

function verdict({ choices, right }, guess, came) {
  const theory = came === right ? "" : ` Theory says: ${choices[right]}.`, was = el("b", {}, choices[came] || "none of these");
  if (guess === null) return ["It was: ", was, ".", theory];
  if (came === guess) return ["✓ As you guessed: ", was, ".", theory];
  return ["You guessed: ", choices[guess], ". It was: ", was, ".", theory];
}

function table(numbers) {
  const head = ["", "predicted", "came out", ""].map(text => el("th", { scope: "col" }, text));
  const mark = ok => el("td", { class: ok ? "ok" : "off" }, ok ? "✓" : "✗", el("span", { class: "sr" }, ok ? " as predicted" : " not as predicted"));
  return el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...numbers.map(n =>
    el("tr", {}, el("th", { scope: "row" }, n.label), el("td", {}, n.want), el("td", { class: "got" }, n.got), mark(n.ok)))));
}

/** The end of a tour: a sentence, other ones to go to, and where it ends. */
export function farewell({ id, read }, text, others, end) {
  const title = el("h2", { tabindex: "-1" }, id, el("small", {}, "done")), status = el("p", { class: "status" }, `Read on: ${read}.`);
  guide.replaceChildren(title,
    el("div", { class: "text" }, el("p", { class: "say" }, text)),
    el("div", { class: "side" }, el("div", { class: "choices others", role: "group", "aria-label": "Other tours" }, ...others)),
    status,
    el("div", { class: "nav" }, end));
  foldTo(false);
  title.focus({ preventScroll: true });
  speak(`${id} is over. Read on: ${read}.`);
}
