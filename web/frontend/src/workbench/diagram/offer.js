// Only what CityLoop runs is offered: palette, create, append and replace menus without the rest. Hiding is cosmetic;
// the server's check refuses what does not run, wherever it came from.

const REFUSED = [/complex-gateway/, /ad-?hoc/, /parallel-event-based-instantiate/, /exclusive-event-based-gateway/, /remove-template/,
  /parallel-multiple/, /data-store/, /(^|[-.])group$/];

/** What runs is shown at once; the library keeps part of it (inclusive gateways, send and receive tasks) for whoever searches. */
const shown = (entry) => (entry.rank < 0 ? { ...entry, rank: 0 } : entry);
const offered = (entries) => Object.fromEntries(Object.entries(entries).filter(([id]) => !REFUSED.some((pattern) => pattern.test(id))).map(([id, entry]) => [id, shown(entry)]));

class Offer {
  constructor(popupMenu, palette, canvas) {
    const last = 1; // a low priority comes after every provider that adds entries
    const provider = { getPopupMenuEntries: () => offered, getPopupMenuHeaderEntries: () => (entries) => headers(entries) };
    for (const menu of ['bpmn-create', 'bpmn-append', 'bpmn-replace']) popupMenu.registerProvider(menu, last, provider);
    palette.registerProvider(last, { getPaletteEntries: () => offered });
    canvas.getContainer().addEventListener('input', searches);
  }
}
Offer.$inject = ['popupMenu', 'palette', 'canvas'];

/** The menus' search listens to keys only: what is pasted, dictated or composed (Chinese) counts too. */
function searches({ target }) {
  if (target.closest('.djs-popup-search')) target.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true }));
}

const headers = (entries) => (Array.isArray(entries) ? entries.filter((entry) => entry.id !== 'toggle-adhoc') : offered(entries));

export default { __init__: ['offer'], offer: ['type', Offer] };
