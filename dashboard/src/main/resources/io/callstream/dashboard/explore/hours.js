// Holds the last response of api/explore and its hours: starts, local times, and which of them can be compared.
import {DAY, dayOf, HOUR, WEEK} from './formats.js';

export let data = null, series = null;
export let end = 0; // Where the last days of the request ended; 0 without calls.

export function receive(response, requestedEnd) {
  data = response;
  series = hours(response);
  end = requestedEnd || series.end;
}

/** Returns the name of a kind of calls, or its unknown key. */
export const groupName = key => Object.hasOwn(data.groups || {}, key) ? data.groups[key] : key;

/** Computes the hours: starts, local times, and which of them can be compared. */
function hours({hours: from, upTo, accounting}) {
  const calls = from ? from.calls : [];
  const starts = [], locals = [], changes = [];
  const gap = new Array(calls.length).fill(false);
  (from ? from.runs : []).forEach(([index, start, offset], i) => {
    const end = i + 1 < from.runs.length ? from.runs[i + 1][0] : calls.length;
    for (let k = index; k < end; k++) {
      starts.push(start + (k - index) * HOUR);
      locals.push(start + (k - index) * HOUR + offset);
    }
    if (i > 0 && offset !== from.runs[i - 1][2]) {
      changes.push(index);
    }
  });
  (from ? from.gaps : []).forEach(([first, end]) => gap.fill(true, first, end));
  const size = calls.length;
  const end = size ? starts[size - 1] + HOUR : 0;
  const partial = starts.map((start, i) => i === 0 || upTo === null || start + HOUR > upTo);
  const complete = starts.map((start, i) => !partial[i] && !gap[i]);
  const byLocal = new Map(), twice = new Set();
  locals.forEach((local, i) => byLocal.has(local) ? twice.add(local) : byLocal.set(local, i));
  return {
    size, starts, locals, calls, gap, partial, complete, changes, end, byLocal,
    twice, // The local hours that occur twice.
    /** Returns whether an hour occurs twice, and the calls do not specify which one they belong to. */
    ambiguous: i => accounting.ambiguousTimes > 0 && twice.has(locals[i]),
    lastComplete: complete.lastIndexOf(true),
    offsetAt: seconds => {
      let offset = from && from.runs.length ? from.runs[0][2] : 0;
      (from ? from.runs : []).forEach(run => offset = run[1] <= seconds ? run[2] : offset);
      return offset;
    },
    /** Returns the calls in the same local hour some weeks before; null if unknown, or if one of both hours occurs twice. */
    before: (i, weeks) => {
      const local = locals[i] - weeks * WEEK;
      const then = byLocal.get(local);
      return then === undefined || !complete[then] || twice.has(local) || twice.has(locals[i]) ? null : calls[then];
    }
  };
}

/** Returns the median of the calls of four weeks; null if one is unknown. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return numbers.includes(null) ? null : (sorted[1] + sorted[2]) / 2;
}

/** Returns the local days: index of the first hour, calls, and whether the day is complete. */
export function days(wanted = () => true) {
  const all = [];
  for (let i = 0; i < series.size; i++) {
    const day = dayOf(series.locals[i]);
    if (!all.length || all[all.length - 1].day !== day) {
      all.push({day, local: day * DAY, first: i, hours: 0, calls: 0, partial: false, change: false, gap: true});
    }
    const last = all[all.length - 1];
    last.end = i + 1;
    last.hours++;
    last.calls += wanted(i) ? series.calls[i] : 0;
    last.partial ||= !series.complete[i];
    last.gap &&= series.gap[i];
    last.change ||= series.changes.includes(i);
  }
  // A clock change may remove the first or the last hour of a day. The first hour of all is partial anyway.
  const last = all[all.length - 1];
  if (last && (data.upTo === null || dayOf(data.upTo + series.offsetAt(data.upTo)) <= last.day)) {
    last.partial = true;
  }
  return all;
}

export const isOver = () => data.state !== 'RUNNING';
export const none = () => isOver() ? 'No calls.' : 'No calls yet.';
