// The list of conversations, which on a narrow screen lies over the page.

import { byId, element, icon, iconButton } from './dom.js';

/** @param actions open(id), create() and remove(id). */
export function sidebarOf(actions) {
  const sidebar = byId('sidebar');
  const scrim = byId('scrim');
  const opener = byId('open-sidebar');
  const narrow = matchMedia('(max-width: 760px)');
  opener.append(icon('menu'));
  byId('close-sidebar').append(icon('close'));
  opener.onclick = () => toggle(true);
  byId('close-sidebar').onclick = () => toggle(false);
  scrim.onclick = () => toggle(false);
  byId('new-chat').onclick = () => {
    actions.create();
    toggle(false);
  };
  narrow.addEventListener('change', () => toggle(false));

  function toggle(isOpen) {
    sidebar.classList.toggle('open', isOpen);
    scrim.hidden = !isOpen;
    opener.setAttribute('aria-expanded', isOpen);
    // What is off the screen is not to be reached by keys.
    sidebar.inert = narrow.matches && !isOpen;
    if (isOpen) byId('close-sidebar').focus();
    else if (sidebar.contains(document.activeElement)) opener.focus();
  }

  function show(conversations, current) {
    byId('conversations').replaceChildren(...conversations.map(one => {
      const title = one.title || 'New conversation';
      const open = element('button', {
        type: 'button', className: 'conversation', title, onclick: () => {
          actions.open(one.id);
          toggle(false);
        },
      }, title);
      if (one.id === current) open.setAttribute('aria-current', 'page');
      return element('li', {}, open, iconButton('bin', `Delete “${title}”`, () => actions.remove(one.id)));
    }));
  }

  toggle(false);
  return { show, isOpen: () => sidebar.classList.contains('open'), close: () => toggle(false) };
}
