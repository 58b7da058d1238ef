// The workbench page of a draft (web/templates/workbench/draft.html).
import './workbench.css';
import { missing } from '../shared/dom-words.js';
import { Workbench } from './workbench.js';

const place = document.getElementById('workbench-place');
const workbench = new Workbench(place);
window.cityloopWorkbench = { workbench, missing }; // for the browser tests, which read and never write
workbench.start().catch((error) => {
  place.dataset.failed = error.message;
  throw error;
});
