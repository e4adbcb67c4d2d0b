import { type ReactElement, type ReactNode, useId } from "react";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly suffix?: string | undefined;
  readonly hint?: ReactNode;
  readonly error?: string | null | undefined;
  readonly numeric?: boolean;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly aside?: ReactNode;
}

export function Field(props: FieldProps): ReactElement {
  const id = useId();
  const { label, value, onChange, suffix, hint, error, numeric = false, placeholder, disabled = false, aside } = props;
  const told = error ?? hint;
  return (
    <div className="field">
      <span className="field-head">
        <label htmlFor={id}>{label}</label>
        {aside}
      </span>
      <span className="input">
        <input
          id={id}
          value={value}
          onChange={(event) => onChange(numeric ? event.target.value.replace(",", ".").trim() : event.target.value)}
          inputMode={numeric ? "decimal" : "text"}
          autoComplete="off"
          spellCheck={false}
          placeholder={placeholder}
          disabled={disabled}
          aria-invalid={Boolean(error)}
          aria-describedby={told ? `${id}-told` : undefined}
        />
        {suffix !== undefined && <span className="suffix">{suffix}</span>}
      </span>
      {told ? (
        <span id={`${id}-told`} className={error ? "error" : "hint"}>
          {told}
        </span>
      ) : null}
    </div>
  );
}

export interface Choice<V extends string> {
  readonly value: V;
  readonly label: string;
}

interface SelectProps<V extends string> {
  readonly label: string;
  readonly hideLabel?: boolean;
  readonly value: V;
  readonly choices: readonly Choice<V>[];
  readonly onChange: (value: V) => void;
  readonly hint?: ReactNode;
}

export function Select<V extends string>({ label, hideLabel = false, value, choices, onChange, hint }: SelectProps<V>): ReactElement {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : ""}>
        {label}
      </label>
      <span className="input">
        <select id={id} value={value} onChange={(event) => onChange(event.target.value as V)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      </span>
      {hint !== undefined && <span className="hint">{hint}</span>}
    </div>
  );
}

interface SegmentedProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly choices: readonly (Choice<V> & { readonly className?: string })[];
  readonly onChange: (value: V) => void;
  readonly compact?: boolean;
}

export function Segmented<V extends string>({ label, value, choices, onChange, compact = false }: SegmentedProps<V>): ReactElement {
  return (
    <div className={compact ? "segmented compact" : "segmented"} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          className={choice.className}
          aria-pressed={choice.value === value}
          onClick={() => onChange(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export function Check({ label, checked, onChange, disabled = false }: CheckProps): ReactElement {
  return (
    <label className="check small">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
