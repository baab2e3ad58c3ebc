// redan_bench [name]: prints one figure, or all.
#include <cstdio>
#include <cstring>

#include "bench/figure.hpp"

namespace {

using namespace redan::bench;

constexpr Figure kFigures[] = {
    {"dtls_handshake", dtls_handshake},
    {"dtls_record", dtls_record},
    {"half_open_memory", half_open_memory},
    {"peer_memory", peer_memory},
    {"channel_throughput", channel_throughput},
    {"long_and_lossy", long_and_lossy},
    {"token_rate", token_rate},
    {"http_rate", http_rate},
    {"bus_rate", bus_rate},
    {"gateway_load", gateway_load},
    {"wamp_router", wamp_router},
    {"sealing", sealing},
};

}  // namespace

int main(int argc, char** argv) {
  bool found = false;
  for (const Figure& figure : kFigures) {
    if (argc > 1 && std::strcmp(argv[1], figure.name) != 0) continue;
    if (!found) print_header();
    found = true;
    std::printf("%s\n", figure.name);
    figure.run();
  }
  if (found) return 0;
  std::fprintf(stderr, "redan_bench: no figure '%s'; there are:\n", argv[1]);
  for (const Figure& figure : kFigures) std::fprintf(stderr, "  %s\n", figure.name);
  return 2;
}
