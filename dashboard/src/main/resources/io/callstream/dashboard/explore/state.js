// Holds what the reader selects. It is in the address of the page.
import {DAY, slotOf} from './formats.js';
import {end, series} from './hours.js';

export const FACETS = {
  group: 'Kinds of calls', type: 'Types', disposition: 'How calls ended', priority: 'Priority',
  district: 'Police districts', neighborhood: 'Neighborhoods', address: 'Places', hexagon: 'Area'
};
export const FIELDS = {
  group: 'kind', type: 'type', disposition: 'disposition', priority: 'priority',
  district: 'police district', neighborhood: 'neighborhood', address: 'place', hexagon: 'area'
};

const OTHERS = ['last', 'from', 'to', 'slot', 'routine', 'find', 'week', 'kiosk'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[ +-]\d\d:\d\d)$/;

export let state = read();
let changed = null;

/** Calls a function after each change of the state. */
export function onChange(action) {
  changed = action;
  window.onpopstate = () => {
    state = read();
    changed();
  };
}

/** Returns the state in the address, and the reasons why a part of it is ignored. */
function read() {
  const from = new URLSearchParams(location.search);
  const names = [...new Set(from.keys())];
  const short = text => `“${text.length > 60 ? text.slice(0, 60) + '…' : text}”`;
  const isKnown = name => Object.hasOwn(FACETS, name) || OTHERS.includes(name);
  const ignored = names.filter(name => !isKnown(name)).slice(0, 5).map(name => `There is no parameter ${short(name)}.`);
  if (ignored.length) {
    ignored.push(`The parameters are ${[...Object.keys(FACETS), ...OTHERS].join(', ')}.`);
  }
  ignored.push(...names.filter(name => isKnown(name) && from.getAll(name).length > 1).map(name => `Only the first “${name}” counts.`));
  const value = (name, pattern, rule, parse) => {
    const text = from.get(name) || '';
    const parsed = pattern.test(text) ? parse(text) : NaN;
    if (text && Number.isNaN(parsed)) {
      ignored.push(`${short(`${name}=${text}`)} is not ${rule}.`);
    }
    return Number.isNaN(parsed) ? null : parsed;
  };
  // Decoding has turned an unencoded plus sign into a space.
  const time = name => value(name, TIME, 'a time such as 2018-11-04T01:00:00-07:00', text => Date.parse(text.replace(' ', '+')) / 1000);
  const last = value('last', /^[1-9]\d{0,2}$/, 'a number of days from 1 to 999', Number);
  const [start, end] = [time('from'), time('to')];
  if (last !== null && (start ?? end) !== null) {
    ignored.push('“from” and “to” do not count, because “last” selects the time.');
  }
  const isReversed = last === null && start !== null && end !== null && start >= end;
  if (isReversed) {
    ignored.push('“from” and “to” do not count, because “from” is not before “to”.');
  }
  const hasTime = last === null && !isReversed;
  return {
    filters: Object.fromEntries(names.filter(name => Object.hasOwn(FACETS, name)).map(name => [name, from.get(name)])),
    last, from: hasTime ? start : null, to: hasTime ? end : null,
    slot: value('slot', /^(\d|[1-9]\d|1[0-5]\d|16[0-7])$/, 'an hour of the week from 0 to 167', Number),
    routine: value('routine', /^[01]$/, '0 or 1', Number) === 1,
    totals: value('week', /^(mean|totals)$/, 'mean or totals', String) === 'totals',
    find: from.get('find') || '', kiosk: from.has('kiosk'), ignored
  };
}

/** Returns a time with the offset of the calls. */
export function iso(seconds) {
  const offset = series ? series.offsetAt(seconds) : 0;
  const sign = offset < 0 ? '-' : '+';
  const clock = new Date(Math.abs(offset) * 1000).toISOString().slice(11, 16);
  return new Date((seconds + offset) * 1000).toISOString().slice(0, 19) + sign + clock;
}

/** Returns the state as parameters: those of the page, or only those of the API. The last days end at a time in seconds. */
export function parameters(withPage, lastEnd = end) {
  const to = new URLSearchParams();
  Object.entries(state.filters).forEach(([key, value]) => to.set(key, value));
  const [from, before] = withPage ? [state.from, state.to] : range(lastEnd);
  if (withPage && state.last !== null) {
    to.set('last', state.last);
  }
  if (from !== null) {
    to.set('from', iso(from));
  }
  if (before !== null) {
    to.set('to', iso(before));
  }
  if (state.slot !== null) {
    to.set('slot', state.slot);
  }
  if (state.routine) {
    to.set('routine', '1');
  }
  if (state.find) {
    to.set('find', state.find);
  }
  if (withPage && state.totals) {
    to.set('week', 'totals');
  }
  if (withPage && state.kiosk) {
    to.set('kiosk', '');
  }
  return to.toString();
}

/** Returns the selected time: from and to in seconds, null if it is open. */
export function range(lastEnd = end) {
  if (state.last !== null && lastEnd > 0) {
    return [lastEnd - state.last * DAY, null];
  }
  return [state.from, state.to];
}

export const isSelected = i => {
  const [from, to] = range();
  return (from === null || series.starts[i] >= from) && (to === null || series.starts[i] < to)
    && (state.slot === null || slotOf(series.locals[i]) === state.slot);
};

/** Selects the whole hours that the server counts. */
export function extend({from, to}) {
  if (state.last === null && (from !== state.from || to !== state.to)) {
    const time = [from === null ? 'the start' : iso(from), to === null ? 'the end' : iso(to)].join(' to ');
    state = {...state, from, to, ignored: [...state.ignored, `The page counts whole hours: it selects ${time}.`]};
  }
}

/** Changes parts of the state, and the address. */
export function change(changes, replaces = false) {
  state = {...state, ...changes, ignored: []}; // The new address has only known parts.
  const query = parameters(true);
  history[replaces ? 'replaceState' : 'pushState'](null, '', query ? '?' + query : location.pathname);
  changed();
}

/** Sets a filter, or removes it if it has this value already. */
export function filter(key, value) {
  const filters = {...state.filters};
  if (value === null || filters[key] === value) {
    delete filters[key];
  } else {
    filters[key] = value;
  }
  change({filters});
}
