// Asks the server something on behalf of a page that stays open.
import { csrfToken } from '../shared/page.js';
import { say } from './words.js';

/** Send `body`. A login that has ended meanwhile is told as such: the error is `told`, its message for the reader. */
export async function ask(address, body, { accept = '*/*', signal } = {}) {
  const answer = await fetch(address, { method: 'POST', body, signal, headers: { 'X-CSRFToken': csrfToken(), Accept: accept } });
  if (answer.redirected || answer.status === 401) throw Object.assign(new Error(say('logged_out')), { told: true });
  return answer;
}

/** What to tell when something could not be kept. */
export const unsaved = (error) => (error.told ? error.message : say('not_saved'));
