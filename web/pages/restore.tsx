export function Restore() {
  return <p>…</p>;
}
