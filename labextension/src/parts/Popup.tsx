import * as React from 'react';

/** What a popup needs from whoever shows it. */
export interface IPopupProps {
  label: string;
  /** What the button says beside its label. */
  count?: string;
  /** Wide enough for a table. */
  isWide?: boolean;
  /** Called when it opens, to fetch what it shows. */
  onOpen?: () => void;
  /** Drawn while it is open; is given what closes it. */
  children: (close: () => void) => React.ReactNode;
}

/** A button that opens something below it; Escape and a click elsewhere close it. */
export function Popup(props: IPopupProps): React.ReactElement {
  const [open, setOpen] = React.useState(false);
  const root = React.useRef<HTMLDivElement>(null);
  const button = React.useRef<HTMLButtonElement>(null);
  useOutsideClick(root, open, () => setOpen(false));

  const toggle = (): void => {
    if (!open) {
      props.onOpen?.();
    }
    setOpen(!open);
  };
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useEscape(open, close);

  return (
    <div ref={root} className="jp-Labdeck-picker">
      <button
        ref={button}
        type="button"
        className="jp-Labdeck-plainbutton"
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={toggle}
      >
        {props.label}{' '}
        {props.count !== undefined && (
          <span className="jp-Labdeck-picker-count">{props.count}</span>
        )}{' '}
        <span aria-hidden="true">▾</span>
      </button>
      {open && <Opened {...props} close={close} />}
    </div>
  );
}

function Opened(
  props: IPopupProps & { close: () => void }
): React.ReactElement {
  return (
    <div
      className={`jp-Labdeck-picker-list${props.isWide ? ' jp-mod-wide' : ''}`}
      role="dialog"
      aria-label={props.label}
    >
      {props.children(props.close)}
    </div>
  );
}

/**
 * Call back when Escape is pressed anywhere: a button that can no longer be pressed has lost the focus, and whoever
 * listens to it alone would not hear the key.
 */
function useEscape(active: boolean, onEscape: () => void): void {
  const callback = React.useRef(onEscape);
  React.useEffect(() => {
    callback.current = onEscape;
  });
  React.useEffect(() => {
    if (!active) {
      return;
    }
    const check = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        callback.current();
      }
    };
    document.addEventListener('keydown', check, true);
    return () => document.removeEventListener('keydown', check, true);
  }, [active]);
}

/** Call back when the pointer goes down outside an element, or the focus leaves it. */
function useOutsideClick(
  root: React.RefObject<HTMLElement>,
  active: boolean,
  onOutside: () => void
): void {
  const callback = React.useRef(onOutside);
  React.useEffect(() => {
    callback.current = onOutside;
  });
  React.useEffect(() => {
    if (!active) {
      return;
    }
    const check = (event: Event): void => {
      if (
        event.target instanceof Node &&
        !root.current?.contains(event.target)
      ) {
        callback.current();
      }
    };
    document.addEventListener('pointerdown', check, true);
    document.addEventListener('focusin', check, true);
    return () => {
      document.removeEventListener('pointerdown', check, true);
      document.removeEventListener('focusin', check, true);
    };
  }, [active, root]);
}
