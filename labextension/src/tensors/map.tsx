import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IClicked } from '../parts/drawing';
import { formatCount } from '../parts/format';
import { toKept, toTexts } from '../settings';
import { Drawn } from './drawn';
import type { IDrawn, TensorsModel } from './model';

/** Pixels of a row of the map, and of a map of few rows. */
const ROW = 26;
const FEW_ROWS = 240;

interface IMapProps {
  model: TensorsModel;
  trans: TranslationBundle;
}

/** One reduction of tensors over the steps; of very many, so many at a time. */
export function LayerMap(props: IMapProps): React.ReactElement {
  const { model, trans } = props;
  const rows = rowsOf(model.map);
  const onClick = ({ x, y }: IClicked): void => {
    const name = rows.names.get(y);
    if (name !== undefined && typeof x === 'number') {
      model.select(name, x);
    }
  };
  return (
    <>
      {rows.total > rows.names.size && <Pages {...props} rows={rows} />}
      <div className="jp-Labdeck-tensors-scroll">
        <Drawn
          drawn={model.map}
          label={trans.__('Layers over steps')}
          view={model.view}
          empty={trans.__('Nothing was recorded of this in this mode.')}
          trans={trans}
          onRetry={() => model.refresh()}
          onClick={onClick}
          className="jp-Labdeck-tensors-map"
          height={Math.max(FEW_ROWS, 90 + ROW * rows.names.size)}
        />
      </div>
    </>
  );
}

/** Which of the tensors the map shows, and the way to the others. */
function Pages(props: IMapProps & { rows: IRows }): React.ReactElement {
  const { model, rows, trans } = props;
  const { offset, total } = rows;
  const end = offset + rows.names.size;
  const count = Math.max(1, rows.names.size);
  return (
    <div className="jp-Labdeck-toolbar jp-Labdeck-tensors-pages">
      <span role="status">
        {trans.__(
          '%1–%2 of %3 tensors',
          formatCount(Math.min(offset + 1, total)),
          formatCount(end),
          formatCount(total)
        )}
      </span>
      <button
        type="button"
        className="jp-Labdeck-link"
        disabled={offset === 0}
        onClick={() => model.setOffset(offset - Math.max(count, PAGE))}
      >
        {trans.__('Earlier')}
      </button>
      <button
        type="button"
        className="jp-Labdeck-link"
        disabled={end >= total}
        onClick={() => model.setOffset(end)}
      >
        {trans.__('Later')}
      </button>
      <span className="jp-Labdeck-hint">
        {trans.__('Choose a module on the left to see its tensors alone.')}
      </span>
    </div>
  );
}

/** Tensors that the server puts into one map. */
const PAGE = 200;

interface IRows {
  /** The tensors of the map by what their rows are called there. */
  names: ReadonlyMap<unknown, string>;
  offset: number;
  total: number;
}

function rowsOf({ figure }: IDrawn): IRows {
  const trace = figure?.data.at(0);
  const rows = Array.isArray(trace?.y) ? (trace.y as unknown[]) : [];
  const { tensors, offset, total } = toKept(trace?.meta);
  const names = toTexts(tensors) ?? [];
  return {
    names: new Map(rows.map((row, index) => [row, names[index]])),
    offset: typeof offset === 'number' ? offset : 0,
    total: typeof total === 'number' ? total : 0
  };
}
