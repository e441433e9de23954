'use strict';
// Shows api/explore. The state of the page is in its address. Texts of calls are inserted as text, never as markup.
(() => {
  const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
  const HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY;
  const SHADES = 10;
  // At most 2,600 bytes a second with headers, so an open page costs less than 10 MB an hour.
  const MIN_DELAY_MS = 5000, BYTES_PER_SECOND = 2600, HEAD_BYTES = 900, RETRY_MS = 3000, FRAME_MS = 1500;
  const FACETS = {
    group: 'Kinds of calls', type: 'Types', disposition: 'How calls ended', priority: 'Priority',
    district: 'Police districts', neighborhood: 'Neighborhoods', address: 'Places', hexagon: 'Area'
  };
  const FIELDS = {
    group: 'kind', type: 'type', disposition: 'disposition', priority: 'priority',
    district: 'police district', neighborhood: 'neighborhood', address: 'place', hexagon: 'area'
  };
  const SVG = 'http://www.w3.org/2000/svg';
  const HEXAGON = 300; // Hexagons.SIZE: meters of the Mercator projection.
  const EARTH = 6378137;

  const byId = id => document.getElementById(id);
  const whole = new Intl.NumberFormat('en');
  const one = new Intl.NumberFormat('en', {maximumFractionDigits: 1, minimumFractionDigits: 1});
  const percent = part => `${(part * 100).toFixed(1)} %`;
  const count = (number, noun) => `${whole.format(number)} ${noun}${number === 1 ? '' : 's'}`;

  function element(name, className = '', text = '') {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    made.textContent = text;
    return made;
  }

  function drawn(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }

  function setText(place, text) {
    if (place.textContent !== text) {
      place.textContent = text;
    }
  }

  // Local times are seconds that a UTC clock shows as the local time of the calls.

  const utc = options => new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', ...options});
  const formats = {
    hour: utc({weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'}),
    day: utc({weekday: 'short', day: 'numeric', month: 'short', year: 'numeric'}),
    short: utc({day: 'numeric', month: 'short'}),
    clock: utc({hour: '2-digit', minute: '2-digit'}),
    full: utc({weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit'})
  };
  const text = (format, local) => formats[format].format(local * 1000);
  const dayOf = local => Math.floor(local / DAY);
  const slotOf = local => ((dayOf(local) + 3) % 7) * 24 + Math.floor(local % DAY / HOUR);

  // State

  let state = read();
  let data = null;
  let series = null;
  let latest = null; // The types of the last complete hour.
  let etag = '';
  let shownQuery = '';
  let timer = 0;
  let player = 0;
  let trouble = ''; // What prevents updates.
  let spent = 0; // The bytes of other requests since the last one for the page.
  let dragging = false;

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
  function iso(seconds) {
    const offset = series ? series.offsetAt(seconds) : 0;
    const sign = offset < 0 ? '-' : '+';
    const clock = new Date(Math.abs(offset) * 1000).toISOString().slice(11, 16);
    return new Date((seconds + offset) * 1000).toISOString().slice(0, 19) + sign + clock;
  }

  function parameters(withPage) {
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
  function range() {
    if (state.last !== null && series && series.size > 0) {
      return [series.end - state.last * DAY, null];
    }
    return [state.from, state.to];
  }

  function change(changes, replaces = false) {
    state = {...state, ...changes};
    const query = parameters(true);
    history[replaces ? 'replaceState' : 'pushState'](null, '', query ? '?' + query : location.pathname);
    if (data) {
      show();
    }
    load();
  }

  function filter(key, value) {
    const filters = {...state.filters};
    if (value === null || filters[key] === value) {
      delete filters[key];
    } else {
      filters[key] = value;
    }
    change({filters});
  }

  // Loading

  async function load() {
    clearTimeout(timer);
    if (document.hidden) {
      return;
    }
    const query = parameters(false);
    let delay = RETRY_MS;
    try {
      const response = await fetch('api/explore' + (query ? '?' + query : ''),
        {cache: 'no-store', headers: query === shownQuery && etag ? {'If-None-Match': etag} : {}});
      if (query !== parameters(false)) {
        return; // A later request shows what the reader chose meanwhile.
      }
      trouble = response.status === 503 ? 'The server is busy, retrying' : '';
      if (response.status === 200) {
        const first = !series || series.size === 0;
        data = await response.json();
        series = hours(data);
        etag = response.headers.get('ETag');
        shownQuery = query;
        if (first && parameters(false) !== query) {
          load(); // The offsets and the end of the calls are known now.
          return;
        }
        show();
        loadLatest();
      } else if (response.status === 400) {
        const all = element('a', '', 'Show all calls');
        all.href = location.pathname;
        byId('now').replaceChildren((await response.json()).error + ' ', all, '.');
        setText(byId('period'), '');
        trouble = 'No calls for this address';
        showLight();
        return;
      } else if (response.status !== 304 && response.status !== 503) {
        throw new Error(`Status ${response.status}`);
      }
      if (!trouble) {
        const bytes = spent + size(response);
        spent = 0;
        delay = Math.max(MIN_DELAY_MS, bytes / BYTES_PER_SECOND * 1000);
      }
    } catch (e) {
      trouble = 'Connection lost, retrying';
    }
    showLight();
    clearTimeout(timer);
    timer = setTimeout(load, delay);
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
      showNow();
    } catch (e) {
      latest = latest === mine ? null : latest;
    }
  }

  /** Computes the hours: starts, local times, and which of them can be compared. */
  function hours({hours: from, upTo}) {
    const calls = from ? from.calls : [];
    const starts = [], locals = [], changes = [];
    const gap = new Array(calls.length).fill(false);
    (from ? from.runs : []).forEach(([index, start, offset], i) => {
      const end = i + 1 < from.runs.length ? from.runs[i + 1][0] : calls.length;
      for (let k = index; k < end; k++) {
        starts.push(start + (k - index) * HOUR);
        locals.push(start + (k - index) * HOUR + offset);
      }
      if (i > 0 && offset !== from.runs[i - 1][2]) {
        changes.push(index);
      }
    });
    (from ? from.gaps : []).forEach(([first, end]) => gap.fill(true, first, end));
    const size = calls.length;
    const end = size ? starts[size - 1] + HOUR : 0;
    const partial = starts.map((start, i) => i === 0 || upTo === null || start + HOUR > upTo);
    const complete = starts.map((start, i) => !partial[i] && !gap[i]);
    const byLocal = new Map(), twice = new Set();
    locals.forEach((local, i) => byLocal.has(local) ? twice.add(local) : byLocal.set(local, i));
    return {
      size, starts, locals, calls, gap, partial, complete, changes, end, byLocal,
      lastComplete: complete.lastIndexOf(true),
      offsetAt: seconds => {
        let offset = from && from.runs.length ? from.runs[0][2] : 0;
        (from ? from.runs : []).forEach(run => offset = run[1] <= seconds ? run[2] : offset);
        return offset;
      },
      /** Returns the calls in the same local hour some weeks before; null if unknown, or if one of both hours occurs twice. */
      before: (i, weeks) => {
        const local = locals[i] - weeks * WEEK;
        const then = byLocal.get(local);
        return then === undefined || !complete[then] || twice.has(local) || twice.has(locals[i]) ? null : calls[then];
      }
    };
  }

  /** Returns the median of the calls of four weeks; null if one is unknown. */
  function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    return numbers.includes(null) ? null : (sorted[1] + sorted[2]) / 2;
  }

  const isSelected = i => {
    const [from, to] = range();
    return (from === null || series.starts[i] >= from) && (to === null || series.starts[i] < to)
      && (state.slot === null || slotOf(series.locals[i]) === state.slot);
  };

  /** Returns the local days: index of the first hour, calls, and whether the day is complete. */
  function days(wanted = () => true) {
    const all = [];
    for (let i = 0; i < series.size; i++) {
      const day = dayOf(series.locals[i]);
      if (!all.length || all[all.length - 1].day !== day) {
        all.push({day, local: day * DAY, first: i, hours: 0, calls: 0, partial: false, change: false, gap: true});
      }
      const last = all[all.length - 1];
      last.end = i + 1;
      last.hours++;
      last.calls += wanted(i) ? series.calls[i] : 0;
      last.partial ||= !series.complete[i];
      last.gap &&= series.gap[i];
      last.change ||= series.changes.includes(i);
    }
    // A clock change may remove the first or the last hour of a day. The first hour of all is partial anyway.
    const last = all[all.length - 1];
    if (last && (data.upTo === null || dayOf(data.upTo + series.offsetAt(data.upTo)) <= last.day)) {
      last.partial = true;
    }
    return all;
  }

  const isOver = () => data.state !== 'RUNNING';
  const none = () => isOver() ? 'No calls.' : 'No calls yet.';

  // Panels

  const panels = new Map();

  /** Returns a panel, with a menu of exports. */
  function panel(id, title, className = '') {
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

  function empty(place, why) {
    place.body.replaceChildren(element('p', 'empty', why));
    place.rows = null;
  }

  function facet(key) {
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

  /** Prepares an SVG of the width of a place. Returns the drawing functions. */
  function plot(place, height, label) {
    let figure = place.body.querySelector('.plot');
    if (!figure) {
      figure = element('div', 'plot');
      place.body.replaceChildren(figure);
    }
    const width = Math.max(240, figure.clientWidth || 600);
    const svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label});
    figure.replaceChildren(svg);
    return {svg, width, figure, left: 44, right: 8, top: 8, bottom: 20};
  }

  /** Draws the vertical axis, and returns the scale of values. */
  function axis(p, height, most) {
    const step = [1, 2, 5].flatMap(n => [0, 1, 2, 3, 4, 5, 6].map(e => n * 10 ** e)).sort((a, b) => a - b)
      .find(s => most / s <= 4) || most;
    const top = Math.max(step, Math.ceil(most / step) * step);
    const y = value => height - p.bottom - value / top * (height - p.top - p.bottom);
    for (let value = 0; value <= top; value += step) {
      p.svg.append(drawn('line', {class: 'grid', x1: p.left, x2: p.width - p.right, y1: y(value), y2: y(value)}));
      p.svg.append(drawn('text', {x: p.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, whole.format(value)));
    }
    return y;
  }

  function timeLabels(p, height, locals, x) {
    const number = Math.max(2, Math.floor((p.width - p.left) / 90));
    const hourly = locals.length > 1 && locals[locals.length - 1] - locals[0] < 3 * DAY;
    const unit = hourly ? HOUR : DAY;
    const span = (locals[locals.length - 1] - locals[0]) / unit + 1;
    const step = Math.max(1, Math.ceil(span / number));
    let next = -Infinity;
    locals.forEach((local, i) => {
      if (Math.floor(local / unit) >= next && (hourly || local % DAY === 0)) {
        next = Math.floor(local / unit) + step;
        if (x(i) < p.width - 40) {
          p.svg.append(drawn('text', {x: x(i), y: height - 5}, text(hourly && local % DAY ? 'clock' : 'short', local)));
        }
      }
    });
  }

  /** Shows all calls over time. A reader selects a time with the mouse. */
  function overview() {
    if (dragging) {
      return;
    }
    const shown = panel('overview', 'Calls over time', 'full');
    if (series.size === 0) {
      empty(shown, none());
      return;
    }
    const hourly = series.size <= 96;
    const bins = hourly
      ? series.calls.map((calls, i) => ({local: series.locals[i], first: i, end: i + 1, hours: 1, calls, partial: series.partial[i], gap: series.gap[i], change: series.changes.includes(i)}))
      : days();
    setText(shown.heading, `Calls by ${hourly ? 'hour' : 'day'}`);
    setText(shown.note, 'Drag over the chart, or use the fields above, to select a time.');
    const height = 130;
    const most = Math.max(1, ...bins.map(bin => bin.calls));
    const top = bins.reduce((best, bin) => bin.calls > best.calls ? bin : best);
    const name = bin => text(hourly ? 'hour' : 'day', bin.local);
    const p = plot(shown, height, `Calls by ${hourly ? 'hour' : 'day'}, ${name(bins[0])} to ${name(bins[bins.length - 1])}; maximum ${whole.format(top.calls)} on ${name(top)}`);
    const hatch = drawn('pattern', {id: 'hatch', width: 4, height: 4, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'});
    hatch.append(drawn('rect', {width: 1.3, height: 4, class: 'bar'}));
    p.svg.append(hatch);
    const y = axis(p, height, most);
    const step = (p.width - p.left - p.right) / bins.length;
    const x = i => p.left + i * step;
    bins.forEach((bin, i) => {
      if (bin.gap) {
        p.svg.append(drawn('rect', {class: 'gap', x: x(i), y: p.top, width: step, height: height - p.top - p.bottom}));
      }
      const isOut = ![...Array(bin.end - bin.first).keys()].some(k => isSelected(bin.first + k));
      const bar = drawn('rect', {
        class: 'bar' + (bin.partial ? ' partial' : '') + (isOut ? ' out' : ''),
        x: x(i) + step * .1, y: y(bin.calls), width: Math.max(.5, step * .8), height: y(0) - y(bin.calls)
      });
      const about = (bin.partial ? ', not complete' : '') + (bin.change ? `, clocks change, ${bin.hours} hours` : '');
      bar.append(drawn('title', {}, `${name(bin)}: ${count(bin.calls, 'call')}, ${one.format(bin.calls / bin.hours)} an hour${about}`));
      p.svg.append(bar);
      if (bin.change) {
        p.svg.append(drawn('line', {class: 'change', x1: x(i) + step / 2, x2: x(i) + step / 2, y1: p.top, y2: height - p.bottom}));
      }
    });
    timeLabels(p, height, bins.map(bin => bin.local), x);
    brush(p, height, event => {
      const box = p.svg.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width * p.width;
      return Math.max(0, Math.min(bins.length - 1, Math.floor((at - p.left) / step)));
    }, x, step, bins);
    legend(shown, [['partial', 'not complete'], ['gap', 'no data'], ...(series.changes.length ? [['change', 'clocks change']] : [])]);
    shown.rows = {
      columns: ['start', 'calls', 'hours', 'complete'],
      rows: bins.map(bin => [iso(series.starts[bin.first]), bin.calls, bin.hours, !bin.partial && !bin.gap])
    };
  }

  function brush(p, height, indexAt, x, step, bins) {
    let from = 0;
    const area = drawn('rect', {class: 'brush', y: p.top, height: height - p.top - p.bottom, width: 0});
    p.svg.onpointerdown = event => {
      dragging = true;
      from = indexAt(event);
      p.svg.setPointerCapture(event.pointerId);
      p.svg.append(area);
      p.svg.onpointermove(event);
      event.preventDefault();
    };
    p.svg.onpointermove = event => {
      if (dragging) {
        const to = indexAt(event);
        area.setAttribute('x', x(Math.min(from, to)));
        area.setAttribute('width', (Math.abs(to - from) + 1) * step);
      }
    };
    p.svg.onpointerup = event => {
      if (dragging) {
        dragging = false;
        const to = indexAt(event);
        const [first, last] = [bins[Math.min(from, to)], bins[Math.max(from, to)]];
        select(series.starts[first.first], series.starts[last.end - 1] + HOUR);
      }
    };
    p.svg.onpointercancel = () => {
      dragging = false;
      area.remove();
    };
  }

  function select(from, to) {
    stopReplay();
    change({from, to, last: null});
  }

  function legend(place, entries) {
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

  /** Compares the selected time with the weeks before. */
  function trend() {
    const shown = panel('trend', 'The selected time, compared', 'wide');
    const selected = [...series.calls.keys()].filter(isSelected);
    if (selected.length === 0) {
      empty(shown, series.size ? 'No hour of the data is selected.' : none());
      return;
    }
    const hourly = selected.length <= 14 * 24;
    let points;
    if (hourly) {
      points = selected.map(i => ({
        start: series.starts[i], local: series.locals[i], calls: series.calls[i], complete: series.complete[i], gap: series.gap[i],
        weeks: [1, 2, 3, 4].map(w => series.before(i, w))
      }));
    } else {
      const all = days(i => state.slot === null || slotOf(series.locals[i]) === state.slot);
      const byDay = new Map(all.map(day => [day.day, day]));
      const chosen = new Set(selected.map(i => dayOf(series.locals[i])));
      points = all.filter(day => chosen.has(day.day)).map(day => ({
        start: series.starts[day.first], local: day.local, calls: day.calls, complete: !day.partial, gap: day.gap,
        weeks: [1, 2, 3, 4].map(w => {
          const then = byDay.get(day.day - 7 * w);
          return then && !then.partial && !then.change && !day.change ? then.calls : null;
        })
      }));
    }
    const value = {line: point => point.complete ? point.calls : null, before: point => point.weeks[0], median: point => median(point.weeks)};
    const comparable = points.filter(point => point.complete && point.weeks[0] !== null);
    const usual = points.filter(point => point.complete && value.median(point) !== null);
    const isSame = usual.length === comparable.length; // A median needs a week before.
    const sum = (list, of) => list.reduce((total, point) => total + of(point), 0);
    const calls = list => count(sum(list, value.line), 'call');
    const against = (list, of, when) => difference(sum(list, value.line), sum(list, of), when);
    const complete = list => count(list.length, hourly ? 'complete hour' : 'complete day');
    setText(shown.heading, `${range().every(time => time === null) ? 'All calls' : 'The selected time'} by ${hourly ? 'hour' : 'day'}, compared`);
    setText(shown.note, comparable.length === 0 ? 'No week before is known for this time.'
      : `${complete(comparable)} with a week before: ${calls(comparable)}${against(comparable, value.before, 'a week before')}`
        + (usual.length === 0 ? ''
        : isSame ? against(usual, value.median, 'the median of the four weeks before').replace(/^,/, ';')
        : `; ${complete(usual)} with four weeks before: ${calls(usual)}${against(usual, value.median, 'their median')}`));
    const height = state.kiosk ? Math.max(150, Math.round(innerHeight * .24)) : 330;
    const p = plot(shown, height, `${count(selected.length, 'selected hour')}, ${text('full', points[0].local)} to ${text('full', points[points.length - 1].local)}. ${shown.note.textContent}`);
    const most = Math.max(1, ...points.flatMap(point => [point.calls, ...Object.values(value).map(of => of(point) || 0)]));
    const y = axis(p, height, most);
    const first = points[0].local, span = Math.max(1, points[points.length - 1].local - first);
    const x = i => p.left + (points[i].local - first) / span * (p.width - p.left - p.right);
    for (const name of ['median', 'before', 'line']) {
      let path = '', pen = 'M';
      points.forEach((point, i) => {
        const at = value[name](point);
        if (at === null) {
          pen = 'M';
        } else {
          path += `${pen}${x(i).toFixed(1)} ${y(at).toFixed(1)}`;
          pen = 'L';
        }
      });
      p.svg.append(drawn('path', {class: name, d: path}));
    }
    points.forEach((point, i) => {
      if (!point.gap && (!point.complete || points.length === 1)) {
        const dot = drawn('circle', {class: point.complete ? 'bar' : 'open', cx: x(i), cy: y(point.calls), r: 4});
        dot.append(drawn('title', {}, `${text(hourly ? 'hour' : 'day', point.local)}: ${count(point.calls, 'call')}${point.complete ? '' : ' so far, not complete'}`));
        p.svg.append(dot);
      }
    });
    timeLabels(p, height, points.map(point => point.local), x);
    p.svg.append(drawn('title', {}, shown.note.textContent));
    legend(shown, [['', 'calls'], ['before', 'a week before'], ['median', 'median of the four weeks before'], ['open', 'not complete']]);
    shown.rows = {
      columns: [hourly ? 'hour' : 'day', 'calls', 'complete', 'week_before', 'median_of_4_weeks'],
      rows: points.map(point => [iso(point.start), point.calls, point.complete, point.weeks[0], value.median(point)])
    };
  }

  /** Compares calls with those of another time. */
  function difference(now, then, when) {
    const factor = now / then;
    const number = (Number.isInteger(then) ? whole : one).format(then);
    if (then === 0 && now > 0) {
      return when === 'a week before' ? '; a week before there were none' : `; ${when} is 0`;
    }
    const more = now === then ? 'as many as'
      : Math.abs(factor - 1) < .005 ? 'about as many as'
      : factor > 3 ? `${whole.format(Number(factor.toPrecision(2)))} times as many as`
      : `${Math.abs((factor - 1) * 100).toFixed(0)} % ${factor > 1 ? 'more' : 'fewer'} than`;
    return `, ${more} ${when} (${number})`;
  }

  function week() {
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

  function map() {
    const cells = data.facets && data.facets.hexagon;
    const shown = panel('map', 'Map', cells || !data.facets ? 'wide' : '');
    if (!cells) {
      empty(shown, data.statistic && data.facets
        ? 'A map needs the positions of calls, and this feed has none: it names blocks and intersections only. They are in the list of places.'
        : none());
      return;
    }
    const placed = cells.values.filter(([cell]) => cell).map(([cell, calls]) => {
      const [q, r] = cell.split(',').map(Number);
      return {cell, calls, x: HEXAGON * Math.sqrt(3) * (q + r / 2), y: -HEXAGON * 1.5 * r};
    });
    const rest = cells.total - cells.values.reduce((sum, v) => sum + v[1], 0);
    const without = cells.values.filter(([cell]) => !cell).reduce((sum, v) => sum + v[1], 0);
    if (placed.length === 0) {
      empty(shown, series.size === 0 ? none() : 'No call with these filters has a position.');
      return;
    }
    const bound = of => {
      const sorted = [...placed].sort((a, b) => a[of] - b[of]);
      const all = sorted.reduce((sum, cell) => sum + cell.calls, 0);
      let sum = 0, low = null, high = null;
      for (const cell of sorted) {
        sum += cell.calls;
        low = low === null && sum > all * .002 ? cell[of] : low;
        high = high === null && sum >= all * .998 ? cell[of] : high;
      }
      // A few hexagons alone do not fill the map.
      const margin = Math.max(2 * HEXAGON, (16 * HEXAGON - high + low) / 2);
      return [low - margin, high + margin];
    };
    const [left, right] = bound('x'), [top, bottom] = bound('y');
    const isInside = cell => cell.x >= left && cell.x <= right && cell.y >= top && cell.y <= bottom;
    const outside = placed.filter(cell => !isInside(cell)).reduce((sum, cell) => sum + cell.calls, 0);
    const inside = placed.filter(isInside);
    const width = 800, k = width / (right - left);
    const height = Math.max(200, Math.min(900, (bottom - top) * k));
    const factor = Math.min(k, height / (bottom - top));
    const px = x => (x - left) * factor + (width - (right - left) * factor) / 2, py = y => (y - top) * factor;
    const most = Math.max(1, ...inside.map(cell => cell.calls));
    const shade = calls => Math.min(SHADES - 1, Math.floor(Math.sqrt(calls / most) * SHADES));
    const svg = drawn('svg', {viewBox: `0 0 ${width} ${height}`, role: 'group',
      'aria-label': `Calls by area: ${count(inside.length, 'hexagon')}, the most in one: ${count(most, 'call')}. The arrow keys move between hexagons, Enter selects one.`});
    const corners = [0, 1, 2, 3, 4, 5].map(i => [Math.sin(Math.PI / 3 * i) * HEXAGON, Math.cos(Math.PI / 3 * i) * HEXAGON]);
    for (const cell of inside) {
      const hex = drawn('polygon', {
        class: `hex h${shade(cell.calls)}${state.filters.hexagon === cell.cell ? ' chosen' : ''}`,
        points: corners.map(([dx, dy]) => `${px(cell.x + dx).toFixed(1)},${py(cell.y + dy).toFixed(1)}`).join(' ')
      });
      hex.append(drawn('title', {}, count(cell.calls, 'call')));
      hex.setAttribute('role', 'button');
      hex.setAttribute('aria-pressed', String(state.filters.hexagon === cell.cell));
      hex.setAttribute('tabindex', '-1');
      hex.dataset.key = cell.cell;
      hex.onclick = () => filter('hexagon', cell.cell);
      hex.onkeydown = event => {
        const [right, down] = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1]}[event.key] || [0, 0];
        const ahead = to => (to.x - cell.x) * right + (to.y - cell.y) * down;
        const far = to => Math.abs(to.x - cell.x) * (2 - Math.abs(right)) + Math.abs(to.y - cell.y) * (2 - Math.abs(down));
        const next = inside.filter(to => ahead(to) > 1).sort((a, b) => far(a) - far(b))[0];
        if (next) {
          enter(next.cell).focus();
        } else if (event.key === 'Enter' || event.key === ' ') {
          hex.dispatchEvent(new MouseEvent('click'));
        }
        if (/^(Arrow.*|Enter| )$/.test(event.key)) {
          event.preventDefault();
        }
      };
      svg.append(hex);
    }
    /** Makes a hexagon the one that the Tab key reaches. */
    const enter = key => {
      const to = [...svg.querySelectorAll('.hex')].find(hex => hex.dataset.key === key) || svg.querySelector('.hex');
      svg.querySelectorAll('.hex[tabindex="0"]').forEach(hex => hex.setAttribute('tabindex', '-1'));
      to.setAttribute('tabindex', '0');
      return to;
    };
    const before = shown.body.querySelector('.hex[tabindex="0"]');
    enter(before ? before.dataset.key : state.filters.hexagon);
    const order = new Map(((data.facets.neighborhood || {}).values || []).map(([name], i) => [name, i]));
    const names = [];
    for (const [name, q, r] of [...data.centers].sort((a, b) => (order.get(a[0]) ?? 99) - (order.get(b[0]) ?? 99))) {
      const x = px(HEXAGON * Math.sqrt(3) * (q + r / 2)), y = py(-HEXAGON * 1.5 * r), half = name.length * 3.2;
      if (x - half > 0 && x + half < width && y > 10 && y < height && names.every(n => Math.abs(n.x - x) > n.half + half || Math.abs(n.y - y) > 13)) {
        names.push({x, y, half});
        svg.append(drawn('text', {class: 'name', x, y}, name));
      }
    }
    const latitude = 2 * Math.atan(Math.exp(-(top + bottom) / 2 / EARTH)) - Math.PI / 2;
    const km = 1000 / Math.cos(latitude) * factor;
    svg.append(drawn('line', {class: 'scale', x1: 12, x2: 12 + km, y1: height - 12, y2: height - 12}));
    svg.append(drawn('text', {x: 12, y: height - 18}, '1 km'));
    const figure = element('div', 'map');
    figure.append(svg);
    const scale = element('p', 'legend');
    scale.append('1 ', ...Array.from({length: SHADES}, (_, i) => element('span', 'h' + i)), ` ${count(most, 'call')} (square root)`);
    shown.body.replaceChildren(figure, scale);
    setText(shown.note, `Hexagons of ${Math.round(HEXAGON * Math.sqrt(3) * Math.cos(latitude) / 10) * 10} m. North is up. Positions are those of the source, such as the nearest intersection.`
      + (outside ? ` Outside: ${count(outside, 'call')}.` : '') + (without ? ` Without position: ${count(without, 'call')}.` : '')
      + (rest ? ` Not drawn: ${count(rest, 'call')} in ${count(cells.groups - cells.values.length, 'other hexagon')}.` : ''));
    shown.rows = {
      columns: ['hexagon', 'longitude', 'latitude', 'calls'],
      rows: placed.map(cell => [cell.cell, cell.x / EARTH * 180 / Math.PI,
        (2 * Math.atan(Math.exp(-cell.y / EARTH)) - Math.PI / 2) * 180 / Math.PI, cell.calls])
    };
  }

  function table(place, columns, rows, numbersFrom) {
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

  const rarity = score => score >= 6 ? 'fewer than one in a million' : `one in ${whole.format(Number((10 ** score).toPrecision(1)))}`;

  function unusual() {
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
      : `${rows.length} with more calls than usual at this hour, newest first. Rarity: how many usual hours have so many calls.`);
    const local = row => row.start + series.offsetAt(row.start);
    const name = row => row.values.join(', ') || 'All calls';
    shown.rows = {
      columns: ['start', 'group', 'calls', 'expected', 'score'],
      rows: rows.map(row => [iso(row.start), name(row), row.count, row.expected, row.score])
    };
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
  }

  function waiting() {
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

  function samples() {
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

  function trust() {
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

  // Sentences

  function what() {
    const {type, group, disposition, priority, district, neighborhood, address, hexagon} = state.filters;
    return [
      type !== undefined ? `“${type || 'no type'}”` : group !== undefined ? ((data.groups || {})[group] || group).toLowerCase() : '',
      priority !== undefined ? `priority ${priority || 'none'}` : '', disposition !== undefined ? `ended ${disposition || 'without disposition'}` : '',
      ...[district, neighborhood, address].map(place => place === undefined ? '' : 'in ' + (place || 'no known place')), hexagon !== undefined ? 'in one area' : ''
    ].filter(Boolean).join(', ');
  }

  function showNow() {
    const place = byId('now');
    if (series.size === 0) {
      setText(place, data.statistic === null
        ? 'This pipeline has no hourly statistic of all calls in this process. Add StandardStatistics.callsInDetail to it.'
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
      parts.push(unknown.map(([key, value]) => `No call has the ${FIELDS[key]} “${(key === 'group' && (data.groups || {})[value]) || value || '(none)'}”.`).join(' '));
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
  function covered() {
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

  function selectedText() {
    const [from, to] = range();
    const show = (time, otherwise) => time === null ? otherwise : text('full', time + series.offsetAt(time));
    return `${show(from, 'the start')} to ${show(to, 'the end')}`;
  }

  function showLight() {
    const light = byId('state');
    const {level, text: name} = trouble ? {level: 'lost', text: trouble} : data ? data.health : {level: '', text: 'Connecting'};
    setText(light, name);
    light.className = 'light ' + level;
    document.body.classList.toggle('stale', trouble !== '');
  }

  function showFilters() {
    const [from, to] = range();
    const field = (id, time) => {
      const value = time === null ? '' : new Date((time + series.offsetAt(time)) * 1000).toISOString().slice(0, 16);
      if (document.activeElement !== byId(id) && byId(id).value !== value) {
        byId(id).value = value;
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
      const name = key === 'group' ? (data.groups || {})[value] || value : key === 'hexagon' ? 'one hexagon' : value || '(none)';
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

  // Replay

  function showReplay() {
    const all = days();
    byId('replay').hidden = all.length === 0;
    const choice = byId('replay-day');
    const wanted = all.map(day => String(series.starts[day.first])).reverse();
    if ([...choice.options].map(option => option.value).join() !== wanted.join()) {
      const before = choice.value;
      choice.replaceChildren(...[...all].reverse().map(day => {
        const option = element('option', '', text('day', day.local));
        option.value = String(series.starts[day.first]);
        return option;
      }));
      choice.value = wanted.includes(before) ? before : wanted[Math.min(1, wanted.length - 1)];
    }
    const [from, to] = range();
    const at = from !== null && to !== null && to - from <= HOUR ? series.starts.indexOf(from) : -1;
    const day = at < 0 ? null : all.find(d => d.first <= at && at < d.end);
    if (day) {
      choice.value = String(series.starts[day.first]);
      byId('replay-hour').max = day.hours - 1;
      byId('replay-hour').value = at - day.first;
    }
    setText(byId('replay-text'), day ? `${text('hour', series.locals[at])}–${text('clock', series.locals[at] + HOUR)}: ${count(series.calls[at], 'call')}` : '');
  }

  function replayDay() {
    const first = series.starts.indexOf(Number(byId('replay-day').value));
    return days().find(day => day.first === first);
  }

  function replayAt(hour) {
    const day = replayDay();
    if (day) {
      const from = series.starts[day.first + Math.min(day.hours - 1, hour)];
      change({from, to: from + HOUR, last: null, slot: null}, true);
    }
  }

  function stopReplay() {
    clearInterval(player);
    player = 0;
    byId('play').setAttribute('aria-pressed', 'false');
    setText(byId('play'), 'Play');
  }

  function play() {
    if (player) {
      stopReplay();
      return;
    }
    const day = replayDay();
    if (!day) {
      return;
    }
    let hour = byId('replay-text').textContent ? Number(byId('replay-hour').value) + 1 : 0;
    hour = hour < day.hours ? hour : 0;
    byId('play').setAttribute('aria-pressed', 'true');
    setText(byId('play'), 'Pause');
    replayAt(hour);
    player = setInterval(() => {
      hour++;
      if (hour >= day.hours) {
        stopReplay();
      } else {
        replayAt(hour);
      }
    }, FRAME_MS);
  }

  // Exports

  function fileName(id, extension, part = '') {
    const label = data.label ? '-' + data.label.toLowerCase().replace(/[^a-z0-9]+/g, '-') : '';
    return `callstream-${id}${label}${part}.${extension}`;
  }

  function save(content, type, name) {
    const link = element('a');
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** Returns a CSV field. A spreadsheet must not run texts of calls as formulas. */
  function field(value) {
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value ?? '');
    return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  }

  function saveCsv(id, from) {
    const {columns, rows} = from.rows || {columns: [], rows: []};
    const label = data.label ? [data.label] : [];
    const lines = [[...columns, ...(data.label ? ['data'] : [])], ...rows.map(row => [...row, ...label])];
    save(lines.map(line => line.map(field).join(',')).join('\r\n') + '\r\n', 'text/csv;charset=utf-8', fileName(id, 'csv', from.rows?.part));
  }

  function saveJson(id, from) {
    const {columns, rows} = from.rows || {columns: [], rows: []};
    save(JSON.stringify({
      title: from.heading.textContent, source: data.source, label: data.label, query: parameters(false),
      upTo: data.upTo === null ? null : iso(data.upTo),
      rows: rows.map(row => Object.fromEntries(columns.map((column, i) => [column, row[i]])))
    }, null, 1) + '\n', 'application/json', fileName(id, 'json', from.rows?.part));
  }

  /** Draws a panel with its styles into a picture. */
  async function savePng(id, from) {
    const styles = await Promise.all(['dashboard.css', 'explore.css'].map(async file => (await fetch(file)).text()));
    const copy = from.section.cloneNode(true);
    copy.querySelectorAll('.export, .switch').forEach(part => part.remove());
    copy.append(element('p', 'source', `${data.label ? data.label + '. ' : ''}Source: ${data.source}. ${covered()}. ${byId('period').textContent} ${what()}`));
    const width = Math.ceil(from.section.clientWidth) + 18, height = Math.ceil(from.section.clientHeight) + 90;
    const root = element('div', 'picture');
    const sheet = element('style', '', styles.join('\n').replaceAll(':root', ':root, .picture'));
    root.append(sheet, copy);
    const image = new Image();
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(
      `<svg xmlns="${SVG}" width="${width}" height="${height}"><foreignObject width="100%" height="100%">${new XMLSerializer().serializeToString(root)}</foreignObject></svg>`);
    await image.decode();
    const canvas = element('canvas');
    canvas.width = width * 2;
    canvas.height = height * 2;
    const pen = canvas.getContext('2d');
    pen.scale(2, 2);
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, width, height);
    pen.drawImage(image, 0, 0);
    canvas.toBlob(picture => save(picture, 'image/png', fileName(id, 'png')), 'image/png');
  }

  // The page

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
    document.body.classList.toggle('kiosk', state.kiosk);
    setText(byId('source'), data.source);
    setText(byId('covered'), covered());
    byId('label').hidden = !data.label;
    setText(byId('label'), data.label);
    document.title = (data.label ? data.label + ': ' : '') + 'Police calls';
    byId('failure').hidden = data.state !== 'FAILED';
    setText(byId('failure'), data.failure || '');
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
  }

  function localInput(id) {
    const value = byId(id).value;
    if (!value) {
      return null;
    }
    const local = Math.floor(Date.parse(value + ':00Z') / 1000 / HOUR) * HOUR;
    if (Number.isNaN(local)) {
      return null; // Such as a year of five digits.
    }
    const index = series.byLocal.get(local);
    return index === undefined ? local - series.offsetAt(local) : series.starts[index];
  }

  document.querySelectorAll('.presets button').forEach(button => button.onclick = () => {
    stopReplay();
    change({last: button.dataset.last === '' ? null : Number(button.dataset.last), from: null, to: null});
  });
  for (const id of ['from', 'to']) {
    byId(id).onchange = () => series && select(localInput('from'), localInput('to'));
  }
  byId('routine').onchange = () => change({routine: byId('routine').checked});
  let typing = 0;
  byId('find').oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({find: byId('find').value.trim()}, true), 250);
  };
  byId('filters').onsubmit = event => event.preventDefault();
  byId('replay-hour').oninput = () => {
    stopReplay();
    replayAt(Number(byId('replay-hour').value));
  };
  byId('replay-day').onchange = () => {
    stopReplay();
    replayAt(0);
  };
  byId('play').onclick = play;
  window.onpopstate = () => {
    state = read();
    if (data) {
      show();
    }
    load();
  };
  let width = innerWidth;
  window.onresize = () => {
    if (data && width !== innerWidth) {
      width = innerWidth;
      overview();
      trend();
    }
  };
  document.addEventListener('visibilitychange', () => document.hidden ? clearTimeout(timer) : load());
  document.addEventListener('click', event => document.querySelectorAll('.export[open]').forEach(menu =>
    menu.contains(event.target) || (menu.open = false)));
  load();
})();
