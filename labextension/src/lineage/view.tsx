import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { describeError, Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import type { LineageNode } from '../wire';
import { Details } from './details';
import { type IArrow, type ILayout, moveTo } from './layout';
import type { IKeptFile, LineageModel } from './model';
import { NodeButton } from './node';
import { associationLabel } from './words';

/** What the lineage can ask of the page it stands in. */
export interface ILineageActions {
  /** Show the page of a trial. */
  onOpenTrial: (id: string) => void;
  /** Show a file that a trial keeps. */
  onOpenFile: (file: IKeptFile) => void;
}

export interface ILineageProps extends ILineageActions {
  model: LineageModel;
  trans: TranslationBundle;
}

/** What a trial came from and led to, as a graph; read only while it is on the screen. */
export function Lineage(props: ILineageProps): React.ReactElement {
  const { model } = props;
  React.useEffect(() => {
    model.setVisible(true);
    return () => model.setVisible(false);
  }, [model]);
  useSignal(model.changed);
  return (
    <div className="jp-Labdeck-lineage">
      <Content {...props} />
    </div>
  );
}

function Content(props: ILineageProps): React.ReactElement {
  const { model, trans } = props;
  const { graph, layout, error } = model;
  if (!graph || !layout) {
    return error ? (
      <ErrorNote error={error} trans={trans} onRetry={() => model.refresh()} />
    ) : (
      <Skeleton label={trans.__('Loading the lineage')} />
    );
  }
  const isAlone = graph.edges.length === 0;
  return (
    <>
      {error && (
        <p className="jp-Labdeck-notice jp-mod-error" role="alert">
          {describeError(error, trans).message}
        </p>
      )}
      {!(isAlone && model.direction === 'both') && <Controls {...props} />}
      {isAlone ? (
        <Nothing {...props} />
      ) : (
        <div className="jp-Labdeck-lineage-body">
          <Graph {...props} layout={layout} />
          {model.selected && <Details {...props} node={model.selected} />}
        </div>
      )}
    </>
  );
}

function Nothing(props: ILineageProps): React.ReactElement {
  const { model, trans } = props;
  return model.direction === 'both' ? (
    <Empty
      text={trans.__(
        'Nothing is known of what this trial used or made. Data that it opens and models that it saves appear here by themselves; trial.log_input(…) and trial.log_output(…) add the rest.'
      )}
    />
  ) : (
    <Empty text={trans.__('Nothing lies in this direction.')} />
  );
}

function Controls(props: ILineageProps): React.ReactElement {
  const { model, trans } = props;
  const count = model.graph?.nodes.length ?? 0;
  return (
    <div className="jp-Labdeck-lineage-bar">
      <label className="jp-Labdeck-control">
        {trans.__('show')}
        <HTMLSelect
          value={model.direction}
          onChange={event =>
            model.setDirection(event.target.value as LineageModel['direction'])
          }
          options={[
            { value: 'both', label: trans.__('everything connected') },
            { value: 'up', label: trans.__('what it came from') },
            { value: 'down', label: trans.__('what it led to') }
          ]}
        />
      </label>
      <span className="jp-Labdeck-lineage-count">
        {model.graph?.truncated
          ? trans.__('the nearest %1', count)
          : trans._n('%1 node', '%1 nodes', count)}
      </span>
      {model.canShowMore && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => model.showMore()}
        >
          {trans.__('Show more')}
        </button>
      )}
    </div>
  );
}

/** Which node has the focus when the graph has it, and how the keys move it. */
function useFocus(
  model: LineageModel,
  layout: ILayout
): {
  root: React.RefObject<HTMLDivElement>;
  current: string;
  setCurrent: (id: string) => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
} {
  const root = React.useRef<HTMLDivElement>(null);
  const [active, setCurrent] = React.useState(model.id);
  const isThere = layout.nodes.some(item => item.node.id === active);
  const current = isThere ? active : model.id;
  const find = React.useCallback(
    (id: string): HTMLElement | null | undefined =>
      root.current?.querySelector(`[data-node="${CSS.escape(id)}"]`),
    []
  );
  React.useEffect(() => {
    // Begin with the trial in sight; later the reader's place is kept.
    find(model.id)?.scrollIntoView({ block: 'center', inline: 'center' });
  }, [model, find]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape' && model.selected) {
      event.stopPropagation();
      model.select(null);
    } else if (/^(Arrow|Home|End)/.test(event.key)) {
      event.preventDefault();
      find(moveTo(layout, current, event.key))?.focus();
    }
  };
  return { root, current, setCurrent, onKeyDown };
}

function Graph(props: ILineageProps & { layout: ILayout }): React.ReactElement {
  const { model, layout, trans } = props;
  const { root, current, setCurrent, onKeyDown } = useFocus(model, layout);
  return (
    <div
      ref={root}
      className="jp-Labdeck-lineage-graph"
      role="group"
      aria-label={trans.__('Lineage')}
      onKeyDown={onKeyDown}
    >
      <div
        className="jp-Labdeck-lineage-sheet"
        style={{ width: layout.width, height: layout.height }}
      >
        <Arrows {...props} />
        {layout.nodes.map(place => (
          <NodeButton
            key={place.node.id}
            place={place}
            trans={trans}
            isStart={place.node.id === model.id}
            isSelected={place.node.id === model.selected?.id}
            isActive={place.node.id === current}
            describedBy={describe(place.node, layout, trans)}
            onFocus={() => setCurrent(place.node.id)}
            onSelect={() => model.select(place.node.id)}
            onOpen={() => void open(props, place.node)}
          />
        ))}
      </div>
    </div>
  );
}

/** Open what a node stands for: a trial's page, a kept file; otherwise its details. */
async function open(props: ILineageProps, node: LineageNode): Promise<void> {
  const { model } = props;
  model.select(node.id);
  if (node.kind === 'trial') {
    if (node.id !== model.id) {
      props.onOpenTrial(node.id);
    }
    return;
  }
  const file = await model.findFile(node);
  if (file) {
    props.onOpenFile(file);
  }
}

/** The associations of a node in words, for those who do not see the arrows. */
function describe(
  node: LineageNode,
  layout: ILayout,
  trans: TranslationBundle
): string {
  const told = layout.arrows.flatMap(({ source, destination, association }) => {
    const word = associationLabel(association, trans);
    if (source.node.id === node.id) {
      return [trans.__('%1 %2', word, destination.node.name)];
    }
    return destination.node.id === node.id
      ? [trans.__('%1 %2 this', source.node.name, word)]
      : [];
  });
  return told.slice(0, 10).join('; ');
}

function Arrows(
  props: ILineageProps & { layout: ILayout }
): React.ReactElement {
  const { model, layout, trans } = props;
  const chosen = model.selected?.id;
  const touches = (arrow: IArrow): boolean =>
    arrow.source.node.id === chosen || arrow.destination.node.id === chosen;
  const head = `jp-Labdeck-lineage-head-${model.id}`;
  return (
    <svg
      className="jp-Labdeck-lineage-arrows"
      width={layout.width}
      height={layout.height}
      aria-hidden="true"
    >
      <defs>
        <marker
          id={head}
          viewBox="0 0 8 8"
          refX="8"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto-start-reverse"
        >
          <path d="M0 0.5L8 4L0 7.5z" />
        </marker>
      </defs>
      {layout.arrows.map(arrow => (
        <Arrow
          key={`${arrow.source.node.id}${arrow.destination.node.id}${arrow.association}`}
          arrow={arrow}
          head={`url(#${head})`}
          isChosen={touches(arrow)}
          label={associationLabel(arrow.association, trans)}
        />
      ))}
    </svg>
  );
}

function Arrow(props: {
  arrow: IArrow;
  head: string;
  isChosen: boolean;
  label: string;
}): React.ReactElement {
  const { arrow, head, isChosen, label } = props;
  return (
    <g className={isChosen ? 'jp-mod-chosen' : undefined}>
      <title>
        {`${arrow.source.node.name} → ${label} → ${arrow.destination.node.name}`}
      </title>
      <path className="jp-Labdeck-lineage-reach" d={arrow.path} />
      <path
        className="jp-Labdeck-lineage-arrow"
        d={arrow.path}
        markerEnd={head}
        markerStart={arrow.association === 'SameAs' ? head : undefined}
      />
    </g>
  );
}
