import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { trialColour } from '../parts/palette';
import { StateIcon, type TrialState } from '../parts/StateIcon';
import type { LineageNode } from '../wire';
import { type IPlaced, NODE } from './layout';
import { kindLabel } from './words';

const STATES = ['running', 'completed', 'failed', 'interrupted', 'crashed'];

/** One node of the graph: a press shows its details, a double click or Enter opens it. */
export function NodeButton(props: {
  place: IPlaced;
  trans: TranslationBundle;
  isStart: boolean;
  isSelected: boolean;
  isActive: boolean;
  describedBy: string;
  onFocus: () => void;
  onSelect: () => void;
  onOpen: () => void;
}): React.ReactElement {
  const { place, trans, describedBy } = props;
  const { node } = place;
  const kind = kindLabel(node, trans);
  const classes = [
    'jp-Labdeck-lineage-node',
    props.isStart && 'jp-mod-start',
    node.properties.deleted && 'jp-mod-gone'
  ];
  return (
    <button
      type="button"
      className={classes.filter(Boolean).join(' ')}
      style={{ left: place.x, top: place.y, ...NODE }}
      data-node={node.id}
      data-kind={node.kind}
      tabIndex={props.isActive ? 0 : -1}
      aria-pressed={props.isSelected}
      aria-label={`${kind} ${node.name}`}
      aria-description={describedBy}
      title={[node.name, node.uri].filter(Boolean).join('\n')}
      onFocus={props.onFocus}
      onClick={props.onSelect}
      onDoubleClick={props.onOpen}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          event.preventDefault();
          props.onOpen();
        }
      }}
    >
      <NodeIcon node={node} trans={trans} />
      <NodeText node={node} kind={kind} />
    </button>
  );
}

function NodeText(props: {
  node: LineageNode;
  kind: string;
}): React.ReactElement {
  const { node, kind } = props;
  return (
    <span className="jp-Labdeck-lineage-text">
      <span className="jp-Labdeck-lineage-name">{node.name}</span>
      <span className="jp-Labdeck-lineage-kind">
        {node.kind === 'trial' ? node.properties.experiment : kind}
      </span>
    </span>
  );
}

/** What sort of thing it is, by shape: a trial by its state, in its colour. */
export function NodeIcon(props: {
  node: LineageNode;
  trans: TranslationBundle;
}): React.ReactElement {
  const { node, trans } = props;
  if (node.kind === 'trial') {
    const { state, number } = node.properties;
    return (
      <span
        className="jp-Labdeck-lineage-icon"
        style={{ borderColor: trialColour(Number(number)) }}
      >
        {STATES.includes(state) && (
          <StateIcon state={state as TrialState} trans={trans} />
        )}
      </span>
    );
  }
  return (
    <span className="jp-Labdeck-lineage-icon">
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        {node.type === 'Model' ? SHAPES.model : SHAPES[node.kind]}
      </svg>
    </span>
  );
}

const SHAPES = {
  /* a cylinder: data */
  artifact: (
    <>
      <ellipse cx="8" cy="3.5" rx="5.5" ry="2" />
      <path d="M2.5 3.5v9c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2v-9M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2" />
    </>
  ),
  /* a cube: a model */
  model: (
    <path d="M8 1.5l5.5 3v7L8 14.5l-5.5-3v-7zM2.5 4.5L8 7.5l5.5-3M8 7.5v7" />
  ),
  /* an arrow in a circle: something that was done */
  action: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M5 8h6M8.5 5.5L11 8l-2.5 2.5" />
    </>
  ),
  /* a frame: what things belong to */
  context: (
    <>
      <rect x="2" y="3" width="12" height="10" rx="1.5" />
      <path d="M2 6.5h12" />
    </>
  )
};
