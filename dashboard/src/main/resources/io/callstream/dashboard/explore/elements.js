// Makes elements of the page. Texts of calls are inserted as text, never as markup.

export const SVG = 'http://www.w3.org/2000/svg';
export const byId = id => document.getElementById(id);

export function element(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.textContent = text;
  return made;
}

export function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

export function setText(place, text) {
  if (place.textContent !== text) {
    place.textContent = text;
  }
}
