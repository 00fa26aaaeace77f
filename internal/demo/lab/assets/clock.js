// The time of what is shown: this moment's, or that of a recording, which can stand still.

const SPAN = 90; // seconds

/** The multiples of a number of seconds, short of a last one. */
export const every = (seconds, last) => Array.from({ length: Math.ceil(last / seconds) }, (_, i) => i * seconds);

export const clock = {
  /** ms, for what moves. */
  now: () => performance.now(),
  /** ms since 1970, for what was when. */
  date: () => Date.now(),
  /** Such a date, for the reader. */
  when: date => new Date(date).toLocaleTimeString("en-GB"),
  /** From when to when the chart goes, in seconds since 1970. */
  span: () => [Date.now() / 1000 - SPAN, Date.now() / 1000],
  /** Where it has lines: some n of them, a whole number of seconds apart. */
  splits: (from, to, n) => every(Math.ceil((to - from) / n), to - from).map(s => to - s),
  /** What the chart says below a time of its own, which ends at last. */
  tick: (time, last) => Math.round(last - time) ? `${Math.round(last - time)} s ago` : "now",
};
