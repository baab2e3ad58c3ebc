#include <iostream>
#include <redan/types.hpp>

int echo(const redan::Address& local);

int main(int argc, char** argv) {
  const auto local = redan::Address::parse(argc > 1 ? argv[1] : "127.0.0.1", 0);
  if (!local) return std::cerr << "usage: echo [IP address of this host] < offer > answer\n", 2;
  return echo(*local);
}
