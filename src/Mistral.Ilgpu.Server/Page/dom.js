// Makes elements. Text always becomes text nodes: nothing here, and nothing that uses it, parses HTML.

const svgNamespace = 'http://www.w3.org/2000/svg';

/** Makes an element of properties, attributes (with a dash or role) and children; strings become text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.includes('-') || name === 'role') made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

/** An icon of the sprite in the page. */
export function icon(name) {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svgNamespace, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon and a name for people who do not see it. */
export function iconButton(name, label, action) {
  return element('button', {
    type: 'button', className: 'icon-button', title: label, 'aria-label': label, onclick: action,
  }, icon(name));
}

/** A button that copies a text and tells that it did. */
export function copyButton(label, text) {
  const button = iconButton('copy', label, async () => {
    if (await copy(text())) {
      button.replaceChildren(icon('done'));
      announce('Copied');
      setTimeout(() => button.replaceChildren(icon('copy')), 1500);
    }
  });
  return button;
}

/** Tells people who use a screen reader. */
export function announce(text) {
  document.getElementById('status').textContent = text;
}

export const byId = id => document.getElementById(id);

// The clipboard is there in secure contexts only, and a server on a local network has none.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element('textarea', { value: text, className: 'hidden' });
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}
