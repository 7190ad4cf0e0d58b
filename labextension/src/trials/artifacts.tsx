import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatSize, formatTime } from '../parts/format';
import { Empty } from '../parts/Notes';
import { SortedTable } from '../parts/SortedTable';
import type { IColumn } from '../parts/Table';
import type { ArtifactRecord } from '../wire';
import type { ITrialFaceProps } from './overview';

/** The files kept with a trial. */
export function Artifacts(props: ITrialFaceProps): React.ReactElement {
  const { detail, model, trans } = props;
  if (detail.artifacts.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No files are kept with this trial: trial.log_artifact(path) adds one.'
        )}
      />
    );
  }
  const name: IColumn<ArtifactRecord> = {
    id: 'name',
    label: trans.__('name'),
    value: artifact => artifact.name,
    hover: artifact => trans.__('SHA-256: %1', artifact.sha256),
    render: artifact => (
      <a
        className="jp-Labdeck-link"
        href={model.client.artifactUrl(model.id, artifact.id)}
        download={artifact.name}
        title={trans.__('Download')}
      >
        {artifact.name}
      </a>
    )
  };
  return (
    <SortedTable
      label={trans.__('Artifacts')}
      rows={detail.artifacts}
      rowId={artifact => artifact.id}
      columns={[name, ...factColumns(trans)]}
    />
  );
}

function factColumns(trans: TranslationBundle): IColumn<ArtifactRecord>[] {
  return [
    {
      id: 'component',
      label: trans.__('component'),
      value: artifact => artifact.component,
      render: artifact => artifact.component || ABSENT
    },
    {
      id: 'type',
      label: trans.__('type'),
      value: artifact => artifact.media_type,
      render: artifact => artifact.media_type
    },
    {
      id: 'size',
      label: trans.__('size'),
      numeric: true,
      value: artifact => artifact.size,
      hover: artifact => trans.__('%1 bytes', artifact.size),
      render: artifact => formatSize(artifact.size)
    },
    {
      id: 'created',
      label: trans.__('created'),
      value: artifact => artifact.created,
      render: artifact => formatTime(artifact.created)
    }
  ];
}
