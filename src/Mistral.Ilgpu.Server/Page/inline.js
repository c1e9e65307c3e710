// The inline part of Markdown, made into nodes. Every piece of a model's text becomes a text node, and a link leads to http or
// https or is none. Searches that fail are remembered and the others are short, so that hostile texts take linear time.

import { element } from './dom.js';

const deepest = 6;
const longestLink = 2000;
const mostTries = 40;
const special = /[\\`*_~[!<h\n]/g;

/** Nodes of a text. */
export function inline(text, depth = 0) {
  const nodes = [];
  const missing = new Map();
  let plain = '';
  let at = 0;
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = '';
  };
  while (at < text.length) {
    special.lastIndex = at;
    const next = special.exec(text);
    if (!next) {
      plain += text.slice(at);
      break;
    }
    plain += text.slice(at, next.index);
    at = next.index;
    const made = depth < deepest ? begin(text, at, depth, missing) : null;
    if (!made) {
      plain += text[at++];
    } else if (typeof made.node === 'string') {
      plain += made.node;
      at = made.end;
    } else {
      flush();
      nodes.push(made.node);
      at = made.end;
    }
  }
  flush();
  return nodes;
}

/** A link that leads out of the page safely; null if the address is not one of the web. */
export function link(address, children) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  return element('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, ...children);
}

// What begins at a special character; null if it is a plain one.
function begin(text, at, depth, missing) {
  switch (text[at]) {
    case '\\':
      return text[at + 1] === '\n' ? { node: element('br'), end: at + 2 }
        : /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '') ? { node: text[at + 1], end: at + 2 } : null;
    case '\n':
      return { node: element('br'), end: at + 1 };
    case '`':
      return code(text, at, missing);
    case '*':
    case '_':
    case '~':
      return emphasis(text, at, depth, missing);
    case '[':
      return bracket(text, at, at, depth);
    case '!':
      return text[at + 1] === '[' ? bracket(text, at, at + 1, depth) : null;
    case '<':
      return angle(text, at);
    default:
      return bare(text, at);
  }
}

function find(text, wanted, from, missing) {
  if (missing.has(wanted)) return -1;
  const found = text.indexOf(wanted, from);
  if (found < 0) missing.set(wanted, true);
  return found;
}

function run(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return text.slice(at, end);
}

function code(text, at, missing) {
  const fence = run(text, at);
  let close = at + fence.length;
  for (let tries = 0; tries < mostTries && (close = find(text, fence, close, missing)) >= 0; tries++) {
    const length = run(text, close).length;
    if (length === fence.length) {
      const inner = text.slice(at + fence.length, close).replaceAll('\n', ' ');
      const isPadded = /^ .*\S.* $/.test(inner);
      return { node: element('code', {}, isPadded ? inner.slice(1, -1) : inner), end: close + fence.length };
    }
    close += length;
  }
  return { node: fence, end: at + fence.length };
}

function emphasis(text, at, depth, missing) {
  const mark = text[at];
  const length = run(text, at).length;
  const before = text[at - 1] ?? ' ';
  const after = text[at + length] ?? ' ';
  // Opens before a letter only; _ not within a word.
  if (/\s/.test(after) || (mark === '_' && /[\p{L}\p{N}]/u.test(before)) || (mark === '~' && length !== 2) || length > 3) {
    return { node: text.slice(at, at + length), end: at + length };
  }
  const marks = mark.repeat(length);
  let close = at + length;
  for (let tries = 0; tries < mostTries && (close = find(text, marks, close, missing)) >= 0; tries++) {
    const closing = run(text, close).length;
    const beyond = text[close + closing] ?? ' ';
    if (closing === length && !/\s/.test(text[close - 1]) && !(mark === '_' && /[\p{L}\p{N}]/u.test(beyond))) {
      const inner = inline(text.slice(at + length, close), depth + 1);
      const node = mark === '~' ? element('del', {}, ...inner)
        : length === 1 ? element('em', {}, ...inner)
        : length === 2 ? element('strong', {}, ...inner)
        : element('strong', {}, element('em', {}, ...inner));
      return { node, end: close + length };
    }
    close += closing;
  }
  return { node: marks, end: at + length };
}

// [text](address) or ![text](address). Pictures are links, because the page loads nothing from elsewhere.
function bracket(text, start, open, depth) {
  const near = text.slice(open, open + longestLink);
  const middle = near.indexOf('](');
  const close = near.indexOf(')', middle);
  if (middle < 0 || close < 0 || near.lastIndexOf('[', middle) !== 0) return null;
  const address = near.slice(middle + 2, close).trim().split(/\s/, 1)[0];
  const label = near.slice(1, middle);
  const end = open + close + 1;
  return { node: link(address, label ? inline(label, depth + 1) : [address]) ?? text.slice(start, end), end };
}

function angle(text, at) {
  const close = text.slice(at, at + longestLink).indexOf('>');
  const address = text.slice(at + 1, at + close);
  if (close < 0 || !/^https?:\/\/\S+$/.test(address)) return null;
  const node = link(address, [address]);
  return node && { node, end: at + close + 1 };
}

function bare(text, at) {
  if (/[\p{L}\p{N}]/u.test(text[at - 1] ?? ' ')) return null;
  const match = /^https?:\/\/[^\s<>"'`]{1,1990}/.exec(text.slice(at, at + longestLink));
  if (!match) return null;
  let address = match[0].replace(/[.,;:!?*_~]+$/, '');
  if (address.endsWith(')') && !address.includes('(')) address = address.replace(/\)+$/, '');
  const node = link(address, [address]);
  return node && { node, end: at + address.length };
}
