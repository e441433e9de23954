// Draws what charts over time have in common.
import {drawn, element} from './elements.js';
import {DAY, HOUR, text, whole} from './formats.js';

/** Prepares an SVG of the width of a place. Returns the drawing functions. */
export function plot(place, height, label) {
  let figure = place.body.querySelector('.plot');
  if (!figure) {
    figure = element('div', 'plot');
    place.body.replaceChildren(figure);
  }
  const width = Math.max(240, figure.clientWidth || 600);
  const svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label});
  figure.replaceChildren(svg);
  return {svg, width, figure, left: 44, right: 8, top: 8, bottom: 20};
}

/** Draws the vertical axis, and returns the scale of values. */
export function axis(p, height, most) {
  const step = [1, 2, 5].flatMap(n => [0, 1, 2, 3, 4, 5, 6].map(e => n * 10 ** e)).sort((a, b) => a - b)
    .find(s => most / s <= 4) || most;
  const top = Math.max(step, Math.ceil(most / step) * step);
  const y = value => height - p.bottom - value / top * (height - p.top - p.bottom);
  for (let value = 0; value <= top; value += step) {
    p.svg.append(drawn('line', {class: 'grid', x1: p.left, x2: p.width - p.right, y1: y(value), y2: y(value)}));
    p.svg.append(drawn('text', {x: p.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, whole.format(value)));
  }
  return y;
}

export function timeLabels(p, height, locals, x) {
  const number = Math.max(2, Math.floor((p.width - p.left) / 90));
  const hourly = locals.length > 1 && locals[locals.length - 1] - locals[0] < 3 * DAY;
  const unit = hourly ? HOUR : DAY;
  const span = (locals[locals.length - 1] - locals[0]) / unit + 1;
  const step = hourly ? [1, 2, 3, 4, 6, 12].find(hours => span / hours <= number) || 24 : Math.max(1, Math.ceil(span / number));
  let next = -Infinity;
  locals.forEach((local, i) => {
    const at = Math.floor(local / unit);
    const isMidnight = local % DAY < HOUR; // Hours of some zones start at 0:30.
    const isAlone = Math.abs(local - (locals[i - 1] ?? locals[1])) > HOUR; // Such as a selected hour of the week.
    if (hourly ? at % step === 0 : at >= next && (isMidnight || isAlone)) { // Thus midnight has a label, with its date.
      next = at + step;
      if (x(i) < p.width - 40) {
        p.svg.append(drawn('text', {x: x(i), y: height - 5}, text(hourly && !isMidnight ? 'clock' : 'short', local)));
      }
    }
  });
}
