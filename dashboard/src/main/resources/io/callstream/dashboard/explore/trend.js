// Compares the selected time with the weeks before.
import {drawn, element, setText} from './elements.js';
import {count, dayOf, HOUR, one, slotOf, text, whole} from './formats.js';
import {days, median, none, series} from './hours.js';
import {empty, legend, panel, roomOnTheWall} from './panel.js';
import {axis, plot, timeLabels} from './plot.js';
import {iso, isSelected, range, state} from './state.js';

const FEW = 6, MARGIN = 3; // Hours.
const value = {line: point => point.complete && !point.ambiguous ? point.calls : null, before: point => point.weeks[0], median: point => median(point.weeks)};

export function trend() {
  const shown = panel('trend', 'The selected time, compared', 'wide');
  const selected = [...series.calls.keys()].filter(isSelected);
  if (selected.length === 0) {
    empty(shown, series.size ? 'No hour of the data is selected.' : none());
    return;
  }
  const unit = selected.length <= 14 * 24 ? 'hour' : 'day';
  const points = unit === 'hour' ? selected.map(hour) : selectedDays(selected);
  const isAll = state.slot === null && range().every(time => time === null);
  setText(shown.heading, `${isAll ? 'All calls' : 'The selected time'} by ${unit}, compared`);
  const around = isAll ? null : hoursAround(selected);
  const twice = [...new Set((around || points).filter(point => point.ambiguous).map(point => text('hour', point.local)))];
  setText(shown.note, comparison(points, unit)
    + (twice.length ? `. The hour ${twice.join(' and ')} occurs twice. The calls do not specify which of the two they belong to, so the line has a gap.` : ''));
  shown.rows = {
    columns: [unit, 'calls', 'complete', 'week_before', 'median_of_4_weeks'],
    rows: points.map(point => [iso(point.start), point.calls, point.complete, point.weeks[0], value.median(point)])
  };
  if (series.size === 1) {
    shown.body.replaceChildren(element('p', 'empty', `${text('hour', points[0].local)}–${text('clock', points[0].local + HOUR)} is the only hour of the data: ${count(points[0].calls, 'call')}${points[0].complete ? '' : ' so far'}.`));
    return;
  }
  const label = `${count(selected.length, 'selected hour')}, ${text('full', points[0].local)} to ${text('full', points[points.length - 1].local)}. ${shown.note.textContent}`;
  chart(shown, around || points, around ? selected.map(i => series.starts[i]) : [], unit, label);
}

const hour = i => ({
  start: series.starts[i], local: series.locals[i], calls: series.calls[i], complete: series.complete[i], gap: series.gap[i], change: series.changes.includes(i), ambiguous: series.ambiguous(i),
  weeks: [1, 2, 3, 4].map(w => series.before(i, w))
});

/** Returns the hours of the days around a few selected hours, which alone make no line; null if there are more. */
function hoursAround(selected) {
  const [first, last] = [selected[0], selected[selected.length - 1]];
  if (selected.length >= FEW || last - first !== selected.length - 1) {
    return null;
  }
  const touched = days().filter(day => first < day.end && last >= day.first);
  const from = Math.max(0, touched[0].first - MARGIN), end = Math.min(series.size, touched[touched.length - 1].end + MARGIN);
  return Array.from({length: end - from}, (_, k) => hour(from + k));
}

/** Returns the days of the selected hours. A day is complete if all its hours are, and are selected. */
function selectedDays(selected) {
  const [from, to] = range();
  const all = days(i => state.slot === null || slotOf(series.locals[i]) === state.slot);
  const byDay = new Map(all.map(day => [day.day, day]));
  const calls = new Map();
  for (const i of selected) {
    const day = dayOf(series.locals[i]);
    calls.set(day, (calls.get(day) || 0) + series.calls[i]);
  }
  const isCut = day => (from !== null && series.starts[day.first] < from) || (to !== null && series.starts[day.end - 1] >= to);
  return all.filter(day => calls.has(day.day)).map(day => ({
    start: series.starts[day.first], local: day.local, calls: calls.get(day.day), complete: !day.partial && !isCut(day), gap: day.gap, change: day.change,
    weeks: [1, 2, 3, 4].map(w => {
      const then = byDay.get(day.day - 7 * w);
      return then && !then.partial && !then.change && !day.change ? then.calls : null;
    })
  }));
}

/** Returns how the sum of the complete points differs from the sums of the weeks before. */
function comparison(points, unit) {
  const comparable = points.filter(point => point.complete && point.weeks[0] !== null);
  const usual = points.filter(point => point.complete && value.median(point) !== null);
  const sum = (list, of) => list.reduce((total, point) => total + of(point), 0);
  const calls = list => count(sum(list, value.line), 'call');
  const against = (list, then, when) => difference(sum(list, value.line), then, when);
  const medianWeek = list => median([0, 1, 2, 3].map(w => sum(list, point => point.weeks[w])));
  const complete = list => count(list.length, `complete ${unit}`);
  if (comparable.length === 0) {
    return 'No week before is known for this time';
  }
  return `${complete(comparable)} with a week before: ${calls(comparable)}${against(comparable, sum(comparable, value.before), 'a week before')}`
    + (usual.length === 0 ? ''
    // A median needs a week before.
    : usual.length === comparable.length ? against(usual, medianWeek(usual), 'the median of the four weeks before').replace(/^,/, ';')
    : `; ${complete(usual)} with four weeks before: ${calls(usual)}${against(usual, medianWeek(usual), 'their median')}`);
}

/** Draws points, and marks those with some starts. */
function chart(shown, points, marked, unit, label) {
  const height = roomOnTheWall(shown) ?? 330;
  const p = plot(shown, height, label);
  const most = Math.max(1, ...points.flatMap(point => [point.calls, ...Object.values(value).map(of => of(point) || 0)]));
  const y = axis(p, height, most);
  const first = points[0].start, span = Math.max(1, points[points.length - 1].start - first);
  const at = time => p.left + (time - first) / span * (p.width - p.left - p.right);
  const x = i => at(points[i].start);
  if (marked.length) {
    const start = Math.max(p.left, at(marked[0] - HOUR / 2)), end = Math.min(p.width - p.right, at(marked[marked.length - 1] + HOUR / 2));
    p.svg.append(drawn('rect', {class: 'brush', x: start, y: p.top, width: end - start, height: height - p.top - p.bottom}));
  }
  points.forEach((point, i) => point.change && p.svg.append(drawn('line', {class: 'change', x1: x(i), x2: x(i), y1: p.top, y2: height - p.bottom})));
  for (const name of ['median', 'before', 'line']) {
    let path = '', pen = 'M';
    points.forEach((point, i) => {
      const calls = value[name](point);
      if (calls === null) {
        pen = 'M';
      } else {
        path += `${pen}${x(i).toFixed(1)} ${y(calls).toFixed(1)}`;
        pen = 'L';
      }
    });
    p.svg.append(drawn('path', {class: name, d: path}));
  }
  points.forEach((point, i) => {
    const isMarked = marked.includes(point.start) && !point.ambiguous;
    if (!point.gap && (!point.complete || isMarked)) {
      const dot = drawn('circle', {class: point.complete ? 'bar' : 'open', cx: x(i), cy: y(point.calls), r: 4});
      dot.append(drawn('title', {}, `${text(unit, point.local)}: ${count(point.calls, 'call')}${point.complete ? '' : ', not complete'}`));
      p.svg.append(dot);
    }
    if (isMarked) {
      p.svg.append(drawn('text', {class: 'figure', x: x(i), y: Math.max(p.top + 12, y(point.calls) - 9)}, whole.format(point.calls)));
    }
  });
  timeLabels(p, height, points.map(point => point.local), x);
  p.svg.append(drawn('title', {}, shown.note.textContent));
  const entries = [
    ['', 'calls', value.line], ['before', 'a week before', value.before], ['median', `median of the same ${unit} in the four weeks before`, value.median],
    ['open', 'not complete', point => point.complete || point.gap ? null : point], ['change', 'clocks change', point => point.change || null],
    ['brush', 'selected', point => marked.includes(point.start) || null]
  ];
  legend(shown, entries.filter(([, , of]) => points.some(point => of(point) !== null)));
}

/** Compares calls with those of another time. */
function difference(now, then, when) {
  const factor = now / then;
  const number = (then >= 100 || Number.isInteger(then) ? whole : one).format(then >= 100 ? Math.round(then) : then);
  if (now !== then && (now === 0 || then === 0)) {
    return when === 'a week before' ? `; a week before there were ${then === 0 ? 'none' : number}` : `; ${when} is ${number}`;
  }
  const more = now === then ? 'as many as'
    : Math.abs(factor - 1) < .005 ? 'about as many as'
    : factor > 3 ? `${whole.format(Number(factor.toPrecision(2)))} times as many as`
    : `${Math.abs((factor - 1) * 100).toFixed(0)} % ${factor > 1 ? 'more' : 'fewer'} than`;
  return `, ${more} ${when} (${number})`;
}
