// Figures: Redan compared with a baseline for the same work, in one run, alternately. The ratio is the figure; the
// absolute numbers depend on the machine and its load.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace redan::bench {

/// CPU time of this process in seconds, independent of other processes.
double cpu_seconds();

enum class Better { more, less };

struct Row {
  std::string label;
  std::string unit;
  double ours = 0;
  double baseline = 0;  ///< 0: there is none
  double ratio = 0;
  double goal = 0;  ///< for the ratio, or for `ours` if there is no baseline; 0: none
  Better better = Better::more;
};

/// Does some work and returns the amount, in units.
using Batch = std::function<double()>;

/// Units of work per CPU second. A warm-up, then rounds in which both alternate; returns medians of the rates and of
/// the rounds' ratios.
Row compare(std::string label, std::string unit, double goal, const Batch& ours, const Batch& baseline);

void print_header();
void print(const Row& row);

/// A figure prints its rows.
struct Figure {
  const char* name;
  void (*run)();
};

void dtls_handshake();
void dtls_record();
void half_open_memory();
void peer_memory();
void channel_throughput();
void long_and_lossy();
void token_rate();
void http_rate();
void bus_rate();
void gateway_load();
void wamp_router();
void sealing();

}  // namespace redan::bench
