// Replays a day hour by hour.
import {byId, element, setText} from './elements.js';
import {count, HOUR, text} from './formats.js';
import {days, series} from './hours.js';
import {change, range} from './state.js';

const FRAME_MS = 1500;
let player = 0;

export function select(from, to) {
  stopReplay();
  change({from, to, last: null});
}

export function showReplay() {
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

export function stopReplay() {
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

byId('replay-hour').oninput = () => {
  stopReplay();
  replayAt(Number(byId('replay-hour').value));
};
byId('replay-day').onchange = () => {
  stopReplay();
  replayAt(0);
};
byId('play').onclick = play;
