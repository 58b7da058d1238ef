// Talks to the server. A refusal becomes an ApiError with the server's words, which are already in the reader's language;
// so does a line that is down, and a login that has ended.
import { csrfToken, renewCsrfToken } from '../shared/page.js';
import { say } from './words/index.js';

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `${status}`);
    this.status = status;
    this.problem = problem;
  }
}

const LOGGED_OUT = 401;
const unreachable = () => new ApiError(0, { detail: say('the server cannot be reached') });
const loggedOut = () => new ApiError(LOGGED_OUT, { detail: say('your login has ended') });

export const isLoggedOut = (error) => error.status === LOGGED_OUT;

/** Whether trying the same again may go well: nothing was said against what was sent. */
export const mayPass = (error) => error.status === 0 || error.status === LOGGED_OUT || error.status >= 500;

export async function call(method, address, body) {
  const first = await send(method, address, body);
  // Whoever logs in again, in another tab, gets another token: the page asks for it and goes on.
  const answer = first.problem?.type === 'urn:cityloop:csrf' && await renewed() ? await send(method, address, body) : first;
  if (answer.problem) throw new ApiError(answer.status, answer.problem);
  return answer.content;
}

async function send(method, address, body) {
  const response = await fetch(address, {
    method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'X-CSRFToken': csrfToken() || '', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => { throw unreachable(); });
  if (response.redirected) throw loggedOut(); // nothing asked here leads elsewhere but to the login
  const text = await response.text().catch(() => { throw unreachable(); });
  try {
    const content = text ? JSON.parse(text) : {};
    return response.ok ? { content } : { status: response.status, problem: content };
  } catch {
    return { status: response.status, problem: { title: response.statusText || `${response.status}` } };
  }
}

async function renewed() {
  const response = await fetch(window.location.pathname, { credentials: 'same-origin' }).catch(() => { throw unreachable(); });
  if (response.redirected) throw loggedOut();
  return response.ok && renewCsrfToken(await response.text());
}
