// Shows in sentences what the data say, which time they cover, and whether they are up to date.
import {byId, element, setText} from './elements.js';
import {count, HOUR, one, text, whole} from './formats.js';
import {data, groupName, isOver, series} from './hours.js';
import {latest, trouble} from './load.js';
import {FIELDS, iso, range, state} from './state.js';

export function what() {
  const {type, group, disposition, priority, district, neighborhood, address, hexagon} = state.filters;
  return [
    type !== undefined ? `“${type || 'no type'}”` : group !== undefined ? groupName(group).toLowerCase() : '',
    priority !== undefined ? `priority ${priority || 'none'}` : '', disposition !== undefined ? `ended ${disposition || 'without disposition'}` : '',
    ...[district, neighborhood, address].map(place => place === undefined ? '' : 'in ' + (place || 'no known place')), hexagon !== undefined ? 'in one area' : ''
  ].filter(Boolean).join(', ');
}

export function showNow() {
  const place = byId('now');
  if (series.size === 0) {
    setText(place, data.statistic === null
      ? 'This run has no counts of all calls by the hour, so this page is empty. Operations shows the run.'
      : data.accounting.received > 0 ? `${count(data.accounting.received, 'record')} from ${data.source}: none counts as a call${isOver() ? '' : ' yet'}. See Operations.`
      : isOver() ? `The run ended without any call from ${data.source}.`
      : `Waiting for the first calls from ${data.source}.`);
    setText(byId('period'), '');
    return;
  }
  const i = series.lastComplete;
  const parts = [];
  const unknown = Object.entries(data.unknown || {}).filter(([key, value]) => state.filters[key] === value);
  if (unknown.length) {
    parts.push(unknown.map(([key, value]) => `No call has the ${FIELDS[key]} “${(key === 'group' ? groupName(value) : value) || '(none)'}”.`).join(' '));
  } else if (i < 0) {
    parts.push('No hour is complete yet.');
  } else {
    const calls = series.calls[i];
    const weeks = [1, 2, 3, 4].map(w => series.before(i, w));
    const known = weeks.filter(n => n !== null);
    const about = what();
    const strong = element('strong', '', count(calls, 'call'));
    parts.push(`${data.state === 'RUNNING' ? 'The last complete hour' : 'The last complete hour of the data'}, ${text('hour', series.locals[i])}–${text('clock', series.locals[i] + HOUR)}, has `, strong, about ? ` (${about})` : '');
    if (known.length < 2) {
      parts.push('. There are not enough weeks before it to compare with.');
    } else {
      const [low, high] = [Math.min(...known), Math.max(...known)];
      const verdict = calls > high ? 'more than in any' : calls < low ? 'fewer than in any' : 'within the range';
      parts.push(`: ${verdict} of the ${known.length} weeks before (${low === high ? low : `${low} to ${high}`})`,
        weeks[0] === null ? '.' : `; a week before, there were ${whole.format(weeks[0])}.`);
    }
    if (latest && latest.types.length && state.filters.type === undefined) {
      parts.push(` Most frequent: ${latest.types.map(([name, n]) => `${name || '(none)'} (${n})`).join(', ')}.`);
    }
    const spikes = (data.spikes || []).flatMap(from => from.rows).filter(row => row.start >= series.starts[i]).slice(0, 3);
    if (spikes.length) {
      parts.push(` Unusual now: ${spikes.map(row => `${row.values.join(', ') || 'all calls'}, ${row.count} instead of ${one.format(row.expected ?? 0)}`).join('; ')}.`);
    }
  }
  place.replaceChildren(...parts);
  const chosen = range().some(time => time !== null) || state.slot !== null;
  setText(byId('period'), `${count(data.total, 'call')}${chosen ? ' in the selection' : ''}`
    + (data.routine ? `, without ${whole.format(data.routine)} of routine police activity` : '')
    + '.' + (range()[0] !== null || range()[1] !== null ? ` Selected: ${selectedText()}.` : ''));
}

/** Returns which time the calls cover. */
export function covered() {
  if (!data.newest && series.size === 0) {
    return isOver() ? 'No calls' : 'No calls yet';
  }
  const local = name => {
    const time = Date.parse(data[name]) / 1000;
    return text('full', time + series.offsetAt(time));
  };
  return series.size === 0 ? `Newest call ${local('newest')} UTC`
    : `Calls from ${local('from')}${data.newest ? ' to ' + local('newest') : ''}, local time (${data.zone})`;
}

export function selectedText() {
  const [from, to] = range();
  const show = (time, otherwise) => {
    const local = time === null ? null : time + series.offsetAt(time);
    return local === null ? otherwise : text('full', local) + (series.twice.has(local) ? ` (UTC${iso(time).slice(-6)})` : '');
  };
  return `${show(from, 'the start')} to ${show(to, 'the end')}`;
}

export function showLight() {
  const light = byId('state');
  const {level, text: name} = trouble ? {level: 'lost', text: trouble} : data ? data.health : {level: '', text: 'Connecting'};
  setText(light, name);
  light.className = 'light ' + level;
  document.body.classList.toggle('stale', trouble !== '');
}

/** Shows why the server rejects the address. */
export function showRejection(why) {
  const all = element('a', '', 'Show all calls');
  all.href = location.pathname;
  byId('now').replaceChildren(why + ' ', all, '.');
  setText(byId('period'), '');
}

/** Shows which parts of the address the page ignores. */
export function showIgnored() {
  byId('ignored').hidden = state.ignored.length === 0;
  setText(byId('ignored'), `The page ignores a part of its address. ${state.ignored.join(' ')}`);
}
