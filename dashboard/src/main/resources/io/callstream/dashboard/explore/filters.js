// Shows the active filters, and reads the fields of the form.
import {byId, element, setText} from './elements.js';
import {DAYS, HOUR, whole} from './formats.js';
import {data, groupName, series} from './hours.js';
import {select, stopReplay} from './replay.js';
import {change, FACETS, filter, range, state} from './state.js';
import {selectedText} from './summary.js';

export function showFilters() {
  const [from, to] = range();
  const field = (id, time) => {
    const value = time === null ? '' : new Date((time + series.offsetAt(time)) * 1000).toISOString().slice(0, 16);
    if (document.activeElement !== byId(id) && byId(id).value !== value) {
      byId(id).value = value;
      byId(id).setCustomValidity('');
    }
  };
  field('from', from);
  field('to', to);
  if (document.activeElement !== byId('find')) {
    byId('find').value = state.find;
  }
  document.querySelectorAll('.presets button').forEach(button => button.setAttribute('aria-pressed',
    String(button.dataset.last === '' ? from === null && to === null : Number(button.dataset.last) === state.last)));
  const hasGroups = data.groups && 'routine' in data.groups;
  byId('routine-label').hidden = !hasGroups;
  byId('routine').checked = state.routine;
  setText(byId('routine-text'), 'routine police activity' + (data.routine ? ` (${whole.format(data.routine)})` : ''));
  const chips = Object.entries(state.filters).map(([key, value]) => {
    const name = key === 'group' ? groupName(value) : key === 'hexagon' ? 'one hexagon' : value || '(none)';
    return [FACETS[key], name, () => filter(key, null)];
  });
  if (state.slot !== null) {
    chips.push(['Hour of the week', `${DAYS[Math.floor(state.slot / 24)]} ${state.slot % 24}:00`, () => change({slot: null})]);
  }
  if (from !== null || to !== null) {
    chips.push(['Time', selectedText(), () => select(null, null)]);
  }
  byId('chips').replaceChildren(...chips.map(([name, value, remove]) => {
    const item = element('li');
    const button = element('button');
    button.type = 'button';
    button.append(name + ': ', element('span', 'value', value), ' ×');
    button.setAttribute('aria-label', `Remove the filter ${name}: ${value}`);
    button.onclick = remove;
    item.append(button);
    return item;
  }));
}

function localInput(id) {
  const value = byId(id).value;
  if (!value) {
    return null;
  }
  const local = Date.parse(value + ':00Z') / 1000;
  if (Number.isNaN(local)) {
    return null; // Such as a year of five digits.
  }
  const hour = Math.floor(local / HOUR) * HOUR;
  const index = series.byLocal.get(hour);
  return local - hour + (index === undefined ? hour - series.offsetAt(hour) : series.starts[index]);
}

document.querySelectorAll('.presets button').forEach(button => button.onclick = () => {
  stopReplay();
  change({last: button.dataset.last === '' ? null : Number(button.dataset.last), from: null, to: null});
});
for (const id of ['from', 'to']) {
  byId(id).onchange = () => {
    const [from, to] = series ? [localInput('from'), localInput('to')] : [null, null];
    const isReversed = from !== null && to !== null && from >= to;
    ['from', 'to'].forEach(each => byId(each).setCustomValidity(isReversed && each === id ? 'The start must be before the end.' : ''));
    if (byId(id).reportValidity() && series) {
      select(from, to);
    }
  };
}
byId('routine').onchange = () => change({routine: byId('routine').checked});
let typing = 0;
byId('find').oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(() => change({find: byId('find').value.trim()}, true), 250);
};
byId('filters').onsubmit = event => event.preventDefault();
