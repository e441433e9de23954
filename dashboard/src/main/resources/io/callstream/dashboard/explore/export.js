// Saves the rows and the picture of a panel as files.
import {byId, element, SVG} from './elements.js';
import {data} from './hours.js';
import {iso, parameters} from './state.js';
import {covered, what} from './summary.js';

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

export function saveCsv(id, from) {
  const {columns, rows} = from.rows || {columns: [], rows: []};
  const label = data.label ? [data.label] : [];
  const lines = [[...columns, ...(data.label ? ['data'] : [])], ...rows.map(row => [...row, ...label])];
  save(lines.map(line => line.map(field).join(',')).join('\r\n') + '\r\n', 'text/csv;charset=utf-8', fileName(id, 'csv', from.rows?.part));
}

export function saveJson(id, from) {
  const {columns, rows} = from.rows || {columns: [], rows: []};
  save(JSON.stringify({
    title: from.heading.textContent, source: data.source, label: data.label, query: parameters(false),
    upTo: data.upTo === null ? null : iso(data.upTo),
    rows: rows.map(row => Object.fromEntries(columns.map((column, i) => [column, row[i]])))
  }, null, 1) + '\n', 'application/json', fileName(id, 'json', from.rows?.part));
}

/** Draws a panel with its styles into a picture. */
export async function savePng(id, from) {
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
