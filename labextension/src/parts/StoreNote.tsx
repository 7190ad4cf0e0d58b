import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILabdeckClient } from '../tokens';
import { describeError } from './Notes';
import { useSignal } from './useSignal';

/** A line that says when what a page shows may be out of date, and why; nothing while the store is connected. */
export function StoreNote(props: {
  client: ILabdeckClient;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { client, trans } = props;
  useSignal(client.stateChanged);
  if (client.state === 'connected' || client.state === 'connecting') {
    return null;
  }
  const why =
    client.state !== 'reconnecting' && client.problem
      ? describeError(client.problem, trans).message
      : trans.__('Reconnecting. Shown is what was last known.');
  return (
    <div className="jp-Labdeck-offline" role="status">
      <span>{why}</span>{' '}
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => client.reconnect()}
      >
        {trans.__('Try now')}
      </button>
    </div>
  );
}
