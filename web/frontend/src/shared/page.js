// What the page hands over: configuration as JSON, the language, the nonce for styles, the token against forged requests.

/** The JSON in `<script type="application/json" id="…">`; undefined where the page has none. */
export function pageData(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : undefined;
}

/** 'zh' or 'en', as the page was rendered. */
export const language = () => (document.documentElement.lang || 'zh').slice(0, 2);

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') || undefined;

export const styleNonce = () => meta('csp-nonce');

export const csrfToken = () => meta('csrf-token');

/** Take over the token of a page loaded anew (its HTML); answers whether it is another one. */
export function renewCsrfToken(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('meta[name="csrf-token"]')?.content;
  if (!fresh || fresh === csrfToken()) return false;
  document.querySelector('meta[name="csrf-token"]').content = fresh;
  return true;
}
