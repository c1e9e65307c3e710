// The field that a message is written in.

import { byId, icon } from './dom.js';

const tallest = 240;

/** @param actions send(text), which returns whether it was taken, and stop(). */
export function composerOf(actions) {
  const form = byId('composer');
  const area = byId('prompt');
  const button = byId('send');
  let isRunning = false;

  function fit() {
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, tallest)}px`;
    button.disabled = !isRunning && !area.value.trim();
  }

  form.onsubmit = event => {
    event.preventDefault();
    if (isRunning) {
      actions.stop();
    } else if (area.value.trim() && actions.send(area.value)) {
      area.value = '';
      fit();
    }
  };
  area.addEventListener('input', fit);
  area.addEventListener('keydown', event => {
    // An input method's Enter chooses a word.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!isRunning) form.requestSubmit();
    }
  });

  function run(now) {
    isRunning = now;
    button.replaceChildren(icon(now ? 'stop' : 'send'));
    button.setAttribute('aria-label', now ? 'Stop' : 'Send');
    button.classList.toggle('stops', now);
    fit();
  }

  function write(text) {
    area.value = text;
    fit();
    area.focus();
  }

  run(false);
  return { run, write, focus: () => area.focus() };
}
