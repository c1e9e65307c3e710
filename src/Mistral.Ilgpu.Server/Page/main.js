// Holds the state of the page: the conversation that is open, and the answer that runs.

import { fill, requestOf } from './answer.js';
import { models } from './api.js';
import { composerOf } from './composer.js';
import { announce, byId, element, icon } from './dom.js';
import { settingsOf } from './settings.js';
import { sidebarOf } from './sidebar.js';
import * as store from './store.js';
import { transcriptOf } from './transcript.js';
import { add, choose, discard, messagesUpTo, newConversation, parentOf, path, place } from './tree.js';

const noRoom = 'This browser has no room for more: delete a conversation.';
const suggestions = ['Tell me a story about a fox.', 'What is 7 + 5?', 'Explain a sliding window in one sentence.'];

let conversation = store.last() ?? newConversation();
let running = null;
let isFull = false;

const transcript = transcriptOf({
  edit: (node, text) => ask(parentOf(conversation, node), text),
  again: node => answer(parentOf(conversation, node)),
  step: (node, by) => {
    choose(conversation, node, by);
    keep();
  },
  place: node => place(conversation, node),
  isLast: node => path(conversation).at(-1) === node,
  result: (node, texts) => {
    let last = node;
    node.calls.forEach((call, index) => {
      last = add(conversation, last, { role: 'tool', content: texts[index], callId: call.id, name: call.name });
    });
    answer(last);
  },
});
const composer = composerOf({ send: text => ask(path(conversation).at(-1) ?? null, text), stop });
const settings = settingsOf(changed => {
  conversation.settings = changed;
  keep();
});
const sidebar = sidebarOf({ open, create, remove });

// Adds a question and answers it.
function ask(parent, text) {
  if (running) return false;
  answer(add(conversation, parent, { role: 'user', content: text.trim() }));
  return true;
}

async function answer(parent) {
  if (running || !parent) return;
  const node = add(conversation, parent, { role: 'assistant', content: '', reasoning: '', calls: [], stats: null, finish: null });
  const run = { node, conversation, abort: new AbortController() };
  running = run;
  composer.run(true);
  transcript.busy(true);
  announce('The model answers.');
  keep();
  transcript.toBottom();
  let isRefused = false;
  try {
    const request = { ...requestOf(conversation.settings), messages: messagesUpTo(conversation, parent) };
    const model = store.model.get();
    if (model) request.model = model;
    await fill(node, request, store.key.get(), run.abort.signal, () => transcript.changed(node, () => running === run));
  } catch (error) {
    isRefused = error.status === 401;
    if (isRefused) discard(run.conversation, node);
    node.error = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
  }
  running = null;
  composer.run(false);
  transcript.busy(false);
  announce(node.error ?? 'The answer is complete.');
  if (run.conversation === conversation) keep();
  else if (!run.isRemoved) save(run.conversation);
  if (isRefused) askForKey(() => answer(parent));
}

function stop() {
  running?.abort.abort();
}

// Saves and shows the conversation.
function keep() {
  if (path(conversation).length > 0) save(conversation);
  show();
}

function save(one) {
  isFull = !store.save(one);
  if (isFull) announce(noRoom);
}

function show() {
  const title = conversation.title || 'New conversation';
  byId('title').textContent = title;
  document.title = conversation.title ? `${title} – Chat` : 'Chat';
  const { system, schema, tools } = conversation.settings;
  const modes = [system && 'system prompt', schema && 'JSON schema', tools && 'tools'].filter(Boolean);
  byId('mode').textContent = isFull ? noRoom : modes.join(' · ');
  byId('mode').classList.toggle('full', isFull);
  transcript.show(conversation, running?.node);
  sidebar.show(store.list(), conversation.id);
}

function open(id) {
  const one = running?.conversation.id === id ? running.conversation : store.load(id);
  if (!one) return;
  conversation = one;
  if (path(conversation).length > 0) save(conversation);
  transcript.clear();
  show();
  transcript.toBottom();
}

function create() {
  // A new conversation begins with the settings of the one before.
  conversation = newConversation(conversation.settings);
  transcript.clear();
  show();
  composer.focus();
}

function remove(id) {
  if (running?.conversation.id === id) {
    running.isRemoved = true;
    stop();
  }
  store.remove(id);
  isFull = false;
  if (conversation.id === id) create();
  else show();
}

function askForKey(then) {
  const form = byId('key-form');
  form.hidden = false;
  byId('key').focus();
  form.onsubmit = event => {
    event.preventDefault();
    store.key.set(byId('key').value.trim());
    byId('key').value = '';
    form.hidden = true;
    composer.focus();
    loadModels();
    then();
  };
}

async function loadModels() {
  const select = byId('model');
  try {
    const found = await models(store.key.get());
    select.replaceChildren(...found.map(model => element('option', { value: model.id }, model.id)));
    select.value = found.some(model => model.id === store.model.get()) ? store.model.get() : found[0]?.id ?? '';
    select.disabled = found.length < 2;
    store.model.set(select.value);
  } catch (error) {
    if (error.status === 401) askForKey(() => {});
  }
}

byId('model').onchange = event => store.model.set(event.target.value);
byId('open-settings').append(icon('settings'));
byId('open-settings').onclick = () => settings.open(conversation.settings);
byId('suggestions').append(...suggestions.map(text => element('button', {
  type: 'button', className: 'suggestion', onclick: () => composer.write(text),
}, text)));
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && !byId('settings').open) {
    if (sidebar.isOpen()) sidebar.close();
    else stop();
  } else if (event.key.toLowerCase() === 'o' && event.ctrlKey && event.shiftKey) {
    event.preventDefault();
    create();
  }
});
// What has come of an answer stays when the page is left.
addEventListener('pagehide', () => {
  if (running && !running.isRemoved) store.save(running.conversation);
});
// Another tab may have changed the list.
addEventListener('storage', () => sidebar.show(store.list(), conversation.id));

show();
loadModels();
if (matchMedia('(hover: hover)').matches) composer.focus();
