// Runs before the first paint: puts the reader's choice of colours on the root element.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let choice = 'auto';
  try {
    choice = localStorage.getItem('firstlight-theme') || 'auto';
  } catch (e) {
    // Storage may be closed to files: the choice then lasts as long as the page.
  }
  const apply = () => {
    const theme = choice === 'auto' ? (dark.matches ? 'dark' : 'light') : choice;
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    dispatchEvent(new Event('themechange'));
  };
  apply();
  dark.addEventListener('change', apply);
  addEventListener('DOMContentLoaded', () => {
    const control = document.getElementById('theme');
    control.hidden = false;
    for (const input of control.querySelectorAll('input')) {
      input.checked = input.value === choice;
      input.addEventListener('change', () => {
        choice = input.value;
        try {
          localStorage.setItem('firstlight-theme', choice);
        } catch (e) {
          // See above.
        }
        apply();
      });
    }
  });
  // Paper is white.
  addEventListener('beforeprint', () => {
    root.dataset.theme = 'light';
    dispatchEvent(new Event('themechange'));
  });
  addEventListener('afterprint', apply);
})();
