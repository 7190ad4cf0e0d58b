import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Chart } from '../parts/Chart';
import type { IClicked } from '../parts/drawing';
import { describeError } from '../parts/Notes';
import type { IDrawn } from './model';

/** A figure of the server; where it could not be read, why, above what was last known. */
export function Drawn(props: {
  drawn: IDrawn;
  label: string;
  view: string;
  empty: string;
  trans: TranslationBundle;
  onRetry: () => void;
  onClick?: (place: IClicked) => void;
  className?: string;
  /** In pixels; default as the style says. */
  height?: number;
}): React.ReactElement {
  const { drawn, trans } = props;
  return (
    <div className={props.className} style={{ height: props.height }}>
      {drawn.error && (
        <p className="jp-Labdeck-chart-note" role="alert">
          {describeError(drawn.error, trans).message}{' '}
          <button
            type="button"
            className="jp-Labdeck-link"
            onClick={props.onRetry}
          >
            {trans.__('Retry')}
          </button>
        </p>
      )}
      {!(drawn.error && !drawn.figure) && (
        <Chart {...props} figure={drawn.figure} />
      )}
    </div>
  );
}
