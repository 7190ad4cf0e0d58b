import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatNumber } from '../parts/format';
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

interface INetworkProps {
  model: NetworkModel;
  trans: TranslationBundle;
  /** The steps there are; null before anything was recorded. */
  steps: { first: number; last: number } | null;
  onSelect: (tensor: string) => void;
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

function Graph(
  props: INetworkProps & { layout: INetworkLayout }
): React.ReactElement {
  const { layout, model, trans } = props;
  const reduction = model.network?.reduction ?? '';
  return (
    <div
      className="jp-Labdeck-network-graph"
      role="group"
      aria-label={trans.__('Network')}
    >
      <div
        className="jp-Labdeck-network-sheet"
        style={{ width: layout.width, height: layout.height }}
      >
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.wires.map(({ from, to, path }) => (
            <path key={`${from}\n${to}`} d={path} />
          ))}
        </svg>
        {layout.modules.map(placed => (
          <Box
            key={placed.node.path}
            placed={placed}
            shade={shadeOf(placed.node.value, layout.range)}
            reduction={reduction}
            trans={trans}
            onSelect={props.onSelect}
          />
        ))}
      </div>
    </div>
  );
}

function Box(props: {
  placed: IPlacedModule;
  shade: number | null;
  reduction: string;
  trans: TranslationBundle;
  onSelect: (tensor: string) => void;
}): React.ReactElement {
  const { placed, shade, reduction, trans } = props;
  const { node, x, y } = placed;
  const value = node.value === null ? '' : formatNumber(node.value);
  const shown = node.shown || node.tensors.at(0);
  return (
    <button
      type="button"
      className="jp-Labdeck-network-box"
      data-health={node.health}
      style={{ left: x, top: y, width: BOX.width, height: BOX.height }}
      disabled={shown === undefined}
      title={[
        `${node.path} (${node.type})`,
        node.shown && `${reduction}(${node.shown}) = ${value}`,
        healthLabel(node.health, trans)
      ]
        .filter(Boolean)
        .join('\n')}
      onClick={() => shown !== undefined && props.onSelect(shown)}
    >
      <span className="jp-Labdeck-network-name">
        <HealthIcon health={node.health} trans={trans} />
        {node.path || node.type}
      </span>
      <span className="jp-Labdeck-network-facts">
        {node.type}
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
