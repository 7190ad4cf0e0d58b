/** What the parts of a comparison's page share. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ViewsModel } from '../views/list';
import type { ComparisonModel } from './model';

/** What a comparison can ask of the application. */
export interface IComparisonActions {
  onOpen: (trial: string) => void;
  onShowSidebar: () => void;
  onCopy: () => void;
  onCopyCsv: () => void;
  /** Keep the comparison under a name; rejects with what went wrong. */
  onSave: (name: string) => Promise<void>;
  onOpenView: (id: string) => void;
  onDeleteView: (id: string) => void;
}

/** What the parts of the page share. */
export interface IPageProps extends IComparisonActions {
  model: ComparisonModel;
  views: ViewsModel;
  trans: TranslationBundle;
  /** Makes the ids of elements unique in the page. */
  prefix: string;
  /** Whether the name of a view is being asked for. */
  naming: boolean;
  onNaming: (naming: boolean) => void;
}
