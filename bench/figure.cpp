#include "bench/figure.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace redan::bench {
namespace {

constexpr int kRounds = 9;
constexpr double kRoundSeconds = 0.08;

double rate(const Batch& batch) {
  const double start = cpu_seconds();
  double work = 0;
  double end = start;
  while (end - start < kRoundSeconds) {
    work += batch();
    end = cpu_seconds();
  }
  return work / (end - start);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Row compare(std::string label, std::string unit, double goal, const Batch& ours, const Batch& baseline) {
  rate(ours);
  rate(baseline);
  std::vector<double> our_rates;
  std::vector<double> baseline_rates;
  std::vector<double> ratios;
  for (int i = 0; i < kRounds; ++i) {
    our_rates.push_back(rate(ours));
    baseline_rates.push_back(rate(baseline));
    ratios.push_back(our_rates.back() / baseline_rates.back());
  }
  return {std::move(label), std::move(unit), median(our_rates), median(baseline_rates), median(ratios), goal};
}

void print_header() { std::printf("%-34s %10s %10s %7s  %s\n", "", "redan", "baseline", "ratio", "goal"); }

void print(const Row& row) {
  std::printf("  %-32s %10.1f ", (row.label + ", " + row.unit).c_str(), row.ours);
  if (row.baseline != 0) {
    std::printf("%10.1f %6.2fx", row.baseline, row.ratio);
  } else {
    std::printf("%10s %7s", "", "");
  }
  if (row.goal != 0) {
    const double figure = row.better == Better::more ? row.ratio : row.ours;
    const bool met = row.better == Better::more ? figure >= row.goal : figure <= row.goal;
    std::printf("  %s %.1f %s", row.better == Better::more ? ">=" : "<=", row.goal, met ? "met" : "NOT MET");
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace redan::bench
