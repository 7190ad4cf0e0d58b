/** Icons of the pages in the main area. The fill is on the paths: JupyterLab would colour one on the group. */
import { LabIcon } from '@jupyterlab/ui-components';

/** Two curves between axes: trials compared. */
export const comparisonIcon = new LabIcon({
  name: 'labdeck:comparison',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3 jp-icon-selectable" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
    <path fill="none" d="M2 2v12h12"/><path fill="none" d="M4.5 11c3-.5 4-6 9-7"/><path fill="none" d="M4.5 7.5c3 4 6 2 9 3"/>
  </g>
</svg>`
});

/** A flask: one trial. */
export const trialIcon = new LabIcon({
  name: 'labdeck:trial',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3 jp-icon-selectable" stroke="#616161" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
    <path fill="none" d="M6.5 2v4l-3.7 6.5a1 1 0 0 0 .9 1.5h8.6a1 1 0 0 0 .9-1.5l-3.7-6.5v-4"/><path fill="none" d="M5.3 2h5.4"/><path fill="none" d="M4.8 10h6.4"/>
  </g>
</svg>`
});
