// Prepares page.html for the streaming tests: `t.join` creates a client of src/cmd/demo/page/stream.js and records its
// events.
const {StreamClient, hidUsage} = await import('/stream.js');
t.hidUsage = hidUsage;
t.streams = {};

t.join = (name, url, {video = true, ...options} = {}) => {
  const element = document.createElement('video');
  Object.assign(element, {muted: true, autoplay: true, playsInline: true});
  element.style.width = '640px';
  document.body.prepend(element);
  const states = [], messages = [], received = {};
  const client = t.streams[name] = new StreamClient({
    socketUrl: url, video: video ? element : null, ...options,
    onState: (state, detail) => states.push({state, code: detail && detail.code, text: detail && detail.message, at: performance.now()}),
    onMessage: (type, data) => messages.push({type, data}),
    onChannel: (channel, data) => (received[channel] = received[channel] || []).push(data),
  });
  Object.assign(client, {element, states, messages, received});
  client.connect().catch(() => {});
  /** Waits for a picture that fits; resolves with it. */
  client.see = (condition, what, ms = 20000) => t.until(() => {
    const picture = client.readPicture();
    return picture && condition(picture) && picture;
  }, what, ms);
  client.reach = (state, ms = 20000) => t.until(() => states.find(each => each.state === state), () => state + ' of ' + JSON.stringify(states), ms);
  client.report = async (type, kind) => {
    for (const report of (await client.pc.getStats()).values()) {
      if (report.type === type && (!kind || report.kind === kind)) return report;
    }
    return null;
  };
  return true;
};
t.leaveAll = () => {
  for (const client of Object.values(t.streams)) {
    client.pc.close();
    client.socket.close();
    client.element.srcObject = null;
    client.element.remove();
  }
  t.streams = {};
  return true;
};
return true;
