// Shows unusual hours, response times, sample rows and the accounting as tables.
import {element, setText} from './elements.js';
import {count, one, text, whole} from './formats.js';
import {data, none, series} from './hours.js';
import {empty, panel, panels, table} from './panel.js';
import {stopReplay} from './replay.js';
import {change, iso, state} from './state.js';

const rarity = score => score >= 6 ? 'fewer than one in a million' : `one in ${whole.format(Number((10 ** score).toPrecision(1)))}`;

export function unusual() {
  if (!data.spikes || data.spikes.length === 0) {
    return;
  }
  const shown = panel('unusual', 'Unusual hours', 'wide');
  const rows = data.spikes.flatMap(from => from.rows.map(row => ({...row, dimensions: from.dimensions})))
    .sort((a, b) => b.start - a.start || b.score - a.score).slice(0, 50);
  const hasFilters = from => Object.keys(state.filters).every(key => from.dimensions.includes(key === 'group' ? 'type' : key));
  setText(shown.note, series.size === 0 ? none()
    : !data.spikes.some(hasFilters) ? 'Unusual hours are not known by all of these filters.'
    : rows.length === 0
    ? 'No hour of the selected time is unusual, or there are not enough weeks to compare it with.'
    : `${rows.length} with more calls than usual at this hour, newest first.${state.kiosk ? '' : ' Rarity: how many usual hours have so many calls.'}`);
  const local = row => row.start + series.offsetAt(row.start);
  const name = row => row.values.join(', ') || 'All calls';
  shown.rows = {
    columns: ['start', 'group', 'calls', 'expected', 'score'],
    rows: rows.map(row => [iso(row.start), name(row), row.count, row.expected, row.score])
  };
  shown.section.classList.toggle('wide', rows.length > 0);
  if (rows.length === 0) {
    shown.body.replaceChildren();
    return;
  }
  table(shown, ['Hour', 'What', 'Calls', 'Usual', 'Rarity'], rows.map(row => {
    const button = element('button', '', name(row));
    button.type = 'button';
    button.dataset.key = row.start + name(row);
    button.onclick = () => {
      const filters = {...state.filters};
      row.dimensions.forEach((key, i) => (!data.columns || data.columns.includes(key)) && (filters[key] = row.values[i]));
      stopReplay();
      change({filters, from: row.start, to: row.end, last: null, slot: null});
    };
    const what = element('span');
    what.append(button, ...(row.meaning ? [' ', element('small', '', row.meaning)] : []));
    return [text('hour', local(row)), what, whole.format(row.count), one.format(row.expected ?? 0), rarity(row.score ?? 0)];
  }), 2);
  if (state.kiosk) { // A wall shows no row in part.
    const end = shown.body.getBoundingClientRect().bottom;
    shown.body.querySelectorAll('tbody tr').forEach(row => {
      if (row.getBoundingClientRect().bottom > end) {
        row.style.visibility = 'hidden'; // Without the row, columns would change, and other rows could grow.
      }
    });
  }
}

export function waiting() {
  if (!data.waiting || data.waiting.length === 0) {
    if (panels.has('waiting')) {
      empty(panels.get('waiting'), 'No call with these filters has a response time.');
    }
    return;
  }
  const shown = panel('waiting', 'Response times');
  const minutes = seconds => seconds < 600 ? `${one.format(seconds / 60)} min` : `${whole.format(Math.round(seconds / 60))} min`;
  setText(shown.note, 'From receipt to arrival, without calls that officers started. Half of the calls wait at most the median; 10 % wait longer than the last column.');
  table(shown, ['Priority', 'Median', '90 %'], data.waiting.map(([value, middle, most]) => [value || 'All', minutes(middle), minutes(most)]), 1);
  shown.rows = {columns: ['priority', 'median_seconds', 'p90_seconds'], rows: data.waiting};
}

export function samples() {
  const shown = panel('samples', 'Latest hours of the selection, in detail', 'full optional');
  if (!data.samples || data.samples.length === 0) {
    empty(shown, series.size ? 'No calls with these filters.' : none());
    return;
  }
  setText(shown.note, `The first ${count(data.samples.length, 'row')}, latest hour first. A row has the calls of an hour with equal values, as the source published them. `
    + 'The page has neither exact times nor other fields. Places may identify people: check before you publish.');
  const keys = data.columns.filter(key => key !== 'group' && key !== 'hexagon');
  const places = keys.map(key => data.columns.indexOf(key));
  const rows = data.samples.map(([start, values, calls]) => [start, ...places.map(i => values[i]), calls]);
  const local = start => text('hour', start + series.offsetAt(start));
  const names = {type: 'Type', disposition: 'Ended', priority: 'Priority', district: 'District', neighborhood: 'Neighborhood', address: 'Place'};
  table(shown, ['Hour from', ...keys.map(key => names[key]), 'Calls'], rows.map(([start, ...row]) => [local(start), ...row.map(String)]), keys.length + 1);
  shown.rows = {columns: ['hour', ...keys, 'calls'], rows: rows.map(([start, ...row]) => [iso(start), ...row])};
}

export function trust() {
  const shown = panel('trust', 'About these numbers', 'optional');
  const a = data.accounting;
  const facts = [
    ['Records received', a.received], ['Rejected: not a readable call', a.rejected], ['Duplicates, counted once', a.duplicates],
    ['Late: their hour was closed', a.late], ['In the hour that occurs twice', a.ambiguousTimes]
  ].filter(([, number]) => number !== null);
  const notes = [
    'Means and comparisons use complete hours only.',
    series.changes.length ? 'Days on which clocks change, and the hour that occurs twice, are not compared.' : '',
    series.gap.some(Boolean) ? 'Six or more hours without any call are treated as missing data.' : '',
    data.groups && Object.keys(data.groups).length ? 'Kinds group the types of the source; types without a certain meaning are shown unchanged, as other.' : '',
    data.countedSince ? `Calls before ${data.countedSince} are missing or incomplete.` : ''
  ].filter(Boolean);
  setText(shown.note, notes.join(' '));
  table(shown, ['Records', 'Number'], facts.map(([name, number]) => [name, whole.format(number)]), 1);
  shown.rows = {columns: ['fact', 'number'], rows: facts};
}
