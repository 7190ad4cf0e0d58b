import * as React from 'react';

/** What a text that can be edited in place needs from whoever shows it. */
export interface IEditableProps {
  /** What the text is, for screen readers. */
  label: string;
  value: string;
  /** What to show where there is no text. */
  placeholder: string;
  /** Whether the text may have several lines; Ctrl+Enter saves then, else Enter. */
  multiline?: boolean;
  /** Called with the new text when it differs. */
  onSave: (value: string) => void;
}

/** A text that becomes a field when it is clicked, or by Enter or F2; Escape leaves it as it was. */
export function Editable(props: IEditableProps): React.ReactElement {
  const { label, value, placeholder } = props;
  const [editing, setEditing] = React.useState(false);
  const button = React.useRef<HTMLButtonElement>(null);
  const returned = React.useRef(false);

  React.useEffect(() => {
    if (!editing && returned.current) {
      returned.current = false;
      button.current?.focus();
    }
  }, [editing]);

  if (editing) {
    return (
      <Field
        {...props}
        onClose={byKey => {
          returned.current = byKey;
          setEditing(false);
        }}
      />
    );
  }
  return (
    <button
      ref={button}
      type="button"
      className="jp-Labdeck-editable"
      aria-label={`${label}: ${value || placeholder}`}
      title={label}
      data-empty={value === ''}
      onClick={() => setEditing(true)}
      onKeyDown={event => {
        if (event.key === 'F2') {
          event.preventDefault();
          setEditing(true);
        }
      }}
    >
      {value || placeholder}
    </button>
  );
}

function Field(
  props: IEditableProps & {
    /** Called when editing ends; `byKey` tells whether a key ended it, so that the focus stays here. */
    onClose: (byKey: boolean) => void;
  }
): React.ReactElement {
  const { label, value, placeholder, multiline, onSave, onClose } = props;
  const [text, setText] = React.useState(value);
  const ended = React.useRef(false);

  const close = (save: boolean, byKey: boolean): void => {
    // Taking the field away blurs it once more.
    if (ended.current) {
      return;
    }
    ended.current = true;
    if (save && text !== value) {
      onSave(text);
    }
    onClose(byKey);
  };
  const shared = {
    autoFocus: true,
    className: 'jp-Labdeck-input',
    'aria-label': label,
    placeholder,
    value: text,
    onBlur: () => close(true, false),
    onKeyDown: (event: React.KeyboardEvent) => {
      event.stopPropagation();
      if (event.key === 'Escape') {
        close(false, true);
      } else if (
        event.key === 'Enter' &&
        (!multiline || event.ctrlKey || event.metaKey)
      ) {
        event.preventDefault();
        close(true, true);
      }
    }
  };
  return multiline ? (
    <textarea
      {...shared}
      rows={4}
      onChange={event => setText(event.target.value)}
    />
  ) : (
    <input {...shared} onChange={event => setText(event.target.value)} />
  );
}
