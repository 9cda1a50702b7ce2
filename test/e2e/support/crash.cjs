// Throws where nobody catches it, with all that Node would print of an error, secrets included.
setTimeout(() => {
  throw Object.assign(new Error(`crashed with ${process.env.HTTP_PROXY}`), { env: { ...process.env } });
}, 300);
