// Before the first paint, or the page would flash in the other theme.
try {
  const chosen = localStorage.getItem('palace-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system decides.
}
