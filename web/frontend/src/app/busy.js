// A deed that takes a while says so: its button (data-busy) shows that it is at work and cannot be pressed twice.

export function startBusy() {
  document.addEventListener('submit', (event) => {
    const button = event.submitter;
    if (!button?.dataset.busy || event.defaultPrevented) return;
    setTimeout(() => { // after the form has taken the button's own value along
      const ring = document.createElement('span');
      ring.className = 'spinner-border spinner-border-sm me-1';
      ring.setAttribute('aria-hidden', 'true');
      button.replaceChildren(ring, button.dataset.busy);
      button.disabled = true;
    });
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) window.location.reload(); }); // back: fresh buttons
}
