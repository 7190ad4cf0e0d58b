import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatCount, formatNumber } from '../parts/format';
import { HealthIcon, healthLabel } from '../parts/Health';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import {
  BOX,
  type INetworkLayout,
  type IPlacedModule,
  shadeOf
} from './layout';
import type { NetworkModel } from './model';
import { isSeen, nextModule, useSight } from './sight';

interface INetworkProps {
  model: NetworkModel;
  trans: TranslationBundle;
  /** The steps there are; null before anything was recorded. */
  steps: { first: number; last: number } | null;
  onSelect: (tensor: string) => void;
  /** Look into a module that stands for others. */
  onWithin: (module: string) => void;
}

/** The model as a graph coloured by health and size, at a step that the reader chooses or plays through. */
export function NetworkView(props: INetworkProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  React.useEffect(() => {
    model.setVisible(true);
    return () => model.setVisible(false);
  }, [model]);
  const { layout, error } = model;
  if (!layout) {
    return error ? (
      <ErrorNote error={error} trans={trans} onRetry={() => model.refresh()} />
    ) : (
      <Skeleton label={trans.__('Loading the network')} rows={6} />
    );
  }
  if (layout.modules.length === 0) {
    return (
      <Empty text={trans.__('The modules of this model were not recorded.')} />
    );
  }
  return (
    <div className="jp-Labdeck-network">
      <Player {...props} />
      {error && (
        <ErrorNote
          error={error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
      <Graph {...props} layout={layout} />
    </div>
  );
}

/** The step slider that plays. */
function Player(props: INetworkProps): React.ReactElement | null {
  const { model, steps, trans } = props;
  if (!steps) {
    return null;
  }
  const step = model.step ?? steps.last;
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Step')}
    >
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        onClick={() => model.play(steps.first, steps.last)}
      >
        {model.isPlaying ? trans.__('Stop') : trans.__('Play')}
      </button>
      <label className="jp-Labdeck-control jp-Labdeck-steps">
        {trans.__('step')}
        <input
          type="range"
          min={steps.first}
          max={steps.last}
          value={step}
          onChange={event => model.setStep(event.target.valueAsNumber)}
        />
        <output>{step}</output>
      </label>
      <button
        type="button"
        className="jp-Labdeck-link"
        disabled={model.step === null}
        onClick={() => model.setStep(null)}
      >
        {trans.__('latest')}
      </button>
    </div>
  );
}

/** The sheet of modules, of which only those in sight exist; the arrow keys walk from one to the next. */
function Graph(
  props: INetworkProps & { layout: INetworkLayout }
): React.ReactElement {
  const { layout, model, trans } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const { sight, onScroll } = useSight(root);
  const { current, setCurrent, onKeyDown } = useWalk(root, layout);
  const shown = layout.modules.filter(
    one => one === current || isSeen(one, sight)
  );
  return (
    <>
      <Left {...props} />
      <div
        ref={root}
        className="jp-Labdeck-network-graph"
        role="group"
        aria-label={trans.__('Network')}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div
          className="jp-Labdeck-network-sheet"
          style={{ width: layout.width, height: layout.height }}
        >
          <svg width={layout.width} height={layout.height} aria-hidden="true">
            {layout.wires
              .filter(one => one.top < sight.bottom && one.bottom > sight.top)
              .map(({ from, to, path }) => (
                <path key={`${from}\n${to}`} d={path} />
              ))}
          </svg>
          {shown.map(placed => (
            <Box
              key={placed.node.path}
              {...props}
              placed={placed}
              isCurrent={placed === current}
              shade={shadeOf(placed.node.value, layout.range)}
              reduction={model.network?.reduction ?? ''}
              onFocus={() => setCurrent(placed.node.path)}
            />
          ))}
        </div>
      </div>
    </>
  );
}

/** How many modules there was no room for. */
function Left(
  props: INetworkProps & { layout: INetworkLayout }
): React.ReactElement | null {
  const { network } = props.model;
  const { trans } = props;
  const count = network?.nodes.length ?? 0;
  return network && network.total > count ? (
    <p className="jp-Labdeck-hint">
      {trans.__(
        'The first %1 of %2 modules.',
        formatCount(count),
        formatCount(network.total)
      )}
    </p>
  ) : null;
}

/** The module that Tab comes to, and what the arrow keys do. */
function useWalk(
  root: React.RefObject<HTMLDivElement>,
  layout: INetworkLayout
): {
  current: IPlacedModule | undefined;
  setCurrent: (path: string) => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
} {
  const [path, setPath] = React.useState('');
  const walked = React.useRef(false);
  const current =
    layout.modules.find(({ node }) => node.path === path) ??
    layout.modules.at(0);
  React.useLayoutEffect(() => {
    if (walked.current) {
      walked.current = false;
      const box = root.current?.querySelector<HTMLElement>('[tabindex="0"]');
      box?.focus();
      box?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }, [root, path]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const { altKey, ctrlKey, metaKey, shiftKey } = event;
    const isPlain = !(altKey || ctrlKey || metaKey || shiftKey);
    const next = isPlain && current && nextModule(layout, current, event.key);
    if (next) {
      event.preventDefault();
      event.stopPropagation();
      walked.current = next !== current;
      setPath(next.node.path);
    }
  };
  return { current, setCurrent: setPath, onKeyDown };
}

interface IBoxProps extends INetworkProps {
  placed: IPlacedModule;
  isCurrent: boolean;
  shade: number | null;
  reduction: string;
  onFocus: () => void;
}

function Box(props: IBoxProps): React.ReactElement {
  const { placed, shade, trans } = props;
  const { node, x, y } = placed;
  const value = node.value === null ? '' : formatNumber(node.value);
  return (
    <button
      type="button"
      className="jp-Labdeck-network-box"
      data-health={node.health}
      data-stack={node.modules > 1 ? 'true' : undefined}
      style={{ left: x, top: y, width: BOX.width, height: BOX.height }}
      tabIndex={props.isCurrent ? 0 : -1}
      title={titleOf(props, value)}
      onFocus={props.onFocus}
      onClick={() => onPress(props)}
    >
      <span className="jp-Labdeck-network-name">
        <HealthIcon health={node.health} trans={trans} />
        <span className="jp-Labdeck-network-path">
          {node.path || node.type}
        </span>
      </span>
      <span className="jp-Labdeck-network-facts">
        {node.modules > 1
          ? trans._n(
              '%1 module',
              '%1 modules',
              node.modules,
              formatCount(node.modules)
            )
          : node.type}
        <span className="jp-Labdeck-spacer" />
        {value}
      </span>
      <span
        className="jp-Labdeck-network-bar"
        style={{ width: `${Math.round(100 * (shade ?? 0))}%` }}
      />
    </button>
  );
}

/** A module shows its tensor; one that stands for others opens. */
function onPress({ placed: { node }, onWithin, onSelect }: IBoxProps): void {
  const tensor = node.shown || node.tensors.at(0);
  if (node.modules > 1) {
    onWithin(node.path);
  } else if (tensor !== undefined) {
    onSelect(tensor);
  }
}

function titleOf(props: IBoxProps, value: string): string {
  const { reduction, trans } = props;
  const { node } = props.placed;
  return [
    `${node.path} (${node.type})`,
    node.shown && `${reduction}(${node.shown}) = ${value}`,
    healthLabel(node.health, trans),
    node.modules > 1 && trans.__('Press it to look into it.')
  ]
    .filter(Boolean)
    .join('\n');
}
