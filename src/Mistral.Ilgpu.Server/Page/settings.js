// The dialog for the settings of a conversation.

import { requestOf } from './answer.js';
import { byId, icon } from './dom.js';
import { emptySettings } from './tree.js';

/** @param save Receives the settings once they can be read. */
export function settingsOf(save) {
  const dialog = byId('settings');
  const form = byId('settings-form');
  const error = byId('settings-error');
  byId('close-settings').append(icon('close'));
  byId('close-settings').onclick = () => dialog.close();
  dialog.addEventListener('click', event => {
    if (event.target === dialog) dialog.close();
  });
  form.onsubmit = event => {
    event.preventDefault();
    const settings = {};
    for (const name of Object.keys(emptySettings)) settings[name] = form.elements[name].value;
    try {
      requestOf(settings);
    } catch (problem) {
      error.textContent = problem.message;
      return;
    }
    save(settings);
    dialog.close();
  };

  return {
    open(settings) {
      for (const name of Object.keys(emptySettings)) form.elements[name].value = settings[name] ?? '';
      error.textContent = '';
      dialog.showModal();
    },
  };
}
