// Shows all calls over time. A reader selects a time with the mouse.
import {drawn, setText} from './elements.js';
import {count, HOUR, one, text, whole} from './formats.js';
import {days, none, series} from './hours.js';
import {empty, legend, panel} from './panel.js';
import {axis, plot, timeLabels} from './plot.js';
import {select} from './replay.js';
import {iso, isSelected, range} from './state.js';

let dragging = false;

export function overview() {
  if (dragging) {
    return;
  }
  const shown = panel('overview', 'Calls over time', 'full');
  if (series.size === 0) {
    empty(shown, none());
    return;
  }
  const hourly = series.size <= 96;
  const bins = hourly
    ? series.calls.map((calls, i) => ({local: series.locals[i], first: i, end: i + 1, hours: 1, calls, partial: series.partial[i] || series.ambiguous(i), ambiguous: series.ambiguous(i), gap: series.gap[i], change: series.changes.includes(i)}))
    : days();
  setText(shown.heading, `Calls by ${hourly ? 'hour' : 'day'}`);
  setText(shown.note, 'Drag over the chart, or use the fields above, to select a time.');
  const height = 130;
  const most = Math.max(1, ...bins.map(bin => bin.calls));
  const top = bins.reduce((best, bin) => bin.calls > best.calls ? bin : best);
  const name = bin => text(hourly ? 'hour' : 'day', bin.local);
  const p = plot(shown, height, `Calls by ${hourly ? 'hour' : 'day'}, ${name(bins[0])} to ${name(bins[bins.length - 1])}; maximum ${whole.format(top.calls)} on ${name(top)}`);
  const hatch = drawn('pattern', {id: 'hatch', width: 4, height: 4, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'});
  hatch.append(drawn('rect', {width: 1.3, height: 4, class: 'bar'}));
  p.svg.append(hatch);
  const y = axis(p, height, most);
  const step = (p.width - p.left - p.right) / bins.length;
  const x = i => p.left + i * step;
  bins.forEach((bin, i) => {
    if (bin.gap) {
      p.svg.append(drawn('rect', {class: 'gap', x: x(i), y: p.top, width: step, height: height - p.top - p.bottom}));
    }
    const part = selectedPart(bin);
    const bar = (calls, className) => drawn('rect', {
      class: 'bar' + (bin.partial ? ' partial' : '') + className,
      x: x(i) + step * .1, y: y(calls), width: Math.max(.5, step * .8), height: y(0) - y(calls)
    });
    const both = drawn('g', {});
    const isWhole = part.hours === bin.end - bin.first;
    both.append(bar(bin.calls, isWhole ? '' : ' out'));
    if (!isWhole && part.calls > 0) {
      both.append(bar(part.calls, ' part'));
    }
    const about = (bin.ambiguous ? ', occurs twice, and the calls do not specify which one' : bin.partial ? ', not complete' : '') + (bin.change ? `, clocks change, ${bin.hours} hours` : '')
      + (!isWhole && part.hours > 0 ? `; selected: ${count(part.hours, 'hour')} with ${count(part.calls, 'call')}` : '');
    both.append(drawn('title', {}, `${name(bin)}: ${count(bin.calls, 'call')}, ${one.format(bin.calls / bin.hours)} an hour${about}`));
    p.svg.append(both);
    if (bin.change) {
      p.svg.append(drawn('line', {class: 'change', x1: x(i) + step / 2, x2: x(i) + step / 2, y1: p.top, y2: height - p.bottom}));
    }
  });
  const [start, end] = selectedHours();
  const hasRange = end > start && range().some(time => time !== null);
  if (hasRange) {
    const at = hour => {
      const i = bins.findIndex(bin => hour < bin.end);
      return i < 0 ? x(bins.length) : x(i) + (hour - bins[i].first) / (bins[i].end - bins[i].first) * step;
    };
    p.svg.append(drawn('rect', {class: 'brush', x: at(start), y: p.top, width: Math.max(1, at(end) - at(start)), height: height - p.top - p.bottom}));
  }
  timeLabels(p, height, bins.map(bin => bin.local), x);
  brush(p, height, event => {
    const box = p.svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * p.width;
    return Math.max(0, Math.min(bins.length - 1, Math.floor((at - p.left) / step)));
  }, x, step, bins);
  legend(shown, [['partial', bins.some(bin => bin.ambiguous) ? 'not complete, or an hour that occurs twice' : 'not complete'], ['gap', 'no data'], ...(series.changes.length ? [['change', 'clocks change']] : []), ...(hasRange ? [['brush', 'selected time']] : [])]);
  shown.rows = {
    columns: ['start', 'calls', 'hours', 'complete'],
    rows: bins.map(bin => [iso(series.starts[bin.first]), bin.calls, bin.hours, !bin.partial && !bin.gap])
  };
}

/** Returns the number of selected hours of a bin, and their calls. */
function selectedPart(bin) {
  const part = {hours: 0, calls: 0};
  for (let i = bin.first; i < bin.end; i++) {
    if (isSelected(i)) {
      part.hours++;
      part.calls += series.calls[i];
    }
  }
  return part;
}

/** Returns the first hour of the selected time, and the hour after its end. */
function selectedHours() {
  const [from, to] = range();
  const notBefore = time => {
    const hour = series.starts.findIndex(start => start >= time);
    return hour < 0 ? series.size : hour;
  };
  return [from === null ? 0 : notBefore(from), to === null ? series.size : notBefore(to)];
}

/** Selects the time between the points at which the mouse is pressed and released. */
function brush(p, height, indexAt, x, step, bins) {
  let from = 0;
  const area = drawn('rect', {class: 'brush', y: p.top, height: height - p.top - p.bottom, width: 0});
  p.svg.onpointerdown = event => {
    dragging = true;
    from = indexAt(event);
    p.svg.setPointerCapture(event.pointerId);
    p.svg.append(area);
    p.svg.onpointermove(event);
    event.preventDefault();
  };
  p.svg.onpointermove = event => {
    if (dragging) {
      const to = indexAt(event);
      area.setAttribute('x', x(Math.min(from, to)));
      area.setAttribute('width', (Math.abs(to - from) + 1) * step);
    }
  };
  p.svg.onpointerup = event => {
    if (dragging) {
      dragging = false;
      const to = indexAt(event);
      const [first, last] = [bins[Math.min(from, to)], bins[Math.max(from, to)]];
      select(series.starts[first.first], series.starts[last.end - 1] + HOUR);
    }
  };
  p.svg.onpointercancel = () => {
    dragging = false;
    area.remove();
  };
}
