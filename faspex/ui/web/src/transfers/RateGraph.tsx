/** The rate of the last minute. What it shows is also said in words, so it is hidden from screen readers. */
export function RateGraph({ history }: { history: readonly number[] }) {
  const seconds = 60;
  const height = 24;
  const most = Math.max(...history, 1);
  const points = history.map((bytes, i) => `${seconds - history.length + i},${(height - (bytes / most) * height).toFixed(1)}`);
  return (
    <svg
      className="transfer__graph"
      viewBox={`0 0 ${seconds} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      data-seconds={history.join(' ')}
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}
