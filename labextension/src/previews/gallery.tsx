import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ILabdeckClient } from '../tokens';
import type { ArtifactRecord } from '../wire';
import { Picture, Preview } from './view';

interface IGalleryProps {
  client: ILabdeckClient;
  trial: string;
  /** What was logged under one name at several steps, in their order. */
  artifacts: readonly ArtifactRecord[];
  trans: TranslationBundle;
}

/** What was logged again and again under one name: one at a time with a slider over the steps, or all of them. */
export function Gallery(props: IGalleryProps): React.ReactElement {
  const { artifacts, trans } = props;
  const [chosen, setChosen] = React.useState<string | null>(null);
  const [all, setAll] = React.useState(false);
  const found = artifacts.findIndex(({ id }) => id === chosen);
  const index = found >= 0 ? found : artifacts.length - 1;
  const current = artifacts[index];
  const pictures = artifacts.every(({ kind }) => kind === 'image');
  return (
    <div className="jp-Labdeck-gallery">
      <div
        className="jp-Labdeck-toolbar"
        role="toolbar"
        aria-label={trans.__('Steps')}
      >
        <label className="jp-Labdeck-control">
          {trans.__('step')}
          <input
            type="range"
            min={0}
            max={artifacts.length - 1}
            step={1}
            value={index}
            disabled={all}
            aria-valuetext={String(current.step)}
            onChange={event =>
              setChosen(artifacts[event.target.valueAsNumber].id)
            }
          />
          <output>{current.step}</output>
        </label>
        {!all && current.caption && <span>{current.caption}</span>}
        {pictures && (
          <label className="jp-Labdeck-control">
            <input
              type="checkbox"
              checked={all}
              onChange={event => setAll(event.target.checked)}
            />
            {trans.__('all steps')}
          </label>
        )}
      </div>
      {all && <All {...props} />}
      {!all && <Preview {...props} artifact={current} key={current.id} />}
    </div>
  );
}

/** Pictures of all steps; each is read when it comes into sight. */
function All(props: IGalleryProps): React.ReactElement {
  return (
    <ul className="jp-Labdeck-pictures">
      {props.artifacts.map(artifact => (
        <li key={artifact.id}>
          <WhenSeen>
            <Picture {...props} artifact={artifact} />
          </WhenSeen>
          <span>{artifact.step}</span>
        </li>
      ))}
    </ul>
  );
}

function WhenSeen(props: { children: React.ReactElement }): React.ReactElement {
  const root = React.useRef<HTMLDivElement>(null);
  const [seen, setSeen] = React.useState(false);
  React.useEffect(() => {
    const watcher = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        setSeen(true);
        watcher.disconnect();
      }
    });
    if (root.current) {
      watcher.observe(root.current);
    }
    return () => watcher.disconnect();
  }, []);
  return (
    <div ref={root} className="jp-Labdeck-picturebox">
      {seen && props.children}
    </div>
  );
}
