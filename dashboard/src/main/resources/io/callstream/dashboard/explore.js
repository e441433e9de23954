// Shows api/explore: starts the parts of the page, and draws them in their order.
import {byId, setText} from './explore/elements.js';
import {facet} from './explore/facets.js';
import {showFilters} from './explore/filters.js';
import {data} from './explore/hours.js';
import {load, start} from './explore/load.js';
import {map} from './explore/map.js';
import {overview} from './explore/overview.js';
import {panels} from './explore/panel.js';
import {showReplay} from './explore/replay.js';
import {onChange, state} from './explore/state.js';
import {covered, showIgnored, showLight, showNow, showRejection} from './explore/summary.js';
import {samples, trust, unusual, waiting} from './explore/tables.js';
import {trend} from './explore/trend.js';
import {week} from './explore/week.js';

/** Shows the data, and keeps the focus although elements are replaced. */
function show() {
  const active = document.activeElement;
  const place = active.closest('.panel, #chips');
  const all = () => [...place.querySelectorAll('a, button, summary, [tabindex="0"]')];
  const index = place ? all().indexOf(active) : -1;
  draw();
  if (index >= 0 && document.activeElement !== active) {
    const left = all();
    const to = active.isConnected ? active
      : left.find(other => active.dataset.key && other.dataset.key === active.dataset.key) || left[Math.min(index, left.length - 1)] || byId('find');
    to.focus({preventScroll: true});
  }
}

function draw() {
  const known = panels.size;
  document.body.classList.toggle('kiosk', state.kiosk);
  setText(byId('source'), data.source);
  setText(byId('covered'), covered());
  byId('label').hidden = !data.label;
  setText(byId('label'), data.label);
  document.title = (data.label ? data.label + ': ' : '') + 'Police calls';
  byId('failure').hidden = data.state !== 'FAILED';
  setText(byId('failure'), data.failure || '');
  showIgnored();
  showLight();
  showNow();
  showFilters();
  showReplay();
  overview();
  facet('group');
  trend();
  facet('type');
  week();
  unusual();
  map();
  for (const key of ['neighborhood', 'district', 'address', 'disposition', 'priority']) {
    facet(key);
  }
  waiting();
  samples();
  trust();
  if (panels.size > known) {
    fit();
  }
}

/** Draws the pictures whose size depends on that of the page and on the other panels. */
function fit() {
  overview();
  trend();
  unusual();
  map();
}

/** Shows the types of the last hour. On a wall, they may take a line from the panels. */
function showLatest() {
  showNow();
  if (state.kiosk) {
    fit();
  }
}

let width = innerWidth;
window.onresize = () => {
  if (data && (width !== innerWidth || state.kiosk)) {
    width = innerWidth;
    fit();
  }
};
document.addEventListener('click', event => document.querySelectorAll('.export[open]').forEach(menu =>
  menu.contains(event.target) || (menu.open = false)));
onChange(() => {
  showIgnored();
  if (data) {
    show();
  }
  load();
});
showIgnored();
start({data: show, latest: showLatest, light: showLight, rejection: showRejection});
