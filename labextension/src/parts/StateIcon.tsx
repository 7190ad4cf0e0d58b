import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { TrialRecord } from '../wire';

/** What a trial or component is doing. */
export type TrialState = TrialRecord['state'];

/** The state's word in the reader's language. */
export function stateLabel(
  state: TrialState,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'running':
      return trans.__('running');
    case 'completed':
      return trans.__('completed');
    case 'failed':
      return trans.__('failed');
    case 'interrupted':
      return trans.__('interrupted');
    case 'crashed':
      return trans.__('crashed');
  }
}

/** The state by shape and colour, with its word for screen readers and on hover. */
export function StateIcon(props: {
  state: TrialState;
  trans: TranslationBundle;
}): React.ReactElement {
  const label = stateLabel(props.state, props.trans);
  return (
    <span
      className="jp-Labdeck-state"
      data-state={props.state}
      role="img"
      aria-label={label}
      title={label}
    >
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        {SHAPES[props.state]}
      </svg>
    </span>
  );
}

const SHAPES: Record<TrialState, React.ReactElement> = {
  running: <circle cx="8" cy="8" r="5" />,
  completed: <path className="jp-mod-line" d="M2.5 8.5l3.5 3.5 7.5-8" />,
  failed: <path className="jp-mod-line" d="M3.5 3.5l9 9m0-9l-9 9" />,
  interrupted: (
    <>
      <circle className="jp-mod-line" cx="8" cy="8" r="5.5" />
      <path d="M8 2.5a5.5 5.5 0 0 0 0 11z" />
    </>
  ),
  crashed: (
    <>
      <path className="jp-mod-line" d="M8 2l6.5 12h-13z" />
      <path className="jp-mod-line" d="M8 6.5v3.2m0 1.6v.8" />
    </>
  )
};
