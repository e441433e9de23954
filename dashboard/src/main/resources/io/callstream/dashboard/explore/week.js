// Shows the calls by day of the week and hour, which sets a filter.
import {element, setText} from './elements.js';
import {count, DAYS, one, slotOf} from './formats.js';
import {none, series} from './hours.js';
import {empty, panel, SHADES} from './panel.js';
import {change, range, state} from './state.js';

export function week() {
  const shown = panel('week', 'Day of the week and hour', 'wide');
  if (series.size === 0) {
    empty(shown, none());
    return;
  }
  const [from, to] = range();
  const totals = new Array(168).fill(0), complete = new Array(168).fill(0), number = new Array(168).fill(0);
  for (let i = 0; i < series.size; i++) {
    if ((from === null || series.starts[i] >= from) && (to === null || series.starts[i] < to)) {
      const slot = slotOf(series.locals[i]);
      totals[slot] += series.calls[i];
      if (series.complete[i]) {
        complete[slot] += series.calls[i];
        number[slot]++;
      }
    }
  }
  const means = complete.map((calls, slot) => number[slot] === 0 ? null : calls / number[slot]);
  const values = state.totals ? totals : means;
  const highest = Math.max(...values);
  let heat = shown.body.querySelector('.heat');
  if (!heat) {
    heat = heatTable(shown);
  }
  const show = n => n === null ? '' : state.totals ? (n < 10000 ? String(n) : Math.round(n / 1000) + 'K') : n < 10 ? one.format(n) : String(Math.round(n));
  values.forEach((value, slot) => {
    const cell = heat.tBodies[0].rows[Math.floor(slot / 24)].cells[slot % 24 + 1];
    setText(cell, show(value));
    cell.className = value === null || highest === 0 ? 'none' : 'h' + Math.min(SHADES - 1, Math.floor(value / highest * SHADES + 1e-9));
    cell.title = `${DAYS[Math.floor(slot / 24)]} ${slot % 24}:00: ` + (state.totals
      ? count(totals[slot], 'call') : value === null ? 'no complete hour'
      : `${one.format(value)} calls, the mean of ${count(number[slot], 'hour')}`);
    cell.setAttribute('aria-label', cell.title);
    cell.setAttribute('aria-selected', String(state.slot === slot));
  });
  shown.body.querySelectorAll('.switch button').forEach(button =>
    button.setAttribute('aria-pressed', String((button.dataset.week === 'totals') === state.totals)));
  const counts = number.filter(n => n > 0);
  setText(shown.note, state.totals
    ? 'All calls of the selected time. Hours that occur more often have more calls.'
    : counts.length === 0 ? 'No complete hour is selected.'
    : `Calls per hour: the mean of ${Math.min(...counts)}${Math.max(...counts) > Math.min(...counts) ? ' to ' + Math.max(...counts) : ''} complete ${Math.max(...counts) === 1 ? 'hour' : 'hours'} in each cell`);
  const scale = shown.body.querySelector('.legend');
  scale.replaceChildren('0 ', ...Array.from({length: SHADES}, (_, i) => element('span', 'h' + i)), ' ' + (highest > 0 ? show(highest) : '0'));
  shown.rows = {
    columns: ['day', 'hour', 'calls', 'complete_hours', 'mean_per_hour'],
    rows: totals.map((calls, slot) => [DAYS[Math.floor(slot / 24)], slot % 24, calls, number[slot], means[slot]])
  };
}

function heatTable(shown) {
  const choice = element('div', 'switch');
  choice.setAttribute('role', 'group');
  choice.setAttribute('aria-label', 'Values of the week');
  for (const [key, name] of [['mean', 'Mean per hour'], ['totals', 'Totals']]) {
    const button = element('button', '', name);
    button.type = 'button';
    button.dataset.week = key;
    button.onclick = () => change({totals: key === 'totals'});
    choice.append(button);
  }
  const heat = element('table', 'heat');
  heat.setAttribute('role', 'grid');
  heat.setAttribute('aria-label', 'Calls by day of the week and hour; press Enter to select an hour');
  const head = element('tr');
  head.append(element('td', 'corner'));
  for (let hour = 0; hour < 24; hour++) {
    const cell = element('th', hour % 3 === 0 ? 'third' : '', String(hour));
    cell.scope = 'col';
    head.append(cell);
  }
  heat.createTHead().append(head);
  const body = heat.createTBody();
  DAYS.forEach((day, d) => {
    const row = element('tr');
    const name = element('th', '', day.slice(0, 3));
    name.scope = 'row';
    name.abbr = day;
    row.append(name);
    for (let hour = 0; hour < 24; hour++) {
      const cell = element('td');
      const slot = d * 24 + hour;
      cell.tabIndex = slot === 0 ? 0 : -1;
      cell.onclick = () => change({slot: state.slot === slot ? null : slot});
      cell.onkeydown = event => {
        const move = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: 24, ArrowUp: -24}[event.key];
        const to = slot + (move || 0);
        if (move && to >= 0 && to < 168) {
          cell.tabIndex = -1;
          const other = body.rows[Math.floor(to / 24)].cells[to % 24 + 1];
          other.tabIndex = 0;
          other.focus();
          event.preventDefault();
        } else if (event.key === 'Enter' || event.key === ' ') {
          cell.click();
          event.preventDefault();
        }
      };
      row.append(cell);
    }
    body.append(row);
  });
  shown.body.replaceChildren(choice, heat, element('p', 'legend'));
  return heat;
}
