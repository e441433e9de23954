// Shows the most frequent values of a field as bars, which set a filter.
import {element, setText} from './elements.js';
import {count, percent, whole} from './formats.js';
import {data, none, series} from './hours.js';
import {empty, panel} from './panel.js';
import {FACETS, filter, state} from './state.js';

export function facet(key) {
  const id = 'by-' + key;
  const from = data.facets && data.facets[key];
  if (!from) {
    return;
  }
  const shown = panel(id, FACETS[key], key === 'type' || key === 'group' ? 'many' : '');
  const chosen = state.filters[key];
  const find = key === 'group' ? '' : state.find;
  const left = from.total - from.values.reduce((sum, v) => sum + v[1], 0);
  const number = from.values.length;
  setText(shown.note, from.groups === 0 ? ''
    : find ? `${whole.format(from.found)} of ${whole.format(from.groups)} contain “${find}”` + (number < from.found ? `; the first ${number} are shown` : '')
    : number < from.groups ? `The first ${number} of ${whole.format(from.groups)}; the others have ${count(left, 'call')} (${percent(left / from.total)})` : '');
  shown.rows = {
    part: number < (find ? from.found : from.groups) ? `-first-${number}` : '',
    columns: [key, 'calls', 'share', 'meaning'],
    rows: from.values.map(([value, calls, meaning]) => [value, calls, calls / from.total, meaning])
  };
  if (from.values.length === 0) {
    empty(shown, series.size === 0 ? none() : from.groups > 0 ? `No value contains “${state.find}”.` : 'No calls with these filters.');
    return;
  }
  let list = shown.body.querySelector('ol');
  if (!list) {
    list = element('ol', 'bars');
    list.setAttribute('role', 'list');
    shown.body.replaceChildren(list);
  }
  const known = new Map([...list.children].map(item => [item.dataset.value, item]));
  const most = from.values[0][1];
  list.replaceChildren(...from.values.map(([value, calls, meaning]) => {
    let item = known.get(value);
    if (!item) {
      item = element('li');
      item.dataset.value = value;
      const name = element('span', 'name');
      const button = element('button');
      button.type = 'button';
      button.onclick = () => filter(key, value);
      name.append(button);
      const track = element('span', 'track');
      track.append(element('span', 'bar'));
      item.append(name, element('span', 'count'), element('span', 'share'), track);
    }
    const button = item.querySelector('button');
    const isCode = meaning && key !== 'group' && meaning !== value.toLowerCase();
    button.replaceChildren(key === 'group' ? meaning : value || '(none)', ...(isCode ? [' ', element('small', '', meaning)] : []));
    button.setAttribute('aria-pressed', String(chosen === value));
    item.className = chosen === value ? 'chosen' : chosen !== undefined ? 'faded' : '';
    setText(item.querySelector('.count'), whole.format(calls));
    setText(item.querySelector('.share'), percent(calls / from.total));
    item.querySelector('.bar').style.setProperty('--part', calls / most);
    return item;
  }));
}
