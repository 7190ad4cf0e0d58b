/** What the commands of comparisons share. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ILabdeckClient } from '../tokens';
import type { ViewsModel } from '../views/list';
import type { ComparisonPanel } from './panel';

/** Where comparisons are shown. */
export type ComparisonTracker = WidgetTracker<MainAreaWidget<ComparisonPanel>>;

/** What the commands need. */
export interface IComparisonContext {
  app: JupyterFrontEnd;
  client: ILabdeckClient;
  tracker: ComparisonTracker;
  views: ViewsModel;
  trans: TranslationBundle;
}
