/** The list of plugins. */
import { clientPlugin } from './client/plugin';
import { comparisonPlugin } from './comparison/plugin';
import { experimentsPlugin } from './experiments/plugin';
import { rulesPlugin } from './rules/plugin';
import { sidebarPlugin } from './sidebar/plugin';
import { trialsPlugin } from './trials/plugin';

export default [
  clientPlugin,
  sidebarPlugin,
  experimentsPlugin,
  comparisonPlugin,
  trialsPlugin,
  rulesPlugin
];
