import express from 'express';

const app = express();
app.get('/', (_request, response) => {
  response.json({ hello: 'from express', uid: process.getuid?.() });
});

if (process.argv.includes('--check')) {
  // One request to itself, then the end: shows that the packages of the final stage are complete.
  const server = app.listen(0, '127.0.0.1', async () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const answer = await fetch(`http://127.0.0.1:${address.port}/`);
    console.log(JSON.stringify(await answer.json()));
    server.close();
    server.closeAllConnections();
  });
} else {
  app.listen(8080);
}
