'use strict';
// Shows the snapshots of api/updates. Texts of calls are inserted as text, never as markup.
(() => {
  const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
  const SHADES = 10;
  const RETRY_MS = 3000;
  const SILENCE_MS = 30000;
  const OUTDATED_MS = 10000;
  const BATCH_INTERVALS = 10;
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const whole = new Intl.NumberFormat('en-US');
  const one = new Intl.NumberFormat('en-US', {minimumFractionDigits: 1, maximumFractionDigits: 1});
  const short = new Intl.NumberFormat('en-US', {notation: 'compact'});
  const byId = id => document.getElementById(id);

  let last = null;
  let ended = false;
  let connected = false;
  let clock = null; // The time of the server, and the age of this page at that moment.

  // Elements and formats

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

  function percent(part) {
    return one.format(part * 100) + ' %';
  }

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

  /** Changes a text only if it differs, so that screen readers keep their position and do not repeat it. */
  function setText(place, text) {
    if (place.textContent !== text) {
      place.textContent = text;
    }
  }

  function duration(ms) {
    if (ms < 1000) {
      return whole.format(ms) + ' ms';
    }
    const [unit, length] = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]]
      .find(([, length]) => ms >= length);
    return (ms < 100 * length ? one : whole).format(ms / length) + ' ' + unit;
  }

  function rate(perSecond) {
    return perSecond === null || perSecond === undefined ? '–' : whole.format(Math.round(perSecond));
  }

  function zoned(options) {
    try {
      return new Intl.DateTimeFormat('en-GB', {timeZone: last.zone, ...options});
    } catch (e) {
      return new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', ...options});
    }
  }

  function hourText(moment) {
    return zoned({weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'})
      .format(moment);
  }

  function shortText(moment) {
    return zoned({day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'}).format(moment).replace(',', '');
  }

  /** Fills a table; columns from numbersFrom are numbers. Rows are kept if the table has the same shape. */
  function table(into, columns, rows, numbersFrom) {
    const known = into.tHead ? [...into.tHead.rows[0].cells].map(cell => cell.textContent) : [];
    if (into.tBodies.length === 1 && into.tBodies[0].rows.length === rows.length
        && known.length === columns.length && known.every((name, i) => name === columns[i])) {
      rows.forEach((row, y) => row.forEach((value, x) => setText(into.tBodies[0].rows[y].cells[x], value)));
      return;
    }
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
        const cell = element(i === 0 ? 'th' : 'td', i >= numbersFrom ? 'number' : '', value);
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

  /** Returns a unique key for each entry: the name, which may be shortened, and a number for equal names. */
  function keys(entries) {
    const seen = new Map();
    return entries.map(({name}) => {
      const number = seen.get(name) || 0;
      seen.set(name, number + 1);
      return `${name} ${number}`;
    });
  }

  /** Fills a list of bars, and moves existing bars to their new positions. */
  function bars(list, entries) {
    const known = new Map([...list.children].map(row => [row.dataset.key, row]));
    const before = new Map([...known.values()].map(row => [row, row.getBoundingClientRect().top]));
    const entryKeys = keys(entries);
    const highest = Math.max(1, ...entries.map(entry => entry.count));
    const rows = entries.map((entry, i) => {
      const row = known.get(entryKeys[i]) || barRow(entry);
      row.dataset.key = entryKeys[i];
      row.querySelector('.bar').style.setProperty('--part', entry.count / highest);
      row.querySelector('.count').textContent = whole.format(entry.count);
      row.querySelector('.share').textContent = percent(entry.share);
      return row;
    });
    rows.forEach((row, i) => {
      if (list.children[i] !== row) {
        list.insertBefore(row, list.children[i] || null);
      }
    });
    while (list.children.length > rows.length) {
      list.lastChild.remove();
    }
    if (reducedMotion.matches) {
      return;
    }
    for (const row of rows) {
      const from = before.get(row);
      const moved = from === undefined ? 0 : from - row.getBoundingClientRect().top;
      if (moved !== 0) {
        row.animate(
          [{transform: `translateY(${moved}px)`}, {transform: 'none'}],
          {duration: 500, easing: 'ease-out'});
      }
    }
  }

  function barRow(entry) {
    const row = element('li');
    const name = element('span', 'name', entry.name === '' ? '(none)' : entry.name);
    name.dir = 'auto';
    if (entry.description) {
      name.append(' ', element('small', '', entry.description));
    }
    const track = element('span', 'track');
    track.setAttribute('aria-hidden', 'true');
    track.append(element('span', 'bar'));
    row.append(name, track, element('span', 'count'), element('span', 'share'));
    return row;
  }

  function ranking(id, found, what) {
    const panel = byId(id);
    panel.hidden = !found;
    if (!found) {
      return;
    }
    panel.querySelector('.note').textContent =
      found.groups > found.entries.length
        ? `The top ${found.entries.length} of ${whole.format(found.groups)} ${what};`
          + ` the others have ${whole.format(found.rest)} calls`
        : `${whole.format(found.groups)} ${what}`;
    bars(panel.querySelector('.bars'), found.entries);
  }

  // Charts

  const charts = new Map();

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** Returns the font size of the page in pixels; it is larger on large screens. */
  function rem() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  function axis() {
    return {
      stroke: color('--soft'),
      grid: {stroke: color('--line'), width: 1},
      ticks: {stroke: color('--line'), width: 1},
      font: `${Math.round(rem() * 0.78)}px system-ui, sans-serif`
    };
  }

  function compact(u, values) {
    return values.map(value => short.format(value));
  }

  /** Returns time labels for a chart: hours in the pipeline's zone, days, or the local time of the browser. */
  function timeLabels(kind) {
    const day = {day: 'numeric', month: 'short'};
    const timeZone = kind === 'hour' ? zoned({}).resolvedOptions().timeZone : kind === 'day' ? 'UTC' : undefined;
    const date = new Intl.DateTimeFormat('en-GB', {timeZone, ...day});
    const clock = new Intl.DateTimeFormat('en-GB', {timeZone, timeStyle: 'medium'});
    return (u, splits) => splits.map(at => {
      const time = clock.format(at * 1000);
      return time === '00:00:00' ? date.format(at * 1000) : time.endsWith(':00') ? time.slice(0, 5) : time;
    });
  }

  function inTable(kind, seconds) {
    return kind === 'day' ? dayText(seconds)
      : kind === 'hour' ? hourText(seconds * 1000)
      : new Intl.DateTimeFormat('en-GB', {timeStyle: 'medium'}).format(seconds * 1000);
  }

  function chart(id, series, data, kind) {
    const place = byId(id);
    let shown = charts.get(id);
    if (!shown) {
      // The legend needs two lines if its four values do not fit into one.
      const legend = () => rem() * (series.length > 1 && place.clientWidth < 36 * rem() ? 3.3 : 1.9);
      const size = () => ({
        width: Math.max(200, place.clientWidth),
        height: Math.max(80, place.clientHeight - legend())
      });
      shown = new uPlot(
        {
          ...size(),
          tzDate: kind === 'clock' ? undefined : seconds => uPlot.tzDate(
            new Date(seconds * 1000), kind === 'day' ? 'UTC' : zoned({}).resolvedOptions().timeZone),
          series: [{label: 'at', value: (u, at) => inTable(kind, at ?? u.data[0].at(-1))}, ...series],
          axes: [{...axis(), space: rem() * 4.6, values: timeLabels(kind)}, {...axis(), size: rem() * 3.4, values: compact}],
          scales: {y: {range: (u, min, max) => [0, Math.max(1, max * 1.08)]}},
          cursor: {drag: {x: false, y: false}}
        },
        data, place);
      shown.observer = new ResizeObserver(() => shown.setSize(size()));
      shown.observer.observe(place);
      charts.set(id, shown);
    } else {
      shown.setData(data);
    }
  }

  function dayText(seconds) {
    return new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short', year: 'numeric'})
      .format(seconds * 1000);
  }

  function line(label, hue, more) {
    return {
      label,
      stroke: color(hue),
      width: 2,
      points: {show: false},
      value: (u, value, of) => rate(value ?? u.data[of].at(-1)),
      ...more
    };
  }

  dark.addEventListener('change', () => {
    for (const shown of charts.values()) {
      shown.observer.disconnect();
      shown.destroy();
    }
    charts.clear();
    show(last);
  });

  // Panels

  function showCalls(calls) {
    byId('calls').hidden = !calls;
    if (!calls || calls.hours.length === 0) {
      return;
    }
    const hours = calls.hours;
    const peak = hours.reduce((a, b) => b[1] > a[1] ? b : a);
    chart('hours-chart', [line('calls', '--first', {fill: color('--first') + '33'})],
      [hours.map(h => h[0]), hours.map(h => h[1])], 'hour');
    byId('hours-chart').setAttribute('aria-label',
      `Calls by hour, ${hourText(hours[0][0] * 1000)} to ${hourText(hours[hours.length - 1][0] * 1000)};`
      + ` maximum ${whole.format(peak[1])} at ${hourText(peak[0] * 1000)}`);
    const seconds = day => Date.parse(day + 'T00:00:00Z') / 1000;
    const days = calls.days;
    chart('days-chart', [line('calls', '--first', {paths: uPlot.paths.bars({size: [0.7, 40]}), fill: color('--first')})],
      [days.map(d => seconds(d[0])), days.map(d => d[1])], 'day');
    byId('days-chart').setAttribute('aria-label',
      `Calls by day, ${dayText(seconds(days[0][0]))} to ${dayText(seconds(days[days.length - 1][0]))}`);
    whenOpen('hours-table', () => table(byId('hours-table'), ['Hour from', 'Calls'],
      [...hours].reverse().map(h => [hourText(h[0] * 1000), whole.format(h[1])]), 1));
    whenOpen('days-table', () => table(byId('days-table'), ['Day', 'Calls'],
      [...days].reverse().map(d => [dayText(seconds(d[0])), whole.format(d[1])]), 1));
  }

  /** Fills a table only while it is open. */
  function whenOpen(id, fill) {
    const details = byId(id).closest('details');
    details.ontoggle = () => details.open && fill();
    if (details.open) {
      fill();
    }
  }

  function showWeek(week) {
    const panel = byId('week');
    panel.hidden = !week;
    if (!week) {
      return;
    }
    const highest = Math.max(1, ...week.flat());
    const heat = panel.querySelector('table');
    if (!heat.tHead) {
      const head = element('tr');
      head.append(element('td', 'corner'));
      for (let hour = 0; hour < 24; hour++) {
        const cell = element('th', hour % 3 === 0 ? 'third' : '', String(hour));
        cell.scope = 'col';
        head.append(cell);
      }
      heat.createTHead().append(head);
      const body = heat.createTBody();
      for (const day of DAYS) {
        const row = element('tr');
        const name = element('th', '', day.slice(0, 3));
        name.scope = 'row';
        name.abbr = day;
        row.append(name);
        for (let hour = 0; hour < 24; hour++) {
          row.append(element('td'));
        }
        body.append(row);
      }
    }
    week.forEach((counts, day) => counts.forEach((count, hour) => {
      const cell = heat.tBodies[0].rows[day].cells[hour + 1];
      cell.textContent = count < 10000 ? String(count) : short.format(count);
      cell.title = `${DAYS[day]} ${hour}:00, ${whole.format(count)} calls`;
      cell.className = 'h' + Math.min(SHADES - 1, Math.floor(count / highest * SHADES));
    }));
    const shades = Array.from({length: SHADES}, (_, i) => element('span', 'h' + i));
    panel.querySelector('.legend').replaceChildren('0 ', ...shades, ' ' + whole.format(highest));
    whenOpen('week-table', () => table(byId('week-table'), ['Hour', ...DAYS.map(day => day.slice(0, 3))],
      week[0].map((first, hour) => [`${hour}:00`, ...week.map(counts => whole.format(counts[hour]))]), 1));
    const at = week.flat().indexOf(highest);
    panel.querySelector('.note').textContent = at < 0
      ? 'No calls yet'
      : `Calls by local time; maximum ${whole.format(highest)} on ${DAYS[Math.floor(at / 24)]} from ${at % 24}:00`;
  }

  function showSpikes(spikes) {
    const panel = byId('spikes');
    panel.hidden = !spikes;
    if (!spikes) {
      return;
    }
    const none = spikes.entries.length === 0;
    panel.querySelector('.note').textContent = none
      ? 'No group has had unusually many calls.' : 'Unusually many calls, newest first';
    const shown = panel.querySelector('table');
    shown.hidden = none;
    table(shown, ['From', 'Group', 'Calls', 'Usual', 'Score'], spikes.entries.map(s =>
      [hourText(Date.parse(s.start)), s.name, whole.format(s.count), one.format(s.expected), one.format(s.score)]), 2);
  }

  function showFigures(snapshot) {
    const progress = snapshot.progress;
    const latency = progress && progress.latencyMs;
    const all = snapshot.accounting;
    const figures = [
      ['Calls', whole.format(calls(all)), 'calls'],
      ['Input, records/s', progress ? rate(progress.inputRowsPerSecond) : '–', 'in'],
      ['Output, rows/s', progress ? rate(progress.outputRowsPerSecond) : '–', 'out'],
      ['Processing, records/s', progress ? rate(progress.processedRowsPerSecond) : '–', 'processing'],
      ['Lag, offsets', progress ? whole.format(progress.lag) : '–', 'lag'],
      ['Mean latency' + (latency ? ', max ' + duration(latency.greatest) : ''), latency ? duration(latency.mean) : '–', 'latency'],
      ['Last batch duration', progress ? duration(progress.batchDurationMs) : '–', 'took'],
      ['Watermark', progress && progress.watermark ? shortText(Date.parse(progress.watermark)) : '–', 'watermark'],
      ['State, ' + (progress ? bytes(progress.state.memoryBytes) : 'rows'), progress ? whole.format(progress.state.rows) + ' rows' : '–', 'state'],
      ['Rejected', whole.format(all.rejected), 'rejected'],
      ['Late', whole.format(Math.max(0, ...Object.values(all.statistics).map(s => s.late))), 'late'],
      ['Duplicates', whole.format(all.duplicates), 'duplicates']
    ];
    const list = byId('figures');
    if (list.children.length === 0) {
      for (const [name, , key] of figures) {
        const pair = element('div');
        const value = element('dd');
        value.id = 'figure-' + key;
        pair.append(element('dt', '', name), value);
        list.append(pair);
      }
    }
    for (const [name, value, key] of figures) {
      const place = byId('figure-' + key);
      setText(place.previousSibling, name);
      setText(place, value);
      place.title = value;
    }
  }

  const calls = all => all.received - all.rejected + (all.additionalCalls || 0) - all.duplicates;

  function showAccounting(all, since) {
    const part = n => calls(all) === 0 ? '' : percent(n / calls(all));
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
    table(byId('records'), ['Records', 'Number', 'Share'], rows, 1);
    byId('records').tBodies[0].rows[3].className = 'sum';
    const columns = Object.values(all.statistics).some(s => s.earlier) ? 5 : 4;
    table(byId('contributions'), ['Statistic', 'Counted', 'Late', 'Filtered', 'Earlier'].slice(0, columns),
      Object.entries(all.statistics).map(([name, s]) =>
        [since[name] ? `${name}, since ${shortText(Date.parse(since[name].time))}` : name,
          ...[s.counted, s.late, s.filtered, s.earlier].map(n => whole.format(n || 0))].slice(0, columns)), 1);
  }

  function showHealth(snapshot) {
    const place = byId('verdict');
    const verdict = snapshot.stability;
    if (!verdict) {
      place.replaceChildren(element('p', 'note', 'There is no verdict yet: it needs six batches with records.'));
    } else if (verdict.stable) {
      place.replaceChildren(element('p', 'verdict good', 'The pipeline keeps up.'));
    } else {
      const findings = element('ul', 'findings');
      for (const finding of verdict.findings) {
        findings.append(element('li', '', `${finding.evidence}. ${finding.advice}`));
      }
      place.replaceChildren(element('p', 'verdict bad', 'The pipeline falls behind.'), findings);
    }
    const seen = snapshot.history;
    if (seen.length > 0) {
      chart('history-chart',
        [line('input', '--second', {dash: [6, 4]}), line('processing', '--first'), line('output', '--soft', {dash: [2, 3]})],
        [seen.map(s => s.time), seen.map(s => s.arrived), seen.map(s => s.processed), seen.map(s => s.emitted)], 'clock');
      const now = seen[seen.length - 1];
      byId('history-chart').setAttribute('aria-label',
        `Throughput of the last ${seen.length} batches; in the last batch, input ${rate(now.arrived)} records per second,`
        + ` processing ${rate(now.processed)} records per second, output ${rate(now.emitted)} rows per second`);
    }
    const clock = new Intl.DateTimeFormat('en-GB', {timeStyle: 'medium'});
    whenOpen('history-table', () => table(byId('history-table'), ['Batch at', 'Input/s', 'Processing/s', 'Output/s', 'Lag', 'Latency'],
      seen.slice(-30).reverse().map(s =>
        [clock.format(s.time * 1000), rate(s.arrived), rate(s.processed), rate(s.emitted), whole.format(s.lag),
          s.latencyMs === null ? '–' : duration(s.latencyMs)]), 1));
  }

  function showOthers(others) {
    const place = byId('others');
    const known = new Map([...place.children].map(panel => [panel.dataset.name, panel]));
    for (const other of others) {
      let panel = known.get(other.name);
      if (!panel) {
        panel = element('section', 'panel');
        panel.dataset.name = other.name;
        const title = element('h2', '', other.name);
        title.id = 'other-' + other.name;
        panel.setAttribute('aria-labelledby', title.id);
        const scroll = element('div', 'scroll');
        scroll.tabIndex = 0;
        scroll.setAttribute('role', 'region');
        scroll.setAttribute('aria-label', 'Rows of ' + other.name);
        scroll.append(element('table'));
        panel.append(title, element('p', 'note'), scroll);
        place.append(panel);
      }
      panel.querySelector('.note').textContent =
        other.rows > other.cells.length
          ? `The first ${other.cells.length} of ${whole.format(other.rows)} rows`
          : `${whole.format(other.rows)} rows`;
      table(panel.querySelector('table'), other.columns, other.cells, other.numbersFrom);
    }
  }

  /**
   * Shows the age of the last batch by the clock of the server, which may differ from the browser's.
   * Marks rates as outdated if the last batch is much older than the usual interval of batches.
   */
  function showAge() {
    if (!last) {
      return;
    }
    const progress = last.progress;
    if (!progress || !clock) {
      setText(byId('asof'), '');
      return;
    }
    const now = clock.server + performance.now() - clock.own;
    const age = now - (Date.parse(progress.timestamp) + progress.batchDurationMs);
    setText(byId('asof'), `batch ${whole.format(progress.batch)}, ${ago(age)}`);
    const seen = last.history.slice(-BATCH_INTERVALS - 1);
    const interval = seen.length < 2 ? 0 : (seen[seen.length - 1].time - seen[0].time) * 1000 / (seen.length - 1);
    byId('figures').classList.toggle('outdated',
      last.state !== 'RUNNING' || !connected || age > Math.max(OUTDATED_MS, 3 * interval));
  }

  const STATES = {RUNNING: 'Running', FINISHED: 'Finished', FAILED: 'Failed'};

  function pill(text, className) {
    const place = byId('state');
    setText(place, text);
    place.className = 'pill ' + className;
  }

  function show(snapshot) {
    if (!snapshot) {
      return;
    }
    if (last && last.run !== snapshot.run) {
      location.reload(); // Another run has other panels, links and possibly another zone.
      return;
    }
    last = snapshot;
    byId('source').textContent = snapshot.source;
    pill(STATES[snapshot.state], snapshot.state.toLowerCase());
    showAge();
    byId('failure').hidden = snapshot.state !== 'FAILED';
    setText(byId('failure'), snapshot.failure || '');
    showFigures(snapshot);
    ranking('types', snapshot.types, 'types');
    ranking('dispositions', snapshot.dispositions, 'dispositions');
    ranking('locations', snapshot.locations, 'addresses');
    showCalls(snapshot.calls);
    showWeek(snapshot.week);
    showSpikes(snapshot.spikes);
    showHealth(snapshot);
    showAccounting(snapshot.accounting, snapshot.countedSince || {});
    showOthers(snapshot.others);
  }

  // Updates

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
    updates.addEventListener('update', event => {
      listen();
      ended = false;
      connected = true;
      show(JSON.parse(event.data));
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
      pill(why, 'lost');
    } else if (last && last.state === 'RUNNING') {
      pill('The program has ended', 'lost');
    } else if (last) {
      pill(`${STATES[last.state]}, and the program has ended`, last.state.toLowerCase());
    }
    timer = setTimeout(connect, RETRY_MS);
  }

  async function showLinks() {
    const { links, notes } = await (await fetch('api/links')).json();
    for (const [title, target] of Object.entries(links)) {
      const link = element('a', '', title);
      link.href = target;
      byId('links').append(link);
    }
    byId('links').append(...notes.map(note => element('span', '', note)));
  }

  setInterval(showAge, 1000);
  showLinks().catch(() => {});
  // A browser opens at most six connections to a server for all tabs, so hidden tabs disconnect.
  const follow = () => document.hidden ? disconnect() : connect();
  document.addEventListener('visibilitychange', follow);
  follow();
})();
