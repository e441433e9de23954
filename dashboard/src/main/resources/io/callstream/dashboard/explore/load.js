// Loads api/explore again and again, and reports what the page can show.
import {HOUR} from './formats.js';
import {data, receive, series} from './hours.js';
import {extend, iso, parameters, state} from './state.js';

// At most 2,600 bytes a second with headers, so an open page costs less than 10 MB an hour.
const MIN_DELAY_MS = 5000, BYTES_PER_SECOND = 2600, HEAD_BYTES = 900, RETRY_MS = 3000;

export let latest = null; // The types of the last complete hour.
export let trouble = ''; // What prevents updates.
let shown = null; // The functions that show what is loaded.
let etag = '';
let shownQuery = '';
let timer = 0;
let spent = 0; // The bytes of other requests since the last one for the page.

export function start(functions) {
  shown = functions;
  document.addEventListener('visibilitychange', () => document.hidden ? clearTimeout(timer) : load());
  load();
}

export async function load() {
  clearTimeout(timer);
  if (document.hidden) {
    return;
  }
  const end = series ? series.end : 0;
  const query = parameters(false, end);
  let response, content;
  try {
    response = await fetch('api/explore' + (query ? '?' + query : ''),
      {cache: 'no-store', headers: query === shownQuery && etag ? {'If-None-Match': etag} : {}});
    content = [200, 400].includes(response.status) ? await response.json() : null;
  } catch (e) {
    response = {status: 0};
  }
  if (query !== parameters(false, end)) {
    return; // A later request shows what the reader chose meanwhile.
  }
  const {status} = response;
  trouble = [200, 304].includes(status) ? '' : status === 400 ? 'No calls for this address'
    : status === 503 ? 'The server is busy, retrying' : 'Connection lost, retrying';
  if (status === 400) {
    shown.rejection(content.error);
    shown.light();
    return;
  }
  let delay = RETRY_MS;
  if (!trouble) {
    delay = Math.max(MIN_DELAY_MS, (spent + size(response)) / BYTES_PER_SECOND * 1000);
    spent = 0;
  }
  clearTimeout(timer);
  timer = setTimeout(load, delay); // Also if the page cannot show the response.
  if (status === 200) {
    receive(content, end);
    extend(data.range || state);
    etag = response.headers.get('ETag');
    shownQuery = query;
    if (parameters(false) !== query) {
      load(); // The offsets and the end of the calls are known now.
      return;
    }
    shown.data();
    loadLatest();
  }
  shown.light();
}

const size = response => HEAD_BYTES + Number(response.status === 200 ? response.headers.get('Content-Length') : 0);

/** Loads the most frequent types of the last complete hour, once for each hour and filter. */
async function loadLatest() {
  const last = series.lastComplete;
  if (last < 0) {
    return;
  }
  const to = new URLSearchParams(Object.entries(state.filters));
  to.set('from', iso(series.starts[last]));
  to.set('to', iso(series.starts[last] + HOUR));
  to.set('top', '3');
  if (state.routine) {
    to.set('routine', '1');
  }
  const query = to.toString();
  if (latest && latest.query === query) {
    return;
  }
  const mine = latest = {query, types: []};
  try {
    const response = await fetch('api/explore?' + query, {cache: 'no-store'});
    spent += size(response);
    if (!response.ok) {
      throw new Error(`Status ${response.status}`);
    }
    const {facets} = await response.json();
    mine.types = facets && facets.type ? facets.type.values : [];
  } catch (e) {
    latest = latest === mine ? null : latest;
    return;
  }
  shown.latest();
}
