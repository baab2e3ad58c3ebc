/* The echo in C11: a UDP socket of POSIX, libredan through redan.h, nothing else. It reads an offer from standard
 * input, prints the answer, and sends every message back until the peer leaves.
 *
 *   c-echo [IPv4 address of this host] < offer > answer */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <poll.h>
#include <redan.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int complain(int error, const char* detail) {
  fprintf(stderr, "%s: %s (%s)\n", redan_error_text(error), detail, redan_error_hint(error));
  return error;
}

static redan_time now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (redan_time)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Addresses: IPv4 here; an IPv6 address has 16 bytes of ip. */
static struct sockaddr_in to_system(const redan_address* address) {
  struct sockaddr_in system = {.sin_family = AF_INET, .sin_port = htons(address->port)};
  memcpy(&system.sin_addr, address->ip, 4);
  return system;
}
static redan_address from_system(const struct sockaddr_in* system) {
  redan_address address = {.family = REDAN_IPV4, .port = ntohs(system->sin_port)};
  memcpy(address.ip, &system->sin_addr, 4);
  return address;
}

static int bind_socket(redan_address* local) {
  struct sockaddr_in system = to_system(local);
  socklen_t length = sizeof system;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&system, length) != 0) return -1;
  getsockname(fd, (struct sockaddr*)&system, &length);
  *local = from_system(&system);
  return fd;
}

static int make_endpoint(const redan_address* local, redan_endpoint** endpoint) {
  redan_provider* provider = NULL;
  redan_identity* identity = NULL;
  redan_self_signed_options options = REDAN_SELF_SIGNED_OPTIONS_INIT;
  redan_endpoint_config config = REDAN_ENDPOINT_CONFIG_INIT;
  options.not_after = (int64_t)time(NULL) + 86400;
  config.local_addresses = local;
  config.local_address_count = 1;
  int result = redan_provider_new(NULL, &provider);
  if (result == REDAN_OK) result = redan_identity_self_signed(provider, &options, &identity);
  if (result == REDAN_OK) result = redan_endpoint_new(provider, identity, &config, endpoint);
  redan_identity_free(identity); /* the endpoint keeps both alive */
  redan_provider_free(provider);
  return result;
}

static int answer_offer(redan_endpoint* endpoint) {
  static char offer[65536];
  uint64_t peer = 0;
  char* answer = NULL;
  size_t size = fread(offer, 1, sizeof offer, stdin);
  int result = redan_endpoint_accept(endpoint, offer, size, NULL, &peer, &answer);
  if (result != REDAN_OK) return complain(result, redan_endpoint_error_detail(endpoint));
  fputs(answer, stdout);
  fflush(stdout);
  redan_free(answer);
  return REDAN_OK;
}

/* Waits for a datagram until `until`. */
static void receive(int fd, redan_endpoint* endpoint, const redan_address* local, redan_time until) {
  uint8_t bytes[2048];
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  redan_time left = (until - now()) / 1000000 + 1;
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  if (poll(&ready, 1, left < 0 ? 0 : left > 60000 ? 60000 : (int)left) <= 0) return;
  ssize_t size = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr*)&from, &length);
  if (size < 0) return;
  redan_datagram datagram = REDAN_DATAGRAM_INIT;
  datagram.path.local = *local;
  datagram.path.remote = from_system(&from);
  datagram.bytes = bytes;
  datagram.bytes_size = (size_t)size;
  redan_endpoint_handle_input(endpoint, now(), &datagram);
}

static int run(int fd, redan_endpoint* endpoint, const redan_address* local) {
  for (;;) {
    uint8_t buffer[2048];
    redan_output output = REDAN_OUTPUT_INIT;
    int result = redan_endpoint_poll_output(endpoint, now(), buffer, sizeof buffer, &output);
    if (result != REDAN_OK) return complain(result, redan_endpoint_error_detail(endpoint));
    switch (output.type) {
      case REDAN_OUTPUT_WAIT:
        receive(fd, endpoint, local, output.as.wait.until);
        break;
      case REDAN_OUTPUT_TRANSMIT: {
        struct sockaddr_in to = to_system(&output.as.transmit.path.remote);
        sendto(fd, output.as.transmit.bytes, output.as.transmit.size, 0, (struct sockaddr*)&to, sizeof to);
        break;
      }
      case REDAN_OUTPUT_MESSAGE:
        redan_endpoint_send(endpoint, output.peer, output.channel, output.as.message.kind, output.as.message.bytes,
                            output.as.message.size);
        break;
      case REDAN_OUTPUT_CLOSED:
        return REDAN_OK;
      default:
        break;
    }
  }
}

int main(int argc, char** argv) {
  redan_address local;
  redan_endpoint* endpoint = NULL;
  if (redan_address_parse(argc > 1 ? argv[1] : "127.0.0.1", 0, &local) != REDAN_OK || local.family != REDAN_IPV4)
    return fputs("usage: c-echo [IPv4 address of this host] < offer > answer\n", stderr), 2;
  int fd = bind_socket(&local);
  if (fd < 0) return perror("bind"), 1;
  int result = make_endpoint(&local, &endpoint);
  if (result != REDAN_OK) return complain(result, "endpoint"), 1;
  result = answer_offer(endpoint);
  if (result == REDAN_OK) result = run(fd, endpoint, &local);
  redan_endpoint_free(endpoint);
  close(fd);
  return result != REDAN_OK;
}
