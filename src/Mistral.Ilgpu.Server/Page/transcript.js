// Shows the messages of a conversation and follows the newest, unless the reader has scrolled away.

import { byId } from './dom.js';
import { messageView } from './message.js';
import { path } from './tree.js';

const near = 60;

export function transcriptOf(actions) {
  const scroll = byId('scroll');
  const list = byId('transcript');
  const toEnd = byId('to-end');
  const views = new Map();
  let follows = true;
  let frame = 0;

  scroll.addEventListener('scroll', () => {
    follows = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < near;
    toEnd.hidden = follows;
  }, { passive: true });
  toEnd.onclick = () => toBottom();

  function toBottom() {
    follows = true;
    scroll.scrollTop = scroll.scrollHeight;
    toEnd.hidden = true;
  }

  /** Shows the path of a conversation; views of messages that stay are kept. */
  function show(conversation, running) {
    const nodes = path(conversation);
    const ids = new Set(nodes.map(node => node.id));
    for (const [id, view] of views) {
      if (!ids.has(id)) {
        view.root.remove();
        views.delete(id);
      }
    }
    nodes.forEach((node, index) => {
      let view = views.get(node.id);
      if (!view) {
        view = messageView(node, actions);
        views.set(node.id, view);
      }
      if (list.children[index] !== view.root) list.insertBefore(view.root, list.children[index] ?? null);
      view.update(node === running);
    });
    byId('welcome').hidden = nodes.length > 0;
    list.hidden = nodes.length === 0;
    if (follows) toBottom();
  }

  /** Shows a message again with the next frame. */
  function changed(node, isRunning) {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      views.get(node.id)?.update(isRunning());
      if (follows) toBottom();
    });
  }

  function clear() {
    views.clear();
    list.replaceChildren();
    follows = true;
  }

  return { show, changed, clear, toBottom, busy: isBusy => list.setAttribute('aria-busy', isBusy) };
}
