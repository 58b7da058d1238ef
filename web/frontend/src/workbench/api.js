// Talks to the server. A refusal becomes an ApiError with the server's words, which are already in the reader's language.
import { csrfToken } from '../shared/page.js';

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export async function call(method, address, body) {
  const response = await fetch(address, {
    method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'X-CSRFToken': csrfToken() || '', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = { title: response.statusText };
  }
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}
