import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatSize, formatTime } from '../parts/format';
import { Empty } from '../parts/Notes';
import { SortedTable } from '../parts/SortedTable';
import type { IColumn } from '../parts/Table';
import type { ILabdeckClient } from '../tokens';
import type { ArtifactRecord } from '../wire';
import { previewOf } from './content';
import { Gallery } from './gallery';
import { Preview } from './view';

interface IArtifactsProps {
  client: ILabdeckClient;
  trial: string;
  artifacts: readonly ArtifactRecord[];
  /** A file of the trial itself that is to be shown; another turn asks for it again. */
  wanted?: { name: string; turn: number } | null;
  trans: TranslationBundle;
}

/** What was kept under one name: once, or at several steps. */
export interface IArtifactGroup {
  id: string;
  /** The latest. */
  latest: ArtifactRecord;
  /** All, by their steps. */
  all: readonly ArtifactRecord[];
}

/** The files kept with a trial: a list, and what is in the one that is chosen. */
export function Artifacts(props: IArtifactsProps): React.ReactElement {
  const { artifacts, wanted, trans } = props;
  const [chosen, setChosen] = useChosen(wanted);
  const groups = React.useMemo(() => groupsOf(artifacts), [artifacts]);
  if (groups.length === 0) {
    return (
      <Empty
        text={trans.__(
          'No files are kept with this trial: trial.log_artifact(path) adds one.'
        )}
      />
    );
  }
  const group = groups.find(({ id }) => id === chosen) ?? groups[0];
  return (
    <div className="jp-Labdeck-artifacts">
      <section>
        <SortedTable
          label={trans.__('Artifacts')}
          rows={groups}
          rowId={({ id }) => id}
          rowClass={({ id }) => (id === group.id ? 'jp-mod-selected' : '')}
          columns={[
            nameColumn(trans, group.id, setChosen),
            ...columnsOf(groups, trans)
          ]}
          onOpen={({ id }) => setChosen(id)}
        />
      </section>
      <section
        className="jp-Labdeck-preview"
        aria-label={trans.__('Preview of %1', group.latest.name)}
      >
        <Head {...props} group={group} />
        {group.all.length > 1 ? (
          <Gallery {...props} artifacts={group.all} key={group.id} />
        ) : (
          <Preview
            {...props}
            artifact={group.latest}
            key={`${group.id} ${group.latest.id}`}
          />
        )}
      </section>
    </div>
  );
}

/** The file that is shown: the reader's choice, or what was asked for since. */
function useChosen(
  wanted: IArtifactsProps['wanted']
): [string | null, (id: string) => void] {
  const [chosen, setChosen] = React.useState<string | null>(null);
  React.useEffect(() => {
    if (wanted) {
      setChosen(JSON.stringify(['', wanted.name]));
    }
  }, [wanted]);
  return [chosen, setChosen];
}

function Head(
  props: IArtifactsProps & { group: IArtifactGroup }
): React.ReactElement {
  const { client, trial, group, trans } = props;
  const { latest } = group;
  return (
    <div className="jp-Labdeck-preview-head">
      <h3>{latest.name}</h3>
      {group.all.length === 1 && latest.caption && (
        <span>{latest.caption}</span>
      )}
      <a
        className="jp-Labdeck-link"
        href={client.artifactUrl(trial, latest.id)}
        download={latest.name}
      >
        {trans.__('Download')}
      </a>
    </div>
  );
}

/** Artifacts of one component and name together, in the order in which the names were first met. */
export function groupsOf(
  artifacts: readonly ArtifactRecord[]
): IArtifactGroup[] {
  const found = new Map<string, ArtifactRecord[]>();
  for (const artifact of artifacts) {
    const id = JSON.stringify([artifact.component, artifact.name]);
    found.set(id, [...(found.get(id) ?? []), artifact]);
  }
  return [...found].map(([id, all]) => {
    const sorted = [...all].sort(
      (a, b) => (a.step ?? -Infinity) - (b.step ?? -Infinity)
    );
    return { id, latest: sorted[sorted.length - 1], all: sorted };
  });
}

function nameColumn(
  trans: TranslationBundle,
  chosen: string,
  onChoose: (id: string) => void
): IColumn<IArtifactGroup> {
  return {
    id: 'name',
    label: trans.__('name'),
    value: ({ latest }) => latest.name,
    hover: ({ latest }) => trans.__('SHA-256: %1', latest.sha256),
    render: ({ id, latest }) => (
      <button
        type="button"
        className="jp-Labdeck-link"
        aria-pressed={id === chosen}
        onClick={() => onChoose(id)}
      >
        {latest.name}
      </button>
    )
  };
}

function columnsOf(
  groups: readonly IArtifactGroup[],
  trans: TranslationBundle
): IColumn<IArtifactGroup>[] {
  const component: IColumn<IArtifactGroup> = {
    id: 'component',
    label: trans.__('component'),
    value: ({ latest }) => latest.component,
    render: ({ latest }) => latest.component || ABSENT
  };
  const steps: IColumn<IArtifactGroup> = {
    id: 'steps',
    label: trans.__('steps'),
    numeric: true,
    value: ({ all }) => all.length,
    render: ({ all }) => (all.length > 1 ? all.length : ABSENT)
  };
  return [
    ...(groups.some(({ latest }) => latest.component) ? [component] : []),
    ...(groups.some(({ all }) => all.length > 1) ? [steps] : []),
    ...factColumns(trans)
  ];
}

function factColumns(trans: TranslationBundle): IColumn<IArtifactGroup>[] {
  return [
    {
      id: 'type',
      label: trans.__('type'),
      value: ({ latest }) => typeWord(latest, trans),
      hover: ({ latest }) => latest.media_type,
      render: ({ latest }) => typeWord(latest, trans)
    },
    {
      id: 'size',
      label: trans.__('size'),
      numeric: true,
      value: ({ latest }) => latest.size,
      hover: ({ latest }) => trans.__('%1 bytes', latest.size),
      render: ({ latest }) => formatSize(latest.size)
    },
    {
      id: 'created',
      label: trans.__('created'),
      value: ({ latest }) => latest.created,
      render: ({ latest }) => formatTime(latest.created)
    }
  ];
}

/** What a file is, in one word. */
function typeWord(artifact: ArtifactRecord, trans: TranslationBundle): string {
  const words = {
    image: trans.__('image'),
    audio: trans.__('audio'),
    figure: trans.__('figure'),
    table: trans.__('table'),
    report: trans.__('report'),
    text: trans.__('text'),
    none: trans.__('file')
  };
  return words[previewOf(artifact)];
}
