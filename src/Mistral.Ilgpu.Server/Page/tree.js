// A conversation is a tree: editing a message or asking again begins a branch beside the old one.
// What is shown and sent is the path from the root along the chosen children.

const root = 'root';

export const emptySettings = Object.freeze({
  system: '', temperature: '', max_tokens: '', top_p: '', top_k: '', min_p: '', repetition_penalty: '', seed: '', stop: '',
  schema: '', tools: '',
});

export function newConversation(settings = emptySettings) {
  return {
    id: newId(), title: '', updated: Date.now(), settings: { ...emptySettings, ...settings }, nodes: {}, children: { [root]: [] },
    chosen: {},
  };
}

/** Adds a message under another, or at the root, and chooses it. */
export function add(conversation, parent, message) {
  const node = { id: newId(), parent: parent?.id ?? root, ...message };
  conversation.nodes[node.id] = node;
  (conversation.children[node.parent] ??= []).push(node.id);
  conversation.chosen[node.parent] = node.id;
  conversation.updated = Date.now();
  if (!conversation.title && node.role === 'user') {
    conversation.title = titleOf(node.content);
  }
  return node;
}

/** Takes back a message that was added last. */
export function discard(conversation, node) {
  delete conversation.nodes[node.id];
  conversation.children[node.parent].splice(conversation.children[node.parent].indexOf(node.id), 1);
  delete conversation.chosen[node.parent];
}

/** The messages that are shown, oldest first. */
export function path(conversation) {
  const nodes = [];
  for (let at = root; ;) {
    const children = conversation.children[at] ?? [];
    const id = conversation.chosen[at] ?? children.at(-1);
    if (!id || !conversation.nodes[id]) return nodes;
    nodes.push(conversation.nodes[id]);
    at = id;
  }
}

export function parentOf(conversation, node) {
  return conversation.nodes[node.parent] ?? null;
}

/** The place of a message among those beside it. */
export function place(conversation, node) {
  const all = conversation.children[node.parent] ?? [node.id];
  return { index: all.indexOf(node.id), count: all.length };
}

/** Shows the message beside another, so many places on. */
export function choose(conversation, node, step) {
  const all = conversation.children[node.parent];
  const next = all[all.indexOf(node.id) + step];
  if (next) conversation.chosen[node.parent] = next;
}

/** The messages of a request: the path up to a message. */
export function messagesUpTo(conversation, node) {
  const nodes = [];
  for (let at = node; at; at = parentOf(conversation, at)) nodes.push(at);
  const system = conversation.settings.system.trim();
  const messages = system ? [{ role: 'system', content: system }] : [];
  for (const at of nodes.reverse()) {
    // An answer that failed before it began says nothing, and questions on both sides of it are one.
    if (at.role === 'assistant' && !at.content && !at.calls.length) continue;
    const before = messages.at(-1);
    if (at.role === 'user' && before?.role === 'user') before.content += `\n\n${at.content}`;
    else messages.push(messageOf(at));
  }
  return messages;
}

function messageOf(node) {
  if (node.role === 'tool') return { role: 'tool', tool_call_id: node.callId, content: node.content };
  if (node.role !== 'assistant' || !node.calls?.length) return { role: node.role, content: node.content };
  return {
    role: 'assistant',
    content: node.content,
    tool_calls: node.calls.map(call => ({
      id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments },
    })),
  };
}

function titleOf(text) {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 60 ? line.slice(0, 59).trimEnd() + '…' : line;
}

// randomUUID is there in secure contexts only.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), byte => byte.toString(36).padStart(2, '0')).join('');
}
