// Makes the panels and what they have in common: the menu of exports, notes, legends and tables.
import {byId, element, setText} from './elements.js';
import {saveCsv, saveJson, savePng} from './export.js';
import {parameters, state} from './state.js';

export const SHADES = 10; // The colors of a scale.
export const panels = new Map();

/** Returns a panel, with a menu of exports. */
export function panel(id, title, className = '') {
  if (panels.has(id)) {
    const known = panels.get(id);
    setText(known.heading, title);
    return known;
  }
  const section = element('section', 'panel ' + className);
  section.id = id;
  const heading = element('h2', '', title);
  heading.id = id + '-title';
  section.setAttribute('aria-labelledby', heading.id);
  const note = element('p', 'note');
  const body = element('div', 'body');
  const menu = element('details', 'export');
  const summary = element('summary', '', 'Export');
  summary.setAttribute('aria-label', 'Export ' + title);
  const list = element('div');
  const made = {section, heading, note, body, rows: null};
  for (const [kind, run] of [['CSV', saveCsv], ['JSON', saveJson], ['PNG', savePng]]) {
    const button = element('button', '', kind);
    button.type = 'button';
    button.onclick = () => run(id, made);
    list.append(button);
  }
  const link = element('a', '', 'API');
  link.className = 'api';
  list.append(link);
  menu.append(summary, list);
  menu.ontoggle = () => {
    link.href = 'api/explore?' + parameters(false);
  };
  section.append(heading, menu, note, body);
  byId('panels').append(section);
  panels.set(id, made);
  return made;
}

/** Returns the height for a picture with a legend on a wall, where panels have a fixed height; null elsewhere. */
export function roomOnTheWall(place) {
  const key = place.body.querySelector('.key');
  return state.kiosk && innerWidth >= 900 ? Math.max(60, place.body.clientHeight - (key ? key.offsetHeight + 8 : 34)) : null;
}

export function empty(place, why) {
  place.body.replaceChildren(element('p', 'empty', why));
  place.rows = null;
}

export function legend(place, entries) {
  let key = place.body.querySelector('.key');
  if (!key) {
    key = element('p', 'key');
    place.body.append(key);
  }
  key.replaceChildren(...entries.map(([className, name]) => {
    const entry = element('span');
    entry.append(element('i', className), name);
    return entry;
  }));
}

export function table(place, columns, rows, numbersFrom) {
  const made = element('table');
  const head = element('tr');
  columns.forEach((column, i) => {
    const cell = element('th', i >= numbersFrom ? 'number' : '', column);
    cell.scope = 'col';
    head.append(cell);
  });
  made.createTHead().append(head);
  const body = made.createTBody();
  for (const row of rows) {
    const line = element('tr');
    row.forEach((value, i) => {
      const cell = element('td', i >= numbersFrom ? 'number' : '');
      cell.append(value);
      line.append(cell);
    });
    body.append(line);
  }
  const scroll = element('div', 'scroll');
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'Table: ' + place.heading.textContent);
  scroll.append(made);
  place.body.replaceChildren(scroll);
}
