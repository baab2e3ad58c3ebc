/* The same as memory.cpp through redan.h: C11, libredan alone. */
#include <redan.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct side {
  redan_address address;
  redan_provider* provider;
  redan_identity* identity;
  redan_endpoint* endpoint;
  uint64_t peer;
  char received[64];
};

static int set_up(struct side* side, const char* ip, uint8_t full_ice) {
  redan_self_signed_options options = REDAN_SELF_SIGNED_OPTIONS_INIT;
  options.not_after = (int64_t)time(NULL) + 86400;
  redan_endpoint_config config = REDAN_ENDPOINT_CONFIG_INIT;
  config.local_addresses = &side->address;
  config.local_address_count = 1;
  config.full_ice = full_ice;
  int result = redan_address_parse(ip, 5000, &side->address);
  if (result == REDAN_OK) result = redan_provider_new(NULL, &side->provider);
  if (result == REDAN_OK) result = redan_identity_self_signed(side->provider, &options, &side->identity);
  if (result == REDAN_OK) result = redan_endpoint_new(side->provider, side->identity, &config, &side->endpoint);
  return result;
}

static void tear_down(struct side* side) {
  redan_provider_free(side->provider);
  redan_identity_free(side->identity);
  redan_endpoint_free(side->endpoint);
}

static int signal_offer(struct side* caller, struct side* callee) {
  char* offer = NULL;
  char* answer = NULL;
  uint32_t channel = 0;
  int result = redan_endpoint_offer(caller->endpoint, NULL, &caller->peer, &offer);
  if (result == REDAN_OK) result = redan_endpoint_open_channel(caller->endpoint, caller->peer, "greeting", 8, NULL, &channel);
  if (result == REDAN_OK) result = redan_endpoint_accept(callee->endpoint, offer, strlen(offer), NULL, &callee->peer, &answer);
  if (result == REDAN_OK) result = redan_endpoint_complete(caller->endpoint, caller->peer, answer, strlen(answer));
  redan_free(offer);
  redan_free(answer);
  return result;
}

static void deliver(const redan_output* from, struct side* to, redan_time now) {
  uint8_t copy[2048];
  redan_datagram datagram = REDAN_DATAGRAM_INIT;
  memcpy(copy, from->as.transmit.bytes, from->as.transmit.size);
  datagram.path.local = from->as.transmit.path.remote;
  datagram.path.remote = from->as.transmit.path.local;
  datagram.bytes = copy;
  datagram.bytes_size = from->as.transmit.size;
  redan_endpoint_handle_input(to->endpoint, now, &datagram);
}

/* Handles the next output; 0 if it only waits. */
static int step(struct side* from, struct side* to, redan_time now, redan_time* wake) {
  uint8_t buffer[2048];
  redan_output output = REDAN_OUTPUT_INIT;
  if (redan_endpoint_poll_output(from->endpoint, now, buffer, sizeof buffer, &output) != REDAN_OK) return 0;
  switch (output.type) {
    case REDAN_OUTPUT_WAIT:
      if (output.as.wait.until < *wake) *wake = output.as.wait.until;
      return 0;
    case REDAN_OUTPUT_TRANSMIT: deliver(&output, to, now); return 1;
    case REDAN_OUTPUT_CHANNEL_OPENED:
      if (!output.as.opened.by_peer)
        redan_endpoint_send(from->endpoint, output.peer, output.channel, REDAN_TEXT, (const uint8_t*)"hello", 5);
      return 1;
    case REDAN_OUTPUT_MESSAGE:
      memcpy(from->received, output.as.message.bytes, output.as.message.size < 63 ? output.as.message.size : 63);
      return 1;
    default: return 1;
  }
}

int main(void) {
  struct side caller = {0}, callee = {0};
  int result = set_up(&caller, "192.0.2.1", 1);
  if (result == REDAN_OK) result = set_up(&callee, "192.0.2.2", 0);
  if (result == REDAN_OK) result = signal_offer(&caller, &callee);
  redan_time now = 0;
  for (int steps = 0; result == REDAN_OK && steps < 1000 && callee.received[0] == '\0'; ++steps) {
    redan_time wake = REDAN_NEVER;
    while (step(&caller, &callee, now, &wake) || step(&callee, &caller, now, &wake)) {
    }
    now = wake != REDAN_NEVER && wake > now + 1000000 ? wake : now + 1000000;
  }
  if (result != REDAN_OK) fprintf(stderr, "%s: %s\n", redan_error_name(result), redan_error_hint(result));
  printf("received %s\n", callee.received);
  tear_down(&caller);
  tear_down(&callee);
  return result != REDAN_OK || strcmp(callee.received, "hello") != 0;
}
