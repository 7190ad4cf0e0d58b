import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ErrorNote, Skeleton } from '../parts/Notes';
import type { ILabdeckClient } from '../tokens';
import type { ArtifactRecord } from '../wire';
import type { IRead } from './useRead';

/** What a preview needs. */
export interface IPreviewProps {
  client: ILabdeckClient;
  trial: string;
  artifact: ArtifactRecord;
  trans: TranslationBundle;
}

/** What has been read, or why not. */
export function Reading<T>(props: {
  reading: IRead<T>;
  trans: TranslationBundle;
  children: (value: T) => React.ReactElement;
}): React.ReactElement {
  const { reading, trans, children } = props;
  if (reading.error) {
    return (
      <ErrorNote error={reading.error} trans={trans} onRetry={reading.retry} />
    );
  }
  return reading.value === null ? (
    <Skeleton label={trans.__('Loading the file')} rows={4} />
  ) : (
    children(reading.value)
  );
}
