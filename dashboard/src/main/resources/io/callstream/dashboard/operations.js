'use strict';
// Shows the state of api/updates. Texts of records are inserted as text, never as markup.
(() => {
  const RETRY_MS = 3000;
  const SILENCE_MS = 30000;
  const OUTDATED_MS = 10000;
  const MAX_SAMPLES = 300;
  const TABLE_SAMPLES = 30;
  const INTERVALS = 10;
  const MINUTE = 60000;
  // Spark's names, in the order of a batch. The last one is the sum. The empty one represents unknown phases.
  const SPARK_PHASES = ['latestOffset', 'walCommit', 'getBatch', 'queryPlanning', 'addBatch', 'commitOffsets', '', 'triggerExecution'];
  const NONE = '–';
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const whole = new Intl.NumberFormat('en-US');
  const one = new Intl.NumberFormat('en-US', {minimumFractionDigits: 1, maximumFractionDigits: 1});
  const short = new Intl.NumberFormat('en-US', {notation: 'compact'});
  const byId = id => document.getElementById(id);

  let last = null; // The state, to which changes are applied.
  let linked = null; // The state of the run for which the links were loaded.
  let ended = false;
  let connected = false;
  let clock = null; // The time of the server, and the age of this page at that moment.

  const names = [...new Set(new URLSearchParams(location.search).keys())];
  if (names.includes('kiosk')) {
    document.documentElement.classList.add('kiosk');
  }
  const unknown = names.filter(name => name !== 'kiosk').slice(0, 5);
  byId('ignored').hidden = unknown.length === 0;
  byId('ignored').textContent = `The page ignores a part of its address: ${unknown.join(', ').slice(0, 200)}. Its only parameter is kiosk.`;

  // Formats and elements

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) {
      made.className = className;
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }

  const count = n => n === undefined ? NONE : whole.format(n);
  const rate = perSecond => perSecond === null || perSecond === undefined ? NONE : whole.format(Math.round(perSecond));

  function bytes(n) {
    const units = ['B', 'kB', 'MB', 'GB'];
    let i = 0;
    while (n >= 1000 && i < units.length - 1) {
      n /= 1000;
      i++;
    }
    return (i === 0 ? whole : one).format(n) + ' ' + units[i];
  }

  function ago(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    return seconds < 60 ? `${seconds} s ago`
      : minutes < 60 ? `${minutes} min ago`
      : hours < 48 ? `${hours} h ${minutes % 60} min ago`
      : `${Math.floor(hours / 24)} days ago`;
  }

  function duration(ms) {
    if (ms === undefined || ms === null) {
      return NONE;
    }
    if (ms < 1000) {
      return whole.format(ms) + ' ms';
    }
    const [unit, length] = [['d', 86400000], ['h', 3600000], ['min', MINUTE], ['s', 1000]]
      .find(([, length]) => ms >= length);
    return (ms < 100 * length ? one : whole).format(ms / length) + ' ' + unit;
  }

  /** Returns a time in the zone of the pipeline. */
  function timeText(time, options) {
    if (!time) {
      return NONE;
    }
    return inZone(Date.parse(time), {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', ...options}).replace(',', '');
  }

  function inZone(time, options) {
    try {
      return new Intl.DateTimeFormat('en-GB', {timeZone: last.zone, ...options}).format(time);
    } catch (e) { // The browser does not know the zone.
      return new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', ...options}).format(time);
    }
  }

  const clockTime = seconds => inZone(seconds * 1000, {timeStyle: 'medium'});

  /** Changes a text only if it differs, so that screen readers keep their position and do not repeat it. */
  function setText(place, text) {
    if (place.textContent !== text) {
      place.textContent = text;
    }
  }

  /** Fills a table; columns from numbersFrom are numbers. Rows are kept if the table has the same shape. */
  function table(id, columns, rows, numbersFrom) {
    const into = byId(id);
    const known = into.tHead ? [...into.tHead.rows[0].cells].map(cell => cell.textContent) : [];
    if (into.tBodies.length !== 1 || into.tBodies[0].rows.length !== rows.length
        || known.length !== columns.length || known.some((name, i) => name !== columns[i])) {
      const head = element('tr');
      columns.forEach((name, i) => {
        const cell = element('th', i >= numbersFrom ? 'number' : '', name);
        cell.scope = 'col';
        head.append(cell);
      });
      const body = element('tbody');
      for (const row of rows) {
        const line = element('tr');
        row.forEach((value, i) => {
          const cell = element(i === 0 ? 'th' : 'td', i >= numbersFrom ? 'number' : '');
          if (i === 0) {
            cell.scope = 'row';
          }
          cell.dir = 'auto';
          line.append(cell);
        });
        body.append(line);
      }
      const top = element('thead');
      top.append(head);
      into.replaceChildren(top, body);
    }
    rows.forEach((row, y) => row.forEach((value, x) => setText(into.tBodies[0].rows[y].cells[x], value)));
    return into.tBodies[0].rows;
  }

  // Charts

  const charts = new Map();

  const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

  function axis() {
    return {
      stroke: color('--soft'),
      grid: {stroke: color('--line'), width: 1},
      ticks: {stroke: color('--line'), width: 1},
      font: `${Math.round(rem() * 0.78)}px system-ui, sans-serif`
    };
  }

  function line(label, hue, more) {
    return {
      label,
      stroke: color(hue),
      width: 2,
      points: {show: (u, of) => u.data[of].filter(value => value !== null).length === 1}, // A single value has no line.
      value: (u, value, of) => rate(value ?? u.data[of].at(-1)),
      ...more
    };
  }

  function chart(id, series, data, label) {
    const place = byId(id);
    place.setAttribute('aria-label', label);
    const shown = charts.get(id);
    if (shown) {
      shown.setData(data);
      return;
    }
    const size = () => ({
      width: Math.max(160, place.clientWidth),
      // The legend needs two lines if its values do not fit into one.
      height: Math.max(60, place.clientHeight - rem() * (place.clientWidth < 36 * rem() ? 3.3 : 1.9))
    });
    place.replaceChildren();
    const made = new uPlot(
      {
        ...size(),
        series: [{label: 'at', value: (u, at) => clockTime(at ?? u.data[0].at(-1))}, ...series],
        axes: [
          {...axis(), size: rem() * 2.2, space: rem() * 5, values: (u, splits) => splits.map(clockTime)},
          {...axis(), size: rem() * 3.4, values: (u, values) => values.map(value => short.format(value))}
        ],
        scales: {
          x: {range: (u, min, max) => u.data[0].length === 1 ? [u.data[0][0] - 30, u.data[0][0] + 30] : [min, max]},
          y: {range: (u, min, max) => [0, Math.max(1, max * 1.08)]}
        },
        cursor: {drag: {x: false, y: false}}
      },
      data, place);
    made.observer = new ResizeObserver(() => made.setSize(size()));
    made.observer.observe(place);
    charts.set(id, made);
  }

  const redraw = () => {
    for (const shown of charts.values()) {
      shown.observer.disconnect();
      shown.destroy();
    }
    charts.clear();
    show();
  };
  dark.addEventListener('change', redraw);
  matchMedia('print').addEventListener('change', redraw);

  // Panels

  const calls = all => all.received - all.rejected + (all.additionalCalls || 0) - all.duplicates;

  function showFigures() {
    const p = last.progress || {};
    const all = last.accounting;
    const figures = {
      received: whole.format(all.received),
      in: rate(p.in),
      processing: rate(p.processing),
      out: rate(p.out),
      lag: count(p.lag),
      latency: p.latencyMs === undefined ? NONE : `${duration(p.latencyMs)} / ${duration(p.maxLatencyMs)}`,
      took: duration(p.durationMs),
      watermark: timeText(last.watermark.next),
      state: p.stateRows === undefined ? NONE : `${short.format(p.stateRows)} / ${bytes(p.stateBytes)}`,
      rejected: whole.format(all.rejected),
      late: whole.format(Math.max(0, ...Object.values(all.statistics).map(s => s.late))),
      restarts: count(last.restartCount)
    };
    for (const [key, value] of Object.entries(figures)) {
      setText(byId('figure-' + key), value);
      byId('figure-' + key).title = value;
      byId('figure-' + key).classList.toggle('none', value === NONE);
    }
  }

  function showVerdict() {
    const verdict = last.stability;
    const place = byId('verdict');
    if (!verdict) {
      return;
    }
    const lines = verdict.findings.map(finding => element('li', '', `${finding.evidence}. ${finding.advice}`));
    const text = element('p', verdict.stable ? 'verdict good' : 'verdict bad',
      verdict.stable ? 'The pipeline keeps up.' : 'The pipeline falls behind.');
    const list = element('ul', 'findings');
    list.append(...lines);
    const made = lines.length ? [text, list] : [text];
    if (place.textContent !== made.map(part => part.textContent).join('')) {
      place.replaceChildren(...made);
    }
  }

  function showBatches() {
    const seen = last.history || [];
    if (seen.length === 0) {
      return;
    }
    const column = i => seen.map(sample => sample[i]);
    const [, arrived, processed, emitted, , latency, took] = seen.at(-1);
    chart('rates',
      [line('input', '--second', {dash: [6, 4]}), line('processing', '--first'), line('output', '--soft', {dash: [2, 3]})],
      [column(0), column(1), column(2), column(3)],
      `Throughput of the last ${seen.length} batches; in the last batch, input ${rate(arrived)} records per second,`
        + ` processing ${rate(processed)} records per second, output ${rate(emitted)} rows per second`);
    chart('durations', [line('duration', '--first'), line('latency', '--second', {dash: [6, 4]})],
      [column(0), column(6), column(5)],
      `Durations of the last ${seen.length} batches; the last one took ${duration(took)}, with a latency of ${duration(latency)}`);
    const fill = () => table('batches', ['Batch at', 'Input/s', 'Processing/s', 'Output/s', 'Lag', 'Latency', 'Duration'],
      seen.slice(-TABLE_SAMPLES).reverse().map(([at, ...s]) =>
        [clockTime(at), rate(s[0]), rate(s[1]), rate(s[2]), whole.format(s[3]), duration(s[4]), duration(s[5])]), 1);
    const details = byId('batches').closest('details');
    details.ontoggle = () => details.open && fill();
    if (details.open) {
      fill();
    }
    showPhases();
  }

  function showPhases() {
    const order = name => SPARK_PHASES.indexOf(SPARK_PHASES.includes(name) ? name : '');
    const phases = Object.entries(last.progress ? last.progress.phasesMs : {}).sort(([a], [b]) => order(a) - order(b));
    const list = byId('phases');
    const known = [...list.children].map(row => row.dataset.phase);
    if (known.length !== phases.length || phases.some(([name], i) => name !== known[i])) {
      list.replaceChildren(...phases.map(([name]) => {
        const row = element('li');
        row.dataset.phase = name;
        const track = element('span', 'track');
        track.setAttribute('aria-hidden', 'true');
        track.append(element('span', 'bar'));
        row.append(element('span', 'name', name === 'triggerExecution' ? 'whole batch' : name), track, element('span', 'count'));
        return row;
      }));
    }
    const longest = Math.max(1, ...phases.map(([, ms]) => ms));
    phases.forEach(([, ms], i) => {
      list.children[i].querySelector('.bar').style.setProperty('--part', ms / longest);
      setText(list.children[i].querySelector('.count'), duration(ms));
    });
  }

  function showPartitions() {
    setText(byId('watermark'), (last.watermark.next ? `Watermark ${timeText(last.watermark.next, {second: '2-digit'})}. ` : '')
      + last.watermark.why);
    const all = Object.entries(last.partitions);
    const highest = Math.max(1, ...all.map(([, p]) => p.lag));
    const rows = table('partitions', ['Partition', 'Lag', 'Next offset', 'Event time', 'Read', 'Unconfirmed'],
      all.length === 0 ? [[NONE, NONE, NONE, NONE, NONE, NONE]] : all.map(([number, p]) =>
        [number, whole.format(p.lag), whole.format(p.end), timeText(p.time, {second: '2-digit'}), p.read ? 'yes' : 'no',
          whole.format(p.unconfirmed)]), 1);
    const times = all.filter(([, p]) => p.read && p.time).map(([, p]) => p.time);
    const earliest = times.reduce((a, b) => Date.parse(b) < Date.parse(a) ? b : a, times[0]);
    all.forEach(([, p], i) => {
      rows[i].className = p.read && p.time === earliest && times.some(time => time !== earliest) ? 'holds' : '';
      rows[i].cells[1].style.setProperty('--part', p.lag / highest);
    });
    const hidden = last.partitionCount - all.length;
    byId('partitions').closest('.scroll').title = hidden > 0 ? `${hidden} partitions with less lag are not shown` : '';
  }

  function showAccounting() {
    const all = last.accounting;
    const since = last.countedSince || {};
    const part = n => calls(all) === 0 ? '' : one.format(n / calls(all) * 100) + ' %';
    const rows = [
      ['Received', whole.format(all.received), ''],
      ['− rejected', whole.format(all.rejected), ''],
      ['− duplicates', whole.format(all.duplicates), ''],
      ['= calls', whole.format(calls(all)), ''],
      ['with an ambiguous time', whole.format(all.ambiguousTimes), part(all.ambiguousTimes)]
    ];
    for (const [name, number] of Object.entries(all)) {
      if (name.startsWith('unknown')) {
        rows.push(['with unknown ' + name.slice(7, 8).toLowerCase() + name.slice(8), whole.format(number), part(number)]);
      }
    }
    if (all.corrections) {
      rows.push(['of these, corrections', whole.format(all.corrections), part(all.corrections)]);
    }
    if (all.additionalCalls) {
      rows.splice(1, 0, ['+ additional calls', whole.format(all.additionalCalls), '']);
    }
    if (all.unconfirmedTimes) {
      rows.push(['with an unconfirmed time', whole.format(all.unconfirmedTimes), part(all.unconfirmedTimes)]);
    }
    const lines = table('records', ['Records', 'Number', 'Share'], rows, 1);
    lines[all.additionalCalls ? 4 : 3].className = 'sum';
    const columns = Object.values(all.statistics).some(s => s.earlier) ? 5 : 4;
    table('contributions', ['Statistic', 'Counted', 'Late', 'Filtered', 'Earlier'].slice(0, columns),
      Object.entries(all.statistics).map(([name, s]) =>
        [Object.hasOwn(since, name) ? `${name}, since ${timeText(since[name].time)}` : name,
          ...[s.counted, s.late, s.filtered, s.earlier].map(n => whole.format(n || 0))].slice(0, columns)), 1);
  }

  let shownLetters = null;

  function showLetters() {
    const reasons = last.letters;
    const all = last.accounting;
    const late = Object.values(all.statistics).some(s => s.late > 0);
    setText(byId('letters-note'),
      reasons === undefined
        ? 'Reasons and records are not kept. A program keeps them with RecentDeadLetters.'
        : reasons.length > 0 ? 'Since this process started, with the latest records of each reason.'
        : all.rejected > 0 || late ? 'No record was rejected or late since this process started.'
        : 'No record was rejected or late.');
    const text = JSON.stringify(reasons);
    if (text === shownLetters) {
      return;
    }
    shownLetters = text;
    byId('letters').replaceChildren(...(reasons || []).flatMap(({reason, count, latest}) => {
      const title = element('h3', '', reason + ' ');
      title.append(element('span', '', `× ${whole.format(count)}`));
      return [title, ...latest.flatMap(letter => {
        const origin = element('p', '', `partition ${letter.partition}, offset ${whole.format(letter.offset)}, `
          + timeText(letter.time, {second: '2-digit'}) + (letter.detail ? `: ${letter.detail}` : ''));
        const record = element('code', '', letter.record === undefined ? '(no bytes)' : letter.record || '(empty)');
        record.dir = 'auto';
        return [origin, record];
      })];
    }));
  }

  function showSettings() {
    const restarts = last.restarts;
    setText(byId('restarts-note'),
      last.restartCount === undefined ? 'The pipeline is not supervised: after a failure it stays stopped.'
        : last.restartCount === 0 ? 'The pipeline was not restarted.'
        : `The pipeline was restarted ${whole.format(last.restartCount)} times.`);
    if (restarts.length > 0) {
      table('restarts', ['Failed at', 'Code', 'Restart', 'Message'],
        [...restarts].reverse().map(r =>
          [timeText(r.time, {second: '2-digit'}), r.code, `no. ${r.attempt} in a row, after ${duration(r.delayMs)}`, r.message]), 9);
    }
    const rows = Object.entries(last.settings);
    table('settings', ['Setting', 'Value'], rows.length === 0 ? [[NONE, NONE]] : rows, 9);
  }

  /**
   * Shows the age of the last batch by the clock of the server, which may differ from the browser's.
   * Marks rates as outdated if the last batch is much older than the usual interval of batches.
   */
  function showAge() {
    const progress = last && last.progress;
    if (!progress || !clock) {
      setText(byId('asof'), last && last.state !== 'RUNNING' ? 'no batch' : '');
      return;
    }
    const age = clock.server + performance.now() - clock.own - progress.end;
    setText(byId('asof'), `batch ${whole.format(progress.batch)}, ${ago(age)}`);
    const seen = last.history.slice(-INTERVALS - 1);
    const interval = seen.length < 2 ? 0 : (seen.at(-1)[0] - seen[0][0]) * 1000 / (seen.length - 1);
    byId('figures').classList.toggle('outdated',
      last.state !== 'RUNNING' || !connected || age > Math.max(OUTDATED_MS, 3 * interval));
  }

  function light(text, level) {
    setText(byId('state'), text);
    byId('state').className = 'light ' + level;
  }

  /** Returns which time the calls cover. The time of a call is confirmed by the next two of its partition. */
  function covered(full) {
    const number = calls(last.accounting);
    const zone = `local time (${last.zone})`;
    return number === 0 ? 'No calls' + (last.state === 'RUNNING' ? ' yet' : '')
      : last.from && last.newest ? `Calls from ${timeText(last.from, full)} to ${timeText(last.newest, full)}, ${zone}`
      : last.newest ? `Newest call ${timeText(last.newest, full)}, ${zone}`
      : `${whole.format(number)} call${number === 1 ? '' : 's'}` + (last.from ? ` from ${timeText(last.from, full)}, ${zone}` : '') + '; no time is confirmed yet';
  }

  function show() {
    if (!last) {
      return;
    }
    if (linked !== last.state) { // Some pages end with the run.
      linked = last.state;
      showLinks().catch(() => {});
    }
    setText(byId('source'), last.source);
    const full = {year: 'numeric'};
    setText(byId('covered'), covered(full));
    byId('label').hidden = !last.label;
    setText(byId('label'), last.label);
    document.title = (last.label ? last.label + ': ' : '') + 'callstream operations';
    light(last.health.text, last.health.level);
    byId('failure').hidden = last.state !== 'FAILED';
    setText(byId('failure'), last.failure || '');
    showAge();
    showFigures();
    showVerdict();
    showBatches();
    showPartitions();
    showAccounting();
    showLetters();
    showSettings();
  }

  // Updates

  const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);

  /** Applies a JSON merge patch (RFC 7396). */
  function merge(target, changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) {
        delete target[name];
      } else {
        target[name] = isObject(value) ? merge(isObject(target[name]) ? target[name] : {}, value) : value;
      }
    }
    return target;
  }

  let updates = null;
  let timer = 0; // The timer of the next attempt, or the timeout of a silent stream.

  function disconnect() {
    clearTimeout(timer);
    connected = false;
    if (updates) {
      updates.close();
    }
  }

  function connect() {
    disconnect();
    updates = new EventSource('api/updates');
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(retry, SILENCE_MS);
    };
    listen();
    updates.addEventListener('state', event => {
      listen();
      const state = JSON.parse(event.data);
      if (last && last.run !== state.run) {
        location.reload(); // Another run has other links and possibly another zone.
        return;
      }
      ended = false;
      connected = true;
      last = state;
      last.history = last.history || [];
      show();
    });
    updates.addEventListener('patch', event => {
      listen();
      const {history = [], ...changes} = JSON.parse(event.data);
      merge(last, changes);
      last.history = [...last.history, ...history].slice(-MAX_SAMPLES);
      show();
    });
    updates.addEventListener('alive', event => {
      listen();
      clock = {server: Number(event.data), own: performance.now()};
    });
    updates.addEventListener('end', () => {
      ended = true;
      retry();
    });
    updates.addEventListener('full', event => {
      ended = false;
      retry(`${event.data} pages are already open, retrying`);
    });
    updates.onerror = () => retry();
  }

  /** Reconnects after every kind of failure. Browsers reconnect automatically only after some of them. */
  function retry(why = 'Connection lost, retrying') {
    disconnect();
    showAge();
    if (!ended) {
      light(why, 'lost');
    } else if (last && last.state === 'RUNNING') {
      light('The program has ended', 'lost');
    } else if (last) {
      light(`${last.health.text}, and the program has ended`, last.health.level);
    }
    timer = setTimeout(connect, RETRY_MS);
  }

  const LOOPBACK = /^(localhost|127\..*|\[::1\])$/;

  async function showLinks() {
    const { links, notes } = await (await fetch('api/links')).json();
    const made = [];
    for (const [title, target] of Object.entries(links)) {
      // A page of the machine of the pipeline is not reachable from another machine.
      if (LOOPBACK.test(new URL(target).hostname) && !LOOPBACK.test(location.hostname)) {
        notes.push(`${title}: ${target} on the machine of the pipeline`);
        continue;
      }
      const link = element('a', '', title);
      link.href = target;
      made.push(link);
    }
    byId('links').replaceChildren(...made, ...notes.map(note => element('span', '', note)));
  }

  setInterval(showAge, 1000);
  // A browser opens at most six connections to a server for all tabs, so hidden tabs disconnect.
  const follow = () => document.hidden ? disconnect() : connect();
  document.addEventListener('visibilitychange', follow);
  follow();
})();
