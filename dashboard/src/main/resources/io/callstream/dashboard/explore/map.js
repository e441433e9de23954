// Shows the calls by hexagon, which sets a filter.
import {drawn, element, setText} from './elements.js';
import {count} from './formats.js';
import {data, none, series} from './hours.js';
import {empty, panel, roomOnTheWall, SHADES} from './panel.js';
import {filter, state} from './state.js';

const HEXAGON = 300; // Hexagons.SIZE: meters of the Mercator projection.
const EARTH = 6378137;

export function map() {
  const cells = data.facets && data.facets.hexagon;
  const shown = panel('map', 'Map', cells || !data.facets ? 'wide' : '');
  if (!cells) {
    empty(shown, data.statistic && data.facets
      ? 'A map needs the positions of calls, and this feed has none: it names blocks and intersections only. They are in the list of places.'
      : none());
    return;
  }
  const placed = cells.values.filter(([cell]) => cell).map(([cell, calls]) => {
    const [q, r] = cell.split(',').map(Number);
    return {cell, calls, ...center(q, r)};
  });
  const rest = cells.total - cells.values.reduce((sum, v) => sum + v[1], 0);
  const without = cells.values.filter(([cell]) => !cell).reduce((sum, v) => sum + v[1], 0);
  if (placed.length === 0) {
    empty(shown, series.size === 0 ? none() : 'No call with these filters has a position.');
    return;
  }
  const [left, right] = bound(placed, 'x'), [top, bottom] = bound(placed, 'y');
  const isInside = cell => cell.x >= left && cell.x <= right && cell.y >= top && cell.y <= bottom;
  const outside = placed.filter(cell => !isInside(cell)).reduce((sum, cell) => sum + cell.calls, 0);
  const inside = placed.filter(isInside);
  const shrinking = Math.cos(2 * Math.atan(Math.exp(-(top + bottom) / 2 / EARTH)) - Math.PI / 2); // Of the projection.
  setText(shown.note, `Hexagons of ${Math.round(HEXAGON * Math.sqrt(3) * shrinking / 10) * 10} m. North is up. Positions are those of the source, such as the nearest intersection.`
    + (outside ? ` Outside: ${count(outside, 'call')}.` : '') + (without ? ` Without position: ${count(without, 'call')}.` : '')
    + (rest ? ` Not drawn: ${count(rest, 'call')} in ${count(cells.groups - cells.values.length, 'other hexagon')}.` : ''));
  const width = Math.max(240, shown.body.clientWidth), k = width / (right - left);
  const height = roomOnTheWall(shown) ?? Math.max(200, Math.min(740, (bottom - top) * k));
  const factor = Math.min(k, height / (bottom - top));
  const place = ({x, y}) => [(x - left) * factor + (width - (right - left) * factor) / 2, (y - top) * factor];
  const most = Math.max(1, ...inside.map(cell => cell.calls));
  const svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, role: 'group',
    'aria-label': `Calls by area: ${count(inside.length, 'hexagon')}, the most in one: ${count(most, 'call')}. The arrow keys move between hexagons, Enter selects one.`});
  inside.forEach(cell => svg.append(hexagon(cell, most, place, key => neighbor(inside, cell, key))));
  const before = shown.body.querySelector('.hex[tabindex="0"]');
  enter(svg, before ? before.dataset.key : state.filters.hexagon);
  addNames(svg, width, height, place);
  const km = 1000 / shrinking * factor;
  svg.append(drawn('line', {class: 'scale', x1: 12, x2: 12 + km, y1: height - 12, y2: height - 12}));
  svg.append(drawn('text', {x: 12, y: height - 18}, '1 km'));
  const figure = element('div', 'map');
  figure.append(svg);
  const scale = element('p', 'legend');
  scale.append('1 ', ...Array.from({length: SHADES}, (_, i) => element('span', 'h' + i)), ` ${count(most, 'call')} (square root)`);
  shown.body.replaceChildren(figure, scale);
  shown.rows = {
    columns: ['hexagon', 'longitude', 'latitude', 'calls'],
    rows: placed.map(cell => [cell.cell, cell.x / EARTH * 180 / Math.PI,
      (2 * Math.atan(Math.exp(-cell.y / EARTH)) - Math.PI / 2) * 180 / Math.PI, cell.calls])
  };
}

/** Returns the center of a hexagon in meters of the projection, to the east and to the south. */
const center = (q, r) => ({x: HEXAGON * Math.sqrt(3) * (q + r / 2), y: -HEXAGON * 1.5 * r});

/** Returns between which coordinates nearly all calls are. */
function bound(placed, of) {
  const sorted = [...placed].sort((a, b) => a[of] - b[of]);
  const all = sorted.reduce((sum, cell) => sum + cell.calls, 0);
  let sum = 0, low = null, high = null;
  for (const cell of sorted) {
    sum += cell.calls;
    low = low === null && sum > all * .002 ? cell[of] : low;
    high = high === null && sum >= all * .998 ? cell[of] : high;
  }
  // A few hexagons alone do not fill the map.
  const margin = Math.max(2 * HEXAGON, (16 * HEXAGON - high + low) / 2);
  return [low - margin, high + margin];
}

function hexagon(cell, most, place, next) {
  const isChosen = state.filters.hexagon === cell.cell;
  const shade = Math.min(SHADES - 1, Math.floor(Math.sqrt(cell.calls / most) * SHADES));
  const corners = [0, 1, 2, 3, 4, 5].map(i =>
    place({x: cell.x + Math.sin(Math.PI / 3 * i) * HEXAGON, y: cell.y + Math.cos(Math.PI / 3 * i) * HEXAGON}).map(at => at.toFixed(1)).join());
  const hex = drawn('polygon', {
    class: `hex h${shade}${isChosen ? ' chosen' : ''}`, points: corners.join(' '), role: 'button', 'aria-pressed': String(isChosen), tabindex: '-1'
  });
  hex.append(drawn('title', {}, count(cell.calls, 'call')));
  hex.dataset.key = cell.cell;
  hex.onclick = () => filter('hexagon', cell.cell);
  hex.onkeydown = event => {
    const to = next(event.key);
    if (to) {
      enter(hex.ownerSVGElement, to.cell).focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      hex.dispatchEvent(new MouseEvent('click'));
    }
    if (/^(Arrow.*|Enter| )$/.test(event.key)) {
      event.preventDefault();
    }
  };
  return hex;
}

/** Returns the next hexagon in the direction of an arrow key; undefined if there is none. */
function neighbor(cells, from, key) {
  const [right, down] = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[key] || [0, 0];
  const ahead = to => (to.x - from.x) * right + (to.y - from.y) * down;
  const far = to => Math.abs(to.x - from.x) * (2 - Math.abs(right)) + Math.abs(to.y - from.y) * (2 - Math.abs(down));
  return cells.filter(to => ahead(to) > 1).sort((a, b) => far(a) - far(b))[0];
}

/** Makes a hexagon the one that the Tab key reaches. */
function enter(svg, key) {
  const to = [...svg.querySelectorAll('.hex')].find(hex => hex.dataset.key === key) || svg.querySelector('.hex');
  svg.querySelectorAll('.hex[tabindex="0"]').forEach(hex => hex.setAttribute('tabindex', '-1'));
  to.setAttribute('tabindex', '0');
  return to;
}

/** Writes the names of neighborhoods, those with most calls first, where they do not overlap. */
function addNames(svg, width, height, place) {
  const order = new Map(((data.facets.neighborhood || {}).values || []).map(([name], i) => [name, i]));
  const names = [];
  for (const [name, q, r] of [...data.centers].sort((a, b) => (order.get(a[0]) ?? 99) - (order.get(b[0]) ?? 99))) {
    const [x, y] = place(center(q, r)), half = name.length * 3.2;
    if (x - half > 0 && x + half < width && y > 10 && y < height && names.every(n => Math.abs(n.x - x) > n.half + half || Math.abs(n.y - y) > 13)) {
      names.push({x, y, half});
      svg.append(drawn('text', {class: 'name', x, y}, name));
    }
  }
}
