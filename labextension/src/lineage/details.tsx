import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatSize, formatTime } from '../parts/format';
import { stateLabel, type TrialState } from '../parts/StateIcon';
import type { LineageNode } from '../wire';
import type { IKeptFile, LineageModel } from './model';
import { NodeIcon } from './node';
import { associationLabel, kindLabel } from './words';

interface IDetailsProps {
  model: LineageModel;
  node: LineageNode;
  trans: TranslationBundle;
  onOpenTrial: (id: string) => void;
  onOpenFile: (file: IKeptFile) => void;
}

/** Properties of a trial's node that are told in words of their own, or not at all. */
const KNOWN = new Set([
  'experiment',
  'experiment_id',
  'state',
  'number',
  'size'
]);

/** Everything known of the selected node, what it is connected with, and what can be opened. */
export function Details(props: IDetailsProps): React.ReactElement {
  const { model, node, trans } = props;
  return (
    <aside
      className="jp-Labdeck-lineage-details"
      aria-label={trans.__('Details')}
    >
      <header>
        <NodeIcon node={node} trans={trans} />
        <h3 title={node.name}>{node.name}</h3>
        <button
          type="button"
          className="jp-Labdeck-plainbutton"
          aria-label={trans.__('Close the details')}
          onClick={() => model.select(null)}
        >
          ✕
        </button>
      </header>
      <Openers {...props} />
      <dl>
        {factsOf(node, trans).map(([key, value]) => (
          <React.Fragment key={key}>
            <dt title={key}>{key}</dt>
            <dd title={value}>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
      <Connections {...props} />
    </aside>
  );
}

/** What can be opened: the page of a trial, the file where a trial keeps it. */
function Openers(props: IDetailsProps): React.ReactElement | null {
  const { model, node, trans } = props;
  const [file, setFile] = React.useState<IKeptFile | null>(null);
  React.useEffect(() => {
    let isCurrent = true;
    setFile(null);
    if (node.kind === 'artifact') {
      void model.findFile(node).then(found => isCurrent && setFile(found));
    }
    return () => {
      isCurrent = false;
    };
  }, [model, node]);
  if (node.kind === 'trial' && node.id !== model.id) {
    return (
      <p>
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => props.onOpenTrial(node.id)}
        >
          {trans.__('Open the trial')}
        </button>
      </p>
    );
  }
  if (!file) {
    return null;
  }
  return (
    <p>
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => props.onOpenFile(file)}
      >
        {trans.__('Show the file')}
      </button>{' '}
      <a
        className="jp-Labdeck-link"
        href={model.client.artifactUrl(file.trial, file.artifact.id)}
        download={file.artifact.name}
      >
        {trans.__('Download')}
      </a>
    </p>
  );
}

function factsOf(
  node: LineageNode,
  trans: TranslationBundle
): [string, string][] {
  const { experiment, state, size } = node.properties;
  const facts: [string, string | undefined][] = [
    [trans.__('kind'), kindLabel(node, trans)],
    [trans.__('where'), node.uri]
  ];
  if (node.kind === 'trial') {
    facts.push([trans.__('experiment'), experiment]);
    facts.push([trans.__('state'), stateLabel(state as TrialState, trans)]);
  } else if (size && Number.isFinite(Number(size))) {
    facts.push([trans.__('size'), formatSize(Number(size))]);
  }
  facts.push(['SHA-256', node.digest]);
  for (const [key, value] of Object.entries(node.properties)) {
    if (!KNOWN.has(key)) {
      facts.push([key, value]);
    }
  }
  facts.push([trans.__('first seen'), formatTime(node.created)]);
  return facts.flatMap(([key, value]) => (value ? [[key, value]] : []));
}

/** What it came from and led to, one line each; a press selects the other end. */
function Connections(props: IDetailsProps): React.ReactElement {
  const { model, node, trans } = props;
  const arrows = model.layout?.arrows ?? [];
  const from = arrows.filter(arrow => arrow.destination.node.id === node.id);
  const to = arrows.filter(arrow => arrow.source.node.id === node.id);
  return (
    <ul>
      {from.map(({ source, association }) => (
        <li key={`from ${source.node.id} ${association}`}>
          <Other model={model} node={source.node} />{' '}
          {associationLabel(association, trans)} …
        </li>
      ))}
      {to.map(({ destination, association }) => (
        <li key={`to ${destination.node.id} ${association}`}>
          … {associationLabel(association, trans)}{' '}
          <Other model={model} node={destination.node} />
        </li>
      ))}
    </ul>
  );
}

function Other(props: {
  model: LineageModel;
  node: LineageNode;
}): React.ReactElement {
  const { model, node } = props;
  return (
    <button
      type="button"
      className="jp-Labdeck-link"
      onClick={() => model.select(node.id)}
    >
      {node.name}
    </button>
  );
}
