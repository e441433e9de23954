// Formats numbers and times. Local times are seconds that a UTC clock shows as the local time of the calls.

export const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
export const HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY;
export const whole = new Intl.NumberFormat('en');
export const one = new Intl.NumberFormat('en', {maximumFractionDigits: 1, minimumFractionDigits: 1});
export const percent = part => `${(part * 100).toFixed(1)} %`;
export const count = (number, noun) => `${whole.format(number)} ${noun}${number === 1 ? '' : 's'}`;
const utc = options => new Intl.DateTimeFormat('en-GB', {timeZone: 'UTC', ...options});

const formats = {
  hour: utc({weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'}),
  day: utc({weekday: 'short', day: 'numeric', month: 'short', year: 'numeric'}),
  short: utc({day: 'numeric', month: 'short'}),
  clock: utc({hour: '2-digit', minute: '2-digit'}),
  full: utc({weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit'})
};

export const text = (format, local) => formats[format].format(local * 1000);
export const dayOf = local => Math.floor(local / DAY);
export const slotOf = local => ((dayOf(local) + 3) % 7) * 24 + Math.floor(local % DAY / HOUR);
