// Holds what the reader selects. It is in the address of the page.
import {DAY, slotOf} from './formats.js';
import {series} from './hours.js';

export const FACETS = {
  group: 'Kinds of calls', type: 'Types', disposition: 'How calls ended', priority: 'Priority',
  district: 'Police districts', neighborhood: 'Neighborhoods', address: 'Places', hexagon: 'Area'
};
export const FIELDS = {
  group: 'kind', type: 'type', disposition: 'disposition', priority: 'priority',
  district: 'police district', neighborhood: 'neighborhood', address: 'place', hexagon: 'area'
};

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

function read() {
  const from = new URLSearchParams(location.search);
  const filters = {};
  for (const key of Object.keys(FACETS)) {
    if (from.has(key)) {
      filters[key] = from.get(key);
    }
  }
  const seconds = name => {
    const time = Date.parse((from.get(name) || '').replace(' ', '+'));
    return Number.isNaN(time) ? null : time / 1000;
  };
  const number = (name, most) => {
    const value = from.get(name);
    return value !== null && /^\d{1,3}$/.test(value) && Number(value) <= most ? Number(value) : null;
  };
  return {
    filters, from: seconds('from'), to: seconds('to'), last: number('last', 999), slot: number('slot', 167),
    routine: from.get('routine') === '1', find: from.get('find') || '', totals: from.get('week') === 'totals',
    kiosk: from.has('kiosk')
  };
}

/** Returns a time with the offset of the calls. */
export function iso(seconds) {
  const offset = series ? series.offsetAt(seconds) : 0;
  const sign = offset < 0 ? '-' : '+';
  const clock = new Date(Math.abs(offset) * 1000).toISOString().slice(11, 16);
  return new Date((seconds + offset) * 1000).toISOString().slice(0, 19) + sign + clock;
}

export function parameters(withPage) {
  const to = new URLSearchParams();
  Object.entries(state.filters).forEach(([key, value]) => to.set(key, value));
  const [from, end] = withPage ? [state.from, state.to] : range();
  if (withPage && state.last !== null) {
    to.set('last', state.last);
  }
  if (from !== null) {
    to.set('from', iso(from));
  }
  if (end !== null) {
    to.set('to', iso(end));
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
export function range() {
  if (state.last !== null && series && series.size > 0) {
    return [series.end - state.last * DAY, null];
  }
  return [state.from, state.to];
}

export const isSelected = i => {
  const [from, to] = range();
  return (from === null || series.starts[i] >= from) && (to === null || series.starts[i] < to)
    && (state.slot === null || slotOf(series.locals[i]) === state.slot);
};

export function change(changes, replaces = false) {
  state = {...state, ...changes};
  const query = parameters(true);
  history[replaces ? 'replaceState' : 'pushState'](null, '', query ? '?' + query : location.pathname);
  changed();
}

export function filter(key, value) {
  const filters = {...state.filters};
  if (value === null || filters[key] === value) {
    delete filters[key];
  } else {
    filters[key] = value;
  }
  change({filters});
}
