import { type ReactElement, type ReactNode, useEffect, useRef, useState } from "react";

interface FrameProps {
  /** Says in words what the picture shows. */
  readonly label: string;
  readonly height: number;
  /** Draws into a space of this width: a pixel of the picture is one of the page, so that text has its size everywhere. */
  readonly draw: (width: number) => ReactNode;
}

/** A small exact plot in SVG, as wide as its place. */
export function Frame({ label, height, draw }: FrameProps): ReactElement {
  const space = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!space.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(space.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div className="plot" ref={space} style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          {draw(width)}
        </svg>
      )}
    </div>
  );
}
