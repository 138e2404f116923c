// Sends the files of the form by a link: a package, a transfer spec for the gateway, and each file by tus. A file whose
// connection breaks goes on where the gateway says.
(() => {
  const form = document.getElementById('send');
  const $ = (id) => document.getElementById(id);
  const tries = 8;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const ask = async (url, method, body, headers) => {
    const answer = await fetch(url, {
      method, headers: { 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.message || 'The server does not answer. Try again.');
    return told;
  };
  const api = (path, body) => ask(form.dataset.api + path, 'POST', body, { Passcode: form.dataset.passcode });
  const patch = (url, offset, part, onProgress) => new Promise((done, fail) => {
    const x = new XMLHttpRequest();
    x.open('PATCH', url);
    x.setRequestHeader('Tus-Resumable', '1.0.0');
    x.setRequestHeader('Upload-Offset', offset);
    x.setRequestHeader('Content-Type', 'application/offset+octet-stream');
    x.upload.onprogress = (e) => onProgress(e.loaded);
    x.onload = () => (x.status < 300 ? done() : fail(new Error('The upload was refused.')));
    x.onerror = () => fail(new Error('The connection was lost.'));
    x.send(part);
  });
  const offsetOf = async (url) => {
    const answer = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
    if (!answer.ok) throw new Error('The upload has ended. Try again.');
    return Number(answer.headers.get('Upload-Offset'));
  };
  const sendFile = async (file, at, onProgress) => {
    let offset = at.offset;
    for (let n = 0; offset === null || offset < file.size; n++) {
      try {
        if (offset === null) offset = await offsetOf(at.url);
        if (offset >= file.size) break;
        await patch(at.url, offset, file.slice(offset), (loaded) => onProgress(offset + loaded));
        offset = file.size;
      } catch (error) {
        if (n >= tries) throw error;
        await wait(1000 * (n + 1));
        offset = null;
      }
    }
    onProgress(file.size);
  };
  const send = async () => {
    const files = [...$('files').files];
    if (new Set(files.map((f) => f.name)).size < files.length) throw new Error('Two of the files have one name.');
    const made = await api('/packages', { title: $('title').value, note: $('note').value, recipients: [{ name: '-' }] });
    const spec = await api(`/packages/${made.id}/transfer_spec/upload?transfer_type=http_gateway`, {});
    const session = await ask(form.dataset.gateway + '/sessions', 'POST', {
      transfer_spec: spec, folders: [],
      files: files.map((f) => ({ path: f.name, size: f.size, mtime: f.lastModified / 1000 })),
    });
    const total = files.reduce((sum, f) => sum + f.size, 0) || 1;
    let before = 0;
    for (const file of files) {
      const at = session.files.find((f) => f.path === file.name);
      await sendFile(file, at, (sent) => { $('progress').value = (before + sent) / total; });
      before += file.size;
    }
    await ask(`${form.dataset.gateway}/sessions/${session.id}/complete`, 'POST');
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const leaving = (e) => e.preventDefault();
    addEventListener('beforeunload', leaving);
    $('go').disabled = true;
    $('progress').hidden = false;
    $('state').textContent = 'Sending. Keep this page open.';
    try {
      await send();
      form.replaceChildren($('state'));
      $('state').textContent = 'Your files have arrived. You get a mail with a link to what becomes of them.';
    } catch (error) {
      $('go').disabled = false;
      $('progress').hidden = true;
      $('state').textContent = `Not sent: ${error.message}`;
    } finally {
      removeEventListener('beforeunload', leaving);
    }
  });
})();
