// Compares the selected time with the weeks before.
import {drawn, setText} from './elements.js';
import {count, dayOf, one, slotOf, text, whole} from './formats.js';
import {days, median, none, series} from './hours.js';
import {empty, legend, panel} from './panel.js';
import {axis, plot, timeLabels} from './plot.js';
import {iso, isSelected, range, state} from './state.js';

/** Compares the selected time with the weeks before. */
export function trend() {
  const shown = panel('trend', 'The selected time, compared', 'wide');
  const selected = [...series.calls.keys()].filter(isSelected);
  if (selected.length === 0) {
    empty(shown, series.size ? 'No hour of the data is selected.' : none());
    return;
  }
  const hourly = selected.length <= 14 * 24;
  let points;
  if (hourly) {
    points = selected.map(i => ({
      start: series.starts[i], local: series.locals[i], calls: series.calls[i], complete: series.complete[i], gap: series.gap[i],
      weeks: [1, 2, 3, 4].map(w => series.before(i, w))
    }));
  } else {
    const all = days(i => state.slot === null || slotOf(series.locals[i]) === state.slot);
    const byDay = new Map(all.map(day => [day.day, day]));
    const chosen = new Set(selected.map(i => dayOf(series.locals[i])));
    points = all.filter(day => chosen.has(day.day)).map(day => ({
      start: series.starts[day.first], local: day.local, calls: day.calls, complete: !day.partial, gap: day.gap,
      weeks: [1, 2, 3, 4].map(w => {
        const then = byDay.get(day.day - 7 * w);
        return then && !then.partial && !then.change && !day.change ? then.calls : null;
      })
    }));
  }
  const value = {line: point => point.complete ? point.calls : null, before: point => point.weeks[0], median: point => median(point.weeks)};
  const comparable = points.filter(point => point.complete && point.weeks[0] !== null);
  const usual = points.filter(point => point.complete && value.median(point) !== null);
  const isSame = usual.length === comparable.length; // A median needs a week before.
  const sum = (list, of) => list.reduce((total, point) => total + of(point), 0);
  const calls = list => count(sum(list, value.line), 'call');
  const against = (list, of, when) => difference(sum(list, value.line), sum(list, of), when);
  const complete = list => count(list.length, hourly ? 'complete hour' : 'complete day');
  setText(shown.heading, `${range().every(time => time === null) ? 'All calls' : 'The selected time'} by ${hourly ? 'hour' : 'day'}, compared`);
  setText(shown.note, comparable.length === 0 ? 'No week before is known for this time.'
    : `${complete(comparable)} with a week before: ${calls(comparable)}${against(comparable, value.before, 'a week before')}`
      + (usual.length === 0 ? ''
      : isSame ? against(usual, value.median, 'the median of the four weeks before').replace(/^,/, ';')
      : `; ${complete(usual)} with four weeks before: ${calls(usual)}${against(usual, value.median, 'their median')}`));
  const height = state.kiosk ? Math.max(150, Math.round(innerHeight * .24)) : 330;
  const p = plot(shown, height, `${count(selected.length, 'selected hour')}, ${text('full', points[0].local)} to ${text('full', points[points.length - 1].local)}. ${shown.note.textContent}`);
  const most = Math.max(1, ...points.flatMap(point => [point.calls, ...Object.values(value).map(of => of(point) || 0)]));
  const y = axis(p, height, most);
  const first = points[0].local, span = Math.max(1, points[points.length - 1].local - first);
  const x = i => p.left + (points[i].local - first) / span * (p.width - p.left - p.right);
  for (const name of ['median', 'before', 'line']) {
    let path = '', pen = 'M';
    points.forEach((point, i) => {
      const at = value[name](point);
      if (at === null) {
        pen = 'M';
      } else {
        path += `${pen}${x(i).toFixed(1)} ${y(at).toFixed(1)}`;
        pen = 'L';
      }
    });
    p.svg.append(drawn('path', {class: name, d: path}));
  }
  points.forEach((point, i) => {
    if (!point.gap && (!point.complete || points.length === 1)) {
      const dot = drawn('circle', {class: point.complete ? 'bar' : 'open', cx: x(i), cy: y(point.calls), r: 4});
      dot.append(drawn('title', {}, `${text(hourly ? 'hour' : 'day', point.local)}: ${count(point.calls, 'call')}${point.complete ? '' : ' so far, not complete'}`));
      p.svg.append(dot);
    }
  });
  timeLabels(p, height, points.map(point => point.local), x);
  p.svg.append(drawn('title', {}, shown.note.textContent));
  legend(shown, [['', 'calls'], ['before', 'a week before'], ['median', 'median of the four weeks before'], ['open', 'not complete']]);
  shown.rows = {
    columns: [hourly ? 'hour' : 'day', 'calls', 'complete', 'week_before', 'median_of_4_weeks'],
    rows: points.map(point => [iso(point.start), point.calls, point.complete, point.weeks[0], value.median(point)])
  };
}

/** Compares calls with those of another time. */
function difference(now, then, when) {
  const factor = now / then;
  const number = (Number.isInteger(then) ? whole : one).format(then);
  if (then === 0 && now > 0) {
    return when === 'a week before' ? '; a week before there were none' : `; ${when} is 0`;
  }
  const more = now === then ? 'as many as'
    : Math.abs(factor - 1) < .005 ? 'about as many as'
    : factor > 3 ? `${whole.format(Number(factor.toPrecision(2)))} times as many as`
    : `${Math.abs((factor - 1) * 100).toFixed(0)} % ${factor > 1 ? 'more' : 'fewer'} than`;
  return `, ${more} ${when} (${number})`;
}
