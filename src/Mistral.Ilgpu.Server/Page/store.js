// Keeps conversations in this browser: one entry each, so that a long one does not slow the others.

const prefix = 'mistral.conversation.';
const lastKey = 'mistral.last';
const apiKey = 'mistral.key';
const modelKey = 'mistral.model';

/** Titles of all conversations, the newest first. */
export function list() {
  const found = [];
  for (let i = 0; i < localStorage.length; i++) {
    const name = localStorage.key(i);
    const one = name.startsWith(prefix) ? load(name.slice(prefix.length)) : null;
    if (one) found.push({ id: one.id, title: one.title, updated: one.updated });
  }
  return found.sort((a, b) => b.updated - a.updated);
}

/** A conversation; null if there is none, or it cannot be read. */
export function load(id) {
  try {
    const one = JSON.parse(localStorage.getItem(prefix + id));
    return one?.nodes && one.children && one.chosen && one.settings ? one : null;
  } catch {
    return null;
  }
}

/** Keeps a conversation. Returns whether there was room. */
export function save(conversation) {
  try {
    localStorage.setItem(prefix + conversation.id, JSON.stringify(conversation));
    localStorage.setItem(lastKey, conversation.id);
    return true;
  } catch {
    return false;
  }
}

export function remove(id) {
  localStorage.removeItem(prefix + id);
}

/** The conversation that was open last. */
export function last() {
  return load(localStorage.getItem(lastKey) ?? '');
}

export const key = {
  get: () => sessionStorage.getItem(apiKey) ?? '',
  set: value => sessionStorage.setItem(apiKey, value),
};

export const model = {
  get: () => localStorage.getItem(modelKey) ?? '',
  set: value => localStorage.setItem(modelKey, value),
};
