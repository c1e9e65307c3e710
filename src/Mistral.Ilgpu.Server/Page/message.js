// Shows one message. A view is made once for a node and then updated, while its answer comes.

import { copyButton, element, icon, iconButton } from './dom.js';
import { codeBlock, renderMarkdown } from './render.js';

/**
 * @param actions What the message offers: edit(node, text), again(node), step(node, by), result(node, texts).
 * @returns The element, and a method that shows the node as it is now.
 */
export function messageView(node, actions) {
  const view = node.role === 'assistant' ? assistantView(node, actions)
    : node.role === 'tool' ? toolView(node)
    : userView(node, actions);
  view.root.dataset.id = node.id;
  return view;
}

function userView(node, actions) {
  const bubble = element('div', { className: 'bubble' }, node.content);
  const branch = branchView(node, actions);
  const bar = element('div', { className: 'actions' },
    branch.root, copyButton('Copy', () => node.content), iconButton('edit', 'Edit', () => editor()));
  const root = element('article', { className: 'message user', 'aria-label': 'You' }, bubble, bar);

  function editor() {
    const area = element('textarea', { className: 'edit', value: node.content, 'aria-label': 'Edit the message' });
    const close = () => {
      form.replaceWith(bubble);
      bar.hidden = false;
    };
    const form = element('form', { className: 'edit-form' }, area,
      element('div', { className: 'edit-actions' },
        element('button', { type: 'button', className: 'quiet', onclick: close }, 'Cancel'),
        element('button', { type: 'submit', className: 'primary' }, 'Send')));
    form.onsubmit = event => {
      event.preventDefault();
      if (area.value.trim()) actions.edit(node, area.value);
    };
    area.onkeydown = event => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        close();
      } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    };
    bar.hidden = true;
    bubble.replaceWith(form);
    area.style.height = `${Math.min(area.scrollHeight + 2, 400)}px`;
    area.focus();
  }

  return { root, update: () => branch.update() };
}

function assistantView(node, actions) {
  const thought = element('div', { className: 'thought' });
  const summary = element('summary', {}, 'Thinking');
  const reasoning = element('details', { className: 'reasoning', hidden: true }, summary, thought);
  const content = element('div', { className: 'content' });
  const calls = element('div', { className: 'calls' });
  const error = element('p', { className: 'error', role: 'alert', hidden: true });
  const stats = element('span', { className: 'stats' });
  const branch = branchView(node, actions);
  const copy = copyButton('Copy', () => node.content);
  const bar = element('div', { className: 'actions' },
    branch.root, copy, iconButton('again', 'Answer again', () => actions.again(node)), stats);
  const wait = element('span', { className: 'wait', 'aria-hidden': 'true' });
  const root = element('article', { className: 'message assistant', 'aria-label': 'Model' },
    reasoning, content, calls, wait, error, bar);
  const callViews = [];

  function update(isRunning) {
    root.classList.toggle('running', isRunning);
    const isEmpty = !node.content && !node.reasoning && !node.calls.length;
    wait.hidden = !(isRunning && isEmpty);
    reasoning.hidden = !node.reasoning;
    if (node.reasoning) {
      summary.textContent = isRunning && !node.content ? 'Thinking…' : 'Thoughts';
      renderMarkdown(thought, node.reasoning);
    }
    renderMarkdown(content, node.content);
    node.calls.forEach((call, index) => {
      callViews[index] ??= callView(calls);
      callViews[index](call);
    });
    if (!isRunning && node.calls.length && actions.isLast(node)) resultForm(node, calls, actions);
    else calls.querySelector('.results')?.remove();
    error.hidden = !node.error;
    error.textContent = node.error ?? '';
    stats.textContent = statsText(node, isRunning);
    copy.hidden = !node.content;
    bar.classList.toggle('busy', isRunning);
    branch.update();
  }

  return { root, update };
}

function callView(parent) {
  const name = element('span', { className: 'call-name' });
  const block = codeBlock('arguments', '');
  parent.append(element('section', { className: 'call', 'aria-label': 'Call of a tool' },
    element('div', { className: 'call-head' }, icon('tool'), name), block));
  return call => {
    name.textContent = call.name || '…';
    block.querySelector('code').firstChild.data = pretty(call.arguments);
  };
}

// What the tools gave back, which the page cannot know.
function resultForm(node, parent, actions) {
  if (parent.querySelector('.results')) return;
  const areas = node.calls.map(call => element('textarea', {
    rows: 2, className: 'code', placeholder: `Result of ${call.name}`, 'aria-label': `Result of ${call.name}`,
  }));
  const form = element('form', { className: 'results' }, ...areas,
    element('button', { type: 'submit', className: 'primary' }, areas.length > 1 ? 'Send the results' : 'Send the result'));
  form.onsubmit = event => {
    event.preventDefault();
    actions.result(node, areas.map(area => area.value));
  };
  parent.append(form);
}

function toolView(node) {
  const root = element('article', { className: 'message tool', 'aria-label': 'Result of a tool' },
    element('div', { className: 'call-head' }, icon('tool'), `Result of ${node.name}`), codeBlock('result', pretty(node.content)));
  return { root, update: () => {} };
}

function branchView(node, actions) {
  const text = element('span', { className: 'branch-text' });
  const left = iconButton('left', 'The version before', () => actions.step(node, -1));
  const right = iconButton('right', 'The next version', () => actions.step(node, 1));
  const root = element('span', { className: 'branch', hidden: true }, left, text, right);
  return {
    root,
    update() {
      const { index, count } = actions.place(node);
      root.hidden = count < 2;
      text.textContent = `${index + 1}/${count}`;
      left.disabled = index === 0;
      right.disabled = index === count - 1;
    },
  };
}

function statsText(node, isRunning) {
  const parts = [];
  const stats = node.stats;
  if (stats) {
    const { tokens, perSecond, prompt, cached, firstToken } = stats;
    if (perSecond) parts.push(`${perSecond.toFixed(perSecond < 100 ? 1 : 0)} tokens/s`);
    parts.push(`${tokens} ${tokens === 1 ? 'token' : 'tokens'}`);
    if (cached !== null) parts.push(`${cached} of ${prompt} prompt tokens cached`);
    if (!isRunning) parts.push(`first after ${firstToken.toFixed(2)} s`);
  }
  if (node.finish === 'length') parts.push('cut at the longest length');
  if (node.finish === 'stopped') parts.push('stopped');
  return parts.join(' · ');
}

function pretty(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
