// Shows Markdown in a container. Called again with a longer text it keeps what did not change, so that a selection stays and
// nothing moves.

import { copyButton, element } from './dom.js';
import { inline } from './inline.js';
import { blocks } from './markdown.js';

const sources = new WeakMap();

export function renderMarkdown(container, text) {
  const wanted = blocks(text);
  const shown = [...container.children];
  wanted.forEach((block, index) => {
    const old = shown[index];
    if (old && sources.get(old) === block.source) return;
    if (old && block.type === 'code' && old.dataset.language === block.language && old.classList.contains('code-block')) {
      old.querySelector('code').firstChild.data = block.text;
      sources.set(old, block.source);
      return;
    }
    const made = nodeOf(block);
    sources.set(made, block.source);
    if (old) old.replaceWith(made);
    else container.append(made);
  });
  shown.slice(wanted.length).forEach(old => old.remove());
}

function nodeOf(block) {
  switch (block.type) {
    case 'heading':
      // The page's own headings are the first two levels.
      return element(`h${Math.min(6, block.level + 2)}`, {}, ...inline(block.text));
    case 'rule':
      return element('hr');
    case 'code':
      return codeBlock(block.language, block.text);
    case 'quote':
      return element('blockquote', {}, ...block.blocks.map(nodeOf));
    case 'list':
      return listOf(block);
    case 'table':
      return tableOf(block);
    default:
      return element('p', {}, ...inline(block.text));
  }
}

/** Code with its language and a button that copies it. */
export function codeBlock(language, text) {
  // One text node, which grows while the answer comes.
  const code = element('code', {}, document.createTextNode(text));
  const block = element('div', { className: 'code-block' },
    element('div', { className: 'code-head' },
      element('span', {}, language || 'text'), copyButton('Copy the code', () => code.textContent)),
    element('pre', { tabIndex: 0 }, code));
  block.dataset.language = language;
  return block;
}

function listOf(block) {
  const items = block.items.map(item => {
    // An item of one paragraph is its text.
    const [only] = item;
    const isTight = item.length >= 1 && only.type === 'paragraph';
    return element('li', {}, ...(isTight ? [...inline(only.text), ...item.slice(1).map(nodeOf)] : item.map(nodeOf)));
  });
  return block.isOrdered ? element('ol', { start: block.start }, ...items) : element('ul', {}, ...items);
}

function tableOf(block) {
  const row = (cells, tag) => element('tr', {}, ...cells.map((cell, column) =>
    element(tag, { className: `align-${block.align[column]}` }, ...inline(cell))));
  return element('div', { className: 'table' },
    element('table', {},
      element('thead', {}, row(block.head, 'th')),
      element('tbody', {}, ...block.rows.map(cells => row(cells, 'td')))));
}
