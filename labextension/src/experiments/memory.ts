/** What is kept across reloads of the page: what is open, how trials are listed, what was searched. */
import type { IStateDB } from '@jupyterlab/statedb';
import type {
  ReadonlyPartialJSONObject,
  ReadonlyPartialJSONValue
} from '@lumino/coreutils';

import { PluginIDs } from '../tokens';
import { sortOf } from './listingMenu';
import type { ExperimentsModel } from './model';

const OPEN = `${PluginIDs.experiments}:open`;
const VIEW = `${PluginIDs.experiments}:view`;
/** Open rows remembered. */
const MOST_OPEN = 100;

/** Restore what was kept, and keep what changes from now on. */
export async function remember(
  model: ExperimentsModel,
  state: IStateDB
): Promise<void> {
  const [open, view] = await Promise.all([
    state.fetch(OPEN),
    state.fetch(VIEW)
  ]);
  if (Array.isArray(open)) {
    model.open = open.map(String);
  }
  if (isObject(view)) {
    const { sort, archived, recent } = view;
    model.mirror.lists.listing = {
      sort: sortOf(sort),
      archived: archived === true
    };
    model.search.recent = Array.isArray(recent) ? recent.map(String) : [];
  }
  const keepers = [
    keeper(state, OPEN, () => [...model.open.slice(-MOST_OPEN)]),
    keeper(state, VIEW, () => ({
      ...model.mirror.lists.listing,
      recent: [...model.search.recent]
    }))
  ];
  const keep = (): void => keepers.forEach(save => save());
  model.changed.connect(keep);
  model.search.changed.connect(keep);
}

/** Save a value when it differs from what was saved last. */
function keeper(
  state: IStateDB,
  key: string,
  value: () => ReadonlyPartialJSONValue
): () => void {
  let saved = JSON.stringify(value());
  return () => {
    const now = value();
    const text = JSON.stringify(now);
    if (text !== saved) {
      saved = text;
      void state.save(key, now);
    }
  };
}

function isObject(
  value: ReadonlyPartialJSONValue | undefined
): value is ReadonlyPartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
