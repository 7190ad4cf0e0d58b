/** Icons that follow the theme. */
import { LabIcon } from '@jupyterlab/ui-components';

/** The sidebar's: a deck of cards with a curve on the first. */
export const labdeckIcon = icon(
  'labdeck',
  '<path d="M7.5 2.5h9M5 6h14"/><rect x="2.5" y="9.5" width="19" height="12" rx="1.5"/><path d="M6 12.5c1.5 4.5 3.5 6 6 5s3.5-2 6-2"/>'
);

/** A comparison's: two curves that part. */
export const comparisonIcon = icon(
  'comparison',
  '<path d="M3.5 3v17.5H21"/><path d="M6.5 17c3-1 5-9.5 14-10.5"/><path d="M6.5 17c4 0 7-4 14-4"/>'
);

/** A trial's: one curve. */
export const trialIcon = icon(
  'trial',
  '<path d="M3.5 3v17.5H21"/><path d="M6.5 6c1.5 7 4.5 10.5 14 11"/>'
);

/** Of putting away: a box with a lid. */
export const archiveIcon = icon(
  'archive',
  '<rect x="3" y="4" width="18" height="5" rx="1"/><path d="M5 9v10.5h14V9"/><path d="M9.5 13h5"/>'
);

/** Of tags: a label with a hole. */
export const tagIcon = icon(
  'tag',
  '<path d="M3.5 4.5v7l9 9 7.5-7.5-9-9z"/><path d="M7.8 8.4v.1"/>'
);

/** Of an order: bars that grow shorter. */
export const sortIcon = icon('sort', '<path d="M4 6.5h16M4 12h11M4 17.5h6"/>');

/** Of help: a question mark. */
export const helpIcon = icon(
  'help',
  '<circle cx="12" cy="12" r="9"/><path d="M9.3 9.7c0-3.8 5.5-3.6 5.4 0-.1 2.2-2.7 2.2-2.7 4.3m0 2.8v.3"/>'
);

/** Of rules: an eye that watches. */
export const rulesIcon = icon(
  'rules',
  '<path d="M2.5 12c5-8.5 14-8.5 19 0-5 8.5-14 8.5-19 0z"/><circle cx="12" cy="12" r="3"/>'
);

function icon(name: string, shapes: string): LabIcon {
  return new LabIcon({
    name: `labdeck:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes}</g></svg>`
  });
}
