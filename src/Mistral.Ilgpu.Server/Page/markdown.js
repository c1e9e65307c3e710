// The block part of Markdown: a text becomes a list of blocks, plain data, each with the source it was made of. While an answer
// comes, only the blocks whose source changed are made anew.

// No expression here can take more than linear time, whatever a model writes.

const deepest = 8;
const fenceLine = /^( {0,3})(`{3,}|~{3,})([^`]*)$/;
const headingLine = /^ {0,3}(#{1,6})(?:[ \t](.*))?$/;
const ruleLine = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const itemLine = /^(\s*)([-*+]|\d{1,9}[.)])(\s+|$)(.*)$/;
const quoteLine = /^ {0,3}> ?/;
const tableRule = /^[\s|:-]+$/;
const tableRuleCell = /^:?-+:?$/;

/** The blocks of a text. */
export function blocks(text, depth = 0) {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const block = readBlock(lines, at, depth);
    block.source = lines.slice(at, block.end).join('\n');
    found.push(block);
    at = block.end;
  }
  return found;
}

function readBlock(lines, at, depth) {
  const line = lines[at];
  const fence = fenceLine.exec(line);
  if (fence) return readFence(lines, at, fence);
  const heading = headingLine.exec(line);
  if (heading) return { type: 'heading', level: heading[1].length, text: withoutHashes(heading[2] ?? ''), end: at + 1 };
  if (ruleLine.test(line)) return { type: 'rule', end: at + 1 };
  if (depth < deepest && quoteLine.test(line)) return readQuote(lines, at, depth);
  if (depth < deepest && itemLine.test(line)) return readList(lines, at, depth);
  if (line.includes('|') && tableRule.test(lines[at + 1] ?? '')) {
    const table = readTable(lines, at);
    if (table) return table;
  }
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !startsBlock(lines[end])) end++;
  return { type: 'paragraph', text: lines.slice(at, end).map(part => part.trim()).join('\n'), end };
}

// A heading may be closed by hashes.
function withoutHashes(text) {
  const trimmed = text.trim();
  let end = trimmed.length;
  while (trimmed[end - 1] === '#') end--;
  return end === 0 || trimmed[end - 1] === ' ' ? trimmed.slice(0, end).trim() : trimmed;
}

function startsBlock(line) {
  return fenceLine.test(line) || headingLine.test(line) || ruleLine.test(line) || quoteLine.test(line)
    || /^\s{0,3}([-*+]|1[.)])\s+\S/.test(line);
}

// A fence that is not closed yet goes on to the end: the answer is still coming.
function readFence(lines, at, [, indent, mark, info]) {
  const close = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}\\s*$`);
  let end = at + 1;
  while (end < lines.length && !close.test(lines[end])) end++;
  const body = lines.slice(at + 1, end).map(line => line.startsWith(indent) ? line.slice(indent.length) : line);
  const language = info.trim().split(/\s/, 1)[0].slice(0, 30);
  return { type: 'code', language, text: body.join('\n'), end: Math.min(end + 1, lines.length) };
}

function readQuote(lines, at, depth) {
  let end = at;
  while (end < lines.length && quoteLine.test(lines[end])) end++;
  const inner = lines.slice(at, end).map(line => line.replace(quoteLine, ''));
  return { type: 'quote', blocks: blocks(inner.join('\n'), depth + 1), end };
}

function readList(lines, at, depth) {
  const first = itemLine.exec(lines[at]);
  const indent = first[1].length;
  const isOrdered = /\d/.test(first[2]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = itemLine.exec(lines[end]);
    if (item && item[1].length <= indent + 1 && /\d/.test(item[2]) === isOrdered && !ruleLine.test(lines[end])) {
      items.push([item[4]]);
    } else if (lines[end].trim() === '') {
      // An empty line belongs to the list if the list goes on after it.
      const next = lines[end + 1] ?? '';
      const nextItem = itemLine.exec(next);
      if (!(/^\s/.test(next) && next.trim()) && !(nextItem && /\d/.test(nextItem[2]) === isOrdered)) break;
      items.at(-1).push('');
    } else if (/^\s/.test(lines[end]) && lines[end].search(/\S/) > indent) {
      items.at(-1).push(lines[end]);
    } else if (item || startsBlock(lines[end]) || lines[end - 1].trim() === '') {
      break;
    } else {
      items.at(-1).push(lines[end].trim());
    }
    end++;
  }
  return {
    type: 'list', isOrdered, start: isOrdered ? Number.parseInt(first[2], 10) : 1,
    items: items.map(item => blocks(outdent(item).join('\n'), depth + 1)), end,
  };
}

function outdent([first, ...rest]) {
  const indents = rest.filter(line => line.trim()).map(line => line.search(/\S/));
  const least = indents.length ? Math.min(...indents) : 0;
  return [first, ...rest.map(line => line.slice(least))];
}

function readTable(lines, at) {
  const head = cells(lines[at]);
  const rule = cells(lines[at + 1]);
  if (head.length !== rule.length || !rule.every(cell => tableRuleCell.test(cell))) return null;
  const align = rule.map(cell => cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : 'left');
  let end = at + 2;
  const rows = [];
  while (end < lines.length && lines[end].includes('|') && lines[end].trim()) {
    const row = cells(lines[end++]);
    rows.push(head.map((_, column) => row[column] ?? ''));
  }
  return { type: 'table', head, align, rows, end };
}

function cells(line) {
  return line.trim().replace(/^\|/, '').replace(/\|$/, '').split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'));
}
